"""A made-up experiment, shaped as a real one: seven options, three demand levels, four replications."""

import math
from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd

from flowsim.analyse.compare import compare
from flowsim.experiment.result import Arm, ExperimentResult, Level

ARMS = (
    Arm("do_nothing", "Do nothing", "Services as they stand.", ()),
    Arm("utc", "Urgent treatment centres extended", "Longer hours and diagnostics.", ("utc_hours", "utc_diagnostics")),
    Arm("rapid_response", "Rapid response at the front door", "", ("rapid_response",)),
    Arm("frailty", "Frailty service at full strength", "A full-time geriatrician.", ("frailty_full_strength",)),
    Arm("discharge", "Discharge seven days a week with more reablement", "", ("discharge_7", "more_reablement")),
    Arm("choice", "Family-choice policy", "", ("choice_policy",)),
    Arm("all", "All together", "Everything at once.", ("utc_hours", "rapid_response", "frailty_full_strength")),
)
LEVELS = (
    Level("baseline", "Baseline demand", "As in a usual winter."),
    Level("moderate", "Moderate demand", "8 % more."),
    Level("extreme", "Extreme demand", "15 % more, with a cold spell in January."),
)
MEASURES = {
    "days_delayed": {
        "label": "Days delayed",
        "kind": "delayed_days",
        "better": "lower",
        "unit": "days per 30 days",
        "note": "Days in a bed after care is finished, for reasons in the official count.",
        "options": {"recorded": "only"},
    },
    "four_hour_share": {"label": "A&E four-hour share", "kind": "interval", "better": "higher", "unit": "share"},
    "ward_occupancy": {"label": "Ward occupancy", "kind": "occupied_share", "better": "lower", "unit": "share"},
    "twelve_hour_waits": {"label": "Waits over 12 hours", "kind": "interval", "better": "lower", "unit": "patients"},
    "nctr": {
        "label": "No criteria to reside",
        "kind": "at_midnight",
        "better": "lower",
        "unit": "patients",
        "options": {"who": "ready"},
    },
    "extra_deaths": {
        "label": "Extra deaths from delay",
        "kind": "extra_deaths",
        "better": "lower",
        "unit": "in the period",
    },
    "total_cost": {"label": "Cost, all payers", "kind": "cost", "better": "lower", "unit": "£"},
    "admissions": {"label": "Emergency admissions", "kind": "rate", "better": "neither", "unit": "/day"},
    "never": {"label": "Never measured", "kind": "interval", "better": "lower", "unit": "h"},
    "delay_by_reason": {
        "label": "Days delayed by reason",
        "kind": "delayed_days",
        "better": "lower",
        "unit": "days",
        "options": {"by": "reason", "recorded": "any"},
    },
    "delay_by_body": {
        "label": "Days delayed by responsible body",
        "kind": "delayed_days",
        "better": "lower",
        "unit": "days",
        "options": {"by": "body", "recorded": "any"},
    },
    "admissions_by_deprivation": {
        "label": "Emergency admissions by deprivation",
        "kind": "people",
        "better": "lower",
        "unit": "per 1,000 a year",
        "options": {"what": "events", "by": "deprivation"},
    },
}
FIFTHS = {"fifth_1": 60_000, "fifth_2": 20_000, "fifth_3": 20_000, "fifth_4": 20_000, "fifth_5": 10_000}
TARGETS = {
    "delays": {"label": "Days delayed 20 % lower", "document": "a", "measure": "days_delayed", "falls_by": "20 %"},
    "admissions": {
        "label": "Admissions 15 % lower in three years",
        "document": "a",
        "measure": "admissions",
        "falls_by": "15 %",
        "within": "3 years",
    },
    "four_hours": {"label": "Four hours", "document": "a", "measure": "four_hour_share", "at_least": 0.95},
    "safer": {"label": "Fewer long waits", "document": "a", "measure": "twelve_hour_waits", "moves": "down"},
    "saving": {
        "label": "£500,000 saved",
        "document": "a",
        "saves": {"value": "£ 500,000", "price_year": "2014/15"},
        "note": "Net of what the options cost.",
    },
    "budget": {"label": "Reablement's budget", "document": "a", "spends": "£ 9,000,000", "items": ["reablement"]},
}
WATCHES = (
    "days_delayed",
    "four_hour_share",
    "ward_occupancy",
    "twelve_hour_waits",
    "extra_deaths",
    "total_cost",
    "admissions",
)
BASE = {
    "days_delayed": 5200.0,
    "four_hour_share": 0.742,
    "ward_occupancy": 0.951,
    "twelve_hour_waits": 830.0,
    "nctr": 118.0,
    "extra_deaths": 21.0,
    "total_cost": 81.2e6,
    "admissions": 141.0,
    "never": math.nan,
}
GAIN = {
    "do_nothing": 0.0,
    "utc": 0.02,
    "rapid_response": 0.05,
    "frailty": 0.10,
    "discharge": 0.3,
    "choice": 0.22,
    "all": 0.5,
}
STRESS = {"baseline": 1.0, "moderate": 1.35, "extreme": 1.9}
REASONS = {
    "assessment": ("A. Completion of assessment", "both", 0.04),
    "further_nhs_care": ("C. Further non-acute NHS care", "nhs", 0.3),
    "nursing_home": ("D(ii). Nursing home placement", "nhs", 0.1),
    "home_care_package": ("E. Care package in own home", "social_care", 0.12),
    "choice": ("G. Patient or family choice", "nhs", 0.4),
    "residential_home": ("D(i). Residential home placement", "social_care", 0.04),
}
PAYERS = {
    "icb": "NHS Cheshire and Merseyside ICB",
    "acute": "Acute trusts",
    "community": "Community provider",
    "council": "Halton Borough Council",
}
SERVICES = {
    "single_point": ("Single point of access", "single_point_of_access", {"calls": "unlimited"}),
    "rapid_response": ("Rapid response at the front of A&E", "rapid_response", {"caseload": 12}),
    "utc_runcorn": ("Runcorn urgent treatment centre", "utc", {"cubicles": 8}),
    "utc_widnes": (
        "Widnes urgent treatment centre",
        "utc",
        {"cubicles": {"value": "10", "source": "assumed_capacity"}},
    ),
    "ae_warrington": ("Warrington A&E", "ae", {"cubicles": 48}),
    "ae_whiston": ("Whiston A&E", "ae", {"cubicles": 62}),
    "sdec": ("Same-day emergency care", "sdec", {"chairs": {"mon-fri": {"08:00": 14}}}),
    "ward_warrington": ("Acute beds, Warrington", "ward", {"beds": 554}),
    "ward_whiston": ("Acute beds, Whiston", "ward", {"beds": 745}),
    "intermediate": ("Intermediate care beds", "intermediate_care", {"beds": 19}),
    "reablement": ("Reablement", "reablement", {"visits": 160}),
    "care_home": ("Care homes", "care_home", {"beds": 788}),
}
FLOWS = [
    ("walk_in_runcorn", "utc_runcorn", 80),
    ("walk_in_runcorn", "ae_warrington", 50),
    ("walk_in_widnes", "utc_widnes", 112),
    ("walk_in_widnes", "ae_whiston", 45),
    ("background_warrington", "ae_warrington", 171),
    ("background_whiston", "ae_whiston", 250),
    ("crisis", "single_point", 6.5),
    ("single_point", "rapid_response", 3.1),
    ("single_point", "ae_whiston", 1.9),
    ("single_point", "intermediate", 0.4),
    ("single_point", "home", 1.1),
    ("rapid_response", "home", 2.4),
    ("rapid_response", "ae_warrington", 0.7),
    ("utc_runcorn", "home", 72),
    ("utc_runcorn", "ae_warrington", 8),
    ("utc_widnes", "home", 101),
    ("utc_widnes", "ae_whiston", 11),
    ("ae_warrington", "home", 150),
    ("ae_warrington", "sdec", 22),
    ("ae_warrington", "ward_warrington", 58),
    ("ae_whiston", "home", 205),
    ("ae_whiston", "sdec", 25),
    ("ae_whiston", "ward_whiston", 78),
    ("sdec", "home", 38),
    ("sdec", "ward_warrington", 4),
    ("sdec", "ward_whiston", 5),
    ("ward_warrington", "home", 48),
    ("ward_whiston", "home", 65),
    ("ward_warrington", "intermediate", 0.6),
    ("ward_whiston", "intermediate", 0.5),
    ("ward_warrington", "reablement", 5.2),
    ("ward_whiston", "reablement", 6.3),
    ("ward_warrington", "care_home", 1.2),
    ("ward_whiston", "care_home", 1.6),
    ("ward_warrington", "died", 3.5),
    ("ward_whiston", "died", 4.2),
    ("reablement", "home", 10.1),
    ("reablement", "ae_warrington", 0.9),
    ("intermediate", "home", 1.2),
    ("intermediate", "care_home", 0.2),
    ("care_home", "died", 1.1),
    ("care_home", "ae_whiston", 1.4),
]
STREAMS = {
    "walk_in_runcorn": "Runcorn residents who walk in",
    "walk_in_widnes": "Widnes residents who walk in",
    "background_warrington": "Other residents, Warrington",
    "background_whiston": "Other residents, Whiston",
    "crisis": "Crisis at home",
}
EXITS = {"home": "Home", "died": "Died"}


@cache
def make_result(
    replications: int = 4,
    arms: tuple[Arm, ...] = ARMS,
    levels: tuple[Level, ...] = LEVELS,
    noise: float = 0.02,
    audit_ok: bool = True,
) -> ExperimentResult:
    """Return a made-up result; the same one whenever it is asked for, so change only copies of its tables."""
    measures = _measures(replications, arms, levels, noise)
    better = {name: said["better"] for name, said in MEASURES.items()}
    return ExperimentResult(
        name="winter_2026",
        title="Halton, winter 2026",
        question="Which configuration keeps Halton's winter safe, and who pays?",
        config=_config(),
        manifest=_manifest(replications),
        arms=arms,
        levels=levels,
        against="do_nothing",
        watches=WATCHES,
        decide_by="days_delayed",
        measures=measures,
        weekly=_weekly(replications, arms, levels),
        stations=_stations(replications, arms, levels),
        audit=_audit(replications, arms, levels, audit_ok),
        costs=_costs(replications, arms, levels),
        readings=pd.DataFrame({name: [] for name in ("arm", "demand", "replication", "record", "key", "value")}),
        comparison=compare(measures, "do_nothing", better),
        nodes=_nodes(),
        edges=pd.DataFrame(FLOWS, columns=["source", "target", "per_day"]),
        offered=_offered(arms, levels),
        assumptions=_assumptions(),
        changes=_changes(arms),
    )


def _cells(replications, arms, levels):
    return [(a.id, level.id, r) for a in arms for level in levels for r in range(replications)]


def _effect(measure, gain, stress):
    base = BASE[measure]
    if measure == "four_hour_share":
        return base - 0.08 * (stress - 1) + 0.12 * gain
    if measure == "ward_occupancy":
        return min(0.995, base + 0.02 * (stress - 1)) - 0.05 * gain
    if measure == "total_cost":
        return base * (1 + 0.05 * (stress - 1)) + 2.2e6 * gain
    if measure == "admissions":
        return base * (1 + 0.1 * (stress - 1)) * (1 - 0.04 * gain)
    return base * stress * (1 - gain)


def _measures(replications, arms, levels, noise):
    rng = np.random.default_rng(7)
    common = {(level.id, r, m): rng.normal() for level in levels for r in range(replications) for m in BASE}
    rows = []
    for arm, level, r in _cells(replications, arms, levels):
        for m, base in BASE.items():
            own = (
                0.0
                if arm == "do_nothing"
                else noise * rng.normal() * (0.1 if "share" in m or "occ" in m or m == "total_cost" else 1)
            )
            value = (
                _effect(m, GAIN[arm], STRESS[level])
                * (1 + 0.02 * common[level, r, m] * (0.3 if m != "days_delayed" else 1))
                + base * own
            )
            rows.append(
                (
                    arm,
                    level,
                    r,
                    m,
                    "all",
                    "",
                    min(value, 1.0) if MEASURES[m]["unit"] == "share" else value,
                    MEASURES[m]["unit"],
                )
            )
            if m == "days_delayed":
                _split_rows(rows, (arm, level, r), value)
            if m == "admissions":
                # The most deprived are admitted most, and gain most.
                for i, fifth in enumerate(FIFTHS):
                    rate = (200 - 20 * i) * value / base * (1 - 0.01 * GAIN[arm] * (4 - i))
                    rows.append((arm, level, r, "admissions_by_deprivation", "all", fifth, rate, "per 1,000 a year"))
    return pd.DataFrame(rows, columns=["arm", "demand", "replication", "measure", "service", "split", "value", "unit"])


def _split_rows(rows, cell, value):
    bodies: dict[str, float] = {}
    for reason, (_, body, share) in REASONS.items():
        rows.append((*cell, "delay_by_reason", "all", reason, value * share, "days"))
        bodies[body] = bodies.get(body, 0.0) + value * share
    rows.extend((*cell, "delay_by_body", "all", body, part, "days") for body, part in bodies.items())


def _weekly(replications, arms, levels):
    rng = np.random.default_rng(11)
    rows = []
    for arm, level, r in _cells(replications, arms, levels):
        for week in range(26):
            start = (date(2026, 10, 1) + timedelta(days=7 * week)).isoformat()
            peak = 1 + 0.35 * math.exp(-(((week - 14) / 5) ** 2)) * STRESS[level]
            for m in ("days_delayed", "four_hour_share", "ward_occupancy", "twelve_hour_waits"):
                value = _effect(m, GAIN[arm], STRESS[level])
                value = (
                    value - 0.08 * (peak - 1)
                    if m == "four_hour_share"
                    else value * (peak / 26 if m not in ("ward_occupancy",) else 1)
                )
                value *= 1 + 0.03 * rng.normal() * (0.3 if "share" in m or "occ" in m else 1)
                rows.append((arm, level, r, start, m, "all", "", value))
    return pd.DataFrame(
        rows, columns=["arm", "demand", "replication", "week_start", "measure", "service", "split", "value"]
    )


def _costs(replications, arms, levels):
    rng = np.random.default_rng(3)
    spend = {
        "ae_warrington": ("attendance", "acute", 9.4e6),
        "ward_warrington": ("space", "acute", 41.0e6),
        "reablement": ("visit", "council", 3.2e6),
        "intermediate": ("space", "community", 1.4e6),
        "care_home": ("space", "council", 22.0e6),
        "utc_runcorn": ("attendance", "icb", 2.7e6),
    }
    rows = []
    for arm, level, r in _cells(replications, arms, levels):
        for item, (kind, payer, pounds) in spend.items():
            shift = {"ward_warrington": -0.03, "reablement": 0.6, "utc_runcorn": 0.4, "intermediate": 0.2}.get(
                item, 0.0
            ) * GAIN[arm]
            value = pounds * (
                1 + 0.02 * (STRESS[level] - 1) + shift + (0 if arm == "do_nothing" else 0.002 * rng.normal())
            )
            rows.append((arm, level, r, item, kind, payer, value, value / 300))
        if GAIN[arm]:
            rows.append((arm, level, r, "programme_" + arm, "programme", "icb", 0.9e6 * GAIN[arm], 182.0))
    return pd.DataFrame(rows, columns=["arm", "demand", "replication", "item", "kind", "payer", "pounds", "units"])


def _audit(replications, arms, levels, ok):
    rng = np.random.default_rng(5)
    rows = []
    for arm, level, r in _cells(replications, arms, levels):
        for stream in STREAMS:
            asked = 18000.0
            rows.append((arm, level, r, "arrivals", stream, asked, asked + 60 * rng.normal(), 4 * 134.0, True, ""))
        for service in SERVICES:
            rows.append((arm, level, r, "mean_stay", service, 5.5, 5.5 + 0.02 * rng.normal(), 0.2, True, ""))
        rows.append((arm, level, r, "conservation", "patients", 128000.0, 128000.0, 0.0, True, ""))
    table = pd.DataFrame(
        rows, columns=["arm", "demand", "replication", "check", "item", "asked", "realised", "tolerance", "ok", "note"]
    )
    if not ok:
        table.loc[3, ["realised", "ok", "note"]] = [16000.0, False, "fewer came than were asked for"]
    return table


def _stations(replications, arms, levels):
    rows = [
        (a, level, r, s, 100.0 + i, 0.8, 1.5, 12.0 if i else math.nan)
        for a, level, r in _cells(replications, arms, levels)
        for i, s in enumerate(SERVICES)
    ]
    return pd.DataFrame(
        rows,
        columns=[
            "arm",
            "demand",
            "replication",
            "service",
            "arrivals_per_day",
            "utilisation",
            "mean_waiting",
            "wait_mean",
        ],
    )


def _offered(arms, levels):
    base = {
        "utc_runcorn": 0.55,
        "utc_widnes": 0.61,
        "ae_warrington": 0.88,
        "ae_whiston": 0.9,
        "ward_warrington": 0.93,
        "ward_whiston": 0.955,
        "intermediate": 0.97,
        "reablement": 0.9,
        "sdec": 0.7,
        "care_home": 0.95,
        "single_point": 0.0,
    }
    rows = []
    for arm in arms:
        for level in levels:
            for service, load in base.items():
                value = load * (1 + 0.06 * (STRESS[level.id] - 1)) * (1 - 0.1 * GAIN[arm.id])
                verdict = "cannot settle" if value >= 1 else ("near" if value >= 0.95 else "settles")
                rows.append(
                    (
                        arm.id,
                        level.id,
                        service,
                        "service",
                        10.0,
                        600.0,
                        value * 20,
                        20.0,
                        value,
                        verdict,
                        max(0.0, value - 1) * 10,
                        0.0,
                        "",
                        "",
                    )
                )
    return pd.DataFrame(
        rows,
        columns=[
            "arm",
            "demand",
            "service",
            "kind",
            "patients_per_day",
            "mean_minutes",
            "offered",
            "capacity",
            "load",
            "verdict",
            "growth_per_day",
            "passes_on_per_day",
            "limited_by",
            "warning",
        ],
    )


def _nodes():
    rows = [(s, label, "stream", "") for s, label in STREAMS.items()] + [
        (s, said[0], said[1], "") for s, said in SERVICES.items()
    ]
    return pd.DataFrame(
        rows + [(e, label, "exit", "") for e, label in EXITS.items()], columns=["id", "label", "role", "hub"]
    )


def _assumptions():
    statuses = ["measured", "published", "expert", "calibrated", "assumed"]
    rows = []
    for i, service in enumerate(list(SERVICES) * 12):
        status = statuses[i % 5]
        rows.append(
            (
                f"service.{service}.steps.care_{i}.duration.mean[85+, severe]"
                if i % 3
                else f"service.{service}.patience",
                f"{i % 7 + 1} h",
                f"{(i % 7 + 1) * 0.7:.2g} h",
                f"{(i % 7 + 1) * 1.5:.2g} h",
                60.0 * (i % 7 + 1),
                42.0 * (i % 7 + 1),
                90.0 * (i % 7 + 1),
                f"source_{i % 5}",
                status,
                f"A report of {2015 + i % 9}",
                "https://example.org/report" if i % 2 else "",
                "Read from a chart." if i % 4 == 0 else "",
            )
        )
    return pd.DataFrame(
        rows,
        columns=[
            "key",
            "value",
            "low",
            "high",
            "number",
            "number_low",
            "number_high",
            "source",
            "status",
            "title",
            "url",
            "note",
        ],
    )


def _changes(arms):
    rows = [
        (a.id, "", f"service.{s}.capacity", "19", "30", a.stack[0])
        for a in arms
        if a.stack
        for s in ("intermediate", "reablement")
    ]
    return pd.DataFrame(rows, columns=["arm", "since", "key", "baseline", "here", "who"])


def _config():
    return {
        "place": {
            "id": "halton",
            "label": "Halton",
            "price_year": "2018/19",
            "prices": {"yearly": "2 % /year"},
            "population": {"all": {"value": "130,000"}, **FIFTHS},
            "payers": PAYERS,
            "bodies": {"nhs": "NHS", "social_care": "Social care", "both": "Both"},
        },
        "service": {
            s: {"label": label, "role": role, "capacity": capacity} for s, (label, role, capacity) in SERVICES.items()
        },
        "stream": {s: {"label": label} for s, label in STREAMS.items()},
        "reason": {r: {"label": label, "body": body} for r, (label, body, _) in REASONS.items()},
        "measure": MEASURES,
        "target": TARGETS,
        "cost": {
            "ae_warrington": {"attendance": "£ 300", "cash": {"attendance": "£ 100"}, "payer": "acute"},
            "ward_warrington": {"space": "£ 300 /day", "cash": {}, "payer": "acute"},
        },
        "attribute": {
            "age_band": {"levels": ["0-64", "65+"]},
            "frailty": {"levels": ["none", "severe"]},
            "deprivation": {"label": "Fifth by deprivation", "levels": [*FIFTHS, "unknown"]},
        },
        "source": {"a": {"title": "A", "status": "published"}},
        "run": {
            "label": "Winter, to report from",
            "starts": "2026-10-01",
            "duration": "182 d",
            "warm_up": "60 d",
            "seed": 1,
            "replications": 4,
        },
    }


def _manifest(replications):
    return {
        "flowsim": "0.1.0",
        "digest": "ab" * 32,
        "config_digest": "cd" * 32,
        "program_digest": "ef" * 32,
        "git": None,
        "command": "flowsim compare experiment=winter_2026",
        "seed": 1,
        "replications": replications,
        "starts": "2026-10-01",
        "warm_up": "60 d",
        "duration": "182 d",
        "engine": "reference",
        "workers": 2,
        "tasks": 21 * replications,
        "began": "2026-09-14T09:30:00+00:00",
        "ended": "2026-09-14T09:38:20+00:00",
        "wall_seconds": 500.0,
        "versions": {"python": "3.11.2", "simpy": "4.1.1"},
        "hardware": {"system": "Linux", "processor": "x86_64", "cores": 2, "memory_gib": 7.8},
    }
