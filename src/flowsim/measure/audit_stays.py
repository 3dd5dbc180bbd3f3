"""Audit of durations: what patients lived through, against the distributions asked for.

The rule. A duration that has not ended by the run's end is counted as far as it got, and compared with
the mean of min(X, c), X being the distribution asked for and c the time there was: so every visit begun
counts, long stays are not left out, and the comparison has no bias. Expected values come from the
distribution functions of ``flowsim.system.distributions``, not from the samplers the engines draw with.

Where a duration depends on the destination, or care has several steps, only visits begun early enough
that one in ten thousand would not have ended are looked at, and those few are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from flowsim.measure.audit_durations import Plan, Way, plans
from flowsim.measure.audit_rows import AuditRow, compared
from flowsim.measure.audit_stay_loops import lived
from flowsim.measure.frames import Window
from flowsim.measure.sorting import Codes, codes, whole

LEAST_VISITS = 50
"""Fewer say too little for a comparison."""


def stay_rows(window: Window) -> Iterator[AuditRow]:
    """Yield mean durations realised against those asked for, by service and by step that needs staff."""
    found = [row for plan in plans(window.spec, window.end) for row in _compared(window, plan)]
    # Service by service, care as a whole before its steps.
    for _, row in sorted(found, key=lambda pair: pair[0]):
        yield row


def _compared(window: Window, plan: Plan) -> Iterator[tuple[tuple[int, int], AuditRow]]:
    """Yield comparisons of durations lived through with the distributions of their steps, by service and position."""
    w, v, t, minute = window, window.visits, window.trajectory.staffed, window.ticks_per_minute
    visits = (w.following, w.service, codes(v.destination), w.code, codes(v.origin), w.is_placed)
    if plan.of_steps:
        rows = (codes(t.service), codes(t.step), codes(t.visit), whole(t.started), whole(t.ended))
        slices = codes(()), np.zeros(1, dtype=np.int64), np.array([len(t.visit)])
    else:
        rows = (w.service, codes(()), codes(()), whole(v.started), whole(v.ready))
        slices = w.at_services(plan.services)
    asked, due = (plan.wanted, plan.tables, plan.curves), _due(w, plan.ways)
    count, ticks, sums = lived(*asked, rows, slices, visits, due, w.end, float(minute))
    for d, (duration, n, lasted) in enumerate(zip(plan.durations, count.tolist(), ticks.tolist(), strict=True)):
        if n < LEAST_VISITS:
            continue
        total, variance = sums[plan.first_curve[d] : plan.first_curve[d + 1]].sum(axis=0).tolist()
        mean = total / n
        # Long tails make means of few skew: more room for them. A tick of room for each step's rounding.
        errors = 5 + 50 / math.sqrt(n)
        tolerance = errors * math.sqrt(variance) / n + 2e-4 * mean + duration.n_steps / minute
        row = compared(duration.check, duration.item, mean, lasted / minute / n, tolerance, f"minutes, {n:,} visits")
        yield (duration.service, duration.position), row


def _due(window: Window, ways: Sequence[Way]) -> Codes:
    """Return what is due to attributes in the row of a table, by way and code of attributes."""
    due = np.zeros((len(ways), window.n_codes), dtype=np.int32)
    for n, way in enumerate(ways):
        for attribute, rows in way:
            due[n] += window.levels_by_code(attribute) * np.int32(rows)
    return due
