"""What a reader must know before relying on a result: audit, short runs, queues and full services, soft inputs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flowsim.experiment.assumptions import said_like
from flowsim.experiment.result import ExperimentResult
from flowsim.report.configured import place, price_years
from flowsim.report.formats import count, in_sentence, level_phrase, listed, number, percent, plural, sentence
from flowsim.report.tables import spoken, statuses
from flowsim.report.view import deciding_measure, loads, measured_period, overloaded, replications, watched

if TYPE_CHECKING:
    import pandas as pd

SHORTEST_RUN = 28
"""Measured days below which a run is called too short to report from."""


def cautions(result: ExperimentResult) -> list[str]:
    """Return the cautions that hold, gravest first, each a sentence or two."""
    return [
        *_audit(result),
        *_short(result),
        *_unsettled(result),
        *_overflowing(result),
        *_left_out(result),
        *_soft(result),
        *_prices(result),
    ]


def _audit(result: ExperimentResult) -> Iterable[str]:
    if result.audit.empty:
        yield "The run did not audit itself, so nothing here has been checked against what was asked for."
        return
    ok = result.audit["ok"].astype(bool)
    if not ok.all():
        failed = int((~ok).sum())
        checks = listed([in_sentence(spoken(str(c))) for c in dict.fromkeys(result.audit.loc[~ok, "check"])])
        yield (
            f"The audit failed: {count(failed)} of {plural(len(ok), 'comparison')} did not hold ({checks}). "
            "Do not rely on these figures until that is explained."
        )


def _short(result: ExperimentResult) -> Iterable[str]:
    period, runs = measured_period(result), replications(result)
    if period and period[2] < SHORTEST_RUN:
        measured = f"{plural(period[2], 'day')} {'was' if period[2] == 1 else 'were'} measured"
        yield f"Only {measured}: enough to see that everything works, too short to report from."
    if runs == 1:
        yield "There is one replication, so chance cannot be told from effect."


def _unsettled(result: ExperimentResult) -> Iterable[str]:
    """Say which queues cannot settle, each service once with the demand levels at which it holds."""
    base, new = _base_and_new(result, overloaded(result))
    if base:
        yield (
            f"With {result.arm(result.against).label}, queues cannot settle for "
            f"{listed([_overload(result, rows) for rows in base.values()])}. They grow as long as the run lasts, "
            "so waits and delays that depend on them are a projection to the end date, not a steady level."
        )
    if new:
        names = [f"{in_sentence(result.label(s))} ({_levels(result, rows)})" for s, rows in new.items()]
        yield f"Some option overloads what was not overloaded before: {listed(names)}."


def _overflowing(result: ExperimentResult) -> Iterable[str]:
    """Say which services are full and pass patients on: no queue, but people who are served elsewhere."""
    table = loads(result)
    full = table if table.empty else table[(table["verdict"] == "overflows") & (table["kind"] == "service")]
    base, _ = _base_and_new(result, full)
    if base:
        names = listed([_overflow(result, rows) for rows in base.values()])
        yield (
            f"With {result.arm(result.against).label}, some services are full and some patients go elsewhere "
            f"or give up, so no queue grows there: {names}."
        )


Rows = dict[str, list[dict[Any, Any]]]


def _base_and_new(result: ExperimentResult, table: pd.DataFrame) -> tuple[Rows, Rows]:
    """Return rows by service: of the baseline, and of options at levels where the baseline has none."""
    base: Rows = {}
    new: Rows = {}
    order = {level.id: place for place, level in enumerate(result.levels)}
    found = [row for row in table.to_dict("records") if row["demand"] in order]
    found.sort(key=lambda row: order[row["demand"]])
    for row in found:
        if row["arm"] == result.against:
            base.setdefault(str(row["service"]), []).append(row)
    for row in found:
        service = str(row["service"])
        if row["demand"] not in {same["demand"] for same in base.get(service, [])}:
            new.setdefault(service, []).append(row)
    return base, new


def _levels(result: ExperimentResult, rows: list[dict[Any, Any]]) -> str:
    """Return at which demand levels rows hold."""
    here = {row["demand"] for row in rows}
    if len(result.levels) > 1 and all(level.id in here for level in result.levels):
        return "at every demand level"
    return listed([level_phrase(level.label) for level in result.levels if level.id in here])


def _overload(result: ExperimentResult, rows: list[dict[Any, Any]]) -> str:
    most = max(float(row["load"]) for row in rows)
    growth = max(float(row["growth_per_day"]) for row in rows) * 7
    upto = "up to " if len(rows) > 1 else ""
    said = (
        f"asked for {upto}{percent(most, 0)} of what there is"
        if math.isfinite(most)
        else "asked for, but there is none"
    )
    grows = (
        f", growing by {upto}{number(growth, 2)} patients a week" if math.isfinite(growth) and growth >= 0.05 else ""
    )
    return f"{in_sentence(result.label(str(rows[0]['service'])))} ({_levels(result, rows)}: {said}{grows})"


def _overflow(result: ExperimentResult, rows: list[dict[Any, Any]]) -> str:
    least, most = (number(f(float(row["passes_on_per_day"]) for row in rows), 2) for f in (min, max))
    many = least if least == most else f"{least} to {most}"
    limits = list(dict.fromkeys(in_sentence(result.label(str(r["limited_by"]))) for r in rows if r["limited_by"]))
    why = f", for want of {listed(limits)}" if limits else ""
    return f"{in_sentence(result.label(str(rows[0]['service'])))} ({many} a day {_levels(result, rows)}{why})"


def _left_out(result: ExperimentResult) -> Iterable[str]:
    table = result.comparison
    shown = {*watched(result), deciding_measure(result)}
    if table.empty or "left_out" not in table:
        return
    missing = table[table["measure"].isin(shown) & (table["left_out"] > 0)]
    if not missing.empty:
        names = [in_sentence(str(result.definition(str(m))["label"])) for m in dict.fromkeys(missing["measure"])]
        most = number(float(missing["left_out"].max()))
        yield f"In up to {most} replications these could not be measured and were left out: {listed(names)}."


def _prices(result: ExperimentResult) -> Iterable[str]:
    """Say how prices of other years were brought to the place's, where there are any."""
    here, (years, many) = place(result), price_years(result)
    if not years or here.prices is None or result.costs.empty:
        return
    yearly, index = here.prices.yearly, here.prices.index
    how = [f"an index of {plural(len(index), 'year')}"] if index else []
    if yearly is not None:
        span = (
            f" ({said_like(yearly, yearly.low)} to {said_like(yearly, yearly.high)})" if yearly.low is not None else ""
        )
        how.append(f"{yearly.said}{span}")
    yield (
        f"{sentence(plural(many, 'price'))} of {listed(years)} {'was' if many == 1 else 'were'} brought to "
        f"{here.price_year} by {listed(how)}."
    )


def _soft(result: ExperimentResult) -> Iterable[str]:
    found = dict(statuses(result))
    total = sum(found.values())
    soft = found.get("assumed", 0) + found.get("expert", 0)
    if total and soft:
        yield (
            f"{count(soft)} of {count(total)} listed inputs are assumptions or expert judgement rather than measured "
            "or published values. The intervals show chance between runs, not doubt about these inputs."
        )
