"""How functions are compiled: once a machine, kept on disk, free of Python's lock."""

from __future__ import annotations

from numba import njit

compiled = njit(cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
