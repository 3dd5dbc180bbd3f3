"""Random small networks over every word of the model, all of them valid, for tests of what must always hold.

``networks()`` draws a ``Network``: the YAML as mappings, one a dated period. ``plain_networks()`` draws those
of first come, first served only.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import yaml
from hypothesis import strategies as st

from flowsim.system.spec import SystemSpec
from tests.build import staged_spec_of
from tests.property.parts import care, leaving, opening, pool, step, stream, way
from tests.property.scenes import (
    EXITS,
    Draw,
    Scene,
    duration,
    level_map,
    levels,
    percent,
    scenes,
    sometimes,
    table,
    weekly,
    whole,
)

CHANGES_ON = "2026-01-06"
"""Second day of every run: when a later period takes over."""


@dataclass(frozen=True)
class Network:
    """A network by period, as YAML would say it."""

    periods: tuple[tuple[str | None, dict[str, Any]], ...]

    @property
    def spec(self) -> SystemSpec:
        """Build the specification."""
        return staged_spec_of(*self.periods)

    @property
    def first(self) -> dict[str, Any]:
        """What holds at the start."""
        return self.periods[0][1]

    def __repr__(self) -> str:
        """Return the network as YAML, so that a failing example can be read and run."""
        parts = [f"# from {day or 'the start'}\n{yaml.safe_dump(net, sort_keys=False)}" for day, net in self.periods]
        return "\n" + "---\n".join(parts)


@st.composite
def networks(draw: Draw, changing: bool = True) -> Network:
    """Draw a network over all words; ``changing`` says whether some change by date."""
    scene = draw(scenes())
    net = network(draw, scene)
    if changing and scene.is_long and sometimes(draw, 4):
        return Network(((None, net), (CHANGES_ON, later(draw, scene, net))))
    return Network(((None, net),))


def network(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw everything inside a scene."""
    net: dict[str, Any] = {
        "run": {"tick": scene.tick, "duration": scene.time(scene.length), "seed": draw(st.integers(1, 9))},
        "attribute": {name: {"levels": list(known)} for name, known in scene.attributes.items()},
        "stream": {f"t{i}": stream(draw, scene) for i in range(draw(st.integers(1, 3)))},
        "service": {name: service(draw, scene, i) for i, name in enumerate(scene.services)},
        "pathway": {name: way(draw, scene, (*EXITS, *scene.places), ("from",)) for name in scene.services},
    }
    names = list(scene.floors)
    for i, (name, floor) in enumerate(scene.floors.items()):
        # A junction may send on only to junctions after it that go at least as far.
        after = [j for j in names[i + 1 :] if scene.floors[j] >= floor]
        net["pathway"][name] = way(draw, scene, (*EXITS, *scene.services[floor:], *after), ("from",))
    if scene.pools:
        net["staff"] = {name: pool(draw, scene) for name in scene.pools}
    net["reason"] = {name: {"label": name, "body": "nhs"} for name in scene.reasons}
    for name, made in net["service"].items():
        if sometimes(draw, 4):
            made["initial"] = initial(draw, scene, made, name)
    return net


# ---------------------------------------------------------------------- services


def service(draw: Draw, scene: Scene, index: int) -> dict[str, Any]:
    """Draw a service: of visits, one that interrupts, or any other."""
    kind = draw(st.sampled_from(["spaces", "spaces", "interrupts", "visits"]))
    if kind == "visits" and scene.is_long:
        made = visits(draw, scene)
    else:
        made = {"capacity": {"beds": beds(draw, scene)}, "steps": care(draw, scene)}
    admits: dict[str, Any] = {}
    if kind == "interrupts":
        made["steps"] = {"only": {k: v for k, v in step(draw, scene).items() if k != "staff"}}
        admits = interrupting(draw, scene)
    elif kind == "spaces":
        made["leaving"] = leaving(draw, scene)
    admits = {**discipline(draw, scene, kind), **admits}
    rest = {**opening(draw, scene, index), **queueing(draw, scene, index), **effects(draw, scene)}
    rest["admits"] = {**admits, **rest.get("admits", {})}
    return {**made, **rest}


def beds(draw: Draw, scene: Scene) -> Any:
    """Draw a capacity: a number, one by the clock, or unlimited."""
    kind = draw(st.sampled_from(["some", "some", "clock", "unlimited"]))
    if kind == "some":
        return draw(st.integers(1, 4))
    return weekly(draw, scene, st.integers(0, 4)) if kind == "clock" else "unlimited"


def discipline(draw: Draw, scene: Scene, kind: str) -> dict[str, Any]:
    """Draw who starts first."""
    made: dict[str, Any] = {}
    if sometimes(draw, 2):
        made["priority"] = table(draw, scene, st.integers(0, 3), ("from",), 1)
        if sometimes(draw):
            made["rises"] = {"after": whole(draw, scene, 0), "to": draw(st.integers(0, 1))}
    if kind != "visits":
        if sometimes(draw, 4):
            made["takes"] = table(draw, scene, st.integers(1, 2), ("from",), 2)
        if sometimes(draw, 4):
            made["reserve"] = {"kept": {"spaces": draw(st.integers(1, 2)), "for": level_map(draw, scene, ("from",))}}
    return made


def interrupting(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw who interrupts whom."""
    falls = {"when_capacity_falls": "interrupt"}
    priority = {"priority": table(draw, scene, st.integers(0, 3), ("from",), 1)}
    return draw(st.sampled_from([falls, {"preempts": True, **priority}, {"preempts": True, **priority, **falls}]))


def queueing(draw: Draw, scene: Scene, index: int) -> dict[str, Any]:
    """Draw what happens to those who must wait."""
    made: dict[str, Any] = {}
    beyond = scene.beyond(index)
    queue: dict[str, Any] = {}
    if sometimes(draw):
        queue = {"places": draw(st.integers(0, 3)), "when_full": draw(st.sampled_from(beyond))}
    if sometimes(draw, 2):
        queue["transfers"] = draw(st.sampled_from([1, 2, "unlimited"]))
    if queue:
        made["queue"] = queue
    if sometimes(draw, 4):
        join = {"0": percent(draw), "2": percent(draw)}
        made["balks"] = draw(st.sampled_from([{"plus": 1}, {"join": join}]))
    if sometimes(draw):
        to = draw(st.sampled_from(beyond))
        willing = duration(draw, scene, ("from",), 0, 8)
        made["patience"] = {"duration": willing, "to": to, "holders": draw(st.booleans())}
    if sometimes(draw):
        made["surge"] = surge(draw, scene)
    if sometimes(draw):
        made["waiting_for_this"] = {"reason": draw(st.sampled_from(scene.reasons))}
    return made


def surge(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw a surge rule."""
    opens = draw(st.sampled_from(["occupancy >= 100 %", "occupancy >= 75 %", "waiting >= 2"]))
    if sometimes(draw):
        opens += " or waiting >= 1"
    closes = draw(st.sampled_from(["occupancy < 75 %", "occupancy < 50 %"]))
    spaces = draw(st.integers(1, 3))
    return {"spaces": spaces, "opens_when": opens, "closes_when": closes, "lead": whole(draw, scene, 0, 4)}


def effects(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw what a stay, or a delay before it, does."""
    made: dict[str, Any] = {}
    if sometimes(draw, 4):
        made["turnaround"] = duration(draw, scene, ("from", "to"), 0, 2)
    if sometimes(draw, 4):
        made["sets"] = levels(draw, scene)
    if sometimes(draw, 4):
        made["deconditioning"] = {
            "stay_per_day": "100 %",
            "stay_limit": percent(draw, 20, 100),
            "shift": draw(st.sampled_from(list(scene.attributes))),
            "shift_per_day": "100 %",
        }
    return made


def visits(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw a service of home visits."""
    plan: dict[str, Any] = {
        "first": table(draw, scene, st.integers(1, 4)),
        "last": table(draw, scene, st.sampled_from([0.5, 1, 2])),
        "overtaking": draw(st.booleans()),
    }
    if sometimes(draw):
        plan["carers"] = table(draw, scene, st.integers(1, 2), ("from",))
    if sometimes(draw):
        plan["starts"] = draw(st.sampled_from([["mon", "tue"], ["tue", "thu", "sat"]]))
    if sometimes(draw):
        plan["day_starts"] = draw(st.sampled_from(["07:00", "12:00"]))
    days = duration(draw, replace(scene, unit="d"), (), 1, 4)
    made = {"kind": "visits", "capacity": {"visits": draw(st.integers(2, 12))}, "visits": plan}
    return {**made, "steps": {"package": {"duration": days}}}


def initial(draw: Draw, scene: Scene, made: dict[str, Any], name: str) -> dict[str, Any]:
    """Draw people there at the start, in service and waiting."""
    unit = "d" if made.get("kind") == "visits" else scene.unit
    groups: dict[str, Any] = {}
    for state in draw(st.sampled_from([["in_service"], ["waiting"], ["in_service", "waiting"]])):
        group: dict[str, Any] = {"state": state, "number": draw(st.integers(1, 4))}
        # Of a stay begun one tick before the start the stamp would be -1, which stands for never.
        times = st.lists(st.sampled_from([0, 2, 3, 4]).map(lambda n: f"{n} {unit}"), min_size=1, max_size=2)
        if sometimes(draw, 2):
            group["elapsed"] = draw(times)
        if state == "in_service":
            if sometimes(draw, 2):
                group["remaining"] = draw(times)
            else:
                group["remaining_rule"] = draw(st.sampled_from(["given_elapsed", "uniform"]))
        group["attributes"] = levels(draw, scene) if sometimes(draw, 2) else {}
        if sometimes(draw, 2):
            group["mix_of"] = "t0"
        groups[f"{name}_{state}"] = group
    return groups


# ---------------------------------------------------------------------- changes


def later(draw: Draw, scene: Scene, net: dict[str, Any]) -> dict[str, Any]:
    """Draw the network of a later period: the same names, with some numbers, ways and services changed."""
    new = copy.deepcopy(net)
    for index, (name, made) in enumerate(new["service"].items()):
        if sometimes(draw) and made.get("kind") != "visits":
            made["capacity"] = {"beds": beds(draw, scene)}
        if sometimes(draw) and "preempts" not in made["admits"]:
            made["admits"]["priority"] = table(draw, scene, st.integers(0, 3), ("from",), 1)
        if sometimes(draw) and made.get("kind") != "visits":
            first = next(iter(made["steps"].values()))
            first["duration"] = duration(draw, scene, ("from", "to"))
        if sometimes(draw):
            new["pathway"][name] = way(draw, scene, (*EXITS, *scene.places), ("from",))
        if sometimes(draw, 6) and index > 0:
            made["enabled"] = False
    for made in new["stream"].values():
        if sometimes(draw):
            made["enabled"] = False
        elif sometimes(draw):
            made["thinned"] = {"later": {"share": "50 %"}}
    return new


# ---------------------------------------------------------------------- plain


@st.composite
def plain_networks(draw: Draw) -> Network:
    """Draw a network of services that only serve first come, first served: beds and a duration."""
    scene = draw(scenes())
    made: dict[str, Any] = {
        name: {"capacity": {"beds": beds(draw, scene)}, "steps": {"care": {"duration": duration(draw, scene)}}}
        for name in scene.services
    }
    net = network(draw, replace(scene, floors={}, pools=()))
    return Network(((None, {**net, "service": made}),))
