"""Where the warm-up ends: the marginal standard error rule (White 1997; White, Cobb and Spratt 2000)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Truncation:
    """What to drop from the start of a series.

    Attributes:
        observations: how many to drop.
        statistic: the rule's statistic there.
        mean: of the batch means kept.
        is_settled: False where the best point is the last one looked at, half way through the series:
            the series is then too short to say that its start has been left behind.
    """

    observations: int
    statistic: float
    mean: float
    is_settled: bool


def mser(series: npt.ArrayLike, batch: int = 5) -> Truncation:
    """Return the truncation that minimises the marginal standard error.

    The series is averaged over consecutive groups of ``batch`` (an incomplete last group is dropped) into
    z_1 .. z_k; for d = 0 .. k/2 the statistic is the sum over j > d of (z_j - mean)^2 / (k - d)^2, mean
    being that of the z kept; the smallest d wins a tie.

    Raises:
        ValueError: the series does not fill one batch.
    """
    given = np.asarray(series, dtype=np.float64)
    k = given.size // batch
    if k == 0:
        raise ValueError(f"said a series of {given.size}; wanted at least {batch} observations")
    z = given[: k * batch].reshape(k, batch).mean(axis=1)
    # Centred before summing squares, so that sum(z^2) - n mean^2 loses nothing that matters.
    centred = z - z.mean()
    kept = k - np.arange(k // 2 + 1)
    sums = np.cumsum(centred[::-1])[::-1][: kept.size]
    squares = np.cumsum(centred[::-1] ** 2)[::-1][: kept.size]
    statistic = np.maximum(squares - sums**2 / kept, 0.0) / kept.astype(np.float64) ** 2
    best = int(np.argmin(statistic))
    return Truncation(best * batch, float(statistic[best]), float(z[best:].mean()), best < k // 2 or k == 1)
