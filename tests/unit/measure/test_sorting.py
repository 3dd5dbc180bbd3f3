import numpy as np
import pytest

from flowsim.measure.intervals import FAR
from flowsim.measure.sorting import edges_before, stable_order

MANY = 20_000
"""Enough for the quick ways to be taken."""


def some(low, high, number=MANY):
    return np.random.default_rng(1).integers(low, high, number)


@pytest.mark.parametrize(
    "keys",
    [
        some(0, 10),
        some(-(2**35), 2**35),
        some(2**40, 2**40 + 70_000),
        some(0, 2**60),
        np.sort(some(0, 2**35)),
        np.concatenate([np.sort(some(0, 2**35)), np.sort(some(0, 2**35))]),
        np.where(some(0, 9) == 0, FAR, some(0, 2**35)),
        np.full(MANY, 7),
        some(0, 2**35, 10),
        np.zeros(0, dtype=np.int64),
    ],
)
def test_the_order_is_that_of_a_stable_sort(keys):
    np.testing.assert_array_equal(stable_order(keys), np.argsort(keys, kind="stable"))


def test_the_order_of_codes_is_that_of_a_stable_sort():
    codes = some(0, 30)
    np.testing.assert_array_equal(stable_order(codes), np.argsort(codes, kind="stable"))


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    "edges",
    [
        np.array([100, 900]),
        np.arange(0, 1000, 7),
        np.array([0, 23, 47, 72, 96, 120]),
        np.array([-50, -49, 300, 999]),
        np.array([5, 5, 6]),
        np.array([5]),
        np.zeros(0, dtype=np.int64),
        np.array([0, 1, 2**40]),
    ],
)
def test_edges_before_are_those_a_search_finds(edges, side):
    ticks = np.concatenate([some(-100, 1100), edges, edges - 1, edges + 1, [-1, FAR]])
    np.testing.assert_array_equal(edges_before(edges, ticks, side), np.searchsorted(edges, ticks, side=side))
