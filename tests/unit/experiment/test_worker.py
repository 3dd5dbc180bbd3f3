"""How workers are set up: each thing is asked of a process of its own, as it holds for as long as the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from flowsim.experiment.runner import shared_of, works_of
from flowsim.experiment.store import Parts
from flowsim.experiment.tasks import run_task
from tests.unit.experiment.toytown import experiment

FROZEN = """
import gc
from flowsim.experiment.worker import settle
settle()
print(gc.get_freeze_count() > 0, gc.get_count()[2] == 0)
"""
LEAN = """
import sys
from flowsim.experiment.worker import set_up
set_up()
import numpy as np
from flowsim.measure.rank_loops import stable_order
print(stable_order(np.array([2, 0, 1])).tolist(), "scipy.linalg" in sys.modules)
from scipy.linalg import det
print(round(det(np.eye(2))))
"""
FAULTS = """
import resource
from flowsim.experiment.worker import keep_freed_memory
keep_freed_memory()
size = 8_000_000
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * size
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first, *later = [faults() for _ in range(4)]
print(first > 1000, max(later) < 100)
"""

WORKER = """
import sys
from pathlib import Path
from flowsim.experiment.worker import set_up
set_up()
from flowsim.experiment.tasks import _read_once, run_task
work = next(iter(_read_once(Path({path!r})).works.values()))
rows = sum(len(table) for table in run_task(work, 0).tables.values())
heavy = ["pandas", "pydantic", "scipy.special", "scipy.linalg", "hydra"]
print(rows, [name for name in heavy if name in sys.modules])
"""


def said(program: str) -> list[str]:
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return ended.stdout.split("\n")


def test_what_is_alive_after_the_first_job_is_not_looked_at_again() -> None:
    assert said(FROZEN)[0] == "True True"


def test_a_worker_sorts_without_linear_algebra_and_may_still_load_it() -> None:
    assert said(LEAN)[:2] == ["[1, 2, 0] False", "1"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc")
def test_memory_given_back_is_used_again_without_asking_the_system() -> None:
    assert said(FAULTS)[0] == "True True"


def test_what_workers_are_told_spares_them_the_libraries_that_found_it(tmp_path: Path) -> None:
    design = experiment()
    parts = Parts(tmp_path, "toy")
    works = works_of(design)
    parts.make()
    parts.keep("shared", shared_of(works))
    found = said(WORKER.format(path=str(parts.path("shared"))))
    rows = sum(len(table) for table in run_task(works[design.cells[0].key], 0).tables.values())
    assert found[0] == f"{rows} []"
