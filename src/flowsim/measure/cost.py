"""What a replication costs: every item, in exact units and whole millionths of a pound, and who pays.

Units are counted from visits, capacity and rotas inside the window:

=========== ============================================================ ==================
kind        unit                                                         counted
=========== ============================================================ ==================
attendance  patient who comes and is neither refused nor balked          in the period
admission   patient who starts (not those in place at the start)         in the period
space       space in use; for home care, package under way               days
delayed     the same while the patient is delayed or blocked, where it   days
            has a price of its own (``space`` is then without it)
empty       space open and not in use                                    days
waiting     patient waiting                                              days
visit       home visit by one carer                                      in the period
surge       surge space open, on top                                     days
staffed     member rostered, absences included                           days
programme   an intervention in force; once where so priced               days; once
=========== ============================================================ ==================
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from flowsim.measure import cost_loops
from flowsim.measure.frames import Window
from flowsim.measure.integrals import areas, clipped, counted
from flowsim.measure.intervals import FAR, Flags, Intervals, intervals
from flowsim.measure.occupancy import excess, used_at
from flowsim.measure.periods import Periods
from flowsim.measure.sorting import Codes, edges_before, whole
from flowsim.system.spec import ServiceCost, SystemSpec
from flowsim.trajectory import Ints, Trajectory

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["item", "kind", "payer", "pounds", "units"]
UNASSIGNED = "unassigned"
MICRO = 1_000_000
"""Amounts are whole numbers of millionths of a pound, so that parts add up to totals exactly."""
EVENT_KINDS = ("attendance", "admission", "visit")
Payers = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the book: an item, a kind of activity, and how much of it there was.

    Attributes:
        item: id of a service, staff pool or programme.
        kind: see the module.
        price: pounds a unit (per minute for units of time).
        quantity: units by period; ticks for units of time.
        is_time: whether units are ticks.
        payers: who pays which share.
    """

    item: str
    kind: str
    price: float
    quantity: Ints
    is_time: bool
    payers: Payers

    def units(self, window: Window) -> Ints | np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return units by period, times in days."""
        return self.quantity / window.ticks_per_day if self.is_time else self.quantity.astype(float)

    def micros(self, window: Window) -> Ints:
        """Return the amount by period [millionths of a pound]."""
        per = window.ticks_per_minute if self.is_time else 1
        return np.rint(self.price * MICRO * self.quantity / per).astype(np.int64)


def shares(micros: Ints, payers: Payers) -> list[tuple[str, Ints]]:
    """Return each payer's parts of some amounts; they add up to them exactly."""
    if not payers:
        return [(UNASSIGNED, micros)]
    total = sum(share for _, share in payers)
    found, given, reached = [], np.zeros_like(micros), 0.0
    for payer, share in payers[:-1]:
        reached += share
        part = np.rint(micros * reached / total).astype(np.int64) - given
        given = given + part
        found.append((payer, part))
    return [*found, (payers[-1][0], micros - given)]


def priced(window: Window, periods: Periods) -> list[tuple[Account, Ints]]:
    """Return every priced line of the cost book, with its amount by period [millionths of a pound]."""
    return window.once(("priced", *periods.told), lambda: _priced(window, periods))


def _priced(window: Window, periods: Periods) -> list[tuple[Account, Ints]]:
    lines = (replace(x, quantity=periods.summed(x.quantity)) for x in _accounts(window, periods.edges))
    return [(line, line.micros(window)) for line in lines]


def _accounts(window: Window, edges: Ints) -> list[Account]:
    book = window.spec.costs
    lines = [
        Account(service.id, kind, price, quantity, kind not in EVENT_KINDS, cost.payers)
        for s, service in enumerate(window.spec.services)
        if (cost := book.services.get(service.id)) is not None
        for kind, price, quantity in _service_lines(window, s, cost, edges)
    ]
    for pool in window.spec.staff:
        if pool.id in book.staff:
            priced = book.staff[pool.id]
            quantity = _rostered(pool.rota.ticks, pool.rota.values, edges)
            lines.append(Account(pool.id, "staffed", priced.staffed_time, quantity, True, priced.payers))
    for programme in book.programmes:
        run = intervals(*(np.array([n], dtype=np.int64) for n in (0, 0, programme.from_tick, programme.to_tick, 1)))
        if programme.per_minute:
            lines.append(
                Account(programme.id, "programme", programme.per_minute, _area(run, edges), True, programme.payers)
            )
        if programme.once:
            # Paid when it begins, or at the window's start if it was under way by then.
            begins = np.maximum(run.start, edges[0])
            paid = _count(run.service, 1, begins, np.where(run.stop > edges[0], run.weight, 0), edges)[0]
            lines.append(Account(programme.id, "programme_once", programme.once, paid, False, programme.payers))
    return lines


def _service_lines(window: Window, s: int, cost: ServiceCost, edges: Ints) -> Iterator[tuple[str, float, Ints]]:
    if cost.attendance:
        yield "attendance", cost.attendance, _attendances(window, edges)[s]
    if cost.admission:
        yield "admission", cost.admission, _admissions(window, edges)[s]
    if cost.space_time or cost.delayed_time is not None:
        held, late = window.areas("in_use", edges)[s], window.areas("delayed", edges)[s]
        yield "space", cost.space_time, held if cost.delayed_time is None else held - late
        if cost.delayed_time is not None:
            yield "delayed", cost.delayed_time, late
    if cost.empty_time:
        yield "empty", cost.empty_time, _empty(window, s, edges)
    if cost.waiting_time:
        yield "waiting", cost.waiting_time, window.areas("waiting", edges)[s]
    if cost.visit and window.by_visits[s]:
        made = used_at(window, s)
        yield "visit", cost.visit, _count(np.zeros_like(made.row), 1, made.start, made.weight, edges)[0]
    if cost.surge_time:
        yield "surge", cost.surge_time, window.areas("surge", edges)[s]


def _attendances(window: Window, edges: Ints) -> Ints:
    """Return patients who come and are neither refused nor balked, by service and period."""
    return _visits(window, "attendances", window.visits.queued, (window.has_joined, window.was_there), edges)


def _admissions(window: Window, edges: Ints) -> Ints:
    """Return patients who start, by service and period."""
    return _visits(window, "admissions", window.visits.started, (window.has_started, window.is_placed), edges)


def _visits(window: Window, name: str, tick: Ints, flags: tuple[Flags, Flags], edges: Ints) -> Ints:
    """Return visits that have the first flag and not the second, by service and the period their tick is in."""
    key = (name, edges.tobytes())
    return window.once(
        key, lambda: cost_loops.visits_in(window.service, window.n_services, whole(tick), *flags, whole(edges))
    )


def _count(keys: Ints | Codes, n_keys: int, tick: Ints, weight: Ints | Codes, edges: Ints) -> Ints:
    """Return the sum of weights by key and the period their tick is in."""
    n_columns = len(edges) + 1
    cell = whole(keys) * n_columns + edges_before(edges, tick, side="right")
    return counted(cell, n_keys * n_columns, weight).reshape(n_keys, n_columns)[:, 1:-1]


def _rostered(ticks: tuple[int, ...], values: tuple[float, ...], edges: Ints) -> Ints:
    start = np.array(ticks, dtype=np.int64)
    stop = np.append(start[1:], FAR)
    weight = np.array(values, dtype=np.int64)
    return np.asarray(areas(np.zeros_like(start), 1, start, stop, weight, edges)[0])


def _area(stretches: Intervals, edges: Ints) -> Ints:
    zeros = np.zeros_like(stretches.service)
    return np.asarray(areas(zeros, 1, stretches.start, stretches.stop, stretches.weight, edges)[0])


def _empty(window: Window, s: int, edges: Ints) -> Ints:
    """Return the integral of spaces open less spaces in use, where that is above 0."""
    ticks, over = clipped(*excess(window, s), int(edges[0]), int(edges[-1]))
    free = np.maximum(-over, 0)
    gathered = np.concatenate([[0], np.cumsum(free[:-1] * np.diff(ticks))])
    at = np.searchsorted(ticks, edges, side="right") - 1
    return np.asarray(np.diff(gathered[at] + free[at] * (edges - ticks[at])))


Line = tuple[str, str, str, float, float]
"""What ``COLUMNS`` name."""


def lines_of(window: Window) -> list[Line]:
    """Return the costs of a window, line by line; see ``costs``."""
    rows = []
    # The window itself is the last of its periods.
    for line, amounts in priced(window, window.periods):
        micros, units = int(amounts[-1]), float(line.units(window)[-1])
        for payer, parts in shares(amounts[-1:], line.payers):
            part = int(parts[0])
            share = part / micros if micros else dict(line.payers).get(payer, 1.0)
            rows.append((line.item, line.kind, payer, part / MICRO, units * share))
    return rows


def costs(spec: SystemSpec, trajectory: Trajectory, seen: Window | None = None) -> pd.DataFrame:
    """Return what the measured window cost.

    Returns:
        One row an item (service, staff pool, programme), kind and payer: pounds (a whole number of
        millionths) and the payer's part of the units (patients, visits, or days).
    """
    import pandas as pd

    return pd.DataFrame(lines_of(seen or Window(spec, trajectory)), columns=COLUMNS)


def total(book: pd.DataFrame) -> float:
    """Return the sum of a table of costs [£], exact to the millionth."""
    return sum(round(float(p) * MICRO) for p in book["pounds"]) / MICRO
