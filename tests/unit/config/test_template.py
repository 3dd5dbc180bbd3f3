"""A starter set: what is written where, what is refused, and which numbers it says are to be replaced."""

from pathlib import Path

import pytest
import yaml

from flowsim.config.load import load
from flowsim.config.sourcing import BOOKS, by_status, numbers, to_be_replaced
from flowsim.config.template import likes, new_place
from flowsim.errors import FlowsimError, RunError


def yaml_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


@pytest.fixture
def borough(tmp_path: Path) -> Path:
    return new_place("st_helens", where=tmp_path)


def test_a_place_is_named_as_asked(borough: Path) -> None:
    place = load([], yaml_files(borough)).config.place
    assert (place.id, place.label) == ("st_helens", "St Helens")


def test_no_placeholder_is_left(borough: Path) -> None:
    for file in borough.iterdir():
        text = file.read_text(encoding="utf-8")
        assert "NAME" not in text.replace("place NAME", "")
        assert "LABEL" not in text


def test_every_number_of_the_template_is_an_assumption_to_be_replaced(borough: Path) -> None:
    config = load([], yaml_files(borough)).config
    found = list(numbers(config))
    assert {source for _, source in found} == {"assumed_template"}
    assert by_status(config) == {"assumed": len(found)}
    assert sum(map(len, to_be_replaced(config).values())) == len(found)
    assert {source for _, source in numbers(config, BOOKS)} == {"assumed_template"}


def test_a_number_with_a_source_of_its_own_is_no_longer_listed(borough: Path) -> None:
    file = borough / "1_place.yaml"
    text = file.read_text(encoding="utf-8")
    was = "all: {value: 100000, source: assumed_template}"
    assert was in text
    file.write_text(text.replace(was, "all: {value: 183391, source: ons_mid_2023}"), encoding="utf-8")
    config = load([], yaml_files(borough)).config
    assert by_status(config)["measured"] == 1
    assert "all" not in to_be_replaced(config)["place.population"]


def test_files_are_short_and_commented(borough: Path) -> None:
    for file in yaml_files(borough):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 150
        assert lines[0].startswith("#")


@pytest.mark.parametrize("like", ["toy", "oldham"])
def test_a_copy_is_the_place_under_another_name(like: str, tmp_path: Path) -> None:
    copied = load([], yaml_files(new_place("elsewhere", like, tmp_path))).config
    original = load([f"place={like}"]).config
    assert (copied.place.id, copied.place.label) == ("elsewhere", "Elsewhere")
    assert copied.model_copy(update={"place": original.place, "source": original.source}) == original
    assert list(numbers(copied)) == list(numbers(original))
    assert sum(map(len, to_be_replaced(copied).values())) == sum(s is not None for _, s in numbers(copied))


def test_the_places_themselves_have_nothing_to_be_replaced() -> None:
    assert to_be_replaced(load(["place=toy"]).config) == {}


@pytest.mark.parametrize(
    "name", ["", "St Helens", "st-helens", "9lives", "../x", "a/b", "Ä", "x" * 41, "place.yaml", "."]
)
def test_a_bad_name_is_refused_and_nothing_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="small letters"):
        new_place(name, where=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["toy", "halton", "oldham", "blank"])
def test_a_name_that_is_taken_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="already"):
        new_place(name, where=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_likeness_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=", ".join(likes())):
        new_place("x", "nowhere", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["folder", "file"])
def test_what_is_there_is_not_overwritten(there: str, tmp_path: Path) -> None:
    taken = tmp_path / "mine"
    if there == "folder":
        taken.mkdir()
        (taken / "notes.txt").write_text("keep")
    else:
        taken.write_text("keep")
    with pytest.raises(FlowsimError, match="exists"):
        new_place("mine", where=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert (taken / "notes.txt" if there == "folder" else taken).read_text() == "keep"


def test_the_template_is_plain_yaml(borough: Path) -> None:
    groups = [set(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in yaml_files(borough)]
    assert set().union(*groups) >= {"place", "stream", "service", "pathway", "cost", "experiment", "source", "run"}
