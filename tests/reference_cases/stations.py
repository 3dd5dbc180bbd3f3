"""Group A: stations and networks in their steady state, against closed forms and solved chains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from flowsim.trajectory import Outcome
from tests.reference_cases.acceptance import Case, Metric
from tests.reference_cases.readings import Log, Rows
from tests.theory import chains
from tests.theory import closed_forms as forms


def one(service: str, take: Callable[[Rows, Log], float]) -> Callable[[Log], float]:
    """Return a reading of one service."""
    return lambda log: take(log.at(service), log)


def wait(service: str, unit: str = "hour", **levels: str) -> Callable[[Log], float]:
    return lambda log: float(log.at(service, **levels).waits.mean() / getattr(log, unit))


def utilisation(service: str, servers: int) -> Callable[[Log], float]:
    return lambda log: log.at(service).mean_number("held", units=True) / servers


def number(service: str, phase: str, **levels: str) -> Callable[[Log], float]:
    return lambda log: log.at(service, **levels).mean_number(phase)  # type: ignore[arg-type]


def delayed(service: str) -> Callable[[Log], float]:
    return lambda log: log.at(service).share_delayed


def throughput(service: str, unit: str) -> Callable[[Log], float]:
    return lambda log: log.at(service).throughput / (log.length / getattr(log, unit))


def queue(unit: str, servers: int, theory: forms.Queue, longer: Sequence[float]) -> list[Metric]:
    """Metrics of an M/M/c; its rate and mean are in ``unit``."""

    def waits(log: Log) -> np.ndarray:
        return log.at("station").waits / getattr(log, unit)

    def percentile(share: float) -> Callable[[Log], float]:
        return lambda log: float(np.quantile(waits(log), share))

    def tail(time: float) -> Callable[[Log], float]:
        return lambda log: float((waits(log) > time).mean())

    def time_in_system(log: Log) -> float:
        return float(log.times_in_system().mean() / getattr(log, unit))

    letter = unit[0]
    return [
        Metric("utilisation", theory.utilisation, utilisation("station", servers)),
        Metric("P(wait>0) of arrivals", theory.waits, delayed("station")),
        Metric("mean wait in queue, all arrivals", theory.wait, lambda log: float(waits(log).mean())),
        Metric("sd of wait in queue, all arrivals", theory.wait_sd, lambda log: float(waits(log).std()), rel=0.02),
        Metric("mean time in system", theory.wait + theory.mean, time_in_system),
        Metric("time-average number waiting", theory.waiting, number("station", "waiting")),
        Metric("time-average number in system", theory.inside, number("station", "inside")),
        *(
            Metric(
                f"{share}th percentile of wait, all arrivals",
                theory.percentile(share / 100),
                percentile(share / 100),
                rel=0.02,
            )
            for share in (50, 90, 95)
        ),
        *(Metric(f"P(wait > {time:g} {letter})", theory.longer(time), tail(time)) for time in longer),
    ]


def a03a() -> list[Metric]:
    theory = forms.finite_queue(4, 1, 4, 2)
    lost = theory.chain[-1]
    rate, admitted = 4 * (1 - lost), 1 - lost
    return [
        Metric("P(arrival lost)", lost, one("station", lambda r, log: r.share(Outcome.REFUSED))),
        Metric("utilisation", theory.serving / 4, utilisation("station", 4)),
        Metric("time-average waiting", theory.waiting, number("station", "waiting")),
        Metric("mean wait, admitted", theory.waiting / rate, wait("station")),
        Metric("mean time in system, admitted", theory.waiting / rate + 1, one("station", _hours_inside)),
        Metric("P(wait>0 | admitted)", (theory.busy - lost) / admitted, delayed("station")),
        Metric("throughput", rate, throughput("station", "hour")),
    ]


def _hours_inside(rows: Rows, log: Log) -> float:
    served = rows.arrived.ended(Outcome.SERVED)
    return float((served.column("left") - served.column("queued")).mean() / log.hour)


def a04a() -> list[Metric]:
    theory = forms.balking(3, 1, 2, 2)
    return [
        Metric("P(arrival balks)", 1 - theory.serving / 3, one("station", lambda r, log: r.share(Outcome.BAULKED))),
        Metric("utilisation", theory.serving / 2, utilisation("station", 2)),
        Metric("time-average waiting", theory.waiting, number("station", "waiting")),
        Metric("mean wait of joiners", theory.waiting / theory.serving, wait("station")),
        Metric("throughput", theory.serving, throughput("station", "hour")),
    ]


def general(rate: float, mean: float, sd: float) -> Callable[[], list[Metric]]:
    """Metrics of an M/G/1."""

    def metrics() -> list[Metric]:
        expected = forms.mg1_wait(rate, mean, sd)
        return [
            Metric("utilisation", rate * mean, utilisation("station", 1)),
            Metric("mean wait in queue", expected, wait("station")),
            Metric("time-average waiting", rate * expected, number("station", "waiting")),
            Metric("time-average in system", rate * (expected + mean), number("station", "inside")),
        ]

    return metrics


def a06a() -> list[Metric]:
    waiting, expected = forms.dm1(1, 0.8)
    return [
        Metric("P(wait>0)", waiting, delayed("station")),
        Metric("mean wait in queue", expected, wait("station")),
        Metric("time-average waiting", expected, number("station", "waiting")),
        Metric("utilisation", 0.8, utilisation("station", 1)),
    ]


def a07a() -> list[Metric]:
    inside = forms.batch_inside(0.25, {1: 0.5, 2: 0.25, 4: 0.25}, 1)
    return [
        Metric("utilisation", 0.5, utilisation("station", 1)),
        Metric("time-average in system", inside, number("station", "inside")),
        Metric("mean wait in queue", inside / 0.5 - 1, wait("station")),
    ]


def a08a() -> list[Metric]:
    rates, means = (0.2, 0.3, 0.15), (0.5, 1.0, 2.0)
    waits = forms.cobham(rates, means, (2 * 0.5**2, 1 + 0.8**2, 4.0))
    return [
        *_by_class(waits),
        Metric("utilisation", sum(r * m for r, m in zip(rates, means, strict=True)), utilisation("station", 1)),
        Metric("mean wait, all", float(np.dot(rates, waits) / sum(rates)), wait("station")),
    ]


def _by_class(waits: Sequence[float]) -> list[Metric]:
    names = ("first", "second", "third")
    return [
        Metric(f"mean wait class {i + 1}", expected, wait("station", **{"class": names[i]}))
        for i, expected in enumerate(waits)
    ]


def a09a() -> list[Metric]:
    rates = (1.0, 1.5, 2.0)
    waits = forms.cobham_many(rates, 1, 5)
    return [
        *_by_class(waits),
        Metric("P(wait>0), every class", forms.erlang_c(5, 4.5), delayed("station")),
        Metric("mean wait, all", float(np.dot(rates, waits) / sum(rates)), wait("station")),
    ]


def impatient(theory: forms.Impatient, rate: float, servers: int, renegers: bool) -> list[Metric]:
    """Metrics of a station whose patients give up."""
    every = "mean queueing time, all arrivals" + (" (served or reneged)" if renegers else "")

    def queueing(rows: Rows, log: Log) -> float:
        return float(rows.queueing.mean() / log.hour)

    def given_up(rows: Rows, log: Log) -> float:
        return float(rows.ended(Outcome.RENEGED).queueing.mean() / log.hour)

    out = [
        Metric("P(renege)", theory.reneged, one("station", lambda r, log: r.share(Outcome.RENEGED))),
        Metric("P(all servers busy on arrival)", theory.busy, delayed("station")),
        Metric("time-average waiting", theory.waiting, number("station", "waiting")),
        Metric(every, theory.waiting / rate, one("station", queueing)),
        Metric("mean wait of those served", theory.served_wait, wait("station")),
        Metric("utilisation", theory.utilisation, utilisation("station", servers)),
    ]
    if renegers:
        out.append(Metric("mean queueing time of renegers", theory.reneged_wait, one("station", given_up)))
    return out


LOSS_STAYS = {
    "exponential": {"kind": "exponential", "mean": "4 d"},
    "constant": {"kind": "constant", "value": "4 d"},
    "lognormal": {"kind": "lognormal", "mean": "4 d", "sd": "8 d"},
    "gamma": {"kind": "gamma", "mean": "4 d", "shape": 0.5},
}


def a12a() -> list[Metric]:
    lost = forms.erlang_b(10, 8)
    empty = forms.birth_death(lambda n: 2.0, lambda n: n / 4, 10)[0]
    refused = one("station", lambda r, log: r.share(Outcome.REFUSED))
    ever_empty = one("station", lambda r, log: r.share_of_time("held", 0))
    return [
        metric
        for stay in LOSS_STAYS
        for metric in (
            Metric("P(refused), every LOS variant", lost, refused, variant=stay),
            Metric("mean occupancy", 8 * (1 - lost), number("station", "held"), variant=stay),
            Metric("utilisation", 0.8 * (1 - lost), utilisation("station", 10), variant=stay),
            Metric("P(n beds occupied = 0)", empty, ever_empty, rel=0.05, floor=0.0002, variant=stay),
        )
    ]


LOADS = {6: 2.9603186681, 10: 6.215707011, 14: 9.7295080929, 20: 15.2492569932, 28: 22.8671941663, 40: 34.5959507655}
"""Load that c beds refuse 5 % of."""


def a12c() -> list[Metric]:
    refused = one("station", lambda r, log: r.share(Outcome.REFUSED))
    out = []
    for beds, load in LOADS.items():
        lost = forms.erlang_b(beds, load)
        out.append(Metric(f"P(refused) with {beds} beds", lost, refused, variant=str(beds)))
        busy = utilisation("station", beds)
        out.append(Metric(f"utilisation with {beds} beds", load * (1 - lost) / beds, busy, variant=str(beds)))
    return out


def lost(**levels: str) -> Callable[[Log], float]:
    return lambda log: log.share_lost(**levels)


def a13a() -> list[Metric]:
    (first, second), used = forms.kaufman_roberts(12, (5, 1.5), (1, 2))
    return [
        Metric("P(lost) class 1", first, lost(**{"class": "one_unit"})),
        Metric("P(lost) class 2", second, lost(**{"class": "two_units"})),
        Metric("mean units in use", used, lambda log: log.at("station").mean_number("held", units=True)),
    ]


def a13c() -> list[Metric]:
    emergency, elective, occupancy = forms.kept_back((1.2, 1.0), 4, 10, 2)
    return [
        Metric("P(emergency refused)", emergency, lost(kind="emergency")),
        Metric("P(elective refused)", elective, lost(kind="elective")),
        Metric("mean occupancy", occupancy, number("icu", "held")),
    ]


def a14a() -> list[Metric]:
    chain = chains.two_classes_fifo((1.0, 0.3), (1.0, 5.0), 3)
    waiting = chain.mean(lambda s: s[2])
    return [
        Metric("utilisation", 2.5 / 3, utilisation("station", 3)),
        Metric("P(wait>0), both classes", chain.mean(lambda s: s[0] + s[1] == 3), delayed("station")),
        Metric("time-average waiting", waiting, number("station", "waiting")),
        Metric("mean wait, both classes", waiting / 1.3, wait("station")),
        Metric("mean class-1 in service", 1.0, number("station", "held", **{"class": "first"})),
        Metric("mean class-2 in service", 1.5, number("station", "held", **{"class": "second"})),
    ]


def a15a() -> list[Metric]:
    chain = chains.two_classes_priority((0.8, 0.5), (1.0, 2.0), 3, (45, 140))
    return [
        Metric("P(wait>0)", chain.mean(lambda s: s[0] + s[1] == 3), delayed("station")),
        *_by_class([chain.mean(lambda s: s[2]) / 0.8, chain.mean(lambda s: s[3]) / 0.5]),
        Metric("utilisation", 0.6, utilisation("station", 3)),
    ]


def a16a() -> list[Metric]:
    theory = forms.machine_repair(30, 30, 2, 3)
    rate = theory.serving / 2
    return [
        Metric("throughput", rate, throughput("clinic", "day")),
        Metric("mean waiting", theory.waiting, number("clinic", "waiting")),
        Metric("mean wait", theory.waiting / rate, wait("clinic", "day")),
        Metric("utilisation", theory.serving / 3, utilisation("clinic", 3)),
    ]


def _network(theory: forms.Jackson, seen_again: str) -> list[Metric]:
    """Metrics of an open Jackson network with rates in days."""

    def visits_a_day(name: str) -> Callable[[Log], float]:
        return lambda log: len(log.at(name).arrived) / (log.length / log.day)

    out = []
    for name, node in theory.nodes.items():
        shown = name if len(name) > 1 else name.upper()
        out += [
            Metric(f"{shown}: arrivals incl. internal", node.rate, visits_a_day(name)),
            Metric(f"{shown}: utilisation", node.utilisation, utilisation(name, node.servers)),
            Metric(f"{shown}: mean wait per visit", node.wait, wait(name, "day")),
            Metric(f"{shown}: mean number in", node.inside, number(name, "inside")),
            Metric(f"{shown}: P(wait>0)", node.waits, delayed(name)),
        ]
    again = theory.nodes[seen_again].rate / theory.outside
    shown = seen_again if len(seen_again) > 1 else seen_again.upper()
    return [
        *out,
        Metric(
            "mean time in system per patient", theory.time, lambda log: float(log.times_in_system().mean() / log.day)
        ),
        Metric("mean number in system", theory.inside, Log.number_in_system),
        Metric(f"mean visits to {shown} per patient", again, lambda log: log.visits_a_patient(seen_again)),
    ]


def a17a() -> list[Metric]:
    nodes = {"triage": (0.25, 2), "assess": (0.5, 6), "diagnostics": (2 / 3, 4), "treat": (1.0, 6)}
    routes = {
        "triage": {"assess": 0.85},
        "assess": {"diagnostics": 0.4, "treat": 0.35},
        "diagnostics": {"assess": 0.6, "treat": 0.4},
        "treat": {"assess": 0.1},
    }
    return _network(forms.jackson({"triage": 5.0, "assess": 0.5}, nodes, routes), "assess")


def a17c() -> list[Metric]:
    nodes = {"a": (0.5, 1), "b": (5 / 9, 1), "c": (1.0, 1)}
    return _network(forms.jackson({"a": 1.0}, nodes, {"a": {"b": 1.0}, "b": {"c": 0.5}, "c": {"a": 0.5}}), "b")


CASES = [
    Case("A01a", lambda: queue("hour", 1, forms.Queue(0.8, 1, 1), (1, 4, 12)), 11, 1800, (10, 100, 15)),
    Case("A02a", lambda: queue("hour", 3, forms.Queue(2.5, 1, 3), (1, 4)), 13, 700, (5, 30, 15)),
    Case("A02c", lambda: queue("day", 78, forms.Queue(7, 10, 78), (0.5,)), 4900, 6000, (200, 600, 8)),
    Case("A03a", a03a, 11, 150, (2, 15, 15)),
    Case("A04a", a04a, 13, 200, (2, 20, 15)),
    Case("A05a", general(0.7, 1, 1.5), 7, 2500, (7, 80, 15)),
    Case("A05b", general(0.9, 1, 0), 21, 2500, (15, 80, 20)),
    Case("A05d", general(2.4, 0.35, (0.5**2 / 12) ** 0.5), 5, 600, (4, 30, 15)),
    Case("A06a", a06a, 9, 1000, (9, 60, 15)),
    Case("A07a", a07a, 5, 1500, (3, 100, 15)),
    Case("A08a", a08a, 14, 2500, (6, 100, 12)),
    Case("A09a", a09a, 21, 1000, (6, 15, 12)),
    Case("A10a", lambda: impatient(forms.erlang_a(10, 1, 9, 2), 10, 9, renegers=True), 33, 150, (2, 6, 12)),
    Case("A10c", lambda: impatient(forms.erlang_a(2, 5, 12, 10), 2, 12, renegers=True), 53, 800, (6, 30, 12)),
    Case("A11a", lambda: impatient(forms.fixed_patience(4, 2, 7, 1.5), 4, 7, renegers=False), 75, 300, (4, 15, 12)),
    Case(
        "A12a",
        a12a,
        675,
        4000,
        (30, 800, 8),
        variants={k: {"service.station.steps.care.duration": v} for k, v in LOSS_STAYS.items()},
    ),
    Case(
        "A12c",
        a12c,
        1500,
        4000,
        (40, 120, 10),
        variants={
            str(beds): {"service.station.capacity.beds": beds, "stream.patients.volume": f"{load / 5:.11g} /day"}
            for beds, load in LOADS.items()
        },
    ),
    Case("A13a", a13a, 20, 250, (2, 20, 20)),
    Case("A13c", a13c, 660, 6000, (60, 300, 20)),
    Case("A14a", a14a, 63, 3500, (20, 60, 12)),
    Case("A15a", a15a, 11, 800, (4, 40, 12)),
    Case("A16a", a16a, 270, 4000, (100, 250, 15)),
    Case("A17a", a17a, 140, 2500, (20, 40, 20)),
    Case("A17c", a17c, 200, 6000, (60, 500, 12)),
]
