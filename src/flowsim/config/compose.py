"""Hydra composes the YAML of conf/, files of one's own and overrides into one plain container.

What lies where, and why it is read so, is told in docs/decisions/0001-hydra-layout.md.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, MissingConfigException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from flowsim.config.catalogue import CHOSEN, catalogue, conf_dir, merge, merged, options, read_yaml, stamp
from flowsim.config.grammar import dotted, nearest, tidy
from flowsim.config.models import Config
from flowsim.config.overrides import Override, apply, copied, read
from flowsim.config.problems import shown
from flowsim.config.years import in_year, step_by_step
from flowsim.errors import ConfigError, Problem

_REFERENCE = re.compile(r"\$\{([^.${}\s:\[\]][^${}\s:\[\]]*)\}")
_DEEPEST = 20
"""How many references may lead on to one another."""
_LOCK = threading.Lock()
"""Hydra's state is one for the whole process."""


class Composed(dict[str, Any]):
    """A composed configuration, as a plain dictionary that remembers what the command line set.

    Attributes:
        command_line: dotted keys set by overrides.
    """

    command_line: tuple[str, ...] = ()


def compose(overrides: Sequence[str] = (), files: Sequence[Path] = ()) -> dict[str, Any]:
    """Return the configuration the overrides ask for, as plain dictionaries and lists.

    Args:
        overrides: ``place=toy``, ``run=smoke``, ``scenario=[a,b]``, ``service.ward.capacity.beds=30`` ...
        files: YAML files of one's own that describe a place, merged in order over an empty one.

    Raises:
        ConfigError: an override or a file cannot be read, or names something that does not exist.
    """
    chosen, values = read(overrides, conf_dir())
    if files and not any(text.startswith("place=") for text in chosen):
        chosen = ["place=blank", *chosen]
    with _LOCK:
        at = stamp()
        plain = _whole(tuple(chosen), at) if not files else _with_files(tuple(chosen), at, files)
    problems: list[Problem] = []
    raw = Composed(copied(plain))
    step_by_step(raw)
    years = [override.value for override in values if override.path == ("year",)]
    in_year(raw, (years or [raw.get("year") or ""])[-1] if not _takes_steps(raw) else "")
    for override in values:
        problems += apply(raw, override) if override.path != ("year",) else []
    if problems:
        raise ConfigError(problems)
    raw.command_line = tuple(dotted(o.path) for o in values)
    return raw


def _takes_steps(raw: dict[str, Any]) -> bool:
    """Whether the experiment starts from the year the files describe, to take the steps one by one."""
    return bool((raw.get("experiment") or {}).get("steps_to"))


@lru_cache(maxsize=8)
def _whole(chosen: tuple[str, ...], at: tuple[int, int]) -> dict[str, Any]:
    """Return the configuration of choices of files, kept till a file of conf/ changes: reading it is slow."""
    return _resolved(_compose(chosen, at))


def _with_files(chosen: tuple[str, ...], at: tuple[int, int], files: Sequence[Path]) -> dict[str, Any]:
    """Return the same with files of one's own laid over it."""
    laid = copied(_compose(chosen, at))
    for file in files:
        merge(laid, _read_file(Path(file)))
    return _resolved(laid)


@lru_cache(maxsize=8)
def _compose(chosen: tuple[str, ...], at: tuple[int, int]) -> dict[str, Any]:
    """Return what the place's catalogue holds, and over it what Hydra composes; interpolations unresolved."""
    outer = GlobalHydra.instance().hydra  # of an application of Hydra's that may be calling
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf_dir()), version_base=None, job_name="flowsim"):
            composed = hydra_compose("config", list(chosen))
        said = OmegaConf.to_container(composed, resolve=False)
        place = _chosen_place(chosen)
        out = copied(merged(place, at)) if place in options("place") else {}
    except MissingConfigException as error:
        raise ConfigError([_missing(error, chosen)]) from None
    except (ConfigCompositionException, OmegaConfBaseException, ValueError) as error:
        raise ConfigError(
            [Problem(" ".join(chosen) or "conf", _first_line(error), "choices that Hydra can compose")]
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError([_not_yaml(str(conf_dir()), error)]) from None
    finally:
        GlobalHydra.instance().hydra = outer
    merge(out, cast("dict[str, Any]", said))
    return out


def _resolved(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a container with ``${key}`` replaced by what stands at the key.

    OmegaConf does what is more than that (parts of texts, resolvers) and names what cannot be found, but
    needs two seconds for a large place.
    """
    try:
        found = _put_in(plain, plain, 0)
    except LookupError:
        try:
            found = OmegaConf.to_container(OmegaConf.create(plain), resolve=True, throw_on_missing=True)
        except OmegaConfBaseException as error:
            key = str(getattr(error, "full_key", "") or "conf")
            raise ConfigError([Problem(key, _first_line(error), "a value")]) from None
    return cast("dict[str, Any]", tidy(found))


def _put_in(node: Any, root: dict[str, Any], depth: int) -> Any:
    """Return a node with every whole ``${key}`` replaced; LookupError for anything else that OmegaConf reads."""
    if isinstance(node, dict):
        return {key: _put_in(value, root, depth) for key, value in node.items()}
    if isinstance(node, list):
        return [_put_in(value, root, depth) for value in node]
    if not isinstance(node, str) or ("${" not in node and node != "???"):
        return node
    whole = _REFERENCE.fullmatch(node)
    if whole is None or depth > _DEEPEST:
        raise LookupError(node)
    there: Any = root
    for part in whole[1].split("."):
        if not isinstance(there, dict):
            raise LookupError(part)
        there = there[part]
    return _put_in(there, root, depth + 1)


def _read_file(file: Path) -> dict[str, Any]:
    try:
        loaded = read_yaml(file)
    except OSError as error:
        raise ConfigError([Problem(str(file), str(error.strerror), "a YAML file that can be read")]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError([_not_yaml(str(file), error)]) from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        said = "a list" if isinstance(loaded, list) else shown(loaded)
        raise ConfigError([Problem(str(file), said, f"a mapping of {', '.join(Config.model_fields)}")])
    if "defaults" in loaded:
        wanted = "a whole place in one file or several; defaults lists are read in conf/ only"
        raise ConfigError([Problem(f"{file}: defaults", "a defaults list", wanted)])
    return loaded


def _chosen_place(chosen: Sequence[str]) -> str:
    """Return the place that is chosen, else the one that conf/config.yaml names."""
    named = [text.partition("=")[2] for text in chosen if text.startswith("place=")]
    usual = [item for item in read_yaml(conf_dir() / "config.yaml")["defaults"] if isinstance(item, dict)]
    return named[-1] if named else str(next(item["place"] for item in usual if "place" in item))


def _missing(error: MissingConfigException, chosen: Sequence[str]) -> Problem:
    missing = str(error.missing_cfg_file or "")
    group, _, name = missing.rpartition("/")
    if group in CHOSEN or group:
        return Problem(group, repr(name), nearest(name, error.options or options(group), f"a file of conf/{group}"))
    return Problem(" ".join(chosen) or "conf", missing or _first_line(error), "a file of conf/")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _not_yaml(where: str, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    place = f"{mark.name or where} line {mark.line + 1}" if mark is not None else where
    problem = getattr(error, "problem", None) or _first_line(error)
    return Problem(
        place, str(problem), "YAML (spaces for indentation, a space after each colon, quotes around clock times)"
    )


__all__ = ["Composed", "Override", "catalogue", "compose", "conf_dir", "options"]
