"""Works on the whole of Halton, each in a process of its own that does nothing else.

So none runs among the others' memory and code: flowsim's engines run as they do in its workers, a version by hand
as an analyst's script would.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, TextIO

from networks import HERE, halton, work_of
from rounds import Elsewhere, Work, timed

if TYPE_CHECKING:
    from flowsim.experiment.design import Design

FIRST_TIMED = 1
"""Replication of the first run that is timed; 0 is the one that is counted, and that warms a process up."""
Prepared = Callable[[int], Work]
"""From a replication to the work on it; what it does itself is not timed."""


def _kernel(design: Design) -> Prepared:
    from flowsim.engine import kernel

    spec = design.cells[0].spec
    return lambda replication: lambda: kernel.run(spec, replication)


def _kernel_given_arrivals(design: Design) -> Prepared:
    from flowsim.demand import arrivals
    from flowsim.engine import kernel

    spec = design.cells[0].spec

    def prepared(replication: int) -> Work:
        coming = arrivals(spec, replication)
        return lambda: kernel.run(spec, replication, coming)

    return prepared


def _kernel_and_measures(design: Design) -> Prepared:
    return _measured(design, "kernel")


def _reference(design: Design) -> Prepared:
    from flowsim.engine import reference

    spec = design.cells[0].spec
    return lambda replication: lambda: reference.run(spec, replication)


def _reference_and_measures(design: Design) -> Prepared:
    return _measured(design, "reference")


def _measured(design: Design, engine: str) -> Prepared:
    from flowsim.experiment import tasks

    work = work_of(design, engine)
    return lambda replication: lambda: tasks.run_task(work, replication)


def _by_hand(design: Design) -> Prepared:
    import by_hand

    spec = design.cells[0].spec
    return lambda replication: lambda: by_hand.run(spec, replication)


def _by_hand_and_measures(design: Design) -> Prepared:
    import by_hand
    import by_hand_measures

    spec = design.cells[0].spec
    return lambda replication: lambda: by_hand_measures.measures(by_hand.run(spec, replication))


KERNEL, GIVEN, MEASURED = "Halton, kernel", "Halton, kernel, arrivals given", "Halton, kernel and measures"
REFERENCE, REFERENCE_MEASURED = "Halton, reference", "Halton, reference and measures"
BY_HAND, BY_HAND_MEASURED = "Halton, SimPy by hand", "Halton, SimPy by hand and measures"
COMPILED = {KERNEL: _kernel, GIVEN: _kernel_given_arrivals, MEASURED: _kernel_and_measures}
"""Works whose code is loaded, and whose specification is packed, by a first run that is not timed."""
APART = COMPILED | {
    REFERENCE: _reference,
    REFERENCE_MEASURED: _reference_and_measures,
    BY_HAND: _by_hand,
    BY_HAND_MEASURED: _by_hand_and_measures,
}


def serve(name: str, days: float, asked: TextIO, told: TextIO) -> None:
    """Run a work on each replication asked for, a line each, and tell its CPU seconds."""
    from flowsim.experiment.worker import set_up, settle

    if "by hand" not in name:
        set_up()
    prepared = APART[name](halton(days))
    if name in COMPILED:
        prepared(0)()
        settle()
    for line in asked:
        told.write(f"{timed(prepared(int(line)))!r}\n")
        told.flush()


class Apart:
    """A work in a process of its own, which starts with the first run and ends with this process, or at ``close``."""

    def __init__(self, name: str, days: float) -> None:
        self.words = ["--days", f"{days:g}", "--serve", name]
        self.replications = count(FIRST_TIMED)
        self.process: subprocess.Popen[str] | None = None

    def __call__(self) -> Elsewhere:
        """Run the next replication.

        Raises:
            RuntimeError: the process has ended.
        """
        if self.process is None:
            command = [sys.executable, str(HERE / "benchmark.py"), *self.words]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        asks, tells = self.process.stdin, self.process.stdout
        assert asks is not None, "a pipe was asked for"
        assert tells is not None, "a pipe was asked for"
        with contextlib.suppress(BrokenPipeError):
            asks.write(f"{next(self.replications)}\n")
            asks.flush()
        line = tells.readline()
        if not line:
            code = self.process.wait()
            self.close()
            raise RuntimeError(f"{' '.join(self.words)}: ended with {code}")
        return Elsewhere(float(line))

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.communicate()
            self.process = None
