"""Audit of the ledger: no patient lost, doubled, in two places, or there before arriving."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.demand import Arrivals
from flowsim.measure.audit_loops import overlaps
from flowsim.measure.audit_rows import AuditRow, compared, none_of
from flowsim.measure.frames import Window
from flowsim.measure.intervals import Flags
from flowsim.measure.sorting import stable_order
from flowsim.trajectory import NEVER, Ints, Outcome, Visits


def ledger_rows(window: Window, demand: Arrivals) -> Iterator[AuditRow]:
    """Yield the comparisons that hold exactly in any run."""
    yield _in_out_inside(window, demand)
    yield from _left_or_inside(window)
    yield none_of("leavers_turn_up", "", _leavers_lost(window))
    gone = window.trajectory.patients.left[window.visits.patient]
    late = (gone != NEVER) & ((window.left > gone) | (window.visits.queued > gone))
    yield none_of("gone_hold_nothing", "", int(late.sum()), _whose(window, late))
    ghosts = _ghosts(window)
    yield none_of("nobody_before_arriving", "", int(ghosts.sum()), _whose(window, ghosts))
    twice = _overlaps(window, same_service=False)
    yield none_of("one_place_at_a_time", "", int(twice.sum()), _whose(window, twice))
    # Who is never in two places (starts in order, each after the end before) is never twice in one.
    doubled = _overlaps(window, same_service=True) if twice.any() else twice
    yield none_of("busy_spaces_are_patients", "", int(doubled.sum()), _whose(window, doubled))
    wrong = _out_of_order(window)
    yield none_of("times_in_order", "", int(wrong.sum()), _whose(window, wrong))
    queued = window.visits.queued[window.visits.initial == 0]
    yield none_of("visits_in_order", "", int((np.diff(queued) < 0).sum()))


def _in_out_inside(window: Window, demand: Arrivals) -> AuditRow:
    """Compare everyone who came or was present with those out and those on a visit that goes on."""
    p, v = window.trajectory.patients, window.visits
    present = sum(g.number for service in window.spec.services for g in service.initial)
    inside = np.zeros(len(p.stream), dtype=bool)
    inside[v.patient[v.outcome == Outcome.IN_PROGRESS]] = True
    accounted = (p.left != NEVER) ^ inside
    return compared("patients_in_out_inside", "", present + len(demand.tick), int(accounted.sum()))


def _left_or_inside(window: Window) -> Iterator[AuditRow]:
    """Compare visits queued with visits left and visits going on, by service."""
    v = window.visits
    count = np.bincount(v.service, minlength=window.n_services)
    settled = (v.outcome == Outcome.IN_PROGRESS) ^ (v.left != NEVER)
    kept = np.bincount(v.service[settled], minlength=window.n_services)
    for service, asked, realised in zip(window.spec.services, count.tolist(), kept.tolist(), strict=True):
        yield compared("visits_left_or_inside", service.id, asked, realised)


def _leavers_lost(window: Window) -> int:
    """Return how many left a service without turning up where they went, at once."""
    p, v = window.trajectory.patients, window.visits
    left = np.flatnonzero((v.left != NEVER) & (window.following == NEVER))
    lost_at_end = (p.left[v.patient[left]] != v.left[left]) | (p.exit[v.patient[left]] < window.n_services)
    moved = np.flatnonzero((v.left != NEVER) & (window.following != NEVER))
    next_visit = window.following[moved]
    # A space is given up when the next place takes the patient: they have queued there by then.
    lost_between = v.queued[next_visit] > v.left[moved]
    return int(lost_at_end.sum() + lost_between.sum())


def _ghosts(window: Window) -> Flags:
    """Return which visits belong to nobody, or begin before their patient arrived."""
    v, p = window.visits, window.trajectory.patients
    real = (v.patient >= 0) & (v.patient < len(p.arrival))
    arrival = p.arrival[np.where(real, v.patient, 0)] if len(p.arrival) else np.zeros_like(v.patient)
    early = (v.initial == 0) & ((v.queued < arrival) | (window.has_started & (v.started < arrival)))
    return np.asarray(~real | early)


def _overlaps(window: Window, same_service: bool) -> Flags:
    """Return which visits hold a space while the same patient holds another (of the same service)."""
    v = window.visits
    if not same_service:
        quick, is_in_order = overlaps(window.previous, v.started, window.has_started, window.left)
        if is_in_order:
            return quick
    order = window.by_service if same_service else np.arange(len(v.patient))
    order = order[stable_order(v.patient[order])]
    order = order[np.flatnonzero(window.has_started[order])]
    same = _same(v, order, same_service)
    if (same & (v.started[order[1:]] < v.started[order[:-1]])).any():
        # Visits are in order of joining; where starts are not, they have to be sorted.
        last = (v.service, v.patient) if same_service else (v.patient,)
        order = np.sort(order)
        order = order[np.lexsort([v.started[order], *(key[order] for key in last)])]
        same = _same(v, order, same_service)
    found = np.zeros(len(v.patient), dtype=bool)
    found[order[1:][same & (v.started[order[1:]] < window.left[order[:-1]])]] = True
    return found


def _same(visits: Visits, order: Ints, same_service: bool) -> Flags:
    """Return whether each visit but the first is the same patient's (at the same service) as the one before."""
    same = np.asarray(visits.patient[order[1:]] == visits.patient[order[:-1]])
    if same_service:
        same &= visits.service[order[1:]] == visits.service[order[:-1]]
    return same


def _out_of_order(window: Window) -> Flags:
    v, started = window.visits, window.has_started
    is_ready = v.ready != NEVER
    wrong = started & (v.started < v.queued)
    wrong |= is_ready & (v.ready < v.started)
    wrong |= is_ready & (v.left != NEVER) & (v.left < v.ready)
    wrong |= (v.seen != NEVER) & ~window.is_placed & (v.seen < v.started)
    return np.asarray(wrong | ((v.left != NEVER) & (v.left < v.queued)) | (v.interrupted < 0))


def _whose(window: Window, flags: Flags) -> str:
    """Return in words the first few visits at fault."""
    rows: Ints = np.flatnonzero(flags)[:3]
    names = [window.spec.services[s].id for s in window.visits.service[rows].tolist()]
    who = window.visits.patient[rows].tolist()
    return "; ".join(f"patient {p} at {name}" for p, name in zip(who, names, strict=True))
