"""How a run was made: enough to make it again, and to tell why another differs."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import flowsim
from flowsim.experiment.design import Design, program_digest

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "numba",
    "simpy",
    "joblib",
    "pydantic",
    "hydra-core",
    "omegaconf",
    "holidays",
)
"""Whose versions could bear on a result."""


def manifest(
    design: Design, command: Sequence[str], workers: int, began: datetime, totals: Mapping[str, float]
) -> dict[str, Any]:
    """Return what is to be known of a run that has just ended; times are UTC, durations seconds."""
    import shlex

    ended = datetime.now(UTC)
    run = design.config.run
    raw = json.dumps(design.raw, sort_keys=True, default=str)
    return {
        "flowsim": flowsim.__version__,
        "digest": design.digest,
        "config_digest": hashlib.sha256(raw.encode()).hexdigest(),
        "program_digest": program_digest(),
        "git": git_revision(),
        "command": shlex.join(command),
        "seed": run.seed,
        "replications": design.replications,
        "starts": run.starts,
        "warm_up": run.warm_up.said,
        "duration": run.duration.said,
        "engine": run.engine,
        "workers": workers,
        "tasks": len(design.tasks),
        "began": began.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        "wall_seconds": round((ended - began).total_seconds(), 1),
        **{name: round(value, 1) for name, value in totals.items()},
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}},
        "hardware": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "memory_gib": _memory(),
        },
    }


def git_revision() -> str | None:
    """Return the commit the program was run from, with ``+changes`` where files differ; None outside a checkout."""
    root = Path(flowsim.__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return f"{commit}+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


def _memory() -> float | None:
    if sys.platform == "win32" or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
