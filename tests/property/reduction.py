"""A failing network made small: what can be taken out with the failure still there is taken out.

Hypothesis shrinks the choices from which a network was drawn, and one choice less changes all that follow. Here
words are taken out of the network itself, which is quicker by far and gives what a person would write.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from tests.property.strategies import Network

Fails = Callable[[Network], bool]
Path = tuple[str, ...]


def reduced(network: Network, fails: Fails, tries: int = 600) -> Network:
    """Return the smallest network found within so many tries that still fails."""

    def still(candidate: Network) -> bool:
        try:
            return fails(candidate)
        except Exception:
            # What cannot be built or run is no smaller example of the failure.
            return False

    changed = True
    while changed and tries > 0:
        changed = False
        for candidate in _smaller(network):
            tries -= 1
            if still(candidate):
                network, changed = candidate, True
                break
            if tries <= 0:
                break
    return network


def _smaller(network: Network) -> Iterator[Network]:
    """Yield networks with one thing less, big things first."""
    if len(network.periods) > 1:
        for kept in network.periods:
            yield Network(((None, kept[1]),))
    for name in network.first["service"]:
        yield Network(tuple((day, _without(net, name)) for day, net in network.periods))
    for path in sorted(_paths(network.first), key=len):
        if path[0] != "run":
            yield Network(tuple((day, _cut(net, path)) for day, net in network.periods))


def _paths(node: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(node, dict):
        for key, below in node.items():
            yield (*path, key)
            yield from _paths(below, (*path, key))


def _cut(net: dict[str, Any], path: Path) -> dict[str, Any]:
    new = copy.deepcopy(net)
    node: Any = new
    for key in path[:-1]:
        node = node.get(key, {}) if isinstance(node, dict) else {}
    if isinstance(node, dict):
        node.pop(path[-1], None)
    return new


def _without(node: Any, name: str) -> Any:
    """Return a network without a service: those sent there go home."""
    if isinstance(node, dict):
        return {key: _without(below, name) for key, below in node.items() if key != name}
    if isinstance(node, list):
        return [item for item in node if item != name]
    return "home" if node == name else node
