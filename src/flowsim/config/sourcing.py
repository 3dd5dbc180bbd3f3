"""Which source each number of a configuration rests on: its own, or that of the block it stands in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel

from flowsim.config.models import Mix
from flowsim.config.quantities import Quantity, Tabled

if TYPE_CHECKING:
    from flowsim.config.models import Config

GROUPS = ("place", "profile", "stream", "staff", "service", "pathway", "cost", "demand")
"""Groups made of a place's numbers. Interventions are options, not what the place is."""

TO_BE_REPLACED = "TO BE REPLACED"
"""How the title of a source begins whose numbers only hold a place."""


def numbers(config: Config) -> Iterator[tuple[str, str | None]]:
    """Yield (dotted key, source id or None) of every number written; a share of a mix by cases counts once."""
    return ((key, source) for key, _, source in written(config))


def written(config: Config, groups: Iterable[str] = GROUPS) -> Iterator[tuple[str, Quantity | None, str | None]]:
    """Yield the same with the quantity; None for a mix by cases."""
    for group in groups:
        yield from _numbers(getattr(config, group), group, None)


def _numbers(node: object, key: str, above: str | None) -> Iterator[tuple[str, Quantity | None, str | None]]:
    if isinstance(node, Tabled):
        for levels, value in node.cases:
            case = ", ".join(level or "rest" for level in levels)
            yield from _numbers(value, f"{key}[{case}]" if case else key, above)
    elif isinstance(node, Quantity):
        if math.isfinite(node.value):
            yield key, node, node.source or above
    elif isinstance(node, BaseModel):
        above = getattr(node, "source", None) or above
        if isinstance(node, Mix) and node.cases:
            yield key, None, above
        for name in sorted(node.model_fields_set, key=list(type(node).model_fields).index):
            yield from _numbers(getattr(node, name), f"{key}.{name}", above)
    elif isinstance(node, Mapping):
        for name, value in node.items():
            yield from _numbers(value, f"{key}.{name}", above)


def by_status(config: Config) -> dict[str, int]:
    """Return how many numbers rest on sources of each status; ``no source`` for those that name none."""
    found: dict[str, int] = {}
    for _, source in numbers(config):
        entry = config.source.get(source or "")
        status = entry.status if entry else "no source"
        found[status] = found.get(status, 0) + 1
    return found


def to_be_replaced(config: Config) -> dict[str, list[str]]:
    """Return the numbers that only hold a place: group and name (``service.ward``) -> what is left of each key."""
    holding = {name for name, entry in config.source.items() if entry.title.startswith(TO_BE_REPLACED)}
    found: dict[str, list[str]] = {}
    for key, source in numbers(config):
        if source in holding:
            group, _, rest = key.partition(".")
            name, _, field = rest.partition(".")
            found.setdefault(f"{group}.{name}", []).append(field or name)
    return found
