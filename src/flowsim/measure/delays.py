"""Days delayed: by reason, by responsible body, by where the patient was bound."""

from __future__ import annotations

import numpy as np

from flowsim.measure.facts import Facts, Stretches
from flowsim.measure.frames import Window
from flowsim.measure.intervals import Flags
from flowsim.measure.occupancy import at_services
from flowsim.measure.registry import Asked, measure_kind
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
    episodes = window.episodes
    keep = _recorded(window, asked) & window.matches(asked.definition.when)[episodes.row]
    position = asked.positions(window)[episodes.service]
    keep &= position >= 0
    names, code = _split(window, asked)
    per = asked.per(window) / window.ticks_per_day
    return Stretches(
        asked.names(window),
        at_services(window, asked, episodes, keep),
        "days",
        per=per,
        ticks_per_day=window.ticks_per_day,
        scale=asked.scale(window),
        splits=names,
        split=code[keep] if names else None,
        has_total=False,
    )


def _recorded(window: Window, asked: Asked) -> Flags:
    said = asked.option("recorded", "only", "any", "not")
    shown = np.array([r.is_recorded for r in window.spec.reasons] + [False], dtype=bool)
    is_shown = shown[window.trajectory.delays.reason]
    return np.ones_like(is_shown) if said == "any" else is_shown == (said == "only")


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
    kept = sorted(always | set(np.unique(code).tolist()))
    position = np.full(len(names), -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    return tuple(names[i] for i in kept), position[code]
