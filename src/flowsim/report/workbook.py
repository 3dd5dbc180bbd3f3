"""The workbook: the answer, options with intervals, weeks, delays, costs, stations, audit, inputs, how it was run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from flowsim.experiment.result import ExperimentResult
from flowsim.report.configured import targets
from flowsim.report.evidence import run_part
from flowsim.report.formats import NOT_MEASURED
from flowsim.report.inequality import NAMES, inequality_table
from flowsim.report.money import pays_rows
from flowsim.report.splits import body_label, body_of, split_measures
from flowsim.report.tables import input_label, item_label, spoken
from flowsim.report.targets import takes, targets_table
from flowsim.report.targets import wanted as wanted_words
from flowsim.report.view import (
    Verdict,
    deciding_measure,
    effect_of,
    overall_weekly,
    payer_shifts,
    watched,
)
from flowsim.report.words import answer

WIDEST = 70
"""Characters beyond which a column is not widened."""
SHEETS = {
    "Answer": "The question, the answer in plain words, and what to know before relying on it.",
    "Options": "Every measure of every option at every demand level, its difference from the baseline, and intervals.",
    "Targets": "What the source documents promised against what each option does, with the probability of meeting it.",
    "Weekly": "Measures by week, a column a week: mean over replications; lowest and highest too of what is watched.",
    "Delays": "Days delayed by reason, responsible body and destination.",
    "Costs by payer": "What each payer pays, and the difference from the baseline with its interval.",
    "Break-even": "What each option costs, what less activity saves, at full cost and in cash, and the break-even.",
    "Inequality": "Outcomes by deprivation and hub, the gaps between them, and what each option does to them.",
    "Stations": "Queueing figures of every service, mean over replications.",
    "Audit": "What was asked for against what was realised: means over replications, and in how many it held.",
    "Inputs": "Every input with a source, a range, or a hand that set it.",
    "Changes": "What each option changes.",
    "How run": "Record of the run and the STRESS-DES checklist.",
}


WEEKLY = (
    "The whole system, in the week from the date above each column. "
    "By service, by part and for each replication: weekly.parquet, in the folder of this workbook."
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: its heading and number format.

    The formats are ``text``, ``number``, ``share``, ``money``, ``count``, and ``plain`` (a number whatever its unit).
    """

    head: str
    kind: str = "text"


def write_workbook(result: ExperimentResult, path: Path) -> None:
    """Write the workbook."""
    import xlsxwriter

    options = {
        "nan_inf_to_errors": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": result.title, "comments": "Made by flowsim"})
        writer = _Writer(book)
        _readme(writer, result)
        _answer(writer, result)
        _options(writer, result)
        _targets(writer, result)
        _weekly(writer, result)
        _delays(writer, result)
        _costs(writer, result)
        _break_even(writer, result)
        _inequality(writer, result)
        _stations(writer, result)
        _audit(writer, result)
        _inputs(writer, result)
        _changes(writer, result)
        _run(writer, result)


class _Writer:
    """Writes sheets with a frozen heading row, filters, widths and number formats."""

    def __init__(self, book: Any) -> None:
        self.book = book
        base = {"font_name": "Arial", "font_size": 10, "valign": "top"}
        self.head = book.add_format(
            {**base, "bold": True, "bg_color": "#005EB8", "font_color": "#FFFFFF", "text_wrap": True}
        )
        self.title = book.add_format({**base, "bold": True, "font_size": 14})
        self.bold = book.add_format({**base, "bold": True, "text_wrap": True})
        self.wrapped = book.add_format({**base, "text_wrap": True})
        kinds = {"text": "@", "number": "#,##0.00", "share": "0.0%", "money": "£#,##0;[Red]-£#,##0", "count": "#,##0"}
        self.kinds = {kind: book.add_format({**base, "num_format": said}) for kind, said in kinds.items()}
        self.kinds["plain"] = self.kinds["number"]
        self.kinds["text"] = book.add_format(base)

    def table(
        self,
        name: str,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Any]],
        units: Sequence[str] | None = None,
        note: str = "",
    ) -> None:
        """Write a table.

        Args:
            name: of the sheet.
            columns: headings and formats.
            rows: values; None and NaN are said to be not measured in columns of numbers.
            units: by row, where the format of numbers differs by row.
            note: what to know of the sheet, in a line above the headings.
        """
        sheet = self.book.add_worksheet(name)
        top = 0
        if note:
            sheet.write_string(0, 0, note, self.kinds["text"])
            top = 1
        sheet.freeze_panes(top + 1, 0)
        widths = [len(c.head) + 2 for c in columns]
        for j, column in enumerate(columns):
            sheet.write_string(top, j, column.head, self.head)
        last = top + 1
        for i, row in enumerate(rows):
            last = top + 1 + i
            for j, (column, value) in enumerate(zip(columns, row, strict=True)):
                kind = _kind_of(units[i]) if units and column.kind == "number" else column.kind
                widths[j] = max(widths[j], self._cell(sheet, last, j, kind, value))
        for j, width in enumerate(widths):
            sheet.set_column(j, j, min(WIDEST, width))
        sheet.autofilter(top, 0, last, len(columns) - 1)

    def _cell(self, sheet: Any, i: int, j: int, kind: str, value: Any) -> int:
        """Write a cell and return about how wide it is."""
        if kind == "text":
            said = "" if _is_nothing(value) else str(value)
            sheet.write_string(i, j, said, self.kinds["text"])
            return len(said) + 1
        if _is_nothing(value):
            sheet.write_string(i, j, NOT_MEASURED, self.kinds["text"])
            return len(NOT_MEASURED) + 1
        sheet.write_number(i, j, float(value), self.kinds[kind])
        return 14

    def lines(self, name: str, rows: Iterable[tuple[str, str]], title: str) -> None:
        """Write a sheet to be read: a title and two columns, the second wrapped."""
        sheet = self.book.add_worksheet(name)
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, 110)
        sheet.write_string(0, 0, title, self.title)
        sheet.freeze_panes(1, 0)
        for i, (head, said) in enumerate(rows, start=2):
            sheet.write_string(i, 0, head, self.bold)
            sheet.write_string(i, 1, said, self.wrapped)


def _is_nothing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value))


def _kind_of(unit: str) -> str:
    if unit.startswith("£"):
        return "money"
    return "share" if unit in ("share", "%") else "number"


# --- sheets ----------------------------------------------------------------------------------------


def _readme(writer: _Writer, result: ExperimentResult) -> None:
    rows = [("Question", result.question), ("Baseline", result.arm(result.against).label)]
    rows += [(f"Option: {arm.label}", arm.why or "") for arm in result.arms if arm.id != result.against]
    rows += [(f"Demand: {level.label}", level.why or "") for level in result.levels]
    rows += [("", ""), ("Sheet", "What it holds"), *SHEETS.items(), ("", "")]
    rows += [
        (
            "Intervals",
            "95%, by Student's t over replications. Differences are paired: the same patients meet every option.",
        ),
        ("Not measured", "The measure does not apply, or nothing of the kind happened in the run."),
        ("Costs", "Over the period measured, in the price year of the cost book."),
    ]
    writer.lines("README", rows, result.title)


def _answer(writer: _Writer, result: ExperimentResult) -> None:
    said = answer(result)
    rows = [("Question", result.question), ("Answer", " ".join([said.summary, *said.doubts])), ("Basis", said.basis)]
    rows += [("Before relying on this", caution) for caution in said.cautions]
    for finding in said.findings:
        rows.append((finding.label, finding.headline))
        rows += [("", point) for point in finding.points]
    writer.lines("Answer", rows, result.title)


_CLAIMS = {verdict: verdict.value for verdict in Verdict}


def _options(writer: _Writer, result: ExperimentResult) -> None:
    columns = [
        Column("Demand"),
        Column("Option"),
        Column("Measure"),
        Column("Service"),
        Column("Part"),
        Column("Unit"),
        Column("Mean", "number"),
        Column("Low", "number"),
        Column("High", "number"),
        Column("Difference", "number"),
        Column("Difference, low", "number"),
        Column("Difference, high", "number"),
        Column("What may be said"),
        Column("Probability of being better", "share"),
        Column("Replications", "count"),
        Column("Better"),
    ]
    rows, units = [], []
    for r in result.comparison.to_dict("records"):
        e = effect_of(result, r)
        is_base = e.arm == result.against
        rows.append(
            (
                result.level(r["demand"]).label,
                result.arm(e.arm).label,
                e.label,
                _service(result, r["service"]),
                _part(result, r["split"]),
                e.unit,
                e.mean,
                e.low,
                e.high,
                *((None,) * 3 if is_base else (e.difference, e.difference_low, e.difference_high)),
                "baseline" if is_base else _CLAIMS[e.verdict],
                e.p_better,
                e.replications,
                e.better,
            )
        )
        units.append(e.unit)
    writer.table("Options", columns, rows, units)


def _service(result: ExperimentResult, said: object) -> str:
    return "all" if said in ("", "all", None) else result.label(str(said))


def _part(result: ExperimentResult, said: object) -> str:
    return "" if said in ("", "all", None) else result.label(str(said))


def _targets(writer: _Writer, result: ExperimentResult) -> None:
    columns = [Column(h) for h in ("Demand", "Option", "Target", "Basis", "Document", "Wanted", "Unit")]
    columns += [Column(h, "number") for h in ("Found", "Low", "High")]
    columns += [Column("Probability of being met", "share"), Column("Replications that meet it", "share")]
    columns += [Column("Times the effect", "plain"), Column("What it would take")]
    known = targets(result)
    rows, units = [], []
    for r in targets_table(result).to_dict("records"):
        target = known[r["target"]]
        names = (result.level(r["demand"]).label, result.arm(r["arm"]).label, target.label, r["basis"])
        found = (r["found"], r["low"], r["high"], r["probability"], r["met"], r["times"])
        rows.append((*names, target.document, wanted_words(target, r), r["unit"], *found, takes(target, r)))
        units.append(str(r["unit"]))
    writer.table("Targets", columns, rows, units)


def _break_even(writer: _Writer, result: ExperimentResult) -> None:
    columns = [Column(h) for h in ("Demand", "Option", "Basis")]
    heads = ("Its own cost", "Saved by less activity", "Net saving", "Net saving, low", "Net saving, high")
    columns += [Column(h, "money") for h in heads]
    columns += [Column("Times the saving to break even", "plain"), Column("Probability of paying for itself", "share")]
    rows = [
        (
            result.level(r["demand"]).label,
            result.arm(r["arm"]).label,
            r["basis"],
            *(r[name] for name in ("own", "saving", "net", "net_low", "net_high", "times", "probability")),
        )
        for r in pays_rows(result).to_dict("records")
    ]
    writer.table("Break-even", columns, rows)


def _inequality(writer: _Writer, result: ExperimentResult) -> None:
    columns = [Column(h) for h in ("Demand", "Option", "Outcome", "By", "Group or gap", "Unit")]
    heads = ("Mean", "Low", "High", "Difference", "Difference, low", "Difference, high")
    columns += [Column(h, "number") for h in heads]
    rows = []
    for r in inequality_table(result).to_dict("records"):
        gap = (
            (None,) * 3 if r["arm"] == result.against else (r["difference"], r["difference_low"], r["difference_high"])
        )
        label, part = str(result.definition(r["measure"])["label"]), NAMES.get(r["split"]) or result.label(r["split"])
        names = (result.level(r["demand"]).label, result.arm(r["arm"]).label, label, str(r["attribute"]), part)
        rows.append((*names, r["unit"], r["mean"], r["low"], r["high"], *gap))
    writer.table("Inequality", columns, rows)


_OVER = {"mean": "mean", "min": "lowest", "max": "highest"}
"""What is shown of a week's values over replications."""


def _weekly(writer: _Writer, result: ExperimentResult) -> None:
    keys = ["demand", "arm", "measure"]
    table = overall_weekly(result)
    # Every figure of every week by service and replication would be a sheet that takes a minute to open.
    both = {*watched(result), deciding_measure(result)}
    found = table.groupby([*keys, "week_start"], sort=False)["value"].agg(list(_OVER)).reset_index()
    weeks = sorted({str(week)[:10] for week in found["week_start"]})
    series: dict[tuple[str, ...], dict[str, float]] = {}
    for demand, arm, measure, week, *values in found.itertuples(index=False):
        for shown, value in zip(_OVER if measure in both else ["mean"], values, strict=False):
            series.setdefault((demand, arm, measure, shown), {})[str(week)[:10]] = value
    columns = [Column(h) for h in ("Demand", "Option", "Measure", "Unit", "Over replications")]
    columns += [Column(week, "number") for week in weeks]
    rows, units = [], []
    for (demand, arm, measure, shown), by_week in series.items():
        definition = result.definition(measure)
        units.append(str(definition["unit"]))
        names = (result.level(demand).label, result.arm(arm).label, str(definition["label"]), units[-1], _OVER[shown])
        rows.append((*names, *(by_week.get(week) for week in weeks)))
    writer.table("Weekly", columns, rows, units, WEEKLY)


def _delays(writer: _Writer, result: ExperimentResult) -> None:
    columns = [Column(h) for h in ("Demand", "Option", "Measure", "Divided by", "Part", "Responsible body", "Unit")]
    columns += [
        Column(h, "number") for h in ("Mean", "Low", "High", "Difference", "Difference, low", "Difference, high")
    ]
    by = dict(split_measures(result))
    rows = []
    for r in result.comparison.to_dict("records"):
        if r["measure"] not in by or _part(result, r["split"]) == "" or r["service"] not in ("", "all"):
            continue
        kind, e = by[r["measure"]], effect_of(result, r)
        body = body_of(result, str(r["split"])) if kind == "reason" else ""
        gap = (None,) * 3 if e.arm == result.against else (e.difference, e.difference_low, e.difference_high)
        rows.append(
            (
                result.level(r["demand"]).label,
                result.arm(e.arm).label,
                e.label,
                {"towards": "destination"}.get(kind, kind),
                _part(result, r["split"]),
                body_label(result, body) if body else "",
                e.unit,
                e.mean,
                e.low,
                e.high,
                *gap,
            )
        )
    writer.table("Delays", columns, rows)


def _costs(writer: _Writer, result: ExperimentResult) -> None:
    columns = [Column("Demand"), Column("Option"), Column("Payer")]
    columns += [Column(h, "money") for h in ("Pounds", "Difference", "Difference, low", "Difference, high")]
    rows = []
    for level in result.levels:
        for r in payer_shifts(result, level.id).to_dict("records"):
            payer = "All payers" if r["payer"] == "total" else result.label(str(r["payer"]))
            gap = (None,) * 3 if r["arm"] == result.against else (r["difference"], r["low"], r["high"])
            rows.append((level.label, result.arm(r["arm"]).label, payer, r["mean"], *gap))
    writer.table("Costs by payer", columns, rows)


def _stations(writer: _Writer, result: ExperimentResult) -> None:
    table = result.stations
    numbers = [
        c
        for c in table.columns
        if c not in ("arm", "demand", "replication", "service") and pd.api.types.is_numeric_dtype(table[c])
    ]
    columns = [Column("Demand"), Column("Option"), Column("Service"), *(Column(spoken(c), "number") for c in numbers)]
    means = (
        table.groupby(["demand", "arm", "service"], sort=False)[numbers].mean().reset_index()
        if not table.empty
        else table
    )
    rows = [
        (
            result.level(r["demand"]).label,
            result.arm(r["arm"]).label,
            result.label(str(r["service"])),
            *(r[c] for c in numbers),
        )
        for r in means.to_dict("records")
    ]
    writer.table("Stations", columns, rows)


def _audit(writer: _Writer, result: ExperimentResult) -> None:
    columns = [Column(h) for h in ("Demand", "Option", "Check", "Item")]
    columns += [Column("Replications", "count"), Column("Held in", "count"), Column("Held")]
    columns += [Column(h, "number") for h in ("Asked, mean", "Realised, mean", "Tolerance, mean", "Largest difference")]
    columns += [Column("Note")]
    # Replication by replication it is in the Parquet table: a sheet of that would be too long to be read.
    cell, line = ["demand", "arm"], ["check", "item", "line"]
    # A check may have several lines about one item (kinds of cost, payers): they go by their order.
    order = result.audit.groupby([*cell, "replication", "check", "item"], sort=False, dropna=False).cumcount()
    table = result.audit.assign(line=order, apart=(result.audit["realised"] - result.audit["asked"]).abs())
    found = table.groupby([*cell, *line], sort=False, dropna=False).agg(
        number=("ok", "size"),
        held=("ok", "sum"),
        asked=("asked", "mean"),
        realised=("realised", "mean"),
        tolerance=("tolerance", "mean"),
        apart=("apart", "max"),
        note=("note", "first"),
    )
    wrong = table[~table["ok"].astype(bool)].drop_duplicates([*cell, *line])
    notes = {tuple(r[c] for c in (*cell, *line)): r["note"] for r in wrong.to_dict("records")}
    rows = [
        (
            result.level(r["demand"]).label,
            result.arm(r["arm"]).label,
            spoken(str(r["check"])),
            item_label(result, str(r["item"])),
            r["number"],
            r["held"],
            "yes" if r["held"] == r["number"] else "NO",
            *(r[c] for c in ("asked", "realised", "tolerance", "apart")),
            notes.get(tuple(r[c] for c in (*cell, *line)), r["note"]),
        )
        for r in found.reset_index().to_dict("records")
    ]
    writer.table("Audit", columns, rows)


def _inputs(writer: _Writer, result: ExperimentResult) -> None:
    columns = [
        Column(h) for h in ("Input", "Key", "Value", "Low", "High", "Status", "Source", "Title", "Address", "Note")
    ]
    names = ("key", "value", "low", "high", "status", "source", "title", "url", "note")
    rows = [
        (input_label(result, str(r["key"])), *(r.get(n) for n in names)) for r in result.assumptions.to_dict("records")
    ]
    writer.table("Inputs", columns, rows)


def _changes(writer: _Writer, result: ExperimentResult) -> None:
    columns = [Column(h) for h in ("Option", "Key", "Baseline", "Here", "From", "Set by")]
    rows = [
        (result.arm(r["arm"]).label, r["key"], r["baseline"], r["here"], r.get("since"), r["who"])
        for r in result.changes.to_dict("records")
    ]
    writer.table("Changes", columns, rows)


def _run(writer: _Writer, result: ExperimentResult) -> None:
    part = run_part(result)
    rows = [
        ("Command to run it again", part["command"]),
        *part["facts"],
        ("", ""),
        ("STRESS-DES", "Monks and others, 2019"),
    ]
    rows += [(f"{item.number} {item.name}", f"{item.said} [{item.status}]") for item in part["stress"]]
    writer.lines("How run", rows, "How it was run")
