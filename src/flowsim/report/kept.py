"""What several parts of a report need of one result, found once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flowsim.experiment.result import ExperimentResult

Found = TypeVar("Found")


def once_a_result(find: Callable[[ExperimentResult], Found]) -> Callable[[ExperimentResult], Found]:
    """Have what a function finds kept until it is asked about another result; nobody may change what it gives."""
    last: dict[str, Any] = {}

    @wraps(find)
    def found(result: ExperimentResult) -> Found:
        if last.get("result") is not result:
            last.update(found=find(result), result=result)
        kept: Found = last["found"]
        return kept

    return found
