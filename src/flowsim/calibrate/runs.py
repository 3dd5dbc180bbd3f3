"""Runs of the model at chosen inputs, several at a time, each kept as it ends so that work can be taken up again."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pandas as pd

from flowsim.calibrate.knobs import Dial, turn_all
from flowsim.config.scenarios import stage
from flowsim.experiment.design import program_digest
from flowsim.experiment.pool import available_cores
from flowsim.experiment.store import Parts
from flowsim.experiment.tasks import ENGINES
from flowsim.interrupts import heed
from flowsim.measure.recorded import definitions_for, readings
from flowsim.system.build import build

if TYPE_CHECKING:
    from flowsim.config.models import MeasureDef, Record
    from flowsim.experiment.progress import Progress
    from flowsim.system.spec import SystemSpec


@dataclass(frozen=True, slots=True)
class Setup:
    """What all runs share.

    Attributes:
        raw: the configuration as composed, its run lasting as long as is wanted.
        stack: interventions and scenarios in force.
        dials: the knobs.
        records: series to read off.
        measures: the definitions that records speak of.
        engine: kernel or reference.
    """

    raw: Mapping[str, Any]
    stack: tuple[str, ...]
    dials: tuple[Dial, ...]
    records: Mapping[str, Record]
    measures: Mapping[str, MeasureDef]
    engine: str

    @property
    def key(self) -> str:
        """Hash of all that decides what a run gives, but its inputs and its replication."""
        records = {name: record.model_dump(mode="json") for name, record in self.records.items()}
        measures = {name: measure.model_dump(mode="json") for name, measure in self.measures.items()}
        text = json.dumps([stage(self.raw, self.stack).digest, records, measures, self.engine], sort_keys=True)
        dials = repr([(d.keys, d.moves, d.low, d.high) for d in self.dials])
        return hashlib.sha256("\n".join((text, dials, program_digest())).encode()).hexdigest()

    def spec(self, positions: Sequence[float] | None) -> SystemSpec:
        """Return the system with the knobs at some positions; as configured for None."""
        raw = self.raw if positions is None else turn_all(self.raw, self.dials, positions)
        return build(stage(raw, self.stack))


@dataclass(frozen=True, slots=True)
class Run:
    """One replication at some inputs.

    Attributes:
        wave: from 1; 0 for runs of the configuration as it stands.
        number: of the run within the wave.
        replication: whose luck it has.
        positions: of the knobs; None for the configuration as it stands.
    """

    wave: int
    number: int
    replication: int
    positions: tuple[float, ...] | None

    def name(self, key: str) -> str:
        """Return the file name of what it finds."""
        where = repr(self.positions and tuple(round(p, 12) for p in self.positions))
        digest = hashlib.sha256(f"{key} {where}".encode()).hexdigest()
        return f"{digest[:24]}-{self.replication:05d}"


def run_one(setup: Setup, run: Run) -> pd.DataFrame:
    """Run the model once and return its readings: record, key, value."""
    from flowsim.demand import arrivals

    spec = setup.spec(run.positions)
    trajectory = ENGINES[setup.engine]()(spec, run.replication, arrivals(spec, run.replication))
    return readings(spec, trajectory, setup.records, setup.measures)


class Runner:
    """Runs of one or several setups, by processes that stay for all of them; use it as a context.

    Args:
        parts: where finished runs are kept.
        workers: processes; 0 for one a core. With 1 everything runs in this process.
        progress: told of every run.
    """

    def __init__(self, parts: Parts, workers: int, progress: Progress) -> None:
        self.parts = parts
        self.workers = workers or available_cores()
        self.progress = progress
        self._pool: ProcessPoolExecutor | None = None
        self._shared: list[str] = []

    def __enter__(self) -> Runner:
        self.parts.make()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self.parts.forget(iter(self._shared))

    def run(self, setup: Setup, runs: Sequence[Run]) -> list[pd.DataFrame]:
        """Return the readings of every run, in order; those found finished are not run again.

        Raises:
            KeyboardInterrupt: what had finished is kept.
        """
        key = setup.key
        waiting = [run for run in runs if not self.parts.has(run.name(key))]
        if len(waiting) < len(runs):
            self.progress.found(len(runs) - len(waiting), float(len(runs) - len(waiting)))
        if waiting and setup.engine == "kernel":
            # Compiled here and kept on disk, so that the workers only load it.
            from flowsim.engine.kernel import prepare

            prepare(self.progress.say)
        for _ in self._alone(setup, waiting, key) if self.workers == 1 else self._together(setup, waiting, key):
            self.progress.advance(1.0)
        heed()
        return [self._taken(setup, run, key) for run in runs]

    def _taken(self, setup: Setup, run: Run, key: str) -> pd.DataFrame:
        try:
            found: pd.DataFrame = self.parts.take(run.name(key))
        except Exception:  # half a file, or another's: cheaper to run again than to ask why
            return run_one(setup, run)
        return found

    def _alone(self, setup: Setup, runs: Sequence[Run], key: str) -> Iterator[Run]:
        for run in runs:
            heed()
            self.parts.keep(run.name(key), run_one(setup, run))
            yield run

    def _together(self, setup: Setup, runs: Sequence[Run], key: str) -> Iterator[Run]:
        if not runs:
            return
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_ignore_interrupts)
        shared = f"{key[:24]}-setup-{os.getpid()}"
        self.parts.keep(shared, setup)
        self._shared.append(shared)
        left = list(reversed(runs))
        under_way: dict[Future[None], Run] = {}
        while left or under_way:
            # No more than can soon be done is handed over, so that stopping does not wait for the rest.
            while left and len(under_way) < 2 * self.workers:
                run = left.pop()
                under_way[self._pool.submit(_run_and_keep, shared, run, self.parts, key)] = run
            heed()
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                future.result()
                yield under_way.pop(future)


def _ignore_interrupts() -> None:
    # Ctrl-C reaches every process of the terminal; only the parent acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_and_keep(shared: str, run: Run, parts: Parts, key: str) -> None:
    parts.keep(run.name(key), run_one(_setup(shared, parts), run))


def _setup(shared: str, parts: Parts) -> Setup:
    if shared not in _SETUPS:
        _SETUPS[shared] = parts.take(shared)
    return _SETUPS[shared]


_SETUPS: dict[str, Setup] = {}
"""Read once a worker, however many runs it has."""


def setup_for(
    raw: Mapping[str, Any],
    stack: Sequence[str],
    dials: tuple[Dial, ...],
    records: Mapping[str, Record],
    measures: Mapping[str, MeasureDef],
    engine: str,
) -> Setup:
    """Return a setup with only the measures that the records need."""
    return Setup(raw, tuple(stack), dials, dict(records), definitions_for(records, measures), engine)


def lasting(raw: Mapping[str, Any], first: str, last: str, warm_up: str) -> dict[str, Any]:
    """Return a raw configuration whose run measures whole months.

    Args:
        raw: as composed.
        first: month, ``2016-04``.
        last: month, the same one or later.
        warm_up: before the first, as YAML writes it.
    """
    from datetime import date

    starts = date(int(first[:4]), int(first[5:]), 1)
    years, month = divmod(int(last[5:]), 12)
    ends = date(int(last[:4]) + years, month + 1, 1)
    run = {**(raw.get("run") or {}), "starts": starts.isoformat(), "warm_up": warm_up}
    run["duration"] = f"{(ends - starts).days} d"
    return {**raw, "run": run}
