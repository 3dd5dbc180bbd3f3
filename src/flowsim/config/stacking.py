"""What a scenario stack sets, by whom and when; and where two of its members contradict each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flowsim.config.checks.clocks import as_date
from flowsim.config.grammar import dotted, nearest
from flowsim.config.models import Config, Intervention, Scenario
from flowsim.config.problems import shown
from flowsim.errors import Problem

_DAY = 1440.0


@dataclass(frozen=True)
class Member:
    """One intervention of a stack, or the values of a scenario itself.

    Attributes:
        id: of the intervention or scenario.
        book: ``intervention`` or ``scenario_book``, where it is written.
        sets: key path -> value.
        starts, ends: dates from which it holds and no longer holds; None for always.
        ramp: time over which numbers move to their new values [days].
        overrules: members whose values this one replaces.
        source: of the numbers it sets that name none of their own.
    """

    id: str
    book: str
    sets: Mapping[tuple[str, ...], Any]
    starts: date | None = None
    ends: date | None = None
    ramp: float = 0.0
    overrules: tuple[str, ...] = ()
    source: str = ""

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return (self.starts is None or day >= self.starts) and (self.ends is None or day < self.ends)

    def fraction(self, day: date) -> float:
        """Return how far its numbers have moved on a day: evenly from 0 to 1 over the ramp, a step each week."""
        if self.starts is None or not self.ramp:
            return 1.0
        gone = (day - self.starts).days
        return 1.0 if gone >= self.ramp else (gone // 7) * 7 / self.ramp

    def changes(self) -> Iterator[date]:
        """Yield the dates at which what it sets changes."""
        if self.starts is not None:
            weeks = int(-(-self.ramp // 7))
            yield from (self.starts + timedelta(days=7 * week) for week in range(max(weeks, 1)))
            yield self.starts + timedelta(days=int(-(-self.ramp // 1)))
        if self.ends is not None:
            yield self.ends


def members(stack: Sequence[str], config: Config) -> tuple[list[Member], list[Problem]]:
    """Return the members of a stack in order, each once, and the names that do not exist."""
    found: dict[str, Member] = {}
    problems: list[Problem] = []
    for name in stack:
        scenario = config.scenario_book.get(name)
        if scenario is not None:
            for inner in scenario.interventions:
                found.setdefault(inner, _intervention(inner, config.intervention[inner]))
            found.setdefault(name, _scenario(name, scenario))
        elif name in config.intervention:
            found.setdefault(name, _intervention(name, config.intervention[name]))
        else:
            known = [*config.intervention, *config.scenario_book]
            problems.append(Problem("scenario", repr(name), nearest(name, known, "an intervention or scenario")))
    return list(found.values()), problems


def _scenario(name: str, item: Scenario) -> Member:
    source = item.source or f"scenario:{name}"
    return Member(name, "scenario_book", _paths(item.sets), overrules=tuple(item.overrules), source=source)


def _intervention(name: str, item: Intervention) -> Member:
    return Member(
        name,
        "intervention",
        _paths(item.sets),
        as_date(item.starts) if item.starts else None,
        as_date(item.ends) if item.ends else None,
        item.ramp.value / _DAY if item.ramp is not None else 0.0,
        tuple(item.overrules),
        item.source or f"scenario:{name}",
    )


def _paths(sets: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    return {tuple(key.split(".")): value for key, value in sets.items()}


def clashes(stack: Sequence[Member]) -> Iterator[Problem]:
    """Yield a problem for each key that two members set to different values at overlapping dates."""
    for earlier, later in itertools.combinations(stack, 2):
        if earlier.id in later.overrules or not _overlap(earlier, later):
            continue
        for one, other in itertools.product(earlier.sets, later.sets):
            shorter = min(one, other, key=len)
            if one[: len(shorter)] != other[: len(shorter)]:
                continue
            first, second = _at(earlier.sets[one], other[len(one) :]), _at(later.sets[other], one[len(other) :])
            if plain(first) != plain(second):
                said = f"{shown(first)} by {earlier.id} and {shown(second)} by {later.id}"
                wanted = f"one value, or overrules: [{earlier.id}] in {later.book}.{later.id}"
                yield Problem(dotted(max(one, other, key=len)), said, wanted)


def _overlap(one: Member, other: Member) -> bool:
    first = max(one.starts or date.min, other.starts or date.min)
    last = min(one.ends or date.max, other.ends or date.max)
    return first < last


def _at(value: Any, below: Sequence[str]) -> Any:
    for part in below:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def plain(value: Any) -> Any:
    """Return a raw value without the sources and notes of its numbers."""
    if isinstance(value, Mapping):
        return plain(value["value"]) if "value" in value else {name: plain(below) for name, below in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else str(value)
