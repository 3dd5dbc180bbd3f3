"""Rows of the audit."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from flowsim.system.spec import SystemSpec

Given = ParamSpec("Given")
Found = TypeVar("Found")
_MOST_KNOWN = 64


def once_a_system(
    find: Callable[Concatenate[SystemSpec, Given], Found],
) -> Callable[Concatenate[SystemSpec, Given], Found]:
    """Have a function's answers kept: replications of a system ask for the same."""
    known: dict[tuple[object, ...], tuple[SystemSpec, Found]] = {}

    def found(spec: SystemSpec, /, *more: Given.args, **named: Given.kwargs) -> Found:
        # By id: to compare systems takes long. They are held, so that nothing else comes to have their ids.
        key = (id(spec), more, *named.items())
        kept = known.get(key)
        if kept is None:
            kept = (spec, find(spec, *more, **named))
            if len(known) >= _MOST_KNOWN:
                known.clear()
            known[key] = kept
        return kept[1]

    return wraps(find)(found)


class AuditRow(NamedTuple):
    """One comparison."""

    check: str
    item: str
    asked: float
    realised: float
    tolerance: float
    ok: bool
    note: str


def compared(check: str, item: str, asked: float, realised: float, tolerance: float = 0.0, note: str = "") -> AuditRow:
    """Return a row that holds if the two differ by no more than the tolerance."""
    ok = math.isfinite(realised) and abs(realised - asked) <= tolerance
    return AuditRow(check, item, float(asked), float(realised), float(tolerance), ok, note)


def none_of(check: str, item: str, faults: int, note: str = "") -> AuditRow:
    """Return a row that holds if there are no faults."""
    return compared(check, item, 0.0, float(faults), 0.0, note if faults else "")
