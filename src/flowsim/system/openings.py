"""When services are open, against when patients come: what shares find one open."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flowsim.system.curves import Floats, Ints, of_steps
from flowsim.system.spec import NONE, Steps, StreamSpec, SystemSpec

SOON = 720.0
"""Mean minutes up to which patients leave a service about when they came; later ones leave at any time."""


class Openings:
    """Opening hours in a window, and when patients come.

    Time is cut into pieces at which no service opens or closes. Arrivals come as the rate of their stream
    says. Patients from a service with short stays come when they came to it, and others at any time: both
    are approximate.

    Attributes:
        start, end: of the window [ticks].
        open: by service and piece, 1 where it admits.
    """

    def __init__(self, spec: SystemSpec, start: int, end: int) -> None:
        self.start, self.end = start, end
        self._closes = [service.when_closed != NONE for service in spec.services]
        edges = _edges([service.admitting for service in spec.services], start, end)
        self.open = np.array([of_steps(service.admitting).sample(edges[:-1]) for service in spec.services])
        lengths = np.diff(edges).astype(np.float64)
        self._any_time = lengths / max(lengths.sum(), 1.0)
        self._when = {-1 - i: _shares(_numbers(stream, edges)) for i, stream in enumerate(spec.streams)}

    def when(self, source: int) -> Floats:
        """Return the shares of patients from a source (a service, or ``-1 - stream``) that come in each piece."""
        found = self._when.get(source)
        return self._any_time if found is None else found

    def share_open(self, place: int, source: int) -> float:
        """Return the share of patients from a source who come while a service is open."""
        return float(self.when(source) @ self.open[place])

    def follow(self, inflows: Mapping[tuple[int, int], float], minutes: Floats) -> float:
        """Take over from flows when patients leave services; return the most that a share changes.

        Args:
            inflows: patients per minute by (service, source).
            minutes: mean time in each service.
        """
        if len(self._any_time) == 1:
            return 0.0
        found: dict[int, Floats] = {}
        for (place, source), flow in inflows.items():
            if minutes[place] <= SOON:
                comes = flow * self.when(source)
                found[place] = found.get(place, 0.0) + (comes * self.open[place] if self._closes[place] else comes)
        change = 0.0
        for place, numbers in found.items():
            shares = _shares(numbers)
            if shares is not None:
                change = max(change, float(np.abs(shares - self.when(place)).sum()))
                self._when[place] = shares
        return change


def _edges(curves: list[Steps], start: int, end: int) -> Ints:
    """Return the window's start and end and every tick between at which a curve changes."""
    ticks = [np.asarray(curve.ticks, dtype=np.int64) for curve in curves]
    inside = [each[(each > start) & (each < end)] for each in ticks]
    return np.unique(np.concatenate((np.array([start, end], dtype=np.int64), *inside)))


def _numbers(stream: StreamSpec, edges: Ints) -> Floats:
    """Return how many come between edges, up to a factor."""
    if stream.kind == "listed":
        found, _ = np.histogram([one.tick for one in stream.listed], edges)
        return found.astype(np.float64)
    if stream.kind == "renewal":
        return np.diff(edges).astype(np.float64)
    curve = of_steps(stream.rate)
    upto = np.concatenate(([0.0], np.cumsum(np.diff(curve.ticks) * curve.values[:-1])))
    at = np.searchsorted(curve.ticks, edges, side="right") - 1
    return np.diff(upto[at] + (edges - curve.ticks[at]) * curve.values[at])


def _shares(numbers: Floats) -> Floats | None:
    total = float(numbers.sum())
    return numbers / total if total > 0 else None
