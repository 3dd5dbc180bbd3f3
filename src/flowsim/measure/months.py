"""The whole calendar months of a window."""

from __future__ import annotations

import itertools

import numpy as np

from flowsim.measure.frames import Window
from flowsim.trajectory import Ints


def months_of(window: Window) -> tuple[Ints, list[str], list[int]]:
    """Return the whole calendar months of a window: ticks between them, their names, how many days each has."""
    ticks = window.midnight_ticks
    inside = np.flatnonzero((ticks >= window.start) & (ticks <= window.end))
    dates = [window.spec.clock.date_of(int(i)) for i in inside]
    first = [i for i, day in enumerate(dates) if day.day == 1]
    names = [dates[i].isoformat()[:7] for i in first[:-1]]
    days = [(dates[b] - dates[a]).days for a, b in itertools.pairwise(first)]
    return ticks[inside[first]] if first else ticks[:0], names, days
