"""The reference cases: traces to the tick, short runs within 4 standard errors, the whole rule on demand."""

from __future__ import annotations

import pytest

from tests.reference_cases.judge import CASES, acceptance, agree, quick
from tests.reference_cases.traces import TRACES


@pytest.mark.parametrize("trace", TRACES, ids=lambda t: t.id + t.name)
def test_trace_comes_out_as_worked_by_hand(trace):
    log = trace.log()
    got = {name: read(log) for name, (_, read) in trace.facts.items()}
    wrong = {name: (want, got[name]) for name, (want, _) in trace.facts.items() if not agree(want, got[name])}
    assert not wrong


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("P") or name == "P08a"])
def test_short_run_is_within_four_standard_errors(name):
    failures = [str(verdict) for verdict in quick(CASES[name]) if not verdict.passes]
    assert not failures, "\n".join(failures)


@pytest.mark.deep
@pytest.mark.parametrize("name", CASES)
def test_acceptance_rule_is_met_in_full(name):
    failures = [str(v) for v in acceptance(CASES[name]) if not (v.passes and v.is_precise)]
    assert not failures, "\n".join(failures)
