"""Measures week by week, and day by day."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from flowsim.measure.definitions import Definition
from flowsim.measure.facts import NO_SPLIT, Labels, Series
from flowsim.measure.frames import Window
from flowsim.measure.periods import Periods
from flowsim.measure.registry import OF_SERVICES, OF_VISITS, Asked, asked, facts, table
from flowsim.measure.tidy import Tidy, Words, words_of
from flowsim.system.once import once_a_system
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import Ints, Trajectory

if TYPE_CHECKING:
    import pandas as pd


def weekly(
    spec: SystemSpec,
    trajectory: Trajectory,
    definitions: Mapping[str, Definition],
    splits: bool = False,
    seen: Window | None = None,
) -> pd.DataFrame:
    """Return every measure by week of the measured window.

    Args:
        spec: the system that was run.
        trajectory: what happened.
        definitions: measures by id; one with the option ``weekly: out`` is left out.
        splits: whether to give the parts of measures split by reason, payer and so on, too.
        seen: the trajectory's measured window, if there is one already.

    Returns:
        week_start (ISO date of the first day), measure, service, split, value. Weeks run from the first whole day
        measured; days left over at the end make no week. A window shorter than a week is one.
    """
    return by_week(seen or Window(spec, trajectory), definitions, splits).frame()


def by_week(window: Window, definitions: Mapping[str, Definition], splits: bool = False) -> Tidy:
    """Return every measure of a window by week, as ``weekly`` does."""
    return _series(window, definitions, 7, splits)


def daily(spec: SystemSpec, trajectory: Trajectory, definitions: Mapping[str, Definition]) -> pd.DataFrame:
    """Return every measure by day, as ``weekly`` does by week; ``week_start`` is then called ``day``."""
    return _series(Window(spec, trajectory), definitions, 1, False).frame().rename(columns={"week_start": "day"})


def in_all_and_by_week(window: Window, definitions: Mapping[str, Definition]) -> tuple[Tidy, Tidy]:
    """Return ``registry.measured`` and ``by_week`` of a window, letting go of each measure's facts when it is done.

    Measures of the same visits are taken one after the other, so that what they share is found once and is at hand.
    """
    wanted = asked(window, definitions)
    found: dict[str, Series] = {}
    for _, of_services in groupby(sorted(wanted, key=lambda m: m.about), key=lambda m: m.services):
        for _, alike in groupby(of_services, key=lambda m: m.about):
            found.update((m.name, facts(window, m).series(window.periods)) for m in alike)
            window.forget(*OF_VISITS)
        window.forget(*OF_SERVICES)
    series = [(m, found[m.name]) for m in wanted]
    # The window is the last of the periods.
    return table(series, -1), _table(window, 7, [(m, x) for m, x in series if _is_weekly(m)], False)


def _is_weekly(measure: Asked) -> bool:
    return measure.option("weekly", "in", "out") == "in"


def _series(window: Window, definitions: Mapping[str, Definition], days: int, splits: bool) -> Tidy:
    edges = window.whole(days)
    periods = Periods.of(edges)
    found = [(m, facts(window, m).series(periods)) for m in asked(window, definitions) if _is_weekly(m)]
    return _table(window, days, found, splits)


def _table(window: Window, days: int, found: list[tuple[Asked, Series]], splits: bool) -> Tidy:
    """Return a table of measures by whole period of so many days, which are the first that they are told of."""
    edges = window.whole(days)
    n = len(edges) - 1
    dates = _dates(window.spec, int(np.searchsorted(window.midnight_ticks, edges[0])), days, n)
    rows, *columns = _rows(tuple((m.name, series.labels) for m, series in found), splits)
    name, service, part = (Words(np.repeat(column.codes, n), column.words) for column in columns)
    values = [series.table for _, series in found]
    return Tidy(
        {
            "week_start": Words(np.tile(np.arange(n, dtype=np.int32), len(rows)), dates),
            "measure": name,
            "service": service,
            "split": part,
            "value": np.concatenate(values)[rows, :n].ravel() if values else np.zeros(0),
        }
    )


@once_a_system
def _dates(spec: SystemSpec, first: int, days: int, number: int) -> tuple[str, ...]:
    """Return the dates on which so many periods of some days begin, the first on a day of the run."""
    return tuple(spec.clock.date_of(first + days * p).isoformat() for p in range(number))


@lru_cache(maxsize=64)
def _rows(found: tuple[tuple[str, Labels], ...], splits: bool) -> tuple[Ints, Words, Words, Words]:
    """Return which of the series of all measures are told, and of each its measure, service and split."""
    every = [(name, *label) for name, labels in found for label in labels]
    rows = [i for i, (_, _, split) in enumerate(every) if splits or split == NO_SPLIT]
    name, service, part = (words_of([every[i][column] for i in rows]) for column in range(3))
    return np.array(rows, dtype=np.int64), name, service, part
