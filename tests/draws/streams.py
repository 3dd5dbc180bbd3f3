"""Systems that are all demand: streams, a calendar, and nothing behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from flowsim.demand import Arrivals
from flowsim.system.purposes import purpose
from flowsim.system.spec import (
    AttributeSpec,
    BranchSpec,
    ClockSpec,
    CostBook,
    Distribution,
    ListedArrival,
    MixSpec,
    RoutingSpec,
    Steps,
    StreamSpec,
    SystemSpec,
    Table,
    ThinSpec,
    constant,
)

TICKS = 60_000
HOUR = 60 * TICKS
DAY = 24 * HOUR
ATTRIBUTES = (
    AttributeSpec("age", "Age band", ("young", "old", "oldest")),
    AttributeSpec("frailty", "Frailty", ("fit", "frail")),
)


def per_hour(*steps: tuple[float, float], days: int = 1) -> Steps:
    """Return a rate that repeats each day: (hour, rate per hour) in order, the first at hour 0."""
    ticks = tuple(day * DAY + round(hour * HOUR) for day in range(days) for hour, _ in steps)
    return Steps(ticks, tuple(rate / 60 for _ in range(days) for _, rate in steps))


def stream(name: str = "walk_in", rate: Steps | None = None, **more: Any) -> StreamSpec:
    """Return a Poisson stream, of 2 patients an hour unless said otherwise."""
    spec = StreamSpec(
        id=name,
        label=name,
        key=purpose(f"stream.{name}"),
        kind="poisson",
        rate=rate or per_hour((0, 2.0)),
        day_spread=0.0,
        gaps=None,
        batch=None,
        listed=(),
        mix=(),
        thins=(),
        routing=RoutingSpec(f"stream.{name}", purpose(f"stream.{name}.to"), constant(BranchSpec((0,)))),
    )
    return replace(spec, **more)


def renewal(gaps: Distribution, name: str = "booked", **more: Any) -> StreamSpec:
    """Return a stream of one arrival after another."""
    return stream(name, Steps((0,), (0.0,)), kind="renewal", gaps=gaps, **more)


def listed(*at: tuple[int, tuple[int, ...]], name: str = "list", **more: Any) -> StreamSpec:
    """Return a stream written out: (tick, attribute codes)."""
    arrivals = tuple(ListedArrival(tick, codes) for tick, codes in at)
    return stream(name, Steps((0,), (0.0,)), kind="listed", listed=arrivals, **more)


def discrete(shares: Mapping[float, float]) -> Distribution:
    """Return a discrete distribution of value -> share."""
    return Distribution("discrete", values=tuple(shares), cumulative=cumulative(*shares.values()))


def cumulative(*shares: float) -> tuple[float, ...]:
    """Return cumulative shares that end at exactly 1."""
    return (*np.cumsum(shares).tolist()[:-1], 1.0)


def age_mix(*shares: float, name: str = "walk_in") -> MixSpec:
    """Return the shares of the three age bands."""
    return MixSpec(0, purpose(f"stream.{name}.mix.age"), constant(cumulative(*shares)))


def frailty_mix(*frail_by_age: float, name: str = "walk_in") -> MixSpec:
    """Return the share frail by age band."""
    rows = tuple(cumulative(1 - share, share) for share in frail_by_age)
    return MixSpec(1, purpose(f"stream.{name}.mix.frailty"), Table((0,), (3,), rows))


def thin(share: float | Table[float], name: str = "prevented") -> ThinSpec:
    """Return a share of the patients prevented."""
    return ThinSpec(name, purpose(f"thin.{name}"), share if isinstance(share, Table) else constant(share))


def system(
    *streams: StreamSpec,
    days: int = 10,
    warm_up: int = 0,
    seed: int = 7,
    periods: Sequence[int] = (0,),
    ticks: int = TICKS,
    start: date = date(2026, 1, 5),
) -> SystemSpec:
    """Return a system of streams that runs for some days, all times and rates as given."""
    midnights = tuple(day * 1440 * ticks for day in range(days + 1))
    dates = [start + timedelta(days=day) for day in range(days + 1)]
    clock = ClockSpec(
        ticks,
        "UTC",
        datetime.combine(start, datetime.min.time()),
        midnights,
        tuple(d.weekday() for d in dates),
        (False,) * (days + 1),
    )
    return SystemSpec(
        place="test",
        label="Test",
        clock=clock,
        warm_up=warm_up,
        end=midnights[-1],
        seed=seed,
        periods=tuple(periods),
        attributes=ATTRIBUTES,
        services=(),
        exits=("home",),
        junctions=(),
        streams=streams,
        staff=(),
        reasons=(),
        costs=CostBook(""),
        labels={},
        population={},
        log="standard",
        digest="",
    )


def patients(drawn: Arrivals, of: int = 0) -> dict[int, tuple[int, tuple[int, ...]]]:
    """Return number -> (tick, attributes) of one stream's patients."""
    mine = drawn.stream == of
    return {
        int(number): (int(tick), tuple(int(code) for code in codes))
        for number, tick, codes in zip(drawn.number[mine], drawn.tick[mine], drawn.attributes[mine], strict=True)
    }
