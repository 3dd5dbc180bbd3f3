"""Ciw, a simulation library by others, as an outside oracle: the same patients, the same times in service.

Ciw is given our arrival times and each patient's own time in service, and must find the same starts and ends.
Times are random to the millisecond, so that nothing happens at the same time: how ties are broken is our own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ciw
import numpy as np
import pytest

from flowsim.engine import kernel, reference
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import NEVER, Outcome, Trajectory
from tests.build import spec_of

NEAR = 1e-6
"""Minutes by which times may differ: Ciw adds up gaps in floating point."""
engines = pytest.mark.parametrize("engine", [reference.run, kernel.run], ids=["reference", "kernel"])
Engine = Callable[[SystemSpec, int], Trajectory]


class Own(ciw.dists.Distribution):
    """Each individual's own time, by the number Ciw gives them on arrival (from 1)."""

    def __init__(self, minutes: Sequence[float]) -> None:
        self.minutes = minutes

    def sample(self, t: float | None = None, ind: Any = None) -> float:
        """Return the individual's time."""
        return self.minutes[ind.id_number - 1]


def minutes(spec: SystemSpec, ticks: np.ndarray) -> np.ndarray:
    """Return ticks as minutes, missing ones as infinity."""
    return np.where(ticks == NEVER, math.inf, ticks / spec.clock.ticks_per_minute)


def gaps(arrivals: np.ndarray) -> ciw.dists.Distribution:
    """Return arrivals as Ciw reads them: the time to each from the one before, and then no more."""
    return ciw.dists.Sequential([*np.diff(arrivals, prepend=0.0), math.inf])


def station(spec: SystemSpec, got: Trajectory, service: str) -> dict[str, np.ndarray]:
    """Return what happened at a service in minutes, one entry a patient in order of arrival."""
    v = got.visits
    rows = np.flatnonzero(v.service == spec.service_index(service))
    out = {}
    for name in ("started", "ready", "left"):
        column = np.full(got.patients.arrival.size, math.inf)
        column[v.patient[rows]] = minutes(spec, getattr(v, name)[rows])
        out[name] = column
    return out


def served(ours: Mapping[str, np.ndarray]) -> Own:
    """Return each patient's time in service; for those not ready when our run ended, one that lasts past it."""
    known = np.isfinite(ours["ready"])
    out = np.full(known.size, 1e6)
    out[known] = ours["ready"][known] - ours["started"][known]
    return Own(out.tolist())


def ciw_records(until: float, **network: Any) -> list[Any]:
    """Return Ciw's records of a network run until a time [min]."""
    ciw.seed(0)
    simulation = ciw.Simulation(ciw.create_network(**network))
    simulation.simulate_until_max_time(until)
    return simulation.get_all_records()


def check(ours: Mapping[str, np.ndarray], records: Sequence[Any], node: int, least: int, until: float) -> None:
    """Assert that Ciw's records of a node have our starts and ends, for all whose stay is over."""
    mine = [r for r in records if r.node == node and r.record_type == "service" and r.exit_date < until - 1]
    over = np.flatnonzero(ours["left"] < until - 1)
    assert sorted(r.id_number - 1 for r in mine) == over.tolist()
    assert over.size >= least
    for record in mine:
        who = record.id_number - 1
        assert record.service_start_date == pytest.approx(ours["started"][who], abs=NEAR)
        assert record.service_end_date == pytest.approx(ours["ready"][who], abs=NEAR)
        assert record.exit_date == pytest.approx(ours["left"][who], abs=NEAR)


def queue(beds: int, hourly: int, mean: str = "30 min", **more: Any) -> dict[str, Any]:
    """Return a network of one service with random arrivals and stays."""
    care = {"duration": {"kind": "exponential", "mean": mean}}
    service = {"capacity": {"beds": beds}, "steps": {"care": care}, **more}
    return {
        "stream": {"s": {"volume": f"{hourly} /h", "to": "ward"}},
        "service": {"ward": service},
        "pathway": {"ward": {"rest": "home"}},
    }


@engines
@pytest.mark.parametrize(("beds", "hourly"), [(1, 2), (3, 6), (5, 9)])
def test_first_come_first_served(engine: Engine, beds: int, hourly: int):
    spec = spec_of(queue(beds, hourly), duration="10 d")
    got = engine(spec, 0)
    ours, until = station(spec, got, "ward"), 14_400.0
    records = ciw_records(
        until,
        arrival_distributions=[gaps(minutes(spec, got.patients.arrival))],
        service_distributions=[served(ours)],
        number_of_servers=[beds],
    )
    check(ours, records, 1, 200, until)


@engines
def test_a_waiting_room_of_three(engine: Engine):
    spec = spec_of(queue(2, 5, queue={"places": 3}), duration="10 d")
    got = engine(spec, 0)
    ours, until = station(spec, got, "ward"), 14_400.0
    refused = got.visits.outcome == Outcome.REFUSED
    for column in ours.values():
        column[got.visits.patient[refused]] = math.inf
    records = ciw_records(
        until,
        arrival_distributions=[gaps(minutes(spec, got.patients.arrival))],
        service_distributions=[served(ours)],
        number_of_servers=[2],
        queue_capacities=[3],
    )
    check(ours, records, 1, 200, until)
    rejected = sorted(r.id_number - 1 for r in records if r.record_type == "rejection")
    assert rejected == np.sort(got.visits.patient[refused]).tolist()
    assert len(rejected) > 50


@engines
def test_giving_up(engine: Engine):
    patience = {"duration": {"kind": "uniform", "low": "10 min", "high": "90 min"}}
    spec = spec_of(queue(2, 5, patience=patience), duration="10 d")
    got = engine(spec, 0)
    v, until = got.visits, 14_400.0
    ours = station(spec, got, "ward")
    gave_up = np.zeros(got.patients.arrival.size, dtype=bool)
    gave_up[v.patient[v.outcome == Outcome.RENEGED]] = True
    arrived = minutes(spec, got.patients.arrival)
    # Those who were served had more patience than their wait, how much more is of no account.
    willing = np.where(gave_up, ours["left"] - arrived, 1e6)
    ours["left"] = np.where(gave_up, math.inf, ours["left"])
    records = ciw_records(
        until,
        arrival_distributions=[gaps(arrived)],
        service_distributions=[served(ours)],
        number_of_servers=[2],
        reneging_time_distributions=[Own(willing)],
    )
    check(ours, records, 1, 200, until)
    assert sorted(r.id_number - 1 for r in records if r.record_type == "renege") == np.flatnonzero(gave_up).tolist()
    assert np.count_nonzero(gave_up) > 50


def two_classes(beds: int, hourly: int, **admits: Any) -> dict[str, Any]:
    """Return a queue with two classes of patients."""
    priority = {"by": "who", "values": {"a": 0}, "rest": 1}
    net = queue(beds, hourly, admits={"priority": priority, **admits})
    net["attribute"] = {"who": {"levels": ["a", "b"]}}
    net["stream"]["s"]["mix"] = {"who": {"a": "40 %", "b": "rest"}}
    return net


@engines
@pytest.mark.parametrize(("beds", "preempts"), [(1, False), (3, False), (1, True)])
def test_priorities(engine: Engine, beds: int, preempts: bool):
    spec = spec_of(two_classes(beds, 2 * beds, preempts=preempts), duration="10 d")
    got = engine(spec, 0)
    ours, until = station(spec, got, "ward"), 14_400.0
    lost = np.zeros(got.patients.arrival.size)
    lost[got.visits.patient] = minutes(spec, got.visits.interrupted)
    stays = served({**ours, "ready": ours["ready"] - lost})
    who = got.patients.attributes[:, 0]
    arrived = minutes(spec, got.patients.arrival)
    classes = {"a": 0, "b": 1}
    records = ciw_records(
        until,
        arrival_distributions={name: [gaps(arrived[who == code])] for name, code in classes.items()},
        service_distributions={name: [stays] for name in classes},
        number_of_servers=[beds],
        priority_classes=(classes, ["resume" if preempts else False]),
    )
    if preempts:
        ended = {r.id_number - 1: r.service_end_date for r in records if r.record_type == "service"}
        over = np.flatnonzero(ours["left"] < until - 1)
        assert over.size >= 200
        assert np.count_nonzero(lost) > 20
        assert [ended[i] for i in over.tolist()] == pytest.approx(ours["ready"][over].tolist(), abs=NEAR)
    else:
        check(ours, records, 1, 200, until)


@engines
@pytest.mark.parametrize("places", [0, 2])
def test_two_services_in_a_row_with_blocking(engine: Engine, places: int):
    net = queue(3, 4)
    second = {"kind": "exponential", "mean": "25 min"}
    rehab = {"capacity": {"beds": 2}, "queue": {"transfers": places}, "steps": {"care": {"duration": second}}}
    net["service"]["rehab"] = rehab
    net["pathway"] = {"ward": {"rest": "rehab"}, "rehab": {"rest": "home"}}
    spec = spec_of(net, duration="10 d")
    got = engine(spec, 0)
    until = 14_400.0
    ward, rehab = station(spec, got, "ward"), station(spec, got, "rehab")
    arrived = minutes(spec, got.patients.arrival)
    records = ciw_records(
        until,
        arrival_distributions=[gaps(arrived), None],
        service_distributions=[served(ward), served(rehab)],
        number_of_servers=[3, 2],
        queue_capacities=[math.inf, places],
        routing=[[0.0, 1.0], [0.0, 0.0]],
    )
    check(ward, records, 1, 200, until)
    check(rehab, records, 2, 200, until)
    gone = np.isfinite(ward["left"])
    assert np.count_nonzero(ward["left"][gone] > ward["ready"][gone]) > 50
