"""What delay costs in lives."""

from __future__ import annotations

import numpy as np

from flowsim.measure import stay_loops
from flowsim.measure.facts import Facts
from flowsim.measure.frames import Window
from flowsim.measure.moments import Moments
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.sorting import whole
from flowsim.measure.waits import runs

PATIENTS_PER_DEATH = 82
"""One extra death within 30 days for every 82 admitted patients whose admission is delayed beyond 6 to 8 hours
from arrival. Source: Jones S et al., Association between delays to patient admission from the emergency
department and all-cause 30-day mortality, Emergency Medicine Journal 2022;39:168-173."""
FROM_HOURS, TO_HOURS = 6, 8
SPLITS = ("delayed_6_to_8_h", "delayed_over_8_h")


@measure_kind("extra_deaths")
def extra_deaths(window: Window, asked: Asked) -> Facts:
    """Return extra deaths within 30 days by the published 1 in 82, in the period.

    Counted are patients admitted in the window from the measure's services (A&E) to a ward: those whose time from
    arrival there to the start of their ward bed is over 6 and up to 8 hours, and, at the same rate, those over
    8 hours; the rate found for longer delays is higher, so the second part is a lower bound. The published rate
    is an association among admitted patients of English type 1 departments.
    """
    hour, v = 60 * window.ticks_per_minute, window.visits
    position, tick, split = stay_loops.admitted_after(
        runs(window, asked, asked.option("of", "attendances", "spells", "visits")),
        asked.where(window),
        window.following,
        asked.places(window, "towards", "ward"),
        (whole(v.queued), whole(v.started), window.has_started),
        (FROM_HOURS * hour, TO_HOURS * hour),
    )
    patients, scale = np.ones(len(tick), dtype=bool), 1 / PATIENTS_PER_DEATH
    names, per = asked.names(window), asked.per(window)
    return Moments(names, position, tick, patients, "rate", per, splits=SPLITS, split=split, scale=scale)
