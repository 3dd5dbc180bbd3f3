"""Numbers open over time, and what stations ask of every visit, against a plain way of saying the same."""

import numpy as np
import pytest

from flowsim.measure import audit_loops, level_loops, station_loops
from flowsim.measure.integrals import NO_CODES, steps
from flowsim.measure.intervals import FAR, NO_FLAGS
from flowsim.measure.levels import NO_SPANS, quantiles_by_key
from flowsim.measure.sorting import codes, whole
from flowsim.trajectory import Outcome

RNG = np.random.default_rng(3)
N = 400


def stretches(weights=(1,), length=200):
    start = RNG.integers(-50, 900, N)
    stop = np.where(RNG.random(N) < 0.1, FAR, start + RNG.integers(0, length, N))
    return start, stop, RNG.choice(weights, N)


def counted(ticks, start, stop, weight):
    """Return how many are open at each tick."""
    return np.array([(weight * (start <= t) * (t < stop)).sum() for t in ticks], dtype=int)


def census(key, parts, offered, window, ticks, shares, n=3):
    """Return the census of stretches by key and of what is offered to each, by key and tick."""
    order, tables = np.argsort(key, kind="stable"), [np.array(o).reshape(-1, 2) for o in offered]
    bounds, places = np.searchsorted(key[order], range(n + 1)), np.cumsum([0, *map(len, tables)])
    start, stop, weight = (p[order] for p in parts)
    nobody = (NO_CODES, np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)), NO_SPANS
    there = places, *(whole(column) for column in np.concatenate(tables).T)
    stretches = bounds, whole(start), whole(stop), codes(weight)
    return level_loops.census(nobody, stretches, there, window, np.array(ticks), np.array(shares))


@pytest.mark.parametrize("window", [(100, 700), (0, 800), (-50, 900)])
@pytest.mark.parametrize("weights", [(1,), (1, 2), (1, -1), (1, 0, 70)])
@pytest.mark.parametrize("length", [200, 2])
def test_a_census_is_that_of_every_tick_counted(weights, length, window):
    key, ticks, shares = RNG.integers(0, 3, N), [max(0, window[0]), 333, 699], (0.05, 0.5, 0.95)
    parts, offered = stretches(weights, length), [[(0, 40), (300, 25)], [], [(50, 10**6)]]
    quantiles, at_ticks, _ = census(key, parts, offered, window, ticks, shares)
    for k in range(3):
        mine = [p[key == k] for p in parts]
        at = counted(range(*window), *mine)
        assert quantiles[k].tolist() == np.quantile(at, shares, method="inverted_cdf").tolist()
        assert at_ticks[k].tolist() == counted(ticks, *mine).tolist()


def test_changes_close_together_are_sorted_all_the_same():
    start = np.append(RNG.integers(10**9, 10**9 + 10**5, 2000), 0)
    parts = start, start + 50, np.ones_like(start)
    ticks = np.sort(RNG.choice(start, 300))
    _, at_ticks, _ = census(np.zeros_like(start), parts, [[]], (0, 10**11), ticks, (0.5,), n=1)
    assert at_ticks[0].tolist() == counted(ticks, *parts).tolist()


def test_nobody_is_in_a_place_that_nobody_comes_to():
    none = np.zeros(0, dtype=np.int64)
    quantiles, at_ticks, is_above = census(none, (none, none, none), [[]], (100, 700), [100, 300], (0.5, 0.95), n=1)
    assert (quantiles.tolist(), at_ticks.tolist(), is_above.tolist()) == ([[0, 0]], [[0, 0]], [False])


def test_over_no_time_no_number_is_told():
    parts = np.array([0]), np.array([50]), np.array([1])
    assert np.isnan(census(np.array([0]), parts, [[]], (100, 100), [], (0.5,), n=1)[0]).all()


def test_a_census_of_visits_is_that_of_their_stretches():
    service, start, stop, weight = np.sort(RNG.integers(0, 3, N)), *stretches((1, 2))
    flag, ticks, shares = RNG.random(N) < 0.8, np.array([0, 333]), np.array([0.5, 0.95])
    slices = np.arange(N, dtype=np.int32), *np.searchsorted(service, [[0, 1, 2], [1, 2, 3]])
    spans = flag, start, NO_FLAGS, stop, np.where(stop == FAR, -1, stop), codes(weight)
    nothing, none = np.zeros(4, dtype=np.int64), np.zeros(0, dtype=np.int64)
    visits, others = (slices, spans), (nothing, none, none, NO_CODES)
    found = level_loops.census(visits, others, (nothing, none, none), (0, 800), ticks, shares)
    parts = [p[flag] for p in (start, stop, weight)]
    for column, wanted in zip(found, census(service[flag], parts, [[]] * 3, (0, 800), ticks, shares), strict=True):
        np.testing.assert_array_equal(column, wanted)


@pytest.mark.parametrize("takes", [(1,), (1, 2)])
def test_starts_above_what_there_is_are_those_a_count_at_every_start_finds(takes):
    since = np.sort(RNG.integers(0, 500, N)) + RNG.integers(0, 20, N)
    until, key, number = since + RNG.integers(0, 30, N), RNG.integers(0, 3, N), RNG.choice(takes, N)
    duty = [(10, 8), (100, 5), (300, 12)], [], [(0, 400)]
    *_, is_above = census(key, (since, until, number), duty, (0, 600), [], ())
    for k, offered in enumerate(duty):
        mine, table = [p[key == k] for p in (since, until, number)], np.array(offered).reshape(-1, 2)
        over = level_loops.above(*steps(*mine, 0, 600), *(whole(column) for column in table.T))
        there = [next((n for t, n in reversed(offered) if t <= tick), 0) for tick in mine[0]]
        excess = counted(mine[0], *mine) - there
        assert is_above[k] == (excess[mine[1] > mine[0]] > 0).any()
        for out in (NO_FLAGS, RNG.random(len(excess)) < 0.5):
            kept = excess[~out] if out.size else excess
            found = audit_loops.starts_above(mine[0], out, *over, 600)
            assert found == ((kept > 0).sum(), max([0, *kept]))


def test_a_number_is_above_another_where_their_difference_is():
    start, stop, weight = stretches((1, 2))
    ticks, offered = steps(*stretches((1, 2)), 0, 800)
    since, over = level_loops.above(*steps(start, stop, weight, start.min(), 800), ticks + 5, offered)
    for t in range(start.min(), 800):
        lower = offered[np.searchsorted(ticks + 5, t, side="right") - 1] if t >= 5 else 0
        wanted = max((weight * (start <= t) * (t < stop)).sum() - lower, 0)
        at = np.searchsorted(since, t, side="right")
        assert (over[at - 1] if at else 0) == wanted


def test_where_none_open_above_what_there_is_nobody_is_above():
    # Two are there when one place goes; a third comes to the place that is free after both have left.
    parts = np.array([0, 0, 60]), np.array([50, 55, 90]), np.ones(3, dtype=np.int64)
    for left, is_above in ((1, False), (0, True)):
        found = census(np.zeros(3, dtype=int), parts, [[(0, 2), (20, left)]], (0, 100), [], (), n=1)
        assert found[2].tolist() == [is_above]


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
    wait = np.where(has_started, started, np.where(left == -1, queued, left)) - queued
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
    until, over = np.where(left == -1, FAR, left), np.where(ready == -1, FAR, ready)
    there = [(queued, np.where(has_started, started, until)), (started, until), (started, np.minimum(over, until))]
    for flag, (since, to) in zip((np.ones(N, dtype=bool), has_started, has_started), there, strict=True):
        times.append((flag, np.maximum(np.clip(to, begin, end) - np.clip(since, begin, end), 0)))
    for k in range(n_keys):
        assert count[k].tolist() == [(flag & (key == k)).sum() for flag in flags]
        assert total[k].tolist() == [ticks[flag & (key == k)].sum() for flag, ticks in times]
        mine = wait[came & has_started & (key == k)]
        assert waits[room[k] : last[k]].tolist() == mine.tolist()
        assert power[k] == pytest.approx([(mine / 2).sum(), ((mine / 2) ** 2).sum()], rel=1e-13)
