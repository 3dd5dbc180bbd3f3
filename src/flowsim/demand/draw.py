"""Everyone who comes in one replication."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.demand.expected import Expected, expected, last_at
from flowsim.demand.loops import ordered, rising_order, set_levels, thin_out
from flowsim.demand.points import patients, refusal
from flowsim.draws.many import fill_uniforms
from flowsim.system.spec import NONE, StreamSpec, SystemSpec, Table

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int16]


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
        spec = self.spec
        return tuple(expected(spec, s, 0, spec.end) for s in spec.streams), tuple(
            expected(spec, s, spec.warm_up, spec.end) for s in spec.streams
        )


MOST_SYSTEMS = 32
MOST_PATIENTS = 1_000_000
_lock = threading.Lock()
_systems: OrderedDict[int, _Asked] = OrderedDict()
_streams: OrderedDict[tuple[bytes, int], _Drawn] = OrderedDict()
"""Drawn before: arms that differ elsewhere have the same patients, and often follow one another."""


def arrivals(spec: SystemSpec, replication: int) -> Arrivals:
    """Return the patients of one replication.

    Raises:
        ConfigError: the seed, a rate or a batch size is beyond what a patient's number can hold.
    """
    if not 0 <= spec.seed < 2**32:
        raise refusal("run.seed", spec.seed, "a whole number from 0 to 4294967295")
    asked = _asked(spec)
    drawn = [_of_stream(spec, replication, index, digest) for index, digest in enumerate(asked.digests)]
    # Numbers rise within a stream, so a stable sort by tick leaves (tick, stream, number) in order.
    stream = np.repeat(np.arange(len(drawn)), [one.number.size for one in drawn])
    number = np.concatenate([np.empty(0, np.int64), *(one.number for one in drawn)])
    tick = np.concatenate([np.empty(0, np.int64), *(one.tick for one in drawn)])
    codes = np.concatenate([np.empty((0, len(spec.attributes)), np.int16), *(one.attributes for one in drawn)])
    prevented = {(s, thin): count for s, one in enumerate(drawn) for thin, count in one.prevented}
    columns = ordered(rising_order(tick), stream, number, tick, codes)
    return Arrivals(*columns, prevented, *asked.expected)


def forget() -> None:
    """Let go of everything drawn before."""
    with _lock:
        _systems.clear()
        _streams.clear()


def _asked(spec: SystemSpec) -> _Asked:
    """Return what holds for every replication of a system, worked out once."""
    with _lock:
        known = _systems.get(id(spec))
        if known is not None:
            _systems.move_to_end(id(spec))
            return known
    known = _Asked(spec, tuple(_digest(spec, stream) for stream in spec.streams))
    with _lock:
        _systems[id(spec)] = known
        while len(_systems) > MOST_SYSTEMS:
            _systems.popitem(last=False)
    return known


def _digest(spec: SystemSpec, stream: StreamSpec) -> bytes:
    """Return a hash of everything that decides who comes in a stream, the replication aside."""
    clock, s = spec.clock, stream
    found = hashlib.sha256(np.array(s.rate.ticks, dtype=np.int64).tobytes())
    found.update(np.array(s.rate.values, dtype=np.float64).tobytes())
    found.update(np.array(clock.midnights, dtype=np.int64).tobytes())
    whole = (spec.seed, spec.end, spec.periods, clock.ticks_per_minute, clock.starts_at, len(spec.attributes))
    found.update(repr((whole, s.key, s.kind, s.day_spread, s.gaps, s.batch, s.listed, s.mix, s.thins)).encode())
    return found.digest()


def _of_stream(spec: SystemSpec, replication: int, index: int, digest: bytes) -> _Drawn:
    """Return who comes in a stream, as drawn before where they are still kept."""
    key = (digest, replication)
    with _lock:
        known = _streams.get(key)
        if known is not None:
            _streams.move_to_end(key)
            return known
    known = _draw(spec, replication, spec.streams[index])
    with _lock:
        _streams[key] = known
        while len(_streams) > 1 and sum(one.number.size for one in _streams.values()) > MOST_PATIENTS:
            _streams.popitem(last=False)
    return known


def _draw(spec: SystemSpec, replication: int, stream: StreamSpec) -> _Drawn:
    """Draw who comes in a stream. A patient whom several thins would prevent counts with the first."""
    number, tick = patients(spec, replication, stream)
    attributes = _attributes(spec, replication, stream, number, tick)
    comes = np.ones(number.size, dtype=np.bool_)
    u = np.empty(number.size)
    prevented = []
    for thin in stream.thins:
        fill_uniforms(spec.seed, replication, stream.key, number, thin.purpose, u)
        shares = np.array(thin.share.rows, dtype=np.float64)
        count = thin_out(u, *_packed(spec, thin.share, tick), shares, attributes, comes)
        prevented.append((thin.id, int(count)))
    if not comes.all():
        number, tick, attributes = number[comes], tick[comes], attributes[comes]
    return _Drawn(number, tick, attributes, tuple(prevented))


def _attributes(spec: SystemSpec, replication: int, stream: StreamSpec, number: Ints, tick: Ints) -> Codes:
    """Return the level codes of each patient; what a listed arrival says is not drawn."""
    codes = np.zeros((number.size, len(spec.attributes)), dtype=np.int16)
    written = np.full_like(codes, NONE) if stream.kind == "listed" else None
    if written is not None and number.size:
        written = np.array([stream.listed[n].attributes for n in number], dtype=np.int16).reshape(codes.shape)
        codes = np.maximum(written, 0)
    u = np.empty(number.size)
    for mix in stream.mix:
        fill_uniforms(spec.seed, replication, stream.key, number, mix.purpose, u)
        shares = np.array(mix.cumulative.rows, dtype=np.float64)
        set_levels(u, *_packed(spec, mix.cumulative, tick), shares, mix.attribute, codes)
        if written is not None:
            said = written[:, mix.attribute]
            codes[:, mix.attribute] = np.where(said == NONE, codes[:, mix.attribute], said)
    return codes


def _packed(spec: SystemSpec, table: Table[Any], tick: Ints) -> tuple[Ints, Ints, Ints]:
    """Return what finds a patient's row: period of each (none where all share the rows), attributes, their sizes."""
    if min(table.by, default=0) < 0:
        raise ValueError("a stream's tables may not be by the service left or the destination")
    period = last_at(spec.periods, tick) if table.periods > 1 else np.empty(0, np.int64)
    return period, np.array(table.by, dtype=np.int64), np.array(table.sizes, dtype=np.int64)
