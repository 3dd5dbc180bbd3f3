"""What the command line shows of a result: one short table, and the answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from flowsim.config.models import Config
from flowsim.config.sourcing import by_status, to_be_replaced
from flowsim.experiment.changes import Change
from flowsim.experiment.design import Design
from flowsim.experiment.loads import offered
from flowsim.experiment.result import ExperimentResult
from flowsim.report.formats import difference, is_missing, number, percent, quantity
from flowsim.report.view import Effect, Verdict, deciding_measure, effect_of, effects, is_overall
from flowsim.report.words import answer
from flowsim.units import MINUTES_PER_DAY

PIPED = 140
"""Width of tables where output is no terminal."""
SHOWN = 4
"""Watched measures that fit beside each other on a terminal."""
LISTED = 12
"""Numbers to be replaced that are named of one service, stream or pool; the others are counted."""
_TOLD = (Verdict.BETTER, Verdict.WORSE, Verdict.HIGHER, Verdict.LOWER)


def console() -> Console:
    """Return a console on standard output; where that is no terminal, wide enough that tables stay in one piece."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PIPED)


def say(console: Console, text: str) -> None:
    """Print a line as it is: no markup, no line breaks of one's own."""
    console.print(text, markup=False, soft_wrap=True)


def _table() -> Table:
    return Table(header_style="", box=box.SIMPLE_HEAD)


def show_comparison(result: ExperimentResult, console: Console) -> None:
    """Show the arms side by side at each demand level, then the answer."""
    measures = _shown(result)
    for level in result.levels:
        found = effects(result, level.id, measures)
        say(console, f"\n{level.label}")
        table = _table()
        table.add_column("Option")
        for measure in measures:
            table.add_column(str(result.definition(measure)["label"]), justify="right")
        for arm in result.arms:
            cells = [_cell(found.get((arm.id, measure))) for measure in measures]
            table.add_row(f"{arm.label} (baseline)" if arm.id == result.against else arm.label, *cells)
        console.print(table)
    against = result.arm(result.against).label
    say(console, f"In brackets the difference from {against}; * where its 95% interval excludes nought.\n")
    said = answer(result)
    say(console, " ".join([said.summary, *said.doubts]))
    for finding in said.findings:
        say(console, f"\n{finding.label}. {finding.headline}")
    for caution in said.cautions:
        say(console, f"\nBefore relying on this: {caution}")
    say(console, f"\n{said.basis}")


def show_run(result: ExperimentResult, console: Console) -> None:
    """Show the overall value of every measure with its interval, the watched ones first; then every service."""
    order = {name: place for place, name in enumerate(result.watches)}
    for level in result.levels:
        say(console, f"\n{result.title}: {level.label}")
        table = _table()
        for name in ("Measure", "Mean", "95% interval"):
            table.add_column(name, justify="left" if name == "Measure" else "right")
        kept = result.comparison[(result.comparison["demand"] == level.id) & is_overall(result.comparison)]
        found = [effect_of(result, row) for row in kept.to_dict("records")]
        for effect in sorted(found, key=lambda e: order.get(e.measure, len(order))):
            table.add_row(effect.label, quantity(effect.mean, effect.unit), _range(effect))
        console.print(table)
    show_services(result, console)


_QUEUEING = {
    "arrivals_per_day": "Arrivals a day",
    "utilisation": "Utilisation",
    "mean_in_use": "In use",
    "mean_waiting": "Waiting",
    "p_wait": "P(wait)",
    "wait_mean": "Wait, mean [min]",
    "wait_p95": "Wait, 95th [min]",
    "mean_blocked": "Blocked",
    "lost_share": "Lost",
}
"""Columns of the stations table that the terminal shows; all are in ``stations.parquet`` and the workbook."""


def show_services(result: ExperimentResult, console: Console) -> None:
    """Show queueing statistics of every service: the mean over replications and its standard error."""
    for level in result.levels:
        rows = result.stations[(result.stations["demand"] == level.id) & (result.stations["service"] != "system")]
        table = _table()
        table.add_column("Service")
        for heading in _QUEUEING.values():
            table.add_column(heading, justify="right")
        for service, found in rows.groupby("service", sort=False):
            table.add_row(str(service), *(_mean_and_error(found[column].to_numpy()) for column in _QUEUEING))
        say(console, "Each service: mean over replications, and in brackets its standard error")
        console.print(table)


def _mean_and_error(values: npt.NDArray[np.float64]) -> str:
    kept = values[np.isfinite(values)]
    if not kept.size:
        return "-"
    if kept.size == 1:
        return f"{kept[0]:.4g}"
    return f"{kept.mean():.4g} ({kept.std(ddof=1) / np.sqrt(kept.size):.2g})"


def show_differences(stack: Sequence[str], found: Sequence[Change], console: Console) -> None:
    """Show what a stack of interventions changes, key by key, one line each."""
    say(console, f"{' + '.join(stack)}, against the configuration without:")
    for change in found:
        since = f", from {change.since}" if change.since else ""
        say(console, f"  {change.key}: {change.baseline} -> {change.here}  ({change.who}{since})")
    say(console, f"{len(found)} keys differ." if len(found) != 1 else "1 key differs.")


def show_check(design: Design, console: Console) -> None:
    """Show that every arm and level can be built, and how loaded its services are."""
    table = offered(design.cells)
    warned = {
        (cell.arm, cell.demand): table[
            (table["arm"] == cell.arm) & (table["demand"] == cell.demand) & (table["warning"] != "")
        ].set_index("service")["warning"]
        for cell in design.cells
    }
    for cell in design.cells:
        spec = cell.spec
        say(
            console,
            f"OK  {cell.arm} at {cell.demand}: {len(spec.services)} services, {len(spec.streams)} streams, "
            f"about {number(cell.work / (spec.clock.minutes(spec.end) / MINUTES_PER_DAY))} arrivals a day",
        )
        mine = warned[cell.arm, cell.demand]
        usual = mine.iloc[:0] if cell.arm == design.against else warned[design.against, cell.demand]
        for service, warning in mine.items():
            if service not in usual.index:
                say(console, f"    warning: {service}: {warning}")
        if gone := [str(service) for service in usual.index if service not in mine.index]:
            say(console, f"    no longer near its limit: {', '.join(gone)}")
    if len(design.arms) > 1:
        say(console, f"Warnings of other options are those that {design.against} does not have.")
    baseline = table[(table["arm"] == design.against) & (table["demand"] == design.levels[0].id)]
    say(console, f"\nOffered load of {design.against} at {design.levels[0].id}, less those whom full services pass on:")
    shown = _table()
    for name in ("Service", "Patients a day", "Needed", "There", "Load"):
        shown.add_column(name, justify="left" if name == "Service" else "right")
    for row in baseline.to_dict("records"):
        limit = "unlimited" if is_missing(row["capacity"]) else number(row["capacity"])
        load = "" if is_missing(row["load"]) else percent(row["load"], 0)
        shown.add_row(str(row["service"]), number(row["patients_per_day"]), number(row["offered"]), limit, load)
    console.print(shown)
    _show_sources(design.config, console)


def _show_sources(config: Config, console: Console) -> None:
    """Show how many numbers are measured and how many assumed, and list those that only hold a place."""
    counts = by_status(config)
    order = ("measured", "published", "expert", "calibrated", "assumed", "no source")
    told = ", ".join(f"{counts[status]} {status}" for status in order if status in counts)
    say(console, f"Numbers of the place: {sum(counts.values())} ({told}).")
    held = to_be_replaced(config)
    if held:
        say(console, f"Assumptions to be replaced: {sum(map(len, held.values()))}, by where they stand:")
        for name, fields in held.items():
            more = " ..." if len(fields) > LISTED else ""
            say(console, f"    {name}: {', '.join(fields[:LISTED])}{more} ({len(fields)})")


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
