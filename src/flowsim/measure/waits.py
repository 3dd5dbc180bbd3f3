"""Times of patients: from one stamp of a visit (or of a run of visits) to another."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from flowsim.measure import visit_loops
from flowsim.measure.facts import PERCENTILES, Facts
from flowsim.measure.frames import Window
from flowsim.measure.intervals import FAR, Flags
from flowsim.measure.moments import Moments
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.sorting import codes
from flowsim.trajectory import NEVER, Ints

STAMPS = ("queued", "started", "seen", "ready", "left")


def stamp(window: Window, name: str) -> Ints:
    """Return when each visit reached a stamp; FAR where it did not."""
    return window.once(("stamp", name), lambda: _stamp(window, name))


def _stamp(window: Window, name: str) -> Ints:
    ticks = getattr(window.visits, name)
    reached = window.has_started if name == "started" else (ticks != NEVER) | (name == "queued")
    return np.where(reached, ticks, FAR)


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
    names, limit, (_, last, position, begin, end) = asked.names(window), asked.limit(window), _ends(window, asked)
    is_known = (end < FAR) | (window.left[last] == FAR)
    use = np.flatnonzero(is_known & window.within(begin) & (begin < window.trajectory.end - limit))
    is_over = (end - begin)[use] > limit
    value = ~is_over if statistic == "share_within" else is_over
    if statistic != "number_over":
        return Moments(names, position[use], begin[use], value)
    return Moments(names, position[use], begin[use], value, "rate", asked.per(window))


def _times(window: Window, asked: Asked) -> Moments:
    """Return the times of those who reached the end, observed at its beginning or end in the window."""
    _, _, position, begin, end = _ends(window, asked)
    tick = end if asked.option("by", "from", "to") == "to" else begin
    use = np.flatnonzero((end < FAR) & (begin < FAR) & window.within(tick) & _nights(window, asked, begin, end))
    lasts = (end - begin)[use]
    return Moments(asked.names(window), position[use], tick[use], lasts, unit=asked.ticks_per_unit(window))


def _asked_of(asked: Asked, *more: str) -> tuple[Hashable, ...]:
    """Return what decides which times are meant; measures often differ only in the statistic or limit."""
    options = asked.definition.options
    return (*asked.about, *(options.get(name) for name in ("of", "from", "to", "towards", "origin", "placed", *more)))


def _ends(window: Window, asked: Asked) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return first and last row, position of the service, begin and end of the runs an interval is of."""
    return window.once(("ends", *_asked_of(asked)), lambda: _find_ends(window, asked))


def _find_ends(window: Window, asked: Asked) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    begin_at, end_at = asked.option("from", *STAMPS[:4]), asked.option("to", "left", *STAMPS[1:4])
    first, last = _led(window, asked)
    begin, end = stamp(window, begin_at)[first], stamp(window, end_at)[last]
    return first, last, asked.position(window, first), begin, end


def _led(window: Window, asked: Asked) -> tuple[Ints, Ints]:
    """Return the first and last rows of the runs that come from and lead to where the options say."""
    first, last = runs(window, asked, asked.option("of", "visits", "attendances", "spells"))
    keep = ~window.is_placed[first] if asked.option("placed", "out", "in") == "out" else np.ones(len(first), dtype=bool)
    if "towards" in asked.definition.options:
        keep &= asked.places(window, "towards")[window.went[last]]
    if "origin" in asked.definition.options:
        keep &= asked.places(window, "origin")[window.came_from[first]]
    use = np.flatnonzero(keep)
    return first[use], last[use]


def _nights(window: Window, asked: Asked, begin: Ints, end: Ints) -> Flags:
    if asked.option("nights", "any", "over") == "any":
        return np.ones(len(begin), dtype=bool)
    midnights = window.midnight_ticks
    return np.asarray(np.searchsorted(midnights, begin, "right") < np.searchsorted(midnights, end, "right"))
