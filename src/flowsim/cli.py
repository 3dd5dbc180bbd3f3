"""The command line. Each command is a thin layer over functions that a notebook or a worker can call.

Only what a command needs is imported, and when it runs: ``flowsim --help`` imports nothing heavy.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

from flowsim import cli_calibrate
from flowsim.errors import ConfigError, FlowsimError, Problem, RunError
from flowsim.interrupts import remembered

if TYPE_CHECKING:
    from flowsim.config.load import Loaded
    from flowsim.experiment.conduct import Stopped
    from flowsim.experiment.design import Design
    from flowsim.experiment.result import ExperimentResult

USER_ERROR = 2
PROGRAM_ERROR = 1
INTERRUPTED = 130
"""Exit codes; 0 when all is well."""

MOST_WORKERS = 1024
DOCS_OPTIONS = ("--effects", "--only", "--folder", "--out", "--workers", "--quiet")
VERIFY_OPTIONS = ("--engines", "--replications", "--workers")
RUN_OPTIONS = ("--out", "--workers", "--no-report", "--quiet")

WORDS_HELP = (
    "place files (*.yaml), folders of them, and overrides: run=smoke, place=toy, experiment=winter_2026, "
    "demand=[extreme], scenario=[a,b], service.intermediate_care_beds.capacity.beds=30"
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command: what runs it, what it takes, and what it is for."""

    run: Callable[[argparse.Namespace], int]
    words: str
    help: str
    runs: bool = False


OBJECTS_BETWEEN_COLLECTIONS = 200_000
"""Configurations are as many objects, which live as long as the command; looking through them again and again for
what can be thrown away took an eighth of the time to start."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    _let_any_terminal_show_it()
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        with remembered():
            code = _run(given)
            sys.stdout.flush()
        return code
    except FlowsimError as error:
        return _refuse(error)
    except KeyboardInterrupt as stopped:
        return _stopped(stopped)
    except BrokenPipeError:
        _silence()
        return 0
    except OSError as error:
        _silence()
        about = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"flowsim: {about}said {error.strerror}; wanted a place that can be read and written\n")
        return USER_ERROR
    except Exception as error:
        said = str(error).strip().splitlines() or [""]
        sys.stderr.write(f"flowsim: {type(error).__name__}: {said[0]}\n  (add --debug to see where)\n")
        return PROGRAM_ERROR


def _run(given: Sequence[str]) -> int:
    if not given or given[0] not in COMMANDS:
        return _overview(given)
    # Options may stand between overrides, which argparse's sub-commands do not allow.
    args, unknown = _parser(given[0]).parse_known_intermixed_args(given[1:])
    if unknown:
        raise RunError(f"{given[0]}: said {unknown[0]!r}; wanted {_nearest(unknown[0], _options(given[0]))}")
    args.typed = ["flowsim", *given]
    try:
        return COMMANDS[given[0]].run(args)
    except SystemExit as error:
        # This is how rich says that nobody reads on (| head).
        raise BrokenPipeError from error
    except Exception:
        if args.debug:
            import traceback

            traceback.print_exc()
        raise


def _refuse(error: FlowsimError) -> int:
    lines = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else [str(error)]
    sys.stderr.write("".join(f"flowsim: {line}\n" for line in lines))
    return USER_ERROR


def _stopped(stopped: KeyboardInterrupt) -> int:
    sys.stderr.write("\nflowsim: stopped.\n")
    if hasattr(stopped, "folder"):
        known = cast("Stopped", stopped)
        sys.stderr.write(
            f"  {known.done} of {known.tasks} replications are kept in {known.folder}.\n"
            "  Run the same command again to go on from there.\n"
        )
    return INTERRUPTED


# --- output, whatever it goes to --------------------------------------------------------------------

PLAIN = {"−": "-", "–": "-", "─": "-", "£": "GBP ", "×": "x", "’": "'", "…": "..."}
"""What to write instead where the terminal's encoding has no such character; else a question mark."""


def _let_any_terminal_show_it() -> None:
    """Make output go through whatever its encoding, and nowhere if it was closed before we began."""
    codecs.register_error("flowsim", _plainly)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            os.open(os.devnull, os.O_WRONLY)  # takes the free number, lest a file of results get it
            setattr(sys, name, io.StringIO())
        elif isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="flowsim")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(c, "?") for c in error.object[error.start : error.end]), error.end


def _silence() -> None:
    """Where standard output takes no more, let what it still holds go nowhere, lest that be told again on exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# --- what may be typed ------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as the rest of the program does."""

    def error(self, message: str) -> NoReturn:
        said = message.removeprefix("argument ").replace("expected one argument", "said nothing; wanted a value")
        raise RunError(f"{said} ({self.prog} --help says more)")


def _overview(given: Sequence[str]) -> int:
    import flowsim

    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items())
    parser = _Parser(
        prog="flowsim",
        usage="flowsim COMMAND [FILE.yaml ...] [key=value ...] [options]",
        description="Whole-system patient flow: what would happen, with what certainty, and who pays.",
        epilog=f"commands:\n{listed}\n\nflowsim COMMAND --help says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"flowsim {flowsim.__version__}")
    parser.add_argument("command", nargs="?", metavar="COMMAND", help="one of those below")
    parser.parse_known_args(given or ["--help"])
    raise RunError(f"said {given[0]!r}; wanted a command first: {_nearest(given[0], list(COMMANDS))}")


def _parser(name: str) -> argparse.ArgumentParser:
    command = COMMANDS[name]
    parser = _Parser(prog=f"flowsim {name}", description=command.help)
    helped = {"FOLDER": "folder of results", "place NAME": "what to write, and its name"}.get(command.words, WORDS_HELP)
    if command.words:
        parser.add_argument("words", nargs="*", metavar=command.words, help=helped)
    if command.runs:
        parser.add_argument("--out", type=_folder, default=Path("results"), help="where results go (./results)")
        parser.add_argument("--workers", type=_workers, default=None, help="processes; 0 for one a core")
        parser.add_argument("--no-report", action="store_true", help="write tables only, no page and no workbook")
        parser.add_argument("--quiet", action="store_true", help="say only where the results are")
    if name == "docs":
        _add_docs_options(parser)
    if name == "new":
        parser.add_argument("--like", default="borough", help="borough (a template, unless said), or a place to copy")
    if name in cli_calibrate.OPTIONS:
        cli_calibrate.add_options(parser, name)
    if name == "verify":
        parser.add_argument("--engines", action="store_true", help="run an experiment in both engines and compare")
        parser.add_argument("--replications", type=_replications, default=3, help="of each, with --engines (3)")
        parser.add_argument("--workers", type=_workers, default=None, help="processes; 0 for one a core")
    parser.add_argument("--debug", action="store_true", help="show where an error arose")
    return parser


def _add_docs_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--effects", action="store_true", help="run every item of the book of coverage by itself first")
    parser.add_argument("--only", type=_ids, default=(), metavar="ITEM,ITEM", help="run these items of the book only")
    parser.add_argument("--folder", type=_folder, default=Path("docs"), help="where the pages go (./docs)")
    parser.add_argument("--out", type=_folder, default=Path("results"), help="where results of runs go (./results)")
    parser.add_argument("--workers", type=_workers, default=None, help="processes; 0 for one a core")
    parser.add_argument("--quiet", action="store_true", help="say only where the pages are")
    parser.set_defaults(no_report=True)


def _options(name: str) -> list[str]:
    if name == "docs":
        return [*DOCS_OPTIONS, "--debug", "--help"]
    if name == "new":
        return ["--like", "--debug", "--help"]
    if name == "verify":
        return [*VERIFY_OPTIONS, "--debug", "--help"]
    own = cli_calibrate.OPTIONS.get(name, ())
    return [*RUN_OPTIONS, *own, "--debug", "--help"] if COMMANDS[name].runs else ["--debug", "--help"]


def _nearest(said: str, known: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(said.split("=", maxsplit=1)[0], known, n=1)
    return f"one of {', '.join(known)}" + (f"; did you mean {near[0]!r}?" if near else "")


def _workers(said: str) -> int:
    if not (said.isascii() and said.isdecimal() and int(said) <= MOST_WORKERS):
        raise argparse.ArgumentTypeError(f"said {said!r}; wanted a whole number from 0 (one a core) to {MOST_WORKERS}")
    return int(said)


def _ids(said: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in said.split(",") if name.strip())


def _replications(said: str) -> int:
    if not (said.isascii() and said.isdecimal() and 0 < int(said) < 100_000):
        raise argparse.ArgumentTypeError(f"said {said!r}; wanted a whole number from 1 to 99999")
    return int(said)


def _folder(said: str) -> Path:
    if not said.strip():
        raise argparse.ArgumentTypeError("said nothing; wanted a folder")
    return Path(said)


def _load(words: Sequence[str]) -> Loaded:
    """Return the configuration that the words ask for; those that end in .yaml, or are files, are place files."""
    from flowsim.config.load import load

    files = [word for word in words if _is_file(word)]
    asked = [word for word in words if word not in files]
    return load(asked, [path for word in files for path in _files(Path(word))])


def _is_file(word: str) -> bool:
    if "=" not in word and word.lower().endswith((".yaml", ".yml")):
        return True
    return Path(word).is_file() or ("=" not in word and Path(word).is_dir())


def _files(path: Path) -> list[Path]:
    """Return a file, or the YAML files of a folder in the order of their names."""
    if not path.is_dir() or path.suffix.lower() in (".yaml", ".yml"):
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in (".yaml", ".yml"))
    if not found:
        raise RunError(f"{path}: said a folder without YAML files; wanted one that describes a place")
    return found


# --- compare and run --------------------------------------------------------------------------------


def compare(args: argparse.Namespace) -> int:
    """Run the configuration's experiment and say what came of it."""
    from flowsim.experiment.design import design_experiment
    from flowsim.experiment.runner import wake_workers

    loaded = _load(args.words)
    workers = loaded.config.run.workers if args.workers is None else args.workers
    asked = loaded.config.experiment
    if asked is not None:
        wake_workers(loaded.config.run, len(asked.arms) * len(asked.demand) * loaded.config.run.replications, workers)
    result, folder = _conduct(args, design_experiment(loaded, workers))
    if not args.quiet:
        from flowsim.report.terminal import console, show_comparison

        show_comparison(result, console())
    return _say_where(args, folder)


def run(args: argparse.Namespace) -> int:
    """Run one configuration and say what came of it."""
    from flowsim.experiment.design import design_run

    loaded = _load(args.words)
    result, folder = _conduct(args, design_run(loaded))
    if not args.quiet:
        from flowsim.report.terminal import console, show_run

        show_run(result, console())
    return _say_where(args, folder)


def _conduct(args: argparse.Namespace, design: Design) -> tuple[ExperimentResult, Path]:
    """Run a design and put its results in a folder of their own."""
    from datetime import UTC, datetime

    from flowsim.experiment.conduct import conduct
    from flowsim.experiment.store import Parts, put_in_place, results_folder

    workers = design.config.run.workers if args.workers is None else args.workers
    parts = Parts(args.out, design.name)
    parts.make()  # whether it can be written is better known before the work than after it
    if not args.quiet:
        arms, levels = len(design.arms), len(design.levels)
        sys.stderr.write(
            f"{design.title}: {_plural(arms, 'arm')} at {_plural(levels, 'demand level')}, "
            f"{_plural(design.replications, 'replication')} each\n"
        )
    if workers == 1 or len(design.tasks) == 1:
        from flowsim.draws.cache import without_linear_algebra

        without_linear_algebra()  # what runs here is flowsim's alone, and starts sooner
    result = conduct(design, parts, args.typed, workers, None if args.quiet else sys.stderr)
    folder = results_folder(args.out, design.name, datetime.now(UTC), design.digest)
    with put_in_place(folder) as temporary:
        result.save(temporary)
    parts.forget(task.name for task in design.tasks)
    if not args.no_report:
        _write_report(result, folder)
    return result, folder


def _write_report(result: ExperimentResult, folder: Path) -> None:
    """Write page and workbook into a folder of results, each put in place whole."""
    from flowsim.report.findings import write_findings
    from flowsim.report.page import write_page
    from flowsim.report.workbook import write_workbook

    write_findings(result, folder)
    for name, write in (("report.html", write_page), ("workbook.xlsx", write_workbook)):
        temporary = folder / f".writing-{name}"
        try:
            write(result, temporary)
            temporary.replace(folder / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            sys.stderr.write(f"flowsim: the results are in {folder}; to try again: flowsim report {folder}\n")
            raise


def _say_where(args: argparse.Namespace, folder: Path) -> int:
    page = folder / "report.html"
    said = f"Results: {folder}" if args.no_report else f"Page: {page.resolve()}"
    sys.stdout.write(f"{said}\n")
    return 0


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


# --- check, explain, schema, report, verify ---------------------------------------------------------


def check(args: argparse.Namespace) -> int:
    """Stage and build every arm at every demand level, and look at what each asks of its services."""
    from flowsim.experiment.design import design_experiment, design_run
    from flowsim.report.terminal import console, show_check

    loaded = _load(args.words)
    workers = loaded.config.run.workers
    show_check(design_experiment(loaded, workers) if loaded.config.experiment else design_run(loaded), console())
    return 0


def explain(args: argparse.Namespace) -> int:
    """Print the difference that a stack of interventions makes, key by key, and who said it."""
    from flowsim.config.scenarios import stage
    from flowsim.experiment.changes import differences
    from flowsim.report.terminal import console, show_differences

    loaded = _load(args.words)
    stack = tuple(loaded.config.scenario)
    if not stack:
        wanted = "interventions or scenarios to explain, e.g. scenario=[a,b]"
        raise ConfigError([Problem("scenario", "nothing", wanted)])
    baseline, option = stage(loaded.raw, (), None), stage(loaded.raw, stack, None)
    show_differences(stack, differences(baseline, option), console())
    return 0


def new(args: argparse.Namespace) -> int:
    """Write a starter set of files for a place of one's own."""
    from flowsim.config.template import new_place

    if len(args.words) != 2 or args.words[0] != "place":
        said = " ".join(args.words) or "nothing"
        raise RunError(f"new: said {said!r}; wanted place and its name, e.g. flowsim new place st_helens")
    folder = new_place(args.words[1], args.like)
    sys.stdout.write(f"{folder}: runs as it stands; {folder}/README.md says which numbers to replace first\n")
    sys.stdout.write(f"  flowsim check {folder}/\n  flowsim compare {folder}/\n")
    return 0


def schema(args: argparse.Namespace) -> int:
    """Print the JSON Schema of the YAML, by which editors complete and check it."""
    import json

    from flowsim.config.schema import schema as made

    sys.stdout.write(json.dumps(made(), indent=2, ensure_ascii=False) + "\n")
    return 0


def report(args: argparse.Namespace) -> int:
    """Write the page and the workbook of a folder of results again."""
    from flowsim.experiment.result import ExperimentResult

    if len(args.words) != 1:
        raise RunError(f"report: said {_plural(len(args.words), 'folder')}; wanted one, as flowsim compare printed it")
    folder = Path(args.words[0])
    try:
        result = ExperimentResult.load(folder)
    except FlowsimError:
        raise
    except Exception as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        wanted = "all files as flowsim wrote them"
        raise RunError(f"{folder}: said results that cannot be read ({why}); wanted {wanted}") from error
    _write_report(result, folder)
    sys.stdout.write(f"Page: {(folder / 'report.html').resolve()}\n")
    return 0


def calibrate(args: argparse.Namespace) -> int:
    """Narrow uncertain inputs down to what the place's records do not rule out."""
    sys.stdout.write("".join(f"{said}\n" for said in cli_calibrate.calibrate(args, _load(args.words))))
    return 0


def validate(args: argparse.Namespace) -> int:
    """Score the model's forecasts of the series in a CSV file against naive ones."""
    files = [word for word in args.words if word.lower().endswith(".csv") and "=" not in word]
    if len(files) != 1:
        raise RunError(f"validate: said {_plural(len(files), 'CSV file')}; wanted one, e.g. series.csv place=halton")
    loaded = _load([word for word in args.words if word not in files])
    sys.stdout.write("".join(f"{said}\n" for said in cli_calibrate.validate(args, loaded, Path(files[0]))))
    return 0


def docs(args: argparse.Namespace) -> int:
    """Write the pages of docs/ that are made from the configuration; with --effects try each item of the book."""
    from flowsim.report.docs_coverage import write_coverage
    from flowsim.report.docs_parameters import write_parameters

    loaded = _load(args.words)
    args.folder.mkdir(parents=True, exist_ok=True)
    if args.effects or args.only:
        _try_each_item(args, loaded)
    pages = [write_parameters(loaded, args.folder)]
    if loaded.config.coverage:
        pages.append(write_coverage(loaded, args.folder))
    sys.stdout.write("".join(f"Page: {page}\n" for page in pages))
    return 0


def _try_each_item(args: argparse.Namespace, loaded: Loaded) -> None:
    """Run the items of the book of coverage one at a time and keep what each moved."""
    from flowsim.experiment.effects import effects, effects_design
    from flowsim.report.docs_coverage import keep_effects

    result, _ = _conduct(args, effects_design(loaded, args.only))
    days = loaded.config.run.duration.value / 1440
    keep_effects(effects(result, loaded.config.coverage, days), args.folder, loaded.config.coverage)


def verify(args: argparse.Namespace) -> int:
    """Check on this machine that the program keeps its promises: conservation, theory, repeatability."""
    from flowsim.experiment.verify import verify_all

    if args.engines:
        return _verify_engines(args)
    if args.words:
        raise RunError(f"verify: said {args.words[0]!r}; wanted --engines with it: verify --engines {args.words[0]}")
    is_well = True
    for found in verify_all():
        is_well = is_well and found.is_well
        sys.stdout.write(f"{'OK  ' if found.is_well else 'FAIL'}  {found.what}: {found.detail}\n")
        sys.stdout.flush()
    return 0 if is_well else PROGRAM_ERROR


def _verify_engines(args: argparse.Namespace) -> int:
    """Run an experiment (or a single configuration) in both engines and say whether they agree, tick for tick."""
    from flowsim.experiment.agreement import agreements
    from flowsim.experiment.design import design_experiment, design_run
    from flowsim.experiment.progress import Progress

    loaded = _load(args.words)
    workers = loaded.config.run.workers if args.workers is None else args.workers
    design = design_experiment(loaded, workers) if loaded.config.experiment else design_run(loaded)
    tasks, work = len(design.cells) * args.replications, sum(cell.work for cell in design.cells) * args.replications
    wrong, events = 0, 0
    with Progress(tasks, work, sys.stderr) as progress:
        for found in agreements(design, args.replications, workers):
            events += found.events
            if found.difference is not None:
                wrong += 1
                where = f"{found.arm} at {found.demand}, replication {found.replication + 1}"
                sys.stdout.write(f"FAIL  {where}: {found.difference}\n")
                sys.stdout.flush()
            progress.advance(found.work)
    arms, levels = _plural(len(design.arms), "arm"), _plural(len(design.levels), "demand level")
    what = f"{arms} at {levels}, {_plural(args.replications, 'replication')} each, {events:,} events"
    said = f"{tasks - wrong} of {tasks} runs are the same in both engines"
    sys.stdout.write(f"{'FAIL' if wrong else 'OK  '}  {what}: {said}\n")
    return PROGRAM_ERROR if wrong else 0


_WORDS = "FILE.yaml|key=value"
COMMANDS = {
    "compare": Command(compare, _WORDS, "run an experiment: options by demand levels, paired", runs=True),
    "run": Command(run, _WORDS, "run one configuration, with scenario=[...] if any", runs=True),
    "check": Command(check, _WORDS, "check a configuration, every arm and demand level, without running it"),
    "explain": Command(explain, _WORDS, "say what scenario=[...] changes, key by key, and who said it"),
    "new": Command(new, "place NAME", "write files to begin a place of your own with (--like halton copies one)"),
    "schema": Command(schema, "", "print the JSON Schema of the YAML, for editors"),
    "report": Command(report, "FOLDER", "write the page and workbook of a results folder again"),
    "calibrate": Command(calibrate, _WORDS, "narrow uncertain inputs down by recorded series", runs=True),
    "validate": Command(validate, f"SERIES.csv|{_WORDS}", "score forecasts against later records", runs=True),
    "docs": Command(docs, _WORDS, "write docs/: inputs with their sources, items of the documents with their effects"),
    "verify": Command(
        verify, _WORDS, "check this installation: conservation, theory, repeatability; --engines: both engines agree"
    ),
}
