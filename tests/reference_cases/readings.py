"""What a trajectory says: populations, windows and time averages, read as the reference cases define them.

Time averages, rates and utilisations cover the measured window, warm-up to end. Means, shares and
percentiles over patients cover those who arrive in the window, waits of zero included; those for whom
the thing had not happened by the end are left out. Everything is read from the trajectory alone, apart
from the engine and from ``flowsim.measure``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from flowsim.system.spec import SystemSpec
from flowsim.trajectory import NEVER, Outcome, Trajectory

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Phase = Literal["waiting", "treated", "blocked", "held", "inside"]


class Log:
    """One replication, and the window it is measured in."""

    def __init__(self, spec: SystemSpec, trajectory: Trajectory) -> None:
        self.spec = spec
        self.trajectory = trajectory
        self.opens = spec.warm_up
        self.closes = spec.end
        self.hour = 60 * spec.clock.ticks_per_minute
        self.day = 24 * self.hour

    @property
    def length(self) -> int:
        return self.closes - self.opens

    def in_window(self, ticks: Ints) -> Bools:
        return (ticks >= self.opens) & (ticks < self.closes)

    def at(self, service: str, **levels: str) -> Rows:
        """Return the visits to a service, of patients with these levels of attributes on joining."""
        visits = self.trajectory.visits
        mask = visits.service == self.spec.service_index(service)
        for attribute, level in levels.items():
            mask &= self._level(visits.attributes, attribute) == self._code(attribute, level)
        return Rows(self, np.flatnonzero(mask))

    def _code(self, attribute: str, level: str) -> int:
        return self.spec.attributes[self.spec.attribute_index(attribute)].levels.index(level)

    def _level(self, codes: Ints, attribute: str) -> Ints:
        after = self.spec.attributes[self.spec.attribute_index(attribute) + 1 :]
        below = int(np.prod([len(a.levels) for a in after], dtype=np.int64))
        own = len(self.spec.attributes[self.spec.attribute_index(attribute)].levels)
        return codes // below % own

    def people(self, **levels: str) -> Bools:
        """Return which patients arrive in the window (those there at the start aside) with these levels."""
        patients = self.trajectory.patients
        mask = self.in_window(patients.arrival) & (patients.stream != NEVER)
        for attribute, level in levels.items():
            mask &= patients.attributes[:, self.spec.attribute_index(attribute)] == self._code(attribute, level)
        return mask

    def share_lost(self, **levels: str) -> float:
        """Share of arrivals turned away without care; those still inside were not."""
        exits = self.trajectory.patients.exit[self.people(**levels)]
        return float((exits == self.spec.place_code("turned_away")).mean())

    def times_in_system(self, **levels: str) -> Ints:
        """Arrival to exit of everyone arriving in the window who is out."""
        patients = self.trajectory.patients
        mask = self.people(**levels) & (patients.left != NEVER)
        return patients.left[mask] - patients.arrival[mask]

    def number_in_system(self) -> float:
        patients = self.trajectory.patients
        ends = np.where(patients.left == NEVER, self.closes, patients.left)
        return float(_inside(patients.arrival, ends, self.opens, self.closes).sum() / self.length)

    def visits_a_patient(self, service: str) -> float:
        """Mean visits to a service by those who arrive in the window and are out."""
        patients = self.trajectory.patients
        mask = self.people() & (patients.left != NEVER)
        counts = np.bincount(self.at(service).column("patient"), minlength=len(mask))
        return float(counts[mask].mean())

    def capacity(self, service: str) -> tuple[Ints, Ints]:
        """Return (from when, spaces) of what a service offers."""
        offers = self.trajectory.capacity
        mask = offers.service == self.spec.service_index(service)
        return offers.tick[mask], offers.spaces[mask] * offers.admitting[mask]

    def clock_ticks(self, hour: float, cycle_hours: float = 24) -> Ints:
        """Every tick of the window at which the clock of the cycle stands at ``hour``."""
        cycle = round(cycle_hours * self.hour)
        return np.arange(self.opens + round(hour * self.hour), self.closes, cycle, dtype=np.int64)


@dataclass(frozen=True)
class Rows:
    """Some visits of a log."""

    log: Log
    index: Ints

    def column(self, name: str) -> Ints:
        found: Ints = getattr(self.log.trajectory.visits, name)[self.index]
        return found

    def where(self, mask: Bools) -> Rows:
        return Rows(self.log, self.index[mask])

    @property
    def arrived(self) -> Rows:
        """Those who joined in the window."""
        return self.where(self.log.in_window(self.column("queued")) & (self.column("initial") == 0))

    def ended(self, outcome: Outcome) -> Rows:
        return self.where(self.column("outcome") == outcome)

    @property
    def joined(self) -> Rows:
        """Those who did not turn away at the door."""
        outcome = self.column("outcome")
        return self.where((outcome != Outcome.BAULKED) & (outcome != Outcome.REFUSED))

    @property
    def started(self) -> Rows:
        return self.where(self.column("started") != NEVER)

    def __len__(self) -> int:
        return len(self.index)

    # ------------------------------------------------------------------ per patient

    @property
    def waits(self) -> Ints:
        """Time from joining to starting, of those who arrived in the window and started."""
        rows = self.arrived.started
        return rows.column("started") - rows.column("queued")

    @property
    def queueing(self) -> Ints:
        """Time in queue of those who arrived in the window: served, given up, and after interruptions."""
        rows = self.arrived.joined
        started, left = rows.column("started"), rows.column("left")
        ends = np.where(started != NEVER, started, left)
        done = ends != NEVER
        return ends[done] - rows.column("queued")[done] + rows.column("interrupted")[done]

    @property
    def share_delayed(self) -> float:
        """Share of those arriving in the window who joined and could not start at once."""
        rows = self.arrived.joined
        return float((rows.column("started") != rows.column("queued")).mean())

    @property
    def blocked_times(self) -> Ints:
        """Time from ready to left of those who arrived in the window and left."""
        rows = self.arrived.ended(Outcome.SERVED)
        return rows.column("left") - rows.column("ready")

    def share(self, outcome: Outcome) -> float:
        """Share of those arriving in the window whose visit ended so."""
        return float((self.arrived.column("outcome") == outcome).mean())

    # ------------------------------------------------------------------ over time

    def spans(self, phase: Phase) -> tuple[Ints, Ints]:
        """Return when each visit was in a phase: (from, until), nobody twice."""
        end = self.log.closes
        queued, started, ready, left = (self.column(c) for c in ("queued", "started", "ready", "left"))
        until_left = np.where(left == NEVER, end, left)
        until_ready = np.where(ready == NEVER, until_left, ready)
        until_start = np.where(started == NEVER, until_left, started)
        if phase == "waiting":
            return queued, until_start
        if phase == "inside":
            return queued, until_left
        begun = started != NEVER
        begins = started if phase in ("held", "treated") else until_ready
        ends = until_ready if phase == "treated" else until_left
        return begins[begun], ends[begun]

    def _weights(self, phase: Phase) -> Ints:
        takes = self.column("takes")
        return takes if phase in ("waiting", "inside") else takes[self.column("started") != NEVER]

    def mean_number(self, phase: Phase, units: bool = False) -> float:
        """Time average of the number of patients (or, with ``units``, of the spaces they take) in a phase."""
        begins, ends = self.spans(phase)
        lengths = _inside(begins, ends, self.log.opens, self.log.closes)
        if units:
            lengths = lengths * self._weights(phase)
        return float(lengths.sum() / self.log.length)

    def total(self, phase: Phase, until: int) -> int:
        """Patient-ticks in a phase from the opening of the window to a tick."""
        return int(_inside(*self.spans(phase), self.log.opens, until).sum())

    def number_at(self, phase: Phase, ticks: Ints) -> Ints:
        """Number in a phase just after each tick; who begins and ends within one instant is not there."""
        begins, ends = self.spans(phase)
        return np.searchsorted(np.sort(begins), ticks, side="right") - np.searchsorted(
            np.sort(ends), ticks, side="right"
        )

    def path(self, phase: Phase, more: Ints | None = None) -> tuple[Ints, Ints]:
        """Return (length of each piece, number in the phase) of the step function over the window."""
        begins, ends = self.spans(phase)
        edges = np.concatenate([begins, ends, [self.log.opens, self.log.closes], [] if more is None else more])
        edges = np.unique(np.clip(edges, self.log.opens, self.log.closes)).astype(np.int64)
        return np.diff(edges), self.number_at(phase, edges[:-1])

    def share_of_time(self, phase: Phase, number: int) -> float:
        """Share of the window with exactly ``number`` in a phase."""
        lengths, counts = self.path(phase)
        return float(lengths[counts == number].sum() / self.log.length)

    @property
    def throughput(self) -> int:
        """Services completed in the window."""
        return int(self.log.in_window(self.column("ready")).sum())

    def overrun(self, service: str) -> float:
        """Patient-ticks in service beyond the places on offer."""
        ticks, places = self.log.capacity(service)
        lengths, counts = self.path("held", more=ticks)
        pieces = self.log.opens + np.concatenate([[0], np.cumsum(lengths)[:-1]])
        offered = places[np.searchsorted(ticks, pieces, side="right") - 1]
        return float((np.maximum(counts - offered, 0) * lengths).sum())


@dataclass(frozen=True)
class DayLists:
    """A visiting service by whole days of the window."""

    log: Log
    service: str

    @cached_property
    def midnights(self) -> Ints:
        every = np.array(self.log.spec.clock.midnights, dtype=np.int64)
        return every[(every >= self.log.opens) & (every < self.log.closes)]

    @cached_property
    def rows(self) -> Rows:
        return self.log.at(self.service)

    @property
    def caseload(self) -> Ints:
        """Patients visited on each day."""
        return self.rows.number_at("held", self.midnights)

    @property
    def waiting(self) -> Ints:
        """Patients still waiting once the day's list is filled."""
        return self.rows.number_at("waiting", self.midnights)

    def plans(self, rows: Rows) -> tuple[Ints, Ints, Ints]:
        """Return (row, day of stay, visits that day) of every day of every plan; carers are counted apart."""
        days, first, last = (rows.column(c) for c in ("days", "first", "last"))
        row = np.repeat(np.arange(len(days)), days)
        day = np.arange(len(row)) - np.repeat(np.cumsum(days) - days, days)
        taper = day / np.maximum(days[row] - 1, 1)
        planned = np.round((first[row] + (last - first)[row] * taper) / 1000).astype(np.int64)
        return row, day, planned * rows.column("takes")[row]

    @property
    def visits(self) -> Ints:
        """Visits on each day of the window."""
        every = np.array(self.log.spec.clock.midnights, dtype=np.int64)
        rows = self.rows.started
        row, day, planned = self.plans(rows)
        on = np.searchsorted(every, rows.column("started"))[row] + day
        counts = np.bincount(on, weights=planned, minlength=len(every))
        return counts[np.searchsorted(every, self.midnights)].astype(np.int64)

    @property
    def visits_a_patient(self) -> float:
        """Mean visits of those referred in the window who have started."""
        rows = self.rows.arrived.started
        return float(self.plans(rows)[2].sum() / len(rows))


def _inside(begins: Ints, ends: Ints, opens: int, closes: int) -> Ints:
    return np.maximum(np.minimum(ends, closes) - np.maximum(begins, opens), 0)
