"""Progress of a pool of tasks with the time left: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

SECONDS_BETWEEN_LINES = 10.0


def spoken_time(seconds: float) -> str:
    """Return a length of time as people say it.

    Example:
        >>> spoken_time(42), spoken_time(150), spoken_time(7000)
        ('42 s', '2 min 30 s', '1 h 56 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 and whole % 60 else f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Progress:
    """Tells how far the tasks are.

    The time left assumes that work still to do goes at the pace of that done in this session: tasks found
    finished at the start say nothing about pace.

    Args:
        tasks: how many in all.
        work: the sum of their expected work.
        stream: where to write; None to say nothing.
    """

    def __init__(self, tasks: int, work: float, stream: TextIO | None) -> None:
        self.tasks = tasks
        self.work = work
        self.stream = stream
        self.done = 0
        self._worked = 0.0
        self._found = 0.0
        self._began = self._paced_from = time.monotonic()
        self._said = self._began
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        self._began = self._paced_from = self._said = time.monotonic()
        if self.stream is not None and self.stream.isatty():
            self._bar = _bar(self.stream)
            self._bar.add_task("Running", total=self.work, left="", count=self._count())
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """Tell the user something that is not a count."""
        if self._bar is not None:
            self._bar.console.print(text)
        elif self.stream is not None:
            self.stream.write(f"  {text}\n")
            self.stream.flush()

    def found(self, tasks: int, work: float) -> None:
        """Count tasks that an earlier session finished; what came before now says nothing about their pace."""
        if not self._worked:
            self._paced_from = time.monotonic()
        self.done += tasks
        self._found += work
        if tasks and self.stream is not None and self._bar is None:
            self.stream.write(f"  {tasks} of {self.tasks} replications were finished before; going on from there\n")
        self._show(is_forced=False)

    def advance(self, work: float) -> None:
        """Count one task more."""
        self.done += 1
        self._worked += work
        self._show(is_forced=self.done == self.tasks)

    def seconds_left(self) -> float | None:
        """Return the expected time to the end [s]; None before the first task has finished."""
        if not self._worked:
            return None
        pace = (time.monotonic() - self._paced_from) / self._worked
        return max(0.0, self.work - self._found - self._worked) * pace

    def _count(self) -> str:
        return f"{self.done} of {self.tasks} replications"

    def _left(self) -> str:
        left = self.seconds_left()
        return "" if left is None or self.done == self.tasks else f"about {spoken_time(left)} left"

    def _show(self, is_forced: bool) -> None:
        if self._bar is not None:
            done = self._found + self._worked
            self._bar.update(self._bar.task_ids[0], completed=done, left=self._left(), count=self._count())
            return
        now = time.monotonic()
        if self.stream is None or not self.done or not (is_forced or now - self._said >= SECONDS_BETWEEN_LINES):
            return
        self._said = now
        spent = f"{spoken_time(now - self._began)} so far"
        self.stream.write(f"  {self._count()} done, {', '.join(part for part in (spent, self._left()) if part)}\n")
        self.stream.flush()


def _bar(stream: TextIO) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn(), TextColumn("{task.fields[left]}"))
    return Bar(*columns, console=Console(file=stream), transient=True)
