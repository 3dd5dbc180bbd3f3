from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

from flowsim.errors import RunError
from flowsim.experiment.result import TABLES, Arm, ExperimentResult, Level


def result() -> ExperimentResult:
    tables = {name: pd.DataFrame({"what": [name], "number": [1.5], "of": [3]}) for name in TABLES}
    return ExperimentResult(
        name="winter",
        title="Winter",
        question="Which?",
        config={
            "place": {"id": "toy", "payers": {"icb": "The board"}, "bodies": {}},
            "service": {"ward": {"label": "The ward", "opens": {"mon": ["08:30", "20:30"]}}},
            "measure": {"wait": {"label": "Mean wait", "kind": "mean_wait", "better": "lower"}},
        },
        manifest={"digest": "abc", "versions": {"python": "3"}},
        arms=(Arm("base", "As now", "", ()), Arm("more", "More beds", "because", ("beds", "staff"))),
        levels=(Level("baseline", "Usual", ""),),
        against="base",
        watches=("wait",),
        decide_by=None,
        **tables,
    )


def test_a_folder_gives_back_what_was_saved(tmp_path: Path) -> None:
    saved = result()
    saved.save(tmp_path / "here")
    loaded = ExperimentResult.load(tmp_path / "here")
    for name in (field.name for field in fields(saved) if field.name not in TABLES):
        assert getattr(loaded, name) == getattr(saved, name)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(saved, name))


def test_two_saves_are_the_same_to_the_byte(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        result().save(tmp_path / folder)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_another_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"wanted one with result\.json"):
        ExperimentResult.load(tmp_path)


def test_names_people_use() -> None:
    found = result()
    assert [found.label(thing) for thing in ("ward", "icb", "not_named_anywhere")] == [
        "The ward",
        "The board",
        "Not named anywhere",
    ]
    assert found.definition("wait")["better"] == "lower"
    assert found.definition("unknown")["label"] == "unknown"
    assert not found.is_single
    assert found.arm("more").stack == ("beds", "staff")
    assert found.level("baseline").label == "Usual"
