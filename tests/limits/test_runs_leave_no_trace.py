"""A run changes nothing: neither the specification, nor the next run."""

from __future__ import annotations

import copy
import pickle

from flowsim.engine.reference import run
from tests.build import config_of, spec_of
from tests.limits.networks import CITY, read


def test_parameters_are_unchanged_by_a_run():
    spec = spec_of(CITY, duration="20 d")
    before, written = copy.deepcopy(spec), pickle.dumps(spec)
    run(spec, 0)
    assert spec == before
    assert pickle.dumps(spec) == written


def test_building_leaves_the_configuration_as_it_was():
    network = read(CITY)
    as_read = copy.deepcopy(network)
    config = config_of(network)
    said = config.model_dump()
    spec_of(network)
    assert network == as_read
    assert config.model_dump() == said


def test_a_replication_does_not_depend_on_those_run_before():
    spec = spec_of(CITY, duration="20 d")
    alone = run(spec_of(CITY, duration="20 d"), 2)
    run(spec, 0)
    run(spec, 1)
    assert run(spec, 2).difference(alone) is None
    assert run(spec, 1).difference(alone) is not None
