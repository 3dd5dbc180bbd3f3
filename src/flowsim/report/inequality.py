"""The section on inequality: outcomes by deprivation and hub, the gaps, and what each option does to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from flowsim.analyse.inequality import gaps
from flowsim.experiment.result import ExperimentResult
from flowsim.report.formats import amount, number, unit_words
from flowsim.report.kept import once_a_result
from flowsim.report.tables import Cell, Row, Table, cell
from flowsim.report.view import effect_of

NAMES = {
    "difference": "First less last",
    "slope": "Slope index of inequality",
    "range": "Highest less lowest",
}
RATE = "rate"


@dataclass(frozen=True, slots=True)
class Divided:
    """An attribute by which measures are divided.

    Attributes:
        attribute: id; ``label`` for people.
        levels: those with people, in order.
        people: in each level.
        statistics: gaps that make sense of it: a slope and a difference for ordered levels, a range for hubs.
        measures: ids of the measures divided by it that were taken.
    """

    attribute: str
    label: str
    levels: tuple[str, ...]
    people: dict[str, float]
    statistics: tuple[str, ...]
    measures: tuple[str, ...]


@once_a_result
def divided(result: ExperimentResult) -> list[Divided]:
    """Return the attributes by which measures of people were divided, in the configuration's order."""
    taken = set() if result.measures.empty else set(result.measures["measure"].unique())
    found: dict[str, list[str]] = {}
    for measure in result.config.get("measure") or {}:
        definition = result.definition(measure)
        options = definition.get("options") or {}
        by = str(options.get("by", "none"))
        if (
            definition["kind"] == "people"
            and by != "none"
            and options.get("statistic", RATE) == RATE
            and measure in taken
        ):
            found.setdefault(by, []).append(str(measure))
    return [_divided(result, by, measures) for by, measures in found.items()]


def _divided(result: ExperimentResult, attribute: str, measures: Sequence[str]) -> Divided:
    place = result.config.get("place") or {}
    said = (result.config.get("attribute") or {}).get(attribute) or {}
    people = {str(group): _number(n) for group, n in (place.get("population") or {}).items()}
    levels = tuple(level for level in said.get("levels") or () if people.get(level, 0.0) > 0)
    is_hub = set(levels) <= set(place.get("hubs") or {})
    label = str(said.get("label") or attribute)
    kinds = ("range",) if is_hub else ("difference", "slope")
    return Divided(attribute, label, levels, {x: people[x] for x in levels}, kinds, tuple(measures))


def _number(said: Any) -> float:
    said = said.get("value") if isinstance(said, dict) else said
    return float(str(said).replace(",", "").replace("_", ""))


@once_a_result
def inequality_table(result: ExperimentResult) -> pd.DataFrame:
    """Return rates by level and the gaps, paired with the baseline: ``compare``'s columns and ``attribute``."""
    parts = []
    for part in divided(result):
        mine = result.comparison["measure"].isin(part.measures) & result.comparison["split"].isin(part.levels)
        better = {m: str(result.definition(m)["better"]) for m in part.measures}
        kept = result.measures[result.measures["measure"].isin(part.measures)]
        found = gaps(kept, part.levels, part.people, part.statistics, result.against, better)
        parts += [
            table.assign(attribute=part.attribute) for table in (result.comparison[mine], found) if not table.empty
        ]
    columns = [*result.comparison.columns, "attribute"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def inequality_part(result: ExperimentResult) -> dict[str, Any]:
    """Return inequality by demand level and attribute; nothing where the place divides nobody."""
    table = inequality_table(result)
    if table.empty:
        return {}
    levels = []
    for level in result.levels:
        here = table[table["demand"] == level.id]
        found = [_attribute(result, part, here[here["attribute"] == part.attribute]) for part in divided(result)]
        levels.append({"level": level, "parts": [part for part in found if part]})
    return {"levels": levels, "base": result.arm(result.against).label, "is_single": result.is_single}


def _attribute(result: ExperimentResult, part: Divided, here: pd.DataFrame) -> dict[str, Any]:
    rows = {(r["measure"], r["arm"], r["split"]): r for r in here.to_dict("records")}
    measures = [m for m in part.measures if (m, result.against, part.levels[0]) in rows]
    if not measures:
        return {}
    names = [result.label(level) for level in part.levels]
    heads = [*names, *(NAMES[s] for s in part.statistics)]
    base = [
        Row(
            str(result.definition(m)["label"]),
            tuple(_plain(rows.get((m, result.against, s))) for s in (*part.levels, *part.statistics)),
            note=unit_words(str(result.definition(m)["unit"])),
        )
        for m in measures
    ]
    main = part.statistics[-1]
    return {
        "label": part.label,
        "people": [(name, number(part.people[level], 4)) for name, level in zip(names, part.levels, strict=True)],
        "base": Table(tuple(heads), tuple(base)),
        "gap": NAMES[main],
        "effects": Table((), ()) if result.is_single else _effects(result, rows, measures, main),
        "each": [] if result.is_single else [(m, _each(result, rows, m, part)) for m in measures],
        "labels": {m: str(result.definition(m)["label"]) for m in measures},
    }


def _plain(row: Any) -> Cell:
    return Cell("–") if row is None else Cell(amount(row["mean"], str(row["unit"])))


def _effects(result: ExperimentResult, rows: dict[Any, Any], measures: Sequence[str], statistic: str) -> Table:
    """Return what each option does to one gap of each measure."""
    arms = list(result.arms)
    out = [
        Row(
            str(result.definition(m)["label"]),
            tuple(_cell(result, rows.get((m, arm.id, statistic)), arm.id, is_gap=True) for arm in arms),
            note=unit_words(str(result.definition(m)["unit"])),
        )
        for m in measures
    ]
    return Table(tuple(arm.label for arm in arms), tuple(out))


def _each(result: ExperimentResult, rows: dict[Any, Any], measure: str, part: Divided) -> Table:
    """Return one measure by level and option, with its gaps."""
    out = []
    for split in (*part.levels, *part.statistics):
        name = NAMES.get(split) or result.label(split)
        is_gap = split in part.statistics
        cells = tuple(_cell(result, rows.get((measure, arm.id, split)), arm.id, is_gap=is_gap) for arm in result.arms)
        out.append(Row(name, cells))
    return Table(tuple(arm.label for arm in result.arms), tuple(out))


def _cell(result: ExperimentResult, row: Any, arm: str, *, is_gap: bool) -> Cell:
    if row is None:
        return Cell("–")
    effect = effect_of(result, row)
    if is_gap and effect.better == "higher":
        from dataclasses import replace

        effect = replace(effect, better="lower")
    return cell(effect, is_base=arm == result.against)
