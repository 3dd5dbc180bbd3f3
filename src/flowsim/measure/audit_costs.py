"""Audit of costs: every line's units counted another way, its price, and its payers' parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from flowsim.measure.audit_loops import VISITS, clipped_sums, visits_made, visits_one_by_one
from flowsim.measure.audit_rows import AuditRow, compared
from flowsim.measure.cost import Line as Charged
from flowsim.measure.cost import lines_of
from flowsim.measure.cost_book import UNASSIGNED
from flowsim.measure.frames import Floats, Window
from flowsim.measure.home_care import list_ticks, used_at
from flowsim.measure.integrals import clipped
from flowsim.measure.intervals import FAR, Intervals
from flowsim.measure.occupancy import excess
from flowsim.measure.sorting import whole
from flowsim.system.spec import ServiceCost, Steps
from flowsim.trajectory import Ints

Line = tuple[str, str, float, float, tuple[tuple[str, float], ...]]
"""Item, kind, price a unit, units, payers; times in days."""
MINUTES_PER_DAY = 1440
_RELATIVE = 1e-9
_PENCE = 0.01


def cost_rows(window: Window, book: Sequence[Charged] | None) -> Iterator[AuditRow]:
    """Yield comparisons of a table of costs with units counted from the trajectory by other means."""
    charged: dict[tuple[str, str], tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    parts: dict[tuple[str, str, str], float] = defaultdict(float)
    for item, kind, payer, paid, share in lines_of(window) if book is None else book:
        pounds, units = charged[item, kind]
        charged[item, kind] = (pounds + paid, units + share)
        parts[item, kind, payer] += paid
    expected = list(_lines(window))
    for item, kind, price, units, payers in expected:
        pounds, counted = charged[item, kind]
        yield compared("cost_units", item, units, counted, _RELATIVE * units + 1e-9, kind)
        yield compared("cost_amounts", item, price * units, pounds, _RELATIVE * abs(price * units) + _PENCE, kind)
        for payer, share in payers or ((UNASSIGNED, 1.0),):
            part = parts[item, kind, payer]
            yield compared("cost_payers", item, share * price * units, part, _RELATIVE * abs(part) + _PENCE, payer)
    known = {(item, kind) for item, kind, *_ in expected}
    for (item, kind), (_, counted) in charged.items():
        if (item, kind) not in known:
            yield compared("cost_units", item, 0.0, counted, 0.0, f"{kind}: no price")


def _lines(window: Window) -> Iterator[Line]:
    book = window.spec.costs
    for s, service in enumerate(window.spec.services):
        if service.id in book.services:
            cost = book.services[service.id]
            for kind, price, units in _service(window, s, cost):
                yield service.id, kind, price, units, cost.payers
    for pool in window.spec.staff:
        if pool.id in book.staff:
            priced = book.staff[pool.id]
            rostered = _step_integral(pool.rota, window) / window.ticks_per_day
            yield pool.id, "staffed", priced.staffed_time * MINUTES_PER_DAY, rostered, priced.payers
    for p in book.programmes:
        days = max(0, min(p.to_tick, window.end) - max(p.from_tick, window.start)) / window.ticks_per_day
        if p.per_minute:
            yield p.id, "programme", p.per_minute * MINUTES_PER_DAY, days, p.payers
        if p.once:
            yield p.id, "programme_once", p.once, float(days > 0), p.payers


def _service(window: Window, s: int, cost: ServiceCost) -> Iterator[tuple[str, float, float]]:
    """Yield the priced lines of a service, counted patient by patient or along the number in use."""
    if cost.attendance:
        yield "attendance", cost.attendance, float(_of_visits(window)["came"][s])
    if cost.admission:
        yield "admission", cost.admission, float(_of_visits(window)["began"][s])
    held, late = _days(window, "in_use", s), _days(window, "delayed", s)
    if cost.delayed_time is not None:
        yield "space", cost.space_time * MINUTES_PER_DAY, held - late
        yield "delayed", cost.delayed_time * MINUTES_PER_DAY, late
    elif cost.space_time:
        yield "space", cost.space_time * MINUTES_PER_DAY, held
    if cost.empty_time:
        yield "empty", cost.empty_time * MINUTES_PER_DAY, _unused(window, s)
    if cost.waiting_time:
        yield "waiting", cost.waiting_time * MINUTES_PER_DAY, _days(window, "waiting", s)
    if cost.visit and window.by_visits[s]:
        yield "visit", cost.visit, _visits(window, s)
    if cost.surge_time:
        yield "surge", cost.surge_time * MINUTES_PER_DAY, _days(window, "surge", s)


def _days(window: Window, name: str, service: int) -> float:
    """Return how long the stretches a window calls so last at a service within it, one by one [days]."""
    found = window.once(("one by one", name), lambda: _found(window, name))
    return float(found[service])


def _found(window: Window, name: str) -> Floats:
    if name not in VISITS:
        return _one_by_one(window, getattr(window, name))
    return _of_visits(window)[name] / window.ticks_per_day + _one_by_one(window, window.paused(name))


def _of_visits(window: Window) -> dict[str, Ints]:
    """Return what a look at every visit counts by service, but for time back in the queue."""
    return window.once("visits one by one", lambda: _each_visit(window))


def _each_visit(window: Window) -> dict[str, Ints]:
    v = window.visits
    found = visits_one_by_one(
        window.service,
        window.n_services,
        (whole(v.queued), whole(v.started), whole(v.left)),
        (window.has_joined, window.was_there, window.has_started, window.is_placed),
        window.units,
        (window.start, window.end),
    )
    return dict(zip(VISITS, found.T, strict=True))


def _one_by_one(window: Window, x: Intervals) -> Floats:
    """Return the sum of stretches clipped to the window, by service [days]; one that ends before it begins is none."""
    total = clipped_sums(x.service, window.n_services, x.start, x.stop, x.weight, window.start, window.end)
    return np.asarray(total / window.ticks_per_day)


def _unused(window: Window, s: int) -> float:
    """Return offered less used, and more where overfull [days]."""
    ticks, over = clipped(*excess(window, s), window.start, window.end)
    too_many = (np.diff(np.append(ticks, window.end)) * np.maximum(over, 0)).sum() / window.ticks_per_day
    taken = _one_by_one(window, used_at(window, s))[s]
    return float(_days(window, "capacity", s) - taken + too_many)


def _visits(window: Window, s: int) -> float:
    """Return home visits made, day by day over the packages under way."""
    v, lists = window.visits, list_ticks(window, window.spec.services[s])
    packages = whole(window.rows_at[s])
    packages = packages[window.has_started[packages]]
    package, bounds = (v.first, v.last, v.days, v.takes), (window.start, window.end)
    return float(visits_made(packages, package, v.started, v.left, lists, bounds, window.ticks_per_day))


def _step_integral(rota: Steps, window: Window) -> float:
    edges = np.clip([*rota.ticks, FAR], window.start, window.end)
    return float(np.diff(edges) @ np.array(rota.values, dtype=np.int64))
