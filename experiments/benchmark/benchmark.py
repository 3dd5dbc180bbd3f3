"""How fast the engines are: ratios from one interleaved run. Heavy things are imported where they are used."""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idiomatic import Network, Seen

    from flowsim.experiment.design import Design
    from flowsim.system.spec import SystemSpec
    from flowsim.trajectory import Trajectory

HERE = Path(__file__).resolve().parent
SERVICES = ("ae", "ward", "p1", "p2", "p3")
SPACES = {"ae": "cubicles", "ward": "beds", "p1": "places", "p2": "beds", "p3": "beds"}
MEMORY_OF = (
    "Halton, kernel",
    "Halton, kernel and measures",
    "Halton, reference",
    "Halton, reference and measures",
    "Sub-network, kernel",
    "Sub-network, SimPy by hand",
    "Sub-network, Ciw",
)


def halton(days: float) -> Design:
    """Return Halton at standard settings, for some days from the start, people already there included."""
    from flowsim.config.load import load
    from flowsim.experiment.design import design_run

    return design_run(load(["run=standard", "run.warm_up=0 d", f"run.duration={days:g} d"]))


def grown(times: int) -> list[str]:
    """Return overrides for so many times the population of the sub-network, and so many times the spaces."""
    capacity = dict(zip(SERVICES, (20, 420, 285, 86, 29), strict=True))
    spaces = [f"service.{name}.capacity.{SPACES[name]}={times * capacity[name]}" for name in SERVICES]
    return [f"stream.attendances.factor={times}", *spaces]


def subnetwork(days: float, overrides: Sequence[str] = ()) -> tuple[SystemSpec, Network]:
    """Return the declared sub-network, compiled for flowsim, and its numbers for the versions written by hand."""
    from flowsim.config.load import load
    from flowsim.system.build import build

    said = ["run.warm_up=0 d", f"run.duration={days:g} d", *overrides]
    loaded = load(said, [HERE / "subnetwork.yaml"])
    return build(loaded.staged), numbers(loaded.config)


def numbers(config: Any) -> Network:
    """Return the sub-network's numbers as its configuration says them."""
    from idiomatic import Network

    def one(tabled: Any) -> float:
        return float(tabled.value_for({}).value)

    stream, services = config.stream["attendances"], config.service
    said = stream.mix["acuity"].shares
    known = {name: share.value for name, share in said.items() if share != "rest"}
    acuity = [known.get(name, 1 - sum(known.values())) for name in config.attribute["acuity"].levels]
    onward = config.pathway["ward"]["all"].to
    care = [next(iter(services[name].steps.values())).duration for name in SERVICES]
    return Network(
        per_day=1440 * stream.volume.value * stream.factor.value,
        acuity=tuple(acuity),
        admitted=one(config.pathway["ae"]["all"].to["ward"]),
        onward=tuple(one(onward[name]) for name in SERVICES[2:]),
        capacity=tuple(int(services[name].capacity[SPACES[name]].value) for name in SERVICES),
        stays=tuple((one(time_in.mean), one(time_in.sd)) for time_in in care),
    )


def seen_in(spec: SystemSpec, got: Trajectory) -> Seen:
    """Return what the sub-network's patients met, from a trajectory: those who left the service by the end."""
    from idiomatic import Seen

    v, minute = got.visits, spec.clock.ticks_per_minute
    ae, ward = ((v.service == spec.service_index(name)) & (v.left >= 0) for name in SERVICES[:2])
    waits = (v.started - v.queued)[ae] / minute
    kept = (v.left - v.ready) / minute
    classes = v.priority[ae].tolist()
    pairs = list(zip(waits.tolist(), classes, strict=True))
    return Seen(pairs, kept[ae].tolist(), kept[ward].tolist(), got.patients.arrival.size)


@dataclass(frozen=True)
class Counts:
    """What a run of the kernel amounts to, so that the limit can do as much.

    Attributes:
        events: taken from the calendar: arrivals, ends of steps and so on.
        patients: who arrived or were there at the start.
        times: durations drawn, one for each event that is not an arrival; each goes through the heap once.
        uniforms: drawn besides those for times: attributes and the gap of each patient, a branch for each visit.
        inside: mean number of patients inside, which is how many the heap holds.
    """

    events: int
    patients: int
    times: int
    uniforms: int
    inside: int


def counts(got: Trajectory) -> Counts:
    """Return the counts of a trajectory."""
    import numpy as np

    patients = got.patients
    n, attributes = patients.attributes.shape
    left = np.where(patients.left < 0, got.end, patients.left)
    inside = int((left - patients.arrival).sum() / got.end)
    times = max(got.events - int((patients.stream >= 0).sum()), 1)
    return Counts(got.events, n, times, n * (1 + attributes) + got.visits.patient.size, max(inside, 1))


def limit() -> Callable[[int, int, int], float]:
    """Return a compiled loop that only draws, and pushes and pops a heap of so many entries."""
    from heap_limit import heap_and_draws

    heap_and_draws(10, 10, 3)
    return heap_and_draws


Work = Callable[[], object]


def interleaved(works: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Return CPU seconds of each work in each round: every work once, then every work again."""
    out: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            began = time.process_time()
            work()
            out[name].append(time.process_time() - began)
    return out


def halton_works(days: float) -> tuple[dict[str, Work], Counts]:
    """Return the works on the whole of Halton, and its counts."""
    from flowsim.engine import kernel, reference
    from flowsim.experiment import runner

    design = halton(days)
    spec, definitions = design.cells[0].spec, design.definitions
    size = counts(kernel.run(spec, 0))
    loop = limit()
    measured = {name: runner.Work(spec, definitions, name) for name in ("kernel", "reference")}
    return {
        "Halton, kernel": lambda: kernel.run(spec, 0),
        "Halton, heap and draws": lambda: loop(size.times, size.uniforms, size.inside),
        "Halton, kernel and measures": lambda: runner.run_task(measured["kernel"], 0),
        "Halton, reference": lambda: reference.run(spec, 0),
        "Halton, reference and measures": lambda: runner.run_task(measured["reference"], 0),
    }, size


def sub_works(days: float) -> tuple[dict[str, Work], Counts]:
    """Return the works on the sub-network, and its counts."""
    import ciw_sub
    import idiomatic

    from flowsim.engine import kernel, reference

    spec, network = subnetwork(days)
    size = counts(kernel.run(spec, 0))
    loop = limit()
    return {
        "Sub-network, kernel": lambda: kernel.run(spec, 0),
        "Sub-network, heap and draws": lambda: loop(size.times, size.uniforms, size.inside),
        "Sub-network, reference": lambda: reference.run(spec, 0),
        "Sub-network, SimPy by hand": lambda: idiomatic.run(network, days, 1),
        "Sub-network, Ciw": lambda: ciw_sub.run(network, days, 1),
    }, size


def growth_works(days: float, sizes: Sequence[int]) -> tuple[dict[str, Work], dict[str, Counts]]:
    """Return the kernel's works on the sub-network grown, and the counts of each."""
    from flowsim.engine import kernel

    works: dict[str, Work] = {}
    found: dict[str, Counts] = {}
    for times in sizes:
        spec, _ = subnetwork(days, grown(times))
        name = f"Sub-network x{times}, kernel"
        found[name] = counts(kernel.run(spec, 0))
        works[name] = lambda spec=spec: kernel.run(spec, 0)
    return works, found


def peak() -> float:
    """Return the most memory this process has held [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peaks(days: float) -> dict[str, float]:
    """Return the peak memory [MiB] of a process of its own for each work, start-up included.

    To be asked before this process grows: what a child inherits would count as its own.
    """
    asked = [sys.executable, str(HERE / "benchmark.py"), "--days", f"{days:g}", "--memory"]
    return {
        name: float(subprocess.run([*asked, name], check=True, capture_output=True, text=True).stdout)
        for name in MEMORY_OF
    }


def spread(values: Sequence[float]) -> str:
    """Return the median with the least and the most."""
    low, middle, high = (f"{x:#.3g}".rstrip(".") for x in (min(values), statistics.median(values), max(values)))
    return f"{middle} [{low}-{high}]"


def lines(
    seconds: Mapping[str, Sequence[float]], sizes: Mapping[str, Counts], against: str, memory: Mapping[str, float]
) -> list[str]:
    """Return the rows of a table, one a work; ratios are taken round by round."""
    out = []
    for name, spent in seconds.items():
        size = sizes[name]
        ratios = [a / b for a, b in zip(spent, seconds[against], strict=True)]
        each = 1e9 * statistics.median(spent) / size.events
        held = f"{memory[name]:.0f}" if name in memory else ""
        cells = (name, f"{size.events:,}", f"{size.patients:,}", spread(spent), f"{each:,.0f}", spread(ratios), held)
        out.append("| " + " | ".join(cells) + " |")
    return out


def report(days: float, rounds: int, big: bool, out: Callable[[str], object]) -> None:
    """Measure everything and print it."""
    memory = peaks(days)
    whole, whole_size = halton_works(days)
    sub, sub_size = sub_works(days)
    growth, sizes = growth_works(days, (1, 4, 16) if big else (1, 4))
    seconds = interleaved({**whole, **sub, **growth}, rounds)
    sizes = {**dict.fromkeys(whole, whole_size), **dict.fromkeys(sub, sub_size), **sizes}
    out(f"{days:g} days, {rounds} rounds, CPU seconds: median [least-most]\n\n")
    out("| work | events | patients | seconds | ns an event | times the kernel | peak MiB |\n")
    out("|---|---|---|---|---|---|---|\n")
    for group, against in ((whole, "Halton, kernel"), (sub, "Sub-network, kernel"), (growth, next(iter(growth)))):
        for line in lines({name: seconds[name] for name in group}, sizes, against, memory):
            out(line + "\n")
    out(f"\nPeak memory of this process, all of them one after another: {peak():.0f} MiB\n")


def main(words: Sequence[str]) -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=60.0, help="simulated")
    parser.add_argument("--rounds", type=int, default=3, help="in which everything is run once")
    parser.add_argument("--big", action="store_true", help="also sixteen times the population")
    parser.add_argument("--memory", choices=MEMORY_OF, help="run this once and print the peak memory [MiB]")
    asked = parser.parse_args(words)
    if asked.memory is None:
        report(asked.days, asked.rounds, asked.big, sys.stdout.write)
        return
    alone(asked.memory, asked.days)
    sys.stdout.write(f"{peak():.1f}\n")


def alone(name: str, days: float) -> None:
    """Run one work once, with nothing else in the process that it does not need."""
    from flowsim.demand import arrivals
    from flowsim.experiment import runner

    engine = "kernel" if "kernel" in name else "reference"
    if name == "Sub-network, SimPy by hand":
        import idiomatic

        idiomatic.run(subnetwork(days)[1], days, 1)
    elif name == "Sub-network, Ciw":
        import ciw_sub

        ciw_sub.run(subnetwork(days)[1], days, 1)
    elif name.endswith("measures"):
        design = halton(days)
        runner.run_task(runner.Work(design.cells[0].spec, design.definitions, engine), 0)
    else:
        spec = halton(days).cells[0].spec if name.startswith("Halton") else subnetwork(days)[0]
        runner.ENGINES[engine]()(spec, 0, arrivals(spec, 0))


if __name__ == "__main__":
    main(sys.argv[1:])
