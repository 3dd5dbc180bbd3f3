"""Tables: values by patient attributes, origin, destination and period, turned into rows.

A row is worked out for every combination of levels in every period; where all periods agree only one
block of rows is kept, and where all rows agree only one row.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flowsim.config.grammar import nearest
from flowsim.config.models import Config
from flowsim.config.quantities import Quantity, Tabled
from flowsim.system.calendar import Calendar
from flowsim.system.names import Names, Problems
from flowsim.system.purposes import Purposes
from flowsim.system.spec import BY_DESTINATION, BY_ORIGIN, Table

FROM, TO = "from", "to"

Row = TypeVar("Row")
T = TypeVar("T")
Levels = Mapping[str, str]


@dataclass(frozen=True)
class Context:
    """All that the parts of the builder share.

    Attributes:
        configs: the configuration in each period.
        starts: tick at which each period starts; the first is 0.
        calendar: of the run.
        names: codes.
        problems: what is wrong so far.
        purposes: keys of draws handed out so far.
    """

    configs: tuple[Config, ...]
    starts: tuple[int, ...]
    calendar: Calendar
    names: Names
    problems: Problems
    purposes: Purposes

    def each(self, group: str, name: str) -> list[Any]:
        """Return the thing's model in every period; where it is lacking, that of another period."""
        found = [getattr(c, group).get(name) for c in self.configs]
        known = next(m for m in found if m is not None)
        out = []
        for model in found:
            known = model if model is not None else known
            out.append(known)
        return out

    def enabled(self, group: str, name: str) -> list[bool]:
        """Return whether the thing is enabled in every period."""
        return [bool(getattr(getattr(c, group).get(name), "enabled", False)) for c in self.configs]

    def same(self, key: str, values: Sequence[T]) -> T:
        """Return the one value of all periods; notes a problem where they differ."""
        for value in values[1:]:
            if value != values[0]:
                self.problems.add(
                    key,
                    f"{_shown(values[0])} and later {_shown(value)}",
                    "one value for the whole run: it cannot change by date",
                )
                break
        return values[0]


@dataclass(frozen=True)
class Scope:
    """Where a table stands: what its rows may depend on besides attributes.

    Attributes:
        origins: levels of ``from`` that can occur; None where the table cannot use ``from``.
        destinations: levels of ``to`` that can occur; None where the table cannot use ``to``.
    """

    origins: frozenset[str] | None = None
    destinations: frozenset[str] | None = None

    def possible(self, by: Sequence[str], levels: Sequence[str]) -> bool:
        """Whether a combination of levels can occur."""
        for name, level in zip(by, levels, strict=True):
            among = self.origins if name == FROM else self.destinations if name == TO else None
            if name in (FROM, TO) and among is not None and level not in among:
                return False
        return True


ATTRIBUTES_ONLY = Scope()
"""A table that depends on attributes alone."""


@dataclass(slots=True)
class Missing:
    """Combinations for which a table has no value, gathered into one problem."""

    combos: list[str] = field(default_factory=list)

    def report(self, key: str, problems: Problems, wanted: str) -> None:
        """Note the problem, if there is one."""
        if self.combos:
            more = f" and {len(self.combos) - 3} more" if len(self.combos) > 3 else ""
            problems.add(key, f"nothing for {'; '.join(self.combos[:3])}{more}", wanted)


def _shown(value: object) -> str:
    return str(value.said) if isinstance(value, Quantity) and value.said else str(value)


def union_of(tables: Sequence[Tabled[Any] | None]) -> tuple[str, ...]:
    """Return the names several tables are by, in order of first use."""
    return tuple(dict.fromkeys(name for table in tables if table is not None for name in table.by))


def check_tabled(ctx: Context, key: str, table: Tabled[Any] | None, scope: Scope) -> bool:
    """Whether the names and levels a table uses exist; notes problems."""
    if table is None or not table.by:
        return True
    good = True
    for position, name in enumerate(table.by):
        levels = _levels_of(ctx, key, name, scope)
        if levels is None:
            good = False
            continue
        for level in dict.fromkeys(case[position] for case, _ in table.cases):
            if level is not None and level not in levels and not (name in (FROM, TO) and level in ctx.names.absent):
                ctx.problems.unknown(key, level, f"a level of {name}", levels)
                good = False
    return good


def _levels_of(ctx: Context, key: str, name: str, scope: Scope) -> tuple[str, ...] | None:
    """Return the levels of an attribute, ``from`` or ``to``; None with a problem noted."""
    if name == FROM and scope.origins is not None:
        return ctx.names.origins
    if name == TO and scope.destinations is not None:
        return ctx.names.places
    if name in ctx.names.attributes:
        return ctx.names.attributes[name]
    known = [
        *ctx.names.attributes,
        *([FROM] if scope.origins is not None else []),
        *([TO] if scope.destinations is not None else []),
    ]
    ctx.problems.add(key, f"by {name!r}", nearest(name, known, "an attribute"))
    return None


def make_table(
    ctx: Context,
    key: str,
    by: Sequence[str],
    rows_by_period: Sequence[Callable[[Levels], Row | None]],
    scope: Scope = ATTRIBUTES_ONLY,
    wanted: str = "a value for every combination, or a rest",
    sources: Sequence[object] = (),
) -> Table[Row]:
    """Return a table whose rows a function works out, one function a period.

    Args:
        ctx: the builder's context.
        key: dotted path, for problems.
        by: names of attributes, ``from`` or ``to``; the first varies slowest.
        rows_by_period: for each period, from levels by name to the row; None where there is no value.
        scope: what ``from`` and ``to`` can be here.
        wanted: what would be right where a value is missing.
        sources: what the rows are worked out from in each period; where equal, it is done once.

    Returns:
        The table. Combinations that cannot occur get some row of the table.
    """
    levels = [_levels_of(ctx, key, name, scope) for name in by]
    known = [found for found in levels if found is not None]
    if len(known) < len(by):
        return Table((), (), ())
    combos = list(itertools.product(*known))
    missing = Missing()
    rows: list[Row | None] = []
    for period, row_of in enumerate(rows_by_period):
        if period > 0 and sources and sources[period] == sources[period - 1]:
            rows += rows[-len(combos) :]
            continue
        for names in combos:
            row = row_of(dict(zip(by, names, strict=True)))
            if row is None and scope.possible(by, names):
                missing.combos.append(", ".join(f"{b} {n!r}" for b, n in zip(by, names, strict=True)) or "anyone")
            rows.append(row)
    missing.report(key, ctx.problems, wanted)
    spare = [row for row in rows if row is not None][:1]
    filled = tuple(row for given in rows for row in ([given] if given is not None else spare))
    return _collapsed(ctx, by, tuple(len(found) for found in known), filled, len(rows_by_period))


def _collapsed(
    ctx: Context, by: Sequence[str], sizes: tuple[int, ...], rows: tuple[Row, ...], periods: int
) -> Table[Row]:
    """Return the smallest table with these rows; none where no combination had a value."""
    if not rows:
        return Table((), (), ())
    block = len(rows) // periods
    if all(row == rows[0] for row in rows):
        return Table((), (), rows[:1])
    if all(rows[i : i + block] == rows[:block] for i in range(block, len(rows), block)):
        rows, periods = rows[:block], 1
    special = {FROM: BY_ORIGIN, TO: BY_DESTINATION}
    attributes = list(ctx.names.attributes)
    indices = tuple(special[name] if name in special else attributes.index(name) for name in by)
    return Table(indices, sizes, rows, periods)


def value_table(
    ctx: Context,
    key: str,
    tables: Sequence[Tabled[Any] | None],
    read: Callable[[float], Row],
    default: float,
    scope: Scope = ATTRIBUTES_ONLY,
) -> Table[Row]:
    """Return a table of numbers, one ``Tabled`` quantity a period.

    Args:
        ctx: the builder's context.
        key: dotted path, for problems.
        tables: by period; None stands for ``default``.
        read: turns the number into what the row holds.
        default: the value where a period has no table.
        scope: what ``from`` and ``to`` can be here.
    """
    checked = [check_tabled(ctx, key, table, scope) for table in tables]
    if not all(checked):
        return Table((), (), (read(default),))

    def row_of(table: Tabled[Any] | None) -> Callable[[Levels], Row | None]:
        if table is None:
            return lambda _levels: read(default)

        def row(levels: Levels) -> Row | None:
            quantity = table.value_for(levels)
            return None if quantity is None else read(quantity.value)

        return row

    return make_table(ctx, key, union_of(tables), [row_of(t) for t in tables], scope, sources=tables)
