"""What happens to people, per so many of them a year: of the whole place, by hub, by deprivation, and the gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flowsim.errors import ConfigError, Problem
from flowsim.measure import loops, visit_loops
from flowsim.measure.delays import shown
from flowsim.measure.facts import ALL, NO_SPLIT, Facts, Series
from flowsim.measure.flow import REACHED, reached
from flowsim.measure.frames import Floats, Window
from flowsim.measure.integrals import areas, places_in, together
from flowsim.measure.intervals import Flags, Intervals
from flowsim.measure.occupancy import at_positions
from flowsim.measure.records import Levels, meant
from flowsim.measure.registry import NO_FLAGS, Asked, measure_kind
from flowsim.measure.sorting import whole
from flowsim.measure.waits import stamp
from flowsim.trajectory import NEVER, Ints
from flowsim.units import DAYS_PER_YEAR

Count = Callable[[Ints], Floats]
"""Events, or days, by level and period of the edges given."""
NO_LEVELS: Levels = np.zeros(0, dtype=np.int16)
GAPS = ("difference", "ratio", "slope", "relative_slope", "range")


@dataclass(frozen=True, slots=True)
class Rates:
    """Events or days by level of an attribute, to be told per so many people a year.

    Attributes:
        count: gives events or days by level and period.
        levels: names; one without a name where the measure is not divided.
        people: in each level.
        heads: per how many people.
        statistic: ``rate`` or one of ``GAPS``.
        is_rest: whether days elsewhere are told rather than the days counted.
        ticks_per_day: of the run.
    """

    count: Count
    levels: tuple[str, ...]
    people: Floats
    heads: float
    statistic: str
    is_rest: bool
    ticks_per_day: float

    def series(self, edges: Ints, has_parts: bool = True) -> Series:
        """Return rates in all and by level, or one gap, by period."""
        if not len(self.levels):
            return Series((), np.zeros((0, len(edges) - 1)))
        years = np.diff(edges) / (self.ticks_per_day * DAYS_PER_YEAR)
        counted = self.count(edges)
        rates = self._told(counted / self.people[:, None] / years)
        if self.statistic != "rate":
            gaps = [gap(rates[:, p], self.people, self.statistic) for p in range(rates.shape[1])]
            return Series(((ALL, NO_SPLIT),), np.array([gaps], dtype=np.float64))
        total = self._told(counted.sum(axis=0) / self.people.sum() / years)
        if self.levels == (NO_SPLIT,) or not has_parts:
            return Series(((ALL, NO_SPLIT),), total[None, :])
        labels = ((ALL, NO_SPLIT), *((ALL, level) for level in self.levels))
        return Series(labels, np.vstack([total, rates]))

    def _told(self, a_year: Floats) -> Floats:
        return (DAYS_PER_YEAR - a_year if self.is_rest else a_year) * self.heads


def gap(rates: Floats, people: Floats, statistic: str) -> float:
    """Return the gap between levels given from the most deprived to the least.

    Args:
        rates: by level.
        people: by level.
        statistic: ``difference`` (first less last) or ``ratio`` (first over last); ``slope``, the slope index of
            inequality: by the line fitted to rates over each level's middle in the ranking of people (weighted by
            people), the rate at the most deprived end less that at the least deprived; ``relative_slope``, that over
            the mean rate (Mackenbach and Kunst 1997); ``range`` (highest less lowest, for levels without an order).

    Example:
        >>> gap(np.array([5.0, 4.0, 3.0]), np.array([1.0, 1.0, 1.0]), "slope")
        3.0
    """
    if statistic == "difference":
        return float(rates[0] - rates[-1])
    if statistic == "ratio":
        return float(rates[0] / rates[-1]) if rates[-1] > 0 else float("nan")
    if statistic == "range":
        return float(rates.max() - rates.min())
    weight = people / people.sum()
    rank = np.cumsum(weight) - weight / 2
    mean_rate, mean_rank = float(weight @ rates), float(weight @ rank)
    spread = float(weight @ (rank - mean_rank) ** 2)
    if spread == 0:
        return float("nan")
    slope = -float(weight @ ((rank - mean_rank) * (rates - mean_rate))) / spread
    if statistic == "slope":
        return slope
    return slope / mean_rate if mean_rate > 0 else float("nan")


@measure_kind("people")
def people(window: Window, asked: Asked) -> Facts:
    """Return how often something happens to people, or for how many days, per so many of them a year.

    Options: ``what`` is ``events`` (visits that reach a stamp: ``at``, ``from``, ``not_from`` as for ``rate``),
    ``days`` (patients in the measure's services), ``days_elsewhere`` (the year's days less those), ``delayed``
    (days under a reason that the official transfer-of-care count shows) or ``exits`` (patients who leave by the exits
    ``to`` lists); ``heads`` how many people (1000 unless said); ``group`` the population group, the first of those
    listed that the place has; ``residents`` an attribute: only patients count whose level of it has a population.

    With ``by`` an attribute, by its levels that have a population, each over its own people; ``statistic`` is then
    ``rate``, or the gap from the first level to the last: ``difference``, ``ratio``, ``slope`` (slope index of
    inequality), ``relative_slope`` (that over the mean), or ``range`` (highest less lowest level).
    A place without the attribute or the populations does without the measure.
    """
    statistic = asked.option("statistic", "rate", *GAPS)
    what = asked.option("what", "events", "days", "days_elsewhere", "delayed", "exits")
    levels, number, code = _levels(window, asked)
    lives = _lives_here(window, asked)
    if (len(levels) == 1 and statistic != "rate") or (lives is not None and not lives[1].any()):
        levels, number = (), number[:0]
    # Rates and gaps of the same people differ in the statistic alone.
    options = (asked.definition.options.get(name) for name in (*REACHED, "what", "by", "residents", "to"))
    key = ("counted", *asked.about, *options, len(levels))
    count: Count = window.once(key, lambda: _counted(window, asked, what, code, len(levels)))
    heads = _heads(asked)
    ticks = float(window.ticks_per_day)
    return Rates(count, levels, number, heads, statistic, what == "days_elsewhere", ticks)


def _counted(window: Window, asked: Asked, what: str, position: Ints | None, n_levels: int) -> Count:
    if what == "exits":
        return _exits(window, asked, n_levels)
    if what == "events":
        return _events(window, asked, position, n_levels)
    return _days(window, asked, what, position, n_levels)


def _heads(asked: Asked) -> float:
    said = asked.definition.options.get("heads", "1000")
    if not said.isdecimal() or int(said) < 1:
        raise ConfigError([Problem(f"measure.{asked.name}.options.heads", said, "a whole number of people, e.g. 1000")])
    return float(said)


def _levels(window: Window, asked: Asked) -> tuple[tuple[str, ...], Floats, Ints | None]:
    """Return levels with people, how many those are, and the position of each visit's level (None: all in one)."""
    population, by = window.spec.population, asked.definition.options.get("by", "none")
    if by == "none":
        groups = asked.listed("group", "all")
        people = next((population[g] for g in groups if population.get(g, 0.0) > 0), 0.0)
        return ((NO_SPLIT,) if people else ()), np.array([people] if people else [], dtype=np.float64), None
    index = _attribute(window, by)
    if index is None:
        return (), np.zeros(0), None
    known = window.spec.attributes[index].levels
    kept = [level for level in known if population.get(level, 0.0) > 0]
    position = np.array([kept.index(level) if level in kept else -1 for level in known], dtype=np.int64)
    return tuple(kept), np.array([population[level] for level in kept], dtype=np.float64), position


def _attribute(window: Window, name: str) -> int | None:
    return next((i for i, a in enumerate(window.spec.attributes) if a.id == name), None)


def _lives_here(window: Window, asked: Asked) -> tuple[int, Flags] | None:
    """Return the attribute that says who is a resident and which of its levels are; None where none is asked for."""
    name = asked.definition.options.get("residents", "none")
    index = None if name == "none" else _attribute(window, name)
    if index is None:
        return None
    levels = window.spec.attributes[index].levels
    return index, np.array([window.spec.population.get(level, 0.0) > 0 for level in levels], dtype=bool)


def _of_visits(window: Window, asked: Asked, rows: Ints, position: Ints | None) -> tuple[Ints, Ints]:
    """Return the rows that count, and the level of each: its position among those with people."""
    lives = _lives_here(window, asked)
    home, is_home = (NO_LEVELS, NO_FLAGS) if lives is None else (window.levels(lives[0]), lives[1])
    if position is None:
        return visit_loops.levelled(rows, home, is_home, NO_LEVELS, np.zeros(0, dtype=np.int64))
    index = _attribute(window, asked.definition.options["by"])
    return visit_loops.levelled(rows, home, is_home, window.levels(index or 0), position)


def _counter(tick: Ints, level: Ints, n_levels: int) -> Count:
    """Return a count of events by level and period."""
    tick, level = whole(tick), whole(level)
    return _summed(lambda edges: loops.tally(level, tick, whole(edges), n_levels), 1)


def _summed(count: Callable[[Ints], Ints], unit: int) -> Count:
    """Return a count that adds up longer periods from the first it was asked for, where they fit."""
    kept: list[tuple[Ints, Ints]] = []

    def found(edges: Ints) -> Floats:
        if not kept:
            kept.append((edges, count(edges)))
        at = places_in(kept[0][0], edges)
        return np.asarray((count(edges) if at is None else together(kept[0][1], at)) / unit, dtype=np.float64)

    return found


def _events(window: Window, asked: Asked, position: Ints | None, n_levels: int) -> Count:
    """Count visits that reach a stamp; whom counts is told in ``flowsim.measure.flow.rate``."""
    rows, _ = reached(window, asked)
    rows, level = _of_visits(window, asked, rows, position)
    return _counter(stamp(window, asked.option("at", "queued", "started", "left"))[rows], level, n_levels)


def _days(window: Window, asked: Asked, what: str, position: Ints | None, n_levels: int) -> Count:
    """Count days that patients are there, or delayed there under a reason of the official count."""
    stretches = _recorded(window) if what == "delayed" else window.in_use_patients
    # Rows of stretches stand for visits, so levels are looked up through them, and who does not count drops out.
    number = np.full(len(window.service), NEVER, dtype=np.int32)
    rows, level = _of_visits(window, asked, asked.chosen(window), position)
    number[rows] = level
    here = asked.positions(window)
    mine = at_positions(stretches, here, number >= 0)
    keys = number[mine.row]

    # The window keeps what is counted: a reference back to it would keep both alive until cycles are collected.
    def count(edges: Ints) -> Ints:
        return areas(keys, n_levels, mine.start, mine.stop, mine.weight, edges)

    return _summed(count, window.ticks_per_day)


def _recorded(window: Window) -> Intervals:
    return window.once("recorded", lambda: window.episodes.where(shown(window, "only")))


def _exits(window: Window, asked: Asked, n_levels: int) -> Count:
    """Count patients who leave by some exits."""
    patients = window.trajectory.patients
    keep = (patients.exit != NEVER) & asked.places(window, "to", "died")[patients.exit]
    for attribute, codes in meant(window.spec, asked.definition.when):
        keep &= np.isin(patients.attributes[:, attribute], codes)
    lives = _lives_here(window, asked)
    if lives is not None:
        keep &= lives[1][patients.attributes[:, lives[0]]]
    level = np.zeros(len(keep), dtype=np.int64)
    _, _, position = _levels(window, asked)
    if position is not None:
        index = _attribute(window, asked.definition.options["by"])
        level = position[patients.attributes[:, index or 0]]
    keep &= level >= 0
    return _counter(patients.left[keep], level[keep], n_levels)
