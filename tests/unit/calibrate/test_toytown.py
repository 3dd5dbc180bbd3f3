"""The small town's records were drawn from the model at other inputs than its files say: they are found again."""

import io

import numpy as np
import pandas as pd
import pytest

from flowsim.calibrate.conduct import TABLES, CalibrationResult, conduct, part_names, plan
from flowsim.calibrate.knobs import settings
from flowsim.calibrate.overlay import source_id, write_overlay
from flowsim.config.load import load
from flowsim.errors import ConfigError
from flowsim.experiment.store import Parts
from flowsim.report.calibration_page import write_calibration_page

# As conf/record/toy says they were made.
TRUE = {"walk_ins": 33 / 1440, "frail_stay": 6.4 * 1440, "reablement_odds": 1.3, "treatment": 0.9}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return Parts(tmp_path_factory.mktemp("out"), "toy-calibration")


@pytest.fixture(scope="module")
def result(parts: Parts) -> CalibrationResult:
    return conduct(plan(load(["place=toy"]), waves=2, runs=16), parts, workers=1)


def test_the_true_inputs_are_not_ruled_out_and_the_kept_set_shrinks(result: CalibrationResult) -> None:
    truth = np.array([[dial.position(TRUE[dial.id]) for dial in result.dials]])
    assert ((truth > 0) & (truth < 1)).all()
    assert all(wave.worst(truth)[0] <= 1 for wave in result.learnt)
    assert result.shares[-1] < 0.75
    assert result.raised == 1
    walk_ins = result.kept["walk_ins"]
    assert walk_ins.min() < truth[0, 0] < walk_ins.max()
    # Attendances tell of walk-ins: fewer than 29 a day are ruled out.
    assert walk_ins.min() > 0.2


def test_what_the_data_cannot_pin_down_is_said(result: CalibrationResult) -> None:
    said = dict(zip(result.knobs["knob"], result.knobs["said"], strict=True))
    assert said["walk_ins"] in ("narrowed", "pinned down")
    assert said["treatment"] == "not pinned down"


def test_every_run_is_in_the_tables(result: CalibrationResult) -> None:
    assert len(result.runs) == result.plan.tasks == 4 + 2 * 16 + 4
    assert result.runs.groupby("wave").size().tolist() == [4, 16, 16, 4]
    months = result.readings[result.readings["record"] == "attendances"].groupby(["wave", "run"]).size()
    assert (months == 12).all()
    assert len(months) == result.plan.tasks
    chances = result.runs[["wave", "replication"]].query("wave < 3")["replication"]
    assert chances.is_unique  # no two runs share their luck


def test_finished_runs_are_not_run_again(result: CalibrationResult, parts: Parts) -> None:
    told = io.StringIO()
    again = conduct(result.plan, parts, workers=1, stream=told)
    assert f"{result.plan.base_runs} of {result.plan.tasks} replications were finished before" in told.getvalue()
    pd.testing.assert_frame_equal(again.readings, result.readings)
    assert again.best.tolist() == result.best.tolist()
    assert all(parts.has(name) for name in part_names(result))


def test_the_calibrated_place_says_what_was_found(result: CalibrationResult, tmp_path) -> None:
    file = tmp_path / "calibrated.yaml"
    write_overlay(result, file, "2026-11-23")
    loaded = load(["place=toy"], [file])
    assert loaded.config.source[source_id("toy")].status == "calibrated"
    volume = loaded.config.stream["walk_ins"].volume
    assert volume.low <= volume.value <= volume.high
    assert volume.source == source_id("toy")
    for path, value, _ in settings(result.plan.setup.raw, result.dials, result.best):
        if path == ("stream", "walk_ins", "volume"):
            assert volume.value == pytest.approx(value, rel=1e-3)
    # Nothing else than what the knobs turn has changed.
    base = load(["place=toy"])
    assert loaded.config.service["utc"] == base.config.service["utc"]
    assert loaded.config.service["ward"].capacity == base.config.service["ward"].capacity


def test_tables_are_saved_and_the_page_stands_alone(result: CalibrationResult, tmp_path) -> None:
    result.save(tmp_path)
    assert {f"{name}.parquet" for name in TABLES} <= {path.name for path in tmp_path.iterdir()}
    write_calibration_page(result, tmp_path / "report.html", "0")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 8
    assert "NaN" not in page
    for label in (*result.knobs["label"], *result.series["label"]):
        assert label in page.replace("&amp;", "&")
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["calibration.knobs.frail_stay.high=5 d"], "calibration.knobs.frail_stay.high"),
        (["calibration.knobs.reablement_odds.high=-1"], "calibration.knobs.reablement_odds.high"),
        (["calibration.judged={}"], "calibration.judged"),
        (["calibration.knobs={}"], "calibration.knobs"),
    ],
)
def test_what_cannot_be_calibrated_is_said(overrides, key) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(load(["place=toy", *overrides]), 1, 4)
    assert key in [problem.key for problem in caught.value.problems]


def test_a_range_with_which_nothing_can_be_built_is_refused_before_any_run() -> None:
    over = ["calibration.knobs.reablement_odds.moves=factor", "calibration.knobs.reablement_odds.high=4"]
    with pytest.raises(ConfigError) as caught:
        plan(load(["place=toy", *over]), 1, 4)
    assert "calibration.knobs.reablement_odds.high" in [problem.key for problem in caught.value.problems]
