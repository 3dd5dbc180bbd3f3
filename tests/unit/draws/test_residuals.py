"""What is left of a stay: its distribution is that of the stay, given that it has lasted so long."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from flowsim.draws.sampler import Sampler, residual
from flowsim.system.spec import Distribution

SMOOTH = [
    (Distribution("lognormal", 1.6, 0.9), stats.lognorm(0.9, scale=np.exp(1.6))),
    (Distribution("gamma", 2.5, 1.6), stats.gamma(2.5, scale=1.6)),
    (Distribution("gamma", 0.3, 10.0), stats.gamma(0.3, scale=10)),
    (Distribution("weibull", 0.8, 5.0), stats.weibull_min(0.8, scale=5)),
    (Distribution("weibull", 2.5, 5.0), stats.weibull_min(2.5, scale=5)),
    (Distribution("exponential", 3.0), stats.expon(scale=3)),
    (Distribution("uniform", 2.0, 9.0), stats.uniform(2, 7)),
    (Distribution("triangular", 1.0, 8.0, 3.0), stats.triang(2 / 7, 1, 7)),
    (Distribution("normal", 6.0, 2.0), stats.norm(6, 2)),
]
lucks = st.floats(0.001, 0.999)


@pytest.mark.parametrize(("distribution", "reference"), SMOOTH, ids=lambda case: getattr(case, "kind", ""))
@given(elapsed=st.floats(0.01, 7.9), u=lucks)
def test_share_still_there_is_that_of_the_stay(distribution, reference, elapsed, u):
    left = residual(distribution, elapsed, u)
    assert left >= 0
    assert reference.sf(elapsed + left) / reference.sf(elapsed) == pytest.approx(1 - u, rel=1e-9)


@pytest.mark.parametrize(("distribution", "reference"), SMOOTH, ids=lambda case: getattr(case, "kind", ""))
def test_nothing_elapsed_leaves_the_whole_stay(distribution, reference):
    for u in (0.1, 0.5, 0.9):
        assert residual(distribution, 0.0, u) == Sampler(distribution).draw(u)


def test_exponential_forgets():
    exponential = Distribution("exponential", 30.0)
    assert residual(exponential, 1e4, 0.7) == pytest.approx(Sampler(exponential).draw(0.7), rel=1e-10)


@given(st.floats(1.0, 60.0), lucks)
def test_normal_tail_at_any_distance(z, u):
    left = residual(Distribution("normal", 0.0, 1.0), z, u)
    # Beyond 37 standard deviations the asymptotic tail is used: its relative error is of order 1 / z^2.
    gone = stats.norm.logsf(z) - stats.norm.logsf(z + left)
    assert gone == pytest.approx(-math.log1p(-u), rel=1e-9 if z < 35 else 2 / z**2, abs=1e-10)


@given(st.floats(5.0, 60.0), lucks)
def test_lognormal_tail_at_any_distance(z, u):
    elapsed = math.exp(0.5 * z)
    left = residual(Distribution("lognormal", 0.0, 0.5), elapsed, u)
    gone = stats.norm.logsf(z) - stats.norm.logsf(2 * math.log(elapsed + left))
    assert gone == pytest.approx(-math.log1p(-u), rel=1e-8 if z < 35 else 2 / z**2)


@pytest.mark.parametrize(("shape", "elapsed"), [(0.3, 50.0), (2.5, 500.0), (2.5, 900.0), (100.0, 1500.0)])
@pytest.mark.parametrize("u", [0.1, 0.9])
def test_gamma_tail_at_any_distance(shape, elapsed, u):
    left = residual(Distribution("gamma", shape, 1.0), elapsed, u)

    def beyond(start):
        # Q(shape, elapsed + start) but for a factor that cancels.
        area, _ = integrate.quad(lambda s: (1 + s / elapsed) ** (shape - 1) * math.exp(-s), start, 60)
        return area

    assert beyond(left) / beyond(0.0) == pytest.approx(1 - u, rel=0.02)


@given(st.integers(0, 40), st.floats(0.0, 0.999), st.floats(0.05, 1.0), lucks)
def test_geometric_starts_afresh_at_each_unit(units, part, ends, u):
    days = Distribution("geometric", ends, 1440.0)
    elapsed = (units + part) * 1440.0
    stay = elapsed + residual(days, elapsed, u)
    assert stay > elapsed or ends == 1
    afresh = 1440.0 * math.floor(elapsed / 1440.0) + Sampler(days).draw(u)
    assert stay == pytest.approx(afresh, rel=1e-12)


def test_discrete_keeps_the_values_still_possible():
    stay = Distribution("discrete", values=(1.0, 2.0, 4.0), cumulative=(0.5, 0.75, 1.0))
    assert [residual(stay, 0.0, u) for u in (0.25, 0.6, 0.9)] == [1.0, 2.0, 4.0]
    assert [residual(stay, 1.0, u) for u in (0.25, 0.5, 0.51)] == [1.0, 1.0, 3.0]
    assert [residual(stay, 2.5, u) for u in (0.01, 0.99)] == [1.5, 1.5]


@pytest.mark.parametrize(
    ("distribution", "elapsed"),
    [
        (Distribution("constant", 60.0), 60.0),
        (Distribution("uniform", 2.0, 9.0), 9.0),
        (Distribution("triangular", 1.0, 8.0, 3.0), 12.0),
        (Distribution("discrete", values=(1.0, 2.0), cumulative=(0.5, 1.0)), 2.0),
        (Distribution("lognormal", 1.0, 1.0, at_most=50.0), 50.0),
    ],
    ids=lambda case: getattr(case, "kind", ""),
)
def test_nothing_is_left_of_the_longest_stay(distribution, elapsed):
    assert residual(distribution, elapsed, 0.5) == 0.0


def test_clamps_hold_for_the_whole_stay():
    bounded = Distribution("exponential", 30.0, at_least=20.0, at_most=40.0)
    # Not yet at the least: the stay is drawn as ever, and 20 minutes are the least of it.
    assert residual(bounded, 5.0, 0.01) == 15.0
    assert residual(bounded, 30.0, 0.999) == 10.0
    assert residual(bounded, 30.0, 0.1) == pytest.approx(-30 * math.log(0.9))


@pytest.mark.parametrize("elapsed", [math.nan, math.inf])
def test_elapsed_time_must_be_a_number(elapsed):
    with pytest.raises(ValueError, match="elapsed"):
        residual(Distribution("exponential", 30.0), elapsed, 0.5)
