"""Audit of the ledger: no patient lost, doubled, in two places, or there before arriving."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.demand import Arrivals
from flowsim.measure import audit_loops
from flowsim.measure.audit_loops import LEDGER, NAMED
from flowsim.measure.audit_rows import AuditRow, compared, none_of
from flowsim.measure.frames import Window
from flowsim.measure.intervals import Flags
from flowsim.measure.sorting import codes, whole
from flowsim.trajectory import NEVER, Ints, Outcome, Visits


def ledger_rows(window: Window, demand: Arrivals) -> Iterator[AuditRow]:
    """Yield the comparisons that hold exactly in any run."""
    w, v, p = window, window.visits, window.trajectory.patients
    number, rows, neither, inside, in_order = audit_loops.ledger(
        (w.patient, w.service, codes(v.outcome), codes(v.initial)),
        (w.previous, w.following),
        (w.has_started, w.is_placed),
        (v.queued, v.started, v.seen, v.ready, v.left, v.interrupted),
        (whole(p.arrival), whole(p.left), codes(p.exit)),
        int(Outcome.IN_PROGRESS),
        w.n_services,
    )
    _, bounds = w.by_service
    present = sum(g.number for service in w.spec.services for g in service.initial)
    accounted = int(((p.left != NEVER) ^ inside).sum())
    yield compared("patients_in_out_inside", "", present + len(demand.tick), accounted)
    for service, asked, failed in zip(w.spec.services, np.diff(bounds).tolist(), neither.tolist(), strict=True):
        yield compared("visits_left_or_inside", service.id, asked, asked - failed)
    for check, n, at in zip(LEDGER, number.tolist(), rows, strict=True):
        if check != "one_place_at_a_time":
            yield none_of(check, "", n, _whose(w, at[at != NEVER]))
            continue
        twice = (n, at[at != NEVER]) if in_order else _overlaps(w, same_service=False)
        # Who is never in two places (starts in order, each after the end before) is never twice in one.
        doubled = _overlaps(w, same_service=True) if twice[0] else twice
        yield none_of(check, "", twice[0], _whose(w, twice[1]))
        yield none_of("busy_spaces_are_patients", "", doubled[0], _whose(w, doubled[1]))


def _overlaps(window: Window, same_service: bool) -> tuple[int, Ints]:
    """Return how many visits hold a space while the same patient holds another (of the same service); the first few."""
    v = window.visits
    order = np.flatnonzero(window.has_started)
    last = (v.service, v.patient) if same_service else (v.patient,)
    order = order[np.lexsort([v.started[order], *(key[order] for key in last)])]
    is_twice = _same(v, order, same_service) & (v.started[order[1:]] < window.left[order[:-1]])
    found = np.sort(order[1:][is_twice])
    return len(found), found[:NAMED]


def _same(visits: Visits, order: Ints, same_service: bool) -> Flags:
    """Return whether each visit but the first is the same patient's (at the same service) as the one before."""
    same = np.asarray(visits.patient[order[1:]] == visits.patient[order[:-1]])
    if same_service:
        same &= visits.service[order[1:]] == visits.service[order[:-1]]
    return same


def _whose(window: Window, rows: Ints) -> str:
    """Return in words whose visits are at fault."""
    names = [window.spec.services[s].id for s in window.visits.service[rows].tolist()]
    who = window.visits.patient[rows].tolist()
    return "; ".join(f"patient {p} at {name}" for p, name in zip(who, names, strict=True))
