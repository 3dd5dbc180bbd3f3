"""Systems that change with time: unlimited beds, M/M/c from a known start, and queues that follow the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import exp, log, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array, eye_array
from scipy.special import gammainc, ndtr
from scipy.stats import poisson

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stay:
    """A distribution of stays by its survival and its limited mean E[min(S, x)]."""

    longer: Callable[[float], float]
    limited: Callable[[float], float]
    mean: float


def exponential(mean: float) -> Stay:
    return Stay(lambda x: exp(-x / mean), lambda x: mean * -np.expm1(-x / mean), mean)


def constant(value: float) -> Stay:
    return Stay(lambda x: float(x < value), lambda x: min(x, value), value)


def gamma(mean: float, shape: float) -> Stay:
    scale = mean / shape

    def longer(x: float) -> float:
        return 1 - float(gammainc(shape, x / scale))

    return Stay(longer, lambda x: mean * float(gammainc(shape + 1, x / scale)) + x * longer(x), mean)


def lognormal(mean: float, sd: float) -> Stay:
    sigma = sqrt(log(1 + (sd / mean) ** 2))
    return lognormal_logs(log(mean) - sigma**2 / 2, sigma)


def lognormal_logs(mu: float, sigma: float) -> Stay:
    mean = exp(mu + sigma**2 / 2)

    def longer(x: float) -> float:
        return 1.0 if x <= 0 else float(ndtr(-(log(x) - mu) / sigma))

    def limited(x: float) -> float:
        return 0.0 if x <= 0 else mean * float(ndtr((log(x) - mu) / sigma - sigma)) + x * longer(x)

    return Stay(longer, limited, mean)


def filling(rate: float, stay: Stay, time: float) -> float:
    """Mean occupancy of unlimited beds ``time`` after opening empty (Eick, Massey & Whitt 1993)."""
    return rate * stay.limited(time)


def stepped(steps: Sequence[tuple[float, float]], cycle: float, stay: Stay, time: float, cycles: int = 60) -> float:
    """Mean occupancy of unlimited beds at ``time`` in a cycle; ``steps`` are (start, rate), long since begun."""
    ends = [start for start, _ in steps[1:]] + [cycle]
    total = 0.0
    for (start, rate), end in zip(steps, ends, strict=True):
        for back in range(-1, cycles):
            since = time - start + back * cycle
            total += rate * (stay.limited(max(since, 0.0)) - stay.limited(max(since - (end - start), 0.0)))
    return total


def sinusoid(rate: float, amplitude: float, period: float, stay: str, mean: float, time: float) -> float:
    """Mean occupancy of unlimited beds under rate * (1 + amplitude * sin(2 pi t / period)).

    The stay (exponential or constant) enters by the transform of its survival at the cycle's frequency.
    """
    omega = 2j * np.pi / period
    reach = 1 / (1 / mean + omega) if stay == "exponential" else (1 - np.exp(-omega * mean)) / omega
    return rate * (mean + amplitude * float(np.imag(np.exp(omega * time) * reach)))


def snapshot(elapsed: Sequence[float], rate: float, stay: Stay, time: float) -> tuple[float, Floats]:
    """(mean still in of those present, distribution of all in) ``time`` after a snapshot of unlimited beds."""
    still, shares = 0.0, np.ones(1)
    for before in elapsed:
        chance = stay.longer(before + time) / stay.longer(before)
        still += chance
        shares = np.convolve(shares, [1 - chance, chance])
    arrived = poisson.pmf(np.arange(400), filling(rate, stay, time))
    return still, np.convolve(shares, arrived)


def percentile(shares: Floats, share: float) -> int:
    """Smallest k with P(N <= k) >= ``share``."""
    return int(np.searchsorted(np.cumsum(shares), share - 1e-12))


def evolve(flow: csr_array, start: Floats, time: float) -> tuple[Floats, Floats]:
    """(distribution after ``time``, its integral over the time) by uniformisation; ``flow`` is transposed."""
    if time == 0:
        return start, np.zeros_like(start)
    fastest = float(-flow.diagonal().min()) * 1.0001
    jump = (eye_array(flow.shape[0]) + flow / fastest).tocsr()
    last = int(poisson.isf(1e-16, fastest * time)) + 2
    here, at, spent = start, np.zeros_like(start), np.zeros_like(start)
    weights, beyond = poisson.pmf(np.arange(last), fastest * time), poisson.sf(np.arange(last), fastest * time)
    for weight, later in zip(weights, beyond, strict=True):
        at = at + weight * here
        spent = spent + later * here
        here = jump @ here
    return at, spent / fastest


@dataclass(frozen=True)
class Forecast:
    """M/M/c from a known number at time 0; more may be in service than beds, then nobody starts until below."""

    rate: float
    mean: float
    beds: int
    in_beds: int
    waiting: int
    top: int = 400

    @cached_property
    def flow(self) -> csr_array:
        return _flow(
            [
                (_state(s, q, self.top), _state(*_started(*after, self.beds), self.top), rate)
                for s in range(max(self.beds, self.in_beds) + 1)
                for q in range(self.top)
                for after, rate in (((s, q + 1), self.rate), ((s - 1, q), s / self.mean))
                if rate > 0 and after[1] < self.top
            ],
            (max(self.beds, self.in_beds) + 1) * self.top,
        )

    def at(self, time: float) -> tuple[Floats, Floats]:
        """Distribution, and its integral, over (in beds, waiting) at ``time``."""
        start = np.zeros(self.flow.shape[0])
        start[_state(*_started(self.in_beds, self.waiting, self.beds), self.top)] = 1.0
        return tuple(part.reshape(-1, self.top) for part in evolve(self.flow, start, time))  # type: ignore[return-value]


@dataclass(frozen=True)
class Shift:
    """Part of a cycle: from when, arrival rate, places where patients may start."""

    start: float
    rate: float
    places: int


@dataclass(frozen=True)
class Clockwork:
    """A queue whose arrivals and places follow a cycle, in its periodic state (Kolmogorov equations).

    A state is (in service, waiting). When places fall, those in service finish, or (``interrupts``) the
    surplus goes back to waiting. Places 0 stand for closed hours.
    """

    shifts: tuple[Shift, ...]
    cycle: float
    mean: float
    top: int
    interrupts: bool = False
    most: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "most", max(shift.places for shift in self.shifts))

    @cached_property
    def grid(self) -> tuple[Floats, Floats]:
        """(in service, waiting) by state."""
        serving, waiting = np.divmod(np.arange((self.most + 1) * self.top), self.top)
        return serving.astype(float), waiting.astype(float)

    def _flow_of(self, shift: Shift) -> csr_array:
        moves = []
        for s in range(self.most + 1):
            for q in range(self.top):
                for after, rate in (((s, q + 1), shift.rate), ((s - 1, q), s / self.mean)):
                    if rate > 0:
                        settled = _started(*after, shift.places)
                        if settled[1] < self.top:
                            moves.append((_state(s, q, self.top), _state(*settled, self.top), rate))
        return _flow(moves, (self.most + 1) * self.top)

    def _enter(self, shares: Floats, places: int) -> Floats:
        return np.bincount(self._entry[places], weights=shares, minlength=len(shares))

    @cached_property
    def _entry(self) -> dict[int, npt.NDArray[np.int64]]:
        """Where each state goes when so many places come into force."""
        serving, waiting = (part.astype(np.int64) for part in self.grid)
        out = {}
        for places in {shift.places for shift in self.shifts}:
            surplus = np.maximum(serving - places, 0) * self.interrupts
            starts = np.clip(np.minimum(waiting, places - serving), 0, None)
            out[places] = _state(
                serving - surplus + starts, np.minimum(waiting + surplus - starts, self.top - 1), self.top
            )
        return out

    @cached_property
    def _parts(self) -> list[tuple[float, Shift, csr_array]]:
        ends = [shift.start for shift in self.shifts[1:]] + [self.cycle]
        return [(end - s.start, s, self._flow_of(s)) for s, end in zip(self.shifts, ends, strict=True)]

    @cached_property
    def settled(self) -> Floats:
        """Distribution at the start of the cycle, just after the first shift begins."""
        shares = np.zeros((self.most + 1) * self.top)
        shares[0] = 1.0
        for _ in range(5000):
            before = shares
            for length, shift, flow in self._parts:
                shares = evolve(flow, self._enter(shares, shift.places), length)[0]
            if np.abs(shares - before).sum() < 1e-13:
                break
        return self._enter(shares, self.shifts[0].places)

    def at(self, time: float) -> Floats:
        """Distribution at a clock time, after any change of places at it."""
        shares = self.settled
        for length, shift, flow in self._parts:
            shares = self._enter(shares, shift.places)
            if time < shift.start + length:
                return evolve(flow, shares, time - shift.start)[0]
            shares = evolve(flow, shares, length)[0]
        raise ValueError(time)

    def integrals(self) -> Iterable[tuple[Shift, Floats]]:
        """Time spent in each state in one cycle, by shift."""
        shares = self.settled
        for length, shift, flow in self._parts:
            shares, spent = evolve(flow, self._enter(shares, shift.places), length)
            yield shift, spent

    def waiting(self, time: float) -> float:
        return float(self.at(time) @ self.grid[1])

    def serving(self, time: float) -> float:
        return float(self.at(time) @ self.grid[0])

    def someone_waits(self, time: float) -> float:
        return float(self.at(time) @ (self.grid[1] > 0))

    @cached_property
    def arrivals(self) -> float:
        """Mean arrivals a cycle."""
        return sum(length * shift.rate for length, shift, _ in self._parts)

    @cached_property
    def mean_waiting(self) -> float:
        return sum(float(spent @ self.grid[1]) for _, spent in self.integrals()) / self.cycle

    @cached_property
    def mean_serving(self) -> float:
        return sum(float(spent @ self.grid[0]) for _, spent in self.integrals()) / self.cycle

    @property
    def wait(self) -> float:
        """Mean time in queue of an arrival, by Little's law."""
        return self.mean_waiting * self.cycle / self.arrivals

    @cached_property
    def share_waiting(self) -> float:
        """Share of arrivals who cannot start at once."""
        stuck = sum(s.rate * float(spent @ (self.grid[0] >= s.places)) for s, spent in self.integrals())
        return stuck / self.arrivals

    @cached_property
    def overrun(self) -> float:
        """Server-time a cycle beyond the places on offer."""
        return sum(float(spent @ np.maximum(self.grid[0] - s.places, 0)) for s, spent in self.integrals())


def _state(serving: Any, waiting: Any, top: int) -> Any:
    return serving * top + waiting


def _started(serving: int, waiting: int, places: int) -> tuple[int, int]:
    """Let those waiting start while there is a place."""
    starts = max(0, min(waiting, places - serving))
    return serving + starts, waiting - starts


def _flow(moves: Sequence[tuple[int, int, float]], size: int) -> csr_array:
    here, there, rates = (np.array(column) for column in zip(*moves, strict=True))
    rows, columns = np.concatenate([there, here]), np.concatenate([here, here])
    return coo_array((np.concatenate([rates, -rates]), (rows, columns)), shape=(size, size)).tocsr()
