"""Runs of random networks by the reference engine, and their trajectory read at every tick."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import groupby

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from flowsim.engine.reference import run
from flowsim.system.spec import ServiceSpec, SystemSpec
from flowsim.trajectory import NEVER, Capacity, Trajectory, Visits
from tests.property.reduction import reduced
from tests.property.strategies import Network, networks

Ints = npt.NDArray[np.int64]

ORDINARY = settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
DEEP = settings(ORDINARY, max_examples=5000)


@dataclass(frozen=True)
class World:
    """A network, its specification and what happened in it."""

    network: Network
    spec: SystemSpec
    got: Trajectory

    @property
    def visits(self) -> Visits:
        """All visits."""
        return self.got.visits

    def at(self, service: int) -> Ints:
        """Return the rows of the visits to a service, in order of joining."""
        return np.flatnonzero(self.got.visits.service == service)

    def left(self, rows: Ints) -> Ints:
        """Return when visits ended, those in progress at the end of the run."""
        left = self.got.visits.left[rows]
        return np.where(left == NEVER, self.got.end, left)

    def services(self, which: Callable[[ServiceSpec], bool]) -> Iterator[tuple[int, ServiceSpec, Ints]]:
        """Yield (index, service, rows of its visits) for the services that some have visited."""
        for index, service in enumerate(self.spec.services):
            rows = self.at(index)
            if rows.size and which(service):
                yield index, service, rows


def world_of(network: Network, replication: int = 0) -> World:
    """Build and run a network."""
    spec = network.spec
    return World(network, spec, run(spec, replication))


def holds_in(
    strategy: SearchStrategy[Network] | None = None, how: settings = ORDINARY
) -> Callable[[Callable[[World], None]], Callable[[], None]]:
    """Make a test of a property of every world."""

    def decorate(check: Callable[[World], None]) -> Callable[[], None]:
        def fails(network: Network) -> bool:
            world = world_of(network)
            try:
                check(world)
            except AssertionError:
                return True
            return False

        @wraps(check)
        def wrapped(network: Network) -> None:
            if fails(network):
                small = reduced(network, fails)
                print(f"It does not hold of this network:\n{small!r}")  # noqa: T201
                check(world_of(small))

        wrapped.__dict__.pop("__wrapped__")
        wrapped.__annotations__ = {}
        return how(given(network=networks() if strategy is None else strategy)(wrapped))

    return decorate


def interrupts(service: ServiceSpec) -> bool:
    """Whether patients may be interrupted there, so that their visits do not say when they hold a space."""
    return service.preempts or service.cut_interrupts


# ---------------------------------------------------------------------- over time


@dataclass(frozen=True)
class Level:
    """A step function of time from when things began and ended, the end not included."""

    ticks: Sequence[int]
    values: Sequence[int]

    def at(self, tick: int) -> int:
        """Return the value once everything of a tick has happened."""
        index = bisect_right(self.ticks, tick) - 1
        return 0 if index < 0 else self.values[index]

    def most(self, tick: int) -> int:
        """Return the greater of the values before and after the changes of a tick.

        Changes of one tick are taken service by service, then pool by pool: whoever moves on at an earlier one
        meets the others as they were.
        """
        return max(self.at(tick - 1), self.at(tick))


def level_of(begin: Ints, end: Ints, weight: Ints) -> Level:
    """Return the total weight of the intervals [begin, end)."""
    ups, downs = zip(begin, weight, strict=True), zip(end, -weight, strict=True)
    changes = sorted((int(tick), int(amount)) for tick, amount in (*ups, *downs))
    ticks, values, total = [], [], 0
    for tick, group in groupby(changes, key=lambda change: change[0]):
        total += sum(amount for _, amount in group)
        ticks.append(tick)
        values.append(total)
    return Level(ticks, values)


def offered(capacity: Capacity, service: int) -> tuple[Level, Level]:
    """Return (spaces with surge, whether patients may start) of a service over time."""
    mine = np.flatnonzero(capacity.service == service)
    ticks = capacity.tick[mine].tolist()
    return (
        Level(ticks, (capacity.spaces + capacity.surge)[mine].tolist()),
        Level(ticks, capacity.admitting[mine].tolist()),
    )
