"""What must hold of every patient, whatever the network: nobody is lost, doubled, or out of order."""

from __future__ import annotations

import numpy as np

from flowsim.demand import arrivals
from flowsim.trajectory import NEVER, Outcome
from tests.property.runs import holds_in, interrupts


@holds_in()
def test_everyone_who_comes_has_left_or_is_inside(world):
    patients, visits = world.got.patients, world.visits
    coming = arrivals(world.spec, 0)
    came = patients.stream != NEVER
    assert np.array_equal(patients.stream[came], coming.stream)
    assert np.array_equal(patients.number[came], coming.number)
    assert np.array_equal(patients.arrival[came], coming.tick)
    assert np.array_equal(patients.attributes[came], coming.attributes)
    present = sum(group.number for service in world.spec.services for group in service.initial)
    assert np.count_nonzero(~came) == present

    gone = patients.exit != NEVER
    first, last = len(world.spec.services), len(world.spec.services) + len(world.spec.exits)
    assert np.array_equal(gone, patients.left != NEVER)
    assert np.all((patients.exit[gone] >= first) & (patients.exit[gone] < last))
    inside = set(visits.patient[visits.outcome == Outcome.IN_PROGRESS].tolist())
    assert inside == set(np.flatnonzero(~gone).tolist())


@holds_in()
def test_each_visit_leads_to_the_next_or_out(world):
    visits, patients = world.visits, world.got.patients
    n_services, n_places = len(world.spec.services), len(world.spec.services) + len(world.spec.exits)
    for patient in range(patients.exit.size):
        rows = np.flatnonzero(visits.patient == patient)
        for position, row in enumerate(rows.tolist()):
            destination = int(visits.destination[row])
            assert (destination == NEVER) == (visits.outcome[row] == Outcome.IN_PROGRESS)
            if 0 <= destination < n_services:
                assert destination in visits.service[rows[position + 1 :]]
            elif n_services <= destination < n_places:
                assert patients.exit[patient] == destination
                assert patients.left[patient] == visits.left[row]
        if rows.size and visits.initial[rows[0]] == 0:
            assert visits.queued[rows[0]] == patients.arrival[patient]
        origins = np.concatenate([[n_services], visits.service[rows]])
        assert np.all(np.isin(visits.origin[rows], origins))


@holds_in()
def test_stamps_of_a_visit_are_in_order(world):
    v = world.visits
    assert np.all(v.queued <= world.got.end)
    stamps = [v.queued, v.started, v.seen, v.ready, v.left]
    latest = v.queued.copy()
    for stamp in stamps[1:]:
        happened = stamp != NEVER
        # People in service at the start have a start before 0, which may be -1: that is 1 tick before.
        before = (v.initial == 1) & (v.started < 0) & (v.ready == NEVER) & (v.left == NEVER)
        assert np.all((stamp >= latest) | ~happened | before)
        latest = np.where(happened, stamp, latest)
    assert np.all(latest < world.got.end)

    served = v.outcome == Outcome.SERVED
    for stamp in (v.ready, v.left):
        assert np.all(stamp[served] != NEVER)
    started = (v.started != NEVER) | (v.queued < 0)
    assert np.all(started[served])
    never = np.isin(v.outcome, [Outcome.RENEGED, Outcome.REFUSED, Outcome.BAULKED])
    for stamp in (v.started, v.seen, v.ready):
        assert np.all(stamp[never] == NEVER)
    at_once = np.isin(v.outcome, [Outcome.REFUSED, Outcome.BAULKED]) & (v.initial == 0)
    assert np.array_equal(v.left[at_once], v.queued[at_once])


@holds_in()
def test_a_space_kept_elsewhere_is_given_up_while_waiting_or_on_starting(world):
    v = world.visits
    gave_up = v.moved != NEVER
    assert np.all(v.held[gave_up] != NEVER)
    assert np.all(v.moved[gave_up] >= v.queued[gave_up])
    started = gave_up & (v.started != NEVER)
    assert np.all(v.moved[started] <= v.started[started])
    reneged = gave_up & (v.outcome == Outcome.RENEGED)
    assert np.all(v.moved[reneged] <= v.left[reneged])
    kept = (v.held != NEVER) & ~gave_up
    assert np.all(v.started[kept] == NEVER)


@holds_in()
def test_nobody_is_in_two_places_except_the_one_kept_while_waiting(world):
    v = world.visits
    for patient in np.unique(v.patient).tolist():
        rows = np.flatnonzero(v.patient == patient)
        for i, row in enumerate(rows.tolist()):
            still = [
                earlier for earlier in rows[:i].tolist() if v.left[earlier] == NEVER or v.left[earlier] > v.queued[row]
            ]
            assert len(still) <= 1
            for earlier in still:
                assert v.held[row] == v.service[earlier]
                assert v.ready[earlier] != NEVER
                if v.moved[row] != NEVER:
                    assert v.left[earlier] == v.moved[row]
                elif v.outcome[row] == Outcome.IN_PROGRESS:
                    assert v.left[earlier] == NEVER


@holds_in()
def test_only_those_in_care_where_they_may_be_interrupted_are(world):
    v = world.visits
    may = np.array([interrupts(service) for service in world.spec.services])
    assert np.all(v.interrupted >= 0)
    assert not np.any(v.interrupted[~may[v.service]])
    # Whoever is ready only keeps the space: there is nothing to interrupt.
    ready = v.ready != NEVER
    assert np.all(v.interrupted[ready] <= (v.ready - v.started)[ready])


@holds_in()
def test_delays_lie_between_ready_and_left_and_do_not_overlap(world):
    v, d = world.visits, world.got.delays
    assert np.array_equal(d.patient, v.patient[d.visit])
    assert np.array_equal(d.service, v.service[d.visit])
    assert np.all(v.ready[d.visit] != NEVER)
    assert np.all(d.start >= v.ready[d.visit])
    ended = d.until != NEVER
    left = v.left[d.visit]
    assert np.all(d.until[ended] >= d.start[ended])
    assert np.all((left == NEVER)[~ended])
    assert np.all((d.until <= left)[ended & (left != NEVER)])
    for visit in np.unique(d.visit).tolist():
        rows = np.flatnonzero(d.visit == visit)
        assert np.all(d.start[rows][1:] >= d.until[rows][:-1])
        assert np.all(d.until[rows][:-1] != NEVER)


@holds_in()
def test_tables_are_in_order_of_time(world):
    got = world.got
    p, v = got.patients, got.visits
    keys = list(zip(p.arrival.tolist(), p.stream.tolist(), p.number.tolist(), strict=True))
    came = [key for key in keys if key[1] != NEVER]
    assert came == sorted(came)
    assert np.all(p.stream[: len(keys) - len(came)] == NEVER)
    assert np.all(np.diff(v.queued[v.initial == 0]) >= 0)
    for ticks in (got.delays.start, got.staffed.asked, got.capacity.tick, got.on_duty.tick):
        assert np.all(np.diff(ticks) >= 0)
    for table, count in ((got.capacity, len(world.spec.services)), (got.on_duty, len(world.spec.staff))):
        who = table.service if count and table is got.capacity else getattr(table, "pool", None)
        assert np.array_equal(who[:count], np.arange(count))
        assert not np.any(table.tick[:count])
