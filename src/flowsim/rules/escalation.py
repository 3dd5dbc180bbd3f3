"""When surge spaces open and close."""

from __future__ import annotations


def surge_wanted(in_use: int, capacity: int, waiting: int, opens_occupancy: float, opens_waiting: int) -> bool:
    """Whether the trigger for opening holds; occupancy is units in use over ordinary capacity."""
    return in_use >= opens_occupancy * capacity or waiting >= opens_waiting


def surge_over(in_use: int, capacity: int, waiting: int, closes_occupancy: float, opens_waiting: int) -> bool:
    """Whether the surge may close."""
    return in_use < closes_occupancy * capacity and waiting < opens_waiting
