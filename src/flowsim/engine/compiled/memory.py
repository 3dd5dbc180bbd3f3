"""Where things stand in the image and the specification, tables, and the patients' luck."""

from __future__ import annotations

import math

from flowsim.draws.many import fill_purposes
from flowsim.draws.philox import uniform
from flowsim.draws.quantiles import CONSTANT, DISCRETE, pick_between, scalar_quantile
from flowsim.draws.residuals import pooled_residual
from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import BY_DESTINATION, NONE
from flowsim.engine.compiled.jit import apart, compiled, fractions, inlined
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints


@compiled
def station_at(m: Ints, service: int) -> int:
    """Return where a service's station begins."""
    return m[im.STATIONS_AT] + service * m[im.STATION_WIDTH]


@compiled
def pool_at(m: Ints, pool: int) -> int:
    """Return where a pool begins."""
    return m[im.POOLS_AT] + pool * m[im.POOL_WIDTH]


@compiled
def real_of(f: Floats, m: Ints, s: int, column: int) -> float:
    """Return a fraction of a station's service."""
    return f[m[s + tb.S_REAL] + column]


@inlined
def row_at(w: Ints, m: Ints, table: int, q: int, origin: int, toward: int) -> int:
    """Where the row of a table that is not the same for everyone stands."""
    depth = w[table + tb.T_BY]
    at = 0
    if w[table + tb.T_CHANGES] == 1:
        at = m[im.PERIOD]
    name = table + tb.T_NAMES
    rows = name + 2 * depth
    while name < rows:
        by = w[name]
        if by >= 0:
            code = m[q + im.Q_ATTRIBUTES + by]
        elif by == BY_DESTINATION:
            code = toward
        else:
            code = origin
        at = at * w[name + 1] + code
        name += 2
    return rows + at


@compiled
def row(w: Ints, m: Ints, table: int, q: int, origin: int, toward: int) -> int:
    """Return what stands in a table's row for a patient: a whole number, or a distribution's or branch's position."""
    if table < NONE:
        return NONE - 1 - table  # what ``always`` made of it
    return w[row_at(w, m, table, q, origin, toward)]


@compiled
def luck(w: Ints, m: Ints, q: int, purpose: int, ordinal: int) -> float:
    """Return the patient's uniform draw for a purpose."""
    return uniform(w[tb.SEED], m[im.REPLICATION], m[q + im.Q_KEY], m[q + im.Q_NUMBER], purpose, ordinal)


@inlined
def draw_together(w: Ints, m: Ints, q: int, v: int) -> None:
    """Make the draws that nearly every visit makes, where there are several, as one begins."""
    at = m[m[v + im.V_STATION] + tb.S_TOGETHER]
    if at == NONE:
        return
    key, number, ordinal = m[q + im.Q_KEY], m[q + im.Q_NUMBER], m[v + im.V_ORDINAL]
    size, out = w[at], fractions(m)
    fill_purposes(w[tb.SEED], m[im.REPLICATION], key, number, ordinal, w, at + 1, out, v + im.V_LUCK, size)


@inlined
def luck_of_visit(w: Ints, m: Ints, q: int, v: int, purpose: int) -> float:
    """Return the patient's uniform draw for a purpose of a visit."""
    lane = purpose >> tb.LANE_SHIFT
    if lane == 0:
        return luck(w, m, q, purpose, m[v + im.V_ORDINAL])
    return fractions(m)[v + im.V_LUCK + lane - 1]


@apart
def draw(f: Floats, d: int, u: float) -> float:
    """Return minutes drawn from a distribution."""
    kind, at_least, at_most = int(f[d + tb.D_KIND]), f[d + tb.D_AT_LEAST], f[d + tb.D_AT_MOST]
    if kind == DISCRETE:
        shares = int(f[d + tb.D_SHARES])
        chosen = pick_between(f, shares, shares + int(f[d + tb.D_SIZE]), u) - shares
        return min(max(f[int(f[d + tb.D_VALUES]) + chosen], at_least), at_most)
    return scalar_quantile(kind, f[d + tb.D_A], f[d + tb.D_B], f[d + tb.D_C], at_least, at_most, u)


@inlined
def draw_for(w: Ints, f: Floats, m: Ints, q: int, v: int, d: int, purpose: int) -> float:
    """Return minutes drawn from a distribution for a visit by the patient's luck, which a constant does not ask for."""
    if f[d + tb.D_KIND] == CONSTANT:
        return min(max(f[d + tb.D_A], f[d + tb.D_AT_LEAST]), f[d + tb.D_AT_MOST])
    return draw(f, d, luck_of_visit(w, m, q, v, purpose))


@apart
def draw_residual(f: Floats, d: int, elapsed: float, u: float) -> float:
    """Return minutes drawn of what is left after some have elapsed."""
    kind, size = int(f[d + tb.D_KIND]), int(f[d + tb.D_SIZE])
    values, shares = int(f[d + tb.D_VALUES]), int(f[d + tb.D_SHARES])
    a, b, c, at_least, at_most = f[d + tb.D_A], f[d + tb.D_B], f[d + tb.D_C], f[d + tb.D_AT_LEAST], f[d + tb.D_AT_MOST]
    return pooled_residual(kind, a, b, c, at_least, at_most, f, f, values, shares, size, elapsed, u)


@compiled
def ticks_of(w: Ints, minutes: float) -> int:
    """Return minutes as the nearest whole number of ticks."""
    return int(math.floor(minutes * w[tb.TICKS_PER_MINUTE] + 0.5))
