"""The kernel tells the reference engine's story of the places that come with the program."""

from __future__ import annotations

from functools import cache

import pytest

from flowsim.config.load import Loaded, load
from flowsim.config.scenarios import stage
from flowsim.engine import reference
from flowsim.system.build import build
from tests.differential.agreement import agree, busy

SHORT = {
    "toy": ("place=toy", "run.warm_up=3 d", "run.duration=11 d"),
    "winter_2026": ("place=halton", "experiment=winter_2026", "run.warm_up=1 d", "run.duration=2 d"),
}
ARMS = (("toy", "do_nothing", "baseline"), ("toy", "whole_plan", "busy"), ("winter_2026", "do_nothing", "baseline"))
ARMS += (("winter_2026", "everything", "extreme"),)


@cache
def loaded(name: str) -> Loaded:
    return load(SHORT[name])


@pytest.mark.parametrize(("name", "arm", "demand"), ARMS)
def test_engines_agree_on_the_places_that_come_with_the_program(name, arm, demand):
    found = loaded(name)
    assert found.config.experiment is not None
    spec = build(stage(found.raw, found.config.experiment.arms[arm], demand))
    for replication in range(3):
        agree(spec, replication)
    assert busy(reference.run(spec, 0))
