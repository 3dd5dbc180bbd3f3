"""The one door to other processes: joblib's workers, started once and used for whatever takes long."""

from __future__ import annotations

import contextlib
import signal
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from flowsim.interrupts import heed

Item = TypeVar("Item")
Found = TypeVar("Found")

WORTH_SHARING = 3.0
"""Seconds of work from which other processes are asked to help: starting them takes about one."""


def available_cores() -> int:
    """Return how many cores this process may use."""
    import joblib

    return int(joblib.cpu_count())


def each(function: Callable[[Item], Found], items: Sequence[Item], workers: int = 1) -> list[Found]:
    """Return what a function finds for each item, in order; with help where what is left takes long.

    How long is judged from the second item on: the first often finds what all have in common.

    Args:
        function: what workers can be sent: a function of a module, or a partial of one.
        items: to be looked at one by one.
        workers: processes that may help; 0 for one a core.
    """
    count = workers or available_cores()
    found: list[Found] = []
    for done, item in enumerate(items, start=1):
        began = time.perf_counter()
        found.append(function(item))
        left = items[done:]
        pace = time.perf_counter() - began
        if done > 1 and min(count, len(left)) > 1 and pace * len(left) > WORTH_SHARING:
            return found + _shared(function, left, min(count, len(left)))
    return found


def _shared(function: Callable[[Item], Found], items: Sequence[Item], count: int) -> list[Found]:
    """Return what a function finds for each item, each worker being sent the function once."""
    shares = [items[first::count] for first in range(count)]
    results = list(in_workers(_all_of, [(function, share) for share in shares], count, in_order=True))
    return [results[i % count][i // count] for i in range(len(items))]


def _all_of(job: tuple[Callable[[Item], Found], Sequence[Item]]) -> list[Found]:
    ignore_interrupts()
    function, items = job
    return [function(item) for item in items]


def in_workers(
    function: Callable[[Item], Found], items: Iterable[Item], workers: int, in_order: bool = False
) -> Iterator[Found]:
    """Yield what a function finds for each item in worker processes, as they end unless asked for in order.

    Raises:
        KeyboardInterrupt: after the workers have been stopped.
    """
    while _waking:
        list(_waking.pop())
    finished = _sent(function, items, workers, in_order)
    try:
        for found in finished:
            heed()
            yield found
    except KeyboardInterrupt:
        _stop_workers()
        raise


def wake(function: Callable[[Item], object], item: Item, workers: int) -> None:
    """Start worker processes in the background, each to run a function; whoever next asks for as many has them."""
    _waking.append(_sent(function, [item] * workers, workers, in_order=False))


_waking: list[Iterator[object]] = []
"""What workers do who have been woken, and whom nobody has asked for anything since."""


def _sent(function: Callable[[Item], Found], items: Iterable[Item], workers: int, in_order: bool) -> Iterator[Found]:
    """Send items to workers, and return what they will have found."""
    import joblib

    # Workers that have grown are renewed between tasks, and nothing is lost: no news for the user.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
    jobs = [joblib.delayed(function)(item) for item in items]
    how = "generator" if in_order else "generator_unordered"
    pool = joblib.Parallel(n_jobs=workers, backend="loky", return_as=how, batch_size=1)
    with _interrupts_held():
        return iter(pool(jobs))


def ignore_interrupts() -> None:
    """Have Ctrl-C, which reaches every process of the terminal, acted on by the parent alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while workers start: they inherit that, and so are never interrupted half awake."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    # Starting this helper lets interrupts through again, so it has to be there first.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop_workers() -> None:
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


def in_threads(function: Callable[[Item], Found], items: Iterable[Item], workers: int) -> Iterator[Found]:
    """Yield what a function finds for each item in threads of this process, as they end.

    Raises:
        KeyboardInterrupt: once what had begun has ended.
    """
    from concurrent.futures import ThreadPoolExecutor, as_completed

    pool = ThreadPoolExecutor(workers)
    try:
        for ended in as_completed([pool.submit(function, item) for item in items]):
            heed()
            yield ended.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
