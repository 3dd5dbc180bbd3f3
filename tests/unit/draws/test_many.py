"""Draws of many patients at once are those of one at a time."""

import numpy as np
import pytest

from flowsim.draws.many import fill_purposes, fill_uniforms
from flowsim.draws.philox import NUMBER_BITS, ORDINAL_BITS, uniform


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


@pytest.mark.parametrize(("number", "ordinal"), [(0, 0), (2**32 + 7, 3), (2**NUMBER_BITS - 1, 2**ORDINAL_BITS - 1)])
@pytest.mark.parametrize("size", [0, 1, 8, 19])
def test_draws_for_many_purposes_are_those_of_one_at_a_time(number, ordinal, size):
    purposes = np.arange(7, 40) * 104_729
    out = np.full(40, np.nan)
    fill_purposes(5, 6, 7, number, ordinal, purposes, 3, out, 2, size)
    wanted = [uniform(5, 6, 7, number, purpose, ordinal) for purpose in purposes[3 : 3 + size].tolist()]
    assert out[2 : 2 + size].tolist() == wanted
    assert np.isnan(np.delete(out, np.arange(2, 2 + size))).all()


@pytest.mark.parametrize(("number", "ordinal"), [(-1, 0), (2**NUMBER_BITS, 0), (0, -1), (0, 2**ORDINAL_BITS)])
def test_numbers_and_ordinals_out_of_range_are_refused(number, ordinal):
    with pytest.raises(ValueError, match="out of range"):
        fill_purposes(5, 6, 7, number, ordinal, np.zeros(8, np.int64), 0, np.empty(8), 0, 8)
