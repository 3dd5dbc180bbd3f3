"""Which step of a service may come next, as far as the specification alone can tell."""

from __future__ import annotations

from flowsim.system.spec import BY_DESTINATION, NONE, ServiceSpec, StepSpec, Table


def next_steps(service: ServiceSpec, start: int, leaving: bool, places: int) -> Table[int]:
    """Return the first step that need not be skipped, by destination; NONE where there is none.

    Args:
        service: the service.
        start: the position from which steps are looked at.
        leaving: whether steps of leaving are wanted, or of care.
        places: how many destinations there are.
    """
    later = range(start, len(service.steps))
    steps = [(k, service.steps[k]) for k in later if service.steps[k].leaving is leaving]
    is_package = service.visits is not None and not leaving

    def first(to: int) -> int:
        return next((k for k, step in steps if is_package or not is_never_needed(step, to)), NONE)

    rows = tuple(first(to) for to in range(places))
    if len(set(rows)) == 1:
        return Table((), (), rows[:1])
    return Table((BY_DESTINATION,), (places,), rows)


def is_never_needed(step: StepSpec, to: int) -> bool:
    """Whether nobody with a destination needs a step."""
    share = step.share
    if share is None or share.periods > 1 or share.by not in ((), (BY_DESTINATION,)):
        return False
    return share.rows[to if share.by else 0] <= 0.0
