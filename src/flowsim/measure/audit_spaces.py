"""Audit of spaces and staff: nobody starts without one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.measure.audit_loops import above, begun, starts_above
from flowsim.measure.audit_rows import AuditRow, none_of
from flowsim.measure.frames import Window
from flowsim.measure.levels import number_in_use, number_open
from flowsim.measure.sorting import codes, stable_order, whole
from flowsim.system.spec import UNLIMITED


def space_rows(window: Window) -> Iterator[AuditRow]:
    """Yield, by service and pool, starts that took more than there was.

    After a cut, or when a run starts overfull, more may be in use than there is; but nobody starts then. Where
    patients can be interrupted the trajectory does not say when, so starts are not looked at.
    """
    started = window.visits.started
    for s, service in enumerate(window.spec.services):
        if service.preempts or service.cut_interrupts or max(service.capacity.values) >= UNLIMITED:
            continue
        offered = window.at("capacity", s)
        over = above(*number_in_use(window, s), offered.start, whole(offered.weight))
        number, most = starts_above(window.rows_at[s], started, window.is_placed, *over, window.end)
        yield none_of("within_capacity", service.id, number, f"by up to {most}")
    yield from _staff(window)


def _staff(window: Window) -> Iterator[AuditRow]:
    t, d = window.trajectory.staffed, window.trajectory.on_duty
    interruptible = np.array([x.preempts or x.cut_interrupts for x in window.spec.services], dtype=bool)
    order = stable_order(t.pool)
    ends = np.cumsum(np.bincount(t.pool, minlength=len(window.spec.staff))).tolist()
    for p, pool in enumerate(window.spec.staff):
        rows = order[ends[p - 1] if p else 0 : ends[p]]
        if interruptible.any() and interruptible[t.service[rows]].any():
            continue
        mine, busy = d.pool == p, begun(rows, t.started, t.ended, codes(t.number))
        over = above(*number_open(*busy, window.end), d.tick[mine], d.number[mine])
        number, most = starts_above(rows, t.started, window.is_placed[:0], *over, window.end)
        yield none_of("staff_within_duty", pool.id, number, f"by up to {most}")
