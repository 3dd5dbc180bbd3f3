"""The studies and the notebook: they run as written, and say what they should."""

import contextlib
import io
import json
import re
import runpy
import shlex
from pathlib import Path

import pytest

from flowsim.cli import COMMANDS, main
from flowsim.config.load import load

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "experiments" / "intermediate_care_beds" / "study.py"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHORT = ["place=toy", "run.warm_up=2 d", "run.duration=10 d", "run.replications=3"]


def test_a_sweep_sets_each_value_beside_the_one_before() -> None:
    study = runpy.run_path(str(STUDY))
    table = study["sweep"]("service.ward.capacity.beds", (10, 40, 4000, 5000), "bed_occupancy", SHORT, jobs=1)
    assert list(table.index) == [10, 40, 4000, 5000]
    steps = table["mean"].diff().iloc[1:]
    assert steps.to_numpy() == pytest.approx(table["difference"].iloc[1:].to_numpy(), abs=1e-12)
    assert (table["difference"].iloc[1:] < 0).all()
    assert study["last_that_helps"](table) == 5000


def test_nothing_is_made_of_a_step_that_changes_nothing() -> None:
    study = runpy.run_path(str(STUDY))
    table = study["sweep"]("service.ward.capacity.beds", (4000, 5000), "emergency_admissions", SHORT, jobs=1)
    assert table.loc[5000, ["difference", "difference_low", "difference_high"]].tolist() == [0, 0, 0]
    assert study["last_that_helps"](table) is None


def test_the_study_asks_for_things_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    study = runpy.run_path(str(STUDY))
    assert main(["check", "experiment=null", f"{study['KEY']}={study['VALUES'][-1]}"]) == 0
    assert "OK  as_given" in capsys.readouterr().out


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_as_written(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    scope: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec("".join(cell["source"]), scope)
        shown = "".join(line for output in cell["outputs"] for line in output["text"])
        assert len(shown.splitlines()) == len(said.getvalue().splitlines())
    assert not re.search(r"/(home|root|tmp|work|Users)/", path.read_text(encoding="utf-8"))


GUIDES = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("experiments/*/README.md")]


def commands(guide: Path) -> list[list[str]]:
    """Return the flowsim commands of a guide, split into words."""
    lines = re.findall(r"^flowsim (.*)$", guide.read_text(encoding="utf-8"), re.M)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_command_of_the_guides_can_be_given(guide: Path) -> None:
    for name, *words in commands(guide):
        assert name in COMMANDS
        overrides = [word for word in words if "=" in word]
        if not any(word.endswith(".yaml") for word in words):
            load(overrides)


def test_every_path_the_guides_name_is_there() -> None:
    for guide in GUIDES:
        text = guide.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:docs|src|conf|tests|experiments|notebooks)/[\w./-]*)`", text):
            assert (ROOT / path).exists(), f"{guide.name}: {path}"
