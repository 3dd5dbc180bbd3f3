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


def written():
    """Yield (measure, place or empty for all places, definition) of every entry of conf/measure."""
    for path in FILES:
        place = "" if path.parent.name == "measure" else path.parent.name
        for name, definition in yaml.safe_load(path.read_text(encoding="utf-8"))["measure"].items():
            yield name, place, MeasureDef.model_validate(definition)


def shipped():
    """Return the measures that the page lists; of one that several places define, the first place's."""
    found = {}
    for name, _, definition in written():
        found.setdefault(name, definition)
    return found


def test_no_place_has_a_measure_twice():
    found = [(name, place) for name, place, _ in written()]
    shared = {name for name, place in found if not place}
    assert len(set(found)) == len(found)
    assert [name for name, place in found if place and name in shared] == []


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
    for name, _, definition in written():
        assert definition.note, name
        assert definition.unit, name
        assert definition.kind in known_kinds(), name


def test_the_page_is_what_the_code_says():
    page = ROOT / "docs" / "measures.md"
    assert page.read_text(encoding="utf-8") == markdown(shipped())
