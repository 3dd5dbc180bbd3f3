"""Knobs: uncertain inputs as positions from 0 to 1, and the configuration each position means."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from flowsim.config.checks.records import dimension_of
from flowsim.config.grammar import Spot, dotted, quantity_at, spot_at, step
from flowsim.config.models import Knob
from flowsim.config.overrides import COMMAND_LINE, copied, put
from flowsim.config.problems import find
from flowsim.config.ramps import written
from flowsim.errors import ConfigError, Problem
from flowsim.units import Dimension, QuantityError, parse_quantity

Floats = npt.NDArray[np.float64]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dial:
    """A knob made ready: positions from 0 (low) to 1 (high) made into values.

    Attributes:
        id, label: of the knob.
        keys: what it turns.
        moves: whether values are set or numbers multiplied.
        dimension: of ``low`` and ``high``.
        low, high: in base units; factors and odds go evenly on a logarithmic scale.
        base: the position that leaves the configuration as it is; values of several keys are averaged, and what
            lies outside the range is taken to its end.
        unit: an example of how a value is written, by which others are told.
    """

    id: str
    label: str
    keys: tuple[Path, ...]
    moves: Literal["value", "factor", "odds"]
    dimension: Dimension
    low: float
    high: float
    base: float
    unit: str

    @property
    def is_even(self) -> bool:
        """Whether positions are even in the value rather than in its logarithm."""
        return self.moves == "value"

    def value(self, position: float) -> float:
        """Return the value at a position, in base units."""
        if self.is_even:
            return self.low + position * (self.high - self.low)
        return math.exp(math.log(self.low) + position * (math.log(self.high) - math.log(self.low)))

    def position(self, value: float) -> float:
        """Return the position of a value, from 0 to 1 for those within the range."""
        if self.is_even:
            return (value - self.low) / (self.high - self.low)
        return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))

    def said(self, position: float) -> str:
        """Return the value at a position as people write it, e.g. ``7.7 d`` or ``x 1.2``."""
        value = self.value(position)
        if self.moves == "factor":
            return f"x {value:.3g}"
        return f"odds x {value:.3g}" if self.moves == "odds" else spoken(value, self.dimension, self.unit)


def dials(knobs: Mapping[str, Knob], raw: Mapping[str, Any]) -> tuple[Dial, ...]:
    """Return the knobs made ready for a composed configuration.

    Raises:
        ConfigError: a knob turns nothing that is a number.
    """
    return tuple(_dial(name, knob, raw) for name, knob in knobs.items())


def _dial(name: str, knob: Knob, raw: Mapping[str, Any]) -> Dial:
    dimension = dimension_of(knob)
    low, high = (parse_quantity(end, dimension) for end in (knob.low, knob.high))
    keys = tuple(tuple(key.split(".")) for key in knob.keys)
    start = Dial(name, knob.label, keys, knob.moves, dimension, low, high, 0.5, str(knob.low))
    found = [item for key in keys for item in numbers(find(raw, key), key, spot_at(key))]
    if not found and knob.moves != "value":
        key = f"calibration.knobs.{name}.keys"
        raise ConfigError([Problem(key, dotted(keys[0]), "a key at which there are numbers to multiply")])
    if knob.moves == "value":
        known = [value for _, value, _ in found]
        middle = float(np.mean(known)) if known else (0.0 if low <= 0 <= high else (low + high) / 2)
    else:
        middle = 1.0
    base = min(1.0, max(0.0, start.position(middle)))
    return Dial(name, knob.label, keys, knob.moves, dimension, low, high, base, str(knob.low))


def numbers(node: object, path: Path, spot: Spot) -> Iterator[tuple[Path, float, Dimension]]:
    """Yield (key, value in base units, dimension) of every number at or below a key of a raw configuration."""
    kind = quantity_at(spot)
    plain = node.get("value") if isinstance(node, Mapping) and "value" in node else node
    if kind is not None and isinstance(plain, str | int | float) and not isinstance(plain, bool):
        try:
            value = parse_quantity(plain, kind.dimension)
        except QuantityError:
            return  # a word: rest, or the name of an attribute
        if math.isfinite(value):
            yield path, value, kind.dimension
    elif isinstance(node, Mapping):
        for name, below in node.items():
            if name not in ("source", "note", "label", "low", "high", "by"):
                yield from numbers(below, (*path, str(name)), step(spot, str(name)))


Setting = tuple[Path, float, Dimension]
"""A key, its new value in base units, and what kind of number it is."""


def settings(raw: Mapping[str, Any], found: Sequence[Dial], positions: Sequence[float]) -> list[Setting]:
    """Return what the knobs at some positions set; knobs later in the list find what earlier ones left."""
    out: dict[Path, Setting] = {}
    for dial, position in zip(found, positions, strict=True):
        turn = dial.value(float(position))
        for key in dial.keys:
            if dial.moves == "value":
                out[key] = (key, turn, dial.dimension)
                continue
            for path, base, dimension in numbers(find(raw, key), key, spot_at(key)):
                before = out[path][1] if path in out else base
                out[path] = (path, turned(dial.moves, before, turn), dimension)
    return list(out.values())


def turned(moves: str, value: float, turn: float) -> float:
    """Return a value with a factor or odds applied.

    Example:
        >>> turned("factor", 0.2, 1.5), turned("odds", 0.5, 3.0)
        (0.30000000000000004, 0.75)
    """
    return value * turn if moves == "factor" else turn * value / (1 - value + turn * value)


def turn_all(raw: Mapping[str, Any], found: Sequence[Dial], positions: Sequence[float]) -> dict[str, Any]:
    """Return a copy of a raw configuration with the knobs at some positions."""
    out: dict[str, Any] = copied(dict(raw))
    for path, value, dimension in settings(raw, found, positions):
        put(out, path, {"value": written(value, dimension), "source": COMMAND_LINE})
    return out


_SAID = {
    "min": (1.0, "min"),
    "h": (60.0, "h"),
    "d": (1440.0, "d"),
    "day": (1440.0, "d"),
    "week": (7 * 1440.0, "week"),
}


def spoken(value: float, dimension: Dimension, like: str) -> str:
    """Return a value in base units in the unit that another text uses, to four digits.

    Example:
        >>> spoken(2880.0, Dimension.DURATION, "5 d"), spoken(0.25, Dimension.RATE, "12 /day")
        ('2 d', '360 /day')
    """
    if dimension is Dimension.DURATION:
        minutes, unit = _SAID.get(like.rsplit(maxsplit=1)[-1].rstrip("s") or "min", (1.0, "min"))
        return f"{value / minutes:.4g} {unit}"
    if dimension is Dimension.RATE:
        minutes, unit = _SAID.get(like.rsplit("/", 1)[-1].strip(), (1440.0, "d"))
        return f"{value * minutes:.5g} /{'day' if unit == 'd' else unit}"
    if dimension in (Dimension.SHARE, Dimension.GROWTH):
        return f"{100 * value:.4g} %" + (" /year" if dimension is Dimension.GROWTH else "")
    return str(written(value, dimension)) if dimension is Dimension.COUNT else f"{value:.4g}"
