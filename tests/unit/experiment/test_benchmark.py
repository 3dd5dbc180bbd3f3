"""The benchmark: every version simulates the same network, so that their speeds can be set side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from flowsim.engine import kernel

HERE = Path(__file__).parents[3] / "experiments" / "benchmark"
DAYS = 40
SMALL = [
    "stream.attendances.volume=60 /day",
    "service.ae.capacity.cubicles=9",
    "service.ward.capacity.beds=16",
    "service.ward.steps.stay.duration.mean=18 h",
    "service.ward.steps.stay.duration.sd=18 h",
    "service.p1.capacity.places=5",
    "service.p1.steps.care.duration.mean=24 h",
    "service.p1.steps.care.duration.sd=12 h",
    "service.p2.capacity.beds=2",
    "service.p2.steps.care.duration.mean=24 h",
    "service.p2.steps.care.duration.sd=12 h",
    "service.p3.capacity.beds=1",
    "service.p3.steps.care.duration.mean=24 h",
    "service.p3.steps.care.duration.sd=12 h",
]
"""The sub-network made small and its stays short, so that all of it fills and blocks within a few days."""


@pytest.fixture(scope="module")
def bench() -> Iterator[SimpleNamespace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        import benchmark
        import ciw_sub
        import heap_limit
        import idiomatic

        yield SimpleNamespace(benchmark=benchmark, ciw=ciw_sub, simpy=idiomatic, limit=heap_limit)


def test_the_three_versions_of_the_sub_network_agree(bench: SimpleNamespace) -> None:
    spec, network = bench.benchmark.subnetwork(DAYS, SMALL)
    runs = {
        "kernel": [bench.benchmark.seen_in(spec, kernel.run(spec, r)).means() for r in range(60)],
        "SimPy": [bench.simpy.run(network, DAYS, r).means() for r in range(20)],
        "Ciw": [bench.ciw.run(network, DAYS, r).means() for r in range(20)],
    }
    for name in runs["kernel"][0]:
        values = {engine: np.array([means[name] for means in found]) for engine, found in runs.items()}
        assert min(found.min() for found in values.values()) > 0, name
        for other in ("SimPy", "Ciw"):
            a, b = values["kernel"], values[other]
            error = math.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size)
            assert abs(a.mean() - b.mean()) <= 4 * error, (name, other)


def test_growing_multiplies_demand_and_every_capacity(bench: SimpleNamespace) -> None:
    _, once = bench.benchmark.subnetwork(1, bench.benchmark.grown(1))
    _, four = bench.benchmark.subnetwork(1, bench.benchmark.grown(4))
    assert once == bench.benchmark.subnetwork(1)[1]
    assert four.per_day == pytest.approx(4 * once.per_day)
    assert four.capacity == tuple(4 * spaces for spaces in once.capacity)
    assert (four.acuity, four.admitted, four.onward, four.stays) == (
        once.acuity,
        once.admitted,
        once.onward,
        once.stays,
    )


def test_every_number_of_the_declaration_is_handed_on(bench: SimpleNamespace) -> None:
    _, network = bench.benchmark.subnetwork(1)
    assert network.per_day == pytest.approx(190)
    assert network.acuity == pytest.approx((0.05, 0.25, 0.45, 0.25))
    assert network.admitted == pytest.approx(0.25)
    assert network.onward == pytest.approx((0.2, 0.08, 0.02))
    assert network.capacity == (20, 420, 285, 86, 29)
    day = 1440
    stays = [(130, 90), (7.2 * day, 7.2 * day), (28 * day, 14 * day), (21 * day, 10 * day), (28 * day, 14 * day)]
    assert list(network.stays) == [pytest.approx(stay) for stay in stays]


def test_the_heap_of_the_limit_gives_keys_in_order(bench: SimpleNamespace) -> None:
    keys = np.random.default_rng(1).integers(0, 50, 200)
    heap = np.zeros(200, dtype=np.int64)
    for size, key in enumerate(keys.tolist()):
        bench.limit.push.py_func(heap, size, key)
    taken = [bench.limit.pop.py_func(heap, size) for size in range(200, 0, -1)]
    assert taken == sorted(keys.tolist())


def test_works_take_turns(bench: SimpleNamespace) -> None:
    order: list[str] = []
    works = {name: lambda name=name: order.append(name) for name in ("a", "b", "c")}
    seconds = bench.benchmark.interleaved(works, 2)
    assert order == ["a", "b", "c", "a", "b", "c"]
    assert {name: len(spent) for name, spent in seconds.items()} == {"a": 2, "b": 2, "c": 2}


def test_ratios_are_taken_round_by_round(bench: SimpleNamespace) -> None:
    size = bench.benchmark.Counts(1_000, 10, 1, 1, 1)
    rows = bench.benchmark.lines({"a": [1.0, 2.0, 4.0], "b": [3.0, 4.0, 4.0]}, {"a": size, "b": size}, "a", {"a": 99.6})
    assert [[cell.strip() for cell in row.strip("| ").split("|")] for row in rows] == [
        ["a", "1,000", "10", "2.00 [1.00-4.00]", "2,000,000", "1.00 [1.00-1.00]", "100"],
        ["b", "1,000", "10", "4.00 [3.00-4.00]", "4,000,000", "2.00 [1.00-3.00]"],
    ]
