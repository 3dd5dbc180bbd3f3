"""History matching: which inputs cannot be ruled out by what was recorded, wave by wave.

A set of inputs is implausible in so far as the emulated output is away from the recorded value, in
standard deviations of all that may set them apart: recording, the model's own discrepancy, the luck of
one run and what the emulator does not know. What is worst for any target decides. All that is not ruled
out is kept, and the next wave's runs are taken from it. Craig and others (1997); Andrianakis and others
(2015), PLoS Computational Biology 11(1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim.calibrate.emulator import Emulator, fit_all, predict_all
from flowsim.calibrate.targets import Target

Floats = npt.NDArray[np.float64]

CHANCE = 0.0027
"""Chance that a wave rules the true inputs out, were all errors normal: that of 3 standard deviations."""
KEPT = 1500
"""Points that stand for what is not ruled out."""
SWEEPS = 24
"""Moves of each point when the kept set is filled up again."""
AT_ONCE = 0.1
"""The part of a sample that one narrowing keeps at least: what is rarer is reached by several."""
LEVELS = 16
"""Narrowings tried before the limit is raised to what was reached."""


@dataclass(frozen=True, slots=True)
class Wave:
    """What one wave knows: an emulator a target.

    Attributes:
        emulators: in the order of the targets.
        aims, variances: of the targets, on their scales.
        limit: implausibility from which inputs are ruled out.
    """

    emulators: tuple[Emulator, ...]
    aims: Floats
    variances: Floats
    limit: float

    def each(self, points: Floats) -> Floats:
        """Return the implausibility by target: (points, targets)."""
        means, variances = predict_all(self.emulators, points)
        return np.asarray(np.abs(means - self.aims) / np.sqrt(variances + self.variances))

    def worst(self, points: Floats) -> Floats:
        """Return the greatest implausibility over the targets, as a multiple of the limit."""
        if not len(self.aims):
            return np.zeros(len(points))
        return np.asarray(self.each(points).max(axis=1) / self.limit)


@dataclass(frozen=True, slots=True)
class Kept:
    """What no wave so far has ruled out.

    Attributes:
        points: a sample, even over the kept set: (points, inputs).
        share: of the inputs' whole range that is left.
        raised: by how much the limit had to be raised for anything to be left; 1 where it was not.
    """

    points: Floats
    share: float
    raised: float = 1.0


def limit_for(targets: int) -> float:
    """Return the implausibility that the worst of so many targets exceeds by chance once in 370 waves.

    Example:
        >>> round(limit_for(1), 2), round(limit_for(30), 2)
        (3.0, 3.92)
    """
    from scipy.stats import norm

    return float(norm.isf(CHANCE / 2 / max(1, targets)))


def learn(points: Floats, outputs: Floats, targets: Sequence[Target]) -> Wave:
    """Return what runs at some points tell of the targets; those that no two runs tell apart are emulated too."""
    return Wave(
        fit_all(points, outputs),
        np.array([t.aim for t in targets]),
        np.array([t.variance for t in targets]),
        limit_for(len(targets)),
    )


def latin(number: int, inputs: int, seed: int) -> Floats:
    """Return a Latin hypercube of so many points from 0 to 1."""
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(d=inputs, rng=seed).random(number))


def everything(inputs: int, seed: int) -> Kept:
    """Return the whole range: before any wave nothing is ruled out."""
    return Kept(latin(KEPT, inputs, seed), 1.0)


def narrow(kept: Kept, waves: Sequence[Wave], seed: int) -> Kept:
    """Return what is left of a kept set when the last of the waves has judged it too.

    Where less than a tenth is left, the limit is lowered step by step, each step filling the sample up
    again by moves that keep it even (subset simulation: Au and Beck 2001).
    """
    draws = _Draws(seed)

    def worst(points: Floats) -> Floats:
        return np.asarray(np.max([wave.worst(points) for wave in waves], axis=0))

    points, share, level = kept.points, kept.share, math.inf
    found = worst(points)
    for _ in range(LEVELS):
        level = max(kept.raised, float(np.quantile(found, AT_ONCE)))
        inside = found <= level
        share *= float(inside.mean())
        points, found = _filled(points[inside], found[inside], worst, level, len(points), draws)
        if level <= kept.raised:
            break
    return Kept(points, share, max(kept.raised, level))


def _filled(
    points: Floats, found: Floats, worst: Callable[[Floats], Floats], level: float, number: int, draws: _Draws
) -> tuple[Floats, Floats]:
    """Return so many points spread evenly over the set within a level, from some that are in it."""
    chosen = draws.whole(len(points), number)
    points, found = points[chosen].copy(), found[chosen].copy()
    inputs = points.shape[1]
    for sweep in range(SWEEPS):
        # Differences between points of the set are steps of the right size and direction; every so often a
        # step of full length lets points cross from one corner of the set to another (ter Braak 2006).
        one, other = draws.whole(number, number), draws.whole(number, number)
        length = 1.0 if sweep % 6 == 5 else 1.7 / math.sqrt(2 * inputs)
        moved = points + length * (points[one] - points[other]) + 0.01 * draws.normal(number, inputs)
        inside = np.flatnonzero(((moved >= 0) & (moved <= 1)).all(axis=1))
        if len(inside):
            now = worst(moved[inside])
            better = inside[now <= level]
            found[better] = now[now <= level]
            points[better] = moved[better]
    return points, found


class _Draws:
    """Random numbers for moving a sample about, a fresh seed each time; no run of the model uses them."""

    def __init__(self, seed: int) -> None:
        from scipy.stats import uniform

        self._seed = seed
        self._uniform = uniform

    def _next(self, *shape: int) -> Floats:
        self._seed += 1
        return np.asarray(self._uniform.rvs(size=shape, random_state=self._seed))

    def whole(self, below: int, number: int) -> npt.NDArray[np.int64]:
        """Return whole numbers from 0."""
        return np.asarray(self._next(number) * below, dtype=np.int64)

    def normal(self, *shape: int) -> Floats:
        """Return standard normal numbers."""
        from scipy.special import ndtri

        return np.asarray(ndtri(np.clip(self._next(*shape), 1e-12, 1 - 1e-12)))


def choose(kept: Kept, number: int, seed: int) -> Floats:
    """Return so many of the kept points: half of them at random, then each the farthest from those chosen."""
    points = kept.points
    chosen = _Draws(seed).whole(len(points), max(1, number // 2)).tolist()
    nearest = np.min([((points - points[i]) ** 2).sum(axis=1) for i in chosen], axis=0)
    while len(chosen) < number:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return np.asarray(points[chosen])


def best(kept: Kept, waves: Sequence[Wave], base: Floats) -> Floats:
    """Return the kept point nearest to the record; of those equally near, the one nearest to the base.

    Nearness is the sum over targets of squared implausibility by the last wave, plus, at a tenth of the
    weight, the squared distance of each input from its base in standard deviations of its range.
    """
    if not waves or not len(waves[-1].aims):
        return base
    misfit = (waves[-1].each(kept.points) ** 2).sum(axis=1)
    away = (((kept.points - base) * math.sqrt(12)) ** 2).sum(axis=1)
    return np.asarray(kept.points[int(np.argmin(misfit + 0.1 * away))])
