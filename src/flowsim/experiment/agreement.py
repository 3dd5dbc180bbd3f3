"""Whether the two engines tell the same story of an experiment: every arm, level and replication, tick for tick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from flowsim.experiment.pool import available_cores, ignore_interrupts, in_workers
from flowsim.experiment.tasks import ENGINES

if TYPE_CHECKING:
    from flowsim.experiment.design import Cell, Design
    from flowsim.system.spec import SystemSpec
    from flowsim.trajectory import Trajectory

TABLES = ("patients", "visits", "delays", "staffed", "capacity", "on_duty")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a replication of one arm at one level came to in both engines.

    Attributes:
        arm, demand, replication: which; replications count from 0.
        work: expected patients.
        events: counted by the compiled engine.
        difference: the first, in words; None where there is none.
    """

    arm: str
    demand: str
    replication: int
    work: float
    events: int
    difference: str | None


def agreements(design: Design, replications: int, workers: int = 1) -> Iterator[Agreement]:
    """Run every arm at every level in both engines and yield what each replication came to, as they end.

    Args:
        design: the experiment.
        replications: of each arm and level.
        workers: processes; 0 for one a core.
    """
    from flowsim.engine.kernel import prepare

    jobs = [(cell, replication) for replication in range(replications) for cell in design.cells]
    count = min(workers or available_cores(), len(jobs))
    prepare(lambda _: None)
    yield from in_workers(_agreement, jobs, count) if count > 1 else map(_agreement_here, jobs)


def _agreement(job: tuple[Cell, int]) -> Agreement:
    ignore_interrupts()
    return _agreement_here(job)


def _agreement_here(job: tuple[Cell, int]) -> Agreement:
    from flowsim.demand import arrivals

    cell, replication = job
    coming = arrivals(cell.spec, replication)
    kernel, reference = (ENGINES[name]()(cell.spec, replication, coming) for name in ("kernel", "reference"))
    difference = first_difference(cell.spec, kernel, reference)
    return Agreement(cell.arm, cell.demand, replication, cell.work, kernel.events, difference)


def first_difference(spec: SystemSpec, kernel: Trajectory, reference: Trajectory) -> str | None:
    """Return where two trajectories first differ, in one line; None where they are the same."""
    for name in TABLES:
        one, other = getattr(kernel, name), getattr(reference, name)
        for column in fields(one):
            a, b = getattr(one, column.name), getattr(other, column.name)
            if len(a) != len(b):
                return f"{name}: {len(a):,} rows in the kernel, {len(b):,} in the reference engine"
            if not np.array_equal(a, b):
                row = int(np.flatnonzero((a != b).reshape(len(a), -1).any(axis=1))[0])
                about = _about(spec, kernel, name, row)
                return (
                    f"{name} row {row}{about}: {column.name} {a[row]} in the kernel, {b[row]} in the reference engine"
                )
    return None


def _about(spec: SystemSpec, trajectory: Trajectory, name: str, row: int) -> str:
    """Return whose and where a row is, in brackets, as far as its table says."""
    table = getattr(trajectory, name)
    said = []
    if hasattr(table, "patient"):
        said.append(f"patient {table.patient[row]}")
    if hasattr(table, "service") and 0 <= table.service[row] < len(spec.services):
        said.append(f"at {spec.services[table.service[row]].id}")
    if hasattr(table, "pool") and 0 <= table.pool[row] < len(spec.staff):
        said.append(f"pool {spec.staff[table.pool[row]].id}")
    return f" ({' '.join(said)})" if said else ""
