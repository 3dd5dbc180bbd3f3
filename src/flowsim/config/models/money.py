"""What things cost, and who pays."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from flowsim.config.models.common import Sourced
from flowsim.config.quantities import Growth, Money, MoneyRate, Number, Share, Strict

Payers = str | dict[str, Share | Literal["rest"]]

_PRICE_YEAR = "year of the prices in here that name none of their own; the place's where not said"


class Prices(Sourced):
    """How prices of one year are brought to another's: by an index, and by a yearly change where it has no year."""

    yearly: Growth | None = Field(default=None, description="change of prices from one year to the next")
    index: dict[str, Number] = Field(default={}, description='year, e.g. "2013/14" -> level of prices, to any base')


class CashRates(Sourced):
    """What is truly saved, or must be found, for one more or less of an activity; what is not named moves no cash."""

    price_year: str | None = Field(default=None, description=_PRICE_YEAR)
    attendance: Money | None = None
    admission: Money | None = None
    space: MoneyRate | None = None
    delayed: MoneyRate | None = None
    empty: MoneyRate | None = None
    waiting: MoneyRate | None = None
    visit: Money | None = None
    surge: MoneyRate | None = None


class ServiceCosts(Sourced):
    """What a service costs, and who pays."""

    price_year: str | None = Field(default=None, description=_PRICE_YEAR)
    attendance: Money | None = None
    admission: Money | None = None
    space: MoneyRate | None = Field(default=None, description="each space in use")
    delayed: MoneyRate | None = Field(default=None, description="in place of space while the patient is delayed")
    empty: MoneyRate | None = None
    waiting: MoneyRate | None = None
    visit: Money | None = None
    surge: MoneyRate | None = None
    staffed: MoneyRate | None = Field(default=None, description="for a staff pool: each member rostered")
    cash: CashRates | None = Field(
        default=None, description="cash that moves with activity, where that is not the full cost"
    )
    payer: Payers


class Programme(Strict):
    """What an intervention itself costs."""

    price_year: str | None = Field(default=None, description=_PRICE_YEAR)
    amount: MoneyRate | None = None
    once: Money | None = None
    payer: Payers
