"""Times of patients: from one stamp of a visit (or of a run of visits) to another."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from flowsim.measure import stay_loops, visit_loops
from flowsim.measure.counts import Counts
from flowsim.measure.facts import PERCENTILES, Facts
from flowsim.measure.frames import Window
from flowsim.measure.intervals import NO_FLAGS, Flags
from flowsim.measure.periods import Count, kept
from flowsim.measure.registry import Asked, alike, measure_kind
from flowsim.measure.sorting import Codes, codes, whole
from flowsim.measure.times import Timed, Times
from flowsim.trajectory import Ints

STAMPS = ("queued", "started", "seen", "ready", "left")


def stamp(window: Window, name: str) -> stay_loops.Stamp:
    """Return when each visit reached a stamp, and whether it did."""
    return window.once(("stamp", name), lambda: _stamp(window, name))


def _stamp(window: Window, name: str) -> stay_loops.Stamp:
    known = {"queued": lambda: window.is_any, "started": lambda: window.has_started}
    return whole(getattr(window.visits, name)), known[name]() if name in known else window.reached(name)


def runs(window: Window, asked: Asked, of: str = "spells") -> stay_loops.Runs:
    """Return the first and last rows of the runs of visits that count as one.

    What counts as one is ``visits`` (each by itself), ``attendances`` (moves between the measure's services of
    one provider are one attendance) or ``spells`` (moves between any of them are one spell).
    """
    return window.once(("runs", *asked.about, of), lambda: _runs(window, asked, of))


def _runs(window: Window, asked: Asked, of: str) -> stay_loops.Runs:
    rows = asked.chosen(window)
    return (rows, rows) if of == "visits" else visit_loops.runs(rows, _provider(window, of), window.links)


def _provider(window: Window, of: str) -> Codes:
    """Return the provider of each service where only visits to one are linked; none where it is no matter."""
    if of != "attendances":
        return np.zeros(0, dtype=np.int32)
    return codes(np.unique([s.provider for s in window.spec.services], return_inverse=True)[1])


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
    names, count = asked.names(window), _over_limit(window, asked)
    if statistic == "number_over":
        return Counts(names, lambda edges: count(edges)[1], per=asked.per(window))
    is_within = statistic == "share_within"
    return Counts(
        names,
        lambda edges: count(edges)[0] - count(edges)[1] if is_within else count(edges)[1],
        lambda edges: count(edges)[0],
    )


def _times(window: Window, asked: Asked) -> Times:
    """Return the times of those who reached the end, observed at its beginning or end in the window."""
    is_over_night = asked.option("nights", "any", "over") == "over"
    midnights = window.midnight_ticks if is_over_night else window.midnight_ticks[:0]
    by_end, bounds = int(asked.option("by", "from", "to") == "to"), (window.start, window.end)
    found, stamps, where = _of_runs(window, asked), _stamps(window, asked), asked.where(window)

    def find(edges: Ints) -> Timed:
        return Timed(*stay_loops.times(found, where, *stamps, midnights, by_end, bounds, edges))

    return Times(asked.names(window), find, asked.ticks_per_unit(window))


def _over_limit(window: Window, asked: Asked) -> Count:
    """Return a count of those of whom all is known, and of those over the limit: (2, services, periods)."""
    limits = asked.once("limits", lambda: _limits(window, asked))
    at = limits.index(asked.limit(window))
    count = window.once(("times", limits, *_asked_of(asked)), lambda: _over_limits(window, asked, limits))
    return lambda edges: count(edges)[:, at]


def _limits(window: Window, asked: Asked) -> tuple[int, ...]:
    """Return the limits [ticks] of all measures of the same times, which are counted together."""
    others = (m for m in alike(window, asked, _asked_of) if m.definition.limit is not None)
    return tuple(sorted({asked.limit(window), *(m.limit(window) for m in others)}))


def _over_limits(window: Window, asked: Asked, limits: tuple[int, ...]) -> Count:
    found, stamps, where = _of_runs(window, asked), _stamps(window, asked), asked.where(window)
    left, end = whole(window.visits.left), window.trajectory.end
    return kept(lambda edges: stay_loops.over_limits(found, where, *stamps, left, end, whole(limits), edges))


def _asked_of(asked: Asked, *more: str) -> tuple[Hashable, ...]:
    """Return what decides which times are meant; measures often differ only in the statistic or limit."""
    options, names = asked.definition.options, ("of", "from", "to", "towards", "origin", "placed", *more)
    return asked.once(("times of", *more), lambda: (*asked.about, *(options.get(name) for name in names)))


def _stamps(window: Window, asked: Asked) -> tuple[stay_loops.Stamp, stay_loops.Stamp]:
    begin_at, end_at = asked.option("from", *STAMPS[:4]), asked.option("to", "left", *STAMPS[1:4])
    return stamp(window, begin_at), stamp(window, end_at)


def _of_runs(window: Window, asked: Asked) -> stay_loops.Runs:
    """Return the runs an interval is of."""
    of = asked.option("of", "visits", "attendances", "spells")
    is_out = window.is_placed if asked.option("placed", "out", "in") == "out" else NO_FLAGS
    ways = (asked.definition.options.get(name) for name in ("origin", "towards"))
    key = ("led", *asked.about, of, len(is_out), *ways)
    return window.once(key, lambda: led(window, asked, runs(window, asked, of), is_out))


def led(window: Window, asked: Asked, found: stay_loops.Runs, is_out: Flags) -> stay_loops.Runs:
    """Return the runs that come from ``origin`` and lead ``towards`` where asked for, but for some."""
    origin, towards = (asked.led(window, name) for name in ("origin", "towards"))
    if not (len(origin) or len(towards) or is_out.any()):
        return found
    return stay_loops.between(found, is_out, window.came_from, origin, window.went, towards)
