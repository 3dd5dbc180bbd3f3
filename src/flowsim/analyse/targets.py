"""Targets held against what was found: how near, how probable, and what it would take.

The probability of being met is predictive: with n paired replications whose margins (by how much the target is
passed) have mean m and standard deviation s, the margin of one more such period is m + s sqrt(1 + 1/n) T, T having
Student's distribution with n - 1 degrees of freedom, and the probability is that of its not being below nought
(Gelman and others, *Bayesian Data Analysis*, section 3.2: normal data, flat prior). It holds chance from one period
to another, and not doubt about the inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowsim.analyse.intervals import Floats, interval
from flowsim.analyse.payers import OWN_KINDS
from flowsim.config.models import Target

COLUMNS = [
    "demand",
    "arm",
    "target",
    "basis",
    "goal",
    "unit",
    "wanted",
    "found",
    "low",
    "high",
    "probability",
    "met",
    "times",
    "replications",
]
FULL, CASH, MEASURE = "full", "cash", "measure"
"""What a row is about: money at full cost, money in cash, or a measure."""
MINUTES_PER_DAY = 1440.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of one target in one arm.

    Attributes:
        found: change as a share, level, change, or pounds, as the goal has it; ``low`` and ``high`` its 95 % interval.
        wanted: the same, as promised.
        probability: that one more such period would meet it; NaN from fewer than two replications.
        met: share of the replications that meet it.
        times: by how much the effect found must be multiplied to meet it (at most 1 where it is met); NaN where there
            is no effect, or one the wrong way.
        replications: how many it rests on.
    """

    found: float
    low: float
    high: float
    wanted: float
    probability: float
    met: float
    times: float
    replications: int


def probability_met(margins: npt.ArrayLike) -> float:
    """Return the predictive probability that one more margin is not below nought; see the module.

    Example:
        >>> probability_met([-1.0, 1.0])
        0.5
    """
    from scipy.special import stdtr

    seen = interval(margins)
    if seen.n < 2:
        return math.nan
    spread = math.sqrt(seen.variance * (1 + 1 / seen.n))
    if spread == 0:
        return 1.0 if seen.mean >= 0 else 0.0
    return float(stdtr(seen.n - 1, seen.mean / spread))


def changed(option: Floats, baseline: Floats, wanted: float) -> Judged:
    """Return how a relative change from the baseline stands to the one wanted.

    Args:
        option: the measure by replication.
        baseline: the same without the option, paired.
        wanted: change as a share, below nought for a fall.

    The change found is that of the means; its interval is that of the ratio by linearisation (the differences
    option - ratio x baseline over the baseline's mean; Cochran, *Sampling Techniques*, section 2.11).
    """
    option, baseline = _paired(option, baseline)
    base = float(baseline.mean()) if baseline.size else math.nan
    if not base:
        return _nothing(wanted, baseline.size)
    ratio = float(option.mean()) / base
    error = interval(option - ratio * baseline).half_width / abs(base)
    sign = -1.0 if wanted < 0 else 1.0
    margins = sign * (option - (1 + wanted) * baseline)
    # Of shares, so that a busy replication weighs no more than a quiet one; a baseline of nought has none.
    margins = margins / baseline if (baseline > 0).all() else margins
    change = ratio - 1
    return _judged(change, error, wanted, margins, wanted / change if change * wanted > 0 else math.nan)


def levelled(option: Floats, baseline: Floats, wanted: float, sign: float) -> Judged:
    """Return how a level stands to the one wanted; ``sign`` is 1 for at least it, -1 for at most it."""
    option, baseline = _paired(option, baseline)
    seen = interval(option)
    effect = float((option - baseline).mean()) if option.size else math.nan
    lacks = wanted - float(baseline.mean()) if option.size else math.nan
    times = max(0.0, lacks / effect) if effect * sign > 0 else math.nan
    return _judged(seen.mean, seen.half_width, wanted, sign * (option - wanted), times)


def moved(option: Floats, baseline: Floats, sign: float) -> Judged:
    """Return whether a measure moves the way wanted, by however little; ``sign`` is 1 for up, -1 for down."""
    option, baseline = _paired(option, baseline)
    seen = interval(option - baseline)
    return _judged(seen.mean, seen.half_width, 0.0, sign * (option - baseline), math.nan, is_strict=True)


def saved(less_activity: Floats, own_cost: Floats, wanted: float) -> Judged:
    """Return how money saved stands to the saving wanted.

    Args:
        less_activity: what less activity saves, by replication [£].
        own_cost: what the option itself costs, by replication [£]; its saving is the one less the other.
        wanted: saving [£].

    ``times`` multiplies what less activity saves, the option's own cost staying as it is; with a saving wanted of
    nought it is the break-even.
    """
    saving = less_activity - own_cost
    seen = interval(saving)
    gross, cost = float(less_activity.mean()), float(own_cost.mean())
    times = max(0.0, (wanted + cost) / gross) if gross > 0 else math.nan
    return _judged(seen.mean, seen.half_width, wanted, saving - wanted, times)


def spent(pounds: Floats, wanted: float) -> Judged:
    """Return how money spent stands to a budget [£]."""
    seen = interval(pounds)
    return _judged(seen.mean, seen.half_width, wanted, wanted - pounds, math.nan)


def _paired(option: Floats, baseline: Floats) -> tuple[Floats, Floats]:
    known = ~(np.isnan(option) | np.isnan(baseline))
    return option[known], baseline[known]


def _nothing(wanted: float, n: int) -> Judged:
    return Judged(math.nan, math.nan, math.nan, wanted, math.nan, math.nan, math.nan, n)


def _judged(
    found: float, error: float, wanted: float, margins: Floats, times: float, *, is_strict: bool = False
) -> Judged:
    if not margins.size:
        return _nothing(wanted, 0)
    met = float(np.mean(margins > 0 if is_strict else margins >= 0))
    likely = probability_met(margins)
    if is_strict and not margins.any():
        likely = 0.0 if margins.size > 1 else math.nan
    return Judged(found, found - error, found + error, wanted, likely, met, times, int(margins.size))


# --- all targets of a result -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Money:
    """What targets in money are judged by.

    Attributes:
        costs: demand, arm, replication, item, kind, pounds and cash.
        amounts: what each target in money promises, at the place's prices [£].
        roles: service -> role.
        days: measured in a replication.
    """

    costs: pd.DataFrame
    amounts: Mapping[str, float]
    roles: Mapping[str, str]
    days: float


def judge_targets(targets: Mapping[str, Target], measures: pd.DataFrame, money: Money, against: str) -> pd.DataFrame:
    """Return every target held against every arm, at every demand level; ``COLUMNS``.

    Args:
        targets: by id.
        measures: arm, demand, replication, measure, service, split, value, unit.
        money: see Money.
        against: the arm that stands for doing nothing; it is judged only where a target is a level or a budget.

    Targets in money have a row at full cost and one in cash. A measure that was not taken has no row.
    """
    rows: list[tuple[object, ...]] = []
    whole = measures[measures["split"].astype(str) == ""]
    for name, target in targets.items():
        if target.measure is None:
            rows += _money_rows(name, target, money, against)
        else:
            rows += _measure_rows(name, target, whole, against)
    return pd.DataFrame(rows, columns=COLUMNS)


def _measure_rows(name: str, target: Target, measures: pd.DataFrame, against: str) -> list[tuple[object, ...]]:
    kept = measures[(measures["measure"] == target.measure) & (measures["service"] == target.service)]
    rows: list[tuple[object, ...]] = []
    for demand, here in kept.groupby("demand", sort=False):
        wide = here.pivot_table(index="replication", columns="arm", values="value", dropna=False)
        if against not in wide.columns:
            continue
        for arm in here["arm"].unique():
            if arm == against and target.goal not in ("at_most", "at_least"):
                continue
            option, base = (wide[a].to_numpy(dtype=np.float64) for a in (arm, against))
            judged = _of_measure(target, option, base)
            unit = "share" if target.goal in ("falls_by", "rises_by") else str(here["unit"].iloc[0])
            rows.append(_row(str(demand), str(arm), name, MEASURE, target.goal, unit, judged))
    return rows


def _of_measure(target: Target, option: Floats, base: Floats) -> Judged:
    if target.falls_by is not None:
        return changed(option, base, -target.falls_by.value)
    if target.rises_by is not None:
        return changed(option, base, target.rises_by.value)
    if target.at_most is not None:
        return levelled(option, base, target.at_most.value, -1.0)
    if target.at_least is not None:
        return levelled(option, base, target.at_least.value, 1.0)
    return moved(option, base, -1.0 if target.moves == "down" else 1.0)


def _money_rows(name: str, target: Target, money: Money, against: str) -> list[tuple[object, ...]]:
    if money.costs.empty:
        return []
    kept = money.costs[_is_counted(target, money)]
    periods = target.over.value / (money.days * MINUTES_PER_DAY)
    wanted = money.amounts[name]
    rows: list[tuple[object, ...]] = []
    for demand, here in money.costs.groupby("demand", sort=False):
        replications = sorted(here["replication"].unique())
        mine = kept[kept["demand"] == demand]
        for basis, column in ((FULL, "pounds"), (CASH, "cash")):
            own = _sums(mine[mine["kind"].isin(OWN_KINDS)], column, replications, periods)
            other = _sums(mine[~mine["kind"].isin(OWN_KINDS)], column, replications, periods)
            for arm in here["arm"].astype(str).unique():
                if target.goal == "spends":
                    judged = spent(own(arm) + other(arm), wanted)
                elif arm == against:
                    continue
                else:
                    judged = saved(other(against) - other(arm), own(arm) - own(against), wanted)
                rows.append(_row(str(demand), arm, name, basis, target.goal, "£", judged))
            if target.goal == "spends":
                break
    return rows


def _is_counted(target: Target, money: Money) -> pd.Series:
    """Return which lines of the costs a target in money is about."""
    item = money.costs["item"].astype(str)
    if not target.roles and not target.items:
        return pd.Series(data=True, index=item.index)
    counted = [
        name
        for name in item.unique()
        if name in target.items or name.partition(".")[0] in target.items or money.roles.get(name, "") in target.roles
    ]
    return item.isin(counted)


def _sums(costs: pd.DataFrame, column: str, replications: list[int], periods: float) -> Callable[[str], Floats]:
    """Return sums of a column by arm and replication, brought from the period measured to the target's time."""
    # What is paid once is paid once, however long the time.
    scaled = costs[column].where(costs["kind"] == "programme_once", costs[column] * periods)
    sums = scaled.groupby([costs["arm"].astype(str), costs["replication"]]).sum()
    known: dict[str, dict[int, float]] = {}
    for (arm, replication), pounds in zip(sums.index, sums.to_numpy(dtype=np.float64).tolist(), strict=True):
        known.setdefault(arm, {})[replication] = pounds
    return lambda arm: np.array([known.get(arm, {}).get(r, 0.0) for r in replications], dtype=np.float64)


def _row(demand: str, arm: str, name: str, basis: str, goal: str, unit: str, j: Judged) -> tuple[object, ...]:
    found = (j.wanted, j.found, j.low, j.high, j.probability, j.met, j.times, j.replications)
    return (demand, arm, name, basis, goal, unit, *found)
