"""Sorting and placing many ticks, quickly: what numpy does in general, for the arrays that measures have."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from flowsim.measure import loops, rank_loops
from flowsim.trajectory import Ints

Codes = npt.NDArray[np.int32]


def whole(values: npt.ArrayLike) -> Ints:
    """Return whole numbers as compiled loops take them: nothing is copied where they are so already."""
    return np.ascontiguousarray(values, dtype=np.int64)


def codes(values: npt.ArrayLike) -> Codes:
    """Return codes as compiled loops take them: nothing is copied where they are so already."""
    return np.ascontiguousarray(values, dtype=np.int32)


def stable_order(keys: Ints) -> Ints:
    """Return ``np.argsort(keys, kind="stable")`` of whole numbers."""
    return rank_loops.stable_order(whole(keys))


def edges_before(edges: Ints, ticks: Ints, side: Literal["left", "right"] = "left") -> Ints:
    """Return ``np.searchsorted(edges, ticks, side)`` of whole numbers: how many rising edges are below each tick."""
    return loops.edges_before(whole(edges), whole(ticks), int(side == "right"))
