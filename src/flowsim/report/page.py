"""One offline page: question, answer, options, map, weeks, delays, costs, audit, assumptions, how it was run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flowsim.experiment.result import ExperimentResult
from flowsim.report.evidence import assumptions_part, audit_part, map_part, run_part
from flowsim.report.sections import answer_part, costs_part, delays_part, options_part, weekly_part

SECTIONS: tuple[tuple[str, str], ...] = (
    ("answer", "The answer"),
    ("options", "Options side by side"),
    ("map", "Flow map"),
    ("weekly", "Week by week"),
    ("delays", "Delays by reason"),
    ("costs", "Costs by payer"),
    ("audit", "Audit"),
    ("assumptions", "Assumptions"),
    ("run", "How it was run"),
)


def write_page(result: ExperimentResult, path: Path) -> None:
    """Write the page; it stands alone and opens from disk."""
    path.write_text(page(result), encoding="utf-8")


def page(result: ExperimentResult) -> str:
    """Return the page as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("flowsim.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["drawing"] = Markup
    environment.globals["source"] = lambda name: Markup(environment.loader.get_source(environment, name)[0])  # type: ignore[union-attr]
    text = environment.get_template("page.html.j2").render(**_parts(result))
    return re.sub(r"\n\s*\n+", "\n", text)


def _parts(result: ExperimentResult) -> dict[str, Any]:
    return {
        "result": result,
        "sections": SECTIONS,
        "levels": result.levels,
        "answer": answer_part(result),
        "options": options_part(result),
        "map": map_part(result),
        "weekly": weekly_part(result),
        "delays": delays_part(result),
        "costs": costs_part(result),
        "audit": audit_part(result),
        "assumptions": assumptions_part(result),
        "run": run_part(result),
    }
