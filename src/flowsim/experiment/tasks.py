"""One replication of one cell and what it amounts to: all that a worker needs, and little for it to load."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim.errors import FlowsimError
from flowsim.experiment.store import Parts
from flowsim.experiment.worker import keep_freed_memory, set_up, settle

if TYPE_CHECKING:
    import pandas as pd

    from flowsim.demand import Arrivals
    from flowsim.measure.audit_curves import Known
    from flowsim.measure.definitions import Definition, Record
    from flowsim.measure.tidy import Tidy
    from flowsim.system.spec import SystemSpec
    from flowsim.trajectory import Trajectory

Engine = Callable[["SystemSpec", int, "Arrivals"], "Trajectory"]

FRAMES = ("measures", "weekly", "stations", "audit", "costs", "readings")
"""Tables that every task gives."""


@dataclass(frozen=True, slots=True)
class Task:
    """One replication of one cell."""

    arm: str
    demand: str
    replication: int
    key: str
    work: float

    @property
    def name(self) -> str:
        """A file name of its own for what the task finds."""
        return f"{self.key[:24]}-{self.replication:05d}"


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What one replication amounts to; its trajectory is not kept.

    Attributes:
        tables: one for each of ``FRAMES``, without the columns arm, demand and replication.
        seconds: spent by the worker, of which ``engine_seconds`` in the engine.
        events: the engine counted.
    """

    tables: Mapping[str, Tidy]
    seconds: float
    engine_seconds: float
    events: int

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """The tables as frames."""
        return {name: table.frame() for name, table in self.tables.items()}


@dataclass(frozen=True, slots=True)
class Work:
    """What the replications of one cell share, as workers read it.

    Attributes:
        spec: the system.
        definitions: measures to take.
        engine: in which they run.
        records: to be read off.
    """

    spec: SystemSpec
    definitions: Mapping[str, Definition]
    engine: str
    records: Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all tasks of a study share, in one file for the workers.

    Attributes:
        works: by key of the cell.
        curves: what the audit expects of durations, which takes more to find than to read.
    """

    works: Mapping[str, Work]
    curves: Known


def _reference() -> Engine:
    from flowsim.engine.reference import run

    return run


def _kernel() -> Engine:
    from flowsim.engine.kernel import run

    return run


ENGINES: dict[str, Callable[[], Engine]] = {"kernel": _kernel, "reference": _reference}
"""``run.engine`` -> what imports it, so that only the engine asked for is loaded."""


def get_ready(engine: str) -> None:
    """Make this process a worker, and load what every task needs before the first is known."""
    set_up()
    for room in ("demand", "measure.audit", "measure.recorded", "measure.stations", "measure.weekly"):
        importlib.import_module(f"flowsim.{room}")
    ENGINES[engine]()
    if engine == "kernel":
        from flowsim.engine.kernel import prepare

        prepare(lambda _: None)


def run_task(work: Work, replication: int) -> TaskResult:
    """Run one replication and measure it."""
    from flowsim.demand import arrivals

    began = time.perf_counter()
    keep_freed_memory()
    coming = arrivals(work.spec, replication)
    trajectory = ENGINES[work.engine]()(work.spec, replication, coming)
    ran = time.perf_counter()
    tables = tables_of(work, trajectory, coming)
    return TaskResult(tables, time.perf_counter() - began, ran - began, trajectory.events)


def tables_of(work: Work, trajectory: Trajectory, coming: Arrivals) -> dict[str, Tidy]:
    """Return what a replication amounts to: each of ``FRAMES``."""
    from flowsim.measure.audit import audit_rows
    from flowsim.measure.audit_rows import AuditRow
    from flowsim.measure.cost import COLUMNS, lines_of
    from flowsim.measure.frames import Window
    from flowsim.measure.recorded import reading_table
    from flowsim.measure.registry import OF_MEASURES, check_once
    from flowsim.measure.stations import station_columns
    from flowsim.measure.tidy import tidy_rows
    from flowsim.measure.weekly import in_all_and_by_week

    spec = work.spec
    seen = Window(spec, trajectory)
    book = lines_of(seen)
    check_once(spec, work.definitions)
    measures, weekly = in_all_and_by_week(seen, work.definitions)
    read_off = reading_table(seen, work.records, work.definitions)
    # What only measures look at is by far the most of what the window holds.
    seen.forget(*OF_MEASURES)
    return {
        "measures": measures,
        "weekly": weekly,
        "stations": station_columns(seen),
        "audit": tidy_rows(audit_rows(seen, coming, book), AuditRow._fields),
        "costs": tidy_rows(book, COLUMNS),
        "readings": read_off,
    }


@dataclass(frozen=True, slots=True)
class Job:
    """Tasks for one worker, and the name under which it finds what those of each cell share, by the cell's key."""

    tasks: tuple[Task, ...]
    shared: str
    parts: Parts


def run_and_keep(job: Job) -> tuple[Task, ...]:
    """Run a worker's tasks, keep what each found, and return them."""
    set_up()
    works = _read_once(job.parts.path(job.shared)).works
    for task in job.tasks:
        job.parts.keep(task.name, attempt(task, works[task.key]))
    settle()
    return job.tasks


def attempt(task: Task, work: Work) -> TaskResult:
    """Run a task; an error says which it was."""
    try:
        return run_task(work, task.replication)
    except FlowsimError:
        raise
    except Exception as error:
        where = f"arm {task.arm}, demand {task.demand}, replication {task.replication}"
        raise RuntimeError(f"{where}: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=1)
def _read_once(path: Path) -> Shared:
    import pickle

    from flowsim.measure.audit_curves import be_told

    with path.open("rb") as file:
        found: Shared = pickle.load(file)
    be_told(found.curves)
    return found
