"""Durations lived through and what is expected of them, in one pass, against a plain way of saying the same."""

import numpy as np
import pytest

from flowsim.measure.audit_curves import limited_moments
from flowsim.measure.audit_stay_loops import Curves, Tables, Wanted, lived
from flowsim.measure.intervals import FAR
from flowsim.measure.sorting import codes
from flowsim.system.spec import BY_DESTINATION, BY_ORIGIN, Distribution, Table

RNG = np.random.default_rng(3)
N, N_VISITS, MINUTE, END, LATEST = 900, 600, 7.0, 36_400, 30_000
LEVELS = (3, 2, 4)
PERIODS = np.array([0, 9000, 20_000])
GAMMA, CONSTANT = Distribution("gamma", 2.0, 100.0), Distribution("constant", 60.0)
CURVES = [limited_moments(d, 5000.0) for d in (GAMMA, CONSTANT)]
SECOND = Table(
    (2, BY_ORIGIN, 0, BY_DESTINATION), (4, 6, 3, 5), tuple(RNG.choice([GAMMA, CONSTANT], 360 * 3)), periods=3
)
SHARES = Table((1,), (2,), (0.3, 0.8))
DRAWN = np.array([0, -1, 4, 3, -1, 2])
NEVER_SETTLED = [-FAR] * 3


WAYS = ((), ((2, 90), (0, 5)), ((1, 1),))
"""In which attributes matter: for none, for the second duration's first part, and for shares and the last duration."""
DUE = codes([[sum(level[a] * n for a, n in way) for level in np.ndindex(LEVELS)] for way in WAYS])


def pass_of(once, settled):
    """Return a pass over three durations: of one curve; in two parts, by place, one with shares; and by attribute."""
    number = np.array([[0, 1], [-1, 2]])
    drawn = np.vstack([np.full(6, -1), DRAWN, np.full(6, -1)])
    latest, rows = np.array([-1, LATEST, -1]), [1 + (d is CONSTANT) for d in SECOND.rows]
    first = np.array([0, 1, 1 + len(rows), 2 + len(rows)])
    way = np.array([[0, 0], [1, 0], [0, 2], [2, 0]])
    by_place = np.array([False, True, False])
    wanted = Wanted(number, latest, settled, way[[0, 1, 3], 0], first[[0, 1, 3]], drawn, by_place, once)
    # Each part's curves are its own: of the first duration, of both parts of the second, and of the third.
    own = [CURVES[0], *CURVES, CURVES[0], CURVES[1], CURVES[0]]
    grid, mean, square = (np.concatenate([curve[i] for curve in own]) for i in range(3))
    begins = np.cumsum([0, *(len(curve[0]) for curve in own)])
    rises = [np.append(np.diff(each), 0) / np.append(np.maximum(np.diff(grid), 1e-9), 1) for each in (mean, square)]
    for rise in rises:
        rise[begins[1:] - 1] = 0
    second = [[0, 0], [1, 0], [0, 0], [0, 0]]
    tables = Tables(
        parts=np.array([0, 1, 3, 4]),
        way=way,
        by_drawn=np.array(second),
        by_origin=np.array(second) * 15,
        by_period=np.array(second) * 360,
        periods=PERIODS,
        curve=np.array([0, *rows, 3, 4, 5]),
        first_curve=first,
        share=np.array(SHARES.rows),
        first_share=np.array([-1, -1, 0, -1]),
    )
    return wanted, tables, Curves(begins, grid, mean, rises[0], square, rises[1])


def expected(which, start, levels, origin, drawn):
    """Return the mean and variance of each curve's part in a duration: (curves, 2)."""
    found = np.zeros((6, 2))
    period = np.searchsorted(PERIODS, start, side="right") - 1
    by_part = {0: [(0, GAMMA, 1.0)], 2: [(4 + levels[1], GAMMA if levels[1] else CONSTANT, 1.0)]}
    if which == 1:
        d = SECOND.rows[SECOND.index(period, levels, origin, drawn)]
        by_part[1] = [(1 + (d is CONSTANT), d, 1.0), (3, GAMMA, SHARES.rows[levels[1]])]
    for curve, d, share in by_part[which]:
        grid, *moments = limited_moments(d, 5000.0)
        one, two = (np.interp((END - start) / MINUTE, grid, values) * share for values in moments)
        found[curve] += one, max(two - one * one, 0)
    return found


@pytest.mark.parametrize(
    ("once", "settled"), [(False, NEVER_SETTLED), (True, NEVER_SETTLED), (False, [1000, -FAR, 1000])]
)
def test_durations_lived_are_compared_with_what_is_expected_of_each(once, settled):
    service, step, visit = (
        codes(RNG.integers(0, 2, N)),
        codes(RNG.integers(0, 2, N)),
        codes(RNG.integers(0, N_VISITS, N)),
    )
    start = np.where(RNG.random(N) < 0.1, -1, RNG.integers(0, END, N))
    stop = np.where((start < 0) | (RNG.random(N) < 0.2), -1, start + RNG.integers(0, 90, N))
    following = codes(np.where(RNG.random(N_VISITS) < 0.5, -1, RNG.integers(0, N_VISITS, N_VISITS)))
    place, went = codes(RNG.integers(0, 3, N_VISITS)), codes(RNG.integers(-1, 5, N_VISITS))
    attributes, origin = codes(RNG.integers(0, 24, N_VISITS)), codes(RNG.integers(0, 6, N_VISITS))
    is_placed = RNG.random(N_VISITS) < 0.1
    visits = (following, place, went, attributes, origin, is_placed)
    plan = pass_of(once, np.array(settled))
    rows, slices = (service, step, visit, start, stop), (codes(()), np.array([0]), np.array([N]))
    found = lived(*plan, rows, slices, visits, DUE, END, MINUTE)
    count, ticks, sums, met = np.zeros(3), np.zeros(3), np.zeros((6, 2)), set()
    for row in range(N):
        which, mine = plan[0].number[service[row], step[row]], visit[row]
        if which < 0 or start[row] < 0 or (once and mine in met):
            continue
        met.add(mine)
        if is_placed[mine] or (which == 1 and (stop[row] < 0 or start[row] > LATEST)):
            continue
        drawn = DRAWN[place[following[mine]] if following[mine] >= 0 else went[mine]] if which == 1 else 0
        if drawn >= 0:
            count[which] += 1
            ticks[which] += (stop[row] if stop[row] >= 0 else END) - start[row]
            levels = np.unravel_index(attributes[mine], LEVELS)
            sums += expected(which, start[row], levels, origin[mine], drawn)
    assert found[0].tolist() == count.tolist()
    assert found[1].tolist() == ticks.tolist()
    np.testing.assert_allclose(found[2], sums, rtol=1e-12)


def test_rows_that_are_visits_are_their_own_and_looked_at_where_they_lie():
    none, number = codes(np.full(3, -1)), np.array([[0], [-1]])
    wanted, *others = pass_of(False, np.array(NEVER_SETTLED))
    visits = (none, codes([0, 1, 0]), none, codes([0, 0, 0]), none, np.array([False, False, True]))
    rows = codes([0, 1, 0]), codes(()), codes(()), np.array([50, 60, 70]), np.array([80, -1, -1])
    slices = codes([0, 2, 1]), np.array([0]), np.array([2])
    plan = wanted._replace(number=number), *others
    count, ticks, _ = lived(*plan, rows, slices, visits, DUE, END, MINUTE)
    assert (count.tolist(), ticks.tolist()) == ([1, 0, 0], [30, 0, 0])
