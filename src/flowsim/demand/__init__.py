"""Arrivals and attributes of every stream, drawn before the run.

Level bands
    A Poisson stream of rate r(t) is the shadow of a unit Poisson process in the plane of time and *level*,
    the level in patients per day: a point is a patient if its level lies below r(t) at its time. The levels
    are cut into bands [0, 1), [1, 2), [2, 4), [4, 8) ...; in each, candidate points follow one another by
    keyed exponential gaps and have keyed levels. So a change of rate adds or removes patients and leaves all
    others as they were: number, time and attributes (``docs/decisions/0002-level-bands.md``).

Numbers
    A point's number is ``band << 32 | position in the band`` for Poisson streams and its position for others.
    A patient's number is the point's; in a stream with batches, ``point << 8 | member``.

Ticks
    A Poisson point belongs to the tick it falls in (rounded down), so each tick gets exactly the arrivals of
    its own length. Gaps between renewals add up in minutes and the sum is rounded to the nearest tick. Rates,
    day factors and periods are read at the tick. Arrivals at ``end`` or later do not happen.
"""

from flowsim.demand.draw import Arrivals, arrivals
from flowsim.demand.expected import Expected, expected
from flowsim.demand.points import BATCH, DAY_FACTOR, GAP, LEVEL

__all__ = ["BATCH", "DAY_FACTOR", "GAP", "LEVEL", "Arrivals", "Expected", "arrivals", "expected"]
