"""A trajectory seen through the measured window: which visits, whose, from when to when.

Intervals are half open: a patient is somewhere from the tick of coming to, but not at, the tick of going.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from flowsim.measure import loops, span_loops, visit_loops
from flowsim.measure.integrals import NO_CODES, NOUGHT, areas, levels_at, places_in, together
from flowsim.measure.intervals import FAR, NO_FLAGS, Flags, Intervals, intervals, joined, ordered
from flowsim.measure.periods import Periods
from flowsim.measure.records import EVERYONE, Records, Who
from flowsim.measure.sorting import Codes, codes, stable_order, whole
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
SPANS = ("waiting", "in_use", "in_use_patients", "treated", "is_ready")
"""Stretches of visits, from one thing that happens to them to another."""


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
    def is_known(self) -> Flags:
        """Which visits since the start started, or ended otherwise: those still waiting at the end did neither."""
        is_over = self.has_started | (self.visits.outcome != int(Outcome.IN_PROGRESS))
        return np.asarray(is_over & (self.visits.initial == 0))

    @cached_property
    def periods(self) -> Periods:
        """The whole weeks of the window, and last the window itself."""
        return Periods.of(self.whole(7), self.edges)

    def whole(self, days: int) -> Ints:
        """Return the ticks between whole periods of so many days; the window itself where not one fits."""
        ticks = self.midnight_ticks
        starts = ticks[(ticks >= self.start) & (ticks <= self.end)][::days]
        return starts if len(starts) > 1 else self.edges

    # ------------------------------------------------------------- stretches of time; those of no time are left out

    @cached_property
    def units(self) -> Codes:
        """Spaces each visit uses; a home-care package counts as one patient however many carers come."""
        found = self.visits.takes.astype(np.int32)
        rows, first, last = self.at_services(tuple(np.flatnonzero(self.by_visits).tolist()))
        for a, z in zip(first, last, strict=True):
            found[rows[a:z]] = 1
        return found

    @cached_property
    def are_many(self) -> bool:
        """Whether some visits use several spaces."""
        return bool((self.units != 1).any())

    @cached_property
    def waiting(self) -> Intervals:
        """Patients waiting, each counting once; time back in the queue after an interruption too."""
        return self._all_stretches("waiting")

    @cached_property
    def in_use(self) -> Intervals:
        """Spaces held, from started to left, delayed or not; a home-care package counts as one patient."""
        return self._all_stretches("in_use")

    @cached_property
    def in_use_patients(self) -> Intervals:
        """Patients who hold spaces, each counting once; what is taken off for time back in the queue too."""
        return self._all_stretches("in_use_patients")

    @cached_property
    def treated(self) -> Intervals:
        """Patients under treatment, from started to ready, each counting once."""
        return self._all_stretches("treated")

    @cached_property
    def is_ready(self) -> Intervals:
        """Patients whose care has ended and who have not left, each counting once."""
        return self._all_stretches("is_ready")

    def spans(self, name: str) -> span_loops.Spans:
        """Return the stretches of visits called ``name`` where they are, but for time back in the queue."""
        return self.once(("spans", name), partial(self._spans, name))

    def _spans(self, name: str) -> span_loops.Spans:
        v, flag, start, is_sooner, sooner = (
            self.visits,
            self.has_started,
            self.visits.started,
            NO_FLAGS,
            self.visits.left,
        )
        if name == "waiting":
            flag, start, is_sooner, sooner = self.is_any, v.queued, self.has_started, v.started
        elif name == "treated":
            is_sooner, sooner = self.reached("ready"), v.ready
        elif name == "is_ready":
            flag, start = self.has_started & self.reached("ready"), v.ready
        weight = self.units if name == "in_use" and self.are_many else NO_CODES
        return flag, whole(start), is_sooner, whole(sooner), whole(v.left), weight

    def _all_stretches(self, name: str) -> Intervals:
        return self._stretches(name, self.at_services(tuple(range(self.n_services))), self.paused(name))

    def _stretches(self, name: str, slices: visit_loops.Slices, paused: Intervals) -> Intervals:
        least = int(name in ("waiting", "is_ready"))
        found = Intervals(*span_loops.stretches(slices, self.spans(name), self.service, least))
        return joined(found, paused)

    def spent(self, name: str, services: tuple[int, ...], who: Who, n_keys: int, edges: Ints) -> Ints:
        """Return the areas under the stretches of visits called ``name``: (services, keys, periods).

        Args:
            name: one of ``SPANS``.
            services: whose.
            who: key of each visit; those below 0 are left out.
            n_keys: how many.
            edges: ticks between periods, rising.
        """
        area = span_loops.spent(self.at_services(services), self.spans(name), who, n_keys, whole(edges))
        paused = self._paused_at(name, services)
        if len(paused.row):
            everything, keys = (NOUGHT, np.array([len(paused.row)])), np.arange(len(services), dtype=np.int32)
            keyed = paused.service, keys * np.int32(n_keys)
            area += loops.area(everything, paused.columns, who, keyed, len(area), whole(edges))
        return area.reshape(len(services), n_keys, -1)

    def open_at(self, name: str, services: tuple[int, ...], who: Who, ticks: Ints) -> Ints:
        """Return the number at some rising ticks of the stretches of visits called ``name``: (services, ticks)."""
        level = span_loops.open_at(self.at_services(services), self.spans(name), who, whole(ticks))
        (code, key), paused = who, self._paused_at(name, services)
        if len(key):
            paused = paused.where(key[code[paused.row]] >= 0)
        return level + levels_at(paused.service, len(services), paused.start, paused.stop, paused.weight, ticks)

    def _paused_at(self, name: str, services: tuple[int, ...]) -> Intervals:
        """Return ``paused`` at some services, with their places for services."""
        paused = self.paused(name)
        if not len(paused.row):
            return paused
        place = np.full(self.n_services, -1, dtype=np.int64)
        place[list(services)] = np.arange(len(services))
        return replace(paused, service=codes(place[paused.service])).where(place[paused.service] >= 0)

    @cached_property
    def blocked(self) -> Intervals:
        """Patients who keep a space only because the next service has not taken them, by the space's service."""
        v = self.visits
        ticks = whole(v.queued), whole(v.moved), whole(v.started), whole(v.left)
        rows, start, stop = span_loops.blocked(codes(v.held), self.previous, ticks, self.has_started)
        return intervals(self.service[rows], rows, start, stop, np.ones(len(rows), dtype=np.int32))

    @cached_property
    def delayed(self) -> Intervals:
        """Time delayed or blocked, never counted twice; weight as for spaces in use."""
        d, b = self.trajectory.delays, self.blocked
        episodes = codes(d.visit), whole(d.start), whole(d.until)
        row, start, stop = span_loops.either(episodes, (b.row, b.start, b.stop), len(self.service))
        return intervals(self.service[row], row, start, stop, self.units[row])

    @cached_property
    def delayed_patients(self) -> Intervals:
        """The same, each patient counting once."""
        return self.delayed.plain() if self.are_many else self.delayed

    def paused(self, name: str) -> Intervals:
        """Return the time spent back in the queue that counts for the stretches called ``name``, or against them."""
        return self.once(("paused", name), partial(self._pauses, name))

    def _pauses(self, name: str) -> Intervals:
        """Return time spent back in the queue after a first start.

        The trajectory says how long, not when. Where falls of capacity interrupt, it is taken to begin at the
        first fall after the start; elsewhere at the start. Totals are exact either way.
        """
        v = self.visits
        rows = self._interrupted if name != "is_ready" else NOUGHT[:0]
        begin = v.started[rows].copy()
        for s in np.unique(v.service[rows]).tolist():
            falls = self._falls(s) if self.spec.services[s].cut_interrupts else begin[:0]
            mine = np.flatnonzero(v.service[rows] == s)
            at = np.searchsorted(falls, begin[mine])
            cut = at < len(falls)
            begin[mine[cut]] = falls[at[cut]]
        weight = np.full(len(rows), 1 if name == "waiting" else -1)
        if name == "in_use":
            weight = -self.units[rows]
        return intervals(v.service[rows], rows, begin, begin + v.interrupted[rows], weight)

    @cached_property
    def _interrupted(self) -> Ints:
        return np.flatnonzero((self.visits.interrupted > 0) & self.has_started)

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
        order = stable_order(whole(c.service))
        service, tick = c.service[order], c.tick[order]
        stop = np.full(len(order), FAR, dtype=np.int64)
        same = service[1:] == service[:-1]
        stop[:-1][same] = tick[1:][same]
        known = np.flatnonzero(number[order] < UNLIMITED)
        order = order[known]
        return intervals(service[known], order, tick[known], stop[known], number[order])

    def at(self, name: str, service: int) -> Intervals:
        """Return the stretches called ``name`` (in_use, waiting, delayed, capacity ...) at one service."""
        if name in SPANS:
            paused = self.paused(name)
            paused = paused.where(paused.service == service) if len(paused.row) else paused
            return self._stretches(name, self.at_services((service,)), paused)
        stretches, bounds = self.once(("ordered", name), lambda: ordered(getattr(self, name), self.n_services))
        return stretches.take(slice(bounds[service], bounds[service + 1]))

    def areas(self, name: str, edges: Ints) -> Ints:
        """Return the areas under the stretches called ``name``, by service and period; see ``integrals.areas``."""
        if name == "delayed_patients" and not self.are_many:
            name = "delayed"
        grid, found = self.once(("areas", name), lambda: (edges, self._areas(name, edges)))
        at = places_in(grid, edges)
        if at is None:
            return self.once(("areas", name, tuple(edges.tolist())), partial(self._areas, name, edges))
        return together(found, at)

    def areas_at(self, name: str, services: tuple[int, ...], edges: Ints) -> Ints:
        """Return ``areas`` of some services; of visits elsewhere only where they are known already."""
        if name in SPANS and not self.knows("areas", name):
            return self.spent(name, services, EVERYONE, 1, edges)[:, 0]
        return self.areas(name, edges)[list(services)]

    def _areas(self, name: str, edges: Ints) -> Ints:
        if name in SPANS:
            return self.spent(name, tuple(range(self.n_services)), EVERYONE, 1, edges)[:, 0]
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
