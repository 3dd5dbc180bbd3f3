"""What the audit expects of a duration, from its distribution function; a worker is told what has been found."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from flowsim.measure.frames import Floats
from flowsim.system.distributions import cdf
from flowsim.system.spec import Distribution

Limited = tuple[Floats, Floats, Floats]
"""Times c [min], and mean and mean square of min(X, c) at each."""
Known = Mapping[tuple[Distribution, float], Limited]
"""``limited_moments`` by what it is asked for."""

TAIL = 1e-4
_GRID_POINTS = 600
_SHORTEST = 0.05


_told: dict[tuple[Distribution, float], Limited] = {}


def be_told(known: Known) -> None:
    """Take over what another process has found, so that this one need not load what finds it."""
    _told.update(known)


def limited_moments(distribution: Distribution, horizon: float) -> Limited:
    """Return times c [min], and mean and mean square of min(X, c) at each, up to a horizon [min].

    E min(X, c) = the integral of 1 - F to c, and E min(X, c)^2 = the integral of 2 x (1 - F(x)) to c.
    """
    told = _told.get((distribution, horizon))
    return told or _limited_moments(distribution, horizon)


@lru_cache(maxsize=4096)
def _limited_moments(distribution: Distribution, horizon: float) -> Limited:
    atoms = [distribution.at_least, distribution.at_most]
    if distribution.kind == "constant":
        atoms.append(distribution.a)
    elif distribution.kind == "discrete":
        atoms += distribution.values
    elif distribution.kind == "geometric":
        atoms += [distribution.b * k for k in range(1, 1 + min(2000, int(horizon / distribution.b)))]
    known = np.array([a for a in atoms if 0 < a < horizon])
    smooth = np.geomspace(_SHORTEST, horizon, _GRID_POINTS)
    grid = np.unique(np.concatenate([[0.0], smooth, known, known * (1 - 1e-9)]))
    beyond = 1 - np.array([cdf(distribution, float(x)) for x in grid])
    beyond[0] = 1.0
    width = np.diff(grid)
    first = np.concatenate([[0.0], np.cumsum(width * (beyond[1:] + beyond[:-1]) / 2)])
    weighted = 2 * grid * beyond
    second = np.concatenate([[0.0], np.cumsum(width * (weighted[1:] + weighted[:-1]) / 2)])
    return grid, first, second


@lru_cache(maxsize=4096)
def nearly_all_within(distribution: Distribution, horizon: float) -> float:
    """Return a time [min] that all but one in ten thousand stay within; inf if past the horizon."""
    low, high = 0.0, horizon
    if cdf(distribution, high) < 1 - TAIL:
        return float("inf")
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if cdf(distribution, middle) >= 1 - TAIL else (middle, high)
    return high
