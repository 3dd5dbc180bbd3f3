"""Words that many others use: sources, clocks, levels by the hour of the week, distributions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from flowsim.config.quantities import Count, Duration, Number, Share, Strict, Tabled


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


Shares = dict[str, Tabled[Share] | Literal["rest"]]
