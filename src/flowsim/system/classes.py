"""Classes of patients: combinations of the attributes on which anything in the traffic equations depends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from flowsim.system.curves import Floats, Ints
from flowsim.system.spec import BY_DESTINATION, NONE, BranchSpec, RoutingSpec, Row, StreamSpec, SystemSpec, Table

Key = TypeVar("Key")
MOST_CLASSES = 2_000_000


@dataclass(frozen=True)
class Classes:
    """Combinations of the attributes that matter.

    Attributes:
        codes: for each attribute that matters, its code in every class.
        count: number of classes.
        strides: how far apart two classes are that differ by one level.
        known: numbers of tables' rows already worked out.
    """

    codes: dict[int, Ints]
    count: int
    strides: dict[int, int]
    known: dict[tuple[int, Callable[[Any], float]], Floats] = field(default_factory=dict)

    def rows(self, table: Table[Row], period: int, origin: int, destination: int = NONE) -> Ints:
        """Return the index of the row that holds for each class."""
        at = np.full(self.count, period if table.periods > 1 else 0, dtype=np.int64)
        for attribute, size in zip(table.by, table.sizes, strict=True):
            if attribute >= 0:
                code: Ints | int = self.codes[attribute]
            else:
                code = destination if attribute == BY_DESTINATION else origin
            at = at * size + code
        return at

    def values(
        self, table: Table[Row], number: Callable[[Row], float], period: int, origin: int, destination: int = NONE
    ) -> Floats:
        """Return a number from the row that holds for each class."""
        key = (id(table), number)
        if key not in self.known:
            self.known[key] = np.array([number(row) for row in table.rows], dtype=np.float64)
        return self.known[key][self.rows(table, period, origin, destination)]

    def spread(
        self,
        table: Table[BranchSpec],
        split: Callable[[BranchSpec], Iterable[tuple[Key, float]]],
        period: int,
        origin: int,
    ) -> dict[Key, Floats]:
        """Return the shares of each class that a table of branches sends each way, given how a branch splits."""
        used, of_row = np.unique(self.rows(table, period, origin), return_inverse=True)
        rows = [table.rows[row] for row in used.tolist()]
        branches = list({id(branch): branch for branch in rows}.values())
        position = {id(branch): index for index, branch in enumerate(branches)}
        of_class = np.array([position[id(branch)] for branch in rows])[of_row]
        shares: dict[Key, Floats] = defaultdict(lambda: np.zeros(len(branches)))
        for index, branch in enumerate(branches):
            for key, share in split(branch):
                shares[key][index] += share
        return {key: each[of_class] for key, each in shares.items()}


def tables_of(spec: SystemSpec) -> Iterator[Table[object]]:
    """Yield every table that decides where patients go or how long they take."""
    routings: list[RoutingSpec] = (
        [s.routing for s in spec.services] + list(spec.junctions) + [s.routing for s in spec.streams]
    )
    yield from (routing.branches for routing in routings)  # type: ignore[misc]
    for service in spec.services:
        yield service.takes  # type: ignore[misc]
        tables = [service.turnaround, None if service.patience is None else service.patience.duration]
        if service.visits is not None:
            tables += [service.visits.first, service.visits.last, service.visits.carers]  # type: ignore[list-item]
        for step in service.steps:
            tables += [step.share, step.duration, *(need.number for need in step.staff)]  # type: ignore[list-item]
        yield from (table for table in tables if table is not None)  # type: ignore[misc]
    for stream in spec.streams:
        yield from (thin.share for thin in stream.thins)  # type: ignore[misc]


def make_classes(spec: SystemSpec) -> Classes:
    """Return the classes of patients: attributes that tables use, and those that decide these."""
    used = {a for table in tables_of(spec) for a in table.by if a >= 0}
    size = -1
    while size != len(used):
        size = len(used)
        used |= {a for s in spec.streams for m in s.mix if m.attribute in used for a in m.cumulative.by if a >= 0}
    wanted = sorted(used)
    sizes = [len(spec.attributes[a].levels) for a in wanted]
    count = int(np.prod(sizes, dtype=np.int64)) if sizes else 1
    if count > MOST_CLASSES:
        raise ValueError(f"{count} combinations of attributes are too many to follow")
    codes, strides, stride = {}, {}, count
    for attribute, levels in zip(wanted, sizes, strict=True):
        stride //= levels
        strides[attribute] = stride
        codes[attribute] = np.arange(count, dtype=np.int64) // stride % levels
    return Classes(codes, count, strides)


def class_shares(stream: StreamSpec, classes: Classes, period: int) -> Floats:
    """Return the probability of each class among a stream's patients; first levels where there is no mix."""
    shares = np.ones(classes.count)
    mixed = {mix.attribute: mix for mix in stream.mix}
    for attribute, codes in classes.codes.items():
        if attribute not in mixed:
            shares = shares * (codes == 0)
            continue
        table = mixed[attribute].cumulative
        each = np.diff(np.array(table.rows, dtype=np.float64), axis=1, prepend=0.0)
        shares = shares * each[classes.rows(table, period, NONE), codes]
    return shares


def class_map(spec: SystemSpec, classes: Classes, service: int) -> Ints | None:
    """Return the class that each class becomes on leaving a service; None where nothing is set."""
    out = np.arange(classes.count, dtype=np.int64)
    for attribute, level in spec.services[service].sets:
        if attribute in classes.codes:
            out = (
                out
                + (level - out // classes.strides[attribute] % len(spec.attributes[attribute].levels))
                * classes.strides[attribute]
            )
    return None if np.array_equal(out, np.arange(classes.count)) else out
