"""A trajectory seen through the measured window: which visits, whose, from when to when.

Intervals are half open: a patient is somewhere from the tick of coming to, but not at, the tick of going.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from flowsim.measure import visit_loops
from flowsim.measure.integrals import NO_CODES, areas, places_in, together, union
from flowsim.measure.intervals import FAR, Flags, Intervals, intervals, joined, ordered
from flowsim.measure.records import Records, or_far
from flowsim.measure.sorting import Codes, codes, whole
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


class Window(Records):
    """A trajectory and the window it is measured in.

    Args:
        spec: the system that was run.
        trajectory: what happened.
        start, end: ticks; the specification's warm-up and end unless given.
    """

    def __init__(
        self, spec: SystemSpec, trajectory: Trajectory, start: int | None = None, end: int | None = None
    ) -> None:
        super().__init__(spec, trajectory)
        self.start = spec.warm_up if start is None else start
        self.end = min(spec.end, trajectory.end) if end is None else end

    @property
    def edges(self) -> Ints:
        """Start and end of the window, as one period."""
        return np.array([self.start, self.end], dtype=np.int64)

    @cached_property
    def midnights(self) -> Ints:
        """Ticks of the local midnights in the window."""
        ticks = self.midnight_ticks
        return ticks[(ticks >= self.start) & (ticks < self.end)]

    def within(self, ticks: Ints) -> Flags:
        """Return which ticks are in the window; NEVER and FAR are not."""
        return np.asarray((ticks >= self.start) & (ticks < self.end) & (ticks != NEVER))

    @cached_property
    def was_there(self) -> Flags:
        """Which visits are of people there at the start, waiting or placed."""
        return np.asarray((self.visits.initial != 0) | self.is_placed)

    @cached_property
    def is_any(self) -> Flags:
        """A flag for every visit."""
        return np.ones(len(self.visits.patient), dtype=bool)

    @cached_property
    def is_arrival(self) -> Flags:
        """Which visits were joined (or tried) in the window; those there at the start are not."""
        return np.asarray(self.within(self.visits.queued) & (self.visits.initial == 0))

    @cached_property
    def is_known(self) -> Flags:
        """Which visits started, or ended otherwise: those still waiting at the end did neither."""
        return np.asarray(self.has_started | (self.visits.outcome != Outcome.IN_PROGRESS))

    # ------------------------------------------------------------- stretches of time; those of no time are left out

    @cached_property
    def units(self) -> Codes:
        """Spaces each visit uses; a home-care package counts as one patient however many carers come."""
        return codes(np.where(self.by_visits[self.service], 1, self.visits.takes))

    @cached_property
    def waiting(self) -> Intervals:
        """Patients waiting, each counting once; time back in the queue after an interruption too."""
        v = self.visits
        waits = self._by_service(self.is_any, v.queued, self.wait_end, least=1)
        return joined(waits, self._pauses(np.ones_like(v.takes)))

    @cached_property
    def in_use(self) -> Intervals:
        """Spaces held, from started to left, delayed or not; a home-care package counts as one patient."""
        held = self._by_service(self.has_started, self.visits.started, self.left, self.units)
        return joined(held, self._pauses(-self.units))

    @cached_property
    def in_use_patients(self) -> Intervals:
        """Patients who hold spaces, each counting once."""
        if (self.units == 1).all():
            return self.in_use
        # What is taken off for time back in the queue stays negative.
        return replace(self.in_use, weight=codes(np.where(self.in_use.weight < 0, -1, 1)))

    @cached_property
    def treated(self) -> Intervals:
        """Patients under treatment, from started to ready, each counting once."""
        v = self.visits
        care = self._by_service(self.has_started, v.started, np.minimum(self.ready, self.left))
        return joined(care, self._pauses(-np.ones_like(v.takes)))

    @cached_property
    def is_ready(self) -> Intervals:
        """Patients whose care has ended and who have not left, each counting once."""
        has_ended = self.has_started & (self.visits.ready != NEVER)
        return self._by_service(has_ended, self.visits.ready, self.left, least=1)

    def _by_service(self, flag: Flags, start: Ints, stop: Ints, weight: Codes = NO_CODES, least: int = 0) -> Intervals:
        """Return the stretches of visits that have a flag, those of each service together; see ``_stretches``."""
        return Intervals(
            *visit_loops.stretches(self.by_service, flag, whole(start), whole(stop), weight, self.service, least)
        )

    def _stretches(self, rows: Ints | Codes, start: Ints, stop: Ints, weight: Ints | Codes | None = None) -> Intervals:
        """Return stretches of visits; each counts once unless there are weights."""
        weight = np.ones(len(rows), dtype=np.int32) if weight is None else weight
        return intervals(self.service[rows], rows, start, stop, weight)

    @cached_property
    def blocked(self) -> Intervals:
        """Patients who keep a space only because the next service has not taken them, by the space's service."""
        v = self.visits
        waiters = np.flatnonzero(self.holder != NEVER)
        rows, start = self.holder[waiters], v.queued[waiters]
        given_up = or_far(v.moved[waiters])
        stop = np.minimum(np.minimum(given_up, self.wait_end[waiters]), self.left[rows])
        late = np.flatnonzero(stop > start)
        return self._stretches(rows[late], start[late], stop[late])

    @cached_property
    def episodes(self) -> Intervals:
        """Delay episodes with a reason, by the space's service; one row an episode, in the table's order."""
        d = self.trajectory.delays
        return intervals(d.service, d.visit, d.start, or_far(d.until), np.ones(len(d.visit), dtype=np.int32))

    @cached_property
    def delayed(self) -> Intervals:
        """Time delayed or blocked, never counted twice; weight as for spaces in use."""
        both = joined(self.episodes, self.blocked)
        row, start, stop = union(both.row, both.start, both.stop)
        return intervals(self.visits.service[row], row, start, stop, self.units[row])

    @cached_property
    def delayed_patients(self) -> Intervals:
        """The same, each patient counting once."""
        return self.delayed.plain()

    def _pauses(self, weight: Ints | Codes) -> Intervals:
        """Return time spent back in the queue after a first start.

        The trajectory says how long, not when. Where falls of capacity interrupt, it is taken to begin at the
        first fall after the start; elsewhere at the start. Totals are exact either way.
        """
        v = self.visits
        rows = np.flatnonzero((v.interrupted > 0) & self.has_started)
        begin = v.started[rows].copy()
        for s in np.unique(v.service[rows]).tolist():
            falls = self._falls(s) if self.spec.services[s].cut_interrupts else begin[:0]
            mine = np.flatnonzero(v.service[rows] == s)
            at = np.searchsorted(falls, begin[mine])
            cut = at < len(falls)
            begin[mine[cut]] = falls[at[cut]]
        return intervals(v.service[rows], rows, begin, begin + v.interrupted[rows], weight[rows])

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
        known = np.flatnonzero(number[order] < UNLIMITED)
        order = order[known]
        return intervals(service[known], order, tick[known], stop[known], number[order])

    def at(self, name: str, service: int) -> Intervals:
        """Return the stretches called ``name`` (in_use, waiting, delayed, capacity ...) at one service."""
        stretches, bounds = self.ordered(name)
        return stretches.take(slice(bounds[service], bounds[service + 1]))

    def ordered(self, name: str) -> tuple[Intervals, Ints]:
        """Return the stretches called ``name`` service by service, and where those of each begin (and the last end)."""
        return self.once(("ordered", name), lambda: ordered(getattr(self, name), self.n_services))

    def areas(self, name: str, edges: Ints) -> Ints:
        """Return the areas under the stretches called ``name``, by service and period; see ``integrals.areas``."""
        grid, found = self.once(("areas", name), lambda: (edges, self._areas(name, edges)))
        at = places_in(grid, edges)
        if at is None:
            return self.once(("areas", name, tuple(edges.tolist())), partial(self._areas, name, edges))
        return together(found, at)

    def _areas(self, name: str, edges: Ints) -> Ints:
        found: Intervals = getattr(self, name)
        return areas(found.service, self.n_services, found.start, found.stop, found.weight, edges)


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
