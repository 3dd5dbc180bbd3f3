"""What happens to people, per so many of them a year: of the whole place, by hub, by deprivation, and the gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowsim.errors import ConfigError, Problem
from flowsim.measure import loops
from flowsim.measure.delays import held_under
from flowsim.measure.facts import ALL, NO_SPLIT, Facts, Series, divided, labels_of
from flowsim.measure.flow import REACHED, leaving, reaching
from flowsim.measure.frames import Floats, Window
from flowsim.measure.occupancy import spent
from flowsim.measure.periods import Count, Periods, kept
from flowsim.measure.records import Wanted
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.sorting import whole
from flowsim.units import DAYS_PER_YEAR

GAPS = ("difference", "ratio", "slope", "relative_slope", "range")


@dataclass(frozen=True, slots=True)
class Groups:
    """The people whom a measure tells apart.

    Attributes:
        levels: names; one without a name where the measure is not divided, none where a place lacks the people.
        people: in each, and last in all.
        by: the attribute, and by its level the position among those told apart (-1 for none).
        residents: the attribute that says who lives here, and the levels that do; empty where that is no matter.
    """

    levels: tuple[str, ...]
    people: Floats
    by: tuple[int, tuple[int, ...]] | None
    residents: Wanted


NO_GROUPS = Groups((), np.zeros(1), None, ())


@dataclass(frozen=True, slots=True)
class Rates:
    """Events or days by level of an attribute, to be told per so many people a year.

    Attributes:
        count: gives events, or ticks spent, by level and period.
        unit: counts are divided by it.
        levels, people: as in ``Groups``.
        heads: per how many people.
        statistic: ``rate`` or one of ``GAPS``.
        is_rest: whether days elsewhere are told rather than the days counted.
        ticks_per_day: of the run.
    """

    count: Count
    unit: float
    levels: tuple[str, ...]
    people: Floats
    heads: float
    statistic: str
    is_rest: bool
    ticks_per_day: float

    def series(self, periods: Periods) -> Series:
        """Return rates in all and by level, or one gap, by period."""
        if not len(self.levels):
            return Series((), np.zeros((0, len(periods))))
        years = periods.lengths / (self.ticks_per_day * DAYS_PER_YEAR)
        a_year = periods.with_all(self.count(periods.edges)) / self.unit / self.people[:, None] / years
        rates = (DAYS_PER_YEAR - a_year if self.is_rest else a_year) * self.heads
        rates, total = rates[:-1], rates[-1:]
        if self.statistic != "rate":
            return Series(labels_of((ALL,)), gaps(rates, self.people[:-1], self.statistic)[None, :])
        if self.levels == (NO_SPLIT,):
            return Series(labels_of((ALL,)), total)
        return Series(labels_of((ALL,), (NO_SPLIT, *self.levels)), np.concatenate([total, rates]))


def gap(rates: Floats, people: Floats, statistic: str) -> float:
    """Return the gap between levels; see ``gaps``.

    Example:
        >>> gap(np.array([5.0, 4.0, 3.0]), np.array([1.0, 1.0, 1.0]), "slope")
        3.0
    """
    return float(gaps(rates[:, None], people, statistic)[0])


def gaps(rates: Floats, people: Floats, statistic: str) -> Floats:
    """Return the gap in each period between levels given from the most deprived to the least.

    Args:
        rates: by level and period.
        people: by level.
        statistic: ``difference`` (first less last) or ``ratio`` (first over last); ``slope``, the slope index of
            inequality: by the line fitted to rates over each level's middle in the ranking of people (weighted by
            people), the rate at the most deprived end less that at the least deprived; ``relative_slope``, that over
            the mean rate (Mackenbach and Kunst 1997); ``range`` (highest less lowest, for levels without an order).
    """
    if statistic == "difference":
        return np.asarray(rates[0] - rates[-1])
    if statistic == "ratio":
        return divided(rates[0], rates[-1])
    if statistic == "range":
        return np.asarray(rates.max(axis=0) - rates.min(axis=0))
    weight = people / people.sum()
    rank = np.cumsum(weight) - weight / 2
    mean_rate, mean_rank = weight @ rates, weight @ rank
    spread = float(weight @ (rank - mean_rank) ** 2)
    if spread == 0:
        return np.full(rates.shape[1], np.nan)
    slope = -((weight * (rank - mean_rank)) @ (rates - mean_rate)) / spread
    return slope if statistic == "slope" else divided(slope, mean_rate)


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
    groups = asked.once("groups", lambda: _groups(window, asked, statistic))
    # Rates and gaps of the same people differ in the statistic alone.
    options = (asked.definition.options.get(name) for name in (*REACHED, "what", "by", "residents", "to"))
    key = ("counted", *asked.about, *options, len(groups.levels))
    count: Count = window.once(key, lambda: kept(_counted(window, asked, what, groups)))
    ticks = float(window.ticks_per_day)
    unit = ticks if what in ("days", "days_elsewhere", "delayed") else 1.0
    return Rates(count, unit, groups.levels, groups.people, _heads(asked), statistic, what == "days_elsewhere", ticks)


def _counted(window: Window, asked: Asked, what: str, groups: Groups) -> Count:
    """Return a count of events, or of ticks spent, by level and period."""
    n_levels = max(1, len(groups.levels))
    if what == "exits":
        return _exits(window, asked, groups)
    who = window.who((*asked.wanted(window), *groups.residents), groups.by)
    if what == "events":
        return all_services(reaching(window, asked, who, n_levels))
    if what == "delayed":
        return all_services(held_under(window, asked, "only", who, n_levels))
    return all_services(spent(window, asked, "in_use_patients", who, n_levels))


def all_services(count: Count) -> Count:
    """Return a count of all services together, the first axis."""
    return lambda edges: np.asarray(count(edges).sum(axis=0))


def _heads(asked: Asked) -> float:
    said = asked.definition.options.get("heads", "1000")
    if not said.isdecimal() or int(said) < 1:
        raise ConfigError([Problem(f"measure.{asked.name}.options.heads", said, "a whole number of people, e.g. 1000")])
    return float(said)


def _groups(window: Window, asked: Asked, statistic: str) -> Groups:
    """Return the levels that a measure tells apart; none where the place has not the people."""
    population, by = window.spec.population, asked.definition.options.get("by", "none")
    residents = _residents(window, asked)
    if residents and not residents[0][1]:
        return NO_GROUPS
    if by == "none":
        people = next((population[g] for g in asked.listed("group", "all") if population.get(g, 0.0) > 0), 0.0)
        if not people or statistic != "rate":
            return NO_GROUPS
        return Groups((NO_SPLIT,), np.array([people, people], dtype=np.float64), None, residents)
    index = _attribute(window, by)
    if index is None:
        return NO_GROUPS
    known = window.spec.attributes[index].levels
    kept = [level for level in known if population.get(level, 0.0) > 0]
    if len(kept) == 1 and statistic != "rate":
        return NO_GROUPS
    position = tuple(kept.index(level) if level in kept else -1 for level in known)
    people_of = np.array([population[level] for level in kept], dtype=np.float64)
    return Groups(tuple(kept), np.append(people_of, people_of.sum()), (index, position), residents)


def _attribute(window: Window, name: str) -> int | None:
    return next((i for i, a in enumerate(window.spec.attributes) if a.id == name), None)


def _residents(window: Window, asked: Asked) -> Wanted:
    """Return the attribute that says who is a resident and which of its levels are, where one is asked for."""
    name = asked.definition.options.get("residents", "none")
    index = None if name == "none" else _attribute(window, name)
    if index is None:
        return ()
    levels = window.spec.attributes[index].levels
    return ((index, tuple(i for i, level in enumerate(levels) if window.spec.population.get(level, 0.0) > 0)),)


def _exits(window: Window, asked: Asked, groups: Groups) -> Count:
    """Return a count of patients who leave by some exits, by level and period."""
    patients, rows = window.trajectory.patients, leaving(window, asked)
    attributes, tick = patients.attributes[rows], patients.left[rows]
    keep = np.ones(len(rows), dtype=bool)
    for attribute, levels in groups.residents:
        keep &= np.isin(attributes[:, attribute], levels)
    level = np.zeros(len(rows), dtype=np.int64)
    if groups.by is not None:
        level = np.array(groups.by[1], dtype=np.int64)[attributes[:, groups.by[0]]]
    keep &= level >= 0
    level, tick, n_levels = whole(level[keep]), whole(tick[keep]), max(1, len(groups.levels))
    return lambda edges: loops.tally(level, tick, whole(edges), n_levels)
