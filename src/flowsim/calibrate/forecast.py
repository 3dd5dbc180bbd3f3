"""Forecasts scored by what came after, against two naive ones.

The model's forecast of a month is the mean over replications; its interval holds the luck of one run, what
the kept inputs leave open, and what the model was off in the months it was fitted to. The naive forecasts
are the same month of the last year known and the mean of the last twelve months known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowsim.calibrate.knobs import dials
from flowsim.calibrate.runs import Run, Runner, Setup, lasting, setup_for
from flowsim.calibrate.series import Series
from flowsim.calibrate.targets import Target
from flowsim.config.load import Loaded
from flowsim.config.models import Calibration
from flowsim.errors import ConfigError, Problem
from flowsim.experiment.conduct import Stopped
from flowsim.experiment.progress import Progress
from flowsim.experiment.store import Parts
from flowsim.measure.recorded import require_records

Floats = npt.NDArray[np.float64]

SEGMENT = 24
"""Months that one run measures at most: what comes after starts afresh, with a warm-up of its own."""
LEVELS = (0.80, 0.95)
YEAR, MEAN = "same month last year", "12-month mean"
"""The naive forecasts."""
FORECAST = [
    "series",
    "label",
    "month",
    "recorded",
    "model",
    "low80",
    "high80",
    "low95",
    "high95",
    "last_year",
    "mean12",
]
SCORES = ["series", "label", "forecast", "months", "mae", "mape", "bias", "coverage80", "coverage95", "skill"]


@dataclass(frozen=True, slots=True)
class ForecastPlan:
    """What is to be run to score some series.

    Attributes:
        name: of the place.
        series: to be scored.
        setups: a segment of months each.
        replications: of every segment.
        positions: of the knobs by replication; None to leave the configuration as it is.
        rolling: whether naive forecasts know every month before the one they are of.
    """

    name: str
    series: tuple[Series, ...]
    setups: tuple[Setup, ...]
    replications: int
    positions: Floats | None
    rolling: bool

    @property
    def tasks(self) -> int:
        """How many runs there are in all."""
        return self.replications * len(self.setups)


def plan_forecast(
    loaded: Loaded, series: Sequence[Series], replications: int, kept: pd.DataFrame | None = None, rolling: bool = False
) -> ForecastPlan:
    """Return what to run to score series.

    Args:
        loaded: the configuration that forecasts.
        series: recorded values.
        replications: runs of every stretch of months.
        kept: a calibration's kept set, by which inputs vary between replications.
        rolling: whether naive forecasts know every month before the one they are of.

    Raises:
        ConfigError: a series has too little history, or its measure cannot be taken here.
    """
    config = loaded.config
    calibration = config.calibration or Calibration()
    found = dials(calibration.knobs, loaded.raw) if kept is not None else ()
    problems = [
        Problem(f"series {s.id}", f"{len(s.recorded)} months", "a year of history, here or in the place's records")
        for s in series
        if not scored_months(s)
    ]
    missing = [dial.id for dial in found if kept is not None and dial.id not in kept.columns]
    problems += [Problem("--kept", f"no column {name}", "the kept set of this place's calibration") for name in missing]
    if problems:
        raise ConfigError(problems)
    records = {s.id: s.record.model_copy(update={"months": s.record.months or {}}) for s in series}
    months = sorted({month for s in series for month in (*s.recorded, *s.known)})
    raw: dict[str, Any] = {**loaded.raw, "experiment": None, "calibration": None}
    setups = tuple(
        setup_for(
            lasting(raw, first, last, calibration.warm_up.said),
            config.scenario,
            found,
            records,
            config.measure,
            config.run.engine,
        )
        for first, last in segments(months)
    )
    require_records(setups[0].spec(None), records, config.measure)
    positions = None
    if kept is not None and len(kept):
        rows = np.linspace(0, len(kept) - 1, replications).round().astype(int)
        positions = kept.iloc[rows][[dial.id for dial in found]].to_numpy(dtype=np.float64)
    return ForecastPlan(config.place.id, tuple(series), setups, replications, positions, rolling)


def segments(months: Sequence[str]) -> list[tuple[str, str]]:
    """Return (first, last) of stretches of months: without gaps, of two years at most.

    Example:
        >>> segments(["2018-01", "2018-02", "2020-01"])
        [('2018-01', '2018-02'), ('2020-01', '2020-01')]
    """
    out: list[tuple[str, str]] = []
    length = 0
    for month in months:
        if out and number_of(month) == number_of(out[-1][1]) + 1 and length < SEGMENT:
            out[-1] = (out[-1][0], month)
            length += 1
        else:
            out.append((month, month))
            length = 1
    return out


def number_of(month: str) -> int:
    """Return a month as a number that grows by one a month."""
    return 12 * int(month[:4]) + int(month[5:])


def scored_months(series: Series) -> list[str]:
    """Return the months of a series that are forecast: those after the record, or after its own first year."""
    months = list(series.recorded)
    if len(series.known) >= 12:
        return [month for month in months if month > max(series.known)]
    return months[12:] if len(months) > 12 else []


def history(series: Series) -> dict[str, float]:
    """Return the values known when the forecast is made."""
    first = scored_months(series)[0]
    return {**series.known, **{m: v for m, v in series.recorded.items() if m < first}}


def naive(series: Series, rolling: bool) -> dict[str, tuple[float, float]]:
    """Return (same month last year, 12-month mean) for each scored month.

    Without ``rolling`` only what was known when the first month was forecast counts: for later years the same
    month of the last year known. NaN where there is no such month.
    """
    known = dict(history(series))
    out = {}
    for month in scored_months(series):
        years = range(int(month[:4]) - 1, int(month[:4]) - 40, -1)
        same = next((known[f"{y}{month[4:]}"] for y in years if f"{y}{month[4:]}" in known), math.nan)
        last = [known[m] for m in sorted(known)[-12:]]
        out[month] = (same, float(np.mean(last)) if len(last) == 12 else math.nan)
        if rolling:
            known[month] = series.recorded[month]
    return out


def conduct_forecast(
    planned: ForecastPlan, parts: Parts, workers: int = 0, stream: TextIO | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run what a forecast needs; returns (forecasts, scores).

    Raises:
        Stopped: the user pressed Ctrl-C.
    """
    runs = _runs(planned)
    found = []
    try:
        with (
            Progress(planned.tasks, float(planned.tasks), stream) as progress,
            Runner(parts, workers, progress) as runner,
        ):
            for setup in planned.setups:
                tables = runner.run(setup, runs)
                found += [table.assign(run=run.number) for run, table in zip(runs, tables, strict=True)]
    except KeyboardInterrupt as error:
        done = sum(parts.has(name) for name in part_names(planned))
        raise Stopped(done, planned.tasks, parts.folder) from error
    said = forecasts(planned, pd.concat(found, ignore_index=True))
    return said, scores(said)


def _runs(planned: ForecastPlan) -> list[Run]:
    places = planned.positions
    return [
        Run(0, i, i, None if places is None else tuple(float(p) for p in places[i]))
        for i in range(planned.replications)
    ]


def part_names(planned: ForecastPlan) -> list[str]:
    """Return the names under which finished runs are kept."""
    keys = [setup.key for setup in planned.setups]
    return [run.name(key) for key in keys for run in _runs(planned)]


def forecasts(planned: ForecastPlan, readings: pd.DataFrame) -> pd.DataFrame:
    """Return one row a series and scored month; see ``FORECAST``.

    Args:
        planned: what was run.
        readings: run, record, key, value.
    """
    rows: list[tuple[object, ...]] = []
    for series in planned.series:
        mine = readings[readings["record"] == series.id]
        by_month = {str(month): group.to_numpy(dtype=np.float64) for month, group in mine.groupby("key")["value"]}
        scale = Target(series.id, "", "", (), _level(series), 0.0, 0.0, series.record.unit == "share")
        off, freedom = _model_error(series, by_month, scale)
        guesses = naive(series, planned.rolling)
        for month in scored_months(series):
            ends = _interval(scale.scaled(by_month[month]), off, freedom)
            said = (series.id, series.record.label, month, series.recorded[month], float(by_month[month].mean()))
            rows.append((*said, *(float(x) for x in scale.unscaled(ends)), *guesses[month]))
    return pd.DataFrame(rows, columns=FORECAST)


def _level(series: Series) -> float:
    return float(np.mean([*history(series).values()]))


def _model_error(series: Series, by_month: Mapping[str, Floats], scale: Target) -> tuple[float, int]:
    """Return the variance of what the model was off in months known before, beyond its own luck; and of how many."""
    known = {month: value for month, value in history(series).items() if month in by_month}
    if not known:
        return 0.0, 0
    modelled = [scale.scaled(by_month[month]) for month in known]
    off = np.array([m.mean() for m in modelled]) - scale.scaled(list(known.values()))
    luck = float(np.mean([m.var(ddof=1) if len(m) > 1 else 0.0 for m in modelled]))
    return max(0.0, float((off**2).mean()) - luck), len(known)


def _interval(modelled: Floats, off: float, freedom: int) -> Floats:
    """Return low and high at 80 % and at 95 % of one month to come, on the scale of comparison."""
    from scipy.stats import t

    number = len(modelled)
    luck = float(modelled.var(ddof=1)) * (1 + 1 / number) if number > 1 else 0.0
    spread = math.sqrt(luck + off)
    middle = float(modelled.mean())
    shares = [s for level in LEVELS for s in ((1 - level) / 2, (1 + level) / 2)]
    return np.array([middle + spread * float(t.ppf(s, max(1, number - 1 + freedom))) for s in shares])


def scores(said: pd.DataFrame) -> pd.DataFrame:
    """Return one row a series and forecast: mean absolute error, that as a share, bias, coverage, skill.

    ``bias`` is the mean of forecast less recorded. ``skill`` is what the model's mean absolute error is less than
    the naive forecast's, as a share of it: below 0 the naive forecast was nearer. Months without a naive forecast
    are left out of that comparison.
    """
    rows = []
    for series, mine in said.groupby("series", sort=False):
        recorded = mine["recorded"].to_numpy(dtype=np.float64)
        model = mine["model"].to_numpy(dtype=np.float64)
        label = str(mine["label"].iloc[0])
        inside = [
            float(((mine[f"low{c}"] <= mine["recorded"]) & (mine["recorded"] <= mine[f"high{c}"])).mean())
            for c in (80, 95)
        ]
        rows.append((series, label, "model", len(mine), *_errors(model, recorded), *inside, math.nan))
        for name, column in ((YEAR, "last_year"), (MEAN, "mean12")):
            guess = mine[column].to_numpy(dtype=np.float64)
            has = np.isfinite(guess)
            errors = _errors(guess[has], recorded[has])
            own = _errors(model[has], recorded[has])[0]
            skill = 1 - own / errors[0] if has.any() and errors[0] > 0 else math.nan
            rows.append((series, label, name, int(has.sum()), *errors, math.nan, math.nan, skill))
    return pd.DataFrame(rows, columns=SCORES)


def _errors(guess: Floats, recorded: Floats) -> tuple[float, float, float]:
    """Return mean absolute error, mean absolute percentage error (a share) and bias."""
    if not len(guess):
        return math.nan, math.nan, math.nan
    off = guess - recorded
    relative = np.abs(off[recorded > 0]) / recorded[recorded > 0]
    return float(np.abs(off).mean()), float(relative.mean()) if len(relative) else math.nan, float(off.mean())


def read_kept(folder: Path) -> pd.DataFrame:
    """Return the kept set of a folder that ``flowsim calibrate`` wrote.

    Raises:
        ConfigError: there is none.
    """
    file = folder / "kept.parquet"
    if not file.is_file():
        raise ConfigError([Problem("--kept", str(folder), "a folder that flowsim calibrate wrote")])
    return pd.read_parquet(file)
