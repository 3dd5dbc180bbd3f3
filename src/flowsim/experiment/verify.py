"""Checks that anyone can run on their own machine: conservation, queueing theory, repeatability."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from flowsim.analyse.intervals import interval

if TYPE_CHECKING:
    from flowsim.system.spec import SystemSpec
    from flowsim.trajectory import Trajectory

STANDARD_ERRORS = 4.0
"""How far a simulated mean may lie from theory; the draws are fixed, so a sound program never crosses it."""
REPLICATIONS = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    what: str
    is_well: bool
    detail: str


def verify_all() -> Iterator[Finding]:
    """Yield each check's finding as it ends."""
    spec = _toy()
    trajectory = _run(spec, 0)
    yield conservation(spec, trajectory)
    yield repeatability(spec, trajectory)
    yield other_process(trajectory)
    for servers, load in ((1, 0.5), (3, 0.75)):
        yield theory(servers, load)


def conservation(spec: SystemSpec, trajectory: Trajectory) -> Finding:
    """Every patient who came has left or is inside, and nobody is in two places at once."""
    from flowsim.demand import arrivals

    patients, visits = trajectory.patients, trajectory.visits
    placed = sum(people.number for service in spec.services for people in service.initial)
    came = len(arrivals(spec, trajectory.replication).tick) + placed
    left, inside = int((patients.left >= 0).sum()), int((patients.left < 0).sum())
    order = np.lexsort((visits.queued, visits.patient))
    patient, started, ended = visits.patient[order], visits.started[order], visits.left[order]
    follows = (patient[1:] == patient[:-1]) & (started[1:] >= 0)
    overlaps = int((follows & ((ended[:-1] < 0) | (started[1:] < ended[:-1]))).sum())
    return Finding(
        "patients in = patients out + patients inside",
        came == left + inside and overlaps == 0 and came > 0,
        f"{came} in, {left} out, {inside} inside, {overlaps} in two places, in {len(spec.services)} services",
    )


def repeatability(spec: SystemSpec, trajectory: Trajectory) -> Finding:
    """The same seed and replication give the same trajectory, another replication another."""
    again, other = _run(spec, 0), _run(spec, 1)
    differs = trajectory.difference(again)
    is_well = differs is None and trajectory.difference(other) is not None
    return Finding("one seed, one trajectory", is_well, differs or f"{trajectory.events} events twice")


def other_process(trajectory: Trajectory) -> Finding:
    """Another process, with other hashing of its own, gives the same trajectory."""
    code = "from flowsim.experiment.verify import toy_fingerprint; import sys; sys.stdout.write(toy_fingerprint())"
    environment = os.environ | {"PYTHONHASHSEED": "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    mine, theirs = fingerprint(trajectory), done.stdout.strip()
    detail = mine[:16] if mine == theirs else f"{mine[:16]} here, {theirs[:16] or done.stderr.strip()[-80:]} there"
    return Finding("another process, the same trajectory", mine == theirs, detail)


def theory(servers: int, load: float) -> Finding:
    """The mean wait of an M/M/c queue is Erlang's: C(c, a) / (c mu - lambda)."""
    mean_stay = 10.0
    rate = load * servers / mean_stay
    spec = _queue(servers, rate, mean_stay)
    waits = [_mean_wait(spec, _run(spec, replication)) for replication in range(REPLICATIONS)]
    found = interval(waits)
    wanted = erlang_c(servers, load * servers) / (servers / mean_stay - rate)
    distance = abs(found.mean - wanted) / found.standard_error
    return Finding(
        f"mean wait of M/M/{servers} at {load:.0%}",
        distance <= STANDARD_ERRORS,
        f"{found.mean:.3f} min, theory {wanted:.3f}, {distance:.1f} standard errors apart",
    )


def erlang_c(servers: int, offered: float) -> float:
    """Return the probability of waiting in M/M/c with offered load a = lambda / mu (Erlang, 1917).

    Example:
        >>> erlang_c(1, 0.5)
        0.5
    """
    last = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return last / (sum(offered**k / math.factorial(k) for k in range(servers)) + last)


def fingerprint(trajectory: Trajectory) -> str:
    """Return a hash of every number of a trajectory."""
    found = hashlib.sha256()
    for table in ("patients", "visits", "delays", "staffed", "capacity", "on_duty"):
        part = getattr(trajectory, table)
        for column in fields(part):
            found.update(np.ascontiguousarray(getattr(part, column.name)).tobytes())
    return found.hexdigest()


def toy_fingerprint() -> str:
    """Return the fingerprint of the toy place's first replication."""
    return fingerprint(_run(_toy(), 0))


def _toy() -> SystemSpec:
    from flowsim.config.load import load
    from flowsim.config.scenarios import stage
    from flowsim.system.build import build

    return build(stage(load(["place=toy"]).raw, (), None))


def _queue(servers: int, rate: float, mean_stay: float) -> SystemSpec:
    from flowsim.config.scenarios import stage
    from flowsim.system.build import build

    raw: dict[str, Any] = {
        "place": {"id": "queue", "label": "One queue", "calendar": {"timezone": "UTC", "holidays": "none"}},
        "stream": {"arrivals": {"volume": f"{rate!r} /min", "to": "desk"}},
        "service": {
            "desk": {
                "capacity": {"servers": servers},
                "steps": {"service": {"duration": {"kind": "exponential", "mean": f"{mean_stay!r} min"}}},
            }
        },
        "pathway": {"desk": {"all": {"to": {"home": "rest"}}}},
        "run": {"warm_up": "2 d", "duration": "28 d"},
    }
    return build(stage(raw, (), None))


def _mean_wait(spec: SystemSpec, trajectory: Trajectory) -> float:
    visits = trajectory.visits
    counted = (visits.queued >= spec.warm_up) & (visits.started >= 0)
    return float((visits.started - visits.queued)[counted].mean()) / spec.clock.ticks_per_minute


def _run(spec: SystemSpec, replication: int) -> Trajectory:
    from flowsim.demand import arrivals
    from flowsim.experiment.tasks import ENGINES

    return ENGINES["reference"]()(spec, replication, arrivals(spec, replication))
