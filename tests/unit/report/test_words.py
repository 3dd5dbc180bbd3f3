"""The answer in plain words: right signs, right numbers of things, and no claim that an interval does not allow."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from flowsim.analyse.compare import compare
from flowsim.report.view import Verdict, judge
from flowsim.report.words import answer, basis
from tests.unit.report.fixture import ARMS, LEVELS, MEASURES, make_result

ONE_LEVEL = LEVELS[:1]


def result_of(values, better="lower", unit="days", label="Days delayed"):
    """A result in which each arm has these values of one measure, one a replication."""
    arms = tuple(arm for arm in ARMS if arm.id in values)
    rows = [
        (arm, "baseline", r, "days_delayed", "all", "", float(v), unit)
        for arm, series in values.items()
        for r, v in enumerate(series)
    ]
    measures = pd.DataFrame(
        rows, columns=["arm", "demand", "replication", "measure", "service", "split", "value", "unit"]
    )
    made = make_result(2, arms, ONE_LEVEL)
    definitions = {
        **MEASURES,
        "days_delayed": {**MEASURES["days_delayed"], "better": better, "unit": unit, "label": label},
    }
    return replace(
        made,
        config={**made.config, "measure": definitions},
        measures=measures,
        comparison=compare(measures, "do_nothing", {"days_delayed": better}),
        watches=("days_delayed",),
        costs=made.costs.iloc[:0],
    )


def headline(result):
    return answer(result).findings[0].headline


BASE = [100.0, 104.0, 96.0, 101.0]


def shifted(by, wobble=0.5):
    return [v + by + wobble * (-1) ** i for i, v in enumerate(BASE)]


def test_a_fall_that_is_better_is_said_to_be_lower_with_its_interval_and_probability():
    said = headline(result_of({"do_nothing": BASE, "utc": shifted(-20)}))
    assert said.startswith(
        "Urgent treatment centres extended does best on days delayed: 80.2 against 100 days with Do nothing, 20"
    )
    assert " lower (95% interval 19" in said
    assert "higher" not in said
    assert said.endswith("The probability that it is better than Do nothing is over 99%.")


def test_a_rise_that_is_better_is_said_to_be_higher():
    said = headline(result_of({"do_nothing": BASE, "utc": shifted(20)}, better="higher"))
    assert " higher (95% interval " in said
    assert "lower" not in said
    assert "does best" in said


def test_when_the_best_option_is_worse_than_the_baseline_it_says_that_none_improves():
    result = result_of({"do_nothing": BASE, "utc": shifted(20), "frailty": shifted(30)})
    said = answer(result)
    assert said.findings[0].headline.startswith(
        "No option improves on Do nothing for days delayed. The nearest is Urgent"
    )
    assert " 20.0 higher (95% interval " in said.findings[0].headline
    assert said.findings[0].best is None
    assert said.summary == "On days delayed, no option can be shown to improve on Do nothing at baseline demand."


def test_no_claim_is_made_when_the_interval_holds_nought():
    result = result_of({"do_nothing": BASE, "utc": shifted(-2, wobble=15)})
    said = answer(result)
    text = " ".join([said.summary, said.findings[0].headline, *said.findings[0].points])
    assert "No option can be told from Do nothing on days delayed" in text
    assert "which luck alone could produce" in text
    for claim in ("does best", "improves on", "has the best figure", "lower (95%", "higher (95%"):
        assert claim not in text.replace("can be shown to improve on", "")
    assert said.findings[0].best is None


def test_the_interval_said_of_an_uncertain_difference_holds_nought():
    said = headline(result_of({"do_nothing": BASE, "utc": shifted(-2, wobble=15)}))
    between = said.split("(95% interval ")[1].split(")")[0]
    low, high = between.split(" to ")
    assert low.startswith("−")
    assert high.startswith("+")


def test_one_replication_claims_nothing():
    result = result_of({"do_nothing": [100.0], "utc": [50.0]})
    said = answer(result)
    assert "cannot be told from luck" in said.findings[0].headline
    assert said.findings[0].best is None
    assert "one replication" in said.basis
    assert any("one replication" in caution for caution in said.cautions)


def test_no_change_at_all_is_said_so():
    said = headline(result_of({"do_nothing": BASE, "utc": BASE}))
    assert (
        said == "No option improves on Do nothing for days delayed. "
        "With the nearest, Urgent treatment centres extended, it stays at 100 days."
    )


def test_two_options_alike_are_not_ranked():
    result = result_of({"do_nothing": BASE, "utc": shifted(-20, 3), "frailty": shifted(-20.5, -3)})
    finding = answer(result).findings[0]
    assert finding.best == "frailty"
    assert finding.ties == ("utc",)
    assert "has the best figure for" in finding.headline
    assert "does best" not in finding.headline
    assert "cannot be told apart" in finding.points[0]
    name = "Frailty service at full strength"
    assert answer(result).doubts == (f"{name} cannot be told apart from Urgent treatment centres extended.",)


def test_a_clear_lead_over_the_next_best_is_said_with_its_interval():
    finding = answer(result_of({"do_nothing": BASE, "utc": shifted(-20), "frailty": shifted(-40, 1)})).findings[0]
    assert finding.points[0].startswith(
        "Frailty service at full strength also does better than the next best, Urgent treatment centres extended: 20"
    )
    assert finding.ties == ()


def test_a_small_clear_gain_is_not_hidden_by_a_large_uncertain_one():
    said = answer(result_of({"do_nothing": BASE, "utc": shifted(-5), "frailty": shifted(-15, 30)}))
    finding = said.findings[0]
    assert (finding.best, finding.ahead) == ("utc", ("frailty",))
    assert "is the best of the options that can be told from Do nothing on days delayed" in finding.headline
    assert finding.points[0].startswith("Frailty service at full strength (85.2) has a better figure for days delayed")
    assert "Of the options that can be told from Do nothing, Urgent treatment centres extended" in said.summary
    assert said.doubts == ("Frailty service at full strength has a better figure, but that may be luck.",)


def test_other_options_are_sorted_by_what_may_be_said_of_them():
    values = {
        "do_nothing": BASE,
        "utc": shifted(-40),
        "frailty": shifted(-20),
        "discharge": shifted(1, 12),
        "choice": shifted(25),
    }
    points = " ".join(answer(result_of(values)).findings[0].points)
    assert "Also better than Do nothing on days delayed: Frailty service at full strength." in points
    assert "Cannot be told from Do nothing on days delayed: Discharge seven days" in points
    assert "Worse than Do nothing on days delayed: Family-choice policy." in points


def test_shares_are_in_percentage_points():
    base = [0.70, 0.71, 0.69, 0.70]
    better = [v + 0.05 + 0.001 * (-1) ** i for i, v in enumerate(base)]
    said = headline(
        result_of({"do_nothing": base, "utc": better}, better="higher", unit="share", label="A&E four-hour share")
    )
    assert (
        "A&E four-hour share: 75.0% against 70.0% with Do nothing, "
        "5.0 percentage points higher (95% interval 4.8 to 5.2)" in said
    )


def test_costs_say_who_pays_more_and_who_pays_less():
    finding = answer(make_result(noise=0.001)).findings[0]
    price = finding.points[-1]
    assert price.startswith("All together costs £1.")
    assert "more than Do nothing (95% interval £" in price
    assert "Halton Borough Council £" in price
    more, less = price.split("By payer: ")[1].split(";")
    assert more.endswith(" more")
    assert "Acute trusts" in less
    assert "less" in less


def test_money_among_the_measures_is_left_to_the_cost_sentence():
    points = answer(make_result(noise=0.001)).findings[0].points
    assert not any("cost, all payers" in point for point in points)


def test_singular_and_plural_agree():
    result = make_result(noise=0.001)
    one = replace(result, watches=("days_delayed", "nctr"))
    assert any("this also improves: no criteria to reside" in p for p in answer(one).findings[0].points)
    many = replace(result, watches=("days_delayed", "nctr", "twelve_hour_waits"))
    assert any("these also improve: no criteria to reside" in p for p in answer(many).findings[0].points)


def test_the_summary_names_each_level_where_the_best_differs():
    result = make_result(noise=0.001)
    said = answer(result)
    assert (
        said.summary == "All together does best on days delayed at every demand level tried, compared with Do nothing."
    )
    assert [f.best for f in said.findings] == ["all"] * 3


def test_without_a_measure_to_decide_by_nothing_is_called_best():
    result = replace(make_result(), decide_by=None, watches=())
    assert answer(result).summary.startswith("The experiment names no measure to decide by")
    assert all(f.best is None for f in answer(result).findings)


def test_a_single_run_is_told_without_comparison():
    said = answer(make_result(arms=ARMS[:1]))
    assert "nothing to compare" in said.summary
    assert "days delayed 5," in said.findings[0].headline.lower()
    assert "of the option." in said.basis


@pytest.mark.parametrize(("replications", "warned"), [(4, True), (12, False)])
def test_the_basis_says_how_many_replications_and_whether_they_are_few(replications, warned):
    said = basis(make_result(replications, ARMS[:2], ONE_LEVEL))
    assert f"mean of {replications} replications of 182 days each" in said
    assert ("intervals are wide" in said) is warned


@pytest.mark.parametrize(
    ("difference", "low", "high", "better", "verdict"),
    [
        (-5, -8, -2, "lower", Verdict.BETTER),
        (-5, -8, -2, "higher", Verdict.WORSE),
        (5, 2, 8, "higher", Verdict.BETTER),
        (5, 2, 8, "lower", Verdict.WORSE),
        (5, 2, 8, "neither", Verdict.HIGHER),
        (-5, -8, -2, "neither", Verdict.LOWER),
        (5, -1, 11, "higher", Verdict.UNSURE),
        (5, 0, 10, "higher", Verdict.UNSURE),
        (0, 0, 0, "higher", Verdict.SAME),
        (5, math.nan, math.nan, "higher", Verdict.UNKNOWN),
        (math.nan, math.nan, math.nan, "higher", Verdict.UNKNOWN),
    ],
)
def test_verdicts_claim_only_what_the_interval_allows(difference, low, high, better, verdict):
    assert judge(difference, low, high, better) is verdict
