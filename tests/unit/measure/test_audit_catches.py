"""The audit passes true runs, and catches each fault found in rival models when it is planted.

Ghosts in the starting queue, a bed given twice, stays truncated below their stated mean, a price per day
charged per visit, one seed for two things; and the plainer ways of losing or inventing a patient.
"""

from dataclasses import replace

import numpy as np
import pytest

from flowsim.demand import Arrivals, arrivals
from flowsim.engine.reference import run
from flowsim.measure.audit import CHECKS, audit
from flowsim.measure.audit_supply import shared_purposes
from flowsim.measure.cost import costs
from flowsim.system.spec import CostBook, ServiceCost, StaffCost
from flowsim.trajectory import NEVER, Outcome
from tests.build import spec_of

NETWORK = """
attribute: {age: {levels: [young, old]}}
stream:
  walk_ins: {volume: "70 /day", between_days: 0.1, mix: {age: {old: "40 %", young: rest}}, to: ae}
  planned: {volume: "3 /day", to: ward}
staff: {nurses: {rota: {every_day: {"08:00": 6, "20:00": 4}}, sickness: "5 %"}}
reason: {bed: {label: No bed, body: nhs}, package: {label: Package, body: council}}
service:
  ae:
    role: ae
    capacity: {bays: 12}
    steps:
      triage: {duration: {kind: gamma, mean: "12 min", cv: 0.5}, staff: {nurses: 1}}
      care: {duration: {kind: lognormal, mean: "2 h", cv: 1}}
    patience: {duration: {kind: exponential, mean: "9 h"}, to: left}
  ward:
    role: ward
    capacity: {beds: 70}
    waiting_for_this: {reason: bed}
    steps:
      stay: {duration: {kind: lognormal, cv: 1, mean: {by: age, values: {young: "2.5 d", old: "4 d"}}}}
    surge: {spaces: 5, opens_when: "occupancy >= 97 %", closes_when: "occupancy < 92 %", lead: "6 h"}
    initial:
      there: {state: in_service, number: 40, elapsed: ["1 d", "2 d", "5 h"], mix_of: walk_ins}
      queueing: {state: waiting, number: 6, elapsed: ["3 h"], mix_of: walk_ins}
  care:
    kind: visits
    role: reablement
    capacity: {visits: 150}
    waiting_for_this: {reason: package}
    visits: {first: 4, last: 1}
    steps: {package: {duration: {kind: gamma, mean: "9 d", cv: 0.7}}}
pathway:
  ae: {all: {to: {ward: "20 %", rest: home}}}
  ward: {all: {to: {care: "30 %", died: "3 %", rest: home}}}
  care: {all: home}
"""
DAY = 1440
PAYERS = (("trust", 0.6), ("council", 0.4))


@pytest.fixture(scope="module")
def spec():
    book = CostBook(
        "2025/26",
        services={
            "ae": ServiceCost(attendance=150, waiting_time=0.1, payers=PAYERS),
            "ward": ServiceCost(
                admission=500,
                space_time=300 / DAY,
                delayed_time=346 / DAY,
                empty_time=0.1,
                surge_time=0.2,
                payers=PAYERS,
            ),
            "care": ServiceCost(space_time=125 / DAY, visit=20, payers=PAYERS),
        },
        staff={"nurses": StaffCost(0.5, PAYERS)},
    )
    return replace(spec_of(NETWORK, warm_up="10 d", duration="60 d"), costs=book)


@pytest.fixture(scope="module")
def true_run(spec):
    return run(spec, 0), arrivals(spec, 0)


def failed(table):
    return set(table.loc[~table["ok"], "check"])


def with_visits(trajectory, **columns):
    return replace(trajectory, visits=replace(trajectory.visits, **columns))


def changed(values, rows, to):
    out = values.copy()
    out[rows] = to
    return out


def test_a_true_run_passes_every_check_and_each_is_made(spec, true_run):
    table = audit(spec, *true_run)
    assert failed(table) == set()
    assert set(table["check"]) == set(CHECKS)


@pytest.mark.parametrize("replication", range(1, 4))
def test_other_replications_pass_too(spec, replication):
    assert failed(audit(spec, run(spec, replication), arrivals(spec, replication))) == set()


# ---------------------------------------------------------------- ghosts


def test_a_ghost_admitted_from_the_starting_queue_before_arriving_is_caught(spec, true_run):
    """As when the queue at the start is a number without patients, and the longest waiting is someone yet to come."""
    trajectory, demand = true_run
    v, p = trajectory.visits, trajectory.patients
    rows = np.flatnonzero((v.initial == 1) & (v.patient >= 40))
    yet_to_come = np.flatnonzero(p.stream == 1)[100 : 100 + len(rows)]
    ghosts = with_visits(trajectory, patient=changed(v.patient, rows, yet_to_come))
    assert {"present_at_start", "one_place_at_a_time", "nobody_before_arriving"} & failed(audit(spec, ghosts, demand))


def test_an_admission_before_arrival_is_caught(spec, true_run):
    trajectory, demand = true_run
    v = trajectory.visits
    row = int(np.flatnonzero((v.initial == 0) & (v.started != NEVER))[500])
    early = v.queued[row] - 60_000
    bad = with_visits(trajectory, queued=changed(v.queued, row, early), started=changed(v.started, row, early))
    assert "nobody_before_arriving" in failed(audit(spec, bad, demand))


def test_a_patient_admitted_twice_is_caught(spec, true_run):
    """Two beds and one patient: occupancy no longer counts people."""
    trajectory, demand = true_run
    v = trajectory.visits
    ward = np.flatnonzero((v.service == 1) & (v.started != NEVER) & (v.left != NEVER) & (v.initial == 0))
    one, other = ward[200], ward[201]
    bad = with_visits(trajectory, patient=changed(v.patient, other, v.patient[one]))
    assert {"busy_spaces_are_patients", "one_place_at_a_time"} <= failed(audit(spec, bad, demand))


# ---------------------------------------------------------------- stays


def test_stays_truncated_below_their_stated_mean_are_caught(spec, true_run):
    """Redrawn until below 1.9 times the mean, as found: the stated mean is no longer the mean."""
    trajectory, demand = true_run
    v = trajectory.visits
    long = (v.service == 1) & (v.ready != NEVER) & (v.initial == 0)
    most = round(1.2 * 3 * DAY * spec.clock.ticks_per_minute)
    cut = np.where(long & (v.ready - v.started > most), v.started + most // 2, v.ready)
    found = audit(spec, with_visits(trajectory, ready=cut), demand)
    assert failed(found) == {"stays"}
    row = found[found["check"] == "stays"].iloc[0]
    assert row["realised"] < row["asked"]


def test_staffed_steps_that_last_too_long_are_caught(spec, true_run):
    trajectory, demand = true_run
    s = trajectory.staffed
    slow = np.where(s.ended == NEVER, NEVER, s.ended + (s.ended - s.started) // 5)
    assert "staffed_steps" in failed(audit(spec, replace(trajectory, staffed=replace(s, ended=slow)), demand))


# ---------------------------------------------------------------- costs


def test_a_price_per_day_charged_per_visit_is_caught(spec, true_run):
    """£125 a day of care at home, charged for each of the day's visits."""
    trajectory, demand = true_run
    book = costs(spec, trajectory)
    visits = book.loc[(book["item"] == "care") & (book["kind"] == "visit"), "units"].sum()
    days = (book["item"] == "care") & (book["kind"] == "space")
    times = visits / book.loc[days, "units"].sum()
    by_units = book.assign(
        units=book["units"].where(~days, book["units"] * times),
        pounds=book["pounds"].where(~days, book["pounds"] * times),
    )
    assert {"cost_units", "cost_amounts"} <= failed(audit(spec, trajectory, demand, by_units))
    by_price = book.assign(pounds=book["pounds"].where(~days, book["pounds"] * times))
    assert "cost_amounts" in failed(audit(spec, trajectory, demand, by_price))


def test_a_payer_left_out_is_caught(spec, true_run):
    trajectory, demand = true_run
    book = costs(spec, trajectory)
    assert "cost_payers" in failed(audit(spec, trajectory, demand, book[book["payer"] != "council"]))


def test_a_charge_without_a_price_is_caught(spec, true_run):
    trajectory, demand = true_run
    book = costs(spec, trajectory)
    extra = book.iloc[:1].assign(kind="parking")
    import pandas as pd

    assert "cost_units" in failed(audit(spec, trajectory, demand, pd.concat([book, extra])))


# ---------------------------------------------------------------- one seed for two things


def test_patience_and_stay_drawn_with_one_purpose_are_caught(spec, true_run):
    """As when both are seeded alike: whoever would stay long would also wait long."""
    ae = spec.services[0]
    care = ae.steps[1]
    same = replace(ae, patience=replace(ae.patience, purpose=care.purpose))
    bad = replace(spec, services=(same, *spec.services[1:]))
    assert shared_purposes(bad) == [("ae care", "ae patience")]
    assert "draws_apart" in failed(audit(bad, *true_run))
    assert shared_purposes(spec) == []


def test_stays_and_patience_of_the_same_patients_are_not_rank_correlated(spec):
    from scipy.stats import spearmanr

    from flowsim.draws.philox import uniforms

    ae, stream = spec.services[0], spec.streams[0]
    numbers = np.arange(4000)
    stay, patience = (
        uniforms(spec.seed, 0, stream.key, numbers, purpose) for purpose in (ae.steps[1].purpose, ae.patience.purpose)
    )
    # Five standard errors of a rank correlation of independent draws.
    assert abs(spearmanr(stay, patience).statistic) < 5 / np.sqrt(len(numbers) - 1)


# ---------------------------------------------------------------- the ledger


def test_a_lost_patient_is_caught(spec, true_run):
    trajectory, demand = true_run
    v = trajectory.visits
    row = int(np.flatnonzero(v.outcome == Outcome.IN_PROGRESS)[0])
    bad = with_visits(
        trajectory, outcome=changed(v.outcome, row, int(Outcome.SERVED)), left=changed(v.left, row, trajectory.end - 1)
    )
    assert {"patients_in_out_inside", "leavers_turn_up"} <= failed(audit(spec, bad, demand))


def test_those_who_leave_before_the_next_place_takes_them_are_counted_and_the_first_of_them_named(spec, true_run):
    trajectory, demand = true_run
    v = trajectory.visits
    here = np.flatnonzero((v.service == 0) & (v.left != NEVER))
    went_on = [row for row in here if (v.patient[row + 1 :] == v.patient[row]).any()][:20]
    # Who moves on later may have come before: those named are the first by when they came.
    table = audit(spec, with_visits(trajectory, left=changed(v.left, went_on, v.left[went_on] - 1)), demand)
    lost = table[table["check"] == "leavers_turn_up"].iloc[0]
    assert lost["realised"] == 20
    assert lost["note"] == "; ".join(f"patient {v.patient[row]} at ae" for row in went_on[:3])


def test_a_bed_kept_by_someone_gone_is_caught(spec, true_run):
    trajectory, demand = true_run
    v = trajectory.visits
    row = int(np.flatnonzero((v.service == 1) & (v.left != NEVER))[300])
    bad = with_visits(
        trajectory, left=changed(v.left, row, NEVER), outcome=changed(v.outcome, row, Outcome.IN_PROGRESS)
    )
    assert {"gone_hold_nothing", "patients_in_out_inside"} <= failed(audit(spec, bad, demand))


def test_a_start_over_capacity_is_caught(spec, true_run):
    trajectory, demand = true_run
    c = trajectory.capacity
    fewer = replace(trajectory, capacity=replace(c, spaces=np.where(c.service == 1, c.spaces - 8, c.spaces)))
    assert {"within_capacity", "capacity_offered"} <= failed(audit(spec, fewer, demand))


def test_steps_begun_without_staff_are_caught(spec, true_run):
    trajectory, demand = true_run
    d = trajectory.on_duty
    fewer = replace(trajectory, on_duty=replace(d, number=np.maximum(d.number - 3, 0)))
    assert {"staff_within_duty", "on_duty"} <= failed(audit(spec, fewer, demand))


def test_times_out_of_order_are_caught(spec, true_run):
    trajectory, demand = true_run
    v = trajectory.visits
    row = int(np.flatnonzero((v.service == 0) & (v.left != NEVER) & (v.started > v.queued))[0])
    bad = with_visits(trajectory, started=changed(v.started, row, v.queued[row] - 1))
    assert "times_in_order" in failed(audit(spec, bad, demand))
    swapped = with_visits(trajectory, queued=v.queued[::-1].copy())
    assert "visits_in_order" in failed(audit(spec, swapped, demand))


def test_a_visit_that_neither_left_nor_goes_on_is_caught(spec, true_run):
    trajectory, demand = true_run
    v = trajectory.visits
    row = int(np.flatnonzero(v.left != NEVER)[0])
    bad = with_visits(trajectory, left=changed(v.left, row, NEVER))
    assert "visits_left_or_inside" in failed(audit(spec, bad, demand))


def test_other_patients_than_those_drawn_are_caught(spec, true_run):
    trajectory, demand = true_run
    p = trajectory.patients
    moved = replace(trajectory, patients=replace(p, arrival=np.where(p.stream == 0, p.arrival + 1, p.arrival)))
    assert "patients_as_drawn" in failed(audit(spec, moved, demand))


def test_fewer_arrivals_than_asked_for_are_caught(spec, true_run):
    trajectory, demand = true_run
    asked = tuple(replace(e, after=2 * e.after, before=2 * e.before) for e in demand.expected)
    doubled = Arrivals(
        demand.stream, demand.number, demand.tick, demand.attributes, demand.prevented, asked, demand.expected_measured
    )
    assert "arrivals" in failed(audit(spec, trajectory, doubled))
