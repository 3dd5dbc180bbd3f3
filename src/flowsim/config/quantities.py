"""Sourced quantities and tables of them, as YAML writes them.

A quantity is text with a unit, ``"4 h"``, or a mapping ``{value: "4 h", low: "3 h", high: "6 h",
source: naic_2018, note: ...}``. Where patients differ, it may be a table:
``{by: age_band, values: {"85+": "9 d"}, rest: "5 d"}``, nested once a ``by`` name.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Generic, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import PydanticCustomError, core_schema

from flowsim.units import Dimension, QuantityError, parse_quantity

MOST_COUNTED = 10**9
"""Counts from here on are refused: nothing that large is meant."""


class Strict(BaseModel):
    """A model that refuses names it does not know, and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Quantity(Strict):
    """A number with its unit gone, its range, and who said it.

    Attributes:
        value: in base units (minutes, events per minute, fractions, pounds, pounds per minute).
        low, high: plausible range, same units.
        source: id in ``conf/source``.
        note: what a reader should know.
        said: the value as written.
    """

    dimension: ClassVar[Dimension]

    value: float
    low: float | None = None
    high: float | None = None
    source: str | None = None
    note: str | None = None
    said: str = ""

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, data: object) -> object:
        if isinstance(data, Quantity):
            return data.model_dump()
        if not isinstance(data, Mapping):
            return {"value": cls._number(data), "said": str(data)}
        if "value" not in data:
            raise PydanticCustomError(
                "quantity", "{wanted}", {"wanted": f'{cls.dimension.label}, e.g. "{cls.dimension.value}"'}
            )
        out = dict(data)
        if not out.get("said"):
            out["said"] = str(data["value"])
            for name in ("value", "low", "high"):
                if out.get(name) is not None:
                    out[name] = cls._number(out[name])
        return out

    @classmethod
    def _number(cls, said: object) -> float:
        try:
            return parse_quantity(said, cls.dimension)
        except QuantityError as error:
            raise PydanticCustomError("quantity", "{wanted}", {"wanted": error.wanted}) from None

    @model_validator(mode="after")
    def _in_range(self) -> Quantity:
        if self.dimension is Dimension.SHARE and not 0 <= self.value <= 1:
            raise PydanticCustomError("range", "{wanted}", {"wanted": 'a share from "0 %" to "100 %"'})
        positive = (Dimension.DURATION, Dimension.RATE, Dimension.COUNT)
        if self.dimension in positive and self.value < 0:
            raise PydanticCustomError("range", "{wanted}", {"wanted": f"{self.dimension.label} of 0 or more"})
        if self.dimension is Dimension.COUNT and math.isfinite(self.value) and self.value >= MOST_COUNTED:
            wanted = f"a count under {MOST_COUNTED:,}, or unlimited"
            raise PydanticCustomError("range", "{wanted}", {"wanted": wanted})
        if self.low is not None and self.high is not None and self.low > self.high:
            raise PydanticCustomError("range", "{wanted}", {"wanted": "low no greater than high"})
        return self


class Duration(Quantity):
    """A length of time [min]."""

    dimension = Dimension.DURATION


class Rate(Quantity):
    """Events per minute."""

    dimension = Dimension.RATE


class Share(Quantity):
    """A fraction from 0 to 1."""

    dimension = Dimension.SHARE


class Growth(Quantity):
    """A yearly change, as a fraction."""

    dimension = Dimension.GROWTH


class Money(Quantity):
    """Pounds, at the prices of ``price_year`` (``"2013/14"`` or ``"2013"``); the place's own where it says none."""

    dimension = Dimension.MONEY

    price_year: str | None = None


class MoneyRate(Quantity):
    """Pounds per minute, at the prices of ``price_year`` as for Money."""

    dimension = Dimension.MONEY_RATE

    price_year: str | None = None


class Count(Quantity):
    """A whole number, or ``unlimited``."""

    dimension = Dimension.COUNT


class Number(Quantity):
    """A plain number: a factor or a weight."""

    dimension = Dimension.NUMBER


Q = TypeVar("Q")


class Tabled(Generic[Q]):
    """A value for everyone, or a table of values by patient attributes (and ``from``, ``to``).

    Attributes:
        by: names of the attributes; empty for one value.
        cases: (levels, value) pairs; a level is None where ``rest`` stands for all the others.
    """

    __slots__ = ("_named", "by", "cases")

    def __init__(self, by: tuple[str, ...], cases: tuple[tuple[tuple[str | None, ...], Q], ...]) -> None:
        self.by = by
        self.cases = cases
        self._named = {case: value for case, value in reversed(cases) if None not in case} if by else {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tabled) and (self.by, self.cases) == (other.by, other.cases)

    def __hash__(self) -> int:
        return hash((self.by, self.cases))

    @classmethod
    def of(cls, value: Q) -> Tabled[Q]:
        """Return one value for everyone."""
        return cls((), (((), value),))

    def value_for(self, levels: Mapping[str, str]) -> Q | None:
        """Return the value for a combination of levels; None where no case holds. Named levels beat ``rest``."""
        if not self.by:
            return self.cases[0][1]
        named = self._named.get(tuple(levels.get(name) for name in self.by))
        if named is not None:
            return named
        best: tuple[int, Q] | None = None
        for case, value in self.cases:
            if all(want is None or levels[name] == want for name, want in zip(self.by, case, strict=True)):
                rank = sum((want is not None) << i for i, want in enumerate(reversed(case)))
                if best is None or rank > best[0]:
                    best = (rank, value)
        return None if best is None else best[1]

    def values(self) -> Iterator[Q]:
        """Yield every value written."""
        return (value for _, value in self.cases)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        (inner,) = get_args(source) or (Any,)
        inner_schema = handler.generate_schema(inner)
        nested = core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema())
        table = core_schema.typed_dict_schema(
            {
                "by": core_schema.typed_dict_field(
                    core_schema.union_schema(
                        [core_schema.str_schema(), core_schema.list_schema(core_schema.str_schema())]
                    )
                ),
                "values": core_schema.typed_dict_field(nested),
                "rest": core_schema.typed_dict_field(inner_schema, required=False),
            }
        )

        def parse(data: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Tabled[Any]:
            if isinstance(data, Tabled):
                return data
            if not (isinstance(data, Mapping) and "by" in data):
                return Tabled.of(validate(data))
            said = [data["by"]] if isinstance(data["by"], str) else data["by"]
            is_named = isinstance(said, list | tuple) and all(isinstance(name, str) for name in said)
            if not is_named or "values" not in data or not set(data) <= {"by", "values", "rest"}:
                raise PydanticCustomError("table", "{wanted}", {"wanted": "a table with by, values and rest"})
            by = tuple(said)
            cases = tuple((levels, validate(value)) for levels, value in _leaves(data["values"], len(by)))
            if "rest" in data:
                cases += (((None,) * len(by), validate(data["rest"])),)
            return Tabled(by, cases)

        return core_schema.no_info_wrap_validator_function(
            parse,
            inner_schema,
            serialization=core_schema.plain_serializer_function_ser_schema(_dump),
            metadata={"pydantic_js_functions": [lambda _s, h: {"anyOf": [h(inner_schema), h(table)]}]},
        )


def _leaves(values: object, depth: int) -> Iterator[tuple[tuple[str | None, ...], object]]:
    if depth == 0:
        yield (), values
        return
    if not isinstance(values, Mapping) or "value" in values:
        # One value, sourced or not, for all levels of the remaining names.
        yield (None,) * depth, values
        return
    for level, below in values.items():
        name = None if level == "rest" else str(level)
        for rest, leaf in _leaves(below, depth - 1):
            yield (name, *rest), leaf


def _dump(table: Tabled[Any]) -> object:
    def plain(value: object) -> object:
        return value.model_dump() if isinstance(value, BaseModel) else value

    if not table.by:
        return plain(table.cases[0][1])
    return {"by": list(table.by), "cases": [[list(levels), plain(value)] for levels, value in table.cases]}


def combinations(sizes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield every combination of codes, first slowest: the order of a Table's rows."""
    return cast("Iterator[tuple[int, ...]]", itertools.product(*(range(n) for n in sizes)))
