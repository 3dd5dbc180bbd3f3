"""Each faulty configuration gives the messages it should, word for word; each check has a case that trips it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from flowsim.config.checks import CHECKS, Given
from flowsim.config.compose import compose
from flowsim.config.load import load
from flowsim.config.models import Config
from flowsim.errors import ConfigError

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "bad_configs.yaml").read_text(encoding="utf-8"))


def _asked(case: dict[str, Any], folder: Path) -> tuple[list[str], list[Path]]:
    overrides = [] if case.get("bare") else ["place=toy"]
    overrides += case.get("overrides", [])
    if "yaml" not in case:
        return overrides, []
    file = folder / "faulty.yaml"
    file.write_text(case["yaml"], encoding="utf-8")
    return overrides, [file]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_tells_every_problem_and_no_other(case, tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(*_asked(case, tmp_path))
    told = [{"key": p.key, "said": p.said, "wanted": p.wanted} for p in caught.value.problems]
    assert told == case["problems"]


@pytest.mark.parametrize("case", [c for c in CASES if c["trips"] in CHECKS], ids=lambda case: case["case"])
def test_trips_the_check_it_names(case, tmp_path):
    raw = compose(*_asked(case, tmp_path))
    found = [p.key for p in CHECKS[case["trips"]].rule(Given(Config.model_validate(raw), raw))]
    assert [p["key"] for p in case["problems"] if p["key"] in found]


def test_every_check_is_tripped_by_a_case():
    assert set(CHECKS) <= {case["trips"] for case in CASES}


def test_every_check_says_in_a_sentence_what_it_wants():
    assert [name for name, item in CHECKS.items() if not item.meaning.endswith(".")] == []


def test_faults_in_different_places_are_told_together():
    with pytest.raises(ConfigError) as caught:
        load(
            [
                "place=toy",
                "service.ward.leaving.assessment.share=140 %",  # the grammar
                "service.ae.patience.to=lefft",  # a check
                "experiment.against=nobody",  # a check of the book
                "stream.ambulances.volume=9",  # the grammar again
            ]
        )
    assert {p.key for p in caught.value.problems} == {
        "service.ward.leaving.assessment.share",
        "service.ae.patience.to",
        "experiment.against",
        "stream.ambulances.volume",
    }


def test_all_misspelt_overrides_are_told_together():
    with pytest.raises(ConfigError) as caught:
        load(["place=toy", "service.wrad.capacity.beds=3", "run.sed=4"])
    assert [p.key for p in caught.value.problems] == ["service.wrad", "run.sed"]
