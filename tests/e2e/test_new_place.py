"""``flowsim new place``: from an empty folder to a comparison, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest

from flowsim.cli import main
from tests.e2e.commands import only_folder, refused

SHORT = ["run.warm_up=1 d", "run.duration=3 d", "run.replications=1", "--workers", "1", "--quiet", "--no-report"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_place_is_compared_at_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "place", "st_helens"]) == 0
    assert "flowsim compare st_helens/" in capsys.readouterr().out
    assert main(["compare", "st_helens/", *SHORT]) == 0
    measures = pd.read_parquet(only_folder(here / "results") / "measures.parquet")
    assert set(measures["arm"]) == {"do_nothing", "weekends", "reablement", "both"}
    attended = measures.query("measure == 'ae_attendances'")["value"]
    assert (attended > 40).all()


def test_files_of_a_folder_may_be_named_one_by_one(here: Path) -> None:
    assert main(["new", "place", "mine"]) == 0
    files = [str(path) for path in sorted(Path("mine").glob("*.yaml"))]
    assert main(["run", *files, "--out", "one", *SHORT]) == 0
    assert main(["run", "mine", "--out", "other", *SHORT]) == 0
    one, other = (only_folder(here / out) / "measures.parquet" for out in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_check_counts_and_lists_what_is_to_be_replaced(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "place", "mine"]) == 0
    capsys.readouterr()
    assert main(["check", "mine"]) == 0
    said = capsys.readouterr().out
    assert "Assumptions to be replaced: " in said
    assert "    place.population: all, 18+, 65+, 85+, east, west (6)\n" in said
    assert "cannot settle" not in said
    assert "    stream.ae_attendances: volume, " in said


def test_a_copy_of_the_toy_town_gives_the_toy_towns_results(here: Path) -> None:
    assert main(["new", "place", "copied", "--like", "toy"]) == 0
    assert main(["run", "copied/", "--out", "one", *SHORT]) == 0
    assert main(["run", "place=toy", "--out", "other", *SHORT]) == 0
    one, other = (pd.read_parquet(only_folder(here / out) / "measures.parquet") for out in ("one", "other"))
    pd.testing.assert_frame_equal(one, other)


def test_a_file_changes_a_place_that_is_here(here: Path) -> None:
    Path("more_beds.yaml").write_text("service: {ward: {capacity: {beds: 44}}}\n")
    assert main(["run", "more_beds.yaml", "place=toy", "--out", "file", *SHORT]) == 0
    assert main(["run", "place=toy", "service.ward.capacity.beds=44", "--out", "typed", *SHORT]) == 0
    filed, typed = (pd.read_parquet(only_folder(here / out) / "measures.parquet") for out in ("file", "typed"))
    pd.testing.assert_frame_equal(filed, typed)


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (["new"], ["said 'nothing'", "flowsim new place"]),
        (["new", "place"], ["said 'place'", "flowsim new place"]),
        (["new", "borough", "x"], ["'borough x'", "flowsim new place"]),
        (["new", "place", "a", "b"], ["'place a b'"]),
        (["new", "place", "St Helens"], ["'St Helens'", "small letters"]),
        (["new", "place", "../up"], ["'../up'", "small letters"]),
        (["new", "place", "toy"], ["'toy'", "already"]),
        (["new", "place", "x", "--like", "leeds"], ["--like", "'leeds'", "halton", "toy"]),
        (["new", "place", "x", "--like"], ["--like", "said nothing"]),
        (["new", "place", "x", "--out", "y"], ["'--out'", "--like"]),
        (["new", "place", "taken"], ["'taken'", "exists"]),
        (["run", "taken"], ["taken", "without YAML files"]),
    ],
)
def test_misuse_is_told_in_one_line(
    typed: list[str], named: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "taken").mkdir()
    line = refused(typed, capsys)
    assert [part for part in named if part not in line] == []
    assert [path.name for path in here.iterdir()] == ["taken"]
