"""Who joins a queue, and who may start."""

from __future__ import annotations

from collections.abc import Sequence


def may_start(free: int, takes: int, withheld: int) -> bool:
    """Whether ``takes`` spaces can be had while leaving ``withheld`` free."""
    return takes + withheld <= free


def is_passed_over(free: int, takes: int, withheld: int) -> bool:
    """Whether only a reserve stands in the way, so that those behind may be looked at."""
    return takes <= free < takes + withheld


def joining_probability(waiting: int, join: Sequence[float], plus: float) -> float:
    """Return the probability that an arrival joins with ``waiting`` people waiting.

    Args:
        waiting: people waiting, those in service not counted.
        join: probability by number waiting, the last for any more; empty where ``plus`` rules.
        plus: 1 / (waiting + plus) is the probability; 0 where ``join`` rules.
    """
    if plus > 0:
        return min(1.0, 1.0 / (waiting + plus))
    return join[min(waiting, len(join) - 1)]
