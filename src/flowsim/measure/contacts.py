"""Contacts that repeat one before, and how much of the workforce that is rostered is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowsim.measure import stay_loops, visit_loops
from flowsim.measure.counts import Counts
from flowsim.measure.facts import ALL, Facts, Series, labels_of
from flowsim.measure.frames import Window
from flowsim.measure.integrals import areas
from flowsim.measure.intervals import FAR
from flowsim.measure.moments import Moments
from flowsim.measure.periods import Periods, kept
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.rosters import rostered
from flowsim.measure.sorting import whole
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import OnDuty


@measure_kind("repeated_contacts")
def repeated_contacts(window: Window, asked: Asked) -> Facts:
    """Return contacts with the measure's services that follow another such contact in the same episode.

    An episode runs from arrival to an exit, or to a service of a role in ``home``. Option ``statistic``: ``share``
    (of all such contacts), ``number`` (per ``per``) or ``per_episode`` (contacts in an episode that has any, at its
    first one). Refused and balked do not count.
    """
    home, where, queued = asked.places(window, "home", "home"), asked.where(window), whole(window.visits.queued)
    rows = visit_loops.flagged(asked.chosen(window), window.visits.initial == 0)
    is_repeat = stay_loops.repeats(rows, window.links, home)
    statistic = asked.option("statistic", "share", "number", "per_episode")
    if statistic == "per_episode":
        first = rows[~is_repeat]
        contacts = stay_loops.contacts_from(first, rows, window.links, home)
        return Moments(asked.names(window), asked.position(window, first), queued[first], contacts)
    count = kept(lambda edges: stay_loops.shares(rows, where, queued, is_repeat, edges))
    if statistic == "number":
        return Counts(asked.names(window), lambda edges: count(edges)[1], per=asked.per(window))
    return Counts(asked.names(window), lambda edges: count(edges)[1], lambda edges: count(edges)[0])


@dataclass(frozen=True, slots=True)
class Workforce:
    """Staff pools and every change of the number on duty in them."""

    spec: SystemSpec
    duty: OnDuty

    def series(self, periods: Periods) -> Series:
        """Return the share of the staff time rostered that is worked, by pool and in all."""
        pools, duty = self.spec.staff, self.duty
        if not pools:
            return Series((), np.zeros((0, len(periods))))
        order = np.lexsort((np.arange(len(duty.tick)), duty.pool))
        pool, tick = duty.pool[order], duty.tick[order]
        stop = np.full(len(order), FAR, dtype=np.int64)
        same = pool[1:] == pool[:-1]
        stop[:-1][same] = tick[1:][same]
        there = areas(pool, len(pools), tick, stop, duty.number[order], periods.edges)
        shares = periods.shares(there, rostered(self.spec, periods.key))
        return Series(labels_of((*(p.id for p in pools), ALL)), shares)


@measure_kind("workforce")
def workforce(window: Window, asked: Asked) -> Facts:
    """Return the share of staff time rostered that is worked, by pool and in all; the rest is absence."""
    del asked
    return Workforce(window.spec, window.trajectory.on_duty)
