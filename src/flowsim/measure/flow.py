"""Who comes, who is admitted, who goes where, who comes back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from flowsim.measure import stay_loops, visit_loops
from flowsim.measure.counts import Counts
from flowsim.measure.facts import ALL, Facts, and_all
from flowsim.measure.frames import Window
from flowsim.measure.intervals import NO_FLAGS, Flags
from flowsim.measure.moments import Moments
from flowsim.measure.periods import Count, kept
from flowsim.measure.records import Who
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.sorting import codes, whole
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
    allowed, whence = asked.once("came from", lambda: _came_from(window, asked))
    visits = window.once(("stamped", at, asked.services, whence), lambda: _stamped(window, asked.services, at, allowed))
    _, key = asked.who(window) if who is None else who
    return kept(lambda edges: visit_loops.tally(visits(edges), key, n_keys, len(edges) - 1))


def _stamped(
    window: Window, services: tuple[int, ...], at: str, allowed: Flags
) -> Callable[[Ints], visit_loops.Stamped]:
    """Return what tells apart the visits to some services that reach a stamp, by edges; found once a grid."""
    (tick, _), slices, ways, code = stamp(window, at), window.at_services(services), window.came_from, window.code
    flag = window.once(("counts", at), lambda: _counts(window, at))
    return kept(lambda edges: visit_loops.stamped(slices, flag, tick, ways, allowed, code, edges))


def _counts(window: Window, at: str) -> Flags:
    """Return which visits count when they reach a stamp."""
    is_out = window.was_there if at == "queued" else window.is_placed
    return np.asarray(window.has_joined & stamp(window, at)[1] & ~is_out)


def _came_from(window: Window, asked: Asked) -> tuple[Flags, bytes]:
    """Return from which places visits count (no flags for all), and what tells these from others."""
    options = asked.definition.options
    if "from" not in options and "not_from" not in options:
        return NO_FLAGS, b""
    allowed = ~asked.places(window, "not_from")
    if "from" in options:
        allowed &= asked.places(window, "from")
        # The last place is that of nowhere: people from outside.
        allowed[-1] = "arrival" in asked.listed("from")
    return allowed, allowed.tobytes()


@measure_kind("outcome_share")
def outcome_share(window: Window, asked: Asked) -> Facts:
    """Return the share of visits that end in an ``outcome`` (reneged, refused, baulked).

    Of all who come in the window and whose outcome is known: those still waiting at the end are left out.
    """
    outcome = Outcome[asked.option("outcome", "reneged", "refused", "baulked").upper()]
    key = ("outcomes", *asked.about)
    count = window.once(key, lambda: _outcomes(window, asked))
    return Counts(asked.names(window), lambda edges: count(edges)[:, outcome], lambda edges: count(edges).sum(axis=1))


def _outcomes(window: Window, asked: Asked) -> Count:
    """Return a count of the visits whose outcome is known, by service, outcome and period of joining."""
    v, slices, who = window.visits, window.at_services(asked.services), asked.who(window)
    flag, outcome, queued = window.is_known, codes(v.outcome), whole(v.queued)
    return kept(lambda edges: visit_loops.outcomes(slices, flag, who, outcome, len(Outcome), queued, edges))


@measure_kind("left_by_weekday")
def left_by_weekday(window: Window, asked: Asked) -> Facts:
    """Return discharges a day by weekday: spells that end, other than by death, in the measure's services."""
    days = window.midnights
    count, _ = led_from(window, asked, NO_FLAGS, asked.places(window, "except", "died"))(np.append(days, window.end))
    first_day = int(np.searchsorted(window.midnight_ticks, window.start))
    weekday = np.array(window.spec.clock.weekdays, dtype=np.int64)[first_day : first_day + len(days)]
    count = and_all(count)
    service, at = np.nonzero(np.ones_like(count, dtype=bool))
    names = (*asked.names(window), ALL)
    return Moments(names, service, days[at], count[service, at], splits=WEEKDAYS, split=weekday[at], has_all=False)


def led_from(window: Window, asked: Asked, to: Flags, out: Flags) -> Count:
    """Return a count of the spells that end in a measure's services, and of those that lead to some places.

    Args:
        window: where they are.
        asked: the measure.
        to: by place code.
        out: by place code (NEVER the last), whether spells that lead there are left out.

    Returns:
        Gives (2, services, periods).
    """
    (_, last), where, left, went = runs(window, asked), asked.where(window), whole(window.visits.left), window.went
    is_there = to if len(to) else np.zeros_like(out)
    return kept(lambda edges: stay_loops.led(last, where, left, went, out, is_there, whole(edges)))


@measure_kind("exits")
def exits(window: Window, asked: Asked) -> Facts:
    """Return how many patients leave the system by the exits that ``to`` lists, per ``per``.

    ``per_head`` as for ``rate``; a definition's ``when`` is of the patient on arrival.
    """
    rows = leaving(window, asked)
    zeros, tick = np.zeros(len(rows), dtype=np.int64), window.trajectory.patients.left[rows]
    values, scale = np.ones(len(rows), dtype=bool), asked.scale(window)
    return Moments((ALL,), zeros, tick, values, "rate", asked.per(window), has_all=False, scale=scale)


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
    out = asked.places(window, "except", "died").copy()
    out[NEVER] = True
    count = led_from(window, asked, asked.places(window, "to"), out)
    return Counts(asked.names(window), lambda edges: count(edges)[1], lambda edges: count(edges)[0])


@measure_kind("return_share")
def return_share(window: Window, asked: Asked) -> Facts:
    """Return the share of spells followed, within the limit, by something that should not follow.

    Options: ``since`` (left or started: where the clock starts); ``to`` the roles or services whose start counts;
    ``exits`` the exits that count too; ``origin`` keeps spells that came from the roles it lists; ``except`` leaves
    out those who left to a place it lists (died, unless said); ``share`` of ``followed`` or ``spared``.
    Of spells whose clock starts in the window at least the limit before the run's end.
    """
    since, limit = asked.option("since", "left", "started"), asked.limit(window)
    patients, clock, to = window.trajectory.patients, stamp(window, since), asked.places(window, "to")
    towards = ~asked.places(window, "except", "died") if since == "left" else NO_FLAGS
    ways = window.came_from, asked.led(window, "origin"), window.went, towards
    found, where = stay_loops.between(runs(window, asked), NO_FLAGS, *ways), asked.where(window)
    links, starts, from_start = (window.patient, window.following), (to, *stamp(window, "started")), since == "started"
    exits = asked.places(window, "exits", "none"), codes(patients.exit), whole(patients.left)

    @kept
    def count(edges: Ints) -> Ints:
        of = found, where, clock, from_start, links, starts, exits
        return stay_loops.followed(*of, limit, window.trajectory.end, edges)

    is_spared = asked.option("share", "followed", "spared") == "spared"
    return Counts(
        asked.names(window),
        lambda edges: count(edges)[0] - count(edges)[1] if is_spared else count(edges)[1],
        lambda edges: count(edges)[0],
    )


@measure_kind("avoided")
def avoided(window: Window, asked: Asked) -> Facts:
    """Return patients who reached one of the measure's services and went home without a bed on a ward, per ``per``.

    An episode runs from arrival to an exit or to a service of a role in ``home``. It counts when it ends in the
    window at such a service or at an exit in ``home``, by the first of the measure's services that saw it, unless
    it ever asked for a service of a role in ``unless``. Not every such patient would have been admitted: the
    paired difference in admissions says what an option avoids.
    """
    rows = visit_loops.flagged(asked.all_chosen(window), window.has_started)
    ways = window.went, whole(window.visits.left), window.visits.outcome == int(Outcome.REFUSED)
    home, unless = asked.places(window, "home", "home"), asked.places(window, "unless", "ward")
    where, links = asked.where(window), window.links

    def count(edges: Ints) -> Ints:
        return stay_loops.seen_and_home(rows, where, links, ways, home, unless, edges)

    return Counts(asked.names(window), count, per=asked.per(window))
