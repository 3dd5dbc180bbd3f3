"""A borough, and a whole configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from flowsim.config.models.demand import DemandLevel, Profile, Stream
from flowsim.config.models.money import ServiceCosts
from flowsim.config.models.pathways import Attribute, Exit, Pathway, Reason
from flowsim.config.models.services import Service, StaffPool
from flowsim.config.models.studies import Experiment, Intervention, MeasureDef, RunSettings, Scenario, SourceDef
from flowsim.config.quantities import Number, Strict


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
