"""The toy place cut short (but with a weekend), designed once for the tests that need it."""

from functools import cache

from flowsim.config.load import load
from flowsim.experiment.design import Design, design_experiment, design_run

SHORT = ("place=toy", "run.warm_up=1 d", "run.duration=4 d", "run.replications=2")


@cache
def experiment(*overrides: str) -> Design:
    return design_experiment(load([*SHORT, *overrides]))


@cache
def single(*overrides: str) -> Design:
    return design_run(load([*SHORT, *overrides]))
