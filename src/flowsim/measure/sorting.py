"""Sorting and placing many ticks, quickly: what numpy does in general, for the arrays that measures have."""

from __future__ import annotations

from typing import Literal

import numpy as np

from flowsim.trajectory import Ints

_FEW = 5000
"""Below this numpy's own way is as quick."""
_MOST_DIGITS = 3
_FEW_FALLS = 20
_MOST_CELLS = 10_000


def stable_order(keys: Ints) -> Ints:
    """Return ``np.argsort(keys, kind="stable")``.

    numpy sorts 16-bit numbers by counting and longer ones by comparing. Whole numbers are sorted here by one
    16-bit digit after another, the lowest first; each pass keeps the order of the passes before.
    """
    if len(keys) < _FEW or np.count_nonzero(keys[1:] < keys[:-1]) < _FEW_FALLS:
        # A few rising runs one after the other numpy only has to merge.
        return np.argsort(keys, kind="stable")
    low = int(keys.min())
    n_digits = -(-(int(keys.max()) - low).bit_length() // 16)
    if n_digits > _MOST_DIGITS:
        return np.argsort(keys, kind="stable")
    rest = keys - low
    order = np.argsort(rest.astype(np.uint16), kind="stable")
    for place in range(1, n_digits):
        digit = (rest >> 16 * place).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    return order


def code_order(codes: Ints) -> Ints:
    """Return ``np.argsort(codes, kind="stable")`` for codes of services, pools and the like (below 2^15)."""
    return np.argsort(codes.astype(np.int16), kind="stable")


def edges_before(edges: Ints, ticks: Ints, side: Literal["left", "right"] = "left") -> Ints:
    """Return how many rising edges are below each tick (``side`` right: below or at it), as ``np.searchsorted`` does.

    Time is cut in cells so short that none has two edges inside; a table says how many edges lie before each
    cell, and one comparison settles the edge within it.
    """
    if len(ticks) < _FEW or len(edges) < 2:
        return np.searchsorted(edges, ticks, side=side)
    begin, cell = int(edges[0]), int(np.diff(edges).min())
    n_cells = (int(edges[-1]) - begin) // cell + 2 if cell > 0 else _MOST_CELLS
    if n_cells >= _MOST_CELLS:
        return np.searchsorted(edges, ticks, side=side)
    before = np.searchsorted(edges, begin + cell * np.arange(n_cells))
    if side == "right":
        ticks = ticks + 1
    found = before[np.clip((ticks - begin) // cell, 0, n_cells - 1)]
    found += np.append(edges, np.iinfo(np.int64).max)[found] < ticks
    return found
