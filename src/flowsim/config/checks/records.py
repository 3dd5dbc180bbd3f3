"""Recorded series and the calibration that uses them."""

from __future__ import annotations

from collections.abc import Iterator

from flowsim.config.checks.registry import Given, check, unknown
from flowsim.config.grammar import quantity_at, spot_at
from flowsim.config.models import Knob, Record
from flowsim.config.overrides import check_key
from flowsim.config.quantities import Share
from flowsim.errors import Problem
from flowsim.units import Dimension, QuantityError, parse_quantity

COUNTED = ("/day", "days per 30 days", "bed-days per 30 days")
"""Units of measures that can be made into a count a day or a month."""


@check("record_measure", "book")
def record_measure(given: Given) -> Iterator[Problem]:
    """A record names a measure that exists."""
    for name, item in given.config.record.items():
        if item.measure not in given.config.measure:
            yield unknown(f"record.{name}.measure", item.measure, given.config.measure, "a measure")


@check("record_service", "book")
def record_service(given: Given) -> Iterator[Problem]:
    """A record is of all services of its measure or of one that exists."""
    known = ("all", *given.config.service)
    for name, item in given.config.record.items():
        if item.service not in known:
            yield unknown(f"record.{name}.service", item.service, known, "a service, or all")


@check("record_unit", "book")
def record_unit(given: Given) -> Iterator[Problem]:
    """A record counts in a unit that its measure can be made into."""
    for name, item in given.config.record.items():
        measure = given.config.measure.get(item.measure)
        if measure is None or item.parts is not None:
            continue
        wanted = _units_of(measure.unit)
        if item.unit not in wanted:
            said = f"{item.unit} of a measure in {measure.unit or 'no unit'}"
            yield Problem(f"record.{name}.unit", said, " or ".join(wanted))


def _units_of(measured: str) -> tuple[str, ...]:
    if measured in COUNTED:
        return ("/month", "/day")
    return ("share",) if measured == "share" else ("number",)


@check("record_tolerance", "book")
def record_tolerance(given: Given) -> Iterator[Problem]:
    """A tolerance in points is of shares, and one by spread of monthly series."""
    for name, item in given.config.record.items():
        key = f"record.{name}.tolerance"
        if item.tolerance.points is not None and item.unit != "share":
            yield Problem(f"{key}.points", f"points of a record in {item.unit}", "share, but for shares")
        if item.tolerance.spread is not None and item.months is None:
            yield Problem(f"{key}.spread", "a spread without months", "share or points, where there are no months")


@check("record_positive", "book")
def record_positive(given: Given) -> Iterator[Problem]:
    """Recorded values are 0 or more; shares at most 1."""
    for name, item in given.config.record.items():
        for key, value in _values(item):
            top = 1.0 if item.unit == "share" else float("inf")
            if not 0 <= value <= top:
                wanted = "a share from 0 to 1" if item.unit == "share" else "a number of 0 or more"
                yield Problem(f"record.{name}.{key}", f"{value:g}", wanted)


def _values(item: Record) -> Iterator[tuple[str, float]]:
    if item.whole is not None:
        yield "whole", item.whole.value
    for group, values in (("months", item.months), ("parts", item.parts)):
        yield from ((f"{group}.{key}", value.value) for key, value in (values or {}).items())


@check("knob_keys", "book")
def knob_keys(given: Given) -> Iterator[Problem]:
    """What a knob turns exists, and is a number or a table of numbers."""
    for name, item in _knobs(given):
        for key in item.keys:
            path = tuple(key.split("."))
            problem = check_key(given.raw, path, may_add=False)
            if problem is not None:
                yield Problem(f"calibration.knobs.{name}.keys", problem.said, problem.wanted)
            elif not spot_at(path):
                yield Problem(f"calibration.knobs.{name}.keys", key, "a key of a number or a table of numbers")
            elif item.moves == "value" and quantity_at(spot_at(path)) is None:
                yield Problem(f"calibration.knobs.{name}.keys", key, "a key of a number, where value is moved")


@check("knob_range", "book")
def knob_range(given: Given) -> Iterator[Problem]:
    """A knob's low is less than its high, both of the kind its keys want; factors and odds are above 0."""
    for name, item in _knobs(given):
        ends = {}
        for end in ("low", "high"):
            try:
                ends[end] = parse_quantity(getattr(item, end), dimension_of(item))
            except QuantityError as error:
                yield Problem(f"calibration.knobs.{name}.{end}", str(error.said), error.wanted)
        if len(ends) == 2 and not ends["low"] < ends["high"]:
            yield Problem(f"calibration.knobs.{name}.high", str(item.high), f"more than low, {item.low}")
        if ends.get("low", 1.0) <= 0 and item.moves != "value":
            yield Problem(f"calibration.knobs.{name}.low", str(item.low), "a number above 0")


@check("knob_odds", "book")
def knob_odds(given: Given) -> Iterator[Problem]:
    """Odds are moved of shares only."""
    for name, item in _knobs(given):
        for key in item.keys if item.moves == "odds" else ():
            if quantity_at(spot_at(key.split("."))) is not Share:
                yield Problem(f"calibration.knobs.{name}.keys", key, "keys of shares, where odds are moved")


def dimension_of(knob: Knob) -> Dimension:
    """Return what kind of number a knob's ends are."""
    if knob.moves == "value" and knob.keys[0].endswith(".add"):
        return Dimension.COUNT  # places more or fewer from a date on: whole, though they may be below 0
    kind = quantity_at(spot_at(knob.keys[0].split("."))) if knob.moves == "value" else None
    return kind.dimension if kind is not None else Dimension.NUMBER


def _knobs(given: Given) -> Iterator[tuple[str, Knob]]:
    calibration = given.config.calibration
    yield from calibration.knobs.items() if calibration is not None else ()


@check("judged_record", "book")
def judged_record(given: Given) -> Iterator[Problem]:
    """Inputs are judged by records that exist and are there to be fitted."""
    calibration = given.config.calibration
    for name in calibration.judged if calibration is not None else ():
        item = given.config.record.get(name)
        if item is None:
            yield unknown("calibration.judged", name, given.config.record, "a record")
        elif item.used_for != "fit":
            yield Problem(f"calibration.judged.{name}", "a record used for scale", "records used for fit")
