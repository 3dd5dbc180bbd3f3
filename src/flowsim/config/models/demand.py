"""Who arrives, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from flowsim.config.models.common import ClockTime, Distribution, IsoDate, Sourced
from flowsim.config.models.pathways import Pathway
from flowsim.config.quantities import Duration, Growth, Number, Rate, Share, Strict, Tabled


class SurgePeriod(Sourced):
    """A dated multiplication of a stream's volume."""

    starts: IsoDate = Field(alias="from")
    ends: IsoDate = Field(alias="to")
    times: Number


class Sine(Strict):
    """A sinusoid."""

    amplitude: Share
    period: Duration
    shift: Duration | None = None


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


Rates = dict[str, dict[ClockTime, Rate]]
"""Day key -> clock time -> rate from then on."""


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
    growth_to: IsoDate | None = Field(
        default=None, description="date from which the volume stays as growth left it; it goes on growing unless said"
    )
    between_days: Number | None = Field(
        default=None, description=("coefficient of variation of a gamma factor drawn each day")
    )
    mix: dict[str, Mix] = Field(default={}, description="attribute -> shares of its levels, in order of drawing")
    thinned: dict[str, Thinned] = {}
    to: Pathway | str = Field(description="a service, exit or junction, or a pathway of its own")


class DemandLevel(Sourced):
    """A level of demand: factors on streams' volumes, dated surges."""

    label: str
    why: str = ""
    factors: dict[str, Number] = Field(default={}, description="stream id, or all -> factor")
    surges: dict[str, SurgePeriod] = Field(default={}, description="added to every stream named in surge_streams")
    surge_streams: list[str] = ["all"]
