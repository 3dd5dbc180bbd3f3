"""Overrides: ``key=value`` as typed, looked up in the grammar, and set in a composed configuration."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString, Sweep
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from flowsim.config.grammar import ROOT, Spot, dotted, is_free, names_at, nearest, quantity_at, spot_at, step, tidy
from flowsim.config.problems import shown
from flowsim.errors import ConfigError, Problem

COMMAND_LINE = "command line"
"""The source of a number that an override set."""


@dataclass(frozen=True, slots=True)
class Override:
    """A value set, added or taken away.

    Attributes:
        path: parts of the key.
        value: as parsed.
        adds: whether the entry may be new (``+key=value``).
        removes: whether the entry goes (``~key``).
    """

    path: tuple[str, ...]
    value: Any
    adds: bool = False
    removes: bool = False


def read(overrides: Sequence[str], conf: Path) -> tuple[list[str], list[Override]]:
    """Return (choices of files, for Hydra; values, in order).

    Raises:
        ConfigError: texts that are no overrides.
    """
    chosen: list[str] = []
    values: list[Override] = []
    problems: list[Problem] = []
    for text in overrides:
        key, equals, said = text.partition("=")
        name = key.strip().lstrip("+~")
        if not name or not (equals or key.startswith("~")):
            problems.append(Problem(text, "no value", "key=value, e.g. run=smoke or service.ward.capacity.beds=30"))
        elif name == "scenario":
            values.append(Override(("scenario",), _names(said)))
        elif name == "year":
            year = said.strip().strip("'\"")
            values.append(Override(("year",), "" if year in ("null", "none") else year))
        elif name == "demand":
            values.append(Override(("run", "demand"), _names(said)))
        elif _is_choice(name, said, conf):
            chosen.append(_choice(text, key, said))
        else:
            path = tuple(name.split("."))
            values.append(
                Override(path, tidy(parse_value(said), spot_at(path)), key.startswith("+"), key.startswith("~"))
            )
    if problems:
        raise ConfigError(problems)
    return chosen, values


def _is_choice(name: str, said: str, conf: Path) -> bool:
    group = name.split("@", maxsplit=1)[0]
    return "." not in group and (conf / group).is_dir() and not said.lstrip().startswith("{")


def _choice(text: str, key: str, said: str) -> str:
    """Return a choice of a file as Hydra takes it; no experiment is written ``experiment=null``."""
    return f"~{key.lstrip('+~')}" if said.strip() in ("null", "none") else text


def _names(said: str) -> list[str]:
    """Return names from ``[a,b]``, ``a,b`` or ``a``."""
    inside = said.strip().removeprefix("[").removesuffix("]")
    return [name.strip().strip("'\"") for name in inside.split(",") if name.strip()]


def parse_value(said: str) -> Any:
    """Return the value of an override: by Hydra's grammar where it fits, else as text.

    Example:
        >>> parse_value("30"), parse_value("£ 395 /day"), parse_value("[a, b]")
        (30, '£ 395 /day', ['a', 'b'])
    """
    try:
        parsed = OverridesParser.create().parse_rule(said, "value")
    except HydraException:
        return _yaml_value(said.strip())
    return said.strip() if isinstance(parsed, Sweep) else _unquoted(parsed)


def _yaml_value(said: str) -> Any:
    """Return what Hydra's grammar cannot read: mappings and lists as YAML has them (quoted names), the rest as text."""
    if not said.startswith(("{", "[")):
        return said
    try:
        created: Any = OmegaConf.create(f"said: {said}")
        return cast("dict[str, Any]", OmegaConf.to_container(created))["said"]
    except (yaml.YAMLError, OmegaConfBaseException):
        return said


def _unquoted(value: Any) -> Any:
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [_unquoted(item) for item in value]
    if isinstance(value, Mapping):
        return {_unquoted(k): _unquoted(v) for k, v in value.items()}
    return value


def apply(raw: MutableMapping[str, Any], override: Override) -> list[Problem]:
    """Set an override's value; returns what is wrong with it instead of raising."""
    problem = check_key(raw, override.path, may_add=override.adds, value=override.value)
    if problem is not None:
        return [problem]
    if override.removes:
        remove(raw, override.path)
    else:
        put(raw, override.path, sourced(override.path, override.value, COMMAND_LINE))
    return []


def sourced(path: Sequence[str], value: Any, source: str) -> Any:
    """Return a value whose numbers all have a source: their own, that of the block they stand in, or the one given."""
    plain = isinstance(value, str | int | float) and not isinstance(value, bool) and value != "rest"
    if plain and quantity_at(spot_at(path)) is not None:
        return {"value": value, "source": source}
    if isinstance(value, Mapping) and "value" in value and quantity_at(spot_at(path)) is not None:
        return {**value, "source": value.get("source", source)}
    if isinstance(value, Mapping):
        above = block_source(path, value) or source
        return {k: sourced((*path, str(k)), v, above) for k, v in value.items()}
    return value


def block_source(path: Sequence[str], value: Mapping[str, Any]) -> str | None:
    """Return the source that a raw block names for all the numbers in it."""
    said = value.get("source")
    return said if isinstance(said, str) and "source" in names_at(spot_at(path)) else None


def copied(node: Any) -> Any:
    """Return a container whose mappings and lists are its own; what stands in them is never changed, so is shared."""
    if isinstance(node, dict):
        return {key: copied(value) for key, value in node.items()}
    return [copied(value) for value in node] if isinstance(node, list) else node


def put(raw: MutableMapping[str, Any], path: Sequence[str], value: Any) -> None:
    """Set what stands at a path, making the mappings on the way."""
    node: Any = raw
    for part in path[:-1]:
        if isinstance(node, list):
            node = node[int(part)]
            continue
        if not isinstance(node.get(part), dict | list):
            node[part] = {}
        node = node[part]
    if isinstance(node, list):
        node[int(path[-1])] = value
    else:
        node[path[-1]] = value


def with_value(node: Any, path: Sequence[str], value: Any) -> Any:
    """Return a container with another value at a path, as ``put`` sets it; the rest of it is that of the one given."""
    if not path:
        return value
    part, below = path[0], path[1:]
    if isinstance(node, list):
        at = int(part)
        return [*node[:at], with_value(node[at], below, value), *node[at + 1 :]]
    here = dict(node) if isinstance(node, Mapping) else {}
    return here | {part: with_value(here.get(part), below, value)}


def remove(raw: MutableMapping[str, Any], path: Sequence[str]) -> None:
    """Take away what stands at a path."""
    node: Any = raw
    for part in path[:-1]:
        node = node[int(part)] if isinstance(node, list) else node[part]
    node.pop(int(path[-1]) if isinstance(node, list) else path[-1])


def check_key(raw: Mapping[str, Any], path: Sequence[str], *, may_add: bool, value: Any = None) -> Problem | None:
    """Return what is wrong with a key, None if it exists or may be added.

    A field of the grammar may always be set, written in the YAML or not. An entry named by whoever
    wrote the YAML (a service, a step, a level) must exist, or be the last part of a key that may add.
    """
    node: Any = raw
    spot = ROOT
    for position, part in enumerate(path):
        below = step(spot, part)
        known = (
            list(node)
            if isinstance(node, Mapping)
            else [str(i) for i in range(len(node))]
            if isinstance(node, list)
            else []
        )
        if part not in known:
            problem = _unknown(path, position, spot, below, known, may_add, value)
            if problem is not None:
                return problem
        node = node.get(part) if isinstance(node, Mapping) else node[int(part)] if part in known else None
        spot = below
    return None


def _unknown(
    path: Sequence[str], position: int, spot: Spot, below: Spot, known: Sequence[str], may_add: bool, value: Any
) -> Problem | None:
    part, key = path[position], dotted(path[: position + 1])
    names = names_at(spot)
    if part in names:
        return None
    if not is_free(spot) or not below:
        return Problem(key, repr(part), nearest(part, [*names, *known], "a name known there"))
    last = position == len(path) - 1
    one_of_a_kind = bool(known) and position > 0 and path[position - 1] == "capacity"
    if (last and may_add and not one_of_a_kind) or (not known and not last and position > 2):
        return None
    kind = _kind(path[:position])
    add = "" if may_add or one_of_a_kind or not last else f" (to add one: +{dotted(path)}={shown(value)})"
    return Problem(key, repr(part), nearest(part, [*names, *(str(k) for k in known)], kind) + add)


def _kind(parent: Sequence[str]) -> str:
    if not parent:
        return "a name known there"
    return f"one of {dotted(parent)}"
