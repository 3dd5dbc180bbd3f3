"""How full places are, how many wait in them, and who has been there long."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from flowsim.measure.facts import Facts
from flowsim.measure.frames import Window
from flowsim.measure.home_care import days_used
from flowsim.measure.integrals import difference, levels_at, steps
from flowsim.measure.intervals import EMPTY, Intervals, intervals, joined
from flowsim.measure.moments import Moments
from flowsim.measure.records import EVERYONE, Who, both
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.stretches import Held, Stretches
from flowsim.measure.waits import run_heads, stamp
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


def at_services(window: Window, asked: Asked, name: str, who: Who = EVERYONE) -> Held:
    """Return the stretches called ``name`` at a measure's services.

    Args:
        window: where from.
        asked: the measure.
        name: a state, ``used``, ``capacity`` or ``surge``.
        who: which visits are meant; all if not given.
    """
    here = list(asked.services)
    if name != "used":
        stretches, bounds = window.ordered(name)
        return Held(stretches, bounds[:-1][here], bounds[1:][here], who)
    if not window.by_visits[here].any():
        return at_services(window, asked, "in_use", who)
    parts = [used_at(window, s) for s in here]
    ends = np.cumsum([len(p.row) for p in parts])
    return Held(joined(*parts, EMPTY), np.append(0, ends[:-1]), ends, who)


def used_at(window: Window, service: int) -> Intervals:
    """Return spaces in use at one service; for home care, visits a day."""
    if window.by_visits[service]:
        return window.once(("visits used", service), partial(days_used, window, service))
    return window.at("in_use", service)


def level(window: Window, service: int) -> tuple[Ints, Ints]:
    """Return spaces (or visits a day) in use as a step function, from before the first to the window's end."""
    return window.once(("level", service), lambda: stepped(window, used_at(window, service)))


def stepped(window: Window, stretches: Intervals) -> tuple[Ints, Ints]:
    """Return the number open as a step function, from before the first to the window's end."""
    begin = int(min(stretches.start.min(initial=0), 0))
    return steps(stretches.start, stretches.stop, stretches.weight, begin, max(window.end, begin + 1))


def excess(window: Window, service: int) -> tuple[Ints, Ints]:
    """Return spaces in use less spaces offered as a step function, over the time of ``level``."""
    return window.once(("excess", service), partial(_excess, window, service))


def _excess(window: Window, service: int) -> tuple[Ints, Ints]:
    taken, o = level(window, service), window.at("capacity", service)
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
    held, offered = at_services(window, asked, "used", asked.who(window)), at_services(window, asked, "capacity")
    limited = ~window.is_unlimited[list(asked.services)]
    held = replace(held, last=np.where(limited, held.last, held.first))
    return Stretches(asked.names(window), held, "share", offered)


@measure_kind("midnights_over")
def midnights_over(window: Window, asked: Asked) -> Facts:
    """Return the share of midnights at which more than ``threshold`` of the spaces offered are in use."""
    ticks, spaces = window.midnights, spaces_at_midnights(window)[list(asked.services)]
    in_use = np.zeros_like(spaces)
    for position, s in enumerate(asked.services):
        steps_at, number = level(window, s)
        in_use[position] = number[np.searchsorted(steps_at, ticks, side="right") - 1]
    is_over = (in_use > asked.threshold() * spaces) & (spaces > 0)
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
        who = both(who, (window.went, np.where(asked.places(window, "towards"), 0, -1).astype(np.int8)))
    held = at_services(window, asked, STATES[asked.option("state", *STATES)], who)
    return Stretches(asked.names(window), held, asked.option("statistic", "number", "p95"))


@measure_kind("at_midnight")
def at_midnight(window: Window, asked: Asked) -> Facts:
    """Return how many patients are in a bed at midnight, mean over midnights.

    Options: ``who`` is ``ready`` (care ended, not left: no criteria to reside) or ``stay`` (in the measure's
    services for the limit or longer, from the start of the spell); ``statistic`` number or share (of all there).
    """
    n, ticks = len(asked.services), window.midnights
    count = _count_at_midnights(window, asked)
    service, day = np.nonzero(np.ones_like(count, dtype=bool))
    if asked.option("statistic", "number", "share") == "number":
        values = count[service, day]
        return Moments(asked.names(window), service, ticks[day], values, "sampled", samples=ticks)
    there = at_services(window, asked, "in_use_patients", asked.who(window)).plain()
    everyone = _at(window, asked, there)
    part, whole = (Held.of(_daily(service, ticks[day], c[service, day]), n) for c in (count, everyone))
    return Stretches(asked.names(window), part, "share", whole)


def _count_at_midnights(window: Window, asked: Asked) -> Ints:
    """Return how many are there at each midnight, by service; the number and the share are of the same."""
    who = asked.option("who", "ready", "stay")
    key = ("counted", "midnights", *asked.about, who, 0 if who == "ready" else asked.limit(window))
    return window.once(key, lambda: _at(window, asked, (_ready if who == "ready" else _long_stays)(window, asked)))


def _at(window: Window, asked: Asked, some: Intervals) -> Ints:
    return levels_at(some.service, len(asked.services), some.start, some.stop, some.weight, window.midnights)


def _ready(window: Window, asked: Asked) -> Intervals:
    return at_services(window, asked, "is_ready", asked.who(window)).plain()


def _long_stays(window: Window, asked: Asked) -> Intervals:
    """Return the time patients spend in a measure's services once their spell is as long as the limit."""
    rows, spell = run_heads(window, asked)
    use = np.flatnonzero(window.has_started[rows] & window.has_started[spell])
    rows, spell, started = rows[use], spell[use], stamp(window, "started")
    long = np.clip(started[spell] + asked.limit(window), started[rows], window.left[rows])
    return intervals(asked.position(window, rows), rows, long, window.left[rows], np.ones(len(rows), dtype=np.int64))


def _daily(service: Ints, tick: Ints, count: Ints) -> Intervals:
    """Return counts at midnights as stretches of one tick."""
    return intervals(service, np.zeros_like(service), tick, tick + 1, count)


@measure_kind("surge_days")
def surge_days(window: Window, asked: Asked) -> Facts:
    """Return space-days of surge open, per ``per``."""
    held = at_services(window, asked, "surge")
    per = asked.per(window) / window.ticks_per_day
    return Stretches(asked.names(window), held, "days", per=per, ticks_per_day=window.ticks_per_day)
