"""What a kind of measure finds, and how it is reported over any periods.

It finds one of two shapes: ``Moments`` are things observed at a tick (a wait that ended, an admission, a count at
midnight); ``Stretches`` are things that go on for a time (a patient delayed, a bed in use). The whole window, its
weeks and its days are then periods of the same facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from flowsim.measure.frames import Floats
from flowsim.measure.periods import Periods

ALL = "all"
"""Service name of a row about all of a measure's services together."""
NO_SPLIT = ""
PERCENTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95}

Number = TypeVar("Number", np.int64, np.float64)
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A measure over some periods.

    Attributes:
        labels: service (``all`` for all together) and split (empty for none) of each series.
        table: its values, (labels, periods).
    """

    labels: Labels
    table: Floats


class Facts(Protocol):
    """What a kind of measure finds: something that can be summed up over any periods."""

    def series(self, periods: Periods) -> Series:
        """Return values by service, split and period."""
        ...


@cache
def labels_of(services: tuple[str, ...], splits: tuple[str, ...] = (NO_SPLIT,)) -> Labels:
    """Return the labels of services by split, a service's one after the other."""
    return tuple((service, split) for service in services for split in splits)


def divided(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """Return part over whole, NaN where the whole is nothing."""
    whole = np.asarray(whole, dtype=np.float64)
    found = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def and_all(table: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return whole sums by service, and below them those of all services together."""
    return np.concatenate([table, table.sum(axis=0, keepdims=True)])
