"""The page's colours: chosen to be told apart by people who see colours differently, and in grey print."""

from __future__ import annotations

from collections.abc import Sequence

BASELINE = "#4c6272"
"""Slate, for the option others are compared with."""
ARMS = ("#005eb8", "#d55e00", "#007f3b", "#8a1e6e", "#b58900", "#0092b8", "#5b3fa0", "#7c2a1a", "#3c7a6b", "#9b6a00")
"""Other options, in their order; drawn apart in small multiples, so hue alone never carries the meaning."""
BETTER = "#005eb8"
WORSE = "#b8460b"
UNSURE = "#768692"

PAYERS = ("#003087", "#0072ce", "#41b6e6", "#ae5a00", "#f0a63c", "#768692", "#330072", "#00a499")

_BODIES: dict[str, tuple[str, ...]] = {
    "nhs": ("#003087", "#005eb8", "#4a90d9", "#93c3ee", "#1f3f66", "#6d8fb5"),
    "social_care": ("#8c3b00", "#d9720c", "#f2a65a", "#f7cf9f"),
    "both": ("#5b3a78", "#8e6bb0", "#bfa5d8"),
}
_OTHER = ("#425563", "#768692", "#a8b5be", "#cfd8dd")


def arm_colours(arms: Sequence[str], against: str) -> dict[str, str]:
    """Return a colour by option: slate for the baseline, then hues in order, repeated when they run out."""
    others = [arm for arm in arms if arm != against]
    return {against: BASELINE} | {arm: ARMS[i % len(ARMS)] for i, arm in enumerate(others)}


def payer_colours(payers: Sequence[str]) -> dict[str, str]:
    """Return a colour by payer."""
    return {payer: PAYERS[i % len(PAYERS)] for i, payer in enumerate(payers)}


def reason_colours(bodies: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return a colour by delay reason: one family of hues for each responsible body.

    Args:
        bodies: (reason, body) pairs in order.
    """
    used: dict[str, int] = {}
    out: dict[str, str] = {}
    for reason, body in bodies:
        family = _BODIES.get(body, _OTHER)
        at = used.get(body, 0)
        used[body] = at + 1
        out[reason] = family[at % len(family)]
    return out
