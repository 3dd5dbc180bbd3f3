"""What every part of the reference engine shares: the clock, the log and the patients' luck."""

from __future__ import annotations

import math
from typing import Any

import simpy
from simpy.events import Event

from flowsim.draws.philox import uniform
from flowsim.engine.log import Log
from flowsim.engine.protocol import Rank
from flowsim.engine.state import Patient, Periods, Samplers
from flowsim.system.spec import SystemSpec, Table

_RANK_SHIFT = 34
_SOONEST = 2
"""SimPy keeps priorities 0 and 1 for events of this instant, which drain first: they are the worklist."""


class Occurrence(Event):
    """Something that will happen at a tick, in its rank and the order of who it happens to."""

    def __init__(self, env: simpy.Environment, tick: int, rank: Rank, who: int) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        priority: Any = _SOONEST + ((rank << _RANK_SHIFT) | who)
        env.schedule(self, priority=priority, delay=tick - env.now)


class Context:
    """One replication's clock, log and luck."""

    def __init__(self, spec: SystemSpec, replication: int, log: Log) -> None:
        self.spec = spec
        self.replication = replication
        self.log = log
        self.env = simpy.Environment(initial_time=0)
        self.ticks_per_minute = spec.clock.ticks_per_minute
        self._periods = Periods(spec.periods)
        self.samplers = Samplers()

    @property
    def now(self) -> int:
        """The current tick."""
        return int(self.env.now)

    def at(self, tick: int, rank: Rank, who: int) -> Occurrence:
        """Return an event that will happen at a tick."""
        self.log.events += tick < self.spec.end
        return Occurrence(self.env, tick, rank, who)

    def ticks(self, minutes: float) -> int:
        """Return minutes as the nearest whole number of ticks."""
        return math.floor(minutes * self.ticks_per_minute + 0.5)

    def luck(self, patient: Patient, purpose: int, ordinal: int) -> float:
        """Return the patient's uniform draw for a purpose."""
        return uniform(self.spec.seed, self.replication, patient.key, patient.number, purpose, ordinal)

    def row(self, table: Table[Any], patient: Patient, origin: int, toward: int = 0) -> Any:
        """Return the row of a table that holds for a patient now."""
        if not table.by and table.periods == 1:
            return table.rows[0]
        return table.row(self._periods.at(self.now), patient.attributes, origin, toward)
