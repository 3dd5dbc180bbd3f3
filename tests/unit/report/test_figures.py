"""Charts: well-formed, to scale, and with their numbers readable as text."""

import math
from xml.etree import ElementTree

import pandas as pd
import pytest

from flowsim.report import figures, svg
from flowsim.report.view import effects
from tests.unit.report.fixture import ARMS, make_result

NAMES = {arm.id: arm.label for arm in ARMS}
SVG = "{http://www.w3.org/2000/svg}"


def parsed(drawing):
    return ElementTree.fromstring(drawing)


def rows_of(measure, level="baseline"):
    found = effects(make_result(), level, [measure])
    return [found[arm.id, measure] for arm in ARMS[1:]]


def test_a_dot_for_each_option_filled_only_where_the_interval_excludes_nought():
    rows = rows_of("days_delayed")
    tree = parsed(figures.whiskers(rows, NAMES, "Baseline demand"))
    dots = tree.findall(f".//{SVG}circle")
    assert len(dots) == len(rows)
    for dot, effect in zip(dots, rows, strict=True):
        excludes = effect.difference_low > 0 or effect.difference_high < 0
        assert (dot.get("class") == "dot unsure") is not excludes


def test_dots_stand_in_the_order_of_their_differences():
    rows = rows_of("days_delayed")
    dots = parsed(figures.whiskers(rows, NAMES, "x")).findall(f".//{SVG}circle")
    at = [float(d.get("cx")) for d in dots]
    by_place = sorted(range(len(rows)), key=lambda i: at[i])
    by_value = sorted(range(len(rows)), key=lambda i: rows[i].difference)
    assert by_place == by_value


def test_differences_of_shares_are_drawn_in_points():
    text = "".join(parsed(figures.whiskers(rows_of("four_hour_share"), NAMES, "x")).itertext())
    assert "percentage points" in text
    assert "better ▸" in text


def test_nothing_measured_draws_nothing():
    assert figures.whiskers([], NAMES, "x") == ""
    assert figures.stacked([("a", {"p": 0.0})], {"p": "#000"}, {"p": "P"}, "days", "x") == ""
    assert figures.diverging([("a", {"p": 0.0})], {"p": "#000"}, {"p": "P"}, "x") == ""


def test_stacked_bars_are_as_long_as_their_parts():
    rows = [("one", {"a": 30.0, "b": 10.0}), ("two", {"a": 10.0, "b": 10.0})]
    tree = parsed(figures.stacked(rows, {"a": "#111", "b": "#222"}, {"a": "A", "b": "B"}, "days", "x"))
    widths = [float(r.get("width")) for r in tree.findall(f".//{SVG}rect")]
    assert widths == pytest.approx([3 * widths[1], widths[1], widths[1], widths[1]], abs=0.2)


def test_diverging_bars_lie_either_side_of_nought_and_the_net_between():
    tree = parsed(
        figures.diverging([("one", {"a": 30.0, "b": -10.0})], {"a": "#111", "b": "#222"}, {"a": "A", "b": "B"}, "x")
    )
    more, less = tree.findall(f".//{SVG}rect")
    nought = float(more.get("x"))
    assert float(less.get("x")) + float(less.get("width")) == pytest.approx(nought, abs=0.2)
    net = next(line for line in tree.iter(f"{SVG}line") if line.get("class") == "net")
    assert nought < float(net.get("x1")) < nought + float(more.get("width"))


def test_a_band_is_the_mean_and_range_by_week():
    table = pd.DataFrame({"week_start": ["2026-10-08", "2026-10-01", "2026-10-01"], "value": [5.0, 1.0, 3.0]})
    found = figures.band(table)
    assert found.weeks == ("2026-10-01", "2026-10-08")
    assert (found.mean, found.low, found.high) == ((2.0, 5.0), (1.0, 5.0), (3.0, 5.0))


def test_weeks_have_a_panel_for_each_option_and_the_baseline_in_each():
    result = make_result()
    table = result.weekly[(result.weekly["measure"] == "days_delayed") & (result.weekly["demand"] == "extreme")]
    bands = {arm.id: figures.band(table[table["arm"] == arm.id]) for arm in ARMS}
    arms = [(arm.label, "#005eb8", bands[arm.id]) for arm in ARMS[1:]]
    tree = parsed(figures.weekly_panels(bands["do_nothing"], arms, "days", "x", "Do nothing"))
    assert sum(p.get("class") == "mean" for p in tree.iter(f"{SVG}path")) == 2 * len(arms)


def test_names_are_escaped():
    effect = rows_of("days_delayed")[0]
    drawing = figures.whiskers([effect], {effect.arm: "<A&E> & more"}, "x")
    assert "<A&E>" in "".join(parsed(drawing).itertext())


@pytest.mark.parametrize("values", [[0.0, 1.0], [-3.0, 17.0], [0.61, 0.974], [5e6, 9e6], [4.0, 4.0], [math.nan]])
def test_scales_hold_their_values_and_have_round_ticks(values):
    at = svg.scale(values, 0, 100)
    for value in values:
        if math.isfinite(value):
            assert at.low <= value <= at.high
            assert -1e-6 <= at(value) <= 100 + 1e-6
    assert 2 <= len(at.ticks()) <= 12


def test_text_is_broken_at_spaces_and_cut_only_when_it_must():
    assert svg.wrapped("Rapid response at the front door", 100, 12) == ["Rapid response", "at the front", "door"]
    assert svg.wrapped("Short", 100, 12) == ["Short"]
    assert svg.wrapped("Rapid response at the front door of A&E", 100, 12, lines=1)[0].endswith("…")
