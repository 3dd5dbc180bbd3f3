"""Targets: the recorded values that inputs are judged by, each with how far off the model may be.

A target is a record's mean over a period (the whole, a year, a quarter, a month) or one of its parts. It
is compared on a scale on which outputs of queues are nearly quadratic in the inputs: the logarithm of
counts, the logit of shares. Standard deviations go over to that scale at the recorded value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowsim.config.models import Calibration, Judged, Record
from flowsim.measure.recorded import WHOLE

Floats = npt.NDArray[np.float64]

TOLERANCE_SDS = 3.0
"""How many standard deviations of discrepancy a tolerance is: what is known exactly is ruled out outside it."""
LEAST, MOST = 1e-4, 1 - 1e-4
"""Values below and above are taken here, as logarithms and logits have no ends."""


@dataclass(frozen=True, slots=True)
class Target:
    """A recorded value to be met.

    Attributes:
        record: id; ``label`` of it.
        period: what it is the mean of (``whole``, ``2016/17``, ``2016 Q2``, a month), or which part.
        keys: the record's keys that are averaged.
        observed: the recorded value.
        error: standard error of recording, in the record's unit.
        discrepancy: standard deviation of what the model is forgiven, in the record's unit.
        is_share: whether it is compared by logits.
    """

    record: str
    label: str
    period: str
    keys: tuple[str, ...]
    observed: float
    error: float
    discrepancy: float
    is_share: bool

    def scaled(self, values: npt.ArrayLike) -> Floats:
        """Return values on the scale on which they are compared."""
        found = np.asarray(values, dtype=np.float64)
        if self.is_share:
            kept = np.clip(found, LEAST, MOST)
            return np.asarray(np.log(kept / (1 - kept)))
        return np.asarray(np.log(np.maximum(found, LEAST * max(self.observed, LEAST))))

    def unscaled(self, values: npt.ArrayLike) -> Floats:
        """Return the values that ``scaled`` made these of."""
        found = np.asarray(values, dtype=np.float64)
        return np.asarray(1 / (1 + np.exp(-found)) if self.is_share else np.exp(found))

    @property
    def aim(self) -> float:
        """The recorded value on that scale."""
        return float(self.scaled(self.observed))

    @property
    def variance(self) -> float:
        """Variance of recording and discrepancy together on that scale."""
        kept = min(max(self.observed, LEAST), MOST if self.is_share else math.inf)
        slope = 1 / (kept * (1 - kept)) if self.is_share else 1 / kept
        return (self.error**2 + self.discrepancy**2) * slope**2


def targets(calibration: Calibration, records: Mapping[str, Record]) -> tuple[Target, ...]:
    """Return every target of a calibration, in its order."""
    return tuple(t for name, said in calibration.judged.items() for t in _targets(name, records[name], said))


def _targets(name: str, record: Record, judged: Judged) -> Iterator[Target]:
    for period, keys, observed in _periods(record, judged.by):
        error = record.error.value if record.error is not None else 0.0
        said = judged.discrepancy.value if judged.discrepancy is not None else None
        relative = 1.0 if record.unit == "share" else observed
        yield Target(
            name,
            record.label,
            period,
            keys,
            observed,
            error * relative,
            said * relative if said is not None else _discrepancy(record, observed, len(keys)),
            record.unit == "share",
        )


def _periods(record: Record, by: str) -> Iterator[tuple[str, tuple[str, ...], float]]:
    """Yield (name, keys, recorded value) of each period or part."""
    if record.whole is not None:
        yield WHOLE, (WHOLE,), record.whole.value
    for part, value in (record.parts or {}).items():
        yield part, (part,), value.value
    groups: dict[str, list[str]] = {}
    for month in sorted(record.months or {}):
        groups.setdefault(period_of(month, by), []).append(month)
    for period, months in groups.items():
        assert record.months is not None, "there are groups of months only where there are months"
        yield period, tuple(months), float(np.mean([record.months[m].value for m in months]))


def period_of(month: str, by: str) -> str:
    """Return the period a month belongs to; years run from April.

    Example:
        >>> [period_of("2017-02", by) for by in ("whole", "year", "quarter", "month")]
        ['whole', '2016/17', '2017 Q1', '2017-02']
    """
    year, number = int(month[:4]), int(month[5:])
    if by == "year":
        first = year if number >= 4 else year - 1
        return f"{first}/{(first + 1) % 100:02d}"
    if by == "quarter":
        return f"{year} Q{(number + 2) // 3}"
    return month if by == "month" else WHOLE


def _discrepancy(record: Record, observed: float, months: int) -> float:
    """Return a third of the tolerance; where that is the recorded spread, the standard error of the mean."""
    tolerance = record.tolerance
    if tolerance.spread is not None:
        values = [value.value for value in (record.months or {}).values()]
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else observed
        return spread / math.sqrt(months)
    if tolerance.points is not None:
        return tolerance.points.value / TOLERANCE_SDS
    assert tolerance.share is not None, "a tolerance is one of three"
    return tolerance.share.value * observed / TOLERANCE_SDS


def outputs(found: pd.DataFrame, wanted: Sequence[Target]) -> Floats:
    """Return a run's value for each target, on the scale of comparison.

    Args:
        found: record, key, value, as ``measure.recorded.readings`` gives for one run.
        wanted: targets; NaN where the run lacks one of a target's months or parts.
    """
    values = dict(zip(zip(found["record"], found["key"], strict=True), found["value"], strict=True))
    means = [np.mean([values.get((t.record, key), math.nan) for key in t.keys]) for t in wanted]
    return np.array([t.scaled(mean) for t, mean in zip(wanted, means, strict=True)], dtype=np.float64)
