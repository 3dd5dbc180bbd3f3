"""Times of patients: from one stamp of a visit (or of a run of visits) to another."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from flowsim.measure import stay_loops, visit_loops
from flowsim.measure.counts import Counts
from flowsim.measure.facts import PERCENTILES, Facts
from flowsim.measure.frames import Window
from flowsim.measure.integrals import summed
from flowsim.measure.intervals import FAR, Flags
from flowsim.measure.moments import Moments
from flowsim.measure.records import or_far
from flowsim.measure.registry import NO_FLAGS, Asked, measure_kind
from flowsim.measure.sorting import Codes, codes, whole
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
    return rows, rows if of == "visits" else visit_loops.heads(rows, rows, _provider(window, of), window.links)


def runs(window: Window, asked: Asked, of: str = "spells") -> tuple[Ints, Ints]:
    """Return the first and last rows of the runs of visits that count as one; see ``run_heads``."""
    return window.once(("runs", *asked.about, of), lambda: _runs(window, asked, of))


def _runs(window: Window, asked: Asked, of: str) -> tuple[Ints, Ints]:
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
    names, limit, number = asked.names(window), asked.limit(window), len(asked.services)
    of_runs, left, latest = _of_runs(window, asked), window.left, window.trajectory.end - limit
    count = summed(lambda edges: stay_loops.over_limit(*of_runs, left, latest, limit, number, whole(edges)))
    if statistic == "number_over":
        return Counts(names, lambda edges: count(edges)[1], per=asked.per(window))
    is_within = statistic == "share_within"
    return Counts(
        names,
        lambda edges: count(edges)[0] - count(edges)[1] if is_within else count(edges)[1],
        lambda edges: count(edges)[0],
    )


def _times(window: Window, asked: Asked) -> Moments:
    """Return the times of those who reached the end, observed at its beginning or end in the window."""
    is_over_night = asked.option("nights", "any", "over") == "over"
    midnights = window.midnight_ticks if is_over_night else window.midnight_ticks[:0]
    by_end, bounds = int(asked.option("by", "from", "to") == "to"), (window.start, window.end)
    position, tick, lasts = stay_loops.times(*_of_runs(window, asked), midnights, by_end, bounds)
    return Moments(asked.names(window), position, tick, lasts, unit=asked.ticks_per_unit(window))


def _asked_of(asked: Asked, *more: str) -> tuple[Hashable, ...]:
    """Return what decides which times are meant; measures often differ only in the statistic or limit."""
    options = asked.definition.options
    return (*asked.about, *(options.get(name) for name in ("of", "from", "to", "towards", "origin", "placed", *more)))


def _of_runs(window: Window, asked: Asked) -> tuple[tuple[Ints, Ints], Codes, Ints, tuple[Ints, Ints]]:
    """Return the runs an interval is of, each visit's service, positions of services, and the stamps from and to."""
    begin_at, end_at = asked.option("from", *STAMPS[:4]), asked.option("to", "left", *STAMPS[1:4])
    found = runs(window, asked, asked.option("of", "visits", "attendances", "spells"))
    if asked.option("placed", "out", "in") == "out":
        found = led(window, asked, found, window.is_placed)
    else:
        found = led(window, asked, found, NO_FLAGS)
    return found, window.service, asked.positions(window), (stamp(window, begin_at), stamp(window, end_at))


def led(window: Window, asked: Asked, found: tuple[Ints, Ints], is_out: Flags) -> tuple[Ints, Ints]:
    """Return the runs that come from ``origin`` and lead ``towards`` where asked for, but for some."""
    origin, towards = (asked.led(window, name) for name in ("origin", "towards"))
    if not (len(origin) or len(towards) or is_out.any()):
        return found
    return stay_loops.between(found, is_out, window.came_from, origin, window.went, towards)
