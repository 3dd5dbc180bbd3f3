"""Markov chains solved numerically: networks that have no closed form, to about 1e-10.

A chain is given by its moves: a function from a state to the states it jumps to and their rates. The
states are found by following the moves, so a chain is written as the rules a ward would state.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import spsolve

Floats = npt.NDArray[np.float64]
State = TypeVar("State", bound=Hashable)
Moves = Callable[[State], Iterable[tuple[State, float]]]


@dataclass(frozen=True)
class Chain(Generic[State]):
    """States and their stationary probabilities."""

    states: list[State]
    shares: Floats

    def mean(self, of: Callable[[State], float]) -> float:
        """Long-run mean of a function of the state."""
        return float(np.dot(self.shares, [of(state) for state in self.states]))


def generator(start: State, moves: Moves[State]) -> tuple[list[State], csc_array]:
    """Return the states reachable from ``start`` and the transposed generator (column = from)."""
    index: dict[State, int] = {start: 0}
    states, rows, columns, rates = [start], [], [], []
    for here, state in enumerate(states):
        for other, rate in moves(state):
            if rate <= 0 or other == state:
                continue
            if other not in index:
                index[other] = len(states)
                states.append(other)
            rows += [index[other], here]
            columns += [here, here]
            rates += [rate, -rate]
    size = len(states)
    return states, coo_array((rates, (rows, columns)), shape=(size, size)).tocsc()


def stationary(start: State, moves: Moves[State]) -> Chain[State]:
    """Solve the balance equations of an irreducible chain."""
    states, flow = generator(start, moves)
    # One balance equation is redundant: fix the first state at 1 and normalise after.
    rest = spsolve(flow[1:, 1:].tocsc(), -flow[1:, [0]].toarray().ravel())
    shares = np.concatenate([[1.0], np.atleast_1d(rest)])
    return Chain(states, shares / shares.sum())


def two_classes_fifo(rates: tuple[float, float], means: tuple[float, float], servers: int, top: int = 700) -> Chain:
    """Two classes with their own mean stays in one first-come queue: states (first, second in service, waiting).

    Whoever is next in a first-come queue is of the first class with that class's share of arrivals.
    """
    share = rates[0] / sum(rates)

    def moves(state: tuple[int, int, int]) -> Iterable[tuple[tuple[int, int, int], float]]:
        a, b, q = state
        if a + b < servers:
            yield (a + 1, b, 0), rates[0]
            yield (a, b + 1, 0), rates[1]
        elif q < top:
            yield (a, b, q + 1), sum(rates)
        for leaves, rate in (((1, 0), a / means[0]), ((0, 1), b / means[1])):
            left = (a - leaves[0], b - leaves[1])
            if q == 0:
                yield (*left, 0), rate
            else:
                yield (left[0] + 1, left[1], q - 1), rate * share
                yield (left[0], left[1] + 1, q - 1), rate * (1 - share)

    return stationary((0, 0, 0), moves)


def two_classes_priority(
    rates: tuple[float, float], means: tuple[float, float], servers: int, top: tuple[int, int]
) -> Chain:
    """Two classes, the first served first, none interrupted: states (in service of each, waiting of each)."""

    def moves(state: tuple[int, int, int, int]) -> Iterable[tuple[tuple[int, int, int, int], float]]:
        a, b, p, q = state
        if a + b < servers:
            yield (a + 1, b, 0, 0), rates[0]
            yield (a, b + 1, 0, 0), rates[1]
        else:
            yield (a, b, min(p + 1, top[0]), q), rates[0]
            yield (a, b, p, min(q + 1, top[1])), rates[1]
        for a_left, b_left, rate in ((a - 1, b, a / means[0]), (a, b - 1, b / means[1])):
            if p:
                yield (a_left + 1, b_left, p - 1, q), rate
            elif q:
                yield (a_left, b_left + 1, p, q - 1), rate
            else:
                yield (a_left, b_left, p, q), rate

    return stationary((0, 0, 0, 0), moves)


@dataclass(frozen=True)
class Tandem:
    """Two stages in a row; who finds the second full keeps a bed of the first (blocking after service).

    A state is (waiting or treated at the first, everyone bound for or in the second): of the latter, those
    past the second's beds and waiting places are blocked in the first's beds.
    """

    rate: float
    first: tuple[float, int]
    onward: float
    second: tuple[float, int]
    places: int = 0
    lost: bool = False
    direct: float = 0.0
    top: int = 600

    def blocked(self, state: tuple[int, int]) -> int:
        return max(state[1] - self.second[1] - self.places, 0)

    def treated(self, state: tuple[int, int]) -> int:
        return min(state[0], self.first[1] - self.blocked(state))

    def waiting(self, state: tuple[int, int]) -> int:
        return state[0] - self.treated(state)

    def held(self, state: tuple[int, int]) -> int:
        return self.treated(state) + self.blocked(state)

    def serving(self, state: tuple[int, int]) -> int:
        return min(state[1], self.second[1])

    def between(self, state: tuple[int, int]) -> int:
        return min(max(state[1] - self.second[1], 0), self.places)

    def full(self, state: tuple[int, int]) -> bool:
        """Whether the first turns an arrival away (where it keeps no queue)."""
        return self.lost and self.held(state) >= self.first[1]

    def blocks(self, state: tuple[int, int]) -> bool:
        """Whether someone done at the first would be blocked."""
        return state[1] >= self.second[1] + self.places

    def solve(self) -> Chain[tuple[int, int]]:
        def moves(state: tuple[int, int]) -> Iterable[tuple[tuple[int, int], float]]:
            i, m = state
            done = self.treated(state) / self.first[0]
            if not self.full(state) and i < self.top:
                yield (i + 1, m), self.rate
            if m < self.second[1]:
                yield (i, m + 1), self.direct
            if i:
                yield (i - 1, m + 1), done * self.onward
                yield (i - 1, m), done * (1 - self.onward)
            if m:
                yield (i, m - 1), self.serving(state) / self.second[0]

        return stationary((0, 0), moves)


@dataclass(frozen=True)
class TwoFeeders:
    """Two loss units whose leavers share one downstream unit and are unblocked in the order they were blocked.

    A state is (treated in A, treated in B, in C, the blocked in order).
    """

    rates: tuple[float, float]
    means: tuple[float, float]
    beds: tuple[int, int]
    next_mean: float
    next_beds: int

    def room(self, state: tuple[int, int, int, str], unit: int) -> bool:
        return state[unit] + state[3].count("AB"[unit]) < self.beds[unit]

    def solve(self) -> Chain[tuple[int, int, int, str]]:
        def moves(state: tuple[int, int, int, str]) -> Iterable[tuple[tuple[int, int, int, str], float]]:
            treated, inside, line = [state[0], state[1]], state[2], state[3]
            for unit in (0, 1):
                more, fewer = list(treated), list(treated)
                more[unit] += 1
                fewer[unit] -= 1
                if self.room(state, unit):
                    yield (*more, inside, line), self.rates[unit]
                if treated[unit]:
                    done = treated[unit] / self.means[unit]
                    free = inside < self.next_beds
                    yield (*fewer, inside + free, line if free else line + "AB"[unit]), done
            if inside:
                yield (*treated, inside if line else inside - 1, line[1:]), inside / self.next_mean

        return stationary((0, 0, 0, ""), moves)


@dataclass(frozen=True)
class Cascade:
    """Three stages in a row, the first without queue: states (treated, blocked, treated, blocked, in the third)."""

    rate: float
    means: tuple[float, float, float]
    beds: tuple[int, int, int]

    def settle(self, state: tuple[int, int, int, int, int]) -> tuple[int, int, int, int, int]:
        """Move everyone who can move, furthest downstream first."""
        a, ab, b, bb, c = state
        if bb and c < self.beds[2]:
            return self.settle((a, ab, b, bb - 1, c + 1))
        if ab and b + bb < self.beds[1]:
            return self.settle((a, ab - 1, b + 1, bb, c))
        return state

    def solve(self) -> Chain[tuple[int, int, int, int, int]]:
        def moves(
            state: tuple[int, int, int, int, int],
        ) -> Iterable[tuple[tuple[int, int, int, int, int], float]]:
            a, ab, b, bb, c = state
            if a + ab < self.beds[0]:
                yield (a + 1, ab, b, bb, c), self.rate
            yield self.settle((a - 1, ab + 1, b, bb, c)), a / self.means[0]
            yield self.settle((a, ab, b - 1, bb + 1, c)), b / self.means[1]
            yield self.settle((a, ab, b, bb, c - 1)), c / self.means[2]

        return stationary((0, 0, 0, 0, 0), moves)


def overflow(rates: tuple[float, float], means: tuple[float, float], beds: tuple[int, int]) -> Chain:
    """Class A goes to ward A, to ward B if A is full; class B to ward B only: states (A in A, A in B, B in B)."""

    def moves(state: tuple[int, int, int]) -> Iterable[tuple[tuple[int, int, int], float]]:
        home, out, own = state
        if home < beds[0]:
            yield (home + 1, out, own), rates[0]
        elif out + own < beds[1]:
            yield (home, out + 1, own), rates[0]
        if out + own < beds[1]:
            yield (home, out, own + 1), rates[1]
        yield (home - 1, out, own), home / means[0]
        yield (home, out - 1, own), out / means[0]
        yield (home, out, own - 1), own / means[1]

    return stationary((0, 0, 0), moves)


@dataclass(frozen=True)
class DayList:
    """Visits one a patient a day, referrals of a day first eligible on the next, geometric stays.

    ``shares[n]`` is the probability that n want a visit (in care or waiting) as a day's list is filled.
    """

    rate: float
    slots: int
    ends: float
    top: int = 400

    def shares(self) -> Floats:
        from scipy.stats import binom, poisson

        new = poisson.pmf(np.arange(self.top + 1), self.rate)
        step = np.zeros((self.top + 1, self.top + 1))
        for n in range(self.top + 1):
            visited = min(n, self.slots)
            stay = binom.pmf(np.arange(visited + 1), visited, 1 - self.ends)
            row = np.convolve(np.concatenate([np.zeros(n - visited), stay]), new)[: self.top + 1]
            step[n, : len(row)] = row
            step[n, -1] += max(0.0, 1 - row.sum())
        matrix = step.T - np.eye(self.top + 1)
        matrix[-1] = 1.0
        return np.linalg.solve(matrix, np.eye(self.top + 1)[-1])
