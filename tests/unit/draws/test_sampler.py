"""Samplers from Python: the same numbers as the compiled functions, one or many at once."""

import numpy as np
import pytest

from flowsim.draws.quantiles import quantile
from flowsim.draws.sampler import Sampler, arguments
from flowsim.system.spec import Distribution

ALL = [
    Distribution("constant", 42.0),
    Distribution("exponential", 30.0),
    Distribution("lognormal", 1.6, 0.9),
    Distribution("gamma", 2.5, 1.6),
    Distribution("weibull", 0.8, 5.0),
    Distribution("uniform", 15, 45),
    Distribution("triangular", 1.0, 8.0, 3.0),
    Distribution("normal", 500.0, 20.0, at_most=510.0),
    Distribution("geometric", 0.3, 1440.0),
    Distribution("discrete", values=(1.0, 2.0, 4.0), cumulative=(0.5, 0.75, 1.0)),
]


@pytest.mark.parametrize("distribution", ALL, ids=lambda d: d.kind)
def test_one_draw_is_that_of_the_dispatcher_and_of_many(distribution):
    u = np.linspace(0.001, 0.999, 101)
    sampler = Sampler(distribution)
    one_by_one = [sampler.draw(x) for x in u]
    assert one_by_one == [quantile(*arguments(distribution), x) for x in u]
    assert one_by_one == sampler.draws(u).tolist()


def test_constant_is_itself():
    assert Sampler(Distribution("constant", 42.0)).draw(0.3) == 42.0


def test_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="kind 'clock'"):
        Sampler(Distribution("clock"))
