"""A borough, and a whole configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from flowsim.config.models.coverage import Coverage
from flowsim.config.models.demand import DemandLevel, Profile, Stream
from flowsim.config.models.money import Prices, ServiceCosts
from flowsim.config.models.pathways import Attribute, Exit, Pathway, Reason
from flowsim.config.models.records import Calibration, Record
from flowsim.config.models.services import Service, StaffPool
from flowsim.config.models.studies import Experiment, Intervention, MeasureDef, RunSettings, Scenario, SourceDef
from flowsim.config.models.targets import Target
from flowsim.config.models.years import Year
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
    price_year: str = Field(default="", description='year all prices are brought to, e.g. "2018/19"')
    prices: Prices | None = Field(default=None, description="how prices of other years are brought there")
    population: dict[str, Number] = Field(
        default={}, description="people by group: all, an age group, a hub or a level of deprivation"
    )
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
    target: dict[str, Target] = {}
    source: dict[str, SourceDef] = {}
    record: dict[str, Record] = Field(default={}, description="what was recorded, to judge the model by")
    calibration: Calibration | None = Field(default=None, description="which inputs records are to narrow down")
    coverage: dict[str, Coverage] = Field(default={}, description="what the source documents name, and what it moves")
    run: RunSettings = RunSettings()
    year: str = Field(default="", description="id in year_book: whose steps hold; as the files say where empty")
    year_book: dict[str, Year] = {}
    scenario: list[str] = Field(default=[], description="interventions or scenarios in force, for one run")
