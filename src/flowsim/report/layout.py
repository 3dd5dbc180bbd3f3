"""Where the boxes and lines of a layered drawing go, so that lines are short, straight and seldom cross.

The scheme is that of Sugiyama, Tagawa and Toda (1981): lines over several columns pass through a narrow
slot in each; the order within columns follows the mean position of what each is joined to; heights then
move to that mean as far as the order and the space between allow (least squares, by pooling neighbours).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Slot:
    """A box, or the slot through which a line passes a column.

    Attributes:
        id: of the box, or of the line and column.
        column: position from the left, from 0.
        height: of the box or line.
        space: to be kept above and below.
        y: its top; found by ``lay_out``.
    """

    id: str
    column: int
    height: float
    space: float
    y: float = 0.0

    @property
    def middle(self) -> float:
        """Height of its middle."""
        return self.y + self.height / 2


Joint = tuple[str, str, float]
"""Two slots joined, and how firmly."""


def lay_out(slots: Sequence[Slot], joints: Iterable[Joint], sweeps: int = 16) -> None:
    """Set the height of every slot; the topmost stands at 0."""
    joined: dict[str, list[tuple[str, float]]] = {s.id: [] for s in slots}
    for one, other, weight in joints:
        joined[one].append((other, weight))
        joined[other].append((one, weight))
    columns = [[s for s in slots if s.column == c] for c in sorted({s.column for s in slots})]
    by_id = {s.id: s for s in slots}
    for column in columns:
        _stack(column)
    for sweep in range(sweeps):
        # Order is settled first; later sweeps only move.
        is_ordering = sweep < sweeps // 2
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = {s.id: _pull(s, joined[s.id], by_id) for s in column}
            if is_ordering:
                column.sort(key=lambda s: (wanted[s.id][0], s.id))
            _settle(column, wanted)
        if sweep == sweeps // 2:
            _uncross(columns, joined, by_id)
    top = min(s.y for s in slots)
    for slot in slots:
        slot.y -= top


def _uncross(columns: Sequence[list[Slot]], joined: dict[str, list[tuple[str, float]]], by_id: dict[str, Slot]) -> None:
    """Swap neighbours in a column where that lessens crossings, or moves one on to the left, where it may vanish."""
    place = {slot.id: i for column in columns for i, slot in enumerate(column)}

    def crossings(upper: Slot, lower: Slot, columns_seen: tuple[int, ...]) -> float:
        total = 0.0
        for one, weight in joined[upper.id]:
            for other, more in joined[lower.id]:
                alike = by_id[one].column == by_id[other].column and by_id[one].column in columns_seen
                total += min(weight, more) if alike and place[one] > place[other] else 0.0
        return total

    for c in reversed(range(len(columns))):
        column, right, both = columns[c], (c + 1,), (c - 1, c + 1)
        for _ in column:
            for i in range(len(column) - 1):
                upper, lower = column[i], column[i + 1]
                if crossings(upper, lower, right) and crossings(lower, upper, both) <= crossings(upper, lower, both):
                    column[i], column[i + 1] = lower, upper
                    place[lower.id], place[upper.id] = i, i + 1


def _stack(column: Sequence[Slot]) -> None:
    y = 0.0
    for slot in column:
        slot.y = y
        y += slot.height + slot.space


def _pull(slot: Slot, joined: Sequence[tuple[str, float]], by_id: dict[str, Slot]) -> tuple[float, float]:
    """Return where a slot would like its middle to be, and how firmly."""
    others = [(by_id[name].middle, weight) for name, weight in joined if by_id[name].column != slot.column]
    weight = math.fsum(w for _, w in others)
    return (math.fsum(y * w for y, w in others) / weight, weight) if weight > 0 else (slot.middle, 1e-3)


def _settle(column: Sequence[Slot], wanted: dict[str, tuple[float, float]]) -> None:
    """Move a column's slots, in their order, as near as can be to where they want to be (weighted least squares)."""
    offset, offsets = 0.0, []
    for i, slot in enumerate(column):
        if i:
            above = column[i - 1]
            offset += (above.height + slot.height) / 2 + max(above.space, slot.space)
        offsets.append(offset)
    # Less its offset, each middle must be no higher than the one before: pool those that are not.
    blocks: list[tuple[float, float, int]] = []
    for slot, off in zip(column, offsets, strict=True):
        middle, weight = wanted[slot.id]
        blocks.append((middle - off, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (m2, w2, n2), (m1, w1, n1) = blocks.pop(), blocks.pop()
            blocks.append(((m1 * w1 + m2 * w2) / (w1 + w2), w1 + w2, n1 + n2))
    at = 0
    for mean, _, size in blocks:
        for i in range(at, at + size):
            column[i].y = mean + offsets[i] - column[i].height / 2
        at += size
