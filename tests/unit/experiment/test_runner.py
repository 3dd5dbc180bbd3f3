from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from flowsim.experiment.design import Design
from flowsim.experiment.progress import Progress
from flowsim.experiment.runner import _groups, collect, run_tasks
from flowsim.experiment.store import Parts
from flowsim.experiment.tasks import FRAMES
from tests.unit.experiment.toytown import experiment, single


def run(design: Design, parts: Parts, workers: int = 1) -> Progress:
    with Progress(len(design.tasks), sum(task.work for task in design.tasks), None) as progress:
        run_tasks(design, parts, workers, progress)
    return progress


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    parts = Parts(tmp_path_factory.mktemp("out"), "toy")
    run(experiment(), parts)
    return parts


def test_every_task_leaves_a_part_and_tables_keep_the_designs_order(finished: Parts) -> None:
    design = experiment()
    assert all(finished.has(task.name) for task in design.tasks)
    tables, totals = collect(design, finished)
    assert set(tables) == set(FRAMES)
    assert tables.pop("readings").empty
    for table in tables.values():
        found = list(dict.fromkeys(zip(table["arm"], table["demand"], table["replication"], strict=True)))
        assert found == [(task.arm, task.demand, task.replication) for task in design.tasks]
    assert totals["events"] > 0
    assert totals["task_seconds"] >= totals["engine_seconds"] > 0


def test_a_run_over_months_recorded_is_read_off_against_them(tmp_path: Path) -> None:
    design, parts = single("run.starts=2025-03-31", "run.duration=31 d", "run.replications=1"), Parts(tmp_path, "toy")
    run(design, parts)
    readings = collect(design, parts)[0]["readings"]
    assert list(readings) == ["arm", "demand", "replication", "record", "key", "value"]
    assert dict(zip(readings["record"], readings["key"], strict=True))["attendances"] == "2025-04"
    assert readings["value"].gt(0).any()
    assert design.cells[0].records.keys() == design.config.record.keys()
    # Other records could be read off otherwise: their results are others.
    other = single("run.starts=2025-03-31", "run.duration=31 d", "run.replications=1", "record.attendances.unit=/day")
    assert other.cells[0].key != design.cells[0].key
    assert not single("run.starts=2024-04-01", "run.duration=31 d").cells[0].records


def test_two_workers_find_the_same(finished: Parts, tmp_path: Path) -> None:
    parts = Parts(tmp_path, "toy")
    run(experiment(), parts, workers=2)
    for name, table in collect(experiment(), parts)[0].items():
        pd.testing.assert_frame_equal(table, collect(experiment(), finished)[0][name], check_exact=True)
    assert len(list(parts.folder.iterdir())) == len(experiment().tasks)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_threads_find_the_same_as_processes(finished: Parts, tmp_path: Path, workers: int) -> None:
    parts = Parts(tmp_path, "toy")
    threaded = experiment("run.pool=threads")
    run(threaded, parts, workers=workers)
    for name, table in collect(threaded, parts)[0].items():
        pd.testing.assert_frame_equal(table, collect(experiment(), finished)[0][name], check_exact=True)
    assert [cell.key for cell in threaded.cells] == [cell.key for cell in experiment().cells]


def test_arms_of_one_level_and_replication_go_together_and_the_last_alone() -> None:
    design = experiment("run.replications=40")
    groups = _groups(design.tasks, 2)
    assert sorted(task.name for group in groups for task in group) == sorted(task.name for task in design.tasks)
    assert all(len({(task.demand, task.replication) for task in group}) == 1 for group in groups)
    assert max(map(len, groups)) == len(design.arms)
    assert {len(group) for group in groups[-4:]} == {1}
    assert {len(group) for group in _groups(design.tasks, 100)} == {1}


def test_more_replications_take_up_those_that_are_there(finished: Parts) -> None:
    more = experiment("run.replications=3")
    before = {task.name: finished.path(task.name).stat().st_mtime_ns for task in experiment().tasks}
    progress = run(more, finished)
    assert progress.done == len(more.tasks)
    assert {name: finished.path(name).stat().st_mtime_ns for name in before} == before
    few, many = collect(experiment(), finished)[0]["measures"], collect(more, finished)[0]["measures"]
    shared = many[many["replication"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(shared, few, check_exact=True)


def test_a_part_that_cannot_be_read_is_run_again(finished: Parts) -> None:
    before = collect(experiment(), finished)[0]["measures"]
    finished.path(experiment().tasks[3].name).write_bytes(b"half")
    pd.testing.assert_frame_equal(collect(experiment(), finished)[0]["measures"], before, check_exact=True)


def test_arms_that_come_to_the_same_are_run_once(tmp_path: Path) -> None:
    design = experiment()
    cell = design.cells[0]
    twins = replace(design, cells=(cell, replace(cell, arm="twin")))
    parts = Parts(tmp_path, "toy")
    assert run(twins, parts).done == len(twins.tasks) == 4
    assert len(list(parts.folder.iterdir())) == 2
    measures = collect(twins, parts)[0]["measures"].drop(columns="arm")
    half = len(measures) // 2
    pd.testing.assert_frame_equal(measures[:half], measures[half:].reset_index(drop=True), check_exact=True)


def test_longest_first(tmp_path: Path) -> None:
    class Order(Progress):
        told: tuple[float, ...] = ()

        def advance(self, work: float) -> None:
            self.told = (*self.told, work)
            super().advance(work)

    design = experiment()
    with Order(len(design.tasks), 1.0, None) as progress:
        run_tasks(design, Parts(tmp_path, "toy"), 1, progress)
    assert list(progress.told) == sorted((task.work for task in design.tasks), reverse=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_says_where_it_arose(tmp_path: Path, workers: int) -> None:
    design = experiment()
    run_of = design.config.run.model_copy(update={"engine": "no such engine"})
    broken = replace(design, config=design.config.model_copy(update={"run": run_of}))
    with pytest.raises(RuntimeError, match=r"^arm \w+, demand \w+, replication [01]: KeyError: .no such engine"):
        run(broken, Parts(tmp_path, "toy"), workers)
