"""Hold the simulation against the reference cases: ``python -m tests.reference_cases.judge A01a C01a``.

With no names, every case is judged. Prints a line a metric: expected, got, its standard error, and
whether it passes. A case is run until every standard error is small enough, or ``--most`` times the
replications it begins with; what is still too rough then is told apart from what passes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat

from flowsim.engine import kernel, reference
from flowsim.system.spec import SystemSpec
from tests.reference_cases import blocking_cases, clock_cases, forecast_cases, published_cases, stations
from tests.reference_cases.acceptance import Case, Metric
from tests.reference_cases.readings import Log
from tests.reference_cases.traces import TRACES, Trace

GROUPS = (stations, clock_cases, forecast_cases, blocking_cases, published_cases)
CASES = {case.id: case for group in GROUPS for case in group.CASES}
ENGINES = {"reference": reference.run, "kernel": kernel.run}
"""Both tell the same story (``test_engines_agree``); the compiled one tells it sooner."""
MOST = 20
"""How many times as many replications as a case begins with are run at most."""


@dataclass(frozen=True)
class Verdict:
    """How one metric of a case came out."""

    case: str
    metric: Metric
    mean: float
    se: float
    replications: int

    @property
    def passes(self) -> bool:
        return self.metric.passes(self.mean, self.se)

    @property
    def is_precise(self) -> bool:
        return self.metric.is_precise(self.se)

    def __str__(self) -> str:
        name = self.metric.name + (f" [{self.metric.variant}]" if self.metric.variant else "")
        verdict = ("pass" if self.passes else "FAIL") + ("" if self.is_precise else " (rough)")
        off = (self.mean - self.metric.value) / self.se if self.se else 0.0
        return (
            f"{self.case:5} {name:75} {self.metric.value:13.7g} {self.mean:13.7g} {self.se:10.3g} {off:6.2f}  {verdict}"
        )


@dataclass(frozen=True)
class Conditions:
    """How a variant of a case is run: days of warm-up, days measured, and by which engine."""

    case: str
    variant: str
    warm_up: float
    length: float
    engine: str = "reference"

    def spec(self) -> SystemSpec:
        return CASES[self.case].spec(self.variant, self.warm_up, self.length)

    @property
    def metrics(self) -> list[Metric]:
        return CASES[self.case].of_variant(self.variant)

    def readings(self, spec: SystemSpec, replication: int) -> list[object]:
        """Return what each metric reads in one replication."""
        log = Log(spec, ENGINES[self.engine](spec, replication))
        return [metric.read(log) for metric in self.metrics]


def judge(conditions: Conditions, replications: int, most: int = 1, pool: Executor | None = None) -> list[Verdict]:
    """Return the verdicts on one variant of a case.

    Args:
        conditions: what is run, how long, by which engine.
        replications: how many to begin with.
        most: how many times as many may be run until the standard errors are small enough.
        pool: where to run them side by side.
    """
    spec, metrics = conditions.spec(), conditions.metrics
    rows: list[list[object]] = []
    wanted = replications
    while True:
        rows += _replications(conditions, spec, range(len(rows), wanted), pool)
        verdicts = [
            Verdict(conditions.case, metric, *metric.estimate([row[i] for row in rows]), len(rows))  # type: ignore[misc]
            for i, metric in enumerate(metrics)
        ]
        limit = most * replications
        short = max((v.metric.shortfall(v.se) for v in verdicts if not v.is_precise), default=0.0)
        if not short or len(rows) >= limit:
            return verdicts
        wanted = min(limit, max(len(rows) + replications // 2, int(len(rows) * min(short * 1.1, 4))))


def _replications(
    conditions: Conditions, spec: SystemSpec, numbers: Sequence[int], pool: Executor | None
) -> Iterator[list[object]]:
    if pool is None:
        return (conditions.readings(spec, n) for n in numbers)
    return pool.map(_job, repeat(conditions), numbers, chunksize=max(1, min(50, len(numbers) // 8)))


_specs: dict[Conditions, SystemSpec] = {}


def _job(conditions: Conditions, replication: int) -> list[object]:
    """Run one replication in another process, by name: readings are functions, which do not travel."""
    if conditions not in _specs:
        _specs.clear()
        _specs[conditions] = conditions.spec()
    return conditions.readings(_specs[conditions], replication)


def acceptance(
    case: Case, engine: str = "kernel", most: int = MOST, pool: Executor | None = None, scale: float = 1
) -> Iterator[Verdict]:
    """Yield the verdicts on every variant of a case, by the rule in full; ``scale`` shortens a first look.

    Where many short runs make a case, there are fewer of them; elsewhere each is shorter.
    """
    short = case.replications > 100
    length, replications = (1, scale) if short else (scale, 1)
    for variant in case.variants:
        conditions = Conditions(case.id, variant, case.warm_up, case.length * length, engine)
        yield from judge(conditions, round(case.replications * replications), most, pool)


def quick(case: Case, engine: str = "reference") -> Iterator[Verdict]:
    """Yield the verdicts of a short run: 4 standard errors, however large they are."""
    warm_up, length, replications = case.quick
    for variant in case.variants:
        yield from judge(Conditions(case.id, variant, warm_up, length, engine), replications)


def trace_lines(trace: Trace) -> Iterator[tuple[str, bool]]:
    log = trace.log()
    for name, (expected, read) in trace.facts.items():
        got = read(log)
        agrees = agree(expected, got)
        yield f"{trace.id:5} {name}: expected {expected}, got {got}  {'pass' if agrees else 'FAIL'}", agrees


def agree(expected: float | Sequence[float], got: float | Sequence[float]) -> bool:
    """Whether hand-worked values are met to 1e-9, element by element."""
    wanted, found = (list(v) if isinstance(v, Sequence) else [v] for v in (expected, got))
    return len(wanted) == len(found) and all(abs(a - b) <= 1e-9 for a, b in zip(wanted, found, strict=True))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="names of cases; all unless said")
    parser.add_argument("--engine", choices=list(ENGINES), help="kernel; for quick runs, reference")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--most", type=int, default=MOST, help="most replications, as a multiple of those begun with")
    parser.add_argument(
        "--scale", type=float, default=1, help="for a first look: 0.25 begins with a quarter of the runs"
    )
    parser.add_argument("--quick", action="store_true", help="the short runs of the ordinary tests")
    chosen = parser.parse_args(arguments)
    write = sys.stdout.write
    failed = 0
    pool = ProcessPoolExecutor(chosen.workers) if chosen.workers > 1 else None
    for name in chosen.cases or [*CASES, *dict.fromkeys(trace.id for trace in TRACES)]:
        began = time.perf_counter()
        if name in CASES:
            case = CASES[name]
            verdicts = (
                quick(case, chosen.engine or "reference")
                if chosen.quick
                else acceptance(case, chosen.engine or "kernel", chosen.most, pool, chosen.scale)
            )
            for verdict in verdicts:
                failed += not (verdict.passes and (chosen.quick or verdict.is_precise))
                write(f"{verdict}\n")
        else:
            for trace in (t for t in TRACES if t.id == name):
                for line, agrees in trace_lines(trace):
                    failed += not agrees
                    write(f"{line}\n")
        write(f"      {name}: {time.perf_counter() - began:.1f} s\n")
        sys.stdout.flush()
    write(f"{failed} not met\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
