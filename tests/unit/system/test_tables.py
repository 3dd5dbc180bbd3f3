import pytest

from flowsim.errors import ConfigError
from flowsim.system.spec import BY_DESTINATION, BY_ORIGIN
from tests.build import spec_of, staged_spec_of

AGES = {"age": {"levels": ["young", "old"]}, "hub": {"levels": ["north", "south", "east"]}}
DAY = 1440


def network(duration="1 d", pathway=None, **service):
    return {
        "attribute": AGES,
        "stream": {"front": {"volume": "1 /d", "to": "ward"}},
        "service": {
            "ward": {"capacity": {"beds": 1}, "steps": {"stay": {"duration": duration}}, **service},
            "rehab": {"capacity": {"beds": 1}, "steps": {"stay": {"duration": "1 d"}}},
        },
        "pathway": {"ward": {"all": pathway or "home"}, "rehab": {"all": "ward"}},
    }


def durations(*args, **kwargs):
    return spec_of(network(*args, **kwargs)).services[0].steps[0].duration


def problems_of(net):
    with pytest.raises(ConfigError) as error:
        spec_of(net)
    return {p.key: p for p in error.value.problems}


def test_one_value_is_one_row():
    table = durations()
    assert (table.by, table.sizes, table.is_constant) == ((), (), True)


def test_the_first_attribute_varies_slowest():
    values = {"young": {"north": "1 d", "rest": "2 d"}, "old": {"east": "3 d", "rest": "4 d"}}
    table = durations({"by": ["age", "hub"], "values": values})
    assert (table.by, table.sizes) == ((0, 1), (2, 3))
    assert [row.a / DAY for row in table.rows] == [1, 2, 2, 4, 4, 3]
    assert table.row(0, (1, 2), 0, 0).a == 3 * DAY


def test_parameters_by_different_attributes_make_their_union_in_order_of_use():
    mean = {"by": "hub", "values": {"north": "1 d"}, "rest": "2 d"}
    shape = {"by": "age", "values": {"young": 1, "old": 2}}
    table = durations({"kind": "gamma", "mean": mean, "shape": shape})
    assert (table.by, table.sizes) == ((1, 0), (3, 2))
    assert [(row.a, row.a * row.b) for row in table.rows] == [(k, m * DAY) for m in (1, 2, 2) for k in (1, 2)]


def test_by_origin_counts_services_then_arrivals():
    table = durations({"by": "from", "values": {"rehab": "2 d", "arrival": "1 d"}})
    assert (table.by, table.sizes) == ((BY_ORIGIN,), (3,))
    # Nobody comes to the ward from the ward: that row can be anything.
    assert [row.a / DAY for row in table.rows[1:]] == [2, 1]


def test_by_destination_counts_every_place():
    pathway = {"to": {"rehab": "50 %", "home": "rest"}}
    spec = spec_of(network({"by": "to", "values": {"rehab": "2 d", "home": "1 d"}}, pathway))
    table = spec.services[0].steps[0].duration
    assert (table.by, table.sizes) == ((BY_DESTINATION,), (2 + len(spec.exits),))
    assert table.row(0, (0, 0), 2, spec.place_code("rehab")).a == 2 * DAY
    assert table.row(0, (0, 0), 2, spec.place_code("home")).a == DAY


def test_a_destination_that_can_be_drawn_must_be_in_the_table():
    pathway = {"to": {"rehab": "50 %", "home": "rest"}}
    found = problems_of(network({"by": "to", "values": {"rehab": "2 d"}}, pathway))
    assert found["service.ward.steps.stay.duration"].said == "nothing for to 'home'"


def test_missing_combinations_are_named():
    found = problems_of(network({"by": ["age", "hub"], "values": {"young": "1 d", "old": {"north": "1 d"}}}))
    said = found["service.ward.steps.stay.duration"].said
    assert "age 'old', hub 'south'" in said
    assert "age 'old', hub 'east'" in said
    assert "young" not in said


@pytest.mark.parametrize(
    ("duration", "wanted"),
    [
        ({"by": "aeg", "values": {"young": "1 d"}, "rest": "1 d"}, "did you mean 'age'"),
        ({"by": "age", "values": {"yuong": "1 d"}, "rest": "1 d"}, "did you mean 'young'"),
    ],
)
def test_unknown_names_come_with_the_nearest(duration, wanted):
    found = problems_of(network(duration))
    assert wanted in found["service.ward.steps.stay.duration"].wanted


def test_all_problems_are_told_at_once():
    net = network({"by": "aeg", "values": {"young": "1 d"}}, "hoem", sets={"age": "yung"})
    assert set(problems_of(net)) == {"service.ward.steps.stay.duration", "pathway.ward.all.to", "service.ward.sets.age"}


def test_priority_and_spaces_taken_have_their_defaults():
    ward = spec_of(network()).services[0]
    assert (ward.priority.rows, ward.takes.rows, ward.withheld.rows) == ((0,), (1,), (0,))


def test_reserves_are_withheld_from_those_they_are_not_for():
    reserve = {
        "for_old": {"spaces": 4, "for": {"age": ["old"]}},
        "for_old_north": {"spaces": 3, "for": {"age": ["old"], "hub": ["north"]}},
        "step_up": {"spaces": 2, "for": {"from": ["arrival"]}},
    }
    table = spec_of(network(admits={"reserve": reserve})).services[0].withheld
    assert table.by == (0, 1, BY_ORIGIN)
    young, old, north, south, rehab, arrival = 0, 1, 0, 1, 1, 2
    assert table.row(0, (young, north), arrival, 0) == 4 + 3
    assert table.row(0, (young, north), rehab, 0) == 4 + 3 + 2
    assert table.row(0, (old, south), arrival, 0) == 3
    assert table.row(0, (old, north), rehab, 0) == 2
    assert table.row(0, (old, north), arrival, 0) == 0


def test_periods_stack_rows_and_agreeing_ones_collapse():
    spec = staged_spec_of(
        (None, network({"by": "age", "values": {"young": "1 d", "old": "2 d"}})),
        ("2026-01-07", network({"by": "age", "values": {"young": "1 d", "old": "3 d"}})),
        duration="7 d",
    )
    table = spec.services[0].steps[0].duration
    assert spec.periods == (0, 2 * DAY * 60_000)
    assert table.periods == 2
    assert [row.a / DAY for row in table.rows] == [1, 2, 1, 3]
    assert spec.services[1].steps[0].duration.periods == 1


def test_a_period_may_bring_a_table_where_there_was_one_value():
    spec = staged_spec_of(
        (None, network()),
        ("2026-01-07", network({"by": "age", "values": {"old": "3 d"}, "rest": "1 d"})),
        duration="7 d",
    )
    table = spec.services[0].steps[0].duration
    assert [row.a / DAY for row in table.rows] == [1, 1, 1, 3]


def test_capacity_follows_periods_and_steps_may_come_and_go():
    more = network(capacity={"beds": 5}, leaving={"wait": {"duration": "1 d", "share": "10 %"}})
    spec = staged_spec_of((None, network()), ("2026-01-07", more), ("2026-01-09", network()), duration="7 d")
    ward = spec.services[0]
    day = DAY * 60_000
    assert (ward.capacity.ticks, ward.capacity.values) == ((0, 2 * day, 4 * day), (1, 5, 1))
    assert ward.steps[1].share.rows == (0.0, 0.1, 0.0)


def test_periods_before_the_run_count_as_its_start_and_later_ones_not_at_all():
    spec = staged_spec_of(
        (None, network()),
        ("2020-01-01", network(capacity={"beds": 2})),
        ("2025-01-01", network(capacity={"beds": 3})),
        ("2030-01-01", network(capacity={"beds": 4})),
    )
    assert spec.periods == (0,)
    assert spec.services[0].capacity.values == (3,)


def test_what_cannot_change_by_date_says_so():
    with pytest.raises(ConfigError, match=r"service.ward.queue.places: said .*cannot change by date"):
        staged_spec_of((None, network()), ("2026-01-07", network(queue={"places": 3})), duration="7 d")


def test_a_service_that_is_enabled_later_has_no_capacity_before():
    spec = staged_spec_of((None, network(enabled=False)), ("2026-01-07", network()), duration="7 d")
    ward = spec.services[0]
    assert ward.capacity.values == (0, 1)
    assert ward.admitting.values == (0, 1)
