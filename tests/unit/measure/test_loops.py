"""Compiled loops against a plain way of saying the same."""

import itertools
from collections import Counter

import numpy as np
import pytest

from flowsim.measure import audit_loops, audit_stay_loops, loops, rank_loops, station_loops
from flowsim.measure.audit_curves import limited_moments
from flowsim.measure.integrals import areas, clipped, levels_at, places_in, steps, together
from flowsim.measure.intervals import FAR
from flowsim.measure.levels import number_open, quantiles, quantiles_by_key, time_at_levels
from flowsim.measure.sorting import codes
from flowsim.system.spec import BY_DESTINATION, BY_ORIGIN, Distribution, Table

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
        assert value == quantiles(*time_at_levels(clipped(ticks, level, a, z), a, z), (share,))[0]


def test_moments_are_added_up_by_cell():
    service, split, tick = RNG.integers(0, 3, N), RNG.integers(0, 2, N), RNG.integers(-10, 120, N)
    value, edges = RNG.integers(-100, 100, N), np.array([0, 30, 60, 100])
    number, total = loops.sums(service, split, tick, value, edges, (3, 2))
    for s, k, p in itertools.product(range(3), range(2), range(3)):
        here = (service == s) & (split == k) & (tick >= edges[p]) & (tick < edges[p + 1])
        assert number[s, k, p] == here.sum()
        assert total[s, k, p] == value[here].sum()


@pytest.mark.parametrize("most", [3, 1 << 30])
def test_values_of_groups_of_cells_are_found_by_rank(most):
    cell, value = RNG.integers(0, 9, N), RNG.integers(0, most, N)
    values = rank_loops.rising((value << 4) + cell, 4)
    # Cells 1 and 2, 4 and 5, 7 and 8 together; and all cells from 3 on.
    groups = codes([[-1, 0, 0, -1, 1, 1, -1, 2, 2], [-1] * 3 + [3] * 6])
    inside = [np.sort(value[np.isin(cell, cells)]) for cells in ([1, 2], [4, 5], [7, 8], range(3, 9))]
    lower = np.array([len(v) // 2 for v in inside])
    low, high = rank_loops.at_ranks(values, 4, groups, lower, lower + 1)
    assert low.tolist() == [v[len(v) // 2] for v in inside]
    assert high.tolist() == [v[len(v) // 2 + 1] for v in inside]


def test_values_are_grouped_in_their_order():
    keys, value = RNG.integers(-1, 3, N), RNG.random(N)
    order = np.argsort(value, kind="stable")
    number, together_ = rank_loops.grouped(keys, value, order, 3)
    wanted = [value[order][keys[order] == k] for k in range(3)]
    assert number.tolist() == [len(v) for v in wanted]
    np.testing.assert_array_equal(together_, np.concatenate(wanted))


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


@pytest.mark.parametrize("is_sure", [True, False])
def test_expected_durations_are_interpolated_as_numpy_does(is_sure):
    curves = [limited_moments(d, 5000.0) for d in (Distribution("gamma", 2.0, 100.0), Distribution("constant", 60.0))]
    begins = np.cumsum([0, *(len(grid) for grid, _, _ in curves)])
    index, end, minute = RNG.integers(0, 2, N), 36_400, 7.0
    start = np.where(RNG.random(N) < 0.1, end - 420, RNG.integers(0, end, N))
    share = RNG.random(N)
    packed = (begins, *map(np.concatenate, zip(*curves, strict=True)))
    found = audit_stay_loops.expected(start, end, minute, index, share[:0] if is_sure else share, packed)
    mean, variance = 0.0, 0.0
    for i in range(N):
        grid, *both = curves[index[i]]
        first, second = (np.interp((end - start[i]) / minute, grid, values) for values in both)
        has = 1.0 if is_sure else share[i]
        mean += has * first
        variance += max(has * second - (has * first) ** 2, 0)
    assert found == pytest.approx((mean, variance), rel=1e-13)


def test_rows_of_tables_are_those_of_one_at_a_time():
    sizes = (3, 2, 4)
    visit, start, drawn = RNG.permutation(N), RNG.integers(0, 900, N), RNG.integers(0, 5, N)
    attributes, origin = RNG.integers(0, 24, N), codes(RNG.integers(0, 6, N))
    table = Table((2, BY_ORIGIN, 0, BY_DESTINATION), (4, 6, 3, 5), (), periods=3)
    by, each, below, periods = (np.array(x) for x in (table.by, table.sizes, (1, -1, 8, -1), (0, 300, 600)))
    found = audit_stay_loops.table_rows(by, each, below, periods, (visit, start, drawn), attributes, origin)
    for i in range(N):
        levels = np.unravel_index(attributes[visit[i]], sizes)
        assert found[i] == table.index(start[i] // 300, levels, origin[visit[i]], drawn[i])


def test_durations_count_once_a_visit_and_only_where_they_can_be_told():
    n_visits, end, latest = 300, 1000, 700
    visit, step = codes(RNG.integers(0, n_visits, N)), codes(RNG.integers(0, 2, N))
    start = np.where(RNG.random(N) < 0.1, -1, RNG.integers(0, 900, N))
    stop = np.where((start < 0) | (RNG.random(N) < 0.2), -1, start + RNG.integers(0, 90, N))
    is_placed, met = RNG.random(n_visits) < 0.1, np.zeros(n_visits, dtype=bool)
    rows = audit_stay_loops.first_of_visits(np.arange(N), visit, step, start, 1, met)
    began = np.flatnonzero((step == 1) & (start >= 0))
    np.testing.assert_array_equal(rows, began[np.sort(np.unique(visit[began], return_index=True)[1])])
    np.testing.assert_array_equal(audit_stay_loops.first_of_visits(np.arange(N), visit, step, start, 1, met[:0]), began)
    following = codes(np.where(RNG.random(n_visits) < 0.5, -1, RNG.integers(0, n_visits, n_visits)))
    service, went = codes(RNG.integers(0, 3, n_visits)), codes(RNG.integers(-1, 5, n_visits))
    code = np.array([7, -1, 8, 9, -1, -1])
    for last, by_place in ((-1, code[:0]), (latest, code[:0]), (latest, code)):
        led = (following, service, went, by_place)
        whose, since, drawn, ticks = audit_stay_loops.lived(rows, visit, start, stop, is_placed, (end, last), led)
        mine = visit[rows]
        place = np.where(following[mine] >= 0, service[following[mine]], went[mine])
        keep = ~is_placed[mine] & ((last < 0) | ((stop[rows] >= 0) & (start[rows] <= last)))
        keep &= (by_place[place] >= 0) if len(by_place) else True
        np.testing.assert_array_equal(whose, mine[keep])
        np.testing.assert_array_equal(since, start[rows[keep]])
        assert ticks == (np.where(stop < 0, end, stop) - start)[rows[keep]].sum()
        if len(by_place):
            np.testing.assert_array_equal(drawn, by_place[place[keep]])


def test_a_step_function_less_another_is_less_at_every_tick():
    first, second = (steps(*stretches((1, 2))[1:], 0, 800) for _ in range(2))
    ticks, level = loops.less(*first, *second)
    for t in range(800):
        (a, x), (b, y) = first, second
        wanted = x[np.searchsorted(a, t, side="right") - 1] - y[np.searchsorted(b, t, side="right") - 1]
        assert level[np.searchsorted(ticks, t, side="right") - 1] == wanted


@pytest.mark.parametrize("weights", [(1,), (1, 2), (1, -1)])
@pytest.mark.parametrize("length", [200, 2])
def test_numbers_open_are_the_levels_of_every_tick(weights, length):
    _, start, stop, weight = stretches(weights)
    stop = np.minimum(stop, start + length)
    ticks, level = number_open(start, stop, codes(weight), 800)
    assert ticks[0] == start.min()
    assert (np.diff(ticks) > 0).all()
    for t in range(start.min(), 800):
        wanted = (weight * (start <= t) * (t < stop)).sum()
        assert level[np.searchsorted(ticks, t, side="right") - 1] == wanted


def test_changes_close_together_are_left_to_be_sorted():
    start = np.append(RNG.integers(10**9, 10**9 + 10**5, 2000), 0)
    found = station_loops.steps(start, start + 50, codes(np.ones_like(start)), 0, 10**11)
    assert not found[0].size
    np.testing.assert_array_equal(
        number_open(start, start + 50, codes(np.ones_like(start)), 10**11),
        steps(start, start + 50, np.ones_like(start), 0, 10**11),
    )


def test_time_at_each_level_is_that_of_every_tick_counted():
    ticks, level = steps(*stretches((1, 2))[1:], 0, 800)
    values, spent = time_at_levels((ticks, level), 100, 700)
    at = level[np.searchsorted(ticks, np.arange(100, 700), side="right") - 1]
    assert dict(zip(values[spent > 0], spent[spent > 0], strict=True)) == Counter(at.tolist())
    assert quantiles(values, spent, (0.5, 0.95)) == np.quantile(at, (0.5, 0.95), method="inverted_cdf").tolist()


def test_time_covered_is_that_of_ticks_with_any_open():
    key, start, stop, _ = stretches()
    found = station_loops.covered(codes(key), 3, start, stop, np.argsort(start, kind="stable"), 100, 700)
    for k in range(3):
        assert found[k] == sum(((key == k) & (start <= t) & (t < stop)).any() for t in range(100, 700))


def test_percentiles_by_key_are_those_of_numpy():
    key, value = RNG.integers(0, 5, N), RNG.integers(0, 900, N)
    found = quantiles_by_key(key, value, 6, (0.5, 0.9, 0.95), 7.0)
    for k in range(5):
        np.testing.assert_allclose(found[:, k], np.quantile(value[key == k] / 7, (0.5, 0.9, 0.95)), rtol=1e-12)
    assert np.isnan(found[:, 5]).all()


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


@pytest.mark.parametrize("takes", [(1,), (1, 2)])
def test_steps_above_duty_are_those_a_count_at_every_start_finds(takes):
    rows = np.sort(RNG.choice(N, 300, replace=False))
    started = np.where(RNG.random(N) < 0.1, -1, np.sort(RNG.integers(0, 500, N)) + RNG.integers(0, 20, N))
    ended = np.where((started < 0) | (RNG.random(N) < 0.05), -1, started + RNG.integers(0, 30, N))
    by, duty_tick, duty = codes(RNG.choice(takes, N)), np.array([10, 100, 300]), np.array([25, 18, 40])
    since, until, number = audit_loops.begun(rows, started, ended, by)
    over = audit_loops.above(*number_open(since, until, number, 600), duty_tick, duty)
    found = audit_loops.starts_above(rows, started, np.zeros(0, dtype=bool), *over, 600)
    excess = []
    for t in since:
        there = duty[duty_tick <= t]
        excess.append(number[(since <= t) & (t < until)].sum() - (there[-1] if there.size else 0))
    assert found == (sum(o > 0 for o in excess), max([0, *excess]))
    out = RNG.random(N) < 0.5
    fewer = audit_loops.starts_above(rows, started, out, *over, 600)
    kept = [o for o, is_out in zip(excess, out[rows[started[rows] >= 0]], strict=True) if not is_out]
    assert fewer == (sum(o > 0 for o in kept), max([0, *kept]))


def test_a_step_function_is_above_another_where_their_difference_is():
    (a, x), (b, y) = (steps(*stretches((1, 2))[1:], 0, 800) for _ in range(2))
    since, over = audit_loops.above(a, x, b + 5, y)
    for t in range(800):
        lower = y[np.searchsorted(b + 5, t, side="right") - 1] if t >= 5 else 0
        wanted = max(x[np.searchsorted(a, t, side="right") - 1] - lower, 0)
        at = np.searchsorted(since, t, side="right")
        assert (over[at - 1] if at else 0) == wanted


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


def test_stretches_clipped_and_ticks_between_are_those_in_the_window():
    key, start, stop, weight = stretches((1, 2))
    lasts = np.maximum(np.clip(stop, 100, 700) - np.clip(start, 100, 700), 0) * weight
    found = audit_loops.clipped_sums(codes(key), 3, start, stop, codes(weight), 100, 700)
    assert found.tolist() == [lasts[key == k].sum() for k in range(3)]
    rows, is_one, is_out = np.arange(0, N, 2), RNG.random(N) < 0.8, RNG.random(N) < 0.2
    wanted = (is_one & ~is_out & (start >= 100) & (start < 700))[rows].sum()
    assert audit_loops.number_between(rows, start, is_one, is_out, 100, 700) == wanted


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
