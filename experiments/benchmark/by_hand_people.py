"""Who comes into the network by hand: streams of arrivals, and those there at the start."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from by_hand_parts import Curve, Lookup, Patient, Service, Visit, lookup, way

if TYPE_CHECKING:
    from by_hand import Region

    from flowsim.system.spec import InitialSpec, MixSpec, StreamSpec

Mix = list[tuple[int, Lookup]]


def mix_of(mixes: Sequence[MixSpec]) -> Mix:
    """Return each attribute with the cumulative shares of all its levels but the last."""
    return [(m.attribute, lookup(m.cumulative, lambda row: row[:-1])) for m in mixes]


def new_patient(region: Region, mix: Mix) -> Patient:
    """Draw what a patient is like."""
    patient = Patient([0] * len(region.spec.attributes), len(region.services))
    for attribute, shares in mix:
        patient.kind[attribute] = bisect(shares(patient, 0), region.rng.random())
    return patient


def arrivals(region: Region, stream: StreamSpec) -> Generator[Any, Any, None]:
    """Let a stream's patients in: at its greatest rate, of whom as many stay as the hour calls for."""
    env, rng, spread = region.env, region.rng, stream.day_spread
    rate = Curve(stream.rate.ticks, stream.rate.values, region.spec.clock.ticks_per_minute)
    days = len(region.midnights)
    factors = rng.gamma(1 / spread**2, spread**2, days).tolist() if spread > 0 else [1.0] * days
    mix, ways = mix_of(stream.mix), lookup(stream.routing.branches, way)
    thins = [lookup(thin.share) for thin in stream.thins]
    most = max(rate.values) * max(factors)
    if most <= 0:
        return
    while True:
        yield env.timeout(rng.exponential(1 / most))
        factor = factors[bisect(region.midnights, env.now) - 1]
        if rng.random() * most >= rate.at(env.now) * factor:
            continue
        patient = new_patient(region, mix)
        if any(rng.random() < share(patient, 0) for share in thins):
            continue
        region.patients += 1
        place = region.resolve(patient, region.choose(ways(patient, 0), patient))
        env.process(region.journey(patient, place))


def place_group(region: Region, service: Service, group: InitialSpec) -> None:
    """Put those there at the start where they are."""
    mix = mix_of(region.spec.streams[group.mix_of].mix if group.mix_of >= 0 else ())
    for n in range(group.number):
        patient = new_patient(region, mix)
        for attribute, level in group.attributes:
            patient.kind[attribute] = level
        region.patients += 1
        elapsed = group.elapsed[n % len(group.elapsed)] if group.elapsed else 0.0
        if group.waiting:
            region.env.process(region.journey(patient, service.index))
            continue
        visit = region.open_visit(patient, service, -elapsed)
        visit.started = visit.seen = -elapsed
        visit.to = region.draw_way(service.ways(patient, 0))
        if service.spec.visits is not None:
            visit.day = -round(elapsed / 1440)
            service.packages[visit] = None
        elif service.spaces is not None:
            visit.space = service.ask(visit, 0)
        service.in_use += 1
        region.env.process(region.stay(visit, remaining(region, service, group, visit, n, elapsed)))


def remaining(region: Region, service: Service, group: InitialSpec, visit: Visit, n: int, elapsed: float) -> float:
    """Return what is left of a stay [min]: of one that has lasted so long, or any share of a fresh one."""
    if group.remaining:
        return group.remaining[n % len(group.remaining)]
    last = next((step for step in reversed(service.care) if step.duration is not None), None)
    if last is None or last.duration is None:
        return 0.0
    draw = last.duration(visit.patient, visit.to)
    if group.uniform:
        return float(region.rng.random() * draw())
    # A stay that has lasted so long: draw until one does.
    for _ in range(10_000):
        stay = draw()
        if stay > elapsed:
            return float(stay - elapsed)
    return 0.0
