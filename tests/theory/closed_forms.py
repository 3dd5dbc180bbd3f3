"""Queues with known answers, in closed form: what the simulated stations are held against.

Rates and times are in whatever unit the caller uses, the same one throughout. Sources: Kleinrock,
Queueing Systems (1975); Gross & Harris, Fundamentals of Queueing Theory; others named where used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

Floats = npt.NDArray[np.float64]


def erlang_b(servers: int, load: float) -> float:
    """Share of arrivals lost by ``servers`` places and no queue, ``load`` in erlangs (Erlang 1917)."""
    lost = 1.0
    for n in range(1, servers + 1):
        lost = load * lost / (n + load * lost)
    return lost


def erlang_c(servers: int, load: float) -> float:
    """Share of arrivals who wait, all waiting allowed (Erlang 1917)."""
    lost = erlang_b(servers, load)
    busy = load / servers
    return lost / (1 - busy * (1 - lost))


@dataclass(frozen=True)
class Queue:
    """M/M/c with an unlimited first-come queue: the wait is 0, or exponential with rate ``drain``."""

    rate: float
    mean: float
    servers: int

    @property
    def load(self) -> float:
        return self.rate * self.mean

    @property
    def utilisation(self) -> float:
        return self.load / self.servers

    @property
    def waits(self) -> float:
        return erlang_c(self.servers, self.load)

    @property
    def drain(self) -> float:
        return self.servers / self.mean - self.rate

    @property
    def wait(self) -> float:
        return self.waits / self.drain

    @property
    def wait_sd(self) -> float:
        return sqrt(self.waits * (2 - self.waits)) / self.drain

    @property
    def waiting(self) -> float:
        return self.rate * self.wait

    @property
    def inside(self) -> float:
        return self.waiting + self.load

    def longer(self, time: float) -> float:
        """Share who wait longer than ``time``."""
        return self.waits * exp(-self.drain * time)

    def percentile(self, share: float) -> float:
        """Wait that ``share`` of arrivals do not exceed."""
        return max(0.0, log(self.waits / (1 - share)) / self.drain)


def birth_death(birth: Callable[[int], float], death: Callable[[int], float], top: int) -> Floats:
    """Stationary probabilities of a birth-death chain on 0 .. ``top``."""
    logs = [0.0]
    for n in range(top):
        up = birth(n)
        logs.append(logs[-1] + (log(up) if up > 0 else -np.inf) - log(death(n + 1)))
    weights = np.exp(np.array(logs) - max(logs))
    return weights / weights.sum()


@dataclass(frozen=True)
class Station:
    """Stationary numbers of a chain that counts people at one station."""

    chain: Floats
    servers: int

    @property
    def counts(self) -> Floats:
        return np.arange(len(self.chain), dtype=float)

    @property
    def waiting(self) -> float:
        return float(self.chain @ np.maximum(self.counts - self.servers, 0))

    @property
    def serving(self) -> float:
        return float(self.chain @ np.minimum(self.counts, self.servers))

    @property
    def busy(self) -> float:
        """Share of time with every server taken."""
        return float(self.chain[self.servers :].sum())


def finite_queue(rate: float, mean: float, servers: int, places: int) -> Station:
    """M/M/c with ``places`` to wait; whoever finds none is lost."""
    return Station(birth_death(lambda n: rate, lambda n: min(n, servers) / mean, servers + places), servers)


def balking(rate: float, mean: float, servers: int, plus: float, top: int = 400) -> Station:
    """M/M/c where an arrival who finds no server free and q waiting joins with probability 1 / (q + plus)."""

    def joining(n: int) -> float:
        return rate if n < servers else rate / (n - servers + plus)

    return Station(birth_death(joining, lambda n: min(n, servers) / mean, top), servers)


def machine_repair(people: int, away: float, mean: float, servers: int) -> Station:
    """A closed caseload: each comes back an exponential ``away`` after the end of the last visit."""
    return Station(birth_death(lambda n: (people - n) / away, lambda n: min(n, servers) / mean, people), servers)


def kept_back(rates: tuple[float, float], mean: float, beds: int, kept: int) -> tuple[float, float, float]:
    """(first refused, second refused, occupancy) of a loss ward that keeps ``kept`` beds for the first class."""
    first, second = rates
    chain = birth_death(lambda n: first + (second if n < beds - kept else 0.0), lambda n: n / mean, beds)
    return float(chain[beds]), float(chain[beds - kept :].sum()), float(chain @ np.arange(beds + 1))


def mg1_wait(rate: float, mean: float, sd: float) -> float:
    """Mean wait in M/G/1 (Pollaczek-Khinchine)."""
    return rate * (mean**2 + sd**2) / (2 * (1 - rate * mean))


def dm1(gap: float, mean: float) -> tuple[float, float]:
    """(share who wait, mean wait) with one arrival exactly every ``gap`` and one exponential server."""
    root = brentq(lambda s: s - exp(-(1 - s) * gap / mean), 0.0, 1 - 1e-9, xtol=1e-15)
    return root, root * mean / (1 - root)


def batch_inside(rate: float, sizes: Mapping[int, float], mean: float) -> float:
    """Mean number in M^X/M/1, ``rate`` in batches."""
    first = sum(n * p for n, p in sizes.items())
    second = sum(n * n * p for n, p in sizes.items())
    load = rate * first * mean
    return (load + rate * second * mean) / (2 * (1 - load))


def cobham(rates: Sequence[float], means: Sequence[float], seconds: Sequence[float]) -> list[float]:
    """Mean wait by class in M/G/1, first class first, none interrupted; ``seconds``: second moments (Cobham 1954)."""
    residual = sum(r * s for r, s in zip(rates, seconds, strict=True)) / 2
    return _cobham_levels(residual, [r * m for r, m in zip(rates, means, strict=True)])


def cobham_many(rates: Sequence[float], mean: float, servers: int) -> list[float]:
    """Mean wait by class in M/M/c with one mean for all (Cobham 1954; Kella & Yechiali 1985)."""
    every = Queue(sum(rates), mean, servers)
    return _cobham_levels(every.waits * mean / servers, [r * mean / servers for r in rates])


def _cobham_levels(residual: float, loads: Sequence[float]) -> list[float]:
    waits, above = [], 0.0
    for load in loads:
        waits.append(residual / ((1 - above) * (1 - above - load)))
        above += load
    return waits


def preemptive(rates: tuple[float, float], mean: float, servers: int) -> tuple[float, float]:
    """Mean time in system of two classes in M/M/c, the first interrupting the second, who resumes.

    The first class sees only itself; the number of both together does not depend on the order.
    """
    first, both = Queue(rates[0], mean, servers), Queue(sum(rates), mean, servers)
    return first.wait + mean, (both.inside - first.inside) / rates[1]


@dataclass(frozen=True)
class Impatient:
    """M/M/c with patience: what the reneging cases ask for."""

    reneged: float
    busy: float
    waiting: float
    served_wait: float
    reneged_wait: float
    utilisation: float


def erlang_a(rate: float, mean: float, servers: int, patience: float, top: int = 600) -> Impatient:
    """M/M/c with exponential patience (Palm 1957).

    An arrival with j waiting before them is served after stages of rate c mu + k theta, k = j .. 0, if
    their own patience outlasts these: E[V; served] = prod r_k / (r_k + theta) * sum 1 / (r_k + theta).
    """
    served_rate, giving_up = servers / mean, 1 / patience

    def death(n: int) -> float:
        return min(n, servers) / mean + max(n - servers, 0) * giving_up

    state = Station(birth_death(lambda n: rate, death, top), servers)
    wait_of_served, reach, times = 0.0, 1.0, 0.0
    for j in range(top - servers):
        stage = served_rate + j * giving_up
        reach *= stage / (stage + giving_up)
        times += 1 / (stage + giving_up)
        wait_of_served += state.chain[servers + j] * reach * times
    reneged = giving_up * state.waiting / rate
    return Impatient(
        reneged=reneged,
        busy=state.busy,
        waiting=state.waiting,
        served_wait=wait_of_served / (1 - reneged),
        reneged_wait=(state.waiting / rate - wait_of_served) / reneged,
        utilisation=state.serving / servers,
    )


def fixed_patience(rate: float, mean: float, servers: int, patience: float) -> Impatient:
    """M/M/c where everyone gives up after exactly ``patience`` (Baccelli & Hebuterne 1981).

    The offered wait has density rate * P(c - 1 busy) * exp(-(c mu - rate) x) up to the patience and
    falls like exp(-c mu x) beyond, where arrivals no longer add to it.
    """
    load, out = rate * mean, servers / mean
    drift = out - rate
    weights = np.cumprod([1.0, *(load / n for n in range(1, servers))])
    level = rate * weights[-1]
    below = level * -np.expm1(-drift * patience) / drift
    beyond = level * exp(-drift * patience) / out
    total = weights.sum() + below + beyond
    first_moment = level * (1 - exp(-drift * patience) * (1 + drift * patience)) / drift**2 / total
    reneged = beyond / total
    waiting = rate * (first_moment + patience * reneged)
    return Impatient(
        reneged=reneged,
        busy=(below + beyond) / total,
        waiting=waiting,
        served_wait=first_moment / (1 - reneged),
        reneged_wait=patience,
        utilisation=load * (1 - reneged) / servers,
    )


def kaufman_roberts(units: int, loads: Sequence[float], takes: Sequence[int]) -> tuple[list[float], float]:
    """(share lost by class, mean units in use) of a shared pool without queue (Kaufman 1981; Roberts 1981)."""
    weights = np.zeros(units + 1)
    weights[0] = 1.0
    for n in range(1, units + 1):
        weights[n] = sum(a * b * weights[n - b] for a, b in zip(loads, takes, strict=True) if n >= b) / n
    chain = weights / weights.sum()
    return [float(chain[units - b + 1 :].sum()) for b in takes], float(chain @ np.arange(units + 1))


@dataclass(frozen=True)
class Jackson:
    """Open network of M/M/c nodes; each node is as if alone (Jackson 1957)."""

    nodes: Mapping[str, Queue]
    outside: float

    @property
    def inside(self) -> float:
        return sum(node.inside for node in self.nodes.values())

    @property
    def time(self) -> float:
        """Mean time from the first arrival to the exit."""
        return self.inside / self.outside


def jackson(
    outside: Mapping[str, float],
    service: Mapping[str, tuple[float, int]],
    routes: Mapping[str, Mapping[str, float]],
) -> Jackson:
    """Solve the traffic equations; ``service`` holds (mean, servers), ``routes`` the shares that go on."""
    names = list(service)
    onward = np.array([[routes.get(a, {}).get(b, 0.0) for b in names] for a in names])
    rates = np.linalg.solve(np.eye(len(names)) - onward.T, [outside.get(name, 0.0) for name in names])
    nodes = {name: Queue(float(rate), *service[name]) for name, rate in zip(names, rates, strict=True)}
    return Jackson(nodes, sum(outside.values()))


def visits_a_stay(first: float, last: float, days: int) -> list[int]:
    """Visits on each day of a stay, even steps from ``first`` to ``last``, rounded half to even."""
    return [round(first + (last - first) * k / max(days - 1, 1)) for k in range(days)]
