"""The networks that are timed: Halton, the sub-network, and both with a larger population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idiomatic import Network, Seen

    from flowsim.experiment.design import Design
    from flowsim.experiment.tasks import Work
    from flowsim.system.spec import ServiceSpec, StaffSpec, Steps, StreamSpec, SystemSpec, Table
    from flowsim.trajectory import Trajectory

HERE = Path(__file__).resolve().parent
SERVICES = ("ae", "ward", "p1", "p2", "p3")
SPACES = {"ae": "cubicles", "ward": "beds", "p1": "places", "p2": "beds", "p3": "beds"}
UNLIMITED = 2**40


def halton(days: float, overrides: Sequence[str] = ()) -> Design:
    """Return Halton at standard settings, for some days from the start, people already there included."""
    from flowsim.config.load import load
    from flowsim.experiment.design import design_run

    return design_run(load(["run=standard", "run.warm_up=0 d", f"run.duration={days:g} d", *overrides]))


def work_of(design: Design, engine: str) -> Work:
    """Return what studies are told of a design's first cell, to be run in one of the engines."""
    from flowsim.experiment.runner import works_of

    return replace(works_of(design)[design.cells[0].key], engine=engine)


def from_file(name: str, days: float, overrides: Sequence[str] = ()) -> tuple[SystemSpec, Any]:
    """Return a network of a file beside this one, compiled for flowsim, and its configuration."""
    from flowsim.config.load import load
    from flowsim.system.build import build

    loaded = load(["run.warm_up=0 d", f"run.duration={days:g} d", *overrides], [HERE / name])
    return build(loaded.staged), loaded.config


def subnetwork(days: float, overrides: Sequence[str] = ()) -> tuple[SystemSpec, Network]:
    """Return the sub-network, compiled for flowsim, and its numbers for the versions written by hand."""
    spec, config = from_file("subnetwork.yaml", days, overrides)
    return spec, numbers(config)


def numbers(config: Any) -> Network:
    """Return the sub-network's numbers as its configuration says them."""
    from idiomatic import Network

    def one(tabled: Any) -> float:
        return float(tabled.value_for({}).value)

    stream, services = config.stream["attendances"], config.service
    said = stream.mix["acuity"].shares
    known = {name: share.value for name, share in said.items() if share != "rest"}
    acuity = [known.get(name, 1 - sum(known.values())) for name in config.attribute["acuity"].levels]
    onward = config.pathway["ward"]["all"].to
    care = [next(iter(services[name].steps.values())).duration for name in SERVICES]
    p1, p2, p3 = (one(onward[name]) for name in SERVICES[2:])
    ae, ward, *after = (int(services[name].capacity[SPACES[name]].value) for name in SERVICES)
    return Network(
        per_day=1440 * stream.volume.value * stream.factor.value,
        acuity=tuple(acuity),
        admitted=one(config.pathway["ae"]["all"].to["ward"]),
        onward=(p1, p2, p3),
        capacity=(ae, ward, *after),
        stays=tuple((one(time_in.mean), one(time_in.sd)) for time_in in care),
    )


def seen_in(spec: SystemSpec, got: Trajectory) -> Seen:
    """Return what the sub-network's patients met, from a trajectory: those who left the service by the end."""
    from idiomatic import Seen

    v, minute = got.visits, spec.clock.ticks_per_minute
    ae, ward = ((v.service == spec.service_index(name)) & (v.left >= 0) for name in SERVICES[:2])
    waits = (v.started - v.queued)[ae] / minute
    kept = (v.left - v.ready) / minute
    classes = v.priority[ae].tolist()
    pairs = list(zip(waits.tolist(), classes, strict=True))
    return Seen(pairs, kept[ae].tolist(), kept[ward].tolist(), got.patients.arrival.size)


def grown(spec: SystemSpec, times: int) -> SystemSpec:
    """Return a network with so many times the people, and so many times everything that is offered them."""
    return replace(
        spec,
        services=tuple(_grown_service(service, times) for service in spec.services),
        streams=tuple(_grown_stream(stream, times) for stream in spec.streams),
        staff=tuple(_grown_pool(pool, times) for pool in spec.staff),
    )


def _grown_stream(stream: StreamSpec, times: int) -> StreamSpec:
    return replace(stream, rate=_grown_steps(stream.rate, times))


def _grown_pool(pool: StaffSpec, times: int) -> StaffSpec:
    return replace(pool, rota=_grown_steps(pool.rota, times))


def _grown_service(service: ServiceSpec, times: int) -> ServiceSpec:
    surge = service.surge
    if surge is not None:
        surge = replace(surge, spaces=times * surge.spaces, opens_waiting=_places(surge.opens_waiting, times))
    return replace(
        service,
        capacity=_grown_steps(service.capacity, times),
        queue_places=_places(service.queue_places, times),
        transfer_places=_places(service.transfer_places, times),
        withheld=_grown_table(service.withheld, times),
        surge=surge,
        initial=tuple(replace(group, number=times * group.number) for group in service.initial),
    )


def _grown_steps(steps: Steps, times: int) -> Steps:
    return replace(steps, values=tuple(v if v >= UNLIMITED else times * v for v in steps.values))


def _grown_table(table: Table[int], times: int) -> Table[int]:
    return replace(table, rows=tuple(times * row for row in table.rows))


def _places(places: int, times: int) -> int:
    return places if places >= UNLIMITED else times * places
