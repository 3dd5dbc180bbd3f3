"""Days delayed: by reason, by responsible body, by where the patient was bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flowsim.measure import visit_loops
from flowsim.measure.facts import Facts
from flowsim.measure.frames import Window
from flowsim.measure.intervals import Flags
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.sorting import codes
from flowsim.measure.stretches import Stretches
from flowsim.system.spec import NONE
from flowsim.trajectory import Ints

NO_REASON = "no_reason"
"""Split of episodes for which the configuration names no reason."""


@measure_kind("delayed_days")
def delayed_days(window: Window, asked: Asked) -> Facts:
    """Return days spent delayed, per ``per``.

    Options: ``recorded`` (only: reasons the official transfer-of-care count shows; any; not); ``by`` (none, reason,
    body, towards); ``per_head`` a population group, for days per 100,000 of it.
    """
    keep = shown(window, asked.option("recorded", "only", "any", "not"))
    if asked.definition.when:
        keep = keep & window.matches(asked.definition.when)[window.trajectory.delays.visit]
    rows = visit_loops.selected(window.episodes.service, asked.positions(window) >= 0, keep)
    position = asked.positions(window)[window.episodes.service[rows]]
    names, code = _split(window, asked)
    per = asked.per(window) / window.ticks_per_day
    return Stretches(
        asked.names(window),
        replace(window.episodes.take(rows), service=codes(position)),
        "days",
        per=per,
        ticks_per_day=window.ticks_per_day,
        scale=asked.scale(window),
        splits=names,
        split=code[rows] if names else None,
        has_total=False,
    )


def shown(window: Window, which: str) -> Flags:
    """Return which episodes the official count shows (``only``), does not (``not``), or all (``any``)."""
    return window.once(("shown", which), lambda: _shown(window, which))


def _shown(window: Window, which: str) -> Flags:
    if which == "any":
        return np.ones(len(window.trajectory.delays.visit), dtype=bool)
    is_shown = np.array([r.is_recorded for r in window.spec.reasons] + [False], dtype=bool)
    return (is_shown if which == "only" else ~is_shown)[window.trajectory.delays.reason]


def _split(window: Window, asked: Asked) -> tuple[tuple[str, ...], Ints]:
    """Return the names a measure is split by, and each episode's position among them."""
    by = asked.option("by", "none", "reason", "body", "towards")
    if by == "none":
        return (), np.zeros(0, dtype=np.int64)
    names, code, there = window.once(("split", by), lambda: _codes(window, by))
    # Only the names that can or do occur.
    always = _bound_for(window, asked) if by == "towards" else set(range(len(names) - 1))
    kept = sorted(always | there)
    position = np.full(len(names), -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    return tuple(names[i] for i in kept), position[code]


def _codes(window: Window, by: str) -> tuple[tuple[str, ...], Ints, set[int]]:
    """Return names, the last for none, each episode's position among them, and which positions occur."""
    delays, reasons, spec = window.trajectory.delays, window.spec.reasons, window.spec
    if by == "towards":
        names = (*(s.id for s in spec.services), *spec.exits, *(j.id for j in spec.junctions))
        code = np.where(delays.towards == NONE, len(names), delays.towards)
    elif by == "reason":
        names = tuple(r.id for r in reasons)
        code = np.where(delays.reason == NONE, len(names), delays.reason)
    else:
        names = tuple(sorted({r.body for r in reasons}))
        code = np.array([names.index(r.body) for r in reasons] + [len(names)], dtype=np.int64)[delays.reason]
    return (*names, NO_REASON), code, set(np.flatnonzero(np.bincount(code)).tolist())


def _bound_for(window: Window, asked: Asked) -> set[int]:
    """Return the place codes that patients of the measure's services can be bound for."""
    spec = window.spec
    return {
        place
        for s in asked.services
        for branch in spec.services[s].routing.branches.rows
        for place in (*branch.destinations, branch.otherwise)
        if place != NONE
    }
