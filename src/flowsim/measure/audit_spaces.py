"""Audit of spaces and staff: nobody starts without one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.measure.audit_rows import AuditRow, none_of
from flowsim.measure.frames import Window
from flowsim.measure.integrals import steps
from flowsim.measure.intervals import FAR, Intervals
from flowsim.measure.occupancy import used_at
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
        v = window.visits
        began = v.started[(v.service == s) & window.has_started & ~window.is_placed]
        over = excess_at(began, used_at(window, s), window.at("capacity", s), window.end)
        yield none_of("within_capacity", service.id, int((over > 0).sum()), f"by up to {over.max(initial=0)}")
    yield from _staff(window)


def excess_at(ticks: Ints, taken: Intervals, offered: Intervals, end: int) -> Ints:
    """Return how many more are taken than offered at each tick, after all that happens then; negative where fewer."""
    begin = int(min(taken.start.min(initial=0), 0))
    start = np.concatenate([taken.start, offered.start])
    stop = np.concatenate([taken.stop, offered.stop])
    weight = np.concatenate([taken.weight, -offered.weight])
    change, level = steps(start, stop, weight, begin, max(end, begin + 1))
    return np.asarray(level[np.searchsorted(change, ticks, side="right") - 1])


def _staff(window: Window) -> Iterator[AuditRow]:
    s, d = window.trajectory.staffed, window.trajectory.on_duty
    for p, pool in enumerate(window.spec.staff):
        interruptible = {i for i, x in enumerate(window.spec.services) if x.preempts or x.cut_interrupts}
        if interruptible & set(np.unique(s.service[s.pool == p]).tolist()):
            continue
        rows = np.flatnonzero((s.pool == p) & (s.started != NEVER))
        ended = np.where(s.ended[rows] == NEVER, FAR, s.ended[rows])
        busy = Intervals(s.pool[rows], s.visit[rows], s.started[rows], ended, s.number[rows])
        mine = np.flatnonzero(d.pool == p)
        until = np.append(d.tick[mine][1:], FAR)
        duty = Intervals(d.pool[mine], mine, d.tick[mine], until, d.number[mine])
        over = excess_at(s.started[rows], busy, duty, window.end)
        yield none_of("staff_within_duty", pool.id, int((over > 0).sum()), f"by up to {over.max(initial=0)}")
