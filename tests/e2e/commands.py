"""What tests of whole commands share: their folders, their refusals, and stopping them on the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flowsim.cli import main


def only_folder(out: Path) -> Path:
    """Return the one folder of results."""
    (found,) = [path for path in out.glob("*/*") if path.name != ".parts"]
    return found


def refused(typed: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that a command is refused with."""
    assert main(typed) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("flowsim: ")
    return line


def stopped(typed: list[str], workers: str, out: Path, first: tuple[str, ...]) -> None:
    """Start a command, and stop it as a terminal does once one of the first replications is kept.

    Args:
        typed: the command, without its workers.
        workers: how many it has.
        out: where it keeps what is finished.
        first: ends of the names of the replications waited for.
    """
    running = subprocess.Popen(
        [sys.executable, "-m", "flowsim", *typed, "--workers", workers],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that runs the tests in the background has its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads are running yet
    )
    while not (kept := [path for end in first for path in out.glob(f"*/.parts/[!.]*-{end}.pickle")]):
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)  # to every process of the group
    _, said = running.communicate()
    assert running.returncode == 130, said
    assert "Run the same command again to go on from there." in said
    assert "Traceback" not in said
    assert all(path.exists() for path in kept)
