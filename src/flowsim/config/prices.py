"""Prices of one year brought to another's, by the place's stated index."""

from __future__ import annotations

import re

from flowsim.config.models.money import Prices
from flowsim.config.quantities import Money, MoneyRate

_YEAR = re.compile(r"^(\d{4})(?:/(\d{2}))?$")
WANTED = 'a financial year such as "2013/14", or a calendar year such as "2013"'


class PriceYearError(ValueError):
    """A price year that prices cannot be brought from or to; ``wanted`` says what would do."""

    def __init__(self, said: str, wanted: str) -> None:
        super().__init__(f"said {said!r}; wanted {wanted}")
        self.said = said
        self.wanted = wanted


def middle(year: str) -> float:
    """Return the middle of a financial year (1 October) or calendar year (1 July), in years.

    Raises:
        PriceYearError: it is neither.

    Example:
        >>> middle("2013/14"), middle("2013")
        (2013.75, 2013.5)
    """
    found = _YEAR.match(year)
    if found is None or (found[2] and int(found[2]) != (int(found[1]) + 1) % 100):
        raise PriceYearError(year, WANTED)
    return int(found[1]) + (0.75 if found[2] else 0.5)


def level(year: str, prices: Prices) -> float:
    """Return the level of prices in a year, to the index's base (to the year 0 where there is no index).

    A year that the index lacks is reached from the nearest it has, by the yearly change.

    Raises:
        PriceYearError: neither index nor yearly change reaches the year.
    """
    if year in prices.index:
        return prices.index[year].value
    at = middle(year)
    if prices.yearly is None:
        known = ", ".join(prices.index)
        wanted = (
            f"a year of place.prices.index ({known})" if known else "place.prices, with an index or a yearly change"
        )
        raise PriceYearError(year, wanted)
    step = 1 + prices.yearly.value
    nearest = min(prices.index, key=lambda known: abs(middle(known) - at), default="")
    if not nearest:
        return float(step**at)
    return float(prices.index[nearest].value * step ** (at - middle(nearest)))


def factor(said: str, wanted: str, prices: Prices | None) -> float:
    """Return by what prices of one year are multiplied to be at another's.

    Args:
        said: the year they are given in.
        wanted: the year they are to be at: the place's.
        prices: the place's index.

    Raises:
        PriceYearError: a year is unknown, or there is no index.

    Example:
        >>> from flowsim.config.quantities import Growth, Number
        >>> half = Prices(index={"2013/14": Number(value=90.0), "2018/19": Number(value=99.0)})
        >>> round(factor("2013/14", "2018/19", half), 12)
        1.1
    """
    if said == wanted:
        middle(said)
        return 1.0
    if not wanted:
        raise PriceYearError(said, "no year of its own, or place.price_year to bring it to")
    index = prices or Prices()
    return level(wanted, index) / level(said, index)


def at_prices_of(amount: Money | MoneyRate | None, year: str | None, wanted: str, prices: Prices | None) -> float:
    """Return an amount at the place's prices; 0 for none.

    Args:
        amount: as given.
        year: of the prices of the block it stands in; its own ``price_year`` goes before.
        wanted: the place's price year.
        prices: the place's index.

    Raises:
        PriceYearError: a year is unknown, or there is no index.
    """
    if amount is None:
        return 0.0
    said = amount.price_year or year
    return amount.value if said is None else amount.value * factor(said, wanted, prices)
