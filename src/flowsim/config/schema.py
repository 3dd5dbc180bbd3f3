"""The grammar as a JSON Schema (draft 2020-12), for editors that complete and check YAML as one types.

``flowsim schema > flowsim.schema.json`` writes it. An editor with a YAML language server then takes it
for a file that starts with ``# yaml-language-server: $schema=flowsim.schema.json`` (path relative to the
file), or for all files of conf/ by the editor's own settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flowsim.config import quantities
from flowsim.config.models import Config
from flowsim.config.quantities import Quantity
from flowsim.units import Dimension

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER = r"[+-]?(\d[\d,_]*\.?\d*|\.\d+)([eE][+-]?\d+)?"
_TIME = r"(ms|s|seconds?|min|minutes?|h|hours?|d|days?|weeks?|months?|years?)"
_PATTERNS = {
    Dimension.DURATION: rf"^{_NUMBER}\s*{_TIME}$",
    Dimension.RATE: rf"^{_NUMBER}\s*/\s*{_TIME}$",
    Dimension.SHARE: rf"^{_NUMBER}\s*%$",
    Dimension.GROWTH: rf"^{_NUMBER}\s*%\s*/\s*year$",
    Dimension.MONEY: rf"^-?£\s*{_NUMBER}$",
    Dimension.MONEY_RATE: rf"^-?£\s*{_NUMBER}\s*/\s*{_TIME}$",
    Dimension.COUNT: r"^(unlimited|[+-]?\d[\d,_]*)$",
    Dimension.NUMBER: rf"^{_NUMBER}$",
}
_PRICE_YEAR = {"type": "string", "description": "year of its prices, e.g. 2013/14; the place's where not said"}
_BARE = (Dimension.COUNT, Dimension.NUMBER)
"""Dimensions whose values may be written without quotes."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration: a whole one, or any file that holds a part of it."""
    out = Config.model_json_schema(by_alias=True, mode="validation")
    definitions: dict[str, Any] = out.pop("$defs")
    for name, definition in definitions.items():
        definition.pop("title", None)
        wrap = _WRAPS.get(name)
        if wrap is not None:
            definitions[name] = wrap(definition)
    definitions = {name: _by_reference(definition) for name, definition in definitions.items()}
    definitions |= {kind.__name__: _quantity(kind) for kind in _quantities()}
    definitions["Intervention"]["properties"]["sets"] = _SETS
    definitions["Scenario"]["properties"]["sets"] = _SETS
    out.pop("required", None)
    properties = {**_by_reference(out.pop("properties")), "defaults": _DEFAULTS}
    whole = {"properties": properties, "additionalProperties": False, "$defs": definitions}
    described: dict[str, Any] = _without_titles({**out, **whole})
    return {"$schema": DRAFT, "title": "flowsim configuration", **described}


def _quantities() -> list[type[Quantity]]:
    return [
        kind
        for kind in vars(quantities).values()
        if isinstance(kind, type) and issubclass(kind, Quantity) and kind is not Quantity
    ]


def _quantity(kind: type[Quantity]) -> dict[str, Any]:
    """Return a quantity: text with a unit, or a mapping of it with its range and source."""
    dimension = kind.dimension
    text: dict[str, Any] = {"type": "string", "pattern": _PATTERNS[dimension], "examples": [dimension.value]}
    plain = (
        {"anyOf": [text, {"type": "integer" if dimension is Dimension.COUNT else "number"}]}
        if dimension in _BARE
        else text
    )
    sourced = {
        "type": "object",
        "properties": {
            "value": {**plain, "description": "the number in use"},
            "low": {**plain, "description": "the least it may plausibly be"},
            "high": {**plain, "description": "the most it may plausibly be"},
            "source": {"type": "string", "description": "id of an entry in conf/source"},
            "note": {"type": "string", "description": "what a reader should know"},
            **({"price_year": _PRICE_YEAR} if "price_year" in kind.model_fields else {}),
        },
        "required": ["value"],
        "additionalProperties": False,
    }
    summary = (kind.__doc__ or "").splitlines()[0]
    return {"description": f'{summary} Written as "{dimension.value}".', "anyOf": [plain, sourced]}


def _by_reference(node: Any) -> Any:
    """Return a schema with quantities by reference, tables included, and defaults as YAML writes them."""
    if isinstance(node, list):
        return [_by_reference(item) for item in node]
    if not isinstance(node, dict):
        return node
    if {"value", "said"} <= set(node.get("properties", ())):
        kind = next(k for k in _quantities() if (k.__doc__ or "") == node["description"])
        return {"$ref": f"#/$defs/{kind.__name__}"}
    out = {key: _by_reference(value) for key, value in node.items() if key != "default"}
    default = _as_written(node.get("default"))
    return out if default is None else {**out, "default": default}


def _as_written(default: Any) -> Any:
    """Return a default as YAML would say it: quantities as text, nothing for what is not said."""
    if not isinstance(default, dict):
        return default
    if "said" in default:
        return default["said"]
    kept = {name: _as_written(value) for name, value in default.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _or(*others: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a wrap that allows shorthands beside a definition."""

    def wrap(definition: dict[str, Any]) -> dict[str, Any]:
        described = {"description": definition.pop("description")} if "description" in definition else {}
        return {**described, "anyOf": [definition, *others]}

    return wrap


def _inside(definition: dict[str, Any]) -> dict[str, Any]:
    """Return what a wrapped field holds, in place of the model that wraps it (Weekly, Hours)."""
    inner: dict[str, Any] = definition["properties"]["days"]
    return {"description": definition.get("description", ""), **inner, "propertyNames": _DAY_KEY}


def _mix(definition: dict[str, Any]) -> dict[str, Any]:
    shares = next(part for part in definition["properties"]["shares"]["anyOf"] if part.get("type") == "object")
    by = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    said = {name: definition["properties"][name] for name in ("source", "note")}
    table = {
        "type": "object",
        "properties": {
            "by": by,
            "values": {"type": "object", "description": "level -> shares, nested once a name"},
            **said,
        },
        "required": ["by", "values"],
        "additionalProperties": False,
    }
    named = {**shares, "properties": said, "not": {"required": ["by"]}}
    return {"description": definition["description"], "anyOf": [named, table, definition, {"type": "string"}]}


def _branch(definition: dict[str, Any]) -> dict[str, Any]:
    levels = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    definition["properties"]["when"] = {**definition["properties"]["when"], "additionalProperties": levels}
    shares = definition["properties"]["to"]["anyOf"]
    # {ward: "30 %", rest: home} names the rest the other way round; `to: home` is all of them.
    other = {"type": "object", "properties": {"rest": {"type": "string"}}, "required": ["rest"]}
    definition["properties"]["to"]["anyOf"] = [*shares, other, {"type": "string"}]
    return _or({"type": "string", "description": "everyone goes there"})(definition)


_DAY_KEY = {"pattern": "^((mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?|every_day|holidays)$"}
_SETS = {
    "type": "object",
    "description": "dotted key -> new value, e.g. service.ward.capacity.beds: 30",
    "propertyNames": {"pattern": r"^[a-z_]+(\.[^.]+)+$"},
}
_DEFAULTS = {"type": "array", "description": "files a place pulls in, and its experiment and run (conf/place only)"}
_TABLE = {"by": {}, "values": {"type": "object"}, "rest": {}}
_WRAPS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "Weekly": _inside,
    "Hours": _inside,
    "Mix": _mix,
    "Branch": _branch,
    "Distribution": _or(
        {"$ref": "#/$defs/Duration"},
        {"type": "object", "properties": _TABLE, "required": ["by", "values"], "additionalProperties": False},
    ),
}


def _without_titles(node: Any) -> Any:
    """Return a schema without the titles made of field names, which say nothing that the names do not."""
    if isinstance(node, dict):
        return {
            key: {name: _without_titles(below) for name, below in value.items()}
            if key in ("properties", "$defs")
            else _cleaned(key, value)
            for key, value in node.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_without_titles(item) for item in node] if isinstance(node, list) else node


def _cleaned(key: str, value: Any) -> Any:
    if key == "description" and isinstance(value, str):
        return re.sub(r"\s+", " ", value.replace("``", "")).strip()
    return _without_titles(value)
