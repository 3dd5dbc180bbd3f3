"""What a reader must know before relying on a result: audit, queues that cannot settle, short runs, soft inputs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from flowsim.experiment.result import ExperimentResult
from flowsim.report.formats import count, in_sentence, level_phrase, listed, number, percent, plural, sentence
from flowsim.report.tables import spoken, statuses
from flowsim.report.view import deciding_measure, measured_period, overloaded, replications, watched

SHORTEST_RUN = 28
"""Measured days below which a run is called too short to report from."""


def cautions(result: ExperimentResult) -> list[str]:
    """Return the cautions that hold, gravest first, each a sentence or two."""
    return [*_audit(result), *_short(result), *_unsettled(result), *_left_out(result), *_soft(result)]


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
    table = overloaded(result)
    for level in result.levels:
        here = table if table.empty else table[table["demand"] == level.id]
        if here.empty:
            continue
        base = here[here["arm"] == result.against]
        where = level_phrase(level.label)
        if not base.empty:
            yield (
                f"{sentence(where)}, with {result.arm(result.against).label}, queues cannot settle for "
                f"{listed([_load(result, r) for r in base.to_dict('records')])}. They grow as long as the run lasts, "
                "so waits and delays that depend on them are a projection to the end date, not a steady level."
            )
        new = [str(s) for s in dict.fromkeys(here["service"]) if s not in set(base["service"])]
        if new:
            names = listed([result.label(s) for s in new])
            yield f"{sentence(where)}, some option overloads what was not overloaded before: {names}."


def _load(result: ExperimentResult, row: Mapping[Any, Any]) -> str:
    load, growth = float(row["load"]), float(row["growth_per_day"])
    said = f"asked for {percent(load, 0)} of what it has" if math.isfinite(load) else "asked for, but there is none"
    grows = (
        f", growing by {number(growth * 7, 2)} patients a week" if math.isfinite(growth) and growth * 7 >= 0.05 else ""
    )
    return f"{in_sentence(result.label(str(row['service'])))} ({said}{grows})"


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


def _soft(result: ExperimentResult) -> Iterable[str]:
    found = dict(statuses(result))
    total = sum(found.values())
    soft = found.get("assumed", 0) + found.get("expert", 0)
    if total and soft:
        yield (
            f"{count(soft)} of {count(total)} listed inputs are assumptions or expert judgement rather than measured "
            "or published values. The intervals show chance between runs, not doubt about these inputs."
        )
