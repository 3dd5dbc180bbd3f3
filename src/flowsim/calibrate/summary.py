"""What a calibration found, in tables: knobs, kept set, waves, targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowsim.calibrate.history import Kept, Wave
from flowsim.calibrate.knobs import Dial
from flowsim.calibrate.targets import Target

Floats = npt.NDArray[np.float64]

PINNED, NARROWED = 0.5, 0.8
"""Share of its range that an input's kept values span: below, it is pinned down; from the second, it is not."""
TIED = 0.6
"""Correlation from which two inputs are said to be known together only."""


def knob_table(dials: Sequence[Dial], kept: Kept, best: Floats) -> pd.DataFrame:
    """Return one row a knob: range tried, base, calibrated value, what is kept, and what the data say of it.

    ``left`` is the span of the middle nine tenths of the kept set over that of the range; ``said`` is *pinned
    down* (less than half is left), *narrowed* (less than eight tenths) or *not pinned down*.
    """
    ties = _ties(dials, kept.points)
    rows = []
    for i, dial in enumerate(dials):
        column = kept.points[:, i]
        middle = np.quantile(column, (0.05, 0.95))
        left = float(middle[1] - middle[0]) / 0.9
        said = "pinned down" if left < PINNED else "narrowed" if left < NARROWED else "not pinned down"
        rows.append(
            {
                "knob": dial.id,
                "label": dial.label,
                "keys": ", ".join(".".join(key) for key in dial.keys),
                "moves": dial.moves,
                "low": dial.said(0.0),
                "high": dial.said(1.0),
                "base": dial.said(dial.base),
                "calibrated": dial.said(float(best[i])),
                "kept_low": dial.said(float(column.min())),
                "kept_high": dial.said(float(column.max())),
                "position": float(best[i]),
                "position_base": dial.base,
                "position_low": float(middle[0]),
                "position_high": float(middle[1]),
                "left": min(1.0, left),
                "said": said,
                "tied_to": ties.get(i, ""),
            }
        )
    return pd.DataFrame(rows)


def _ties(dials: Sequence[Dial], points: Floats) -> dict[int, str]:
    """Return for each knob those it is known together with only, and how."""
    spread = points.std(axis=0)
    if len(dials) < 2 or (spread == 0).any():
        return {}
    together = np.atleast_2d(np.corrcoef(points.T))
    out = {}
    for i in range(len(dials)):
        others = [j for j in range(len(dials)) if j != i and abs(together[i, j]) >= TIED]
        if others:
            out[i] = "; ".join(f"{dials[j].label} ({together[i, j]:+.2f})" for j in others)
    return out


def kept_table(dials: Sequence[Dial], kept: Kept) -> pd.DataFrame:
    """Return the kept set: one row a point, a column a knob, positions from 0 (low) to 1 (high)."""
    return pd.DataFrame({dial.id: kept.points[:, i] for i, dial in enumerate(dials)})


def target_table(
    targets: Sequence[Target], wave: Wave | None, luck: Floats, kept: Kept, best: Floats, base: Floats
) -> pd.DataFrame:
    """Return one row a target: recorded, what sets the model apart from it, and how implausible base and best are.

    ``error``, ``discrepancy``, ``luck`` (of one run) and ``emulator`` (what is left of the residual) are standard
    deviations on the scale of comparison: about shares of the value for counts, logits for shares.
    """
    rows = []
    at = np.vstack([base, best])
    each = wave.each(at) if wave is not None else np.full((2, len(targets)), np.nan)
    least = wave.each(kept.points).min(axis=0) if wave is not None else np.full(len(targets), np.nan)
    for i, target in enumerate(targets):
        noise = wave.emulators[i].noise if wave is not None else np.nan
        slope = np.sqrt(target.variance / max(target.error**2 + target.discrepancy**2, 1e-300))
        rows.append(
            {
                "record": target.record,
                "label": target.label,
                "period": target.period,
                "observed": target.observed,
                "error": target.error * slope,
                "discrepancy": target.discrepancy * slope,
                "luck": float(luck[i]),
                "emulator": float(np.sqrt(max(0.0, noise - luck[i] ** 2))) if np.isfinite(noise) else np.nan,
                "explained": wave.emulators[i].explained if wave is not None else np.nan,
                "base": float(each[0, i]),
                "best": float(each[1, i]),
                "least": float(least[i]),
            }
        )
    return pd.DataFrame(rows)
