"""The reference page of measures, written from the code and the definitions."""

from __future__ import annotations

from collections.abc import Mapping

from flowsim.measure.audit import CHECKS
from flowsim.measure.definitions import Definition
from flowsim.measure.registry import known_kinds
from flowsim.measure.stations import COLUMNS

_HEAD = """# Measures

Written by `flowsim.measure.describe` from the code and `conf/measure/`; a test keeps the two the same.

A measure is a YAML entry: a *kind* (a function below), the *role* of the services it looks at, `when` (which
patients: `{acuity: [major]}`, or `[not planned]` for all but those), a `limit` or `threshold`, a `unit` and options.
To add one of a known kind, add a file to `conf/measure/` (or `conf/measure/<place>/` for one place). To add a
kind, add a function with `@measure_kind("name")` to a module of `flowsim.measure`, and a test of it.

Every measure is given by service and for all its services together (`all`). Shares are fractions of one. A place
without the service, or without such patients, does without the measure. Rows are also given by week.
"""


def markdown(definitions: Mapping[str, Definition]) -> str:
    """Return the page."""
    parts = [_HEAD, "## The measures\n", _definitions(definitions), "## Kinds\n"]
    for name, kind in sorted(known_kinds().items()):
        parts.append(f"### {name}\n\n{_dedented(kind.__doc__ or '')}\n")
    parts += ["## Stations: queueing statistics of every service\n", _pairs("column", "meaning", COLUMNS)]
    parts += ["## Audit: what every run checks about itself\n", _pairs("check", "compares", CHECKS)]
    return "\n".join(parts)


def _definitions(definitions: Mapping[str, Definition]) -> str:
    lines = ["| id | label | unit | better | of whom |", "|---|---|---|---|---|"]
    for name, d in definitions.items():
        lines.append(f"| `{name}` | {d.label} | {d.unit} | {d.better} | {d.note} |")
    return "\n".join(lines) + "\n"


def _pairs(first: str, second: str, rows: Mapping[str, str]) -> str:
    return "\n".join([f"| {first} | {second} |", "|---|---|", *(f"| `{k}` | {v} |" for k, v in rows.items())]) + "\n"


def _dedented(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines()).replace("``", "`")
