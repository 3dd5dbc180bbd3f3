"""A starter set of YAML files for a place of one's own: a borough's template, or a copy of a place that is here."""

from __future__ import annotations

import re
import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from flowsim.config.compose import catalogue, compose, conf_dir, options
from flowsim.config.sourcing import TO_BE_REPLACED
from flowsim.errors import RunError

_TEMPLATES = resources.files("flowsim.config") / "templates"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
DEFAULT = "borough"
"""What a new place is like, unless it is said."""


def likes() -> list[str]:
    """Return what a new place can be like: the template, or any place there is."""
    return [DEFAULT, *(place for place in options("place") if place != "blank")]


def new_place(name: str, like: str = DEFAULT, where: Path | None = None) -> Path:
    """Write a starter set of files into a new folder called as the place is, and return the folder.

    Args:
        name: id of the place: small letters, digits and underscores.
        like: ``borough``, a template of round numbers for 100,000 people, or the id of a place to copy.
        where: folder to make it in; the working folder unless said.

    Raises:
        RunError: the name or the likeness will not do, or the folder is there. Nothing has been written.
    """
    folder = (where or Path()) / name
    _refuse_bad(name, like, folder)
    files = _template(name) if like == DEFAULT else _copy(name, like)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as temporary:
        made = Path(temporary) / name
        made.mkdir()
        for file, text in files.items():
            (made / file).write_text(text, encoding="utf-8")
        shutil.move(made, folder)
    return folder


def _refuse_bad(name: str, like: str, folder: Path) -> None:
    if not NAME.fullmatch(name):
        wanted = "a name of small letters, digits and underscores that begins with a letter, e.g. st_helens"
        raise RunError(f"new place: said {name!r}; wanted {wanted}")
    if name in options("place"):
        raise RunError(f"new place: said {name!r}, which there is already; wanted a name of its own")
    if like not in likes():
        raise RunError(f"--like: said {like!r}; wanted one of {', '.join(likes())}")
    if folder.exists() or folder.is_symlink():
        raise RunError(f"new place: said {name!r}, but ./{folder} exists; wanted a name of which there is no folder")


def _spoken(name: str) -> str:
    return " ".join(word.capitalize() for word in name.split("_"))


def _template(name: str) -> dict[str, str]:
    files = sorted((_TEMPLATES / DEFAULT).iterdir(), key=lambda file: file.name)
    return {file.name: _named(file.read_text(encoding="utf-8"), name) for file in files}


def _named(text: str, name: str) -> str:
    return re.sub(r"\bNAME\b", name, re.sub(r"\bLABEL\b", _spoken(name), text))


# --- copies of a place ------------------------------------------------------------------------------


def _copy(name: str, like: str) -> dict[str, str]:
    """Return the files of a place with another name, and a bibliography in which each of its sources holds a place."""
    raw = compose([f"place={like}"])
    place = (conf_dir() / "place" / f"{like}.yaml").read_text(encoding="utf-8")
    files = {"1_place.yaml": _renamed(place, name, raw["place"])}
    for group, names in catalogue(like):
        if group.endswith(f"/{like}"):
            kind = group.partition("/")[0]
            texts = {file: (conf_dir() / group / f"{file}.yaml").read_text(encoding="utf-8") for file in names}
            files |= {f"{kind}_{file}.yaml": text for file, text in texts.items()}
    files["experiment_and_run.yaml"] = _written({group: raw[group] for group in ("experiment", "run") if raw[group]})
    files["z_sources.yaml"] = _held(raw["source"], raw["place"]["label"])
    readme = (_TEMPLATES / "copied" / "README.md").read_text(encoding="utf-8")
    files["README.md"] = _named(readme, name).replace("THERE", str(raw["place"]["label"]))
    return files


def _renamed(text: str, name: str, place: dict[str, Any]) -> str:
    """Return a place's file without what only conf/ reads, under another name."""
    text = re.sub(r"^# @package _global_\n", "", text)
    text = re.sub(r"^defaults:\n(?:[ \t]+.*\n|[ \t]*\n)+", "", text, flags=re.MULTILINE)
    text = re.sub(rf"^(  id: ){re.escape(str(place['id']))}$", rf"\g<1>{name}", text, count=1, flags=re.MULTILINE)
    label = re.escape(str(place["label"]))
    return re.sub(rf"^(  label: ){label}$", rf"\g<1>{_spoken(name)}", text, count=1, flags=re.MULTILINE)


def _held(sources: dict[str, dict[str, Any]], label: str) -> str:
    """Return a bibliography in which every source of the place that was copied is an assumption to be replaced."""
    head = (
        f"# Every number here is {label}'s until you replace it: its sources stand below as assumptions.\n"
        "# When a number is yours, give it a source of your own (an entry in a file of your own), and put\n"
        "# its id beside the number.\n"
    )
    held = {
        id_: {"title": f"{TO_BE_REPLACED}, {label}'s: {entry['title']}", "status": "assumed"}
        for id_, entry in sources.items()
    }
    return head + _written({"source": held})


def _written(data: dict[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=118)
