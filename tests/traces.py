"""Reading a trajectory as a person would: hours by patient, for hand traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowsim.engine.reference import run
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import NEVER, Trajectory
from tests.build import spec_of


def listed(*arrivals: tuple[float, Mapping[str, str]] | float, to: str = "ward") -> dict[str, Any]:
    """Return a stream of arrivals written out: hours, or (hours, attributes)."""
    at = {}
    for n, arrival in enumerate(arrivals):
        hours, attributes = arrival if isinstance(arrival, tuple) else (arrival, {})
        at[f"p{n + 1}"] = {"at": f"{hours} h", "attributes": dict(attributes)}
    return {"at": at, "to": to}


def ward(beds: object = 1, hours: object = 5, **more: Any) -> dict[str, Any]:
    """Return a service with one care step of constant length."""
    duration = hours if isinstance(hours, dict) else f"{hours} h"
    return {"capacity": {"beds": beds}, "steps": {"care": {"duration": duration}}, **more}


def network(
    stream: Mapping[str, Any], service: Mapping[str, Any], pathway: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Return a network with one stream; services go home unless said otherwise."""
    routes = {name: {"rest": "home"} for name in service}
    return {"stream": {"s": stream}, "service": dict(service), "pathway": {**routes, **(pathway or {})}, **more}


class Trace:
    """A trajectory read in hours, patients numbered from 1 as they arrive."""

    def __init__(self, net: Mapping[str, Any], **settings: Any) -> None:
        self.spec: SystemSpec = spec_of(net, **{"duration": "10 d", **settings})
        self.got: Trajectory = run(self.spec, 0)
        self._hour = 60 * self.spec.clock.ticks_per_minute

    def hours(self, column: str, service: str = "ward") -> list[float | None]:
        """Return a column of the visits to a service, in order of joining."""
        at = self.got.visits.service == self.spec.service_index(service)
        values = getattr(self.got.visits, column)[at]
        return [None if v == NEVER else v / self._hour for v in values.tolist()]

    def values(self, column: str, service: str = "ward") -> list[int]:
        """Return a column that is no time."""
        at = self.got.visits.service == self.spec.service_index(service)
        return list(getattr(self.got.visits, column)[at].tolist())

    def exits(self) -> list[str | None]:
        """Return how each patient left, by id of the exit."""
        return [None if e == NEVER else self.spec.place_name(e) for e in self.got.patients.exit.tolist()]

    def delays(self) -> list[tuple[str, str | None, float, float | None]]:
        """Return (service, reason, from, until) of every episode."""
        d, out = self.got.delays, []
        for service, reason, start, until in zip(d.service, d.reason, d.start, d.until, strict=True):
            name = None if reason < 0 else self.spec.reasons[reason].id
            end = None if until == NEVER else until / self._hour
            out.append((self.spec.services[service].id, name, start / self._hour, end))
        return out
