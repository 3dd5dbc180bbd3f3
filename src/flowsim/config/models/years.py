"""A year of a place: the steps from the configuration as written to another year."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from flowsim.config.models.common import Sourced
from flowsim.config.quantities import Number, Strict


class YearStep(Sourced):
    """One stated step: streams multiplied, keys set. A later step finds what the earlier ones left."""

    label: str
    why: str = ""
    factors: dict[str, Number] = Field(default={}, description="stream id, or all -> factor on its volume")
    sets: dict[str, Any] = Field(default={}, description="dotted key -> new value")


class Year(Strict):
    """A year the place can be run in."""

    label: str
    why: str = ""
    steps: dict[str, YearStep] = Field(default={}, description="in order; none for the year that the files describe")
