"""Day keys of weekly schedules: ``mon`` .. ``sun``, ranges, ``every_day`` and ``holidays``."""

from __future__ import annotations

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS = "holidays"
EVERY_DAY = "every_day"


def days_of(key: str) -> tuple[int, ...] | None:
    """Return the weekdays (Monday is 0) a day key names, none for holidays; None if it is no day key.

    Example:
        >>> days_of("fri-mon"), days_of("holidays"), days_of("moon")
        ((4, 5, 6, 0), (), None)
    """
    if key == EVERY_DAY:
        return tuple(range(7))
    if key == HOLIDAYS:
        return ()
    first, dash, last = key.partition("-")
    if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
        return None
    start = WEEKDAYS.index(first)
    length = (WEEKDAYS.index(last) - start) % 7 + 1 if dash else 1
    return tuple((start + i) % 7 for i in range(length))
