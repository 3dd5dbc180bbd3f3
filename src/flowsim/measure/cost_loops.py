"""Visits that are paid for each, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import period_of

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@compiled
def visits_in(service: Codes, n_services: int, tick: Ints, is_one: Flags, is_out: Flags, edges: Ints) -> Ints:
    """Return how many visits are one, and not out, by service and the period between the edges their tick is in."""
    number, first, last, p = np.zeros((n_services, edges.size - 1), np.int64), edges[0], edges[edges.size - 1], 0
    for row in range(service.size):
        if is_one[row] and not is_out[row] and first <= tick[row] < last:
            p = period_of(edges, tick[row], p)
            number[service[row], p] += 1
    return number
