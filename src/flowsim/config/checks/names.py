"""Names that must exist: sources, providers, payers, staff, profiles, reasons."""

from __future__ import annotations

import math
from collections.abc import Iterator

from flowsim.config.checks.registry import Given, check, unknown
from flowsim.config.models import Service
from flowsim.config.quantities import Quantity
from flowsim.errors import Problem
from flowsim.units import Dimension

BODIES = ("nhs", "social_care", "both")
"""Bodies responsible for delay that every place has."""
_SIGNED = (".add", ".meanlog")
"""Ends of the keys of numbers that may be negative."""
_NEVER_NEGATIVE = (Dimension.COUNT, Dimension.DURATION, Dimension.RATE, Dimension.SHARE, Dimension.NUMBER)
ROLES = (
    "ae", "utc", "ward", "sdec", "single_point_of_access", "rapid_response", "frailty", "step_up",
    "intermediate_care", "reablement", "home_care", "care_home", "home",
    "ambulance", "primary_care", "community", "case_management", "rehabilitation", "mental_health",
    "mental_health_ward", "social_care", "housing", "prevention", "other",
)  # fmt: skip
"""What kind of place a service is; measures find services by it."""


@check("source")
def source(given: Given) -> Iterator[Problem]:
    """A source is an entry of the bibliography, a scenario, a step between years or the command line."""
    for path, node in given.with_field("source"):
        name = node.source
        if (
            isinstance(name, str)
            and name not in given.config.source
            and not name.startswith(("scenario:", "year:"))
            and name != "command line"
        ):
            yield unknown(f"{path}.source", name, given.config.source, "a source in conf/source")


@check("negative")
def negative(given: Given) -> Iterator[Problem]:
    """Factors, weights and coefficients are not negative; nor is the range of what cannot be."""
    for path, node in given.of(Quantity):
        if path.endswith(_SIGNED):
            continue
        if node.dimension is Dimension.NUMBER and node.value < 0:
            yield Problem(path, repr(node.said), "a number of 0 or more")
        for name, value in (("low", node.low), ("high", node.high)):
            if value is not None and value < 0 and node.dimension in _NEVER_NEGATIVE:
                yield Problem(f"{path}.{name}", f"{value:g}", f"{node.dimension.label} of 0 or more")


@check("range_holds")
def range_holds(given: Given) -> Iterator[Problem]:
    """A number lies within its range."""
    for path, node in given.of(Quantity):
        low, high = (-math.inf if node.low is None else node.low), (math.inf if node.high is None else node.high)
        if low <= high and not low <= node.value <= high:
            yield Problem(path, repr(node.said), "a number from its low to its high, or another range")


@check("provider")
def provider(given: Given) -> Iterator[Problem]:
    """A provider of a service or staff pool is one the place names."""
    for group, things in (("service", given.config.service), ("staff", given.config.staff)):
        for name, thing in things.items():
            if thing.provider and thing.provider not in given.config.place.providers:
                yield unknown(
                    f"{group}.{name}.provider", thing.provider, given.config.place.providers, "a provider of the place"
                )


@check("hub")
def hub(given: Given) -> Iterator[Problem]:
    """A hub is one the place names."""
    for name, service in given.config.service.items():
        if service.hub and service.hub not in given.config.place.hubs:
            yield unknown(f"service.{name}.hub", service.hub, given.config.place.hubs, "a hub of the place")


@check("role")
def role(given: Given) -> Iterator[Problem]:
    """A role is one that measures know."""
    for name, service in given.config.service.items():
        if service.role not in ROLES:
            yield unknown(f"service.{name}.role", service.role, ROLES, "a role")


@check("staff_pool")
def staff_pool(given: Given) -> Iterator[Problem]:
    """Steps need staff of pools that exist and are enabled."""
    pools = {name for name, pool in given.config.staff.items() if pool.enabled}
    for key, service in _services(given):
        for part, steps in (("steps", service.steps), ("leaving", service.leaving)):
            for name, step in steps.items():
                for pool in step.staff:
                    if step.enabled and pool not in pools:
                        yield unknown(f"{key}.{part}.{name}.staff.{pool}", pool, sorted(pools), "a staff pool")


@check("profile")
def profile(given: Given) -> Iterator[Problem]:
    """A stream's profile exists."""
    for name, stream in given.config.stream.items():
        if stream.profile is not None and stream.profile not in given.config.profile:
            yield unknown(f"stream.{name}.profile", stream.profile, given.config.profile, "a profile")


def _reasons(given: Given) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) wherever a service names one."""
    for key, service in _services(given):
        for part, steps in (("steps", service.steps), ("leaving", service.leaving)):
            for name, step in steps.items():
                if step.reason is not None:
                    yield f"{key}.{part}.{name}.reason", step.reason
        if service.waiting_for_this is not None:
            yield f"{key}.waiting_for_this.reason", service.waiting_for_this.reason


@check("reason")
def reason(given: Given) -> Iterator[Problem]:
    """A reason of delay exists."""
    for key, name in _reasons(given):
        if name not in given.config.reason:
            yield unknown(key, name, given.config.reason, "a delay reason")


@check("body")
def body(given: Given) -> Iterator[Problem]:
    """The body responsible for a delay is nhs, social_care, both, or one the place names."""
    known = tuple(dict.fromkeys([*BODIES, *given.config.place.bodies]))
    for name in dict.fromkeys(name for _, name in _reasons(given)):
        item = given.config.reason.get(name)
        if item is not None and item.body not in known:
            yield unknown(f"reason.{name}.body", item.body, known, "a responsible body")


@check("payer")
def payer(given: Given) -> Iterator[Problem]:
    """Who pays is named by the place."""
    known = given.config.place.payers
    for path, node in given.with_field("payer"):
        for name in [node.payer] if isinstance(node.payer, str) else node.payer:
            if name not in known:
                yield unknown(f"{path}.payer", name, known, "a payer of the place")


@check("cost_of")
def cost_of(given: Given) -> Iterator[Problem]:
    """Costs belong to a service or a staff pool."""
    for name in given.config.cost:
        if name not in given.config.service and name not in given.config.staff:
            yield unknown(f"cost.{name}", name, [*given.config.service, *given.config.staff], "a service or staff pool")


def _services(given: Given) -> Iterator[tuple[str, Service]]:
    return ((f"service.{name}", service) for name, service in given.services.items())
