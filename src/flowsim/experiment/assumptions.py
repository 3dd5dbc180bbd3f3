"""The numbers a result rests on: every input with a source, a range, or a hand that set it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from flowsim.config.quantities import Quantity, Tabled

if TYPE_CHECKING:
    import pandas as pd

    from flowsim.config.models import Config

COLUMNS = [
    "key",
    "value",
    "low",
    "high",
    "number",
    "number_low",
    "number_high",
    "source",
    "status",
    "title",
    "url",
    "note",
]
_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+(?:[eE][+-]?\d+)?")


def quantities(thing: object, key: str = "") -> Iterator[tuple[str, Quantity]]:
    """Yield every quantity of a configuration with its dotted key; cases of a table are named in brackets."""
    if isinstance(thing, Quantity):
        yield key, thing
    elif isinstance(thing, Tabled):
        for levels, value in thing.cases:
            case = ", ".join(level or "rest" for level in levels)
            yield from quantities(value, f"{key}[{case}]" if case else key)
    elif isinstance(thing, BaseModel):
        for name, field in type(thing).model_fields.items():
            yield from quantities(getattr(thing, name), f"{key}.{field.alias or name}" if key else name)
    elif isinstance(thing, Mapping):
        for name, value in thing.items():
            yield from quantities(value, f"{key}.{name}" if key else str(name))
    elif isinstance(thing, list | tuple):
        for position, value in enumerate(thing):
            yield from quantities(value, f"{key}.{position}")


def assumptions(config: Config) -> pd.DataFrame:
    """Return the inputs of a configuration that have a source or a range.

    A value set by the command line, an intervention or a scenario has that as its source.

    Returns:
        One row an input, in the configuration's order: ``value, low, high`` as text with the unit they are
        written in, ``number, number_low, number_high`` in base units (minutes, events per minute,
        fractions, pounds), ``status`` of the source (``assumed`` where it is no entry of the bibliography).
    """
    import pandas as pd

    rows = []
    for key, found in quantities(config):
        if found.source is None and found.low is None and found.high is None:
            continue
        entry = config.source.get(found.source or "")
        rows.append(
            {
                "key": key,
                "value": found.said,
                "low": said_like(found, found.low),
                "high": said_like(found, found.high),
                "number": found.value,
                "number_low": found.low,
                "number_high": found.high,
                "source": found.source or "",
                "status": entry.status if entry else "assumed",
                "title": entry.title if entry else (f"set by {found.source}" if found.source else ""),
                "url": entry.url if entry else "",
                "note": found.note or "",
            }
        )
    table: dict[str, Any] = {name: [row[name] for row in rows] for name in COLUMNS}
    numbers = {name: "float64" for name in COLUMNS if name.startswith("number")}
    return pd.DataFrame(table).astype(dict.fromkeys(COLUMNS, "str") | numbers)


def said_like(quantity: Quantity, number: float | None) -> str:
    """Return a number in base units written in the unit the quantity is written in; empty for None.

    Example:
        >>> from flowsim.config.quantities import Duration
        >>> said_like(Duration.model_validate("26 d"), 21 * 1440.0)
        '21 d'
    """
    if number is None:
        return ""
    written = _NUMBER.search(quantity.said)
    if written is None or not quantity.value:
        return f"{number:g}"
    scale = float(written.group().replace(",", "")) / quantity.value
    return f"{quantity.said[: written.start()]}{number * scale:.6g}{quantity.said[written.end() :]}"
