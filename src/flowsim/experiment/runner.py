"""One flat pool of (arm, demand level, replication), longest first; results do not depend on the workers."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim.errors import FlowsimError
from flowsim.experiment.design import Design, Task
from flowsim.experiment.store import Parts

if TYPE_CHECKING:
    import pandas as pd

    from flowsim.config.models import MeasureDef
    from flowsim.demand import Arrivals
    from flowsim.experiment.progress import Progress
    from flowsim.system.spec import SystemSpec
    from flowsim.trajectory import Trajectory

Engine = Callable[["SystemSpec", int, "Arrivals"], "Trajectory"]

FRAMES = ("measures", "weekly", "stations", "audit", "costs")
"""Tables that every task gives."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What one replication amounts to; its trajectory is not kept.

    Attributes:
        frames: one table for each of ``FRAMES``, without the columns arm, demand and replication.
        seconds: spent by the worker, of which ``engine_seconds`` in the engine.
        events: the engine counted.
    """

    frames: Mapping[str, pd.DataFrame]
    seconds: float
    engine_seconds: float
    events: int


@dataclass(frozen=True, slots=True)
class Work:
    """What the replications of one cell share, as workers read it."""

    spec: SystemSpec
    definitions: Mapping[str, MeasureDef]
    engine: str


def _reference() -> Engine:
    from flowsim.engine.reference import run

    return run


def _kernel() -> Engine:
    from flowsim.engine.kernel import run

    return run


ENGINES: dict[str, Callable[[], Engine]] = {"kernel": _kernel, "reference": _reference}
"""``run.engine`` -> what imports it, so that only the engine asked for is loaded."""


def run_task(work: Work, replication: int) -> TaskResult:
    """Run one replication and measure it."""
    from flowsim.demand import arrivals
    from flowsim.measure.audit import audit
    from flowsim.measure.cost import costs
    from flowsim.measure.frames import Window
    from flowsim.measure.registry import measure_all
    from flowsim.measure.stations import stations
    from flowsim.measure.weekly import weekly

    began = time.perf_counter()
    spec = work.spec
    coming = arrivals(spec, replication)
    trajectory = ENGINES[work.engine]()(spec, replication, coming)
    ran = time.perf_counter()
    seen = Window(spec, trajectory)
    book = costs(spec, trajectory, seen)
    frames = {
        "measures": measure_all(spec, trajectory, work.definitions, seen),
        "weekly": weekly(spec, trajectory, work.definitions, seen=seen),
        "stations": stations(spec, trajectory, seen=seen),
        "audit": audit(spec, trajectory, coming, book, seen),
        "costs": book,
    }
    return TaskResult(frames, time.perf_counter() - began, ran - began, trajectory.events)


def start_compiling(design: Design, say: Callable[[str], None]) -> subprocess.Popen[bytes] | None:
    """Start compiling the engine in a process of its own, where that is still to be done on this machine.

    Meanwhile there is other work; wait for the process before running tasks. Should it fail, ``run_tasks``
    compiles, and says why it cannot.
    """
    if design.config.run.engine != "kernel":
        return None
    from flowsim.draws.cache import is_compiled

    if is_compiled():
        return None
    say("Compiling the engine for this machine: under a minute, once.")
    program = "from flowsim.engine.kernel import prepare; prepare(str)"
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run_tasks(design: Design, parts: Parts, workers: int, progress: Progress) -> None:
    """Run what is not finished yet, keeping each task's result in ``parts`` as it ends.

    Args:
        design: what to run.
        parts: where results are kept; tasks found there are not run again.
        workers: processes; 0 for one a core. With 1 everything runs in this process.
        progress: told of every task.

    Raises:
        KeyboardInterrupt: after the workers have been stopped; what had finished is kept.
    """
    done = [task for task in design.tasks if parts.has(task.name)]
    progress.found(len(done), sum(task.work for task in done))
    # Arms that come to the same system share their tasks; sorting is stable, so equal work keeps its order.
    alike = Counter(task.name for task in design.tasks)
    waiting = list({task.name: task for task in design.tasks if not parts.has(task.name)}.values())
    waiting.sort(key=lambda task: -task.work)
    count = min(workers or available_cores(), max(1, len(waiting)))
    parts.make()
    if waiting and design.config.run.engine == "kernel":
        # Compiled here and kept on disk, so that the workers only load it.
        from flowsim.engine.kernel import prepare

        prepare(progress.say)
    for task in _alone(design, waiting, parts) if count == 1 else _together(design, waiting, parts, count):
        for _ in range(alike[task.name]):
            progress.advance(task.work)


def available_cores() -> int:
    """Return how many cores this process may use."""
    import joblib

    return int(joblib.cpu_count())


def _work(design: Design, task: Task) -> Work:
    return Work(design.cell(task.arm, task.demand).spec, design.definitions, design.config.run.engine)


def _alone(design: Design, tasks: Sequence[Task], parts: Parts) -> Iterator[Task]:
    for task in tasks:
        parts.keep(task.name, _attempt(task, _work(design, task)))
        yield task


def _together(design: Design, tasks: Sequence[Task], parts: Parts, workers: int) -> Iterator[Task]:
    import joblib

    # Workers that have grown are renewed between tasks, and nothing is lost: no news for the user.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
    # Each cell's system goes to disk once, and each worker reads it once, however many replications it has.
    shared = {task.key: _shared_name(task) for task in tasks}
    try:
        for task in {task.key: task for task in tasks}.values():
            parts.keep(shared[task.key], _work(design, task))
        jobs = [joblib.delayed(_run_and_keep)(task, shared[task.key], parts) for task in tasks]
        pool = joblib.Parallel(n_jobs=workers, backend="loky", return_as="generator_unordered", batch_size=1)
        with _interrupts_held():
            finished = pool(jobs)
        try:
            yield from finished
        except KeyboardInterrupt:
            _stop_workers()
            raise
    finally:
        parts.forget(iter(shared.values()))


def _run_and_keep(task: Task, shared: str, parts: Parts) -> Task:
    # Ctrl-C reaches every process of the terminal; only the parent acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parts.keep(task.name, _attempt(task, _read_once(parts.path(shared))))
    return task


def _attempt(task: Task, work: Work) -> TaskResult:
    """Run a task; an error says which it was."""
    try:
        return run_task(work, task.replication)
    except FlowsimError:
        raise
    except Exception as error:
        where = f"arm {task.arm}, demand {task.demand}, replication {task.replication}"
        raise RuntimeError(f"{where}: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=8)
def _read_once(path: Path) -> Work:
    import pickle

    with path.open("rb") as file:
        found: Work = pickle.load(file)
    return found


def _shared_name(task: Task) -> str:
    return f"{task.key[:24]}-shared-{os.getpid()}"


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while workers start: they inherit that, and so are never interrupted half awake."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    # Starting this helper lets interrupts through again, so it has to be there first.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop_workers() -> None:
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


def collect(design: Design, parts: Parts) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """Return every table with arm, demand and replication in front, rows in the design's order, and totals.

    A part that cannot be read, or that another run which shares it has taken away, is run again here.
    """
    rows: dict[str, list[pd.DataFrame]] = {name: [] for name in FRAMES}
    totals = {"task_seconds": 0.0, "engine_seconds": 0.0, "events": 0.0}
    for task in design.tasks:
        found = parts.result(task.name) or _attempt(task, _work(design, task))
        for name in FRAMES:
            frame = found.frames[name].reset_index(drop=True)
            frame.insert(0, "arm", task.arm)
            frame.insert(1, "demand", task.demand)
            frame.insert(2, "replication", task.replication)
            rows[name].append(frame)
        totals["task_seconds"] += found.seconds
        totals["engine_seconds"] += found.engine_seconds
        totals["events"] += found.events
    return {name: _joined(found) for name, found in rows.items()}, totals


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    # Empty tables would decide the types of the columns; they are kept only where there is nothing else.
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
