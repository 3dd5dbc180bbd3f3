"""Places of care and the staff who work in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from flowsim.config.models.common import Change, ClockTime, Distribution, Level, Sourced
from flowsim.config.quantities import Count, Duration, Number, Share, Strict, Tabled


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
            "intermediate_care, reablement, home_care, care_home, home, ambulance, primary_care, community, "
            "case_management, rehabilitation, mental_health, mental_health_ward, social_care, housing, prevention "
            "or other: measures find services by it"
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
