"""Audit of spaces and staff: nobody starts without one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.measure.audit_rows import AuditRow, none_of
from flowsim.measure.frames import Window
from flowsim.measure.integrals import difference, steps
from flowsim.measure.intervals import FAR
from flowsim.measure.occupancy import excess
from flowsim.measure.records import or_far
from flowsim.system.spec import UNLIMITED
from flowsim.trajectory import NEVER, Ints


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
        yield _starts_over("within_capacity", service.id, began, *excess(window, s))
    yield from _staff(window)


def _starts_over(check: str, item: str, began: Ints, ticks: Ints, over: Ints) -> AuditRow:
    """Return how many starts found more taken than there was, after all that happened at their tick.

    Args:
        check, item: as for AuditRow.
        began: ticks of the starts.
        ticks, over: spaces (or staff) taken less those there were, as a step function.
    """
    if not (over > 0).any():
        return none_of(check, item, 0)
    found = over[np.searchsorted(ticks, began, side="right") - 1]
    return none_of(check, item, int((found > 0).sum()), f"by up to {found.max(initial=0)}")


def _staff(window: Window) -> Iterator[AuditRow]:
    s, d = window.trajectory.staffed, window.trajectory.on_duty
    interruptible = np.array([x.preempts or x.cut_interrupts for x in window.spec.services], dtype=bool)
    end = max(window.end, 1)
    # numpy sorts numbers this short by counting; each pool's rows then lie together.
    order = np.argsort(s.pool.astype(np.int16), kind="stable")
    ends = np.cumsum(np.bincount(s.pool, minlength=len(window.spec.staff))).tolist()
    for p, pool in enumerate(window.spec.staff):
        rows = order[ends[p - 1] if p else 0 : ends[p]]
        if interruptible[s.service[rows]].any():
            continue
        rows = rows[s.started[rows] != NEVER]
        began = s.started[rows]
        busy = steps(began, or_far(s.ended[rows]), s.number[rows], 0, end)
        mine = np.flatnonzero(d.pool == p)
        until = np.append(d.tick[mine][1:], FAR)
        on_duty = steps(d.tick[mine], until, d.number[mine], 0, end)
        yield _starts_over("staff_within_duty", pool.id, began, *difference(busy, on_duty))
