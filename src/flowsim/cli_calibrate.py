"""The commands calibrate and validate, without what they share with the others: see ``flowsim.cli``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim.errors import RunError

if TYPE_CHECKING:
    from flowsim.config.load import Loaded

OPTIONS = {"calibrate": ("--waves", "--runs"), "validate": ("--runs", "--kept", "--rolling")}
"""Options of each command beside those of all that run the model."""
MOST = 100_000


def add_options(parser: argparse.ArgumentParser, command: str) -> None:
    """Add a command's own options."""
    if command == "calibrate":
        said = "waves of runs; 0 only compares the configuration with the records (3)"
        parser.add_argument("--waves", type=_number, default=3, help=said)
        parser.add_argument("--runs", type=_number, default=80, help="runs in each wave (80)")
    if command == "validate":
        parser.add_argument("--runs", type=_number, default=8, help="runs of every stretch of months (8)")
        said = "folder of a calibration: runs vary by the inputs it kept"
        parser.add_argument("--kept", type=Path, default=None, metavar="FOLDER", help=said)
        said = "naive forecasts know every month before the one they are of, not only those known at the start"
        parser.add_argument("--rolling", action="store_true", help=said)


def _number(said: str) -> int:
    if not (said.isascii() and said.isdecimal() and int(said) <= MOST):
        raise argparse.ArgumentTypeError(f"said {said!r}; wanted a whole number from 0 to {MOST}")
    return int(said)


def calibrate(args: argparse.Namespace, loaded: Loaded) -> list[str]:
    """Calibrate a place and write what was found; returns what to say of where it is."""
    from datetime import UTC, datetime

    import flowsim
    from flowsim.calibrate.conduct import conduct, part_names, plan
    from flowsim.calibrate.overlay import write_overlay
    from flowsim.experiment.store import Parts, put_in_place, results_folder
    from flowsim.report.calibration_page import write_calibration_page

    if args.waves and args.runs < 2:
        raise RunError(f"--runs: said {args.runs}; wanted 2 or more: what runs have in common is learnt from several")
    planned = plan(loaded, args.waves, args.runs)
    parts = Parts(args.out, f"{planned.name}-calibration")
    _say(args, f"{planned.label}: {planned.waves} waves of {planned.runs} runs, {planned.tasks} runs in all")
    result = conduct(planned, parts, args.workers or 0, None if args.quiet else sys.stderr)
    now = datetime.now(UTC)
    folder = results_folder(args.out, f"{planned.name}-calibration", now, planned.setup.key)
    said = []
    with put_in_place(folder) as temporary:
        result.save(temporary)
        if planned.waves:
            write_overlay(result, temporary / "calibrated.yaml", now.date().isoformat())
            said.append(f"Calibrated place: {folder / 'calibrated.yaml'}")
        if not args.no_report:
            write_calibration_page(result, temporary / "report.html", flowsim.__version__)
            said.append(f"Page: {(folder / 'report.html').resolve()}")
    parts.forget(iter(part_names(result)))
    if not args.quiet:
        from flowsim.report.terminal import console
        from flowsim.report.terminal_fit import show_calibration

        show_calibration(result, console())
    return said or [f"Results: {folder}"]


def validate(args: argparse.Namespace, loaded: Loaded, file: Path) -> list[str]:
    """Score forecasts of the series in a file; returns what to say of where the results are."""
    from datetime import UTC, datetime

    import flowsim
    from flowsim.calibrate.forecast import conduct_forecast, part_names, plan_forecast, read_kept
    from flowsim.calibrate.series import read_series
    from flowsim.experiment.store import Parts, put_in_place, results_folder
    from flowsim.report.calibration_page import write_validation_page

    if args.runs < 1:
        raise RunError(f"--runs: said {args.runs}; wanted 1 or more")
    kept = None if args.kept is None else read_kept(args.kept)
    planned = plan_forecast(loaded, read_series(file, loaded.config), args.runs, kept, args.rolling)
    parts = Parts(args.out, f"{planned.name}-validation")
    _say(args, f"{planned.name}: {len(planned.series)} series, {planned.tasks} runs in all")
    forecasts, scores = conduct_forecast(planned, parts, args.workers or 0, None if args.quiet else sys.stderr)
    folder = results_folder(args.out, f"{planned.name}-validation", datetime.now(UTC), planned.setups[0].key)
    with put_in_place(folder) as temporary:
        forecasts.to_parquet(temporary / "forecasts.parquet", index=False)
        scores.to_parquet(temporary / "scores.parquet", index=False)
        if not args.no_report:
            write_validation_page(planned, forecasts, scores, temporary / "report.html", flowsim.__version__)
    parts.forget(iter(part_names(planned)))
    if not args.quiet:
        from flowsim.report.terminal import console
        from flowsim.report.terminal_fit import show_validation

        show_validation(planned, scores, console())
    page = folder / "report.html"
    return [f"Results: {folder}" if args.no_report else f"Page: {page.resolve()}"]


def _say(args: argparse.Namespace, text: str) -> None:
    if not args.quiet:
        sys.stderr.write(f"{text}\n")
