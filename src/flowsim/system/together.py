"""Which of a service's draws are made together when a patient comes: those nearly every visit makes."""

from __future__ import annotations

from collections.abc import Iterable

from flowsim.system.spec import Distribution, ServiceSpec, StepSpec, Table

LANES = 8
"""The most draws that are made together: what fits a line of the processor's cache, and its widest vectors."""
_WORTH = 1.5
"""How many draws a visit must be likely to make: making all together costs as much as one or two alone."""


def drawn_together(service: ServiceSpec) -> tuple[int, ...]:
    """Return the purposes of draws worth making as a visit begins, the likeliest first; none where they are too few.

    What is likely only decides how fast a run is: every draw has its own name, whenever it is made.
    """
    uses = {purpose: share for purpose, share in _uses(service) if share > 0}
    likeliest = sorted(uses, key=lambda purpose: -uses[purpose])[:LANES]
    return tuple(likeliest) if sum(uses[purpose] for purpose in likeliest) >= _WORTH else ()


def _uses(service: ServiceSpec) -> Iterable[tuple[int, float]]:
    """Give each purpose with the share of visits that draw for it, all kinds of patients counted alike."""
    drawn = [branch.rule == "share" and len(branch.destinations) > 1 for branch in service.routing.branches.rows]
    yield service.routing.purpose, _mean(drawn)
    for step in service.steps:
        yield from _uses_of_step(step)
    if service.patience is not None:
        yield service.patience.purpose, _varies(service.patience.duration) / 2
    if service.turnaround is not None:
        yield service.turnaround_purpose, _varies(service.turnaround)


def _uses_of_step(step: StepSpec) -> Iterable[tuple[int, float]]:
    needed = 1.0
    if step.share is not None:
        needed = _mean(step.share.rows)
        yield step.share_purpose, _mean([0.0 < share < 1.0 for share in step.share.rows])
    yield step.purpose, needed * (1.0 if step.departure is not None else _varies(step.duration))


def _varies(durations: Table[Distribution] | None) -> float:
    """Return the share of a table's rows that are no constants."""
    return 0.0 if durations is None else _mean([row.kind != "constant" for row in durations.rows])


def _mean(numbers: Iterable[float]) -> float:
    found = list(numbers)
    return sum(found) / len(found)
