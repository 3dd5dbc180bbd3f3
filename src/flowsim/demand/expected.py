"""How many patients a stream was asked for, and how many chance makes them differ by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim.system.distributions import mean, sd
from flowsim.system.spec import NONE, StreamSpec, SystemSpec

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Expected:
    """The number of patients a stream was asked for over a window.

    Attributes:
        before: mean before thinning.
        after: mean after thinning.
        sd: standard deviation after thinning, day factors included.
    """

    before: float
    after: float
    sd: float


def last_at(starts: Sequence[int], tick: Ints) -> Ints:
    """Return, for each tick, the index of the last start at or before it."""
    return np.searchsorted(np.asarray(starts, dtype=np.int64), tick, side="right") - 1


def _periods(spec: SystemSpec, tick: Ints) -> Ints:
    return last_at(spec.periods, tick)


def expected(spec: SystemSpec, stream: StreamSpec, start: int, end: int) -> Expected:
    """Return how many patients a stream was asked for from one tick to another.

    For a Poisson stream the integral of its rate and the variance of the compound process with a gamma
    factor a day; for listed arrivals their count. For renewals the first terms for long times, t / mean +
    (cv^2 - 1) / 2 and variance t sd^2 / mean^3 (Cox, Renewal Theory, 1962, chapter 4), exact for constant
    gaps. Shares kept by thinning are exact, summed over the mixes.
    """
    if stream.kind == "listed":
        kept = [
            _kept_share(spec, stream, int(_periods(spec, np.array([one.tick]))[0]), one.attributes)
            for one in stream.listed
            if start <= one.tick < min(end, spec.end)
        ]
        return Expected(len(kept), sum(kept), math.sqrt(sum(k * (1 - k) for k in kept)))
    edges = np.unique([start, end, *stream.rate.ticks, *spec.periods, *spec.clock.midnights])
    edges = edges[(edges >= start) & (edges <= end)]
    period = _periods(spec, edges[:-1])
    share = np.array([_kept_share(spec, stream, p) for p in range(len(spec.periods))])[period]
    size, square = _batch_moments(stream)
    if stream.kind == "renewal":
        counts = np.diff([_renewal_count(spec, stream, int(edge)) for edge in edges], axis=0)
        points, variance = counts[:, 0], counts[:, 1]
    else:
        rate = np.array(stream.rate.values)[last_at(stream.rate.ticks, edges[:-1])]
        points = variance = rate * np.diff(edges) / spec.clock.ticks_per_minute
    # Var(sum of thinned batches) = E(points) E(Var) + Var(points) E(size)^2, with independent coins.
    of_one = share**2 * (square - size**2) + share * (1 - share) * size
    scatter = float((points * of_one + variance * (share * size) ** 2).sum())
    daily = np.bincount(np.maximum(last_at(spec.clock.midnights, edges[:-1]), 0), points * share * size)
    between_days = stream.day_spread**2 * float((daily**2).sum())
    after = float((points * share).sum() * size)
    return Expected(float(points.sum()) * size, after, math.sqrt(scatter + between_days))


def _batch_moments(stream: StreamSpec) -> tuple[float, float]:
    """Return the mean and mean square of the batch size."""
    if stream.batch is None:
        return 1.0, 1.0
    average = mean(stream.batch)
    return average, average**2 + sd(stream.batch) ** 2


def _renewal_count(spec: SystemSpec, stream: StreamSpec, tick: int) -> tuple[float, float]:
    """Return mean and variance of the number of renewals before a tick."""
    if stream.gaps is None:
        return 0.0, 0.0
    gap, spread = mean(stream.gaps), sd(stream.gaps)
    minutes = spec.clock.minutes(tick)
    if spread == 0:
        whole = math.ceil((tick - 0.5) / (gap * spec.clock.ticks_per_minute)) - 1 if tick else 0
        return float(max(whole, 0)), 0.0
    return max(minutes / gap + ((spread / gap) ** 2 - 1) / 2, 0.0), minutes * spread**2 / gap**3


def _kept_share(spec: SystemSpec, stream: StreamSpec, period: int, fixed: Sequence[int] = ()) -> float:
    """Return the share of patients that no thin prevents, summed over the mixes of what the thins ask for."""
    wanted = {attribute for thin in stream.thins for attribute in thin.share.by}
    for mix in reversed(stream.mix):
        wanted |= set(mix.cumulative.by) if mix.attribute in wanted else set()
    start = tuple(max(code, 0) for code in fixed) or (0,) * len(spec.attributes)
    states = {start: 1.0}
    for mix in stream.mix:
        if mix.attribute in wanted and not (fixed and fixed[mix.attribute] != NONE):
            drawn: dict[tuple[int, ...], float] = {}
            for codes, weight in states.items():
                shares = np.diff(mix.cumulative.row(period, codes, 0, 0), prepend=0.0)
                for level in np.flatnonzero(shares):
                    after = (*codes[: mix.attribute], int(level), *codes[mix.attribute + 1 :])
                    drawn[after] = drawn.get(after, 0.0) + weight * float(shares[level])
            states = drawn
    kept = [math.prod(1 - thin.share.row(period, codes, 0, 0) for thin in stream.thins) for codes in states]
    return sum(w * k for w, k in zip(states.values(), kept, strict=True))
