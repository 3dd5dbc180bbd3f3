"""Random parts of a network: ways on, streams, steps, staff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.property.scenes import (
    EXITS,
    Draw,
    Scene,
    clocked,
    duration,
    hours,
    level_map,
    levels,
    percent,
    sometimes,
    table,
    weekly,
    whole,
)

COUNTS = st.integers(0, 4)


def way(draw: Draw, scene: Scene, places: Sequence[str], more: tuple[str, ...] = ()) -> dict[str, Any]:
    """Draw a pathway: perhaps a branch for some, then one for the rest."""
    branches: dict[str, Any] = {}
    if sometimes(draw):
        branches["some"] = {"when": level_map(draw, scene, more), **branch(draw, scene, places, more)}
    branches["others"] = branch(draw, scene, places, more)
    return branches


def branch(draw: Draw, scene: Scene, places: Sequence[str], more: tuple[str, ...] = ()) -> dict[str, Any]:
    """Draw where patients go: one place, shares, or a rule that looks at the state."""
    kind = draw(st.sampled_from(["one", "one", "shares", "choose"]))
    if kind == "one":
        return {"to": draw(st.sampled_from(places))}
    if kind == "shares":
        named = draw(st.lists(st.sampled_from(places), min_size=2, max_size=3, unique=True))
        shares = st.integers(0, 50).map("{} %".format)
        to = {place: table(draw, scene, shares, more, 4) for place in named[:-1]}
        return {"to": {**to, named[-1]: "rest"}}
    return {
        "choose": draw(st.sampled_from(["first_with_space", "if_open", "shortest"])),
        "among": draw(st.lists(st.sampled_from(places), min_size=1, max_size=3, unique=True)),
        "otherwise": draw(st.sampled_from(EXITS)),
    }


def stream(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw a stream of some tens of patients."""
    places = (*scene.places, "home")
    made = coming(draw, scene)
    if sometimes(draw):
        made["batch"] = {"1": percent(draw, 20, 80), "3": "rest"}
    if sometimes(draw):
        made["thinned"] = {"prevented": {"share": table(draw, scene, st.integers(10, 60).map("{} %".format))}}
    made["mix"] = mix(draw, scene)
    made["to"] = way(draw, scene, places) if sometimes(draw) else draw(st.sampled_from(scene.places))
    return made


def coming(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw when patients come."""
    per = f"/{scene.unit}"
    most = 40 / scene.length
    rates = st.integers(1, 10).map(lambda n: f"{most * n / 5:.4g} {per}")
    kind = draw(st.sampled_from(["at", "volume", "rates", "gaps"]))
    if kind == "at":
        times = draw(st.lists(st.integers(0, scene.length // 2), min_size=1, max_size=8))
        people = {f"n{i}": {"at": scene.time(at)} for i, at in enumerate(times)}
        if sometimes(draw):
            people["n0"]["attributes"] = levels(draw, scene)
        return {"at": people}
    if kind == "gaps":
        return {"gaps": gaps(draw, scene)}
    out: dict[str, Any] = {"volume": draw(rates)} if kind == "volume" else {"rates": weekly(draw, scene, rates)}
    if scene.is_long and sometimes(draw):
        out["between_days"] = 0.5
    return out


def gaps(draw: Draw, scene: Scene) -> Any:
    """Draw times between arrivals of at least a fortieth of the run."""
    low = max(1, scene.length // 40)
    kind = draw(st.sampled_from(["constant", "geometric", "exponential"]))
    if kind == "constant":
        return scene.time(draw(st.integers(low, 3 * low)))
    if kind == "geometric":
        return {"kind": kind, "unit": scene.time(low), "ends": percent(draw, 30, 90)}
    return {"kind": kind, "mean": scene.time(draw(st.integers(low, 3 * low)))}


def mix(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw the mix of attributes, a later one perhaps by an earlier."""
    out: dict[str, Any] = {}
    for name, known in scene.attributes.items():
        first = {known[0]: percent(draw, 20, 70), known[-1]: "rest"} if len(known) > 1 else {known[0]: "rest"}
        out[name] = first
        if name == "y" and len(known) > 1 and sometimes(draw):
            some = draw(st.sampled_from(scene.attributes["x"]))
            out[name] = {"by": "x", "values": {some: {known[-1]: "rest"}, "rest": first}}
    return out


# ---------------------------------------------------------------------- steps and staff


def step(draw: Draw, scene: Scene, low: int = 1) -> dict[str, Any]:
    """Draw a step of care; with ``low`` 0 it may take no time, or be for some only."""
    made: dict[str, Any] = {"duration": duration(draw, scene, ("from", "to"), low)}
    if low == 0 and sometimes(draw):
        made["share"] = table(draw, scene, st.integers(0, 100).map("{} %".format), ("from", "to"))
    if scene.pools and sometimes(draw, 2):
        made["staff"] = needs(draw, scene)
    return made


def needs(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw the staff a step needs, its pools in any order."""
    named = draw(st.lists(st.sampled_from(scene.pools), min_size=1, max_size=2, unique=True))
    return {pool: table(draw, scene, st.integers(1, 2), ("from", "to"), 4) for pool in named}


def care(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw steps of care, the first of which takes time."""
    made = {"first": step(draw, scene)}
    for name in ("second", "third")[: draw(st.sampled_from([0, 0, 0, 1, 2]))]:
        made[name] = {**step(draw, scene, 0), "seen": sometimes(draw)}
    return made


def leaving(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw what leaving takes."""
    made: dict[str, Any] = {}
    for name in ("assess", "arrange")[: draw(st.sampled_from([0, 0, 1, 2]))]:
        if sometimes(draw):
            weights = weekly(draw, scene, st.sampled_from([0, 1, 2]))
            weights["every_day"][scene.clock(scene.day - 1)] = 1
            made[name] = {"departure": {"mean": whole(draw, scene), "by_clock": weights}}
        else:
            made[name] = step(draw, scene, 0)
        if sometimes(draw, 2):
            made[name]["reason"] = draw(st.sampled_from(scene.reasons))
    return made


def pool(draw: Draw, scene: Scene) -> dict[str, Any]:
    """Draw a staff pool: a rota, perhaps sickness and a dated change."""
    rota = {"every_day": {**clocked(draw, scene, st.integers(0, 3)), scene.clock(scene.day - 1): 2}}
    made: dict[str, Any] = {"rota": rota if sometimes(draw, 2) else draw(st.integers(1, 4))}
    if sometimes(draw):
        made["sickness"] = percent(draw, 5, 50)
    if scene.is_long and sometimes(draw):
        made["changes"] = {"more": {"from": "2026-01-06", "add": 1}}
    return made


def opening(draw: Draw, scene: Scene, index: int) -> dict[str, Any]:
    """Draw when a service is open, and what happens to those who come when it is not."""
    made: dict[str, Any] = {}
    if sometimes(draw, 4):
        made["opens"] = hours(draw, scene)
    if sometimes(draw, 4):
        made["admits"] = {"hours": hours(draw, scene)}
    if made and sometimes(draw, 2):
        made["when_closed"] = draw(st.sampled_from(scene.beyond(index)))
    return made
