"""Small networks for tests: YAML text (or a mapping) to a SystemSpec, without Hydra and scenarios.

What a test does not say is filled in: a place in UTC without bank holidays, no warm-up, and a run of
one day from Monday 5 January 2026. Every junction, exit and service is as in ``flowsim.config.models``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from flowsim.config.models import Config, Programme
from flowsim.system.build import build
from flowsim.system.spec import SystemSpec

PLACE = {"id": "test", "label": "Test", "calendar": {"timezone": "UTC", "holidays": "none"}}
RUN = {"starts": "2026-01-05", "warm_up": "0 d", "duration": "1 d", "replications": 1}


@dataclass(frozen=True)
class OnePeriod:
    """A configuration that holds for the whole run, in the shape of ``config.scenarios.Staged``."""

    periods: tuple[tuple[date | None, Config], ...]
    digest: str = "test"
    programmes: tuple[tuple[str, str, Programme, date | None, date | None], ...] = field(default=())


def config_of(network: str | Mapping[str, Any], **run: Any) -> Config:
    """Return a validated configuration; ``run`` overrides run settings, e.g. ``duration="10 d"``."""
    raw = yaml.safe_load(network) if isinstance(network, str) else copy.deepcopy(dict(network))
    raw["place"] = {**PLACE, **(raw.get("place") or {})}
    raw["run"] = {**RUN, **(raw.get("run") or {}), **run}
    raw.setdefault("stream", {})
    raw.setdefault("service", {})
    return Config.model_validate(raw)


def spec_of(network: str | Mapping[str, Any], **run: Any) -> SystemSpec:
    """Return the specification of a small network."""
    return build(OnePeriod(((None, config_of(network, **run)),)))


def staged_spec_of(*periods: tuple[str | None, str | Mapping[str, Any]], **run: Any) -> SystemSpec:
    """Return the specification of a network that changes: (date or None, network) in order of date."""
    dated = tuple((None if day is None else date.fromisoformat(day), config_of(net, **run)) for day, net in periods)
    return build(OnePeriod(dated))
