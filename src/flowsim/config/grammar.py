"""The grammar of models as data: which names may stand at a key, and which kind of value is wanted there.

A *spot* is what may stand at one key: a tuple of types, one an alternative. Walking from spot to spot
follows the YAML as people write it, shorthands included, where pydantic follows the models.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from flowsim.config.models import ClockTime, Config, Distribution, Hours, Mix, Weekly
from flowsim.config.quantities import Duration, Quantity, Tabled

Spot = tuple[Any, ...]


class _Levels:
    """Inside the ``values`` of a table: levels, nested once an attribute, down to ``leaf``."""

    def __init__(self, leaf: Spot) -> None:
        self.leaf = leaf


def _origin(kind: Any) -> Any:
    return get_origin(kind)


@lru_cache(maxsize=4096)
def spot_of(annotation: Any) -> Spot:
    """Return the alternatives of an annotation, without Annotated, Union and None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return spot_of(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return tuple(alternative for part in get_args(annotation) for alternative in spot_of(part))
    return () if annotation is type(None) else (annotation,)


ROOT: Spot = (Config,)


@lru_cache(maxsize=512)
def fields(model: type[BaseModel]) -> Mapping[str, Any]:
    """Return the annotation of each field by the name it has in YAML."""
    return {(field.alias or name): field.annotation for name, field in model.model_fields.items() if name != "said"}


@lru_cache(maxsize=65536)
def step(spot: Spot, part: str) -> Spot:
    """Return what may stand at ``part`` below a spot; empty where the grammar knows no such name."""
    return tuple(found for alternative in spot for found in _step_one(alternative, part))


def _step_one(kind: Any, part: str) -> Spot:
    if kind is Any:
        return (Any,)
    if isinstance(kind, _Levels):
        return (kind, *kind.leaf)
    origin = _origin(kind)
    if origin is dict:
        return spot_of(get_args(kind)[1])
    if origin is list:
        return spot_of(get_args(kind)[0]) if part.isdigit() else ()
    tabled = _tabled_leaf(kind)
    if tabled:
        return _step_table(tabled, part)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _step_model(kind, part)
    return ()


def _step_table(leaf: Spot, part: str) -> Spot:
    if part == "by":
        return (str, list[str])
    if part == "values":
        return (_Levels(leaf),)
    return leaf if part == "rest" else step(leaf, part)


def _step_model(model: type[BaseModel], part: str) -> Spot:
    known = fields(model)
    if model in (Weekly, Hours) and part not in known:
        return step(spot_of(known["days"]), part)
    if part in known:
        found = spot_of(known[part])
        return (*found, _Levels((Duration,))) if model is Distribution and part == "values" else found
    if model is Distribution and part in ("by", "rest"):
        return step((Tabled[Duration],), part)
    if model is Mix:
        return (Any,) if part == "values" else step(spot_of(known["shares"]), part)
    return ()


def _tabled_leaf(kind: Any) -> Spot:
    return spot_of(get_args(kind)[0]) if _origin(kind) is Tabled else ()


def leaves_of(kind: Any) -> Spot:
    """Return the types a value at one alternative of a spot may have: levels of a table are seen through."""
    return kind.leaf if isinstance(kind, _Levels) else (kind,)


def spot_at(path: Iterable[str]) -> Spot:
    """Return what may stand at a key path."""
    spot = ROOT
    for part in path:
        spot = step(spot, part)
    return spot


def names_at(spot: Spot) -> tuple[str, ...]:
    """Return the names that may stand below a spot; empty where names are free (ids, levels)."""
    names: list[str] = []
    for kind in spot:
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in (Weekly, Hours):
            names.extend(fields(kind))
        elif _tabled_leaf(kind):
            names.extend(("by", "values", "rest"))
    return tuple(dict.fromkeys(names))


def is_free(spot: Spot) -> bool:
    """Whether names below a spot are chosen by whoever writes the YAML."""
    wraps = (Weekly, Hours, Mix)
    return any(
        kind is Any or isinstance(kind, _Levels) or _origin(kind) in (dict, list) or kind in wraps for kind in spot
    )


def quantity_at(spot: Spot) -> type[Quantity] | None:
    """Return the quantity a plain number or text at a spot would be read as, None for other values."""
    for kind in spot:
        if isinstance(kind, type) and issubclass(kind, Quantity):
            return kind
        if kind is Distribution:
            return Duration
        leaf = kind.leaf if isinstance(kind, _Levels) else _tabled_leaf(kind)
        if leaf:
            return quantity_at(leaf)
    return None


def keys_are_clock_times(spot: Spot) -> bool:
    """Whether names below a spot are clock times."""
    return any(_origin(kind) is dict and get_args(kind)[0] == ClockTime for kind in spot)


def choices_at(spot: Spot) -> tuple[str, ...]:
    """Return the words one of which must stand at a spot, empty where it is not a choice of words."""
    return tuple(str(word) for kind in spot if _origin(kind) is Literal for word in get_args(kind))


def nearest(said: object, known: Iterable[str], kind: str) -> str:
    """Return what is wanted in place of a name that does not exist: the nearest, or those there are.

    Example:
        >>> nearest("wrad", ["ward", "clinic"], "a service")
        "a service; did you mean 'ward'?"
    """
    names = list(known)
    near = get_close_matches(str(said), names, n=1)
    if near:
        return f"{kind}; did you mean {near[0]!r}?"
    if not names:
        return f"{kind}; there are none"
    return f"{kind}: one of {', '.join(names[:12])}" + (", ..." if len(names) > 12 else "")


def dotted(path: Sequence[object]) -> str:
    """Return a key path as people write it."""
    return ".".join(str(part) for part in path)


def tidy(node: object, spot: Spot = ROOT) -> object:
    """Return a container with whole-number names made text, but for those that were clock times without quotes."""
    if isinstance(node, Mapping):
        keep = keys_are_clock_times(spot)
        return {
            (str(k) if isinstance(k, int) and not isinstance(k, bool) and not keep else k): tidy(v, step(spot, str(k)))
            for k, v in node.items()
        }
    if isinstance(node, list):
        return [tidy(item, step(spot, str(i))) for i, item in enumerate(node)]
    return node
