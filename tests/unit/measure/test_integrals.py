import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flowsim.measure import loops, span_loops
from flowsim.measure.integrals import areas, clipped, difference, levels_at, steps
from flowsim.measure.sorting import codes

Ticks = st.integers(-50, 150)
Stretches = st.lists(st.tuples(st.integers(0, 2), Ticks, Ticks, st.integers(-3, 5)), max_size=30)


def columns(stretches):
    table = np.array([(k, min(a, b), max(a, b), w) for k, a, b, w in stretches], dtype=np.int64).reshape(-1, 4)
    return tuple(table.T)


def open_at(stretches, key, tick):
    return sum(w for k, a, b, w in stretches if k == key and min(a, b) <= tick < max(a, b))


@given(Stretches)
def test_an_area_is_the_sum_over_ticks_of_the_number_open(stretches):
    edges = np.array([0, 7, 40, 100])
    found = areas(*columns(stretches)[:1], 3, *columns(stretches)[1:], edges)
    for key in range(3):
        for period, (begin, end) in enumerate([(0, 7), (7, 40), (40, 100)]):
            assert found[key, period] == sum(open_at(stretches, key, t) for t in range(begin, end))


@given(Stretches)
def test_levels_count_those_who_came_at_the_tick_and_not_those_who_went(stretches):
    ticks = np.array([-10, 0, 33, 99])
    keys, start, stop, weight = columns(stretches)
    found = levels_at(keys, 3, start, stop, weight, ticks)
    assert found.tolist() == [[open_at(stretches, key, t) for t in ticks.tolist()] for key in range(3)]


@given(Stretches)
def test_a_step_function_has_the_area_of_its_intervals(stretches):
    _, start, stop, weight = columns(stretches)
    ticks, level = steps(start, stop, weight, 0, 100)
    whole = areas(np.zeros_like(start), 1, start, stop, weight, np.array([0, 100]))[0, 0]
    assert (np.diff(np.append(ticks, 100)) * level).sum() == whole


@given(Stretches)
def test_a_union_covers_each_tick_of_its_intervals_once(stretches):
    group, start, stop, _ = columns(stretches)
    found = span_loops.united(codes(group), start, stop)
    covered = [(g, t) for g, a, b in zip(*found, strict=True) for t in range(a, b)]
    assert len(covered) == len(set(covered))
    assert list(zip(*found[:2], strict=True)) == sorted(zip(*found[:2], strict=True))
    assert set(covered) == {(g, t) for g, a, b in zip(group, start, stop, strict=True) for t in range(a, b)}


def test_a_quantile_of_a_level_is_weighted_by_time():
    spent = np.array([90, 0, 10])
    assert [loops.quantile(spent, time) for time in (90.0, 91.0)] == [0, 2]


@given(Stretches, st.integers(-60, 40), st.integers(41, 160))
def test_a_part_of_a_step_function_is_the_step_function_of_that_part(stretches, begin, end):
    _, start, stop, weight = columns(stretches)
    part = clipped(*steps(start, stop, weight, -60, 200), begin, end)
    assert [c.tolist() for c in part] == [c.tolist() for c in steps(start, stop, weight, begin, end)]


@given(Stretches, Stretches)
def test_a_difference_of_step_functions_is_that_of_their_levels(first, second):
    functions = [steps(*columns(stretches)[1:], -60, 200) for stretches in (first, second)]
    ticks, level = difference(*functions)
    assert set(ticks.tolist()) == {t for f in functions for t in f[0].tolist()}
    for tick, found in zip(ticks.tolist(), level.tolist(), strict=True):
        taken, offered = (sum(open_at(stretches, k, tick) for k in range(3)) for stretches in (first, second))
        assert found == taken - offered


def test_several_quantiles_of_a_level_are_each_of_them():
    spent = np.array([5, 0, 90, 5])
    assert [loops.quantile(spent, time) for time in (5.0, 90.0, 96.0)] == [0, 2, 3]
