"""Student-t intervals of a mean, over replications or over batches of one long series."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its interval.

    Attributes:
        mean: of the observations that are defined.
        variance: sample variance (divisor n - 1); NaN for fewer than two.
        half_width: of the interval; NaN for fewer than two observations.
        n: how many observations were defined.
        left_out: how many were not (NaN).
    """

    mean: float
    variance: float
    half_width: float
    n: int
    left_out: int

    @property
    def low(self) -> float:
        """Lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + self.half_width

    @property
    def standard_error(self) -> float:
        """Standard error of the mean."""
        return math.sqrt(self.variance / self.n) if self.n > 1 else math.nan


def t_quantile(n: npt.ArrayLike, confidence: float = 0.95) -> Floats:
    """Return the two-sided Student-t quantile for means of n observations; NaN where n < 2."""
    from scipy.special import stdtrit

    degrees = np.asarray(n, dtype=np.float64) - 1
    quantile = stdtrit(np.maximum(degrees, 1.0), 0.5 + confidence / 2)
    return np.where(degrees >= 1, quantile, np.nan)


def interval(values: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the Student-t interval of the mean of independent observations; NaN ones are left out and counted.

    Example:
        >>> found = interval([1.0, 2.0, 3.0])
        >>> found.mean, found.variance, found.n
        (2.0, 1.0, 3)
    """
    given = np.asarray(values, dtype=np.float64)
    defined = given[~np.isnan(given)]
    n = int(defined.size)
    mean = float(defined.mean()) if n else math.nan
    variance = float(defined.var(ddof=1)) if n > 1 else math.nan
    half_width = float(t_quantile(n, confidence)) * math.sqrt(variance / n) if n > 1 else math.nan
    return Interval(mean, variance, half_width, n, int(given.size) - n)


def batch_means(series: npt.ArrayLike, batches: int, confidence: float = 0.95) -> Interval:
    """Return the interval of a long series' mean from the means of consecutive, equal batches.

    Observations that do not fill the last batch are dropped.

    Raises:
        ValueError: fewer observations than batches.
    """
    given = np.asarray(series, dtype=np.float64)
    size = given.size // batches
    if size == 0:
        raise ValueError(f"said {batches} batches of {given.size} observations; wanted at least one in each")
    return interval(given[: size * batches].reshape(batches, size).mean(axis=1), confidence)
