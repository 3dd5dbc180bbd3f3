"""What patients are like, and where they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from flowsim.config.models.common import Shares, Sourced
from flowsim.config.quantities import Strict


class Attribute(Strict):
    """Something fixed about a patient."""

    label: str = ""
    levels: list[str]


class Exit(Strict):
    """A way out of the system."""

    label: str = ""


class Reason(Strict):
    """A reason for delay and the body responsible."""

    label: str
    body: str = Field(description="nhs, social_care, both, or any body the place names")
    recorded: bool = Field(default=True, description="whether the official delayed-transfer count shows it")


class Choice(Strict):
    """A rule that looks at the state of the system: the first (or shortest) that satisfies it, else ``otherwise``."""

    choose: Literal["first_with_space", "if_open", "shortest"]
    among: list[str]
    otherwise: str | None = None


class Branch(Sourced):
    """Where patients of a kind go: ``to`` with shares (one may be ``rest``), or ``choose`` by state."""

    when: dict[str, list[str]] = Field(default={}, description="attribute (or from) -> levels; all must hold")
    to: Shares | None = None
    choose: Literal["first_with_space", "if_open", "shortest"] | None = None
    among: list[str] | None = None
    otherwise: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, data: object) -> object:
        if isinstance(data, str):
            return {"to": {data: "rest"}}
        if not isinstance(data, Mapping):
            return data
        out = dict(data)
        if isinstance(out.get("to"), str):
            out["to"] = {out["to"]: "rest"}
        elif (
            isinstance(out.get("to"), Mapping)
            and out["to"].get("rest") is not None
            and isinstance(out["to"]["rest"], str)
        ):
            # {a: "30 %", rest: home} names the rest the other way round; both are read.
            to = dict(out["to"])
            to[to.pop("rest")] = "rest"
            out["to"] = to
        if isinstance(out.get("when"), Mapping):
            out["when"] = {k: [v] if isinstance(v, str) else v for k, v in out["when"].items()}
        return out


Pathway = dict[str, Branch]
"""Branch id -> branch, tried in order; the first whose ``when`` holds is taken."""
