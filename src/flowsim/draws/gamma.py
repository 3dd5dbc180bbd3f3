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


@njit(cache=True, nogil=True)
def _log_lower_series(shape: float, log_x: float) -> float:
    """Return log P(shape, x) by its power series, DLMF 8.11.4; for x below shape + 1."""
    x = math.exp(log_x)
    term = total = 1.0
    for n in range(1, _TERMS):
        term *= x / (shape + n)
        total += term
        if term <= total * _EPSILON:
            break
    return shape * log_x - x - math.lgamma(shape + 1.0) + math.log(total)


@njit(cache=True, nogil=True)
def _log_upper_fraction(shape: float, log_x: float) -> float:
    """Return log Q(shape, x) by its continued fraction, DLMF 8.9.2, for x above shape + 1.

    Evaluated from the front by the modified method of Lentz (Thompson and Barnett, J. Comput. Phys. 64
    (1986) 490-509).
    """
    x = math.exp(log_x)
    b = x + 1.0 - shape
    c = 1.0 / _TINY
    d = 1.0 / b
    fraction = d
    for n in range(1, _TERMS):
        a = -n * (n - shape)
        b += 2.0
        d = a * d + b
        d = 1.0 / (d if abs(d) > _TINY else _TINY)
        c = b + a / c
        c = c if abs(c) > _TINY else _TINY
        fraction *= c * d
        if abs(c * d - 1.0) <= 1e-15:
            break
    return shape * log_x - x - math.lgamma(shape) + math.log(fraction)


@njit(cache=True, nogil=True)
def log_gamma_tails(shape: float, log_x: float) -> tuple[float, float]:
    """Return the logarithms of P(shape, x) and Q(shape, x), the regularised incomplete gamma functions."""
    if log_x < math.log(shape + 1.0):
        lower = min(_log_lower_series(shape, log_x), 0.0)
        return lower, math.log(max(-math.expm1(lower), _TINY))
    upper = min(_log_upper_fraction(shape, log_x), 0.0)
    return math.log(max(-math.expm1(upper), _TINY)), upper


@njit(cache=True, nogil=True)
def gamma_tails(shape: float, x: float) -> tuple[float, float]:
    """Return the probabilities below and above x of a gamma with unit scale."""
    if x <= 0.0:
        return 0.0, 1.0
    lower, upper = log_gamma_tails(shape, math.log(x))
    return math.exp(lower), math.exp(upper)


@njit(cache=True, nogil=True)
def _first_guess(shape: float, p: float, q: float, z: float) -> float:
    """Return a first log x: the leading term of the series where p is small, else Wilson and Hilferty's.

    Sources: DLMF 8.7.1; Wilson and Hilferty, PNAS 17 (1931) 684-688; for shapes below one and small q the
    tail's leading term, DLMF 8.11.2.
    """
    leading = (math.log(p) + math.lgamma(shape + 1.0)) / shape
    if shape < 1.0:
        if q >= 0.25:
            return leading
        return math.log(max(-math.log(q) - math.lgamma(shape), 0.25))
    root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * math.sqrt(shape))
    if root <= 0.25:
        return leading
    return math.log(shape) + 3.0 * math.log(root)


@njit(cache=True, nogil=True)
def gamma_inverse(shape: float, p: float, q: float, z: float) -> float:
    """Return the value of a gamma with unit scale that has lower tail p and upper tail q.

    Newton's method on log P (or on log Q, where q is smaller) as a function of t = log x. The logarithm of
    a gamma variate has a log-concave density, hence both logarithms are concave in t: from the second
    iterate on Newton's method approaches the root from one side and cannot leave it.

    Args:
        shape: of the gamma, positive.
        p: lower tail probability.
        q: upper tail probability, 1 - p.
        z: the normal value with the same tails, for the first guess.
    """
    t = _first_guess(shape, p, q, z)
    is_lower = p <= q
    target = math.log(p if is_lower else q)
    for _ in range(200):
        lower, upper = log_gamma_tails(shape, t)
        log_density = shape * t - math.exp(t) - math.lgamma(shape)
        if is_lower:
            step = (lower - target) * math.exp(lower - log_density)
        else:
            step = (target - upper) * math.exp(upper - log_density)
        # A guess on the flat side would be thrown far; a bounded step only takes longer.
        t -= min(max(step, -3.0), 3.0)
        if abs(step) <= 1e-9:
            break
    return math.exp(t)
