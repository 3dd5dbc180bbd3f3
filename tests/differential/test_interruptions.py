"""Two networks in which the compiled engine once went its own way, both by interruptions within one instant."""

from __future__ import annotations

from tests.build import spec_of
from tests.differential.agreement import agree

STALE_AND_TRUE_FINISH_AT_ONE_TICK = """
stream:
  t1: {gaps: {kind: exponential, mean: 12 h}, to: s0}
service:
  s0:
    capacity: {beds: 4}
    steps: {only: {duration: {kind: discrete, values: {1 h: 64 %, 7 h: rest}}}}
    balks: {join: {'2': 5 %}}
    surge: {spaces: 2, opens_when: occupancy >= 100 % or waiting >= 1, closes_when: occupancy < 50 %}
    turnaround: {kind: discrete, values: {1 h: 54 %, 3 h: rest}}
    admits: {priority: {by: from, values: {arrival: 2, s0: 0}}, preempts: true}
pathway:
  s0: {some: {to: s0}}
"""

RESUMED_AND_STOPPED_AGAIN_IN_ONE_INSTANT = """
attribute: {y: {levels: [a, b]}}
stream:
  t1: {rates: {every_day: {'13:00': 0.1905 /h}}, mix: {y: {a: 47 %, b: rest}}, to: s3}
service:
  s3:
    capacity: {beds: 1}
    steps: {only: {duration: {kind: exponential, mean: 1 h}}}
    admits: {preempts: true, priority: {by: y, values: {b: 1}, rest: 3}, hours: {every_day: ['02:00', '12:00']}}
    balks: {plus: 1}
pathway:
  s3: {others: {to: s3}}
"""


def test_a_finish_foreseen_before_an_interruption_ends_nothing() -> None:
    spec = spec_of(STALE_AND_TRUE_FINISH_AT_ONE_TICK, tick="1 s", duration="192 h", seed=2)
    for replication in range(3):
        agree(spec, replication)


def test_what_remains_of_a_stay_is_what_remained_when_it_was_last_under_way() -> None:
    spec = spec_of(RESUMED_AND_STOPPED_AGAIN_IN_ONE_INSTANT, duration="168 h")
    for replication in range(3):
        agree(spec, replication)
