"""Everything once, then everything again: CPU seconds round by round, and tables of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Work = Callable[[], object]

SHORT_RUNS = 5
"""The most runs of a work in a round."""
LONG = 5.0
"""CPU seconds from which on a work is not run again in the round."""


@dataclass(frozen=True)
class Elsewhere:
    """What a work returns that ran in another process: the CPU seconds told there."""

    seconds: float


@dataclass(frozen=True)
class Size:
    """What a run amounts to: events of the calendar, and patients."""

    events: int
    patients: int


@dataclass(frozen=True)
class Ratio:
    """A ratio worth telling: seconds of one work over seconds of another, and what is wanted of it."""

    label: str
    over: str
    under: str
    wanted: str


def timed(work: Work) -> float:
    """Return CPU seconds of a work; Python's collector is not to look through what is there already."""
    gc.collect()
    gc.freeze()
    began = time.process_time()
    found = work()
    spent = time.process_time() - began
    gc.unfreeze()
    return found.seconds if isinstance(found, Elsewhere) else spent


def in_a_round(work: Work) -> float:
    """Return CPU seconds of a work: of a short one, whose runs differ by more, the median of several."""
    spent = [timed(work)]
    while len(spent) < SHORT_RUNS and sum(spent) < LONG:
        spent.append(timed(work))
    return statistics.median(spent)


def interleaved(
    works: Mapping[str, Work], rounds: int, say: Callable[[str], object] = lambda _: None
) -> dict[str, list[float]]:
    """Return CPU seconds of each work in each round: every work once, then every work again."""
    out: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for name, work in works.items():
            out[name].append(in_a_round(work))
    return out


def spread(values: Sequence[float]) -> str:
    """Return the median with the least and the most."""
    low, middle, high = (f"{x:#.3g}".rstrip(".") for x in (min(values), statistics.median(values), max(values)))
    return middle if len(values) == 1 else f"{middle} [{low}-{high}]"


def ratios(seconds: Mapping[str, Sequence[float]], over: str, under: str) -> list[float]:
    """Return the ratio of two works in each round."""
    return [a / b for a, b in zip(seconds[over], seconds[under], strict=True)]


def rows_of(
    seconds: Mapping[str, Sequence[float]], sizes: Mapping[str, Size], against: str, memory: Mapping[str, float]
) -> list[tuple[str, ...]]:
    """Return the rows of a table, one a work; ratios are taken round by round."""
    out: list[tuple[str, ...]] = []
    for name, spent in seconds.items():
        size = sizes[name]
        each = 1e9 * statistics.median(spent) / size.events
        held = f"{memory[name]:.0f}" if name in memory else ""
        times = spread(ratios(seconds, name, against))
        out.append((name, f"{size.events:,}", f"{size.patients:,}", spread(spent), f"{each:,.0f}", times, held))
    return out


def table(head: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool) -> list[str]:
    """Return the lines of a table: Markdown's, or in columns."""
    if markdown:
        lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
        return [lines[0], "|" + "---|" * len(head), *lines[1:]]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    out = []
    for row in (head, *rows):
        cells = [
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        out.append("  ".join(cells).rstrip())
    return out
