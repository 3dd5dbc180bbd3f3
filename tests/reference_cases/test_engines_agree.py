"""Both engines tell one story of every reference case, so that a verdict on one is a verdict on the other."""

from __future__ import annotations

import pytest

from flowsim.engine import kernel, reference
from tests.build import spec_of
from tests.reference_cases.acceptance import network
from tests.reference_cases.judge import CASES
from tests.reference_cases.traces import TRACES

VARIANTS = [(name, variant) for name, case in CASES.items() for variant in case.variants]


@pytest.mark.parametrize(("name", "variant"), VARIANTS, ids=["-".join(v) for v in VARIANTS])
def test_engines_agree_on_every_case(name, variant):
    warm_up, length, _ = CASES[name].quick
    spec = CASES[name].spec(variant, warm_up, min(length, 60))
    assert kernel.run(spec, 3).difference(reference.run(spec, 3)) is None


@pytest.mark.parametrize("name", sorted({trace.id for trace in TRACES}))
def test_engines_agree_on_every_trace(name):
    spec = spec_of(network(name))
    assert kernel.run(spec, 0).difference(reference.run(spec, 0)) is None
