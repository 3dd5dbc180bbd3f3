"""The kinds of measure, by name, and every measure of a replication in one table."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from flowsim.errors import ConfigError, Problem
from flowsim.measure import stay_loops, visit_loops
from flowsim.measure.definitions import Definition
from flowsim.measure.facts import Facts, Labels, Series
from flowsim.measure.frames import Window, nothing_happened
from flowsim.measure.intervals import NO_FLAGS, Flags
from flowsim.measure.periods import Periods
from flowsim.measure.records import NOT, Wanted, Who, wanted
from flowsim.measure.sorting import Codes
from flowsim.measure.tidy import Tidy, Words, words_of
from flowsim.system.once import once_a_system
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import Ints, Trajectory

if TYPE_CHECKING:
    import pandas as pd

Found = TypeVar("Found")

_MINUTES = {"min": 1.0, "h": 60.0, "days": 1440.0}


@dataclass(frozen=True, slots=True)
class Asked:
    """A measure as asked for of one system: its definition and the services it looks at.

    Attributes:
        name: the measure's id.
        definition: as configured.
        services: indices of the services of its roles, and of those it names.
        about: which visits it is about: equal for measures of the same services and patients.
        kept: what follows from the definition and the system alone, found once for all replications.
    """

    name: str
    definition: Definition
    services: tuple[int, ...]
    about: tuple[Hashable, ...]
    kept: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what ``find`` finds of the definition and the system, found once a key; not to be changed."""
        if key not in self.kept:
            self.kept[key] = find()
        found: Found = self.kept[key]
        return found

    def option(self, name: str, *allowed: str) -> str:
        """Return an option, the first allowed value where it is not said.

        Raises:
            ConfigError: it says something else.
        """
        said = self.definition.options.get(name, allowed[0])
        if said not in allowed:
            raise ConfigError([Problem(f"measure.{self.name}.options.{name}", said, f"one of {', '.join(allowed)}")])
        return said

    def listed(self, name: str, otherwise: str = "") -> tuple[str, ...]:
        """Return an option that lists words, separated by commas."""
        return tuple(w.strip() for w in self.definition.options.get(name, otherwise).split(",") if w.strip())

    def limit(self, window: Window) -> int:
        """Return the definition's limit [ticks].

        Raises:
            ConfigError: it has none.
        """
        if self.definition.limit is None:
            raise ConfigError([Problem(f"measure.{self.name}.limit", "nothing", 'a duration, e.g. "4 h"')])
        return round(self.definition.limit.value * window.ticks_per_minute)

    def threshold(self) -> float:
        """Return the definition's threshold.

        Raises:
            ConfigError: it has none.
        """
        if self.definition.threshold is None:
            raise ConfigError([Problem(f"measure.{self.name}.threshold", "nothing", "a number, e.g. 0.92")])
        return float(self.definition.threshold.value)

    def ticks_per_unit(self, window: Window) -> float:
        """Return how many ticks the measure's unit of time has.

        Raises:
            ConfigError: its unit is not one of time.
        """
        if self.definition.unit not in _MINUTES:
            wanted = f"one of {', '.join(_MINUTES)}"
            raise ConfigError([Problem(f"measure.{self.name}.unit", self.definition.unit or "nothing", wanted)])
        return _MINUTES[self.definition.unit] * window.ticks_per_minute

    def per(self, window: Window) -> float:
        """Return over how many ticks a rate is reported (option ``per``), 0 for the period's whole."""
        said = self.option("per", "day", "30 days", "period")
        return {"day": 1.0, "30 days": 30.0, "period": 0.0}[said] * window.ticks_per_day

    def names(self, window: Window) -> tuple[str, ...]:
        """Return the ids of its services."""
        return self.once("names", lambda: tuple(window.spec.services[s].id for s in self.services))

    def positions(self, window: Window) -> Ints:
        """Return each service's position among its services; -1 for others (and at the end, for NEVER)."""
        return self.once("positions", lambda: self._positions(window.n_services))

    def _positions(self, n_services: int) -> Ints:
        found = np.full(n_services + 1, -1, dtype=np.int64)
        found[list(self.services)] = np.arange(len(self.services))
        return found

    def places(self, window: Window, option: str, otherwise: str = "") -> Flags:
        """Return a flag a place code (and a last one, for NEVER) for the roles, services and exits an option lists."""
        return self.once(("places", option, otherwise), lambda: self._places(window, self.listed(option, otherwise)))

    def _places(self, window: Window, words: tuple[str, ...]) -> Flags:
        flags = window.is_one_of(window.services_of(words, words))
        for code, exit_id in enumerate(window.spec.exits, start=window.n_services):
            flags[code] |= exit_id in words
        return flags

    def led(self, window: Window, option: str) -> Flags:
        """Return ``places`` of an option; no flags where it is not said, for all."""
        return self.places(window, option) if option in self.definition.options else NO_FLAGS

    def scale(self, window: Window) -> float:
        """Return 100,000 / people in the first group that option ``per_head`` names and the place has.

        1 without the option; NaN where the place has none of them.
        """
        groups = self.listed("per_head")
        if not groups:
            return 1.0
        people = next((n for g in groups if (n := window.spec.population.get(g, 0.0)) > 0), math.nan)
        return 100_000 / people

    def where(self, window: Window) -> stay_loops.Where:
        """Return the service of each visit, the position of each service among its own, and how many those are."""
        return window.service, self.positions(window), len(self.services)

    def wanted(self, window: Window) -> Wanted:
        """Return which levels of which attributes the patients it is about have."""
        return self.once("wanted", lambda: wanted(window.spec, self.definition.when))

    def who(self, window: Window) -> Who:
        """Return which visits are by patients it is about."""
        return window.who(self.wanted(window))

    def chosen(self, window: Window) -> Codes:
        """Return the rows of the visits to its services, by patients it is about, that joined the queue.

        Service by service, each service's rising.
        """
        return window.once(("chosen", *self.about), lambda: self._select(window, window.has_joined))

    def all_chosen(self, window: Window) -> Codes:
        """Return the same with those refused and those who balked."""
        return window.once(("all chosen", *self.about), lambda: self._select(window, NO_FLAGS))

    def _select(self, window: Window, flag: Flags) -> Codes:
        return visit_loops.selected(window.at_services(self.services), flag, self.who(window))

    def position(self, window: Window, rows: Codes) -> Ints:
        """Return the position among its services of the service of each of some visits."""
        return visit_loops.looked_up(rows, window.service, self.positions(window))


Kind = Callable[[Window, Asked], Facts]
OF_VISITS = ("facts", "times", "runs", "led", "chosen", "all chosen", "counted")
"""Kinds of what a window keeps that are of one measure, or of measures of the same visits."""
OF_SERVICES = ("stamped", "outcomes")
"""Those that are of measures of visits to the same services."""
OF_MEASURES = (*OF_VISITS, *OF_SERVICES, "stamp", "counts", "spans", "who", "went", "delays by kind", "leaving")
"""Those that measures alone look at."""
KINDS: dict[str, Kind] = {}
"""Every kind of measure, by the name definitions use."""


def measure_kind(name: str) -> Callable[[Kind], Kind]:
    """Register a function as a kind of measure."""

    def register(kind: Kind) -> Kind:
        KINDS[name] = kind
        return kind

    return register


@cache
def known_kinds() -> dict[str, Kind]:
    """Return every kind, with the modules that define them loaded."""
    from flowsim.measure import contacts, cost_measures, delays, flow, harm, occupancy, people, waits

    del contacts, cost_measures, delays, flow, harm, occupancy, people, waits
    return KINDS


def check(spec: SystemSpec, definitions: Mapping[str, Definition]) -> list[Problem]:
    """Return what is wrong with definitions: kinds, services, attributes and levels that do not exist."""
    problems: list[Problem] = []
    kinds = known_kinds()
    services = [s.id for s in spec.services]
    attributes = {a.id: a.levels for a in spec.attributes}
    for name, definition in definitions.items():
        if definition.kind not in kinds:
            problems.append(Problem(f"measure.{name}.kind", definition.kind, _nearest(definition.kind, kinds)))
        for service in definition.services:
            if service not in services:
                problems.append(Problem(f"measure.{name}.services", service, _nearest(service, services)))
        for attribute, levels in definition.when.items():
            key = f"measure.{name}.when.{attribute}"
            known = attributes.get(attribute, ())
            named = {level for level in levels if not level.startswith(NOT)}
            for level in sorted(named - set(known)) if named & set(known) else ():
                problems.append(Problem(key, level, _nearest(level, known)))
    return problems or _tried(spec, definitions)


@once_a_system
def _right(_spec: SystemSpec) -> dict[int, Mapping[str, Definition]]:
    """Return what was found right in a system, by its id; it is held, so that nothing else comes to have that id."""
    return {}


def check_once(spec: SystemSpec, definitions: Mapping[str, Definition]) -> None:
    """Raise a ConfigError for what ``check`` finds wrong."""
    right = _right(spec)
    if id(definitions) in right:
        return
    problems = check(spec, definitions)
    if problems:
        raise ConfigError(problems)
    right[id(definitions)] = definitions


def _tried(spec: SystemSpec, definitions: Mapping[str, Definition]) -> list[Problem]:
    """Return what the kinds themselves find wrong: each is tried on a run in which nothing happened."""
    problems: list[Problem] = []
    window = Window(spec, nothing_happened(spec))
    for measure in asked(window, definitions):
        try:
            KINDS[measure.definition.kind](window, measure)
        except ConfigError as error:
            problems += error.problems
    return problems


def _nearest(said: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(said, names, n=1)
    return f"{close[0]} (the nearest known)" if close else f"one of {', '.join(sorted(names)) or 'none known'}"


def asked(window: Window, definitions: Mapping[str, Definition]) -> list[Asked]:
    """Return the measures that can be taken in a system: those whose services and patients it has."""
    known = _known_of(window.spec)
    for name, definition in definitions.items():
        if (name, id(definition)) not in known:
            known[name, id(definition)] = definition, _asked(window, name, definition)
    found = (known[name, id(definition)][1] for name, definition in definitions.items())
    return [measure for measure in found if measure is not None]


@once_a_system
def _known_of(_spec: SystemSpec) -> dict[tuple[str, int], tuple[Definition, Asked | None]]:
    """Return what is known of measures of a system, by name and definition, which is held."""
    return {}


def alike(window: Window, measure: Asked, what: Callable[[Asked], Hashable]) -> list[Asked]:
    """Return the measures known of the system of whom ``what`` is the same: what they share can be found together."""
    known = [
        m for _, m in _known_of(window.spec).values() if m is not None and m.definition.kind == measure.definition.kind
    ]
    return [m for m in known if what(m) == what(measure)]


def _asked(window: Window, name: str, definition: Definition) -> Asked | None:
    """Return a measure of a system; None in a place without the service, the attribute or its levels."""
    attributes = {a.id: set(a.levels) for a in window.spec.attributes}
    services = tuple(window.services_of(definition.role, definition.services))
    named = {a: {x for x in levels if not x.startswith(NOT)} for a, levels in definition.when.items()}
    has_such_patients = all(attributes.get(a, set()) & levels for a, levels in named.items() if levels)
    is_there = has_such_patients and (services or not (definition.role or definition.services))
    when = tuple((attribute, tuple(levels)) for attribute, levels in sorted(definition.when.items()))
    return Asked(name, definition, services, (services, when)) if is_there else None


def facts(window: Window, measure: Asked) -> Facts:
    """Return what a measure's kind finds, found once a window."""
    return window.once(("facts", measure.name), lambda: known_kinds()[measure.definition.kind](window, measure))


def measure_all(
    spec: SystemSpec, trajectory: Trajectory, definitions: Mapping[str, Definition], seen: Window | None = None
) -> pd.DataFrame:
    """Return every measure of a replication over its measured window.

    Args:
        spec: the system that was run.
        trajectory: what happened.
        definitions: measures by id.
        seen: the trajectory's measured window, if there is one already: ``weekly`` then finds nothing anew.

    Returns:
        measure, service (``all`` for the measure's services together), split (empty for no split), value, unit.
        Times are in the measure's unit, shares are fractions of one.

    Raises:
        ConfigError: a definition names a kind, service, level or option that does not exist.
    """
    check_once(spec, definitions)
    return measured(seen or Window(spec, trajectory), definitions).frame()


def measured(window: Window, definitions: Mapping[str, Definition]) -> Tidy:
    """Return every measure of a window, as ``measure_all`` does."""
    whole = Periods.of(window.edges)
    return table([(m, facts(window, m).series(whole)) for m in asked(window, definitions)])


def table(found: list[tuple[Asked, Series]], period: int = 0) -> Tidy:
    """Return measures over one of the periods they have been taken over as ``measure_all`` gives them."""
    measure, service, split, unit = _columns(tuple((m.name, m.definition.unit, series.labels) for m, series in found))
    value = np.concatenate([np.zeros(0), *(series.table[:, period] for _, series in found)])
    return Tidy({"measure": measure, "service": service, "split": split, "value": value, "unit": unit})


@lru_cache(maxsize=64)
def _columns(found: tuple[tuple[str, str, Labels], ...]) -> tuple[Words, Words, Words, Words]:
    """Return the measure, service, split and unit of the series of all measures: the same in most replications."""
    return (
        words_of([name for name, _, labels in found for _ in labels]),
        words_of([service for _, _, labels in found for service, _ in labels]),
        words_of([split for _, _, labels in found for _, split in labels]),
        words_of([unit for _, unit, labels in found for _ in labels]),
    )
