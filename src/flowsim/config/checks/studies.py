"""The book of what may be done: interventions, scenarios, demand levels, measures and the experiment."""

from __future__ import annotations

from collections.abc import Iterator

from flowsim.config.checks.registry import Given, check, unknown
from flowsim.config.grammar import dotted
from flowsim.config.overrides import check_key
from flowsim.config.problems import as_problem, leaves, value_faults
from flowsim.errors import Problem

BASELINE = "baseline"
"""The demand level that changes nothing, where the place does not define it otherwise."""


def demand_levels(given: Given) -> tuple[str, ...]:
    """Return the demand levels there are."""
    return tuple(dict.fromkeys([*given.config.demand, BASELINE]))


def stackable(given: Given) -> tuple[str, ...]:
    """Return the names a scenario stack may hold."""
    return (*given.config.intervention, *given.config.scenario_book)


@check("sets_key", "book")
def sets_key(given: Given) -> Iterator[Problem]:
    """Interventions and scenarios set keys that exist, or a new entry at the end of one that does."""
    for group, book in (("intervention", given.config.intervention), ("scenario_book", given.config.scenario_book)):
        for name, item in book.items():
            for key, value in item.sets.items():
                problem = check_key(given.raw, key.split("."), may_add=True, value=value)
                if problem is not None:
                    yield Problem(f"{group}.{name}.sets.{key}", problem.said, problem.wanted)


@check("sets_value", "book")
def sets_value(given: Given) -> Iterator[Problem]:
    """What interventions and scenarios set is of the kind its key wants, from a source that exists."""
    for group, book in (("intervention", given.config.intervention), ("scenario_book", given.config.scenario_book)):
        for name, item in book.items():
            for key, value in item.sets.items():
                path = tuple(key.split("."))
                for fault in value_faults(path, value):
                    problem = as_problem(fault)
                    yield Problem(f"{group}.{name}.sets.{problem.key}", problem.said, problem.wanted)
                for below, said in leaves(value):
                    if below[-1:] == ("source",) and isinstance(said, str) and said not in given.config.source:
                        at = f"{group}.{name}.sets.{dotted((*path, *below))}"
                        yield unknown(at, said, given.config.source, "a source in conf/source")


@check("ramp_from", "book")
def ramp_from(given: Given) -> Iterator[Problem]:
    """A ramp starts at a date."""
    for name, item in given.config.intervention.items():
        if item.ramp is not None and item.starts is None:
            yield Problem(f"intervention.{name}.from", "nothing", "the date at which the ramp starts")


@check("overrules", "book")
def overrules(given: Given) -> Iterator[Problem]:
    """What is overruled exists."""
    for group, book in (("intervention", given.config.intervention), ("scenario_book", given.config.scenario_book)):
        for name, item in book.items():
            for other in item.overrules:
                if other not in stackable(given):
                    yield unknown(f"{group}.{name}.overrules", other, stackable(given), "an intervention or scenario")


@check("scenario_interventions", "book")
def scenario_interventions(given: Given) -> Iterator[Problem]:
    """A scenario is made of interventions that exist, and has a name of its own."""
    for name, item in given.config.scenario_book.items():
        for other in item.interventions:
            if other not in given.config.intervention:
                yield unknown(
                    f"scenario_book.{name}.interventions", other, given.config.intervention, "an intervention"
                )
        if name in given.config.intervention:
            yield Problem(f"scenario_book.{name}", repr(name), "a name that no intervention has")


@check("scenario_in_force", "book")
def scenario_in_force(given: Given) -> Iterator[Problem]:
    """What is in force exists."""
    for name in given.config.scenario:
        if name not in stackable(given):
            yield unknown("scenario", name, stackable(given), "an intervention or scenario")


@check("demand_streams", "book")
def demand_streams(given: Given) -> Iterator[Problem]:
    """Demand levels change streams that exist."""
    known = ("all", *given.config.stream)
    for name, item in given.config.demand.items():
        for stream in item.factors:
            if stream not in known:
                yield unknown(f"demand.{name}.factors.{stream}", stream, known, "a stream, or all")
        for stream in item.surge_streams:
            if stream not in known:
                yield unknown(f"demand.{name}.surge_streams", stream, known, "a stream, or all")


@check("experiment_arms", "book")
def experiment_arms(given: Given) -> Iterator[Problem]:
    """An experiment's arms are made of interventions and scenarios that exist."""
    experiment = given.config.experiment
    if experiment is None:
        return
    for arm, stack in experiment.arms.items():
        for name in stack:
            if name not in stackable(given):
                yield unknown(f"experiment.arms.{arm}", name, stackable(given), "an intervention or scenario")
    for arm in experiment.arm_labels:
        if arm not in experiment.arms:
            yield unknown(f"experiment.arm_labels.{arm}", arm, experiment.arms, "an arm")


@check("experiment_against", "book")
def experiment_against(given: Given) -> Iterator[Problem]:
    """An experiment compares against one of its arms."""
    experiment = given.config.experiment
    if experiment is not None and experiment.against not in experiment.arms:
        yield unknown("experiment.against", experiment.against, experiment.arms, "an arm")


@check("experiment_demand", "book")
def experiment_demand(given: Given) -> Iterator[Problem]:
    """An experiment's demand levels exist, and a run keeps some of them."""
    experiment = given.config.experiment
    if experiment is None:
        return
    known = demand_levels(given)
    for name in experiment.demand:
        if name not in known:
            yield unknown("experiment.demand", name, known, "a demand level")
    for name in given.config.run.demand or ():
        if name not in experiment.demand:
            yield unknown("run.demand", name, experiment.demand, "a demand level of the experiment")


@check("experiment_watches", "book")
def experiment_watches(given: Given) -> Iterator[Problem]:
    """An experiment watches and decides by measures that exist."""
    experiment = given.config.experiment
    if experiment is None:
        return
    decide = [("decide_by", experiment.decide_by)] if experiment.decide_by else []
    for key, name in [("watches", watched) for watched in experiment.watches] + decide:
        if name not in given.config.measure:
            yield unknown(f"experiment.{key}", name, given.config.measure, "a measure")


@check("measure_services", "book")
def measure_services(given: Given) -> Iterator[Problem]:
    """Measures look at services that exist."""
    for name, item in given.config.measure.items():
        for service in item.services:
            if service not in given.config.service:
                yield unknown(f"measure.{name}.services", service, given.config.service, "a service")
