"""Quantile functions against scipy, over wide ranges of parameters and far into the tails."""

from bisect import bisect_left
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special, stats

from flowsim.draws.gamma import gamma_inverse, gamma_tails
from flowsim.draws.normal import normal_inverse, normal_tails
from flowsim.draws.quantiles import KINDS, exponential_from_uniform, pick
from flowsim.draws.sampler import Sampler
from flowsim.system.spec import Distribution

TAILS = np.concatenate([np.geomspace(1e-12, 0.5, 60), 1 - np.geomspace(1e-12, 0.5, 60)])
SMOOTH = [
    (Distribution("exponential", 30.0), stats.expon(scale=30)),
    (Distribution("lognormal", 1.6, 0.9), stats.lognorm(0.9, scale=np.exp(1.6))),
    (Distribution("gamma", 2.5, 1.6), stats.gamma(2.5, scale=1.6)),
    (Distribution("gamma", 0.07, 400.0), stats.gamma(0.07, scale=400)),
    (Distribution("weibull", 0.8, 5.0), stats.weibull_min(0.8, scale=5)),
    (Distribution("weibull", 3.0, 5.0), stats.weibull_min(3, scale=5)),
    (Distribution("uniform", 15.0, 45.0), stats.uniform(15, 30)),
    (Distribution("triangular", 1.0, 8.0, 3.0), stats.triang(2 / 7, 1, 7)),
    (Distribution("triangular", 1.0, 8.0, 1.0), stats.triang(0, 1, 7)),
    (Distribution("triangular", 1.0, 8.0, 8.0), stats.triang(1, 1, 7)),
    (Distribution("normal", 500.0, 20.0), stats.norm(500, 20)),
]
open_unit = st.floats(0, 1, exclude_min=True, exclude_max=True)


def names(case):
    return case.kind if isinstance(case, Distribution) else ""


def by_scipy(reference, u):
    """Quantiles taken from the tail that is exact."""
    return np.where(u <= 0.5, reference.ppf(u), reference.isf(1 - u))


@pytest.mark.parametrize(("distribution", "reference"), SMOOTH, ids=names)
def test_quantiles_are_those_of_scipy(distribution, reference):
    np.testing.assert_allclose(Sampler(distribution).draws(TAILS), by_scipy(reference, TAILS), rtol=1e-10)


@pytest.mark.parametrize("shape", np.geomspace(0.05, 500, 25))
def test_gamma_quantiles_over_all_shapes(shape):
    want = np.where(TAILS <= 0.5, special.gammaincinv(shape, TAILS), special.gammainccinv(shape, 1 - TAILS))
    np.testing.assert_allclose(Sampler(Distribution("gamma", shape, 1.0)).draws(TAILS), want, rtol=1e-10)


@given(st.floats(0.05, 500), st.floats(1e-12, 1 - 1e-12))
def test_gamma_inverse_undoes_the_tails(shape, p):
    x = gamma_inverse(shape, p, 1 - p, normal_inverse(p, 1 - p))
    lower, upper = gamma_tails(shape, x)
    if x > 1e-300:
        # Error of the logarithm of the density, some 3000 at most, carried to the probability.
        assert min(lower, upper) == pytest.approx(min(p, 1 - p), rel=1e-11)
        assert lower + upper == pytest.approx(1, abs=1e-12)


@given(st.floats(0.05, 500), st.floats(1e-3, 2000))
def test_gamma_tails_are_those_of_scipy(shape, x):
    lower, upper = gamma_tails(shape, x)
    assert lower == pytest.approx(special.gammainc(shape, x), rel=1e-10, abs=1e-290)
    assert upper == pytest.approx(special.gammaincc(shape, x), rel=1e-10, abs=1e-290)
    assert gamma_tails(shape, 0.0) == (0.0, 1.0)


@given(st.floats(1e-300, 0.5))
def test_normal_inverse_is_exact_and_symmetric(p):
    assert normal_inverse(p, 1 - p) == pytest.approx(special.ndtri(p), rel=1e-13, abs=1e-15)
    assert normal_inverse(1 - p, p) == -normal_inverse(p, 1 - p)


@given(st.floats(-38, 38))
def test_normal_tails_are_those_of_scipy(z):
    assert normal_tails(z) == pytest.approx((special.ndtr(z), special.ndtr(-z)), rel=1e-12)


@pytest.mark.parametrize("distribution", [case for case, _ in SMOOTH], ids=names)
@given(u=open_unit, v=open_unit)
def test_more_luck_never_means_less_time(distribution, u, v):
    draw = Sampler(distribution).draw
    low, high = draw(min(u, v)), draw(max(u, v))
    assert low <= high or low == pytest.approx(high, rel=1e-13)


@given(st.floats(0.001, 1.0), st.floats(1e-6, 1 - 1e-6))
@example(0.5, 0.5)
@example(0.5, 0.75)
@example(0.25, 0.4375)
def test_geometric_is_the_first_whole_number_that_suffices(ends, u):
    k = round(Sampler(Distribution("geometric", ends, 1440.0)).draw(u) / 1440)
    going = 1 - Fraction(ends)
    # Within rounding of a step, either side is right.
    slack = Fraction(1, 10**13)
    assert k >= 1
    assert 1 - going**k >= Fraction(u) - slack
    assert k == 1 or 1 - going ** (k - 1) < Fraction(u) + slack


def test_geometric_that_always_ends_takes_one_unit():
    assert Sampler(Distribution("geometric", 1.0, 60.0)).draw(0.999) == 60.0


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6).filter(any), open_unit)
def test_pick_is_the_first_share_reached(weights, u):
    cumulative = np.cumsum(weights) / sum(weights)
    position = pick(cumulative, u)
    assert position == min(bisect_left(cumulative.tolist(), u), len(weights) - 1)
    assert weights[position] > 0


def test_discrete_takes_each_value_by_its_share():
    sizes = Sampler(Distribution("discrete", values=(1.0, 2.0, 4.0), cumulative=(0.5, 0.75, 1.0)))
    assert [sizes.draw(u) for u in (0.01, 0.5, 0.51, 0.75, 0.76, 0.99)] == [1, 1, 2, 2, 4, 4]


def test_draws_are_clamped():
    bounded = Distribution("normal", 10.0, 5.0, at_least=8.0, at_most=12.0)
    assert [Sampler(bounded).draw(u) for u in (1e-6, 0.5, 1 - 1e-6)] == [8.0, 10.0, 12.0]
    some = Distribution("discrete", at_least=1.0, at_most=2.0, values=(0.0, 9.0), cumulative=(0.5, 1.0))
    assert [Sampler(some).draw(u) for u in (0.2, 0.8)] == [1.0, 2.0]


def test_nothing_is_negative_unless_asked_for():
    assert Sampler(Distribution("normal", 0.0, 1.0)).draw(0.01) == 0.0
    assert Sampler(Distribution("normal", 0.0, 1.0, at_least=-np.inf)).draw(0.01) < 0


def test_unit_exponential():
    np.testing.assert_allclose([exponential_from_uniform(u) for u in TAILS], stats.expon.ppf(TAILS), rtol=1e-12)


def test_a_gamma_of_shape_one_is_the_exponential():
    gamma, exponential = Distribution("gamma", 1.0, 7.0), Distribution("exponential", 7.0)
    assert Sampler(gamma).draws(TAILS).tolist() == Sampler(exponential).draws(TAILS).tolist()


def test_every_kind_has_a_code_of_its_own():
    assert sorted(KINDS.values()) == list(range(len(KINDS)))
