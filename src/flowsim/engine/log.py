"""Writing down what happens, and turning it into a Trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from flowsim.demand import Arrivals
from flowsim.engine.setup import Present, patients_table
from flowsim.engine.state import Patient, Visit
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import (
    NEVER,
    Capacity,
    Delays,
    Ints,
    OnDuty,
    StaffedSteps,
    Trajectory,
    Visits,
)

_COMPUTED = ("patient", "attributes", "outcome")
_VISIT_COLUMNS = tuple(column.name for column in fields(Visits) if column.name not in _COMPUTED)


def columns(rows: Sequence[Sequence[int]], width: int) -> list[Ints]:
    """Return rows of integers as one int64 array a column."""
    table = np.array(rows, dtype=np.int64).reshape(len(rows), width)
    return [np.ascontiguousarray(table[:, i]) for i in range(width)]


class Log:
    """Rows of every table, in the order in which they are opened."""

    def __init__(self, spec: SystemSpec, present: Sequence[Present], arrivals: Arrivals) -> None:
        self._spec = spec
        self._present = present
        self._arrivals = arrivals
        self._sizes = tuple(len(attribute.levels) for attribute in spec.attributes)
        self.visits: list[Visit] = []
        self.delays: list[list[int]] = []
        self.staffed: list[list[int]] = []
        self.capacity: list[tuple[int, int, int, int, int]] = []
        self.on_duty: list[tuple[int, int, int]] = []
        rows = len(present) + len(arrivals.tick)
        self.exits: list[int] = [NEVER] * rows
        self.gone: list[int] = [NEVER] * rows
        self.events = 0

    def open_visit(self, patient: Patient, service: int, origin: int, queued: int) -> Visit:
        """Start a visit's row."""
        visit = Visit(len(self.visits), patient, service, origin, queued)
        code = 0
        for level, size in zip(patient.attributes, self._sizes, strict=True):
            code = code * size + level
        visit.code = code
        self.visits.append(visit)
        return visit

    def open_delay(self, visit: Visit, reason: int, towards: int, now: int) -> list[int]:
        """Start a delay's row; its last entry is the end."""
        row = [visit.row, visit.patient.row, visit.service, reason, towards, now, NEVER]
        self.delays.append(row)
        return row

    def open_staffed(self, visit: Visit, step: int, needs: Sequence[tuple[int, int]], now: int) -> list[list[int]]:
        """Start a row a pool for a step that needs staff; its last two entries are start and end."""
        rows = [[visit.row, visit.service, step, pool, number, now, NEVER, NEVER] for pool, number in needs]
        self.staffed.extend(rows)
        return rows

    def trajectory(self, replication: int) -> Trajectory:
        """Return everything written down, as arrays."""
        visits = self.visits
        taken = {name: np.array([getattr(v, name) for v in visits], dtype=np.int64) for name in _VISIT_COLUMNS}
        return Trajectory(
            replication=replication,
            end=self._spec.end,
            patients=patients_table(self._spec, self._present, self._arrivals, self.exits, self.gone),
            visits=Visits(
                patient=np.array([v.patient.row for v in visits], dtype=np.int64),
                attributes=np.array([v.code for v in visits], dtype=np.int64),
                outcome=np.array([int(v.outcome) for v in visits], dtype=np.int64),
                **taken,
            ),
            delays=Delays(*columns(self.delays, 7)),
            staffed=StaffedSteps(*columns(self.staffed, 8)),
            capacity=Capacity(*columns(self.capacity, 5)),
            on_duty=OnDuty(*columns(self.on_duty, 3)),
            events=self.events,
        )
