"""Parts of the whole network as one writes it by hand in SimPy: what a specification's numbers become.

Times are minutes. Only the numbers are flowsim's; queues, clocks and random numbers are SimPy's and numpy's.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy
from simpy.core import BoundClass
from simpy.resources.resource import PriorityRequest

if TYPE_CHECKING:
    from flowsim.system.spec import BranchSpec, Distribution, ServiceSpec, StepSpec, SystemSpec, Table

BEFORE_EVERYONE = -1
"""Priority of those who take a space or a member of staff out of use."""
UNLIMITED = 2**40
SERVED, GAVE_UP, SENT_ON, INSIDE = range(4)
"""How a visit ended."""


@dataclass(slots=True, eq=False)
class Patient:
    """Someone in the network; ``held`` is the visit whose space they have until the next service takes them."""

    kind: list[int]
    origin: int
    delayed: float = 0.0
    held: Visit | None = None


@dataclass(slots=True, eq=False)
class Visit:
    """What is noted of a patient at a service [min], and what they have there."""

    patient: Patient
    service: int
    arrived: float
    started: float = math.nan
    seen: float = math.nan
    ready: float = math.nan
    left: float = math.nan
    ended: int = INSIDE
    to: int = -1
    priority: int = 0
    space: Any = None
    first: float = 0.0
    last: float = 0.0
    carers: int = 0
    day: int = 0
    days: int = 0


Lookup = Callable[[Patient, int], Any]
"""What holds for a patient, and for where they are to go."""


def lookup(table: Table[Any], change: Callable[[Any], Any] = lambda row: row) -> Lookup:
    """Return a table as a function of the patient; each row is changed first, once.

    Raises:
        ValueError: the table differs between periods.
    """
    if table.periods > 1:
        raise ValueError("the version by hand knows no changes by date: run it without interventions")
    known = {id(row): change(row) for row in table.rows}
    rows = [known[id(row)] for row in table.rows]
    if not table.by:
        only = rows[0]
        return lambda patient, to: only
    if len(table.by) == 1 and table.by[0] >= 0:
        (by,) = table.by
        return lambda patient, to: rows[patient.kind[by]]
    cases = dict(zip(product(*map(range, table.sizes)), rows, strict=True))
    return lambda patient, to: cases[
        tuple([patient.kind[a] if a >= 0 else to if a == -1 else patient.origin for a in table.by])
    ]


def _times(scale: float, draw: Callable[[], float]) -> float:
    return scale * draw()


def _one_of(values: Sequence[float], shares: Sequence[float], rng: np.random.Generator) -> float:
    return values[bisect(shares, rng.random())]


def sampler(rng: np.random.Generator, d: Distribution) -> Callable[[], float]:
    """Return what draws from a distribution with numpy [min].

    Raises:
        ValueError: a kind that numpy's generator does not have.
    """
    draw: Callable[[], float]
    if d.kind == "constant":
        draw = partial(float, d.a)
    elif d.kind == "weibull":
        draw = partial(_times, d.b, partial(rng.weibull, d.a))
    elif d.kind == "geometric":
        draw = partial(_times, d.b, partial(rng.geometric, d.a))
    elif d.kind == "discrete":
        draw = partial(_one_of, d.values, d.cumulative[:-1], rng)
    elif d.kind == "exponential":
        draw = partial(rng.exponential, d.a)
    elif d.kind == "triangular":
        draw = partial(rng.triangular, d.a, d.c, d.b)
    elif d.kind in ("lognormal", "gamma", "uniform", "normal"):
        draw = partial(getattr(rng, d.kind), d.a, d.b)
    else:
        raise ValueError(f"the version by hand cannot draw from a distribution of kind {d.kind!r}")
    if d.kind == "normal" or d.at_least > 0 or d.at_most < math.inf:
        return lambda: min(max(draw(), d.at_least), d.at_most)
    return draw


@dataclass(slots=True)
class Way:
    """Where patients go, by shares or by what they find."""

    places: tuple[int, ...]
    shares: tuple[float, ...]
    rule: str
    otherwise: int


def way(branch: BranchSpec) -> Way:
    """Return a branch with the cumulative shares of all places but the last."""
    return Way(branch.destinations, branch.cumulative[:-1], branch.rule, branch.otherwise)


class Curve:
    """A step function of time [min]."""

    def __init__(self, ticks: Sequence[int], values: Sequence[float], per_minute: int) -> None:
        self.times = [tick / per_minute for tick in ticks]
        self.values = list(values)

    def at(self, now: float) -> float:
        """Return the value in force."""
        return self.values[bisect(self.times, now) - 1]

    def changes(self) -> list[tuple[float, float]]:
        """Return time and value of each change, the first at 0."""
        return list(zip(self.times, self.values, strict=True))


class Hazard(Curve):
    """A hazard by the clock: how long until it has gathered what was drawn."""

    def __init__(self, ticks: Sequence[int], values: Sequence[float], per_minute: int) -> None:
        super().__init__(ticks, values, per_minute)
        self.gathered = [0.0]
        for i in range(1, len(self.times)):
            self.gathered.append(self.gathered[-1] + (self.times[i] - self.times[i - 1]) * self.values[i - 1])

    def wait(self, now: float, drawn: float) -> float:
        """Return the time from now on until the hazard has gathered so much [min]."""
        i = bisect(self.times, now) - 1
        target = self.gathered[i] + (now - self.times[i]) * self.values[i] + drawn
        i = bisect(self.gathered, target) - 1
        return max(0.0, self.times[i] + (target - self.gathered[i]) / self.values[i] - now) if self.values[i] else 1e9


class Step:
    """Something done to a patient."""

    def __init__(self, spec: StepSpec, rng: np.random.Generator, per_minute: int) -> None:
        self.reason = spec.reason
        self.is_seen = spec.is_seen
        self.share = None if spec.share is None else lookup(spec.share)
        self.duration = None if spec.duration is None else lookup(spec.duration, partial(sampler, rng))
        self.hazard = None
        if spec.departure is not None:
            self.hazard = Hazard(spec.departure.ticks, spec.departure.values, per_minute)
        self.staff = [(need.pool, lookup(need.number)) for need in spec.staff]


class KeepingRequest(PriorityRequest):
    """A request that must leave so many spaces free."""

    def __init__(self, resource: Any, priority: int = 0, keep: int = 0) -> None:
        self.keep = keep
        super().__init__(resource, priority)


class KeepingResource(simpy.PriorityResource):
    """Spaces of which some are kept for others: who may not have one is passed over."""

    request = BoundClass(KeepingRequest)

    def _do_put(self, event: KeepingRequest) -> bool:
        free = self.capacity - len(self.users)
        if free > event.keep:
            super()._do_put(event)
        return free > 0


@dataclass(eq=False)
class Service:
    """A service at work.

    Attributes:
        spaces: what patients ask for; None where there is no end of it, or where visits are counted.
        seats: waiting places for those who come from another service; None where there is none or no end of them.
        blocks: requests that take spaces out of use, for closing hours and unopened surge spaces.
        packages: home-care packages under way, and ``asking`` for one.
    """

    env: simpy.Environment
    index: int
    spec: ServiceSpec
    rng: np.random.Generator
    per_minute: int
    spaces: Any = None
    blocks: list[Any] = field(default_factory=list)
    packages: dict[Visit, None] = field(default_factory=dict)
    asking: dict[Visit, Any] = field(default_factory=dict)
    in_use: int = 0
    waiting: int = 0
    arrivals_waiting: int = 0
    promised: int = 0
    surge: int = 0
    surge_called: bool = False

    def __post_init__(self) -> None:
        spec, rng = self.spec, self.rng
        check(spec)
        self.hours = Curve(spec.admitting.ticks, spec.admitting.values, self.per_minute)
        self.offered = Curve(spec.capacity.ticks, spec.capacity.values, self.per_minute)
        self.is_open = bool(self.hours.at(0))
        self.care = [Step(step, rng, self.per_minute) for step in spec.steps if not step.leaving]
        self.leaving = [Step(step, rng, self.per_minute) for step in spec.steps if step.leaving]
        self.ways = lookup(spec.routing.branches, way)
        self.priority, self.keep = lookup(spec.priority), lookup(spec.withheld)
        self.patience = None if spec.patience is None else lookup(spec.patience.duration, partial(sampler, rng))
        self.cleaning = None if spec.turnaround is None else lookup(spec.turnaround, partial(sampler, rng))
        self.seats = None
        if 0 < spec.transfer_places < UNLIMITED:
            self.seats = simpy.PriorityResource(self.env, spec.transfer_places)
        extra = spec.surge.spaces if spec.surge else 0
        # SimPy wants one space at least; where there is none to be had it is out of use.
        self.most = max(int(max(spec.capacity.values)) + extra, 1)
        if spec.visits is None and self.most < UNLIMITED:
            self.spaces = self.make_spaces()

    def make_spaces(self) -> Any:
        """Return the plainest of SimPy's resources that will do."""
        spec = self.spec
        if max(spec.withheld.rows) > 0:
            return KeepingResource(self.env, self.most)
        is_plain = (
            len(set(spec.priority.rows)) == 1 and len(self.hours.times) == 1 and self.offered.values == [self.most]
        )
        return (simpy.Resource if is_plain else simpy.PriorityResource)(self.env, self.most)

    @property
    def offer(self) -> int:
        """Spaces that patients may have now, surge spaces included."""
        return int(self.offered.at(self.env.now)) + self.surge if self.is_open else 0

    def ask(self, visit: Visit, keep: int) -> Any:
        """Return the request for a space."""
        if isinstance(self.spaces, KeepingResource):
            return self.spaces.request(visit.priority, keep)
        if isinstance(self.spaces, simpy.PriorityResource):
            return self.spaces.request(visit.priority)
        return self.spaces.request()

    def adjust(self) -> None:
        """Take spaces out of use, or bring them back; whoever is in one stays."""
        if self.spaces is not None and isinstance(self.spaces, simpy.PriorityResource):
            out_of_use(self.spaces, self.blocks, self.most - self.offer)


def out_of_use(resource: Any, blocks: list[Any], number: int) -> None:
    """Have so many of a resource out of use: each is asked for before everyone else."""
    while len(blocks) < number:
        blocks.append(resource.request(BEFORE_EVERYONE))
    while len(blocks) > number:
        give_back(resource, blocks.pop())


def give_back(resource: Any, request: Any) -> None:
    """Give back what was asked for, or ask no longer."""
    if request.triggered:
        resource.release(request)
    else:
        request.cancel()


def check(spec: ServiceSpec) -> None:
    """Refuse what the version by hand does not know.

    Raises:
        ValueError: the service says such a thing.
    """
    unknown = {
        "preempts": spec.preempts,
        "interrupts when capacity falls": spec.cut_interrupts,
        "lets priorities rise": spec.rises_after >= 0,
        "takes several spaces a patient": spec.visits is None and set(spec.takes.rows) != {1},
        "has priorities below 0": min(spec.priority.rows) < 0,
    }
    for said, is_so in unknown.items():
        if is_so:
            raise ValueError(f"service.{spec.id} {said}, which the version by hand does not know")


def check_network(spec: SystemSpec) -> None:
    """Refuse streams that the version by hand does not know.

    Raises:
        ValueError: there is one.
    """
    for stream in spec.streams:
        if stream.kind != "poisson" or stream.batch is not None:
            raise ValueError(f"stream.{stream.id} is not a plain Poisson stream, which the version by hand needs")
