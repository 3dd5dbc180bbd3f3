"""Step functions of time as arrays, and what is done with them before they become ``Steps``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim.system.spec import Steps

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A step function: ``values[i]`` holds from ``ticks[i]`` (inclusive) to the next; ``ticks[0]`` is 0."""

    ticks: Ints
    values: Floats

    def sample(self, ticks: Ints) -> Floats:
        """Return the values in force at ticks."""
        return self.values[np.searchsorted(self.ticks, ticks, side="right") - 1]

    def map(self, function: Callable[[Floats], Floats]) -> Curve:
        """Return the function of every value."""
        return Curve(self.ticks, np.asarray(function(self.values), dtype=np.float64))

    def steps(self) -> Steps:
        """Return the curve with equal neighbours merged."""
        keep = np.concatenate(([True], self.values[1:] != self.values[:-1]))
        return Steps(tuple(self.ticks[keep].tolist()), tuple(self.values[keep].tolist()))


def flat(value: float) -> Curve:
    """Return a curve with one value."""
    return Curve(np.zeros(1, dtype=np.int64), np.array([value], dtype=np.float64))


def of_steps(steps: Steps) -> Curve:
    """Return ``Steps`` as arrays."""
    return Curve(np.asarray(steps.ticks, dtype=np.int64), np.asarray(steps.values, dtype=np.float64))


def of_points(ticks: Ints, values: Floats) -> Curve:
    """Return the curve through (tick, value) points in order of time; at equal ticks the last holds.

    Points before tick 0 give the value at 0; the first point must not lie after 0.
    """
    start = max(int(np.searchsorted(ticks, 0, side="right")) - 1, 0)
    ticks, values = np.maximum(ticks[start:], 0), values[start:]
    last = np.concatenate((ticks[1:] != ticks[:-1], [True]))
    return Curve(ticks[last], values[last])


def combine(function: Callable[[Floats, Floats], Floats], first: Curve, second: Curve) -> Curve:
    """Return a function of two curves, at every tick."""
    if len(second.ticks) == 1:
        return first.map(lambda values: function(values, second.values))
    if len(first.ticks) == 1:
        return second.map(lambda values: function(first.values, values))
    ticks = np.union1d(first.ticks, second.ticks)
    return Curve(ticks, np.asarray(function(first.sample(ticks), second.sample(ticks)), dtype=np.float64))


def product(curves: Sequence[Curve]) -> Curve:
    """Return the product of curves, at every tick."""
    out = curves[0]
    for curve in curves[1:]:
        out = combine(np.multiply, out, curve)
    return out


def splice(pieces: Sequence[tuple[int, Curve]]) -> Curve:
    """Return the curve that follows each piece from its tick to the next piece's; the first starts at 0."""
    if len(pieces) == 1:
        return pieces[0][1]
    ticks, values = [], []
    for index, (start, curve) in enumerate(pieces):
        end = pieces[index + 1][0] if index + 1 < len(pieces) else np.iinfo(np.int64).max
        inside = curve.ticks[(curve.ticks > start) & (curve.ticks < end)]
        own = np.concatenate((np.array([start], dtype=np.int64), inside))
        ticks.append(own)
        values.append(curve.sample(own))
    return Curve(np.concatenate(ticks), np.concatenate(values))


def between(base: Curve, other: Curve, start: int, end: int) -> Curve:
    """Return ``base`` with ``other`` in its place from ``start`` to ``end`` (ticks; end not included)."""
    if end <= start:
        return base
    pieces = [(start, other), (end, base)]
    return splice(pieces if start <= 0 else [(0, base), *pieces])


def mean_between(steps: Steps, start: int, end: int) -> float:
    """Return the time average of a step function over [start, end) ticks."""
    if end <= start:
        return steps.at(start)
    curve = of_steps(steps)
    inside = curve.ticks[(curve.ticks > start) & (curve.ticks < end)]
    edges = np.concatenate(([start], inside, [end]))
    return float(np.dot(np.diff(edges), curve.sample(edges[:-1])) / (end - start))
