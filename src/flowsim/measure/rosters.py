"""Staff time rostered."""

from __future__ import annotations

import numpy as np

from flowsim.measure.integrals import areas
from flowsim.measure.intervals import FAR
from flowsim.system.once import once_a_system
from flowsim.system.spec import Steps, SystemSpec
from flowsim.trajectory import Ints


@once_a_system
def rostered(spec: SystemSpec, edges: bytes) -> Ints:
    """Return the staff time rostered, absences included, by pool and period between edges [ticks].

    Args:
        spec: the system.
        edges: ticks between the periods, as the bytes of their array; a system's replications have the same few.
    """
    ticks = np.frombuffer(edges, dtype=np.int64)
    found = np.zeros((len(spec.staff), len(ticks) - 1), dtype=np.int64)
    for i, pool in enumerate(spec.staff):
        found[i] = _under(pool.rota, ticks)
    return found


def _under(rota: Steps, edges: Ints) -> Ints:
    start, number = np.array(rota.ticks, dtype=np.int64), np.array(rota.values, dtype=np.int64)
    return np.asarray(areas(np.zeros_like(start), 1, start, np.append(start[1:], FAR), number, edges)[0])
