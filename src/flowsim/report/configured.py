"""Parts of a result's configuration, read back as models: targets, place and cost book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from flowsim.analyse.payers import CashBook, cash_book
from flowsim.analyse.targets import Money as Spending
from flowsim.config.models import Place, ServiceCosts, Target
from flowsim.config.prices import at_prices_of
from flowsim.config.quantities import Money, MoneyRate
from flowsim.experiment.result import ExperimentResult
from flowsim.report.view import measured_period

_TARGETS = TypeAdapter(dict[str, Target])
_COSTS = TypeAdapter(dict[str, ServiceCosts])


def targets(result: ExperimentResult) -> dict[str, Target]:
    """Return the place's targets by id."""
    return _TARGETS.validate_python(result.config.get("target") or {})


def place(result: ExperimentResult) -> Place:
    """Return the place."""
    said: Mapping[str, Any] = result.config.get("place") or {}
    return Place.model_validate({"id": result.name, "label": result.title, **said})


def cash(result: ExperimentResult) -> CashBook:
    """Return the cash that moves with activity, by service and kind."""
    return cash_book(_COSTS.validate_python(result.config.get("cost") or {}), place(result))


def price_years(result: ExperimentResult) -> tuple[list[str], int]:
    """Return the years other than the place's whose prices the cost book gives, and how many prices those are."""
    home, found = place(result).price_year, []
    for model in _COSTS.validate_python(result.config.get("cost") or {}).values():
        for block in (model, model.cash):
            for name in type(block).model_fields if block is not None else ():
                amount = getattr(block, name)
                if isinstance(amount, Money | MoneyRate):
                    found.append(amount.price_year or getattr(block, "price_year", None) or home)
    others = [year for year in found if year != home]
    return sorted(set(others)), len(others)


def roles(result: ExperimentResult) -> dict[str, str]:
    """Return the role of each service."""
    said = result.config.get("service") or {}
    return {name: str(service.get("role") or "") for name, service in said.items() if isinstance(service, Mapping)}


def providers(result: ExperimentResult) -> dict[str, str]:
    """Return the provider of each service and staff pool that names one."""
    found = {**(result.config.get("staff") or {}), **(result.config.get("service") or {})}
    said = {name: str(thing.get("provider") or "") for name, thing in found.items() if isinstance(thing, Mapping)}
    return {name: provider for name, provider in said.items() if provider}


def money(result: ExperimentResult) -> Spending:
    """Return what targets in money are judged by."""
    from flowsim.analyse.payers import with_cash

    here = place(result)
    amounts = {
        name: at_prices_of(target.saves or target.spends, None, here.price_year, here.prices)
        for name, target in targets(result).items()
        if target.measure is None
    }
    period = measured_period(result)
    return Spending(
        with_cash(result.costs, cash(result)), amounts, roles(result), float(period[2]) if period else 365.25
    )
