"""Calibration and validation on the toy place, from what is typed to what is on disk."""

from pathlib import Path

import pandas as pd
import pytest

from flowsim.cli import main
from tests.e2e.commands import stopped


def only_folder(out: Path, name: str) -> Path:
    (found,) = [path for path in (out / name).iterdir() if path.name != ".parts"]
    return found


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small wave, in two processes."""
    out = tmp_path_factory.mktemp("calibrated")
    typed = ["calibrate", "place=toy", "--waves", "1", "--runs", "8", "--workers", "2", "--out", str(out)]
    assert main(typed) == 0
    assert not (out / "toy-calibration" / ".parts").exists()
    return only_folder(out, "toy-calibration")


def test_the_folder_holds_the_tables_the_place_and_a_page(calibrated: Path) -> None:
    assert {"runs.parquet", "kept.parquet", "fit.parquet", "calibrated.yaml", "report.html"} <= {
        path.name for path in calibrated.iterdir()
    }
    assert len(pd.read_parquet(calibrated / "runs.parquet")) == 4 + 8 + 4


def test_the_calibrated_place_can_be_run(calibrated: Path, tmp_path: Path) -> None:
    short = ["run.warm_up=1 d", "run.duration=2 d", "run.replications=1", "--no-report", "--quiet", "--workers", "1"]
    assert main(["run", str(calibrated / "calibrated.yaml"), "place=toy", *short, "--out", str(tmp_path)]) == 0


def test_no_waves_compare_the_configuration_with_its_records(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["calibrate", "place=toy", "--waves", "0", "--runs", "4", "--workers", "1", "--out", str(tmp_path)]
    assert main(typed) == 0
    said = capsys.readouterr().out
    assert "A&E attendances" in said
    assert "of 12" in said
    assert not (only_folder(tmp_path, "toy-calibration") / "calibrated.yaml").exists()


def test_later_records_are_scored_with_the_inputs_that_were_kept(
    calibrated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "later.csv"
    file.write_text("series,month,value\nattendances,2026-04,1050\nattendances,2026-05,1060\n", encoding="utf-8")
    typed = ["validate", str(file), "place=toy", "--runs", "3", "--kept", str(calibrated), "--workers", "1"]
    assert main([*typed, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "same month last year" in said
    folder = only_folder(tmp_path, "toy-validation")
    forecasts, scores = (pd.read_parquet(folder / f"{name}.parquet") for name in ("forecasts", "scores"))
    assert forecasts["month"].tolist() == ["2026-04", "2026-05"]
    assert (forecasts["low95"] < forecasts["low80"]).all()
    assert scores["forecast"].tolist() == ["model", "same month last year", "12-month mean"]
    assert (folder / "report.html").stat().st_size


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["calibrate", "place=toy", "--waves", "x"], "--waves"),
        (["calibrate", "place=toy", "--wafes", "1"], "--waves"),
        (["calibrate", "place=toy", "--runs", "1"], "--runs"),
        (["validate", "place=toy"], "0 CSV files"),
        (["validate", "none.csv", "place=toy"], "none.csv"),
        (["validate", "none.csv", "place=toy", "--kept", "nowhere"], "--kept"),
    ],
)
def test_what_cannot_be_done_is_said(typed: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(typed) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "wanted" in error


def test_a_place_without_records_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "service: {clinic: {capacity: {rooms: 1}}}\n"
        'stream: {people: {volume: "1 /day", to: clinic}}\n'
        "pathway: {clinic: {all: home}}\n",
        encoding="utf-8",
    )
    assert main(["calibrate", str(file)]) == 2
    assert "record: said nothing; wanted recorded series" in capsys.readouterr().err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stopped_calibration_goes_on_from_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: str
) -> None:
    # Enough runs to be stopped on the way.
    typed = ["calibrate", "place=toy", "--waves", "1", "--runs", "40", "--out", str(tmp_path), "--no-report"]
    stopped(typed, workers, tmp_path, ("00000",))
    assert main([*typed, "--workers", "1"]) == 0
    assert "were finished before" in capsys.readouterr().err
    assert not (tmp_path / "toy-calibration" / ".parts").exists()
