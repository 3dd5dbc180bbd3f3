"""Values on their way from old to new: numbers move evenly, everything else switches at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flowsim.config.grammar import Spot, quantity_at, step
from flowsim.units import Dimension, QuantityError, parse_quantity

_WRITTEN = {
    Dimension.DURATION: "{:.12g} min",
    Dimension.RATE: "{:.12g} /min",
    Dimension.MONEY: "£ {:.12g}",
    Dimension.MONEY_RATE: "£ {:.12g} /min",
    Dimension.NUMBER: "{:.12g}",
}


def between(old: Any, new: Any, fraction: float, spot: Spot) -> Any:
    """Return what holds when a change from ``old`` to ``new`` has gone a fraction of its way.

    Args:
        old: raw value at a key; a sourced number is a mapping.
        new: raw value it is to have in the end.
        fraction: 0 to 1.
        spot: what the grammar wants there.
    """
    if fraction >= 1:
        return new
    start, end = _number(old, spot), _number(new, spot)
    if start is not None and end is not None:
        if fraction <= 0:
            return old
        return _resaid(new, start + fraction * (end - start), spot)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {name: between(old.get(name), value, fraction, step(spot, str(name))) for name, value in new.items()}
    return new


def _number(said: Any, spot: Spot) -> float | None:
    """Return a raw quantity in base units; None where it is none, or has no limit."""
    kind = quantity_at(spot)
    if kind is None:
        return None
    if isinstance(said, Mapping):
        said = said.get("value")
    try:
        value = parse_quantity(said, kind.dimension)
    except QuantityError:
        return None
    return value if math.isfinite(value) else None


def written(value: float, dimension: Dimension) -> str | int:
    """Return a value in base units as YAML writes it; counts are rounded, halves up.

    Example:
        >>> written(90.0, Dimension.DURATION), written(2.5, Dimension.COUNT), written(0.25, Dimension.SHARE)
        ('90 min', 3, '25 %')
    """
    if dimension is Dimension.COUNT:
        return math.floor(value + 0.5)
    if dimension in (Dimension.SHARE, Dimension.GROWTH):
        return f"{value * 100:.12g} %" + (" /year" if dimension is Dimension.GROWTH else "")
    return _WRITTEN[dimension].format(value)


def _resaid(new: Any, value: float, spot: Spot) -> Any:
    kind = quantity_at(spot)
    assert kind is not None
    text = written(value, kind.dimension)
    if not isinstance(new, Mapping):
        return text
    kept = {name: said for name, said in new.items() if name not in ("low", "high")}
    return {**kept, "value": text}
