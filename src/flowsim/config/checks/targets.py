"""Targets: the measures, services and documents that they name exist."""

from __future__ import annotations

from collections.abc import Iterator

from flowsim.config.checks.registry import Given, check, unknown
from flowsim.errors import Problem


@check("target_names", "book")
def target_names(given: Given) -> Iterator[Problem]:
    """A target is about a measure, services and a document that exist."""
    config = given.config
    items = (*config.service, *config.staff, *config.intervention)
    for name, target in config.target.items():
        if target.document not in config.source:
            yield unknown(f"target.{name}.document", target.document, config.source, "a source in conf/source")
        if target.measure is not None and target.measure not in config.measure:
            yield unknown(f"target.{name}.measure", target.measure, config.measure, "a measure")
        if target.service != "all" and target.service not in config.service:
            yield unknown(f"target.{name}.service", target.service, config.service, "a service, or all")
        for item in target.items:
            if item not in items:
                yield unknown(f"target.{name}.items", item, items, "a service, staff pool or intervention")
