"""A trajectory's visits: what became of each, whose they are, and in which order a patient made them.

What had not happened by the end happens at ``FAR``, past any tick.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from flowsim.measure import visit_loops
from flowsim.measure.intervals import FAR, Flags
from flowsim.measure.sorting import Codes, codes, whole
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import NEVER, Ints, Outcome, Trajectory

Found = TypeVar("Found")
Levels = npt.NDArray[np.int16]
Places = npt.NDArray[np.int16]
"""Place codes; NEVER for none."""
Wanted = tuple[tuple[int, tuple[int, ...]], ...]
"""Attributes, and the codes of the levels meant of each."""
Keys = npt.NDArray[Any]
"""Small whole numbers by some code; below 0 for what is left out."""
Who = tuple[Codes, Keys]
"""A code of each visit, and the key of each code; both empty where every visit has key 0."""

_MOST_CODES = 1 << 22
"""Combinations of levels up to which tables by combination are kept."""
EVERYONE: Who = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int8)
NOT = "not "
"""Before a level in a ``when``: all but that level."""


class Records:
    """The visits of a trajectory; whatever is worked out of them is worked out once.

    Args:
        spec: the system that was run.
        trajectory: what happened.
    """

    def __init__(self, spec: SystemSpec, trajectory: Trajectory) -> None:
        self.spec = spec
        self.trajectory = trajectory
        self.visits = trajectory.visits
        self.n_services = len(spec.services)
        self.ticks_per_minute = spec.clock.ticks_per_minute
        self.ticks_per_day = 1440 * spec.clock.ticks_per_minute
        self._kept: dict[Hashable, dict[Hashable, Any]] = {}

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what ``find`` finds, found once a key: many measures ask for the same."""
        kind = key[0] if isinstance(key, tuple) else key
        kept = self._kept.get(kind)
        if kept is None:
            kept = self._kept[kind] = {}
        if key not in kept:
            kept[key] = find()
        found: Found = kept[key]
        return found

    def knows(self, kind: str, *which: Hashable) -> bool:
        """Whether what is kept under a key has been found."""
        return (kind, *which) in self._kept.get(kind, ())

    def forget(self, *kinds: str) -> None:
        """Let go of what was found under keys of some kinds, which may be large."""
        for kind in kinds:
            self._kept.pop(kind, None)

    @cached_property
    def midnight_ticks(self) -> Ints:
        """Ticks of all local midnights of the run."""
        return np.array(self.spec.clock.midnights, dtype=np.int64)

    # ------------------------------------------------------------- services

    def services_of(self, roles: Iterable[str], names: Iterable[str] = ()) -> list[int]:
        """Return the services of the roles, and those named, in the specification's order."""
        wanted, named = set(roles), set(names)
        return [i for i, s in enumerate(self.spec.services) if s.role in wanted or s.id in named]

    def is_one_of(self, services: Sequence[int]) -> Flags:
        """Return a flag for each place code, and one more for NEVER (reached by index -1)."""
        flags = np.zeros(self.n_services + len(self.spec.exits) + len(self.spec.junctions) + 1, dtype=bool)
        flags[list(services)] = True
        return flags

    @cached_property
    def by_visits(self) -> Flags:
        """Which services count visits a day rather than spaces."""
        return np.array([s.visits is not None for s in self.spec.services], dtype=bool)

    @cached_property
    def is_unlimited(self) -> Flags:
        """Which services never fill."""
        return np.array([s.is_unlimited for s in self.spec.services], dtype=bool)

    # ------------------------------------------------------------- visits

    @cached_property
    def service(self) -> Codes:
        """Service of each visit."""
        return codes(self.visits.service)

    @cached_property
    def patient(self) -> Codes:
        """Patient of each visit."""
        return codes(self.visits.patient)

    @cached_property
    def by_service(self) -> tuple[Codes, Ints]:
        """Rows service by service, each service's in order, and where those of each begin (and the last end)."""
        return visit_loops.by_service(self.service, self.n_services)

    @cached_property
    def rows_at(self) -> list[Codes]:
        """Rows of the visits to each service, rising."""
        rows, bounds = self.by_service
        return np.split(rows, bounds[1:-1])

    def at_services(self, services: tuple[int, ...]) -> visit_loops.Slices:
        """Return the rows of visits service by service, and where those of some services begin and end."""
        rows, bounds = self.by_service
        here = list(services)
        return rows, bounds[:-1][here], bounds[1:][here]

    @cached_property
    def has_started(self) -> Flags:
        """Which visits took a space."""
        return np.asarray((self.visits.started != NEVER) | self.is_placed)

    @cached_property
    def left(self) -> Ints:
        """When each visit ended; FAR while it goes on."""
        return or_far(self.visits.left)

    @cached_property
    def has_joined(self) -> Flags:
        """Which visits were neither refused nor balked."""
        outcome = self.visits.outcome
        return np.asarray((outcome != int(Outcome.REFUSED)) & (outcome != int(Outcome.BAULKED)))

    @cached_property
    def is_placed(self) -> Flags:
        """Which visits are of people placed in a space at the start: they neither arrived nor were admitted.

        People present come first in Patients, those in service before those waiting.
        """
        groups = [g for service in self.spec.services for g in service.initial]
        placed = sum(g.number for g in groups if not g.waiting)
        return np.asarray((self.visits.initial == 1) & (self.visits.patient < placed))

    def reached(self, name: str) -> Flags:
        """Return which visits reached a stamp: the ticks in the column called ``name`` that are not NEVER."""
        return self.once(("reached", name), lambda: np.asarray(getattr(self.visits, name) != NEVER))

    def levels(self, attribute: int) -> Levels:
        """Return the level code of an attribute at each visit, on joining."""
        return self.levels_by_code(attribute)[self.code]

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(len(a.levels) for a in self.spec.attributes)

    @cached_property
    def _n_codes(self) -> int:
        return math.prod(self._sizes)

    def who(self, wanted: Wanted, by: tuple[int, tuple[int, ...]] | None = None) -> Who:
        """Return a key of each visit's patient; below 0 for those not meant.

        Args:
            wanted: attributes and the codes of the levels meant; all must hold. See ``wanted``.
            by: an attribute, and the key by its level; all have key 0 if not given.
        """
        if not wanted and by is None:
            return EVERYONE
        return self.code, self.once(("who", wanted, by), lambda: self._keys(wanted, by))

    def _keys(self, wanted: Wanted, by: tuple[int, tuple[int, ...]] | None) -> Keys:
        found = np.zeros(self.n_codes, dtype=np.int8)
        if by is not None:
            smallest = np.min_scalar_type(-max((*by[1], 0)) - 1)
            found = visit_loops.keyed(self.levels_by_code(by[0]), np.array(by[1], dtype=smallest))
        for attribute, levels in wanted:
            is_out = np.full(self._sizes[attribute], -1, dtype=np.int8)
            is_out[list(levels)] = 0
            # -1 is all bits, so that what is left out here is left out, and all else stays as it is.
            found |= visit_loops.keyed(self.levels_by_code(attribute), is_out)
        return found

    @property
    def code(self) -> Codes:
        """A code of each visit's patient, as in ``who``: of the levels of all their attributes."""
        return self._combination[0]

    @property
    def n_codes(self) -> int:
        """How many codes there are."""
        return len(self._combination[1])

    def levels_by_code(self, attribute: int) -> Levels:
        """Return the level of an attribute by ``code``."""
        find = partial(level_of, self._combination[1], self._sizes, attribute)
        return self.once(("levels by code", attribute), find)

    @cached_property
    def _combination(self) -> tuple[Codes, Ints]:
        """The place of each visit's combination of levels among those there are, and which those are.

        Where too many could be there, each visit has a code of its own.
        """
        if self._n_codes <= _MOST_CODES:
            return visit_loops.ranked(codes(self.visits.attributes), self._n_codes)
        return np.arange(len(self.visits.patient), dtype=np.int32), whole(self.visits.attributes)

    # ------------------------------------------------------------- a patient's visits in order

    @cached_property
    def previous(self) -> Codes:
        """Row of the same patient's visit before; NEVER for the first."""
        return self._neighbours[0]

    @cached_property
    def following(self) -> Codes:
        """Row of the same patient's next visit; NEVER for the last."""
        return self._neighbours[1]

    @cached_property
    def _neighbours(self) -> tuple[Codes, Codes]:
        return visit_loops.neighbours(self.patient)

    @property
    def links(self) -> visit_loops.Links:
        """Of each visit its service, and the same patient's visits before and after."""
        return self.service, self.previous, self.following

    @cached_property
    def came_from(self) -> Places:
        """Service of the same patient's visit before; NEVER for the first."""
        return self._ways[0]

    @cached_property
    def went(self) -> Places:
        """Place code of where each visit led: its destination, else the service queued for next; NEVER if neither."""
        return self._ways[1]

    @cached_property
    def _ways(self) -> tuple[Places, Places]:
        return visit_loops.ways(self.service, codes(self.visits.destination), self.previous, self.following)


def both(first: Who, second: Who) -> Who:
    """Return the key of the first of each visit, below 0 where either is."""
    (code, key), (other, mark) = first, second
    if not len(key):
        return second
    found = key[code]
    found[mark[other] < 0] = -1
    return np.arange(len(code), dtype=np.int32), found


def or_far(ticks: Ints) -> Ints:
    """Return ticks with FAR in place of NEVER."""
    found = ticks.copy()
    found[found == NEVER] = FAR
    return found


def level_of(combination: Ints, sizes: tuple[int, ...], attribute: int) -> Levels:
    """Return the level of an attribute in combinations of levels, the first attribute's slowest."""
    size, below = sizes[attribute], math.prod(sizes[attribute + 1 :])
    # Two divisions, which the machine does several at a time, rather than one and its remainder.
    return (combination // below - size * (combination // (below * size))).astype(np.int16)


def wanted(spec: SystemSpec, when: Mapping[str, Sequence[str]]) -> Wanted:
    """Return what a ``when`` means, as ``Records.who`` takes it."""
    return tuple((attribute, tuple(found)) for attribute, found in meant(spec, when))


def meant(spec: SystemSpec, when: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, list[int]]]:
    """Yield the attributes a ``when`` names and the codes of the levels it means.

    ``not planned`` means every level but that one; an attribute or level that the system lacks is then no matter.
    """
    ids = [a.id for a in spec.attributes]
    for name, said in when.items():
        out = {level.removeprefix(NOT) for level in said if level.startswith(NOT)}
        if name not in ids:
            continue
        levels = spec.attributes[ids.index(name)].levels
        named = {level for level in said if not level.startswith(NOT)} or set(levels)
        yield ids.index(name), [code for code, level in enumerate(levels) if level in named - out]
