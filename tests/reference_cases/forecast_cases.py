"""Group B, runs from a known start: beds filling up, and forecasts from a snapshot. Many short runs each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tests.reference_cases.acceptance import Case, Metric, Values
from tests.reference_cases.readings import Log, Phase
from tests.theory import transient as theory


def on_day(service: str, phase: Phase, day: float, initial: bool = False) -> Callable[[Log], float]:
    """Number in a phase at a time since the start of one run."""

    def read(log: Log) -> float:
        rows = log.at(service)
        if initial:
            rows = rows.where(rows.column("initial") == 1)
        return float(rows.number_at(phase, np.array([round(day * log.day)]))[0])

    return read


def spread(group: Values) -> float:
    return float(group.std(ddof=1))


def group_percentile(share: float) -> Callable[[Values], float]:
    """Smallest k with P(N <= k) >= share, in a group of runs."""
    return lambda group: float(np.sort(group)[int(np.ceil(share * len(group) - 1e-9)) - 1])


def b04a() -> list[Metric]:
    stay = theory.lognormal(8, 10)
    out = []
    for day in (1, 3, 7, 14, 28, 60, 120):
        mean = theory.filling(5, stay, day)
        out.append(Metric(f"mean occupancy at day {day}", mean, on_day("beds", "held", day)))
        out.append(
            Metric(f"sd of occupancy at day {day}", mean**0.5, on_day("beds", "held", day), rel=0.03, grouped=spread)
        )
    # The limit for long times, by the last time listed; that is within 0.3 % of it.
    return [*out, Metric("steady-state mean", 40, on_day("beds", "held", 120))]


ELAPSED = (0.5, 0.5, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 11, 14, 15, 18, 21, 30, 45)


def b05a() -> list[Metric]:
    stay = theory.lognormal(10, 9)
    out = []
    for day in (1, 2, 5, 10, 20):
        still, shares = theory.snapshot(ELAPSED, 2, stay, day)
        counts = np.arange(len(shares))
        mean = float(shares @ counts)
        read = on_day("beds", "held", day)
        out += [
            Metric(f"mean occupancy at day {day}", mean, read),
            Metric(
                f"sd of occupancy at day {day}",
                float(shares @ counts**2 - mean**2) ** 0.5,
                read,
                rel=0.03,
                grouped=spread,
            ),
            Metric(
                f"of those present at start, mean still in at day {day}",
                still,
                on_day("beds", "held", day, initial=True),
            ),
            *(
                Metric(
                    f"{percent}th percentile of occupancy at day {day}",
                    theory.percentile(shares, percent / 100),
                    read,
                    rel=0,
                    floor=1,
                    grouped=group_percentile(percent / 100),
                )
                for percent in (5, 95)
            ),
        ]
    return out


def days_spent(phase: Phase, day: float) -> Callable[[Log], float]:
    """Patient-days in a phase from the start to a time."""
    return lambda log: log.at("ward").total(phase, round(day * log.day)) / log.day


def bill(bed: float, waiting: float, arrival: float, day: float) -> Callable[[Log], float]:
    """Cost of one run to a time, from its log."""

    def read(log: Log) -> float:
        arrivals = log.trajectory.patients
        came = int(((arrivals.stream >= 0) & (arrivals.arrival < round(day * log.day))).sum())
        return bed * days_spent("held", day)(log) + waiting * days_spent("waiting", day)(log) + arrival * came

    return read


def forecast(
    ward: theory.Forecast, days: Sequence[float], prices: tuple[float, float, float], floors: dict[str, float]
) -> Callable[[], list[Metric]]:
    """Metrics of a ward forecast from a snapshot."""

    def at_day(day: float) -> list[Metric]:
        shares, spent = ward.at(day)
        beds, line = np.arange(shares.shape[0]), np.arange(shares.shape[1])
        queued, held = float(spent.sum(axis=0) @ line), float(spent.sum(axis=1) @ beds)
        waiting, in_beds = on_day("ward", "waiting", day), on_day("ward", "held", day)
        cost = prices[0] * held + prices[1] * queued + prices[2] * ward.rate * day
        means = [
            (f"mean waiting at day {day:g}", float(shares.sum(axis=0) @ line), waiting),
            (f"mean in beds at day {day:g}", float(shares.sum(axis=1) @ beds), in_beds),
            (f"mean patient-days waiting in [0,{day:g}]", queued, days_spent("waiting", day)),
            (f"mean bed-days used in [0,{day:g}]", held, days_spent("held", day)),
            (f"mean cost over [0,{day:g}]", cost, bill(*prices, day)),
        ]
        chances = [
            (f"P(someone waiting) at day {day:g}", float(shares[:, 1:].sum()), lambda log: float(waiting(log) > 0)),
            (
                f"P(all beds full) at day {day:g}",
                float(shares[ward.beds :].sum()),
                lambda log: float(in_beds(log) >= ward.beds),
            ),
        ]
        tail = theory.percentile(shares.sum(axis=0), 0.9)
        name = f"90th percentile of number waiting at day {day:g}"
        return [
            *(Metric(name, value, read, floor=floors.get(name, 0.0)) for name, value, read in means),
            *(Metric(name, value, read, floor=0.01) for name, value, read in chances),
            Metric(name, tail, waiting, rel=0, floor=1, grouped=group_percentile(0.9)),
        ]

    return lambda: [metric for day in days for metric in at_day(day)]


def b07a() -> list[Metric]:
    ward = theory.Forecast(1.5, 5, 8, 12, 3, top=150)
    out = []
    for day in (0.5, 1, 2, 4, 8):
        shares, spent = ward.at(day)
        beds, line = np.arange(shares.shape[0]), np.arange(shares.shape[1])
        in_beds = on_day("ward", "held", day)
        surplus = float(spent.sum(axis=1) @ np.maximum(beds - 8, 0))
        out += [
            Metric(f"mean waiting at day {day:g}", float(shares.sum(axis=0) @ line), on_day("ward", "waiting", day)),
            Metric(f"mean in beds at day {day:g}", float(shares.sum(axis=1) @ beds), in_beds),
            Metric(
                f"P(above capacity) at day {day:g}",
                float(shares[9:].sum()),
                lambda log, read=in_beds: float(read(log) > 8),
                floor=0.01,
            ),
            Metric(f"mean bed-days above capacity in [0,{day:g}]", surplus, bed_days_above(8, day)),
        ]
    return out


def bed_days_above(beds: int, day: float) -> Callable[[Log], float]:
    def read(log: Log) -> float:
        until = round(day * log.day)
        lengths, counts = log.at("ward").path("held", more=np.array([until]))
        before = np.cumsum(lengths) <= until - log.opens
        return float((np.maximum(counts - beds, 0) * lengths)[before].sum() / log.day)

    return read


B06B_FLOORS = {
    "mean waiting at day 1": 0.01,
    "mean patient-days waiting in [0,1]": 0.005,
    "mean waiting at day 3": 0.02,
    "mean patient-days waiting in [0,3]": 0.02,
}

CASES = [
    Case("B04a", b04a, 0, 121, (0, 121, 100), replications=2000),
    Case("B05a", b05a, 0, 21, (0, 21, 200), replications=2000),
    Case(
        "B06a",
        forecast(theory.Forecast(2.2, 5, 12, 12, 5), (1, 2, 5, 10, 20), (350, 450, 120), {}),
        0,
        21,
        (0, 21, 200),
        2000,
    ),
    Case(
        "B06b",
        forecast(theory.Forecast(3, 8, 26, 21, 0), (1, 3, 7, 14, 28), (280, 346, 0), B06B_FLOORS),
        0,
        29,
        (0, 29, 160),
        2000,
    ),
    Case("B07a", b07a, 0, 9, (0, 9, 200), 2000),
]
