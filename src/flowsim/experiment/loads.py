"""What each cell of a design asks of its services, and the flow map of one: as tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowsim.experiment.pool import each
from flowsim.system.loads import Load
from flowsim.system.network import Network, network

if TYPE_CHECKING:
    import pandas as pd

    from flowsim.experiment.design import Cell
    from flowsim.system.spec import SystemSpec

OFFERED = [
    "arm",
    "demand",
    "service",
    "kind",
    "patients_per_day",
    "mean_minutes",
    "offered",
    "capacity",
    "load",
    "verdict",
    "growth_per_day",
    "passes_on_per_day",
    "limited_by",
    "warning",
]


def offered(cells: Sequence[Cell], workers: int = 1, known: Network | None = None) -> pd.DataFrame:
    """Return one row a cell and service or staff pool; ``capacity`` and ``load`` are NaN where it never fills.

    Args:
        cells: of a design.
        workers: processes that may help where there are many; 0 for one a core.
        known: what the first cell's system implies, if it has been found.
    """
    import pandas as pd

    found = [] if known is None else [known.loads]
    found += each(_loads, [cell.spec for cell in cells[len(found) :]], workers)
    rows = [_row(cell, load) for cell, loads in zip(cells, found, strict=True) for load in loads]
    return pd.DataFrame(rows, columns=OFFERED)


def _loads(spec: SystemSpec) -> tuple[Load, ...]:
    return tuple(network(spec).loads)


def _row(cell: Cell, load: Load) -> tuple[object, ...]:
    is_limited = math.isfinite(load.capacity)
    return (
        cell.arm,
        cell.demand,
        load.id,
        load.kind,
        load.patients_per_day,
        load.mean_minutes,
        load.offered,
        load.capacity if is_limited else math.nan,
        load.utilisation if is_limited else math.nan,
        load.verdict,
        load.growth_per_day,
        load.passes_on_per_day,
        load.limited_by,
        warning(load),
    )


def warning(load: Load) -> str:
    """Return what to know of a load before running, empty where all is well."""
    if load.verdict == "settles" or (load.verdict == "overflows" and load.kind == "staff"):
        return ""  # the services that pass patients on name the staff they want
    if load.verdict == "overflows":
        why = f" for want of {load.limited_by}" if load.limited_by else ""
        return f"full: passes on {load.passes_on_per_day:.2g} patients a day{why}, so no queue grows"
    need = f"needs {load.offered:.1f} of {load.capacity:.1f} ({load.utilisation:.0%})"
    if load.verdict == "cannot settle":
        return f"{need}: its queue cannot settle, and grows by about {load.growth_per_day * 7:.2g} patients a week"
    if load.utilisation > 1:
        return f"{need}: more than its ordinary spaces, so it settles only with surge spaces open"
    return f"{need}: near its limit, so queues will be long and slow to settle"


def flow_map(found: Network) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return nodes (id, label, role, hub) and edges (source, target, per_day) of the flow map."""
    import pandas as pd

    nodes = [(node.id, node.label, node.role, node.hub) for node in found.nodes]
    edges = [(edge.source, edge.target, edge.patients_per_day) for edge in found.edges]
    tables = (nodes, ["id", "label", "role", "hub"]), (edges, ["source", "target", "per_day"])
    first, second = (pd.DataFrame(rows, columns=columns) for rows, columns in tables)
    return first, second
