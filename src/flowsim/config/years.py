"""The years of a place: from the year its files describe to another, by stated steps.

Steps change what everything else starts from: demand levels, interventions and the command line come after
them. They are taken in the order of the book; a later step finds what the earlier ones left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from flowsim.config.grammar import nearest, spot_at, tidy
from flowsim.config.overrides import check_key, copied, put, sourced
from flowsim.config.problems import find
from flowsim.errors import ConfigError, Problem

RECORDED = "recorded"
"""Arm of the year that the files describe, in an experiment that takes the steps one by one."""
ENDS = ("low", "high")
"""The ends of a range."""
_NUMBER = re.compile(r"([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s*(\D.*)?")


def in_year(raw: MutableMapping[str, Any], year: str) -> None:
    """Take the steps of a year, in place.

    Args:
        raw: plain container, as composed; its ``year_book`` holds the steps.
        year: id in the book; empty changes nothing.

    Raises:
        ConfigError: the year is not in the book, or a step sets what does not exist.
    """
    raw["year"] = year
    for name, step in _steps(raw, year):
        _take(raw, f"year_book.{year}.steps.{name}", step)


def step_by_step(raw: MutableMapping[str, Any]) -> None:
    """Make the arms of an experiment that says ``steps_to``, in place.

    Arm ``recorded`` is the year the files describe. Arm ``X`` holds every step up to ``X``; ``X_low`` and
    ``X_high`` hold the same with every ranged number of ``X`` at that end of its range. Each is an
    intervention of its own, so the arms are run, resumed and reported like any others.

    Raises:
        ConfigError: as ``in_year``.
    """
    experiment = raw.get("experiment")
    if not isinstance(experiment, MutableMapping) or not experiment.get("steps_to"):
        return
    year = str(experiment["steps_to"])
    arms: dict[str, list[str]] = {RECORDED: []}
    labels = {RECORDED: "As recorded"}
    now: dict[str, Any] = copied(dict(raw))
    keys: dict[str, None] = {}
    for name, step in list(_steps(raw, year)):
        keys |= dict.fromkeys(_keys(raw, step))
        label = str(step.get("label", name))
        for end in _ends(step):
            there = copied(now)
            _take(there, f"year_book.{year}.steps.{name}", step, end)
            arm, words = (f"{name}_{end}", f"{label} ({end})") if end else (name, label)
            sets = {key: find(there, tuple(key.split("."))) for key in keys}
            put(raw, ("intervention", f"year_{arm}"), {"label": words, "why": step.get("why", ""), "sets": sets})
            arms[arm], labels[arm] = [f"year_{arm}"], words
        _take(now, f"year_book.{year}.steps.{name}", step)
    experiment["arms"] = arms
    experiment["arm_labels"] = labels
    experiment.setdefault("against", RECORDED)


def _steps(raw: Mapping[str, Any], year: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    book = raw.get("year_book") or {}
    if year and year not in book:
        raise ConfigError([Problem("year", repr(year), nearest(year, book, "a year of the place's year_book"))])
    steps = (book[year].get("steps") or {}) if year and isinstance(book[year], Mapping) else {}
    yield from ((str(name), step) for name, step in steps.items() if isinstance(step, Mapping))


def _ends(step: Mapping[str, Any]) -> tuple[str, ...]:
    """Return "" for the step itself, and low and high where it has ranges."""
    ranged = any(_has_range(value) for part in ("factors", "sets") for value in (step.get(part) or {}).values())
    return ("", *ENDS) if ranged else ("",)


def _has_range(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    return any(end in value for end in ENDS) if "value" in value else any(map(_has_range, value.values()))


def _keys(raw: Mapping[str, Any], step: Mapping[str, Any]) -> Iterator[str]:
    for stream in step.get("factors") or {}:
        for name in raw["stream"] if stream == "all" else [stream]:
            yield f"stream.{name}.{_size_of(raw['stream'].get(name))}"
    yield from step.get("sets") or {}


def _take(raw: MutableMapping[str, Any], at: str, step: Mapping[str, Any], end: str = "") -> None:
    """Take a step, its ranged numbers at one end if that is said."""
    problems: list[Problem] = []
    source = str(step.get("source") or f"year:{at.split('.')[1]}")
    for said, factor in (step.get("factors") or {}).items():
        for stream in raw["stream"] if said == "all" else [said]:
            if stream not in raw["stream"]:
                problems.append(Problem(f"{at}.factors.{said}", repr(said), nearest(said, raw["stream"], "a stream")))
                continue
            size = _size_of(raw["stream"][stream])
            put(raw, ("stream", stream, size), _times(raw["stream"][stream].get(size, 1), factor, end, source))
    for key, value in (step.get("sets") or {}).items():
        path = tuple(str(key).split("."))
        problem = check_key(raw, path, may_add=True, value=value)
        if problem is not None:
            problems.append(Problem(f"{at}.sets.{key}", problem.said, problem.wanted))
            continue
        put(raw, path, tidy(sourced(path, _at_end(copied(value), end), source), spot_at(path)))
    if problems:
        raise ConfigError(problems)


def _size_of(stream: Any) -> str:
    """Return the key that says how many come: the volume, so that the factor stays free for demand levels."""
    volume = stream.get("volume") if isinstance(stream, Mapping) else None
    return "volume" if volume is not None and _parted(volume, "value") else "factor"


def _times(now: Any, factor: Any, end: str, source: str) -> dict[str, Any]:
    """Return a volume or factor multiplied, its range moved with it; it keeps its source, and says the step's."""
    by = factor.get("source", source) if isinstance(factor, Mapping) else source
    moved = _at_end(factor, end)
    kept = {key: now[key] for key in ("source", "note") if key in now} if isinstance(now, Mapping) else {}
    said = moved.get("value") if isinstance(moved, Mapping) else moved
    note = "; ".join(str(text) for text in (kept.get("note"), f"times {said} ({by})") if text)
    out: dict[str, Any] = {"source": kept.get("source", by), "note": note}
    for part in ("value", *ENDS):
        (one, unit), (other, _) = _parted(now, part) or (1.0, ""), _parted(moved, part) or (1.0, "")
        if part == "value" or _has_range(now) or _has_range(moved):
            product = f"{one * other:.12g}"
            out[part] = f"{product} {unit}" if unit else float(product)
    return out


def _parted(said: Any, part: str) -> tuple[float, str] | None:
    """Return number and unit of a raw quantity, or of the end of its range (the value where it has none)."""
    if isinstance(said, Mapping):
        said = said.get(part, said.get("value"))
    found = _NUMBER.fullmatch(str(said).strip().replace(",", ""))
    return (
        (float(found[1]), found[2] or "") if found else None
    )  # the grammar's checks name the key of what is no number


def _at_end(value: Any, end: str) -> Any:
    """Return a raw value with every ranged number at one end of its range."""
    if not end or not isinstance(value, Mapping):
        return value
    if "value" in value:
        return {**value, "value": value.get(end, value["value"])}
    return {name: _at_end(below, end) for name, below in value.items()}
