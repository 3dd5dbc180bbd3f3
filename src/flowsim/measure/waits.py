"""Times of patients: from one stamp of a visit (or of a run of visits) to another."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from flowsim.measure import stay_loops, visit_loops
from flowsim.measure.facts import PERCENTILES, Facts
from flowsim.measure.frames import Window
from flowsim.measure.intervals import FAR, Flags
from flowsim.measure.moments import Moments
from flowsim.measure.records import or_far
from flowsim.measure.registry import NO_FLAGS, Asked, measure_kind
from flowsim.measure.sorting import codes
from flowsim.trajectory import Ints

STAMPS = ("queued", "started", "seen", "ready", "left")


def stamp(window: Window, name: str) -> Ints:
    """Return when each visit reached a stamp; FAR where it did not."""
    return window.once(("stamp", name), lambda: _stamp(window, name))


def _stamp(window: Window, name: str) -> Ints:
    v = window.visits
    if name == "started":
        return np.where(window.has_started, v.started, FAR)
    known = {"queued": lambda: v.queued, "ready": lambda: window.ready, "left": lambda: window.left}
    return known[name]() if name in known else or_far(v.seen)


def run_heads(window: Window, asked: Asked, of: str = "spells") -> tuple[Ints, Ints]:
    """Return a measure's visits, and the first row of the run that each belongs to.

    What counts as one is ``visits`` (each by itself), ``attendances`` (moves between the measure's services of
    one provider are one attendance) or ``spells`` (moves between any of them are one spell).
    """
    rows = asked.chosen(window)
    if of == "visits":
        return rows, rows
    return rows, _linked(window, asked, of)[0]


def _linked(window: Window, asked: Asked, of: str) -> tuple[Ints, Flags]:
    """Return the first row of the run of each of a measure's visits, and which visits are the last of theirs."""
    return window.once(("links", *asked.about, of), lambda: _find_links(window, asked, of))


def _find_links(window: Window, asked: Asked, of: str) -> tuple[Ints, Flags]:
    provider = np.zeros(0, dtype=np.int32)
    if of == "attendances":
        provider = codes(np.unique([s.provider for s in window.spec.services], return_inverse=True)[1])
    return visit_loops.runs(asked.chosen(window), provider, window.service, window.previous)


def runs(window: Window, asked: Asked, of: str = "spells") -> tuple[Ints, Ints]:
    """Return the first and last rows of the runs of visits that count as one; see ``run_heads``."""
    return window.once(("runs", *asked.about, of), lambda: _runs(window, asked, of))


def _runs(window: Window, asked: Asked, of: str) -> tuple[Ints, Ints]:
    rows = asked.chosen(window)
    if of == "visits":
        return rows, rows
    head, is_last = _linked(window, asked, of)
    last = np.flatnonzero(is_last)
    return head[last], rows[last]


@measure_kind("interval")
def interval(window: Window, asked: Asked) -> Facts:
    """Return the time from one stamp to another.

    Options: ``from`` and ``to`` (queued, started, seen, ready, left); ``of`` (visits, attendances, spells);
    ``towards`` and ``origin`` (roles, services or exits they lead to or come from); ``nights: over`` keeps stays
    over a midnight; ``statistic``.

    Mean, median, p90 and p95 are of those whose ``from`` (or with ``by: to`` whose ``to``) is in the window and
    who reached ``to``. ``share_within``, ``share_over`` and ``number_over`` the limit are of those whose ``from`` is in
    the window, at least the limit before the run's end, so that all is known of them: who is still there counts
    as over, who went away before reaching ``to`` is left out.
    """
    statistic = asked.option("statistic", "mean", *PERCENTILES, "share_within", "share_over", "number_over")
    if statistic in ("mean", *PERCENTILES):
        key = ("times", asked.definition.unit, *_asked_of(asked, "by", "nights"))
        return window.once(key, lambda: _times(window, asked)).taking(statistic)
    names, limit, (last, position, begin, end) = asked.names(window), asked.limit(window), _ends(window, asked)
    latest, bounds = window.trajectory.end - limit, (window.start, window.end)
    position, tick, is_over = stay_loops.over_limit(last, position, begin, end, window.left, bounds, latest, limit)
    if statistic == "number_over":
        return Moments(names, position, tick, is_over, "rate", asked.per(window))
    return Moments(names, position, tick, 1 - is_over if statistic == "share_within" else is_over)


def _times(window: Window, asked: Asked) -> Moments:
    """Return the times of those who reached the end, observed at its beginning or end in the window."""
    _, position, begin, end = _ends(window, asked)
    by_end = int(asked.option("by", "from", "to") == "to")
    keep = _nights(window, asked, begin, end)
    position, tick, lasts = stay_loops.times(position, begin, end, keep, by_end, (window.start, window.end))
    return Moments(asked.names(window), position, tick, lasts, unit=asked.ticks_per_unit(window))


def _asked_of(asked: Asked, *more: str) -> tuple[Hashable, ...]:
    """Return what decides which times are meant; measures often differ only in the statistic or limit."""
    options = asked.definition.options
    return (*asked.about, *(options.get(name) for name in ("of", "from", "to", "towards", "origin", "placed", *more)))


def _ends(window: Window, asked: Asked) -> tuple[Ints, Ints, Ints, Ints]:
    """Return last row, position of the service, begin and end of the runs an interval is of."""
    return window.once(("ends", *_asked_of(asked)), lambda: _find_ends(window, asked))


def _find_ends(window: Window, asked: Asked) -> tuple[Ints, Ints, Ints, Ints]:
    begin_at, end_at = asked.option("from", *STAMPS[:4]), asked.option("to", "left", *STAMPS[1:4])
    found = runs(window, asked, asked.option("of", "visits", "attendances", "spells"))
    is_out = window.is_placed if asked.option("placed", "out", "in") == "out" else NO_FLAGS
    origin, towards = (asked.led(window, name) for name in ("origin", "towards"))
    return stay_loops.spans(
        found,
        is_out,
        window.came_from,
        origin,
        window.went,
        towards,
        window.service,
        asked.positions(window),
        stamp(window, begin_at),
        stamp(window, end_at),
    )


def _nights(window: Window, asked: Asked, begin: Ints, end: Ints) -> Flags:
    """Return which stays a midnight falls in, where that is asked for; no flags where it is not."""
    if asked.option("nights", "any", "over") == "any":
        return NO_FLAGS
    midnights = window.midnight_ticks
    return np.asarray(np.searchsorted(midnights, begin, "right") < np.searchsorted(midnights, end, "right"))
