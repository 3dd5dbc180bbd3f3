"""What a random network is made of before anything is drawn inside it: names, scale, length; and small parts.

A *unit* is an hour or a minute. Times are whole units more often than not and a tick is often a whole
minute, so that many things happen at one instant: that is where engines go wrong. In a network of minutes
the run lasts an hour or two and a unit is one tick.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

EXITS = ("home", "died", "elsewhere")
Draw = Any


@dataclass(frozen=True)
class Scene:
    """The names in a network, in the order in which they may refer to one another.

    Attributes:
        unit: "h" or "min"; every duration is a number of these.
        tick: as in ``run.tick``.
        length: of the run, in units.
        attributes: levels by attribute.
        floors: junction -> least index of the services it may send to. A service sends those it does not
            take only to services after it, or to junctions that do: so nobody goes round in no time.
    """

    unit: str
    tick: str
    length: int
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    floors: dict[str, int] = field(default_factory=dict)
    pools: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether the run goes over several days, so that dates and weekdays matter."""
        return self.unit == "h"

    def time(self, units: float) -> str:
        """Return a length of time as YAML writes it."""
        return f"{units:g} {self.unit}"

    def clock(self, units: int) -> str:
        """Return the clock time so many units after midnight."""
        minutes = units * (60 if self.is_long else 1)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    @property
    def day(self) -> int:
        """Units in the part of a day in which clocks change things: no later than the run."""
        return 24 if self.is_long else self.length

    @property
    def places(self) -> tuple[str, ...]:
        """Every service and junction."""
        return (*self.services, *self.floors)

    def beyond(self, index: int) -> tuple[str, ...]:
        """Return where a service may send those it does not take, exits included; -1 for anywhere."""
        junctions = tuple(j for j, floor in self.floors.items() if floor > index)
        return (*EXITS, *self.services[index + 1 :], *junctions)


@st.composite
def scenes(draw: Draw) -> Scene:
    """Draw a scene."""
    is_long = draw(st.booleans())
    services = tuple(f"s{i}" for i in range(draw(st.integers(1, 6))))
    floors = {f"j{i}": draw(st.integers(0, len(services) - 1)) for i in range(draw(st.integers(0, 2)))}
    return Scene(
        unit="h" if is_long else "min",
        tick=draw(st.sampled_from(["1 min", "1 min", "1 s", "1 ms"])),
        length=24 * draw(st.integers(2, 10)) if is_long else draw(st.integers(40, 100)),
        attributes={name: ("a", "b", "c")[: draw(st.integers(1, 3))] for name in ("x", "y")[: draw(st.integers(1, 2))]},
        services=services,
        floors=floors,
        pools=tuple(f"p{i}" for i in range(draw(st.integers(0, 3)))),
        reasons=("r0", "r1"),
    )


def sometimes(draw: Draw, among: int = 3) -> bool:
    """Draw whether an optional word is said: one time in ``among``, and not at all when examples shrink."""
    return bool(draw(st.integers(0, among - 1)) == among - 1)


def percent(draw: Draw, low: int = 0, high: int = 100) -> str:
    """Draw a share."""
    return f"{draw(st.integers(low, high))} %"


def clocked(draw: Draw, scene: Scene, values: st.SearchStrategy[Any], least: int = 1) -> dict[str, Any]:
    """Draw what holds from some clock times on, in order, the first at midnight."""
    times = draw(st.lists(st.integers(1, scene.day - 1), min_size=least, max_size=3, unique=True))
    return {scene.clock(at): draw(values) for at in (0, *sorted(times))}


def weekly(draw: Draw, scene: Scene, values: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Draw what holds by day of the week and clock time."""
    days = {"every_day": clocked(draw, scene, values)}
    if scene.is_long and sometimes(draw):
        days[draw(st.sampled_from(["tue", "wed-thu", "sat-sun"]))] = clocked(draw, scene, values)
    return days


def hours(draw: Draw, scene: Scene) -> dict[str, list[str]]:
    """Draw opening hours: one or two spells a day, perhaps none on some day."""
    times = draw(st.lists(st.integers(0, scene.day), min_size=2, max_size=4, unique=True))
    spells = [scene.clock(at) for at in sorted(times)[: len(times) // 2 * 2]]
    closed = {draw(st.sampled_from(["mon", "wed"])): []} if scene.is_long and sometimes(draw) else {}
    return {"every_day": spells, **closed}


def table(draw: Draw, scene: Scene, values: st.SearchStrategy[Any], more: tuple[str, ...] = (), among: int = 3) -> Any:
    """Draw a value for everyone, or a table by one or two attributes; ``more`` may add ``from`` and ``to``."""
    if not sometimes(draw, among):
        return draw(values)
    names = draw(st.lists(st.sampled_from([*scene.attributes, *more]), min_size=1, max_size=2, unique=True))
    found: dict[str, Any] = {}
    for level in draw(st.lists(st.sampled_from(levels_of(scene, names[0])), min_size=1, max_size=2, unique=True)):
        if len(names) == 1:
            found[level] = draw(values)
        else:
            below = draw(st.sampled_from(levels_of(scene, names[1])))
            found[level] = {below: draw(values), "rest": draw(values)}
    return {"by": names[0] if len(names) == 1 else names, "values": found, "rest": draw(values)}


def levels_of(scene: Scene, name: str) -> list[str]:
    """Return the levels of an attribute, of ``from``, or of ``to``."""
    if name == "from":
        return [*scene.services, "arrival"]
    if name == "to":
        return [*scene.services, *EXITS, *scene.floors]
    return list(scene.attributes[name])


def level_map(draw: Draw, scene: Scene, more: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Draw a condition: an attribute (or ``from``) and the levels for which it holds."""
    name = draw(st.sampled_from([*scene.attributes, *more]))
    return {name: draw(st.lists(st.sampled_from(levels_of(scene, name)), min_size=1, max_size=2, unique=True))}


def levels(draw: Draw, scene: Scene) -> dict[str, str]:
    """Draw a level of some attribute."""
    name = draw(st.sampled_from(list(scene.attributes)))
    return {name: draw(st.sampled_from(scene.attributes[name]))}


# ---------------------------------------------------------------------- times


def whole(draw: Draw, scene: Scene, low: int = 1, high: int = 6) -> str:
    """Draw a whole number of units."""
    return scene.time(draw(st.integers(low, high)))


def duration(draw: Draw, scene: Scene, more: tuple[str, ...] = (), low: int = 1, high: int = 6) -> Any:
    """Draw a distribution of times, most of them of whole units; it is never always 0 unless ``low`` is 0."""
    units = st.integers(low, high).map(scene.time)
    some = st.integers(1, high).map(scene.time)
    kind = draw(st.sampled_from(["constant", "constant", "geometric", "discrete", "smooth"]))
    if kind == "constant":
        return table(draw, scene, units, more)
    if kind == "geometric":
        ends = table(draw, scene, st.integers(25, 90).map("{} %".format), more)
        return {"kind": kind, "unit": scene.time(1), "ends": ends}
    if kind == "discrete":
        return {"kind": kind, "values": {scene.time(max(low, 1)): percent(draw, 10, 90), scene.time(high + 1): "rest"}}
    return smooth(draw, scene, some, more)


def smooth(draw: Draw, scene: Scene, some: st.SearchStrategy[str], more: tuple[str, ...]) -> dict[str, Any]:
    """Draw one of the continuous kinds."""
    cv = st.sampled_from([0.5, 1.0, 1.5])
    mean = table(draw, scene, some, more)
    kind = draw(st.sampled_from(["exponential", "lognormal", "gamma", "weibull", "normal", "uniform", "triangular"]))
    if kind in ("uniform", "triangular"):
        low, mode, high = sorted(draw(st.lists(st.integers(1, 8), min_size=3, max_size=3, unique=True)))
        out = {"kind": kind, "low": scene.time(low), "high": scene.time(high)}
        return out if kind == "uniform" else {**out, "mode": scene.time(mode)}
    spread: dict[str, Any] = {} if kind == "exponential" else {"cv": draw(cv)}
    if kind == "weibull":
        spread = {"shape": draw(cv)}
    clamp = {"at_least": scene.time(1)} if kind == "normal" or sometimes(draw) else {}
    if sometimes(draw):
        clamp["at_most"] = scene.time(8)
    times = {"times": draw(st.sampled_from([0.5, 2]))} if sometimes(draw, 4) else {}
    return {"kind": kind, "mean": mean, **spread, **clamp, **times}
