"""Who comes, who is admitted, who goes where, who comes back."""

from __future__ import annotations

import numpy as np

from flowsim.measure import stay_loops, visit_loops
from flowsim.measure.counts import Counts, Stamped, tallied
from flowsim.measure.facts import ALL, Facts
from flowsim.measure.frames import Window
from flowsim.measure.integrals import Count
from flowsim.measure.intervals import FAR, Flags
from flowsim.measure.moments import Moments
from flowsim.measure.records import Who
from flowsim.measure.registry import NO_FLAGS, Asked, measure_kind
from flowsim.measure.sorting import codes, edges_before, whole
from flowsim.measure.waits import runs, stamp
from flowsim.trajectory import NEVER, Ints, Outcome

REACHED = ("at", "from", "not_from")
"""Options that decide which visits reach a stamp."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@measure_kind("rate")
def rate(window: Window, asked: Asked) -> Facts:
    """Return how many visits reach a stamp, per ``per`` (day, 30 days, period).

    Options: ``at`` (queued, started, left); ``not_from`` lists roles or services whose transfers do not count;
    ``from`` those that alone count (``arrival`` for people from outside); ``per_head`` a population group, for a
    rate per 100,000 of it. Refused and balked do not count; people there at the start neither arrive nor are
    admitted.
    """
    count = reaching(window, asked)
    return Counts(
        asked.names(window), lambda edges: count(edges)[:, 0], per=asked.per(window), scale=asked.scale(window)
    )


def reaching(window: Window, asked: Asked, who: Who | None = None, n_keys: int = 1) -> Count:
    """Return a count of the visits that reach a measure's stamp, by service, key of the patient and period.

    Args:
        window: where they are.
        asked: the measure; see ``rate``.
        who: the key of each visit's patient; 0 for all the measure is about, if not given.
        n_keys: how many keys.
    """
    at = asked.option("at", "queued", "started", "left")
    when = window.once(("stamped", at), lambda: _stamped(window, at))
    place = window.once(("in order", "came from"), lambda: window.came_from[window.by_service])
    which = place, asked.once("came from", lambda: _came_from(window, asked))
    return tallied(window, asked.services, when, which, asked.who(window) if who is None else who, n_keys)


def _stamped(window: Window, at: str) -> Stamped:
    is_out = window.was_there if at == "queued" else window.is_placed
    return Stamped(window.by_service, window.has_joined & ~is_out, whole(stamp(window, at)))


def _came_from(window: Window, asked: Asked) -> Flags:
    """Return from which places visits count; no flags for all."""
    options = asked.definition.options
    if "from" not in options and "not_from" not in options:
        return NO_FLAGS
    allowed = ~asked.places(window, "not_from")
    if "from" in options:
        allowed &= asked.places(window, "from")
        # The last place is that of nowhere: people from outside.
        allowed[-1] = "arrival" in asked.listed("from")
    return allowed


@measure_kind("outcome_share")
def outcome_share(window: Window, asked: Asked) -> Facts:
    """Return the share of visits that end in an ``outcome`` (reneged, refused, baulked).

    Of all who come in the window and whose outcome is known: those still waiting at the end are left out.
    """
    outcome = Outcome[asked.option("outcome", "reneged", "refused", "baulked").upper()]
    when = window.once(("stamped", "known"), lambda: _known(window))
    outcomes = window.once(("in order", "outcome"), lambda: codes(window.visits.outcome)[window.by_service])
    is_such, who = np.arange(len(Outcome)) == outcome, asked.who(window)
    such, known = (tallied(window, asked.services, when, (outcomes, flags), who) for flags in (is_such, NO_FLAGS))
    return Counts(asked.names(window), lambda edges: such(edges)[:, 0], lambda edges: known(edges)[:, 0])


def _known(window: Window) -> Stamped:
    return Stamped(window.by_service, window.is_arrival & window.is_known, whole(window.visits.queued))


@measure_kind("left_by_weekday")
def left_by_weekday(window: Window, asked: Asked) -> Facts:
    """Return discharges a day by weekday: spells that end, other than by death, in the measure's services."""
    _, last = runs(window, asked)
    tick = window.left[last]
    died = asked.places(window, "except", "died")[window.went[last]]
    position = asked.position(window, last)
    days = window.midnights
    day = edges_before(days, tick, "right") - 1
    use = window.within(tick) & ~died & (day >= 0)
    count = np.zeros((len(asked.services) + 1, len(days)), dtype=np.int64)
    np.add.at(count, (position[use], day[use]), 1)
    count[-1] = count[:-1].sum(axis=0)
    first_day = int(np.searchsorted(window.midnight_ticks, window.start))
    weekday = np.array(window.spec.clock.weekdays, dtype=np.int64)[first_day : first_day + len(days)]
    service, at = np.nonzero(np.ones_like(count, dtype=bool))
    names = (*asked.names(window), ALL)
    return Moments(names, service, days[at], count[service, at], splits=WEEKDAYS, split=weekday[at], has_all=False)


@measure_kind("exits")
def exits(window: Window, asked: Asked) -> Facts:
    """Return how many patients leave the system by the exits that ``to`` lists, per ``per``.

    ``per_head`` as for ``rate``; a definition's ``when`` is of the patient on arrival.
    """
    rows = leaving(window, asked)
    zeros, tick = np.zeros(len(rows), dtype=np.int64), window.trajectory.patients.left[rows]
    values = asked.ones(window, len(tick))
    return Moments((ALL,), zeros, tick, values, "rate", asked.per(window), has_all=False)


def leaving(window: Window, asked: Asked) -> Ints:
    """Return the patients a measure is about who leave by the exits that ``to`` lists."""
    patients, by = window.trajectory.patients, asked.places(window, "to", "died")
    # NEVER is the last place code, by which no one leaves.
    rows = window.once(("leaving", by.tobytes()), lambda: np.flatnonzero(by[patients.exit]))
    attributes = patients.attributes[rows]
    keep = np.ones(len(rows), dtype=bool)
    for attribute, levels in asked.wanted(window):
        keep &= np.isin(attributes[:, attribute], levels)
    return rows[keep]


@measure_kind("went_to_share")
def went_to_share(window: Window, asked: Asked) -> Facts:
    """Return the share of spells ended in the window that lead to the roles, services or exits ``to`` lists.

    Those that lead to a place in ``except`` (died, unless said) are left out.
    """
    _, last = runs(window, asked)
    went, tick = window.went[last], window.left[last]
    use = (tick < FAR) & ~asked.places(window, "except", "died")[went] & (went != NEVER)
    position = asked.position(window, last)
    values = asked.places(window, "to")[went]
    return Moments(asked.names(window), position[use], tick[use], values[use])


@measure_kind("return_share")
def return_share(window: Window, asked: Asked) -> Facts:
    """Return the share of spells followed, within the limit, by something that should not follow.

    Options: ``since`` (left or started: where the clock starts); ``to`` the roles or services whose start counts;
    ``exits`` the exits that count too; ``origin`` keeps spells that came from the roles it lists; ``except`` leaves
    out those who left to a place it lists (died, unless said); ``share`` of ``followed`` or ``spared``.
    Of spells whose clock starts in the window at least the limit before the run's end.
    """
    since, limit = asked.option("since", "left", "started"), asked.limit(window)
    started, patients = stamp(window, "started"), window.trajectory.patients
    towards = ~asked.places(window, "except", "died") if since == "left" else NO_FLAGS
    ways = window.came_from, asked.led(window, "origin"), window.went, towards
    first, last = stay_loops.between(runs(window, asked), NO_FLAGS, *ways)
    clock = window.left[last] if since == "left" else started[first]
    use = np.flatnonzero(clock < window.trajectory.end - limit)
    last, clock = last[use], clock[use]
    starts = visit_loops.next_starts(last, window.following, asked.places(window, "to"), window.service, started)
    exits = codes(patients.exit), patients.left, asked.places(window, "exits", "none")
    is_soon = stay_loops.soonest_after(last, clock, starts, window.patient, exits) <= limit
    values = ~is_soon if asked.option("share", "followed", "spared") == "spared" else is_soon
    return Moments(asked.names(window), asked.position(window, last), clock, values)


@measure_kind("avoided")
def avoided(window: Window, asked: Asked) -> Facts:
    """Return patients who reached one of the measure's services and went home without a bed on a ward, per ``per``.

    An episode runs from arrival to an exit or to a service of a role in ``home``. It counts when it ends in the
    window at such a service or at an exit in ``home``, by the first of the measure's services that saw it, unless
    it ever asked for a service of a role in ``unless``. Not every such patient would have been admitted: the
    paired difference in admissions says what an option avoids.
    """
    home, seen = asked.places(window, "home", "home"), asked.all_chosen(window)
    first, final = stay_loops.seen_and_home(
        visit_loops.flagged(seen, window.has_started, NO_FLAGS),
        window.links,
        window.went,
        window.visits.outcome == Outcome.REFUSED,
        window.left,
        home,
        asked.places(window, "unless", "ward"),
    )
    position, tick = asked.position(window, first), window.left[final]
    return Moments(asked.names(window), position, tick, np.ones(len(first), dtype=bool), "rate", asked.per(window))
