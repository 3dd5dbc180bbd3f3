"""How a process that runs many replications is set up: lean, and keeping the memory it has."""

from __future__ import annotations

import ctypes
import gc
import sys
from functools import cache

from flowsim.experiment.pool import ignore_interrupts

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Names of glibc's settings: see mallopt(3)."""
_MORE_THAN_A_REPLICATION = 1 << 30


@cache
def set_up() -> None:
    """Make this process, which is flowsim's alone, a worker.

    Ctrl-C is the parent's to act on; memory is kept; what is not needed is not loaded.
    """
    from flowsim.draws.cache import without_linear_algebra

    ignore_interrupts()
    keep_freed_memory()
    without_linear_algebra()


@cache
def settle() -> None:
    """Keep the garbage collector from what is alive after a worker's first job, and lives as long as the worker.

    Looking through it, mostly Numba's, takes as long as a quarter of a replication, every few replications.
    """
    gc.collect()
    gc.freeze()


@cache
def keep_freed_memory() -> None:
    """Have memory that one replication gave back kept for the next; nothing is done where the C library is not glibc.

    Otherwise the long columns of every replication come from the system anew, page by page, each filled with zeros
    first: a sixteenth of a replication of Halton.
    """
    if not sys.platform.startswith("linux"):
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_TRIM_THRESHOLD, _MORE_THAN_A_REPLICATION)
        set_option(_MMAP_THRESHOLD, _MORE_THAN_A_REPLICATION)
