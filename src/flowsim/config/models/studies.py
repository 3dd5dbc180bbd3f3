"""What may be done and asked: interventions, scenarios, experiments, measures, sources, runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from flowsim.config.models.common import IsoDate, Sourced
from flowsim.config.models.money import Programme
from flowsim.config.quantities import Duration, Number, Strict
from flowsim.units import MINUTES_PER_YEAR


class Effect(Strict):
    """What is claimed or known of an intervention's effect; for the reader, not the engine."""

    what: str
    value: str
    low: str | None = None
    high: str | None = None
    source: str
    note: str | None = None


class Intervention(Sourced):
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


class Scenario(Sourced):
    """A named stack of interventions and values; it says why."""

    label: str
    why: str
    interventions: list[str] = []
    sets: dict[str, Any] = {}
    overrules: list[str] = []


class Experiment(Strict):
    """Arms, demand levels, and what to watch."""

    label: str = ""
    question: str
    arms: dict[str, list[str]] = Field(default={}, description="arm -> interventions or scenarios")
    steps_to: str | None = Field(
        default=None, description="in place of arms: id in year_book, whose steps are taken one after another"
    )
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
    pool: Literal["processes", "threads"] = Field(
        default="processes", description="what workers are: the same results; threads start sooner and share memory"
    )
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
