"""The workbook opens, holds what it should, and reads as a planner's workbook does."""

from dataclasses import replace

import openpyxl
import pytest

from flowsim.report.view import is_overall
from flowsim.report.workbook import write_workbook
from tests.unit.report.fixture import ARMS, LEVELS, make_result

TABLES = [
    "Options",
    "Targets",
    "Weekly",
    "Delays",
    "Costs by payer",
    "Break-even",
    "Inequality",
    "Stations",
    "Audit",
    "Inputs",
    "Changes",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("workbook") / "workbook.xlsx"
    write_workbook(make_result(levels=LEVELS[:2]), path)
    return openpyxl.load_workbook(path)


ABOVE = {"Weekly": 1}
"""Lines above the headings."""


def column(sheet, head):
    first = 1 + ABOVE.get(sheet.title, 0)
    heads = [c.value for c in sheet[first]]
    return [row[heads.index(head)].value for row in sheet.iter_rows(min_row=first + 1)]


def test_its_sheets_are_in_the_order_of_reading(book):
    assert book.sheetnames == ["README", "Answer", *TABLES, "How run"]


def test_headings_are_frozen_and_tables_can_be_filtered(book):
    for name in TABLES:
        heads = 1 + ABOVE.get(name, 0)
        assert book[name].freeze_panes == f"A{heads + 1}"
        assert book[name].auto_filter.ref.startswith(f"A{heads}:")


def test_options_hold_every_row_of_the_comparison(book):
    result = make_result(levels=LEVELS[:2])
    assert book["Options"].max_row == len(result.comparison) + 1


def test_numbers_are_numbers_and_shares_are_shown_as_percentages(book):
    sheet = book["Options"]
    heads = [c.value for c in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        if row[heads.index("Unit")].value == "share" and row[heads.index("Option")].value == "All together":
            cell = row[heads.index("Mean")]
            assert isinstance(cell.value, float)
            assert cell.number_format == "0.0%"


def test_what_was_not_measured_is_said_so_and_no_cell_is_an_error(book):
    measures, means = column(book["Options"], "Measure"), column(book["Options"], "Mean")
    assert {m for name, m in zip(measures, means, strict=True) if name == "Never measured"} == {"not measured"}
    for sheet in book:
        for row in sheet.iter_rows():
            assert not any(c.data_type == "e" or str(c.value).lower() == "nan" for c in row)


def test_the_weekly_sheet_has_a_column_a_week_and_says_where_the_rest_is(book):
    result = make_result(levels=LEVELS[:2])
    sheet = book["Weekly"]
    assert "weekly.parquet" in sheet["A1"].value
    table = result.weekly[is_overall(result.weekly)]
    weeks = sorted(str(week)[:10] for week in table["week_start"].unique())
    assert [c.value for c in sheet[2]][5:] == weeks
    by = ["demand", "arm", "measure"]
    assert column(sheet, "Over replications").count("mean") == len(table[by].drop_duplicates())
    arm, level, measure = ARMS[1], LEVELS[0], result.watches[0]
    here = table[(table["arm"] == arm.id) & (table["demand"] == level.id) & (table["measure"] == measure)]
    names = list(zip(*(column(sheet, h) for h in ("Demand", "Option", "Measure", "Over replications")), strict=True))
    label = result.definition(measure)["label"]
    for shown, found in here.groupby("week_start")["value"].agg(["mean", "min", "max"]).items():
        at = names.index((level.label, arm.label, label, {"min": "lowest", "max": "highest"}.get(shown, shown)))
        assert [column(sheet, week)[at] for week in weeks] == pytest.approx(found.sort_index().tolist())


def test_payers_add_up_to_all_payers(book):
    sheet = book["Costs by payer"]
    rows = list(zip(*(column(sheet, h) for h in ("Demand", "Option", "Payer", "Pounds")), strict=True))
    for arm in ARMS:
        mine = [r for r in rows if r[0] == "Baseline demand" and r[1] == arm.label]
        total = next(r[3] for r in mine if r[2] == "All payers")
        assert sum(r[3] for r in mine if r[2] != "All payers") == pytest.approx(total)


def test_the_answer_sheet_says_what_the_page_says(book):
    text = " ".join(str(c.value) for row in book["Answer"].iter_rows() for c in row if c.value)
    assert "All together does best on days delayed" in text


def test_text_that_looks_like_a_formula_stays_text(tmp_path):
    result = make_result(arms=ARMS[:2], levels=LEVELS[:1])
    changes = result.changes.assign(here="=1+1")
    write_workbook(replace(result, changes=changes), tmp_path / "w.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "w.xlsx")["Changes"]
    assert set(column(sheet, "Here")) == {"=1+1"}
    assert {c.data_type for row in sheet.iter_rows(min_row=2, min_col=4, max_col=4) for c in row} == {"s"}


def test_the_audit_has_one_line_a_check_and_says_in_how_many_replications_it_held(tmp_path):
    result = make_result(levels=LEVELS[:2], audit_ok=False)
    write_workbook(result, tmp_path / "workbook.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "workbook.xlsx")["Audit"]
    each = result.audit.groupby(["arm", "demand", "replication"]).size().iloc[0]
    cells = len(result.arms) * len(result.levels)
    assert sheet.max_row == 1 + each * cells
    replications, held = column(sheet, "Replications"), column(sheet, "Held in")
    assert sum(replications) == len(result.audit)
    assert sum(held) == int(result.audit["ok"].sum()) == len(result.audit) - 1
    at = [said == "NO" for said in column(sheet, "Held")].index(True)
    assert column(sheet, "Note")[at] == "fewer came than were asked for"
