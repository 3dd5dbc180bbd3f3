"""What is the same of a stream in every replication, laid out as compiled loops take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.demand.expected import last_at
from flowsim.system.spec import NONE, MixSpec, StreamSpec, SystemSpec, Table
from flowsim.units import MINUTES_PER_DAY

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Mixes = tuple[Ints, Ints, Ints, Ints, Flags, Ints, Ints]


@dataclass(frozen=True, slots=True)
class Plan:
    """A stream laid out.

    Attributes:
        stream: as specified.
        starts: ticks at which the rate or the local day may change, rising.
        rates: from each of them, day factors aside [patients a day].
        days: the local day each is in.
        mixes: as ``loops.set_levels`` takes them, with the shares of all.
        said: levels of listed arrivals that are not drawn, by patient and attribute; empty for others.
        shares: of those each thin prevents, by row.
    """

    stream: StreamSpec
    starts: Ints
    rates: Floats
    days: Ints
    mixes: Mixes
    cumulative: Floats
    said: Codes
    shares: tuple[Floats, ...]


def plan(spec: SystemSpec, stream: StreamSpec) -> Plan:
    """Return a stream of a system laid out."""
    starts = np.sort(np.array([*stream.rate.ticks, *spec.clock.midnights], dtype=np.int64))
    per_day = np.array(stream.rate.values) * MINUTES_PER_DAY
    said = np.array([one.attributes for one in stream.listed], dtype=np.int16).reshape(
        len(stream.listed), len(spec.attributes)
    )
    return Plan(
        stream,
        starts,
        per_day[last_at(stream.rate.ticks, starts)],
        last_at(spec.clock.midnights, starts),
        _mixes(stream.mix),
        np.concatenate([np.empty(0), *(np.ravel(mix.cumulative.rows) for mix in stream.mix)]),
        said if stream.kind == "listed" else said[:0],
        tuple(np.array(thin.share.rows, dtype=np.float64) for thin in stream.thins),
    )


def _mixes(mixes: Sequence[MixSpec]) -> Mixes:
    tables = [_of_patients(mix.cumulative) for mix in mixes]
    widest = max((len(table.by) for table in tables), default=0)
    by = [(*table.by, *[NONE] * (widest - len(table.by))) for table in tables]
    sizes = [(*table.sizes, *[0] * (widest - len(table.by))) for table in tables]
    ends = np.cumsum([0, *(len(table.rows) * len(table.rows[0]) for table in tables)])
    return (
        np.array([mix.purpose for mix in mixes], dtype=np.int64),
        np.array([mix.attribute for mix in mixes], dtype=np.int64),
        np.array([len(table.rows[0]) for table in tables], dtype=np.int64),
        ends[:-1],
        np.array([table.periods > 1 for table in tables], dtype=bool),
        np.array(by, dtype=np.int64).reshape(len(tables), widest),
        np.array(sizes, dtype=np.int64).reshape(len(tables), widest),
    )


def _of_patients(table: Table[Any]) -> Table[Any]:
    """Return a table, which must not ask where a patient comes from or goes to."""
    if min(table.by, default=0) < 0:
        raise ValueError("a stream's tables may not be by the service left or the destination")
    return table


def rows_of(table: Table[Any], period: Ints, codes: Codes) -> Ints:
    """Return each patient's row of a table: ``Table.index``."""
    at = period.copy() if table.periods > 1 else np.zeros(len(codes), dtype=np.int64)
    for attribute, size in zip(_of_patients(table).by, table.sizes, strict=True):
        at = at * size + codes[:, attribute]
    return at
