"""Draws have the moments and percentiles that their parameters promise (reference case E01a).

The parameters are worked out here from what is usually given (mean and sd, median and mean, mean and
shape), the answers are scipy's, and sampled figures are judged in standard errors over 40 batches.
"""

import math

import numpy as np
import pytest
from scipy import special, stats

from flowsim.draws.philox import uniforms
from flowsim.draws.sampler import Sampler, residual
from flowsim.system.purposes import purpose
from flowsim.system.spec import Distribution

DRAWS, BATCHES = 200_000, 40
U = uniforms(2026, 0, 1, np.arange(DRAWS), purpose("theory.samplers"))
LOG_VARIANCE = math.log(1 + (8.61 / 7.4) ** 2)
MEDIAN_SIGMA = math.sqrt(2 * math.log(42.79 / 34))
WEIBULL_SCALE = 6 / special.gamma(1 + 1 / 0.8)
CASES = {
    "lognormal by mean 7.4 and sd 8.61": (
        Distribution("lognormal", math.log(7.4) - LOG_VARIANCE / 2, math.sqrt(LOG_VARIANCE)),
        stats.lognorm(math.sqrt(LOG_VARIANCE), scale=7.4 * math.exp(-LOG_VARIANCE / 2)),
    ),
    "lognormal by median 34 and mean 42.79": (
        Distribution("lognormal", math.log(34), MEDIAN_SIGMA),
        stats.lognorm(MEDIAN_SIGMA, scale=34),
    ),
    "gamma by mean 4 and shape 2.5": (Distribution("gamma", 2.5, 1.6), stats.gamma(2.5, scale=1.6)),
    "weibull by mean 6 and shape 0.8": (
        Distribution("weibull", 0.8, WEIBULL_SCALE),
        stats.weibull_min(0.8, scale=WEIBULL_SCALE),
    ),
    "triangular 1, 3, 8": (Distribution("triangular", 1.0, 8.0, 3.0), stats.triang(2 / 7, 1, 7)),
    "uniform 0.25 to 0.75": (Distribution("uniform", 0.25, 0.75), stats.uniform(0.25, 0.5)),
    "exponential, mean 3": (Distribution("exponential", 3.0), stats.expon(scale=3)),
    "normal, mean 40, sd 5": (Distribution("normal", 40.0, 5.0), stats.norm(40, 5)),
    "geometric, 0.3 a day": (Distribution("geometric", 0.3, 1.0), stats.geom(0.3)),
}
pytestmark = pytest.mark.parametrize(("distribution", "promised"), CASES.values(), ids=CASES.keys())


def over_batches(figure, draws):
    """Return mean and standard error of a figure over equal batches of the draws."""
    values = figure(draws.reshape(BATCHES, -1))
    return values.mean(), values.std(ddof=1) / math.sqrt(BATCHES)


def test_mean_and_sd(distribution, promised):
    draws = Sampler(distribution).draws(U)
    mean, error = over_batches(lambda batches: batches.mean(axis=1), draws)
    assert abs(mean - promised.mean()) < 4 * error
    # The spread about the true mean, squared: an average too, so without the bias of a batch's own sd.
    square, error = over_batches(lambda batches: ((batches - promised.mean()) ** 2).mean(axis=1), draws)
    assert abs(square - promised.var()) < 4 * error


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_percentiles(distribution, promised, share):
    sampler = Sampler(distribution)
    assert sampler.draw(share) == pytest.approx(promised.ppf(share), rel=1e-10)
    below = (sampler.draws(U) <= promised.ppf(share)).mean()
    reached = promised.cdf(promised.ppf(share))
    assert abs(below - reached) < 4 * math.sqrt(reached * (1 - reached) / DRAWS)


def test_draws_follow_the_distribution_everywhere(distribution, promised):
    # Distribution-free for continuous kinds, conservative for whole numbers: D exceeds 2.2 / sqrt(n) once in 16,000.
    draws = np.sort(Sampler(distribution).draws(U))
    points = np.unique(draws)
    at_or_below = np.searchsorted(draws, points, side="right") / DRAWS
    assert np.abs(at_or_below - promised.cdf(points)).max() < 2.2 / math.sqrt(DRAWS)


def test_mean_of_what_is_left(distribution, promised):
    elapsed = float(promised.ppf(0.6))
    u = U[:4000]
    left = np.array([residual(distribution, elapsed, x) for x in u])
    beyond = Sampler(distribution).draws(U)
    longer = beyond[beyond > elapsed] - elapsed
    error = math.hypot(left.std(ddof=1) / math.sqrt(left.size), longer.std(ddof=1) / math.sqrt(longer.size))
    assert abs(left.mean() - longer.mean()) < 4 * error
