"""What is timed: each work by its name, what it amounts to, and the ratios worth telling.

A run that is timed has a replication of its own, so that nothing drawn before is met again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from apart import (
    APART,
    BY_HAND,
    BY_HAND_MEASURED,
    FIRST_TIMED,
    KERNEL,
    MEASURED,
    REFERENCE,
    REFERENCE_MEASURED,
    Apart,
)
from networks import grown, halton, subnetwork
from rounds import SHORT_RUNS, Elsewhere, Ratio, Size, Work

if TYPE_CHECKING:
    from needed import Needed

    from flowsim.system.spec import SystemSpec
    from flowsim.trajectory import Trajectory

YEAR = 365


@dataclass
class Group:
    """Works of one network.

    Attributes:
        title: what the table is headed with.
        against: the work whose time the others are compared with.
        sizes: what each work amounts to.
        notes: lines to be told with the table.
    """

    title: str
    against: str
    works: dict[str, Work] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)
    ratios: list[Ratio] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, size: Size, work: Work) -> None:
        """Add a work."""
        self.works[name], self.sizes[name] = work, size


def size_of(got: Trajectory) -> Size:
    """Return what a trajectory amounts to."""
    return Size(got.events, got.patients.arrival.size)


def kernel_given_arrivals(spec: SystemSpec, replications: Sequence[int]) -> Work:
    """Return the kernel's run without the drawing of arrivals, which are drawn beforehand."""
    from flowsim.demand import arrivals
    from flowsim.engine import kernel

    drawn = iter([(r, arrivals(spec, r)) for r in replications])

    def work() -> object:
        replication, coming = next(drawn)
        return kernel.run(spec, replication, coming)

    return work


def limit_works(group: Group, prefix: str, what: Needed, seed: int) -> None:
    """Add the heap-and-draws limit of a run, with and without its arrivals."""
    from heap_limit import Limit

    limit, size = Limit(what, seed), Size(what.events, what.patients)
    group.add(f"{prefix}, heap and draws", size, limit.with_arrivals)
    group.add(f"{prefix}, heap and draws, arrivals given", size, limit.alone)
    group.notes.append(f"Needed by replication 0: {what.described()}.")
    given = f"{prefix}, heap and draws, arrivals given"
    group.ratios += [
        Ratio("kernel ÷ heap and draws", f"{prefix}, kernel", f"{prefix}, heap and draws", "at most 4"),
        Ratio("the same, arrivals given", f"{prefix}, kernel, arrivals given", given, "at most 4"),
    ]


def halton_group(days: float, _: int, say: Callable[[str], object]) -> Group:
    """Return the works on the whole of Halton."""
    from needed import needed

    spec = halton(days).cells[0].spec
    say("Halton: counting draws and events (one run of the reference engine)")
    what = needed(spec)
    group = Group(f"Halton, {days:g} days", KERNEL)
    for name in APART:
        group.add(name, Size(what.events, what.patients), Apart(name, days))
    group.ratios += [
        Ratio("reference ÷ kernel, measures in both", REFERENCE_MEASURED, MEASURED, "at least 40"),
        Ratio("reference ÷ kernel", REFERENCE, KERNEL, ""),
        Ratio("SimPy by hand ÷ kernel, measures in both", BY_HAND_MEASURED, MEASURED, "at least 100"),
        Ratio("SimPy by hand ÷ kernel", BY_HAND, KERNEL, ""),
        Ratio("SimPy by hand ÷ reference", BY_HAND, REFERENCE, ""),
    ]
    limit_works(group, "Halton", what, spec.seed)
    return group


def year_group(_: float, __: int, say: Callable[[str], object]) -> Group:
    """Return the kernel's works on a year of Halton."""
    from flowsim.engine import kernel

    say("Halton, a year")
    size = size_of(kernel.run(halton(YEAR).cells[0].spec, 0))
    group = Group(f"Halton, {YEAR} days", "A year, kernel")
    group.add("A year, kernel", size, Apart(KERNEL, YEAR))
    group.add("A year, kernel and measures", size, Apart(MEASURED, YEAR))
    return group


def sub_group(days: float, rounds: int, say: Callable[[str], object]) -> Group:
    """Return the works on the sub-network, in everything that can express it and is installed."""
    import idiomatic
    import simmer_sub
    from needed import needed

    from flowsim.engine import kernel, reference

    say("Sub-network: counting draws and events")
    spec, network = subnetwork(days)
    what = needed(spec)
    size = Size(what.events, what.patients)
    group, new = Group(f"Sub-network, {days:g} days", "Sub-network, kernel"), count(FIRST_TIMED)
    given = [next(new) for _ in range(rounds * SHORT_RUNS)]
    kernel.run(spec, 0)
    group.add("Sub-network, kernel", size, lambda: kernel.run(spec, next(new)))
    group.add("Sub-network, kernel, arrivals given", size, kernel_given_arrivals(spec, given))
    group.add("Sub-network, reference", size, lambda: reference.run(spec, next(new)))
    group.add("Sub-network, SimPy by hand", size, lambda: idiomatic.run(network, days, next(new)))
    group.ratios.append(Ratio("SimPy by hand ÷ kernel", "Sub-network, SimPy by hand", group.against, ""))
    try:
        import ciw_sub
    except ModuleNotFoundError:
        group.notes.append("Ciw is not installed (pip install ciw), so it is left out.")
    else:
        group.add("Sub-network, Ciw", size, lambda: ciw_sub.run(network, days, next(new)))
        group.ratios.append(Ratio("Ciw ÷ kernel", "Sub-network, Ciw", group.against, "at least 150"))
    reason = simmer_sub.missing()
    if reason is None:
        run = simmer_sub.run
        group.add("Sub-network, simmer", size, lambda: Elsewhere(run(network, days, next(new)).seconds))
        group.ratios.append(Ratio("simmer ÷ kernel", "Sub-network, simmer", group.against, ""))
    else:
        group.notes.append(f"simmer is left out: {reason}.")
    limit_works(group, "Sub-network", what, spec.seed)
    return group


def growth_of_the_sub_network(days: float, _: int, say: Callable[[str], object]) -> Group:
    """Return the kernel's works on the sub-network grown."""
    return growth_group("Sub-network", subnetwork(days)[0], days, (1, 4, 16), say)


def growth_of_halton(days: float, _: int, say: Callable[[str], object]) -> Group:
    """Return the kernel's works on Halton grown."""
    return growth_group("Halton", halton(days).cells[0].spec, days, (1, 4), say)


def growth_group(name: str, spec: SystemSpec, days: float, sizes: Sequence[int], say: Callable[[str], object]) -> Group:
    """Return the kernel's works on a network grown."""
    from flowsim.engine import kernel

    group = Group(f"{name} grown, {days:g} days", f"{name} x1, kernel")
    for times in sizes:
        say(f"{name} x{times}")
        large, new = grown(spec, times), count(FIRST_TIMED)
        group.add(f"{name} x{times}, kernel", size_of(kernel.run(large, 0)), partial(_next, large, new))
        if times > 1:
            over, under = (f"{name} x{n}, kernel" for n in (times, 1))
            group.ratios.append(Ratio(f"x{times} ÷ x1", over, under, "at most 20" if times == 16 else ""))
    return group


def _next(spec: SystemSpec, new: count[int]) -> object:
    from flowsim.engine import kernel

    return kernel.run(spec, next(new))
