"""What was recorded, and which uncertain inputs it is to narrow down."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from flowsim.config.models.common import Sourced
from flowsim.config.quantities import Duration, Number, Share, Strict


def _month(said: object) -> object:
    if isinstance(said, str) and re.fullmatch(r"(19|20|21)\d{2}-(0[1-9]|1[0-2])", said):
        return said
    raise PydanticCustomError("clock", "{wanted}", {"wanted": 'a month in quotes, e.g. "2016-04"'})


Month = Annotated[str, BeforeValidator(_month)]
"""A calendar month, e.g. ``"2016-04"``."""


class Tolerance(Strict):
    """How far the model may be from a recorded value and still be said to fit: one of three."""

    share: Share | None = Field(default=None, description="of the recorded value, either way")
    points: Share | None = Field(default=None, description="percentage points either way, for shares")
    spread: Literal["recorded"] | None = Field(
        default=None, description="recorded: anywhere between the lowest and the highest month on record"
    )

    @model_validator(mode="after")
    def _one(self) -> Tolerance:
        if sum(said is not None for said in (self.share, self.points, self.spread)) != 1:
            raise PydanticCustomError("range", "{wanted}", {"wanted": "one of share, points and spread"})
        return self


class Record(Sourced):
    """A recorded series, and the measure of the model that counts the same thing.

    Give ``months`` (value by calendar month), ``whole`` (one value for the whole of a run) or ``parts``
    (value by split of the measure, as shares of their sum or as factors of their mean).
    """

    label: str
    measure: str = Field(description="id in measure")
    service: str = Field(default="all", description="service whose part of the measure it is; all together unless said")
    split: str = Field(default="", description="part of a measure that is split by reason, body, weekday ...")
    unit: Literal["/month", "/day", "share", "number"] = Field(
        description="/month counts the whole month, however long; share and number are as measured"
    )
    used_for: Literal["fit", "scale"] = Field(
        default="fit", description="fit: inputs are judged by it; scale: shown beside the model, of another time"
    )
    months: dict[Month, Number] | None = None
    whole: Number | None = None
    parts: dict[str, Number] | None = None
    parts_of: Literal["sum", "mean"] = Field(default="sum", description="what parts are in proportion to")
    tolerance: Tolerance
    error: Share | None = Field(
        default=None, description="standard error of recording: of the value, or in points for shares"
    )

    @model_validator(mode="after")
    def _one_shape(self) -> Record:
        if sum(said is not None for said in (self.months, self.whole, self.parts)) != 1:
            raise PydanticCustomError("range", "{wanted}", {"wanted": "one of months, whole and parts"})
        return self


class Knob(Sourced):
    """An uncertain input to vary: one or several keys moved together.

    ``value`` gives all keys one value between ``low`` and ``high``; ``factor`` multiplies the numbers
    that stand there (tables of them too); ``odds`` multiplies the odds of shares. Factors are tried
    evenly on a logarithmic scale.
    """

    label: str
    keys: list[str] = Field(min_length=1, description="dotted keys, as an override names them")
    moves: Literal["value", "factor", "odds"] = "value"
    low: str | float = Field(description="the least it may be; with its unit for value, a plain number else")
    high: str | float = Field(description="the most it may be")


class Judged(Sourced):
    """How a record judges the inputs."""

    by: Literal["whole", "year", "quarter", "month"] = Field(
        default="whole", description="over which periods its months are averaged before they are compared"
    )
    discrepancy: Share | None = Field(
        default=None,
        description=(
            "standard deviation of what the model must be forgiven because it is one: of the value, or in points "
            "for shares; a third of the tolerance unless said"
        ),
    )


class Calibration(Strict):
    """Which inputs are uncertain, between what limits, and which records judge them."""

    label: str = ""
    why: str = ""
    warm_up: Duration = Duration(value=60 * 1440.0, said="60 d")
    knobs: dict[str, Knob] = {}
    judged: dict[str, Judged] = Field(default={}, description="id in record -> how it judges")
