"""Spaces: who may start, who waits, what opens and closes. The compiled ``engine.spaces``."""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import schedule, wake
from flowsim.engine.compiled.codes import CAPACITY, FINISH, NEVER, NONE
from flowsim.engine.compiled.jit import compiled
from flowsim.engine.compiled.lists import go_in, go_out, join_queue, leave_queue
from flowsim.engine.compiled.memory import (
    draw,
    luck,
    patient_at,
    service_int,
    service_real,
    station_at,
    ticks_of,
    visit_at,
    whole_row,
)
from flowsim.engine.compiled.rules import is_passed_over, may_start, surge_over, surge_wanted, visits_on_day
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints


@compiled
def free_spaces(m: Ints, s: int) -> int:
    """Return the spaces that can be given out now."""
    sa = station_at(m, s)
    return m[sa + im.A_SPACES] + m[sa + im.A_SURGE] - m[sa + im.A_IN_USE]


@compiled
def keeps_inside(w: Ints, s: int) -> bool:
    """Whether a station keeps a list of those inside, since it may interrupt them."""
    return service_int(w, s, tb.S_PREEMPTS) == 1 or service_int(w, s, tb.S_INTERRUPTS) == 1


@compiled
def note(m: Ints, tag: int, who: int, spaces: int, surge: int, admitting: int) -> None:
    """Write down a change of capacity or duty."""
    at = m[im.N_NOTES]
    if at >= m[im.NOTE_ROOM]:
        m[im.FAULT] = im.NO_ROOM
        return
    a = m[im.NOTES_AT] + at * im.NOTE_WIDTH
    m[a], m[a + 1], m[a + 2], m[a + 3], m[a + 4], m[a + 5] = tag, who, m[im.NOW], spaces, surge, admitting
    m[im.N_NOTES] = at + 1


@compiled
def note_capacity(m: Ints, s: int) -> None:
    """Write down what a station offers now."""
    sa = station_at(m, s)
    note(m, 0, s, m[sa + im.A_SPACES], m[sa + im.A_SURGE], m[sa + im.A_ADMITTING])


@compiled
def watch(w: Ints, f: Floats, m: Ints, s: int) -> None:
    """Look at the surge rule."""
    spaces = service_int(w, s, tb.S_SURGE)
    if spaces == NONE:
        return
    sa = station_at(m, s)
    if m[sa + im.A_CALLED] == 1:
        return
    in_use, ordinary, waiting = m[sa + im.A_IN_USE], m[sa + im.A_SPACES], m[sa + im.A_WAITING]
    opens_waiting = service_int(w, s, tb.S_SURGE_WAITING)
    if m[sa + im.A_SURGE] == 0:
        if surge_wanted(in_use, ordinary, waiting, service_real(w, f, s, tb.R_SURGE_OPENS), opens_waiting):
            m[sa + im.A_CALLED] = 1
            who = w[im.N_SERVICES] + m[im.N_POOLS] + s
            schedule(w, m, m[im.NOW] + service_int(w, s, tb.S_SURGE_LEAD), CAPACITY | who, 0)
    elif surge_over(in_use, ordinary, waiting, service_real(w, f, s, tb.R_SURGE_CLOSES), opens_waiting):
        m[sa + im.A_SURGE] = 0
        note_capacity(m, s)


@compiled
def open_surge(w: Ints, f: Floats, m: Ints, s: int) -> None:
    """Open the surge spaces called for."""
    sa = station_at(m, s)
    m[sa + im.A_CALLED] = 0
    m[sa + im.A_SURGE] = service_int(w, s, tb.S_SURGE)
    note_capacity(m, s)
    offer(w, f, m, s)
    watch(w, f, m, s)


@compiled
def occupy(w: Ints, m: Ints, s: int, v: int) -> None:
    """Count a patient in."""
    sa = station_at(m, s)
    if service_int(w, s, tb.S_VISITS) == 1:
        go_in(m, s, v)
        return
    m[sa + im.A_IN_USE] += m[visit_at(m, v) + im.V_TAKES]
    if keeps_inside(w, s):
        go_in(m, s, v)


@compiled
def start(w: Ints, f: Floats, m: Ints, s: int, v: int) -> None:
    """Start a visit, or take it up again after an interruption."""
    va, now = visit_at(m, v), m[im.NOW]
    if m[va + im.V_STARTED] == NEVER:
        m[va + im.V_STARTED] = now
    else:
        m[va + im.V_INTERRUPTED] += now - m[va + im.V_INTERRUPTED_AT]
        m[va + im.V_INTERRUPTED_AT] = NEVER
    m[va + im.V_STINT] = now
    occupy(w, m, s, v)
    watch(w, f, m, s)


@compiled
def off_list(w: Ints, m: Ints, s: int, v: int) -> None:
    """Take a visit off the waiting list."""
    leave_queue(w, m, s, v)
    va = visit_at(m, v)
    if m[va + im.V_STARTED] == NEVER and m[va + im.V_IS_ARRIVAL] == 1:
        m[station_at(m, s) + im.A_ARRIVALS] -= 1


@compiled
def free_seat(w: Ints, m: Ints, s: int, v: int) -> None:
    """Give a transfers' waiting place to the first who holds a space elsewhere."""
    va, sa = visit_at(m, v), station_at(m, s)
    if m[va + im.V_SEATED] == 0 or m[va + im.V_IS_ARRIVAL] == 1:
        return
    m[va + im.V_SEATED] = 0
    m[sa + im.A_TRANSFERS] -= 1
    for cls in range(w[im.N_CLASSES]):
        other = m[sa + im.A_HEADS + 2 * cls]
        while other != NONE:
            oa = visit_at(m, other)
            if m[oa + im.V_HELD_VISIT] != NONE and m[oa + im.V_SEATED] == 0:
                m[oa + im.V_SEATED] = 1
                m[sa + im.A_TRANSFERS] += 1
                wake(m, m[oa + im.V_PATIENT])
                return
            other = m[oa + im.V_NEXT]


@compiled
def from_list(w: Ints, f: Floats, m: Ints, s: int, v: int) -> None:
    """Start someone from the waiting list."""
    off_list(w, m, s, v)
    start(w, f, m, s, v)
    wake(m, m[visit_at(m, v) + im.V_PATIENT])
    free_seat(w, m, s, v)


@compiled
def offer(w: Ints, f: Floats, m: Ints, s: int) -> None:
    """Start everyone who may, best first."""
    sa = station_at(m, s)
    if m[sa + im.A_ADMITTING] == 0 or m[sa + im.A_WAITING] == 0 or service_int(w, s, tb.S_VISITS) == 1:
        return
    for cls in range(w[im.N_CLASSES]):
        v = m[sa + im.A_HEADS + 2 * cls]
        while v != NONE:
            va = visit_at(m, v)
            after = m[va + im.V_NEXT]
            free = free_spaces(m, s)
            if not is_passed_over(free, m[va + im.V_TAKES], m[va + im.V_WITHHELD]):
                if m[va + im.V_TAKES] > free:
                    return
                from_list(w, f, m, s, v)
            v = after


@compiled
def free_up(w: Ints, f: Floats, m: Ints, s: int, takes: int) -> None:
    """Give spaces back and offer them."""
    m[station_at(m, s) + im.A_IN_USE] -= takes
    watch(w, f, m, s)
    offer(w, f, m, s)


@compiled
def vacate(w: Ints, f: Floats, m: Ints, v: int, to: int) -> None:
    """Give a space back, after a turnaround where there is one."""
    va = visit_at(m, v)
    s, now = m[va + im.V_SERVICE], m[im.NOW]
    m[va + im.V_LEFT], m[va + im.V_OUTCOME], m[va + im.V_DESTINATION] = now, im.SERVED, to
    if service_int(w, s, tb.S_VISITS) == 1:
        go_out(m, s, v)
        return
    table = service_int(w, s, tb.S_TURNAROUND)
    if table != NONE:
        qa = patient_at(m, m[va + im.V_PATIENT])
        d = whole_row(w, m, table, qa, m[va + im.V_ORIGIN], to)
        u = luck(w, m, qa, service_int(w, s, tb.S_TURNAROUND_PURPOSE), m[va + im.V_ORDINAL])
        rest = ticks_of(w, draw(w, f, d, u))
        if rest > 0:
            schedule(w, m, now + rest, FINISH | (m[im.N_PATIENTS] + v), 0)
            return
    free_up(w, f, m, s, m[va + im.V_TAKES])


@compiled
def can_start(w: Ints, m: Ints, s: int, v: int) -> bool:
    """Whether a visit may start now and nobody stands ahead."""
    sa, va = station_at(m, s), visit_at(m, v)
    if m[sa + im.A_ADMITTING] == 0 or service_int(w, s, tb.S_VISITS) == 1:
        return False
    free = free_spaces(m, s)
    if not may_start(free, m[va + im.V_TAKES], m[va + im.V_WITHHELD]):
        return False
    if m[sa + im.A_WAITING] == 0:
        return True
    for cls in range(m[va + im.V_CLASS] + 1):
        other = m[sa + im.A_HEADS + 2 * cls]
        while other != NONE:
            oa = visit_at(m, other)
            if not is_passed_over(free, m[oa + im.V_TAKES], m[oa + im.V_WITHHELD]):
                return False
            other = m[oa + im.V_NEXT]
    return True


@compiled
def worst(m: Ints, s: int) -> int:
    """Who is interrupted first: the worst class, latest start, highest row."""
    found = NONE
    v = m[station_at(m, s) + im.A_INSIDE]
    while v != NONE:
        va = visit_at(m, v)
        if found == NONE:
            found = v
        else:
            fa = visit_at(m, found)
            if m[va + im.V_CLASS] != m[fa + im.V_CLASS]:
                later = m[va + im.V_CLASS] > m[fa + im.V_CLASS]
            elif m[va + im.V_STINT] != m[fa + im.V_STINT]:
                later = m[va + im.V_STINT] > m[fa + im.V_STINT]
            else:
                later = m[va + im.V_PATIENT] > m[fa + im.V_PATIENT]
            if later:
                found = v
        v = m[va + im.V_NEXT]
    return found


@compiled
def interrupt(w: Ints, m: Ints, s: int, v: int) -> None:
    """Stop a visit; it goes to the head of its class."""
    va, now = visit_at(m, v), m[im.NOW]
    m[va + im.V_INTERRUPTED_AT] = now
    if m[patient_at(m, m[va + im.V_PATIENT]) + im.Q_STATE] == im.IN_STINT:
        # Otherwise the stint has not begun, and what remains is known already or not yet.
        m[va + im.V_REMAINING] = m[va + im.V_FINISH] - now
    m[va + im.V_VERSION] += 1
    go_out(m, s, v)
    m[station_at(m, s) + im.A_IN_USE] -= m[va + im.V_TAKES]
    join_queue(w, m, s, v, True)
    wake(m, m[va + im.V_PATIENT])


@compiled
def makes_room(w: Ints, m: Ints, s: int, v: int) -> bool:
    """Interrupt one of a worse class, where the service says so."""
    sa, va = station_at(m, s), visit_at(m, v)
    if service_int(w, s, tb.S_PREEMPTS) == 0 or m[sa + im.A_ADMITTING] == 0:
        return False
    victim = worst(m, s)
    if victim == NONE:
        return False
    xa = visit_at(m, victim)
    if m[xa + im.V_CLASS] <= m[va + im.V_CLASS] or free_spaces(m, s) + m[xa + im.V_TAKES] < m[va + im.V_TAKES]:
        return False
    interrupt(w, m, s, victim)
    return True


@compiled
def send(m: Ints, va: int, outcome: int, to: int) -> None:
    """End a visit before it started."""
    m[va + im.V_OUTCOME], m[va + im.V_LEFT], m[va + im.V_DESTINATION] = outcome, m[im.NOW], to


@compiled
def joins_with(w: Ints, f: Floats, s: int, waiting: int) -> float:
    """Return the probability of joining, as ``rules.admission.joining_probability`` does."""
    plus = service_real(w, f, s, tb.R_BALK_PLUS)
    if plus > 0:
        return min(1.0, 1.0 / (waiting + plus))
    first, past = service_int(w, s, tb.S_JOIN_FROM), service_int(w, s, tb.S_JOIN_TO)
    return f[w[im.S_JOIN_AT] + first + min(waiting, past - first - 1)]


@compiled
def ask(w: Ints, f: Floats, m: Ints, v: int) -> bool:
    """Ask for a space; whether the patient must wait."""
    va = visit_at(m, v)
    s = m[va + im.V_SERVICE]
    sa = station_at(m, s)
    closed_to = service_int(w, s, tb.S_WHEN_CLOSED)
    if m[sa + im.A_ADMITTING] == 0 and closed_to != NONE:
        send(m, va, im.REFUSED, closed_to)
        return False
    if can_start(w, m, s, v):
        start(w, f, m, s, v)
        return False
    if makes_room(w, m, s, v):
        start(w, f, m, s, v)
        # More may have been freed than was needed.
        offer(w, f, m, s)
        return False
    if m[va + im.V_IS_ARRIVAL] == 1:
        if m[sa + im.A_ARRIVALS] >= service_int(w, s, tb.S_QUEUE_PLACES):
            send(m, va, im.REFUSED, service_int(w, s, tb.S_WHEN_FULL))
            return False
        if service_int(w, s, tb.S_BALKS) == 1:
            qa = patient_at(m, m[va + im.V_PATIENT])
            u = luck(w, m, qa, service_int(w, s, tb.S_BALK_PURPOSE), m[va + im.V_ORDINAL])
            if u >= joins_with(w, f, s, m[sa + im.A_WAITING]):
                send(m, va, im.BAULKED, service_int(w, s, tb.S_WHEN_FULL))
                return False
        m[sa + im.A_ARRIVALS] += 1
    elif m[sa + im.A_TRANSFERS] < service_int(w, s, tb.S_TRANSFER_PLACES):
        m[va + im.V_SEATED] = 1
        m[sa + im.A_TRANSFERS] += 1
    join_queue(w, m, s, v, False)
    watch(w, f, m, s)
    return True


@compiled
def give_up(w: Ints, f: Floats, m: Ints, v: int, to: int) -> None:
    """Take someone who gives up off the list."""
    va = visit_at(m, v)
    s = m[va + im.V_SERVICE]
    send(m, va, im.RENEGED, to)
    off_list(w, m, s, v)
    wake(m, m[va + im.V_PATIENT])
    free_seat(w, m, s, v)
    watch(w, f, m, s)
    offer(w, f, m, s)


@compiled
def rise(w: Ints, f: Floats, m: Ints, v: int) -> None:
    """Move someone waiting to the end of the better class."""
    va = visit_at(m, v)
    s = m[va + im.V_SERVICE]
    better = service_int(w, s, tb.S_RISES_TO)
    if m[va + im.V_STARTED] != NEVER or m[va + im.V_OUTCOME] != im.IN_PROGRESS or better >= m[va + im.V_CLASS]:
        return
    leave_queue(w, m, s, v)
    m[va + im.V_CLASS] = better
    join_queue(w, m, s, v, False)
    offer(w, f, m, s)


@compiled
def first_day(m: Ints, v: int) -> int:
    """Return the visits of a package's first day."""
    va = visit_at(m, v)
    return m[va + im.V_TAKES] * visits_on_day(m[va + im.V_FIRST] / 1000, m[va + im.V_LAST] / 1000, 1, 0)


@compiled
def fill_day(w: Ints, f: Floats, m: Ints, s: int, day: int) -> None:
    """Add up the visits promised on a day, and start packages that fit."""
    sa = station_at(m, s)
    promised = 0
    v = m[sa + im.A_INSIDE]
    while v != NONE:
        va = visit_at(m, v)
        since = day - m[va + im.V_START_DAY]
        visits = visits_on_day(m[va + im.V_FIRST] / 1000, m[va + im.V_LAST] / 1000, m[va + im.V_DAYS], since)
        promised += m[va + im.V_TAKES] * visits
        v = m[va + im.V_NEXT]
    promise(m, s, promised)
    weekday = w[w[im.WEEKDAYS_AT] + day]
    if m[sa + im.A_ADMITTING] == 1 and w[w[im.S_WEEKDAYS_AT] + s * 7 + weekday] == 1:
        fill_list(w, f, m, s, day, promised)
    watch(w, f, m, s)


@compiled
def promise(m: Ints, s: int, visits: int) -> None:
    """Say how many visits are promised on the present day."""
    sa = station_at(m, s)
    m[sa + im.A_PROMISED], m[sa + im.A_IN_USE] = visits, visits


@compiled
def fill_list(w: Ints, f: Floats, m: Ints, s: int, day: int, promised: int) -> None:
    """Start packages in order while their own visits fit."""
    sa = station_at(m, s)
    for cls in range(w[im.N_CLASSES]):
        v = m[sa + im.A_HEADS + 2 * cls]
        while v != NONE:
            after = m[visit_at(m, v) + im.V_NEXT]
            wanted = first_day(m, v)
            if promised + wanted > m[sa + im.A_SPACES] + m[sa + im.A_SURGE]:
                if service_int(w, s, tb.S_OVERTAKING) == 0:
                    return
            else:
                promised += wanted
                promise(m, s, promised)
                m[visit_at(m, v) + im.V_START_DAY] = day
                from_list(w, f, m, s, v)
            v = after
