"""A trajectory's visits: what became of each, whose they are, and in which order a patient made them.

What had not happened by the end happens at ``FAR``, past any tick.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar, cast

import numpy as np

from flowsim.measure import loops
from flowsim.measure.intervals import FAR, Flags
from flowsim.measure.sorting import stable_order
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import NEVER, Ints, Outcome, Trajectory

Found = TypeVar("Found")

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
        self._kept: dict[Hashable, Any] = {}

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what ``find`` finds, found once a key: many measures ask for the same."""
        if key not in self._kept:
            self._kept[key] = find()
        return cast("Found", self._kept[key])

    def forget(self, *kinds: str) -> None:
        """Let go of what was found under keys of some kinds, which may be large."""
        self._kept = {key: found for key, found in self._kept.items() if not _is_of(key, kinds)}

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
    def by_service(self) -> Ints:
        """Rows service by service, each service's in order."""
        return stable_order(self.visits.service)

    @cached_property
    def rows_at(self) -> list[Ints]:
        """Rows of the visits to each service, rising."""
        number = np.bincount(self.visits.service, minlength=self.n_services)
        return np.split(self.by_service, np.cumsum(number)[:-1])

    @cached_property
    def has_started(self) -> Flags:
        """Which visits took a space."""
        return np.asarray((self.visits.started != NEVER) | self.is_placed)

    @cached_property
    def left(self) -> Ints:
        """When each visit ended; FAR while it goes on."""
        return or_far(self.visits.left)

    @cached_property
    def ready(self) -> Ints:
        """When care ended; FAR before."""
        return or_far(self.visits.ready)

    @cached_property
    def wait_end(self) -> Ints:
        """When each visit stopped waiting: started, gave up, or FAR while it waits."""
        return np.where(self.has_started, self.visits.started, self.left)

    @cached_property
    def has_joined(self) -> Flags:
        """Which visits were neither refused nor balked."""
        outcome = self.visits.outcome
        return np.asarray((outcome != Outcome.REFUSED) & (outcome != Outcome.BAULKED))

    @cached_property
    def is_placed(self) -> Flags:
        """Which visits are of people placed in a space at the start: they neither arrived nor were admitted.

        People present come first in Patients, those in service before those waiting.
        """
        groups = [g for service in self.spec.services for g in service.initial]
        placed = sum(g.number for g in groups if not g.waiting)
        return np.asarray((self.visits.initial == 1) & (self.visits.patient < placed))

    def levels(self, attribute: int) -> Ints:
        """Return the level code of an attribute at each visit, on joining."""
        return self.once(("levels", attribute), partial(self._levels, attribute))

    def _levels(self, attribute: int) -> Ints:
        sizes = [len(a.levels) for a in self.spec.attributes]
        below = int(np.prod(sizes[attribute + 1 :], dtype=np.int64))
        upto = self.visits.attributes // below
        # The remainder by a second division: numpy divides quicker than it takes remainders.
        return np.asarray(upto - upto // sizes[attribute] * sizes[attribute])

    def matches(self, when: Mapping[str, Sequence[str]]) -> Flags:
        """Return which visits are of patients a definition's ``when`` means."""
        key = tuple((name, tuple(said)) for name, said in sorted(when.items()))
        return self.once(("matches", key), partial(self._matches, when))

    def _matches(self, when: Mapping[str, Sequence[str]]) -> Flags:
        keep = np.ones(len(self.visits.patient), dtype=bool)
        for attribute, codes in meant(self.spec, when):
            wanted = np.zeros(len(self.spec.attributes[attribute].levels), dtype=bool)
            wanted[codes] = True
            keep &= wanted[self.levels(attribute)]
        return keep

    # ------------------------------------------------------------- a patient's visits in order

    @cached_property
    def by_patient(self) -> Ints:
        """Rows patient by patient, each patient's in order."""
        return stable_order(self.visits.patient)

    @cached_property
    def place(self) -> Ints:
        """Where in ``by_patient`` each visit is."""
        found = np.empty(len(self.by_patient), dtype=np.int64)
        found[self.by_patient] = np.arange(len(found))
        return found

    @cached_property
    def previous(self) -> Ints:
        """Row of the same patient's visit before; NEVER for the first."""
        return self._neighbours[0]

    @cached_property
    def following(self) -> Ints:
        """Row of the same patient's next visit; NEVER for the last."""
        return self._neighbours[1]

    @cached_property
    def _neighbours(self) -> tuple[Ints, Ints]:
        return loops.neighbours(self.by_patient, self.visits.patient)

    def chains(self, links: Flags) -> Ints:
        """Return for each visit the first row of the unbroken run of visits it belongs to.

        Args:
            links: whether a visit carries on from the same patient's visit before.
        """
        return loops.chains(links, self.previous)

    @cached_property
    def holder(self) -> Ints:
        """Row of the visit whose space was kept while waiting for this one; NEVER if none.

        It is the last before that started.
        """
        found = np.full(len(self.visits.patient), NEVER, dtype=np.int64)
        rows = np.flatnonzero(self.visits.held != NEVER)
        before = self.previous[rows]
        while len(skip := np.flatnonzero((before != NEVER) & ~self.has_started[before])):
            before[skip] = self.previous[before[skip]]
        found[rows] = before
        return found

    @cached_property
    def came_from(self) -> Ints:
        """Service of the same patient's visit before; NEVER for the first."""
        return np.where(self.previous != NEVER, self.visits.service[self.previous], NEVER)

    @cached_property
    def went(self) -> Ints:
        """Place code of where each visit led: the service queued for next, else the destination; NEVER if neither."""
        onward = np.where(self.following != NEVER, self.visits.service[self.following], NEVER)
        return np.where(self.visits.destination != NEVER, self.visits.destination, onward)


def _is_of(key: Hashable, kinds: tuple[str, ...]) -> bool:
    return isinstance(key, tuple) and bool(key) and key[0] in kinds


def or_far(ticks: Ints) -> Ints:
    """Return ticks with FAR in place of NEVER."""
    found = ticks.copy()
    found[found == NEVER] = FAR
    return found


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
