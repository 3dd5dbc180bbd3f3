"""What an experiment runs: arms by demand levels by replications, each system built and checked once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsim.config.checks.registry import Given
from flowsim.config.compose import conf_dir
from flowsim.config.scenarios import stage
from flowsim.errors import ConfigError, Problem
from flowsim.experiment.pool import each
from flowsim.experiment.result import Arm, Level
from flowsim.experiment.tasks import Task
from flowsim.system.build import build
from flowsim.system.curves import mean_between
from flowsim.system.pieces import Pieces

if TYPE_CHECKING:
    from flowsim.config.load import Loaded
    from flowsim.config.models import Config, Experiment, MeasureDef, Record
    from flowsim.config.scenarios import Staged
    from flowsim.system.spec import SystemSpec

AS_GIVEN = "baseline"
"""Id of the demand level of a run that names none."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One arm at one demand level: what every replication of it shares.

    Attributes:
        key: hash of everything that decides its results but the replication: the system, the measures,
            the records it is held against, the engine and the program. Two runs with one key may share finished tasks.
        work: expected patients of one replication, by which the pool takes the longest first.
        records: that the model is held against, by id; none where it runs over other months.
    """

    arm: str
    demand: str
    staged: Staged
    spec: SystemSpec
    key: str
    work: float
    records: Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Design:
    """An experiment ready to run.

    Attributes:
        raw: the configuration as composed, before any arm's changes.
        cells: in the order arms, then levels.
        digest: hash of all the cells' keys and the number of replications.
    """

    name: str
    title: str
    question: str
    raw: Mapping[str, Any]
    config: Config
    arms: tuple[Arm, ...]
    levels: tuple[Level, ...]
    against: str
    watches: tuple[str, ...]
    decide_by: str | None
    cells: tuple[Cell, ...]
    replications: int
    digest: str

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every task, in the order in which results are kept: arm, level, replication (from 0)."""
        return tuple(
            Task(cell.arm, cell.demand, replication, cell.key, cell.work)
            for cell in self.cells
            for replication in range(self.replications)
        )

    @property
    def definitions(self) -> Mapping[str, MeasureDef]:
        """Measures to take, by id."""
        return self.config.measure

    def cell(self, arm: str, demand: str) -> Cell:
        """Return the cell of an arm and a level."""
        return next(cell for cell in self.cells if (cell.arm, cell.demand) == (arm, demand))


def design_experiment(loaded: Loaded, workers: int = 1) -> Design:
    """Return the configuration's experiment, every arm at every demand level staged and built.

    A ``scenario`` of the configuration holds in every arm, before the arm's own.

    Args:
        loaded: the configuration.
        workers: processes that may help where there is much to build; 0 for one a core.

    Raises:
        ConfigError: with the problems of all arms and levels together.
    """
    config = loaded.config
    experiment = config.experiment
    if experiment is None:
        wanted = "an experiment, e.g. experiment=winter_2026; flowsim run takes a single configuration"
        raise ConfigError([Problem("experiment", "nothing", wanted)])
    levels = _kept(experiment.demand, config)
    arms = tuple(_arm(name, (*config.scenario, *stack), experiment, config) for name, stack in experiment.arms.items())
    if experiment.against not in experiment.arms:
        wanted = f"one of the arms: {', '.join(experiment.arms)}"
        raise ConfigError([Problem("experiment.against", experiment.against, wanted)])
    cells = _cells(arms, levels, loaded, workers)
    return Design(
        name=_experiment_name(experiment),
        title=experiment.label or experiment.question,
        question=experiment.question,
        raw=loaded.raw,
        config=config,
        arms=arms,
        levels=levels,
        against=experiment.against,
        watches=tuple(experiment.watches),
        decide_by=experiment.decide_by,
        cells=cells,
        replications=config.run.replications,
        digest=_digest(cells, config.run.replications),
    )


def design_run(loaded: Loaded) -> Design:
    """Return the configuration as it stands, scenario stack and all, as an experiment of one arm.

    It runs at ``run.demand`` where that is said, else at the baseline.

    Raises:
        ConfigError: with all problems.
    """
    config = loaded.config
    stack = tuple(config.scenario)
    label = " + ".join(_title(name, config) for name in stack) or "As given"
    arm = Arm("_".join(stack) or "as_given", label, "", stack)
    levels = _kept(config.run.demand or [AS_GIVEN], config)
    watches = config.experiment.watches if config.experiment else config.measure
    cells = _cells((arm,), levels, loaded)
    return Design(
        name=config.place.id,
        title=config.place.label,
        question="",
        raw=loaded.raw,
        config=config,
        arms=(arm,),
        levels=levels,
        against=arm.id,
        watches=tuple(watches),
        decide_by=None,
        cells=cells,
        replications=config.run.replications,
        digest=_digest(cells, config.run.replications),
    )


def _kept(named: Sequence[str], config: Config) -> tuple[Level, ...]:
    """Return the demand levels to run: those named, or of them those that ``run.demand`` keeps."""
    keep = config.run.demand
    unknown = [name for name in (*named, *(keep or ())) if name not in config.demand and name != AS_GIVEN]
    if unknown:
        wanted = f"levels of demand: {', '.join(config.demand) or 'none is declared'}"
        raise ConfigError([Problem("run.demand" if keep else "experiment.demand", ", ".join(unknown), wanted)])
    names = [name for name in named if keep is None or name in keep]
    if not names:
        raise ConfigError([Problem("run.demand", ", ".join(keep or ()) or "none", f"some of: {', '.join(named)}")])
    return tuple(_level(name, config) for name in names)


def _level(name: str, config: Config) -> Level:
    said = config.demand.get(name)
    return Level(name, said.label, said.why) if said else Level(name, "Demand as given", "")


def _arm(name: str, stack: tuple[str, ...], experiment: Experiment, config: Config) -> Arm:
    own = experiment.arms[name]
    label = experiment.arm_labels.get(name) or (_title(own[0], config) if len(own) == 1 else _spoken(name))
    reasons = [_why(part, config) for part in own]
    return Arm(name, label, " ".join(reason for reason in reasons if reason), tuple(dict.fromkeys(stack)))


def _title(name: str, config: Config) -> str:
    known = config.scenario_book.get(name) or config.intervention.get(name)
    return known.label if known else _spoken(name)


def _why(name: str, config: Config) -> str:
    known = config.scenario_book.get(name) or config.intervention.get(name)
    return known.why if known else ""


def _spoken(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _experiment_name(experiment: Experiment) -> str:
    """Return the name of the file of conf/experiment that asks the question; else words of the label."""
    import yaml

    for path in sorted((conf_dir() / "experiment").glob("*.yaml")):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(said, dict) and said.get("question") == experiment.question:
            return path.stem
    words = "".join(c if c.isalnum() else " " for c in (experiment.label or experiment.question).lower()).split()
    return "_".join(words)[:60] or "experiment"


def _cells(arms: Sequence[Arm], levels: Sequence[Level], loaded: Loaded, workers: int = 1) -> tuple[Cell, ...]:
    """Stage and build every arm at every level; problems of all of them are reported together, each once."""
    measures = _canonical({name: said.model_dump(mode="json") for name, said in loaded.config.measure.items()})
    wanted = [(arm, level.id) for arm in arms for level in levels]
    found = each(partial(_cell, Given(loaded.base, loaded.raw), Pieces(), measures), wanted, workers)
    problems = dict.fromkeys(problem for cell in found if not isinstance(cell, Cell) for problem in cell)
    if problems:
        raise ConfigError(list(problems))
    return tuple(cell for cell in found if isinstance(cell, Cell))


def _cell(given: Given, pieces: Pieces, measures: str, wanted: tuple[Arm, str]) -> Cell | list[Problem]:
    """Stage and build an arm at a level; return the problems where it cannot be done."""
    from flowsim.measure.recorded import covered

    arm, level = wanted
    base = given.config
    try:
        staged = stage(given.raw, arm.stack, level if level in base.demand else None, given)
        spec = build(staged, pieces)
    except ConfigError as error:
        return list(error.problems)
    records = covered(spec, base.record)
    said = _canonical({name: record.model_dump(mode="json") for name, record in records.items()})
    key = _key(spec, pieces, measures + said, base.run.engine)
    return Cell(arm.id, level, staged, spec, key, _work(spec), records)


def _key(spec: SystemSpec, pieces: Pieces, read_off: str, engine: str) -> str:
    # The spec is all an engine reads, so workers, labels of the run and other arms cannot change the key.
    parts = [pieces.told(part) for part in (*spec.services, *spec.streams)]
    rest = repr(replace(spec, digest="", services=(), streams=()))
    text = "\n".join((rest, *parts, read_off, engine, program_digest()))
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(cells: Sequence[Cell], replications: int) -> str:
    text = _canonical([[(cell.arm, cell.demand, cell.key) for cell in cells], replications])
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)


@cache
def program_digest() -> str:
    """Return a hash of the program's own source, reports and command line aside.

    A version number alone would let a changed program take up another's half-finished work.
    """
    import flowsim

    root = Path(flowsim.__file__).parent
    found = hashlib.sha256(flowsim.__version__.encode())
    for path in sorted(root.rglob("*.py")):
        room = path.relative_to(root).parts[0]
        if room not in ("report", "conf", "cli.py", "__main__.py"):
            found.update(path.relative_to(root).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def _work(spec: SystemSpec) -> float:
    """Return how many patients one replication should see."""
    total = 1.0
    for stream in spec.streams:
        total += mean_between(stream.rate, 0, spec.end) * spec.clock.minutes(spec.end) + len(stream.listed)
    return total
