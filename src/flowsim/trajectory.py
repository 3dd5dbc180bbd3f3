"""What happened in one replication: the contract between engines and measures.

Columns are numpy arrays of equal length; times are ticks since the run's start, ``NEVER`` where a thing
did not happen (or had not by the end). Measures are computed from these tables alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

NEVER = -1


class Outcome(IntEnum):
    """How a visit ended."""

    SERVED = 0
    RENEGED = 1
    """Gave up waiting."""
    BAULKED = 2
    """Chose not to join, seeing the queue."""
    REFUSED = 3
    """Found no place to wait, or the service closed; sent where the specification says."""
    IN_PROGRESS = 4
    """Still there when the run ended."""


@dataclass(frozen=True, slots=True)
class Patients:
    """One row a patient, in order of (arrival, stream, number); the row number names the patient elsewhere.

    Attributes:
        stream: index of the stream; for people there at the start, NEVER.
        number: the patient's number within the stream (its logical name with the stream).
        arrival: tick of arrival; 0 for people there at the start.
        attributes: (patients, attributes) level codes on arrival.
        exit: place code of the exit taken; NEVER while inside.
        left: tick of leaving the system; NEVER while inside.
    """

    stream: Ints
    number: Ints
    arrival: Ints
    attributes: npt.NDArray[np.int16]
    exit: Ints
    left: Ints


@dataclass(frozen=True, slots=True)
class Visits:
    """One row a patient and service, in order of (queued, order of joining).

    Attributes:
        patient: row of Patients.
        service: index of the service.
        origin: service left before (its index), or the number of services for an arrival.
        attributes: mixed-radix code of the patient's attributes on joining (first attribute slowest).
        queued: joined the queue; negative for people already waiting or placed before the start.
        started: took a space.
        seen: start of the step marked ``seen`` (of the first care step where none is).
        ready: care finished, ready to leave (clinically ready to proceed, discharge-ready).
        left: gave the space back, or gave up.
        outcome: an Outcome.
        destination: place code the patient went to; NEVER while there.
        held: service whose space the patient kept while waiting for this one; NEVER if none.
        moved: tick at which that space was given up (a waiting place or the start); NEVER if none held.
        takes: spaces (or, for visits, carers) used.
        priority: class on joining.
        interrupted: ticks spent back in the queue after a first start.
        first, last, days: visits on the first and last day, in thousandths, and days of a home-care
            package; 0 otherwise.
        initial: 1 for people already there (waiting or placed) at the start.
    """

    patient: Ints
    service: Ints
    origin: Ints
    attributes: Ints
    queued: Ints
    started: Ints
    seen: Ints
    ready: Ints
    left: Ints
    outcome: Ints
    destination: Ints
    held: Ints
    moved: Ints
    takes: Ints
    priority: Ints
    interrupted: Ints
    first: Ints
    last: Ints
    days: Ints
    initial: Ints


@dataclass(frozen=True, slots=True)
class Delays:
    """One row an episode in which a patient, ready to leave, keeps a space for a stated reason.

    Episodes of one visit do not overlap; the time from ready to left that no episode covers is
    ordinary processing. ``until`` is NEVER for one going on at the end.

    Attributes:
        visit: row of Visits for the space held.
        patient, service: of that visit.
        reason: index of the reason.
        towards: place code of the destination waited for or drawn.
        start, until: ticks.
    """

    visit: Ints
    patient: Ints
    service: Ints
    reason: Ints
    towards: Ints
    start: Ints
    until: Ints


@dataclass(frozen=True, slots=True)
class StaffedSteps:
    """One row a step that needed staff: asked, started, ended; ``step`` is its position in the service."""

    visit: Ints
    service: Ints
    step: Ints
    pool: Ints
    number: Ints
    asked: Ints
    started: Ints
    ended: Ints


@dataclass(frozen=True, slots=True)
class Capacity:
    """Every change of what a service offers, in order of tick, starting with one row a service at tick 0.

    Attributes:
        service: index.
        tick: from when.
        spaces: ordinary spaces (UNLIMITED where it never fills; 0 while closed by ``opens``).
        surge: surge spaces open.
        admitting: 1 while patients may start.
    """

    service: Ints
    tick: Ints
    spaces: Ints
    surge: Ints
    admitting: Ints


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Every change of a staff pool's number on duty, after sickness."""

    pool: Ints
    tick: Ints
    number: Ints


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Everything that happened in one replication."""

    replication: int
    end: int
    patients: Patients
    visits: Visits
    delays: Delays
    staffed: StaffedSteps
    capacity: Capacity
    on_duty: OnDuty
    events: int

    def equals(self, other: Trajectory) -> bool:
        """Whether two trajectories are the same, tick for tick."""
        return self.difference(other) is None

    def difference(self, other: Trajectory) -> str | None:
        """Return where two trajectories first differ, in words; None where they do not."""
        for table in ("patients", "visits", "delays", "staffed", "capacity", "on_duty"):
            mine, theirs = getattr(self, table), getattr(other, table)
            for column in fields(mine):
                a, b = getattr(mine, column.name), getattr(theirs, column.name)
                if a.shape != b.shape:
                    return f"{table}: {a.shape[0]} rows against {b.shape[0]}"
                if not np.array_equal(a, b):
                    row = int(np.flatnonzero((a != b).reshape(a.shape[0], -1).any(axis=1))[0])
                    return f"{table}.{column.name} row {row}: {a[row]} against {b[row]}"
        return None
