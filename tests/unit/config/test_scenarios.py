import copy
import json
import os
import subprocess
import sys
from datetime import date

import pytest

from flowsim.config.checks.registry import Given
from flowsim.config.compose import compose
from flowsim.config.overrides import put, sourced
from flowsim.config.scenarios import in_force, stage
from flowsim.config.validate import config_of
from flowsim.errors import ConfigError

BEDS = "service.ward.capacity.beds"


@pytest.fixture(scope="module")
def toy():
    return compose(["place=toy"])


def with_interventions(raw, **interventions):
    raw = copy.deepcopy(raw)
    for name, item in interventions.items():
        item.setdefault("label", name)
        raw["intervention"][name] = item
    return raw


def beds(config):
    return config.service["ward"].capacity["beds"].value


def told(raw, stack, demand=None):
    with pytest.raises(ConfigError) as caught:
        stage(raw, stack, demand)
    return caught.value.problems


def test_nothing_stacked_is_one_period_of_the_base(toy):
    staged = stage(toy)
    assert [day for day, _ in staged.periods] == [None]
    assert beds(staged.config) == 36
    assert staged.who == {}
    assert staged.programmes == ()


def test_an_undated_intervention_holds_for_the_whole_run(toy):
    staged = stage(with_interventions(toy, more={"sets": {BEDS: 50}}), ["more"])
    assert [(day, beds(c)) for day, c in staged.periods] == [(None, 50)]
    assert staged.who == {BEDS: "more"}
    assert staged.config.service["ward"].capacity["beds"].source == "scenario:more"


def test_the_block_of_an_option_is_the_source_of_numbers_that_name_none(toy):
    slots, mix = "service.reablement.capacity.visits", "stream.walk_ins.mix.age"
    ages = {"under_65": "78 %", "65_to_84": "16 %", "85_plus": "rest", "source": "illustrative"}
    toy = copy.deepcopy(toy)
    toy["source"] |= {name: {"title": name, "status": "assumed"} for name in ("mine", "own")}
    sets = {BEDS: 50, slots: {"value": 70, "source": "own"}, mix: ages}
    for group in ("intervention", "scenario_book"):
        toy[group]["more"] = {"label": "More", "why": "", "source": "mine", "note": "as told", "sets": sets}
        config = stage(toy, ["more"]).config
        assert config.service["ward"].capacity["beds"].source == "mine"
        assert config.service["reablement"].capacity["visits"].source == "own"
        assert {share.source for share in config.stream["walk_ins"].mix["age"].shares.values() if share != "rest"} == {
            "illustrative"
        }
        del toy[group]["more"]


def test_a_sourced_value_keeps_its_source(toy):
    raw = with_interventions(toy, more={"sets": {BEDS: {"value": 50, "source": "illustrative"}}})
    assert stage(raw, ["more"]).config.service["ward"].capacity["beds"].source == "illustrative"


def test_a_dated_intervention_makes_periods(toy):
    raw = with_interventions(toy, spell={"from": "2026-10-05", "to": "2026-10-12", "sets": {BEDS: 50}})
    periods = stage(raw, ["spell"]).periods
    assert [(day, beds(c)) for day, c in periods] == [(None, 36), (date(2026, 10, 5), 50), (date(2026, 10, 12), 36)]


def test_dates_outside_the_run_make_no_periods(toy):
    # toy runs from 17 September (warm-up) to 29 October 2026
    raw = with_interventions(
        toy,
        before={"from": "2026-09-17", "sets": {BEDS: 50}},
        after={"from": "2026-10-29", "sets": {BEDS: 60}},
    )
    assert [(day, beds(c)) for day, c in stage(raw, ["before"]).periods] == [(None, 50)]
    assert [(day, beds(c)) for day, c in stage(raw, ["after"]).periods] == [(None, 36)]


def test_a_ramp_moves_in_weekly_steps_and_rounds_counts(toy):
    raw = with_interventions(toy, ramp={"from": "2026-10-01", "ramp": "3 weeks", "sets": {BEDS: 46}})
    assert [(day, beds(c)) for day, c in stage(raw, ["ramp"]).periods] == [
        (None, 36),
        (date(2026, 10, 8), 39),  # 36 + 10/3 = 39.33
        (date(2026, 10, 15), 43),  # 36 + 20/3 = 42.67
        (date(2026, 10, 22), 46),
    ]


def test_a_ramp_of_days_ends_on_its_day(toy):
    raw = with_interventions(toy, ramp={"from": "2026-10-01", "ramp": "10 d", "sets": {BEDS: 46}})
    found = [(day, beds(c)) for day, c in stage(raw, ["ramp"]).periods]
    assert found == [(None, 36), (date(2026, 10, 8), 43), (date(2026, 10, 11), 46)]


def test_a_ramp_moves_shares_in_a_table_and_switches_words_at_once(toy):
    sets = {
        "pathway.ward.frail.to": {"reablement": "42 %", "died": "7 %", "home": "rest"},
        "service.ward.label": "New ward",
    }
    raw = with_interventions(toy, ramp={"from": "2026-10-01", "ramp": "2 weeks", "sets": sets})
    periods = stage(raw, ["ramp"]).periods
    share = [c.pathway["ward"]["frail"].to["reablement"].value_for({}).value for _, c in periods]
    assert [day for day, _ in periods] == [None, date(2026, 10, 1), date(2026, 10, 8), date(2026, 10, 15)]
    assert share == pytest.approx([0.32, 0.32, 0.37, 0.42], abs=1e-12)
    assert [c.service["ward"].label for _, c in periods] == ["Medical ward", "New ward", "New ward", "New ward"]


def test_a_ramp_starts_from_a_default_the_yaml_does_not_write(toy):
    raw = with_interventions(toy, ramp={"from": "2026-10-01", "ramp": "2 weeks", "sets": {"stream.walk_ins.factor": 2}})
    assert [c.stream["walk_ins"].factor.value for _, c in stage(raw, ["ramp"]).periods] == [1, 1.5, 2]


def test_later_members_start_from_what_earlier_ones_left(toy):
    raw = with_interventions(
        toy,
        more={"sets": {BEDS: 40}},
        ramp={"from": "2026-10-01", "ramp": "2 weeks", "sets": {BEDS: 50}, "overrules": ["more"]},
    )
    assert [beds(c) for _, c in stage(raw, ["more", "ramp"]).periods] == [40, 45, 50]


def test_demand_multiplies_all_and_then_the_named_stream(toy):
    raw = copy.deepcopy(toy)
    raw["demand"]["odd"] = {"label": "Odd", "factors": {"all": 1.5, "walk_ins": 2}}
    put(raw, ["stream", "walk_ins", "factor"], 1.1)
    config = stage(raw, [], "odd").config
    assert config.stream["walk_ins"].factor.value == pytest.approx(3.3, rel=1e-12)
    assert config.stream["ambulances"].factor.value == 1.5


def test_demand_adds_its_surges(toy):
    staged = stage(toy, [], "busy")
    assert list(staged.config.stream["walk_ins"].surges) == ["busy_cold_week"]
    assert staged.who["stream.walk_ins.factor"] == "busy"


def test_demand_surges_of_named_streams_only(toy):
    raw = copy.deepcopy(toy)
    raw["demand"]["busy"]["surge_streams"] = ["ambulances"]
    config = stage(raw, [], "busy").config
    assert (list(config.stream["walk_ins"].surges), list(config.stream["ambulances"].surges)) == (
        [],
        ["busy_cold_week"],
    )


def test_an_intervention_sees_demand_applied_first(toy):
    raw = with_interventions(toy, fewer={"sets": {"stream.walk_ins.factor": 0.5}})
    assert stage(raw, ["fewer"], "busy").config.stream["walk_ins"].factor.value == 0.5


def test_baseline_need_not_be_written(toy):
    raw = copy.deepcopy(toy)
    del raw["demand"]["baseline"]
    raw["experiment"]["demand"] = ["baseline"]
    assert stage(raw, [], "baseline").digest == stage(raw).digest


def test_scenarios_are_their_interventions_and_then_their_own_values(toy):
    raw = copy.deepcopy(toy)
    raw["scenario_book"]["whole_plan"]["sets"] = {BEDS: 50}
    staged = stage(raw, ["whole_plan"])
    assert beds(staged.config) == 50
    assert staged.who[BEDS] == "whole_plan"
    assert staged.who["service.utc.opens.every_day"] == "longer_utc"
    assert staged.stack == ("whole_plan",)


def test_a_member_named_twice_counts_once(toy):
    assert stage(toy, ["longer_utc", "whole_plan"]).digest != stage(toy, ["longer_utc"]).digest
    assert len(stage(toy, ["more_reablement", "whole_plan"]).programmes) == 3


def test_programmes_pass_through_with_their_dates(toy):
    staged = stage(toy, ["more_reablement"])
    assert [(who, name, starts, ends) for who, name, _, starts, ends in staged.programmes] == [
        ("more_reablement", "setting_up", date(2026, 10, 1), None),
        ("more_reablement", "managers", date(2026, 10, 1), None),
    ]


def test_two_values_for_one_key_clash(toy):
    raw = with_interventions(toy, a={"sets": {BEDS: 40}}, b={"sets": {BEDS: 41}})
    (problem,) = told(raw, ["a", "b"])
    assert (problem.key, problem.said) == (BEDS, "40 by a and 41 by b")
    assert problem.wanted == "one value, or overrules: [a] in intervention.b"


def test_a_prefix_of_a_key_clashes(toy):
    raw = with_interventions(toy, a={"sets": {"service.ward.capacity": {"beds": 40}}}, b={"sets": {BEDS: 41}})
    assert [p.key for p in told(raw, ["a", "b"])] == [BEDS]
    assert [p.key for p in told(raw, ["b", "a"])] == [BEDS]


def test_equal_values_other_dates_and_overruling_do_not_clash(toy):
    raw = with_interventions(
        toy,
        a={"sets": {BEDS: 40}},
        same={"sets": {BEDS: {"value": 40, "source": "illustrative"}}},
        early={"to": "2026-10-05", "sets": {BEDS: 41}},
        late={"from": "2026-10-05", "sets": {BEDS: 42}},
        over={"sets": {BEDS: 43}, "overrules": ["a"]},
    )
    assert beds(stage(raw, ["a", "same"]).config) == 40
    assert [beds(c) for _, c in stage(raw, ["early", "late"]).periods] == [41, 42]
    assert beds(stage(raw, ["a", "over"]).config) == 43


def test_a_misspelt_key_is_told_with_the_nearest(toy):
    raw = with_interventions(toy, a={"sets": {"service.ward.capacity.beads": 40}})
    (problem,) = told(raw, [])
    assert problem.key == "intervention.a.sets.service.ward.capacity.beads"
    assert problem.wanted.endswith("did you mean 'beds'?")


def test_a_new_service_with_its_pathway_may_be_set(toy):
    service = {"capacity": {"places": 4}, "steps": {"care": {"duration": "2 h"}}}
    raw = with_interventions(
        toy, a={"sets": {"service.sdec": service, "pathway.sdec": {"rest": "home"}, "pathway.ae.rest.to.sdec": "5 %"}}
    )
    assert "sdec" in stage(raw, ["a"]).config.service


def test_a_dated_change_of_structure_is_an_error_but_not_for_the_whole_run(toy):
    off = {"service.utc.enabled": False}
    raw = with_interventions(toy, shut={"sets": off}, shut_later={"from": "2026-10-05", "sets": off})
    assert not stage(raw, ["shut"]).config.service["utc"].enabled
    (problem,) = told(raw, ["shut_later"])
    assert problem.key == "intervention.shut_later.sets.service.utc.enabled"


def test_what_cannot_be_at_a_later_date_is_told_under_the_intervention(toy):
    raw = with_interventions(toy, a={"from": "2026-10-05", "sets": {"pathway.ward.rest.to.reablement": "99 %"}})
    (problem,) = told(raw, ["a"])
    assert problem.key == "intervention.a.sets.pathway.ward.rest.to.reablement"
    assert problem.said == "101 %"


def test_unknown_names(toy):
    assert told(toy, ["whole_plam"])[0].wanted == "an intervention or scenario; did you mean 'whole_plan'?"
    assert told(toy, [], "bussy")[0].wanted == "a demand level; did you mean 'busy'?"


def test_staging_leaves_the_container_as_it_was(toy):
    before = copy.deepcopy(toy)
    stage(toy, ["whole_plan"], "busy")
    assert toy == before


def test_what_is_staged_is_what_would_be_validated_from_the_start(toy):
    service = {"capacity": {"places": 4}, "steps": {"care": {"duration": "2 h"}}}
    sets = {"service.sdec": service, "pathway.sdec": {"rest": "home"}, "pathway.ae.rest.to.sdec": "5 %", BEDS: 41}
    raw = with_interventions(toy, a={"sets": sets})
    whole = copy.deepcopy(raw)
    for path, value in sets.items():
        put(whole, path.split("."), sourced(path.split("."), copy.deepcopy(value), "scenario:a"))
    assert in_force(stage(raw, ["a"]).config) == in_force(config_of(whole))


def test_what_nobody_sets_is_not_made_again(toy):
    base, option = stage(toy).config, stage(toy, ["whole_plan"], "busy").config
    same = [name for name, service in option.service.items() if service == base.service[name]]
    given = Given(base, toy)
    shared = stage(toy, ["whole_plan"], "busy", given).config
    assert same
    assert all(shared.service[name] is base.service[name] for name in same)


def test_a_fault_of_an_option_is_told_as_in_the_files(toy):
    raw = with_interventions(toy, a={"sets": {"service.ward.steps.stay.duration": "long"}})
    (problem,) = told(raw, [])
    assert problem.key.endswith("service.ward.steps.stay.duration")


def test_digest_is_of_what_is_in_force(toy):
    base = stage(toy)
    assert len(base.digest) == 64
    assert stage(copy.deepcopy(toy)).digest == base.digest
    assert stage(compose(["place=toy", "run.workers=2"])).digest == base.digest
    assert stage(with_interventions(toy, idle={"sets": {BEDS: 1}})).digest == base.digest
    others = [
        stage(toy, ["whole_plan"]),
        stage(toy, [], "busy"),
        stage(compose(["place=toy", "run.seed=2"])),
        stage(compose(["place=toy", "service.ward.steps.stay.duration.mean.values.frail=8 d"])),
    ]
    assert len({base.digest, *(s.digest for s in others)}) == 5


def test_digest_is_the_same_under_another_hash_seed(toy):
    code = "from flowsim.config.load import load; print(load(['place=toy', 'scenario=[whole_plan]']).staged.digest)"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {stage(toy, ["whole_plan"]).digest}


def test_what_is_in_force_is_plain_data(toy):
    plain = in_force(stage(toy, ["whole_plan"], "busy").config)
    assert json.loads(json.dumps(plain)) == plain
    assert not {"intervention", "experiment", "demand", "scenario", "scenario_book"} & set(plain)
