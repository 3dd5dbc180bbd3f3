from flowsim.config.load import load
from flowsim.config.scenarios import Staged, stage
from flowsim.experiment.changes import changes, differences
from tests.unit.experiment.toytown import experiment

RAW = load(["place=toy"]).raw


def staged(*stack: str) -> Staged:
    return stage(RAW, stack, None)


def test_a_key_says_what_it_was_what_it_is_and_who_said_so() -> None:
    found = {change.key: change for change in differences(staged(), staged("longer_utc"))}
    hours = found["service.utc.opens.every_day"]
    assert (hours.baseline, hours.here, hours.who, hours.since) == (
        "[08:00, 20:00]",
        "[08:00, 22:00]",
        "longer_utc",
        "",
    )


def test_a_ramp_is_one_change_from_its_first_step_to_its_end() -> None:
    (found,) = [c for c in differences(staged(), staged("more_reablement")) if c.key.endswith("capacity.visits")]
    sets = RAW["intervention"]["more_reablement"]["sets"]
    assert found.here == str(sets["service.reablement.capacity.visits"]["value"])
    assert found.since > RAW["intervention"]["more_reablement"]["from"]


def test_no_difference_from_itself() -> None:
    assert differences(staged("more_reablement"), staged("more_reablement")) == []


def test_the_baseline_arm_has_no_changes_and_the_others_have() -> None:
    design = experiment()
    assert set(changes(design)["arm"]) == {arm.id for arm in design.arms} - {design.against}
