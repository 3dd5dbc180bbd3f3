"""Queueing statistics of every service, so that any reference case can be read off. Times in minutes.

Time averages, rates and utilisation cover the window. Per-patient means, probabilities and percentiles cover
patients who arrive in the window, waits of zero included, those whose wait (or stay) has not ended left out;
columns that follow another population say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from flowsim.measure import station_loops, visit_loops
from flowsim.measure.facts import divided
from flowsim.measure.frames import Floats, Window
from flowsim.measure.home_care import used_at
from flowsim.measure.integrals import areas, counted, levels_at
from flowsim.measure.intervals import EMPTY, FAR, Intervals, joined
from flowsim.measure.levels import in_use, open_by_group, quantiles_by_key
from flowsim.measure.occupancy import spaces_at_midnights
from flowsim.measure.sorting import Codes, codes, stable_order, whole
from flowsim.measure.tidy import Tidy, Words, words_of
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import NEVER, Ints, Outcome, Trajectory

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: dict[str, str] = {
    "arrivals": "visits queued for in the window, refused and balked included",
    "external": "of these, patients from outside",
    "transfers": "of these, patients from another service",
    "arrivals_per_day": "arrivals per day",
    "started": "visits that started in the window",
    "completed": "visits served that ended in the window",
    "throughput_per_day": "completed per day",
    "refused_share": "share of arrivals refused",
    "baulked_share": "share of arrivals who balked",
    "reneged_share": "share of arrivals who gave up",
    "lost_share": "share of arrivals refused, balked or reneged",
    "capacity": "mean spaces offered, surge included (visits a day for home care); empty if unlimited",
    "utilisation": "mean spaces in use over mean spaces offered (visits made over offered for home care)",
    "mean_in_use": "mean spaces held, delayed or not (packages under way for home care)",
    "mean_visits_per_day": "mean home visits a day, one a carer",
    "mean_treated": "mean patients under treatment (started, not ready)",
    "mean_blocked": "mean patients kept only because the next service has not taken them",
    "share_time_blocked": "share of time at least one is blocked",
    "mean_delayed": "mean patients delayed by an episode of delay or blocked",
    "mean_waiting": "mean patients waiting",
    "mean_in_system": "mean patients waiting or in the service",
    "wait_mean": "mean wait of those who started [min]",
    "wait_sd": "its standard deviation between patients [min]",
    "wait_p50": "median wait of those who started [min]",
    "wait_p90": "90th percentile [min]",
    "wait_p95": "95th percentile [min]",
    "p_wait": "share who had to wait, of those who started or reneged",
    "wait_mean_queueing": "mean time queueing of those who started or reneged [min]",
    "wait_mean_reneged": "mean time queueing of those who reneged [min]",
    "wait_mean_started": "mean wait of those who started in the window, whenever they came [min]",
    "service_mean": "mean time from started to left of those served, interruptions taken off [min]",
    "care_mean": "mean time from started to ready of those served, interruptions taken off [min]",
    "time_in_system_mean": "mean time from queued to left of those served [min]",
    "blocked_mean": "mean time blocked of those served [min]",
    "p_blocked": "share of those served who were blocked",
    "blocked_mean_transferred": "mean time blocked of those served who went on to another service [min]",
    "p_blocked_transferred": "share blocked of those served who went on to another service",
    "blocked_mean_blocked": "mean time blocked of those blocked [min]",
    "in_use_p50": "number in use not exceeded half the time",
    "in_use_p95": "number in use not exceeded 95 % of the time",
    "midnights_over_92": "share of midnights with over 92 % of spaces in use",
}
"""Column -> meaning."""


class _Table:
    """The statistics of one window, by group: a service, or a service and a level of an attribute."""

    def __init__(self, window: Window, attribute: int | None, beyond: Sequence[float]) -> None:
        self.w = window
        self.n_levels = 1 if attribute is None else len(window.spec.attributes[attribute].levels)
        self.level = None if attribute is None else window.levels(attribute)
        self.n = window.n_services * self.n_levels
        self.beyond = tuple(beyond)
        self.minute = window.ticks_per_minute
        self.length = window.end - window.start
        self.days = self.length / window.ticks_per_day
        self.keys = self.keys_of(window.visits.service, slice(None))

    def columns(self) -> dict[str, Floats]:
        found = {**self._counts(), **self._averages(), **self._waits(), **self._lengths(), **self._levels()}
        order = [*COLUMNS, *(name for name in found if name not in COLUMNS)]
        return {name: found[name] for name in order}

    # ------------------------------------------------------------- tools

    def keys_of(self, service: Ints | Codes, rows: Ints | Codes | slice) -> Ints | Codes:
        return service if self.level is None else service * self.n_levels + self.level[rows]

    def number(self, name: str) -> Floats:
        """Return the mean number open of the stretches a window calls so."""
        w = self.w
        if self.level is None:
            area = w.areas(name, w.edges)
        else:
            found: Intervals = getattr(w, name)
            keys = self.keys_of(found.service, found.row)
            area = areas(keys, self.n, found.start, found.stop, found.weight, w.edges)
        return np.asarray(area[:, 0] / self.length, dtype=np.float64)

    def patients(self, name: str) -> Floats:
        """Return the mean number of patients who are what a window calls so, time back in the queue counted too."""
        x = self.w.paused(name)
        back = areas(self.keys_of(x.service, x.row), self.n, x.start, x.stop, x.weight, self.w.edges)[:, 0]
        return np.asarray((self._stays[1][name] + back) / self.length)

    def by_group(self, stretches: Intervals) -> Intervals:
        """Return stretches with their groups for services."""
        return replace(stretches, service=codes(self.keys_of(stretches.service, stretches.row)))

    @cached_property
    def _by_group(self) -> Intervals:
        """Spaces (or visits a day) in use, by group of patients."""
        return self.by_group(joined(*(used_at(self.w, s, by_package=True) for s in range(self.w.n_services)), EMPTY))

    @cached_property
    def _used(self) -> Floats:
        """Mean spaces (or visits a day) in use, by group."""
        w = self.w
        mean = self.number("in_use")
        is_split, here = self.level is not None, np.flatnonzero(w.by_visits).tolist()
        days = self.by_group(joined(*(used_at(w, s, by_package=is_split) for s in here), EMPTY))
        made = areas(days.service, self.n, days.start, days.stop, days.weight, w.edges)[:, 0] / self.length
        return np.where(np.repeat(w.by_visits, self.n_levels), made, mean)

    # ------------------------------------------------------------- columns

    @cached_property
    def _stays(self) -> tuple[dict[str, Floats], dict[str, Ints], Floats, Ints, list[tuple[int, int]]]:
        """Counts, times and waits of visits by group: see ``station_loops.stays``."""
        w, v, o = self.w, self.w.visits, Outcome
        ended = w.blocked.where(w.blocked.stop < FAR)
        blocked = counted(whole(ended.row), len(v.patient), ended.stop - ended.start)
        room = w.by_service[1] if self.level is None else visit_loops.by_service(codes(self.keys), self.n)[1]
        count, total, power, waits, last = station_loops.stays(
            codes(self.keys),
            room,
            (w.start, w.end),
            float(self.minute),
            w.n_services,
            (int(o.SERVED), int(o.REFUSED), int(o.BAULKED), int(o.RENEGED), int(o.IN_PROGRESS)),
            (whole(v.queued), whole(v.started), whole(v.ready), whole(v.left), whole(v.interrupted)),
            (codes(v.outcome), codes(v.origin), codes(v.destination), codes(v.initial)),
            (w.has_started, w.is_placed),
            blocked,
        )
        counts = dict(zip(station_loops.COUNTS, count.T.astype(float), strict=True))
        times = dict(zip(station_loops.TIMES, total.T, strict=True))
        return counts, times, power.T, waits, list(zip(room[:-1].tolist(), last.tolist(), strict=True))

    def _counts(self) -> dict[str, Floats]:
        count = self._stays[0]
        came, done = count["arrived"], count["done"]
        lost = {f"{how}_share": divided(count[how], count["known"]) for how in ("refused", "baulked", "reneged")}
        return {
            "arrivals": came,
            "external": count["external"],
            "transfers": came - count["external"],
            "arrivals_per_day": came / self.days,
            "started": count["began"],
            "completed": done,
            "throughput_per_day": done / self.days,
            **lost,
            "lost_share": np.sum(list(lost.values()), axis=0),
        }

    def _averages(self) -> dict[str, Floats]:
        w = self.w
        spaces = np.where(w.is_unlimited, np.nan, w.areas("capacity", w.edges)[:, 0] / self.length)
        spaces = np.repeat(spaces, self.n_levels)
        visits = np.repeat(w.by_visits, self.n_levels)
        waiting = self.patients("waiting")
        return {
            "capacity": spaces,
            "utilisation": divided(self._used, spaces),
            "mean_in_use": self.number("in_use"),
            "mean_visits_per_day": np.where(visits, self._used, np.nan),
            "mean_treated": self.patients("treated"),
            "mean_blocked": self.number("blocked"),
            "share_time_blocked": self._any(w.blocked),
            "mean_delayed": self.number("delayed_patients"),
            "mean_waiting": waiting,
            "mean_in_system": waiting + self.patients("in_use_patients"),
        }

    def _any(self, stretches: Intervals) -> Floats:
        keys, x = self.keys_of(stretches.service, stretches.row), stretches
        order = stable_order(x.start)
        spent = station_loops.covered(codes(keys), self.n, x.start, x.stop, order, self.w.start, self.w.end)
        return np.asarray(spent / self.length)

    def _waits(self) -> dict[str, Floats]:
        count, total, (waited, squares), waits, ends = self._stays
        mean = divided(waited, count["started"])
        spread = np.maximum(divided(squares, count["started"]) - mean**2, 0)
        quantiles = quantiles_by_key(waits, ends, (0.5, 0.9, 0.95), self.minute)
        over = {m: [float((waits[a:b] / self.minute > m).sum()) for a, b in ends] for m in self.beyond}
        return {
            "wait_mean": mean,
            "wait_sd": np.sqrt(spread),
            **dict(zip(("wait_p50", "wait_p90", "wait_p95"), quantiles, strict=True)),
            "p_wait": divided(count["waited"], count["either"]),
            "wait_mean_queueing": divided(total["either"] / self.minute, count["either"]),
            "wait_mean_reneged": divided(total["reneged"] / self.minute, count["reneged"]),
            "wait_mean_started": divided(total["began"] / self.minute, count["began"]),
            **{f"p_wait_over_{m:g}": divided(number, count["started"]) for m, number in over.items()},
        }

    def _lengths(self) -> dict[str, Floats]:
        count, total = self._stays[:2]
        done, onward, blocked = count["served"], count["onward"], total["blocked"] / self.minute
        return {
            "service_mean": divided(total["service"] / self.minute, done),
            "care_mean": divided(total["care"] / self.minute, done),
            "time_in_system_mean": divided(total["in system"] / self.minute, done),
            "blocked_mean": divided(blocked, done),
            "p_blocked": divided(count["blocked"], done),
            "blocked_mean_transferred": divided(total["blocked onward"] / self.minute, onward),
            "p_blocked_transferred": divided(count["blocked onward"], onward),
            "blocked_mean_blocked": divided(blocked, count["blocked"]),
        }

    def _levels(self) -> dict[str, Floats]:
        w = self.w
        found = in_use(w) if self.level is None else open_by_group(w, self._by_group, self.n)
        p50, p95 = found.quantiles.T
        spaces = np.repeat(spaces_at_midnights(w), self.n_levels, axis=0)
        over = (found.at_midnights > 0.92 * spaces).mean(axis=1) if len(w.midnights) else np.nan
        unlimited = np.repeat(w.is_unlimited, self.n_levels)
        return {"in_use_p50": p50, "in_use_p95": p95, "midnights_over_92": np.where(unlimited, np.nan, over)}

    @cached_property
    def names(self) -> list[str]:
        return [s.id for s in self.w.spec.services for _ in range(self.n_levels)]


def stations(
    spec: SystemSpec,
    trajectory: Trajectory,
    by: str | None = None,
    beyond: Sequence[float] = (),
    window: tuple[int, int] | None = None,
    seen: Window | None = None,
) -> pd.DataFrame:
    """Return one row a service, and one called ``system``.

    Args:
        spec: the system that was run.
        trajectory: what happened.
        by: attribute to split every service by; a column ``level`` then says which.
        beyond: waits [min] for which a column ``p_wait_over_<minutes>`` gives the share of those who started
            that waited longer.
        window: ticks from which to which, instead of the measured window.
        seen: the trajectory's measured window, if there is one already.

    Returns:
        service, then the columns of ``COLUMNS``. Split by an attribute, a group's utilisation is its part of
        the service's. The system's row has arrivals, completed, mean_in_system and time_in_system_mean: of
        patients who arrive in the window and leave, from arrival to leaving [min].
    """
    if seen is None or window is not None:
        start, end = window or (None, None)
        seen = Window(spec, trajectory, start, end)
    attribute = None if by is None else spec.attribute_index(by)
    return station_columns(seen, attribute, beyond).frame()


def station_columns(window: Window, attribute: int | None = None, beyond: Sequence[float] = ()) -> Tidy:
    """Return the table of ``stations`` by column."""
    table = _Table(window, attribute, beyond)
    columns: dict[str, Words | Floats] = {"service": words_of([*table.names, "system"])}
    if attribute is not None:
        levels = window.spec.attributes[attribute].levels
        known = words_of([level for _ in window.spec.services for level in levels])
        columns["level"] = Words(np.append(known.codes, np.int32(NEVER)), known.words)
    system = _system(window)
    return Tidy(columns | {name: np.append(v, system.get(name, np.nan)) for name, v in table.columns().items()})


def _system(window: Window) -> dict[str, float]:
    p, start, end = window.trajectory.patients, window.start, window.end
    arrived, gone, stayed, completed, inside = station_loops.system(
        whole(p.stream), whole(p.arrival), whole(p.left), start, end
    )
    days = (end - start) / window.ticks_per_day
    return {
        "arrivals": float(arrived),
        "arrivals_per_day": arrived / days,
        "completed": float(completed),
        "throughput_per_day": completed / days,
        "mean_in_system": inside / (end - start),
        "time_in_system_mean": stayed / window.ticks_per_minute / gone if gone else float("nan"),
    }


def staff(spec: SystemSpec, trajectory: Trajectory) -> pd.DataFrame:
    """Return one row a staff pool over the measured window.

    Returns:
        pool, mean_on_duty, mean_busy, utilisation, asked (steps that called for it in the window), wait_mean
        (of those answered, from asked to started [min]).
    """
    import pandas as pd

    w, s, duty = Window(spec, trajectory), trajectory.staffed, trajectory.on_duty
    n = len(spec.staff)
    order = np.lexsort((np.arange(len(duty.tick)), duty.pool))
    tick, pool = duty.tick[order], duty.pool[order]
    stop = np.append(tick[1:], FAR)
    stop[:-1][pool[1:] != pool[:-1]] = FAR
    on = areas(pool, n, tick, stop, duty.number[order], w.edges)[:, 0] / (w.end - w.start)
    began = s.started != NEVER
    ended = np.where(s.ended == NEVER, FAR, s.ended)
    busy = areas(s.pool[began], n, s.started[began], ended[began], s.number[began], w.edges)[:, 0]
    called = w.within(s.asked)
    answered = called & began
    wait = np.bincount(s.pool[answered], weights=(s.started - s.asked)[answered] / w.ticks_per_minute, minlength=n)
    return pd.DataFrame(
        {
            "pool": [p.id for p in spec.staff],
            "mean_on_duty": on,
            "mean_busy": busy / (w.end - w.start),
            "utilisation": divided(busy / (w.end - w.start), on),
            "asked": np.bincount(s.pool[called], minlength=n),
            "wait_mean": divided(wait, np.bincount(s.pool[answered], minlength=n).astype(float)),
        }
    )


def census(spec: SystemSpec, trajectory: Trajectory, ticks: Sequence[int]) -> pd.DataFrame:
    """Return the state of every service at given ticks, each after everything of that instant has happened.

    Returns:
        service, tick, in_use (spaces; visits a day for home care), patients (started, not left), treated, waiting,
        blocked, delayed, capacity (empty if unlimited).
    """
    import pandas as pd

    w = Window(spec, trajectory)
    at = np.array(sorted(ticks), dtype=np.int64)
    states = {
        "in_use": joined(*(used_at(w, s) for s in range(w.n_services)), EMPTY),
        "patients": w.in_use_patients,
        "treated": w.treated,
        "waiting": w.waiting,
        "blocked": w.blocked,
        "delayed": w.delayed_patients,
        "capacity": w.capacity,
    }
    frame = pd.DataFrame(
        {
            "service": np.repeat([s.id for s in spec.services], len(at)),
            "tick": np.tile(at, len(spec.services)),
            **{
                name: levels_at(x.service, w.n_services, x.start, x.stop, x.weight, at).ravel()
                for name, x in states.items()
            },
        }
    )
    frame["capacity"] = frame["capacity"].astype(float).where(~np.repeat(w.is_unlimited, len(at)))
    return frame
