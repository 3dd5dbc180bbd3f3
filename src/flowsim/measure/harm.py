"""What delay costs in lives."""

from __future__ import annotations

import numpy as np

from flowsim.measure.facts import Facts
from flowsim.measure.frames import Window
from flowsim.measure.intervals import FAR
from flowsim.measure.moments import Moments
from flowsim.measure.registry import Asked, measure_kind
from flowsim.measure.waits import runs, stamp
from flowsim.trajectory import NEVER

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
    first, last = runs(window, asked, asked.option("of", "attendances", "spells", "visits"))
    followed = np.flatnonzero(window.following[last] != NEVER)
    bed = window.following[last[followed]]
    has_bed = asked.places(window, "towards", "ward")[window.service[bed]]
    first, bed = first[followed[has_bed]], bed[has_bed]
    admitted = stamp(window, "started")[bed]
    hour = 60 * window.ticks_per_minute
    waited = admitted - window.visits.queued[first]
    use = (admitted < FAR) & (waited > FROM_HOURS * hour)
    position = asked.position(window, first)
    split = (waited > TO_HOURS * hour).astype(np.int64)
    values = np.full(int(use.sum()), 1 / PATIENTS_PER_DEATH)
    names, per = asked.names(window), asked.per(window)
    return Moments(names, position[use], admitted[use], values, "rate", per, splits=SPLITS, split=split[use])
