"""How full places are, how many wait in them, and who has been there long."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from flowsim.measure import loops, span_loops, visit_loops
from flowsim.measure.facts import ALL, Facts, Series, labels_of
from flowsim.measure.frames import SPANS, Window
from flowsim.measure.home_care import used_at
from flowsim.measure.integrals import NO_CODES, NO_KEYS, NOUGHT, difference, levels_at, steps
from flowsim.measure.intervals import Intervals
from flowsim.measure.levels import in_use, stepped
from flowsim.measure.moments import Moments
from flowsim.measure.periods import Count, Periods
from flowsim.measure.records import EVERYONE, Who, both
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.sorting import codes, whole
from flowsim.measure.stretches import Levels, Stretches
from flowsim.trajectory import Ints

STATES = {
    "in_use": "in_use",
    "waiting": "waiting",
    "treated": "treated",
    "ready": "is_ready",
    "blocked": "blocked",
    "delayed": "delayed",
}
"""What options call a state -> what ``Window`` calls it."""


def spent(window: Window, asked: Asked, name: str, who: Who = EVERYONE, n_keys: int = 1) -> Count:
    """Return the time under the stretches called ``name`` at a measure's services.

    Args:
        window: where from.
        asked: the measure.
        name: a state, or ``used`` (spaces, and for home care visits a day).
        who: the key of each visit; all have key 0 if not given.
        n_keys: how many keys.

    Returns:
        Gives the integral of the number open: (services, keys, periods).
    """
    here = list(asked.services)

    def found(edges: Ints) -> Ints:
        state = "in_use" if name == "used" else name
        if n_keys == 1 and not len(who[1]):
            area = window.areas_at(state, asked.services, edges)[:, None]
        elif state in SPANS:
            area = window.spent(state, asked.services, who, n_keys, edges)
        else:
            area = np.array([_keyed(window.at(state, s), who, n_keys, edges) for s in here])
        for position in np.flatnonzero(window.by_visits[here]).tolist() if name == "used" else ():
            used = used_at(window, here[position], by_package=len(who[1]) > 0)
            area[position] = _keyed(used, who, n_keys, edges)
        return area

    return found


def _keyed(stretches: Intervals, who: Who, n_keys: int, edges: Ints) -> Ints:
    """Return the integral of the number of stretches open: (keys, periods)."""
    everything = NOUGHT, np.array([len(stretches.row)])
    return loops.area(everything, stretches.columns, who, (NO_CODES, NO_KEYS), n_keys, edges)


def excess(window: Window, service: int) -> tuple[Ints, Ints]:
    """Return spaces (or visits a day) in use less those offered as a step function, over the time of ``stepped``."""
    return window.once(("excess", service), partial(_excess, window, service))


def _excess(window: Window, service: int) -> tuple[Ints, Ints]:
    taken, o = stepped(window, used_at(window, service)), window.at("capacity", service)
    return difference(taken, steps(o.start, o.stop, o.weight, int(taken[0][0]), max(window.end, int(taken[0][0]) + 1)))


def spaces_at_midnights(window: Window) -> Ints:
    """Return spaces offered at the window's midnights, by service."""
    o = window.capacity
    return levels_at(o.service, window.n_services, o.start, o.stop, o.weight, window.midnights)


@measure_kind("occupied_share")
def occupied_share(window: Window, asked: Asked) -> Facts:
    """Return spaces in use over spaces offered, surge included, over time; for home care, visits made over offered.

    Services that never fill are left out.
    """
    here = list(asked.services)
    limited = ~window.is_unlimited[here][:, None, None]
    used = spent(window, asked, "used", asked.who(window))
    return Stretches(
        asked.names(window),
        lambda edges: used(edges) * limited,
        "share",
        lambda edges: window.areas("capacity", edges)[here],
    )


@measure_kind("midnights_over")
def midnights_over(window: Window, asked: Asked) -> Facts:
    """Return the share of midnights at which more than ``threshold`` of the spaces offered are in use."""
    ticks, spaces = window.midnights, spaces_at_midnights(window)[list(asked.services)]
    taken = in_use(window).at_midnights[list(asked.services)]
    is_over = (taken > asked.threshold() * spaces) & (spaces > 0)
    counted = np.array([not window.spec.services[s].is_unlimited for s in asked.services], dtype=bool)
    service, day = np.nonzero(np.broadcast_to(counted[:, None], is_over.shape))
    return Moments(asked.names(window), service, ticks[day], is_over[service, day])


@measure_kind("number")
def number(window: Window, asked: Asked) -> Facts:
    """Return how many patients are in a ``state`` (in_use counts spaces).

    Options: ``state``; ``towards`` keeps those who go (or wait to go) to the roles, services or exits it lists;
    ``statistic`` number (mean over time) or p95 (of the time).
    """
    who = asked.who(window)
    if "towards" in asked.definition.options:
        left_out = np.where(asked.places(window, "towards"), 0, -1).astype(np.int8)
        who = both(who, (window.once("went", lambda: codes(window.went)), left_out))
    names, state = asked.names(window), STATES[asked.option("state", *STATES)]
    if asked.option("statistic", "number", "p95") == "number":
        return Stretches(names, spent(window, asked, state, who))
    (code, key), at = who, [window.at(state, s) for s in asked.services]
    return Levels(names, tuple(x.where(key[code[x.row]] >= 0) if len(key) else x for x in at))


@measure_kind("at_midnight")
def at_midnight(window: Window, asked: Asked) -> Facts:
    """Return how many patients are in a bed at midnight, mean over midnights.

    Options: ``who`` is ``ready`` (care ended, not left: no criteria to reside) or ``stay`` (in the measure's
    services for the limit or longer, from the start of the spell); ``statistic`` number or share (of all there).
    """
    who, ticks, names = asked.option("who", "ready", "stay"), window.midnights, asked.names(window)
    key = ("counted", "midnights", *asked.about, who, 0 if who == "ready" else asked.limit(window))
    count = window.once(
        key, lambda: _there(window, asked, "is_ready") if who == "ready" else _long_stays(window, asked)
    )
    if asked.option("statistic", "number", "share") == "number":
        return AtMidnight(names, ticks, count)
    key = ("counted", "midnights", *asked.about)
    return AtMidnight(names, ticks, count, window.once(key, lambda: _there(window, asked, "in_use_patients")))


@dataclass(frozen=True, slots=True)
class AtMidnight:
    """Numbers there at midnights.

    Attributes:
        services: ids.
        ticks: the midnights.
        count: by service and midnight.
        of: the same of all of whom the count is a share; None for the mean over midnights.
    """

    services: tuple[str, ...]
    ticks: Ints
    count: Ints
    of: Ints | None = None

    def series(self, periods: Periods) -> Series:
        """Return the mean or share by service and period, and that of all services together."""
        at = np.searchsorted(self.ticks, periods.edges)
        days = Periods(self.ticks, at[periods.first], at[periods.last])
        labels = labels_of((*self.services, ALL))
        if self.of is not None:
            return Series(labels, days.shares(self.count, self.of))
        return Series(labels, days.over(self.count, (days.last - days.first).astype(np.float64)))


def _there(window: Window, asked: Asked, name: str) -> Ints:
    return window.open_at(name, asked.services, asked.who(window), window.midnights)


def _long_stays(window: Window, asked: Asked) -> Ints:
    """Return how many are there at midnights whose spell, in the measure's services, is as long as the limit."""
    rows, v = asked.chosen(window), window.visits
    stays = whole(v.started), whole(v.left), window.has_started
    heads = visit_loops.heads(rows, window.links)
    return span_loops.long_stays(rows, heads, asked.where(window), stays, asked.limit(window), window.midnights)


@measure_kind("surge_days")
def surge_days(window: Window, asked: Asked) -> Facts:
    """Return space-days of surge open, per ``per``."""
    per = asked.per(window) / window.ticks_per_day
    area = spent(window, asked, "surge")
    return Stretches(asked.names(window), area, "days", per=per, ticks_per_day=window.ticks_per_day)
