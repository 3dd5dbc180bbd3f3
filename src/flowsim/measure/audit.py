"""Asked against realised, for every replication: the rows of the audit.

Each row compares one number asked for with one realised. ``ok`` is whether they agree within ``tolerance``,
which is 0 where they must be equal and a multiple of the standard error where chance is at work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowsim.demand import Arrivals
from flowsim.measure.audit_costs import cost_rows
from flowsim.measure.audit_ledger import ledger_rows
from flowsim.measure.audit_rows import AuditRow
from flowsim.measure.audit_spaces import space_rows
from flowsim.measure.audit_stays import stay_rows
from flowsim.measure.audit_supply import supply_rows
from flowsim.measure.cost import COLUMNS, Line
from flowsim.measure.frames import Window
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas as pd

CHECKS = {
    "arrivals": "patients of each stream over the whole run, against the number asked for",
    "patients_as_drawn": "patients of the trajectory that are those drawn, at their tick",
    "present_at_start": "people in place and waiting at the start, each a patient of their own",
    "draws_apart": "random draws that share a purpose, and so a seed",
    "capacity_offered": "space-hours offered, against the capacity and opening hours asked for",
    "on_duty": "staff-hours on duty above the rota",
    "stays": "mean length of care, against the mean of its distribution",
    "staffed_steps": "mean length of steps that need staff, against the mean of their distributions",
    "patients_in_out_inside": "patients in, against patients out and patients inside",
    "visits_left_or_inside": "visits that neither left nor are going on",
    "leavers_turn_up": "patients who left a service and did not turn up where they were sent",
    "gone_hold_nothing": "spaces held by patients who had left the system",
    "nobody_before_arriving": "visits that begin before their patient arrived",
    "one_place_at_a_time": "patients in two places at once",
    "busy_spaces_are_patients": "patients who hold spaces of one service twice",
    "times_in_order": "visits with a negative wait or stay",
    "visits_in_order": "visits out of the order of joining",
    "within_capacity": "starts that took a service over its capacity",
    "staff_within_duty": "steps begun with more staff than were on duty",
    "cost_units": "units charged, against units counted another way",
    "cost_amounts": "pounds charged, against the price times those units",
    "cost_payers": "payers' parts, against the shares asked for",
}
"""Check -> what it compares."""


def audit(
    spec: SystemSpec,
    trajectory: Trajectory,
    demand: Arrivals,
    book: pd.DataFrame | None = None,
    seen: Window | None = None,
) -> pd.DataFrame:
    """Return the audit of a replication.

    Args:
        spec: the system that was run.
        trajectory: what happened.
        demand: the arrivals drawn for the replication.
        book: its costs, as ``cost.costs`` gives them; worked out if not given.
        seen: the trajectory's measured window, if there is one already.

    Costs are audited over the measured window, all else over the whole run to its end.

    Returns:
        check, item (a service, stream, step, staff pool or programme), asked, realised, tolerance, ok, note.
    """
    import pandas as pd

    charged = None if book is None else list(zip(*(book[name].tolist() for name in COLUMNS), strict=True))
    rows = audit_rows(seen or Window(spec, trajectory), demand, charged)
    return pd.DataFrame(rows, columns=list(AuditRow._fields))


def audit_rows(window: Window, demand: Arrivals, book: Sequence[Line] | None = None) -> list[AuditRow]:
    """Return the audit of a window row by row, as ``audit`` does; ``book`` as ``cost.lines_of`` gives it."""
    return [
        *supply_rows(window, demand),
        *stay_rows(window),
        *ledger_rows(window, demand),
        *space_rows(window),
        *cost_rows(window, book),
    ]
