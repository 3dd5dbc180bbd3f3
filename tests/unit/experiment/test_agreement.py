"""Both engines on any experiment: what is said when they agree, and when they do not."""

from dataclasses import replace

import pytest

from flowsim.cli import main
from flowsim.demand import arrivals
from flowsim.engine.kernel import run
from flowsim.experiment.agreement import agreements, first_difference
from tests.unit.experiment.toytown import experiment


@pytest.mark.parametrize("workers", [1, 2])
def test_every_arm_level_and_replication_is_compared(workers):
    design = experiment()
    found = list(agreements(design, 2, workers))
    assert {(a.arm, a.demand, a.replication) for a in found} == {
        (c.arm, c.demand, r) for c in design.cells for r in (0, 1)
    }
    assert len(found) == 2 * len(design.cells)
    assert all(a.difference is None and a.events > 0 for a in found)


@pytest.fixture(scope="module")
def toy():
    spec = experiment().cells[0].spec
    return spec, run(spec, 0, arrivals(spec, 0))


def test_the_same_trajectory_has_no_difference(toy):
    spec, trajectory = toy
    assert first_difference(spec, trajectory, trajectory) is None


def test_the_first_difference_says_where_and_whose(toy):
    spec, trajectory = toy
    started = trajectory.visits.started.copy()
    started[7] += 1
    other = replace(trajectory, visits=replace(trajectory.visits, started=started))
    visits = trajectory.visits
    assert first_difference(spec, trajectory, other) == (
        f"visits row 7 (patient {visits.patient[7]} at {spec.services[visits.service[7]].id}): "
        f"started {visits.started[7]} in the kernel, {started[7]} in the reference engine"
    )


def test_a_table_that_is_shorter_is_said_so(toy):
    spec, trajectory = toy
    duty = trajectory.on_duty
    short = replace(duty, pool=duty.pool[:-1], tick=duty.tick[:-1], number=duty.number[:-1])
    n = len(duty.tick)
    said = f"on_duty: {n} rows in the kernel, {n - 1} in the reference engine"
    assert first_difference(spec, trajectory, replace(trajectory, on_duty=short)) == said


def test_verify_engines_says_how_many_runs_are_the_same(capsys):
    words = ["place=toy", "run.warm_up=1 d", "run.duration=3 d", "run.demand=[baseline]"]
    assert main(["verify", "--engines", "--replications", "1", "--workers", "1", *words]) == 0
    out = capsys.readouterr().out
    assert out.startswith("OK    3 arms at 1 demand level, 1 replication each, ")
    assert out.endswith(" events: 3 of 3 runs are the same in both engines\n")


def test_verify_takes_an_experiment_only_with_engines(capsys):
    assert main(["verify", "place=toy"]) == 2
    assert "wanted --engines with it" in capsys.readouterr().err
