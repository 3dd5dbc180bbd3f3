"""Group D: traces worked by hand. No randomness: what comes out must agree to 1e-9.

Times are hours from the start of the run. Patients are in the order of their arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from flowsim.engine import reference
from flowsim.trajectory import NEVER, Outcome
from tests.build import spec_of
from tests.reference_cases.acceptance import network
from tests.reference_cases.readings import DayLists, Log, Rows

Read = Callable[[Log], "float | Sequence[float]"]


@dataclass(frozen=True)
class Trace:
    """A network without randomness and what comes of it."""

    id: str
    facts: Mapping[str, tuple[float | Sequence[float], Read]]
    changes: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def log(self) -> Log:
        raw = network(self.id)
        for key, said in self.changes.items():
            *parents, last = key.split(".")
            at = raw
            for parent in parents:
                at = at[parent]
            at[last] = said
        spec = spec_of(raw)
        return Log(spec, reference.run(spec, 0))


def hours(log: Log, ticks: np.ndarray) -> list[float]:
    return [float(tick) for tick in ticks / log.hour]


def patients_first(rows: Rows) -> Rows:
    """Return visits in the order of their patients."""
    return Rows(rows.log, rows.index[np.argsort(rows.column("patient"), kind="stable")])


def times(service: str, column: str, **levels: str) -> Read:
    return lambda log: hours(log, patients_first(log.at(service, **levels)).column(column))


def waits(service: str) -> Read:
    def read(log: Log) -> list[float]:
        rows = patients_first(log.at(service))
        return hours(log, rows.column("started") - np.maximum(rows.column("queued"), 0))

    return read


def mean_waiting(until: float) -> Read:
    """Time average of the number waiting from the opening of the window to an hour."""

    def read(log: Log) -> float:
        stop = round(until * log.hour)
        return log.at("station").total("waiting", stop) / (stop - log.opens)

    return read


def busy(until: float) -> Read:
    def read(log: Log) -> float:
        stop = round(until * log.hour)
        return log.at("station").total("held", stop) / (stop - log.opens)

    return read


def starts_or(service: str, otherwise: Callable[[Rows, Log], np.ndarray]) -> Read:
    """Start times, and something else for those who never started."""

    def read(log: Log) -> list[float]:
        rows = patients_first(log.at(service))
        started = rows.column("started")
        return [float(v) for v in np.where(started != NEVER, started / log.hour, otherwise(rows, log))]

    return read


def queued_for(service: str) -> Read:
    def read(log: Log) -> list[float]:
        rows = patients_first(log.at(service))
        started = rows.column("started")
        ends = np.where(started != NEVER, started, rows.column("left"))
        return hours(log, ends - rows.column("queued"))

    return read


def ended(service: str, outcome: Outcome) -> Read:
    return lambda log: len(log.at(service).ended(outcome))


def most_waiting(log: Log) -> float:
    return float(log.at("station").path("waiting")[1].max())


def total_cost(log: Log) -> float:
    """Active and blocked hours of the first stage, and hours of the second, at their prices."""
    first, second = log.at("first"), log.at("second")
    end = log.closes
    return (
        300 * first.total("treated", end) + 346 * first.total("blocked", end) + 150 * second.total("held", end)
    ) / log.hour


def present(who: Sequence[str], take: Callable[[Rows, Log], np.ndarray]) -> Read:
    return lambda log: [float(take(log.at("ward", who=name), log)[0]) for name in who]


def start_days(log: Log) -> list[float]:
    return [float(day) for day in patients_first(log.at("home_care")).column("started") // log.day]


def visits_on_days(log: Log) -> list[float]:
    return [float(n) for n in DayLists(log, "home_care").visits[1:5]]


def in_window(column: str, where: Callable[[Rows], Rows] = lambda rows: rows) -> Read:
    return lambda log: int(log.in_window(where(log.at("station")).column(column)).sum())


def inside_at(hour: float) -> Read:
    return lambda log: int(log.at("station").number_at("inside", np.array([round(hour * log.hour)]))[0])


def inside_at_end(log: Log) -> float:
    return float((log.trajectory.patients.left == NEVER).sum())


def mean_wait(population: str) -> Read:
    def read(log: Log) -> float:
        rows = log.at("station").started
        rows = rows.where(log.in_window(rows.column(population)))
        return float((rows.column("started") - rows.column("queued")).mean() / log.hour)

    return read


def _turned_away(rows: Rows, log: Log) -> np.ndarray:
    return np.full(len(rows), -1.0)


WAITERS = ("w1", "w2", "n1")

TRACES = [
    Trace(
        "D01",
        {
            "start times": ((0, 4, 6, 7, 10), times("station", "started")),
            "end times": ((4, 6, 7, 10, 12), times("station", "left")),
            "waits": ((0, 3, 4, 4, 0), waits("station")),
            "time-average waiting over [0,12]": (11 / 12, mean_waiting(12)),
            "utilisation over [0,12]": (1.0, busy(12)),
            "max number waiting": (3, most_waiting),
        },
    ),
    Trace(
        "D02",
        {
            "start times p1..p6": ((0, 0.5, 7, 5, 9.5, 5.5), times("station", "started")),
            "end times p1..p6": ((5, 5.5, 10, 7, 10.5, 9.5), times("station", "left")),
            "waits p1..p6": ((0, 0, 6, 3, 6.5, 1.5), waits("station")),
        },
    ),
    Trace(
        "D03",
        {
            "outcome p1..p5 (start time, or minus the time of leaving)": (
                (0, -4, 5, 7, -6.5),
                starts_or("station", lambda rows, log: -rows.column("left") / log.hour),
            ),
            "queueing time p1..p5": ((0, 3, 3, 4, 0.5), queued_for("station")),
            "reneged": (2, ended("station", Outcome.RENEGED)),
            "served": (3, ended("station", Outcome.SERVED)),
            "time-average waiting over [0,8]": (10.5 / 8, mean_waiting(8)),
        },
    ),
    Trace(
        "D04",
        {
            "stage-1 start": ((0, 2, 7), times("first", "started")),
            "stage-1 treatment end": ((2, 3, 8), times("first", "ready")),
            "stage-2 start": ((2, 7, 8), times("second", "started")),
            "stage-2 end": ((7, 8, 10), times("second", "left")),
            "blocked time": ((0, 4, 0), lambda log: hours(log, patients_first(log.at("first")).blocked_times)),
            "wait for stage 1": ((0, 2, 6), waits("first")),
            "stage-1 bed held time": (8, lambda log: log.at("first").total("held", log.closes) / log.hour),
            "total cost": (3784, total_cost),
        },
    ),
    Trace(
        "D06s",
        {
            "start times": ((0, 3, 3, 3, 5, 8), times("station", "started")),
            "end times": ((5, 8, 8, 8, 10, 13), times("station", "left")),
            "waits": ((0, 2.5, 2, 1.5, 3, 5.5), waits("station")),
        },
    ),
    Trace(
        "D07",
        {
            "start (hours from day-0 midnight)": ((9, 12, 15, 33, 36), times("station", "started")),
            "end": ((12, 15, 18, 36, 39), times("station", "left")),
            "waits": ((1, 3, 2, 17, 16), waits("station")),
        },
    ),
    Trace(
        "D07h",
        {
            "start (h)": ((8, 9, 13, 14, 80), times("station", "started")),
            "end (h)": ((13, 14, 18, 19, 85), times("station", "left")),
            "waits": ((1, 0, 3, 0, 50), waits("station")),
        },
    ),
    Trace(
        "D08",
        {
            "start w1,w2,n1": ((2, 5, 6), present(WAITERS, lambda rows, log: rows.column("started") / log.hour)),
            "end w1,w2,n1": ((5, 7, 10), present(WAITERS, lambda rows, log: rows.column("left") / log.hour)),
            "total wait incl. before snapshot": (
                (3.5, 5.5, 5),
                present(WAITERS, lambda rows, log: (rows.column("started") - rows.column("queued")) / log.hour),
            ),
            "wait after snapshot only": (
                (2, 5, 5),
                present(
                    WAITERS,
                    lambda rows, log: (rows.column("started") - np.maximum(rows.column("queued"), 0)) / log.hour,
                ),
            ),
        },
    ),
    Trace(
        "D09",
        {
            "overtaking allowed (each takes first day on which the whole plan fits): start day": (
                (1, 1, 3, 2),
                start_days,
            ),
            "overtaking: visits on days 1-4": ((6, 6, 5, 1), visits_on_days),
        },
        name="overtaking",
    ),
    Trace(
        "D09",
        {
            "strict order: start day": ((1, 1, 3, 3), start_days),
            "strict order: visits on days 1-4": ((6, 5, 6, 1), visits_on_days),
        },
        {"service.home_care.visits.overtaking": False},
        name="strict",
    ),
    Trace(
        "D10",
        {
            "outcome: start time, -1 if turned away": ((0, 10, 20, -1, 30, -1), starts_or("station", _turned_away)),
            "served": (4, ended("station", Outcome.SERVED)),
            "turned away": (2, ended("station", Outcome.REFUSED)),
        },
        name="places",
    ),
    Trace(
        "D10",
        {
            "outcome: start time, -1 if turned away": ((0, 10, 20, -1, 30, -1), starts_or("station", _turned_away)),
            "served": (4, ended("station", Outcome.SERVED)),
            "turned away": (2, ended("station", Outcome.BAULKED)),
        },
        {"service.station.queue": {}, "service.station.balks": {"join": {"0": "100 %", "1": "100 %", "2": "0 %"}}},
        name="balking",
    ),
    Trace(
        "D12",
        {
            "first A start": ((0, 2, 4), times("a", "started", **{"pass": "first"})),
            "B start": ((2, 5, 8), times("b", "started")),
            "second A start": ((6, 8, 11), times("a", "started", **{"pass": "second"})),
            "exit": ((7, 9, 12), lambda log: hours(log, log.trajectory.patients.left)),
            "time in system": ((7, 8, 10), lambda log: hours(log, log.times_in_system())),
        },
    ),
    Trace(
        "D13",
        {
            "start times": ((0, 4, 8, 12), times("station", "started")),
            "time-average waiting in [3.5,14]": (7.5 / 10.5, lambda log: log.at("station").mean_number("waiting")),
            "utilisation in [3.5,14]": (1.0, lambda log: log.at("station").mean_number("held")),
            "arrivals in window": (2, in_window("queued")),
            "departures in window": (3, in_window("left")),
            "in system at 14": (1, inside_at_end),
            "in system at 3.5": (2, inside_at(3.5)),
            "mean wait of patients starting in window": (8 / 3, mean_wait("started")),
            "mean wait of patients arriving in window": (3.5, mean_wait("queued")),
        },
    ),
]
