"""How functions are compiled: once a machine, kept on disk, free of Python's lock."""

from __future__ import annotations

from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True}

called_from_python = njit(**_OPTIONS)
# What only other compiled functions call needs no way in from Python; leaving it out saves compiling.
compiled = njit(**_OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True})
