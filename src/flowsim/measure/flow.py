"""Who comes, who is admitted, who goes where, who comes back."""

from __future__ import annotations

import numpy as np

from flowsim.measure import visit_loops
from flowsim.measure.facts import ALL, Facts
from flowsim.measure.frames import Window
from flowsim.measure.intervals import FAR, Flags
from flowsim.measure.moments import Moments
from flowsim.measure.records import meant
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.waits import runs, stamp
from flowsim.trajectory import NEVER, Ints, Outcome

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@measure_kind("rate")
def rate(window: Window, asked: Asked) -> Facts:
    """Return how many visits reach a stamp, per ``per`` (day, 30 days, period).

    Options: ``at`` (queued, started, left); ``not_from`` lists roles or services whose transfers do not count;
    ``from`` those that alone count (``arrival`` for people from outside); ``per_head`` a population group, for a
    rate per 100,000 of it. Refused and balked do not count; people there at the start neither arrive nor are
    admitted.
    """
    rows, tick = reached(window, asked)
    values = asked.ones(window, len(rows))
    return Moments(asked.names(window), asked.position(window, rows), tick, values, "rate", asked.per(window))


def reached(window: Window, asked: Asked) -> tuple[Ints, Ints]:
    """Return the rows of the visits that reach a measure's stamp in the window, and when; see ``rate``."""
    at = asked.option("at", "queued", "started", "left")
    allowed = ~asked.places(window, "not_from")
    if "from" in asked.definition.options:
        allowed &= asked.places(window, "from")
        # The last place is that of nowhere: people from outside.
        allowed[-1] = "arrival" in asked.listed("from")
    is_out = window.was_there if at == "queued" else window.is_placed
    tick, bounds = stamp(window, at), (window.start, window.end)
    rows = visit_loops.passing(asked.chosen(window), tick, bounds, is_out, window.came_from, allowed)
    return rows, tick[rows]


@measure_kind("outcome_share")
def outcome_share(window: Window, asked: Asked) -> Facts:
    """Return the share of visits that end in an ``outcome`` (reneged, refused, baulked).

    Of all who come in the window and whose outcome is known: those still waiting at the end are left out.
    """
    outcome = Outcome[asked.option("outcome", "reneged", "refused", "baulked").upper()]
    rows, v = asked.all_chosen(window), window.visits
    rows = rows[np.flatnonzero(window.is_arrival[rows])]
    rows = rows[window.has_started[rows] | (v.outcome[rows] != Outcome.IN_PROGRESS)]
    return Moments(asked.names(window), asked.position(window, rows), v.queued[rows], v.outcome[rows] == outcome)


@measure_kind("left_by_weekday")
def left_by_weekday(window: Window, asked: Asked) -> Facts:
    """Return discharges a day by weekday: spells that end, other than by death, in the measure's services."""
    _, last = runs(window, asked)
    tick = window.left[last]
    died = asked.places(window, "except", "died")[window.went[last]]
    position = asked.position(window, last)
    days = window.midnights
    day = np.searchsorted(days, tick, "right") - 1
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
    patients = window.trajectory.patients
    keep = (patients.exit != NEVER) & asked.places(window, "to", "died")[patients.exit]
    for attribute, codes in meant(window.spec, asked.definition.when):
        keep &= np.isin(patients.attributes[:, attribute], codes)
    tick = patients.left[keep]
    zeros = np.zeros(len(tick), dtype=np.int64)
    values = asked.ones(window, len(tick))
    return Moments((ALL,), zeros, tick, values, "rate", asked.per(window), has_all=False)


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
    v, limit = window.visits, asked.limit(window)
    first, last = runs(window, asked)
    since = asked.option("since", "left", "started")
    clock = window.left[last] if since == "left" else stamp(window, "started")[first]
    use = clock < window.trajectory.end - limit
    if since == "left":
        use &= ~asked.places(window, "except", "died")[window.went[last]]
    if "origin" in asked.definition.options:
        use &= asked.places(window, "origin")[window.came_from[first]]
    first, last, clock = first[use], last[use], clock[use]
    gone = window.trajectory.patients
    leaves = asked.places(window, "exits", "none")[gone.exit] & (gone.exit != NEVER)
    departed = np.where(leaves, gone.left, FAR)[v.patient[last]]
    starts = stamp(window, "started")
    soonest = visit_loops.next_starts(last, window.following, asked.places(window, "to"), window.service, starts)
    soonest = np.minimum(soonest, departed)
    values = soonest - clock <= limit
    if asked.option("share", "followed", "spared") == "spared":
        values = ~values
    position = asked.position(window, last)
    return Moments(asked.names(window), position, clock, values)


@measure_kind("avoided")
def avoided(window: Window, asked: Asked) -> Facts:
    """Return patients who reached one of the measure's services and went home without a bed on a ward, per ``per``.

    An episode runs from arrival to an exit or to a service of a role in ``home``. It counts when it ends in the
    window at such a service or at an exit in ``home``, by the first of the measure's services that saw it, unless
    it ever asked for a service of a role in ``unless``. Not every such patient would have been admitted: the
    paired difference in admissions says what an option avoids.
    """
    v = window.visits
    home = asked.places(window, "home", "home")
    episode = window.once(("episodes", home.tobytes()), lambda: window.chains(~home))
    final = np.flatnonzero(home[window.went] & ~home[v.service] & (v.outcome != Outcome.REFUSED))
    final = final[window.left[final] < FAR]
    asked_for_bed = _by_episode(episode, asked.places(window, "unless", "ward")[v.service])
    seen = asked.all_chosen(window)
    seen = seen[np.flatnonzero(window.has_started[seen])]
    first_seen = np.full(len(episode), NEVER, dtype=np.int64)
    # Visits are in order of joining, so the earliest is written last.
    first_seen[episode[seen[::-1]]] = seen[::-1]
    first = first_seen[episode[final]]
    use = np.flatnonzero((first != NEVER) & ~asked_for_bed[episode[final]])
    position, tick = asked.position(window, first[use]), window.left[final[use]]
    return Moments(asked.names(window), position, tick, np.ones(len(use), dtype=bool), "rate", asked.per(window))


def _by_episode(episode: Ints, flags: Flags) -> Flags:
    """Return for each head of an episode whether any of its visits is flagged."""
    found = np.zeros(len(episode), dtype=bool)
    found[episode[flags]] = True
    return found
