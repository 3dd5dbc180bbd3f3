import math

import pandas as pd
import pytest
from scipy import stats

from flowsim.analyse.precision import needed_by_row, replications_needed


def half_width(spread: float, n: int) -> float:
    return float(stats.t.ppf(0.975, n - 1)) * spread / math.sqrt(n)


@pytest.mark.parametrize("wanted", [5.0, 1.0, 0.3, 0.05])
def test_smallest_number_that_is_enough(wanted: float) -> None:
    differences = [1.0, -1.0, 2.0, 0.0]
    spread = math.sqrt(5 / 3)
    n = replications_needed(differences, wanted)
    assert n is not None
    assert half_width(spread, n) <= wanted
    assert n == 2 or half_width(spread, n - 1) > wanted


def test_a_constant_difference_needs_two() -> None:
    assert replications_needed([3.0, 3.0, 3.0], 1e-6) == 2


def test_undefined_ones_do_not_count_and_one_is_too_few() -> None:
    assert replications_needed([1.0, math.nan], 1.0) is None
    assert replications_needed([1.0, math.nan, 2.0], 1.0) == replications_needed([1.0, 2.0], 1.0)


def test_out_of_reach_is_said() -> None:
    assert replications_needed([-1e9, 1e9], 1e-9) is None


def test_a_half_width_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted more than 0"):
        replications_needed([1.0, 2.0], 0.0)


def test_rows_of_a_comparison_give_the_same_numbers() -> None:
    differences = [1.0, -1.0, 2.0, 0.0]
    half = half_width(math.sqrt(5 / 3), 4)
    comparison = pd.DataFrame(
        {"difference_low": [0.5 - half, math.nan], "difference_high": [0.5 + half, math.nan], "replications": [4, 1]}
    )
    found = needed_by_row(comparison, 0.3)
    assert found[0] == replications_needed(differences, 0.3)
    assert found.isna().to_list() == [False, True]
