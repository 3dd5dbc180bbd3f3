"""What is left of a stay, given how long it has lasted, compiled.

A stay T is known to exceed e. What remains is drawn by inverting the conditional distribution: with tails
P = P(T <= e) and Q = P(T > e), the stay has lower tail P + u Q and upper tail (1 - u) Q. The upper tail is
a product, so nothing is lost far out; beyond 1e-280, where even that is at its end, the hazard's asymptotic
form takes over.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from flowsim.draws.gamma import gamma_tails
from flowsim.draws.normal import normal_tails
from flowsim.draws.quantiles import (
    CONSTANT,
    DISCRETE,
    EXPONENTIAL,
    GAMMA,
    GEOMETRIC,
    LOGNORMAL,
    NORMAL,
    TRIANGULAR,
    UNIFORM,
    WEIBULL,
    exponential_from_uniform,
    inverse,
    scalar_quantile,
)

Floats = npt.NDArray[np.float64]

_FAR = 1e-280


@njit(cache=True, nogil=True)
def _bounded_tails(kind: int, low: float, high: float, mode: float, x: float) -> tuple[float, float]:
    if x < low:
        return 0.0, 1.0
    if x >= high:
        return 1.0, 0.0
    if kind == UNIFORM:
        return (x - low) / (high - low), (high - x) / (high - low)
    if x < mode:
        p = (x - low) * (x - low) / ((high - low) * (mode - low))
        return p, 1.0 - p
    q = (high - x) * (high - x) / ((high - low) * (high - mode))
    return 1.0 - q, q


@njit(cache=True, nogil=True)
def tails(kind: int, a: float, b: float, c: float, x: float) -> tuple[float, float]:
    """Return the probabilities at or below x and above x, before any clamp; not for discrete or geometric."""
    if kind == CONSTANT:
        return (1.0, 0.0) if x >= a else (0.0, 1.0)
    if kind == NORMAL:
        return normal_tails((x - a) / b)
    if kind in (UNIFORM, TRIANGULAR):
        return _bounded_tails(kind, a, b, c, x)
    if x <= 0.0:
        return 0.0, 1.0
    if kind == LOGNORMAL:
        return normal_tails((math.log(x) - a) / b)
    if kind == GAMMA:
        return gamma_tails(a, x / b)
    hazard = x / a if kind == EXPONENTIAL else (x / b) ** a
    return -math.expm1(-hazard), math.exp(-hazard)


@njit(cache=True, nogil=True)
def _beyond(kind: int, a: float, b: float, elapsed: float, u: float) -> float:
    """Return the stay, given that it exceeds what was all but impossible.

    Normal tails fall as exp(-z^2 / 2) / z and a gamma's as x^(a-1) exp(-x) (DLMF 7.12.1, 8.11.2); of a
    bounded stay nothing is left.
    """
    e = exponential_from_uniform(u)
    if kind in (LOGNORMAL, NORMAL):
        z = ((math.log(elapsed) if kind == LOGNORMAL else elapsed) - a) / b
        further = math.sqrt(z * z + 2.0 * e)
        return math.exp(a + b * further) if kind == LOGNORMAL else a + b * further
    if kind == GAMMA:
        return elapsed + b * e / (1.0 - (a - 1.0) * b / elapsed)
    return elapsed


@njit(cache=True, nogil=True)
def _stay_beyond(kind: int, a: float, b: float, c: float, elapsed: float, u: float) -> float:
    """Return the stay [min], given that it exceeds ``elapsed``; not for discrete."""
    if kind == EXPONENTIAL:
        return elapsed + a * exponential_from_uniform(u)
    if kind == WEIBULL:
        return float(b * ((elapsed / b) ** a + exponential_from_uniform(u)) ** (1.0 / a))
    if kind == GEOMETRIC:
        # The units already begun and not ended are over; the rest is a run of the same kind.
        return b * math.floor(elapsed / b) + inverse(kind, a, b, c, u, 1.0 - u)
    p, q = tails(kind, a, b, c, elapsed)
    if q < _FAR:
        return _beyond(kind, a, b, elapsed, u)
    return inverse(kind, a, b, c, p + u * q, q * (1.0 - u))


@njit(cache=True, nogil=True)
def _discrete_beyond(
    at_least: float,
    at_most: float,
    values: Floats,
    shares: Floats,
    at: int,
    shares_at: int,
    size: int,
    elapsed: float,
    u: float,
) -> float:
    """Return the stay among the values above ``elapsed``, by their shares; ``elapsed`` where none is left."""
    left = 0.0
    for i in range(size):
        if min(max(values[at + i], at_least), at_most) > elapsed:
            left += shares[shares_at + i] - (shares[shares_at + i - 1] if i > 0 else 0.0)
    passed = 0.0
    stay = elapsed
    for i in range(size):
        value = min(max(values[at + i], at_least), at_most)
        share = shares[shares_at + i] - (shares[shares_at + i - 1] if i > 0 else 0.0)
        if value > elapsed and share > 0.0:
            passed += share
            stay = value
            if passed >= u * left:
                break
    return stay


@njit(cache=True, nogil=True)
def pooled_residual(
    kind: int,
    a: float,
    b: float,
    c: float,
    at_least: float,
    at_most: float,
    values: Floats,
    cumulative: Floats,
    values_at: int,
    cumulative_at: int,
    size: int,
    elapsed: float,
    u: float,
) -> float:
    """Return ``residual_quantile`` where the values of many distributions share arrays.

    Args:
        kind: as of ``quantile``, like the next five.
        a: first parameter.
        b: second parameter.
        c: third parameter.
        at_least: least that is drawn [min].
        at_most: most that is drawn [min].
        values: of all discrete distributions [min].
        cumulative: their shares, added up.
        values_at: where this distribution's values begin.
        cumulative_at: where its shares begin.
        size: how many it has.
        elapsed: how long the stay has lasted [min].
        u: strictly between 0 and 1.
    """
    if elapsed >= at_most:
        return 0.0
    if kind == DISCRETE:
        stay = _discrete_beyond(at_least, at_most, values, cumulative, values_at, cumulative_at, size, elapsed, u)
    elif elapsed < at_least or elapsed <= 0.0:
        stay = scalar_quantile(kind, a, b, c, at_least, at_most, u)
    else:
        stay = min(_stay_beyond(kind, a, b, c, elapsed, u), at_most)
    return max(stay - elapsed, 0.0)


@njit(cache=True, nogil=True)
def residual_quantile(
    kind: int,
    a: float,
    b: float,
    c: float,
    at_least: float,
    at_most: float,
    values: Floats,
    cumulative: Floats,
    elapsed: float,
    u: float,
) -> float:
    """Return the u-quantile of what is left [min] of a stay that has lasted ``elapsed`` [min].

    Where a stay of that length cannot be (it is ``at_most`` or past the last value), nothing is left: 0.
    The other arguments are those of ``quantile``.
    """
    size = values.size
    return pooled_residual(kind, a, b, c, at_least, at_most, values, cumulative, 0, 0, size, elapsed, u)
