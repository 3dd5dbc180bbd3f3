"""Emulators: what a run would say at inputs that were not run, with an honest error.

Each output is a quadratic of the inputs plus noise, seen as a Gaussian process: coefficients of the
linear and the quadratic terms have normal priors whose sizes, relative to the noise, are chosen from a
grid by how well each run is predicted from all the others (leave one out). So there may be more terms
than runs. What the quadratic cannot say is noise to it: the residual variance holds the lack of fit and
the luck of one replication alike, and is scaled so that the left-out errors are as large as predicted.
Rasmussen and Williams (2006), sections 2.1 and 5.4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LINEAR = (0.1, 1.0, 10.0, 100.0)
QUADRATIC = (0.0, 0.01, 0.1, 1.0, 10.0)
"""Prior variances of coefficients tried, as multiples of the noise."""
CONSTANT = 1e6
"""Prior variance of the level, as a multiple of the noise: nothing is assumed of it."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """One output as a quadratic of the inputs.

    Attributes:
        points: (runs, inputs), positions from 0 to 1.
        linear, quadratic: prior variances chosen.
        weights: of the runs in the mean.
        inverse: of the runs' covariance.
        noise: residual variance: lack of fit and the luck of one run.
        explained: share of the runs' variance that is predicted when each is left out in turn.
    """

    points: Floats
    linear: float
    quadratic: float
    weights: Floats
    inverse: Floats
    noise: float
    explained: float

    def predict(self, points: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of one run at new points: of the quadratic and the noise together."""
        means, variances = predict_all([self], points)
        return means[:, 0], variances[:, 0]


def kernel(one: Floats, other: Floats, linear: float, quadratic: float) -> Floats:
    """Return the prior covariance of outputs at two sets of points, as multiples of the noise."""
    inner = _centred(one) @ _centred(other).T
    return np.asarray(CONSTANT + linear * inner + quadratic * inner**2)


def own_kernel(points: Floats, linear: float, quadratic: float) -> Floats:
    """Return the prior variance at each point."""
    inner = (_centred(points) ** 2).sum(axis=1)
    return np.asarray(CONSTANT + linear * inner + quadratic * inner**2)


def _centred(points: Floats) -> Floats:
    return 2.0 * points - 1.0


def fit_all(points: Floats, outputs: Floats) -> tuple[Emulator, ...]:
    """Return an emulator for each column of outputs.

    Args:
        points: (runs, inputs), positions from 0 to 1.
        outputs: (runs, outputs); rows where an output is not a number are left out for it.
    """
    found: list[Emulator | None] = [None] * outputs.shape[1]
    patterns: dict[bytes, list[int]] = {}
    for column in range(outputs.shape[1]):
        patterns.setdefault(np.isfinite(outputs[:, column]).tobytes(), []).append(column)
    for columns in patterns.values():
        rows = np.isfinite(outputs[:, columns[0]])
        for column, emulator in zip(columns, _fit(points[rows], outputs[rows][:, columns]), strict=True):
            found[column] = emulator
    return tuple(emulator for emulator in found if emulator is not None)


def _fit(points: Floats, outputs: Floats) -> list[Emulator]:
    """Return the emulators of outputs known at all the points; each chooses its priors by itself."""
    best: list[tuple[float, Emulator] | None] = [None] * outputs.shape[1]
    for linear in LINEAR:
        for quadratic in QUADRATIC:
            covariance = kernel(points, points, linear, quadratic) + np.eye(len(points))
            inverse: Floats = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
            weights = inverse @ outputs
            spread = 1.0 / np.diag(inverse)
            left_out = weights * spread[:, None]
            noise: Floats = np.maximum((left_out**2 / spread[:, None]).mean(axis=0), 1e-12)
            score = 0.5 * np.log(noise[None, :] * spread[:, None]).mean(axis=0)
            explained = 1 - (left_out**2).mean(axis=0) / np.maximum(outputs.var(axis=0), 1e-12)
            for column in range(outputs.shape[1]):
                held = best[column]
                if held is None or score[column] < held[0]:
                    made = Emulator(
                        points, linear, quadratic, weights[:, column], inverse, noise[column], explained[column]
                    )
                    best[column] = (float(score[column]), made)
    return [held[1] for held in best if held is not None]


def predict_all(emulators: Sequence[Emulator], points: Floats) -> tuple[Floats, Floats]:
    """Return means and variances of one run at points: (points, outputs) each."""
    means, variances = (np.empty((len(points), len(emulators))) for _ in range(2))
    alike: dict[int, list[int]] = {}
    for column, emulator in enumerate(emulators):
        alike.setdefault(id(emulator.inverse), []).append(column)
    for columns in alike.values():
        # Emulators with the same priors share all but their weights and noise.
        first = emulators[columns[0]]
        across = kernel(points, first.points, first.linear, first.quadratic)
        own = own_kernel(points, first.linear, first.quadratic)
        unknown = 1.0 + np.maximum(0.0, own - (across @ first.inverse * across).sum(axis=1))
        for column in columns:
            means[:, column] = across @ emulators[column].weights
            variances[:, column] = emulators[column].noise * unknown
    return means, variances
