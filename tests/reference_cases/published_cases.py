"""Group P: published models run on their own inputs.

Where no closed form is at hand the expected values are carried: another simulation of the same rules gave
them, with the half-width of its 95 % interval. They are judged on demand only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from flowsim.measure.stations import stations as table_of
from flowsim.trajectory import NEVER, Outcome
from tests.reference_cases.acceptance import Case, Metric
from tests.reference_cases.readings import Log
from tests.reference_cases.stations import number, throughput, utilisation
from tests.theory import closed_forms as forms

Read = Callable[[Log], float]

# ---------------------------------------------------------------------- stroke unit (Monks et al. 2016)

ASU_RATES = {"stroke": 1 / 1.2, "tia": 1 / 9.3, "neuro": 1 / 3.6, "other": 1 / 3.2}
DIRECT_RATES = {"stroke": 1 / 21.8, "tia": 0.0, "neuro": 1 / 31.7, "other": 1 / 28.6}
TO_REHAB = {"stroke": 0.24, "tia": 0.01, "neuro": 0.11, "other": 0.05}
ASU_STAYS = {"stroke": 0.24 * 7.4 + 0.13 * 4.6 + 0.63 * 7.0, "tia": 1.8, "neuro": 4.0, "other": 3.8}
REHAB_STAYS = {"stroke": 0.4 * 30.3 + 0.6 * 28.4, "tia": 18.7, "neuro": 27.6, "other": 16.1}


def audit(log: Log, *units: str) -> np.ndarray:
    """Number in some units at each midnight of the window."""
    midnights = log.clock_ticks(0)
    return np.sum([log.at(unit).number_at("held", midnights) for unit in units], axis=0)


def would_wait(beds: int, *units: str) -> Read:
    """P(N = beds) / P(N <= beds): the share who would wait for a unit of so many beds."""

    def read(log: Log) -> float:
        counts = audit(log, *units)
        return float((counts == beds).sum() / (counts <= beds).sum())

    return read


def stroke() -> list[Metric]:
    out = []
    for variant, more in (("base", 1.0), ("plus5", 1 / 0.95)):
        asu = more * sum(rate * ASU_STAYS[kind] for kind, rate in ASU_RATES.items())
        rehab = more * sum((DIRECT_RATES[k] + TO_REHAB[k] * ASU_RATES[k]) * REHAB_STAYS[k] for k in ASU_RATES)
        for unit, load, beds in (("asu", asu, range(8, 17)), ("rehab", rehab, range(9, 18))):
            out.append(Metric(f"{unit}: mean occupancy", load, number(unit, "held"), rel=0.01, variant=variant))
            for n in beds:
                share = forms.erlang_b(n, load)
                name = f"{unit}: P(delay) with {n} beds"
                out.append(Metric(name, share, would_wait(n, unit), rel=0.02, floor=0.004, variant=variant))
        if variant == "base":
            for n in (22, 26):
                share = forms.erlang_b(n, asu + rehab)
                name = f"pooled: P(delay) with {n} shared beds"
                out.append(Metric(name, share, would_wait(n, "asu", "rehab"), floor=0.004, variant=variant))
    return out


# ---------------------------------------------------------------------- urgent treatment centre (Nelson; treat-sim)

ACTIVITIES = {
    "triage": ("triage", 1),
    "trauma bay": ("trauma_bay", 2),
    "trauma cubicle": ("cubicle_b", 1),
    "registration": ("registration", 1),
    "exam": ("examination", 3),
    "non-trauma cubicle": ("cubicle_a", 1),
}
CARRIED_CENTRE: dict[str, dict[str, tuple[float, float]]] = {
    "base": {
        "triage wait": (31.04125, 0.898165),
        "triage busy": (0.603856, 0.002861),
        "trauma bay wait": (152.493817, 3.870517),
        "trauma bay busy": (0.781981, 0.004525),
        "trauma cubicle wait": (17.851395, 0.685858),
        "trauma cubicle busy": (0.498575, 0.005034),
        "trauma total time": (292.504174, 3.77924),
        "registration wait": (103.093647, 1.181445),
        "registration busy": (0.848925, 0.001767),
        "exam wait": (25.63779, 0.431049),
        "exam busy": (0.857524, 0.001173),
        "non-trauma cubicle wait": (134.547835, 1.302091),
        "non-trauma cubicle busy": (0.87674, 0.001358),
        "non-trauma total time": (228.433239, 1.163646),
        "throughput": (166.134, 0.412656),
    },
    "treat2": {
        "triage wait": (30.367952, 0.899757),
        "triage busy": (0.599832, 0.002888),
        "trauma bay wait": (147.763774, 3.791253),
        "trauma bay busy": (0.780182, 0.004618),
        "trauma cubicle wait": (18.545673, 0.700711),
        "trauma cubicle busy": (0.503829, 0.005144),
        "trauma total time": (288.646064, 3.726721),
        "registration wait": (102.26513, 1.210713),
        "registration busy": (0.847122, 0.001838),
        "exam wait": (25.06381, 0.43513),
        "exam busy": (0.85582, 0.001259),
        "non-trauma cubicle wait": (2.107542, 0.043285),
        "non-trauma cubicle busy": (0.630567, 0.002154),
        "non-trauma total time": (184.30423, 1.257033),
        "throughput": (198.770667, 0.327765),
    },
    "triage2": {
        "triage wait": (1.296857, 0.044258),
        "triage busy": (0.301392, 0.001426),
        "trauma bay wait": (172.087049, 4.033071),
        "trauma bay busy": (0.792397, 0.004329),
        "trauma cubicle wait": (18.53515, 0.674905),
        "trauma cubicle busy": (0.505097, 0.005122),
        "trauma total time": (284.573548, 3.9351),
        "registration wait": (129.556268, 1.488835),
        "registration busy": (0.85003, 0.00187),
        "exam wait": (26.044292, 0.440741),
        "exam busy": (0.859188, 0.001216),
        "non-trauma cubicle wait": (136.545394, 1.308292),
        "non-trauma cubicle busy": (0.877083, 0.001368),
        "non-trauma total time": (225.921375, 1.201372),
        "throughput": (166.566, 0.415701),
    },
}
"""(value, 95 % half-width) of 1500 runs of the same rules elsewhere; waits in minutes."""


def started_wait(service: str) -> Read:
    """Mean wait of those who started before the end [min]; NaN where nobody did."""

    def read(log: Log) -> float:
        rows = log.at(service).started
        waits = rows.column("started") - rows.column("queued")
        return float(waits.mean() * 60 / log.hour) if len(waits) else float("nan")

    return read


def total_time(kind: str) -> Read:
    """Mean time in system of those of a kind who left before the end [min]; NaN where nobody did."""

    def read(log: Log) -> float:
        times = log.times_in_system(kind=kind)
        return float(times.mean() * 60 / log.hour) if len(times) else float("nan")

    return read


def centre() -> list[Metric]:
    changed = {"treat2": {"non-trauma cubicle": 2}, "triage2": {"triage": 2}}
    out = []
    for variant, carried in CARRIED_CENTRE.items():
        reads: dict[str, Read] = {
            "trauma total time": total_time("trauma"),
            "non-trauma total time": total_time("other"),
            "throughput": lambda log: float((log.trajectory.patients.left != NEVER).sum()),
        }
        for name, (service, servers) in ACTIVITIES.items():
            reads[f"{name} wait"] = started_wait(service)
            reads[f"{name} busy"] = utilisation(service, changed.get(variant, {}).get(name, servers))
        came: Read = lambda log: float(len(log.trajectory.patients.arrival))  # noqa: E731
        out.append(Metric("mean arrivals", 229.5, came, rel=0.01, variant=variant))
        for name, (value, half) in carried.items():
            floor = 0.05 if name.endswith("wait") else 0.0
            out.append(Metric(name, value, reads[name], rel=0.03, floor=floor, half95=half, variant=variant))
    return out


# ---------------------------------------------------------------------- emergency beds (Countess of Chester Hospital)


def of_ed(log: Log) -> np.ndarray:
    """Waits [h] of the ED's patients admitted in the window."""
    rows = log.at("beds", source="ed").started
    rows = rows.where(log.in_window(rows.column("started")))
    return (rows.column("started") - rows.column("queued")) / log.hour


def breaches(hours: float) -> Read:
    """ED arrivals of the window a day whose time in queue, so far as it was seen, exceeded some hours."""

    def read(log: Log) -> float:
        rows = log.at("beds", source="ed").arrived
        started, left = rows.column("started"), rows.column("left")
        until = np.where(started != NEVER, started, np.where(left != NEVER, left, log.closes))
        return float((until - rows.column("queued") > hours * log.hour).sum() / (log.length / log.day))

    return read


def reneged_a_day(log: Log) -> float:
    rows = log.at("beds").ended(Outcome.RENEGED)
    return float(log.in_window(rows.column("left")).sum() / (log.length / log.day))


def chester() -> list[Metric]:
    days = 60.0
    carried: list[tuple[str, float, float, Read]] = [
        ("Total Admission Demand", 3202.3, 22.180743, lambda log: float(len(log.at("beds").arrived))),
        ("Total Discharges", 2802.433333, 35.850568, lambda log: float(log.at("beds").throughput)),
        ("Admissions via ED", 1908.4, 32.97128, lambda log: float(len(of_ed(log)))),
        ("Reneged (per day)", 6.455, 0.526407, reneged_a_day),
        ("Mean Q Time (Hrs)", 101.296503, 7.318939, lambda log: float(of_ed(log).mean())),
        ("Min Q Time (Hrs)", 75.293439, 7.967807, lambda log: float(of_ed(log).min())),
        ("Max Q Time (Hrs)", 130.724512, 8.083901, lambda log: float(of_ed(log).max())),
        ("95th Percentile Q Time (Hrs)", 122.86691, 8.210901, lambda log: float(np.quantile(of_ed(log), 0.95))),
        ("12hr DTAs (per day)", 31.806667, 0.549521, lambda log: float((of_ed(log) > 12).sum() / days)),
        ("12hr LoS Breaches (per day)", 37.932222, 0.296859, breaches(12)),
        ("24hr LoS Breaches (per day)", 37.013333, 0.334454, breaches(24)),
        ("48hr LoS Breaches (per day)", 34.591111, 0.595974, breaches(48)),
        ("72hr LoS Breaches (per day)", 29.331111, 2.12006, breaches(72)),
        ("SDEC Admissions", 667.233333, 8.433087, sdec_admissions),
    ]
    return [Metric(name, value, read, rel=0.05, floor=0.3, half95=half) for name, value, half, read in carried]


def sdec_admissions(log: Log) -> float:
    rows = log.at("beds", source="sdec").started
    return float(log.in_window(rows.column("started")).sum())


# ---------------------------------------------------------------------- PathSimR's use cases


def column(service: str, name: str, scale: float = 1.0) -> Read:
    """A column of the project's own table of queueing statistics."""

    def read(log: Log) -> float:
        table = table_of(log.spec, log.trajectory).set_index("service")
        return float(table.loc[service, name]) * scale  # type: ignore[arg-type]

    return read


def left_in_window(log: Log) -> float:
    """Mean time in system of everyone who leaves in the window [h]."""
    patients = log.trajectory.patients
    mask = log.in_window(patients.left)
    return float((patients.left[mask] - patients.arrival[mask]).mean() / log.hour)


def emergency() -> list[Metric]:
    """Occupancies and flows follow from the traffic equations; hardly anyone queues."""
    mean = {
        "shock_room": np.exp(-0.88056 + 1.1467**2 / 2),
        "intensive_treatment": np.exp(-0.88056 + 1.1467**2 / 2) + 0.8 * 0.5,
        "observation": np.exp(-1.4285 + 1.6902**2 / 2) + 0.25 * 0.5,
        "emergency_yellow": np.exp(-0.97632 + 1.3974**2 / 2),
        "emergency_green": np.exp(-0.40614 + 0.90126**2 / 2) + 0.3 * 0.5,
        "examination": np.exp(-2.2664 + 1.1463**2 / 2) + 0.2 * 0.5,
    }
    routes = {
        "shock_room": {"intensive_treatment": 0.975},
        "intensive_treatment": {"examination": 0.1},
        "observation": {"emergency_yellow": 0.5},
        "emergency_yellow": {"examination": 0.3},
        "examination": {"emergency_yellow": 0.5, "emergency_green": 0.1},
    }
    outside = {"shock_room": 0.2875, "observation": 0.55, "emergency_yellow": 0.55, "emergency_green": 3.3}
    flows = forms.jackson(outside, {name: (float(m), 1000) for name, m in mean.items()}, routes)
    out = []
    for name, node in flows.nodes.items():
        busy: Read = lambda log, n=name: column(n, "mean_in_use")(log) - column(n, "mean_blocked")(log)  # noqa: E731
        out += [
            Metric(f"{name}: mean occupancy", node.load, busy, rel=0.06, floor=0.05),
            Metric(f"{name}: throughput per h", node.rate, throughput(name, "hour"), rel=0.02),
            Metric(f"{name}: mean queue", 0.0, column(name, "mean_waiting"), floor=0.05),
            Metric(f"{name}: mean blocked", 0.0, column(name, "mean_blocked"), floor=0.05),
        ]
    time = sum(node.load for node in flows.nodes.values()) / flows.outside
    return [*out, Metric("mean time in system", time, left_in_window, rel=0.03)]


CARRIED_UROLOGY = {
    "gp_ref": (33.658643, 0.031556, 5.608819, 0.003399),
    "h_c": (17.211798, 0.325286, 5.736121, 0.104842),
    "h_d": (5.568259, 0.006738, 1.976896, 0.001303),
    "h_w": (0.019506, 0.003752, 0.03453, 0.006619),
    "b_b": (6.201369, 0.019304, 6.892693, 0.013743),
    "bct": (4.94642, 0.011772, 1.648224, 0.003581),
    "cc": (6.754698, 0.019509, 5.632568, 0.012598),
    "cf": (2.931203, 0.008801, 7.295539, 0.016859),
    "sc": (6.76605, 0.020244, 5.63351, 0.013504),
    "sf": (2.939309, 0.008462, 7.306441, 0.015782),
}
"""Mean queue and wait [h], each with its 95 % half-width, from 120 runs of 16,000 h of the same rules elsewhere."""


def urology() -> list[Metric]:
    service = dict.fromkeys(CARRIED_UROLOGY, 0.5) | {"gp_ref": 0.3, "h_w": 1 / 0.0104, "b_b": 0.375, "bct": 0.375}
    routes = {
        "gp_ref": {"h_c": 0.5, "b_b": 0.15, "bct": 0.35},
        "h_c": {"h_d": 0.9},
        "h_d": {"h_w": 0.2},
        "h_w": {"cf": 0.5, "sf": 0.5},
        "b_b": {"bct": 1.0},
        "bct": {"cc": 0.4, "sc": 0.4},
        "cc": {"h_d": 0.1, "cf": 0.1},
        "sc": {"sf": 0.1},
    }
    flows = forms.jackson({"gp_ref": 6.0}, {name: (mean, 1000) for name, mean in service.items()}, routes)
    out = []
    for name, (queue, queue_half, wait, wait_half) in CARRIED_UROLOGY.items():
        node = flows.nodes[name]
        hours = column(name, "wait_mean", 1 / 60)
        # Loaded to just what its hours hold, h_c has so long a memory that 4 % has to do.
        aim = 0.04 if name == "h_c" else 0.02
        queue_of = number(name, "waiting")
        out += [
            Metric(f"{name}: throughput per h", node.rate, throughput(name, "hour"), rel=0.03),
            Metric(f"{name}: mean occupancy", node.load, number(name, "held"), rel=0.03, floor=0.02),
            Metric(f"{name}: mean queue", queue, queue_of, rel=0.05, floor=0.05, half95=queue_half, aim=aim),
            Metric(f"{name}: mean wait", wait, hours, rel=0.05, floor=0.05, half95=wait_half, aim=aim),
        ]
    return [*out, Metric("mean time in system", 24.831604, left_in_window, rel=0.05, half95=0.061651)]


def simmer() -> list[Metric]:
    theory = forms.finite_queue(3, 0.25, 2, 1)
    inside = float(theory.chain @ theory.counts)
    return [
        Metric("mean number in system", inside, number("station", "inside")),
        Metric("P(rejected)", float(theory.chain[-1]), lambda log: log.at("station").share(Outcome.REFUSED)),
    ]


STREAMS = (
    *(f"asu_{kind}" for kind in ("stroke", "tia", "neuro", "other")),
    *(f"rehab_{kind}" for kind in ("stroke", "neuro", "other")),
)

CASES = [
    Case(
        "P01a",
        stroke,
        3 * 365,
        5 * 365,
        (400, 1000, 12),
        150,
        variants={"base": {}, "plus5": {f"stream.{name}.factor": 1 / 0.95 for name in STREAMS}},
    ),
    Case(
        "P02a",
        centre,
        0,
        19 / 24,
        (0, 19 / 24, 30),
        400,
        variants={
            "base": {},
            "treat2": {"service.cubicle_a.capacity.cubicles": 2},
            "triage2": {"service.triage.capacity.nurses": 2},
        },
    ),
    Case("P06a", chester, 300, 60, (100, 60, 2), 30),
    Case("P07a", emergency, 10, 100, (5, 30, 10), 100),
    Case("P07c", urology, 167, 200, (30, 30, 4), 30),
    Case("P08a", simmer, 3, 84, (3, 30, 15), 30),
]
