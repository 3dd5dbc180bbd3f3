"""The least an event-driven simulation in Numba can cost: drawing its random numbers, and a heap of its events.

Both are those of a run as it was: each number is drawn by its name and turned into a time of its distribution, and
each event goes into the heap and comes out where the run's did. Nothing else is done.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from needed import POP, Needed, Table
from numba import njit

from flowsim.draws.philox import uniform
from flowsim.draws.quantiles import scalar_quantile

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Shorts = npt.NDArray[np.int32]


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
def through_the_heap(calendar: Ints, room: int) -> int:
    """Put keys into a heap and take the least out, in a given order.

    Returns:
        Something that depends on all of it, so that nothing is left out in compiling.
    """
    heap = np.zeros(room, dtype=np.int64)
    size = total = 0
    for key in calendar:
        if key == POP:
            total ^= pop(heap, size)
            size -= 1
        else:
            push(heap, size, key)
            size += 1
    return total


@njit(nogil=True)
def draw_all(number: Ints, name: Shorts, row: Shorts, names: Ints, rows: Floats, seed: int, replication: int) -> float:
    """Draw numbers by their names, and turn those into times that are wanted so.

    Returns:
        Their sum.
    """
    total = 0.0
    for i in range(number.size):
        n, r = name[i], row[i]
        u = uniform(seed, replication, names[n, 0], number[i], names[n, 1], names[n, 2])
        if r > 0:
            kind = int(rows[r, 0])
            u = scalar_quantile(kind, rows[r, 1], rows[r, 2], rows[r, 3], rows[r, 4], rows[r, 5], u)
        total += u
    return total


class Limit:
    """The heap and the draws of a run, ready to be gone through again."""

    def __init__(self, what: Needed, seed: int) -> None:
        self.needed = what
        self.seed = seed
        self.room = int(np.cumsum(np.where(what.calendar == POP, -1, 1)).max(initial=0)) + 1
        self.with_arrivals()

    def heap(self) -> int:
        """Go through the calendar."""
        return int(through_the_heap(self.needed.calendar, self.room))

    def draws(self, table: Table) -> float:
        """Draw everything of a table."""
        return float(draw_all(table.number, table.name, table.row, table.names, table.rows, self.seed, 0))

    def alone(self) -> float:
        """Do what the run takes, arrivals being given."""
        return self.heap() + self.draws(self.needed.run)

    def with_arrivals(self) -> float:
        """Do what the run takes, arrivals drawn."""
        return self.alone() + self.draws(self.needed.coming)
