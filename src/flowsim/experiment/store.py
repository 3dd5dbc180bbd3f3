"""Where results are kept: one folder a run, put in place whole; finished tasks until then in ``.parts``."""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsim.errors import RunError

if TYPE_CHECKING:
    from flowsim.experiment.tasks import TaskResult

PARTS = ".parts"


def results_folder(out: Path, name: str, stamp: datetime, digest: str) -> Path:
    """Return where a run's results go: ``out/name/<UTC stamp>-<digest>``; a number is added if that is taken."""
    wanted = out / name / f"{stamp:%Y%m%dT%H%M%SZ}-{digest[:8]}"
    taken = 1
    folder = wanted
    while folder.exists():
        taken += 1
        folder = wanted.with_name(f"{wanted.name}-{taken}")
    return folder


@contextlib.contextmanager
def put_in_place(folder: Path) -> Iterator[Path]:
    """Give a temporary folder to write in; it takes its name when all is written, and goes if anything fails."""
    temporary = folder.with_name(f".{folder.name}.writing-{os.getpid()}")
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(folder.parent.parent, error) from error
    try:
        yield temporary
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> RunError:
    return RunError(f"--out: said {folder}; wanted a folder that can be written ({error.strerror})")


class Parts:
    """Finished tasks, one file each, kept until the results are in place.

    A file is written under a temporary name and renamed, so that one that is there is whole.
    """

    def __init__(self, out: Path, name: str) -> None:
        self.folder = out / name / PARTS

    def make(self) -> None:
        """Create the folder.

        Raises:
            RunError: it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.folder.parent.parent, error) from error

    def path(self, task: str) -> Path:
        """Return the file of a task, by its name."""
        return self.folder / f"{task}.pickle"

    def has(self, task: str) -> bool:
        """Whether the task is finished."""
        return self.path(task).is_file()

    def keep(self, task: str, found: object) -> None:
        """Keep what a task found (or anything the workers share)."""
        temporary = self.folder / f".{task}.{os.getpid()}"
        with temporary.open("wb") as file:
            pickle.dump(found, file, protocol=pickle.HIGHEST_PROTOCOL)
        temporary.replace(self.path(task))

    def take(self, task: str) -> Any:
        """Return what was kept under a name."""
        with self.path(task).open("rb") as file:
            return pickle.load(file)

    def result(self, task: str) -> TaskResult | None:
        """Return what a task found; None where it is not there or cannot be read, whatever the reason."""
        try:
            found: TaskResult = self.take(task)
        except Exception:
            return None
        return found

    def forget(self, tasks: Iterator[str]) -> None:
        """Remove these tasks' files, half-written ones too, and the folder if nothing is left in it."""
        for task in tasks:
            for path in (self.path(task), *self.folder.glob(f".{task}.*")):
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()
