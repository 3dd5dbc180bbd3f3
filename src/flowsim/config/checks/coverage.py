"""The book of coverage speaks of things that exist: keys, measures, interventions, sources."""

from __future__ import annotations

from collections.abc import Iterator

from flowsim.config.checks.registry import Given, check, unknown
from flowsim.config.checks.studies import stackable
from flowsim.config.grammar import dotted, nearest
from flowsim.config.models import Coverage
from flowsim.config.overrides import check_key
from flowsim.config.problems import as_problem, find, value_faults
from flowsim.errors import Problem


def _rows(given: Given) -> Iterator[tuple[str, Coverage]]:
    return ((f"coverage.{name}", item) for name, item in given.config.coverage.items())


@check("coverage_holds", "book")
def coverage_holds(given: Given) -> Iterator[Problem]:
    """A key that holds an item of the documents stands in the YAML."""
    for key, item in _rows(given):
        for held in item.holds:
            path = tuple(held.split("."))
            if find(given.raw, path) is None:
                above = find(given.raw, path[:-1]) if len(path) > 1 else given.raw
                known = [dotted([*path[:-1], name]) for name in above] if isinstance(above, dict) else []
                yield Problem(f"{key}.holds", repr(held), nearest(held, known, "a key of the configuration"))


@check("coverage_measure", "book")
def coverage_measure(given: Given) -> Iterator[Problem]:
    """The measure that shows an item exists, and so does the service whose row of it is meant."""
    for key, item in _rows(given):
        if item.measure not in given.config.measure:
            yield unknown(f"{key}.measure", item.measure, given.config.measure, "a measure")
        known = ("all", *given.config.service, *given.config.staff, *given.config.intervention)
        if item.service not in known:
            yield unknown(f"{key}.service", item.service, known, "all, or a service")


@check("coverage_change", "book")
def coverage_change(given: Given) -> Iterator[Problem]:
    """What is tried exists: an intervention or scenario, or keys with values of the kind they want."""
    for key, item in _rows(given):
        name = item.change.intervention
        if name is not None and name not in stackable(given):
            yield unknown(f"{key}.change.intervention", name, stackable(given), "an intervention or scenario")
        for target, value in item.change.sets.items():
            path = tuple(target.split("."))
            problem = check_key(given.raw, path, may_add=True, value=value)
            found = [problem] if problem is not None else [as_problem(fault) for fault in value_faults(path, value)]
            for fault in found:
                at = target if problem is not None else fault.key
                yield Problem(f"{key}.change.sets.{at}", fault.said, fault.wanted)


@check("coverage_document", "book")
def coverage_document(given: Given) -> Iterator[Problem]:
    """The document that names an item is an entry of the bibliography."""
    for key, item in _rows(given):
        for name in item.document:
            if name not in given.config.source:
                yield unknown(f"{key}.document", name, given.config.source, "a source in conf/source")
