"""Audit of spaces and staff: nobody starts without one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.measure.audit_loops import starts_above, steps_by_pool
from flowsim.measure.audit_rows import AuditRow, none_of
from flowsim.measure.frames import Window
from flowsim.measure.levels import level, number_in_use
from flowsim.measure.sorting import codes, whole
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
        over = number_in_use(window, s).above(offered.start, offered.weight)
        rows = window.rows_at[s] if len(over[0]) else window.rows_at[s][:0]
        number, most = starts_above(started[rows], window.is_placed[rows], *over, window.end)
        yield none_of("within_capacity", service.id, number, f"by up to {most}")
    yield from _staff(window)


def _staff(window: Window) -> Iterator[AuditRow]:
    t, d, n_pools = window.trajectory.staffed, window.trajectory.on_duty, len(window.spec.staff)
    interruptible = np.array([x.preempts or x.cut_interrupts for x in window.spec.services], dtype=bool)
    left_out = set(t.pool[interruptible[t.service]].tolist()) if interruptible.any() else set()
    bounds, since, until, number = steps_by_pool(
        codes(t.pool), n_pools, whole(t.started), whole(t.ended), codes(t.number)
    )
    for p, pool in enumerate(window.spec.staff):
        if p not in left_out:
            here, mine = slice(bounds[p], bounds[p + 1]), d.pool == p
            over = level(since[here], until[here], number[here], window.end).above(d.tick[mine], d.number[mine])
            n, most = starts_above(since[here], window.is_placed[:0], *over, window.end)
            yield none_of("staff_within_duty", pool.id, n, f"by up to {most}")
