"""The same patients with the same luck in both arms: one bed more in a ward, against Erlang C."""

from __future__ import annotations

import numpy as np
import pytest

from flowsim.engine.kernel import run
from flowsim.trajectory import NEVER
from tests.build import spec_of
from tests.reference_cases.acceptance import network
from tests.theory.closed_forms import Queue


def waits(beds: int, replication: int, warm_up: str, duration: str) -> tuple[np.ndarray, np.ndarray]:
    """(every patient's wait [d], whether they came in the window and started) with so many beds."""
    raw = network("C09a")
    raw["service"]["ward"]["capacity"] = {"beds": beds}
    spec = spec_of(raw, warm_up=warm_up, duration=duration)
    visits = run(spec, replication).visits
    counts = (visits.queued >= spec.warm_up) & (visits.started != NEVER)
    until = np.where(visits.started == NEVER, spec.end, visits.started)
    return (until - visits.queued) / (1440 * spec.clock.ticks_per_minute), counts


def paired(replications: int, warm_up: str, duration: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean wait with 31 and with 32 beds, by replication; no wait may be longer with 32."""
    means = []
    for replication in range(replications):
        few, counts_few = waits(31, replication, warm_up, duration)
        more, counts_more = waits(32, replication, warm_up, duration)
        assert (more <= few).all()
        means.append((few[counts_few].mean(), more[counts_more].mean()))
    few_means, more_means = np.array(means).T
    return few_means, more_means


def check(few: np.ndarray, more: np.ndarray) -> float:
    """Hold the pairs against theory and against independent runs; return the standard error of the difference."""
    difference = few - more
    expected = Queue(5.5, 5, 31).wait - Queue(5.5, 5, 32).wait
    se = difference.std(ddof=1) / np.sqrt(len(difference))
    assert abs(difference.mean() - expected) <= max(4 * se, 0.005 * expected)
    assert difference.var(ddof=1) < 0.5 * (few.var(ddof=1) + more.var(ddof=1))
    return float(se / expected)


def test_a_bed_more_in_a_short_run():
    check(*paired(12, "100 d", "300 d"))


@pytest.mark.deep
def test_a_bed_more_at_full_length():
    assert check(*paired(50, "1000 d", "5000 d")) <= 0.04
