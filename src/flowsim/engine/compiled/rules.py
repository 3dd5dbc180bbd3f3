"""The rules, compiled from the very functions that the reference engine calls."""

from __future__ import annotations

from flowsim.engine.compiled.jit import compiled
from flowsim.rules import admission, discharge, escalation

may_start = compiled(admission.may_start)
is_passed_over = compiled(admission.is_passed_over)
surge_wanted = compiled(escalation.surge_wanted)
surge_over = compiled(escalation.surge_over)
visits_on_day = compiled(discharge.visits_on_day)
whole_days = compiled(discharge.whole_days)
stay_factor = compiled(discharge.stay_factor)
shift_probability = compiled(discharge.shift_probability)
