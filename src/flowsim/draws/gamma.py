"""The gamma distribution's two tails and their inverse, compiled.

Everything is in logarithms, so that shapes of a twentieth, whose lower quantiles are of the order of
1e-240, and far tails keep their relative accuracy. (p, q) is a pair of lower and upper tail
probabilities with p + q = 1.
"""

from __future__ import annotations

import math

from numba import njit

_EPSILON = 1e-16
_TINY = 1e-300
_TERMS = 100_000
_BIG = 1e100


@njit(cache=True, nogil=True, error_model="numpy")
def _series(shape: float, x: float) -> float:
    """Return P(shape, x) over x^shape exp(-x) / Gamma(shape + 1), by the power series of DLMF 8.11.4."""
    term = total = 1.0
    for n in range(1, _TERMS):
        term *= x / (shape + n)
        total += term
        if term <= total * _EPSILON:
            break
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _fraction(shape: float, x: float) -> float:
    """Return Q(shape, x) over x^shape exp(-x) / Gamma(shape), by the continued fraction of DLMF 8.9.2.

    Numerators and denominators of the convergents by their recurrences (DLMF 3.10), made smaller where they have
    grown large; the division that tells when to stop is in nobody's way.
    """
    y = 1.0 - shape
    z = x + y + 1.0
    top_before, bottom_before = 1.0, x
    top, bottom = x + 1.0, z * x
    ratio = top / bottom
    for n in range(1, _TERMS):
        y += 1.0
        z += 2.0
        top_after = top * z - top_before * y * n
        bottom_after = bottom * z - bottom_before * y * n
        top_before, bottom_before, top, bottom = top, bottom, top_after, bottom_after
        if bottom != 0.0:
            ratio, last = top / bottom, ratio
            if abs(last - ratio) <= 1e-15 * abs(ratio):
                break
        if abs(top) > _BIG:
            top_before, bottom_before = top_before / _BIG, bottom_before / _BIG
            top, bottom = top / _BIG, bottom / _BIG
    return ratio


@njit(cache=True, nogil=True, error_model="numpy")
def _log_tail(shape: float, log_gamma: float, t: float, x: float, is_lower: bool) -> float:
    """Return the logarithm of P(shape, x), or of Q, given those of Gamma(shape) and of x.

    The fraction takes over where Q has become small enough to be lost in 1 - P.
    """
    power = shape * t - x - log_gamma
    is_series = x < shape + 1.0 + 1.5 * math.sqrt(shape)
    part = _series(shape, x) / shape if is_series else _fraction(shape, x)
    found = min(power + math.log(part), 0.0)
    return found if is_series == is_lower else math.log(max(-math.expm1(found), _TINY))


@njit(cache=True, nogil=True)
def log_gamma_tails(shape: float, log_x: float) -> tuple[float, float]:
    """Return the logarithms of P(shape, x) and Q(shape, x), the regularised incomplete gamma functions."""
    log_gamma, x = math.lgamma(shape), math.exp(log_x)
    return _log_tail(shape, log_gamma, log_x, x, True), _log_tail(shape, log_gamma, log_x, x, False)


@njit(cache=True, nogil=True)
def gamma_tails(shape: float, x: float) -> tuple[float, float]:
    """Return the probabilities below and above x of a gamma with unit scale."""
    if x <= 0.0:
        return 0.0, 1.0
    lower, upper = log_gamma_tails(shape, math.log(x))
    return math.exp(lower), math.exp(upper)


@njit(cache=True, nogil=True, error_model="numpy")
def _first_guess(shape: float, log_gamma: float, p: float, q: float, z: float) -> float:
    """Return a first log x: the leading term of the series where p is small, else Wilson and Hilferty's.

    Sources: DLMF 8.7.1; Wilson and Hilferty, PNAS 17 (1931) 684-688; for shapes below one and small q the
    tail's leading term, DLMF 8.11.2.
    """
    root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * math.sqrt(shape))
    if shape >= 0.5 and root > 0.25:
        return math.log(shape) + 3.0 * math.log(root)
    if shape < 0.5 and q < 0.25:
        return math.log(max(-math.log(q) - log_gamma, 0.25))
    return (math.log(p) + math.log(shape) + log_gamma) / shape


@njit(cache=True, nogil=True, error_model="numpy")
def gamma_inverse(shape: float, p: float, q: float, z: float) -> float:
    """Return the value of a gamma with unit scale that has lower tail p and upper tail q.

    Halley's method on log P (or on log Q, where q is smaller) as a function of t = log x, whose second derivative
    costs nothing: with the density f of t, (log f)' = shape - x. The logarithm of a gamma variate has a
    log-concave density, hence both logarithms are concave in t, and Newton's step, which is Halley's where the
    latter is far from it, approaches the root from one side and cannot leave it.

    Args:
        shape: of the gamma, positive.
        p: lower tail probability.
        q: upper tail probability, 1 - p.
        z: the normal value with the same tails, for the first guess.
    """
    log_gamma = math.lgamma(shape)
    t = _first_guess(shape, log_gamma, p, q, z)
    is_lower = p <= q
    target = math.log(p if is_lower else q)
    # What is left after a step of s standard deviations of t is of the order of s^3 of them.
    enough = 1e-5 / max(math.sqrt(shape), 1.0)
    for _ in range(200):
        x = math.exp(t)
        tail = _log_tail(shape, log_gamma, t, x, is_lower)
        slope = math.exp(shape * t - x - log_gamma - tail)
        if not is_lower:
            slope = -slope
        step = (tail - target) / slope
        bend = 1.0 - 0.5 * step * (shape - x - slope)
        if 0.5 < bend < 2.0:
            step /= bend
        # A guess on the flat side would be thrown far; a bounded step only takes longer.
        t -= min(max(step, -3.0), 3.0)
        if abs(step) <= enough:
            break
    return math.exp(t)
