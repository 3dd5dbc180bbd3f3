"""Group C: blocking, overflow, admission windows, costs and visits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from flowsim.trajectory import NEVER, Outcome
from tests.reference_cases.acceptance import Case, Metric
from tests.reference_cases.clock_cases import at_clock
from tests.reference_cases.readings import DayLists, Log, Rows
from tests.reference_cases.stations import lost, number, throughput, wait
from tests.theory import chains, transient
from tests.theory import closed_forms as forms


def bound(log: Log, service: str, to: str) -> Rows:
    """Return the visits to a service that went on, or are to go on, to another."""
    rows = log.at(service)
    return rows.where(rows.column("destination") == log.spec.service_index(to))


def blocked(service: str, to: str) -> Callable[[Log], float]:
    """Share of those who finish in the window and go on who had to wait for it in the bed."""

    def read(log: Log) -> float:
        rows = bound(log, service, to)
        rows = rows.where(log.in_window(rows.column("ready")) & (rows.column("left") != NEVER))
        return float((rows.column("left") > rows.column("ready")).mean())

    return read


def blocked_time(service: str, to: str, given_blocked: bool = False) -> Callable[[Log], float]:
    """Mean time blocked of those who arrived in the window and went on [days]."""

    def read(log: Log) -> float:
        times = bound(log, service, to).blocked_times
        return float((times[times > 0] if given_blocked else times).mean() / log.day)

    return read


def ever_blocked(service: str) -> Callable[[Log], float]:
    return lambda log: 1 - log.at(service).share_of_time("blocked", 0)


def _tandem(line: chains.Tandem, first: str, second: str) -> list[Metric]:
    chain = line.solve()
    mean_blocked, waiting = chain.mean(line.blocked), chain.mean(line.waiting)
    on = line.rate * line.onward
    share = chain.mean(lambda s: line.treated(s) * line.blocks(s)) / chain.mean(line.treated)
    return [
        Metric(f"mean waiting for {first}", waiting, number(first, "waiting")),
        Metric(f"mean wait for {first}", waiting / line.rate, wait(first, "day")),
        Metric(f"{first} beds held (treated + blocked)", chain.mean(line.held), number(first, "held")),
        Metric(f"{first} patients under treatment", chain.mean(line.treated), number(first, "treated")),
        Metric("mean number blocked", mean_blocked, number(first, "blocked")),
        Metric("P(at least one blocked)", chain.mean(lambda s: line.blocked(s) > 0), ever_blocked(first)),
        Metric(f"P(blocked | needs {second})", share, blocked(first, second)),
        Metric(f"mean blocked time per patient needing {second}", mean_blocked / on, blocked_time(first, second)),
        Metric(
            "mean blocked time given blocked",
            mean_blocked / on / share,
            blocked_time(first, second, given_blocked=True),
        ),
        Metric(f"{second} occupancy (in service)", chain.mean(line.serving), number(second, "held")),
        Metric(f"{second} waiting room", chain.mean(line.between), in_waiting_room(second)),
        Metric(f"throughput of {second}", on, throughput(second, "day")),
    ]


def in_waiting_room(service: str) -> Callable[[Log], float]:
    """Mean number waiting who hold no bed elsewhere: from giving it up, or joining, to the start."""

    def read(log: Log) -> float:
        rows = log.at(service)
        started, left, moved, held = (rows.column(c) for c in ("started", "left", "moved", "held"))
        ends = np.where(started != NEVER, started, np.where(left != NEVER, left, log.closes))
        still_holding = np.where(moved == NEVER, ends, moved)
        begins = np.where(held == NEVER, rows.column("queued"), still_holding)
        inside = np.minimum(ends, log.closes) - np.maximum(begins, log.opens)
        return float(np.maximum(inside, 0).sum() / log.length)

    return read


def c01a() -> list[Metric]:
    return _tandem(chains.Tandem(1.0, (2.0, 4), 1.0, (4.0, 5)), "acute", "step_down")


def c01c() -> list[Metric]:
    return _tandem(chains.Tandem(1.5, (1.0, 3), 0.9, (2.0, 4), places=2), "theatre", "icu")


def c02a() -> list[Metric]:
    line = chains.Tandem(3.0, (1.0, 4), 1.0, (2.5, 5), lost=True)
    chain = line.solve()
    out = chain.mean(line.treated)
    return [
        Metric("P(arrival lost)", chain.mean(line.full), lost()),
        Metric("stage-1 beds held", chain.mean(line.held), number("theatre", "held")),
        Metric("mean number blocked", chain.mean(line.blocked), number("theatre", "blocked")),
        Metric(
            "P(blocked | needs stage 2)",
            chain.mean(lambda s: line.treated(s) * line.blocks(s)) / out,
            blocked("theatre", "icu"),
        ),
        Metric("stage-2 occupancy", chain.mean(line.serving), number("icu", "held")),
        Metric("throughput out of stage 1", out, throughput("theatre", "day")),
    ]


def c03a() -> list[Metric]:
    line = chains.Tandem(0.8, (2.0, 4), 1.0, (4.0, 6), direct=0.5)
    chain = line.solve()
    share = chain.mean(lambda s: line.treated(s) * line.blocks(s)) / chain.mean(line.treated)

    def refused(log: Log) -> float:
        rows = log.at("second")
        direct = rows.where(rows.column("origin") == len(log.spec.services))
        return direct.share(Outcome.REFUSED)

    return [
        Metric("P(direct admission lost)", chain.mean(line.blocks), refused),
        Metric("mean waiting for stage 1", chain.mean(line.waiting), number("first", "waiting")),
        Metric("mean number blocked", chain.mean(line.blocked), number("first", "blocked")),
        Metric("P(stage-1 leaver blocked)", share, blocked("first", "second")),
        Metric("stage-2 occupancy", chain.mean(line.serving), number("second", "held")),
        Metric("stage-1 beds held", chain.mean(line.held), number("first", "held")),
    ]


def c04a() -> list[Metric]:
    units = chains.TwoFeeders((1.0, 0.7), (2.0, 4.0), (3, 4), 10 / 3, 5)
    chain = units.solve()
    out = []
    shares = [1 - chain.mean(lambda s, u=unit: units.room(s, u)) for unit in (0, 1)]
    stuck = [chain.mean(lambda s, name=name: s[3].count(name)) for name in "AB"]
    for name, share in zip("AB", shares, strict=True):
        service = name.lower()
        out.append(Metric(f"P(lost) {name}", share, lambda log, s=service: log.at(s).share(Outcome.REFUSED)))
    for name, mean in zip("AB", stuck, strict=True):
        out.append(Metric(f"mean blocked in {name}", mean, number(name.lower(), "blocked")))
    for name, mean, share, rate in zip("AB", stuck, shares, units.rates, strict=True):
        per_patient = mean / (rate * (1 - share))
        out.append(Metric(f"mean blocked time per {name} patient", per_patient, blocked_time(name.lower(), "c")))
    return [*out, Metric("C occupancy", chain.mean(lambda s: s[2]), number("c", "held"))]


def c05a() -> list[Metric]:
    line = chains.Cascade(1.2, (2.0, 2.5, 4.0), (4, 4, 5))
    chain = line.solve()
    full = chain.mean(lambda s: s[0] + s[1] == 4)
    return [
        Metric("P(lost)", full, lost()),
        Metric("stage 1 under treatment", chain.mean(lambda s: s[0]), number("first", "treated")),
        Metric("stage 1 blocked", chain.mean(lambda s: s[1]), number("first", "blocked")),
        Metric("stage 2 under treatment", chain.mean(lambda s: s[2]), number("second", "treated")),
        Metric("stage 2 blocked", chain.mean(lambda s: s[3]), number("second", "blocked")),
        Metric("stage 3 occupancy", chain.mean(lambda s: s[4]), number("third", "held")),
        Metric("throughput", 1.2 * (1 - full), throughput("third", "day")),
    ]


def c06a() -> list[Metric]:
    chain = chains.overflow((1.5, 1.0), (4.0, 5.0), (6, 6))

    def placed_in_b(log: Log) -> float:
        arrivals = log.people(**{"class": "a"}).sum()
        return len(log.at("ward_b", **{"class": "a"}).arrived.joined) / arrivals

    return [
        Metric("P(A patient lost)", chain.mean(lambda s: s[0] == 6 and s[1] + s[2] == 6), lost(**{"class": "a"})),
        Metric("P(A patient placed in B)", chain.mean(lambda s: s[0] == 6 and s[1] + s[2] < 6), placed_in_b),
        Metric("P(B patient lost)", chain.mean(lambda s: s[1] + s[2] == 6), lost(**{"class": "b"})),
        Metric("ward A occupancy", chain.mean(lambda s: s[0]), number("ward_a", "held")),
        Metric("ward B occupancy", chain.mean(lambda s: s[1] + s[2]), number("ward_b", "held")),
        Metric("mean outliers in B", chain.mean(lambda s: s[1]), number("ward_b", "held", **{"class": "a"})),
    ]


def c07a() -> list[Metric]:
    times = forms.preemptive((1.0, 1.4), 1.0, 3)

    def in_system(level: str) -> Callable[[Log], float]:
        return lambda log: float(log.times_in_system(**{"class": level}).mean() / log.hour)

    names = ("first", "second")
    return [Metric(f"mean time in system class {i + 1}", times[i], in_system(names[i])) for i in (0, 1)]


def c08a() -> list[Metric]:
    admits = (transient.Shift(0, 2, 0), transient.Shift(8 / 24, 4.4, 14), transient.Shift(20 / 24, 2, 0))
    t = transient.Clockwork(admits, 1, 3.5, 120)
    out = []
    for hour in (0, 8, 12, 20):
        out += [
            Metric(f"mean waiting at {hour:02d}:00", t.waiting(hour / 24), at_clock("ward", "waiting", hour)),
            Metric(f"mean in beds at {hour:02d}:00", t.serving(hour / 24), at_clock("ward", "held", hour)),
        ]
    return [
        *out,
        Metric("mean wait for a bed", t.wait, wait("ward", "day")),
        Metric("time-average beds occupied", t.mean_serving, number("ward", "held")),
    ]


PRICES = {"bed": 350.0, "empty": 180.0, "waiting": 420.0, "admission": 95.0}


def daily_costs(log: Log) -> dict[str, float]:
    """Cost a day of the ward of C09, part by part."""
    ward = log.at("ward")
    held = ward.mean_number("held")
    starts = int(log.in_window(ward.started.column("started")).sum())
    return {
        "bed": PRICES["bed"] * held,
        "empty": PRICES["empty"] * (31 - held),
        "waiting": PRICES["waiting"] * ward.mean_number("waiting"),
        "admission": PRICES["admission"] * starts / (log.length / log.day),
    }


def c09a() -> list[Metric]:
    ward = forms.Queue(5.5, 5, 31)
    parts = {"bed": 350 * 27.5, "empty": 180 * 3.5, "waiting": 420 * ward.waiting, "admission": 95 * 5.5}
    total = sum(parts.values())
    shown = {"bed": "occupied beds", "empty": "empty beds", "waiting": "waiting", "admission": "admissions"}

    def per_admission(log: Log) -> float:
        costs = daily_costs(log)
        return sum(costs.values()) / (costs["admission"] / PRICES["admission"])

    return [
        *(
            Metric(
                f"cost per day: {shown[name]}",
                value,
                lambda log, n=name: daily_costs(log)[n],
                rel=0.02 if name == "empty" else 0.005,
            )
            for name, value in parts.items()
        ),
        Metric("total cost per day", total, lambda log: sum(daily_costs(log).values())),
        Metric("total cost per admission", total / 5.5, per_admission),
    ]


STAYS = {1: 0.2, 2: 0.2, 4: 0.35, 10: 0.25}


def c10a() -> list[Metric]:
    plans = {days: forms.visits_a_stay(4, 1, days) for days in STAYS}
    mean = sum(p * sum(plans[days]) for days, p in STAYS.items())
    squares = sum(p * sum(v * v for v in plans[days]) for days, p in STAYS.items())
    return [
        Metric("mean visits per day", 6 * mean, lambda log: float(DayLists(log, "home_care").visits.mean())),
        Metric(
            "variance of visits per day",
            6 * squares,
            lambda log: float(DayLists(log, "home_care").visits.var(ddof=1)),
            rel=0.05,
        ),
        Metric(
            "mean caseload during a day",
            6 * sum(days * p for days, p in STAYS.items()),
            lambda log: float(DayLists(log, "home_care").caseload.mean()),
        ),
        Metric("mean visits per patient", mean, lambda log: DayLists(log, "home_care").visits_a_patient),
    ]


def c11a() -> list[Metric]:
    shares = chains.DayList(2.0, 12, 0.2).shares()
    counts = np.arange(len(shares))
    left_over = float(shares @ np.maximum(counts - 12, 0))

    def lists(log: Log) -> DayLists:
        return DayLists(log, "home_care")

    def whole_days(log: Log) -> float:
        rows = log.at("home_care").arrived.started
        first = rows.column("queued") // log.day + 1
        return float((rows.column("started") // log.day - first).mean())

    return [
        Metric(
            "mean caseload visited per day",
            float(shares @ np.minimum(counts, 12)),
            lambda log: float(lists(log).caseload.mean()),
        ),
        Metric(
            "mean number still waiting after the day list is filled",
            left_over,
            lambda log: float(lists(log).waiting.mean()),
        ),
        Metric("mean whole days waited beyond first eligible day", left_over / 2, whole_days),
        Metric(
            "mean wait from referral to the start of first visit day", left_over / 2 + 0.5, wait("home_care", "day")
        ),
        Metric("P(day list full)", float(shares[12:].sum()), lambda log: float((lists(log).caseload == 12).mean())),
        Metric("utilisation of visit slots", 10 / 12, lambda log: float(lists(log).visits.mean()) / 12),
    ]


CASES = [
    Case("C01a", c01a, 1000, 12000, (150, 1000, 12)),
    Case("C01c", c01c, 320, 3000, (40, 150, 20)),
    Case("C02a", c02a, 1300, 800, (20, 80, 20)),
    Case("C03a", c03a, 800, 3000, (60, 150, 20)),
    Case("C04a", c04a, 1100, 2000, (40, 150, 20)),
    Case("C05a", c05a, 850, 2000, (40, 150, 20)),
    Case("C06a", c06a, 1000, 3000, (40, 150, 20)),
    Case("C07a", c07a, 11, 500, (3, 20, 20)),
    Case("C08a", c08a, 100, 16000, (40, 150, 15)),
    Case("C09a", c09a, 2250, 6000, (100, 150, 12)),
    Case("C10a", c10a, 10, 1000, (10, 100, 15)),
    Case("C11a", c11a, 300, 5000, (40, 250, 20)),
]
