"""Every file of conf/ is read, fits the schema, and its experiments can be staged."""

import json

import pytest
from jsonschema import Draft202012Validator
from omegaconf import OmegaConf
from pydantic import BaseModel

from flowsim.config.compose import catalogue, compose, conf_dir, options
from flowsim.config.load import check_all
from flowsim.config.models import Config
from flowsim.config.quantities import Quantity, Tabled
from flowsim.config.schema import schema
from flowsim.config.validate import examine

PLACES = [place for place in options("place") if place != "blank"]
FILES = sorted(conf_dir().rglob("*.yaml"))


@pytest.mark.parametrize("place", PLACES)
def test_place_loads_with_every_arm_of_its_experiment(place):
    loaded = check_all([f"place={place}"])
    assert loaded.config.place.id == place
    assert loaded.config.experiment is not None


@pytest.mark.parametrize("run", options("run"))
def test_run_settings_compose(run):
    assert Config.model_validate(compose(["place=toy", f"run={run}"])).run.label


@pytest.mark.parametrize("experiment", options("experiment"))
def test_experiment_belongs_to_a_place(experiment):
    assert any(not examine(compose([f"place={place}", f"experiment={experiment}"]))[1] for place in PLACES)


def test_every_file_is_read_for_some_place():
    read = {
        conf_dir() / group / f"{name}.yaml" for place in PLACES for group, names in catalogue(place) for name in names
    }
    chosen = {path for path in FILES if path.parent.name in ("conf", "place", "run", "experiment")}
    assert [str(path) for path in FILES if path not in read | chosen] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(conf_dir())))
def test_file_fits_the_schema(path):
    said = OmegaConf.to_container(OmegaConf.load(path))
    if path.parent.name in ("run", "experiment"):
        said = {path.parent.name: said}
    errors = Draft202012Validator(schema()).iter_errors(json.loads(json.dumps(said)))
    assert [f"{list(e.path)}: {e.message}" for e in errors] == []


def test_every_number_of_the_toy_town_is_marked_as_made_up():
    config = Config.model_validate(compose(["place=toy"]))
    groups = ("place", "stream", "staff", "service", "pathway", "cost", "demand")
    parts = [getattr(config, group) for group in groups] + [config.profile["toy_day"]]
    found = {source for part in parts for source in _sources(part, None)}
    assert found == {"illustrative"}
    assert config.source["illustrative"].status == "assumed"


def _sources(node, above):
    """Yield the source of every number that was written (not a default of the grammar)."""
    if isinstance(node, Tabled):
        for value in node.values():
            yield from _sources(value, above)
    elif isinstance(node, Quantity):
        yield node.source or above
    elif isinstance(node, BaseModel):
        above = getattr(node, "source", None) or above
        for name in node.model_fields_set:
            yield from _sources(getattr(node, name), above)
    elif isinstance(node, dict):
        for value in node.values():
            yield from _sources(value, above)
