"""The whole network as one writes it by hand in SimPy: a process for each patient, numpy's random numbers.

It takes the network's numbers from a specification and nothing else from flowsim. Simplifications are listed in
the README beside this file.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import simpy
from by_hand_parts import (
    GAVE_UP,
    SENT_ON,
    SERVED,
    UNLIMITED,
    Curve,
    Patient,
    Service,
    Step,
    Visit,
    give_back,
    lookup,
    out_of_use,
)
from by_hand_people import arrivals, place_group
from by_hand_ways import Places

if TYPE_CHECKING:
    from flowsim.system.spec import SystemSpec

DAY = 1440.0
Story = Generator[Any, Any, Any]


class Region(Places):
    """Services, staff and notes of one run."""

    def __init__(self, spec: SystemSpec, seed: int) -> None:
        super().__init__(spec, seed)
        per_minute = spec.clock.ticks_per_minute
        self.midnights = [tick / per_minute for tick in spec.clock.midnights]
        self.end = spec.end / per_minute
        self.rotas = [Curve(pool.rota.ticks, pool.rota.values, per_minute) for pool in spec.staff]
        self.staff = [simpy.PriorityResource(self.env, max(1, int(max(rota.values)))) for rota in self.rotas]
        self.visits: list[Visit] = []
        self.delays: list[tuple[int, int, float, float]] = []
        """Service, reason, start and end of each wait of someone ready to leave."""
        self.patients = 0
        self.exits = [0] * len(spec.exits)

    def run(self) -> None:
        """Run to the end."""
        for service in self.services:
            for group in service.spec.initial:
                place_group(self, service, group)
            self.env.process(self.opening(service))
            if service.spec.visits is not None:
                self.env.process(self.day_list(service))
        for pool, rota in zip(self.staff, self.rotas, strict=True):
            self.env.process(self.shifts(pool, rota))
        for stream in self.spec.streams:
            self.env.process(arrivals(self, stream))
        self.env.run(until=self.end)

    # ------------------------------------------------------------------ opening hours, rotas, surge

    def opening(self, service: Service) -> Story:
        """Open and close, and change the number of spaces: those out of use are asked for before everyone."""
        service.adjust()
        times = sorted({*service.hours.times, *service.offered.times})
        for time in times[1:]:
            yield self.env.timeout(time - self.env.now)
            service.is_open = bool(service.hours.at(time))
            service.adjust()
            self.watch(service)

    def shifts(self, pool: Any, rota: Curve) -> Story:
        """Let staff come and go: whoever is off duty is taken before anyone who calls."""
        away: list[Any] = []
        for time, number in rota.changes():
            yield self.env.timeout(time - self.env.now)
            out_of_use(pool, away, pool.capacity - int(number))

    def watch(self, service: Service) -> None:
        """See whether surge spaces are called for, or can be closed."""
        rule = service.spec.surge
        if rule is None or service.surge_called:
            return
        spaces = service.offered.at(self.env.now)
        if service.surge == 0:
            if service.in_use >= rule.opens_occupancy * spaces or service.waiting >= rule.opens_waiting:
                service.surge_called = True
                self.env.process(self.open_surge(service))
        elif service.in_use < rule.closes_occupancy * spaces and service.waiting < rule.opens_waiting:
            service.surge = 0
            service.adjust()

    def open_surge(self, service: Service) -> Story:
        """Open the surge spaces after the time it takes."""
        rule = service.spec.surge
        assert rule is not None
        yield self.env.timeout(rule.lead / self.spec.clock.ticks_per_minute)
        service.surge_called, service.surge = False, rule.spaces
        service.adjust()
        self.watch(service)

    # ------------------------------------------------------------------ a patient

    def open_visit(self, patient: Patient, service: Service, arrived: float) -> Visit:
        """Note that a patient comes to a service."""
        visit = Visit(patient, service.index, arrived, priority=service.priority(patient, 0))
        plan = service.spec.visits
        if plan is not None:
            visit.first, visit.last, visit.carers = (
                lookup(table)(patient, 0) for table in (plan.first, plan.last, plan.carers)
            )
        self.visits.append(visit)
        return visit

    def journey(self, patient: Patient, place: int) -> Story:
        """Follow a patient from service to service until they are out."""
        while place < len(self.services):
            service = self.services[place]
            if patient.held is not None and patient.held.service == place:
                self.leave(patient, place)
            visit = self.open_visit(patient, service, self.env.now)
            sent = yield from self.get_in(service, visit)
            if sent >= 0:
                place = self.resolve(patient, sent)
                continue
            place = yield from self.live_through(service, visit)
        if patient.held is not None:
            self.leave(patient, place)
        self.exits[place - len(self.services)] += 1

    def stay(self, visit: Visit, remaining: float) -> Story:
        """Follow on someone who was there at the start."""
        place = yield from self.live_through(self.services[visit.service], visit, remaining)
        yield from self.journey(visit.patient, place)

    def get_in(self, service: Service, visit: Visit) -> Any:
        """Wait for a space; return the place the patient goes to instead, or -1 once they are in."""
        env, patient, spec = self.env, visit.patient, service.spec
        if not service.is_open and spec.when_closed >= 0:
            return self.turn_away(visit, SENT_ON, spec.when_closed)
        if service.spaces is None and spec.visits is None:
            self.start(service, visit)
            return -1
        is_arrival = patient.held is None
        request: Any = env.event() if spec.visits is not None else service.ask(visit, service.keep(patient, 0))
        if not request.triggered:
            if is_arrival and (service.arrivals_waiting >= spec.queue_places or self.balks(service)):
                if spec.visits is None:
                    request.cancel()
                return self.turn_away(visit, SENT_ON, spec.when_full)
            yield from self.wait(service, visit, request, is_arrival)
            if not request.triggered:
                request.cancel()
                assert spec.patience is not None
                if patient.held is not None:
                    self.leave(patient, spec.patience.to)
                return self.turn_away(visit, GAVE_UP, spec.patience.to)
        visit.space = request
        self.start(service, visit)
        return -1

    def wait(self, service: Service, visit: Visit, request: Any, is_arrival: bool) -> Story:
        """Wait until the turn comes or patience ends; whoever gets a waiting place gives up their space."""
        patient, patience = visit.patient, service.spec.patience
        service.waiting += 1
        service.arrivals_waiting += is_arrival
        if service.spec.visits is not None:
            service.asking[visit] = request
        seat = None if is_arrival or service.seats is None else service.seats.request(visit.priority)
        if patient.held is not None and (service.spec.transfer_places >= UNLIMITED or (seat and seat.triggered)):
            self.leave(patient, service.index)
        self.watch(service)
        if service.patience is not None and patience is not None and (patience.holders or patient.held is None):
            yield request | self.env.timeout(service.patience(patient, 0)())
        elif seat is not None and not seat.triggered:
            yield request | seat
            if not request.triggered and patient.held is not None:
                self.note_delay(patient.held, service.spec.reason, visit.arrived)
                self.leave(patient, service.index)
                yield request
        else:
            yield request
        if service.seats is not None and seat is not None:
            give_back(service.seats, seat)
        service.waiting -= 1
        service.arrivals_waiting -= is_arrival
        self.watch(service)

    def balks(self, service: Service) -> bool:
        """Whether an arrival does not join, seeing the queue."""
        rule = service.spec.balks
        if rule is None:
            return False
        join = (
            1 / (service.waiting + rule.plus) if rule.plus > 0 else rule.join[min(service.waiting, len(rule.join) - 1)]
        )
        return bool(self.rng.random() >= join)

    def turn_away(self, visit: Visit, ended: int, to: int) -> int:
        """Note that a patient did not get in."""
        visit.left, visit.ended = self.env.now, ended
        return to

    def start(self, service: Service, visit: Visit) -> None:
        """Begin a visit; the space held until now is given up."""
        visit.started = now = self.env.now
        service.in_use += 1
        held = visit.patient.held
        if held is not None:
            if now > visit.arrived:
                self.note_delay(held, service.spec.reason, visit.arrived)
            self.leave(visit.patient, service.index)
        self.watch(service)

    def note_delay(self, visit: Visit, reason: int, since: float) -> None:
        """Note a wait of someone ready to leave."""
        self.delays.append((visit.service, reason, since, self.env.now))
        visit.patient.delayed += self.env.now - since

    def leave(self, patient: Patient, to: int) -> None:
        """Give up the space a patient holds, cleaned first where that is said."""
        visit, patient.held = patient.held, None
        assert visit is not None
        visit.left, visit.ended = self.env.now, SERVED
        service = self.services[visit.service]
        if service.spec.visits is not None:
            del service.packages[visit]
        if service.cleaning is not None:
            self.env.process(self.clean(service, visit, service.cleaning(patient, to)()))
        else:
            self.free(service, visit)

    def clean(self, service: Service, visit: Visit, minutes: float) -> Story:
        """Clean a space before the next patient has it."""
        yield self.env.timeout(minutes)
        self.free(service, visit)

    def free(self, service: Service, visit: Visit) -> None:
        """Let others have a space."""
        service.in_use -= 1
        if service.spaces is not None:
            service.spaces.release(visit.space)
        self.watch(service)

    # ------------------------------------------------------------------ in a service

    def live_through(self, service: Service, visit: Visit, remaining: float | None = None) -> Any:
        """Go through care and leaving; return the place to go to next, the space being kept."""
        env, rng, patient = self.env, self.rng, visit.patient
        factor = self.decondition(service, patient)
        branch = service.ways(patient, 0)
        if remaining is None:
            visit.to = self.draw_way(branch)
        if service.spec.visits is not None:
            yield env.timeout(self.package(service, visit, remaining))
        else:
            for step in service.care if remaining is None else service.care[-1:]:
                if step.share is None or rng.random() < step.share(patient, visit.to):
                    yield from self.do(step, visit, factor, remaining)
        visit.ready = env.now
        if math.isnan(visit.seen):
            visit.seen = visit.started
        for step in service.leaving:
            if step.share is None or rng.random() < step.share(patient, visit.to):
                asked = env.now
                yield from self.do(step, visit, 1.0, None)
                if step.reason >= 0:
                    self.note_delay(visit, step.reason, asked)
        place = visit.to if branch.rule == "share" else self.choose(branch, patient)
        for attribute, level in service.spec.sets:
            patient.kind[attribute] = level
        patient.held, patient.origin = visit, service.index
        return self.resolve(patient, place)

    def do(self, step: Step, visit: Visit, factor: float, remaining: float | None) -> Story:
        """Do a step, with the staff it needs."""
        if not step.staff:
            yield self.time_of(step, visit, factor, remaining)
            return
        with ExitStack() as called:
            for pool, number in step.staff:
                for _ in range(number(visit.patient, visit.to)):
                    yield called.enter_context(self.staff[pool].request(visit.priority))
            yield self.time_of(step, visit, factor, remaining)

    def time_of(self, step: Step, visit: Visit, factor: float, remaining: float | None) -> simpy.Timeout:
        """Return the time a step takes from now on."""
        env = self.env
        if math.isnan(visit.ready) and (step.is_seen or math.isnan(visit.seen)):
            visit.seen = env.now
        if remaining is not None:
            return env.timeout(remaining)
        if step.hazard is not None:
            return env.timeout(step.hazard.wait(env.now, self.rng.exponential()))
        return env.timeout(0 if step.duration is None else factor * step.duration(visit.patient, visit.to)())

    def decondition(self, service: Service, patient: Patient) -> float:
        """Let earlier delay tell: return what the stay is multiplied by; perhaps the patient is one level frailer."""
        rule, days = service.spec.deconditioning, patient.delayed / DAY
        if rule is None:
            return 1.0
        if rule.attribute >= 0 and days > 0:
            top = len(self.spec.attributes[rule.attribute].levels) - 1
            chance = min(rule.shift_limit, rule.shift_per_day * days)
            if patient.kind[rule.attribute] < top and self.rng.random() < chance:
                patient.kind[rule.attribute] += 1
        return 1.0 + min(rule.stay_limit, rule.stay_per_day * days)

    # ------------------------------------------------------------------ home visits

    def day_list(self, service: Service) -> Story:
        """Start packages at the day's start, while the visits promised leave room for their own."""
        plan, clock = service.spec.visits, self.spec.clock
        assert plan is not None
        for day, midnight in enumerate(self.midnights[:-1]):
            # A moment later, so that packages that end today have ended.
            yield self.env.timeout(midnight + plan.day_start + 0.01 - self.env.now)
            service.promised = sum(visit.carers * visits_on(visit, day - visit.day) for visit in service.packages)
            weekday = 6 if clock.holidays[day] else clock.weekdays[day]
            if not service.is_open or not plan.start_weekdays[weekday]:
                continue
            for visit in list(service.asking):
                wanted = visit.carers * round(visit.first)
                if service.promised + wanted > service.offer:
                    if plan.overtaking:
                        continue
                    break
                service.promised += wanted
                visit.day = day
                service.packages[visit] = None
                service.asking.pop(visit).succeed()

    def package(self, service: Service, visit: Visit, remaining: float | None) -> float:
        """Return the time until a package ends: whole days, from one day's start to another's [min]."""
        plan, step = service.spec.visits, service.care[-1]
        assert plan is not None
        assert step.duration is not None
        visit.seen = visit.started
        if remaining is None:
            visit.days = max(1, math.floor(step.duration(visit.patient, visit.to)() / DAY + 0.5))
        else:
            visit.days = max(1, math.floor(remaining / DAY + 0.5)) - visit.day
        last = visit.day + visit.days
        until = self.midnights[last] + plan.day_start if last < len(self.midnights) else self.end + 1
        return max(0.0, until - self.env.now)


def visits_on(visit: Visit, day: int) -> int:
    """Return the visits of a package on a day of its stay: they taper evenly."""
    if visit.days <= 1 or day <= 0:
        return round(visit.first)
    return round(visit.first + (visit.last - visit.first) * min(day, visit.days - 1) / (visit.days - 1))


def run(spec: SystemSpec, seed: int) -> Region:
    """Run the network as its specification says, from its start to its end."""
    region = Region(spec, seed)
    region.run()
    return region
