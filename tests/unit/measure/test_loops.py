"""Compiled loops against a plain way of saying the same."""

import itertools

import numpy as np
import pytest

from flowsim.measure import audit_loops, cost_loops, home_care_loops, loops, quantile_loops
from flowsim.measure.integrals import areas, levels_at, places_in, steps, together
from flowsim.measure.intervals import FAR
from flowsim.measure.sorting import codes

RNG = np.random.default_rng(3)
N = 400


def stretches(weights=(1,)):
    start = RNG.integers(-50, 900, N)
    stop = np.where(RNG.random(N) < 0.1, FAR, start + RNG.integers(0, 200, N))
    return RNG.integers(0, 3, N), start, stop, RNG.choice(weights, N)


@pytest.mark.parametrize("weights", [(1,), (1, 2), (1, -1)])
@pytest.mark.parametrize("edges", [[100, 700], [0, 167, 336, 503, 800], [5, 6, 7, 1000]])
def test_areas_are_those_of_every_tick_counted(weights, edges):
    key, start, stop, weight = stretches(weights)
    open_at = np.array(
        [[(weight * (key == k) * (start <= t) * (t < stop)).sum() for t in range(1000)] for k in range(3)]
    )
    found = areas(key, 3, start, stop, weight, np.array(edges))
    for p, (begin, end) in enumerate(itertools.pairwise(edges)):
        np.testing.assert_array_equal(found[:, p], open_at[:, begin:end].sum(axis=1))
    ticks = np.array(edges[:-1])
    np.testing.assert_array_equal(levels_at(key, 3, start, stop, weight, ticks), open_at[:, ticks])


@pytest.mark.parametrize("weights", [(1,), (1, 2), (1, -1)])
def test_steps_are_the_levels_of_every_tick(weights):
    _, start, stop, weight = stretches(weights)
    ticks, level = steps(start, stop, weight, 20, 800)
    assert ticks[0] == 20
    assert (np.diff(ticks) > 0).all()
    for t in range(20, 800):
        wanted = (weight * (start <= t) * (t < stop)).sum()
        assert level[np.searchsorted(ticks, t, side="right") - 1] == wanted


def test_areas_of_slices_are_those_of_their_stretches():
    place, start, stop, weight = stretches((1, 2))
    order, bounds = np.argsort(place, kind="stable"), np.searchsorted(np.sort(place), np.arange(4))
    start, stop, weight, edges = start[order], stop[order], codes(weight[order]), np.array([0, 167, 336, 800])
    row, code, sort = codes(RNG.integers(0, N, N)), codes(RNG.integers(0, 3, N)), codes(RNG.integers(0, 2, N))
    key, kind, here = np.array([0, 1, -1], dtype=np.int8), codes([0, 2]), [2, 0]
    found = loops.area(
        (bounds[:-1][here], bounds[1:][here]), (row, start, stop, weight), (code, key), (sort, kind), 4, edges
    )
    for k, s in enumerate(here):
        for level in range(4):
            mine = (np.sort(place) == s) & (key[code[row]] >= 0) & (key[code[row]] + kind[sort] == level)
            wanted = areas(np.zeros(mine.sum()), 1, start[mine], stop[mine], weight[mine], edges)[0]
            np.testing.assert_array_equal(found[4 * k + level], wanted)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_level_not_exceeded_is_found_in_each_period(share):
    ticks, level = steps(*stretches((1, 2))[1:], -60, FAR)
    begin, end = np.array([0, 30, 31, 300, 0]), np.array([30, 31, 300, 900, 900])
    found = loops.level_quantiles(ticks, level, begin, end, share)
    for value, a, z in zip(found, begin.tolist(), end.tolist(), strict=True):
        at = level[np.searchsorted(ticks, np.arange(a, z), side="right") - 1]
        assert value == np.quantile(at, share, method="inverted_cdf")


def test_moments_are_added_up_by_cell():
    service, split, tick = RNG.integers(0, 3, N), RNG.integers(0, 2, N), RNG.integers(-10, 120, N)
    value, edges = RNG.integers(-100, 100, N), np.array([0, 30, 60, 100])
    number, total = loops.sums(service, split, tick, value, edges, (3, 2))
    for s, k, p in itertools.product(range(3), range(2), range(3)):
        here = (service == s) & (split == k) & (tick >= edges[p]) & (tick < edges[p + 1])
        assert number[s, k, p] == here.sum()
        assert total[s, k, p] == value[here].sum()


@pytest.mark.parametrize("n", [0, 40, N, 100 * N])
@pytest.mark.parametrize("most", [3, 1 << 30, 1 << 40])
def test_values_of_groups_of_cells_are_found_by_rank(most, n):
    cell, value = RNG.integers(0, 9, n), np.exp(RNG.random(n) * np.log(most)).astype(np.int64) - 5
    # Cells 1 and 2, 4 and 5, 7 and 8 together; all cells from 3 on; and two groups without any.
    groups = codes([[-1, 0, 0, -1, 1, 1, -1, 2, 2], [-1] * 3 + [3] * 6])
    inside = [np.sort(value[np.isin(cell, cells)]) for cells in ([1, 2], [4, 5], [7, 8], range(3, 9), [], [])]
    lower = np.array([0, *(int(share * len(v)) for share, v in zip([0.5, 0.9, 0.2, 1, 1], inside[1:], strict=True))])
    found = quantile_loops.at_ranks((value << 4) + cell, 4, groups, lower, lower + 1)
    for low, rank in zip(found, (lower, lower + 1), strict=True):
        assert low.tolist() == [v[r] if r < len(v) else 0 for v, r in zip(inside, rank, strict=True)]


def test_tallies_count_by_key_and_period():
    key, tick, edges = RNG.integers(0, 3, N), RNG.integers(-10, 120, N), np.array([0, 30, 60, 100])
    found = loops.tally(key, tick, edges, 3)
    for p, (begin, end) in enumerate(itertools.pairwise(edges)):
        for k in range(3):
            assert found[k, p] == ((key == k) & (tick >= begin) & (tick < end)).sum()


@pytest.mark.parametrize("edges", [[0, 100], [0, 30, 100], [0, 30, 60, 100], [30, 60]])
def test_sums_over_longer_periods_are_those_of_shorter_ones(edges):
    grid, key, tick = np.array([0, 30, 60, 100]), RNG.integers(0, 3, N), RNG.integers(-10, 120, N)
    at = places_in(grid, np.array(edges))
    found = together(loops.tally(key, tick, grid, 3), at)
    np.testing.assert_array_equal(found, loops.tally(key, tick, np.array(edges), 3))
    assert places_in(grid, np.array([0, 31])) is None
    assert places_in(grid, np.array([0, 101])) is None


def test_a_step_function_less_another_is_less_at_every_tick():
    first, second = (steps(*stretches((1, 2))[1:], 0, 800) for _ in range(2))
    ticks, level = loops.less(*first, *second)
    for t in range(800):
        (a, x), (b, y) = first, second
        wanted = x[np.searchsorted(a, t, side="right") - 1] - y[np.searchsorted(b, t, side="right") - 1]
        assert level[np.searchsorted(ticks, t, side="right") - 1] == wanted


def test_step_functions_add_up_to_an_end_by_key():
    key, tick = RNG.integers(0, 4, N), np.sort(RNG.integers(0, 900, N))
    value = RNG.integers(0, 9, N)
    found = audit_loops.held(key, 5, tick, value, 700)
    for k in range(5):
        mine, total = key == k, 0
        for t in range(700):
            before = value[mine & (tick <= t)]
            total += before[-1] if before.size else 0
        assert found[k] == total


def test_stretches_clipped_are_those_in_the_window():
    key, start, stop, weight = stretches((1, 2))
    lasts = np.maximum(np.clip(stop, 100, 700) - np.clip(start, 100, 700), 0) * weight
    found = audit_loops.clipped_sums(codes(key), 3, start, stop, codes(weight), 100, 700)
    assert found.tolist() == [lasts[key == k].sum() for k in range(3)]


def test_visits_counted_one_by_one_are_those_in_the_window():
    key, queued, left, units = stretches((1, 2))
    flags = [RNG.random(N) < share for share in (0.8, 0.2, 0.7, 0.1)]
    joined, there, began, placed = flags
    started = np.where(began, queued + RNG.integers(0, 80, N), -1)
    left = np.where(left == FAR, -1, np.maximum(left, started))
    found = audit_loops.visits_one_by_one(
        codes(key), 3, (queued, started, left), tuple(flags), codes(units), (100, 700)
    )
    until = np.where(left == -1, FAR, left)
    spans = [(began, started, until, units), (np.ones(N, dtype=bool), queued, np.where(began, started, until), 1)]
    for k in range(3):
        assert found[k, 0] == ((key == k) & joined & ~there & (queued >= 100) & (queued < 700)).sum()
        assert found[k, 1] == ((key == k) & began & ~placed & (started >= 100) & (started < 700)).sum()
        for column, (flag, since, end, weight) in enumerate(spans, start=2):
            lasts = np.maximum(np.clip(end, 100, 700) - np.clip(since, 100, 700), 0) * weight
            assert found[k, column] == lasts[flag & (key == k)].sum()
    priced = cost_loops.visits_in(codes(key), 3, queued, joined, there, np.array([100, 300, 700]))
    assert priced.sum(axis=1).tolist() == found[:, 0].tolist()
    assert priced[0, 1] == ((key == 0) & joined & ~there & (queued >= 300) & (queued < 700)).sum()


@pytest.mark.parametrize("column", range(4))
def test_patients_alike_are_those_without_a_column_changed(column):
    stream = np.append([-1, -1], RNG.integers(0, 3, N - 2))
    number, arrival, levels = np.arange(N), RNG.integers(0, 900, N), RNG.integers(0, 5, (N, 2)).astype(np.int16)
    drawn = [stream[2:], number[2:], arrival[2:], levels[2:]]
    drawn[column] = drawn[column].copy()
    drawn[column][[3, 50, 200]] += 1
    count, same = audit_loops.alike((stream, number, arrival), tuple(drawn[:3]), levels, drawn[3], 3)
    assert count.tolist() == [(stream == s).sum() for s in range(3)]
    assert same == N - 2 - 3


def test_packages_are_visited_from_their_first_list_to_their_end():
    lists = np.array([300, 1740, 3180, 4620])
    # Two carers come 3 times a day and then 1, over three days; one goes on from before the start; one is not come to.
    first, last, days, takes = (codes(c) for c in ([3000, 1500, 9000], [1000, 500, 9000], [3, 4, 1], [2, 1, 1]))
    started, left = np.array([300, -2880, 400]), np.array([4620, -1, 500])
    package = first, last, days, takes
    found = home_care_loops.package_days(codes([0, 1, 2]), package, started, left, lists, 1440)
    # The second's day 2 of 4 has 1.5 - 2/3 visits, and those from day 3 on a half, rounded to even.
    assert list(zip(*found, strict=True)) == [
        (0, 0, 6),
        (0, 1, 4),
        (0, 2, 2),
        (1, 0, 1),
        (1, 1, 0),
        (1, 2, 0),
        (1, 3, 0),
    ]
