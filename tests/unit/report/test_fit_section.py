"""The fit of a run over months that were recorded."""

from pathlib import Path

from flowsim.experiment.conduct import conduct
from flowsim.experiment.result import ExperimentResult
from flowsim.experiment.store import Parts
from flowsim.report.fit_section import run_fit_part
from tests.unit.experiment.toytown import single
from tests.unit.report.fixture import make_result

MONTH = ("run.starts=2025-03-31", "run.duration=31 d", "run.replications=2")


def test_a_run_over_recorded_months_shows_its_fit_from_its_folder_too(tmp_path: Path) -> None:
    found = conduct(single(*MONTH), Parts(tmp_path, "toy"), ["flowsim", "run"], workers=1)
    found.save(tmp_path / "kept")
    kept = ExperimentResult.load(tmp_path / "kept")
    part = run_fit_part(kept)
    assert part["rows"] == run_fit_part(found)["rows"]
    assert part["charts"]
    attendances = next(row for row in part["rows"] if row["label"].startswith("A&E attendances"))
    assert attendances["within"].endswith("of 1")


def test_a_run_over_other_months_shows_none() -> None:
    assert run_fit_part(make_result()) == {}
