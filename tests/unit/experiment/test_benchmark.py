"""The benchmark: every version simulates the same network, so that their speeds can be set side by side."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from flowsim.engine import kernel, reference
from flowsim.engine.context import Context

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
        import agreement
        import apart
        import benchmark
        import by_hand
        import by_hand_measures
        import by_hand_parts
        import ciw_sub
        import heap_limit
        import idiomatic
        import needed
        import networks
        import processes
        import rounds
        import simmer_sub

        yield SimpleNamespace(
            agreement=agreement,
            apart=apart,
            benchmark=benchmark,
            by_hand=by_hand,
            measures=by_hand_measures,
            parts=by_hand_parts,
            ciw=ciw_sub,
            limit=heap_limit,
            simpy=idiomatic,
            needed=needed,
            networks=networks,
            processes=processes,
            rounds=rounds,
            simmer=simmer_sub,
        )


def test_the_three_versions_of_the_sub_network_agree(bench: SimpleNamespace) -> None:
    spec, network = bench.networks.subnetwork(DAYS, SMALL)
    runs = {
        "kernel": [bench.networks.seen_in(spec, kernel.run(spec, r)).means() for r in range(60)],
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


def test_the_whole_network_by_hand_agrees_with_the_kernel(bench: SimpleNamespace) -> None:
    spec, _ = bench.networks.from_file("small.yaml", DAYS)
    told = bench.agreement
    engine = [told.means(spec, told.notes_of(spec, kernel.run(spec, r))) for r in range(100)]
    hand = [told.means(spec, told.notes_by_hand(bench.by_hand.run(spec, seed))) for seed in range(20)]
    compared = told.compare(engine, hand)
    assert {one.name: one.errors for one in compared if abs(one.errors) > 4} == {}
    # Every mechanism is met: people wait, give up, are delayed with and without a reason, and die.
    met = {one.name: one.kernel for one in compared}
    for name in ("ae: gave up", "utc: gave up", "deaths", "ward: days of delay with a reason", "sdec: ready to leave"):
        assert met[name] > 1 / 4, name
    for role in ("ae", "utc", "sdec", "ward", "intermediate_care", "home_care"):
        assert met[f"{role}: wait [min]"] > 1, role


def test_the_small_network_opens_its_surge_beds(bench: SimpleNamespace) -> None:
    spec, _ = bench.networks.from_file("small.yaml", DAYS)
    region = bench.by_hand.run(spec, 1)
    ward = spec.service_index("ward")
    stays = [(v.started, v.left) for v in region.visits if v.service == ward and not math.isnan(v.started)]
    changes = sorted([(start, 1) for start, _ in stays] + [(end, -1) for _, end in stays if not math.isnan(end)])
    most = np.cumsum([change for _, change in changes]).max()
    assert spec.services[ward].capacity.values[0] < most <= spec.services[ward].capacity.values[0] + 3


def test_measures_by_hand_are_what_the_notes_say(bench: SimpleNamespace) -> None:
    spec, _ = bench.networks.from_file("small.yaml", DAYS)
    region = bench.by_hand.run(spec, 1)
    tables = bench.measures.measures(region)
    ward = spec.service_index("ward")
    here = [visit for visit in region.visits if visit.service == ward]
    (row,) = tables["services"].query("service == @ward").to_dict("records")
    assert row["came"] == len(here)
    assert row["wait"] == pytest.approx(np.nanmean([visit.started - visit.arrived for visit in here]))
    time = region.midnights[DAYS // 2]
    (night,) = tables["midnights"].query("service == @ward and time == @time").to_dict("records")
    assert night["inside"] == sum(v.started <= time and not v.left <= time for v in here) > 0
    assert night["ready"] == sum(v.ready <= time and not v.left <= time for v in here) > 0
    days = sum(until - since for s, _, since, until in region.delays if s == ward) / 1440
    assert tables["delays"].query("service == @ward")["days"].sum() == pytest.approx(days)
    shares = tables["four_hours"].query("split == 'week'")
    through = [v for v in region.visits if v.ended == 0 and spec.services[v.service].role in ("ae", "utc")]
    asked = {(v.service, int(v.arrived // 10080)) for v in through}
    assert set(zip(shares["service"], shares["value"].astype(int), strict=True)) == asked


def test_the_version_by_hand_refuses_what_it_does_not_know(bench: SimpleNamespace) -> None:
    spec, _ = bench.networks.from_file("small.yaml", 1)
    odd = replace(spec.services[0], preempts=True)
    with pytest.raises(ValueError, match=f"service.{odd.id} preempts"):
        bench.by_hand.run(replace(spec, services=(odd, *spec.services[1:])), 1)
    stream = replace(spec.streams[0], kind="listed")
    with pytest.raises(ValueError, match=f"stream.{stream.id} is not a plain Poisson stream"):
        bench.by_hand.run(replace(spec, streams=(stream, *spec.streams[1:])), 1)


def test_spaces_out_of_use_come_back_and_those_inside_stay(bench: SimpleNamespace) -> None:
    import simpy

    env = simpy.Environment()
    beds, blocks = simpy.PriorityResource(env, 3), []
    inside = [beds.request(1) for _ in range(2)]
    bench.parts.out_of_use(beds, blocks, 3)
    waits = beds.request(0)
    env.run()
    assert [request.triggered for request in inside] == [True, True]
    assert [block.triggered for block in blocks] == [True, False, False]
    assert not waits.triggered
    bench.parts.out_of_use(beds, blocks, 0)
    env.run()
    assert waits.triggered


def test_simmer_is_left_out_with_a_reason(bench: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    bench.simmer.missing.cache_clear()
    assert "R is not installed" in bench.simmer.missing()
    bench.simmer.missing.cache_clear()


def test_growing_multiplies_demand_and_all_that_is_offered(bench: SimpleNamespace) -> None:
    spec, _ = bench.networks.from_file("small.yaml", 1)
    four = bench.networks.grown(spec, 4)
    assert bench.networks.grown(spec, 1) == spec
    for once, large in zip(spec.services, four.services, strict=True):
        unlimited = bench.networks.UNLIMITED
        assert large.capacity.values == tuple(v if v >= unlimited else 4 * v for v in once.capacity.values)
        assert sum(group.number for group in large.initial) == 4 * sum(group.number for group in once.initial)
        assert large.withheld.rows == tuple(4 * row for row in once.withheld.rows)
    for once, large in zip((*spec.streams, *spec.staff), (*four.streams, *four.staff), strict=True):
        before, after = (getattr(one, "rate", None) or one.rota for one in (once, large))
        assert after.values == pytest.approx([4 * value for value in before.values])


def test_every_number_of_the_declaration_is_handed_on(bench: SimpleNamespace) -> None:
    _, network = bench.networks.subnetwork(1)
    assert network.per_day == pytest.approx(190)
    assert network.acuity == pytest.approx((0.05, 0.25, 0.45, 0.25))
    assert network.admitted == pytest.approx(0.25)
    assert network.onward == pytest.approx((0.2, 0.08, 0.02))
    assert network.capacity == (20, 420, 285, 86, 29)
    day = 1440
    stays = [(130, 90), (7.2 * day, 7.2 * day), (28 * day, 14 * day), (21 * day, 10 * day), (28 * day, 14 * day)]
    assert list(network.stays) == [pytest.approx(stay) for stay in stays]


def test_the_limit_counts_every_draw_and_every_event(bench: SimpleNamespace) -> None:
    spec, _ = bench.networks.subnetwork(5, SMALL)
    found, got = bench.needed.needed(spec), kernel.run(spec, 0)
    started = got.visits.service[got.visits.started >= 0]
    branching = int(np.isin(started, [spec.service_index(name) for name in ("ae", "ward")]).sum())
    # A time and, out of A&E and the ward, a way for each visit that began.
    assert found.run.counts() == {"uniform": started.size + branching, "lognormal": started.size}
    coming = found.coming.counts()
    # A gap and a level for each candidate, a gap more for each band of rates, and an attribute for each patient.
    bands = 7  # Up to 1, 2, 4, 8, 16, 32 and 64 patients a day.
    assert coming["uniform"] == 2 * coming["exponential"] - bands + got.patients.arrival.size
    assert coming["exponential"] > got.patients.arrival.size
    assert (found.events, found.patients) == (got.events, got.patients.arrival.size)
    assert found.pushes == got.events - got.patients.arrival.size
    assert int((found.calendar == bench.needed.POP).sum()) == found.pushes
    assert reference.Context is Context


def test_the_limit_knows_patience_departures_and_people_present(bench: SimpleNamespace) -> None:
    spec, _ = bench.networks.from_file("small.yaml", 5)
    found, got = bench.needed.needed(spec), kernel.run(spec, 0)
    assert found.events == got.events
    drawn = found.run.counts()
    assert set(drawn) == {"uniform", "constant", "exponential", "lognormal", "gamma"}
    assert drawn["uniform"] > sum(number for kind, number in drawn.items() if kind != "uniform")
    assert found.coming.counts()["gamma"] == sum(s.day_spread > 0 for s in spec.streams) * len(spec.clock.midnights)
    assert found.inside > 20


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
    seconds = bench.rounds.interleaved(works, 2)
    assert order == [name for _ in range(2) for name in "abc" for _ in range(bench.rounds.SHORT_RUNS)]
    assert {name: len(spent) for name, spent in seconds.items()} == {"a": 2, "b": 2, "c": 2}


def test_a_short_work_is_run_several_times_and_its_median_taken(bench: SimpleNamespace) -> None:
    told = iter([0.5, 9.0, 0.3, 0.4, 0.6, 0.1, 0.2])
    assert bench.rounds.in_a_round(lambda: bench.rounds.Elsewhere(next(told))) == (0.5 + 9.0) / 2
    assert bench.rounds.in_a_round(lambda: bench.rounds.Elsewhere(next(told))) == 0.3
    long = iter([7.0])
    assert bench.rounds.in_a_round(lambda: bench.rounds.Elsewhere(next(long))) == 7.0


def test_seconds_told_by_another_process_are_taken(bench: SimpleNamespace) -> None:
    assert bench.rounds.timed(lambda: bench.rounds.Elsewhere(12.5)) == 12.5


def test_a_work_in_a_process_of_its_own_runs_one_replication_after_another(bench: SimpleNamespace) -> None:
    asked, told = io.StringIO("1\n2\n3\n"), io.StringIO()
    runs: list[int] = []
    bench.apart.APART["told by hand"] = lambda _: lambda replication: lambda: runs.append(replication)
    try:
        bench.apart.serve("told by hand", 1, asked, told)
    finally:
        del bench.apart.APART["told by hand"]
    assert runs == [1, 2, 3]
    assert len([float(line) for line in told.getvalue().splitlines()]) == 3


def test_a_process_of_its_own_tells_its_seconds_till_it_is_closed(bench: SimpleNamespace) -> None:
    work = bench.apart.Apart(bench.apart.KERNEL, 1)
    assert bench.rounds.timed(work) > 0
    process = work.process
    work.close()
    assert process.returncode == 0


def test_a_process_of_its_own_that_fails_is_told_of(bench: SimpleNamespace) -> None:
    work = bench.apart.Apart("nothing of the kind", 1)
    with pytest.raises(RuntimeError, match="nothing of the kind: ended with 2"):
        work()


def test_ratios_are_taken_round_by_round(bench: SimpleNamespace) -> None:
    size = bench.rounds.Size(1_000, 10)
    seconds = {"a": [1.0, 2.0, 4.0], "b": [3.0, 4.0, 4.0]}
    rows = bench.rounds.rows_of(seconds, {"a": size, "b": size}, "a", {"a": 99.6})
    assert rows == [
        ("a", "1,000", "10", "2.00 [1.00-4.00]", "2,000,000", "1.00 [1.00-1.00]", "100"),
        ("b", "1,000", "10", "4.00 [3.00-4.00]", "4,000,000", "2.00 [1.00-3.00]", ""),
    ]
    assert bench.rounds.table(("x", "yy"), [("1", "2")], True) == ["| x | yy |", "|---|---|", "| 1 | 2 |"]
    assert bench.rounds.table(("x", "yy"), [("1", "2")], False) == ["x  yy", "1   2"]


def test_batches_are_compared_by_throughput_and_by_the_cores_they_had(bench: SimpleNamespace) -> None:
    one, two = bench.processes.Batch(1, 8, 4.0, 4.0), bench.processes.Batch(2, 8, 3.0, 4.5)
    assert bench.processes.batch_from(two.told()) == two
    assert bench.benchmark.worker_rows([one, two]) == [
        ("1", "8", "4.00", "1.00", "1.00", "1.00"),
        ("2", "8", "3.00", "1.50", "1.33", "0.89"),
    ]


def test_a_run_prints_its_tables(bench: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    bench.benchmark.main(["--only", "sub", "--days", "2", "--rounds", "1", "--markdown"])
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "### Sub-network, 2 days"
    assert {line.split(" | ")[0] for line in lines} >= {"| Sub-network, kernel", "| Sub-network, Ciw"}
    assert any(line.startswith("| Sub-network, 2 days: Ciw ÷ kernel |") for line in lines)
    assert "round 1 of 1" in err
