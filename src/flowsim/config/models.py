"""The grammar of the YAML: one model a word. Field descriptions become the schema and the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from flowsim.config.quantities import (
    Count,
    Duration,
    Growth,
    Money,
    MoneyRate,
    Number,
    Rate,
    Share,
    Strict,
    Tabled,
)
from flowsim.units import MINUTES_PER_YEAR


class Sourced(Strict):
    """Something made of numbers, whose ``source`` holds for every number inside that names none of its own."""

    source: str | None = Field(default=None, description="id in source, for the numbers in here that name none")
    note: str | None = Field(default=None, description="what a reader should know of them")


def _clock_text(said: object) -> object:
    if isinstance(said, str):
        hours, _, minutes = said.partition(":")
        is_clock = hours.isdigit() and minutes.isdigit() and int(minutes) < 60
        if is_clock and 60 * int(hours) + int(minutes) <= 24 * 60:
            return f"{int(hours):02d}:{int(minutes):02d}"
    wanted = 'a quoted clock time from "00:00" to "24:00", e.g. "08:30"'
    raise PydanticCustomError("clock", "{wanted}", {"wanted": wanted})


ClockTime = Annotated[str, BeforeValidator(_clock_text)]
"""Local clock time, quoted: unquoted 20:30 is the number 1230 in YAML."""
IsoDate = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
DayKey = Annotated[str, Field(description="mon..sun, ranges such as mon-fri, holidays, or every_day")]

DaySteps = dict[ClockTime, Count]
"""Clock time -> number from then on; before the first, the last of the day before holds."""


class Weekly(Strict):
    """A number by hour of the week: ``{mon-fri: {"08:00": 6, "18:00": 0}, sat-sun: {"00:00": 0}}``.

    Day keys are ``mon`` .. ``sun``, ranges (``mon-fri``), ``holidays`` and ``every_day``; the most
    specific wins; bank holidays follow ``holidays`` where it is given, else their weekday. A day's
    value before its first clock time is its own last value's predecessor: the day before's last.
    """

    days: dict[str, dict[ClockTime, Count]]

    @model_validator(mode="before")
    @classmethod
    def _wrap(cls, data: object) -> object:
        return data if isinstance(data, Mapping) and set(data) == {"days"} else {"days": data}


def _level(said: object) -> object:
    if isinstance(said, Mapping) and "value" not in said and "said" not in said:
        return Weekly.model_validate(said)
    return said


Level = Annotated[Count | Weekly, BeforeValidator(_level)]
"""A number, ``unlimited``, or a Weekly."""


class Change(Strict):
    """A dated change of a capacity or rota."""

    starts: IsoDate = Field(alias="from", description="first date it holds")
    ends: IsoDate | None = Field(default=None, alias="to", description="date from which it no longer holds")
    set: Level | None = Field(default=None, description="the new level")
    add: Number | None = Field(default=None, description="this many more (or fewer)")


class Distribution(Sourced):
    """A distribution of times; parameters are quantities or tables by attributes.

    ``"4 h"`` alone is a constant. Give a lognormal by mean and sd (or cv), by median and mean, or by
    ``meanlog`` and ``sdlog`` (logs of the unit in ``unit``); a gamma or weibull by mean and shape (or
    mean and sd/cv for gamma); a triangular by low, mode, high; a uniform by low and high; a normal by
    mean and sd, with ``at_least``; a geometric by ``unit`` and ``ends`` (probability of ending after
    each); a discrete by ``values`` (value -> share, one may be ``rest``).
    """

    kind: Literal[
        "constant",
        "exponential",
        "lognormal",
        "gamma",
        "weibull",
        "uniform",
        "triangular",
        "normal",
        "geometric",
        "discrete",
    ] = "constant"
    value: Tabled[Duration] | None = None
    mean: Tabled[Duration] | None = None
    sd: Tabled[Duration] | None = None
    cv: Tabled[Number] | None = None
    median: Tabled[Duration] | None = None
    shape: Tabled[Number] | None = None
    low: Tabled[Duration] | None = None
    mode: Tabled[Duration] | None = None
    high: Tabled[Duration] | None = None
    meanlog: Number | None = None
    sdlog: Number | None = None
    unit: Duration | None = None
    ends: Tabled[Share] | None = None
    values: dict[str, Share | Literal["rest"]] | None = None
    at_least: Duration | None = None
    at_most: Duration | None = None
    times: Tabled[Number] | None = Field(default=None, description="multiplies every duration drawn")

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, data: object) -> object:
        if isinstance(data, str | int | float) or (
            isinstance(data, Mapping) and "kind" not in data and ("by" in data or "value" in data)
        ):
            return {"kind": "constant", "value": data}
        return data


class SurgePeriod(Sourced):
    """A dated multiplication of a stream's volume."""

    starts: IsoDate = Field(alias="from")
    ends: IsoDate = Field(alias="to")
    times: Number


class Profile(Strict):
    """A shape of demand over time; weights are scaled so that their mean over a week and a year is 1.

    ``sine`` gives 1 + amplitude * sin(2 pi (t - shift) / period), t from local midnight of the run's start.
    """

    label: str = ""
    source: str | None = None
    note: str | None = None
    hour_of_day: dict[ClockTime, Number] | None = None
    hour_of_week: dict[str, dict[ClockTime, Number]] | None = None
    day_of_week: dict[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], Number] | None = None
    month: (
        dict[Literal["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], Number] | None
    ) = None
    holidays: Number | None = Field(default=None, description="weight of a bank holiday, beside its weekday's")
    sine: Sine | None = None


class Sine(Strict):
    """A sinusoid."""

    amplitude: Share
    period: Duration
    shift: Duration | None = None


Rates = dict[str, dict[ClockTime, Rate]]
"""Day key -> clock time -> rate from then on."""

Shares = dict[str, Tabled[Share] | Literal["rest"]]


class Mix(Sourced):
    """Shares of the levels of an attribute; may depend on attributes drawn before. One level may be ``rest``."""

    by: list[str] = []
    shares: dict[str, Share | Literal["rest"]] | None = None
    cases: dict[str, Any] | None = Field(default=None, description="with by: level -> shares (nested once a name)")

    @model_validator(mode="before")
    @classmethod
    def _wrap(cls, data: object) -> object:
        if isinstance(data, Mapping):
            said = {key: data[key] for key in ("source", "note") if key in data}
            shares = {key: value for key, value in data.items() if key not in said}
            if "by" in shares and "values" in shares:
                if set(shares) > {"by", "values"}:
                    wanted = "by and values only: the rest of the levels goes among the values"
                    raise PydanticCustomError("table", "{wanted}", {"wanted": wanted})
                by = shares["by"]
                return {"by": [by] if isinstance(by, str) else by, "cases": shares["values"], **said}
            if not set(shares) <= {"by", "shares", "cases"}:
                return {"shares": shares, **said}
        if isinstance(data, str):
            return {"shares": {data: "rest"}}
        return data


class Choice(Strict):
    """A rule that looks at the state of the system: the first (or shortest) that satisfies it, else ``otherwise``."""

    choose: Literal["first_with_space", "if_open", "shortest"]
    among: list[str]
    otherwise: str | None = None


class Branch(Sourced):
    """Where patients of a kind go: ``to`` with shares (one may be ``rest``), or ``choose`` by state."""

    when: dict[str, list[str]] = Field(default={}, description="attribute (or from) -> levels; all must hold")
    to: Shares | None = None
    choose: Literal["first_with_space", "if_open", "shortest"] | None = None
    among: list[str] | None = None
    otherwise: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, data: object) -> object:
        if isinstance(data, str):
            return {"to": {data: "rest"}}
        if not isinstance(data, Mapping):
            return data
        out = dict(data)
        if isinstance(out.get("to"), str):
            out["to"] = {out["to"]: "rest"}
        elif (
            isinstance(out.get("to"), Mapping)
            and out["to"].get("rest") is not None
            and isinstance(out["to"]["rest"], str)
        ):
            # {a: "30 %", rest: home} names the rest the other way round; both are read.
            to = dict(out["to"])
            to[to.pop("rest")] = "rest"
            out["to"] = to
        if isinstance(out.get("when"), Mapping):
            out["when"] = {k: [v] if isinstance(v, str) else v for k, v in out["when"].items()}
        return out


Pathway = dict[str, Branch]
"""Branch id -> branch, tried in order; the first whose ``when`` holds is taken."""


class Attribute(Strict):
    """Something fixed about a patient."""

    label: str = ""
    levels: list[str]


class Exit(Strict):
    """A way out of the system."""

    label: str = ""


class Reason(Strict):
    """A reason for delay and the body responsible."""

    label: str
    body: str = Field(description="nhs, social_care, both, or any body the place names")
    recorded: bool = Field(default=True, description="whether the official delayed-transfer count shows it")


class Thinned(Strict):
    """A share of a stream's patients who no longer come."""

    share: Tabled[Share]


class Listed(Strict):
    """One arrival written out."""

    at: Duration
    attributes: dict[str, str] = {}


class Stream(Sourced):
    """A source of demand. Give ``volume`` (with a profile), ``rates``, ``rates_by_date``, ``gaps``, or ``at``."""

    label: str = ""
    enabled: bool = True
    volume: Rate | None = Field(default=None, description="mean arrivals at the growth base date, profile aside")
    rates: Rates | None = Field(default=None, description="day key -> clock time -> rate from then on")
    rates_by_date: dict[IsoDate, Rate] | None = Field(default=None, description="date -> rate from then on")
    gaps: Distribution | None = Field(default=None, description="time between arrivals, first one gap after the start")
    at: dict[str, Listed] | None = Field(default=None, description="arrivals written out, in order")
    batch: dict[str, Share | Literal["rest"]] | None = Field(
        default=None, description=("size -> share of groups arriving together")
    )
    factor: Number = Field(default=Number(value=1.0, said="1"), description="multiplies the volume")
    profile: str | None = Field(default=None, description="id in profile")
    surges: dict[str, SurgePeriod] = {}
    growth: Growth | None = None
    growth_from: IsoDate | None = None
    between_days: Number | None = Field(
        default=None, description=("coefficient of variation of a gamma factor drawn each day")
    )
    mix: dict[str, Mix] = Field(default={}, description="attribute -> shares of its levels, in order of drawing")
    thinned: dict[str, Thinned] = {}
    to: Pathway | str = Field(description="a service, exit or junction, or a pathway of its own")


class StaffPool(Sourced):
    """Staff shared between services."""

    label: str = ""
    enabled: bool = True
    provider: str = ""
    rota: Level
    changes: dict[str, Change] = {}
    sickness: Share | None = Field(default=None, description="chance that a member is absent on a day")


class Rises(Strict):
    """Priority rises after a wait; the patient joins the end of the better class at that moment."""

    after: Duration
    to: Count


class Reserve(Strict):
    """Spaces kept for some patients: others start only while more than these are free."""

    spaces: Count
    for_: dict[str, list[str]] = Field(alias="for", description="attribute (or from) -> levels the spaces are kept for")


class Hours(Strict):
    """Opening hours: ``{mon-fri: ["08:00", "20:00"]}``; ``[]`` or a missing day is closed; holidays as in Weekly."""

    days: dict[str, list[ClockTime]]

    @model_validator(mode="before")
    @classmethod
    def _wrap(cls, data: object) -> object:
        return data if isinstance(data, Mapping) and set(data) == {"days"} else {"days": data}


class Admits(Strict):
    """Who starts first, and when."""

    priority: Tabled[Count] | None = Field(
        default=None, description=("class of each patient; lower first, then first come")
    )
    rises: Rises | None = None
    hours: Hours | None = Field(default=None, description="when patients may start; spaces stay in use outside them")
    reserve: dict[str, Reserve] = {}
    takes: Tabled[Count] | None = Field(default=None, description="spaces a patient takes; 1 unless said")
    preempts: bool = Field(default=False, description="a better class interrupts a worse one in service, which resumes")
    when_capacity_falls: Literal["finish", "interrupt"] = "finish"


class Queue(Strict):
    """Room to wait. Transfers keep the space they come from unless there is a waiting place for them."""

    places: Count = Field(
        default=Count(value=float("inf"), said="unlimited"), description="waiting places for arrivals"
    )
    transfers: Count = Field(
        default=Count(value=0, said="0"),
        description=("waiting places for transfers, who then free the space they held"),
    )
    when_full: str = Field(default="turned_away", description="where arrivals go who find no place")


class Balks(Strict):
    """Whether an arrival joins when nothing is free: 1 / (waiting + ``plus``), or by a table of the number waiting."""

    plus: Number | None = None
    join: dict[str, Share] | None = Field(
        default=None, description=("number waiting -> share who join; the last holds beyond")
    )


class Patience(Strict):
    """How long patients wait before giving up."""

    duration: Distribution
    to: str = "left"
    holders: bool = Field(default=False, description="whether those keeping a space elsewhere may give up too")


class Surge(Sourced):
    """Extra spaces opened by rule."""

    spaces: Count
    opens_when: str = Field(description='"occupancy >= 97 %" or "waiting >= 5"; both with "or"')
    closes_when: str = Field(description='"occupancy < 92 %"')
    lead: Duration = Duration(value=0.0, said="0 h")


class Departure(Strict):
    """Patients leave by the clock: a weekly shape of how readily they are let go."""

    mean: Duration = Field(description="mean time to leave if the shape were flat")
    by_clock: dict[str, dict[ClockTime, Number]] = Field(
        description=("day key -> clock time -> weight (mean 1 over the week)")
    )
    source: str | None = None


class Step(Sourced):
    """Something done to a patient, in the service or on leaving it."""

    enabled: bool = True
    label: str = ""
    duration: Distribution | None = None
    departure: Departure | None = None
    staff: dict[str, Tabled[Count]] = {}
    share: Tabled[Share] | None = Field(default=None, description="share of patients who need it")
    reason: str | None = Field(default=None, description="the delay reason of the time it takes, for steps of leaving")
    seen: bool = Field(default=False, description="whether its start is when the patient is seen")


class VisitPlan(Sourced):
    """Home care by visits that taper evenly from the first day to the last."""

    first: Tabled[Number]
    last: Tabled[Number]
    carers: Tabled[Count] | None = None
    starts: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = [
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    ]
    day_starts: ClockTime = "00:00"
    overtaking: bool = False


class Deconditioning(Sourced):
    """What days of delay before coming here do."""

    stay_per_day: Share = Share(value=0.0, said="0 %")
    stay_limit: Share = Share(value=1.0, said="100 %")
    shift: str | None = Field(default=None, description="attribute whose level moves one up")
    shift_per_day: Share = Share(value=0.0, said="0 %")
    shift_limit: Share = Share(value=1.0, said="100 %")


class Initial(Strict):
    """People there at the start."""

    state: Literal["in_service", "waiting"]
    number: Count
    elapsed: list[Duration] = []
    remaining: list[Duration] = []
    remaining_rule: Literal["given_elapsed", "uniform"] = "given_elapsed"
    attributes: dict[str, str] = {}
    mix_of: str | None = Field(default=None, description="stream whose mix gives the other attributes")


class WaitingReason(Strict):
    """The reason of delay for those who hold a space elsewhere while they wait for this service."""

    reason: str


class Service(Sourced):
    """A place of care."""

    label: str = ""
    enabled: bool = True
    role: str = Field(
        default="other",
        description=(
            "ae, utc, ward, sdec, single_point_of_access, rapid_response, frailty, step_up, "
            "intermediate_care, reablement, home_care, care_home, home or other: measures find "
            "services by it"
        ),
    )
    provider: str = ""
    hub: str = ""
    kind: Literal["spaces", "visits"] = "spaces"
    capacity: dict[str, Level] = Field(description="what a space is called -> how many: {beds: 19}")
    changes: dict[str, Change] = {}
    opens: Hours | None = Field(
        default=None, description=("closed outside these hours: nobody starts, no capacity is offered")
    )
    when_closed: str | None = Field(default=None, description="where arrivals go while closed; they wait unless said")
    admits: Admits = Admits()
    queue: Queue = Queue()
    balks: Balks | None = None
    patience: Patience | None = None
    surge: Surge | None = None
    steps: dict[str, Step] = {}
    leaving: dict[str, Step] = {}
    waiting_for_this: WaitingReason | None = None
    turnaround: Distribution | None = None
    visits: VisitPlan | None = None
    deconditioning: Deconditioning | None = None
    sets: dict[str, str] = Field(default={}, description="attribute -> level given on leaving")
    initial: dict[str, Initial] = {}


Payers = str | dict[str, Share | Literal["rest"]]


class ServiceCosts(Sourced):
    """What a service costs, and who pays."""

    attendance: Money | None = None
    admission: Money | None = None
    space: MoneyRate | None = Field(default=None, description="each space in use")
    delayed: MoneyRate | None = Field(default=None, description="in place of space while the patient is delayed")
    empty: MoneyRate | None = None
    waiting: MoneyRate | None = None
    visit: Money | None = None
    surge: MoneyRate | None = None
    staffed: MoneyRate | None = Field(default=None, description="for a staff pool: each member rostered")
    payer: Payers


class Programme(Strict):
    """What an intervention itself costs."""

    amount: MoneyRate | None = None
    once: Money | None = None
    payer: Payers


class Effect(Strict):
    """What is claimed or known of an intervention's effect; for the reader, not the engine."""

    what: str
    value: str
    low: str | None = None
    high: str | None = None
    source: str
    note: str | None = None


class Intervention(Strict):
    """A named, dated set of changes."""

    label: str
    why: str = ""
    starts: IsoDate | None = Field(default=None, alias="from", description="first date it holds; always, if not said")
    ends: IsoDate | None = Field(default=None, alias="to")
    ramp: Duration | None = Field(
        default=None, description=("numbers move evenly to their new values over this time, week by week")
    )
    sets: dict[str, Any] = Field(description="dotted key -> new value")
    overrules: list[str] = Field(default=[], description="interventions whose clashing values this one replaces")
    costs: dict[str, Programme] = {}
    claim: Effect | None = None
    evidence: Effect | None = None


class Scenario(Strict):
    """A named stack of interventions and values; it says why."""

    label: str
    why: str
    interventions: list[str] = []
    sets: dict[str, Any] = {}
    overrules: list[str] = []


class DemandLevel(Sourced):
    """A level of demand: factors on streams' volumes, dated surges."""

    label: str
    why: str = ""
    factors: dict[str, Number] = Field(default={}, description="stream id, or all -> factor")
    surges: dict[str, SurgePeriod] = Field(default={}, description="added to every stream named in surge_streams")
    surge_streams: list[str] = ["all"]


class Experiment(Strict):
    """Arms, demand levels, and what to watch."""

    label: str = ""
    question: str
    arms: dict[str, list[str]] = Field(description="arm -> interventions or scenarios")
    arm_labels: dict[str, str] = {}
    demand: list[str] = ["baseline"]
    against: str
    watches: list[str] = Field(description="measure ids shown first")
    decide_by: str | None = Field(default=None, description="measure id by which arms are ordered")


class MeasureDef(Strict):
    """A measure: a kind (a function) with its settings."""

    label: str
    kind: str
    better: Literal["lower", "higher", "neither"] = "neither"
    unit: str = ""
    role: list[str] = Field(default=[], description="roles of the services it looks at")
    services: list[str] = Field(default=[], description="or services by name")
    when: dict[str, list[str]] = {}
    limit: Duration | None = None
    threshold: Number | None = None
    note: str = ""
    options: dict[str, str] = {}


class SourceDef(Strict):
    """An entry of the bibliography."""

    title: str
    status: Literal["measured", "published", "expert", "calibrated", "assumed"]
    year: str = ""
    url: str = ""
    note: str = ""


def _listed(said: object) -> object:
    return [said] if isinstance(said, str) else said


class RunSettings(Strict):
    """How to run."""

    label: str = ""
    seed: int = 1
    replications: int = Field(default=4, ge=1, le=99_999)
    starts: IsoDate = Field(default="2026-10-01", description="first date measured; the run starts warm_up earlier")
    warm_up: Duration = Duration(value=60 * 1440.0, said="60 d")
    duration: Duration = Duration(value=182 * 1440.0, said="182 d")
    tick: Duration = Duration(value=1 / 60000, said="1 ms")
    engine: Literal["kernel", "reference"] = Field(
        default="kernel", description="kernel is compiled; reference is SimPy, for reading: the same trajectory"
    )
    workers: int = Field(default=0, ge=0, description="0 uses every core")
    log: Literal["standard", "full"] = "standard"
    demand: Annotated[list[str] | None, BeforeValidator(_listed)] = Field(
        default=None, description="keeps only these demand levels of the experiment"
    )

    @field_validator("warm_up", "duration")
    @classmethod
    def _within_a_century(cls, said: Duration) -> Duration:
        if said.value > 100 * MINUTES_PER_YEAR:
            raise PydanticCustomError("range", "{wanted}", {"wanted": "a time of at most 100 years"})
        return said

    @field_validator("starts")
    @classmethod
    def _within_the_calendar(cls, said: str) -> str:
        if not "1900" <= said[:4] <= "2199":
            raise PydanticCustomError("range", "{wanted}", {"wanted": "a date from 1900 to 2199"})
        return said


class Calendar(Strict):
    """The place's calendar."""

    timezone: str = "Europe/London"
    holidays: Literal["england", "none"] = "england"


class Place(Strict):
    """A borough: its people, providers and payers."""

    id: str
    label: str
    calendar: Calendar = Calendar()
    price_year: str = ""
    population: dict[str, Number] = {}
    providers: dict[str, str] = Field(default={}, description="id -> label")
    payers: dict[str, str] = {}
    bodies: dict[str, str] = {}
    hubs: dict[str, str] = {}


class Config(Strict):
    """A whole configuration, as composed."""

    place: Place
    attribute: dict[str, Attribute] = {}
    profile: dict[str, Profile] = {}
    stream: dict[str, Stream]
    staff: dict[str, StaffPool] = {}
    service: dict[str, Service]
    exit: dict[str, Exit] = {}
    pathway: dict[str, Pathway] = {}
    reason: dict[str, Reason] = {}
    cost: dict[str, ServiceCosts] = {}
    intervention: dict[str, Intervention] = {}
    scenario_book: dict[str, Scenario] = {}
    demand: dict[str, DemandLevel] = {}
    experiment: Experiment | None = None
    measure: dict[str, MeasureDef] = {}
    source: dict[str, SourceDef] = {}
    run: RunSettings = RunSettings()
    scenario: list[str] = Field(default=[], description="interventions or scenarios in force, for one run")


Profile.model_rebuild()
