from flowsim.config.compose import compose
from flowsim.config.explain import NOTHING, explain
from flowsim.config.scenarios import stage

TOY = compose(["place=toy"])


def test_no_difference():
    assert explain(stage(TOY), stage(TOY)) == []


def test_differences_of_a_stack_and_who_made_them():
    found = {d.key: d for d in explain(stage(TOY), stage(TOY, ["longer_utc", "discharge_weekends"], "busy"))}
    assert tuple(found["service.utc.opens.every_day"]) == (
        "service.utc.opens.every_day",
        "[08:00, 20:00]",
        "[08:00, 22:00]",
        "longer_utc",
    )
    assert tuple(found["stream.walk_ins.factor"])[1:] == ("1", "1.12", "busy")
    assert tuple(found["staff.discharge_team.rota.sat-sun.09:00"])[1:] == (NOTHING, "1", "discharge_weekends")
    assert {d.who for d in found.values()} == {"longer_utc", "discharge_weekends", "busy"}


def test_command_line_is_named():
    (found,) = explain(stage(TOY), stage(compose(["place=toy", "run.label=Mine"])))
    assert tuple(found) == ("run.label", "Four weeks of a small town, after two to fill it", "Mine", "command line")
    changed = explain(stage(TOY), stage(compose(["place=toy", "service.ward.capacity.beds=30"])))
    assert [tuple(d) for d in changed] == [("service.ward.capacity.beds", "36", "30", "command line")]


def test_dated_changes_say_since_when():
    found = explain(stage(TOY), stage(TOY, ["more_reablement"]))
    assert [(d.since, d.before, d.after) for d in found] == [("2026-10-08", "60", "70"), ("2026-10-15", "70", "80")]


def test_the_other_way_round():
    one, other = stage(TOY), stage(TOY, ["discharge_weekends"])
    forth, back = explain(one, other), explain(other, one)
    assert [(d.key, d.after, d.before) for d in back] == [(d.key, d.before, d.after) for d in forth]


def test_cases_of_a_table_are_told_by_the_keys_that_set_them():
    raw = compose(["place=toy"])
    share = {"by": ["age"], "values": {"85_plus": {"value": "5 %", "source": "illustrative"}}, "rest": "0 %"}
    key = "stream.walk_ins.thinned.prevention"
    raw["intervention"]["prevention"] = {"label": "Prevention", "sets": {key: {"share": share}}}
    found = [tuple(d) for d in explain(stage(raw), stage(raw, ["prevention"]))]
    assert found == [
        (f"{key}.share.rest", NOTHING, "0 %", "prevention"),
        (f"{key}.share.values.85_plus", NOTHING, "5 %", "prevention"),
    ]
