"""Distributions as the YAML writes them, with tables among their parameters, turned into tables of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from flowsim.config.models import Distribution as Written
from flowsim.config.quantities import Tabled
from flowsim.system.distributions import CannotBe, canonical, constant_of, discrete_of, scaled
from flowsim.system.spec import Distribution, Table
from flowsim.system.tabling import ATTRIBUTES_ONLY, Context, Levels, Scope, check_tabled, make_table, union_of
from flowsim.units import Dimension

PARAMETERS = ("value", "mean", "sd", "cv", "median", "shape", "low", "mode", "high", "ends", "times")
"""Fields of the YAML that may be tables."""
WAYS: dict[str, tuple[frozenset[str], ...]] = {
    "constant": (frozenset({"value"}),),
    "exponential": (frozenset({"mean"}),),
    "lognormal": (
        frozenset({"mean", "sd"}),
        frozenset({"mean", "cv"}),
        frozenset({"median", "mean"}),
        frozenset({"meanlog", "sdlog", "unit"}),
    ),
    "gamma": (frozenset({"mean", "shape"}), frozenset({"mean", "sd"}), frozenset({"mean", "cv"})),
    "weibull": (frozenset({"mean", "shape"}),),
    "uniform": (frozenset({"low", "high"}),),
    "triangular": (frozenset({"low", "mode", "high"}),),
    "normal": (frozenset({"mean", "sd"}), frozenset({"mean", "cv"})),
    "geometric": (frozenset({"unit", "ends"}),),
    "discrete": (frozenset({"values"}),),
}
"""For each kind, the sets of fields that say it in full."""
_ALWAYS = {"kind", "times", "at_least", "at_most", "source", "note"}


def make_distribution(
    ctx: Context, key: str, written: Sequence[Written | None], scope: Scope = ATTRIBUTES_ONLY
) -> Table[Distribution]:
    """Return the distribution as a table, one ``Distribution`` model a period (None: at once)."""
    tables: list[Tabled[float] | None] = []
    for model in written:
        if model is not None:
            if not check_ways(ctx, key, model):
                return Table((), (), (constant_of(0.0),))
            tables += [getattr(model, name) for name in PARAMETERS]
    checked = [check_tabled(ctx, key, table, scope) for table in tables]
    if not all(checked):
        return Table((), (), (constant_of(0.0),))
    by = union_of(tables)

    def row_of(model: Written | None) -> Callable[[Levels], Distribution | None]:
        def row(levels: Levels) -> Distribution | None:
            if model is None:
                return constant_of(0.0)
            try:
                return read_row(model, levels)
            except CannotBe as error:
                who = ", ".join(f"{name} {level!r}" for name, level in levels.items())
                ctx.problems.add(key, f"{model.kind}{' for ' + who if who else ''}", str(error))
                return constant_of(0.0)

        return row

    return make_table(ctx, key, by, [row_of(m) for m in written], scope, sources=written)


def check_ways(ctx: Context, key: str, model: Written) -> bool:
    """Whether the fields given say the distribution once and in full; notes a problem."""
    given = {name for name in type(model).model_fields if getattr(model, name) is not None} - _ALWAYS
    if frozenset(given) in WAYS[model.kind]:
        return True
    wanted = " or ".join(", ".join(sorted(way)) for way in WAYS[model.kind])
    ctx.problems.add(key, f"{model.kind} by {', '.join(sorted(given)) or 'nothing'}", f"{model.kind} by {wanted}")
    return False


def read_row(model: Written, levels: Levels) -> Distribution | None:
    """Return the distribution for one combination of levels; None where a table has no value for it.

    Raises:
        CannotBe: the parameters are out of range.
    """
    numbers: dict[str, float] = {}
    for name in PARAMETERS:
        table = getattr(model, name)
        if table is not None:
            quantity = table.value_for(levels)
            if quantity is None:
                return None
            numbers[name] = quantity.value
    for name in ("meanlog", "sdlog", "unit"):
        if getattr(model, name) is not None:
            numbers[name] = getattr(model, name).value
    times = numbers.pop("times", 1.0)
    base = discrete_of(model.values, Dimension.DURATION) if model.kind == "discrete" else canonical(model.kind, numbers)
    low = 0.0 if model.at_least is None else model.at_least.value
    high = math.inf if model.at_most is None else model.at_most.value
    if low > high:
        raise CannotBe("at_least no greater than at_most")
    return scaled(replace(base, at_least=low, at_most=high), times)
