"""The lines of a cost book that a system has: what is priced, how much a unit, and who pays which part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from flowsim.measure.frames import Floats
from flowsim.measure.intervals import Flags
from flowsim.system.once import once_a_system
from flowsim.system.spec import ServiceCost, SystemSpec
from flowsim.trajectory import Ints

UNASSIGNED = "unassigned"
MICRO = 1_000_000
"""Amounts are whole numbers of millionths of a pound, so that parts add up to totals exactly."""
EVENT_KINDS = ("attendance", "admission", "visit", "programme_once")
Payers = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the book: an item and a kind of activity.

    Attributes:
        item: id of a service, staff pool or programme.
        kind: see ``cost``.
        place: which of the services, pools or programmes.
        price: pounds a unit (per minute for units of time).
        payers: who pays which share.
    """

    item: str
    kind: str
    place: int
    price: float
    payers: Payers


@dataclass(frozen=True, slots=True)
class Parts:
    """What each payer pays of amounts.

    Attributes:
        of: the amount that each part is of.
        first, last: where the parts of each amount begin, and the last of them.
        payers: of each part.
        said: the share asked for.
        reached: that and those of the same amount before it.
        total: what shares of the same amount add up to.
    """

    of: Ints
    first: Ints
    last: Ints
    payers: tuple[str, ...]
    said: Floats
    reached: Floats
    total: Floats

    def split(self, micros: Ints) -> Ints:
        """Return each part of some amounts, (amounts, periods), which add up to them exactly: (parts, periods)."""
        gathered = np.rint(micros[self.of] * self.reached[:, None] / self.total[:, None]).astype(np.int64)
        gathered[self.last] = micros
        parts = np.diff(gathered, axis=0, prepend=0)
        parts[self.first] = gathered[self.first]
        return parts


def parts_of(payers: Sequence[Payers]) -> Parts:
    """Return the parts of amounts that some pay in shares; nobody's where nobody is named."""
    shares = [said or ((UNASSIGNED, 1.0),) for said in payers]
    number = np.array([len(said) for said in shares], dtype=np.int64)
    after = np.cumsum(number)
    reached = [so_far for said in shares for so_far in accumulate(share for _, share in said)]
    return Parts(
        np.repeat(np.arange(len(shares)), number),
        after - number,
        after - 1,
        tuple(payer for said in shares for payer, _ in said),
        np.array([share for said in shares for _, share in said], dtype=np.float64),
        np.array(reached, dtype=np.float64),
        np.repeat(np.array([sum(share for _, share in said) for said in shares], dtype=np.float64), number),
    )


@dataclass(frozen=True, slots=True)
class Book:
    """A system's lines.

    Attributes:
        accounts: in order of services, staff pools and programmes.
        kinds: of each kind of activity its lines, and their places.
        prices: millionths of a pound a unit, (lines, 1).
        is_time: whether units are times, (lines, 1).
        parts: of the lines' amounts.
    """

    accounts: tuple[Account, ...]
    kinds: dict[str, tuple[Ints, Ints]]
    prices: Floats
    is_time: Flags
    parts: Parts


@once_a_system
def book_of(spec: SystemSpec) -> Book:
    """Return the lines of a system's cost book."""
    accounts = tuple(_accounts(spec))
    kinds = {}
    for kind in dict.fromkeys(account.kind for account in accounts):
        lines = [line for line, account in enumerate(accounts) if account.kind == kind]
        kinds[kind] = np.array(lines), np.array([accounts[line].place for line in lines])
    prices = np.array([account.price for account in accounts], dtype=np.float64)[:, None] * MICRO
    is_time = np.array([account.kind not in EVENT_KINDS for account in accounts], dtype=bool)[:, None]
    return Book(accounts, kinds, prices, is_time, parts_of([account.payers for account in accounts]))


def _accounts(spec: SystemSpec) -> Iterator[Account]:
    book = spec.costs
    for place, service in enumerate(spec.services):
        cost = book.services.get(service.id)
        if cost is not None:
            for kind, price in _of_service(cost, service.visits is not None):
                yield Account(service.id, kind, place, price, cost.payers)
    for place, pool in enumerate(spec.staff):
        if pool.id in book.staff:
            yield Account(pool.id, "staffed", place, book.staff[pool.id].staffed_time, book.staff[pool.id].payers)
    for place, programme in enumerate(book.programmes):
        if programme.per_minute:
            yield Account(programme.id, "programme", place, programme.per_minute, programme.payers)
        if programme.once:
            yield Account(programme.id, "programme_once", place, programme.once, programme.payers)


def _of_service(cost: ServiceCost, has_visits: bool) -> Iterator[tuple[str, float]]:
    """Yield what is priced of a service, and its price."""
    if cost.attendance:
        yield "attendance", cost.attendance
    if cost.admission:
        yield "admission", cost.admission
    if cost.space_time or cost.delayed_time is not None:
        yield "space", cost.space_time
        if cost.delayed_time is not None:
            yield "delayed", cost.delayed_time
    if cost.empty_time:
        yield "empty", cost.empty_time
    if cost.waiting_time:
        yield "waiting", cost.waiting_time
    if cost.visit and has_visits:
        yield "visit", cost.visit
    if cost.surge_time:
        yield "surge", cost.surge_time
