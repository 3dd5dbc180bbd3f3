"""Terms of the field: what they mean here, and their NHS Data Dictionary names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the model.

    Attributes:
        meaning: one sentence a councillor can follow.
        dictionary: NHS Data Dictionary or ECDS name, where there is one.
    """

    meaning: str
    dictionary: str = ""


TERMS: dict[str, Term] = {
    "attendance": Term("One visit to A&E or an urgent treatment centre.", "EMERGENCY CARE ATTENDANCE"),
    "spell": Term("One stay in hospital, from admission to discharge.", "HOSPITAL PROVIDER SPELL"),
    "decision to admit": Term("The moment A&E decides that a patient needs a bed.", "DECISION TO ADMIT DATE AND TIME"),
    "clinically ready to proceed": Term(
        "Care where the patient is has finished; what follows is waiting.", "EMERGENCY CARE CLINICALLY READY TO PROCEED"
    ),
    "discharge-ready": Term("The patient no longer needs the bed they are in.", "DISCHARGE READY DATE"),
    "no criteria to reside": Term(
        "Patients in hospital who meet none of the criteria for staying, counted each morning, whatever the cause."
    ),
    "recorded delayed transfer": Term(
        "A day on which a patient ready to leave is still in a bed for a reason that the official count recognises; "
        "the older, narrower measure.",
        "DELAYED TRANSFER OF CARE",
    ),
    "P0": Term("Discharge home without new support.", "DISCHARGE PATHWAY 0"),
    "P1": Term("Discharge home with support: reablement or home care.", "DISCHARGE PATHWAY 1"),
    "P2": Term("Discharge to a bed for rehabilitation: step-down intermediate care.", "DISCHARGE PATHWAY 2"),
    "P3": Term("Discharge to a care home.", "DISCHARGE PATHWAY 3"),
    "step-up": Term("Coming into intermediate care from home, to avoid a hospital admission."),
    "step-down": Term("Coming into intermediate care from hospital."),
    "replication": Term("One run of the model with its own luck; answers are averages over replications."),
    "warm-up": Term("The first part of a run, left out of the results, in which the empty model fills up."),
    "common random numbers": Term(
        "The same patients with the same luck meet every option, so that differences are paired."
    ),
    "blocking": Term("A patient who has finished keeps the space because the next place is full."),
    "reneging": Term("Giving up while waiting; in A&E, leaving without being seen."),
    "balking": Term("Not joining a queue on seeing it."),
    "offered load": Term("Work arriving, in spaces' worth: arrivals per day times days each needs a space."),
    "utilisation": Term("Mean number of spaces in use over the number there are."),
}
"""Word -> meaning; the report's tooltips and the glossary read it."""

BUILT_IN_EXITS = {
    "home": "Home",
    "died": "Died",
    "left": "Left without being seen",
    "turned_away": "Turned away",
    "elsewhere": "Elsewhere",
}
"""Ways out that every place has -> what they are called."""
