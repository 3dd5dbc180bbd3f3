"""What things cost, and who pays."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from flowsim.config.models.common import Sourced
from flowsim.config.quantities import Money, MoneyRate, Share, Strict

Payers = str | dict[str, Share | Literal["rest"]]


class ServiceCosts(Sourced):
    """What a service costs, and who pays."""

    attendance: Money | None = None
    admission: Money | None = None
    space: MoneyRate | None = Field(default=None, description="each space in use")
    delayed: MoneyRate | None = Field(default=None, description="in place of space while the patient is delayed")
    empty: MoneyRate | None = None
    waiting: MoneyRate | None = None
    visit: Money | None = None
    surge: MoneyRate | None = None
    staffed: MoneyRate | None = Field(default=None, description="for a staff pool: each member rostered")
    payer: Payers


class Programme(Strict):
    """What an intervention itself costs."""

    amount: MoneyRate | None = None
    once: Money | None = None
    payer: Payers
