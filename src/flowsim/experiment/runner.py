"""One flat pool of (arm, demand level, replication), longest first; results do not depend on the workers."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from flowsim.experiment.design import Design
from flowsim.experiment.pool import available_cores, in_threads, in_workers, wake
from flowsim.experiment.store import Parts
from flowsim.experiment.tasks import FRAMES, Job, Shared, Task, Work, attempt, get_ready, run_and_keep, tables_of
from flowsim.interrupts import heed

if TYPE_CHECKING:
    import pandas as pd

    from flowsim.config.models import RunSettings
    from flowsim.experiment.progress import Progress
    from flowsim.measure.tidy import Tidy

GROUPS_A_WORKER = 20


def compile_the_rest(design: Design) -> None:
    """Have arrivals and measures compiled, for the workers to load, by measuring a run in which nothing happens."""
    from flowsim.demand import arrivals
    from flowsim.measure.frames import nothing_happened

    spec = design.cells[0].spec
    tables_of(works_of(design)[design.tasks[0].key], nothing_happened(spec), arrivals(spec, 0))


def compile_measures() -> None:
    """Have compiled what measures need in any place, as ``compile_the_rest`` does, by those of a small one."""
    from flowsim.config.load import load
    from flowsim.experiment.design import design_run

    compile_the_rest(design_run(load(["place=toy"])))


_PROGRAMS = (
    "from flowsim.engine.kernel import prepare; prepare(str)",
    "from flowsim.experiment.runner import compile_measures; compile_measures()",
)
_compiling: list[subprocess.Popen[bytes]] = []
"""Processes that compile, and that nobody has waited for."""


def start_compiling(run: RunSettings) -> None:
    """Start compiling engine and measures, each in a process of its own, where that is to be done on this machine."""
    if run.engine != "kernel" or _compiling:
        return
    from flowsim.draws.cache import is_compiled

    if not is_compiled():
        for program in _PROGRAMS:
            command = [sys.executable, "-c", program]
            _compiling.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def compile_all(design: Design, say: Callable[[str], None]) -> None:
    """Have all compiled that tasks need, where that is to be done or has been started, and say so.

    Should a process fail that compiles, ``run_tasks`` compiles, and says why it cannot.
    """
    start_compiling(design.config.run)
    if _compiling:
        say("Compiling the engine for this machine: under a minute, once.")
        while _compiling:
            _compiling.pop().wait()
        compile_the_rest(design)


def wake_workers(run: RunSettings, tasks: int, workers: int) -> None:
    """Start the workers of a study in the background: they load what they need while it is being designed.

    Where that is still to be compiled, compiling starts instead.

    Args:
        run: how it will be run.
        tasks: about how many there will be.
        workers: as ``run_tasks`` will be told.
    """
    from flowsim.draws.cache import is_compiled

    count = min(workers or available_cores(), tasks)
    if run.engine == "kernel" and not is_compiled():
        start_compiling(run)
    elif count > 1 and run.pool != "threads":
        wake(get_ready, run.engine, count)


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
    # Arms that come to the same system share their tasks.
    alike = Counter(task.name for task in design.tasks)
    waiting = list({task.name: task for task in design.tasks if not parts.has(task.name)}.values())
    count = min(workers or available_cores(), max(1, len(waiting)))
    groups, works = _groups(waiting, count), works_of(design)
    parts.make()
    if waiting and design.config.run.engine == "kernel":
        _compile_once(progress.say)
    if count == 1:
        finished = _alone(works, groups, parts)
    elif design.config.run.pool == "threads":
        finished = _in_threads(works, groups, parts, count)
    else:
        finished = _together(works, groups, parts, count, design.digest)
    for task in finished:
        for _ in range(alike[task.name]):
            progress.advance(task.work)
    heed()


def _compile_once(say: Callable[[str], None]) -> None:
    """Have the engine compiled, where it has not been, and kept on disk: whoever runs it then only loads it."""
    from flowsim.draws.cache import is_compiled

    if not is_compiled():
        from flowsim.engine.kernel import prepare

        prepare(say)


def works_of(design: Design) -> dict[str, Work]:
    """Return what the replications of each cell share, by the cell's key."""
    from flowsim.measure.definitions import plain_definition, plain_record

    engine = design.config.run.engine
    definitions = {name: plain_definition(said) for name, said in design.definitions.items()}
    return {
        cell.key: Work(cell.spec, definitions, engine, {name: plain_record(r) for name, r in cell.records.items()})
        for cell in design.cells
    }


def shared_of(works: Mapping[str, Work]) -> Shared:
    """Return what the workers of a study are to share."""
    from flowsim.measure.audit_durations import curves_of

    return Shared(works, curves_of(work.spec for work in works.values()))


def _groups(tasks: Sequence[Task], workers: int) -> list[tuple[Task, ...]]:
    """Return tasks in groups for one worker each, those with most work first.

    Arms at one demand level and replication mostly have the same patients, who are then drawn once. Groups are so
    small that every worker has many, and the last are single tasks, so that all end together.
    """
    most = max(1, len(tasks) // (GROUPS_A_WORKER * workers))
    cells: dict[tuple[str, int], list[Task]] = {}
    for task in sorted(tasks, key=lambda task: -task.work):
        cells.setdefault((task.demand, task.replication), []).append(task)
    groups = [
        tuple(together[first : first + most]) for together in cells.values() for first in range(0, len(together), most)
    ]
    groups.sort(key=lambda group: -group[0].work)
    last = max(0, len(groups) - 2 * workers) if workers > 1 else len(groups)
    return groups[:last] + [(task,) for group in groups[last:] for task in group]


def _alone(works: Mapping[str, Work], groups: Sequence[tuple[Task, ...]], parts: Parts) -> Iterator[Task]:
    for task in itertools.chain.from_iterable(groups):
        heed()
        parts.keep(task.name, attempt(task, works[task.key]))
        yield task


def _in_threads(
    works: Mapping[str, Work], groups: Sequence[tuple[Task, ...]], parts: Parts, workers: int
) -> Iterator[Task]:
    def run(group: tuple[Task, ...]) -> tuple[Task, ...]:
        for task in group:
            parts.keep(task.name, attempt(task, works[task.key]))
        return group

    for group in in_threads(run, groups, workers):
        yield from group


def _together(
    works: Mapping[str, Work], groups: Sequence[tuple[Task, ...]], parts: Parts, workers: int, digest: str
) -> Iterator[Task]:
    # All cells go to disk in one file, which each worker reads once: what their systems share is there once.
    shared = f"{digest[:24]}-shared-{os.getpid()}"
    try:
        parts.keep(shared, shared_of(works))
        for group in in_workers(run_and_keep, [Job(group, shared, parts) for group in groups], workers):
            yield from group
    finally:
        parts.forget(iter([shared]))


def collect(design: Design, parts: Parts) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """Return every table with arm, demand and replication in front, rows in the design's order, and totals.

    A part that cannot be read, or that another run which shares it has taken away, is run again here.
    """
    from flowsim.measure.tidy import stacked

    rows: dict[str, list[Tidy]] = {name: [] for name in FRAMES}
    totals = {"task_seconds": 0.0, "engine_seconds": 0.0, "events": 0.0}
    for task in design.tasks:
        found = parts.result(task.name) or attempt(task, works_of(design)[task.key])
        for name in FRAMES:
            rows[name].append(found.tables[name])
        totals["task_seconds"] += found.seconds
        totals["engine_seconds"] += found.engine_seconds
        totals["events"] += found.events
    keys = {name: [getattr(task, name) for task in design.tasks] for name in ("arm", "demand", "replication")}
    return {name: stacked(found, keys, is_long=name == "weekly") for name, found in rows.items()}, totals
