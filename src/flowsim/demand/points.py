"""Numbers and ticks of the points of a stream: when somebody, or a group, arrives."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowsim.demand.loops import BAND_BITS, BLOCK, poisson_points
from flowsim.demand.plan import Plan
from flowsim.draws.philox import NUMBER_BITS, uniforms
from flowsim.draws.sampler import Sampler
from flowsim.errors import ConfigError, Problem
from flowsim.system.distributions import mean
from flowsim.system.purposes import purpose
from flowsim.system.spec import Distribution, StreamSpec, SystemSpec
from flowsim.units import MINUTES_PER_DAY

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

GAP = purpose("arrival.gap")
LEVEL = purpose("arrival.level")
BATCH = purpose("arrival.batch")
DAY_FACTOR = purpose("arrival.day_factor")

LARGEST_BATCH = 256
_MEMBER_BITS = 8


def refusal(key: str, said: object, wanted: str) -> ConfigError:
    """Return the error for something that cannot be drawn."""
    return ConfigError([Problem(key, str(said), wanted)])


def patients(spec: SystemSpec, replication: int, plan: Plan) -> tuple[Ints, Ints]:
    """Return numbers and ticks of a stream's patients before thinning, batches opened up.

    Numbers rise.
    """
    stream = plan.stream
    if stream.kind == "listed":
        tick = np.array([one.tick for one in stream.listed], dtype=np.int64)
        number = np.flatnonzero(tick < spec.end)
        return number, tick[number]
    if stream.batch is not None:
        _check_batches(stream, stream.batch)
    is_poisson = stream.kind == "poisson"
    point, tick = _poisson(spec, replication, plan) if is_poisson else _renewals(spec, replication, stream)
    if stream.batch is None:
        return point, tick
    u = uniforms(spec.seed, replication, stream.key, point, BATCH)
    size = Sampler(stream.batch).draws(u).astype(np.int64)
    first = np.cumsum(size) - size
    member = np.arange(size.sum()) - np.repeat(first, size)
    return np.repeat(point << _MEMBER_BITS, size) + member, np.repeat(tick, size)


def _check_batches(stream: StreamSpec, batch: Distribution) -> None:
    if batch.kind != "discrete" or not all(s == int(s) and 1 <= s <= LARGEST_BATCH for s in batch.values):
        said = ", ".join(f"{size:g}" for size in batch.values) or batch.kind
        raise refusal(f"stream.{stream.id}.batch", said, f"whole sizes from 1 to {LARGEST_BATCH}")
    # Bands 0 to 15 have numbers short enough to be followed by a member's; the last ends at 2^15 a day.
    most = 2 ** (2 ** (NUMBER_BITS - _MEMBER_BITS - BAND_BITS) - 1)
    per_day = max(stream.rate.values) * MINUTES_PER_DAY
    if per_day > most:
        raise refusal(f"stream.{stream.id}", f"{per_day:,.0f} batches a day", f"at most {most:,}")


def _poisson(spec: SystemSpec, replication: int, plan: Plan) -> tuple[Ints, Ints]:
    """Return numbers and ticks of the points whose level lies below the rate at their tick."""
    stream, starts = plan.stream, plan.starts
    factor = _day_factors(spec, replication, stream)
    rates = plan.rates * factor[plan.days]
    days = np.diff(np.append(np.minimum(starts, spec.end), spec.end)) / (spec.clock.ticks_per_minute * MINUTES_PER_DAY)
    likely = float((rates * days).sum())
    room = int(likely + 6 * math.sqrt(likely)) + BLOCK
    key, purposes = (spec.seed, replication, stream.key), (GAP, LEVEL)
    top, per_minute = float(plan.rates.max() * factor.max()), float(spec.clock.ticks_per_minute)
    while True:
        number, tick = np.empty(room, np.int64), np.empty(room, np.int64)
        found = poisson_points(key, purposes, per_minute, spec.end, starts, rates, top, number, tick)
        if found >= 0:
            return number[:found], tick[:found]
        room *= 2


def _renewals(spec: SystemSpec, replication: int, stream: StreamSpec) -> tuple[Ints, Ints]:
    """Return positions and ticks of arrivals one gap after another, the first one gap after the start."""
    if stream.gaps is None or mean(stream.gaps) <= 0:
        raise refusal(f"stream.{stream.id}.gaps", "no time between arrivals", "a mean gap longer than 0")
    minutes = _points(spec, replication, stream, 0, 1.0, Sampler(stream.gaps))
    tick = np.floor(minutes * spec.clock.ticks_per_minute + 0.5).astype(np.int64)
    tick = tick[tick < spec.end]
    return np.arange(tick.size), tick


def _points(spec: SystemSpec, replication: int, stream: StreamSpec, first: int, scale: float, gaps: Sampler) -> Floats:
    """Return times [min] of points that follow one another by drawn gaps, past the end of the run.

    The sum runs strictly from one point to the next, whatever the size of the blocks it is taken in, so
    that a longer run has the same points and more.

    Args:
        spec: the system.
        replication: number of the replication.
        stream: of the points.
        first: number of the first point.
        scale: multiplies the gaps.
        gaps: where they come from [min].
    """
    end = spec.clock.minutes(spec.end) + 1.0
    blocks: list[Floats] = []
    last, count = 0.0, 0
    block = 1024
    while last < end:
        number = first + count + np.arange(block)
        gap = gaps.draws(uniforms(spec.seed, replication, stream.key, number, GAP)) * scale
        gap[0] += last
        blocks.append(np.cumsum(gap))
        last, count = float(blocks[-1][-1]), count + block
        missing = (end - last) * count / last if last > 0 else block
        block = min(max(int(1.02 * missing) + 64, 64), 1 << 20)
    return np.concatenate(blocks)


def _day_factors(spec: SystemSpec, replication: int, stream: StreamSpec) -> Floats:
    """Return the factor of each local day of the run, mean 1; keyed by date, so it goes with the date."""
    days = len(spec.clock.midnights)
    if stream.day_spread == 0:
        return np.ones(days)
    variance = stream.day_spread**2
    date = spec.clock.starts_at.date().toordinal() + np.arange(days)
    u = uniforms(spec.seed, replication, stream.key, date, DAY_FACTOR)
    return Sampler(Distribution("gamma", 1.0 / variance, variance)).draws(u)
