"""The measures that come with the places, and the page about them."""

from pathlib import Path

import pytest
import yaml

from flowsim.config.load import load
from flowsim.config.models import MeasureDef
from flowsim.config.scenarios import stage
from flowsim.measure.describe import markdown
from flowsim.measure.registry import check, known_kinds, measure_all
from flowsim.measure.weekly import weekly
from flowsim.system.build import build
from tests.trajectories import run_of

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "conf" / "measure").rglob("*.yaml"))


def shipped():
    found = {}
    for path in FILES:
        for name, definition in yaml.safe_load(path.read_text(encoding="utf-8"))["measure"].items():
            assert name not in found, f"{name} is defined twice"
            found[name] = MeasureDef.model_validate(definition)
    return found


@pytest.mark.parametrize("place", ["toy", "halton"])
def test_every_shipped_measure_can_be_taken_in_every_place(place):
    loaded = load([f"place={place}"])
    spec = build(stage(loaded.raw, [], None))
    assert check(spec, loaded.config.measure) == []
    nobody = run_of(spec)
    assert not measure_all(spec, nobody, loaded.config.measure).empty
    assert not weekly(spec, nobody, loaded.config.measure).empty


def test_what_an_experiment_watches_is_measured():
    for place in ("toy", "halton"):
        config = load([f"place={place}"]).config
        if config.experiment is not None:
            watched = {*config.experiment.watches, *filter(None, [config.experiment.decide_by])}
            assert watched <= set(config.measure), place


def test_every_definition_says_of_whom_it_is_and_how_it_reads():
    for name, definition in shipped().items():
        assert definition.note, name
        assert definition.unit, name
        assert definition.kind in known_kinds(), name


def test_the_page_is_what_the_code_says():
    page = ROOT / "docs" / "measures.md"
    assert page.read_text(encoding="utf-8") == markdown(shipped())
