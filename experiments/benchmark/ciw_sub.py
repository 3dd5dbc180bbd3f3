"""The sub-network in Ciw: four classes with priority, and blocking by queues without room."""

from __future__ import annotations

import math
from typing import Any

import ciw
from idiomatic import Network, Seen


def network_of(network: Network) -> Any:
    """Return the sub-network as Ciw describes one."""
    names = [f"class {i}" for i in range(len(network.acuity))]
    stays = [ciw.dists.Lognormal(*network.logs(service)) for service in range(len(network.stays))]
    rates = [network.per_day * share / 1440 for share in network.acuity]
    ways = [[0.0] * 5 for _ in range(5)]
    ways[0][1] = network.admitted
    ways[1][2:] = network.onward
    return ciw.create_network(
        arrival_distributions={
            name: [ciw.dists.Exponential(rate), None, None, None, None] for name, rate in zip(names, rates, strict=True)
        },
        service_distributions=dict.fromkeys(names, stays),
        routing=dict.fromkeys(names, ways),
        number_of_servers=list(network.capacity),
        queue_capacities=[math.inf, 0, 0, 0, 0],
        priority_classes={name: i for i, name in enumerate(names)},
    )


def run(network: Network, days: float, seed: int) -> Seen:
    """Run the sub-network from empty for some days, and return what patients met."""
    ciw.seed(seed)
    simulation = ciw.Simulation(network_of(network))
    simulation.simulate_until_max_time(1440 * days)
    seen = Seen([], [], [], simulation.nodes[0].number_of_individuals)
    for record in simulation.get_all_records():
        if record.record_type != "service":
            continue
        if record.node == 1:
            seen.waits.append((record.waiting_time, int(record.customer_class[-1])))
            seen.cubicles.append(record.time_blocked)
        elif record.node == 2:
            seen.beds.append(record.time_blocked)
    return seen
