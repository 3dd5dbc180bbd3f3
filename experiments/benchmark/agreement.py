"""Whether the whole network by hand tells the same as the kernel: means of both, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from by_hand import Region

    from flowsim.system.spec import SystemSpec
    from flowsim.trajectory import Trajectory

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SERVED, GAVE_UP, SENT_ON, INSIDE = range(4)
EMERGENCY = ("ae", "utc")
"""Roles of which the four-hour share is told."""


@dataclass(frozen=True)
class Notes:
    """What was noted of every visit; times in minutes, nan where a thing did not happen.

    Attributes:
        patients: who came or were there at the start.
        died: of them.
        delayed: total time [min] for which a reason was noted, by service.
    """

    service: Ints
    arrived: Floats
    started: Floats
    seen: Floats
    ready: Floats
    left: Floats
    ended: Ints
    patients: int
    died: int
    delayed: Floats


def notes_by_hand(region: Region) -> Notes:
    """Return the notes of a run of the network by hand."""
    names = ("service", "arrived", "started", "seen", "ready", "left", "ended")
    columns: dict[str, Any] = {name: np.array([getattr(visit, name) for visit in region.visits]) for name in names}
    delayed = np.zeros(len(region.services))
    for service, _, start, until in region.delays:
        delayed[service] += until - start
    died = region.exits[region.spec.exits.index("died")]
    return Notes(**columns, patients=region.patients, died=died, delayed=delayed)


def notes_of(spec: SystemSpec, got: Trajectory) -> Notes:
    """Return the notes of a trajectory; only delays that have ended count, as by hand."""
    v, per_minute = got.visits, spec.clock.ticks_per_minute

    def minutes(ticks: Ints, is_known: npt.NDArray[np.bool_]) -> Floats:
        return np.where(is_known, ticks / per_minute, np.nan)

    # -1 is "never" but for those there at the start, whose times may lie before it.
    is_later = v.initial == 0
    ended = np.array([SERVED, GAVE_UP, SENT_ON, SENT_ON, INSIDE])[v.outcome]
    over = got.delays.until >= 0
    lengths = (got.delays.until - got.delays.start)[over] / per_minute
    return Notes(
        v.service,
        v.queued / per_minute,
        minutes(v.started, ~is_later | (v.started >= 0)),
        minutes(v.seen, ~is_later | (v.seen >= 0)),
        minutes(v.ready, v.ready >= 0),
        minutes(v.left, v.left >= 0),
        ended,
        got.patients.arrival.size,
        int((got.patients.exit == spec.place_code("died")).sum()),
        np.bincount(got.delays.service[over], lengths, len(spec.services)).astype(np.float64),
    )


def means(spec: SystemSpec, notes: Notes) -> dict[str, float]:
    """Return what is compared: for each role of services, who came, how long they waited and how many were inside."""
    end = spec.end / spec.clock.ticks_per_minute
    out = {"patients": float(notes.patients), "deaths": float(notes.died)}
    roles = np.array([service.role for service in spec.services])
    for role in dict.fromkeys(roles.tolist()):
        here = roles[notes.service] == role
        out |= {f"{role}: {name}": value for name, value in of_role(notes, here, end).items()}
        out[f"{role}: days of delay with a reason"] = float(notes.delayed[roles == role].sum()) / 1440
        if role in EMERGENCY:
            out |= {f"{role}: {name}": value for name, value in of_emergency(notes, here).items()}
    return out


def of_role(notes: Notes, here: npt.NDArray[np.bool_], end: float) -> dict[str, float]:
    """Return the means of some visits."""
    started = here & ~np.isnan(notes.started)
    left = np.where(np.isnan(notes.left), end, notes.left)
    inside = (left - np.maximum(notes.started, 0))[started].sum() / end
    ready = started & ~np.isnan(notes.ready)
    return {
        "came": float(here.sum()),
        "started": float(started.sum()),
        "inside": float(inside),
        "ready to leave": float((left - notes.ready)[ready].sum() / end),
        "wait [min]": mean((notes.started - notes.arrived)[started & (notes.arrived >= 0)]),
    }


def of_emergency(notes: Notes, here: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return how quickly people were seen and through."""
    through = here & ((notes.ended == SERVED) | (notes.ended == GAVE_UP))
    seen = here & ~np.isnan(notes.seen)
    return {
        "share within 4 hours [%]": 100 * mean((notes.left - notes.arrived)[through] <= 240),
        "time to be seen [min]": mean((notes.seen - notes.arrived)[seen]),
        "gave up": float((here & (notes.ended == GAVE_UP)).sum()),
    }


def mean(values: npt.NDArray[Any]) -> float:
    """Return the mean; 0 of nothing."""
    return float(np.mean(values)) if values.size else 0.0


@dataclass(frozen=True)
class Compared:
    """One mean in both: its average over replications and how many standard errors the difference is."""

    name: str
    kernel: float
    by_hand: float
    errors: float


def compare(kernel: Sequence[Mapping[str, float]], by_hand: Sequence[Mapping[str, float]]) -> list[Compared]:
    """Return every mean in both, from replications of each.

    Standard errors are those of the difference, from the variance within both sets pooled: two tellings of one
    network vary alike.
    """
    out = []
    for name in kernel[0]:
        a, b = (np.array([found[name] for found in runs]) for runs in (kernel, by_hand))
        within = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()) / (a.size + b.size - 2)
        error = math.sqrt(within * (1 / a.size + 1 / b.size))
        difference = float(b.mean() - a.mean())
        # What never varies must be the same.
        errors = difference / error if error > 0 else 0.0 if abs(difference) < 1e-9 else math.inf
        out.append(Compared(name, float(a.mean()), float(b.mean()), errors))
    return out
