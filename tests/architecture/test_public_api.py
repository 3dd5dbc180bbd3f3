"""The functions that rooms call in one another, by name: a change here is a change for everyone."""

import importlib
import inspect

import pytest

PUBLIC = {
    "flowsim.config.compose.compose": ["overrides", "files"],
    "flowsim.config.load.load": ["overrides", "files"],
    "flowsim.config.scenarios.stage": ["raw", "stack", "demand"],
    "flowsim.system.build.build": ["staged"],
    "flowsim.demand.arrivals": ["spec", "replication"],
    "flowsim.engine.reference.run": ["spec", "replication"],
    "flowsim.measure.registry.measure_all": ["spec", "trajectory", "definitions"],
    "flowsim.measure.stations.stations": ["spec", "trajectory"],
    "flowsim.measure.weekly.weekly": ["spec", "trajectory", "definitions"],
    "flowsim.measure.audit.audit": ["spec", "trajectory", "demand"],
    "flowsim.measure.cost.costs": ["spec", "trajectory"],
    "flowsim.analyse.compare.compare": ["measures", "against", "better"],
    "flowsim.analyse.intervals.interval": ["values"],
    "flowsim.analyse.warm_up.mser": ["series"],
    "flowsim.analyse.precision.replications_needed": ["differences", "half_width"],
    "flowsim.experiment.design.design_experiment": ["loaded"],
    "flowsim.experiment.design.design_run": ["loaded"],
    "flowsim.experiment.tasks.run_task": ["work", "replication"],
    "flowsim.experiment.conduct.conduct": ["design", "parts", "command"],
    "flowsim.report.page.write_page": ["result", "path"],
    "flowsim.report.workbook.write_workbook": ["result", "path"],
    "flowsim.cli.main": ["argv"],
}


@pytest.mark.parametrize("name", PUBLIC)
def test_is_there_and_takes_what_it_took(name: str) -> None:
    module, _, function = name.rpartition(".")
    found = list(inspect.signature(getattr(importlib.import_module(module), function)).parameters)
    assert found[: len(PUBLIC[name])] == PUBLIC[name]
