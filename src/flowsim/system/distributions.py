"""Distributions of times in canonical parameters, and their means, spreads and probabilities.

Times are minutes throughout. ``canonical`` is the only place where the ways of writing a distribution
(mean and sd, median and mean, mean and shape ...) become the parameters that ``spec.Distribution`` names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

from flowsim.system.spec import Distribution
from flowsim.units import Dimension, QuantityError, parse_quantity


class CannotBe(ValueError):
    """Parameters that no distribution of the kind has; the text says what is wanted."""


class Part(Protocol):
    """A share as configurations have it."""

    @property
    def value(self) -> float:
        """The share, from 0 to 1."""


def constant_of(minutes: float) -> Distribution:
    """Return a constant."""
    return Distribution("constant", minutes)


def canonical(kind: str, numbers: Mapping[str, float]) -> Distribution:
    """Return a distribution in canonical parameters.

    Lognormal, from mean m and coefficient of variation c: sigma^2 = ln(1 + c^2), mu = ln m - sigma^2 / 2;
    from median d and mean m: mu = ln d, sigma^2 = 2 ln(m / d); from ``meanlog`` and ``sdlog`` of a unit of u
    minutes: mu = meanlog + ln u. Gamma: scale = mean / shape, and shape = 1 / c^2. Weibull:
    scale = mean / Gamma(1 + 1 / shape). (Johnson, Kotz, Balakrishnan: Continuous Univariate
    Distributions, vol. 1, chapters 14, 17, 21.) A mean of 0 is a constant 0, a spread of 0 a constant.

    Args:
        kind: as in the YAML, ``discrete`` excepted.
        numbers: parameters by their names in the YAML, durations in minutes.

    Raises:
        CannotBe: the parameters are out of range.
    """
    if kind == "constant":
        return constant_of(_at_least_zero(numbers["value"], "value"))
    if kind in ("uniform", "triangular"):
        return _between(kind, numbers)
    if kind == "geometric":
        if not 0 < numbers["ends"] <= 1:
            raise CannotBe("ends above 0 % and up to 100 %")
        return Distribution("geometric", numbers["ends"], _positive(numbers["unit"], "unit"))
    if kind == "lognormal" and "meanlog" in numbers:
        mu, sigma = (
            numbers["meanlog"] + math.log(_positive(numbers["unit"], "unit")),
            _at_least_zero(numbers["sdlog"], "sdlog"),
        )
        return Distribution("lognormal", mu, sigma) if sigma > 0 else constant_of(math.exp(mu))
    mean_ = _at_least_zero(numbers["mean"], "mean")
    if kind == "lognormal" and "median" in numbers:
        return _by_median(numbers["median"], mean_)
    if mean_ == 0 and kind != "normal":
        return constant_of(0.0)
    if kind == "exponential":
        return Distribution("exponential", mean_)
    if "shape" in numbers:
        shape = _positive(numbers["shape"], "shape")
        scale = mean_ / shape if kind == "gamma" else mean_ / math.gamma(1 + 1 / shape)
        return Distribution(kind, shape, scale)
    return _by_spread(kind, mean_, numbers)


def _by_spread(kind: str, mean_: float, numbers: Mapping[str, float]) -> Distribution:
    """Return a lognormal, gamma or normal from its mean and sd, or cv."""
    sd_ = _at_least_zero(numbers["sd"], "sd") if "sd" in numbers else mean_ * _at_least_zero(numbers["cv"], "cv")
    if sd_ == 0:
        return constant_of(mean_)
    if kind == "normal":
        return Distribution("normal", mean_, sd_)
    square = (sd_ / mean_) ** 2
    if kind == "gamma":
        return Distribution("gamma", 1 / square, mean_ * square)
    sigma2 = math.log1p(square)
    return Distribution("lognormal", math.log(mean_) - sigma2 / 2, math.sqrt(sigma2))


def _by_median(median: float, mean_: float) -> Distribution:
    if not 0 < median <= mean_:
        raise CannotBe("a median above 0 and no greater than the mean: a lognormal leans to the right")
    if median == mean_:
        return constant_of(mean_)
    return Distribution("lognormal", math.log(median), math.sqrt(2 * math.log(mean_ / median)))


def _between(kind: str, numbers: Mapping[str, float]) -> Distribution:
    low, high, mode = numbers["low"], numbers["high"], numbers.get("mode", numbers["low"])
    if not 0 <= low <= mode <= high:
        raise CannotBe("low, " + ("mode, " if kind == "triangular" else "") + "high in order of size")
    return constant_of(low) if low == high else Distribution(kind, low, high, mode if kind == "triangular" else 0.0)


def _positive(number: float, name: str) -> float:
    if not number > 0:
        raise CannotBe(f"{name} above 0")
    return number


def _at_least_zero(number: float, name: str) -> float:
    if not number >= 0:
        raise CannotBe(f"{name} of 0 or more")
    return number


def discrete_of(values: Mapping[str, Part | str] | None, dimension: Dimension) -> Distribution:
    """Return a discrete distribution from value -> share; values in order of size.

    Args:
        values: text of the value -> ``Share``, or "rest" for what the others leave.
        dimension: of the values: DURATION, or COUNT for sizes of batches.

    Raises:
        CannotBe: a value is not of that dimension, or the shares do not add up.
    """
    read = []
    total = sum(share.value for share in (values or {}).values() if not isinstance(share, str))
    rests = sum(isinstance(share, str) for share in (values or {}).values())
    if rests > 1 or total > 1 + 1e-9 or (not rests and abs(total - 1) > 1e-9):
        raise CannotBe(f"shares that add up to 100 %, with at most one rest (they add up to {100 * total:.6g} %)")
    for text, share in (values or {}).items():
        try:
            number = parse_quantity(text, dimension)
        except QuantityError as error:
            raise CannotBe(f"{error.wanted} in place of {text!r}") from None
        read.append((number, max(0.0, 1 - total) if isinstance(share, str) else share.value))
    read.sort()
    return Distribution(
        "discrete", values=tuple(v for v, _ in read), cumulative=cumulative_of([share for _, share in read])
    )


def cumulative_of(shares: Sequence[float]) -> tuple[float, ...]:
    """Return cumulative shares whose last is exactly 1."""
    out, total = [], 0.0
    for share in shares:
        total += share
        out.append(min(total, 1.0))
    return (*out[:-1], 1.0)


def scaled(d: Distribution, times: float) -> Distribution:
    """Return the distribution of ``times`` what is drawn, clamping included.

    Raises:
        CannotBe: ``times`` is negative.
    """
    if times == 1.0:
        return d
    if times == 0.0:
        return constant_of(0.0)
    if not 0 < times < math.inf:
        raise CannotBe("times of 0 or more")
    low, high = d.at_least * times, d.at_most * times
    if d.kind == "lognormal":
        return replace(d, a=d.a + math.log(times), at_least=low, at_most=high)
    if d.kind in ("gamma", "weibull", "geometric"):
        return replace(d, b=d.b * times, at_least=low, at_most=high)
    values = tuple(v * times for v in d.values)
    return replace(d, a=d.a * times, b=d.b * times, c=d.c * times, at_least=low, at_most=high, values=values)


def _raw_moments(d: Distribution) -> tuple[float, float]:
    """Return (mean, variance) before clamping."""
    a, b, c = d.a, d.b, d.c
    if d.kind == "discrete":
        shares = [y - x for x, y in zip((0.0, *d.cumulative), d.cumulative, strict=False)]
        first = math.fsum(v * p for v, p in zip(d.values, shares, strict=True))
        return first, math.fsum(p * (v - first) ** 2 for v, p in zip(d.values, shares, strict=True))
    moments: dict[str, Callable[[], tuple[float, float]]] = {
        "constant": lambda: (a, 0.0),
        "exponential": lambda: (a, a * a),
        "lognormal": lambda: (math.exp(a + b * b / 2), math.expm1(b * b) * math.exp(2 * a + b * b)),
        "gamma": lambda: (a * b, a * b * b),
        "weibull": lambda: (b * math.gamma(1 + 1 / a), b * b * (math.gamma(1 + 2 / a) - math.gamma(1 + 1 / a) ** 2)),
        "uniform": lambda: ((a + b) / 2, (b - a) ** 2 / 12),
        "triangular": lambda: ((a + b + c) / 3, (a * a + b * b + c * c - a * b - a * c - b * c) / 18),
        "normal": lambda: (a, b * b),
        "geometric": lambda: (b / a, (1 - a) * b * b / (a * a)),
    }
    return moments[d.kind]()


def _support(d: Distribution) -> tuple[float, float]:
    """Return the least and greatest value before clamping."""
    if d.kind == "constant":
        return d.a, d.a
    if d.kind in ("uniform", "triangular"):
        return d.a, d.b
    if d.kind == "discrete":
        return d.values[0], d.values[-1]
    if d.kind == "geometric":
        return d.b, math.inf
    return (-math.inf if d.kind == "normal" else 0.0), math.inf


def cdf(d: Distribution, x: float) -> float:
    """Return the probability of at most ``x`` minutes, clamping included."""
    if x < d.at_least:
        return 0.0
    if x >= d.at_most:
        return 1.0
    return _raw_cdf(d, x)


def _raw_cdf(d: Distribution, x: float) -> float:
    """Return the probability of at most ``x`` minutes before clamping."""
    from scipy import special

    low, high = _support(d)
    if x < low:
        return 0.0
    if x >= high:
        return 1.0
    a, b, c = d.a, d.b, d.c
    if d.kind == "discrete":
        return max(p for v, p in zip(d.values, d.cumulative, strict=True) if v <= x)
    if d.kind == "triangular":
        return (x - a) ** 2 / ((b - a) * (c - a)) if x < c else 1 - (b - x) ** 2 / ((b - a) * (b - c))
    probabilities: dict[str, Callable[[], float]] = {
        "exponential": lambda: -math.expm1(-x / a),
        "lognormal": lambda: float(special.ndtr((math.log(x) - a) / b)) if x > 0 else 0.0,
        "gamma": lambda: float(special.gammainc(a, x / b)),
        "weibull": lambda: -math.expm1(-((x / b) ** a)),
        "uniform": lambda: (x - a) / (b - a),
        "normal": lambda: float(special.ndtr((x - a) / b)),
        "geometric": lambda: 1 - (1 - a) ** math.floor(x / b + 1e-12),
    }
    return probabilities[d.kind]()


def mean(d: Distribution) -> float:
    """Return the mean in minutes, clamping included."""
    return _moments(d)[0]


def sd(d: Distribution) -> float:
    """Return the standard deviation in minutes, clamping included."""
    return math.sqrt(max(0.0, _moments(d)[1]))


@lru_cache(maxsize=65536)
def _moments(d: Distribution) -> tuple[float, float]:
    """Return (mean, variance) of what is drawn.

    For X clamped to [l, h], with F its distribution before: E X = l + int_l^h (1 - F(x)) dx and
    E X^2 = l^2 + int_l^h 2 x (1 - F(x)) dx (integration by parts).
    """
    low, high = _support(d)
    if d.at_least <= low and d.at_most >= high:
        return _raw_moments(d)
    if d.kind in ("constant", "discrete"):
        values = (d.a,) if d.kind == "constant" else d.values
        clamped = tuple(min(max(v, d.at_least), d.at_most) for v in values)
        return _raw_moments(Distribution("discrete", values=clamped, cumulative=d.cumulative or (1.0,)))
    if d.kind == "geometric":
        return _clamped_geometric(d)
    scale = sum(abs(x) for x in (_raw_moments(d)[0], math.sqrt(_raw_moments(d)[1]), d.at_least))
    first = d.at_least + _tail_integral(d, lambda x: 1.0, 1e-13 * scale)
    # About the mean rather than 0, so that a small spread on a large mean keeps its digits.
    square = (d.at_least - first) ** 2 + _tail_integral(d, lambda x: 2 * (x - first), 1e-13 * scale**2)
    return first, square


def _beyond(d: Distribution, x: float) -> float:
    """Return the probability of more than ``x`` minutes before clamping, to full precision far out."""
    from scipy import special

    if d.kind == "lognormal":
        return float(special.ndtr((d.a - math.log(x)) / d.b)) if x > 0 else 1.0
    if d.kind == "normal":
        return float(special.ndtr((d.a - x) / d.b))
    if d.kind == "gamma":
        return float(special.gammaincc(d.a, max(x, 0.0) / d.b))
    if d.kind == "exponential":
        return math.exp(-max(x, 0.0) / d.a)
    if d.kind == "weibull":
        return math.exp(-((max(x, 0.0) / d.b) ** d.a))
    return 1 - _raw_cdf(d, x)


def _tail_integral(d: Distribution, weight: Callable[[float], float], tolerance: float) -> float:
    """Return the integral of weight(x) (1 - F(x)) from ``at_least`` to ``at_most``, piece by piece."""
    from scipy import integrate

    centre, variance = _raw_moments(d)
    spread = math.sqrt(variance)
    low, high = _support(d)
    top = min(d.at_most, high)
    if math.isinf(top):
        top = _far_out(d, weight, max(d.at_least, centre) + 64 * spread, tolerance)
    cuts = {low, d.c, *(centre + k * spread for k in (-8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 64))}
    while 0 < (last := max(cuts)) < top / 4:
        cuts.add(last * 4)
    points = [d.at_least, *sorted(x for x in cuts if d.at_least < x < top and math.isfinite(x)), top]

    def integrand(x: float) -> float:
        return weight(x) * _beyond(d, x)

    pieces = [(a, b) for a, b in pairwise(points) if b > a]
    return math.fsum(integrate.quad(integrand, a, b, epsabs=tolerance, epsrel=1e-10, limit=200)[0] for a, b in pieces)


def _far_out(d: Distribution, weight: Callable[[float], float], x: float, tolerance: float) -> float:
    """Return a point, ``x`` or beyond, past which the integral of weight(x) (1 - F(x)) is less than the tolerance.

    A tail that falls faster than by a power of x leaves less than the integrand there times x, once this falls.
    """
    while abs(weight(x)) * _beyond(d, x) * x > tolerance:
        x *= 2
    return x


def _clamped_geometric(d: Distribution) -> tuple[float, float]:
    """Return (mean, variance) of a clamped geometric by summing until the tail is below 1e-16."""
    most = (
        d.at_most
        if math.isfinite(d.at_most)
        else max(d.at_least, d.b) + d.b * (40 / -math.log1p(-d.a) if d.a < 1 else 1)
    )
    count = max(1, math.ceil(most / d.b))
    shares = [d.a * (1 - d.a) ** k for k in range(count - 1)]
    values = [min(max(d.b * (k + 1), d.at_least), d.at_most) for k in range(count)]
    shares.append(1 - math.fsum(shares))
    first = math.fsum(v * p for v, p in zip(values, shares, strict=True))
    return first, math.fsum(p * (v - first) ** 2 for v, p in zip(values, shares, strict=True))
