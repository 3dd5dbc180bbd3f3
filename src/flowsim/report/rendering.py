"""Templates made into pages that stand alone: style, script and drawings are inside."""

from __future__ import annotations

import re


def rendered(template: str, **parts: object) -> str:
    """Return a template of ``report/templates`` with its parts, as HTML; a part that it lacks is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("flowsim.report", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["drawing"] = Markup
    environment.globals["source"] = lambda name: Markup(loader.get_source(environment, name)[0])
    return re.sub(r"\n\s*\n+", "\n", environment.get_template(template).render(**parts))
