"""pydantic's errors told as people would: the key as written, what it says, what is wanted, the nearest right name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Union, cast

from pydantic import TypeAdapter, ValidationError

from flowsim.config.grammar import (
    ROOT,
    Spot,
    choices_at,
    dotted,
    keys_are_clock_times,
    leaves_of,
    names_at,
    nearest,
    spot_at,
    step,
)
from flowsim.errors import Problem

Path = tuple[Any, ...]

_OURS = ("quantity", "range", "clock", "table")
_WANTED = {
    "dict_type": "a mapping, {name: value}",
    "list_type": "a list, e.g. [a, b]",
    "string_pattern_mismatch": 'a date in quotes, e.g. "2026-10-01"',
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A pydantic error, at the path where the YAML says it."""

    path: Path
    kind: str
    said: object
    message: str


def faults(error: ValidationError, raw: Any) -> list[Fault]:
    """Return one fault a key: of the alternatives of a union, the one that says most."""
    best: dict[Path, Fault] = {}
    for item in error.errors(include_url=False):
        if item["loc"][-1:] == ("[key]",) and isinstance(item["input"], bool):
            continue  # bad_keys tells it, with the key as written
        fault = _fault(item, raw)
        other = best.get(fault.path)
        if other is None or _rank(fault) < _rank(other):
            best[fault.path] = fault
    likely = {path: fault for path, fault in best.items() if not _is_part_of_number(fault, raw)}
    return [f for f in likely.values() if not _is_other_alternative(f, likely)] or list(best.values())


def _is_part_of_number(fault: Fault, raw: Any) -> bool:
    """Whether a fault comes of reading a sourced number as a weekly schedule, the other thing a level may be."""
    parent = find(raw, fault.path[:-1])
    return (
        fault.kind == "dict_type"
        and not isinstance(fault.said, Mapping)
        and isinstance(parent, Mapping)
        and "value" in parent
    )


def value_faults(path: Sequence[str], value: Any) -> list[Fault]:
    """Return the faults of a value on its own, as it would stand at a key path."""
    kinds = tuple(leaf for kind in spot_at(path) for leaf in leaves_of(kind))
    if not kinds or Any in kinds:
        return []
    try:
        TypeAdapter(cast("Any", Union[kinds])).validate_python(value)  # noqa: UP007 - the alternatives are known at run time only
    except ValidationError as error:
        return [replace(fault, path=(*path, *fault.path)) for fault in faults(error, value)]
    return []


def _fault(item: Mapping[str, Any], raw: Any) -> Fault:
    path = as_written(item["loc"], raw, item["type"])
    said, kind = item["input"], item["type"]
    node = find(raw, path)
    if isinstance(node, Mapping) and kind in _OURS and node is not said:
        # A table reports its own key; the value at fault lies somewhere inside.
        path = next((path + below for below, leaf in leaves(node) if type(leaf) is type(said) and leaf == said), path)
    return Fault(path, kind, said, item["msg"])


def _rank(fault: Fault) -> int:
    order = [*_OURS, "extra_forbidden", "missing", "literal_error", "string_type"]
    return order.index(fault.kind) if fault.kind in order else len(order)


def _is_other_alternative(fault: Fault, found: Mapping[Path, Fault]) -> bool:
    deeper = any(len(p) > len(fault.path) and p[: len(fault.path)] == fault.path for p in found)
    return deeper and isinstance(fault.said, Mapping) and fault.kind in ("string_type", "literal_error", "quantity")


def as_written(loc: Sequence[Any], raw: object, kind: str) -> Path:
    """Return pydantic's location as a key path of the YAML: without union tags and wrapped fields."""
    path: list[Any] = []
    node = raw
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        in_mapping = isinstance(node, Mapping) and part in node
        in_list = isinstance(node, list) and isinstance(part, int) and part < len(node)
        if in_mapping or in_list:
            node = cast("Any", node)[part]
        elif not (last and kind == "missing"):
            continue
        path.append(part)
    return tuple(path)


def find(raw: object, path: Path) -> object:
    """Return what the container says at a path; None where it says nothing."""
    for part in path:
        if isinstance(raw, Mapping) and part in raw:
            raw = raw[part]
        elif isinstance(raw, list) and str(part).isdigit() and int(part) < len(raw):
            raw = raw[int(part)]
        else:
            return None
    return raw


def leaves(node: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield every value that is no dictionary or list, with its path."""
    if not isinstance(node, dict | list):
        yield path, node
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def as_problem(fault: Fault) -> Problem:
    """Return a fault as a problem a person can act on."""
    if fault.kind == "extra_forbidden":
        spot = spot_at(str(p) for p in fault.path[:-1])
        return Problem(
            dotted(fault.path), repr(fault.path[-1]), nearest(fault.path[-1], names_at(spot), "a name known there")
        )
    if fault.kind == "missing":
        return Problem(dotted(fault.path), "nothing", _missing(fault.path))
    if fault.kind == "clock":
        return Problem(dotted(fault.path), str(fault.said), fault.message + _clock_hint(fault.said))
    if fault.kind == "range" and isinstance(fault.said, Mapping) and "low" in fault.said:
        return Problem(
            dotted(fault.path), f"low {shown(fault.said['low'])}, high {shown(fault.said['high'])}", fault.message
        )
    if fault.kind in _OURS:
        return Problem(dotted(fault.path), shown(fault.said), fault.message)
    if fault.kind == "literal_error":
        words = choices_at(spot_at(str(p) for p in fault.path))
        return Problem(dotted(fault.path), shown(fault.said), nearest(fault.said, words, "a word known there"))
    if fault.kind == "string_type":
        return Problem(dotted(fault.path), shown(fault.said), _text_wanted(fault.said))
    if fault.kind == "model_type":
        names = names_at(spot_at(str(p) for p in fault.path))
        return Problem(
            dotted(fault.path), shown(fault.said), "a mapping" + (f" of {', '.join(names[:8])}" if names else "")
        )
    if fault.kind == "dict_type" and keys_are_clock_times(spot_at(str(p) for p in fault.path)):
        return Problem(dotted(fault.path), shown(fault.said), 'clock times and numbers, e.g. {"08:00": 6, "18:00": 0}')
    if fault.kind == "greater_than_equal":
        return Problem(dotted(fault.path), shown(fault.said), f"a number of {fault.message.rsplit(' ', 1)[-1]} or more")
    wanted = _WANTED.get(fault.kind, fault.message[:1].lower() + fault.message[1:])
    return Problem(dotted(fault.path), shown(fault.said), wanted)


def _missing(path: Path) -> str:
    spot: Spot = ROOT
    for part in path[:-1]:
        spot = step(spot, str(part))
    for kind in spot:
        for name, field in getattr(kind, "model_fields", {}).items():
            if (field.alias or name) == path[-1] and field.description:
                return f"{path[-1]}: {field.description}"
    return f"{path[-1]}, which has no default"


def _clock_hint(said: object) -> str:
    if isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= 24 * 60:
        clock = f"{said // 60:02d}:{said % 60:02d}"
        return f'; {clock} without quotes is read as {said}, so write "{clock}"'
    return ""


def _text_wanted(said: object) -> str:
    if isinstance(said, bool):
        words = '"YES" or "ON"' if said else '"NO" or "OFF"'
        return f"text, in quotes if it was {words}: YAML reads these without quotes as {str(said).lower()}"
    if isinstance(said, int | float):
        return f'text, in quotes: "{said}"'
    return "a name"


def shown(said: object, width: int = 80) -> str:
    """Return a value as people wrote it, without its source, and shortened where it is long."""
    if isinstance(said, Mapping) and "value" in said:
        said = said["value"]
    if isinstance(said, bool) or said is None:
        return {True: "true", False: "false", None: "nothing"}[said]
    if isinstance(said, Mapping):
        text = "{" + ", ".join(f"{k}: {shown(v)}" for k, v in said.items()) + "}"
    elif isinstance(said, list):
        text = "[" + ", ".join(shown(v) for v in said) + "]"
    else:
        text = repr(said) if isinstance(said, str) else str(said)
    return text if len(text) <= width else text[: width - 3] + "..."


def bad_numbers(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each whole number that YAML read as true or false."""
    for path, said in leaves(raw):
        if isinstance(said, bool):
            spot = spot_at(str(part) for part in path)
            if int in spot and bool not in spot:
                yield Problem(dotted(path), shown(said), "a whole number")


def bad_keys(node: object, path: Path = ()) -> Iterator[Problem]:
    """Yield a problem for each name that YAML read as true, false or nothing."""
    if not isinstance(node, dict | list):
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(key, bool) or key is None:
            yield Problem(dotted((*path, shown(key))), shown(key), _text_wanted(bool(key)))
        if isinstance(value, dict | list):
            yield from bad_keys(value, (*path, key))
