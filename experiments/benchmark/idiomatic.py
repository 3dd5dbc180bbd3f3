"""The sub-network as one would write it by hand in SimPy, with numpy's random numbers; it knows nothing of flowsim."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Generator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import simpy


@dataclass(frozen=True)
class Network:
    """The numbers of the sub-network.

    Attributes:
        per_day: arrivals [/day], at a constant rate.
        acuity: shares of the four classes, the most urgent first.
        admitted: share of A&E's patients who need a bed.
        onward: shares of the ward's patients who go to P1, P2 and P3.
        capacity: spaces of A&E, ward, P1, P2 and P3.
        stays: mean and standard deviation of the lognormal time in each [min].
    """

    per_day: float
    acuity: tuple[float, ...]
    admitted: float
    onward: tuple[float, float, float]
    capacity: tuple[int, ...]
    stays: tuple[tuple[float, float], ...]

    def logs(self, service: int) -> tuple[float, float]:
        """Return mean and standard deviation of the logarithm of the time in a service."""
        mean, sd = self.stays[service]
        spread = math.log1p((sd / mean) ** 2)
        return math.log(mean) - spread / 2, math.sqrt(spread)


@dataclass
class Seen:
    """What patients met, each noted when they left the service [min].

    Attributes:
        waits: wait for a cubicle, and class.
        cubicles: time a cubicle was kept after treatment, by all patients of A&E.
        beds: time a ward bed was kept after the stay.
        patients: who arrived.
    """

    waits: list[tuple[float, int]]
    cubicles: list[float]
    beds: list[float]
    patients: int = 0

    def means(self) -> dict[str, float]:
        """Return the means by which engines are compared."""
        urgent = [wait for wait, acuity in self.waits if acuity < 2]
        return {
            "arrivals": float(self.patients),
            "leave A&E": float(len(self.cubicles)),
            "leave the ward": float(len(self.beds)),
            "wait, classes 0 and 1 [min]": float(np.mean(urgent)),
            "wait, everyone [min]": float(np.mean([wait for wait, _ in self.waits])),
            "cubicle kept [min]": float(np.mean(self.cubicles)),
            "bed kept [min]": float(np.mean(self.beds)),
        }


class Hospital:
    """Resources, random numbers and notes of one run."""

    def __init__(self, network: Network, seed: int) -> None:
        self.env = simpy.Environment()
        self.rng = np.random.default_rng(seed)
        self.network = network
        cubicles, *others = network.capacity
        self.ae = simpy.PriorityResource(self.env, cubicles)
        self.ward, *self.after = [simpy.Resource(self.env, spaces) for spaces in others]
        self.logs = [network.logs(service) for service in range(len(network.stays))]
        self.acuity = list(accumulate(network.acuity))[:-1]
        self.onward = list(accumulate(network.onward))
        self.seen = Seen([], [], [])

    def stay(self, service: int) -> simpy.Timeout:
        """Return the time in a service, to wait for."""
        return self.env.timeout(self.rng.lognormal(*self.logs[service]))

    def patient(self) -> Generator[Any, Any, None]:
        """Live through a patient's visit."""
        env, arrived = self.env, self.env.now
        acuity = bisect(self.acuity, self.rng.random())
        with self.ae.request(priority=acuity) as cubicle:
            yield cubicle
            waited = env.now - arrived
            yield self.stay(0)
            ready = env.now
            bed = self.ward.request() if self.rng.random() < self.network.admitted else None
            if bed is not None:
                yield bed
        self.seen.waits.append((waited, acuity))
        self.seen.cubicles.append(env.now - ready)
        if bed is None:
            return
        yield self.stay(1)
        ready = env.now
        to = bisect(self.onward, self.rng.random())
        place = self.after[to].request() if to < len(self.after) else None
        if place is not None:
            yield place
        self.ward.release(bed)
        self.seen.beds.append(env.now - ready)
        if place is not None:
            yield self.stay(2 + to)
            self.after[to].release(place)

    def arrivals(self) -> Generator[simpy.Event, Any, None]:
        """Let patients arrive for ever."""
        gap = 1440 / self.network.per_day
        while True:
            yield self.env.timeout(self.rng.exponential(gap))
            self.seen.patients += 1
            self.env.process(self.patient())


def run(network: Network, days: float, seed: int) -> Seen:
    """Run the sub-network from empty for some days, and return what patients met."""
    hospital = Hospital(network, seed)
    hospital.env.process(hospital.arrivals())
    hospital.env.run(until=1440 * days)
    return hospital.seen
