"""Rows of the audit."""

from __future__ import annotations

import math
from typing import NamedTuple


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
