"""How workers are set up: each thing is asked of a process of its own, as it holds for as long as the process."""

import subprocess
import sys

import pytest

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
