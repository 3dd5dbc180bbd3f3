"""Where compiled code is kept: a folder of the user's, one for each version of the source.

Numba looks only at the file a function stands in to see whether its compiled form is stale, not at the files
of the functions it calls; and an installation may be read-only. A folder named after the whole compiled source
settles both. ``NUMBA_CACHE_DIR``, where it is set, is left alone.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

import numba

_COMPILED = (
    "draws/**",
    "engine/**",
    "rules/**",
    "demand/**",
    "system/tables.py",
    "system/together.py",
    "trajectory.py",
    "measure/jit.py",
    "measure/*loops.py",
)
"""Where compiled code is, under the package."""
_MARK = "flowsim-engine-compiled-"


def compiled_sources() -> list[Path]:
    """Return every file that compiled code is made from."""
    root = Path(__file__).parents[1]
    return [file for part in _COMPILED for file in sorted(root.glob(f"{part}/*.py" if part.endswith("**") else part))]


@cache
def source_digest() -> str:
    """Return a hash of every file that compiled code is made from, and of what compiles it."""
    found = hashlib.sha256(f"{numba.__version__}".encode())
    for file in compiled_sources():
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def use_own_folder() -> None:
    """Have compiled code kept in the user's cache; call this before anything is decorated."""
    if not os.environ.get("NUMBA_CACHE_DIR"):
        setattr(numba.config, "CACHE_DIR", str(_folder()))  # noqa: B010 - a setting made when Numba starts


def without_linear_algebra() -> None:
    """Have Numba loaded without linear algebra, for a process that runs nothing compiled but flowsim's.

    No compiled function of flowsim uses it, and it would bring scipy's with it.
    """
    known = cast("dict[str, ModuleType | None]", sys.modules)
    wanted, asks = "scipy.linalg.cython_blas", "numba.np.arraymath"
    if wanted not in known and asks not in known:
        # What None stands for cannot be imported, which Numba takes for a machine that lacks it.
        known[wanted] = None
        try:
            importlib.import_module(asks)
        finally:
            del known[wanted]


def is_compiled() -> bool:
    """Whether the engine was compiled here before."""
    return _mark().exists()


def mark_compiled() -> None:
    """Remember that the engine is compiled."""
    _mark().parent.mkdir(parents=True, exist_ok=True)
    _mark().touch()


def _mark() -> Path:
    return Path(os.environ.get("NUMBA_CACHE_DIR") or _folder()) / f"{_MARK}{source_digest()}"


@cache
def _folder() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for base in (home, Path(tempfile.gettempdir()) / f"flowsim-{os.getuid() if hasattr(os, 'getuid') else 'user'}"):
        folder = base / "flowsim" / source_digest()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="flowsim-"))
