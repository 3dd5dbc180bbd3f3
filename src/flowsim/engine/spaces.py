"""Spaces: who may start, who waits, what opens and closes."""

from __future__ import annotations

from collections.abc import Generator

from simpy.events import Event

from flowsim.engine.context import Context
from flowsim.engine.protocol import Rank
from flowsim.engine.setup import offers
from flowsim.engine.state import Station, Visit
from flowsim.rules.admission import is_passed_over, joining_probability, may_start
from flowsim.rules.discharge import visits_on_day
from flowsim.rules.escalation import surge_over, surge_wanted
from flowsim.system.spec import NONE, VisitSpec
from flowsim.trajectory import NEVER, Outcome

Story = Generator[Event, None, None]


class Spaces:
    """All services of one replication."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.stations = [Station(i, s, offers(s)) for i, s in enumerate(context.spec.services)]

    def open(self) -> None:
        """Start opening hours, capacity changes and day lists."""
        env, log = self.context.env, self.context.log
        for station in self.stations:
            log.capacity.append((station.index, 0, station.spaces, 0, station.admitting))
            if len(station.offers) > 1:
                env.process(self._shifts(station))
            if station.spec.visits is not None:
                env.process(self._day_lists(station, station.spec.visits))

    # ------------------------------------------------------------------ asking

    def ask(self, visit: Visit) -> bool:
        """Ask for a space; return whether the patient must wait.

        If not, the visit has started, or its outcome and destination say where it was sent.
        """
        station = self.stations[visit.service]
        spec = station.spec
        if not station.admitting and spec.when_closed != NONE:
            self._send(visit, Outcome.REFUSED, spec.when_closed)
            return False
        if self._can_start(station, visit):
            self._start(station, visit)
            return False
        if self._makes_room(station, visit):
            self._start(station, visit)
            # More may have been freed than was needed.
            self.offer(station)
            return False
        if visit.is_arrival:
            if station.waiting_arrivals >= spec.queue_places:
                self._send(visit, Outcome.REFUSED, spec.when_full)
                return False
            if spec.balks is not None:
                joins = joining_probability(len(station.waiting), spec.balks.join, spec.balks.plus)
                if self.context.luck(visit.patient, spec.balks.purpose, visit.ordinal) >= joins:
                    self._send(visit, Outcome.BAULKED, spec.when_full)
                    return False
            station.waiting_arrivals += 1
        elif station.waiting_transfers < spec.transfer_places:
            self._seat(station, visit)
        station.waiting.join(visit, visit.cls)
        self._watch(station)
        return True

    def has_space(self, station: Station, visit: Visit) -> bool:
        """Whether a patient would start at once; for home visits, whether today's list has room for all waiting too."""
        if station.spec.visits is None:
            return self._can_start(station, visit)
        wanted = _first_day(visit) + sum(_first_day(other) for other in station.waiting)
        return bool(station.admitting) and station.promised + wanted <= station.spaces + station.surge

    def give_up(self, visit: Visit, to: int) -> None:
        """Take someone who gives up off the list; the patient then frees what they hold."""
        station = self.stations[visit.service]
        visit.outcome, visit.left, visit.destination = Outcome.RENEGED, self.context.now, to
        self._off_list(station, visit)
        _wake(visit)
        self._free_seat(station, visit)
        self._watch(station)
        self.offer(station)

    def rise(self, visit: Visit) -> None:
        """Move someone waiting to the end of the better class."""
        station = self.stations[visit.service]
        if visit.started != NEVER or visit.outcome is not Outcome.IN_PROGRESS or station.spec.rises_to >= visit.cls:
            return
        station.waiting.leave(visit, visit.cls)
        visit.cls = station.spec.rises_to
        station.waiting.join(visit, visit.cls)
        self.offer(station)

    def _send(self, visit: Visit, outcome: Outcome, to: int) -> None:
        visit.outcome, visit.left, visit.destination = outcome, self.context.now, to

    def _can_start(self, station: Station, visit: Visit) -> bool:
        if not station.admitting or station.spec.visits is not None:
            return False
        free = station.free
        if not may_start(free, visit.takes, visit.withheld):
            return False
        return all(is_passed_over(free, v.takes, v.withheld) for v in station.waiting.ahead_of(visit.cls))

    # ------------------------------------------------------------------ taking and giving back

    def occupy(self, station: Station, visit: Visit) -> None:
        """Count a patient in."""
        if station.spec.visits is not None:
            station.active[visit] = None
            return
        station.in_use += visit.takes
        if station.spec.preempts or station.spec.cut_interrupts:
            station.in_service[visit] = None

    def vacate(self, visit: Visit, to: int) -> None:
        """Give a space back and offer it; after a turnaround, where there is one."""
        context, station = self.context, self.stations[visit.service]
        visit.left, visit.outcome, visit.destination = context.now, Outcome.SERVED, to
        if station.spec.visits is not None:
            del station.active[visit]
            return
        station.in_service.pop(visit, None)
        turnaround = station.spec.turnaround
        if turnaround is not None:
            row = context.row(turnaround, visit.patient, visit.origin, to)
            luck = context.luck(visit.patient, station.spec.turnaround_purpose, visit.ordinal)
            rest = context.ticks(context.samplers.of(row).draw(luck))
            if rest > 0:
                who = len(context.log.exits) + visit.row
                ready = context.at(context.now + rest, Rank.FINISH, who)
                ready.callbacks.append(lambda _: self._free(station, visit))
                return
        self._free(station, visit)

    def _free(self, station: Station, visit: Visit) -> None:
        station.in_use -= visit.takes
        self._watch(station)
        self.offer(station)

    def offer(self, station: Station) -> None:
        """Start everyone who may, best first."""
        if not station.admitting or station.spec.visits is not None or not len(station.waiting):
            return
        for visit in station.waiting:
            free = station.free
            if is_passed_over(free, visit.takes, visit.withheld):
                continue
            if visit.takes > free:
                return
            self._from_list(station, visit)

    def _from_list(self, station: Station, visit: Visit) -> None:
        self._off_list(station, visit)
        self._start(station, visit)
        _wake(visit)
        self._free_seat(station, visit)

    def _start(self, station: Station, visit: Visit) -> None:
        now = self.context.now
        if visit.started == NEVER:
            visit.started = now
        else:
            visit.interrupted += now - visit.interrupted_at
            visit.interrupted_at = NEVER
        visit.stint = now
        self.occupy(station, visit)
        self._watch(station)

    def _off_list(self, station: Station, visit: Visit) -> None:
        station.waiting.leave(visit, visit.cls)
        if visit.started == NEVER and visit.is_arrival:
            station.waiting_arrivals -= 1

    # ------------------------------------------------------------------ waiting places

    def _seat(self, station: Station, visit: Visit) -> None:
        visit.waits_without_space = True
        station.waiting_transfers += 1

    def _free_seat(self, station: Station, visit: Visit) -> None:
        """If the visit sat in a transfers' waiting place, let the first who holds a space elsewhere have it."""
        if not visit.waits_without_space or visit.is_arrival:
            return
        visit.waits_without_space = False
        station.waiting_transfers -= 1
        for other in station.waiting:
            if other.held_visit is not None and not other.waits_without_space:
                self._seat(station, other)
                _wake(other)
                return

    # ------------------------------------------------------------------ interrupting

    def _makes_room(self, station: Station, visit: Visit) -> bool:
        """Interrupt one of the worst class for someone of a better one, where the service says so."""
        if not (station.spec.preempts and station.admitting):
            return False
        victim = _worst(station)
        if victim is None or victim.cls <= visit.cls or station.free + victim.takes < visit.takes:
            return False
        self._interrupt(station, victim)
        return True

    def _interrupt(self, station: Station, visit: Visit) -> None:
        visit.interrupted_at = self.context.now
        visit.remaining = visit.finish - self.context.now
        visit.version += 1
        del station.in_service[visit]
        station.in_use -= visit.takes
        station.waiting.put_back(visit, visit.cls)
        _wake(visit)

    # ------------------------------------------------------------------ opening and closing

    def _shifts(self, station: Station) -> Story:
        for tick, spaces, admitting in station.offers[1:]:
            if tick >= self.context.spec.end:
                return
            yield self.context.at(tick, Rank.CAPACITY, station.index)
            station.spaces, station.admitting = spaces, admitting
            self._log_capacity(station)
            while station.spec.cut_interrupts and station.free < 0 and (victim := _worst(station)) is not None:
                self._interrupt(station, victim)
            self._watch(station)
            self.offer(station)

    def _log_capacity(self, station: Station) -> None:
        row = (station.index, self.context.now, station.spaces, station.surge, station.admitting)
        self.context.log.capacity.append(row)

    def _watch(self, station: Station) -> None:
        """Look at the surge rule."""
        rule = station.spec.surge
        if rule is None or station.surge_called:
            return
        waiting = len(station.waiting)
        if station.surge == 0:
            if surge_wanted(station.in_use, station.spaces, waiting, rule.opens_occupancy, rule.opens_waiting):
                station.surge_called = True
                spec = self.context.spec
                who = len(spec.services) + len(spec.staff) + station.index
                opening = self.context.at(self.context.now + rule.lead, Rank.CAPACITY, who)
                opening.callbacks.append(lambda _: self._open_surge(station))
        elif surge_over(station.in_use, station.spaces, waiting, rule.closes_occupancy, rule.opens_waiting):
            station.surge = 0
            self._log_capacity(station)

    def _open_surge(self, station: Station) -> None:
        assert station.spec.surge is not None
        station.surge_called = False
        station.surge = station.spec.surge.spaces
        self._log_capacity(station)
        self.offer(station)
        self._watch(station)

    # ------------------------------------------------------------------ home visits

    def _day_lists(self, station: Station, plan: VisitSpec) -> Story:
        clock = self.context.spec.clock
        for day, midnight in enumerate(clock.midnights):
            tick = midnight + plan.day_start * clock.ticks_per_minute
            if tick >= self.context.spec.end:
                return
            yield self.context.at(tick, Rank.START, station.index)
            weekday = 6 if clock.holidays[day] else clock.weekdays[day]
            self._fill_day(station, plan, day, bool(station.admitting) and plan.start_weekdays[weekday])

    def _fill_day(self, station: Station, plan: VisitSpec, day: int, may_begin: bool) -> None:
        promised = 0
        for visit in station.active:
            promised += visit.takes * visits_on_day(
                visit.first / 1000, visit.last / 1000, visit.days, day - visit.start_day
            )
        station.promised = station.in_use = promised
        if may_begin:
            for visit in station.waiting:
                wanted = _first_day(visit)
                if promised + wanted > station.spaces + station.surge:
                    if plan.overtaking:
                        continue
                    break
                promised += wanted
                station.promised = station.in_use = promised
                visit.start_day = day
                self._from_list(station, visit)
        self._watch(station)


def _first_day(visit: Visit) -> int:
    return visit.takes * visits_on_day(visit.first / 1000, visit.last / 1000, 1, 0)


def _worst(station: Station) -> Visit | None:
    """Return who is interrupted first: the worst class, latest start, highest row."""
    if not station.in_service:
        return None
    return max(station.in_service, key=lambda v: (v.cls, v.stint, v.patient.row))


def _wake(visit: Visit) -> None:
    """Put a waiting patient on the worklist, once."""
    if visit.event is not None and not visit.event.triggered:
        visit.event.succeed()
