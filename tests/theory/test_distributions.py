"""Canonical parameters, means, spreads and probabilities against scipy and closed forms."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from flowsim.errors import ConfigError
from flowsim.system.distributions import cdf, mean, sd
from tests.build import spec_of

H = 60.0
D = 1440.0


def distribution(written):
    """Return the canonical distribution of a step's duration."""
    network = {
        "service": {"ward": {"capacity": {"beds": 1}, "steps": {"stay": {"duration": written}}}},
        "pathway": {"ward": {"all": "home"}},
    }
    table = spec_of(network).services[0].steps[0].duration
    assert len(table.rows) == 1
    return table.rows[0]


PLAIN = [
    ("4 h", stats.uniform(4 * H, 0), 4 * H, 0.0),
    ({"kind": "exponential", "mean": "3 h"}, stats.expon(scale=3 * H), 3 * H, 3 * H),
    ({"kind": "lognormal", "mean": "5 d", "sd": "4 d"}, None, 5 * D, 4 * D),
    ({"kind": "lognormal", "mean": "5 d", "cv": 1.5}, None, 5 * D, 7.5 * D),
    (
        {"kind": "gamma", "mean": "6 d", "shape": 2.5},
        stats.gamma(2.5, scale=6 * D / 2.5),
        6 * D,
        6 * D / math.sqrt(2.5),
    ),
    ({"kind": "gamma", "mean": "6 d", "cv": 0.9}, stats.gamma(1 / 0.81, scale=6 * D * 0.81), 6 * D, 5.4 * D),
    ({"kind": "gamma", "mean": "6 d", "sd": "3 d"}, stats.gamma(4, scale=1.5 * D), 6 * D, 3 * D),
    (
        {"kind": "weibull", "mean": "2 h", "shape": 1.7},
        stats.weibull_min(1.7, scale=2 * H / math.gamma(1 + 1 / 1.7)),
        2 * H,
        None,
    ),
    ({"kind": "uniform", "low": "1 h", "high": "3 h"}, stats.uniform(H, 2 * H), 2 * H, 2 * H / math.sqrt(12)),
    ({"kind": "triangular", "low": "1 h", "mode": "2 h", "high": "6 h"}, stats.triang(0.2, H, 5 * H), 3 * H, None),
]


@pytest.mark.parametrize(("written", "oracle", "mean_", "sd_"), PLAIN)
def test_means_spreads_and_probabilities_are_those_said(written, oracle, mean_, sd_):
    d = distribution(written)
    assert mean(d) == pytest.approx(mean_, rel=1e-12)
    if sd_ is not None:
        assert sd(d) == pytest.approx(sd_, rel=1e-12)
    if oracle is not None and d.kind != "constant":
        assert mean(d) == pytest.approx(oracle.mean(), rel=1e-10)
        assert sd(d) == pytest.approx(oracle.std(), rel=1e-10)
        for p in (0.01, 0.2, 0.5, 0.9, 0.999):
            assert cdf(d, oracle.ppf(p)) == pytest.approx(p, rel=1e-9)


def test_a_lognormal_by_mean_and_sd_has_the_mu_and_sigma_of_the_books():
    d = distribution({"kind": "lognormal", "mean": "5 d", "sd": "4 d"})
    assert d.b == pytest.approx(math.sqrt(math.log(1 + (4 / 5) ** 2)), rel=1e-14)
    assert d.a == pytest.approx(math.log(5 * D) - d.b**2 / 2, rel=1e-14)
    oracle = stats.lognorm(d.b, scale=math.exp(d.a))
    for p in (0.01, 0.5, 0.99):
        assert cdf(d, oracle.ppf(p)) == pytest.approx(p, rel=1e-9)


def test_a_lognormal_by_median_and_mean_has_both():
    d = distribution({"kind": "lognormal", "median": "3 d", "mean": "5 d"})
    assert cdf(d, 3 * D) == pytest.approx(0.5, abs=1e-14)
    assert mean(d) == pytest.approx(5 * D, rel=1e-12)


def test_a_lognormal_of_logs_counts_in_its_unit():
    d = distribution({"kind": "lognormal", "meanlog": 1.5, "sdlog": 0.8, "unit": "1 d"})
    assert mean(d) == pytest.approx(D * math.exp(1.5 + 0.32), rel=1e-12)
    assert cdf(d, D * math.exp(1.5)) == pytest.approx(0.5, abs=1e-14)


def test_a_geometric_counts_units_from_one():
    d = distribution({"kind": "geometric", "unit": "1 d", "ends": "20 %"})
    oracle = stats.geom(0.2)
    assert mean(d) == pytest.approx(oracle.mean() * D)
    assert sd(d) == pytest.approx(oracle.std() * D)
    assert cdf(d, 0.99 * D) == 0
    for days in (1, 2, 5):
        assert cdf(d, days * D) == pytest.approx(oracle.cdf(days), rel=1e-12)


def test_a_discrete_has_its_values_in_order_and_the_rest():
    d = distribution({"kind": "discrete", "values": {"4 h": "25 %", "1 h": "rest", "2 h": "25 %"}})
    assert d.values == (H, 2 * H, 4 * H)
    assert d.cumulative == (0.5, 0.75, 1.0)
    assert mean(d) == 0.5 * H + 0.25 * 2 * H + 0.25 * 4 * H
    assert cdf(d, 2 * H) == 0.75
    assert cdf(d, 2 * H - 1e-9) == 0.5


CLAMPED = [
    ({"kind": "normal", "mean": "2 h", "sd": "2 h"}, stats.norm(2 * H, 2 * H), 0.0, math.inf),
    ({"kind": "normal", "mean": "2 h", "cv": 0.5, "at_least": "90 min"}, stats.norm(2 * H, H), 90.0, math.inf),
    ({"kind": "exponential", "mean": "3 h", "at_most": "4 h"}, stats.expon(scale=3 * H), 0.0, 4 * H),
    ({"kind": "exponential", "mean": "3 h", "at_least": "1 h", "at_most": "4 h"}, stats.expon(scale=3 * H), H, 4 * H),
    (
        {"kind": "gamma", "mean": "6 d", "cv": 1.2, "at_least": "2 h"},
        stats.gamma(1 / 1.44, scale=6 * D * 1.44),
        2 * H,
        math.inf,
    ),
    (
        {"kind": "weibull", "mean": "2 h", "shape": 0.8, "at_most": "1 d"},
        stats.weibull_min(0.8, scale=2 * H / math.gamma(2.25)),
        0.0,
        D,
    ),
    ({"kind": "uniform", "low": "1 h", "high": "3 h", "at_least": "2 h"}, stats.uniform(H, 2 * H), 2 * H, math.inf),
    (
        {"kind": "triangular", "low": "1 h", "mode": "2 h", "high": "6 h", "at_most": "5 h"},
        stats.triang(0.2, H, 5 * H),
        0.0,
        5 * H,
    ),
    (
        {"kind": "lognormal", "meanlog": 6, "sdlog": 1.4, "unit": "1 min", "at_most": "21 d"},
        stats.lognorm(1.4, scale=math.exp(6)),
        0.0,
        21 * D,
    ),
]


@pytest.mark.parametrize(("written", "oracle", "low", "high"), CLAMPED)
def test_clamping_counts_in_means_and_spreads(written, oracle, low, high):
    d = distribution(written)
    # The oracle integrates over probability, not over time: E g(X) = int_0^1 g(quantile(u)) du.
    cuts = [0.0, *sorted({float(oracle.cdf(low)), float(oracle.cdf(min(high, 1e12)))} - {0.0, 1.0}), 1.0]

    def moment(power):
        parts = [
            integrate.quad(lambda u: np.clip(oracle.ppf(u), low, high) ** power, a, b, limit=500, epsrel=1e-9)[0]
            for a, b in pairwise(cuts)
        ]
        return sum(parts)

    assert mean(d) == pytest.approx(moment(1), rel=1e-6)
    assert sd(d) == pytest.approx(math.sqrt(moment(2) - moment(1) ** 2), rel=1e-5)


def test_probabilities_jump_where_clamped():
    d = distribution({"kind": "exponential", "mean": "3 h", "at_least": "1 h", "at_most": "4 h"})
    assert cdf(d, H - 1e-9) == 0
    assert cdf(d, H) == pytest.approx(1 - math.exp(-1 / 3))
    assert cdf(d, 4 * H - 1e-9) == pytest.approx(1 - math.exp(-4 / 3))
    assert cdf(d, 4 * H) == 1


def test_a_clamped_geometric_and_discrete_sum_exactly():
    d = distribution({"kind": "geometric", "unit": "1 d", "ends": "20 %", "at_most": "3 d"})
    assert mean(d) == pytest.approx(D * (0.2 + 2 * 0.16 + 3 * 0.64))
    d = distribution({"kind": "geometric", "unit": "1 d", "ends": "20 %", "at_least": "2 d"})
    assert mean(d) == pytest.approx(D * (5 + 0.2), rel=1e-12)
    d = distribution({"kind": "discrete", "values": {"1 h": "50 %", "3 h": "50 %"}, "at_most": "2 h"})
    assert (mean(d), sd(d)) == (1.5 * H, 0.5 * H)


TIMES = [w for w, *_ in PLAIN] + [w for w, *_ in CLAMPED]


@pytest.mark.parametrize("written", TIMES)
def test_times_multiplies_what_is_drawn_clamping_included(written):
    plain = {"kind": "constant", "value": written} if isinstance(written, str) else written
    d, twice = distribution(plain), distribution({**plain, "times": 2})
    assert mean(twice) == pytest.approx(2 * mean(d), rel=1e-9)
    assert sd(twice) == pytest.approx(2 * sd(d), rel=1e-7)
    assert cdf(twice, 2.5 * mean(d)) == pytest.approx(cdf(d, 1.25 * mean(d)), rel=1e-12)


def test_times_nothing_is_nothing():
    d = distribution({"kind": "lognormal", "mean": "5 d", "sd": "4 d", "at_least": "1 d", "times": 0})
    assert (d.kind, mean(d), sd(d)) == ("constant", 0.0, 0.0)


@pytest.mark.parametrize("kind", ["lognormal", "gamma", "normal"])
def test_no_spread_is_a_constant(kind):
    d = distribution({"kind": kind, "mean": "5 h", "sd": "0 h"})
    assert (d.kind, d.a) == ("constant", 5 * H)


@pytest.mark.parametrize(
    "written",
    [
        {"kind": "lognormal", "mean": "5 d"},
        {"kind": "exponential", "mean": "5 d", "sd": "1 d"},
        {"kind": "gamma", "mean": "5 d", "sd": "1 d", "shape": 2},
        {"kind": "lognormal", "median": "6 d", "mean": "5 d"},
        {"kind": "gamma", "mean": "5 d", "shape": 0},
        {"kind": "uniform", "low": "3 h", "high": "2 h"},
        {"kind": "triangular", "low": "1 h", "mode": "7 h", "high": "6 h"},
        {"kind": "geometric", "unit": "1 d", "ends": "0 %"},
        {"kind": "discrete", "values": {"1 h": "60 %", "2 h": "60 %"}},
        {"kind": "discrete", "values": {"1 h": "60 %"}},
        {"kind": "discrete", "values": {"1": "rest"}},
        {"kind": "exponential", "mean": "2 h", "at_least": "3 h", "at_most": "1 h"},
        {"kind": "exponential", "mean": "2 h", "times": -1},
    ],
)
def test_distributions_that_cannot_be_are_refused_by_key(written):
    with pytest.raises(ConfigError) as error:
        distribution(written)
    assert [p.key for p in error.value.problems] == ["service.ward.steps.stay.duration"]
