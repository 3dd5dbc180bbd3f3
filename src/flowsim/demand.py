"""Arrivals and attributes of every stream, drawn before the run.

Level bands
    A Poisson stream of rate r(t) is the shadow of a unit Poisson process in the plane of time and *level*,
    the level in patients per day: a point is a patient if its level lies below r(t) at its time. The levels
    are cut into bands [0, 1), [1, 2), [2, 4), [4, 8) ...; in each, candidate points follow one another by
    keyed exponential gaps and have keyed levels. So a change of rate adds or removes patients and leaves all
    others as they were: number, time and attributes (``docs/decisions/0002-level-bands.md``).

Numbers
    A point's number is ``band << 32 | position in the band`` for Poisson streams and its position for others.
    A patient's number is the point's; in a stream with batches, ``point << 8 | member``.

Ticks
    A Poisson point belongs to the tick it falls in (rounded down), so each tick gets exactly the arrivals of
    its own length. Gaps between renewals add up in minutes and the sum is rounded to the nearest tick. Rates,
    day factors and periods are read at the tick. Arrivals at ``end`` or later do not happen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.draws.philox import NUMBER_BITS, uniforms
from flowsim.draws.sampler import Sampler
from flowsim.errors import ConfigError, Problem
from flowsim.system.distributions import mean, sd
from flowsim.system.purposes import purpose
from flowsim.system.spec import NONE, Distribution, StreamSpec, SystemSpec, Table
from flowsim.units import MINUTES_PER_DAY

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]

GAP = purpose("arrival.gap")
LEVEL = purpose("arrival.level")
BATCH = purpose("arrival.batch")
DAY_FACTOR = purpose("arrival.day_factor")

LARGEST_BATCH = 256
_MEMBER_BITS = 8
_BAND_BITS = 32
_UNIT_EXPONENTIAL = Sampler(Distribution("exponential", 1.0))


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


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Every patient who comes in one replication, in order of (tick, stream, number).

    Attributes:
        stream: index of the stream, (patients,).
        number: the patient's number within the stream, (patients,).
        tick: of arrival, (patients,).
        attributes: level codes, (patients, attributes); 0 where the stream has no mix for an attribute.
        prevented: number of patients of the run prevented, by (stream index, thin id).
        expected: over the whole run, by stream.
        expected_measured: from the end of the warm-up, by stream.
    """

    stream: Ints
    number: Ints
    tick: Ints
    attributes: Codes
    prevented: dict[tuple[int, str], int]
    expected: tuple[Expected, ...]
    expected_measured: tuple[Expected, ...]


def arrivals(spec: SystemSpec, replication: int) -> Arrivals:
    """Return the patients of one replication.

    Raises:
        ConfigError: the seed, a rate or a batch size is beyond what a patient's number can hold.
    """
    if not 0 <= spec.seed < 2**32:
        raise _refusal("run.seed", spec.seed, "a whole number from 0 to 4294967295")
    prevented: dict[tuple[int, str], int] = {}
    blank = (np.empty(0, np.int64),) * 3 + (np.empty((0, len(spec.attributes)), np.int16),)
    parts = [_of_stream(spec, replication, index, prevented) for index in range(len(spec.streams))]
    stream, number, tick, attributes = (np.concatenate(column) for column in zip(blank, *parts, strict=True))
    order = np.lexsort((number, stream, tick))
    return Arrivals(
        stream[order],
        number[order],
        tick[order],
        attributes[order],
        prevented,
        tuple(expected(spec, s, 0, spec.end) for s in spec.streams),
        tuple(expected(spec, s, spec.warm_up, spec.end) for s in spec.streams),
    )


def _of_stream(
    spec: SystemSpec, replication: int, index: int, prevented: dict[tuple[int, str], int]
) -> tuple[Ints, Ints, Ints, Codes]:
    """Return stream index, numbers, ticks and attributes of those who come, and count the others in ``prevented``.

    A patient whom several thins would prevent counts with the first.
    """
    stream = spec.streams[index]
    number, tick = _patients(spec, replication, stream)
    attributes = _attributes(spec, replication, stream, number, tick)
    comes = np.ones(number.size, dtype=np.bool_)
    for thin in stream.thins:
        share = np.array(thin.share.rows)[_rows(thin.share, _periods(spec, tick), attributes)]
        stays_away = comes & (uniforms(spec.seed, replication, stream.key, number, thin.purpose) < share)
        prevented[index, thin.id] = int(stays_away.sum())
        comes &= ~stays_away
    number = number[comes]
    return np.full(number.size, index), number, tick[comes], attributes[comes]


def _refusal(key: str, said: object, wanted: str) -> ConfigError:
    return ConfigError([Problem(key, str(said), wanted)])


def _patients(spec: SystemSpec, replication: int, stream: StreamSpec) -> tuple[Ints, Ints]:
    """Return numbers and ticks of a stream's patients before thinning, batches opened up."""
    if stream.kind == "listed":
        tick = np.array([one.tick for one in stream.listed], dtype=np.int64)
        number = np.flatnonzero(tick < spec.end)
        return number, tick[number]
    if stream.batch is not None:
        _check_batches(stream, stream.batch)
    point, tick = (_poisson if stream.kind == "poisson" else _renewals)(spec, replication, stream)
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
        raise _refusal(f"stream.{stream.id}.batch", said, f"whole sizes from 1 to {LARGEST_BATCH}")
    # Bands 0 to 15 have numbers short enough to be followed by a member's; the last ends at 2^15 a day.
    most = 2 ** (2 ** (NUMBER_BITS - _MEMBER_BITS - _BAND_BITS) - 1)
    per_day = max(stream.rate.values) * MINUTES_PER_DAY
    if per_day > most:
        raise _refusal(f"stream.{stream.id}", f"{per_day:,.0f} batches a day", f"at most {most:,}")


def bands(top: float) -> Iterator[tuple[float, float]]:
    """Yield the lower edge and height of each band of levels up to ``top`` [patients per day]."""
    low, height = 0.0, 1.0
    while low < top:
        yield low, height
        low += height
        height = low


def _poisson(spec: SystemSpec, replication: int, stream: StreamSpec) -> tuple[Ints, Ints]:
    """Return numbers and ticks of the points whose level lies below the rate at their tick."""
    per_day = np.array(stream.rate.values) * MINUTES_PER_DAY
    factor = _day_factors(spec, replication, stream)
    numbers, ticks = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for band, (low, height) in enumerate(bands(float(per_day.max() * factor.max()))):
        minutes = _points(spec, replication, stream, band << _BAND_BITS, MINUTES_PER_DAY / height, _UNIT_EXPONENTIAL)
        tick = np.floor(minutes * spec.clock.ticks_per_minute).astype(np.int64)
        tick = tick[tick < spec.end]
        number = (band << _BAND_BITS) + np.arange(tick.size)
        level = low + height * uniforms(spec.seed, replication, stream.key, number, LEVEL)
        rate = per_day[_last_at(stream.rate.ticks, tick)] * factor[_last_at(spec.clock.midnights, tick)]
        is_patient = level < rate
        numbers.append(number[is_patient])
        ticks.append(tick[is_patient])
    return np.concatenate(numbers), np.concatenate(ticks)


def _renewals(spec: SystemSpec, replication: int, stream: StreamSpec) -> tuple[Ints, Ints]:
    """Return positions and ticks of arrivals one gap after another, the first one gap after the start."""
    if stream.gaps is None or mean(stream.gaps) <= 0:
        raise _refusal(f"stream.{stream.id}.gaps", "no time between arrivals", "a mean gap longer than 0")
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


def _last_at(starts: Sequence[int], tick: Ints) -> Ints:
    """Return, for each tick, the index of the last start at or before it."""
    return np.searchsorted(np.asarray(starts, dtype=np.int64), tick, side="right") - 1


def _periods(spec: SystemSpec, tick: Ints) -> Ints:
    return _last_at(spec.periods, tick)


def _rows(table: Table[Any], period: Ints, attributes: Codes) -> Ints:
    """Return the table's row index of each patient: ``Table.index`` for many."""
    at = period.copy() if table.periods > 1 else np.zeros_like(period)
    for attribute, size in zip(table.by, table.sizes, strict=True):
        if attribute < 0:
            raise ValueError("a stream's tables may not be by the service left or the destination")
        at = at * size + attributes[:, attribute]
    return at


def _attributes(spec: SystemSpec, replication: int, stream: StreamSpec, number: Ints, tick: Ints) -> Codes:
    """Return the level codes of each patient; what a listed arrival says is not drawn."""
    codes = np.zeros((number.size, len(spec.attributes)), dtype=np.int16)
    written = np.full_like(codes, NONE)
    if stream.kind == "listed" and number.size:
        written = np.array([stream.listed[n].attributes for n in number], dtype=np.int16).reshape(codes.shape)
        codes = np.maximum(written, 0)
    period = _periods(spec, tick)
    for mix in stream.mix:
        shares = np.array(mix.cumulative.rows, dtype=np.float64)[:, :-1]
        u = uniforms(spec.seed, replication, stream.key, number, mix.purpose)
        drawn = (shares[_rows(mix.cumulative, period, codes)] < u[:, np.newaxis]).sum(axis=1)
        said = written[:, mix.attribute]
        codes[:, mix.attribute] = np.where(said == NONE, drawn, said)
    return codes


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
        rate = np.array(stream.rate.values)[_last_at(stream.rate.ticks, edges[:-1])]
        points = variance = rate * np.diff(edges) / spec.clock.ticks_per_minute
    # Var(sum of thinned batches) = E(points) E(Var) + Var(points) E(size)^2, with independent coins.
    of_one = share**2 * (square - size**2) + share * (1 - share) * size
    scatter = float((points * of_one + variance * (share * size) ** 2).sum())
    daily = np.bincount(np.maximum(_last_at(spec.clock.midnights, edges[:-1]), 0), points * share * size)
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
