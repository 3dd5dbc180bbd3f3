"""The command line on the toy place, from what is typed to what is on disk."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from flowsim.cli import main
from flowsim.experiment.result import TABLES, ExperimentResult
from tests.e2e.commands import only_folder, stopped

SHORT = ["place=toy", "run.warm_up=1 d", "run.duration=3 d", "run.replications=2"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy experiment, run in one process."""
    out = tmp_path_factory.mktemp("one")
    assert main(["compare", *SHORT, "--out", str(out), "--workers", "1", "--quiet", "--no-report"]) == 0
    return only_folder(out)


def test_the_folder_holds_everything(compared: Path) -> None:
    wanted = {f"{name}.parquet" for name in TABLES} | {"manifest.json", "config.yaml", "result.json"}
    assert wanted <= {path.name for path in compared.iterdir()}
    assert not (compared.parent / ".parts").exists()


def test_every_arm_level_and_replication_is_there_once(compared: Path) -> None:
    result = ExperimentResult.load(compared)
    found = result.measures.groupby(["arm", "demand"])["replication"].agg(["min", "max", "nunique"])
    assert set(found.index) == {(arm.id, level.id) for arm in result.arms for level in result.levels}
    assert (found == [0, 1, 2]).all(axis=None)
    assert not result.measures.duplicated(["arm", "demand", "replication", "measure", "service", "split"]).any()


def test_the_manifest_tells_how_to_do_it_again(compared: Path) -> None:
    manifest = json.loads((compared / "manifest.json").read_text())
    assert manifest["command"].startswith("flowsim compare place=toy 'run.warm_up=1 d'")
    assert manifest["digest"].startswith(compared.name.rsplit("-", 1)[1])
    measures = pd.read_parquet(compared / "measures.parquet")
    assert manifest["tasks"] == len(measures.groupby(["arm", "demand", "replication"]))


def test_two_workers_write_the_same_bytes(compared: Path, tmp_path: Path) -> None:
    assert main(["compare", *SHORT, "--out", str(tmp_path), "--workers", "2", "--quiet", "--no-report"]) == 0
    other = only_folder(tmp_path)
    for name in TABLES:
        assert (other / f"{name}.parquet").read_bytes() == (compared / f"{name}.parquet").read_bytes(), name


def test_a_stopped_run_goes_on_from_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Long enough to be stopped on the way: many replications, in the slower of two engines that say the same.
    many = [*SHORT, "run.replications=30", "--no-report", "--out"]
    assert main(["compare", *many, str(tmp_path / "whole"), "--quiet"]) == 0
    typed = ["compare", "run.engine=reference", *many, str(tmp_path / "stopped")]
    whole, tmp_path = only_folder(tmp_path / "whole"), tmp_path / "stopped"
    stopped(typed, "2", tmp_path, ("00000", "00001"))
    assert main([*typed, "--workers", "1"]) == 0
    assert "were finished before" in capsys.readouterr().err
    assert (only_folder(tmp_path) / "measures.parquet").read_bytes() == (whole / "measures.parquet").read_bytes()
    assert not (only_folder(tmp_path).parent / ".parts").exists()


def test_a_run_of_one_configuration_from_another_directory(tmp_path: Path) -> None:
    typed = ["run", *SHORT, "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "flowsim", *typed], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    folder = only_folder(tmp_path / "results")
    assert folder.parent.name == "toy"
    assert f"Page: {folder / 'report.html'}" in done.stdout
    assert "95% interval" in done.stdout
    assert ExperimentResult.load(folder).is_single


def test_the_answer_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *SHORT, "--out", str(tmp_path), "--workers", "1", "--no-report"]) == 0
    said = capsys.readouterr()
    result = ExperimentResult.load(only_folder(tmp_path))
    assert "Each figure is the mean of 2 replications" in " ".join(said.out.split())
    assert all(level.label in said.out for level in result.levels)
    assert f"Results: {only_folder(tmp_path)}" in said.out
    assert "replications done" in said.err


def test_page_and_workbook_are_written_and_written_again(compared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(compared)]) == 0
    before = (compared / "report.html").read_bytes()
    assert (compared / "workbook.xlsx").stat().st_size
    assert main(["report", str(compared)]) == 0
    assert (compared / "report.html").read_bytes() == before
    assert f"Page: {compared / 'report.html'}" in capsys.readouterr().out
    assert [path.name for path in compared.iterdir() if path.name.startswith(".")] == []


def test_check_says_ok_for_every_arm_and_level(compared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *SHORT]) == 0
    said = capsys.readouterr().out
    result = ExperimentResult.load(compared)
    for arm in result.arms:
        for level in result.levels:
            assert f"OK  {arm.id} at {level.id}:" in said


def test_explain_names_keys_and_who_said_it(compared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arm = next(arm for arm in ExperimentResult.load(compared).arms if arm.stack)
    assert main(["explain", "place=toy", f"scenario=[{','.join(arm.stack)}]"]) == 0
    said = capsys.readouterr().out
    assert any(name in said for name in arm.stack)
    assert "differ" in said


def test_schema_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"place", "stream", "service"} <= set(found["properties"])


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (["run", "place=tou"], ["place", "tou", "toy"]),
        (["run", "place=toy", "run.replications=none"], ["run.replications"]),
        (["run", "place=toy", "run.no_such=1"], ["no_such"]),
        (["compare", "place=toy", "run.demand=[flood]"], ["demand", "flood"]),
        (["run", "place=toy", "scenario=[no_such]"], ["no_such"]),
        (["run", "not_there.yaml"], ["not_there.yaml"]),
        (["run", "place=toy", "word"], ["word"]),
        (["explain", "place=toy"], ["scenario"]),
        (["report", "no_such_folder"], ["no_such_folder"]),
        (["report"], ["0 folders"]),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    typed: list[str], named: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1, said
    assert said.startswith("flowsim: ")
    assert "wanted" in said
    for word in named:
        assert word in said


def test_no_command_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 0
    assert "compare" in capsys.readouterr().out


def test_verify_finds_all_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 0
    assert "FAIL" not in capsys.readouterr().out
