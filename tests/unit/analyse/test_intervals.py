import math

import numpy as np
import pytest

from flowsim.analyse.intervals import batch_means, interval, t_quantile

TEN = [1.53, 1.66, 1.24, 2.34, 2.0, 1.69, 2.69, 2.86, 1.7, 2.6]


def scrambled(i: np.ndarray) -> np.ndarray:
    """A fixed series without a trend: multiples of 7919 modulo 101, spread evenly about 0."""
    return ((i + 1) * 7919 % 101) / 101 - 0.5


def test_ten_replications_by_hand() -> None:
    # Reference case F01a: mean 20.31 / 10; sum of squares about it 2.78189.
    found = interval(TEN)
    assert found.mean == pytest.approx(20.31 / 10, abs=1e-12)
    assert found.variance == pytest.approx(sum((x - 2.031) ** 2 for x in TEN) / 9, abs=1e-12)
    assert found.standard_error == pytest.approx(0.17581208402407636, abs=1e-9)


@pytest.mark.parametrize(
    ("confidence", "tabulated", "half_width"),
    [(0.90, 1.833, 0.3222834049417794), (0.95, 2.262, 0.3977145651815442), (0.99, 3.250, 0.5713603593028246)],
)
def test_half_widths_use_students_t(confidence: float, tabulated: float, half_width: float) -> None:
    found = interval(TEN, confidence)
    assert found.half_width == pytest.approx(half_width, abs=1e-9)
    assert float(t_quantile(10, confidence)) == pytest.approx(tabulated, abs=5e-4)
    assert (found.low, found.high) == (found.mean - found.half_width, found.mean + found.half_width)


def test_undefined_observations_are_left_out_and_counted() -> None:
    assert interval([*TEN, math.nan]).half_width == interval(TEN).half_width
    found = interval([math.nan, 1.0, 3.0])
    assert (found.mean, found.variance, found.n, found.left_out) == (2.0, 2.0, 2, 1)


def test_one_observation_has_a_mean_and_no_interval() -> None:
    found = interval([7.0])
    assert found.mean == 7.0
    assert math.isnan(found.half_width)
    assert math.isnan(found.standard_error)
    assert math.isnan(interval([]).mean)


def test_batch_means_of_a_fixed_series() -> None:
    # Reference case F03a: 20 batches of 50.
    found = batch_means(5 + 3 * scrambled(np.arange(1000)), 20)
    assert found.n == 20
    assert found.mean == pytest.approx(4.98580198019802, abs=1e-9)
    assert found.variance == pytest.approx(0.0011485400296152477, abs=1e-9)
    assert found.half_width == pytest.approx(0.01586106298671017, abs=1e-9)


def test_batch_means_drops_an_incomplete_batch_and_refuses_too_few() -> None:
    assert batch_means([1.0, 1.0, 3.0, 3.0, 99.0], 2).mean == 2.0
    with pytest.raises(ValueError, match="said 3 batches of 2"):
        batch_means([1.0, 2.0], 3)
