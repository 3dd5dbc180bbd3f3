"""The acceptance rule: what a case is, how a metric is estimated over replications, when it passes.

A metric passes when |mean - value| <= max(4 sqrt(SE^2 + (half95 / 1.96)^2), rel * |value|, floor), half95
being 0 for an exact value; SE is to be at most 2 % of the value or half the floor first. A value of 0 with
no floor must be met exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from flowsim.system.spec import SystemSpec
from tests.build import spec_of
from tests.reference_cases.readings import Log

NETWORKS = Path(__file__).parent / "networks"
GROUPS, GROUP = 30, 50
"""A variance or percentile over runs is taken in so many groups, each of so many runs at least."""

Values = npt.NDArray[np.float64]
Read = Callable[[Log], "float | Values"]


@dataclass(frozen=True)
class Metric:
    """Something with a known value.

    Attributes:
        name: what is measured.
        value: the exact value.
        read: takes it from one replication.
        rel, floor: tolerances beside 4 SE.
        half95: half-width of the value's own 95 % interval, where it was simulated elsewhere; 0 where exact.
        aim: the largest standard error to judge by, as a share of the value.
        grouped: turns the readings of a group of runs into one; the groups then count as replications.
        pooled: turns the mean reading (an array) over all replications into the metric; SE by jackknife.
        variant: the network it belongs to, where a case has several.
    """

    name: str
    value: float
    read: Read
    rel: float = 0.005
    floor: float = 0.0
    half95: float = 0.0
    aim: float = 0.02
    grouped: Callable[[Values], float] | None = None
    pooled: Callable[[Values], float] | None = None
    variant: str = ""

    def estimate(self, readings: Sequence[float | Values]) -> tuple[float, float]:
        """Return (mean, standard error)."""
        values = np.array(readings, dtype=float)
        if self.pooled is not None:
            return jackknife(values, self.pooled)
        if self.grouped is not None and len(values) < GROUPS * GROUP:
            return bootstrap(values, self.grouped)
        if self.grouped is not None:
            # No more groups than needed: the percentile of a small group leans towards the middle.
            values = np.array([self.grouped(group) for group in np.array_split(values, GROUPS)])
        values = values[~np.isnan(values)]
        spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        return float(values.mean()), spread / float(np.sqrt(len(values)))

    def tolerance(self, se: float) -> float:
        return max(4 * float(np.hypot(se, self.half95 / 1.96)), self.rel * abs(self.value), self.floor)

    def passes(self, mean: float, se: float) -> bool:
        return bool(abs(mean - self.value) <= self.tolerance(se))

    def is_precise(self, se: float) -> bool:
        """Whether the standard error is small enough to judge by."""
        return se <= self.aim * abs(self.value) or se <= self.floor / 2

    def shortfall(self, se: float) -> float:
        """How many times as many replications the standard error calls for."""
        wanted = max(self.aim * abs(self.value), self.floor / 2)
        return (se / wanted) ** 2 if wanted else 1.0


def jackknife(values: Values, statistic: Callable[[Values], float]) -> tuple[float, float]:
    """Return (statistic of the mean, its standard error by leaving one replication out at a time)."""
    n, total = len(values), values.sum(axis=0)
    left_out = np.array([statistic((total - row) / (n - 1)) for row in values])
    return statistic(total / n), float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))


def bootstrap(values: Values, statistic: Callable[[Values], float], draws: int = 200) -> tuple[float, float]:
    """Return (statistic, its standard error by resampling): for short runs, too few to make groups of."""
    rng = np.random.default_rng(0)
    resampled = [statistic(rng.choice(values, len(values))) for _ in range(draws)]
    return statistic(values), float(np.std(resampled, ddof=1))


@dataclass(frozen=True)
class Case:
    """A network, how long to run it, and what is known about it.

    Attributes:
        id: name of the case, and of its network file.
        metrics: builds the metrics; numerical solutions are worked out when asked for.
        warm_up, length: days before measuring, and days measured, of each replication.
        replications: to begin with; more are run until every standard error is small enough.
        quick: (days of warm-up, days measured, replications) of the short run in the ordinary tests.
        variants: name -> dotted overrides of the network.
        network: name of the network file, where it is not the id.
    """

    id: str
    metrics: Callable[[], Sequence[Metric]]
    warm_up: float
    length: float
    quick: tuple[float, float, int]
    replications: int = 30
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"": {}})
    network: str = ""

    def spec(self, variant: str, warm_up: float, length: float) -> SystemSpec:
        """Return the network of a variant, with so many days of warm-up and so many measured."""
        raw = network(self.network or self.id)
        for key, said in self.variants[variant].items():
            *parents, last = key.split(".")
            at = raw
            for name in parents:
                at = at[name]
            at[last] = said
        return spec_of(raw, warm_up=f"{warm_up:.10g} d", duration=f"{length:.10g} d")

    def of_variant(self, variant: str) -> list[Metric]:
        return [m for m in known(self) if m.variant == variant]


@cache
def _known(case_id: str, metrics: Callable[[], Sequence[Metric]]) -> tuple[Metric, ...]:
    return tuple(metrics())


def known(case: Case) -> tuple[Metric, ...]:
    """Return the metrics of a case, worked out once."""
    return _known(case.id, case.metrics)


def network(name: str) -> dict[str, Any]:
    """Return a network file as a mapping."""
    found: dict[str, Any] = yaml.safe_load((NETWORKS / f"{name}.yaml").read_text(encoding="utf-8"))
    return found
