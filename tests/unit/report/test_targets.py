"""The sections on targets, payers and inequality say what the tables hold, in a director's words."""

from dataclasses import replace

import pandas as pd
import pytest

from flowsim.report.findings import findings, write_findings
from flowsim.report.inequality import divided, inequality_part, inequality_table
from flowsim.report.money import money_part, payer_table, shift_sentences
from flowsim.report.page import page
from flowsim.report.targets import targets_part, targets_table
from tests.unit.report.fixture import FIFTHS, LEVELS, TARGETS, make_result


@pytest.fixture(scope="module")
def result():
    return make_result(levels=LEVELS[:1])


def without(result, **groups):
    return replace(result, config={**result.config, **groups})


def test_each_target_has_a_row_and_money_two(result):
    rows = targets_part(result)["levels"][0]["nearest"]
    assert len(rows) == len(TARGETS) + 1
    assert [r["basis"] for r in rows if r["label"] == "£500,000 saved"] == ["at full cost", "in cash"]


def test_the_nearest_option_is_the_likeliest_and_its_words_are_its_figures(result):
    rows = {r["label"]: r for r in targets_part(result)["levels"][0]["nearest"]}
    delays = rows["Days delayed 20 % lower"]
    table = targets_table(result)
    mine = table[table["target"] == "delays"].set_index("arm")
    assert delays["arm"] == "All together" == result.arm(mine["probability"].idxmax()).label
    assert delays["wanted"] == "20% lower"
    assert delays["found"].startswith("−")
    assert delays["takes"].startswith("met; would be with")
    admissions = rows["Admissions 15 % lower in three years"]
    assert (admissions["within"], admissions["document"]) == ("3 years", "A")
    assert "times the effect" in admissions["takes"]
    assert rows["Four hours"]["wanted"] == "at least 95.0%"
    assert rows["Fewer long waits"]["takes"] == ""


def test_a_budget_shows_the_dearest_option(result):
    rows = {r["label"]: r for r in targets_part(result)["levels"][0]["nearest"]}
    table = targets_table(result)
    dearest = table[table["target"] == "budget"].set_index("arm")["found"].idxmax()
    assert rows["Reablement's budget"]["arm"] == result.arm(dearest).label


def test_money_promised_is_brought_to_the_places_prices(result):
    table = targets_table(result)
    wanted = table.loc[table["target"] == "saving", "wanted"].unique()
    assert wanted.tolist() == [pytest.approx(500_000 * 1.02**4)]


def test_cash_is_never_the_full_cost_where_the_book_says_otherwise(result):
    payers = payer_table(result).set_index(["basis", "arm", "payer"])["mean"]
    # The ward moves no cash; A&E £100 an attendance, of which there is one for £300.
    costs = result.costs[result.costs["arm"] == "do_nothing"].groupby("item")["pounds"].sum() / 4
    assert payers["cash", "do_nothing", "acute"] == pytest.approx(costs["ae_warrington"] / 3)
    assert payers["full", "do_nothing", "acute"] == pytest.approx(costs["ae_warrington"] + costs["ward_warrington"])


def test_a_shift_of_costs_is_said_with_its_payer(result):
    table = pd.DataFrame(
        [
            ("baseline", "utc", "total", 0.0, -100_000.0, -150_000.0, -50_000.0),
            ("baseline", "utc", "council", 0.0, 30_000.0, 10_000.0, 50_000.0),
        ],
        columns=["demand", "arm", "payer", "mean", "difference", "low", "high"],
    )
    (said,) = shift_sentences(result, table)
    assert said.startswith("Urgent treatment centres extended: all payers together pay £100k less (95% interval")
    assert "Halton Borough Council pays £30.0k more (£10.0k to £50.0k)" in said


def test_who_gains_and_who_pays_is_said_of_every_option(result):
    part = money_part(result, "baseline")
    assert [r["arm"] for r in part["sides"]] == [a.label for a in result.arms if a.id != result.against]
    assert len(part["pays"].rows) == len(result.arms) - 1


def test_inequality_is_told_by_the_levels_that_have_people(result):
    (by,) = divided(result)
    assert by.levels == tuple(FIFTHS)
    part = inequality_part(result)["levels"][0]["parts"][0]
    assert part["base"].heads == (
        "Fifth 1",
        "Fifth 2",
        "Fifth 3",
        "Fifth 4",
        "Fifth 5",
        "First less last",
        "Slope index of inequality",
    )
    gaps = inequality_table(result).query("arm == 'do_nothing' and split == 'difference'")
    rates = inequality_table(result).query("arm == 'do_nothing'").set_index("split")["mean"]
    assert gaps["mean"].iloc[0] == pytest.approx(rates["fifth_1"] - rates["fifth_5"])


def test_a_place_without_targets_and_groups_has_neither_section(result):
    plain = {name: said for name, said in result.config["measure"].items() if said["kind"] != "people"}
    bare = without(result, target={}, measure=plain, place={"payers": {}}, cost={})
    html = page(bare)
    assert 'id="targets"' not in html
    assert 'id="inequality"' not in html
    assert targets_part(bare) == {}
    assert inequality_part(bare) == {}


def test_prices_of_other_years_are_told_before_the_answer(result):
    cost = {"ae_warrington": {"attendance": {"value": "£ 148", "price_year": "2016/17"}, "payer": "acute"}}
    html = page(without(result, cost=cost))
    assert "1 price of 2016/17 was brought to 2018/19 by 2 % /year." in html
    assert "was brought to" not in page(result)


def test_what_the_report_works_out_is_kept_beside_the_result(result, tmp_path):
    write_findings(result, tmp_path)
    for name, table in findings(result).items():
        kept = tmp_path / f"{name}.parquet"
        assert kept.is_file() == (not table.empty)
        if not table.empty:
            assert list(pd.read_parquet(kept).columns) == list(table.columns)
