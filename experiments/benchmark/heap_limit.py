"""The least an event-driven simulation in Numba can cost: drawing its random numbers, and a heap of its events."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from flowsim.draws.philox import uniform
from flowsim.draws.quantiles import LOGNORMAL, scalar_quantile

Ints = npt.NDArray[np.int64]


@njit(nogil=True)
def push(heap: Ints, size: int, key: int) -> None:
    """Put a key into a heap that holds so many."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if heap[parent] <= key:
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = key


@njit(nogil=True)
def pop(heap: Ints, size: int) -> int:
    """Take the least key out of a heap that holds so many: the hole to a leaf, then the last key up from there."""
    least, last = heap[0], heap[size - 1]
    hole, child = 0, 1
    while child < size - 1:
        if child + 1 < size - 1 and heap[child + 1] < heap[child]:
            child += 1
        heap[hole] = heap[child]
        hole, child = child, 2 * child + 1
    push(heap, hole, last)
    return least


@njit(nogil=True)
def heap_and_draws(times: int, uniforms: int, inside: int) -> float:
    """Push and pop so many lognormal times in a heap of so many entries, and draw so many uniforms more.

    Returns:
        Something that depends on all of it, so that nothing is left out in compiling.
    """
    heap = np.zeros(inside + 1, dtype=np.int64)
    total = 0.0
    now = 0
    for i in range(times):
        if i >= inside:
            now = pop(heap, inside)
        u = uniform(1, 0, 1, i, 2, 0)
        stay = scalar_quantile(LOGNORMAL, 5.0, 0.8, 0.0, 0.0, np.inf, u)
        push(heap, min(i, inside - 1), now + np.int64(60_000 * stay))
    for i in range(uniforms):
        total += uniform(1, 0, 3, i, 4, 0)
    return total + now
