"""Draws from a distribution, from Python.

The arithmetic is that of the compiled functions; here a specification's words become their arguments, once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from flowsim.draws.quantiles import DISCRETE, KINDS, quantile, quantiles, scalar_quantile
from flowsim.draws.residuals import residual_quantile
from flowsim.system.spec import Distribution

Floats = npt.NDArray[np.float64]
Arguments = tuple[int, float, float, float, float, float, Floats, Floats]


def arguments(distribution: Distribution) -> Arguments:
    """Return the leading arguments of ``quantile``: all but the uniform number.

    Raises:
        ValueError: the kind has no quantile function.
    """
    if distribution.kind not in KINDS:
        raise ValueError(f"no draws from a distribution of kind {distribution.kind!r}; there are {', '.join(KINDS)}")
    return (
        KINDS[distribution.kind],
        float(distribution.a),
        float(distribution.b),
        float(distribution.c),
        float(distribution.at_least),
        float(distribution.at_most),
        np.array(distribution.values, dtype=np.float64),
        np.array(distribution.cumulative, dtype=np.float64),
    )


class Sampler:
    """A distribution ready to be drawn from.

    Attributes:
        draw: u -> minutes, for one uniform number strictly between 0 and 1.

    Example:
        >>> Sampler(Distribution("uniform", 10.0, 30.0)).draw(0.25)
        15.0
    """

    __slots__ = ("_arguments", "draw")

    draw: Callable[[float], float]

    def __init__(self, distribution: Distribution) -> None:
        self._arguments = arguments(distribution)
        kind, *scalars = self._arguments[:6]
        if kind == DISCRETE:
            self.draw = partial(quantile, *self._arguments)
        else:
            # Passing arrays to compiled code costs more than the draw; ``quantile`` calls this one itself.
            self.draw = partial(scalar_quantile, kind, *scalars)

    def draws(self, u: Floats) -> Floats:
        """Return the draws [min] for an array of uniform numbers."""
        out: Floats = quantiles(*self._arguments, u)
        return out

    def residual(self, elapsed: float, u: float) -> float:
        """Return a draw of what is left [min] of a stay that has lasted ``elapsed`` [min]."""
        if not math.isfinite(elapsed):
            raise ValueError(f"elapsed time is {elapsed}; wanted a finite number of minutes")
        return float(residual_quantile(*self._arguments, float(elapsed), u))


def residual(distribution: Distribution, elapsed: float, u: float) -> float:
    """Return a draw of what is left [min] of a stay that has lasted ``elapsed`` [min].

    The remaining time is drawn from the distribution of the stay, given that it exceeds ``elapsed``; where
    none can last so long, 0 is left.

    Example:
        >>> residual(Distribution("constant", 60.0), 45.0, 0.5)
        15.0
    """
    return Sampler(distribution).residual(elapsed, u)
