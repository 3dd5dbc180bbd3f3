"""What a reader is warned of."""

from dataclasses import replace

from flowsim.report.cautions import cautions
from tests.unit.report.fixture import ARMS, LEVELS, make_result


def said(result):
    return " ".join(cautions(result))


def test_a_failed_audit_comes_first_and_says_how_many_and_which():
    found = cautions(make_result(audit_ok=False))
    assert found[0].startswith("The audit failed: 1 of ")
    assert "(arrivals)" in found[0]


def test_a_missing_audit_is_said():
    result = make_result()
    assert "did not audit itself" in said(replace(result, audit=result.audit.iloc[:0]))


def test_queues_that_cannot_settle_are_named_where_they_do_not():
    found = said(make_result())
    assert "At extreme demand, with Do nothing, queues cannot settle for" in found
    assert "intermediate care beds (asked for 102% of what it has" in found
    assert "At baseline demand, with" not in found


def test_an_option_that_overloads_something_new_is_named():
    result = make_result(levels=LEVELS[:1])
    offered = result.offered.copy()
    offered.loc[(offered["arm"] == "all") & (offered["service"] == "reablement"), ["load", "verdict"]] = [
        1.2,
        "cannot settle",
    ]
    assert "some option overloads what was not overloaded before: Reablement." in said(replace(result, offered=offered))


def test_a_short_run_is_called_too_short():
    result = make_result()
    short = {**result.config, "run": {**result.config["run"], "duration": "14 d"}}
    assert "Only 14 days were measured" in said(replace(result, config=short))
    one = {**result.config, "run": {**result.config["run"], "duration": "1 d"}}
    assert "Only 1 day was measured" in said(replace(result, config=one))


def test_assumptions_are_counted():
    assert "57 of 144 listed inputs are assumptions or expert judgement" in said(make_result())


def test_a_watched_measure_undefined_in_some_replications_is_named():
    result = make_result(arms=ARMS[:2], levels=LEVELS[:1])
    comparison = result.comparison.copy()
    comparison.loc[comparison["measure"] == "extra_deaths", "left_out"] = 2
    assert "In up to 2 replications these could not be measured and were left out: extra deaths" in said(
        replace(result, comparison=comparison)
    )
