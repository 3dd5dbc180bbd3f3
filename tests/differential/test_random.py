"""The kernel tells the reference engine's story, whatever the network."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.differential.agreement import agree, differ
from tests.property.reduction import reduced
from tests.property.runs import DEEP, ORDINARY
from tests.property.strategies import Network, networks


def check(network: Network) -> None:
    """Fail with the smallest network found in which the engines differ."""
    if differ(network.spec) is not None:
        small = reduced(network, lambda candidate: differ(candidate.spec) is not None)
        print(f"The engines differ in this network:\n{small!r}")  # noqa: T201
        agree(small.spec)


@ORDINARY
@given(network=networks())
def test_engines_agree_in_random_networks(network):
    check(network)


@pytest.mark.deep
@DEEP
@given(network=networks())
def test_engines_agree_in_thousands_of_random_networks(network):
    check(network)
