"""Patients of many streams in one order: by tick, and as they come where ticks are equal."""

import numpy as np
import pytest

from flowsim.demand.draw import _ranks
from flowsim.demand.loops import ranks

RNG = np.random.default_rng(11)
TICKS = {
    "nobody": np.zeros(0, dtype=np.int64),
    "all at once": np.full(500, 7),
    "spread out": RNG.integers(0, 10**10, 5000),
    "in rising runs": np.sort(RNG.integers(0, 10**9, (20, 300)), axis=1).ravel(),
    "on a coarse clock": RNG.integers(0, 40, 5000),
    "close together but for one": np.append(RNG.integers(0, 10**5, 3000), 10**11),
}


@pytest.mark.parametrize("ticks", TICKS.values(), ids=TICKS)
def test_ranks_are_those_of_a_stable_sort(ticks):
    order = np.argsort(ticks, kind="stable")
    np.testing.assert_array_equal(_ranks(ticks)[order], np.arange(len(ticks)))


def test_ticks_close_together_are_left_to_be_sorted():
    assert not ranks(TICKS["close together but for one"]).size
    assert ranks(TICKS["in rising runs"]).size
