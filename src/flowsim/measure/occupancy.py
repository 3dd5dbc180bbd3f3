"""How full places are, how many wait in them, and who has been there long."""

from __future__ import annotations

import numpy as np

from flowsim.measure.facts import Facts, Moments, Stretches
from flowsim.measure.frames import Window
from flowsim.measure.home_care import visits_used
from flowsim.measure.integrals import levels_at
from flowsim.measure.intervals import Flags, Intervals, joined, split
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.waits import run_heads, stamp
from flowsim.trajectory import Ints

STATES = ("in_use", "waiting", "treated", "ready", "blocked", "delayed")


def state(window: Window, name: str) -> Intervals:
    """Return the stretches of time patients spend in a state."""
    found: Intervals = window.is_ready if name == "ready" else getattr(window, name)
    return found


def at_services(window: Window, asked: Asked, stretches: Intervals, keep: Flags | None = None) -> Intervals:
    """Return the stretches at a measure's services, renumbered by their positions among them."""
    position = asked.positions(window)[stretches.service]
    use = position >= 0 if keep is None else (position >= 0) & keep
    kept = stretches.where(use)
    return Intervals(position[use], kept.row, kept.start, kept.stop, kept.weight)


def used(window: Window) -> Intervals:
    """Return spaces in use; for home care, visits a day."""
    return window.once("used", lambda: _used(window))


def used_at(window: Window, service: int) -> Intervals:
    """Return spaces (or visits a day) in use at one service."""
    return window.once("used by service", lambda: split(used(window), window.n_services))[service]


def _used(window: Window) -> Intervals:
    spaces = window.in_use
    if not window.by_visits.any():
        return spaces
    return joined(spaces.where(~window.by_visits[spaces.service]), visits_used(window))


@measure_kind("occupied_share")
def occupied_share(window: Window, asked: Asked) -> Facts:
    """Return spaces in use over spaces offered, surge included, over time; for home care, visits made over offered.

    Services that never fill are left out.
    """
    held = used(window)
    keep = window.matches(asked.definition.when)[held.row] & ~window.is_unlimited[held.service]
    offered = at_services(window, asked, window.capacity)
    return Stretches(asked.names(window), at_services(window, asked, held, keep), "share", offered)


@measure_kind("midnights_over")
def midnights_over(window: Window, asked: Asked) -> Facts:
    """Return the share of midnights at which more than ``threshold`` of the spaces offered are in use."""
    held, offered = at_services(window, asked, used(window)), at_services(window, asked, window.capacity)
    n, ticks = len(asked.services), window.midnights
    in_use = levels_at(held.service, n, held.start, held.stop, held.weight, ticks)
    spaces = levels_at(offered.service, n, offered.start, offered.stop, offered.weight, ticks)
    is_over = (in_use > asked.threshold() * spaces) & (spaces > 0)
    counted = np.array([not window.spec.services[s].is_unlimited for s in asked.services], dtype=bool)
    service, day = np.nonzero(np.broadcast_to(counted[:, None], is_over.shape))
    return Moments(asked.names(window), service, ticks[day], is_over[service, day].astype(float))


@measure_kind("number")
def number(window: Window, asked: Asked) -> Facts:
    """Return how many patients are in a ``state`` (in_use counts spaces).

    Options: ``state``; ``towards`` keeps those who go (or wait to go) to the roles, services or exits it lists;
    ``statistic`` number (mean over time) or p95 (of the time).
    """
    stretches = state(window, asked.option("state", *STATES))
    keep = window.matches(asked.definition.when)[stretches.row]
    if "towards" in asked.definition.options:
        keep &= asked.places(window, "towards")[window.went[stretches.row]]
    held = at_services(window, asked, stretches, keep)
    return Stretches(asked.names(window), held, asked.option("statistic", "number", "p95"))


@measure_kind("at_midnight")
def at_midnight(window: Window, asked: Asked) -> Facts:
    """Return how many patients are in a bed at midnight, mean over midnights.

    Options: ``who`` is ``ready`` (care ended, not left: no criteria to reside) or ``stay`` (in the measure's
    services for the limit or longer, from the start of the spell); ``statistic`` number or share (of all there).
    """
    n, ticks = len(asked.services), window.midnights
    some = _ready(window, asked) if asked.option("who", "ready", "stay") == "ready" else _long_stays(window, asked)
    count = levels_at(some.service, n, some.start, some.stop, some.weight, ticks)
    service, day = np.nonzero(np.ones_like(count, dtype=bool))
    if asked.option("statistic", "number", "share") == "number":
        values = count[service, day].astype(float)
        return Moments(asked.names(window), service, ticks[day], values, "sampled", samples=ticks)
    held = window.in_use_patients
    there = at_services(window, asked, held, asked.chosen(window)[held.row])
    everyone = levels_at(there.service, n, there.start, there.stop, there.weight, ticks)
    part, whole = (_daily(service, ticks[day], c[service, day]) for c in (count, everyone))
    return Stretches(asked.names(window), part, "share", whole)


def _ready(window: Window, asked: Asked) -> Intervals:
    return at_services(window, asked, window.is_ready, asked.chosen(window)[window.is_ready.row])


def _long_stays(window: Window, asked: Asked) -> Intervals:
    """Return the time patients spend in a measure's services once their spell is as long as the limit."""
    started, spell = stamp(window, "started"), run_heads(window, asked)
    rows = np.flatnonzero((spell >= 0) & window.has_started & window.has_started[spell])
    long = np.clip(started[spell[rows]] + asked.limit(window), started[rows], window.left[rows])
    service = asked.positions(window)[window.visits.service[rows]]
    return Intervals(service, rows, long, window.left[rows], np.ones(len(rows), dtype=np.int64))


def _daily(service: Ints, tick: Ints, count: Ints) -> Intervals:
    """Return counts at midnights as stretches of one tick."""
    return Intervals(service, np.zeros_like(service), tick, tick + 1, count)


@measure_kind("surge_days")
def surge_days(window: Window, asked: Asked) -> Facts:
    """Return space-days of surge open, per ``per``."""
    held = at_services(window, asked, window.surge)
    per = asked.per(window) / window.ticks_per_day
    return Stretches(asked.names(window), held, "days", per=per, ticks_per_day=window.ticks_per_day)
