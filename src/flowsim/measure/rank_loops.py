"""Ranks and groups of many values: compiled, sorted digit by digit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import index

Ints = npt.NDArray[np.int64]

_DIGIT_BITS = 11


@compiled
def _counting_order(keys: Ints, low: int, high: int) -> Ints:
    place = np.zeros(high - low + 2, np.int64)
    for i in range(keys.size):
        place[keys[i] - low + 1] += 1
    for code in range(place.size - 1):
        place[code + 1] += place[code]
    order = np.empty(keys.size, np.int64)
    for i in range(keys.size):
        at = place[keys[i] - low]
        order[at] = i
        place[keys[i] - low] = at + 1
    return order


@compiled
def stable_order(keys: Ints) -> Ints:
    """Return ``np.argsort(keys, kind="stable")`` of whole numbers.

    Few different ones are counted, others sorted digit by digit, the lowest digit first; what is in order already
    is left alone.
    """
    n = keys.size
    order = np.arange(n)
    if n == 0:
        return order
    low, high, falls = keys[0], keys[0], 0
    for i in range(1, n):
        falls += keys[i] < keys[i - 1]
        low, high = min(low, keys[i]), max(high, keys[i])
    if falls == 0:
        return order
    if high - low <= 2 * n:
        return _counting_order(keys, low, high)
    size = 1 << _DIGIT_BITS
    rest, moved, other = keys - low, np.empty(n, np.int64), np.empty(n, np.int64)
    place = np.empty(size + 1, np.int64)
    shift = 0
    while (high - low) >> shift > 0:
        place[:] = 0
        for i in range(n):
            place[((rest[i] >> shift) & (size - 1)) + 1] += 1
        for digit in range(size):
            place[digit + 1] += place[digit]
        for i in range(n):
            digit = (rest[i] >> shift) & (size - 1)
            at = place[digit]
            place[digit] = at + 1
            other[at] = order[i]
            moved[at] = rest[i]
        order, other = other, order
        rest, moved = moved, rest
        shift += _DIGIT_BITS
    return order


@compiled
def _sorted_above(keys: Ints, bits: int) -> Ints:
    """Return whole numbers rising but for their lowest bits: sorted digit by digit."""
    if keys.size == 0:
        return keys
    size, low, high, digits = 1 << _DIGIT_BITS, keys.min() >> bits, keys.max() >> bits, 0
    while (high - low) >> (digits * _DIGIT_BITS) > 0:
        digits += 1
    # Where those of each value of each digit go, counted in one look at them all.
    place, other = np.zeros((digits, size + 1), np.int64), np.empty_like(keys)
    for i in range(keys.size):
        rest = (keys[i] >> bits) - low
        for d in range(digits):
            place[d, index((rest & (size - 1)) + 1)] += 1
            rest >>= _DIGIT_BITS
    for d in range(digits):
        for digit in range(size):
            place[d, digit + 1] += place[d, digit]
        for i in range(keys.size):
            mine = index((((keys[i] >> bits) - low) >> (d * _DIGIT_BITS)) & (size - 1))
            other[index(place[d, mine])] = keys[i]
            place[d, mine] += 1
        keys, other = other, keys
    return keys


@compiled
def rising(packed: Ints, bits: int) -> Ints:
    """Return values with their cells, value x 2^bits + cell, the values rising."""
    return _sorted_above(packed.copy(), bits)
