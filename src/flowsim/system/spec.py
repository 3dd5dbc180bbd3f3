"""SystemSpec: everything an engine must know, names checked, calendars resolved, nothing left to look up.

Codes
    *Place code*: where a patient can go. ``0 .. S-1`` are services, ``S .. S+E-1`` exits, and
    ``S+E ..`` junctions (instant routing points), S and E being the numbers of services and exits.
    *Tick*: whole number of ``SystemSpec.clock.tick`` since the start of the run (warm-up included).

Tables
    Whatever may differ between patients or over time is a ``Table``: one row a combination of the
    levels it is ``by``, and, where interventions start or end during the run, one block of rows a period.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, Literal, TypeVar

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
"""Of tables, whose rows never change: a table of numbers is a table of objects."""

BY_DESTINATION = -1
"""Pseudo-attribute: the place code drawn for the patient on entry to the service (the YAML's ``to``)."""
BY_ORIGIN = -2
"""Pseudo-attribute: the service left before this one, or S for an arrival (the YAML's ``from``)."""
UNLIMITED = 2**40
"""Capacity or queue places of something that never fills."""
NONE = -1
"""No such tick, service, reason or place."""


@dataclass(frozen=True, slots=True)
class Table(Generic[Row_co]):
    """Rows by period and by levels of attributes.

    Attributes:
        by: indices of the attributes (or BY_DESTINATION, BY_ORIGIN), first varies slowest.
        sizes: number of levels of each, in the same order.
        rows: flat; index = ((period * size0 + code0) * size1 + code1) ...
        periods: 1 where all periods share the rows, else ``len(SystemSpec.periods)``.
    """

    by: tuple[int, ...]
    sizes: tuple[int, ...]
    rows: tuple[Row_co, ...]
    periods: int = 1

    def index(self, period: int, attributes: Sequence[int], origin: int, destination: int) -> int:
        """Return the row's index for a patient; a period past the last uses the last."""
        at = period if self.periods > 1 else 0
        for attribute, size in zip(self.by, self.sizes, strict=True):
            pseudo = destination if attribute == BY_DESTINATION else origin
            at = at * size + (attributes[attribute] if attribute >= 0 else pseudo)
        return at

    def row(self, period: int, attributes: Sequence[int], origin: int, destination: int) -> Row_co:
        """Return the row that holds for a patient."""
        if not self.by and self.periods == 1:
            return self.rows[0]
        return self.rows[self.index(period, attributes, origin, destination)]

    @property
    def is_constant(self) -> bool:
        """Whether one row serves everyone, always."""
        return len(self.rows) == 1


def constant(row: Row) -> Table[Row]:
    """Return a table with one row for everyone, always."""
    return Table((), (), (row,))


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution in canonical parameters; times in minutes.

    ``kind`` and ``(a, b)``: constant (value, -) · exponential (mean, -) · lognormal (mu, sigma of the log) ·
    gamma (shape, scale) · weibull (shape, scale) · uniform (low, high) · triangular (low, high; ``c`` mode) ·
    normal (mean, sd) · geometric (probability of ending after each, unit; values are 1, 2, ... units) ·
    discrete (``values`` with cumulative ``cumulative``) · clock (a hazard by hour of week: see ``hazard``).
    ``at_least`` and ``at_most`` clamp what is drawn.
    """

    kind: str
    a: float = 0.0
    b: float = 0.0
    c: float = 0.0
    at_least: float = 0.0
    at_most: float = math.inf
    values: tuple[float, ...] = ()
    cumulative: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """A step function of time: ``values[i]`` holds from ``ticks[i]`` (inclusive) to the next.

    ``ticks[0]`` is 0.
    """

    ticks: tuple[int, ...]
    values: tuple[float, ...]

    def at(self, tick: int) -> float:
        """Return the value in force at a tick."""
        from bisect import bisect_right

        return self.values[bisect_right(self.ticks, tick) - 1]


@dataclass(frozen=True, slots=True)
class ClockSpec:
    """How ticks meet the calendar.

    Attributes:
        ticks_per_minute: 60000 for the default tick of 1 ms.
        timezone: IANA name; ``UTC`` has no clock changes.
        starts_at: local date and time of tick 0 (always a midnight).
        midnights: tick of each local midnight from the run's start to one past its end.
        weekdays: 0 (Monday) to 6 for the day that starts at each midnight.
        holidays: whether that day is a bank holiday.
    """

    ticks_per_minute: int
    timezone: str
    starts_at: datetime
    midnights: tuple[int, ...]
    weekdays: tuple[int, ...]
    holidays: tuple[bool, ...]

    def minutes(self, ticks: float) -> float:
        """Return ticks as minutes."""
        return ticks / self.ticks_per_minute

    def date_of(self, day: int) -> date:
        """Return the date of the day-th midnight."""
        from datetime import timedelta

        return self.starts_at.date() + timedelta(days=day)


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """A patient attribute; codes are positions in ``levels``."""

    id: str
    label: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BranchSpec:
    """Where patients go: by shares, or by a rule that looks at the state of the system.

    Attributes:
        destinations: place codes.
        cumulative: cumulative shares (last is 1.0) when ``rule`` is "share", else empty.
        rule: share | first_with_space | if_open | shortest.
        otherwise: place code when no destination satisfies the rule; NONE for shares.
    """

    destinations: tuple[int, ...]
    cumulative: tuple[float, ...] = (1.0,)
    rule: Literal["share", "first_with_space", "if_open", "shortest"] = "share"
    otherwise: int = NONE


@dataclass(frozen=True, slots=True)
class RoutingSpec:
    """A routing point: ``branches`` holds, for each kind of patient, the branch that applies.

    ``purpose`` keys its draw.
    """

    id: str
    purpose: int
    branches: Table[BranchSpec]


@dataclass(frozen=True, slots=True)
class StaffNeed:
    """So many of one pool, by patient."""

    pool: int
    number: Table[int]


@dataclass(frozen=True, slots=True)
class StepSpec:
    """Something done to a patient in a service, or on the way out of it.

    Attributes:
        leaving: whether it belongs to the time between discharge-ready and left.
        share: probability that the patient needs it; None where everyone does.
        duration: how long it takes once staff are there [min]; None where ``departure`` rules.
        departure: hazard of being let go, per minute, as a function of time; the step ends when the
            cumulative hazard since its start reaches a unit exponential draw. None for ordinary steps.
        staff: all needed at once, held for the duration.
        reason: index of the delay reason, NONE where the time is not a delay.
        is_seen: whether its start is the moment the patient is seen by a decision-making clinician.
        purpose, share_purpose: key the draws of its duration and of whether it is needed.
    """

    id: str
    purpose: int
    leaving: bool
    share: Table[float] | None
    duration: Table[Distribution] | None
    departure: Steps | None
    staff: tuple[StaffNeed, ...]
    reason: int = NONE
    is_seen: bool = False
    share_purpose: int = 0


@dataclass(frozen=True, slots=True)
class BalkSpec:
    """Whether an arrival joins, by the number already waiting, once nothing is free.

    ``join[q]`` is the probability with q waiting; past its end the last holds. ``plus`` > 0 means
    1 / (q + plus) instead.
    """

    purpose: int
    join: tuple[float, ...]
    plus: float


@dataclass(frozen=True, slots=True)
class SurgeSpec:
    """Extra spaces opened by rule, with hysteresis and lead time.

    Attributes:
        spaces: how many more.
        opens_occupancy: opens when units in use / ordinary capacity reach this; inf where not used.
        opens_waiting: opens when this many wait; UNLIMITED where not used.
        closes_occupancy: closes when in use / ordinary capacity falls below this (and the number
            waiting is below ``opens_waiting``).
        lead: from the trigger to the opening [ticks].
    """

    spaces: int
    opens_occupancy: float
    opens_waiting: int
    closes_occupancy: float
    lead: int


@dataclass(frozen=True, slots=True)
class VisitSpec:
    """Home care by visits: a daily number that tapers from the first day to the last.

    The visits of day k (0-based) of a stay of n days are first + (last - first) * k / (n - 1), rounded
    half to even, times carers; a stay of one day has ``first``. A package starts at a day's start, when
    the visits promised that day leave room for its own.

    Attributes:
        first, last: visits a day.
        carers: how many attend each visit.
        start_weekdays: which weekdays a package may start (Monday first); bank holidays count as Sunday.
        day_start: minute of the local day at which the day's list is filled.
        overtaking: whether a later package that fits may start before an earlier one that does not.
    """

    first: Table[float]
    last: Table[float]
    carers: Table[int]
    start_weekdays: tuple[bool, ...]
    day_start: int
    overtaking: bool


@dataclass(frozen=True, slots=True)
class DeconditioningSpec:
    """What time delayed before entry does to the patient in this service.

    Attributes:
        stay_per_day: each day delayed so far lengthens the durations of care steps by this share.
        stay_limit: the most they are lengthened by.
        shift_per_day: probability per day delayed of moving one level up in ``attribute``.
        shift_limit: the most that probability can be.
        attribute: index of that attribute; NONE where nothing shifts.
        purpose: keys the shift's draw.
    """

    stay_per_day: float
    stay_limit: float
    shift_per_day: float
    shift_limit: float
    attribute: int
    purpose: int


@dataclass(frozen=True, slots=True)
class PatienceSpec:
    """How long patients wait before they give up.

    Attributes:
        duration: from joining the queue [min].
        to: place code they go to.
        holders: whether those who hold a space elsewhere while they wait may give up too.
    """

    purpose: int
    duration: Table[Distribution]
    to: int
    holders: bool


@dataclass(frozen=True, slots=True)
class InitialSpec:
    """People already there at tick 0, alike in all but luck.

    Attributes:
        waiting: whether they wait for the service rather than occupy it.
        number: how many.
        elapsed: time since they started (or joined the queue), per person in turn, cycled [min].
        remaining: what is left of the stay, per person in turn [min]; empty to draw it, given what
            has elapsed (``uniform`` draws it uniform on (0, a fresh stay) instead).
        uniform: see ``remaining``.
        attributes: fixed levels by attribute index; the others are drawn from ``mix_of``.
        mix_of: stream whose mix gives the other attributes; NONE where all are fixed.
    """

    id: str
    waiting: bool
    number: int
    elapsed: tuple[float, ...]
    remaining: tuple[float, ...]
    uniform: bool
    attributes: tuple[tuple[int, int], ...]
    mix_of: int = NONE


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A place of care; see the field comments of ``flowsim.config.models.Service`` for the words.

    Attributes:
        role: what kind of place it is (``ae``, ``ward`` ...), by which measures find it.
        unit: what a space is called (beds, cubicles, visits).
        capacity: spaces over time, surge and closures aside.
        admitting: 1 while patients may start, 0 while closed.
        is_closed_capacity: whether hours not admitting offer no capacity (``opens``), or do (``admits.hours``).
        when_closed: place code for arrivals while closed; NONE where they wait.
        queue_places: how many arrivals may wait without a space elsewhere.
        transfer_places: how many transfers may wait without keeping the space they come from.
        when_full: place code for arrivals who find no place.
        priority: lower is served first.
        rises_after: ticks of waiting after which ``rises_to`` holds; NONE where it never does.
        takes: spaces a patient occupies.
        withheld: spaces that must stay free after the patient starts.
        turnaround: time a space stays out of use after a patient [min]; None where at once.
        preempts: whether a better priority interrupts a worse one in service.
        cut_interrupts: whether a fall in capacity interrupts those in service.
        reason: index of the delay reason of those who hold a space elsewhere while waiting for this.
        sets: attributes given a level on leaving.
    """

    id: str
    label: str
    role: str
    provider: str
    hub: str
    unit: str
    purpose: int
    capacity: Steps
    admitting: Steps
    is_closed_capacity: bool
    when_closed: int
    queue_places: int
    transfer_places: int
    when_full: int
    balks: BalkSpec | None
    priority: Table[int]
    rises_after: int
    rises_to: int
    takes: Table[int]
    withheld: Table[int]
    patience: PatienceSpec | None
    surge: SurgeSpec | None
    steps: tuple[StepSpec, ...]
    turnaround: Table[Distribution] | None
    turnaround_purpose: int
    preempts: bool
    cut_interrupts: bool
    reason: int
    visits: VisitSpec | None
    deconditioning: DeconditioningSpec | None
    sets: tuple[tuple[int, int], ...]
    routing: RoutingSpec
    initial: tuple[InitialSpec, ...] = ()

    @property
    def is_unlimited(self) -> bool:
        """Whether the service never fills."""
        return min(self.capacity.values) >= UNLIMITED


@dataclass(frozen=True, slots=True)
class MixSpec:
    """How an attribute of a stream's patients is drawn; earlier attributes may decide.

    Rows are cumulative shares over the levels.
    """

    attribute: int
    purpose: int
    cumulative: Table[tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class ThinSpec:
    """A share of a stream's patients who do not come, because an intervention prevents it."""

    id: str
    purpose: int
    share: Table[float]


@dataclass(frozen=True, slots=True)
class ListedArrival:
    """One arrival whose time and attributes are written out."""

    tick: int
    attributes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A source of demand.

    Attributes:
        key: 32-bit hash of the id; with the patient's number it names the patient.
        kind: poisson | renewal | listed.
        rate: patients (or batches) per minute over time, for poisson.
        day_spread: coefficient of variation of a gamma factor drawn for each day; 0 for none.
        gaps: time between arrivals, for renewal.
        batch: discrete sizes of the groups that arrive together.
        listed: arrivals written out.
        mix: attributes, in order of drawing.
        thins: prevented shares.
        routing: where they present.
    """

    id: str
    label: str
    key: int
    kind: Literal["poisson", "renewal", "listed"]
    rate: Steps
    day_spread: float
    gaps: Distribution | None
    batch: Distribution | None
    listed: tuple[ListedArrival, ...]
    mix: tuple[MixSpec, ...]
    thins: tuple[ThinSpec, ...]
    routing: RoutingSpec


@dataclass(frozen=True, slots=True)
class StaffSpec:
    """A pool of staff shared between services; ``sickness`` is each member's daily chance of absence."""

    id: str
    label: str
    purpose: int
    rota: Steps
    sickness: float
    provider: str = ""


@dataclass(frozen=True, slots=True)
class ReasonSpec:
    """A reason for delay, and the body responsible for it.

    ``is_recorded`` says whether the official transfer-of-care count would show it.
    """

    id: str
    label: str
    body: str
    is_recorded: bool


@dataclass(frozen=True, slots=True)
class ServiceCost:
    """What a service costs, in pounds; times in pounds per minute.

    Attributes:
        attendance: each arrival (not those there at the start).
        admission: each start.
        space_time: each space in use, delayed or not.
        delayed_time: in place of ``space_time`` while the patient is delayed.
        empty_time: each space open and not in use.
        waiting_time: each patient waiting.
        visit: each home visit by one carer.
        surge_time: each surge space open, on top.
        payers: who pays which share; shares sum to 1.
    """

    attendance: float = 0.0
    admission: float = 0.0
    space_time: float = 0.0
    delayed_time: float | None = None
    empty_time: float = 0.0
    waiting_time: float = 0.0
    visit: float = 0.0
    surge_time: float = 0.0
    payers: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class StaffCost:
    """Pounds per minute of each member rostered, and who pays."""

    staffed_time: float
    payers: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ProgrammeCost:
    """What an intervention itself costs: pounds per minute from one tick to another, and once."""

    id: str
    per_minute: float
    once: float
    from_tick: int
    to_tick: int
    payers: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class CostBook:
    """Unit costs in one price year."""

    price_year: str
    services: dict[str, ServiceCost] = field(default_factory=dict)
    staff: dict[str, StaffCost] = field(default_factory=dict)
    programmes: tuple[ProgrammeCost, ...] = ()


@dataclass(frozen=True, slots=True, weakref_slot=True)
class SystemSpec:
    """The whole system, ready to run.

    Attributes:
        place, label: id and name of the place.
        clock: calendar of the run.
        warm_up: tick at which measuring starts.
        end: tick at which the run stops; events at ``end`` do not happen.
        seed: keys every draw, with the replication.
        periods: ticks at which a new set of table rows takes over; first is 0.
        exits: ids of the ways out; ``home`` and ``died`` among them.
        labels: label by exit, payer, body or provider id.
        population: people by group, for rates per head.
        log: "standard", or "full" for the event log.
        digest: hash of the configuration the spec was built from.
    """

    place: str
    label: str
    clock: ClockSpec
    warm_up: int
    end: int
    seed: int
    periods: tuple[int, ...]
    attributes: tuple[AttributeSpec, ...]
    services: tuple[ServiceSpec, ...]
    exits: tuple[str, ...]
    junctions: tuple[RoutingSpec, ...]
    streams: tuple[StreamSpec, ...]
    staff: tuple[StaffSpec, ...]
    reasons: tuple[ReasonSpec, ...]
    costs: CostBook
    labels: dict[str, str]
    population: dict[str, float]
    log: str
    digest: str

    def place_code(self, name: str) -> int:
        """Return the place code of a service, exit or junction id.

        Raises:
            KeyError: no such place.
        """
        for offset, names in (
            (0, [s.id for s in self.services]),
            (len(self.services), list(self.exits)),
            (len(self.services) + len(self.exits), [j.id for j in self.junctions]),
        ):
            if name in names:
                return offset + names.index(name)
        raise KeyError(name)

    def place_name(self, code: int) -> str:
        """Return the id of a place code."""
        names = [s.id for s in self.services] + list(self.exits) + [j.id for j in self.junctions]
        return names[code]

    def service_index(self, name: str) -> int:
        """Return the index of a service id."""
        return [s.id for s in self.services].index(name)

    def attribute_index(self, name: str) -> int:
        """Return the index of an attribute id."""
        return [a.id for a in self.attributes].index(name)
