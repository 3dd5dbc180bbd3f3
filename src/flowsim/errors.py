"""The errors flowsim raises on purpose; each reads as one line a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class FlowsimError(Exception):
    """Something a user can put right; the command line prints it and exits with code 2."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a configuration.

    Attributes:
        key: dotted path of the key at fault, e.g. ``service.ward.capacity``.
        said: what the configuration says there, as written.
        wanted: what would be right, as a phrase, with the nearest right name where there is one.
    """

    key: str
    said: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.key}: said {self.said}; wanted {self.wanted}"


class ConfigError(FlowsimError):
    """A configuration cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(f"{head} in the configuration:\n" + "\n".join(f"  - {p}" for p in self.problems))


class RunError(FlowsimError):
    """A run could not start or finish for a reason outside its configuration."""
