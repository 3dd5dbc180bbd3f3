"""Days delayed: by reason, by responsible body, by where the patient was bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowsim.measure.facts import Facts
from flowsim.measure.frames import Window
from flowsim.measure.intervals import Flags, Intervals
from flowsim.measure.records import EVERYONE, Who
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.sorting import Codes, codes, stable_order
from flowsim.measure.stretches import Held, Stretches
from flowsim.system.spec import NONE, SystemSpec
from flowsim.trajectory import Ints

NO_REASON = "no_reason"
"""Split of episodes for which the configuration names no reason."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """Delay episodes with a reason, service by service.

    Attributes:
        stretches: when.
        bounds: where those of each service begin, and the last end.
        code: of each, (reason + 1) x (ways + 1) + way + 1; a way is a place code.
        occurs: (reasons + 1, ways + 1), which there are; none last.
    """

    stretches: Intervals
    bounds: Ints
    code: Codes
    occurs: Flags


@measure_kind("delayed_days")
def delayed_days(window: Window, asked: Asked) -> Facts:
    """Return days spent delayed, per ``per``.

    Options: ``recorded`` (only: reasons the official transfer-of-care count shows; any; not); ``by`` (none, reason,
    body, towards); ``per_head`` a population group, for days per 100,000 of it.
    """
    splits, key = _split(window, asked)
    return Stretches(
        asked.names(window),
        held_under(window, asked, asked.option("recorded", "only", "any", "not"), asked.who(window), key),
        "days",
        per=asked.per(window) / window.ticks_per_day,
        ticks_per_day=window.ticks_per_day,
        scale=asked.scale(window),
        splits=splits,
        has_total=False,
    )


def held_under(window: Window, asked: Asked, which: str, who: Who = EVERYONE, key: Ints | int = 0) -> Held:
    """Return the episodes at a measure's services that the official count shows, does not, or all.

    Args:
        window: where from.
        asked: the measure.
        which: ``only``, ``not`` or ``any``.
        who: which visits are meant.
        key: by reason and way, added to that of the patient.
    """
    episodes, here = _episodes(window), list(asked.services)
    is_shown = np.array([r.is_recorded for r in window.spec.reasons] + [False], dtype=bool)
    is_meant = {"only": is_shown, "not": ~is_shown, "any": np.ones_like(is_shown)}[which]
    keys = np.where(is_meant[:, None], key, -1) + np.zeros(episodes.occurs.shape, dtype=np.int64)
    bounds = episodes.bounds
    return Held(
        episodes.stretches,
        bounds[:-1][here],
        bounds[1:][here],
        who,
        (episodes.code, codes(np.roll(keys, 1, axis=(0, 1)).ravel())),
    )


def _episodes(window: Window) -> Episodes:
    return window.once(("delays by service",), lambda: _find_episodes(window))


def _find_episodes(window: Window) -> Episodes:
    delays, shape = window.trajectory.delays, (len(window.spec.reasons) + 1, len(_ways(window.spec)) + 1)
    # None is -1, and stands last.
    code = (delays.reason + 1) * shape[1] + delays.towards + 1
    occurs = np.roll(np.bincount(code, minlength=shape[0] * shape[1]).reshape(shape) > 0, -1, axis=(0, 1))
    order = stable_order(delays.service)
    stretches = window.episodes.take(order)
    bounds = np.searchsorted(stretches.service, np.arange(window.n_services + 1))
    return Episodes(stretches, bounds, codes(code[order]), occurs)


def _ways(spec: SystemSpec) -> tuple[str, ...]:
    return (*(s.id for s in spec.services), *spec.exits, *(j.id for j in spec.junctions))


def _split(window: Window, asked: Asked) -> tuple[tuple[str, ...], Ints]:
    """Return the names a measure is split by, and the position among them by reason and way."""
    by, spec = asked.option("by", "none", "reason", "body", "towards"), window.spec
    occurs = _episodes(window).occurs
    if by == "none":
        return (), np.zeros(occurs.shape, dtype=np.int64)
    # Only the names that can or do occur.
    if by == "towards":
        names, code = _ways(spec), np.arange(occurs.shape[1])[None, :]
        always = asked.once("bound for", lambda: _bound_for(spec, asked))
    elif by == "reason":
        names, code = tuple(r.id for r in spec.reasons), np.arange(occurs.shape[0])[:, None]
        always = set(range(len(names)))
    else:
        names = tuple(sorted({r.body for r in spec.reasons}))
        code = np.array([names.index(r.body) for r in spec.reasons] + [len(names)], dtype=np.int64)[:, None]
        always = set(range(len(names)))
    code = np.broadcast_to(code, occurs.shape)
    kept = sorted(always | set(code[occurs].tolist()))
    position = np.full(len(names) + 1, -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    return tuple((*names, NO_REASON)[i] for i in kept), position[code]


def _bound_for(spec: SystemSpec, asked: Asked) -> set[int]:
    """Return the place codes that patients of the measure's services can be bound for."""
    return {
        place
        for s in asked.services
        for branch in spec.services[s].routing.branches.rows
        for place in (*branch.destinations, branch.otherwise)
        if place != NONE
    }
