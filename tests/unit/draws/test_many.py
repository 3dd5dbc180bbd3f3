"""Draws of many patients at once are those of one at a time."""

import numpy as np
import pytest

from flowsim.draws.many import fill_uniforms
from flowsim.draws.philox import NUMBER_BITS, uniform


@pytest.mark.parametrize(
    ("seed", "replication", "key", "purpose"), [(0, 0, 0, 0), (1, 2, 3, 4), (2**32 - 1, 2**31, 2**32 - 1, 2**32 - 1)]
)
def test_many_draws_are_those_of_one_at_a_time(seed, replication, key, purpose):
    numbers = np.array(
        [0, 1, 2, 1023, 1024, 2**32 - 1, 2**32, 2**32 + 7, 2**40, 2**NUMBER_BITS - 1] * 7, dtype=np.int64
    )
    out = np.empty(numbers.size)
    fill_uniforms(seed, replication, key, numbers, purpose, out)
    assert out.tolist() == [uniform(seed, replication, key, n, purpose, 0) for n in numbers.tolist()]
