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

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from flowsim.measure import cost_loops
from flowsim.measure.cost_book import MICRO, Book, book_of
from flowsim.measure.frames import Window
from flowsim.measure.home_care import used_at
from flowsim.measure.integrals import areas, clipped, counted
from flowsim.measure.intervals import Flags
from flowsim.measure.occupancy import excess
from flowsim.measure.periods import Periods
from flowsim.measure.rosters import rostered
from flowsim.measure.sorting import Codes, edges_before, whole
from flowsim.system.once import once_a_system
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import Ints, Trajectory

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["item", "kind", "payer", "pounds", "units"]


class Priced(NamedTuple):
    """What every line of a system's cost book amounts to by period.

    Attributes:
        book: the lines.
        quantity: units, ticks for units of time: (lines, periods).
        micros: amounts [millionths of a pound]: (lines, periods).
        parts: the same by payer, in the order of the book's parts.
    """

    book: Book
    quantity: Ints
    micros: Ints
    parts: Ints


def priced(window: Window, periods: Periods) -> Priced:
    """Return every priced line of the cost book over some periods."""
    return window.once(("priced", *periods.told), lambda: _priced(window, periods))


def _priced(window: Window, periods: Periods) -> Priced:
    book, edges = book_of(window.spec), periods.edges
    quantity = np.zeros((len(book.accounts), len(edges) - 1), dtype=np.int64)
    for kind, (lines, places) in book.kinds.items():
        quantity[lines] = QUANTITIES[kind](window, places, edges)
    quantity = periods.summed(quantity)
    per = np.where(book.is_time, window.ticks_per_minute, 1)
    micros = np.rint(book.prices * quantity / per).astype(np.int64)
    return Priced(book, quantity, micros, book.parts.split(micros))


def _held(window: Window, edges: Ints) -> Ints:
    """Return spaces in use, without those of patients delayed where these have a price of their own."""
    late = window.areas("delayed", edges)
    return np.asarray(window.areas("in_use", edges) - late * _has_delayed(window.spec)[:, None])


@once_a_system
def _has_delayed(spec: SystemSpec) -> Flags:
    """Return which services have a price of their own for patients delayed."""
    found = np.zeros(len(spec.services), dtype=bool)
    found[[account.place for account in book_of(spec).accounts if account.kind == "delayed"]] = True
    return found


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


def _visited(window: Window, s: int, edges: Ints) -> Ints:
    """Return home visits by period."""
    made = used_at(window, s)
    return np.asarray(_count(np.zeros_like(made.row), 1, made.start, made.weight, edges)[0])


@once_a_system
def _in_force(spec: SystemSpec, edges: bytes) -> Ints:
    """Return the ticks that programmes are in force, by period between edges (see ``rosters``)."""
    ticks, (start, stop) = np.frombuffer(edges, dtype=np.int64), _programmes(spec)
    return areas(np.arange(len(start)), len(start), start, stop, np.ones_like(start), ticks)


@once_a_system
def _begun(spec: SystemSpec, edges: bytes) -> Ints:
    """Return in which period programmes that are paid once are: when they begin, or under way when the first does."""
    ticks, (start, stop) = np.frombuffer(edges, dtype=np.int64), _programmes(spec)
    is_paid = np.where(stop > ticks[0], 1, 0)
    return _count(np.arange(len(start)), len(start), np.maximum(start, ticks[0]), is_paid, ticks)


def _programmes(spec: SystemSpec) -> tuple[Ints, Ints]:
    """Return from and to which ticks programmes are in force."""
    programmes = spec.costs.programmes
    start, stop = ([p.from_tick for p in programmes], [p.to_tick for p in programmes])
    return np.array(start, dtype=np.int64), np.array(stop, dtype=np.int64)


def _empty(window: Window, s: int, edges: Ints) -> Ints:
    """Return the integral of spaces open less spaces in use, where that is above 0."""
    ticks, over = clipped(*excess(window, s), int(edges[0]), int(edges[-1]))
    free = np.maximum(-over, 0)
    gathered = np.concatenate([[0], np.cumsum(free[:-1] * np.diff(ticks))])
    at = np.searchsorted(ticks, edges, side="right") - 1
    return np.asarray(np.diff(gathered[at] + free[at] * (edges - ticks[at])))


QUANTITIES: dict[str, Callable[[Window, Ints, Ints], Ints]] = {
    "attendance": lambda window, at, edges: _attendances(window, edges)[at],
    "admission": lambda window, at, edges: _admissions(window, edges)[at],
    "space": lambda window, at, edges: _held(window, edges)[at],
    "delayed": lambda window, at, edges: window.areas("delayed", edges)[at],
    "empty": lambda window, at, edges: np.array([_empty(window, s, edges) for s in at.tolist()]),
    "waiting": lambda window, at, edges: window.areas("waiting", edges)[at],
    "visit": lambda window, at, edges: np.array([_visited(window, s, edges) for s in at.tolist()]),
    "surge": lambda window, at, edges: window.areas("surge", edges)[at],
    "staffed": lambda window, at, edges: rostered(window.spec, edges.tobytes())[at],
    "programme": lambda window, at, edges: _in_force(window.spec, edges.tobytes())[at],
    "programme_once": lambda window, at, edges: _begun(window.spec, edges.tobytes())[at],
}
"""Kind -> its units at some places by period; ticks for units of time."""


Line = tuple[str, str, str, float, float]
"""What ``COLUMNS`` name."""


def lines_of(window: Window) -> list[Line]:
    """Return the costs of a window, line by line; see ``costs``."""
    # The window itself is the last of its periods.
    book, quantity, micros, parts = priced(window, window.periods)
    of, paid, of_line = book.parts.of, parts[:, -1], micros[book.parts.of, -1]
    units = np.where(book.is_time[:, 0], quantity[:, -1] / window.ticks_per_day, quantity[:, -1])[of]
    share = np.where(of_line != 0, paid / np.where(of_line != 0, of_line, 1), book.parts.said)
    whose = _whose(window.spec)
    return [
        (*names, pounds, number)
        for names, pounds, number in zip(whose, (paid / MICRO).tolist(), (units * share).tolist(), strict=True)
    ]


@once_a_system
def _whose(spec: SystemSpec) -> Sequence[tuple[str, str, str]]:
    """Return the item, kind and payer of each part of a system's lines."""
    book = book_of(spec)
    lines = (book.accounts[of] for of in book.parts.of.tolist())
    return [(line.item, line.kind, payer) for line, payer in zip(lines, book.parts.payers, strict=True)]


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
