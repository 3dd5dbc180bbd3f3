"""How fast the engines are: ratios from one interleaved run. Heavy things are imported where they are used."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apart import APART, Apart, serve
from processes import MEMORY_OF, WANTED_MIB, alone, batch, batches, peaks
from rounds import interleaved, ratios, rows_of, spread, table

if TYPE_CHECKING:
    from processes import Batch
    from works import Group

TIMED = ("halton", "year", "sub", "growth")
PIECES = (*TIMED, "memory", "workers", "agreement")
HEAD = ("work", "events", "patients", "CPU seconds", "ns an event", "times the first", "peak MiB")
BATCH_TASKS = 8
AGREEMENT_DAYS = 60.0
AGREEMENT_RUNS = 6
Row = tuple[str, ...]


class Printer:
    """Writes results to standard output, as Markdown or plainly, and progress to standard error."""

    def __init__(self, markdown: bool) -> None:
        self.markdown = markdown
        self.began = time.monotonic()

    def say(self, text: str) -> None:
        """Tell what is being done."""
        sys.stderr.write(f"[{time.monotonic() - self.began:4.0f} s] {text}\n")
        sys.stderr.flush()

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> None:
        """Print a table and the notes that go with it."""
        lines = [f"### {title}" if self.markdown else title, "", *table(head, rows, self.markdown), ""]
        for note in notes:
            lines += [note, ""]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def groups(only: Sequence[str], days: float, rounds: int, say: Callable[[str], object]) -> list[Group]:
    """Return the works asked for."""
    import works

    made: dict[str, tuple[Callable[[float, int, Callable[[str], object]], Group], ...]] = {
        "halton": (works.halton_group,),
        "year": (works.year_group,),
        "sub": (works.sub_group,),
        "growth": (works.growth_of_the_sub_network, works.growth_of_halton),
    }
    return [make(days, rounds, say) for name, makers in made.items() if name in only for make in makers]


def told_ratios(found: Sequence[Group], seconds: Mapping[str, Sequence[float]]) -> list[Row]:
    """Return the rows of the ratios worth telling."""
    out: list[Row] = []
    for group in found:
        for ratio in group.ratios:
            told = spread(ratios(seconds, ratio.over, ratio.under))
            out.append((f"{group.title}: {ratio.label}", told, ratio.wanted))
    return out


def memory_rows(memory: Mapping[str, float]) -> list[Row]:
    """Return the rows of peak memory."""
    wanted = {"A year, a worker's three replications": f"under {WANTED_MIB}"}
    return [(f"Peak of a process, {name} [MiB]", f"{mib:.0f}", wanted.get(name, "")) for name, mib in memory.items()]


def worker_rows(found: Sequence[Batch]) -> list[Row]:
    """Return the rows of batches: how much more is done, and on how many cores that was."""
    first = found[0]
    rows: list[Row] = []
    for one in found:
        rate = one.tasks / one.wall
        times = rate * first.wall / first.tasks
        core_rate = (one.tasks / one.cpu) / (first.tasks / first.cpu)
        cells = (f"{one.tasks}", f"{one.wall:.2f}", f"{one.cores:.2f}", f"{times:.2f}", f"{core_rate:.2f}")
        rows.append((f"{one.workers}", *cells))
    return rows


def agreement_rows(days: float, runs: int, say: Callable[[str], object]) -> list[Row]:
    """Return the means of Halton by hand and in the kernel, those that are not 0 in both."""
    import by_hand
    from agreement import compare, means, notes_by_hand, notes_of
    from networks import halton

    from flowsim.engine import kernel

    spec = halton(days).cells[0].spec
    say(f"agreement: {runs} runs by hand")
    hand = [means(spec, notes_by_hand(by_hand.run(spec, seed))) for seed in range(runs)]
    say(f"agreement: {5 * runs} runs of the kernel")
    engine = [means(spec, notes_of(spec, kernel.run(spec, r))) for r in range(5 * runs)]
    return [
        (one.name, f"{one.kernel:,.1f}", f"{one.by_hand:,.1f}", f"{one.errors:+.1f}")
        for one in compare(engine, hand)
        if one.kernel or one.by_hand
    ]


def report(asked: Any, printer: Printer) -> None:
    """Measure what is asked for and print it."""
    only, say = asked.only, printer.say
    memory = peaks(asked.days, MEMORY_OF, say) if "memory" in only else {}
    found = groups(only, asked.days, asked.rounds, say)
    works = {name: work for group in found for name, work in group.works.items()}
    try:
        seconds = interleaved(works, asked.rounds, say)
    finally:
        for work in works.values():
            if isinstance(work, Apart):
                work.close()
    for group in found:
        own = {name: seconds[name] for name in group.works}
        printer.table(group.title, HEAD, rows_of(own, group.sizes, group.against, memory), group.notes)
    rows = told_ratios(found, seconds) + memory_rows(memory)
    if rows:
        printer.table(f"Ratios, {asked.rounds} rounds", ("", "median [least-most]", "wanted"), rows)
    if "workers" in only:
        head = ("workers", "tasks", "wall seconds", "cores had", "throughput, times one worker", "the same a core had")
        title = f"Halton, {asked.days:g} days, kernel and measures, a batch through the runner"
        printer.table(title, head, worker_rows(batches(asked.days, BATCH_TASKS, say)))
    if "agreement" in only:
        columns = ("mean of a run", "kernel", "SimPy by hand", "standard errors apart")
        rows = agreement_rows(min(asked.days, AGREEMENT_DAYS), AGREEMENT_RUNS, say)
        printer.table(f"Halton by hand and in the kernel, {min(asked.days, AGREEMENT_DAYS):g} days", columns, rows)
    say("done")


def pieces(text: str) -> list[str]:
    """Return the pieces named, separated by commas."""
    named = text.split(",")
    for name in named:
        if name not in PIECES:
            raise argparse.ArgumentTypeError(f"{name!r}; wanted some of {','.join(PIECES)}")
    return named


def main(words: Sequence[str]) -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=60.0, help="simulated")
    parser.add_argument("--rounds", type=int, default=3, help="in which everything is run once")
    parser.add_argument("--only", type=pieces, default=list(PIECES), help=f"some of {','.join(PIECES)}")
    parser.add_argument("--markdown", action="store_true", help="print the tables as the README has them")
    parser.add_argument("--memory", choices=MEMORY_OF, help="run this once and print the peak memory [MiB]")
    parser.add_argument("--serve", choices=APART, help="run this on each replication asked for, and print its seconds")
    parser.add_argument("--batch", metavar="WORKERS,TASKS", help="run a batch and print how long it took")
    asked = parser.parse_args(words)
    if asked.memory is not None:
        sys.stdout.write(f"{alone(asked.memory, asked.days):.1f}\n")
    elif asked.serve is not None:
        serve(asked.serve, asked.days, sys.stdin, sys.stdout)
    elif asked.batch is not None:
        workers, tasks = map(int, asked.batch.split(","))
        sys.stdout.write(batch(workers, asked.days, tasks).told())
    else:
        report(asked, Printer(asked.markdown))


if __name__ == "__main__":
    main(sys.argv[1:])
