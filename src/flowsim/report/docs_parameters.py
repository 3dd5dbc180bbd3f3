"""docs/parameters-<place>.md: every number of a place with its range, unit, source and status, and how many of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim.config.models import Knob, Mix
from flowsim.config.quantities import Quantity
from flowsim.config.sourcing import BOOKS, GROUPS, written
from flowsim.experiment.assumptions import said_like

if TYPE_CHECKING:
    from flowsim.config.load import Loaded
    from flowsim.config.models import Config

STATUSES = ("measured", "published", "calibrated", "expert", "assumed", "no source")
PARTS = {
    "year_book": ("Steps between years", "By what, and to what, the place is brought to another year."),
    "intervention": ("Interventions", "What options would change, and what they cost; not part of the place as it is."),
    "scenario_book": ("Scenarios", "What scenarios set beside the interventions they are made of."),
    "target": ("Targets", "What documents promised, which results are held against."),
    "record": ("Records", "What was recorded, which the model is held against."),
    "calibration": ("Calibration", "Between what limits uncertain inputs are sought."),
    "coverage": ("Trials", "What is tried, one at a time, to see what each item of the documents moves."),
}
"""Groups beside the place as it is -> heading and a sentence on each, by group."""
_NUMBER = re.compile(r"^(£?\s*)([+-]?[\d,_]*\.?\d+(?:[eE][+-]?\d+)?)\s*(.*)$")
_HEAD = """# Parameters of {label}

Written by `flowsim docs place={id}` from the configuration: every number written, under the dotted key by which it can
be set, with its range, its unit, the source it rests on (`conf/source/`) and that source's status. A number without a
source of its own has that of the block it stands in; a mix given case by case is one row, and so are the two ends of an
uncertain input. *Assumed* is nobody's measurement and is called so.
"""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number: dotted key, value and range as written without the unit, the unit, source and its status."""

    key: str
    value: str
    low: str
    high: str
    unit: str
    source: str
    status: str


def page_name(config: Config) -> str:
    """Return the file name of a place's page."""
    return f"parameters-{config.place.id}.md"


def write_parameters(loaded: Loaded, folder: Path) -> Path:
    """Write the page of the configuration's place into a folder; returns its path."""
    page = folder / page_name(loaded.config)
    page.write_text(markdown(loaded.config), encoding="utf-8")
    return page


def parameters(config: Config) -> list[Parameter]:
    """Return every number of a configuration, in its order; first those of the place, then those of its books."""
    return [_parameter(config, *found) for found in written(config, (*GROUPS, *BOOKS))]


def _status(config: Config, source: str | None) -> str:
    entry = config.source.get(source or "")
    return entry.status if entry is not None else "no source"


def _parameter(config: Config, key: str, found: Quantity | Mix | Knob, source: str | None) -> Parameter:
    if isinstance(found, Mix):  # given by cases: how many shares it has, and by what
        number = sum(1 for said in _leaves(found.cases) if said != "rest")
        value, low, high, unit = str(number), "", "", f"shares by {', '.join(found.by)}"
    elif isinstance(found, Knob):
        (low, unit), (high, _), value = _split(_said(found.low)), _split(_said(found.high)), ""
        unit = {"value": unit, "factor": "times what is said", "odds": "times the odds"}[found.moves]
    else:
        value, unit = _split(found.said or f"{found.value:g}")
        low, high = (_split(said_like(found, number))[0] for number in (found.low, found.high))
        year = getattr(found, "price_year", None)
        unit = f"{unit} at {year} prices".strip() if year else unit
    return Parameter(key, value, low, high, unit, source or "", _status(config, source))


def _said(end: str | float) -> str:
    return end if isinstance(end, str) else f"{end:g}"


def _split(said: str) -> tuple[str, str]:
    """Return a quantity's number and its unit, pounds before the time.

    Example:
        >>> _split("£ 1,345 /day"), _split("26 d"), _split("0.5")
        (('1,345', '£ /day'), ('26', 'd'), ('0.5', ''))
    """
    found = _NUMBER.match(said.strip())
    if found is None:
        return said, ""
    return found[2], " ".join(part for part in (found[1].strip(), found[3].strip()) if part)


def _leaves(node: object) -> Iterator[object]:
    if isinstance(node, Mapping):
        for below in node.values():
            yield from _leaves(below)
    else:
        yield node


# --- the page --------------------------------------------------------------------------------------


def markdown(config: Config) -> str:
    """Return the page."""
    found: dict[str, list[Parameter]] = {}
    for parameter in parameters(config):
        found.setdefault(parameter.key.partition(".")[0], []).append(parameter)
    parts = [_HEAD.format(label=config.place.label, id=config.place.id), "## How many, by status\n", _counts(found)]
    for group, rows in found.items():
        heading, told = PARTS.get(group, (group.capitalize(), ""))
        parts += [f"## {heading}\n", *([f"{told}\n"] if told else []), _table(rows)]
    return "\n".join(parts)


def _counts(found: Mapping[str, list[Parameter]]) -> str:
    place = [p for group in GROUPS for p in found.get(group, ())]
    rows = {group: found[group] for group in GROUPS if group in found} | {"**the place**": place}
    rows |= {heading.lower(): found[group] for group, (heading, _) in PARTS.items() if group in found}
    heads = [status for status in STATUSES if any(p.status == status for some in found.values() for p in some)]
    lines = [f"| part | {' | '.join(heads)} | all |", f"|---|{'--:|' * (len(heads) + 1)}"]
    for name, some in rows.items():
        count = Counter(p.status for p in some)
        lines.append(f"| {name} | {' | '.join(str(count[status]) for status in heads)} | {len(some)} |")
    return "\n".join(lines) + "\n"


def _table(rows: list[Parameter]) -> str:
    lines = ["| key | value | range | unit | source | status |", "|---|--:|---|---|---|---|"]
    for p in rows:
        between = f"{p.low or '…'} to {p.high or '…'}" if p.low or p.high else ""
        cells = (f"`{p.key}`", p.value, between, p.unit, f"`{p.source}`" if p.source else "", p.status)
        lines.append("| " + " | ".join(_escaped(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
