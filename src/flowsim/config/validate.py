"""A raw container made into a Config, with everything that is wrong with it found in one go."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from flowsim.config.checks import Given, run_checks
from flowsim.config.checks.registry import Scope
from flowsim.config.models import Config
from flowsim.config.overrides import copied, remove
from flowsim.config.problems import Fault, Path, as_problem, bad_keys, bad_numbers, faults
from flowsim.errors import ConfigError, Problem

_ROUNDS = 12
"""How often faulty parts are taken out before looking no further."""


def config_of(raw: Mapping[str, Any], scope: Scope | None = None) -> Config:
    """Return the validated configuration.

    Args:
        raw: plain container, as composed.
        scope: which checks to run; all if not said.

    Raises:
        ConfigError: with every problem found.
    """
    config, problems = examine(raw, scope)
    if problems or config is None:
        raise ConfigError(problems)
    return config


def examine(
    raw: Mapping[str, Any], scope: Scope | None = None, like: Given | None = None
) -> tuple[Config | None, list[Problem]]:
    """Return (the configuration, or what is left of it without the faulty parts; every problem).

    Args:
        raw: plain container.
        scope: which checks to run; all if not said.
        like: a configuration without problems, from whose container this one was changed: what is the very same
            object there is not validated again.
    """
    changed = raw if like is None else _changed(raw, like.raw)
    problems = [*bad_keys(changed), *bad_numbers(changed)]
    config, found, taken_out = _sound_part(raw, like)
    problems += [as_problem(fault) for fault in found]
    if config is not None:
        checked = run_checks(Given(config, raw, like), scope)
        problems += [p for p in checked if not _follows(p, taken_out)]
    return (config if not taken_out else None), list(dict.fromkeys(problems))


def _changed(raw: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container without the groups, and the things of groups, that are the very same in another."""
    out: dict[str, Any] = {}
    for part, group in raw.items():
        before = known.get(part)
        if group is before:
            continue
        if isinstance(group, Mapping) and isinstance(before, Mapping):
            out[part] = {n: v for n, v in group.items() if n not in before or v is not before[n]}
        else:
            out[part] = group
    return out


def _with_known(raw: Mapping[str, Any], like: Given) -> dict[str, Any]:
    """Return a container in which validated models stand for what is the very same in a configuration like it."""
    out = dict(raw)
    for name, field in Config.model_fields.items():
        part, models = field.alias or name, getattr(like.config, name)
        group, before = raw.get(part), like.raw.get(part)
        if group is before and part in raw:
            out[part] = models
        elif isinstance(models, Mapping) and isinstance(group, Mapping) and isinstance(before, Mapping):
            out[part] = {n: models[n] if n in models and v is before.get(n) else v for n, v in group.items()}
    return out


def _sound_part(raw: Mapping[str, Any], like: Given | None) -> tuple[Config | None, list[Fault], list[Path]]:
    """Return (the configuration without its faulty parts, its faults, the paths taken out).

    The rest is still checked, so that a fault here does not hide another there.
    """
    if like is not None:
        with contextlib.suppress(ValidationError):  # with faults all of it is looked through, to tell them as written
            return Config.model_validate(_with_known(raw, like)), [], []
    rest: Any = raw
    found: list[Fault] = []
    taken_out: list[Path] = []
    for attempt in range(_ROUNDS):
        try:
            return Config.model_validate(rest), found, taken_out
        except ValidationError as error:
            now = faults(error, rest)
            if attempt == 0:
                found = now
                rest = copied(dict(raw))
            removed = _take_out(rest, now, set(taken_out))
            if not removed:
                break
            taken_out += removed
    return None, found, taken_out


def _take_out(rest: dict[str, Any], now: Iterable[Fault], before: set[Path]) -> list[Path]:
    """Take faulty parts out: the key itself, or what holds it where the key is needed."""
    removed: list[Path] = []
    for fault in now:
        path = fault.path[:-1] if fault.kind == "missing" else fault.path
        while len(path) > 1 and (path in before or isinstance(path[-1], int)):
            path = path[:-1]
        if path and not any(path[: len(other)] == other for other in removed):
            try:
                remove(rest, path)
            except (KeyError, IndexError, TypeError, AttributeError):
                continue
            removed.append(path)
    return removed


def _follows(problem: Problem, taken_out: Iterable[Path]) -> bool:
    """Whether a problem may be there only because a faulty part was taken out: it names the same thing."""
    named = {str(path[-1] if path[0] == "place" else path[min(1, len(path) - 1)]) for path in taken_out}
    words = {word for text in (problem.key, problem.said, problem.wanted) for word in re.findall(r"[\w-]+", text)}
    return bool(named & words)
