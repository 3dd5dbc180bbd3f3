"""One offline page: question, answer, options, map, weeks, delays, costs, audit, assumptions, how it was run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowsim.experiment.result import ExperimentResult
from flowsim.report.evidence import assumptions_part, audit_part, map_part, run_part
from flowsim.report.fit_section import run_fit_part
from flowsim.report.inequality import inequality_part
from flowsim.report.rendering import rendered
from flowsim.report.sections import answer_part, costs_part, delays_part, options_part, weekly_part
from flowsim.report.targets import targets_part
from flowsim.report.waterfall import years_part

SECTIONS: tuple[tuple[str, str, Callable[[ExperimentResult], dict[str, Any]]], ...] = (
    ("answer", "The answer", answer_part),
    ("options", "Options side by side", options_part),
    ("targets", "Targets", targets_part),
    ("years", "From one year to the other", years_part),
    ("fit", "Modelled against recorded", run_fit_part),
    ("map", "Flow map", map_part),
    ("weekly", "Week by week", weekly_part),
    ("delays", "Delays by reason", delays_part),
    ("costs", "Costs by payer", costs_part),
    ("inequality", "Inequality", inequality_part),
    ("audit", "Audit", audit_part),
    ("assumptions", "Assumptions", assumptions_part),
    ("run", "How it was run", run_part),
)
"""Id (also of the template), heading, and what makes its contents; a section without contents is left out."""


def write_page(result: ExperimentResult, path: Path) -> None:
    """Write the page; it stands alone and opens from disk."""
    path.write_text(page(result), encoding="utf-8")


def page(result: ExperimentResult) -> str:
    """Return the page as HTML."""
    return rendered("page.html.j2", **_parts(result))


def _parts(result: ExperimentResult) -> dict[str, Any]:
    made = {name: part(result) for name, _, part in SECTIONS}
    shown = [(name, heading) for name, heading, _ in SECTIONS if made[name]]
    return {"result": result, "sections": shown, "levels": result.levels, **made}
