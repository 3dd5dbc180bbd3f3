"""What must hold between the parts of a configuration: one small function a rule, each with an id."""

from flowsim.config.checks import clocks, names, people, routes, services, studies
from flowsim.config.checks.registry import CHECKS, Given, run_checks

__all__ = ["CHECKS", "Given", "clocks", "names", "people", "routes", "run_checks", "services", "studies"]
