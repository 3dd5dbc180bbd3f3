"""Text with a unit turned into numbers: minutes, events per minute, shares and pounds.

A quantity in YAML is text, a number followed by a unit. What units are allowed follows from the
dimension of the field. Inside flowsim a duration is minutes, a rate is events per minute, a share
is a fraction of one, money is pounds, and a rate of money is pounds per minute.
"""

from __future__ import annotations

import math
import re
from enum import Enum
from functools import lru_cache

MINUTES_PER_HOUR = 60.0
MINUTES_PER_DAY = 1440.0
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
DAYS_PER_YEAR = 365.25
MINUTES_PER_YEAR = DAYS_PER_YEAR * MINUTES_PER_DAY
MINUTES_PER_MONTH = MINUTES_PER_YEAR / 12

_TIME = {
    "ms": 1 / 60_000,
    "s": 1 / 60,
    "min": 1.0,
    "h": MINUTES_PER_HOUR,
    "d": MINUTES_PER_DAY,
    "day": MINUTES_PER_DAY,
    "days": MINUTES_PER_DAY,
    "week": MINUTES_PER_WEEK,
    "weeks": MINUTES_PER_WEEK,
    "month": MINUTES_PER_MONTH,
    "months": MINUTES_PER_MONTH,
    "year": MINUTES_PER_YEAR,
    "years": MINUTES_PER_YEAR,
}
_PLURALS = {"hour": "h", "hours": "h", "minute": "min", "minutes": "min", "second": "s", "seconds": "s"}


class Dimension(Enum):
    """What kind of quantity a field holds; the value is an example of how to write one."""

    DURATION = "4 h"
    RATE = "12 /day"
    SHARE = "85 %"
    GROWTH = "2 % /year"
    MONEY = "£ 346"
    MONEY_RATE = "£ 346 /day"
    COUNT = "20"
    NUMBER = "1.5"

    @property
    def label(self) -> str:
        """The dimension in words, e.g. ``a duration``."""
        words = {"MONEY_RATE": "an amount of money per time", "GROWTH": "a yearly growth", "NUMBER": "a plain number"}
        return words.get(self.name, f"a {self.name.lower()}")


class QuantityError(ValueError):
    """A text is not a quantity of the wanted dimension; ``wanted`` says how to write one."""

    def __init__(self, said: object, wanted: str) -> None:
        super().__init__(f"said {said!r}; wanted {wanted}")
        self.said = said
        self.wanted = wanted


_NUMBER = re.compile(r"^[+-]?(\d[\d,_]*\.?\d*|\.\d+)([eE][+-]?\d+)?")


def parse_quantity(said: object, dimension: Dimension) -> float:
    """Return the value of a quantity in base units.

    Args:
        said: text with a unit such as ``"4 h"``; bare numbers only where the dimension has no unit.
        dimension: what the field wants.

    Raises:
        QuantityError: the unit is missing, unknown or of another dimension.

    Example:
        >>> parse_quantity("4 h", Dimension.DURATION)
        240.0
        >>> parse_quantity("£ 1,440 /day", Dimension.MONEY_RATE)
        1.0
    """
    if isinstance(said, str):
        return _parse_text(said, dimension)
    if isinstance(said, bool) or not isinstance(said, (int, float)):
        raise QuantityError(said, _wanted(dimension))
    if dimension not in (Dimension.COUNT, Dimension.NUMBER):
        raise QuantityError(said, f"a unit: {_wanted(dimension)}")
    return _plain(said, dimension, _wanted(dimension))


def _wanted(dimension: Dimension) -> str:
    return f'{dimension.label}, e.g. "{dimension.value}"'


@lru_cache(maxsize=1 << 16)
def _parse_text(said: str, dimension: Dimension) -> float:
    """Return the value of a text; a configuration says the same few thousand again and again."""
    wanted = _wanted(dimension)
    text = said.strip()
    if dimension is Dimension.COUNT and text == "unlimited":
        return math.inf
    money = text.startswith(("£", "-£"))
    if money:
        text = text.replace("£", "", 1).strip()
    match = _NUMBER.match(text)
    if match is None or money is not (dimension in (Dimension.MONEY, Dimension.MONEY_RATE)):
        raise QuantityError(said, wanted)
    number = float(match.group().replace(",", "").replace("_", ""))
    return _with_unit(number, text[match.end() :].strip(), dimension, said, wanted)


def _plain(number: float, dimension: Dimension, wanted: str) -> float:
    if not math.isfinite(number) or (dimension is Dimension.COUNT and number != int(number)):
        raise QuantityError(number, wanted)
    return float(number)


def _with_unit(number: float, unit: str, dimension: Dimension, said: str, wanted: str) -> float:
    if dimension in (Dimension.COUNT, Dimension.NUMBER, Dimension.MONEY):
        if unit:
            raise QuantityError(said, wanted)
        return _plain(number, dimension, wanted)
    if not unit:
        raise QuantityError(said, f"a unit: {wanted}")
    if dimension is Dimension.DURATION:
        return number * _minutes(unit, said, wanted)
    if dimension is Dimension.SHARE:
        if unit != "%":
            raise QuantityError(said, wanted)
        return number / 100
    if dimension is Dimension.GROWTH:
        if unit.replace(" ", "") != "%/year":
            raise QuantityError(said, wanted)
        return number / 100
    if not unit.startswith("/"):
        raise QuantityError(said, wanted)
    return number / _minutes(unit[1:].strip(), said, wanted)


def _minutes(unit: str, said: str, wanted: str) -> float:
    unit = _PLURALS.get(unit, unit)
    if unit not in _TIME:
        raise QuantityError(said, f"{wanted} (units of time: ms, s, min, h, d, week, month, year)")
    return _TIME[unit]
