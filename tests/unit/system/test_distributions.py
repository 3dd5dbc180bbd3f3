import math

import pytest
from scipy import special

from flowsim.system.distributions import canonical, mean, sd
from flowsim.system.spec import Distribution


def clamped_lognormal(d: Distribution) -> tuple[float, float]:
    """Mean and standard deviation from partial moments: E[X^k; X > l] = exp(k mu + k^2 s^2 / 2) Phi(...)."""
    low = math.log(d.at_least)
    first, second = (
        math.exp(k * d.a + (k * d.b) ** 2 / 2) * special.ndtr((d.a + k * d.b**2 - low) / d.b)
        + d.at_least**k * special.ndtr((low - d.a) / d.b)
        for k in (1, 2)
    )
    return first, math.sqrt(second - first**2)


@pytest.mark.parametrize("cv", [0.7, 1.5, 1.8, 6.0])
@pytest.mark.parametrize("at_least", [60.0, 2880.0, 17280.0])
def test_moments_of_a_heavy_tail_with_a_least_value(cv, at_least):
    plain = canonical("lognormal", {"mean": 5760.0, "cv": cv})
    d = Distribution("lognormal", plain.a, plain.b, at_least=at_least)
    assert (mean(d), sd(d)) == pytest.approx(clamped_lognormal(d), rel=1e-8)


def test_moments_of_a_stretched_exponential_with_a_least_value():
    # Weibull of shape 1/2 and scale 1: P(X > x) = exp(-sqrt x), whose integral from l is 2 (1 + sqrt l) exp(-sqrt l).
    d = Distribution("weibull", 0.5, 1.0, at_least=4.0)
    assert mean(d) == pytest.approx(4 + 6 * math.exp(-2), rel=1e-10)
