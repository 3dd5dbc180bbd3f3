"""What must hold between the parts of a configuration: one small function a rule, each with an id."""

from flowsim.config.checks import clocks, coverage, names, people, records, routes, services, studies, targets
from flowsim.config.checks.registry import CHECKS, Given, run_checks

__all__ = [
    "CHECKS",
    "Given",
    "clocks",
    "coverage",
    "names",
    "people",
    "records",
    "routes",
    "run_checks",
    "services",
    "studies",
    "targets",
]
