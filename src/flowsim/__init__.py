"""flowsim: whole-system patient-flow simulation for English boroughs."""

__version__ = "0.1.0"
