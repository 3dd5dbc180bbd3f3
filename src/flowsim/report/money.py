"""What options cost whom: who pays more and who less, costs that only shift, and whether an option pays for itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from flowsim.analyse.intervals import Floats, interval
from flowsim.analyse.payers import OWN_KINDS, TOTAL, by_payer, cost_shifts, with_cash
from flowsim.analyse.targets import saved
from flowsim.experiment.result import ExperimentResult
from flowsim.report.configured import cash, providers
from flowsim.report.formats import gap, listed, money, number, size_of_gap
from flowsim.report.kept import once_a_result
from flowsim.report.tables import Cell, Row, Table, difference_cell
from flowsim.report.view import Verdict, judge, payer_shifts

PROGRAMMES = "programmes"
"""Stands for the provider of what interventions cost."""


def payer_table(result: ExperimentResult) -> pd.DataFrame:
    """Return costs by payer, at full cost and in cash: demand, arm, basis, payer, mean, difference, low, high."""
    costs = with_cash(result.costs, cash(result)) if not result.costs.empty else result.costs
    parts = [
        by_payer(costs, result.against, column).assign(basis=basis)
        for basis, column in (("full", "pounds"), ("cash", "cash"))
    ]
    return pd.concat(parts, ignore_index=True)


def provider_table(result: ExperimentResult, level: str) -> pd.DataFrame:
    """Return costs by provider, at full cost; programmes and what has no provider stand together."""
    costs = result.costs
    if costs.empty:
        return by_payer(costs, result.against)
    known = providers(result)
    kept = costs[costs["demand"] == level]
    named = kept["item"].astype(str)
    named = named.map({item: known.get(item, PROGRAMMES) for item in named.unique()})
    return by_payer(kept.assign(provider=named), result.against, by="provider")


def money_part(result: ExperimentResult, level: str) -> dict[str, Any]:
    """Return, for one demand level, who gains and who pays, shifts of cost, whether options pay, and providers."""
    if result.costs.empty or result.is_single:
        return {"sides": [], "shifts": [], "pays": Table((), ()), "providers": Table((), ())}
    table = payer_shifts(result, level)
    return {
        "sides": [_sides(result, table, arm.id) for arm in result.arms if arm.id != result.against],
        "shifts": shift_sentences(result, table),
        "pays": pays_table(result, level),
        "providers": _providers(result, level),
    }


def _sides(result: ExperimentResult, table: pd.DataFrame, arm: str) -> dict[str, str]:
    rows = {str(r["payer"]): r for r in table[table["arm"] == arm].to_dict("records")}
    total = rows.pop(TOTAL)
    found: dict[Verdict, list[str]] = {}
    for payer, row in rows.items():
        verdict = judge(row["difference"], row["low"], row["high"], "neither")
        size, between = size_of_gap(row["difference"], row["low"], row["high"], "£")
        found.setdefault(verdict, []).append(f"{result.label(payer)} {size} ({between})" if between else size)
    unsure = [
        result.label(p)
        for p, r in rows.items()
        if judge(r["difference"], r["low"], r["high"], "neither") is Verdict.UNSURE
    ]
    said, between = gap(total["difference"], total["low"], total["high"], "£")
    return {
        "arm": result.arm(arm).label,
        "total": said,
        "between": between,
        "more": listed(found.get(Verdict.HIGHER, [])),
        "less": listed(found.get(Verdict.LOWER, [])),
        "unsure": listed(unsure),
    }


def shift_sentences(result: ExperimentResult, table: pd.DataFrame) -> list[str]:
    """Return a sentence for each arm whose total falls while a payer's costs rise beyond luck."""
    shifts = cost_shifts(table, result.against)
    out = []
    for arm, part in shifts.groupby("arm", sort=False):
        first = part.iloc[0]
        payers = [
            f"{result.label(str(r['payer']))} pays {money(r['difference'])} more "
            f"({money(r['low'])} to {money(r['high'])})"
            for r in part.to_dict("records")
        ]
        fall, between = size_of_gap(first["total"], first["total_low"], first["total_high"], "£")
        sure = f"(95% interval {between})" if first["is_clear"] else "(which may be luck)"
        label = result.arm(str(arm)).label
        out.append(f"{label}: all payers together pay {fall} less {sure}, but {listed(payers)}.")
    return out


# --- does it pay for itself ------------------------------------------------------------------------

PAYS = ["demand", "arm", "basis", "own", "saving", "net", "net_low", "net_high", "times", "probability"]


@once_a_result
def pays_rows(result: ExperimentResult) -> pd.DataFrame:
    """Return for each arm what it costs, what less activity saves, the net and the break-even; ``PAYS`` [£]."""
    rows = []
    costs = with_cash(result.costs, cash(result)) if not result.costs.empty else result.costs
    for demand, here in costs.groupby("demand", sort=False) if not costs.empty else ():
        for basis, column in (("full", "pounds"), ("cash", "cash")):
            own = _wide(here[here["kind"].isin(OWN_KINDS)], here, column)
            other = _wide(here[~here["kind"].isin(OWN_KINDS)], here, column)
            for arm in [a.id for a in result.arms if a.id != result.against and a.id in other.columns]:
                saving = _gap(other, result.against, arm)
                cost = _gap(own, arm, result.against)
                found = saved(saving, cost, 0.0)
                net = interval(saving - cost)
                row = (cost.mean(), saving.mean(), net.mean, net.low, net.high, found.times, found.probability)
                rows.append((demand, arm, basis, *row))
    return pd.DataFrame(rows, columns=PAYS)


def _wide(some: pd.DataFrame, every: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return sums by replication and arm; nought where an arm has none of some lines."""
    wide = some.pivot_table(index="replication", columns="arm", values=column, aggfunc="sum", fill_value=0.0)
    return wide.reindex(
        index=sorted(every["replication"].unique()), columns=list(every["arm"].unique()), fill_value=0.0
    )


def _gap(wide: pd.DataFrame, one: str, other: str) -> Floats:
    return np.asarray((wide[one] - wide[other]).to_numpy(dtype=np.float64))


def pays_table(result: ExperimentResult, level: str) -> Table:
    """Return whether each option pays for itself over the period, at full cost and in cash."""
    table = pays_rows(result)
    by = {(r["arm"], r["basis"]): r for r in table[table["demand"] == level].to_dict("records")}
    heads = ["Its own cost"]
    heads += [
        f"{what}, {basis}" for basis in ("full cost", "cash") for what in ("Activity saves", "Net", "To break even")
    ]
    rows = []
    for arm in result.arms:
        found = [by.get((arm.id, basis)) for basis in ("full", "cash")]
        if arm.id == result.against or any(row is None for row in found):
            continue
        cells = [Cell(money(_of(found[0], "own")))]
        for row in found:
            cells += [Cell(money(_of(row, "saving"))), _net(row), Cell(_break_even(row))]
        rows.append(Row(arm.label, tuple(cells)))
    return Table(tuple(heads), tuple(rows))


def _of(row: Mapping[Any, Any] | None, name: str) -> float:
    return float(row[name]) if row is not None else math.nan


def _net(row: Mapping[Any, Any] | None) -> Cell:
    net, low, high = (_of(row, name) for name in ("net", "net_low", "net_high"))
    said = difference_cell(net, low, high, "£", "higher", "")
    return Cell(
        said.difference or money(net),
        "",
        said.interval,
        {"better": "saves", "worse": "costs"}.get(said.word, said.word),
        said.css,
    )


def _break_even(row: Mapping[Any, Any] | None) -> str:
    own, saving, times = (_of(row, name) for name in ("own", "saving", "times"))
    if own <= 0:
        return "no cost of its own"
    if not math.isfinite(times) or saving <= 0:
        return "activity saves nothing"
    return f"{number(times, 2)} times"


def _providers(result: ExperimentResult, level: str) -> Table:
    table = provider_table(result, level)
    by = {(r["arm"], r["payer"]): r for r in table.to_dict("records")}
    order = [p for p in dict.fromkeys(table["payer"]) if p != TOTAL]
    rows = []
    for arm in result.arms:
        is_base = arm.id == result.against
        cells = []
        for provider in [*order, TOTAL]:
            row = by[arm.id, provider]
            plain = Cell(money(row["mean"]))
            cells.append(
                plain
                if is_base or not math.isfinite(row["difference"])
                else difference_cell(row["difference"], row["low"], row["high"], "£", "neither", plain.value)
            )
        rows.append(Row(arm.label, tuple(cells), is_base))
    names = ["Programmes and others" if p == PROGRAMMES else result.label(p) for p in order]
    return Table((*names, "All"), tuple(rows))
