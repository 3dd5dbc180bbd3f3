"""What the model says for each recorded series: the same thing counted the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from flowsim.errors import ConfigError, Problem
from flowsim.measure.definitions import Definition, Record
from flowsim.measure.facts import Series
from flowsim.measure.frames import Window, nothing_happened
from flowsim.measure.months import months_of
from flowsim.measure.periods import Periods
from flowsim.measure.registry import asked, check_once, facts
from flowsim.measure.tidy import Tidy, tidy_rows, words_of
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas as pd

SomeRecord = TypeVar("SomeRecord", bound=Record)
SomeMeasure = TypeVar("SomeMeasure", bound=Definition)

WHOLE = "whole"
"""Key of a record that is one value for the whole run."""
COLUMNS = ["record", "key", "value"]
DAYS_PER = {"/day": 1.0, "days per 30 days": 30.0, "bed-days per 30 days": 30.0}
"""Units of measures that count by time -> over how many days."""


def covered(spec: SystemSpec, records: Mapping[str, SomeRecord]) -> dict[str, SomeRecord]:
    """Return the records a run can be held against: all, if it measures a whole month recorded; else none."""
    if not any(record.months for record in records.values()):
        return {}
    _, months, _ = months_of(Window(spec, nothing_happened(spec)))
    return dict(records) if any(set(months) & set(record.months or ()) for record in records.values()) else {}


def definitions_for(records: Mapping[str, Record], measures: Mapping[str, SomeMeasure]) -> dict[str, SomeMeasure]:
    """Return the measures that records speak of."""
    named = {record.measure for record in records.values()}
    return {name: measure for name, measure in measures.items() if name in named}


def readings(
    spec: SystemSpec,
    trajectory: Trajectory,
    records: Mapping[str, Record],
    measures: Mapping[str, Definition],
    seen: Window | None = None,
) -> pd.DataFrame:
    """Return the model's value for each recorded series of one replication.

    Args:
        spec: the system that was run.
        trajectory: what happened.
        records: by id.
        measures: definitions by id.
        seen: the trajectory's measured window, if there is one already.

    Returns:
        record, key (a month, a part, or ``whole``), value, in the record's unit. Monthly series have every whole
        month of the window, recorded or not. A record whose measure the system cannot take has no rows.
    """
    import pandas as pd

    window = seen or Window(spec, trajectory)
    check_once(spec, definitions_for(records, measures))
    found = pd.DataFrame(_rows(window, records, measures), columns=COLUMNS)
    return found.astype({"record": "str", "key": "str", "value": "float64"}) if records else found


def reading_table(window: Window, records: Mapping[str, Record], measures: Mapping[str, Definition]) -> Tidy:
    """Return the readings of one replication as they are kept, of measures that are known to be right."""
    if not records:
        return tidy_rows([], COLUMNS)
    rows = _rows(window, records, measures)
    value = np.array([value for *_, value in rows], dtype=np.float64)
    return Tidy({"record": words_of([r for r, _, _ in rows]), "key": words_of([k for _, k, _ in rows]), "value": value})


def _rows(
    window: Window, records: Mapping[str, Record], measures: Mapping[str, Definition]
) -> list[tuple[str, str, float]]:
    """Return the record, key and value of each reading; see ``readings``."""
    edges, months, days = months_of(window)
    # The months, if there are any, and last the window itself.
    periods = Periods.of(edges, window.edges) if months else Periods.of(window.edges)
    wanted = asked(window, definitions_for(records, measures))
    found = {m.name: facts(window, m).series(periods) for m in wanted}
    rows: list[tuple[str, str, float]] = []
    for name, record in records.items():
        if record.measure not in found:
            continue
        series, scale = found[record.measure], per_day(record, measures)
        mine = [at for at, label in enumerate(series.labels) if label == (record.service, record.split)]
        if record.months is not None:
            each = np.array(days if record.unit == "/month" else [1.0] * len(months))
            for at in mine:
                rows += zip([name] * len(months), months, (scale * each * series.table[at, :-1]).tolist(), strict=True)
        elif record.whole is not None:
            rows += [(name, WHOLE, scale * float(series.table[at, -1])) for at in mine]
        else:
            rows += [(name, key, value) for key, value in _parts(series, record)]
    return rows


def per_day(record: Record, measures: Mapping[str, Definition]) -> float:
    """Return by what a measured value is multiplied to be per day where the record counts by time; else 1."""
    if record.unit not in ("/month", "/day"):
        return 1.0
    return 1.0 / DAYS_PER.get(measures[record.measure].unit, 1.0)


def _parts(series: Series, record: Record) -> Iterator[tuple[str, float]]:
    """Yield each recorded part, in proportion to the sum or mean of all the measure's parts."""
    of_all = zip(series.labels, series.table[:, -1].tolist(), strict=True)
    values = {split: value for (service, split), value in of_all if service == record.service and split}
    whole = sum(values.values()) / (len(values) if record.parts_of == "mean" else 1)
    for part in record.parts or {}:
        if part in values:
            yield part, values[part] / whole if whole > 0 else np.nan


def check_records(spec: SystemSpec, records: Mapping[str, Record], measures: Mapping[str, Definition]) -> list[Problem]:
    """Return a problem for each service, split and part that a record names and its measure does not have."""
    window = Window(spec, nothing_happened(spec))
    found = asked(window, definitions_for(records, measures))
    labels = {m.name: facts(window, m).series(Periods.of(window.edges)).labels for m in found}
    problems = []
    for name, record in records.items():
        known = labels.get(record.measure)
        if known is None:
            wanted = "a measure that can be taken in this place"
            problems.append(Problem(f"record.{name}.measure", repr(record.measure), wanted))
            continue
        services = dict.fromkeys(service for service, _ in known)
        if record.service not in services:
            wanted = f"one of {', '.join(services)}"
            problems.append(Problem(f"record.{name}.service", repr(record.service), wanted))
            continue
        splits = dict.fromkeys(split for service, split in known if service == record.service and split)
        if record.split and record.split not in splits:
            problems.append(Problem(f"record.{name}.split", repr(record.split), _one_of(splits)))
        for part in record.parts or {}:
            if part not in splits:
                problems.append(Problem(f"record.{name}.parts.{part}", repr(part), _one_of(splits)))
    return problems


def _one_of(splits: Mapping[str, None]) -> str:
    return f"one of {', '.join(splits)}" if splits else "nothing: the measure has no parts"


def require_records(spec: SystemSpec, records: Mapping[str, Record], measures: Mapping[str, Definition]) -> None:
    """Raise what ``check_records`` finds.

    Raises:
        ConfigError: with every problem.
    """
    problems = check_records(spec, records, measures)
    if problems:
        raise ConfigError(problems)
