"""The same patients in every arm: what a change does not concern stays as it was, to the tick."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsim import demand
from flowsim.demand import arrivals, draw
from flowsim.draws.philox import uniforms
from flowsim.system.spec import Distribution, Steps, Table
from tests.draws.streams import (
    DAY,
    HOUR,
    age_mix,
    discrete,
    frailty_mix,
    listed,
    patients,
    per_hour,
    renewal,
    stream,
    system,
    thin,
)

MIX = (age_mix(0.3, 0.5, 0.2), frailty_mix(0.1, 0.3, 0.6))
WALK_IN = stream(rate=per_hour((0, 1.0), (8, 4.0), (20, 2.0), days=10), mix=MIX)
hourly = st.floats(0, 6).filter(lambda rate: rate == 0 or rate > 0.01)
days_of_rates = st.lists(hourly, min_size=4, max_size=4)


def through_the_day(rates):
    """Return a rate that changes every six hours."""
    return per_hour(*zip((0, 6, 12, 18), rates, strict=True), days=3)


def of(drawn_spec, index=0, replication=0):
    return patients(arrivals(drawn_spec, replication), index)


def test_another_stream_changes_nothing():
    alone = of(system(WALK_IN))
    other = stream("ambulance", mix=(age_mix(0.1, 0.1, 0.8, name="ambulance"),))
    assert of(system(WALK_IN, other)) == alone
    assert of(system(other, WALK_IN), 1) == alone
    assert len(alone) > 500


def test_streams_are_not_alike():
    other = stream("ambulance", WALK_IN.rate)
    drawn = arrivals(system(WALK_IN, other), 0)
    assert not set(drawn.tick[drawn.stream == 0]) & set(drawn.tick[drawn.stream == 1])


@given(days_of_rates, st.lists(st.floats(0, 6), min_size=4, max_size=4))
@settings(max_examples=30, deadline=None)
def test_a_higher_rate_adds_patients_and_moves_none(rates, more):
    fewer = of(system(stream(rate=through_the_day(rates), mix=MIX), days=3))
    higher = [rate + extra for rate, extra in zip(rates, more, strict=True)]
    many = of(system(stream(rate=through_the_day(higher), mix=MIX), days=3))
    assert fewer.items() <= many.items()


@given(days_of_rates, days_of_rates)
@settings(max_examples=30, deadline=None)
def test_a_change_of_rate_concerns_its_own_hours_only(rates, others):
    one = of(system(stream(rate=through_the_day(rates), mix=MIX), days=3))
    two = of(system(stream(rate=through_the_day(others), mix=MIX), days=3))
    for quarter, (rate, other) in enumerate(zip(rates, others, strict=True)):

        def there(number, those, quarter=quarter):
            return those[number][0] // (6 * HOUR) % 4 == quarter

        here = {n: p for n, p in one.items() if there(n, one)}
        also = {n: p for n, p in two.items() if there(n, two)}
        assert rate > other or here.items() <= also.items()
        assert rate < other or also.items() <= here.items()


def test_a_higher_rate_adds_as_many_as_asked():
    rate = per_hour((0, 3.0))
    drawn = arrivals(system(stream(rate=rate), days=400), 0)
    more = arrivals(system(stream(rate=per_hour((0, 3.3))), days=400), 0)
    added = more.tick.size - drawn.tick.size
    assert abs(added - 0.3 * 24 * 400) < 4 * np.sqrt(0.3 * 24 * 400)


def test_a_longer_run_has_the_same_patients_and_more():
    day_to_day = replace(WALK_IN, day_spread=0.2)
    short = arrivals(system(day_to_day, days=10), 0)
    long = arrivals(system(day_to_day, days=200), 0)
    first = long.tick < 10 * DAY
    for name in ("stream", "number", "tick", "attributes"):
        assert np.array_equal(getattr(long, name)[first], getattr(short, name))


@pytest.mark.parametrize("gaps", [Distribution("gamma", 2.0, 30.0), Distribution("constant", 37.1)])
def test_a_longer_run_has_the_same_renewals_and_more(gaps):
    short, long = of(system(renewal(gaps), days=30)), of(system(renewal(gaps), days=300))
    assert short.items() <= long.items()
    assert all(tick >= 30 * DAY for number, (tick, _) in long.items() if number not in short)


def test_another_mix_of_one_attribute_changes_that_and_what_hangs_on_it():
    older = replace(WALK_IN, mix=(age_mix(0.1, 0.3, 0.6), MIX[1]))
    frailer = replace(WALK_IN, mix=(MIX[0], frailty_mix(0.2, 0.5, 0.9)))
    as_was, with_older, with_frailer = of(system(WALK_IN)), of(system(older)), of(system(frailer))
    assert as_was.keys() == with_older.keys() == with_frailer.keys()
    for number, (tick, (age, frailty)) in as_was.items():
        assert with_older[number][0] == with_frailer[number][0] == tick
        assert with_older[number][1][0] >= age
        assert with_frailer[number][1][0] == age
        assert with_frailer[number][1][1] >= frailty


def test_thinning_takes_patients_away_and_leaves_the_others():
    before = of(system(WALK_IN))
    thinned = replace(WALK_IN, thins=(thin(0.2, "a"), thin(0.1, "b")))
    drawn = arrivals(system(thinned), 0)
    after = patients(drawn)
    assert after.items() <= before.items()
    assert drawn.prevented[0, "a"] + drawn.prevented[0, "b"] == len(before) - len(after)
    more = of(system(replace(WALK_IN, thins=(thin(0.3, "a"), thin(0.1, "b")))))
    assert more.items() <= after.items()


def test_thinning_only_those_it_is_for():
    by_age = Table((0,), (3,), (0.0, 0.0, 1.0))
    before, after = of(system(WALK_IN)), of(system(replace(WALK_IN, thins=(thin(by_age),))))
    assert after == {number: patient for number, patient in before.items() if patient[1][0] < 2}


def test_an_intervention_that_starts_changes_patients_from_that_tick_on():
    middle = 5 * DAY
    dated = Table((), (), (0.0, 1.0), periods=2)
    before = of(system(WALK_IN))
    after = of(system(replace(WALK_IN, thins=(thin(dated),)), periods=(0, middle)))
    assert after == {number: patient for number, patient in before.items() if patient[0] < middle}
    age = replace(MIX[0], cumulative=Table((), (), ((1.0, 1.0, 1.0), (0.0, 0.0, 1.0)), periods=2))
    dated_mix = of(system(replace(WALK_IN, mix=(age,)), periods=(0, middle)))
    assert all(codes[0] == (0 if tick < middle else 2) for tick, codes in dated_mix.values())


def test_day_factors_go_with_the_date():
    busy = stream(rate=per_hour((0, 800.0)), day_spread=0.3)
    early = arrivals(system(busy, days=8, start=date(2026, 1, 5)), 0).tick
    late = arrivals(system(busy, days=8, start=date(2026, 1, 7)), 0).tick
    on_early, on_late = (
        np.bincount(tick // DAY, minlength=8)[part] for tick, part in ((early, slice(2, 8)), (late, slice(6)))
    )
    # Both counts are Poisson around 19,200 times the factor of the same date.
    assert np.all(np.abs(on_early - on_late) < 5 * np.sqrt(on_early + on_late))
    assert np.ptp(on_early) > 10 * np.sqrt(on_early.mean())


def test_seed_and_replication_change_everything():
    ticks = [
        set(arrivals(system(WALK_IN, seed=seed), replication).tick.tolist())
        for seed, replication in ((7, 0), (7, 1), (8, 0), (0, 7))
    ]
    for i, one in enumerate(ticks):
        for other in ticks[:i]:
            assert not one & other


def test_attributes_are_drawn_apart():
    flat = replace(WALK_IN, mix=(age_mix(0.5, 0.5, 0.0), frailty_mix(0.5, 0.5, 0.5)))
    drawn = arrivals(system(flat, days=300), 0)
    age, frailty = drawn.attributes[:, 0], drawn.attributes[:, 1]
    hour = drawn.tick % HOUR
    for one, other in ((age, frailty), (age, hour), (frailty, hour), (age[1:], age[:-1])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(age.size)


def test_no_two_purposes_share_a_draw():
    own = (demand.GAP, demand.LEVEL, demand.BATCH, demand.DAY_FACTOR)
    of_stream = [mix.purpose for mix in MIX] + [thin(0.1).purpose, WALK_IN.routing.purpose]
    assert len({*own, *of_stream}) == len(own) + len(of_stream)
    numbers = np.concatenate([np.arange(500), np.arange(500) + (1 << 32)])
    draws = [uniforms(7, 0, key, numbers, p) for key in (1, 2) for p in (*own, *of_stream)]
    assert np.unique(np.concatenate(draws)).size == 2 * (len(own) + len(of_stream)) * numbers.size


def test_patients_of_batches_have_numbers_of_their_own():
    grouped = stream(rate=per_hour((0, 1.0)), batch=discrete({1: 0.5, 3: 0.5}), mix=MIX)
    drawn = arrivals(system(grouped, days=100), 0)
    assert np.unique(drawn.number).size == drawn.number.size
    more = of(system(replace(grouped, rate=per_hour((0, 1.7))), days=100))
    assert patients(drawn).items() <= more.items()
    smaller = of(system(replace(grouped, batch=discrete({1: 1.0})), days=100))
    assert smaller.items() <= patients(drawn).items()


def test_listed_patients_keep_what_is_written():
    spec = system(listed((5, (2, 1)), (9, (0, 1)), (5, (-1, 0)), (99 * DAY, (0, 0)), mix=MIX), days=2)
    drawn = arrivals(spec, 0)
    assert drawn.tick.tolist() == [5, 5, 9]
    assert drawn.number.tolist() == [0, 2, 1]
    assert drawn.attributes[[0, 2]].tolist() == [[2, 1], [0, 1]]
    assert drawn.attributes[1, 1] == 0


def test_arrivals_come_in_order():
    spec = system(WALK_IN, stream("second"), renewal(Distribution("constant", 60.0)), days=20, ticks=1)
    drawn = arrivals(spec, 0)
    names = list(zip(drawn.tick.tolist(), drawn.stream.tolist(), drawn.number.tolist(), strict=True))
    assert names == sorted(set(names))


def test_no_streams_no_patients():
    drawn = arrivals(system(), 0)
    assert drawn.tick.size == 0
    assert drawn.attributes.shape == (0, 2)
    closed = arrivals(system(stream(rate=Steps((0,), (0.0,)))), 0)
    assert closed.tick.size == 0
    assert closed.expected[0].after == 0


def test_patients_kept_from_another_system_are_those_drawn_afresh():
    changes = [WALK_IN, replace(WALK_IN, thins=(thin(0.2),)), replace(WALK_IN, mix=(age_mix(0.5, 0.3, 0.2),))]
    specs = [system(WALK_IN), *map(system, changes), system(WALK_IN, seed=8), system(WALK_IN, days=9)]
    together = [of(spec, replication=r) for spec in specs for r in (0, 1)]
    afresh = []
    for spec in specs:
        for replication in (0, 1):
            draw.forget()
            afresh.append(of(spec, replication=replication))
    assert together == afresh
    assert together[:2] == together[2:4]
    assert len({str(drawn) for drawn in together[2:]}) == len(together) - 2
