"""Who pays: costs by payer or provider, paired with the baseline, cash beside full cost, and costs that only shift."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from flowsim.analyse.intervals import interval
from flowsim.config.models import CashRates, Place, ServiceCosts
from flowsim.config.prices import at_prices_of
from flowsim.units import MINUTES_PER_DAY

TOTAL = "total"
"""Name of all payers (or providers) together."""
COLUMNS = ["demand", "arm", "payer", "mean", "difference", "low", "high"]
SHIFTS = ["demand", "arm", "payer", "difference", "low", "high", "total", "total_low", "total_high", "is_clear"]
EVENTS = ("attendance", "admission", "visit")
OWN_KINDS = ("programme", "programme_once", "staffed")
"""Kinds of cost that an option itself runs up, as opposed to the activity it changes."""

CashBook = Mapping[str, Mapping[str, float]]
"""Service or staff pool -> kind of activity -> cash a unit [£ a patient or visit, £ a day]; others: all is cash."""


def cash_book(costs: Mapping[str, ServiceCosts], place: Place) -> dict[str, dict[str, float]]:
    """Return the cash that moves with each unit of activity, at the place's prices.

    Args:
        costs: the cost book, as configured.
        place: whose prices they are brought to.

    Raises:
        PriceYearError: a price year cannot be brought to the place's.
    """
    out: dict[str, dict[str, float]] = {}
    for item, model in costs.items():
        if model.cash is None:
            continue
        out[item] = {}
        for kind in CashRates.model_fields:
            amount = getattr(model.cash, kind)
            if kind in ("source", "note", "price_year") or amount is None:
                continue
            rate = at_prices_of(amount, model.cash.price_year, place.price_year, place.prices)
            out[item][kind] = rate if kind in EVENTS else rate * MINUTES_PER_DAY
    return out


def with_cash(costs: pd.DataFrame, book: CashBook) -> pd.DataFrame:
    """Return costs with a column ``cash``: what of each line moves in cash [£].

    Args:
        costs: item, kind, payer, pounds, units (patients, visits or days) ...
        book: see ``CashBook``; of an item in it, kinds that it does not name move no cash.
    """
    lines = costs[["item", "kind"]].astype(str)
    known = lines.drop_duplicates()
    known = known.assign(
        rate=[
            book[item].get(kind, 0.0) if item in book else np.nan
            for item, kind in zip(known["item"], known["kind"], strict=True)
        ]
    )
    rate = lines.merge(known, on=["item", "kind"], how="left")["rate"].set_axis(costs.index)
    return costs.assign(cash=(rate * costs["units"]).where(rate.notna(), costs["pounds"]))


def by_payer(costs: pd.DataFrame, against: str, column: str = "pounds", by: str = "payer") -> pd.DataFrame:
    """Return costs by arm and payer with the paired difference from the baseline [£ over the measured period].

    Args:
        costs: demand, arm, replication, payer and the column added up; payers whom a replication lacks pay nothing.
        against: the baseline arm.
        column: ``pounds`` or ``cash``.
        by: what to divide by; ``payer`` unless said.

    Returns:
        demand, arm, payer (``total`` for all together), mean, difference, low, high (95 %, by Student's t over
        replications); arms in their order, payers by name.
    """
    if costs.empty:
        return pd.DataFrame(columns=COLUMNS)
    keys = ["demand", by, "replication", "arm"]
    sums = costs.groupby(keys, sort=False)[column].sum()
    every = pd.concat([sums, sums.groupby(["demand", "replication", "arm"]).sum().pipe(_named, by, keys)])
    wide = (
        every.rename("sum")
        .reset_index()
        .pivot_table(index=keys[:3], columns="arm", values="sum", aggfunc="sum", fill_value=0.0)
    )
    arms = [arm for arm in costs["arm"].unique() if arm in wide.columns]
    baseline = wide[against] if against in wide.columns else wide[arms[0]] * float("nan")
    rows = []
    for demand in costs["demand"].unique():
        parts = wide.loc[demand].groupby(level=by, sort=True).indices
        here, base = wide.loc[demand], baseline.loc[demand].to_numpy()
        for arm in arms:
            own = here[arm].to_numpy()
            for part, places in parts.items():
                found = interval(own[places] - base[places])
                rows.append((demand, arm, str(part), float(own[places].mean()), found.mean, found.low, found.high))
    return pd.DataFrame(rows, columns=COLUMNS)


def _named(total: pd.Series, by: str, keys: list[str]) -> pd.Series:
    """Return sums over all parts as those of one more part, ``TOTAL``."""
    return total.to_frame().assign(**{by: TOTAL}).set_index(by, append=True).reorder_levels(keys).iloc[:, 0]


def cost_shifts(table: pd.DataFrame, against: str) -> pd.DataFrame:
    """Return where an arm's total falls while a payer's costs rise by more than luck can explain.

    Args:
        table: as ``by_payer`` returns it.
        against: the baseline arm.

    Returns:
        One row an arm and payer, with the payer's and the total's difference and interval; ``is_clear`` where the
        total's fall, too, is more than luck can explain.
    """
    rows = []
    for (demand, arm), part in table.groupby(["demand", "arm"], sort=False):
        total = part[part["payer"] == TOTAL]
        if arm == against or total.empty or not float(total["difference"].iloc[0]) < 0:
            continue
        fall = [float(total[name].iloc[0]) for name in ("difference", "low", "high")]
        risen = part[(part["payer"] != TOTAL) & (part["low"] > 0)]
        rows += [
            (demand, arm, r["payer"], r["difference"], r["low"], r["high"], *fall, fall[2] < 0)
            for r in risen.to_dict("records")
        ]
    return pd.DataFrame(rows, columns=SHIFTS)
