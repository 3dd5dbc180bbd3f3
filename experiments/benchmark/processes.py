"""What needs a process of its own: peak memory of one work, and batches of tasks on several workers."""

from __future__ import annotations

import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from networks import HERE, halton, subnetwork, work_of

if TYPE_CHECKING:
    from flowsim.experiment.design import Design
    from flowsim.system.spec import SystemSpec

MEMORY_OF = (
    "Halton, kernel",
    "Halton, kernel and measures",
    "Halton, reference",
    "Halton, SimPy by hand",
    "Halton, SimPy by hand and measures",
    "A year, kernel",
    "A year, kernel and measures",
    "A year, a worker's three replications",
    "Sub-network, kernel",
    "Sub-network, SimPy by hand",
    "Sub-network, Ciw",
)
WANTED_MIB = 400
"""What a worker may hold at most with a year's measures."""


def asked(words: Sequence[str]) -> str:
    """Return what the benchmark prints in a process of its own.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, str(HERE / "benchmark.py"), *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def peak() -> float:
    """Return the most memory this process has held [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peaks(days: float, names: Sequence[str], say: Callable[[str], object]) -> dict[str, float]:
    """Return the peak memory [MiB] of a process of its own for each work, start-up included.

    To be asked before this process grows: what a child inherits would count as its own.
    """
    out = {}
    for name in names:
        if name.endswith("Ciw") and find_spec("ciw") is None:
            say(f"memory: {name} left out, Ciw is not installed (pip install ciw)")
            continue
        say(f"memory: {name}")
        out[name] = float(asked(["--days", f"{days:g}", "--memory", name]))
    return out


def alone(name: str, days: float) -> float:
    """Run one work once, with nothing else in the process that it does not need, and return the peak memory [MiB]."""
    if name.startswith("Sub-network"):
        alone_on_the_sub_network(name, days)
        return peak()
    if name == "A year, a worker's three replications":
        return of_a_worker(halton(365, ["run.replications=3"]))
    design = halton(365 if name.startswith("A year") else days)
    spec = design.cells[0].spec
    if "by hand" in name:
        import by_hand

        region = by_hand.run(spec, 1)
        if name.endswith("measures"):
            import by_hand_measures

            by_hand_measures.measures(region)
    elif name.endswith("measures"):
        from flowsim.experiment import tasks

        tasks.run_task(work_of(design, "kernel"), 0)
    else:
        engine(spec, "reference" if "reference" in name else "kernel")
    return peak()


WORKER = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    job = pickle.load(file)
from flowsim.experiment.tasks import run_and_keep
run_and_keep(job)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def of_a_worker(design: Design) -> float:
    """Return the most memory [MiB] that a process holds which gets a design's tasks as flowsim's workers do."""
    from flowsim.experiment.runner import shared_of, works_of
    from flowsim.experiment.store import Parts
    from flowsim.experiment.tasks import Job

    with tempfile.TemporaryDirectory() as folder:
        parts, file = Parts(Path(folder), "benchmark"), Path(folder) / "job.pickle"
        parts.make()
        parts.keep("shared", shared_of(works_of(design)))
        file.write_bytes(pickle.dumps(Job(design.tasks, "shared", parts)))
        done = subprocess.run([sys.executable, "-c", WORKER, str(file)], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def alone_on_the_sub_network(name: str, days: float) -> None:
    """Run one work of the sub-network once."""
    spec, network = subnetwork(days)
    if name.endswith("by hand"):
        import idiomatic

        idiomatic.run(network, days, 1)
    elif name.endswith("Ciw"):
        import ciw_sub

        ciw_sub.run(network, days, 1)
    else:
        engine(spec, "kernel")


def engine(spec: SystemSpec, name: str) -> None:
    """Run one of flowsim's engines once."""
    from flowsim.demand import arrivals
    from flowsim.experiment import tasks

    tasks.ENGINES[name]()(spec, 0, arrivals(spec, 0))


@dataclass(frozen=True)
class Batch:
    """A batch of tasks on some workers.

    Attributes:
        tasks: replications of Halton, measured and kept.
        wall: seconds from the first task handed out to the last one back, workers being there already.
        cpu: CPU seconds of this process and its workers meanwhile; nan where the system does not tell.
    """

    workers: int
    tasks: int
    wall: float
    cpu: float

    def told(self) -> str:
        """Return it as a line that ``batch_from`` reads."""
        return f"{self.workers} {self.tasks} {self.wall!r} {self.cpu!r}\n"

    @property
    def cores(self) -> float:
        """Cores the batch really had."""
        return self.cpu / self.wall


def batch_from(line: str) -> Batch:
    """Return the batch that another process told of."""
    workers, tasks, wall, cpu = line.split()
    return Batch(int(workers), int(tasks), float(wall), float(cpu))


def batch(workers: int, days: float, tasks: int) -> Batch:
    """Run a batch through flowsim's own pool, after a first one that wakes the workers."""
    run_batch(workers, days, 2 * workers, seed=1)
    return run_batch(workers, days, tasks, seed=2)


def run_batch(workers: int, days: float, tasks: int, seed: int) -> Batch:
    """Run so many replications on so many workers."""
    from flowsim.experiment.progress import Progress
    from flowsim.experiment.runner import run_tasks
    from flowsim.experiment.store import Parts

    design = halton(days, [f"run.replications={tasks}", f"run.seed={seed}"])
    with tempfile.TemporaryDirectory() as folder, Progress(tasks, 1.0, None) as progress:
        began, spent = time.perf_counter(), family_cpu()
        run_tasks(design, Parts(Path(folder), "benchmark"), workers, progress)
        return Batch(workers, tasks, time.perf_counter() - began, family_cpu() - spent)


def family_cpu() -> float:
    """Return CPU seconds of this process and of its living children; nan where the system does not tell."""
    me, total = os.getpid(), time.process_time()
    if not Path("/proc/self/stat").exists():
        return float("nan")
    per_second = os.sysconf("SC_CLK_TCK")
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in brackets may hold spaces; what follows are state, parent, ... and user and system ticks.
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == me:
            total += (int(words[11]) + int(words[12])) / per_second
    return total


def batches(days: float, tasks: int, say: Callable[[str], object]) -> list[Batch]:
    """Return a batch on one worker, on two, and on sixteen where there are as many cores."""
    out = []
    for workers in (1, 2, 16) if (os.cpu_count() or 1) >= 16 else (1, 2):
        say(f"workers: {workers}")
        # Enough for each worker to have several.
        out.append(batch_from(asked(["--days", f"{days:g}", "--batch", f"{workers},{max(tasks, 4 * workers)}"])))
    return out
