"""How a process that runs many replications asks the system for memory."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Names of glibc's settings: see mallopt(3)."""
_MORE_THAN_A_REPLICATION = 1 << 30


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
