"""Which source each number of a configuration rests on: its own, or that of the block it stands in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from flowsim.config.grammar import dotted, quantity_at, spot_at
from flowsim.config.models import Intervention, Knob, Mix, Scenario, Target, Trial, YearStep
from flowsim.config.overrides import block_source
from flowsim.config.quantities import Quantity, Tabled

if TYPE_CHECKING:
    from flowsim.config.models import Config

GROUPS = ("place", "profile", "stream", "staff", "service", "pathway", "cost", "demand")
"""Groups made of a place's numbers."""
BOOKS = ("year_book", "intervention", "scenario_book", "target", "record", "calibration", "coverage")
"""Groups of what may be done, was promised or was recorded: not what the place is."""

TO_BE_REPLACED = "TO BE REPLACED"
"""How the title of a source begins whose numbers only hold a place."""
_SETTING = (Intervention, Scenario, YearStep, Trial)
"""Models whose ``sets`` hold values as written."""
_NO_FACTS = ("tolerance", "warm_up")
"""Fields that say what is asked for or how it is run, not what is so."""

Found = tuple[str, Quantity | Mix | Knob, str | None]
"""Dotted key; the quantity, the mix by cases or the uncertain input, each of which counts once; source id or None."""


def numbers(config: Config, groups: Iterable[str] = GROUPS) -> Iterator[tuple[str, str | None]]:
    """Yield (dotted key, source id or None) of every number written; a mix by cases counts once."""
    return ((key, source) for key, _, source in written(config, groups))


def written(config: Config, groups: Iterable[str] = GROUPS) -> Iterator[Found]:
    """Yield the same with the quantity, or what holds the numbers."""
    for group in groups:
        yield from _numbers(getattr(config, group), group, None)


def _numbers(node: object, key: str, above: str | None) -> Iterator[Found]:
    if isinstance(node, Tabled):
        for levels, value in node.cases:
            case = ", ".join(level or "rest" for level in levels)
            yield from _numbers(value, f"{key}[{case}]" if case else key, above)
    elif isinstance(node, Quantity):
        if math.isfinite(node.value):
            yield key, node, node.source or above
    elif isinstance(node, BaseModel):
        yield from _model(node, key, above)
    elif isinstance(node, Mapping):
        for name, value in node.items():
            yield from _numbers(value, f"{key}.{name}", above)


def _model(node: BaseModel, key: str, above: str | None) -> Iterator[Found]:
    above = node.document if isinstance(node, Target) else getattr(node, "source", None) or above
    if (isinstance(node, Mix) and node.cases) or isinstance(node, Knob):
        yield key, node, above
    for name in sorted(node.model_fields_set.difference(_NO_FACTS), key=list(type(node).model_fields).index):
        if name == "sets" and isinstance(node, _SETTING):
            for said, value in node.sets.items():
                yield from _raw(value, tuple(said.split(".")), f"{key}.sets.", above)
        else:
            yield from _numbers(getattr(node, name), f"{key}.{name}", above)


def _raw(value: Any, path: Sequence[str], before: str, above: str | None) -> Iterator[Found]:
    """Yield the numbers of a value as written, to be set at a path."""
    kind = quantity_at(spot_at(path))
    whole = isinstance(value, Mapping) and "value" in value and set(value) <= {*Quantity.model_fields, "price_year"}
    plain = isinstance(value, str | int | float) and not isinstance(value, bool) and value != "rest"
    if kind is not None and (whole or plain):
        quantity = kind.model_validate(value)
        if math.isfinite(quantity.value):
            yield before + dotted(path), quantity, quantity.source or above
    elif isinstance(value, Mapping):
        above = block_source(path, value) or above
        if Mix in spot_at(path) and "by" in value:
            yield before + dotted(path), Mix.model_validate(value), above
        for name, below in value.items():
            yield from _raw(below, (*path, str(name)), before, above)


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
