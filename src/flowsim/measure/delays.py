"""Days delayed: by reason, by responsible body, by where the patient was bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowsim.measure import span_loops, visit_loops
from flowsim.measure.facts import Facts
from flowsim.measure.frames import Window
from flowsim.measure.periods import Count, kept
from flowsim.measure.records import EVERYONE, Who
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.sorting import Codes, whole
from flowsim.measure.stretches import Stretches
from flowsim.system.spec import NONE, SystemSpec
from flowsim.trajectory import Ints

NO_REASON = "no_reason"
"""Split of episodes for which the configuration names no reason."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """Delay episodes with a reason, where they lie.

    Attributes:
        columns: of each its kind, its visit, when it began and when it ended (NEVER while it goes on).
        service, reason, way: of each kind; a way is a place code, NEVER for none, as for reasons.
        areas: the integral over each period of the number open of each kind.
    """

    columns: tuple[Codes, Ints, Ints, Ints]
    service: Ints
    reason: Ints
    way: Ints
    areas: Count


@measure_kind("delayed_days")
def delayed_days(window: Window, asked: Asked) -> Facts:
    """Return days spent delayed, per ``per``.

    Options: ``recorded`` (only: reasons the official transfer-of-care count shows; any; not); ``by`` (none, reason,
    body, towards); ``per_head`` a population group, for days per 100,000 of it.
    """
    splits, key = _split(window, asked)
    which, n_keys = asked.option("recorded", "only", "any", "not"), max(1, len(splits))
    return Stretches(
        asked.names(window),
        held_under(window, asked, which, asked.who(window), n_keys, key),
        "days",
        per=asked.per(window) / window.ticks_per_day,
        ticks_per_day=window.ticks_per_day,
        scale=asked.scale(window),
        splits=splits,
    )


def held_under(
    window: Window, asked: Asked, which: str, who: Who = EVERYONE, n_keys: int = 1, key: Ints | int = 0
) -> Count:
    """Return the time delayed at a measure's services that the official count shows, does not, or all.

    Args:
        window: where from.
        asked: the measure.
        which: ``only``, ``not`` or ``any``.
        who: which visits are meant.
        n_keys: how many keys there are.
        key: by kind of episode, added to that of the patient.

    Returns:
        Gives the integral of the number delayed: (services, keys, periods).
    """
    episodes, shape = _episodes(window), (len(asked.services), n_keys)
    is_shown = np.array([r.is_recorded for r in window.spec.reasons] + [False], dtype=bool)[episodes.reason]
    is_meant = {"only": is_shown, "not": ~is_shown, "any": np.ones_like(is_shown)}[which]
    position = asked.positions(window)[episodes.service]
    row = np.where(is_meant & (position >= 0), position * n_keys + key, -1)
    if not len(who[1]):
        return lambda edges: _gathered(episodes.areas(edges), row, shape[0] * n_keys).reshape(*shape, -1)
    return lambda edges: span_loops.delayed(episodes.columns, row, who, shape[0] * n_keys, edges).reshape(*shape, -1)


def _gathered(table: Ints, row: Ints, n_rows: int) -> Ints:
    """Return the sums of the rows of a table that go to each row of another; those to a row below 0 are left out."""
    found, use = np.zeros((n_rows, table.shape[1]), dtype=np.int64), np.flatnonzero(row >= 0)
    np.add.at(found, row[use], table[use])
    return found


def _episodes(window: Window) -> Episodes:
    return window.once(("delays by kind",), lambda: _find_episodes(window))


def _find_episodes(window: Window) -> Episodes:
    d, n_reasons, n_ways = window.trajectory.delays, len(window.spec.reasons) + 1, len(_ways(window.spec)) + 1
    code = (whole(d.service) * n_reasons + d.reason + 1) * n_ways + d.towards + 1
    kind, there = visit_loops.ranked(code, window.n_services * n_reasons * n_ways)
    columns = kind, whole(d.visit), whole(d.start), whole(d.until)
    every, n = np.arange(len(there)), len(there)
    return Episodes(
        columns,
        there // (n_reasons * n_ways),
        there // n_ways % n_reasons - 1,
        there % n_ways - 1,
        kept(lambda edges: span_loops.delayed(columns, every, EVERYONE, n, edges)),
    )


def _ways(spec: SystemSpec) -> tuple[str, ...]:
    return (*(s.id for s in spec.services), *spec.exits, *(j.id for j in spec.junctions))


def _split(window: Window, asked: Asked) -> tuple[tuple[str, ...], Ints]:
    """Return the names a measure is split by, and the position among them of each kind of episode."""
    by, spec, episodes = asked.option("by", "none", "reason", "body", "towards"), window.spec, _episodes(window)
    if by == "none":
        return (), np.zeros(len(episodes.reason), dtype=np.int64)
    # Only the names that can or do occur; no reason, or no way, stands last.
    if by == "towards":
        names, code = _ways(spec), episodes.way
        always = asked.once("bound for", lambda: _bound_for(spec, asked))
    elif by == "reason":
        names, code = tuple(r.id for r in spec.reasons), episodes.reason
        always = set(range(len(names)))
    else:
        names = tuple(sorted({r.body for r in spec.reasons}))
        code = np.array([names.index(r.body) for r in spec.reasons] + [-1], dtype=np.int64)[episodes.reason]
        always = set(range(len(names)))
    code = np.where(code < 0, len(names), code)
    found = sorted(always | set(code.tolist()))
    position = np.full(len(names) + 1, -1, dtype=np.int64)
    position[found] = np.arange(len(found))
    return tuple((*names, NO_REASON)[i] for i in found), position[code]


def _bound_for(spec: SystemSpec, asked: Asked) -> set[int]:
    """Return the place codes that patients of the measure's services can be bound for."""
    return {
        place
        for s in asked.services
        for branch in spec.services[s].routing.branches.rows
        for place in (*branch.destinations, branch.otherwise)
        if place != NONE
    }
