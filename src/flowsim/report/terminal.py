"""What the command line shows of a result: one short table, and the answer."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from flowsim.experiment.changes import Change
from flowsim.experiment.design import Design
from flowsim.experiment.loads import offered
from flowsim.experiment.result import ExperimentResult
from flowsim.report.formats import difference, is_missing, number, percent, quantity
from flowsim.report.view import Effect, Verdict, deciding_measure, effect_of, effects, is_overall
from flowsim.report.words import answer

SHOWN = 4
"""Watched measures that fit beside each other on a terminal."""
_TOLD = (Verdict.BETTER, Verdict.WORSE, Verdict.HIGHER, Verdict.LOWER)


def show_comparison(result: ExperimentResult, console: Console) -> None:
    """Show the arms side by side at each demand level, then the answer."""
    measures = _shown(result)
    for level in result.levels:
        found = effects(result, level.id, measures)
        table = Table(title=level.label, title_justify="left", header_style="")
        table.add_column("Option")
        for measure in measures:
            table.add_column(str(result.definition(measure)["label"]), justify="right")
        for arm in result.arms:
            cells = [_cell(found.get((arm.id, measure))) for measure in measures]
            table.add_row(f"{arm.label} (baseline)" if arm.id == result.against else arm.label, *cells)
        console.print(table)
    against = result.arm(result.against).label
    console.print(f"In brackets the difference from {against}; * where its 95% interval excludes nought.\n")
    said = answer(result)
    console.print(said.summary)
    for finding in said.findings:
        console.print(f"\n{finding.label}. {finding.headline}")
    console.print(f"\n{said.basis}")


def show_run(result: ExperimentResult, console: Console) -> None:
    """Show the overall value of every measure with its interval, the watched ones first."""
    order = {name: place for place, name in enumerate(result.watches)}
    for level in result.levels:
        table = Table(title=f"{result.title}: {level.label}", title_justify="left", header_style="")
        for name in ("Measure", "Mean", "95% interval"):
            table.add_column(name, justify="left" if name == "Measure" else "right")
        kept = result.comparison[(result.comparison["demand"] == level.id) & is_overall(result.comparison)]
        found = [effect_of(result, row) for row in kept.to_dict("records")]
        for effect in sorted(found, key=lambda e: order.get(e.measure, len(order))):
            table.add_row(effect.label, quantity(effect.mean, effect.unit), _range(effect))
        console.print(table)


def show_differences(stack: Sequence[str], found: Sequence[Change], console: Console) -> None:
    """Show what a stack of interventions changes, key by key."""
    table = Table(title=" + ".join(stack), title_justify="left", header_style="")
    for name in ("Key", "Baseline", "Here", "Since", "Said by"):
        table.add_column(name, overflow="fold")
    for change in found:
        table.add_row(change.key, change.baseline, change.here, change.since or "the start", change.who)
    console.print(table)
    console.print(f"{len(found)} keys differ." if len(found) != 1 else "1 key differs.")


def show_check(design: Design, console: Console) -> None:
    """Show that every arm and level can be built, and how loaded its services are."""
    table = offered(design.cells)
    for cell in design.cells:
        mine = table[(table["arm"] == cell.arm) & (table["demand"] == cell.demand)]
        spec = cell.spec
        console.print(
            f"OK  {cell.arm} at {cell.demand}: {len(spec.services)} services, {len(spec.streams)} streams, "
            f"about {number(cell.work / max(1, len(spec.clock.midnights) - 1))} arrivals a day"
        )
        for row in mine[mine["warning"] != ""].to_dict("records"):
            console.print(f"    warning: {row['service']}: {row['warning']}")
    baseline = table[(table["arm"] == design.against) & (table["demand"] == design.levels[0].id)]
    title = f"Offered load of {design.against} at {design.levels[0].id}, were nobody turned away"
    shown = Table(title=title, title_justify="left", header_style="")
    for name in ("Service", "Patients a day", "Needed", "There", "Load"):
        shown.add_column(name, justify="left" if name == "Service" else "right")
    for row in baseline.to_dict("records"):
        limit = "unlimited" if is_missing(row["capacity"]) else number(row["capacity"])
        load = "" if is_missing(row["load"]) else percent(row["load"], 0)
        shown.add_row(str(row["service"]), number(row["patients_per_day"]), number(row["offered"]), limit, load)
    console.print(shown)


def _shown(result: ExperimentResult) -> list[str]:
    deciding = deciding_measure(result)
    wanted = dict.fromkeys([*([deciding] if deciding else []), *result.watches])
    overall = set(result.comparison.loc[is_overall(result.comparison), "measure"])
    return [name for name in wanted if name in overall][:SHOWN]


def _cell(effect: Effect | None) -> str:
    if effect is None:
        return ""
    said = quantity(effect.mean, effect.unit)
    if is_missing(effect.difference):
        return said
    return f"{said} ({difference(effect.difference, effect.unit)}{'*' if effect.verdict in _TOLD else ''})"


def _range(effect: Effect) -> str:
    if is_missing(effect.low) or is_missing(effect.high):
        return ""
    return f"{quantity(effect.low, effect.unit)} to {quantity(effect.high, effect.unit)}"
