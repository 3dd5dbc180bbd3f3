"""From overrides and files to a checked configuration, all its problems told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowsim.config.checks.registry import Given
from flowsim.config.compose import compose
from flowsim.config.models import Config
from flowsim.config.scenarios import Staged, stage
from flowsim.config.stacking import clashes, members
from flowsim.config.validate import examine
from flowsim.errors import ConfigError, Problem


@dataclass(frozen=True)
class Loaded:
    """A configuration, ready to be built or staged again.

    Attributes:
        raw: the container as composed, to stage other arms from.
        staged: with the ``scenario`` stack in force, at no level of demand.
        base: the raw configuration, validated.
    """

    raw: dict[str, Any]
    staged: Staged
    base: Config

    @property
    def config(self) -> Config:
        """Return the configuration at the run's start, with the scenario stack applied."""
        return self.staged.config


def load(overrides: Sequence[str] = (), files: Sequence[Path] = ()) -> Loaded:
    """Return the configuration the overrides and files ask for.

    Args:
        overrides: as ``config.compose.compose`` takes them.
        files: YAML files of a place of one's own.

    Raises:
        ConfigError: with every problem of the whole configuration, the arms of its experiment included.
    """
    raw = compose(overrides, files)
    config, problems = examine(raw)
    if config is not None and not problems:
        problems = clashing_arms(config)
    if problems or config is None:
        raise ConfigError(problems)
    return Loaded(raw, stage(raw, raw.get("scenario") or (), given=Given(config, raw)), config)


def clashing_arms(config: Config) -> list[Problem]:
    """Return where members of one arm of the experiment set one key to different values."""
    found: list[Problem] = []
    for arm, stack in config.experiment.arms.items() if config.experiment is not None else ():
        layers, _ = members(stack, config)
        found += [Problem(f"experiment.arms.{arm}: {p.key}", p.said, p.wanted) for p in clashes(layers)]
    return found


def check_all(overrides: Sequence[str] = (), files: Sequence[Path] = ()) -> Loaded:
    """Return what ``load`` returns, once every arm of the experiment has been staged at every level of demand.

    Raises:
        ConfigError: with every problem found.
    """
    loaded = load(overrides, files)
    experiment = loaded.config.experiment
    given = Given(loaded.base, loaded.raw)
    problems: list[Problem] = []
    for arm, stack in experiment.arms.items() if experiment is not None else ():
        for level in experiment.demand if experiment is not None else ():
            try:
                stage(loaded.raw, stack, level, given)
            except ConfigError as error:
                problems += [Problem(f"arm {arm}: {p.key}", p.said, p.wanted) for p in error.problems]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return loaded
