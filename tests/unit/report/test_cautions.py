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


def with_loads(result, where, **values):
    """The result with other values in the rows of ``offered`` that a function of them selects."""
    offered = result.offered.copy()
    offered.loc[where(offered), list(values)] = list(values.values())
    return replace(result, offered=offered)


def test_queues_that_cannot_settle_are_named_once_with_the_levels_where_they_do_not():
    found = said(make_result())
    assert found.count("queues cannot settle for") == 1
    assert "With Do nothing, queues cannot settle for" in found
    assert "intermediate care beds (at extreme demand: asked for 102% of what there is" in found
    everywhere = with_loads(
        make_result(),
        lambda o: (o["arm"] == "do_nothing") & (o["service"] == "sdec"),
        load=1.1,
        verdict="cannot settle",
    )
    assert "(at every demand level: asked for up to 110% of what there is" in said(everywhere)


def test_an_option_that_overloads_something_new_is_named():
    result = with_loads(
        make_result(levels=LEVELS[:1]),
        lambda o: (o["arm"] == "all") & (o["service"] == "reablement"),
        load=1.2,
        verdict="cannot settle",
    )
    assert "Some option overloads what was not overloaded before: reablement (at baseline demand)." in said(result)


def test_a_full_service_is_no_queue():
    result = with_loads(
        make_result(),
        lambda o: (o["arm"] == "do_nothing") & (o["service"] == "sdec"),
        load=1.0,
        verdict="overflows",
        passes_on_per_day=2.5,
        limited_by="ae_whiston",
    )
    found = said(result)
    assert "some services are full and some patients go elsewhere or give up, so no queue grows there" in found
    assert "(2.5 a day at every demand level, for want of " in found


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
