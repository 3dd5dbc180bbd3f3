"""docs/parameters-<place>.md: every number of a place with its range, unit, source and status, and how many of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsim.config.models import Mix
from flowsim.config.quantities import Quantity
from flowsim.config.sourcing import GROUPS, written
from flowsim.experiment.assumptions import said_like

if TYPE_CHECKING:
    from flowsim.config.load import Loaded
    from flowsim.config.models import Config

STATUSES = ("measured", "published", "calibrated", "expert", "assumed", "no source")
OPTIONS = "intervention"
"""Group of what may be done; its numbers are told apart from those of the place as it is."""
_NUMBER = re.compile(r"^(£?\s*)([+-]?[\d,_]*\.?\d+(?:[eE][+-]?\d+)?)\s*(.*)$")
_HEAD = """# Parameters of {label}

Written by `flowsim docs place={id}` from the configuration: every number written, under the dotted key by which it can
be set, with its range, its unit, the source it rests on (`conf/source/`) and that source's status. A number without a
source of its own has that of the block it stands in; a mix given case by case is one row. *Assumed* is nobody's
measurement and is called so.
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
    """Return every number of a configuration, in its order; those of interventions last."""
    out = []
    for key, quantity, source in written(config, (*GROUPS, OPTIONS)):
        if quantity is None:
            out.append(_cases(config, key, source))
        else:
            out.append(_parameter(config, key, quantity, source))
    for name, item in config.intervention.items():
        for key, value in item.sets.items():
            out += _set(config, f"{OPTIONS}.{name}.sets.{key}", value, None)
    return out


def _status(config: Config, source: str | None) -> str:
    entry = config.source.get(source or "")
    return entry.status if entry is not None else "no source"


def _parameter(config: Config, key: str, quantity: Quantity, source: str | None) -> Parameter:
    value, unit = _split(quantity.said or f"{quantity.value:g}")
    year = getattr(quantity, "price_year", None)
    low, high = (_split(said_like(quantity, number))[0] for number in (quantity.low, quantity.high))
    unit = f"{unit} at {year} prices".strip() if year else unit
    return Parameter(key, value, low, high, unit, source or "", _status(config, source))


def _plain(config: Config, key: str, said: object, source: str | None) -> Parameter:
    value, unit = _split(str(said))
    return Parameter(key, value, "", "", unit, source or "", _status(config, source))


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


def _cases(config: Config, key: str, source: str | None) -> Parameter:
    """Return a mix that is given by cases, which counts once: how many shares it has, and by what."""
    stream, attribute = key.split(".")[1], key.rsplit(".", 1)[1]
    mix: Mix = config.stream[stream].mix[attribute]
    number = sum(1 for said in _leaves(mix.cases or {}) if said != "rest")
    return Parameter(key, str(number), "", "", f"shares by {', '.join(mix.by)}", source or "", _status(config, source))


def _leaves(node: object) -> Iterator[object]:
    if isinstance(node, Mapping):
        for below in node.values():
            yield from _leaves(below)
    else:
        yield node


def _set(config: Config, key: str, value: Any, above: str | None) -> Iterator[Parameter]:
    """Yield the numbers of a value that an intervention sets."""
    if isinstance(value, Mapping):
        above = value.get("source") or above
        if "value" in value:
            said, unit = _split(str(value["value"]))
            low, high = (_split(str(value[end]))[0] if value.get(end) is not None else "" for end in ("low", "high"))
            yield Parameter(key, said, low, high, unit, above or "", _status(config, above))
            return
        for name, below in value.items():
            if name not in ("source", "note", "by"):
                yield from _set(config, f"{key}.{name}", below, above)
    elif isinstance(value, int | float | str) and not isinstance(value, bool) and _NUMBER.match(str(value)):
        yield _plain(config, key, value, above)


# --- the page --------------------------------------------------------------------------------------


def markdown(config: Config) -> str:
    """Return the page."""
    found = parameters(config)
    place = [p for p in found if _group(p) != OPTIONS]
    options = [p for p in found if _group(p) == OPTIONS]
    parts = [_HEAD.format(label=config.place.label, id=config.place.id), "## How many, by status\n"]
    parts.append(_counts(place, options))
    for group in GROUPS:
        rows = [p for p in place if _group(p) == group]
        if rows:
            parts += [f"## {group.capitalize()}\n", _table(rows)]
    if options:
        told = "What options would change, and what they cost; not part of the place as it is.\n"
        parts += ["## Interventions\n", told, _table(options)]
    return "\n".join(parts)


def _group(parameter: Parameter) -> str:
    return parameter.key.partition(".")[0]


def _counts(place: list[Parameter], options: list[Parameter]) -> str:
    heads = [status for status in STATUSES if any(p.status == status for p in (*place, *options))]
    lines = [f"| part | {' | '.join(heads)} | all |", f"|---|{'--:|' * (len(heads) + 1)}"]
    groups = {group: [p for p in place if _group(p) == group] for group in GROUPS}
    rows = {**{group: rows for group, rows in groups.items() if rows}, "**the place**": place}
    if options:
        rows["interventions"] = options
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
