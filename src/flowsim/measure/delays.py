"""Days delayed: by reason, by responsible body, by where the patient was bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flowsim.measure.facts import Facts
from flowsim.measure.frames import Window
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
    rows = _recorded(window, asked)
    if asked.definition.when:
        rows = rows[window.matches(asked.definition.when)[window.trajectory.delays.visit[rows]]]
    position = asked.positions(window)[window.trajectory.delays.service[rows]]
    here = np.flatnonzero(position >= 0)
    rows, position = rows[here], position[here]
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


def _recorded(window: Window, asked: Asked) -> Ints:
    """Return the rows of the episodes that count."""
    said = asked.option("recorded", "only", "any", "not")
    return window.once(("recorded", said), lambda: _find_recorded(window, said))


def _find_recorded(window: Window, said: str) -> Ints:
    reason = window.trajectory.delays.reason
    if said == "any":
        return np.arange(len(reason))
    shown = np.array([r.is_recorded for r in window.spec.reasons] + [False], dtype=bool)
    return np.flatnonzero(shown[reason] == (said == "only"))


def _split(window: Window, asked: Asked) -> tuple[tuple[str, ...], Ints]:
    """Return the names a measure is split by, and each episode's position among them."""
    by = asked.option("by", "none", "reason", "body", "towards")
    delays, reasons = window.trajectory.delays, window.spec.reasons
    if by == "none":
        return (), delays.reason
    if by == "towards":
        places = (*(s.id for s in window.spec.services), *window.spec.exits, *(j.id for j in window.spec.junctions))
        code = np.where(delays.towards == NONE, len(places), delays.towards)
        return _present((*places, NO_REASON), code, _bound_for(window, asked))
    if by == "reason":
        names = tuple(r.id for r in reasons)
        code = np.where(delays.reason == NONE, len(names), delays.reason)
        return _present((*names, NO_REASON), code, set(range(len(names))))
    bodies = tuple(sorted({r.body for r in reasons}))
    number = np.array([bodies.index(r.body) for r in reasons] + [len(bodies)], dtype=np.int64)
    return _present((*bodies, NO_REASON), number[delays.reason], set(range(len(bodies))))


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


def _present(names: tuple[str, ...], code: Ints, always: set[int]) -> tuple[tuple[str, ...], Ints]:
    """Return only the names that can or do occur, in order, and codes among them."""
    kept = sorted(always | set(np.flatnonzero(np.bincount(code)).tolist()))
    position = np.full(len(names), -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    return tuple(names[i] for i in kept), position[code]
