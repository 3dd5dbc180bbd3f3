"""The reference engine: the model told as SimPy processes, by the ordering contract of ``engine.protocol``.

Read ``_Run.journey`` first: it is what happens to a patient, from door to door. Spaces and staff have
their own modules; what they share is in ``context``.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

from simpy.events import Event

from flowsim.demand import Arrivals, arrivals
from flowsim.draws.quantiles import exponential_from_uniform
from flowsim.draws.sampler import residual
from flowsim.engine.context import Context
from flowsim.engine.log import Log
from flowsim.engine.protocol import Rank
from flowsim.engine.setup import Present, people_present
from flowsim.engine.spaces import Spaces
from flowsim.engine.staffing import Needs, Staffing
from flowsim.engine.state import Hazard, Patient, Visit
from flowsim.errors import RunError
from flowsim.rules.discharge import departure_tick, shift_probability, stay_factor, whole_days
from flowsim.rules.streaming import first_true, pick, shortest
from flowsim.system.spec import NONE, BranchSpec, DeconditioningSpec, RoutingSpec, StepSpec, SystemSpec
from flowsim.trajectory import NEVER, Outcome, Trajectory

Story = Generator[Event, None, None]
Walk = Generator[Event, None, int]

_MINUTES_A_DAY = 1440
_MOST_MOVES_AN_INSTANT = 1000


def run(spec: SystemSpec, replication: int, coming: Arrivals | None = None) -> Trajectory:
    """Return what happens in one replication.

    Args:
        spec: the system.
        replication: from 0; with the spec's seed it keys every draw.
        coming: its arrivals, where they have been drawn already.

    Raises:
        RunError: a patient moves for ever without time passing.
    """
    return _Run(spec, replication, arrivals(spec, replication) if coming is None else coming).to_the_end()


class _Run:
    """One replication."""

    def __init__(self, spec: SystemSpec, replication: int, coming: Arrivals) -> None:
        self.spec = spec
        self.coming = coming
        self.present = people_present(spec, replication)
        self.log = Log(spec, self.present, self.coming)
        self.context = Context(spec, replication, self.log)
        self.spaces = Spaces(self.context)
        self.staffing = Staffing(self.context)
        self.n_services = len(spec.services)
        self.first_junction = self.n_services + len(spec.exits)
        self.hazards = {
            step.purpose: Hazard(step.departure, spec.clock.ticks_per_minute)
            for service in spec.services
            for step in service.steps
            if step.departure is not None
        }

    def to_the_end(self) -> Trajectory:
        """Run, and return the trajectory."""
        self.spaces.open()
        self.staffing.open()
        for person in self.present:
            self.place(person)
        self.context.env.process(self.arrive())
        self.context.env.run(until=self.spec.end)
        for visit in self.log.visits:
            if visit.interrupted_at != NEVER:
                visit.interrupted += self.spec.end - visit.interrupted_at
        return self.log.trajectory(self.context.replication)

    # ------------------------------------------------------------------ coming in

    def arrive(self) -> Story:
        """Let everyone in, each at their time."""
        coming, streams, context = self.coming, self.spec.streams, self.context
        everyone = zip(
            coming.tick.tolist(),
            coming.stream.tolist(),
            coming.number.tolist(),
            coming.attributes.tolist(),
            strict=True,
        )
        for row, (tick, stream, number, attributes) in enumerate(everyone, start=len(self.present)):
            yield context.at(tick, Rank.ARRIVAL, row)
            patient = Patient(row, stream, streams[stream].key, number, attributes)
            context.env.process(self.journey(patient, self.first_place(patient, streams[stream].routing)))

    def first_place(self, patient: Patient, routing: RoutingSpec) -> int:
        """Return where a patient presents."""
        return self.resolve(patient, self.n_services, self.draw_way(patient, routing, self.n_services, 0))

    def place(self, person: Present) -> None:
        """Put someone where they are at the start."""
        patient = Patient(person.row, NEVER, person.key, person.number, list(person.attributes))
        if person.waiting:
            self.context.env.process(self.journey(patient, person.service, waited=person.elapsed))
            return
        station = self.spaces.stations[person.service]
        visit = self.open_visit(patient, person.service, self.n_services, None, person.elapsed)
        visit.started = visit.seen = -person.elapsed
        visit.stint = 0
        if station.spec.visits is not None:
            visit.start_day = -round(person.elapsed / (_MINUTES_A_DAY * self.spec.clock.ticks_per_minute))
        self.spaces.occupy(station, visit)
        self.context.env.process(self.resume(visit, person.remaining))

    # ------------------------------------------------------------------ the journey

    def journey(
        self, patient: Patient, place: int, origin: int = NONE, held: Visit | None = None, waited: int = NEVER
    ) -> Story:
        """Follow a patient from place to place until an exit.

        ``held`` is the visit whose space they keep until the next place takes them.
        """
        origin = self.n_services if origin == NONE else origin
        moves, last_move = 0, NEVER
        while place < self.n_services:
            moves = moves + 1 if last_move == self.context.now else 0
            last_move = self.context.now
            self.check_moves(moves, place)
            if held is not None and held.service == place:
                # Coming back to the same service: nobody can wait for the space they keep themselves.
                self.spaces.vacate(held, place)
                held = None
            visit = self.open_visit(patient, place, origin, held, waited)
            waited = NEVER
            if self.spaces.ask(visit):
                yield from self.wait(visit)
            else:
                self.let_go_if_placed(visit)
            if visit.outcome is not Outcome.IN_PROGRESS:
                place = self.resolve(patient, origin, visit.destination)
                held = visit.held_visit
                continue
            yield from self.care(visit)
            place = yield from self.leave(visit)
            origin, held = visit.service, visit
        if held is not None:
            self.spaces.vacate(held, place)
        self.log.exits[patient.row] = place
        self.log.gone[patient.row] = self.context.now

    def resume(self, visit: Visit, remaining: float) -> Story:
        """Follow on someone who was in service at the start."""
        yield from self.care(visit, remaining)
        place = yield from self.leave(visit)
        yield from self.journey(visit.patient, place, visit.service, visit)

    def open_visit(self, patient: Patient, place: int, origin: int, held: Visit | None, waited: int) -> Visit:
        """Write down that a patient comes to a service, and settle their class there."""
        context = self.context
        queued = context.now if waited == NEVER else context.now - waited
        visit = self.log.open_visit(patient, place, origin, queued)
        visit.ordinal = patient.been.get(place, 0)
        patient.been[place] = visit.ordinal + 1
        visit.initial = int(waited != NEVER)
        if held is not None:
            visit.held_visit, visit.held, visit.is_arrival = held, held.service, False
        self.classify(visit)
        return visit

    def classify(self, visit: Visit) -> None:
        """Settle what the patient needs of a service, and in which class."""
        context, patient, origin = self.context, visit.patient, visit.origin
        spec = self.spec.services[visit.service]
        visit.priority = visit.cls = context.row(spec.priority, patient, origin)
        visit.takes = context.row(spec.takes, patient, origin)
        visit.withheld = context.row(spec.withheld, patient, origin)
        if spec.visits is not None:
            visit.takes = context.row(spec.visits.carers, patient, origin)
            visit.first = round(1000 * context.row(spec.visits.first, patient, origin))
            visit.last = round(1000 * context.row(spec.visits.last, patient, origin))

    def check_moves(self, moves: int, place: int) -> None:
        """Refuse to go round for ever within one instant."""
        if moves > _MOST_MOVES_AN_INSTANT:
            name = self.spec.place_name(place)
            said = "a patient goes round for ever and no time passes"
            raise RunError(f"service.{name}: {said}; wanted a step with a duration")

    # ------------------------------------------------------------------ waiting

    def wait(self, visit: Visit) -> Story:
        """Wait for a space, giving up what is held as soon as that is possible."""
        self.set_clocks(visit)
        blocked = None
        self.let_go_if_placed(visit)
        if visit.held_visit is not None:
            reason = self.spec.services[visit.service].reason
            blocked = self.log.open_delay(visit.held_visit, reason, visit.service, self.context.now)
        while visit.started == NEVER and visit.outcome is Outcome.IN_PROGRESS:
            visit.event = self.context.env.event()
            yield visit.event
            visit.event = None
            if blocked is not None and self.is_placed(visit):
                self.close_delay(blocked, visit.patient)
                blocked = None
            self.let_go_if_placed(visit)

    def is_placed(self, visit: Visit) -> bool:
        """Whether nothing keeps the patient in the space they hold."""
        return visit.started != NEVER or visit.waits_without_space or visit.outcome is Outcome.RENEGED

    def let_go_if_placed(self, visit: Visit) -> None:
        """Give up the space held once the next place has taken the patient."""
        held = visit.held_visit
        if held is not None and self.is_placed(visit):
            visit.held_visit, visit.moved = None, self.context.now
            self.spaces.vacate(held, visit.destination if visit.outcome is Outcome.RENEGED else visit.service)

    def set_clocks(self, visit: Visit) -> None:
        """Start the clocks of patience and of rising class, from when the patient joined."""
        context, spec = self.context, self.spec.services[visit.service]
        patience = spec.patience
        if patience is not None and (patience.holders or visit.held_visit is None or visit.waits_without_space):
            row = context.row(patience.duration, visit.patient, visit.origin)
            luck = context.luck(visit.patient, patience.purpose, visit.ordinal)
            waited = context.now - visit.queued
            if waited > 0:
                left = context.ticks(residual(row, waited / context.ticks_per_minute, luck))
            else:
                left = context.ticks(context.samplers.of(row).draw(luck))
            over = context.at(context.now + left, Rank.PATIENCE, visit.patient.row)
            over.callbacks.append(partial(self.lose_patience, visit, patience.to))
        if spec.rises_after != NEVER:
            when = max(context.now, visit.queued + spec.rises_after)
            rises = context.at(when, Rank.RISE, visit.patient.row)
            rises.callbacks.append(lambda _: self.spaces.rise(visit))

    def lose_patience(self, visit: Visit, to: int, _: Event) -> None:
        """Give up, if still waiting: a clock may run out after the start."""
        if visit.started == NEVER and visit.outcome is Outcome.IN_PROGRESS:
            self.spaces.give_up(visit, to)

    def close_delay(self, row: list[int], patient: Patient) -> None:
        """End a delay and remember how long it was."""
        row[-1] = self.context.now
        patient.delayed += row[-1] - row[-2]

    # ------------------------------------------------------------------ in service

    def care(self, visit: Visit, remaining: float | None = None) -> Story:
        """Go through the steps of care; those there at the start have only the rest of the last."""
        spec = self.spec.services[visit.service]
        factor = 1.0
        if spec.deconditioning is not None:
            factor = self.decondition(visit, spec.deconditioning)
        self.draw_branch(visit)
        steps = [(position, step) for position, step in enumerate(spec.steps) if not step.leaving]
        if remaining is not None:
            steps = steps[-1:]
        for position, step in steps:
            if spec.visits is not None:
                yield from self.package(visit, step, factor, remaining)
            elif not self.is_skipped(visit, step):
                yield from self.step(visit, position, step, factor, remaining)
        if visit.seen == NEVER:
            visit.seen = visit.started
        visit.ready = self.context.now
        # Whoever is ready keeps the space, but there is no care left to interrupt.
        self.spaces.stations[visit.service].in_service.pop(visit, None)

    def decondition(self, visit: Visit, rule: DeconditioningSpec) -> float:
        """Let earlier delay tell: return what the stay is multiplied by; perhaps move an attribute one level on."""
        context, patient = self.context, visit.patient
        days = patient.delayed / (_MINUTES_A_DAY * context.ticks_per_minute)
        if rule.attribute != NONE and days > 0:
            top = len(self.spec.attributes[rule.attribute].levels) - 1
            chance = shift_probability(days, rule.shift_per_day, rule.shift_limit)
            if patient.attributes[rule.attribute] < top and context.luck(patient, rule.purpose, visit.ordinal) < chance:
                patient.attributes[rule.attribute] += 1
        return stay_factor(days, rule.stay_per_day, rule.stay_limit)

    def is_skipped(self, visit: Visit, step: StepSpec) -> bool:
        """Whether the patient does not need a step."""
        if step.share is None:
            return False
        share = self.context.row(step.share, visit.patient, visit.origin, visit.toward)
        return bool(self.context.luck(visit.patient, step.share_purpose, visit.ordinal) >= share)

    def step(self, visit: Visit, position: int, step: StepSpec, factor: float, remaining: float | None = None) -> Story:
        """Do a step: get the staff, take the time, let the staff go."""
        context, patient = self.context, visit.patient
        asked = context.now
        delay = None
        if step.reason != NONE:
            delay = self.log.open_delay(visit, step.reason, visit.toward, asked)
        needs = self.needs(visit, step)
        rows = self.log.open_staffed(visit, position, needs, asked)
        if needs:
            coming = self.staffing.call(needs, visit.cls)
            if coming is not None:
                yield coming
        for row in rows:
            row[-2] = context.now
        if not step.leaving and (visit.seen == NEVER or step.is_seen):
            visit.seen = context.now
        ticks = self.duration(visit, step, factor, remaining)
        if self.is_interruptible(visit):
            yield from self.stints(visit, ticks)
        elif ticks > 0:
            yield context.at(context.now + ticks, Rank.READY if step.leaving else Rank.FINISH, patient.row)
        for row in rows:
            row[-1] = context.now
        if delay is not None:
            self.close_delay(delay, patient)
        if needs:
            self.staffing.release(needs)

    def needs(self, visit: Visit, step: StepSpec) -> Needs:
        """Return the staff a step needs for a patient."""
        wanted = (
            (need.pool, int(self.context.row(need.number, visit.patient, visit.origin, visit.toward)))
            for need in step.staff
        )
        return tuple((pool, number) for pool, number in wanted if number > 0)

    def duration(self, visit: Visit, step: StepSpec, factor: float, remaining: float | None) -> int:
        """Return how long a step takes [ticks]."""
        context, patient = self.context, visit.patient
        if remaining is not None:
            return context.ticks(remaining)
        luck = context.luck(patient, step.purpose, visit.ordinal)
        if step.departure is not None:
            hazard, wanted = self.hazards[step.purpose], exponential_from_uniform(luck)
            when = departure_tick(hazard.ticks, hazard.rates, hazard.hazards, context.now, wanted)
            return when - context.now
        if step.duration is None:
            return 0
        row = context.row(step.duration, patient, visit.origin, visit.toward)
        return context.ticks(factor * context.samplers.of(row).draw(luck))

    def is_interruptible(self, visit: Visit) -> bool:
        """Whether someone may be interrupted where they are."""
        spec = self.spec.services[visit.service]
        return spec.preempts or spec.cut_interrupts

    def stints(self, visit: Visit, ticks: int) -> Story:
        """Take the time of a step that may be interrupted and taken up again."""
        context, left = self.context, ticks
        while True:
            # Stopped before the stint began, perhaps, in the very instant of being granted the space.
            while visit.interrupted_at != NEVER:
                visit.event = context.env.event()
                yield visit.event
            version, visit.finish = visit.version, context.now + left
            visit.event = done = context.env.event()
            finish = context.at(visit.finish, Rank.FINISH, visit.patient.row)
            finish.callbacks.append(partial(_finish, visit, version, done))
            yield done
            if visit.version == version:
                visit.event = None
                return
            left = visit.remaining

    def package(self, visit: Visit, step: StepSpec, factor: float, remaining: float | None) -> Story:
        """Go through a home-care package: whole days, from one day's start to another's."""
        clock, spec = self.spec.clock, self.spec.services[visit.service]
        assert spec.visits is not None
        if remaining is None:
            visit.days = whole_days(self.duration(visit, step, factor, None) / clock.ticks_per_minute)
        else:
            visit.days = whole_days(remaining) - visit.start_day
        visit.seen = visit.started
        last = visit.start_day + visit.days
        tick = self.spec.end
        if last < len(clock.midnights):
            tick = clock.midnights[last] + spec.visits.day_start * clock.ticks_per_minute
        yield self.context.at(tick, Rank.FINISH, visit.patient.row)

    # ------------------------------------------------------------------ leaving

    def leave(self, visit: Visit) -> Walk:
        """Go through what leaving takes, then see where to go."""
        spec, patient = self.spec.services[visit.service], visit.patient
        for position, step in enumerate(spec.steps):
            if step.leaving and not self.is_skipped(visit, step):
                yield from self.step(visit, position, step, 1.0)
        assert visit.branch is not None
        place = visit.toward
        if visit.branch.rule != "share":
            place = self.choose(patient, visit.service, visit.branch)
        for attribute, level in spec.sets:
            patient.attributes[attribute] = level
        return self.resolve(patient, visit.service, place)

    def draw_branch(self, visit: Visit) -> None:
        """Draw the way out on starting; a rule that looks at the state is looked at on leaving."""
        routing = self.spec.services[visit.service].routing
        visit.branch = branch = self.context.row(routing.branches, visit.patient, visit.origin)
        visit.toward = branch.destinations[0]
        if branch.rule == "share" and len(branch.destinations) > 1:
            luck = self.context.luck(visit.patient, routing.purpose, visit.ordinal)
            visit.toward = branch.destinations[pick(branch.cumulative, luck)]

    def draw_way(self, patient: Patient, routing: RoutingSpec, origin: int, ordinal: int) -> int:
        """Return where a routing point sends a patient now: a place code."""
        branch = self.context.row(routing.branches, patient, origin)
        if branch.rule != "share":
            return self.choose(patient, origin, branch)
        if len(branch.destinations) == 1:
            return int(branch.destinations[0])
        luck = self.context.luck(patient, routing.purpose, ordinal)
        return int(branch.destinations[pick(branch.cumulative, luck)])

    def resolve(self, patient: Patient, origin: int, place: int) -> int:
        """Go through junctions until a service or an exit."""
        while place >= self.first_junction:
            ordinal = patient.been.get(place, 0)
            patient.been[place] = ordinal + 1
            place = self.draw_way(patient, self.spec.junctions[place - self.first_junction], origin, ordinal)
        return place

    def choose(self, patient: Patient, origin: int, branch: BranchSpec) -> int:
        """Apply a rule that looks at the state of the system."""
        if branch.rule == "shortest":
            best = shortest([self.length(place) for place in branch.destinations])
        elif branch.rule == "if_open":
            best = first_true([self.is_open(place) for place in branch.destinations])
        else:
            best = first_true([self.has_space(patient, origin, place) for place in branch.destinations])
        return branch.destinations[best] if best >= 0 else branch.otherwise

    def is_open(self, place: int) -> bool:
        """Whether a place admits; exits and junctions always do."""
        return place >= self.n_services or bool(self.spaces.stations[place].admitting)

    def has_space(self, patient: Patient, origin: int, place: int) -> bool:
        """Whether a place would take the patient at once."""
        if place >= self.n_services:
            return True
        return self.spaces.has_space(self.spaces.stations[place], self.imagine(patient, place, origin))

    def imagine(self, patient: Patient, place: int, origin: int) -> Visit:
        """Return the visit the patient would make, unrecorded."""
        visit = Visit(NEVER, patient, place, origin, self.context.now)
        self.classify(visit)
        return visit

    def length(self, place: int) -> int:
        """Return how many are in service or waiting at an open service; -1 where closed."""
        if place >= self.n_services:
            return 0
        station = self.spaces.stations[place]
        return station.in_use + len(station.waiting) if station.admitting else -1


def _finish(visit: Visit, version: int, done: Event, _: Event) -> None:
    """End a stint, unless it was interrupted."""
    if visit.version == version and not done.triggered:
        done.succeed()
