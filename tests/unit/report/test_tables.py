"""Tables: what is coloured, what is not, and what is said of it."""

from dataclasses import replace

import pandas as pd
import pytest

from flowsim.report import tables
from flowsim.report.view import watched
from tests.unit.report.fixture import ARMS, LEVELS, make_result


def cells(result, level="baseline"):
    shown = tables.options(result, level, watched(result))
    return {(row.name, head): c for t in shown for row in t.rows for head, c in zip(t.heads, row.cells, strict=True)}


def test_every_option_and_watched_measure_has_a_cell():
    result = make_result()
    assert len(cells(result)) == len(ARMS) * len(watched(result))


def test_colour_only_where_the_interval_excludes_nought_and_a_side_is_better():
    result = make_result()
    by = {(r["arm"], r["measure"]): r for r in result.comparison.to_dict("records") if r["demand"] == "baseline"}
    for arm in ARMS:
        for measure in watched(result):
            definition, row = result.definition(measure), by[arm.id, measure]
            excludes = row["difference_low"] > 0 or row["difference_high"] < 0
            coloured = cells(result)[arm.label, definition["label"]].css != ""
            assert coloured == (excludes and definition["better"] != "neither")


def test_the_baseline_has_no_difference():
    found = cells(make_result())["Do nothing", "Days delayed"]
    assert (found.difference, found.interval, found.css) == ("", "", "")


def test_a_measure_never_taken_is_said_to_be_not_measured():
    result = replace(make_result(), watches=("never", "days_delayed"))
    assert cells(result)["All together", "Never measured"].value == "not measured"


def test_wide_tables_are_parted():
    shown = tables.options(make_result(), "baseline", watched(make_result()), widest=3)
    assert [len(t.heads) for t in shown] == [3, 3, 1]


def test_payers_add_up_and_carry_no_colour():
    table = tables.payers(make_result(), "baseline")
    assert table.heads[-1] == "All payers"
    assert {c.css for row in table.rows for c in row.cells} == {""}


def test_activities_are_dearest_first():
    table = tables.activities(make_result(), "baseline")
    assert [row.name for row in table.rows][:2] == ["Acute beds, Warrington", "Care homes"]


def test_the_audit_says_how_much_was_compared_and_what_failed():
    held = tables.audit_summary(make_result())
    assert {row["failed"] for row in held} == {"none"}
    failed = tables.audit_failures(make_result(audit_ok=False))
    assert len(failed) == 1
    assert failed[0]["item"] == "Other residents, Whiston"
    assert failed[0]["where"] == "Do nothing, Baseline demand, replication 1"
    assert failed[0]["note"] == "fewer came than were asked for"


def test_exact_checks_that_hold_are_said_to_agree_exactly():
    rows = {row["check"]: row["worst"] for row in tables.audit_summary(make_result())}
    assert rows["Conservation"] == "agrees exactly"
    assert "asked 18,000, realised" in rows["Arrivals"]


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("service.utc_runcorn.patience", "Runcorn urgent treatment centre: patience"),
        (
            "service.utc_runcorn.steps.care.duration.mean[85+, severe]",
            "Runcorn urgent treatment centre: steps, care, duration, mean (85+, severe)",
        ),
        ("stream.crisis.volume", "Crisis at home: volume"),
        ("run.warm_up", "Warm up"),
    ],
)
def test_keys_are_spoken_as_people_would(key, label):
    assert tables.input_label(make_result(), key) == label


def test_the_softest_inputs_are_neither_measured_nor_published_and_widest_first():
    rows = tables.softest(make_result())
    assert {row["status"] for row in rows} <= {"assumed", "expert", "calibrated"}
    assert 0 < len(rows) <= 15


def test_statuses_count_every_input_firmest_first():
    result = make_result()
    found = tables.statuses(result)
    assert sum(n for _, n in found) == len(result.assumptions)
    assert [status for status, _ in found] == ["measured", "published", "calibrated", "expert", "assumed"]


def test_changes_are_listed_for_every_option():
    found = tables.changes(make_result())
    assert [label for label, _, _ in found] == [arm.label for arm in ARMS]
    assert found[0][2] == []
    assert found[1][2][0]["here"] == "30"


def test_a_watched_measure_that_comes_only_in_parts_is_replaced_by_the_whole():
    result = make_result(levels=LEVELS[:1])
    definitions = {
        **result.config["measure"],
        "cost_by_payer": {"label": "Cost by payer", "kind": "cost", "options": {"by": "payer"}},
    }
    part = result.comparison[result.comparison["measure"] == "total_cost"].assign(measure="cost_by_payer", split="icb")
    table = pd.concat([result.comparison, part], ignore_index=True)
    changed = replace(
        result,
        config={**result.config, "measure": definitions},
        comparison=table,
        watches=("days_delayed", "cost_by_payer"),
    )
    assert watched(changed) == ["days_delayed", "total_cost"]


def test_where_nothing_is_watched_the_first_measures_taken_are_shown():
    assert len(watched(replace(make_result(), watches=()))) == 6


def test_inputs_of_one_kind_make_one_row_of_the_softest():
    result = make_result()
    alike = result.assumptions.iloc[[2, 2, 2]].assign(
        key=["service.utc_runcorn.patience", "service.utc_widnes.patience", "service.sdec.patience"], status="assumed"
    )
    rows = tables.softest(replace(result, assumptions=alike))
    assert [(row["label"], row["like"]) for row in rows] == [
        ("Runcorn urgent treatment centre: patience", "and 2 more like it")
    ]
