import math
from datetime import date

import pytest

from flowsim.config.models import Programme
from flowsim.errors import ConfigError
from flowsim.system.build import build
from flowsim.system.curves import mean_between
from flowsim.system.spec import NONE, UNLIMITED
from tests.build import OnePeriod, config_of, spec_of

HOUR = 60 * 60_000
DAY = 24 * HOUR


def network(service=None, **groups):
    return {
        "attribute": {"age": {"levels": ["young", "old"]}, "frailty": {"levels": ["none", "mild", "severe"]}},
        "stream": {"front": {"volume": "1 /d", "mix": {"age": {"old": "rest"}}, "to": "ward"}},
        "reason": {"packages": {"label": "Awaiting a package", "body": "social_care"}},
        "staff": {"nurses": {"rota": 5}},
        "service": {"ward": {"capacity": {"beds": 10}, **(service or {})}},
        "pathway": {"ward": {"all": "home"}},
        **groups,
    }


def ward_of(service, **groups):
    return spec_of(network(service, **groups), duration="7 d").services[0]


def keys_refused(service, **groups):
    with pytest.raises(ConfigError) as error:
        spec_of(network(service, **groups))
    return [p.key for p in error.value.problems]


def test_what_is_not_said_has_its_default():
    ward = ward_of({})
    spec = spec_of(network())
    assert (ward.unit, ward.role, ward.label) == ("beds", "other", "ward")
    assert (ward.queue_places, ward.transfer_places) == (UNLIMITED, 0)
    assert spec.place_name(ward.when_full) == "turned_away"
    assert (ward.when_closed, ward.rises_after, ward.reason) == (NONE, NONE, NONE)
    assert (ward.balks, ward.patience, ward.surge, ward.visits, ward.deconditioning, ward.turnaround) == (None,) * 6


def test_queue_priority_and_rules_of_starting():
    ward = ward_of(
        {
            "queue": {"places": 3, "transfers": 2, "when_full": "elsewhere"},
            "admits": {
                "priority": {"by": "age", "values": {"old": 1}, "rest": 2},
                "rises": {"after": "2 h", "to": 1},
                "takes": {"by": "frailty", "values": {"severe": 2}, "rest": 1},
                "preempts": True,
                "when_capacity_falls": "interrupt",
            },
        }
    )
    assert (ward.queue_places, ward.transfer_places, ward.when_full) == (3, 2, 1 + 4)
    assert (ward.priority.by, ward.priority.rows) == ((0,), (2, 1))
    assert (ward.takes.by, ward.takes.rows) == ((1,), (1, 1, 2))
    assert (ward.rises_after, ward.rises_to) == (2 * HOUR, 1)
    assert (ward.preempts, ward.cut_interrupts) == (True, True)


@pytest.mark.parametrize(
    ("opens_when", "occupancy", "waiting"),
    [
        ("occupancy >= 97 %", 0.97, UNLIMITED),
        ("waiting >= 5", math.inf, 5),
        ("occupancy >= 97.5% or waiting>=5", 0.975, 5),
    ],
)
def test_triggers_of_a_surge_are_read(opens_when, occupancy, waiting):
    surge = ward_of(
        {"surge": {"spaces": 4, "opens_when": opens_when, "closes_when": "occupancy < 92 %", "lead": "12 h"}}
    ).surge
    assert (surge.spaces, surge.opens_occupancy, surge.opens_waiting) == (4, occupancy, waiting)
    assert (surge.closes_occupancy, surge.lead) == (0.92, 12 * HOUR)


@pytest.mark.parametrize(
    ("surge", "key"),
    [
        ({"opens_when": "occupancy > 97", "closes_when": "occupancy < 92 %"}, "opens_when"),
        ({"opens_when": "occupancy >= 97 % and waiting >= 5", "closes_when": "occupancy < 92 %"}, "opens_when"),
        ({"opens_when": "waiting >= 5", "closes_when": "waiting < 2"}, "closes_when"),
        ({"opens_when": "occupancy >= 90 %", "closes_when": "occupancy < 92 %"}, "closes_when"),
    ],
)
def test_triggers_that_cannot_be_are_refused(surge, key):
    assert keys_refused({"surge": {"spaces": 4, **surge}}) == [f"service.ward.surge.{key}"]


def test_balking_by_a_table_holds_the_last_value_on():
    balks = ward_of({"balks": {"join": {"2": "50 %", "4": "0 %"}}}).balks
    assert (balks.join, balks.plus) == ((1.0, 1.0, 0.5, 0.5, 0.0), 0.0)
    assert ward_of({"balks": {"plus": 1}}).balks.plus == 1


def test_patience_goes_where_it_says():
    patience = ward_of({"patience": {"duration": "4 h", "to": "elsewhere", "holders": True}}).patience
    assert (patience.duration.rows[0].a, patience.to, patience.holders) == (240, 1 + 4, True)


def test_steps_come_in_order_with_staff_reason_and_share():
    ward = ward_of(
        {
            "steps": {
                "see": {
                    "duration": "20 min",
                    "staff": {"nurses": {"by": "age", "values": {"old": 2}, "rest": 1}},
                    "seen": True,
                },
                "skipped": {"duration": "1 h", "enabled": False},
                "treat": {"duration": "1 d"},
            },
            "leaving": {"package": {"duration": "2 d", "share": "9 %", "reason": "packages"}},
        }
    )
    assert [(s.id, s.leaving, s.is_seen, s.reason) for s in ward.steps] == [
        ("see", False, True, NONE),
        ("treat", False, False, NONE),
        ("package", True, False, 0),
    ]
    assert (ward.steps[0].staff[0].pool, ward.steps[0].staff[0].number.rows) == (0, (1, 2))
    assert ward.steps[0].share is None
    assert ward.steps[2].share.rows == (0.09,)


def test_departure_by_the_clock_is_a_hazard_whose_week_has_the_mean_said():
    by_clock = {"mon-fri": {"00:00": 0, "09:00": 4, "17:00": 1}, "sat-sun": {"00:00": 0, "10:00": 2, "16:00": 0}}
    step = ward_of({"leaving": {"go": {"departure": {"mean": "8 h", "by_clock": by_clock}}}}).steps[0]
    assert step.duration is None
    assert mean_between(step.departure, 0, 7 * DAY) == pytest.approx(1 / 480, rel=1e-14)
    assert step.departure.at(10 * HOUR) == pytest.approx(4 * step.departure.at(18 * HOUR), rel=1e-14)
    assert step.departure.at(8 * HOUR) == 0


def test_a_visiting_service_has_one_step_and_a_plan():
    plan = {
        "first": 4,
        "last": 1,
        "carers": {"by": "frailty", "values": {"severe": 2}, "rest": 1},
        "starts": ["mon", "wed"],
        "day_starts": "07:00",
    }
    care = {"kind": "visits", "capacity": {"visits": 50}, "steps": {"care": {"duration": "21 d"}}, "visits": plan}
    visits = ward_of(care).visits
    assert (visits.first.rows, visits.last.rows, visits.carers.rows) == ((4.0,), (1.0,), (1, 1, 2))
    assert visits.start_weekdays == (True, False, True, False, False, False, False)
    assert visits.day_start == 420
    assert keys_refused({**care, "visits": None}) == ["service.ward.visits"]
    assert keys_refused({**care, "steps": {}}) == ["service.ward.steps"]
    assert keys_refused({**care, "kind": "spaces"}) == ["service.ward.visits"]


def test_deconditioning_turnaround_reason_and_sets():
    ward = ward_of(
        {
            "deconditioning": {
                "stay_per_day": "2 %",
                "stay_limit": "30 %",
                "shift": "frailty",
                "shift_per_day": "1 %",
                "shift_limit": "10 %",
            },
            "turnaround": "30 min",
            "waiting_for_this": {"reason": "packages"},
            "sets": {"age": "old"},
        }
    )
    change = ward.deconditioning
    assert (change.stay_per_day, change.stay_limit, change.shift_per_day, change.shift_limit) == (0.02, 0.3, 0.01, 0.1)
    assert change.attribute == 1
    assert (ward.turnaround.rows[0].a, ward.reason, ward.sets) == (30, 0, ((0, 1),))


def test_people_there_at_the_start_have_every_attribute_said_or_drawn():
    initial = {
        "placed": {"state": "in_service", "number": 3, "elapsed": ["1 d", "2 d"], "attributes": {"frailty": "mild"}},
        "queue": {"state": "waiting", "number": 2, "mix_of": "front", "remaining_rule": "uniform"},
    }
    placed, queue = ward_of({"initial": initial}).initial
    assert (placed.waiting, placed.number, placed.elapsed, placed.uniform) == (False, 3, (1440, 2880), False)
    assert placed.attributes == ((0, 0), (1, 1))
    assert (queue.waiting, queue.mix_of, queue.attributes, queue.uniform) == (True, 0, (), True)


@pytest.mark.parametrize(
    ("service", "key"),
    [
        ({"capacity": {"beds": 1, "chairs": 2}}, "service.ward.capacity"),
        ({"queue": {"places": 1, "when_full": "hoem"}}, "service.ward.queue.when_full"),
        ({"when_closed": "hoem"}, "service.ward.when_closed"),
        ({"patience": {"duration": "1 h", "to": "hoem"}}, "service.ward.patience.to"),
        ({"waiting_for_this": {"reason": "pakages"}}, "service.ward.waiting_for_this.reason"),
        ({"steps": {"a": {"duration": "1 h", "staff": {"nurse": 1}}}}, "service.ward.steps.a.staff.nurse"),
        ({"steps": {"a": {"duration": "1 h", "reason": "packages"}}}, "service.ward.steps.a.reason"),
        ({"steps": {"a": {}}}, "service.ward.steps.a"),
        ({"balks": {}}, "service.ward.balks"),
        ({"balks": {"join": {"few": "50 %"}}}, "service.ward.balks.join"),
        ({"admits": {"takes": 0}}, "service.ward.admits.takes"),
        ({"sets": {"age": "odl"}}, "service.ward.sets.age"),
        ({"deconditioning": {"shift": "fraility"}}, "service.ward.deconditioning.shift"),
        ({"initial": {"a": {"state": "waiting", "number": 1, "mix_of": "back"}}}, "service.ward.initial.a.mix_of"),
    ],
)
def test_services_that_cannot_be_are_refused_by_key(service, key):
    assert key in keys_refused(service)


def test_names_may_not_be_two_things():
    assert "service.ward" in keys_refused({}, exit={"ward": {}})
    assert "attribute.from" in keys_refused({}, attribute={"age": {"levels": ["old"]}, "from": {"levels": ["a"]}})


COSTS = {
    "ward": {
        "admission": "£ 100",
        "space": "£ 1,440 /day",
        "delayed": "£ 720 /day",
        "payer": {"icb": "75 %", "council": "rest"},
    },
    "nurses": {"staffed": "£ 30 /h", "payer": "icb"},
}
PAYERS = {"payers": {"icb": "Integrated care board", "council": "Council"}, "price_year": "2024/25"}


def test_costs_of_services_and_staff_are_pounds_and_pounds_a_minute():
    book = spec_of(network(cost=COSTS, place=PAYERS)).costs
    ward = book.services["ward"]
    assert (ward.admission, ward.space_time, ward.delayed_time, ward.attendance) == (100, 1, 0.5, 0)
    assert ward.payers == (("icb", 0.75), ("council", 0.25))
    assert (book.staff["nurses"].staffed_time, book.staff["nurses"].payers) == (0.5, (("icb", 1.0),))
    assert book.price_year == "2024/25"


@pytest.mark.parametrize(
    ("cost", "key"),
    [
        ({"wrad": {"payer": "icb"}}, "cost.wrad"),
        ({"ward": {"payer": "icp"}}, "cost.ward.payer"),
        ({"ward": {"payer": {"icb": "60 %", "council": "60 %"}}}, "cost.ward.payer"),
        ({"nurses": {"payer": "icb"}}, "cost.nurses"),
        ({"ward": {"staffed": "£ 30 /h", "payer": "icb"}}, "cost.ward.staffed"),
    ],
)
def test_costs_that_cannot_be_are_refused_by_key(cost, key):
    assert keys_refused({}, cost=cost, place=PAYERS) == [key]


def test_programmes_cost_between_their_dates():
    programme = Programme.model_validate({"amount": "£ 1,440 /day", "once": "£ 500", "payer": "icb"})
    config = config_of(network(), duration="7 d")
    dates = ((None, None), (date(2026, 1, 6), date(2026, 1, 8)), (date(2026, 1, 9), None))
    programmes = tuple(("more", f"p{i}", programme, *pair) for i, pair in enumerate(dates))
    found = build(OnePeriod(((None, config),), programmes=programmes)).costs.programmes
    assert [(p.id, p.from_tick, p.to_tick) for p in found] == [
        ("more.p0", 0, 7 * DAY),
        ("more.p1", DAY, 3 * DAY),
        ("more.p2", 4 * DAY, 7 * DAY),
    ]
    assert (found[0].per_minute, found[0].once) == (1, 500)


def test_labels_cover_exits_payers_bodies_and_providers():
    place = {**PAYERS, "providers": {"trust": "The Trust"}, "bodies": {"nhs": "NHS"}, "population": {"all": 1000}}
    spec = spec_of(network({"provider": "trust"}, place=place, exit={"hospice": {"label": "Hospice"}}))
    assert spec.exits[-1] == "hospice"
    assert {spec.labels[name] for name in ("hospice", "icb", "trust", "nhs", "home")} == {
        "Hospice",
        "Integrated care board",
        "The Trust",
        "NHS",
        "Home",
    }
    assert spec.population == {"all": 1000}
    assert keys_refused({"provider": "turst"}, place=place) == ["service.ward.provider"]
