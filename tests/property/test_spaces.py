"""What must hold of every service: never too full, never idle while someone waits, fair, and shut when shut."""

from __future__ import annotations

import numpy as np

from flowsim.draws.philox import uniform
from flowsim.draws.sampler import Sampler
from flowsim.engine.setup import people_present
from flowsim.rules.discharge import visits_on_day
from flowsim.system.spec import UNLIMITED, ServiceSpec
from flowsim.trajectory import NEVER, Outcome
from tests.property.runs import World, holds_in, interrupts, level_of, offered
from tests.property.strategies import plain_networks


def takes_spaces(service: ServiceSpec) -> bool:
    """Whether visits to the service say when they hold a space: no home visits, no interruptions."""
    return service.visits is None and not interrupts(service)


def began(world: World, rows: np.ndarray) -> np.ndarray:
    """Return whether visits have started; those in service at the start, before 0."""
    v = world.visits
    return (v.started[rows] != NEVER) | (v.queued[rows] == v.started[rows])


def placed(world: World, rows: np.ndarray) -> np.ndarray:
    """Return whether visits are those of people in service at the start: they were there, and did not start."""
    return (world.visits.initial[rows] == 1) & (world.visits.started[rows] == world.visits.queued[rows])


def in_use(world: World, rows: np.ndarray):
    """Return the spaces in use over time: at least so many, for those in turnaround or once interrupted do not show."""
    rows = rows[began(world, rows) & (world.visits.interrupted[rows] == 0)]
    return level_of(world.visits.started[rows], world.left(rows), world.visits.takes[rows])


@holds_in()
def test_nobody_starts_above_capacity(world):
    v = world.visits
    for index, service, rows in world.services(lambda s: s.visits is None):
        used, (spaces, _) = in_use(world, rows), offered(world.got.capacity, index)
        # Those who start and leave within the tick have nothing to show for it.
        stay = (v.started[rows] >= 0) & (world.left(rows) > v.started[rows]) & ~placed(world, rows)
        stay &= v.interrupted[rows] == 0
        for tick in np.unique(v.started[rows][stay]).tolist():
            assert used.at(tick) <= spaces.most(tick), (service.id, tick)


@holds_in()
def test_spaces_in_use_exceed_capacity_only_after_a_fall_or_a_full_start(world):
    for index, service, rows in world.services(takes_spaces):
        used, (spaces, _) = in_use(world, rows), offered(world.got.capacity, index)
        ticks = sorted({t for t in (*used.ticks, *spaces.ticks) if t >= 0})
        before = used.at(0)
        for tick in ticks:
            over = used.at(tick) > spaces.most(tick)
            # Once over, the number in use can only fall.
            assert not over or used.at(tick) <= before or tick == 0, (service.id, tick)
            before = used.at(tick)


def preempts_at_a_steady_capacity(service: ServiceSpec) -> bool:
    """Whether patients interrupt one another and nothing else changes the spaces."""
    steady = len(service.capacity.ticks) == len(service.admitting.ticks) == 1 and service.surge is None
    return service.preempts and service.visits is None and steady


@holds_in()
def test_time_in_service_fits_into_the_capacity_offered_where_patients_are_interrupted(world):
    v, end = world.visits, world.got.end
    for index, _, rows in world.services(preempts_at_a_steady_capacity):
        spaces, _ = offered(world.got.capacity, index)
        ticks = [*spaces.ticks, end]
        area = sum(level * (b - a) for level, a, b in zip(spaces.values, ticks, ticks[1:], strict=False))
        there = rows[began(world, rows)]
        start = np.maximum(v.started[there], 0)
        used = int(((world.left(there) - start - v.interrupted[there]) * v.takes[there]).sum())
        present = int(v.takes[there][v.started[there] <= 0].sum())
        assert used <= area or present > spaces.at(0)


def shows_what_is_free(service: ServiceSpec) -> bool:
    """Whether anyone waiting could take any space that is not seen to be in use."""
    simple = takes_spaces(service) and service.turnaround is None
    return simple and not any(service.withheld.rows) and max(service.takes.rows) == 1


@holds_in()
def test_nobody_waits_while_a_space_is_free(world):
    v = world.visits
    for index, service, rows in world.services(shows_what_is_free):
        used, (spaces, admitting) = in_use(world, rows), offered(world.got.capacity, index)
        until = np.where(v.started[rows] == NEVER, world.left(rows), v.started[rows])
        waiting = level_of(v.queued[rows], until, np.ones(rows.size, np.int64))
        for tick in sorted({t for t in (*waiting.ticks, *used.ticks, *spaces.ticks) if 0 <= t < world.got.end}):
            idle = waiting.at(tick) > 0 and admitting.at(tick) and used.at(tick) < spaces.at(tick)
            assert not idle, (service.id, tick)


def overtakes(world: World, rows: np.ndarray) -> list[tuple[int, int]]:
    """Return pairs of visits (a, b) where b joined after a, is no better than a, and started while a waited."""
    v = world.visits
    rows = rows[v.started[rows] != v.queued[rows]]
    asked = np.where(v.started[rows] == NEVER, world.left(rows), v.started[rows])
    found = []
    for i, row in enumerate(rows.tolist()):
        if v.outcome[row] in (Outcome.REFUSED, Outcome.BAULKED):
            continue
        later = rows[i + 1 :]
        late = (v.started[later] != NEVER) & (v.started[later] < asked[i]) & (v.priority[later] >= v.priority[row])
        found += [(row, int(other)) for other in later[late]]
    return found


def is_fair(service: ServiceSpec) -> bool:
    """Whether the service starts people in order of class, then of joining."""
    fair = service.rises_after == NEVER and not any(service.withheld.rows) and not interrupts(service)
    return fair and (service.visits is None or not service.visits.overtaking)


@holds_in()
def test_nobody_of_no_better_class_overtakes(world):
    for _, service, rows in world.services(is_fair):
        assert not overtakes(world, rows), service.id


@holds_in(plain_networks())
def test_first_come_first_served(world):
    v = world.visits
    for _, _, rows in world.services(lambda _: True):
        began_at = v.started[rows][v.started[rows] != NEVER]
        assert np.all(np.diff(began_at) >= 0)
        assert np.all(v.started[rows][began_at.size :] == NEVER)


@holds_in()
def test_nobody_starts_while_closed(world):
    v = world.visits
    for index, service, rows in world.services(lambda _: True):
        _, admitting = offered(world.got.capacity, index)
        started = v.started[rows][(v.started[rows] >= 0) & ~placed(world, rows)]
        assert all(admitting.most(tick) for tick in started.tolist()), service.id


@holds_in()
def test_waiting_rooms_are_not_overfilled(world):
    v = world.visits
    for _, service, rows in world.services(lambda s: s.queue_places < UNLIMITED or s.transfer_places < UNLIMITED):
        until = np.where(v.started[rows] == NEVER, world.left(rows), v.started[rows])
        arrived = v.held[rows] == NEVER
        ones = np.ones(rows.size, np.int64)
        waiting = level_of(np.maximum(v.queued[rows], 0)[arrived], until[arrived], ones[arrived])
        assert max(waiting.values, default=0) <= service.queue_places
        seated = v.moved[rows] != NEVER
        seats = level_of(v.moved[rows][seated], until[seated], ones[seated])
        assert max(seats.values, default=0) <= service.transfer_places


@holds_in()
def test_those_who_give_up_do_so_when_their_patience_ends(world):
    v, spec = world.visits, world.spec
    been: dict[tuple[int, int], int] = {}
    for row in range(v.patient.size):
        patient, index = int(v.patient[row]), int(v.service[row])
        ordinal = been.get((patient, index), 0)
        been[patient, index] = ordinal + 1
        service = spec.services[index]
        waits = v.outcome[row] not in (Outcome.REFUSED, Outcome.BAULKED) and v.initial[row] == 0
        if service.patience is None:
            assert v.outcome[row] != Outcome.RENEGED
        elif v.outcome[row] == Outcome.RENEGED and v.initial[row] == 0:
            assert service.patience.holders or v.held[row] == NEVER or v.moved[row] == v.queued[row]
            assert v.left[row] == v.queued[row] + patience(world, row, ordinal)
        elif waits and (service.patience.holders or v.held[row] == NEVER):
            over = v.queued[row] + patience(world, row, ordinal)
            assert over >= (world.got.end if v.started[row] == NEVER else v.started[row])


def patience(world: World, row: int, ordinal: int) -> int:
    """Return how long the patient of a visit is willing to wait [ticks], from the contract of the draws."""
    v, p, spec = world.visits, world.got.patients, world.spec
    rule = spec.services[v.service[row]].patience
    code, codes = int(v.attributes[row]), []
    for attribute in reversed(spec.attributes):
        code, level = divmod(code, len(attribute.levels))
        codes.insert(0, level)
    period = int(np.searchsorted(spec.periods, v.queued[row], side="right")) - 1
    distribution = rule.duration.row(period, codes, int(v.origin[row]), 0)
    patient = int(v.patient[row])
    key, number = key_of(world, patient), int(p.number[patient])
    luck = uniform(spec.seed, 0, key, number, rule.purpose, ordinal)
    return int(np.floor(Sampler(distribution).draw(luck) * spec.clock.ticks_per_minute + 0.5))


def key_of(world: World, patient: int) -> int:
    """Return the key of a patient's stream, or of the group for people there at the start."""
    stream = int(world.got.patients.stream[patient])
    return people_present(world.spec, 0)[patient].key if stream == NEVER else world.spec.streams[stream].key


@holds_in()
def test_packages_start_on_days_with_room_for_their_visits(world):
    v, clock = world.visits, world.spec.clock
    for index, service, rows in world.services(lambda s: s.visits is not None):
        spaces, _ = offered(world.got.capacity, index)
        day_start = service.visits.day_start * clock.ticks_per_minute
        lists = [midnight + day_start for midnight in clock.midnights]
        new = began(world, rows) & ~placed(world, rows)
        assert np.all(np.isin(v.started[rows[new]], lists))
        for tick in np.unique(v.started[rows[new]]).tolist():
            day = lists.index(tick)
            assert service.visits.start_weekdays[clock.weekdays[day]]
            promised = 0
            for row in rows[(v.started[rows] <= tick) & began(world, rows) & (world.left(rows) > tick)].tolist():
                minutes = v.started[row] / clock.ticks_per_minute
                since = day + round(-minutes / 1440) if v.started[row] < 0 else day - first_day(lists, v, row)
                first, last = v.first[row] / 1000, v.last[row] / 1000
                promised += int(v.takes[row]) * visits_on_day(first, last, int(v.days[row]), since)
            assert promised <= spaces.most(tick), (service.id, day)


def first_day(lists: list[int], v, row: int) -> int:
    """Return the day on which a package started; those placed at tick 0 on day 0."""
    return lists.index(int(v.started[row])) if int(v.started[row]) in lists else 0
