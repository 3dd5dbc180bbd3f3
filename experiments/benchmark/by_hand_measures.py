"""Measures of a run by hand, as one makes them with pandas: a table of visits, grouped this way and that.

They are the plainest part of what flowsim measures: by service and week who came, waited, gave up and stayed how
long; the four-hour share by service, week and attribute; how many are inside, waiting and ready each midnight; delays
by reason and week; what visits and spaces cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from by_hand_parts import GAVE_UP, SERVED

if TYPE_CHECKING:
    from by_hand import Region

DAY = 1440.0
WEEK = 7 * DAY
FOUR_HOURS = 240.0
NOTED = ("service", "arrived", "started", "seen", "ready", "left", "ended", "to", "priority")


def measures(region: Region) -> dict[str, pd.DataFrame]:
    """Return the tables of a run that has ended; times in minutes, money in pounds."""
    visits = visits_of(region)
    return {
        "services": by_service(visits, ["service"]),
        "weeks": by_service(visits, ["service", "week"]),
        "four_hours": four_hours(region, visits),
        "midnights": midnights(region, visits),
        "delays": delays_of(region),
        "costs": costs(region, visits),
    }


def visits_of(region: Region) -> pd.DataFrame:
    """Return a row a visit, with what its patient is like."""
    noted: dict[str, Any] = {name: [getattr(visit, name) for visit in region.visits] for name in NOTED}
    kinds = np.array([visit.patient.kind for visit in region.visits])
    for position, attribute in enumerate(region.spec.attributes):
        noted[attribute.id] = pd.Categorical.from_codes(kinds[:, position], list(attribute.levels))
    visits = pd.DataFrame(noted)
    visits["week"] = (visits["arrived"] // WEEK).astype(int)
    visits["wait"] = visits["started"] - visits["arrived"]
    visits["to_be_seen"] = visits["seen"] - visits["arrived"]
    visits["stay"] = visits["left"] - visits["started"]
    visits["boarded"] = visits["left"] - visits["ready"]
    visits["in_all"] = visits["left"] - visits["arrived"]
    return visits


def by_service(visits: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return counts, means and percentiles by service, or by service and week."""
    grouped = visits.groupby(keys)
    out = grouped.agg(
        came=("arrived", "size"),
        wait=("wait", "mean"),
        to_be_seen=("to_be_seen", "median"),
        stay=("stay", "mean"),
        boarded=("boarded", "mean"),
        in_all=("in_all", "mean"),
    )
    out["gave_up"] = (visits["ended"] == GAVE_UP).groupby([visits[key] for key in keys]).mean()
    for name in ("wait", "in_all", "boarded"):
        out[f"{name}_p95"] = grouped[name].quantile(0.95)
    return out.reset_index()


def four_hours(region: Region, visits: pd.DataFrame) -> pd.DataFrame:
    """Return the share of A&E and treatment-centre patients out within four hours, by week and by attribute."""
    emergency = [s for s, service in enumerate(region.spec.services) if service.role in ("ae", "utc")]
    seen = visits[visits["service"].isin(emergency) & (visits["ended"] == SERVED)]
    within = (seen["in_all"] <= FOUR_HOURS).rename("within")
    groups = ["week", *(attribute.id for attribute in region.spec.attributes)]
    return pd.concat(
        within.groupby([seen["service"], seen[by].rename("value")], observed=True).mean().reset_index().assign(split=by)
        for by in groups
    )


def midnights(region: Region, visits: pd.DataFrame) -> pd.DataFrame:
    """Return how many are inside, waiting and ready to leave at each midnight, by service."""
    times = np.array([time for time in region.midnights if time <= region.end])
    tables = []
    for service, rows in visits.groupby("service"):
        waited = rows["started"].fillna(rows["left"])
        there = {
            "inside": number_at(times, rows["started"], rows["left"]),
            "waiting": number_at(times, rows["arrived"], waited),
            "ready": number_at(times, rows["ready"], rows["left"]),
        }
        tables.append(pd.DataFrame({"service": service, "time": times, **there}))
    return pd.concat(tables)


def number_at(times: np.ndarray[Any, Any], start: pd.Series[float], stop: pd.Series[float]) -> np.ndarray[Any, Any]:
    """Return how many have started and not stopped at each time; nan is never."""
    begun, ended = np.sort(start.dropna()), np.sort(stop[start.notna()].dropna())
    return np.searchsorted(begun, times, "right") - np.searchsorted(ended, times, "right")


def delays_of(region: Region) -> pd.DataFrame:
    """Return days of delay by service, reason and week in which they ended."""
    delays = pd.DataFrame(region.delays, columns=["service", "reason", "since", "until"])
    delays["days"] = (delays["until"] - delays["since"]) / DAY
    delays["week"] = (delays["until"] // WEEK).astype(int)
    return delays.groupby(["service", "reason", "week"])["days"].sum().reset_index()


def costs(region: Region, visits: pd.DataFrame) -> pd.DataFrame:
    """Return what attendances, admissions and spaces cost, by service and week."""
    book, services = region.spec.costs.services, region.spec.services
    known = [(s, book[service.id]) for s, service in enumerate(services) if service.id in book]
    prices = pd.DataFrame(
        [(s, cost.attendance, cost.admission, cost.space_time) for s, cost in known],
        columns=["service", "attendance", "admission", "space_time"],
    )
    priced = visits.merge(prices, on="service")
    stayed = priced["left"].fillna(region.end) - priced["started"]
    priced["pounds"] = (
        priced["attendance"] + priced["admission"] * priced["started"].notna() + priced["space_time"] * stayed.fillna(0)
    )
    return priced.groupby(["service", "week"])["pounds"].sum().reset_index()
