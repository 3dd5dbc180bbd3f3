"""Group B: demand and capacity that follow the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np

from tests.reference_cases.acceptance import Case, Metric, Values
from tests.reference_cases.readings import Log, Phase
from tests.theory import transient as theory

QUARTERS = np.arange(96) / 4
"""A grid of the day's quarter hours."""


def at_clock(service: str, phase: Phase, hour: float) -> Callable[[Log], float]:
    """Mean number in a phase when the clock stands at ``hour``, averaged over the days of the window."""
    return lambda log: float(log.at(service).number_at(phase, log.clock_ticks(hour)).mean())


def spread_at_clock(service: str, hour: float) -> Callable[[Log], float]:
    return lambda log: float(log.at(service).number_at("held", log.clock_ticks(hour)).var(ddof=1))


def daily_curve(log: Log) -> Values:
    """Mean occupancy at each quarter hour of the clock."""
    rows = log.at("beds")
    return np.array([rows.number_at("held", log.clock_ticks(hour)).mean() for hour in QUARTERS])


def sinusoid(stay: str) -> Callable[[], list[Metric]]:
    """Metrics of unlimited beds under a daily sinusoid of arrivals, stays of 6 h."""

    def metrics() -> list[Metric]:
        curve = partial(theory.sinusoid, 3.0, 0.6, 24.0, stay, 6.0)
        fine = np.arange(240_000) / 10_000
        shape = np.array([curve(hour) for hour in fine[::100]])
        near = fine[::100][shape.argmax()]
        top = max(np.arange(near - 0.02, near + 0.02, 1e-4), key=curve)
        return [
            *(
                Metric(f"mean occupancy at clock hour {h}", curve(h), at_clock("beds", "held", h))
                for h in range(0, 24, 3)
            ),
            *(
                Metric(f"variance of occupancy at clock hour {h}", curve(h), spread_at_clock("beds", h), rel=0.03)
                for h in (0, 12)
            ),
            Metric("peak of mean occupancy", curve(top), daily_curve, pooled=lambda c: float(c.max())),
            Metric(
                "clock hour of peak",
                float(top),
                daily_curve,
                rel=0,
                floor=0.5,
                pooled=lambda c: float(QUARTERS[c.argmax()]),
            ),
        ]

    return metrics


STEPS = ((0, 1.0), (4, 0.5), (8, 2.0), (12, 4.0), (16, 3.0), (20, 2.5))


def daily_counts(log: Log, opens: float = 0, closes: float = 24) -> Values:
    """Arrivals between two clock hours on each day of the window."""
    ticks = np.sort(log.trajectory.patients.arrival)
    midnights = log.clock_ticks(0)
    edges = (np.searchsorted(ticks, midnights + round(hour * log.hour)) for hour in (opens, closes))
    first, last = edges
    return (last - first).astype(float)


def counted(opens: float, closes: float) -> Callable[[Log], float]:
    return lambda log: float(daily_counts(log, opens, closes).mean())


def count_variance(opens: float, closes: float) -> Callable[[Log], float]:
    return lambda log: float(daily_counts(log, opens, closes).var(ddof=1))


def b02a() -> list[Metric]:
    stay = theory.gamma(5, 2)
    ends = [start for start, _ in STEPS[1:]] + [24]
    day = sum(rate * (end - start) for (start, rate), end in zip(STEPS, ends, strict=True))
    return [
        *(
            Metric(
                f"mean occupancy at time {h:g} h in cycle",
                theory.stepped(STEPS, 24, stay, h),
                at_clock("beds", "held", h),
            )
            for h in (2, 6, 8, 10, 14, 16, 20, 23.5)
        ),
        Metric("mean arrivals per cycle", day, counted(0, 24)),
        Metric("variance of arrivals per cycle", day, count_variance(0, 24), rel=0.05),
        Metric("time-average occupancy", day * 5 / 24, lambda log: log.at("beds").mean_number("held")),
        *(
            Metric(f"mean arrivals in [{start},{end})", rate * (end - start), counted(start, end))
            for (start, rate), end in zip(STEPS, ends, strict=True)
        ),
    ]


def b03a() -> list[Metric]:
    def both(log: Log) -> float:
        return float(np.corrcoef(daily_counts(log, 9, 12), daily_counts(log, 13, 17))[0, 1])

    def clock_time(log: Log) -> float:
        return float((log.trajectory.patients.arrival % log.day).mean() / log.hour)

    windows = (((0, 9), 0), ((9, 12), 24), ((12, 13), 0), ((13, 17), 24), ((17, 24), 0))
    return [
        *(Metric(f"mean arrivals per day in [{a},{b})", n, counted(a, b)) for (a, b), n in windows),
        *(
            Metric(f"variance of daily count in [{a},{b})", n, count_variance(a, b), rel=0.05)
            for (a, b), n in windows
            if n
        ),
        Metric("mean daily arrivals", 48, counted(0, 24)),
        Metric("correlation of counts in successive windows", 0, both, floor=0.03),
        Metric("mean clock time of arrival", (10.5 + 15) / 2, clock_time),
    ]


# ---------------------------------------------------------------------- queues by the clock


def at_work(log: Log, hour: float) -> tuple[np.ndarray, np.ndarray]:
    """(in service, waiting) at a clock time, those interrupted counted as waiting.

    Nobody waits while a place is free, so the number in service is that in the system up to the places.
    """
    ticks = log.clock_ticks(hour)
    inside = log.at("station").number_at("inside", ticks)
    changes, places = log.capacity("station")
    serving = np.minimum(inside, places[np.searchsorted(changes, ticks, side="right") - 1])
    return serving, inside - serving


def in_service_at(service: str, hour: float, interrupts: bool) -> Callable[[Log], float]:
    return (lambda log: float(at_work(log, hour)[0].mean())) if interrupts else at_clock(service, "held", hour)


def waiting_at(service: str, hour: float, interrupts: bool) -> Callable[[Log], float]:
    return (lambda log: float(at_work(log, hour)[1].mean())) if interrupts else at_clock(service, "waiting", hour)


def someone_at(service: str, hour: float, interrupts: bool) -> Callable[[Log], float]:
    def read(log: Log) -> float:
        waiting = at_work(log, hour)[1] if interrupts else log.at(service).number_at("waiting", log.clock_ticks(hour))
        return float((waiting > 0).mean())

    return read


@lru_cache
def shifts(interrupts: bool) -> theory.Clockwork:
    """Arrivals and staff of B08."""
    hours = (theory.Shift(0, 1.5, 3), theory.Shift(8, 5, 7), theory.Shift(12, 6, 8), theory.Shift(18, 3.5, 5))
    return theory.Clockwork(hours, 24, 1, 150, interrupts)


@lru_cache
def clinic() -> theory.Clockwork:
    """Arrivals and opening of B09."""
    return theory.Clockwork((theory.Shift(0, 1, 0), theory.Shift(8, 2.5, 4), theory.Shift(18, 1, 0)), 24, 0.8, 120)


def clockwork(
    service: str,
    solved: Callable[[], theory.Clockwork],
    hours: Sequence[float],
    chance_hours: Sequence[float],
    floors: dict[str, float],
) -> Callable[[], list[Metric]]:
    """Metrics of a queue that follows the clock."""

    def metrics() -> list[Metric]:
        t = solved()
        cut = t.interrupts
        out = [
            *((f"mean number waiting at {h} h", t.waiting(h), waiting_at(service, h, cut)) for h in hours),
            *((f"mean in service at {h} h", t.serving(h), in_service_at(service, h, cut)) for h in hours),
            *((f"P(someone waiting) at {h} h", t.someone_waits(h), someone_at(service, h, cut)) for h in chance_hours),
        ]
        every = dict(floors) | {name: 0.01 for name, _, _ in out if name.startswith("P(")}
        rows = [Metric(name, value, read, floor=every.get(name, 0.0)) for name, value, read in out]
        return rows + _over_all(service, t)

    return metrics


def _over_all(service: str, t: theory.Clockwork) -> list[Metric]:
    def queueing(log: Log) -> float:
        return float(log.at(service).queueing.mean() / log.hour)

    def in_queue(log: Log) -> float:
        interrupted = log.at(service).column("interrupted")[log.at(service).column("queued") >= log.opens].sum()
        return log.at(service).mean_number("waiting") + float(interrupted / log.length)

    def worked(log: Log) -> float:
        return log.at(service).mean_number("inside") - in_queue(log)

    def beyond(log: Log) -> float:
        return log.at(service).overrun(service) / log.hour / (log.length / log.day)

    share = Metric("fraction of arrivals that wait", t.share_waiting, lambda log: log.at(service).share_delayed)
    if t.interrupts:
        return [
            Metric("time-average number waiting", t.mean_waiting, in_queue),
            Metric("mean total time spent in queue per patient", t.wait, queueing),
            share,
            Metric("time-average in service", t.mean_serving, worked),
        ]
    return [
        Metric("time-average number waiting", t.mean_waiting, lambda log: log.at(service).mean_number("waiting")),
        Metric("mean wait per arrival", t.wait, queueing),
        share,
        Metric("time-average in service", t.mean_serving, lambda log: log.at(service).mean_number("held")),
        Metric("server-hours worked beyond scheduled capacity per cycle", t.overrun, beyond),
    ]


SHIFT_HOURS = (0, 4, 8, 10, 12, 16, 18, 20, 22)
SMALL = {"mean number waiting at 8 h": 0.01}
NIGHT = {f"mean in service at {h} h": 0.005 for h in (0, 6, 22)}
CASES = [
    Case("B01a", sinusoid("exponential"), 20, 250, (5, 16, 10)),
    Case("B01b", sinusoid("constant"), 20, 250, (5, 16, 10)),
    Case("B02a", b02a, 20, 250, (5, 25, 10)),
    Case("B03a", b03a, 0, 250, (0, 40, 10)),
    Case(
        "B08a",
        clockwork("station", lambda: shifts(False), SHIFT_HOURS, (0, 8, 12, 18, 22), SMALL),
        20,
        400,
        (3, 20, 12),
    ),
    Case(
        "B08c", clockwork("station", lambda: shifts(True), SHIFT_HOURS, (0, 8, 12, 18, 22), SMALL), 20, 400, (3, 20, 12)
    ),
    Case(
        "B09a",
        clockwork("clinic", clinic, (0, 6, 8, 9, 12, 15, 18, 19, 22), (0, 8, 12, 18, 22), NIGHT),
        20,
        1000,
        (5, 40, 12),
    ),
]
