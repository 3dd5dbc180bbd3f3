"""What must hold between runs: the same twice, different luck each replication, untouched by strangers."""

from __future__ import annotations

import copy

import numpy as np
from hypothesis import assume, given

from flowsim.engine.reference import run
from flowsim.trajectory import NEVER
from tests.property.runs import ORDINARY, World, world_of
from tests.property.strategies import Network, networks


@ORDINARY
@given(network=networks())
def test_a_run_is_the_same_twice(network):
    world = world_of(network)
    assert world.got.difference(run(network.spec, 0)) is None


@ORDINARY
@given(network=networks())
def test_replications_have_different_luck(network):
    spec = network.spec
    asked = [s for s in spec.streams if s.kind == "poisson" and max(s.rate.values) > 0]
    assume(asked)
    one, other = run(spec, 0), run(spec, 1)
    assume(one.patients.arrival.size > 20 and np.any(one.patients.stream == spec.streams.index(asked[0])))
    ticks = [p.arrival[p.stream == spec.streams.index(asked[0])].tolist() for p in (one.patients, other.patients)]
    assert ticks[0] != ticks[1]


COLUMNS = ("queued", "started", "seen", "ready", "left", "outcome", "moved", "takes", "priority", "interrupted")
"""What is compared of each visit: what names no patient and no place by number."""


def with_strangers(network: Network) -> Network:
    """Return the network with a stream and a service that have nothing to do with the others, named first."""
    periods = []
    for day, net in network.periods:
        new = copy.deepcopy(net)
        unit = net["run"]["duration"].split()[1]
        new["stream"] = {"strange": {"gaps": f"1 {unit}", "to": "far"}, **new["stream"]}
        care = {"duration": {"kind": "exponential", "mean": f"3 {unit}"}}
        new["service"] = {"far": {"capacity": {"beds": 2}, "steps": {"care": care}}, **new["service"]}
        new["pathway"]["far"] = {"all": "home"}
        periods.append((day, new))
    return Network(tuple(periods))


def others(world: World, shift: int) -> dict[str, list[object]]:
    """Return what happened to everyone but the strangers, patients numbered among themselves."""
    p, v = world.got.patients, world.visits
    mine = (p.stream == NEVER) | (p.stream >= shift)
    number = np.cumsum(mine) - 1
    rows = mine[v.patient]
    out: dict[str, list[object]] = {
        "patient": number[v.patient[rows]].tolist(),
        "arrival": p.arrival[mine].tolist(),
        "left": p.left[mine].tolist(),
        "exit": [NEVER if e == NEVER else world.spec.place_name(e) for e in p.exit[mine].tolist()],
        "service": [world.spec.services[s].id for s in v.service[rows].tolist()],
    }
    for column in COLUMNS:
        out[f"visit {column}"] = getattr(v, column)[rows].tolist()
    return out


@ORDINARY
@given(network=networks())
def test_strangers_make_no_difference(network):
    alone, beside = others(world_of(network), 0), others(world_of(with_strangers(network)), 1)
    for name, column in alone.items():
        assert column == beside[name], name
