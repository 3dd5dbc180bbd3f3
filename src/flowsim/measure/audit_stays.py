"""Audit of durations: what patients lived through, against the distributions asked for.

The rule. A duration that has not ended by the run's end is counted as far as it got, and compared with
the mean of min(X, c), X being the distribution asked for and c the time there was: so every visit begun
counts, long stays are not left out, and the comparison has no bias. Expected values come from the
distribution functions of ``flowsim.system.distributions``, not from the samplers the engines draw with.

Where a duration depends on the destination, or care has several steps, only visits begun early enough
that one in ten thousand would not have ended are looked at, and those few are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.measure import audit_stay_loops as loops
from flowsim.measure.audit_durations import Duration, Lookup, durations
from flowsim.measure.audit_rows import AuditRow, compared
from flowsim.measure.frames import Window
from flowsim.measure.sorting import Codes, codes, stable_order, whole
from flowsim.system.spec import NONE
from flowsim.trajectory import Ints

LEAST_VISITS = 50
"""Fewer say too little for a comparison."""


def stay_rows(window: Window) -> Iterator[AuditRow]:
    """Yield mean durations realised against those asked for, by service and by step that needs staff."""
    for duration in durations(window.spec, window.end):
        yield from _compared(window, duration)


def _compared(window: Window, duration: Duration) -> Iterator[AuditRow]:
    """Yield one comparison of durations lived through with the distributions of their steps."""
    w, v, minute = window, window.visits, window.ticks_per_minute
    rows, of_visit, started, ended = _lived(w, duration)
    limits = (w.end, duration.latest)
    led = (w.following, w.service, codes(v.destination), duration.drawn)
    visit, start, drawn, ticks = loops.lived(rows, of_visit, started, ended, w.is_placed, limits, led)
    n = len(visit)
    if n < LEAST_VISITS:
        return
    mean, variance = 0.0, 0.0
    for part in duration.parts:
        curve = visit[:0] if part.table.is_constant else part.curve[_rows(w, part.table, (visit, start, drawn))]
        share = (
            part.share if part.share_table is None else part.share[_rows(w, part.share_table, (visit, start, drawn))]
        )
        total, squares = loops.expected(start, w.end, float(minute), curve, share, part.curves)
        mean, variance = mean + total / n, variance + squares
    # Long tails make means of few skew: more room for them. A tick of room for each step's rounding.
    errors = 5 + 50 / np.sqrt(n)
    tolerance = errors * np.sqrt(variance) / n + 2e-4 * mean + duration.n_steps / minute
    yield compared(duration.check, duration.item, mean, ticks / minute / n, tolerance, f"minutes, {n:,} visits")


def _rows(window: Window, table: Lookup, durations: tuple[Ints, Ints, Ints]) -> Ints:
    """Return the row of a table that holds for each duration."""
    v, t = window.visits, table
    return loops.table_rows(t.by, t.sizes, t.below, t.periods, durations, whole(v.attributes), codes(v.origin))


def _lived(window: Window, duration: Duration) -> tuple[Ints, Codes, Ints, Ints]:
    """Return the rows of a duration, whose visits they are (empty: they are visits), starts and ends of all."""
    v, t, s = window.visits, window.trajectory.staffed, duration.service
    if duration.position == NONE:
        return window.rows_at[s], codes(()), v.started, v.ready
    # Every time a step was begun, each once though several pools came.
    order = window.once("staffed order", lambda: stable_order(t.service))
    bounds = window.once("staffed bounds", lambda: np.cumsum(np.bincount(t.service, minlength=window.n_services)))
    met = window.once("met", lambda: np.zeros(len(v.patient), dtype=bool))
    mine, visit = order[bounds[s - 1] if s else 0 : bounds[s]], codes(t.visit)
    met = met if duration.n_pools > 1 else met[:0]
    rows = loops.first_of_visits(mine, visit, codes(t.step), t.started, duration.position, met)
    return rows, visit, t.started, t.ended
