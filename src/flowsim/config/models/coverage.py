"""The book of coverage: what each thing that the source documents name is in the model, and what it moves."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from flowsim.config.models.common import Sourced
from flowsim.config.quantities import Strict


class Trial(Sourced):
    """One change to the place as it stands, tried by itself: an intervention or scenario, or values of its own."""

    intervention: str | None = Field(default=None, description="an intervention or scenario of the book")
    sets: dict[str, Any] = Field(default={}, description="dotted key -> new value")

    @model_validator(mode="after")
    def _one_of_them(self) -> Trial:
        if (self.intervention is None) == (not self.sets):
            wanted = "either intervention or sets"
            raise PydanticCustomError("one_of", "{wanted}", {"wanted": wanted})
        return self


class Coverage(Strict):
    """One item of the source documents: where the YAML holds it, and a trial that shows what it moves."""

    section: str = Field(description="part of the documents' contents it belongs to")
    text: str = Field(description="the item, shortly, in our own words")
    document: list[str] = Field(description="ids in source")
    holds: list[str] = Field(min_length=1, description="dotted keys of the configuration that hold it")
    change: Trial = Field(description="tried against the place as it stands")
    measure: str = Field(description="measure id that shows it")
    service: str = Field(default="all", description="row of the measure: a service, or all")
    split: str = Field(default="", description="row of the measure: a reason, payer, level ...; none if empty")
    expect: Literal["lower", "higher", "either", "none"] = Field(description="which way the measure should move")
    why: str = Field(description="why it should, or why it cannot show here")
