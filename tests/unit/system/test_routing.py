import pytest

from flowsim.errors import ConfigError
from flowsim.system.spec import BY_ORIGIN
from tests.build import spec_of


def network(pathway, more_pathways=None, more_services=None, to="ed"):
    places = {name: {"capacity": {"beds": 1}} for name in ("ed", "ward", "rehab")}
    return {
        "attribute": {"age": {"levels": ["young", "old"]}, "arm": {"levels": ["a", "b"]}},
        "stream": {"front": {"volume": "1 /d", "to": to}},
        "service": {**places, **(more_services or {})},
        "pathway": {"ed": pathway, "ward": {"all": "home"}, "rehab": {"all": "home"}, **(more_pathways or {})},
    }


def branches(*args, **kwargs):
    """Return the specification and, for each row of ed's table, ({place: share}, rule, otherwise)."""
    spec = spec_of(network(*args, **kwargs))
    return spec, spec.services[0].routing.branches


def shares(spec, branch):
    last, out = 0.0, {}
    for place, total in zip(branch.destinations, branch.cumulative, strict=True):
        out[spec.place_name(place)] = pytest.approx(total - last)
        last = total
    return out


def problem_of(*args, **kwargs):
    with pytest.raises(ConfigError) as error:
        spec_of(network(*args, **kwargs))
    return error.value.problems[0]


def test_place_codes_are_services_then_exits_then_junctions():
    spec = spec_of(network({"all": "door"}, {"door": {"all": "ward"}}))
    assert [spec.place_name(i) for i in range(3)] == ["ed", "ward", "rehab"]
    assert spec.exits[:5] == ("home", "died", "left", "turned_away", "elsewhere")
    assert spec.place_code("door") == 3 + len(spec.exits)
    assert spec.junctions[0].id == "door"


def test_the_rest_gets_what_is_left_and_the_last_cumulative_share_is_one():
    spec, table = branches({"all": {"to": {"ward": "30 %", "home": "rest", "died": "3 %"}}})
    assert shares(spec, table.rows[0]) == {"ward": 0.3, "home": 0.67, "died": 0.03}
    assert table.rows[0].cumulative[-1] == 1.0


def test_the_first_branch_that_holds_is_taken():
    spec, table = branches(
        {
            "old_a": {"when": {"age": "old", "arm": ["a"]}, "to": {"rehab": "rest"}},
            "old": {"when": {"age": "old"}, "to": {"ward": "rest"}},
            "rest": "home",
        }
    )
    assert (table.by, table.sizes) == ((0, 1), (2, 2))
    assert [spec.place_name(row.destinations[0]) for row in table.rows] == ["home", "home", "rehab", "ward"]


def test_tabled_shares_widen_the_table():
    share = {"by": "arm", "values": {"a": "10 %", "b": "20 %"}}
    spec, table = branches({"old": {"when": {"age": "old"}, "to": {"ward": share, "home": "rest"}}, "rest": "home"})
    assert table.by == (0, 1)
    assert [shares(spec, table.rows[i]).get("ward", 0) for i in range(4)] == [0, 0, 0.1, 0.2]


def test_from_is_the_service_left_before():
    spec, table = branches({"back": {"when": {"from": "ward"}, "to": {"rehab": "rest"}}, "rest": "home"})
    assert (table.by, table.sizes) == ((BY_ORIGIN,), (4,))
    assert [spec.place_name(row.destinations[0]) for row in table.rows] == ["home", "rehab", "home", "home"]


def test_a_kind_of_patient_that_no_branch_takes_is_refused():
    problem = problem_of({"old": {"when": {"age": "old"}, "to": {"ward": "rest"}}})
    assert (problem.key, problem.said) == ("pathway.ed", "nothing for age 'young'")


@pytest.mark.parametrize(
    ("pathway", "key"),
    [
        ({"all": {"to": {"ward": "60 %", "home": "60 %"}}}, "pathway.ed.all.to"),
        ({"all": {"to": {"ward": "60 %", "home": "30 %"}}}, "pathway.ed.all.to"),
        ({"all": {"to": {"ward": "rest", "home": "rest"}}}, "pathway.ed.all.to"),
        ({"all": {"to": {"wrad": "rest"}}}, "pathway.ed.all.to"),
        ({"all": {"when": {"age": "odl"}, "to": {"ward": "rest"}}}, "pathway.ed.all.when.age"),
        ({"all": {"when": {"aeg": "old"}, "to": {"ward": "rest"}}}, "pathway.ed.all.when.aeg"),
        ({"all": {"choose": "if_open"}}, "pathway.ed.all"),
        ({"all": {}}, "pathway.ed.all"),
        ({"all": {"choose": "if_open", "among": ["wrad"]}}, "pathway.ed.all.among"),
        ({}, "pathway.ed"),
    ],
)
def test_pathways_that_cannot_be_are_refused_by_key(pathway, key):
    assert problem_of(pathway).key == key


def test_a_table_of_shares_that_adds_up_to_too_much_for_some_names_them():
    share = {"by": "arm", "values": {"a": "10 %", "b": "70 %"}}
    problem = problem_of({"all": {"to": {"ward": share, "died": "40 %", "home": "rest"}}})
    assert "110 %" in problem.said
    assert "arm 'b'" in problem.said


def test_a_service_without_a_pathway_is_refused():
    net = network({"all": "home"}, more_services={"lost": {"capacity": {"beds": 1}}})
    with pytest.raises(ConfigError, match=r"pathway.lost: said nothing"):
        spec_of(net)


def test_rules_on_the_state_fall_back_on_the_last_option_or_the_one_said():
    spec, table = branches(
        {
            "old": {"when": {"age": "old"}, "choose": "first_with_space", "among": ["rehab", "ward"]},
            "rest": {"choose": "shortest", "among": ["ward", "rehab"], "otherwise": "home"},
        }
    )
    young, old = table.rows
    assert (old.rule, old.destinations, old.cumulative) == ("first_with_space", (2, 1), ())
    assert spec.place_name(old.otherwise) == "ward"
    assert (young.rule, spec.place_name(young.otherwise)) == ("shortest", "home")


def test_a_stream_may_have_a_pathway_of_its_own():
    spec = spec_of(network({"all": "home"}, to={"old": {"when": {"age": "old"}, "to": {"ward": "rest"}}, "rest": "ed"}))
    routing = spec.streams[0].routing
    assert [spec.place_name(row.destinations[0]) for row in routing.branches.rows] == ["ed", "ward"]


def test_a_service_left_out_sends_its_patients_where_it_says():
    closed = {"ward": {"capacity": {"beds": 1}, "enabled": False, "when_closed": "rehab"}}
    spec, table = branches({"all": "ward"}, more_services=closed)
    assert spec.place_name(table.rows[0].destinations[0]) == "rehab"
    assert "ward" not in [s.id for s in spec.services]
    assert "ward" not in [j.id for j in spec.junctions]


def test_a_service_left_out_that_does_not_say_is_refused_where_it_is_named():
    problem = problem_of({"all": "ward"}, more_services={"ward": {"capacity": {"beds": 1}, "enabled": False}})
    assert problem.key == "pathway.ed.all.to"
    assert "when_closed" in problem.wanted


def test_a_service_left_out_is_no_option():
    closed = {"ward": {"capacity": {"beds": 1}, "enabled": False}}
    pathway = {"all": {"choose": "first_with_space", "among": ["ward", "rehab"]}}
    spec, table = branches(pathway, more_services=closed)
    assert [spec.place_name(d) for d in table.rows[0].destinations] == ["rehab"]


def test_junctions_that_lead_back_to_themselves_are_refused():
    problem = problem_of({"all": "x"}, {"x": {"all": {"to": {"y": "50 %", "home": "rest"}}}, "y": {"all": "x"}})
    assert problem.said == "x -> y -> x"


def test_two_full_services_that_point_to_each_other_are_refused():
    def small(other):
        return {"capacity": {"beds": 1}, "queue": {"places": 0, "when_full": other}}

    problem = problem_of({"all": "home"}, more_services={"ward": small("rehab"), "rehab": small("ward")})
    assert problem.said == "ward -> rehab -> ward"


@pytest.mark.parametrize(
    ("opens", "refused"), [(["08:00", "20:00"], True), (["00:00", "08:00", "20:00", "24:00"], False)]
)
def test_closed_services_may_point_to_each_other_unless_closed_together(opens, refused):
    def desk(hours, other):
        return {"capacity": {"beds": 1}, "opens": {"every_day": hours}, "when_closed": other}

    services = {"ward": desk(["08:00", "20:00"], "rehab"), "rehab": desk(opens, "ward")}
    net = network({"all": "home"}, more_services=services)
    if refused:
        with pytest.raises(ConfigError, match="ward -> rehab -> ward"):
            spec_of(net)
    else:
        assert len(spec_of(net).services) == 3
