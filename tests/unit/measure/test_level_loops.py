"""Numbers open over time, and what stations ask of every visit, against a plain way of saying the same."""

from collections import Counter

import numpy as np
import pytest

from flowsim.measure import audit_loops, level_loops, station_loops
from flowsim.measure.integrals import steps
from flowsim.measure.intervals import FAR
from flowsim.measure.levels import level, quantiles, quantiles_by_key
from flowsim.measure.sorting import codes
from flowsim.trajectory import Outcome

RNG = np.random.default_rng(3)
N = 400


def stretches(weights=(1,), length=200):
    start = RNG.integers(-50, 900, N)
    stop = np.where(RNG.random(N) < 0.1, FAR, start + RNG.integers(0, length, N))
    return start, stop, RNG.choice(weights, N)


@pytest.mark.parametrize("weights", [(1,), (1, 2), (1, -1), (1, 0, 70_000)])
@pytest.mark.parametrize("length", [200, 2])
def test_numbers_open_are_the_levels_of_every_tick(weights, length):
    start, stop, weight = stretches(weights, length)
    ticks, number = level(start, stop, weight, 800).steps()
    assert ticks[0] == start.min()
    assert (np.diff(ticks) > 0).all()
    for t in range(start.min(), 800):
        wanted = (weight * (start <= t) * (t < stop)).sum()
        assert number[np.searchsorted(ticks, t, side="right") - 1] == wanted


def test_changes_close_together_are_sorted_all_the_same():
    start = np.append(RNG.integers(10**9, 10**9 + 10**5, 2000), 0)
    ones = np.ones_like(start)
    assert not level_loops.changes(start, start + 50, codes(ones), 0, 10**11)[2]
    np.testing.assert_array_equal(
        level(start, start + 50, ones, 10**11).steps(), steps(start, start + 50, ones, 0, 10**11)
    )


def test_nobody_is_in_a_place_that_nobody_comes_to():
    none = np.zeros(0, dtype=np.int64)
    lowest, spent, at = level(none, none, none, 800).times((100, 700), np.array([0, 300]))
    assert (lowest, spent.tolist(), at.tolist()) == (0, [600], [0, 0])


@pytest.mark.parametrize("window", [(100, 700), (0, 800), (-50, 900)])
@pytest.mark.parametrize("weights", [(1, 2), (1, -1)])
def test_time_at_each_level_is_that_of_every_tick_counted(weights, window):
    start, stop, weight = stretches(weights)
    ticks = np.array([0, 100, 333, 799])
    lowest, spent, at_ticks = level(start, stop, weight, 900).times(window, ticks)
    at = [(weight * (start <= t) * (t < stop)).sum() for t in range(*window)]
    values = lowest + np.flatnonzero(spent)
    assert dict(zip(values, spent[spent > 0], strict=True)) == Counter(at)
    assert quantiles(lowest, spent, (0.5, 0.95)) == np.quantile(at, (0.5, 0.95), method="inverted_cdf").tolist()
    assert at_ticks.tolist() == [(weight * (start <= t) * (t < stop)).sum() for t in ticks]


@pytest.mark.parametrize("takes", [(1,), (1, 2)])
def test_steps_above_duty_are_those_a_count_at_every_start_finds(takes):
    pool = codes(RNG.integers(0, 3, N))
    started = np.where(RNG.random(N) < 0.1, -1, np.sort(RNG.integers(0, 500, N)) + RNG.integers(0, 20, N))
    ended = np.where((started < 0) | (RNG.random(N) < 0.05), -1, started + RNG.integers(0, 30, N))
    by, duty_tick, duty = codes(RNG.choice(takes, N)), np.array([10, 100, 300]), np.array([8, 5, 12])
    bounds, *columns = audit_loops.steps_by_pool(pool, 3, started, ended, by)
    for p in range(3):
        since, until, number = (column[bounds[p] : bounds[p + 1]] for column in columns)
        mine = (pool == p) & (started >= 0)
        assert [since.tolist(), number.tolist()] == [started[mine].tolist(), by[mine].tolist()]
        over = level(since, until, number, 600).above(duty_tick, duty)
        excess = []
        for t in since:
            there = duty[duty_tick <= t]
            excess.append(number[(since <= t) & (t < until)].sum() - (there[-1] if there.size else 0))
        found = audit_loops.starts_above(since, np.zeros(0, dtype=bool), *over, 600)
        assert found == (sum(o > 0 for o in excess), max([0, *excess]))
        out = RNG.random(len(since)) < 0.5
        kept = [o for o, is_out in zip(excess, out, strict=True) if not is_out]
        assert audit_loops.starts_above(since, out, *over, 600) == (sum(o > 0 for o in kept), max([0, *kept]))


def test_a_number_is_above_another_where_their_difference_is():
    start, stop, weight = stretches((1, 2))
    ticks, offered = steps(*stretches((1, 2)), 0, 800)
    since, over = level(start, stop, weight, 800).above(ticks + 5, offered)
    for t in range(start.min(), 800):
        lower = offered[np.searchsorted(ticks + 5, t, side="right") - 1] if t >= 5 else 0
        wanted = max((weight * (start <= t) * (t < stop)).sum() - lower, 0)
        at = np.searchsorted(since, t, side="right")
        assert (over[at - 1] if at else 0) == wanted


def test_where_none_open_above_what_there_is_nothing_is_above():
    # Two are there when one place goes; a third comes to the place that is free after both have left.
    start, stop, ones = np.array([0, 0, 60]), np.array([50, 55, 90]), np.ones(3, dtype=np.int64)
    there = level(start, stop, ones, 100)
    assert not there.above(np.array([0, 20]), np.array([2, 1]))[0].size
    since, over = there.above(np.array([0, 20]), np.array([2, 0]))
    assert (since.tolist(), over.tolist()) == ([20, 50, 55, 60, 90], [2, 1, 0, 1, 0])


def test_time_covered_is_that_of_ticks_with_any_open():
    key, (start, stop, _) = RNG.integers(0, 3, N), stretches()
    found = station_loops.covered(codes(key), 3, start, stop, np.argsort(start, kind="stable"), 100, 700)
    for k in range(3):
        assert found[k] == sum(((key == k) & (start <= t) & (t < stop)).any() for t in range(100, 700))


def test_percentiles_by_key_are_those_of_numpy():
    values, ends = RNG.integers(0, 900, N), [(0, 100), (100, 101), (150, 150), (150, N)]
    found = quantiles_by_key(values.copy(), ends, (0.5, 0.9, 0.95), 7.0)
    for k, (first, last) in enumerate(ends):
        if last > first:
            wanted = np.quantile(values[first:last] / 7, (0.5, 0.9, 0.95))
            np.testing.assert_allclose(found[:, k], wanted, rtol=1e-12)
    assert np.isnan(found[:, 2]).all()


def test_patients_of_the_system_are_counted_in_the_window():
    stream, arrival = RNG.integers(-1, 3, N), RNG.integers(0, 900, N)
    left = np.where(RNG.random(N) < 0.2, -1, arrival + RNG.integers(0, 300, N))
    arrival[stream < 0] = 0
    came, until = (stream >= 0) & (arrival >= 100) & (arrival < 700), np.where(left < 0, FAR, left)
    gone = came & (left >= 0)
    inside = sum((((stream < 0) | (arrival <= t)) & (t < until)).sum() for t in range(100, 700))
    completed = ((left >= 100) & (left < 700)).sum()
    wanted = (came.sum(), gone.sum(), (left - arrival)[gone].sum(), completed, inside)
    assert station_loops.system(stream, arrival, left, 100, 700) == wanted


def test_visits_are_counted_and_their_times_added_up_by_key():
    n_keys, (begin, end) = 3, (200, 700)
    key, outcome = codes(RNG.integers(0, n_keys, N)), codes(RNG.integers(0, 5, N))
    queued = np.sort(RNG.integers(-50, 900, N))
    has_started = (outcome == Outcome.SERVED) | (RNG.random(N) < 0.3)
    started = np.where(has_started, queued + RNG.integers(0, 3, N) * 20, -1)
    ready = np.where(has_started, started + RNG.integers(0, 90, N), -1)
    left = np.where(outcome == Outcome.IN_PROGRESS, -1, np.maximum(ready, queued) + RNG.integers(0, 50, N))
    interrupted, blocked = RNG.integers(0, 2, N) * 5, np.where(RNG.random(N) < 0.2, 7, 0)
    origin, destination, initial = (codes(RNG.integers(0, n, N)) for n in (5, 6, 2))
    is_placed = (initial == 1) & has_started
    count, total, power, waits, last = station_loops.stays(
        key,
        room := np.append(0, np.cumsum(np.bincount(key, minlength=n_keys))),
        (begin, end),
        2.0,
        4,
        (Outcome.SERVED, Outcome.REFUSED, Outcome.BAULKED, Outcome.RENEGED, Outcome.IN_PROGRESS),
        (queued, started, ready, left, interrupted),
        (outcome, origin, destination, initial),
        (has_started, is_placed),
        blocked,
    )
    wait = np.where(has_started, started, np.where(left < 0, queued, left)) - queued
    came = (initial == 0) & (queued >= begin) & (queued < end)
    began = has_started & ~is_placed & (started >= begin) & (started < end)
    either, done = came & (has_started | (outcome == Outcome.RENEGED)), came & (outcome == Outcome.SERVED)
    known, onward = came & (has_started | (outcome != Outcome.IN_PROGRESS)), destination < 4
    ended = (outcome == Outcome.SERVED) & (left >= begin) & (left < end)
    lost = [known & (outcome == how) for how in (Outcome.REFUSED, Outcome.BAULKED, Outcome.RENEGED)]
    flags = [came, came & (origin == 4), ended, known, *lost, began, came & has_started, either, either & (wait > 0)]
    flags += [done, done & (blocked > 0), done & onward, done & onward & (blocked > 0)]
    times = [(began, wait), (lost[2], wait), (either, wait), (done, left - started - interrupted)]
    times += [(done, ready - started - interrupted), (done, left - queued), (done, blocked), (done & onward, blocked)]
    until, over = np.where(left < 0, FAR, left), np.where(ready < 0, FAR, ready)
    there = [(queued, np.where(has_started, started, until)), (started, until), (started, np.minimum(over, until))]
    for flag, (since, to) in zip((np.ones(N, dtype=bool), has_started, has_started), there, strict=True):
        times.append((flag, np.maximum(np.clip(to, begin, end) - np.clip(since, begin, end), 0)))
    for k in range(n_keys):
        assert count[k].tolist() == [(flag & (key == k)).sum() for flag in flags]
        assert total[k].tolist() == [ticks[flag & (key == k)].sum() for flag, ticks in times]
        mine = wait[came & has_started & (key == k)]
        assert waits[room[k] : last[k]].tolist() == mine.tolist()
        assert power[k] == pytest.approx([(mine / 2).sum(), ((mine / 2) ** 2).sum()], rel=1e-13)
