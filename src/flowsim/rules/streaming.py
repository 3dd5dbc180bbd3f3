"""Which way a patient goes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def pick(cumulative: Sequence[float], u: float) -> int:
    """Return the index of the branch that a uniform draw falls in."""
    return min(bisect_left(cumulative, u), len(cumulative) - 1)


def first_true(flags: Sequence[bool]) -> int:
    """Return the index of the first true flag, or -1."""
    for index, flag in enumerate(flags):
        if flag:
            return index
    return -1


def shortest(lengths: Sequence[int]) -> int:
    """Return the index of the least length (negative lengths are out of the running), or -1; ties to the first."""
    best = -1
    for index, length in enumerate(lengths):
        if length >= 0 and (best < 0 or length < lengths[best]):
            best = index
    return best
