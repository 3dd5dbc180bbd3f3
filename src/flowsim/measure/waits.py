"""Times of patients: from one stamp of a visit (or of a run of visits) to another."""

from __future__ import annotations

import numpy as np

from flowsim.measure.facts import PERCENTILES, Facts, Moments
from flowsim.measure.frames import Window
from flowsim.measure.intervals import FAR, Flags
from flowsim.measure.registry import Asked, measure_kind
from flowsim.trajectory import NEVER, Ints

STAMPS = ("queued", "started", "seen", "ready", "left")


def stamp(window: Window, name: str) -> Ints:
    """Return when each visit reached a stamp; FAR where it did not."""
    return window.once(("stamp", name), lambda: _stamp(window, name))


def _stamp(window: Window, name: str) -> Ints:
    ticks = getattr(window.visits, name)
    reached = window.has_started if name == "started" else (ticks != NEVER) | (name == "queued")
    return np.where(reached, ticks, FAR)


def run_heads(window: Window, asked: Asked, of: str = "spells") -> Ints:
    """Return for each of a measure's visits the first row of the run that counts as one; NEVER for others.

    What counts as one is ``visits`` (each by itself), ``attendances`` (moves between the measure's services of
    one provider are one attendance) or ``spells`` (moves between any of them are one spell).
    """
    return window.once(("heads", *asked.about, of), lambda: _run_heads(window, asked, of))


def _run_heads(window: Window, asked: Asked, of: str) -> Ints:
    v, previous = window.visits, window.previous
    here = asked.chosen(window) & window.has_joined
    if of == "visits":
        return np.where(here, np.arange(len(here)), NEVER)
    is_link = here & (previous != NEVER) & here[previous]
    if of == "attendances":
        _, provider = np.unique([s.provider for s in window.spec.services], return_inverse=True)
        is_link &= provider[v.service] == provider[v.service[previous]]
    return np.where(here, window.chains(is_link), NEVER)


def runs(window: Window, asked: Asked, of: str = "spells") -> tuple[Ints, Ints]:
    """Return the first and last rows of the runs of visits that count as one; see ``run_heads``."""
    return window.once(("runs", *asked.about, of), lambda: _runs(window, asked, of))


def _runs(window: Window, asked: Asked, of: str) -> tuple[Ints, Ints]:
    head = run_heads(window, asked, of)
    following = window.following
    goes_on = (following != NEVER) & (head[following] == head) & (head != NEVER)
    last = np.flatnonzero((head != NEVER) & ~goes_on)
    return head[last], last


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
    begin_at, end_at = asked.option("from", *STAMPS[:4]), asked.option("to", "left", *STAMPS[1:4])
    first, last = runs(window, asked, asked.option("of", "visits", "attendances", "spells"))
    keep = _led(window, asked, first, last)
    first, last = first[keep], last[keep]
    begin, end = stamp(window, begin_at)[first], stamp(window, end_at)[last]
    position = asked.positions(window)[window.visits.service[first]]
    statistic = asked.option("statistic", "mean", *PERCENTILES, "share_within", "share_over", "number_over")
    if statistic in ("mean", *PERCENTILES):
        tick = end if asked.option("by", "from", "to") == "to" else begin
        use = (end < FAR) & (begin < FAR) & _nights(window, asked, begin, end)
        value = (end - begin) / asked.ticks_per_unit(window)
        return Moments(asked.names(window), position[use], tick[use], value[use], statistic)
    limit = asked.limit(window)
    is_open = window.left[last] == FAR
    use = (begin < window.trajectory.end - limit) & ((end < FAR) | is_open)
    is_over = (end - np.minimum(begin, FAR // 2)) > limit
    value = (~is_over if statistic == "share_within" else is_over).astype(float)
    if statistic != "number_over":
        return Moments(asked.names(window), position[use], begin[use], value[use])
    return Moments(asked.names(window), position[use], begin[use], value[use], "rate", asked.per(window))


def _led(window: Window, asked: Asked, first: Ints, last: Ints) -> Flags:
    """Return which runs come from and lead to where the options say; all where they say nothing."""
    keep = np.ones(len(first), dtype=bool)
    if "towards" in asked.definition.options:
        keep &= asked.places(window, "towards")[window.went[last]]
    if "origin" in asked.definition.options:
        previous = window.previous[first]
        came_from = np.where(previous != NEVER, window.visits.service[previous], NEVER)
        keep &= asked.places(window, "origin")[came_from]
    return keep & ~window.is_placed[first] if asked.option("placed", "out", "in") == "out" else keep


def _nights(window: Window, asked: Asked, begin: Ints, end: Ints) -> Flags:
    if asked.option("nights", "any", "over") == "any":
        return np.ones(len(begin), dtype=bool)
    midnights = window.midnight_ticks
    return np.asarray(np.searchsorted(midnights, begin, "right") < np.searchsorted(midnights, end, "right"))
