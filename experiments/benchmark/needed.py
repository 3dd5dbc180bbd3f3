"""What a run of the kernel cannot do without: every random number drawn and every event put into the calendar.

The reference engine makes the same draws and foresees the same events as the kernel, by contract; here it is run
once with both written down, in their order. Arrivals and people there at the start come before either engine's
loop: what they take is worked out from the specification.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from flowsim.demand import Arrivals, arrivals
from flowsim.draws.philox import uniforms
from flowsim.draws.quantiles import DISCRETE, EXPONENTIAL, GAMMA, KINDS
from flowsim.engine import reference
from flowsim.engine.context import Context
from flowsim.engine.protocol import Rank
from flowsim.engine.state import Samplers
from flowsim.system.purposes import purpose

if TYPE_CHECKING:
    from flowsim.system.spec import Distribution, StreamSpec, SystemSpec
    from flowsim.trajectory import Patients

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

UNIFORM = -1
"""In place of a kind: the random number itself is what is wanted, for a share, a branch or a level."""
POP = -1
"""In place of a key: the earliest event is taken out."""
KEY_BITS = 27
BAND_BITS = 32
MINUTES_PER_DAY = 1440.0


Row = tuple[float, float, float, float, float, float]
"""Kind, a, b, c, at_least and at_most of a distribution."""
NO_ROW: Row = (UNIFORM, 0.0, 0.0, 0.0, 0.0, 0.0)


class Draws:
    """Draws written down one by one: what names each, and the distribution it is for.

    Names and distributions recur, so each draw is three whole numbers: a list of them is read in next to no time.
    """

    def __init__(self) -> None:
        self._numbers, self._names, self._rows = array("q"), array("q"), array("q")
        self._name_of: dict[tuple[int, int, int], int] = {}
        self._row_of: dict[Row, int] = {NO_ROW: 0}

    def add(self, key: int, number: int, what: int, ordinal: int = 0) -> None:
        """Write down a draw."""
        self._numbers.append(number)
        self._names.append(self._name_of.setdefault((key, what, ordinal), len(self._name_of)))
        self._rows.append(0)

    def turn_into(self, row: Distribution) -> None:
        """Say that the last draw is turned into a time; picking from a list is counted as no more than the draw."""
        if KINDS[row.kind] != DISCRETE:
            self.turn(KINDS[row.kind], row.a, row.b, row.c, row.at_least, row.at_most)

    def turn(self, kind: int, a: float, b: float = 0.0, c: float = 0.0, low: float = 0.0, high: float = inf) -> None:
        """Say that the last draw is turned into a value of a distribution."""
        self._rows[-1] = self._row_of.setdefault((kind, a, b, c, low, high), len(self._row_of))

    def add_all(self, key: int, numbers: Ints, what: int, kind: int = UNIFORM, a: float = 0.0, b: float = 0.0) -> None:
        """Write down a draw for each number."""
        if numbers.size == 0:
            return
        self.add(key, int(numbers[0]), what)
        if kind != UNIFORM:
            self.turn(kind, a, b)
        self._numbers.extend(numbers[1:].tolist())
        for column in (self._names, self._rows):
            column.extend([column[-1]] * (numbers.size - 1))

    def table(self) -> Table:
        """Return the draws as arrays."""
        number, name, row = (np.array(column, dtype=np.int64) for column in (self._numbers, self._names, self._rows))
        names = np.array(list(self._name_of), dtype=np.int64).reshape(-1, 3)
        return Table(number, name.astype(np.int32), row.astype(np.int32), names, np.array(list(self._row_of)))


@dataclass(frozen=True)
class Table:
    """Draws.

    Attributes:
        number: of the patient.
        name, row: which of ``names`` and of ``rows`` each has.
        names: key, purpose and ordinal.
        rows: kind, a, b, c, at_least and at_most; the kind is UNIFORM where the draw is not turned into a time.
    """

    number: Ints
    name: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    names: Ints
    rows: Floats

    def counts(self) -> dict[str, int]:
        """Return the numbers drawn, and how many are turned into times by kind."""
        kinds = Counter(self.rows[self.row, 0].astype(int).tolist())
        named = {code: name for name, code in KINDS.items()}
        return {"uniform": self.row.size} | {named[k]: n for k, n in sorted(kinds.items()) if k != UNIFORM}


@dataclass(frozen=True)
class Needed:
    """What one run takes.

    Attributes:
        run: draws of the people there at the start and of the run itself.
        coming: draws of the arrivals.
        calendar: keys in the order in which they are put in, POP where the earliest is taken out.
        events, patients: of the run.
    """

    run: Table
    coming: Table
    calendar: Ints
    events: int
    patients: int

    @property
    def pushes(self) -> int:
        """Events that go through the heap."""
        return int((self.calendar != POP).sum())

    @property
    def inside(self) -> float:
        """Mean number of events in the heap when one is taken out."""
        size = np.cumsum(np.where(self.calendar == POP, -1, 1))
        taken = size[self.calendar == POP]
        return float(taken.mean() + 1) if taken.size else 0.0

    def described(self) -> str:
        """Return the counts in words."""

        def said(table: Table) -> str:
            return ", ".join(f"{number:,} {name}" for name, number in table.counts().items())

        heap = f"{self.pushes:,} events pushed and popped, {self.inside:,.0f} in the heap on average"
        return f"run: {said(self.run)}; arrivals: {said(self.coming)}; {heap}"


class RecordingSamplers(Samplers):
    """Samplers that write down what they are asked for."""

    __slots__ = ("_draws",)

    def __init__(self, draws: Draws) -> None:
        super().__init__()
        self._draws = draws

    def of(self, row: Distribution) -> Any:
        """Return the sampler of a distribution; the draw just made is turned into one of its times."""
        self._draws.turn_into(row)
        return super().of(row)


@contextmanager
def recorded(spec: SystemSpec) -> Iterator[tuple[Draws, array[int]]]:
    """Have the reference engine write down its draws and its calendar while this lasts."""
    draws, calendar = Draws(), array("q")
    departures = {step.purpose for service in spec.services for step in service.steps if step.departure is not None}
    first_surge = len(spec.services) + len(spec.staff)

    class Recording(Context):
        def __init__(self, *words: Any) -> None:
            super().__init__(*words)
            self.samplers = RecordingSamplers(draws)

        def luck(self, patient: Any, what: int, ordinal: int) -> float:
            draws.add(patient.key, patient.number, what, ordinal)
            if what in departures:
                draws.turn(EXPONENTIAL, 1.0)
            return super().luck(patient, what, ordinal)

        def at(self, tick: int, rank: Rank, who: int) -> Any:
            event = super().at(tick, rank, who)
            is_foreseen = rank in (Rank.ARRIVAL, Rank.START) or (rank is Rank.CAPACITY and who < first_surge)
            if tick < self.spec.end and not is_foreseen:
                calendar.append(tick << KEY_BITS | len(calendar) & (1 << KEY_BITS) - 1)
                event.callbacks.append(lambda _: calendar.append(POP))
            return event

    setattr(reference, "Context", Recording)  # noqa: B010 - the engine is to make these instead
    try:
        yield draws, calendar
    finally:
        setattr(reference, "Context", Context)  # noqa: B010 - and its own again


def needed(spec: SystemSpec, replication: int = 0) -> Needed:
    """Return what a run takes."""
    coming = arrivals(spec, replication)
    with recorded(spec) as (draws, calendar):
        got = reference.run(spec, replication, coming)
    present(spec, got.patients, draws)
    return Needed(
        draws.table(),
        of_arrivals(spec, replication, coming),
        np.array(calendar, dtype=np.int64),
        got.events,
        got.patients.arrival.size,
    )


def present(spec: SystemSpec, patients: Patients, draws: Draws) -> None:
    """Write down the draws of those there at the start: attributes, and what is left of a stay."""
    row = 0
    for is_waiting in (False, True):
        for service in spec.services:
            for group in (g for g in service.initial if g.waiting is is_waiting):
                key = purpose(f"initial.{service.id}.{group.id}")
                mixes = spec.streams[group.mix_of].mix if group.mix_of >= 0 else ()
                care = [step for step in service.steps if not step.leaving and step.duration is not None]
                for n in range(group.number):
                    for mix in mixes:
                        draws.add(key, n, mix.purpose)
                    if care and not is_waiting and not group.remaining:
                        stay = care[-1].duration
                        assert stay is not None
                        to = service.routing.branches.rows[0].destinations[0]
                        kind = patients.attributes[row].tolist()
                        draws.add(key, n, care[-1].purpose)
                        draws.turn_into(stay.row(0, kind, len(spec.services), to))
                    row += 1


def of_arrivals(spec: SystemSpec, replication: int, coming: Arrivals) -> Table:
    """Return the draws of all streams: gap and level of every candidate, day factors, attributes, thinning.

    Raises:
        ValueError: a stream is not a plain Poisson one.
    """
    draws = Draws()
    for index in range(len(spec.streams)):
        of_stream(spec, replication, index, coming, draws)
    return draws.table()


def of_stream(spec: SystemSpec, replication: int, index: int, coming: Arrivals, draws: Draws) -> None:
    """Write down the draws of one stream."""
    stream = spec.streams[index]
    if stream.kind != "poisson" or stream.batch is not None:
        raise ValueError(f"stream.{stream.id} is not a plain Poisson stream, which is all whose draws are counted")
    date = spec.clock.starts_at.date().toordinal() + np.arange(len(spec.clock.midnights))
    most = 1.0
    if stream.day_spread > 0:
        shape = 1 / stream.day_spread**2
        draws.add_all(stream.key, date, purpose("arrival.day_factor"), GAMMA, shape, 1 / shape)
        most = most_of_day(spec, replication, stream, date, shape)
    top, low, height, band = max(stream.rate.values) * MINUTES_PER_DAY * most, 0.0, 1.0, 0
    while low < top:
        numbers = candidates(spec, replication, stream, band, height)
        draws.add_all(stream.key, numbers, purpose("arrival.gap"), EXPONENTIAL, MINUTES_PER_DAY / height)
        draws.add_all(stream.key, numbers[:-1], purpose("arrival.level"))
        low, band = low + height, band + 1
        height = low
    number = coming.number[coming.stream == index]
    for what in [mix.purpose for mix in stream.mix] + [thin.purpose for thin in stream.thins]:
        draws.add_all(stream.key, number, what)


def most_of_day(spec: SystemSpec, replication: int, stream: StreamSpec, date: Ints, shape: float) -> float:
    """Return the greatest factor of any day."""
    from scipy.stats import gamma

    u = uniforms(spec.seed, replication, stream.key, date, purpose("arrival.day_factor"))
    return float(gamma.ppf(u, shape, scale=1 / shape).max())


def candidates(spec: SystemSpec, replication: int, stream: StreamSpec, band: int, height: float) -> Ints:
    """Return the numbers of a band's candidates within the run, and the first one past it."""
    days = spec.clock.minutes(spec.end) / MINUTES_PER_DAY
    mean = height * days
    size = int(mean + 10 * mean**0.5 + 20)
    number = (band << BAND_BITS) + np.arange(size)
    gap = -np.log1p(-uniforms(spec.seed, replication, stream.key, number, purpose("arrival.gap")))
    inside = int((np.cumsum(gap) / height < days).sum())
    return number[: inside + 1]
