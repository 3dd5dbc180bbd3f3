"""Costs by hand, exact to the millionth of a pound."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsim.config.models import MeasureDef
from flowsim.measure.cost import costs, total
from flowsim.measure.cost_book import MICRO, parts_of
from flowsim.measure.registry import measure_all
from flowsim.system.spec import CostBook, ProgrammeCost, ServiceCost, StaffCost
from tests.build import spec_of
from tests.trajectories import at, came, run_of

H, DAY = 60, 1440
TWO_STAGES = {
    "service": {"first": {"capacity": {"beds": 1}}, "second": {"capacity": {"beds": 1}}},
    "pathway": {"first": {"all": "second"}, "second": {"all": "home"}},
}


def priced(spec, **services):
    return replace(spec, costs=CostBook("2025/26", services))


def chain(spec):
    return run_of(
        spec,
        came(0, at("first", 0, 0, 2 * H, 2 * H), at("second", 2 * H, 2 * H, 7 * H, 7 * H)),
        came(0, at("first", 0, 2 * H, 3 * H, 7 * H), at("second", 3 * H, 7 * H, 8 * H, 8 * H)),
        came(H, at("first", H, 7 * H, 8 * H, 8 * H), at("second", 8 * H, 8 * H, 10 * H, 10 * H)),
    )


def test_a_blocked_hour_costs_its_own_price_in_place_of_the_other():
    spec = spec_of(TWO_STAGES, duration="12 h")
    spec = priced(
        spec, first=ServiceCost(space_time=300 / H, delayed_time=346 / H), second=ServiceCost(space_time=150 / H)
    )
    book = costs(spec, chain(spec)).set_index(["item", "kind"])["pounds"]
    assert book["first", "space"] == 4 * 300
    assert book["first", "delayed"] == 4 * 346
    assert book["second", "space"] == 8 * 150


def test_delay_costs_as_care_does_where_it_has_no_price_of_its_own():
    spec = priced(spec_of(TWO_STAGES, duration="12 h"), first=ServiceCost(space_time=300 / H))
    assert total(costs(spec, chain(spec))) == 8 * 300


def test_every_kind_of_unit_is_counted_in_the_window_alone():
    spec = spec_of(
        {"service": {"ward": {"capacity": {"beds": 2}}}, "pathway": {"ward": {"all": "home"}}}, warm_up="1 d"
    )
    spec = priced(
        spec, ward=ServiceCost(attendance=7, admission=11, space_time=1, empty_time=2, waiting_time=3, surge_time=5)
    )
    run = run_of(
        spec,
        came(0, at("ward", 0, 0, DAY + 100, DAY + 100)),
        came(DAY + 10, at("ward", DAY + 10, DAY + 30, DAY + 90, DAY + 90)),
    )
    book = costs(spec, run).set_index("kind")
    assert book["pounds"].to_dict() == {
        "attendance": 7,
        "admission": 11,
        "space": 100 + 60,
        "empty": 2 * (2 * DAY - 160),
        "waiting": 3 * 20,
        "surge": 0,
    }
    assert book.loc["space", "units"] == pytest.approx(160 / DAY)


def home_care(price):
    spec = spec_of(
        {
            "service": {
                "care": {
                    "kind": "visits",
                    "capacity": {"visits": 10},
                    "visits": {"first": 4, "last": 1},
                    "steps": {"package": {"duration": "4 d"}},
                }
            },
            "pathway": {"care": {"all": "home"}},
        },
        duration="5 d",
    )
    run = run_of(spec, came(600, at("care", 600, DAY, 5 * DAY, 5 * DAY, package=(4000, 1000, 4), takes=2)))
    return costs(priced(spec, care=price), run).set_index("kind")["pounds"]


def test_a_price_per_day_is_charged_per_day_and_one_per_visit_per_visit():
    book = home_care(ServiceCost(space_time=125 / DAY, visit=20))
    assert book["space"] == 4 * 125
    assert book["visit"] == 2 * (4 + 3 + 2 + 1) * 20


def test_staff_are_paid_as_rostered_and_programmes_while_they_run():
    spec = spec_of({"staff": {"nurses": {"rota": 3}}}, duration="10 d")
    day = 1440 * spec.clock.ticks_per_minute
    payers = (("icb", 0.25), ("council", 0.75))
    book = CostBook(
        "2025/26",
        staff={"nurses": StaffCost(2.0, payers)},
        programmes=(ProgrammeCost("new_team", 1.0, 500.0, 4 * day, 100 * day, payers),),
    )
    spec = replace(spec, costs=book)
    found = costs(spec, run_of(spec)).set_index(["kind", "payer"])["pounds"]
    assert found["staffed", "icb"] == 0.25 * 2 * 3 * 10 * DAY
    assert found["programme", "council"] == 0.75 * 6 * DAY
    assert found["programme_once", "icb"] == 125


@given(st.integers(-(10**15), 10**15), st.lists(st.floats(0.001, 1), min_size=1, max_size=5))
def test_payers_parts_add_up_exactly(micros, parts):
    payers = tuple((str(i), part / sum(parts)) for i, part in enumerate(parts))
    assert parts_of([payers]).split(np.array([[micros]])).sum() == micros


def test_totals_equal_the_sum_of_their_parts_to_the_last_millionth():
    spec = spec_of(TWO_STAGES, duration="12 h")
    thirds = (("a", 1 / 3), ("b", 1 / 3), ("c", 1 / 3))
    spec = priced(
        spec,
        first=ServiceCost(attendance=0.1, space_time=1 / 7, delayed_time=1 / 11, payers=thirds),
        second=ServiceCost(space_time=1 / 13, admission=1 / 3, payers=thirds),
    )
    run = chain(spec)
    kinds = {
        by: MeasureDef(label=by, kind="cost", options={"by": by, "per": "period"})
        for by in ("none", "payer", "kind", "service")
    }
    table = measure_all(spec, run, kinds)
    sums = {by: sum(round(v * MICRO) for v in table.loc[table["measure"] == by, "value"]) for by in kinds}
    assert len(set(sums.values())) == 1
    assert sums["none"] == round(total(costs(spec, run)) * MICRO)
