"""Services, steps and staff that could not work as written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from flowsim.config.checks.registry import Given, check
from flowsim.config.models import Change, Distribution, Service, Step, Weekly
from flowsim.config.quantities import Count
from flowsim.errors import Problem

_OCCUPANCY = r"occupancy\s*{op}\s*\d+(\.\d+)?\s*%"
_OPENS = re.compile(rf"(?:{_OCCUPANCY.format(op='>=')}|waiting\s*>=\s*\d+)")
_CLOSES = re.compile(_OCCUPANCY.format(op="<"))


def _steps(service: Service) -> Iterator[tuple[str, Step]]:
    for part, steps in (("steps", service.steps), ("leaving", service.leaving)):
        for name, step in steps.items():
            if step.enabled:
                yield f"{part}.{name}", step


@check("capacity_names")
def capacity_names(given: Given) -> Iterator[Problem]:
    """A service has one kind of space."""
    for name, service in given.config.service.items():
        if len(service.capacity) != 1:
            said = " and ".join(service.capacity) or "nothing"
            yield Problem(f"service.{name}.capacity", said, "one kind of space, e.g. {beds: 19}")


@check("change_form")
def change_form(given: Given) -> Iterator[Problem]:
    """A dated change either sets a level or adds to it."""
    for path, node in given.of(Change):
        if (node.set is None) == (node.add is None):
            yield Problem(path, "neither set nor add" if node.set is None else "both set and add", "either set or add")


@check("capacity_below_zero")
def capacity_below_zero(given: Given) -> Iterator[Problem]:
    """Dated changes do not take capacity or staff below nothing."""
    levels = [
        (f"service.{n}", level, s.changes) for n, s in given.config.service.items() for level in s.capacity.values()
    ]
    levels += [(f"staff.{n}", pool.rota, pool.changes) for n, pool in given.config.staff.items()]
    for key, level, changes in levels:
        for name, change in changes.items():
            if change.add is not None and _highest(level) + change.add.value < 0:
                yield Problem(f"{key}.changes.{name}.add", repr(change.add.said), f"no fewer than -{_highest(level):g}")


def _highest(level: Count | Weekly) -> float:
    if isinstance(level, Weekly):
        return max((count.value for times in level.days.values() for count in times.values()), default=0.0)
    return level.value


@check("visit_plan")
def visit_plan(given: Given) -> Iterator[Problem]:
    """A service of visits says how many visits a day, and no other does."""
    for name, service in given.config.service.items():
        if service.kind == "visits" and service.visits is None:
            yield Problem(f"service.{name}.visits", "nothing", "first and last visits a day, as kind is visits")
        if service.kind == "spaces" and service.visits is not None:
            yield Problem(f"service.{name}.kind", "'spaces'", "kind: visits, as visits are given")


@check("preempts")
def preempts(given: Given) -> Iterator[Problem]:
    """A service that interrupts patients has one step of care, no staff and no steps of leaving."""
    for name, service in given.services.items():
        said = _against_preemption(service)
        if service.admits.preempts and said:
            yield Problem(
                f"service.{name}.admits.preempts", f"true, with {said}", "one step of care, without staff or leaving"
            )
        if service.admits.when_capacity_falls == "interrupt" and said:
            yield Problem(
                f"service.{name}.admits.when_capacity_falls",
                f"interrupt, with {said}",
                "one step of care, without staff or leaving",
            )


def _against_preemption(service: Service) -> str:
    care = [step for step in service.steps.values() if step.enabled]
    if len(care) != 1:
        return f"{len(care)} steps"
    if care[0].staff:
        return "staff"
    return "leaving" if any(step.enabled for step in service.leaving.values()) else ""


@check("step_time")
def step_time(given: Given) -> Iterator[Problem]:
    """A step takes a duration or ends by the clock, not both."""
    for name, service in given.services.items():
        for key, step in _steps(service):
            if (step.duration is None) == (step.departure is None):
                said = "neither duration nor departure" if step.duration is None else "both duration and departure"
                yield Problem(f"service.{name}.{key}", said, "either duration or departure")


@check("departure_staff")
def departure_staff(given: Given) -> Iterator[Problem]:
    """A step that ends by the clock holds no staff."""
    for name, service in given.services.items():
        for key, step in _steps(service):
            if step.departure is not None and step.staff:
                yield Problem(f"service.{name}.{key}.staff", ", ".join(step.staff), "no staff with departure")


@check("no_staff_ever")
def no_staff_ever(given: Given) -> Iterator[Problem]:
    """Staff whom patients must wait for are on duty at some time, unless the service has no room for anybody."""
    for name, service in given.services.items():
        if (
            service.capacity
            and all(_highest(level) == 0 for level in service.capacity.values())
            and not service.changes
        ):
            continue
        for key, step in _steps(service):
            for pool_name in step.staff:
                pool = given.config.staff.get(pool_name)
                if pool is not None and _highest(pool.rota) == 0 and not pool.changes:
                    yield Problem(
                        f"service.{name}.{key}.staff.{pool_name}",
                        "a rota of 0",
                        f"somebody on duty in staff.{pool_name}.rota",
                    )


@check("surge_rule")
def surge_rule(given: Given) -> Iterator[Problem]:
    """Surge spaces open and close by rules that can be read."""
    for name, service in given.config.service.items():
        if service.surge is None:
            continue
        key, surge = f"service.{name}.surge", service.surge
        if not all(_OPENS.fullmatch(part.strip()) for part in surge.opens_when.split(" or ")):
            yield Problem(
                f"{key}.opens_when", repr(surge.opens_when), '"occupancy >= 97 %", "waiting >= 5", or both with or'
            )
        if not _CLOSES.fullmatch(surge.closes_when.strip()):
            yield Problem(f"{key}.closes_when", repr(surge.closes_when), '"occupancy < 92 %"')


@check("surge_hysteresis")
def surge_hysteresis(given: Given) -> Iterator[Problem]:
    """Surge spaces close at a lower occupancy than they open."""
    for name, service in given.config.service.items():
        if service.surge is None:
            continue
        opens = re.search(r"occupancy\s*>=\s*([\d.]+)", service.surge.opens_when)
        closes = re.search(r"occupancy\s*<\s*([\d.]+)", service.surge.closes_when)
        if opens and closes and float(closes.group(1)) > float(opens.group(1)):
            wanted = f"an occupancy no higher than that of opens_when, {opens.group(1)} %"
            yield Problem(f"service.{name}.surge.closes_when", repr(service.surge.closes_when), wanted)


@check("balks_form")
def balks_form(given: Given) -> Iterator[Problem]:
    """Balking is by plus or by a table of the number waiting."""
    for name, service in given.config.service.items():
        balks = service.balks
        if balks is None:
            continue
        if (balks.plus is None) == (balks.join is None):
            said = "neither plus nor join" if balks.plus is None else "both plus and join"
            yield Problem(f"service.{name}.balks", said, "either plus or join")
        for number in balks.join or ():
            if not number.isdigit():
                yield Problem(f"service.{name}.balks.join.{number}", repr(number), "the number waiting, e.g. 0")


_NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "constant": (("value",),),
    "exponential": (("mean",),),
    "lognormal": (("mean", "sd"), ("mean", "cv"), ("median", "mean"), ("meanlog", "sdlog", "unit")),
    "gamma": (("mean", "shape"), ("mean", "sd"), ("mean", "cv")),
    "weibull": (("mean", "shape"),),
    "uniform": (("low", "high"),),
    "triangular": (("low", "mode", "high"),),
    "normal": (("mean", "sd"), ("mean", "cv")),
    "geometric": (("unit", "ends"),),
    "discrete": (("values",),),
}
_OPTIONAL = {"kind", "at_least", "at_most", "times", "source", "note"}


@check("distribution")
def distribution(given: Given) -> Iterator[Problem]:
    """A distribution has the parameters of its kind, and no others."""
    for path, node in given.of(Distribution):
        given_ones = {n for n in Distribution.model_fields if n not in _OPTIONAL and getattr(node, n) is not None}
        ways = _NEEDS[node.kind]
        if not any(given_ones == set(way) for way in ways):
            written = ", ".join(name for name in Distribution.model_fields if name in given_ones)
            yield Problem(
                path, f"{node.kind} with {written or 'nothing'}", " or ".join(" and ".join(way) for way in ways)
            )


@check("distribution_range")
def distribution_range(given: Given) -> Iterator[Problem]:
    """Parameters of a distribution can be: low below high, mean above 0."""
    for path, node in given.of(Distribution):
        for one, other in (("low", "high"), ("low", "mode"), ("mode", "high")):
            if _only(node, one) > _only(node, other):
                yield Problem(f"{path}.{one}", repr(getattr(node, one).cases[0][1].said), f"no more than {other}")
        if node.at_least and node.at_most and node.at_least.value > node.at_most.value:
            yield Problem(f"{path}.at_least", repr(node.at_least.said), "no more than at_most")
        for name in ("mean", "median", "shape"):
            table = getattr(node, name)
            for value in table.values() if table is not None else ():
                if value.value <= 0 and not (name == "mean" and node.kind in ("normal", "exponential")):
                    yield Problem(f"{path}.{name}", repr(value.said), "more than 0")
        if node.median and _only(node, "median") >= _only(node, "mean"):
            yield Problem(f"{path}.median", repr(node.median.cases[0][1].said), "less than the mean")


def _only(node: Distribution, name: str) -> float:
    """Return a parameter's value where it is one for everyone, else not a number (which compares false)."""
    table = getattr(node, name)
    return math.nan if table is None or table.by else table.cases[0][1].value
