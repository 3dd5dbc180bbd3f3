"""Classes of patients: combinations of the attributes on which anything in the traffic equations depends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from flowsim.system.curves import Floats, Ints
from flowsim.system.spec import BY_DESTINATION, NONE, BranchSpec, RoutingSpec, Row, StreamSpec, SystemSpec, Table

Key = TypeVar("Key")
Bools = npt.NDArray[np.bool_]
Told = tuple[tuple[int, ...], Ints]
"""Attributes, and by their levels the number of what a table says then."""
MOST_CLASSES = 2_000_000


@dataclass(frozen=True)
class Classes:
    """Combinations of the attributes that matter, as far as any stream's patients can have them.

    Levels that no table tells apart count as one group, and so do combinations of groups that none tells apart, now
    or once services have set attributes: a class is a set of combinations, of which one stands for all.

    Attributes:
        codes: for each attribute that matters, its level in the combination that stands for every class.
        count: number of classes.
        groups: for each attribute that matters, the group each of its levels is in.
        sizes: number of groups of each, in the order of ``codes``.
        position: class of each combination of groups, flat, first attribute slowest; NONE where nobody can be so.
        first: the combination that stands for every class.
        joints: by stream (its key) and period, the probability of each combination of groups among its patients.
        known: numbers of tables' rows already worked out.
    """

    codes: dict[int, Ints]
    count: int
    groups: dict[int, Ints]
    sizes: tuple[int, ...]
    position: Ints
    first: Ints
    joints: dict[tuple[int, int], Floats]
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
    """Yield every table that decides where patients go or how long they take, once they have come."""
    routings: list[RoutingSpec] = (
        [s.routing for s in spec.services] + list(spec.junctions) + [s.routing for s in spec.streams]
    )
    yield from (routing.branches for routing in routings)
    for service in spec.services:
        patience = None if service.patience is None else service.patience.duration
        tables: list[Table[object] | None] = [service.takes, service.turnaround, patience]
        if service.visits is not None:
            tables += [service.visits.first, service.visits.last, service.visits.carers]
        for step in service.steps:
            tables += [step.share, step.duration, *(need.number for need in step.staff)]
        yield from (table for table in tables if table is not None)


def make_classes(spec: SystemSpec) -> Classes:
    """Return the classes of patients.

    Raises:
        ValueError: there are more than MOST_CLASSES combinations of groups of levels.
    """
    told = _told(spec)
    groups = _groups(spec, told)
    sizes = tuple(int(group.max()) + 1 for group in groups.values())
    combinations = int(np.prod(sizes, dtype=np.int64)) if sizes else 1
    if combinations > MOST_CLASSES:
        raise ValueError(f"{combinations} combinations of attributes are too many to follow")
    possible = np.zeros(combinations, dtype=bool)
    joints: dict[tuple[int, int], Floats] = {}
    for stream in spec.streams:
        for period in range(_periods(stream)):
            joint = joints[stream.key, period] = _joint(stream, groups, sizes, period, len(spec.services))
            possible |= joint > 0
    possible |= combinations == 1
    possible = _closed(spec, groups, sizes, possible)
    kept = np.flatnonzero(possible)
    levels: dict[int, Any] = {
        attribute: np.array([int(np.argmax(group == g)) for g in range(size)], dtype=np.int64)[at]
        for (attribute, group), size, at in zip(
            groups.items(), sizes, np.unravel_index(kept, sizes) if sizes else (), strict=True
        )
    }
    alike = _alike(told, levels, [_position(kept, move, combinations) for move in _moves(spec, groups, sizes)])
    _, first = np.unique(alike, return_index=True)
    position = np.full(combinations, NONE, dtype=np.int64)
    position[kept] = alike
    codes = {attribute: level[first] for attribute, level in levels.items()}
    return Classes(codes, len(first), groups, sizes, position, kept[first], joints)


def _position(kept: Ints, move: Ints, combinations: int) -> Ints:
    """Return where among the combinations kept each of them moves to."""
    at = np.zeros(combinations, dtype=np.int64)
    at[kept] = np.arange(len(kept))
    return at[move[kept]]


def _alike(told: Sequence[Told], levels: dict[int, Ints], moves: Sequence[Ints]) -> Ints:
    """Return a class for each combination: one for all that no table tells apart, nor after any moves.

    Args:
        told: what tables tell apart.
        levels: of each attribute that matters, by combination.
        moves: for each service that sets attributes, the combination that each becomes.
    """
    alike: Ints = np.zeros(max([1, *map(len, levels.values())]), dtype=np.int64)
    for by, rows in told:
        row = rows[tuple(levels.get(attribute, 0) for attribute in by)]
        alike = _numbered(alike * (int(rows.max()) + 1) + row)
    while True:
        finer = alike
        for move in moves:
            finer = _numbered(finer * (int(alike.max()) + 1) + alike[move])
        if finer.max() == alike.max():
            return alike
        alike = finer


def _numbered(keys: Ints) -> Ints:
    """Return keys as numbers from 0, equal ones alike."""
    return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.int64)


def _periods(stream: StreamSpec) -> int:
    return max([1, *(mix.cumulative.periods for mix in stream.mix), *(thin.share.periods for thin in stream.thins)])


def _told(spec: SystemSpec) -> list[Told]:
    """Return what tables tell apart: the attributes they are by, and by their levels the number of what holds then.

    What holds is a row; where that depends on the period, on where patients come from or go to, all of these rows.
    """
    same: dict[object, int] = {}
    found: dict[tuple[tuple[int, ...], bytes], Told] = {}
    for table in {id(table): table for table in tables_of(spec)}.values():
        by = tuple(attribute for attribute in table.by if attribute >= 0)
        if not by:
            continue
        rows = np.array([same.setdefault(row, len(same)) for row in table.rows], dtype=np.int64)
        axes = [axis for axis, attribute in enumerate(table.by, start=1) if attribute >= 0]
        rows = np.moveaxis(rows.reshape(table.periods, *table.sizes), axes, range(len(axes)))
        sizes = rows.shape[: len(axes)]
        kinds: dict[bytes, int] = {}
        numbers = [kinds.setdefault(each.tobytes(), len(kinds)) for each in rows.reshape(int(np.prod(sizes)), -1)]
        holds = np.array(numbers, dtype=np.int64).reshape(sizes)
        found.setdefault((by, holds.tobytes()), (by, holds))
    return list(found.values())


def _groups(spec: SystemSpec, told_apart: Sequence[Told]) -> dict[int, Ints]:
    """Return, for each attribute a table uses, which of its levels every table treats alike."""
    seen: dict[int, list[list[bytes]]] = {}
    for by, holds in told_apart:
        for axis, attribute in enumerate(by):
            levels = seen.setdefault(attribute, [[] for _ in spec.attributes[attribute].levels])
            for level, told in enumerate(levels):
                told.append(np.take(holds, level, axis).tobytes())
    out = {}
    for attribute in sorted(seen):
        kinds: dict[tuple[bytes, ...], int] = {}
        out[attribute] = np.array([kinds.setdefault(tuple(told), len(kinds)) for told in seen[attribute]])
    return {attribute: group for attribute, group in out.items() if group.max() > 0}


def _joint(stream: StreamSpec, groups: dict[int, Ints], sizes: tuple[int, ...], period: int, arrival: int) -> Floats:
    """Return the probability of each combination of groups among a stream's patients, prevented ones left out.

    Attributes that only decide others are summed over. Attribute ``a`` is axis ``a`` of a factor, and the groups
    of its levels are axis ``first + a``.
    """
    mixed = {mix.attribute: mix.cumulative for mix in stream.mix}
    first = max([*mixed, *groups], default=0) + 1
    factors: list[Any] = []
    for attribute, table in mixed.items():
        rows = np.array(table.rows, dtype=np.float64)
        each = np.diff(rows, axis=1, prepend=0.0).reshape(table.periods, *table.sizes, rows.shape[1])
        factors += [each[period if table.periods > 1 else 0], [*table.by, attribute]]
    for thin in stream.thins:
        share = np.array(thin.share.rows, dtype=np.float64).reshape(thin.share.periods, *thin.share.sizes)
        came = 1 - share[period if thin.share.periods > 1 else 0]
        for axis in reversed([axis for axis, a in enumerate(thin.share.by) if a < 0]):
            came = np.take(came, arrival, axis)
        by = [a for a in thin.share.by if a >= 0]
        absent = [axis for axis, a in enumerate(by) if a not in mixed]
        came = came[tuple(0 if axis in absent else slice(None) for axis in range(len(by)))]
        factors += [came, [a for a in by if a in mixed]]
    for attribute, group in groups.items():
        if attribute in mixed:
            factors += [np.eye(int(group.max()) + 1)[group], [attribute, first + attribute]]
        else:
            factors += [np.eye(int(group.max()) + 1)[group[0]], [first + attribute]]
    if not factors:
        return np.ones(1)
    kept = tuple(first + attribute for attribute in groups)
    axes = tuple(tuple(each) for each in factors[1::2])
    order = _order_of_factors(tuple(factor.shape for factor in factors[::2]), axes, kept)
    joint = np.einsum(*factors, kept, optimize=order)
    return np.asarray(joint, dtype=np.float64).reshape(-1)


@lru_cache(maxsize=1024)
def _order_of_factors(
    shapes: tuple[tuple[int, ...], ...], axes: tuple[tuple[int, ...], ...], kept: tuple[int, ...]
) -> list[Any]:
    """Return in which order to multiply factors of these shapes: to find it takes longer than to multiply them."""
    factors = [part for shape, each in zip(shapes, axes, strict=True) for part in (np.broadcast_to(0.0, shape), each)]
    return list(np.einsum_path(*factors, kept, optimize="greedy")[0])


def _moved(spec: SystemSpec, groups: dict[int, Ints], sizes: tuple[int, ...], service: int) -> Ints:
    """Return the combination that each combination of groups becomes on leaving a service."""
    at = list(np.unravel_index(np.arange(int(np.prod(sizes, dtype=np.int64))), sizes)) if sizes else []
    for attribute, level in spec.services[service].sets:
        if attribute in groups:
            place = list(groups).index(attribute)
            at[place] = np.full_like(at[place], groups[attribute][level])
    return np.asarray(np.ravel_multi_index(tuple(at), sizes), dtype=np.int64) if sizes else np.zeros(1, dtype=np.int64)


def _moves(spec: SystemSpec, groups: dict[int, Ints], sizes: tuple[int, ...]) -> list[Ints]:
    """Return, for each service that sets an attribute that matters, what each combination of groups becomes."""
    setting = [s for s, service in enumerate(spec.services) if any(a in groups for a, _ in service.sets)]
    return [_moved(spec, groups, sizes, service) for service in setting]


def _closed(spec: SystemSpec, groups: dict[int, Ints], sizes: tuple[int, ...], possible: Bools) -> Bools:
    """Return the combinations that can be, once services have set attributes on leaving."""
    moves = _moves(spec, groups, sizes)
    reached = possible.copy()
    while True:
        before = int(reached.sum())
        for move in moves:
            reached[move[reached]] = True
        if int(reached.sum()) == before:
            return reached


def class_shares(stream: StreamSpec, classes: Classes, period: int) -> Floats:
    """Return the probability of each class among a stream's patients, less those who are prevented."""
    joint = classes.joints[stream.key, period if _periods(stream) > 1 else 0]
    kept = classes.position >= 0
    return np.bincount(classes.position[kept], joint[kept], classes.count).astype(np.float64)


def class_map(spec: SystemSpec, classes: Classes, service: int) -> Ints | None:
    """Return the class that each class becomes on leaving a service; None where nothing is set."""
    if not any(attribute in classes.groups for attribute, _ in spec.services[service].sets):
        return None
    out = classes.position[_moved(spec, classes.groups, classes.sizes, service)[classes.first]]
    return None if np.array_equal(out, np.arange(classes.count)) else np.asarray(out)
