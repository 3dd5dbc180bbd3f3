"""Small networks that the limiting cases push to their limits."""

from __future__ import annotations

import copy
from typing import Any

import yaml

CITY = """
attribute:
  urgency: {levels: [urgent, routine]}
reason:
  package: {label: Waiting for a package of care, body: social_care}
stream:
  walk_in: {volume: "30 /day", mix: {urgency: {urgent: "30 %", routine: rest}}, to: emergency}
  booked: {gaps: "3 h", mix: {urgency: routine}, to: ward}
service:
  emergency:
    role: ae
    capacity: {cubicles: 3}
    admits: {priority: {by: urgency, values: {urgent: 1, routine: 2}}}
    patience: {duration: {kind: exponential, mean: "6 h"}, to: left}
    steps:
      triage: {duration: {kind: exponential, mean: "10 min"}}
      treatment: {duration: {kind: lognormal, mean: "2 h", sd: "1 h"}}
  ward:
    role: ward
    capacity: {beds: 14}
    queue: {places: 4, transfers: 0, when_full: turned_away}
    steps: {stay: {duration: {kind: gamma, mean: "1 d", cv: 0.8}}}
  reablement:
    role: reablement
    capacity: {caseload: 3}
    waiting_for_this: {reason: package}
    steps: {care: {duration: {kind: lognormal, mean: "2 d", sd: "1 d"}}}
pathway:
  emergency: {all: {to: {ward: "20 %", home: rest}}}
  ward: {all: {to: {reablement: "25 %", home: rest}}}
  reablement: {all: home}
"""
"""An emergency department into a ward into reablement, busy enough that every rule is met."""

PACKAGES = """
reason:
  package: {label: Waiting for a package of care, body: social_care}
stream:
  patients: {volume: "5 /day", to: ward}
service:
  ward:
    capacity: {beds: unlimited}
    steps: {stay: {duration: {kind: lognormal, mean: "5 d", sd: "4 d"}}}
  reablement:
    capacity: {caseload: 22}
    waiting_for_this: {reason: package}
    steps: {care: {duration: {kind: gamma, mean: "6 d", cv: 0.7}}}
pathway:
  ward: {all: {to: {reablement: "70 %", home: rest}}}
  reablement: {all: home}
"""
"""A ward with room for all, whose patients wait there for reablement."""

VISITS = {
    "kind": "visits",
    "capacity": {"visits": 46},
    "visits": {"first": 4, "last": 1},
    "waiting_for_this": {"reason": "package"},
    "steps": {"care": {"duration": {"kind": "geometric", "unit": "1 d", "ends": "15 %"}}},
}
"""The same reablement by visits that taper."""

LINE = """
stream:
  patients: {volume: "2.4 /h", to: station}
service:
  station:
    capacity: {servers: 3}
    steps: {care: {duration: {kind: lognormal, mean: "1 h", sd: "1 h"}}}
pathway:
  station: {all: home}
"""
"""One first-come queue."""


def read(text: str, **changes: Any) -> dict[str, Any]:
    """Return a network with values changed by dotted key, dots written as two underscores."""
    raw: dict[str, Any] = yaml.safe_load(text)
    for key, value in changes.items():
        *parents, last = key.split("__")
        at = raw
        for name in parents:
            at = at.setdefault(name, {})
        at[last] = copy.deepcopy(value)
    return raw
