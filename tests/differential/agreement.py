"""Two engines, one trajectory."""

from __future__ import annotations

import numpy as np

from flowsim.engine import kernel, reference
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import Trajectory


def differ(spec: SystemSpec, replication: int = 0) -> str | None:
    """Return where the engines first differ in one replication, in words; None where they do not."""
    told, found = reference.run(spec, replication), kernel.run(spec, replication)
    if told.end != found.end or told.replication != found.replication:
        return f"end {told.end} against {found.end}, replication {told.replication} against {found.replication}"
    wrong = told.difference(found)
    if wrong is None and told.events != found.events:
        wrong = f"{told.events} events against {found.events}"
    return wrong


def agree(spec: SystemSpec, replication: int = 0) -> None:
    """Assert that the engines agree tick for tick."""
    wrong = differ(spec, replication)
    assert wrong is None, f"replication {replication}: the reference engine's {wrong} the kernel's"


def busy(trajectory: Trajectory) -> bool:
    """Whether enough happened for agreement to mean something."""
    return bool(np.count_nonzero(trajectory.visits.ready >= 0) > 10)
