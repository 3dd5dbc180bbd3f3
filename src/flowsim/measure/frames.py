"""A trajectory seen through the measured window: which visits, whose, from when to when.

Intervals are half open: a patient is somewhere from the tick of coming to, but not at, the tick of going.
What had not happened by the end happens at ``FAR``, past any tick.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from flowsim.measure.integrals import union
from flowsim.measure.intervals import FAR, Flags, Intervals, joined, split
from flowsim.system.spec import UNLIMITED, SystemSpec
from flowsim.trajectory import (
    NEVER,
    Capacity,
    Delays,
    Ints,
    OnDuty,
    Outcome,
    Patients,
    StaffedSteps,
    Trajectory,
    Visits,
)

Floats = npt.NDArray[np.float64]
Found = TypeVar("Found")

NOT = "not "
"""Before a level in a ``when``: all but that level."""


class Window:
    """A trajectory and the window it is measured in.

    Args:
        spec: the system that was run.
        trajectory: what happened.
        start, end: ticks; the specification's warm-up and end unless given.
    """

    def __init__(
        self, spec: SystemSpec, trajectory: Trajectory, start: int | None = None, end: int | None = None
    ) -> None:
        self.spec = spec
        self.trajectory = trajectory
        self.visits = trajectory.visits
        self.start = spec.warm_up if start is None else start
        self.end = min(spec.end, trajectory.end) if end is None else end
        self.n_services = len(spec.services)
        self.ticks_per_minute = spec.clock.ticks_per_minute
        self.ticks_per_day = 1440 * spec.clock.ticks_per_minute
        self._kept: dict[Hashable, Any] = {}

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what ``find`` finds, found once a key: many measures ask for the same."""
        if key not in self._kept:
            self._kept[key] = find()
        return cast("Found", self._kept[key])

    @property
    def edges(self) -> Ints:
        """Start and end of the window, as one period."""
        return np.array([self.start, self.end], dtype=np.int64)

    @cached_property
    def midnight_ticks(self) -> Ints:
        """Ticks of all local midnights of the run."""
        return np.array(self.spec.clock.midnights, dtype=np.int64)

    @cached_property
    def midnights(self) -> Ints:
        """Ticks of the local midnights in the window."""
        ticks = self.midnight_ticks
        return ticks[(ticks >= self.start) & (ticks < self.end)]

    def within(self, ticks: Ints) -> Flags:
        """Return which ticks are in the window; NEVER and FAR are not."""
        return np.asarray((ticks >= self.start) & (ticks < self.end) & (ticks != NEVER))

    # ------------------------------------------------------------- services

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Role of each service."""
        return tuple(s.role for s in self.spec.services)

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

    # ------------------------------------------------------------- visits

    @cached_property
    def has_started(self) -> Flags:
        """Which visits took a space."""
        return np.asarray((self.visits.started != NEVER) | self.is_placed)

    @cached_property
    def left(self) -> Ints:
        """When each visit ended; FAR while it goes on."""
        return _or_far(self.visits.left)

    @cached_property
    def ready(self) -> Ints:
        """When care ended; FAR before."""
        return _or_far(self.visits.ready)

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

    @cached_property
    def is_arrival(self) -> Flags:
        """Which visits were joined (or tried) in the window; those there at the start are not."""
        return np.asarray(self.within(self.visits.queued) & (self.visits.initial == 0))

    def levels(self, attribute: int) -> Ints:
        """Return the level code of an attribute at each visit, on joining."""
        sizes = [len(a.levels) for a in self.spec.attributes]
        below = int(np.prod(sizes[attribute + 1 :], dtype=np.int64))
        return np.asarray(self.visits.attributes // below % sizes[attribute])

    def matches(self, when: Mapping[str, Sequence[str]]) -> Flags:
        """Return which visits are of patients a definition's ``when`` means."""
        keep = np.ones(len(self.visits.patient), dtype=bool)
        for attribute, codes in meant(self.spec, when):
            wanted = np.zeros(len(self.spec.attributes[attribute].levels), dtype=bool)
            wanted[codes] = True
            keep &= wanted[self.once(("levels", attribute), partial(self.levels, attribute))]
        return keep

    # ------------------------------------------------------------- a patient's visits in order

    @cached_property
    def _order(self) -> Ints:
        return np.argsort(self.visits.patient, kind="stable")

    @cached_property
    def previous(self) -> Ints:
        """Row of the same patient's visit before; NEVER for the first."""
        return self._neighbour(1)

    @cached_property
    def following(self) -> Ints:
        """Row of the same patient's next visit; NEVER for the last."""
        return self._neighbour(-1)

    def _neighbour(self, step: int) -> Ints:
        order = self._order
        patient = self.visits.patient[order]
        same = patient[1:] == patient[:-1]
        found = np.full(len(order), NEVER, dtype=np.int64)
        earlier, later = order[:-1][same], order[1:][same]
        if step > 0:
            found[later] = earlier
        else:
            found[earlier] = later
        return found

    def chains(self, links: Flags) -> Ints:
        """Return for each visit the first row of the unbroken run of visits it belongs to.

        Args:
            links: whether a visit carries on from the same patient's visit before.
        """
        order = self._order
        heads = np.flatnonzero(~(links & (self.previous != NEVER))[order])
        head = np.repeat(heads, np.diff(np.append(heads, len(order))))
        first = np.empty(len(order), dtype=np.int64)
        first[order] = order[head]
        return first

    @cached_property
    def holder(self) -> Ints:
        """Row of the visit whose space was kept while waiting for this one; NEVER if none."""
        order, started = self._order, self.has_started
        position = np.arange(len(order))
        ordered_started = started[order]
        latest = np.maximum.accumulate(np.where(ordered_started, position, -1))
        before = np.concatenate([[-1], latest[:-1]]).astype(np.int64) if len(order) else latest
        found = np.full(len(order), NEVER, dtype=np.int64)
        has = before >= 0
        found[order[has]] = order[before[has]]
        return np.where(self.visits.held != NEVER, found, NEVER)

    @cached_property
    def went(self) -> Ints:
        """Place code of where each visit led: the service queued for next, else the destination; NEVER if neither."""
        following = self.following
        onward = np.where(following != NEVER, self.visits.service[following], NEVER)
        return np.where(self.visits.destination != NEVER, self.visits.destination, onward)

    # ------------------------------------------------------------- stretches of time

    @cached_property
    def units(self) -> Ints:
        """Spaces each visit uses; a home-care package counts as one patient however many carers come."""
        return np.where(self.by_visits[self.visits.service], 1, self.visits.takes)

    @cached_property
    def waiting(self) -> Intervals:
        """Patients waiting, each counting once; time back in the queue after an interruption too."""
        v = self.visits
        rows = np.arange(len(v.patient))
        wait = Intervals(v.service, rows, v.queued, self.wait_end, np.ones(len(rows), dtype=np.int64))
        return joined(wait, self._pauses(np.ones_like(v.takes)))

    @cached_property
    def in_use(self) -> Intervals:
        """Spaces held, from started to left, delayed or not; a home-care package counts as one patient."""
        return self._held(self.units)

    @cached_property
    def in_use_patients(self) -> Intervals:
        """Patients who hold spaces, each counting once."""
        return self._held(np.ones_like(self.units))

    def _held(self, weight: Ints) -> Intervals:
        rows, v = np.flatnonzero(self.has_started), self.visits
        held = Intervals(v.service[rows], rows, v.started[rows], self.left[rows], weight[rows])
        return joined(held, self._pauses(-weight))

    @cached_property
    def treated(self) -> Intervals:
        """Patients under treatment, from started to ready, each counting once."""
        rows = np.flatnonzero(self.has_started)
        v = self.visits
        stop = np.minimum(self.ready[rows], self.left[rows])
        care = Intervals(v.service[rows], rows, v.started[rows], stop, np.ones(len(rows), dtype=np.int64))
        return joined(care, self._pauses(-np.ones_like(v.takes)))

    @cached_property
    def is_ready(self) -> Intervals:
        """Patients whose care has ended and who have not left, each counting once."""
        rows = np.flatnonzero(self.has_started & (self.visits.ready != NEVER))
        v = self.visits
        ones = np.ones(len(rows), dtype=np.int64)
        return Intervals(v.service[rows], rows, v.ready[rows], self.left[rows], ones)

    @cached_property
    def blocked(self) -> Intervals:
        """Patients who keep a space only because the next service has not taken them, by the space's service."""
        v = self.visits
        waiters = np.flatnonzero(self.holder != NEVER)
        given_up = _or_far(v.moved[waiters])
        stop = np.minimum(np.minimum(given_up, self.wait_end[waiters]), self.left[self.holder[waiters]])
        rows = self.holder[waiters]
        ones = np.ones(len(rows), dtype=np.int64)
        return Intervals(v.service[rows], rows, v.queued[waiters], np.maximum(stop, v.queued[waiters]), ones)

    @cached_property
    def episodes(self) -> Intervals:
        """Delay episodes with a reason, by the space's service; one row an episode, in the table's order."""
        d = self.trajectory.delays
        return Intervals(d.service, d.visit, d.start, _or_far(d.until), np.ones(len(d.visit), dtype=np.int64))

    @cached_property
    def delayed(self) -> Intervals:
        """Time delayed or blocked, never counted twice; weight as for spaces in use."""
        both = joined(self.episodes, self.blocked)
        row, start, stop = union(both.row, both.start, both.stop)
        return Intervals(self.visits.service[row], row, start, stop, self.units[row])

    def _pauses(self, weight: Ints) -> Intervals:
        """Return time spent back in the queue after a first start.

        The trajectory says how long, not when. Where falls of capacity interrupt, it is taken to begin at the
        first fall after the start; elsewhere at the start. Totals are exact either way.
        """
        v = self.visits
        rows = np.flatnonzero((v.interrupted > 0) & self.has_started)
        begin = v.started[rows].copy()
        for s in np.unique(v.service[rows]):
            falls = self._falls(int(s)) if self.spec.services[s].cut_interrupts else begin[:0]
            mine = np.flatnonzero(v.service[rows] == s)
            at = np.searchsorted(falls, begin[mine])
            cut = at < len(falls)
            begin[mine[cut]] = falls[at[cut]]
        return Intervals(v.service[rows], rows, begin, begin + v.interrupted[rows], weight[rows])

    def _falls(self, service: int) -> Ints:
        c = self.trajectory.capacity
        mine = c.service == service
        spaces = c.spaces[mine] + c.surge[mine]
        return np.asarray(c.tick[mine][1:][np.diff(spaces) < 0])

    # ------------------------------------------------------------- capacity

    @cached_property
    def capacity(self) -> Intervals:
        """Spaces offered, surge included, by service; UNLIMITED ones are left out. ``row`` is of Capacity."""
        return self._offered(self.trajectory.capacity.spaces + self.trajectory.capacity.surge)

    @cached_property
    def surge(self) -> Intervals:
        """Surge spaces open."""
        return self._offered(self.trajectory.capacity.surge)

    def _offered(self, number: Ints) -> Intervals:
        c = self.trajectory.capacity
        order = np.lexsort((np.arange(len(c.tick)), c.service))
        service, tick = c.service[order], c.tick[order]
        stop = np.full(len(order), FAR, dtype=np.int64)
        same = service[1:] == service[:-1]
        stop[:-1][same] = tick[1:][same]
        offered = Intervals(service, order, tick, stop, number[order])
        return offered.where(offered.weight < UNLIMITED)

    def at(self, name: str, service: int) -> Intervals:
        """Return the stretches called ``name`` (in_use, waiting, delayed, capacity ...) at one service."""
        return self.once(("by service", name), lambda: split(getattr(self, name), self.n_services))[service]

    @cached_property
    def is_unlimited(self) -> Flags:
        """Which services never fill."""
        return np.array([s.is_unlimited for s in self.spec.services], dtype=bool)


def _or_far(ticks: Ints) -> Ints:
    return np.where(ticks == NEVER, FAR, ticks)


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


def nothing_happened(spec: SystemSpec) -> Trajectory:
    """Return the trajectory of a run that nobody came to: capacities at their first level, no rows elsewhere."""
    none = np.zeros(0, dtype=np.int64)
    services, pools = np.arange(len(spec.services)), np.arange(len(spec.staff))
    spaces = np.array([int(s.capacity.values[0]) for s in spec.services], dtype=np.int64)
    duty = np.array([int(p.rota.values[0]) for p in spec.staff], dtype=np.int64)
    zeros, ones = np.zeros_like(services), np.ones_like(services)
    return Trajectory(
        replication=0,
        end=spec.end,
        patients=Patients(none, none, none, np.zeros((0, len(spec.attributes)), dtype=np.int16), none, none),
        visits=Visits(*[none] * len(Visits.__slots__)),
        delays=Delays(*[none] * len(Delays.__slots__)),
        staffed=StaffedSteps(*[none] * len(StaffedSteps.__slots__)),
        capacity=Capacity(services, zeros, spaces, zeros, ones),
        on_duty=OnDuty(pools, np.zeros_like(pools), duty),
        events=0,
    )
