"""What the documents promised: targets that a result is held against."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from flowsim.config.quantities import Duration, Money, Number, Share, Strict

GOALS = ("falls_by", "rises_by", "at_most", "at_least", "saves", "spends", "moves")


class Target(Strict):
    """One target of a document; exactly one of ``falls_by`` to ``moves`` says what was promised.

    A target on a measure is judged against the arm that the experiment compares with, over the same period; one in
    money on the cost book, scaled to ``over``.
    """

    label: str
    document: str = Field(description="id in source: where it is promised")
    note: str = ""
    measure: str | None = Field(default=None, description="id of the measure it is about; none for one in money")
    service: str = Field(default="all", description="of the measure's services, the one it is about")
    within: Duration | None = Field(default=None, description="time the document allows")
    falls_by: Share | None = Field(default=None, description="fall as a share of the measure without the option")
    rises_by: Share | None = Field(default=None, description="rise as a share of the measure without the option")
    at_most: Number | None = Field(default=None, description="level not to be passed, in the measure's unit")
    at_least: Number | None = Field(default=None, description="level to be reached, in the measure's unit")
    moves: Literal["down", "up"] | None = Field(default=None, description="direction, where no amount is promised")
    saves: Money | None = Field(default=None, description="less spent than without the option, in the time ``over``")
    spends: Money | None = Field(default=None, description="budget: not more spent than this, in the time ``over``")
    over: Duration = Field(
        default=Duration(value=525_960.0, said="1 year"), description="time in which money is saved or spent"
    )
    roles: list[str] = Field(default=[], description="money: services of these roles only")
    items: list[str] = Field(default=[], description="money: these services, staff pools and interventions only")

    @model_validator(mode="after")
    def _one_goal(self) -> Target:
        said = [name for name in GOALS if getattr(self, name) is not None]
        if len(said) != 1:
            raise PydanticCustomError("range", "{wanted}", {"wanted": f"exactly one of {', '.join(GOALS)}"})
        in_money = said[0] in ("saves", "spends")
        if in_money is (self.measure is not None):
            wanted = "no measure for a target in money" if in_money else f"a measure for {said[0]}"
            raise PydanticCustomError("range", "{wanted}", {"wanted": wanted})
        return self

    @property
    def goal(self) -> str:
        """Which of ``GOALS`` it is."""
        return next(name for name in GOALS if getattr(self, name) is not None)
