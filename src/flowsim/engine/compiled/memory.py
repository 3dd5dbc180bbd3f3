"""Where things stand in the image and the packed specification, and the patients' luck."""

from __future__ import annotations

import math

from flowsim.draws.philox import uniform
from flowsim.draws.quantiles import DISCRETE, pick_between, scalar_quantile
from flowsim.draws.residuals import pooled_residual
from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import BY_DESTINATION
from flowsim.engine.compiled.jit import compiled
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints


@compiled
def visit_at(m: Ints, v: int) -> int:
    """Return where a visit begins."""
    return m[im.VISITS_AT] + v * im.VISIT_WIDTH


@compiled
def patient_at(m: Ints, q: int) -> int:
    """Return where a patient begins: those inside have slots, which later patients take again."""
    return m[im.PATIENTS_AT] + m[m[im.SLOTS_AT] + q] * m[im.PATIENT_WIDTH]


@compiled
def station_at(m: Ints, s: int) -> int:
    """Return where a station begins."""
    return m[im.STATIONS_AT] + s * m[im.STATION_WIDTH]


@compiled
def pool_at(m: Ints, pool: int) -> int:
    """Return where a pool begins."""
    return m[im.POOLS_AT] + pool * m[im.POOL_WIDTH]


@compiled
def service_int(w: Ints, s: int, column: int) -> int:
    """Return a whole number of a service's specification."""
    return w[w[im.S_INT_AT] + s * 40 + column]


@compiled
def service_real(w: Ints, f: Floats, s: int, column: int) -> float:
    """Return a fraction of a service's specification."""
    return f[w[im.S_REAL_AT] + s * 7 + column]


@compiled
def step_int(w: Ints, step: int, column: int) -> int:
    """Return a whole number of a step's specification."""
    return w[w[im.P_INT_AT] + step * 10 + column]


@compiled
def row_at(w: Ints, m: Ints, table: int, qa: int, origin: int, toward: int) -> int:
    """Where a table's row for a patient stands."""
    at = 0
    if w[w[im.T_PERIODS_AT] + table] > 1:
        at = m[im.PERIOD]
    first = table * tb.MOST_BY
    for k in range(w[w[im.T_DEPTH_AT] + table]):
        by = w[w[im.T_BY_AT] + first + k]
        if by >= 0:
            code = m[qa + im.Q_ATTRIBUTES + by]
        elif by == BY_DESTINATION:
            code = toward
        else:
            code = origin
        at = at * w[w[im.T_SIZE_AT] + first + k] + code
    return w[w[im.T_BASE_AT] + table] + at


@compiled
def whole_row(w: Ints, m: Ints, table: int, qa: int, origin: int, toward: int) -> int:
    """Return the whole number (or code) in a table's row for a patient."""
    return w[w[im.ROWS_AT] + row_at(w, m, table, qa, origin, toward)]


@compiled
def real_row(w: Ints, f: Floats, m: Ints, table: int, qa: int, origin: int, toward: int) -> float:
    """Return the fraction in a table's row for a patient."""
    return f[w[im.SHARES_AT] + row_at(w, m, table, qa, origin, toward)]


@compiled
def luck(w: Ints, m: Ints, qa: int, purpose: int, ordinal: int) -> float:
    """Return the patient's uniform draw for a purpose."""
    return uniform(w[im.SEED], m[im.REPLICATION], m[qa + im.Q_KEY], m[qa + im.Q_NUMBER], purpose, ordinal)


@compiled
def draw(w: Ints, f: Floats, d: int, u: float) -> float:
    """Return minutes drawn from a distribution."""
    kind = w[w[im.D_KIND_AT] + d]
    r = w[im.D_REAL_AT] + d * 5
    if kind == DISCRETE:
        a, b, values = w[w[im.D_FROM_AT] + d], w[w[im.D_TO_AT] + d], w[im.D_VALUES_AT]
        base = w[im.D_CUMULATIVE_AT]
        value = f[values + pick_between(f, base + a, base + b, u) - base]
        return min(max(value, f[r + 3]), f[r + 4])
    return scalar_quantile(kind, f[r], f[r + 1], f[r + 2], f[r + 3], f[r + 4], u)


@compiled
def draw_residual(w: Ints, f: Floats, d: int, elapsed: float, u: float) -> float:
    """Return minutes drawn of what is left after some have elapsed."""
    r = w[im.D_REAL_AT] + d * 5
    first = w[w[im.D_FROM_AT] + d]
    size = w[w[im.D_TO_AT] + d] - first
    values, cumulative = w[im.D_VALUES_AT] + first, w[im.D_CUMULATIVE_AT] + first
    kind = w[w[im.D_KIND_AT] + d]
    a, b, c, at_least, at_most = f[r], f[r + 1], f[r + 2], f[r + 3], f[r + 4]
    return pooled_residual(kind, a, b, c, at_least, at_most, f, f, values, cumulative, size, elapsed, u)


@compiled
def ticks_of(w: Ints, minutes: float) -> int:
    """Return minutes as the nearest whole number of ticks."""
    return int(math.floor(minutes * w[im.TICKS_PER_MINUTE] + 0.5))
