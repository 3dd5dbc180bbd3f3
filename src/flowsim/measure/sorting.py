"""Sorting and placing many ticks, quickly: what numpy does in general, for the arrays that measures have."""

from __future__ import annotations

import numpy as np

from flowsim.trajectory import Ints

_FEW = 5000
"""Below this numpy's own sort is as quick."""
_MOST_DIGITS = 3
_FEW_EDGES = 40


def stable_order(keys: Ints) -> Ints:
    """Return ``np.argsort(keys, kind="stable")``.

    numpy sorts 16-bit numbers by counting and longer ones by comparing. Whole numbers are sorted here by one
    16-bit digit after another, the lowest first; each pass keeps the order of the passes before.
    """
    if len(keys) < _FEW:
        return np.argsort(keys, kind="stable")
    low = int(keys.min())
    n_digits = -(-(int(keys.max()) - low).bit_length() // 16)
    if n_digits > _MOST_DIGITS:
        return np.argsort(keys, kind="stable")
    rest = keys - low
    order = np.arange(len(keys))
    for place in range(n_digits):
        digit = (rest >> 16 * place).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")] if place else np.argsort(digit, kind="stable")
    return order


def edges_before(edges: Ints, ticks: Ints, side: str = "left") -> Ints:
    """Return how many edges are below each tick (with ``side`` right: below or at it), as ``np.searchsorted`` does.

    For few edges it is quicker to compare all ticks with each edge than to search for each tick.
    """
    if len(edges) > _FEW_EDGES:
        return np.searchsorted(edges, ticks, side="right" if side == "right" else "left")
    found = np.zeros(len(ticks), dtype=np.int8)
    for edge in edges.tolist():
        found += ticks >= edge if side == "right" else ticks > edge
    return found.astype(np.int64)
