"""Distributions turned round: a uniform number in, minutes out, compiled.

Every kind is drawn by inverting its distribution function, so one draw takes one uniform number, and a
larger uniform number never gives a shorter time: that is what makes common random numbers work.

A kind is known by its code in ``KINDS``; parameters are those of ``flowsim.system.spec.Distribution``.
Inside, a quantile is asked for by a pair (p, q) of lower and upper tail probabilities with p + q = 1, of
which the smaller is exact; ``flowsim.draws.residuals`` needs the upper tail far out.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from flowsim.draws.gamma import gamma_inverse
from flowsim.draws.normal import normal_inverse

Floats = npt.NDArray[np.float64]

CONSTANT, EXPONENTIAL, LOGNORMAL, GAMMA, WEIBULL, UNIFORM, TRIANGULAR, NORMAL, GEOMETRIC, DISCRETE = range(10)

KINDS: dict[str, int] = {
    "constant": CONSTANT,
    "exponential": EXPONENTIAL,
    "lognormal": LOGNORMAL,
    "gamma": GAMMA,
    "weibull": WEIBULL,
    "uniform": UNIFORM,
    "triangular": TRIANGULAR,
    "normal": NORMAL,
    "geometric": GEOMETRIC,
    "discrete": DISCRETE,
}
"""Code of each kind of distribution."""


@njit(cache=True, nogil=True)
def exponential_from_uniform(u: float) -> float:
    """Return a unit exponential from a uniform number: the cumulative hazard -log(1 - u)."""
    return -math.log1p(-u)


@njit(cache=True, nogil=True)
def pick_between(cumulative: Floats, first: int, past: int, u: float) -> int:
    """Return ``pick`` among the shares from position ``first`` to before ``past`` of a longer array."""
    low, high = first, past - 1
    while low < high:
        middle = (low + high) >> 1
        if cumulative[middle] < u:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def pick(cumulative: Floats, u: float) -> int:
    """Return the first position whose cumulative share reaches u; the last where none does.

    The same as ``bisect.bisect_left`` (and ``numpy.searchsorted``) cut at the last position. A level with
    no share of its own is never picked, u being above zero.
    """
    return pick_between(cumulative, 0, cumulative.size, u)


@njit(cache=True, nogil=True)
def hazard_of(p: float, q: float) -> float:
    """Return the cumulative hazard -log(q), from whichever tail is the more exact."""
    return -math.log1p(-p) if p < 0.5 else -math.log(q)


@njit(cache=True, nogil=True)
def _triangular_inverse(low: float, high: float, mode: float, p: float, q: float) -> float:
    width = high - low
    if p * width < mode - low:
        return low + math.sqrt(p * width * (mode - low))
    return high - math.sqrt(q * width * (high - mode))


@njit(cache=True, nogil=True)
def geometric_inverse(ends: float, p: float, q: float) -> float:
    """Return the smallest k >= 1 by which a run has ended with probability p or more.

    1 - (1 - ends)^k >= p, solved for k; the two checks undo a rounded logarithm at a step.
    """
    if ends >= 1.0:
        return 1.0
    rate = -math.log1p(-ends)
    hazard = hazard_of(p, q)
    k = max(math.ceil(hazard / rate), 1.0)
    if k > 1.0 and rate * (k - 1.0) >= hazard:
        k -= 1.0
    elif rate * k < hazard:
        k += 1.0
    return k


# A draw is a chain of calls, each as dear as its arithmetic: most are made part of their callers.
@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def inverse(kind: int, a: float, b: float, c: float, p: float, q: float) -> float:
    """Return the value with lower tail p and upper tail q, before any clamp; not for discrete."""
    if kind == CONSTANT:
        return a
    if kind == EXPONENTIAL:
        return a * hazard_of(p, q)
    if kind == LOGNORMAL:
        return math.exp(a + b * normal_inverse(p, q))
    if kind == GAMMA:
        # A gamma of shape one is an exponential, at a twentieth of the cost.
        return b * (hazard_of(p, q) if a == 1.0 else gamma_inverse(a, p, q, normal_inverse(p, q)))
    if kind == WEIBULL:
        return float(b * hazard_of(p, q) ** (1.0 / a))
    if kind == UNIFORM:
        return a + (b - a) * p
    if kind == TRIANGULAR:
        return _triangular_inverse(a, b, c, p, q)
    if kind == NORMAL:
        return a + b * normal_inverse(p, q)
    if kind == GEOMETRIC:
        return b * geometric_inverse(a, p, q)
    raise ValueError("no quantile for this kind of distribution")


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def scalar_quantile(kind: int, a: float, b: float, c: float, at_least: float, at_most: float, u: float) -> float:
    """Return the u-quantile [min] of any kind but discrete, clamped."""
    return min(max(inverse(kind, a, b, c, u, 1.0 - u), at_least), at_most)


@njit(cache=True, nogil=True)
def quantile(
    kind: int,
    a: float,
    b: float,
    c: float,
    at_least: float,
    at_most: float,
    values: Floats,
    cumulative: Floats,
    u: float,
) -> float:
    """Return the u-quantile [min] of a distribution, clamped.

    Args:
        kind: code in ``KINDS``.
        a: first parameter, as of ``Distribution``.
        b: second parameter.
        c: third parameter.
        at_least: least that is drawn [min].
        at_most: most that is drawn [min].
        values: of a discrete distribution [min]; empty for others.
        cumulative: shares of the values, added up; empty for others.
        u: strictly between 0 and 1.
    """
    if kind == DISCRETE:
        return float(min(max(values[pick(cumulative, u)], at_least), at_most))
    return scalar_quantile(kind, a, b, c, at_least, at_most, u)


@njit(cache=True, nogil=True)
def quantiles(
    kind: int,
    a: float,
    b: float,
    c: float,
    at_least: float,
    at_most: float,
    values: Floats,
    cumulative: Floats,
    u: Floats,
) -> Floats:
    """Return ``quantile`` of every uniform number."""
    out = np.empty(u.size)
    for i in range(u.size):
        out[i] = quantile(kind, a, b, c, at_least, at_most, values, cumulative, u[i])
    return out
