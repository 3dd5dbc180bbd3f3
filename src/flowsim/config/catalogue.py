"""The files of conf/ that a place reads, read and merged at once.

Hydra would merge them one by one, each time walking the whole tree: of 150 files that took five seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

CHOSEN = ("run", "experiment", "place")
"""Groups of which one file is chosen; every file of the others is read."""


def conf_dir() -> Path:
    """Return the folder conf/: of the checkout, or of the installed package."""
    packaged = Path(str(resources.files("flowsim"))) / "conf"
    if (packaged / "config.yaml").is_file():
        return packaged
    return Path(__file__).resolve().parents[3] / "conf"


def options(group: str) -> list[str]:
    """Return the names of the files directly in a group, e.g. the places in conf/place."""
    return sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))


def catalogue(place: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (group, file names) a place reads besides its own file: shared files, then those of its folders.

    Raises:
        yaml.YAMLError: the place's own file is no YAML.
    """
    listed = _listed(place)
    for folder in sorted(path for path in conf_dir().iterdir() if path.is_dir() and path.name not in CHOSEN):
        for group in (folder.name, f"{folder.name}/{place}"):
            names = options(group)
            if names and group not in listed:
                yield group, names


def _listed(place: str) -> set[str]:
    """Return the groups that a place's own defaults list names."""
    said = read_yaml(conf_dir() / "place" / f"{place}.yaml") or {}
    groups = [key for item in said.get("defaults", []) if isinstance(item, dict) for key in item]
    return {str(group).removeprefix("override ").lstrip("/").split("@")[0] for group in groups}


def stamp() -> tuple[int, int]:
    """Return what changes when a file of conf/ does: the number of files, and when one was last written [ns]."""
    times = [path.stat().st_mtime_ns for path in conf_dir().rglob("*.yaml")]
    return len(times), max(times, default=0)


@lru_cache(maxsize=8)
def merged(place: str, at: tuple[int, int]) -> dict[str, Any]:
    """Return every file of a place's catalogue merged into one mapping, interpolations unresolved.

    Args:
        place: id.
        at: ``stamp()``, so that a file changed since is read again.

    Raises:
        yaml.YAMLError: a file is no YAML.
    """
    del at
    out: dict[str, Any] = {}
    for group, names in catalogue(place):
        for name in names:
            said = read_yaml(conf_dir() / group / f"{name}.yaml")
            if isinstance(said, dict):
                merge(out, said)
    return out


def merge(into: MutableMapping[str, Any], said: MutableMapping[str, Any]) -> None:
    """Lay one mapping over another, as OmegaConf does: mappings are merged, all else is replaced."""
    for key, value in said.items():
        if isinstance(value, MutableMapping) and isinstance(into.get(key), MutableMapping):
            merge(into[key], value)
        else:
            into[key] = value


class _Loader(yaml.CSafeLoader):
    """Reads YAML as OmegaConf does: dates stay text, 1e3 is a number, a key said twice is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:str" and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    "while constructing a mapping", node.start_mark, f"found duplicate key {key.value}", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for letter, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_yaml(path: Path) -> Any:
    """Return what a YAML file says.

    Raises:
        yaml.YAMLError: with the file's name and line.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        if mark is not None:
            error.problem_mark = yaml.Mark(str(path), mark.index, mark.line, mark.column, None, 0)
        raise
