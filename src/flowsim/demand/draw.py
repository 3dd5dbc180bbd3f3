"""Everyone who comes in one replication."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from flowsim.demand.expected import Expected, expected, last_at
from flowsim.demand.loops import put, ranks, set_levels, thin_out
from flowsim.demand.plan import Plan, plan, rows_of
from flowsim.demand.points import patients, refusal
from flowsim.draws.many import fill_uniforms
from flowsim.system.spec import StreamSpec, SystemSpec

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int16]
Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")


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


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The patients of one stream who come, numbers rising, and how many each thin prevents."""

    number: Ints
    tick: Ints
    attributes: Codes
    prevented: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _Asked:
    """What holds for every replication of a system.

    Attributes:
        spec: the system.
        digests: by stream, of everything that decides who comes in it.
        expected: over the whole run, and from the end of the warm-up; worked out once streams have been drawn, since
            those that cannot be are then refused.
    """

    spec: SystemSpec
    digests: tuple[bytes, ...]

    @cached_property
    def expected(self) -> tuple[tuple[Expected, ...], tuple[Expected, ...]]:
        return self._from(0), self._from(self.spec.warm_up)

    def _from(self, start: int) -> tuple[Expected, ...]:
        spec = self.spec
        return tuple(
            _kept(_expected, (digest, start), MOST_PLANS, partial(expected, spec, stream, start, spec.end))
            for digest, stream in zip(self.digests, spec.streams, strict=True)
        )


MOST_SYSTEMS = 32
MOST_PLANS = 512
MOST_PATIENTS = 300_000
MOST_KEPT_WHOLE = 2
_Columns = tuple[Ints, Ints, Ints, Codes]
_lock = threading.Lock()
_systems: OrderedDict[int, _Asked] = OrderedDict()
_own: OrderedDict[int, tuple[StreamSpec, bytes]] = OrderedDict()
_expected: OrderedDict[tuple[bytes, int], Expected] = OrderedDict()
_plans: OrderedDict[bytes, Plan] = OrderedDict()
_streams: OrderedDict[tuple[bytes, int], _Drawn] = OrderedDict()
_wholes: OrderedDict[tuple[tuple[bytes, ...], int], tuple[_Columns, dict[tuple[int, str], int]]] = OrderedDict()
"""Drawn before: arms that differ elsewhere have the same patients, and often follow one another."""


def arrivals(spec: SystemSpec, replication: int) -> Arrivals:
    """Return the patients of one replication.

    Raises:
        ConfigError: the seed, a rate or a batch size is beyond what a patient's number can hold.
    """
    if not 0 <= spec.seed < 2**32:
        raise refusal("run.seed", spec.seed, "a whole number from 0 to 4294967295")
    asked = _asked(spec)
    key = (asked.digests, replication)
    with _lock:
        whole = _wholes.get(key)
    if whole is None:
        _make_room()
        drawn = [_of_stream(spec, replication, index, digest) for index, digest in enumerate(asked.digests)]
        prevented = {(s, thin): count for s, one in enumerate(drawn) for thin, count in one.prevented}
        whole = _together(drawn, len(spec.attributes)), prevented
    with _lock:
        if len(whole[0][0]) > MOST_PATIENTS:
            # The first streams have had to go for the last: the next arm, which asks for them in turn, finds none.
            _streams.clear()
        _wholes[key] = whole
        _wholes.move_to_end(key)
        while len(_wholes) > MOST_KEPT_WHOLE:
            _wholes.popitem(last=False)
    columns, prevented = whole
    return Arrivals(*columns, prevented, *asked.expected)


def _make_room() -> None:
    """Let go of those drawn longest ago where there would be too many patients with as many more as last time."""
    with _lock:
        number = [len(columns[0]) for columns, _ in _wholes.values()]
        while number and sum(number) + number[-1] > MOST_KEPT_WHOLE * MOST_PATIENTS:
            number.pop(0)
            _wholes.popitem(last=False)


def _together(drawn: Sequence[_Drawn], n_attributes: int) -> _Columns:
    """Return the patients of all streams in order of (tick, stream, number)."""
    # Numbers rise within a stream: where equal ticks stay as they come, stream and number are in order.
    rank = _ranks(np.concatenate([np.empty(0, np.int64), *(one.tick for one in drawn)]))
    stream, number, tick = (np.empty(len(rank), dtype=np.int64) for _ in range(3))
    codes = np.empty((len(rank), n_attributes), dtype=np.int16)
    first = 0
    for s, one in enumerate(drawn):
        mine = rank[first : first + len(one.tick)]
        put(mine, (s, one.number, one.tick, one.attributes), (stream, number, tick, codes))
        first += len(one.tick)
    return stream, number, tick, codes


def _ranks(tick: Ints) -> Ints:
    """Return the place of each tick in their rising order; equal ones keep theirs."""
    rank = ranks(tick)
    if len(rank) < len(tick):
        rank = np.empty_like(tick)
        rank[np.argsort(tick, kind="stable")] = np.arange(len(tick))
    return rank


def forget() -> None:
    """Let go of everything drawn before."""
    with _lock:
        for kept in (_systems, _own, _expected, _plans, _streams, _wholes):
            kept.clear()


def _kept(kept: OrderedDict[Key, Found], key: Key, most: int, find: Callable[[], Found]) -> Found:
    """Return what is kept under a key, found first where it is not; those asked for longest ago go."""
    with _lock:
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    found = find()
    with _lock:
        kept[key] = found
        while len(kept) > most:
            kept.popitem(last=False)
    return found


def _asked(spec: SystemSpec) -> _Asked:
    """Return what holds for every replication of a system, worked out once."""
    return _kept(_systems, id(spec), MOST_SYSTEMS, lambda: _Asked(spec, _digests(spec)))


def _digests(spec: SystemSpec) -> tuple[bytes, ...]:
    """Return, by stream, a hash of everything that decides who comes in it, the replication aside."""
    clock = spec.clock
    whole = (spec.seed, spec.end, spec.periods, clock.ticks_per_minute, clock.starts_at, len(spec.attributes))
    of_all = hashlib.sha256(repr(whole).encode() + np.array(clock.midnights, dtype=np.int64).tobytes())
    found = []
    for stream in spec.streams:
        # By id: arms share most of their streams, and to go through one takes long. It is held, and so its id.
        _, own = _kept(_own, id(stream), MOST_PLANS, partial(_with_digest, stream))
        digest = of_all.copy()
        digest.update(own)
        found.append(digest.digest())
    return tuple(found)


def _with_digest(s: StreamSpec) -> tuple[StreamSpec, bytes]:
    """Return a stream and a hash of what it says itself about who comes in it."""
    found = hashlib.sha256(np.array(s.rate.ticks, dtype=np.int64).tobytes())
    found.update(np.array(s.rate.values, dtype=np.float64).tobytes())
    found.update(repr((s.key, s.kind, s.day_spread, s.gaps, s.batch, s.listed, s.mix, s.thins)).encode())
    return s, found.digest()


def _of_stream(spec: SystemSpec, replication: int, index: int, digest: bytes) -> _Drawn:
    """Return who comes in a stream, as drawn before where they are still kept."""
    key = (digest, replication)
    with _lock:
        known = _streams.get(key)
        if known is not None:
            _streams.move_to_end(key)
            return known
    # A stream laid out is shared by arms and replications.
    laid_out = _kept(_plans, digest, MOST_PLANS, lambda: plan(spec, spec.streams[index]))
    known = _draw(spec, replication, laid_out)
    with _lock:
        _streams[key] = known
        while len(_streams) > 1 and sum(one.number.size for one in _streams.values()) > MOST_PATIENTS:
            _streams.popitem(last=False)
    return known


def _draw(spec: SystemSpec, replication: int, plan: Plan) -> _Drawn:
    """Draw who comes in a stream. A patient whom several thins would prevent counts with the first."""
    stream = plan.stream
    number, tick = patients(spec, replication, plan)
    period = last_at(spec.periods, tick) if len(spec.periods) > 1 else np.zeros_like(tick)
    attributes = np.zeros((number.size, len(spec.attributes)), dtype=np.int16)
    said = plan.said[number] if len(plan.said) else plan.said
    key = (spec.seed, replication, stream.key)
    set_levels(key, number, period, said, plan.mixes, plan.cumulative, attributes)
    comes = np.ones(number.size, dtype=np.bool_)
    u = np.empty(number.size)
    prevented = []
    for thin, shares in zip(stream.thins, plan.shares, strict=True):
        fill_uniforms(*key, number, thin.purpose, u)
        prevented.append((thin.id, int(thin_out(u, rows_of(thin.share, period, attributes), shares, comes))))
    if not comes.all():
        number, tick, attributes = number[comes], tick[comes], attributes[comes]
    return _Drawn(number, tick, attributes, tuple(prevented))
