"""Audit of spaces and staff: nobody starts without one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.measure.audit_loops import over_duty, steps_of
from flowsim.measure.audit_rows import AuditRow, none_of
from flowsim.measure.frames import Window
from flowsim.measure.occupancy import excess
from flowsim.measure.sorting import codes, stable_order
from flowsim.system.spec import UNLIMITED


def space_rows(window: Window) -> Iterator[AuditRow]:
    """Yield, by service and pool, starts that took more than there was.

    After a cut, or when a run starts overfull, more may be in use than there is; but nobody starts then. Where
    patients can be interrupted the trajectory does not say when, so starts are not looked at.
    """
    for s, service in enumerate(window.spec.services):
        if service.preempts or service.cut_interrupts or max(service.capacity.values) >= UNLIMITED:
            continue
        rows = window.rows_at[s]
        began = window.visits.started[rows[window.has_started[rows] & ~window.is_placed[rows]]]
        ticks, over = excess(window, s)
        # Where there never are more taken than offered there is no start to look up.
        found = over[np.searchsorted(ticks, began, side="right") - 1] if (over > 0).any() else over[:0]
        yield none_of("within_capacity", service.id, int((found > 0).sum()), f"by up to {found.max(initial=0)}")
    yield from _staff(window)


def _staff(window: Window) -> Iterator[AuditRow]:
    s, d = window.trajectory.staffed, window.trajectory.on_duty
    interruptible = np.array([x.preempts or x.cut_interrupts for x in window.spec.services], dtype=bool)
    order = stable_order(s.pool)
    ends = np.cumsum(np.bincount(s.pool, minlength=len(window.spec.staff))).tolist()
    for p, pool in enumerate(window.spec.staff):
        rows = order[ends[p - 1] if p else 0 : ends[p]]
        if interruptible.any() and interruptible[s.service[rows]].any():
            continue
        mine = d.pool == p
        began, ended, by, are_ones = steps_of(rows, s.started, s.ended, codes(s.number), window.end)
        if are_ones:
            sorted_steps = np.sort(began, kind="stable"), np.sort(ended, kind="stable"), by[:0], by[:0]
        else:
            first, last = stable_order(began), stable_order(ended)
            sorted_steps = began[first], ended[last], by[first], by[last]
        number, most = over_duty(*sorted_steps, d.tick[mine], d.number[mine])
        yield none_of("staff_within_duty", pool.id, number, f"by up to {most}")
