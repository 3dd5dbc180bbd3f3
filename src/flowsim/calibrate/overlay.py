"""The calibrated place: a YAML file of the values found, each with what is kept of its range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as File
from typing import Any

import numpy as np

from flowsim.calibrate.conduct import CalibrationResult
from flowsim.calibrate.knobs import Dial, Path, numbers, settings, spoken
from flowsim.config.grammar import spot_at
from flowsim.config.overrides import put
from flowsim.config.problems import find
from flowsim.config.ramps import written
from flowsim.units import Dimension


def source_id(place: str) -> str:
    """Return the id under which the bibliography holds the calibration of a place."""
    return f"calibrated_{place}_by_records"


def overlay(result: CalibrationResult, today: str) -> dict[str, Any]:
    """Return the calibrated values as a partial configuration.

    Args:
        result: of a calibration.
        today: date, for the source.

    Returns:
        Every number that a knob moved, with ``low`` and ``high`` from the middle nine tenths of what is not ruled
        out, and one source with the status ``calibrated``. Numbers that several knobs move have the ends that they
        give together.
    """
    place = result.plan.name
    raw, found = result.plan.setup.raw, result.dials
    ends = np.sort(result.knobs[["position_low", "position_high"]].to_numpy(dtype=float), axis=1)
    low, high = ({path: value for path, value, _ in settings(raw, found, ends[:, i].tolist())} for i in (0, 1))
    out: dict[str, Any] = {"source": {source_id(place): _source(result, today)}}
    for path, value, dimension in settings(raw, found, result.best.tolist()):
        like = _as_said(raw, path)
        span = sorted((low[path], value, high[path]))
        said = {
            "value": _text(value, dimension, like),
            "low": _text(span[0], dimension, like),
            "high": _text(span[-1], dimension, like),
            "source": source_id(place),
            "note": _note(found, path, raw),
        }
        put(out, path, said)
    return out


def _source(result: CalibrationResult, today: str) -> dict[str, str]:
    left = f"{result.shares[-1]:.2g}" if result.shares else "1"
    note = f"{len(result.shares)} waves of {result.plan.runs} runs by history matching; {left} of the range is left"
    if result.raised > 1:
        note += f"; no inputs met every record: the limit was raised {result.raised:.2f} times"
    title = f"{result.plan.label}: inputs not ruled out by recorded series"
    return {"title": title, "status": "calibrated", "year": today[:4], "note": note}


def _as_said(raw: Mapping[str, Any], path: Path) -> str:
    """Return a number as the configuration writes it, for its unit."""
    said = find(raw, path)
    return str(said.get("value", "") if isinstance(said, Mapping) else said or "")


def _text(value: float, dimension: Dimension, like: str) -> str | int:
    text = spoken(value, dimension, like or dimension.value)
    return int(written(value, dimension)) if dimension is Dimension.COUNT else text


def _note(found: Sequence[Dial], path: Path, raw: Mapping[str, Any]) -> str:
    moved = [d.label for d in found for key in d.keys if path[: len(key)] == key]
    before = [value for at, value, _ in numbers(find(raw, path), path, spot_at(path)) if at == path]
    was = f"; {_as_said(raw, path)} before" if before else "; not set before"
    return " and ".join(dict.fromkeys(moved)) + was


def write_overlay(result: CalibrationResult, file: File, today: str) -> None:
    """Write the calibrated place, to be given after or before ``place=``: ``flowsim run calibrated.yaml place=...``."""
    import yaml

    head = (
        f"# {result.plan.label}: values calibrated to recorded series on {today}.\n"
        f"# flowsim run {file.name} place={result.plan.name}\n"
    )
    body = yaml.safe_dump(overlay(result, today), sort_keys=False, allow_unicode=True, width=120)
    file.write_text(head + body, encoding="utf-8")
