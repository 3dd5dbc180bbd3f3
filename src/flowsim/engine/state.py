"""What the reference engine keeps track of: patients, their visits, stations and pools of staff."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from simpy.events import Event

from flowsim.draws.sampler import Sampler
from flowsim.engine.queues import WaitingList
from flowsim.engine.setup import Offer
from flowsim.system.spec import BranchSpec, Distribution, ServiceSpec, Steps
from flowsim.trajectory import NEVER, Outcome


class Patient:
    """Someone in the system; ``key`` and ``number`` name their luck."""

    __slots__ = ("attributes", "been", "delayed", "key", "number", "row", "stream")

    def __init__(self, row: int, stream: int, key: int, number: int, attributes: list[int]) -> None:
        self.row = row
        self.stream = stream
        self.key = key
        self.number = number
        self.attributes = attributes
        self.delayed = 0
        """Ticks spent delayed so far."""
        self.been: dict[int, int] = {}
        """How often the patient has come to each place."""


@dataclass(slots=True, eq=False)
class Visit:
    """One patient at one service: asking, waiting, in service, ready, gone. Times are ticks.

    The fields that the trajectory keeps are described there; the others are the engine's own.
    """

    row: int
    patient: Patient
    service: int
    origin: int
    queued: int
    code: int = 0
    """Mixed-radix code of the patient's attributes on joining."""
    ordinal: int = 0
    """How often the patient had been here before; part of every draw's name."""
    started: int = NEVER
    seen: int = NEVER
    ready: int = NEVER
    left: int = NEVER
    moved: int = NEVER
    outcome: Outcome = Outcome.IN_PROGRESS
    destination: int = NEVER
    held: int = NEVER
    held_visit: Visit | None = None
    """The visit whose space the patient still keeps."""
    is_arrival: bool = True
    """Came without a space held elsewhere."""
    waits_without_space: bool = False
    """A transfer in a waiting place."""
    takes: int = 1
    withheld: int = 0
    priority: int = 0
    """Class on joining."""
    cls: int = 0
    """Class now."""
    first: int = 0
    last: int = 0
    days: int = 0
    start_day: int = NEVER
    """Day of the run on which a package of home visits starts."""
    initial: int = 0
    branch: BranchSpec | None = None
    toward: int = NEVER
    """Place code drawn on starting, for tables by ``to``."""
    event: Event | None = None
    """What the patient's process waits for, while it waits to be woken."""
    stint: int = NEVER
    """Start of the present stretch in service."""
    finish: int = NEVER
    remaining: int = 0
    interrupted: int = 0
    interrupted_at: int = NEVER
    version: int = 0
    """Counts interruptions, so that a finish foreseen before one is known to be stale."""


class StaffCall:
    """A step's call for staff."""

    __slots__ = ("cls", "event", "needs")

    def __init__(self, needs: tuple[tuple[int, int], ...], cls: int, event: Event) -> None:
        self.needs = needs
        self.cls = cls
        self.event = event


class Station:
    """A service at work."""

    def __init__(self, index: int, spec: ServiceSpec, offers: tuple[Offer, ...]) -> None:
        self.index = index
        self.spec = spec
        self.offers = offers
        _, self.spaces, self.admitting = offers[0]
        self.surge = 0
        self.surge_called = False
        self.in_use = 0
        """Spaces taken, those in turnaround included."""
        self.promised = 0
        """Home visits promised on the present day."""
        self.waiting: WaitingList[Visit] = WaitingList()
        self.waiting_arrivals = 0
        self.waiting_transfers = 0
        """Transfers in a waiting place, without a space elsewhere."""
        self.in_service: dict[Visit, None] = {}
        """Kept only where someone may be interrupted."""
        self.active: dict[Visit, None] = {}
        """Home-care packages under way."""

    @property
    def free(self) -> int:
        """Spaces that can be given out now; below 0 when overfull."""
        return self.spaces + self.surge - self.in_use


class Pool:
    """A staff pool at work."""

    __slots__ = ("busy", "calls", "duty", "index", "on_duty")

    def __init__(self, index: int, duty: Steps) -> None:
        self.index = index
        self.duty = duty
        self.on_duty = int(duty.values[0])
        self.busy = 0
        self.calls: WaitingList[StaffCall] = WaitingList()

    @property
    def free(self) -> int:
        """Members on duty and not busy; below 0 when a shift ended with work under way."""
        return self.on_duty - self.busy


class Hazard:
    """The hazard of leaving by the clock, with its integral."""

    __slots__ = ("hazards", "rates", "ticks")

    def __init__(self, departure: Steps, ticks_per_minute: int) -> None:
        self.ticks = departure.ticks
        self.rates = tuple(rate / ticks_per_minute for rate in departure.values)
        gathered = [0.0]
        for i in range(1, len(self.ticks)):
            gathered.append(gathered[-1] + (self.ticks[i] - self.ticks[i - 1]) * self.rates[i - 1])
        self.hazards = tuple(gathered)


class Periods:
    """Which period of the specification holds."""

    __slots__ = ("starts",)

    def __init__(self, starts: tuple[int, ...]) -> None:
        self.starts = starts

    def at(self, tick: int) -> int:
        """Return the index of the period in force."""
        return 0 if len(self.starts) == 1 else bisect_right(self.starts, tick) - 1


class Samplers:
    """One compiled sampler a distribution."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, Sampler] = {}

    def of(self, row: Distribution) -> Sampler:
        """Return the sampler of a distribution of the specification (which outlives this)."""
        found = self._known.get(id(row))
        if found is None:
            found = self._known[id(row)] = Sampler(row)
        return found
