"""Measures by calendar month."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from flowsim.measure.definitions import Definition
from flowsim.measure.frames import Window
from flowsim.measure.periods import Periods
from flowsim.measure.registry import asked, facts
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import Ints, Trajectory

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["month", "days", "measure", "service", "split", "value"]


def monthly(
    spec: SystemSpec,
    trajectory: Trajectory,
    definitions: Mapping[str, Definition],
    seen: Window | None = None,
) -> pd.DataFrame:
    """Return every measure, parts and all, by calendar month of the measured window.

    Args:
        spec: the system that was run.
        trajectory: what happened.
        definitions: measures by id.
        seen: the trajectory's measured window, if there is one already.

    Returns:
        month (``2016-04``), days (in it), measure, service, split, value. Only whole months count; there are no
        rows where the window holds none.
    """
    import pandas as pd

    window = seen or Window(spec, trajectory)
    edges, names, days = months_of(window)
    if not names:
        return pd.DataFrame({name: [] for name in COLUMNS})
    months = Periods.of(edges)
    found = [(m, facts(window, m).series(months)) for m in asked(window, definitions)]
    rows = [(m.name, *label) for m, series in found for label in series.labels]
    n = len(names)
    return pd.DataFrame(
        {
            "month": names * len(rows),
            "days": days * len(rows),
            "measure": [measure for measure, _, _ in rows for _ in range(n)],
            "service": [service for _, service, _ in rows for _ in range(n)],
            "split": [split for _, _, split in rows for _ in range(n)],
            "value": np.concatenate([np.zeros(0), *(series.table.ravel() for _, series in found)]),
        }
    )


def months_of(window: Window) -> tuple[Ints, list[str], list[int]]:
    """Return the whole calendar months of a window: ticks between them, their names, how many days each has."""
    ticks = window.midnight_ticks
    inside = np.flatnonzero((ticks >= window.start) & (ticks <= window.end))
    dates = [window.spec.clock.date_of(int(i)) for i in inside]
    first = [i for i, day in enumerate(dates) if day.day == 1]
    names = [dates[i].isoformat()[:7] for i in first[:-1]]
    days = [(dates[b] - dates[a]).days for a, b in itertools.pairwise(first)]
    return ticks[inside[first]] if first else ticks[:0], names, days
