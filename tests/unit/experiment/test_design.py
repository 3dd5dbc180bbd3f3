from dataclasses import replace

import pytest

from flowsim.config.load import load
from flowsim.errors import ConfigError
from flowsim.experiment.design import design_experiment
from tests.unit.experiment.toytown import SHORT, experiment, single


def test_every_arm_meets_every_level_and_replication_once() -> None:
    design = experiment()
    told = design.config.experiment
    assert told is not None
    assert [arm.id for arm in design.arms] == list(told.arms)
    assert [level.id for level in design.levels] == told.demand
    wanted = [(arm, level, n) for arm in told.arms for level in told.demand for n in range(2)]
    assert [(task.arm, task.demand, task.replication) for task in design.tasks] == wanted
    assert len({task.name for task in design.tasks}) == len(wanted)


def test_an_experiment_is_named_by_its_file_or_else_its_label() -> None:
    assert experiment().name == "toy"
    assert experiment("experiment.question=Another one?").name == "toytown"


def test_arms_have_labels_reasons_and_stacks() -> None:
    arm = next(arm for arm in experiment().arms if arm.stack)
    assert arm.label != arm.id
    assert experiment().arms[0].stack == ()


def test_run_demand_keeps_some_levels() -> None:
    assert [level.id for level in experiment("run.demand=[busy]").levels] == ["busy"]


def test_a_scenario_of_the_configuration_holds_in_every_arm() -> None:
    assert all(arm.stack[0] == "longer_utc" for arm in experiment("scenario=[longer_utc]").arms)


def test_keys_name_what_is_run_and_nothing_else() -> None:
    keys = [cell.key for cell in experiment().cells]
    assert len(set(keys)) == len(keys)
    assert [cell.key for cell in experiment("run.workers=2", "run.replications=5").cells] == keys
    assert not set(keys) & {cell.key for cell in experiment("run.seed=2").cells}
    assert experiment("run.replications=5").digest != experiment().digest
    assert experiment("run.workers=2").digest == experiment().digest


def test_an_arm_alone_shares_its_key_with_the_experiment() -> None:
    assert single().cells[0].key == experiment().cell(experiment().against, "baseline").key


def test_more_demand_is_more_work() -> None:
    arm = experiment().against
    assert experiment().cell(arm, "busy").work > experiment().cell(arm, "baseline").work > 1


def test_a_run_is_one_arm_at_the_baseline_unless_told() -> None:
    design = single("scenario=[longer_utc]")
    assert [(cell.arm, cell.demand) for cell in design.cells] == [("longer_utc", "baseline")]
    assert design.name == "toy"
    assert [level.id for level in single("run.demand=[busy]").levels] == ["busy"]


def test_no_experiment_is_said() -> None:
    loaded = load(SHORT)
    without = replace(
        loaded, staged=replace(loaded.staged, periods=((None, loaded.config.model_copy(update={"experiment": None})),))
    )
    with pytest.raises(ConfigError, match="experiment: said nothing; wanted an experiment"):
        design_experiment(without)


def test_problems_of_all_arms_are_told_together_each_once() -> None:
    loaded = load(SHORT)
    told = loaded.config.experiment
    assert told is not None
    arms = {"do_nothing": [], "one": ["no_such"], "two": ["no_such"], "three": ["nor_this"]}
    config = loaded.config.model_copy(update={"experiment": told.model_copy(update={"arms": arms})})
    with pytest.raises(ConfigError) as found:
        design_experiment(replace(loaded, staged=replace(loaded.staged, periods=((None, config),))))
    assert [problem.said.strip("'") for problem in found.value.problems] == ["no_such", "nor_this"]
