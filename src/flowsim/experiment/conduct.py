"""From a design to an ExperimentResult: run, collect, compare, and say how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from flowsim.analyse.compare import compare
from flowsim.experiment.assumptions import assumptions
from flowsim.experiment.changes import changes
from flowsim.experiment.design import Cell, Design
from flowsim.experiment.loads import flow_map, offered
from flowsim.experiment.manifest import manifest
from flowsim.experiment.pool import available_cores
from flowsim.experiment.progress import Progress
from flowsim.experiment.result import ExperimentResult
from flowsim.experiment.runner import collect, compile_all, run_tasks
from flowsim.experiment.store import Parts
from flowsim.system.network import network

if TYPE_CHECKING:
    import pandas as pd


class Stopped(KeyboardInterrupt):
    """Ctrl-C while tasks ran; what had finished is kept.

    Attributes:
        done, tasks: how many replications are kept, of how many.
        folder: where.
    """

    def __init__(self, done: int, tasks: int, folder: Path) -> None:
        super().__init__()
        self.done = done
        self.tasks = tasks
        self.folder = folder


def conduct(
    design: Design, parts: Parts, command: Sequence[str], workers: int = 0, stream: TextIO | None = None
) -> ExperimentResult:
    """Run a design, or what is left of it, and return all that a report needs.

    The finished tasks stay in ``parts``: forget them (``parts.forget``) when the result is in its folder.

    Args:
        design: what to run.
        parts: where finished tasks are kept.
        command: what was typed, for the record.
        workers: processes; 0 for one a core.
        stream: where to show progress; None for nowhere.

    Raises:
        Stopped: the user pressed Ctrl-C.
    """
    began = datetime.now(UTC)
    try:
        with Progress(len(design.tasks), sum(task.work for task in design.tasks), stream) as progress:
            compile_all(design, progress.say)
            run_tasks(design, parts, workers, progress)
            base = _baseline(design)
            implied = network(base.spec)
            loads = offered(design.cells, workers, implied if base is design.cells[0] else None)
        tables, totals = collect(design, parts)
    except KeyboardInterrupt as error:
        done = sum(parts.has(task.name) for task in design.tasks)
        raise Stopped(done, len(design.tasks), parts.folder) from error
    made = manifest(design, command, workers or available_cores(), began, totals)
    nodes, edges = flow_map(implied)
    return ExperimentResult(
        name=design.name,
        title=design.title,
        question=design.question,
        config=design.raw,
        manifest=made,
        arms=design.arms,
        levels=design.levels,
        against=design.against,
        watches=design.watches,
        decide_by=design.decide_by,
        comparison=_comparison(design, tables["measures"]),
        nodes=nodes,
        edges=edges,
        offered=loads,
        assumptions=assumptions(base.staged.config),
        changes=changes(design),
        **tables,
    )


def _baseline(design: Design) -> Cell:
    return next(cell for cell in design.cells if cell.arm == design.against)


def _comparison(design: Design, measures: pd.DataFrame) -> pd.DataFrame:
    better = {name: str(said.better) for name, said in design.definitions.items()}
    return compare(measures, against=design.against, better=better)
