"""What is found once of a system, and kept as long as the system is."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from flowsim.system.spec import SystemSpec

Given = ParamSpec("Given")
Found = TypeVar("Found")


def once_a_system(
    find: Callable[Concatenate[SystemSpec, Given], Found],
) -> Callable[Concatenate[SystemSpec, Given], Found]:
    """Have a function's answers kept: replications of a system ask for the same.

    An answer must not hold the system itself, or neither would ever be let go of. Safe with several threads, of
    which more than one may find the same.
    """
    known: dict[int, tuple[weakref.ref[SystemSpec], dict[tuple[object, ...], Found]]] = {}

    def found(spec: SystemSpec, /, *more: Given.args, **named: Given.kwargs) -> Found:
        # By id: to compare systems takes long. Known only while the system lives, so that no other has its id.
        at = id(spec)
        kept = known.get(at)
        if kept is None or kept[0]() is not spec:

            def let_go(gone: weakref.ref[SystemSpec]) -> None:
                # Unless another system has come to have its id.
                if at in known and known[at][0] is gone:
                    del known[at]

            kept = known[at] = weakref.ref(spec, let_go), {}
        key = (more, *named.items())
        if key not in kept[1]:
            kept[1][key] = find(spec, *more, **named)
        return kept[1][key]

    return wraps(find)(found)
