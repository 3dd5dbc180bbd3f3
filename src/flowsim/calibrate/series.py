"""A recorded series in a CSV file: read, checked row by row, and told which measure it is to be compared with."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowsim.config.checks.records import COUNTED
from flowsim.config.grammar import nearest
from flowsim.config.models import Config, Record
from flowsim.errors import ConfigError, Problem

COLUMNS = ("series", "measure", "service", "split", "month", "value")
_MONTH = re.compile(r"^((?:19|20|21)\d{2}-(?:0[1-9]|1[0-2]))(?:-01)?$")
_NUMBER = re.compile(r"^[+-]?(\d[\d,]*\.?\d*|\.\d+)([eE][+-]?\d+)?$")


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a file.

    Attributes:
        id: a record's id, or the measure with its service and split.
        record: which measure it is compared with; a record of the place, or made from the columns.
        recorded: values by month, in order.
        known: values by month of the place's own record; empty where there is none.
    """

    id: str
    record: Record
    recorded: dict[str, float]
    known: dict[str, float]


def read_series(file: Path, config: Config) -> tuple[Series, ...]:
    """Return the series of a CSV file with the columns series (or measure, service, split), month and value.

    ``series`` names a record of the place. ``measure`` names a measure; counts by time are then taken as totals
    of the month, shares as fractions or with a per cent sign. Other columns are left alone.

    Raises:
        ConfigError: with every problem found, each naming row (the header is row 1) and column.
    """
    reader = _Reader(file, config)
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader.read(csv.DictReader(opened))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Problem(str(file), said, "a CSV file that can be read, in UTF-8")]) from None
    return reader.series()


class _Reader:
    def __init__(self, file: Path, config: Config) -> None:
        self.file = file
        self.config = config
        self.problems: list[Problem] = []
        self.records: dict[str, Record] = {}
        self.values: dict[str, dict[str, float]] = {}

    def read(self, rows: csv.DictReader[str]) -> None:
        names = [name.strip() for name in rows.fieldnames or ()]
        rows.fieldnames = names
        missing = [name for name in ("month", "value") if name not in names]
        if "series" not in names and "measure" not in names:
            missing = ["series", *missing]
        for name in missing:
            wanted = f"a column {name}" + (" (or measure)" if name == "series" else "")
            self.problems.append(Problem(f"{self.file.name} row 1", f"columns {', '.join(names) or 'none'}", wanted))
        for row in rows if not missing else ():
            if any((cell or "").strip() for name, cell in row.items() if name in COLUMNS):
                self._row(rows.line_num, {name: (cell or "").strip() for name, cell in row.items() if name in COLUMNS})

    def _row(self, number: int, row: Mapping[str, str]) -> None:
        name = self._named(number, row)
        month = _MONTH.match(row["month"])
        if month is None:
            self._wrong(number, "month", row["month"], "a month, e.g. 2018-04")
        if name is None or month is None:
            return
        value = self._value(number, row["value"], self.records[name])
        held = self.values.setdefault(name, {})
        if month.group(1) in held:
            self._wrong(number, "month", f"{month.group(1)} again for {name}", "each month once a series")
        elif value is not None:
            held[month.group(1)] = value

    def _named(self, number: int, row: Mapping[str, str]) -> str | None:
        """Return the id of a row's series, with its record made ready; None where it names nothing known."""
        said = row.get("series", "")
        if said:
            record = self.config.record.get(said)
            if record is not None and record.months is not None:
                self.records[said] = record
                return said
            known = [name for name, item in self.config.record.items() if item.months is not None]
            self._wrong(number, "series", said, nearest(said, known, "a record of the place by month"))
            return None
        measure, service, split = row.get("measure", ""), row.get("service", ""), row.get("split", "")
        if measure not in self.config.measure:
            self._wrong(number, "measure", measure or "nothing", nearest(measure, self.config.measure, "a measure"))
            return None
        if service not in ("", "all", *self.config.service):
            self._wrong(number, "service", service, nearest(service, ["all", *self.config.service], "a service"))
            return None
        name = " ".join(part for part in (measure, service.replace("all", ""), split) if part)
        self.records.setdefault(name, _record(measure, service or "all", split, self.config))
        return name

    def _value(self, number: int, said: str, record: Record) -> float | None:
        is_percent = said.endswith("%")
        text = said.removesuffix("%").strip()
        if not _NUMBER.match(text):
            self._wrong(number, "value", said or "nothing", "a number")
            return None
        value = float(text.replace(",", "")) / (100 if is_percent else 1)
        if record.unit == "share" and not 0 <= value <= 1:
            self._wrong(number, "value", said, "a share from 0 to 1, or with a per cent sign")
            return None
        if value < 0:
            self._wrong(number, "value", said, "a number of 0 or more")
            return None
        return value

    def _wrong(self, number: int, column: str, said: str, wanted: str) -> None:
        self.problems.append(Problem(f"{self.file.name} row {number}, column {column}", said or "nothing", wanted))

    def series(self) -> tuple[Series, ...]:
        if not self.problems and not self.values:
            self.problems.append(Problem(str(self.file), "no rows", "rows with a series, a month and a value"))
        if self.problems:
            raise ConfigError(self.problems)
        return tuple(
            Series(name, self.records[name], dict(sorted(values.items())), self._known(name))
            for name, values in self.values.items()
        )

    def _known(self, name: str) -> dict[str, float]:
        record = self.records[name]
        alike = [
            item
            for item in self.config.record.values()
            if item.months is not None
            and (item.measure, item.service, item.split) == (record.measure, record.service, record.split)
            and item.unit == record.unit
        ]
        months = (self.config.record.get(name) or (alike[0] if alike else record)).months or {}
        return {month: months[month].value for month in sorted(months)}


def _record(measure: str, service: str, split: str, config: Config) -> Record:
    """Return a record made of a measure, as if it had been declared."""
    definition = config.measure[measure]
    unit = "/month" if definition.unit in COUNTED else "share" if definition.unit == "share" else "number"
    part = config.service[service].label if service in config.service else ""
    label = ", ".join(text for text in (definition.label, part, split) if text)
    said = {"label": label, "measure": measure, "service": service, "split": split, "unit": unit}
    return Record.model_validate({**said, "months": {}, "tolerance": {"share": "10 %"}})
