"""Names of a configuration turned into codes, and a list of what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from flowsim.config.grammar import nearest
from flowsim.config.models import Config
from flowsim.errors import ConfigError, Problem
from flowsim.system.spec import NONE
from flowsim.vocabulary import BUILT_IN_EXITS

ARRIVAL = "arrival"
"""The level of ``from`` for patients who come from outside."""


@dataclass(slots=True)
class Problems:
    """Everything found wrong so far; building goes on past a problem so that all are told at once."""

    found: list[Problem] = field(default_factory=list)

    def add(self, key: str, said: object, wanted: str) -> None:
        """Note a problem, once."""
        problem = Problem(key, str(said), wanted)
        if problem not in self.found:
            self.found.append(problem)

    def unknown(self, key: str, said: str, kind: str, known: Iterable[str]) -> None:
        """Note a name that does not exist, with the nearest that does."""
        self.add(key, repr(said), nearest(said, known, kind))

    def raise_any(self) -> None:
        """Raise ConfigError if anything was found."""
        if self.found:
            raise ConfigError(self.found)


@dataclass(frozen=True)
class Names:
    """Codes of everything that can be named, the same in all periods.

    A thing is part of the system when it is enabled in any period.

    Attributes:
        attributes: levels by attribute.
        services, exits, junctions: ids in order of place code.
        absent: services that are never enabled -> where their patients go instead (``when_closed``), or None.
        streams, staff, reasons: ids in order.
    """

    attributes: dict[str, tuple[str, ...]]
    services: tuple[str, ...]
    exits: tuple[str, ...]
    junctions: tuple[str, ...]
    absent: dict[str, str | None]
    streams: tuple[str, ...]
    staff: tuple[str, ...]
    reasons: tuple[str, ...]
    codes: dict[str, int]

    @property
    def places(self) -> tuple[str, ...]:
        """Ids by place code."""
        return self.services + self.exits + self.junctions

    @property
    def origins(self) -> tuple[str, ...]:
        """Levels of ``from``: services, then ``arrival``."""
        return (*self.services, ARRIVAL)

    def present(self, name: str) -> str | None:
        """Return the place patients sent to ``name`` reach: itself, or what stands in for an absent service."""
        seen: set[str] = set()
        while name in self.absent:
            following = self.absent[name]
            if following is None or following in seen:
                return None
            seen.add(name)
            name = following
        return name if name in self.codes else None

    def place(self, key: str, name: str, problems: Problems) -> int:
        """Return the place code of a name; notes a problem and returns NONE where there is no such place."""
        present = self.present(name)
        if present is not None:
            return self.codes[present]
        if name in self.absent:
            wanted = "a service that is enabled, or when_closed for it, which says where its patients go instead"
            problems.add(key, repr(name), wanted)
        else:
            problems.unknown(key, name, "a service, exit or junction", self.places)
        return NONE

    def attribute(self, key: str, name: str, problems: Problems) -> int:
        """Return the index of an attribute, or NONE with a problem noted."""
        known = list(self.attributes)
        if name in self.attributes:
            return known.index(name)
        problems.unknown(key, name, "an attribute", known)
        return NONE

    def level(self, key: str, attribute: str, level: str, problems: Problems) -> tuple[int, int]:
        """Return (attribute index, level code); (NONE, NONE) with a problem noted."""
        index = self.attribute(key, attribute, problems)
        if index == NONE:
            return NONE, NONE
        levels = self.attributes[attribute]
        if level not in levels:
            problems.unknown(key, level, f"a level of {attribute}", levels)
            return NONE, NONE
        return index, levels.index(level)

    def reason(self, key: str, name: str | None, problems: Problems) -> int:
        """Return the index of a delay reason; NONE for none, or with a problem noted."""
        if name is None:
            return NONE
        if name not in self.reasons:
            problems.unknown(key, name, "a delay reason", self.reasons)
            return NONE
        return self.reasons.index(name)


def collect(configs: Sequence[Config], problems: Problems) -> Names:
    """Return the names of a configuration over all its periods."""
    services = _enabled([c.service for c in configs])
    all_services = list(dict.fromkeys(name for c in configs for name in c.service))
    left_out = [s for s in all_services if s not in services]
    absent = {s: _first(c.service[s].when_closed for c in configs if s in c.service) for s in left_out}
    exits = tuple(dict.fromkeys([*BUILT_IN_EXITS, *(e for c in configs for e in c.exit)]))
    junctions = tuple(dict.fromkeys(p for c in configs for p in c.pathway if p not in all_services))
    attributes: dict[str, tuple[str, ...]] = {}
    for config in configs:
        for name, attribute in config.attribute.items():
            _note_attribute(name, tuple(attribute.levels), attributes, problems)
    for kind, names in (("service", all_services), ("pathway", junctions)):
        for name in names:
            if name in exits:
                problems.add(f"{kind}.{name}", repr(name), "an id that is no exit")
    if ARRIVAL in all_services:
        problems.add(f"service.{ARRIVAL}", repr(ARRIVAL), "another id: arrival is the level of from for newcomers")
    return Names(
        attributes=attributes,
        services=services,
        exits=exits,
        junctions=junctions,
        absent=absent,
        streams=_enabled([c.stream for c in configs]),
        staff=_enabled([c.staff for c in configs]),
        reasons=tuple(dict.fromkeys(r for c in configs for r in c.reason)),
        codes={name: code for code, name in reversed(list(enumerate(services + exits + junctions)))},
    )


def _note_attribute(
    name: str, levels: tuple[str, ...], attributes: dict[str, tuple[str, ...]], problems: Problems
) -> None:
    key = f"attribute.{name}.levels"
    if name in ("from", "to"):
        problems.add(f"attribute.{name}", repr(name), "another id: from and to are kept for places")
    if not levels or len(set(levels)) < len(levels):
        problems.add(key, list(levels), "one level or more, all different")
    if attributes.setdefault(name, levels) != levels:
        problems.add(key, list(levels), "the same levels throughout the run")


def _enabled(groups: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Return ids enabled in any period, in order of first mention."""
    names = dict.fromkeys(name for group in groups for name in group)
    return tuple(n for n in names if any(getattr(group.get(n), "enabled", False) for group in groups))


def _first(values: Iterable[str | None]) -> str | None:
    return next((v for v in values if v is not None), None)
