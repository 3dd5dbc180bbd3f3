"""A calibration from end to end: waves of runs, what they rule out, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowsim.analyse.fit import fit_series, fit_values
from flowsim.calibrate.history import Kept, Wave, best, choose, everything, latin, learn, limit_for, narrow
from flowsim.calibrate.knobs import Dial, dials
from flowsim.calibrate.runs import Run, Runner, Setup, lasting, setup_for
from flowsim.calibrate.summary import kept_table, knob_table, target_table
from flowsim.calibrate.targets import Target, outputs, targets
from flowsim.config.load import Loaded
from flowsim.config.models import Calibration, Config, Record
from flowsim.errors import ConfigError, Problem
from flowsim.experiment.conduct import Stopped
from flowsim.experiment.progress import Progress
from flowsim.experiment.store import Parts
from flowsim.measure.recorded import require_records

Floats = npt.NDArray[np.float64]

TABLES = ("runs", "readings", "knobs", "kept", "waves", "targets", "fit", "series", "base_fit", "base_series")
"""Fields of CalibrationResult that are tables."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A calibration ready to run.

    Attributes:
        name: of the place.
        label: of the calibration.
        setup: what all runs share.
        targets: what judges them.
        records: all recorded series, by id.
        waves, runs: how many, and of how many runs each.
        base_runs: replications of the configuration as it stands, by which luck is measured.
        final_runs: replications at the calibrated values.
        seed: of the sampling of inputs.
    """

    name: str
    label: str
    setup: Setup
    targets: tuple[Target, ...]
    records: dict[str, Record]
    waves: int
    runs: int
    base_runs: int
    final_runs: int
    seed: int

    @property
    def dials(self) -> tuple[Dial, ...]:
        """The knobs."""
        return self.setup.dials

    @property
    def tasks(self) -> int:
        """How many runs there are in all."""
        turned = self.waves * self.runs + self.final_runs if self.waves else 0
        return self.base_runs + turned


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """What a calibration found.

    Attributes:
        plan: what was asked for.
        dials: the knobs.
        learnt: what each wave knows.
        best: the calibrated positions.
        shares: share of the whole range left after each wave.
        raised: by how much the limit had to be raised for anything to be left; 1 where it was not.
        runs: wave, run, replication, then a column a knob (positions) and ``worst`` (implausibility over its limit
            by all waves; NaN for runs of the configuration as it stands).
        readings: wave, run, record, key, value: what every run said.
        knobs, kept, waves, targets: see ``calibrate.summary``.
        fit, series: modelled against recorded at the calibrated values; ``base_fit``, ``base_series`` as configured.
    """

    plan: Plan
    dials: tuple[Dial, ...]
    learnt: tuple[Wave, ...]
    best: Floats
    shares: tuple[float, ...]
    raised: float
    runs: pd.DataFrame
    readings: pd.DataFrame
    knobs: pd.DataFrame
    kept: pd.DataFrame
    waves: pd.DataFrame
    targets: pd.DataFrame
    fit: pd.DataFrame
    series: pd.DataFrame
    base_fit: pd.DataFrame
    base_series: pd.DataFrame

    def save(self, folder: Path) -> None:
        """Write every table as Parquet."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            getattr(self, name).to_parquet(folder / f"{name}.parquet", index=False)


def plan(loaded: Loaded, waves: int, runs: int, base_runs: int | None = None, final_runs: int | None = None) -> Plan:
    """Return the calibration that a configuration asks for.

    Args:
        loaded: the configuration; its run's seed is kept, its dates are those of the records.
        waves: how many; 0 only compares the configuration as it stands with what was recorded.
        runs: in each wave.
        base_runs: replications of the configuration as it stands; an eighth of ``runs``, at least 4, unless said.
        final_runs: replications at the calibrated values; as many unless said.

    Raises:
        ConfigError: there is nothing to calibrate, or a record names what the place does not have.
    """
    config = loaded.config
    calibration = config.calibration or Calibration()
    _require(config, calibration, waves)
    months = sorted(month for r in config.record.values() if r.used_for == "fit" for month in r.months or {})
    raw: dict[str, Any] = dict(loaded.raw)
    if months:
        raw = lasting(raw, months[0], months[-1], calibration.warm_up.said)
    raw |= {"experiment": None, "calibration": None}
    setup = setup_for(
        raw, config.scenario, dials(calibration.knobs, loaded.raw), config.record, config.measure, config.run.engine
    )
    require_records(setup.spec(None), config.record, config.measure)
    _require_both_ends(setup)
    several = max(4, runs // 8)
    return Plan(
        name=config.place.id,
        label=calibration.label or config.place.label,
        setup=setup,
        targets=targets(calibration, config.record),
        records=dict(config.record),
        waves=waves,
        runs=runs,
        base_runs=several if base_runs is None else base_runs,
        final_runs=several if final_runs is None else final_runs,
        seed=config.run.seed,
    )


def _require(config: Config, calibration: Calibration, waves: int) -> None:
    problems = []
    if not config.record:
        problems.append(Problem("record", "nothing", "recorded series, as files in conf/record say them"))
    if waves and not calibration.knobs:
        problems.append(Problem("calibration.knobs", "nothing", "the inputs to vary"))
    if waves and not calibration.judged:
        problems.append(Problem("calibration.judged", "nothing", "the records that judge them"))
    if problems:
        raise ConfigError(problems)


def _require_both_ends(setup: Setup) -> None:
    """Refuse knobs that make a configuration that is none: all at their low and all at their high ends are tried.

    Where that fails each is tried by itself, the others at their base, to say which it is.
    """
    problems: list[Problem] = []
    for end, name in ((0.0, "low"), (1.0, "high")):
        together = _problems(setup, [end] * len(setup.dials))
        alone = [p for i in range(len(setup.dials)) for p in _blamed(setup, i, end, name)] if together else []
        every = [Problem("calibration.knobs", f"all at their {name} ends", _wanted(p)) for p in together]
        problems += alone or every
    if problems:
        raise ConfigError(problems)


def _problems(setup: Setup, positions: Sequence[float]) -> Sequence[Problem]:
    try:
        setup.spec(positions)
    except ConfigError as error:
        return error.problems
    return ()


def _blamed(setup: Setup, number: int, end: float, name: str) -> list[Problem]:
    dial = setup.dials[number]
    positions = [end if i == number else other.base for i, other in enumerate(setup.dials)]
    key = f"calibration.knobs.{dial.id}.{name}"
    return [Problem(key, dial.said(end), _wanted(p)) for p in _problems(setup, positions)]


def _wanted(problem: Problem) -> str:
    return f"a value with which {problem.key} is {problem.wanted} (there {problem.said})"


def part_names(result: CalibrationResult) -> list[str]:
    """Return the names under which a calibration's finished runs are kept."""
    key, dials = result.plan.setup.key, [dial.id for dial in result.dials]
    return [
        Run(0, 0, int(row["replication"]), _tuple_or_none([row[name] for name in dials], int(row["wave"]))).name(key)
        for row in result.runs.to_dict("records")
    ]


def _tuple_or_none(point: Sequence[float], wave: int) -> tuple[float, ...] | None:
    return tuple(float(p) for p in point) if wave else None


def conduct(planned: Plan, parts: Parts, workers: int = 0, stream: TextIO | None = None) -> CalibrationResult:
    """Run a calibration, or what is left of it.

    Finished runs stay in ``parts``: forget them when the result is in its folder.

    Raises:
        Stopped: the user pressed Ctrl-C.
    """
    work = _Work(planned, parts)
    try:
        with (
            Progress(planned.tasks, float(planned.tasks), stream) as progress,
            Runner(parts, workers, progress) as runner,
        ):
            return work.all(runner)
    except KeyboardInterrupt as error:
        raise Stopped(len(work.names()), planned.tasks, parts.folder) from error


class _Work:
    """The state of a calibration under way."""

    def __init__(self, planned: Plan, parts: Parts) -> None:
        self.plan = planned
        self.parts = parts
        self.runs: list[Run] = []
        self.found: list[pd.DataFrame] = []
        self.waves: list[Wave] = []
        self.shares: list[float] = []
        self.base = np.array([dial.base for dial in planned.dials])

    def names(self) -> list[str]:
        """Return the names of the runs that are finished."""
        key = self.plan.setup.key
        return [run.name(key) for run in self.runs if self.parts.has(run.name(key))]

    def all(self, runner: Runner) -> CalibrationResult:
        """Run base, waves and final runs."""
        p = self.plan
        base = self._run([Run(0, i, i, None) for i in range(p.base_runs)], runner)
        kept = everything(len(p.dials), p.seed)
        chosen = latin(p.runs, len(p.dials), p.seed) if p.dials else np.zeros((p.runs, 0))
        for wave in range(1, p.waves + 1):
            first = p.base_runs + (wave - 1) * p.runs
            self._run([Run(wave, i, first + i, _tuple(point)) for i, point in enumerate(chosen)], runner)
            self.waves.append(self._learn())
            kept = narrow(kept, self.waves, p.seed + 1000 * wave)
            self.shares.append(kept.share)
            runner.progress.say(_said(wave, kept))
            chosen = choose(kept, p.runs, p.seed + 1000 * wave + 500)
        point = best(kept, self.waves, self.base)
        final = base
        if p.waves:
            number = p.waves + 1
            last = [Run(number, i, i, _tuple(point)) for i in range(p.final_runs)]
            final = self._run(last, runner)
        return self._result(kept, point, base, final)

    def _run(self, runs: Sequence[Run], runner: Runner) -> list[pd.DataFrame]:
        self.runs += runs
        found = runner.run(self.plan.setup, runs)
        self.found += found
        return found

    def _learn(self) -> Wave:
        """Return what all runs within what earlier waves left tell."""
        turned = [(run, found) for run, found in zip(self.runs, self.found, strict=True) if run.positions is not None]
        points = np.array([run.positions for run, _ in turned])
        values = np.array([outputs(found, self.plan.targets) for _, found in turned])
        inside = np.ones(len(points), dtype=bool)
        for wave in self.waves:
            inside &= wave.worst(points) <= 1.5
        # An emulator of many inputs wants many runs: those just outside are kept too where few are inside.
        rows = inside if inside.sum() >= self.plan.runs else np.ones_like(inside)
        return learn(points[rows], values[rows], self.plan.targets)

    def _luck(self) -> Floats:
        """Return the standard deviation of each output over replications of the configuration as it stands."""
        values = [
            outputs(found, self.plan.targets)
            for run, found in zip(self.runs, self.found, strict=True)
            if run.positions is None
        ]
        return np.std(values, axis=0, ddof=1) if len(values) > 1 else np.full(len(self.plan.targets), np.nan)

    def _result(
        self, kept: Kept, point: Floats, base: list[pd.DataFrame], final: list[pd.DataFrame]
    ) -> CalibrationResult:
        p = self.plan
        fit, base_fit = (fit_values(pd.concat(found, ignore_index=True), p.records) for found in (final, base))
        last = self.waves[-1] if self.waves else None
        return CalibrationResult(
            plan=p,
            dials=p.dials,
            learnt=tuple(self.waves),
            best=point,
            shares=tuple(self.shares),
            raised=kept.raised,
            runs=self._runs_table(),
            readings=self._readings_table(),
            knobs=knob_table(p.dials, kept, point),
            kept=kept_table(p.dials, kept),
            waves=self._waves_table(kept),
            targets=target_table(p.targets, last, self._luck(), kept, point, self.base),
            fit=fit,
            series=fit_series(fit, p.records),
            base_fit=base_fit,
            base_series=fit_series(base_fit, p.records),
        )

    def _runs_table(self) -> pd.DataFrame:
        nowhere = (float("nan"),) * len(self.plan.dials)
        points = np.array([run.positions or nowhere for run in self.runs]).reshape(len(self.runs), -1)
        worst = np.full(len(self.runs), np.nan)
        turned = np.flatnonzero([run.positions is not None for run in self.runs])
        if self.waves and len(turned):
            worst[turned] = np.max([wave.worst(points[turned]) for wave in self.waves], axis=0)
        columns = {dial.id: points[:, i] for i, dial in enumerate(self.plan.dials)}
        about = {name: [getattr(run, name) for run in self.runs] for name in ("wave", "number", "replication")}
        return pd.DataFrame({**about, **columns, "worst": worst}).rename(columns={"number": "run"})

    def _readings_table(self) -> pd.DataFrame:
        tables = [t.assign(wave=run.wave, run=run.number) for run, t in zip(self.runs, self.found, strict=True)]
        return pd.concat(tables, ignore_index=True)[["wave", "run", "record", "key", "value"]]

    def _waves_table(self, kept: Kept) -> pd.DataFrame:
        limit = limit_for(len(self.plan.targets))
        numbers = range(1, len(self.shares) + 1)
        return pd.DataFrame(
            {
                "wave": list(numbers),
                "runs": [self.plan.runs for _ in numbers],
                "limit": [limit for _ in numbers],
                "left": list(self.shares),
                "raised": [kept.raised if n == len(self.shares) else 1.0 for n in numbers],
            }
        )


def _tuple(point: Floats) -> tuple[float, ...]:
    return tuple(float(p) for p in point)


def _said(wave: int, kept: Kept) -> str:
    said = f"Wave {wave}: {kept.share:.2g} of the range of inputs is not ruled out."
    if kept.raised > 1:
        said += f" No inputs meet every record: the limit was raised {kept.raised:.2f} times to keep the nearest."
    return said
