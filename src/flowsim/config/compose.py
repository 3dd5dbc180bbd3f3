"""Hydra composes the YAML of conf/, files of one's own and overrides into one plain container.

What lies where, and why it is read so, is told in docs/decisions/0001-hydra-layout.md.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from flowsim.config.grammar import dotted, nearest, tidy
from flowsim.config.models import Config
from flowsim.config.overrides import Override, apply, read
from flowsim.errors import ConfigError, Problem

_LOCK = threading.Lock()
"""Hydra's state is one for the whole process."""
_CHOSEN = ("run", "experiment", "place")
"""Groups of which one file is chosen; every file of the others is read."""


class Composed(dict[str, Any]):
    """A composed configuration, as a plain dictionary that remembers what the command line set.

    Attributes:
        command_line: dotted keys set by overrides.
    """

    command_line: tuple[str, ...] = ()


def conf_dir() -> Path:
    """Return the folder conf/: of the checkout, or of the installed package."""
    packaged = Path(str(resources.files("flowsim"))) / "conf"
    if (packaged / "config.yaml").is_file():
        return packaged
    return Path(__file__).resolve().parents[3] / "conf"


def options(group: str) -> list[str]:
    """Return the names of the files directly in a group, e.g. the places in conf/place."""
    return sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))


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
        composed, plain = _compose(tuple(chosen), _stamp())
        if files:
            plain = _plain(cast("DictConfig", OmegaConf.merge(composed, *[_read_file(Path(file)) for file in files])))
    problems: list[Problem] = []
    raw = Composed(copy.deepcopy(plain))
    for override in values:
        problems += apply(raw, override)
    if problems:
        raise ConfigError(problems)
    raw.command_line = tuple(dotted(o.path) for o in values)
    return raw


def _stamp() -> tuple[int, int]:
    """Return what changes when a file of conf/ does: the number of files, and when one was last written [ns]."""
    times = [path.stat().st_mtime_ns for path in conf_dir().rglob("*.yaml")]
    return len(times), max(times, default=0)


@lru_cache(maxsize=8)
def _compose(chosen: tuple[str, ...], stamp: tuple[int, int]) -> tuple[DictConfig, dict[str, Any]]:
    """Return what Hydra composes, and the same as plain data; kept till a file changes, as reading YAML is slow."""
    del stamp
    _store_catalogues()
    outer = GlobalHydra.instance().hydra  # of an application of Hydra's that may be calling
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf_dir()), version_base=None, job_name="flowsim"):
            composed = hydra_compose("config", list(chosen))
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
    OmegaConf.set_struct(composed, False)
    return composed, _plain(composed)


def _plain(composed: DictConfig) -> dict[str, Any]:
    try:
        plain = tidy(OmegaConf.to_container(composed, resolve=True, throw_on_missing=True))
        return cast("dict[str, Any]", plain)
    except OmegaConfBaseException as error:
        key = str(getattr(error, "full_key", "") or "conf")
        raise ConfigError([Problem(key, _first_line(error), "a value")]) from None


def _read_file(file: Path) -> DictConfig:
    try:
        loaded = OmegaConf.load(file)
    except OSError as error:
        raise ConfigError([Problem(str(file), str(error.strerror), "a YAML file that can be read")]) from None
    except (yaml.YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        raise ConfigError([_not_yaml(str(file), error)]) from None
    if not isinstance(loaded, DictConfig):
        raise ConfigError([Problem(str(file), "a list", f"a mapping of {', '.join(Config.model_fields)}")])
    if "defaults" in loaded:
        wanted = "a whole place in one file or several; defaults lists are read in conf/ only"
        raise ConfigError([Problem(f"{file}: defaults", "a defaults list", wanted)])
    return loaded


def _store_catalogues() -> None:
    """Tell Hydra, for each place, the files of its folders and the shared ones."""
    for place in options("place"):
        node = {"defaults": [{f"/{group}@_global_": names} for group, names in catalogue(place)]}
        ConfigStore.instance().store(group="catalogue", name=place, node=node, package="_global_")


def catalogue(place: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (group, file names) a place reads besides its own file: shared files, then those of its folders."""
    listed = _listed(place)
    for folder in sorted(path for path in conf_dir().iterdir() if path.is_dir() and path.name not in _CHOSEN):
        for group in (folder.name, f"{folder.name}/{place}"):
            names = options(group)
            if names and group not in listed:
                yield group, names


def _listed(place: str) -> set[str]:
    """Return the groups that a place's own defaults list names."""
    text = (conf_dir() / "place" / f"{place}.yaml").read_text(encoding="utf-8")
    try:
        defaults = (yaml.safe_load(text) or {}).get("defaults", [])
    except yaml.YAMLError as error:
        raise ConfigError([_not_yaml(f"conf/place/{place}.yaml", error)]) from None
    groups = [key for item in defaults if isinstance(item, dict) for key in item]
    return {str(group).removeprefix("override ").lstrip("/").split("@")[0] for group in groups}


def _missing(error: MissingConfigException, chosen: Sequence[str]) -> Problem:
    missing = str(error.missing_cfg_file or "")
    group, _, name = missing.rpartition("/")
    if group in _CHOSEN or group:
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
