"""docs/coverage.md: every item of the source documents, the YAML that holds it, and what it moves.

The words come from the book of coverage (conf/coverage), the figures from ``coverage.csv`` beside the page, which
``flowsim docs --effects`` writes after trying every item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from flowsim.config.compose import catalogue, conf_dir
from flowsim.config.problems import find
from flowsim.errors import RunError
from flowsim.experiment.effects import COLUMNS
from flowsim.report.formats import MINUS, gap, is_missing, quantity, unit_words

if TYPE_CHECKING:
    from flowsim.config.load import Loaded
    from flowsim.config.models import Coverage

PAGE, FIGURES = "coverage.md", "coverage.csv"
NOT_RUN = "not run yet"
_NAMES = {
    "2": "Services, sites and capacity",
    "3": "Pathways",
    "4": "Policies and interventions",
    "5": "Test beds",
    "6": "Costs, finance and targets",
    "7": "Outcomes",
    "8": "Risks",
}
_HEAD = """# What the source documents name, and what it moves

Written by `flowsim docs` from `conf/coverage/`; the figures by `flowsim docs --effects`, which tries each item by
itself against {place} as it stands, with the same patients and the same luck in both, and puts them in
`{figures}`. A difference is the mean of so many replications with its 95 % interval. *As expected*: the interval
lies on the side expected, or holds nought where nothing was expected to show. *Cannot be told from luck*: it holds
nought although something was expected. Some {count} items; {ran} tried.
"""
_COLUMNS = ("item", "held by", "tried", "measure", "as it stands", "difference (95 %)", "expected", "found")


def write_coverage(loaded: Loaded, folder: Path) -> Path:
    """Write the page into a folder, with the figures that lie there; returns its path.

    Raises:
        RunError: the place has no book of coverage.
    """
    if not loaded.config.coverage:
        raise RunError(
            f"docs: said {loaded.config.place.label}; wanted a place with a book of coverage (conf/coverage)"
        )
    page = folder / PAGE
    page.write_text(markdown(loaded, known_effects(folder)), encoding="utf-8")
    return page


def known_effects(folder: Path) -> pd.DataFrame:
    """Return the figures that lie in a folder, by item; none where there is no such file."""
    file = folder / FIGURES
    table = pd.read_csv(file, dtype={"split": str, "unit": str}) if file.is_file() else pd.DataFrame(columns=COLUMNS)
    return table.assign(split=table["split"].fillna(""), unit=table["unit"].fillna("")).set_index("item")


def keep_effects(found: pd.DataFrame, folder: Path, book: Mapping[str, Coverage]) -> None:
    """Put new figures beside those that lie in a folder, in the book's order; items no longer in the book go."""
    now = found.set_index("item")
    before = known_effects(folder)
    kept = before.loc[[name for name in before.index if name not in now.index]]
    table = pd.concat([frame for frame in (kept, now) if len(frame)] or [now])
    table = table.loc[[name for name in book if name in table.index]]
    folder.mkdir(parents=True, exist_ok=True)
    table.reset_index()[COLUMNS].to_csv(folder / FIGURES, index=False, float_format="%.6g", lineterminator="\n")


def markdown(loaded: Loaded, figures: pd.DataFrame) -> str:
    """Return the page: a table for each section, a row for each item."""
    config = loaded.config
    fresh = {name: row for name, item in config.coverage.items() if (row := _figures(figures, name, item)) is not None}
    head = _HEAD.format(place=config.place.label, figures=FIGURES, count=len(config.coverage), ran=len(fresh))
    parts = [head]
    for section in sorted({item.section for item in config.coverage.values()}):
        parts.append(f"## {_NAMES.get(section, section)}\n")
        lines = [_line(_COLUMNS), _line(["---"] * len(_COLUMNS))]
        rows = ((name, item) for name, item in config.coverage.items() if item.section == section)
        lines += [_line(_cells(name, item, fresh.get(name), loaded)) for name, item in rows]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _figures(figures: pd.DataFrame, name: str, item: Coverage) -> pd.Series | None:
    """Return an item's figures; None where there are none, or none of the measure it names now."""
    if name not in figures.index:
        return None
    row = figures.loc[[name]].iloc[0]
    return row if (row["measure"], row["service"], row["split"]) == (item.measure, item.service, item.split) else None


def _line(cells: object) -> str:
    assert isinstance(cells, list | tuple)
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _cells(name: str, item: Coverage, row: pd.Series | None, loaded: Loaded) -> list[str]:
    config = loaded.config
    documents = ", ".join(config.source[which].title for which in item.document)
    held = "<br>".join(f"`{key}` in {where_held(key, config.place.id)}" for key in item.holds)
    said = config.measure[item.measure]
    which = ", ".join(part for part in (item.service if item.service != "all" else "", item.split) if part)
    measure = f"{said.label}{f' ({which})' if which else ''} (`{item.measure}`)"
    base, difference, found = _found(item, row, said.unit)
    wanted = {"either": "a change", "none": "nothing to show"}.get(item.expect, item.expect)
    text = f'<a id="{name}"></a>{item.text} ({documents})'
    return [text, held, _tried(item), measure, base, difference, f"{wanted}: {item.why}", found]


def _tried(item: Coverage) -> str:
    if item.change.intervention:
        return f"`{item.change.intervention}`"
    return "<br>".join(f"`{key}` = {_short(value)}" for key, value in item.change.sets.items())


def _short(value: Any) -> str:
    """Return a value as the YAML says it, without its source and range."""
    if isinstance(value, Mapping):
        if "value" in value:
            return _short(value["value"])
        return ", ".join(f"{name} {_short(below)}" for name, below in value.items() if name not in ("source", "note"))
    return ", ".join(map(_short, value)) if isinstance(value, list) else str(value)


def _found(item: Coverage, row: pd.Series | None, unit: str) -> tuple[str, str, str]:
    """Return (as it stands, the difference with its interval, what that says of what was expected)."""
    if row is None:
        return NOT_RUN, NOT_RUN, NOT_RUN
    value, low, high = (float(row[name]) for name in ("difference", "low", "high"))
    base = quantity(float(row["base"]), unit)
    over = f"{int(row['replications'])} × {row['days']:g} days"
    if is_missing(value):
        return base, "none: nobody there", f"no such row ({over})"
    if value == low == high == 0:
        return base, "0 exactly", f"{_verdict(item.expect, 0, 0)} ({over})"
    said, between = gap(value, low, high, unit)
    words = unit_words(unit)
    relative = f"; {_signed_share(value / row['base'])}" if row["base"] and unit != "share" else ""
    return (
        base,
        f"{said} {words} ({between}{relative})".replace("  ", " "),
        f"{_verdict(item.expect, low, high)} ({over})",
    )


def _signed_share(value: float) -> str:
    return f"{value:+.1%}".replace("-", MINUS)


def _verdict(expect: str, low: float, high: float) -> str:
    side = "higher" if low > 0 else "lower" if high < 0 else "none"
    if side == expect or (expect == "either" and side != "none"):
        return "as expected"
    if side == "none":
        return "cannot be told from luck"
    return f"otherwise: {side}"


@lru_cache(maxsize=4096)
def where_held(key: str, place: str) -> str:
    """Return the file under conf/ that holds a key: the last read of those that do, as that one holds."""
    path = tuple(key.split("."))
    found = [name for name, tree in _files(place) if find(tree, path) is not None]
    return found[-1] if found else "several files of conf/"


@lru_cache(maxsize=4)
def _files(place: str) -> tuple[tuple[str, Any], ...]:
    return tuple(_read(place))


def _read(place: str) -> Iterator[tuple[str, Any]]:
    import yaml

    root = conf_dir()
    own = root / "place" / f"{place}.yaml"
    files = (
        [root / group / f"{name}.yaml" for group, names in catalogue(place) for name in names] if own.is_file() else []
    )
    for file in [*files, own] if files else []:
        tree = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}
        yield f"conf/{file.relative_to(root).as_posix()}", tree


__all__ = ["keep_effects", "known_effects", "markdown", "where_held", "write_coverage"]
