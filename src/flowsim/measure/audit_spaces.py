"""Audit of spaces and staff: nobody starts without one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.measure.audit_loops import starts_above
from flowsim.measure.audit_rows import AuditRow, none_of
from flowsim.measure.frames import Window
from flowsim.measure.home_care import used_at
from flowsim.measure.intervals import NO_FLAGS, intervals
from flowsim.measure.levels import above, are_over, in_use
from flowsim.measure.records import or_far
from flowsim.system.spec import UNLIMITED
from flowsim.trajectory import NEVER


def space_rows(window: Window) -> Iterator[AuditRow]:
    """Yield, by service and pool, starts that took more than there was.

    After a cut, or when a run starts overfull, more may be in use than there is; but nobody starts then. Where
    patients can be interrupted the trajectory does not say when, so starts are not looked at.
    """
    started, is_above = window.visits.started, in_use(window).is_above.tolist()
    for s, service in enumerate(window.spec.services):
        if service.preempts or service.cut_interrupts or max(service.capacity.values) >= UNLIMITED:
            continue
        number, most = 0, 0
        if is_above[s]:
            rows, offered = window.rows_at[s], window.at("capacity", s)
            over = above(window, used_at(window, s), offered.start, offered.weight)
            number, most = starts_above(started[rows], window.is_placed[rows], *over, window.end)
        yield none_of("within_capacity", service.id, number, f"by up to {most}")
    yield from _staff(window)


def _staff(window: Window) -> Iterator[AuditRow]:
    t, d = window.trajectory.staffed, window.trajectory.on_duty
    interruptible = np.array([x.preempts or x.cut_interrupts for x in window.spec.services], dtype=bool)
    left_out = set(t.pool[interruptible[t.service]].tolist()) if interruptible.any() else set()
    is_above = are_over(window).tolist()
    for p, pool in enumerate(window.spec.staff):
        if p not in left_out:
            number, most = 0, 0
            if is_above[p]:
                steps, mine = np.flatnonzero((t.pool == p) & (t.started != NEVER)), d.pool == p
                stretches = intervals(t.pool[steps], steps, t.started[steps], or_far(t.ended[steps]), t.number[steps])
                over = above(window, stretches, d.tick[mine], d.number[mine])
                number, most = starts_above(stretches.start, NO_FLAGS, *over, window.end)
            yield none_of("staff_within_duty", pool.id, number, f"by up to {most}")
