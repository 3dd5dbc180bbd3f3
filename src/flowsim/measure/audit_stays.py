"""Audit of durations: what patients lived through, against the distributions asked for.

The rule. A duration that has not ended by the run's end is counted as far as it got, and compared with
the mean of min(X, c), X being the distribution asked for and c the time there was: so every visit begun
counts, long stays are not left out, and the comparison has no bias. Expected values come from the
distribution functions of ``flowsim.system.distributions``, not from the samplers the engines draw with.

Where a duration depends on the destination, or care has several steps, only visits begun early enough
that one in ten thousand would not have ended are looked at, and those few are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from flowsim.measure.audit_loops import first_of_visits, limited
from flowsim.measure.audit_rows import AuditRow, compared
from flowsim.measure.frames import Floats, Window
from flowsim.measure.sorting import codes, stable_order, whole
from flowsim.system.distributions import cdf
from flowsim.system.spec import BY_DESTINATION, NONE, Distribution, ServiceSpec, StepSpec, Table
from flowsim.trajectory import NEVER, Ints

LEAST_VISITS = 50
"""Fewer say too little for a comparison."""
TAIL = 1e-4
_GRID_POINTS = 600
_SHORTEST = 0.05


@lru_cache(maxsize=4096)
def limited_moments(distribution: Distribution, horizon: float) -> tuple[Floats, Floats, Floats]:
    """Return times c [min], and mean and mean square of min(X, c) at each, up to a horizon [min].

    E min(X, c) = the integral of 1 - F to c, and E min(X, c)^2 = the integral of 2 x (1 - F(x)) to c.
    """
    atoms = [distribution.at_least, distribution.at_most]
    if distribution.kind == "constant":
        atoms.append(distribution.a)
    elif distribution.kind == "discrete":
        atoms += distribution.values
    elif distribution.kind == "geometric":
        atoms += [distribution.b * k for k in range(1, 1 + min(2000, int(horizon / distribution.b)))]
    known = np.array([a for a in atoms if 0 < a < horizon])
    smooth = np.geomspace(_SHORTEST, horizon, _GRID_POINTS)
    grid = np.unique(np.concatenate([[0.0], smooth, known, known * (1 - 1e-9)]))
    beyond = 1 - np.array([cdf(distribution, float(x)) for x in grid])
    beyond[0] = 1.0
    width = np.diff(grid)
    first = np.concatenate([[0.0], np.cumsum(width * (beyond[1:] + beyond[:-1]) / 2)])
    weighted = 2 * grid * beyond
    second = np.concatenate([[0.0], np.cumsum(width * (weighted[1:] + weighted[:-1]) / 2)])
    return grid, first, second


@lru_cache(maxsize=4096)
def nearly_all_within(distribution: Distribution, horizon: float) -> float:
    """Return a time [min] that all but one in ten thousand stay within; inf if past the horizon."""
    low, high = 0.0, horizon
    if cdf(distribution, high) < 1 - TAIL:
        return float("inf")
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if cdf(distribution, middle) >= 1 - TAIL else (middle, high)
    return high


def stay_rows(window: Window) -> Iterator[AuditRow]:
    """Yield mean durations realised against those asked for, by service and by step that needs staff."""
    for s, service in enumerate(window.spec.services):
        if service.preempts or service.cut_interrupts or service.visits is not None or service.deconditioning:
            continue
        care = [step for step in service.steps if not step.leaving]
        if care and not any(step.staff or step.departure for step in care):
            rows = window.rows_at[s]
            rows = rows[np.flatnonzero(window.has_started[rows] & ~window.is_placed[rows])]
            start, stop = window.visits.started[rows], window.visits.ready[rows]
            yield from _compared(window, "stays", service.id, s, care, rows, start, stop, True)
        for position, step in enumerate(service.steps):
            if step.staff and step.duration is not None:
                rows, start, stop = _staffed(window, s, position)
                yield from _compared(
                    window, "staffed_steps", f"{service.id}.{step.id}", s, [step], rows, start, stop, False
                )


def _staffed(window: Window, service: int, position: int) -> tuple[Ints, Ints, Ints]:
    """Return visit, start and end of every time a step was begun, each once though several pools came."""
    t = window.trajectory.staffed
    mine = _staffed_at(window, service)
    met = window.once("met", lambda: np.zeros(len(window.visits.patient), dtype=bool))
    rows = first_of_visits(mine, codes(t.visit), codes(t.step), t.started, position, met)
    rows = rows[~window.is_placed[t.visit[rows]]]
    return t.visit[rows], t.started[rows], t.ended[rows]


def _staffed_at(window: Window, service: int) -> Ints:
    """Return the rows of the steps at one service that needed staff."""
    t = window.trajectory.staffed
    order = window.once("staffed order", lambda: stable_order(t.service))
    bounds = window.once("staffed bounds", lambda: np.cumsum(np.bincount(t.service, minlength=window.n_services)))
    found: Ints = order[bounds[service - 1] if service else 0 : bounds[service]]
    return found


def _compared(
    window: Window,
    check: str,
    item: str,
    service: int,
    steps: Sequence[StepSpec],
    rows: Ints,
    start: Ints,
    stop: Ints,
    has_shares: bool,
) -> Iterator[AuditRow]:
    """Yield one comparison of durations from start to stop (NEVER if not over) with the steps' distributions."""
    tables = [step.duration for step in steps if step.duration is not None]
    shares = [step.share for step in steps if step.share is not None] if has_shares else []
    horizon = window.end / window.ticks_per_minute
    by_place = any(BY_DESTINATION in t.by for t in tables) or any(BY_DESTINATION in t.by for t in shares)
    drawn = drawn_codes(window, service, rows) if by_place else np.zeros_like(rows)
    if drawn is None:
        return
    if by_place or len(tables) > 1:
        longest = sum(max(nearly_all_within(d, horizon) for d in set(t.rows)) for t in tables)
        keep = (stop != NEVER) & (drawn != NONE) & (start <= window.end - longest * window.ticks_per_minute)
        rows, start, stop, drawn = rows[keep], start[keep], stop[keep], drawn[keep]
    if len(rows) < LEAST_VISITS:
        return
    mean, variance = np.zeros(len(rows)), np.zeros(len(rows))
    left = (window.end - start) / window.ticks_per_minute
    for step in steps:
        if step.duration is not None:
            at, curves = _curves(window, step.duration, rows, start, drawn, horizon)
            share = mean[:0]
            if has_shares and step.share is not None:
                share = _values(window, step.share, rows, start, drawn)
            limited(at, left, curves, share, mean, variance)
    realised = (np.where(stop == NEVER, window.end, stop) - start) / window.ticks_per_minute
    n = len(rows)
    # Long tails make means of few skew: more room for them. A tick of room for each step's rounding.
    errors = 5 + 50 / np.sqrt(n)
    tolerance = errors * np.sqrt(variance.sum()) / n + 2e-4 * mean.mean() + len(steps) / window.ticks_per_minute
    yield compared(check, item, mean.mean(), realised.mean(), tolerance, f"minutes, {n:,} visits")


def _curves(
    window: Window, table: Table[Distribution], rows: Ints, start: Ints, drawn: Ints, horizon: float
) -> tuple[Ints, tuple[Ints, Floats, Floats, Floats]]:
    """Return the position of each visit's curve, and the curves of mean and mean square of min(X, time left)."""
    at = table_index(window, table, rows, start, drawn)
    used = np.flatnonzero(np.bincount(at))
    position = np.zeros(used[-1] + 1, dtype=np.int64)
    position[used] = np.arange(len(used))
    curves = [limited_moments(table.rows[index], horizon) for index in used.tolist()]
    grid, first, second = (np.concatenate(parts) for parts in zip(*curves, strict=True))
    return position[at], (np.cumsum([0, *(len(times) for times, _, _ in curves)]), grid, first, second)


def _values(window: Window, table: Table[float], rows: Ints, start: Ints, drawn: Ints) -> Floats:
    return np.array(table.rows, dtype=np.float64)[table_index(window, table, rows, start, drawn)]


def table_index(window: Window, table: Table[Any], rows: Ints, start: Ints, drawn: Ints) -> Ints:
    """Return ``Table.index`` for many visits: the row that holds for each."""
    at = np.zeros(len(rows), dtype=np.int64)
    if table.periods > 1:
        at += np.searchsorted(np.array(window.spec.periods), start, side="right") - 1
    for attribute, size in zip(table.by, table.sizes, strict=True):
        if attribute >= 0:
            code = whole(window.levels(attribute)[rows])
        else:
            code = drawn if attribute == BY_DESTINATION else window.visits.origin[rows]
        at = at * size + code
    return at


def drawn_codes(window: Window, service: int, rows: Ints) -> Ints | None:
    """Return the place code drawn for each visit on entry, from where the patient went next; NONE if not known.

    None where the two do not correspond: a rule looked at the state, or one place is reached in two ways.
    """
    spec: ServiceSpec = window.spec.services[service]
    codes = {d for b in spec.routing.branches.rows for d in b.destinations}
    if any(b.rule != "share" for b in spec.routing.branches.rows):
        return None
    n_places = window.n_services + len(window.spec.exits) + len(window.spec.junctions)
    drawn = np.full(n_places + 1, NONE, dtype=np.int64)
    for code in codes:
        for place in _reached(window, code, set()):
            if drawn[place] != NONE:
                return None
            drawn[place] = code
    following, v = window.following[rows], window.visits
    went = np.where(following != NEVER, v.service[following], v.destination[rows])
    return drawn[went]


def _reached(window: Window, code: int, met: set[int]) -> set[int]:
    """Return the services and exits that a place code leads to through junctions."""
    first_junction = window.n_services + len(window.spec.exits)
    if code < first_junction or code in met:
        return {code} if code < first_junction else set()
    met.add(code)
    branches = window.spec.junctions[code - first_junction].branches.rows
    ways = {d for b in branches for d in (*b.destinations, b.otherwise) if d != NONE}
    return {place for way in ways for place in _reached(window, way, met)}
