"""Spaces: who may start, who waits, what opens and closes. The compiled ``engine.spaces``."""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import schedule, wake
from flowsim.engine.compiled.codes import CAPACITY, FINISH, NEVER, NONE
from flowsim.engine.compiled.jit import compiled, inlined
from flowsim.engine.compiled.lists import go_in, go_out, join_queue, leave_queue
from flowsim.engine.compiled.memory import draw_for, luck, real_of, row, ticks_of
from flowsim.engine.compiled.records import free_visit, write_visit
from flowsim.engine.compiled.rules import is_passed_over, may_start, surge_over, surge_wanted, visits_on_day
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints


@compiled
def free_spaces(m: Ints, s: int) -> int:
    """Return the spaces that can be given out now."""
    return m[s + im.A_SPACES] + m[s + im.A_SURGE] - m[s + im.A_IN_USE]


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
    note(m, 0, m[s + tb.S_INDEX], m[s + im.A_SPACES], m[s + im.A_SURGE], m[s + im.A_ADMITTING])


@compiled
def watch(w: Ints, f: Floats, m: Ints, s: int) -> None:
    """Look at the surge rule."""
    if m[s + tb.S_SURGE] == NONE or m[s + im.A_CALLED] == 1:
        return
    in_use, ordinary, waiting = m[s + im.A_IN_USE], m[s + im.A_SPACES], m[s + im.A_WAITING]
    opens_waiting = m[s + tb.S_SURGE_WAITING]
    if m[s + im.A_SURGE] == 0:
        if surge_wanted(in_use, ordinary, waiting, real_of(f, m, s, tb.R_SURGE_OPENS), opens_waiting):
            m[s + im.A_CALLED] = 1
            who = w[tb.N_SERVICES] + m[im.N_POOLS] + m[s + tb.S_INDEX]
            schedule(w, m, m[im.NOW] + m[s + tb.S_SURGE_LEAD], CAPACITY, who, s)
    elif surge_over(in_use, ordinary, waiting, real_of(f, m, s, tb.R_SURGE_CLOSES), opens_waiting):
        m[s + im.A_SURGE] = 0
        note_capacity(m, s)


@compiled
def open_surge(w: Ints, f: Floats, m: Ints, s: int) -> None:
    """Open the surge spaces called for."""
    m[s + im.A_CALLED] = 0
    m[s + im.A_SURGE] = m[s + tb.S_SURGE]
    note_capacity(m, s)
    offer(w, f, m, s)
    watch(w, f, m, s)


@compiled
def occupy(m: Ints, s: int, v: int) -> None:
    """Count a patient in."""
    if m[s + tb.S_VISITS] == 1:
        go_in(m, s, v)
        return
    m[s + im.A_IN_USE] += m[v + im.V_TAKES]
    if m[s + tb.S_KEEPS_INSIDE] == 1:
        go_in(m, s, v)


@compiled
def start(w: Ints, f: Floats, m: Ints, s: int, v: int) -> None:
    """Start a visit, or take it up again after an interruption."""
    now = m[im.NOW]
    if m[v + im.V_STARTED] == NEVER:
        m[v + im.V_STARTED] = now
    else:
        m[v + im.V_INTERRUPTED] += now - m[v + im.V_INTERRUPTED_AT]
        m[v + im.V_INTERRUPTED_AT] = NEVER
    m[v + im.V_STINT] = now
    occupy(m, s, v)
    watch(w, f, m, s)


@compiled
def off_list(m: Ints, s: int, v: int) -> None:
    """Take a visit off the waiting list."""
    leave_queue(m, s, v)
    if m[v + im.V_STARTED] == NEVER and m[v + im.V_IS_ARRIVAL] == 1:
        m[s + im.A_ARRIVALS] -= 1


@compiled
def free_seat(w: Ints, m: Ints, s: int, v: int) -> None:
    """Give a transfers' waiting place to the first who holds a space elsewhere."""
    if m[v + im.V_SEATED] == 0 or m[v + im.V_IS_ARRIVAL] == 1:
        return
    m[v + im.V_SEATED] = 0
    m[s + im.A_TRANSFERS] -= 1
    for cls in range(w[tb.N_CLASSES]):
        other = m[s + im.A_HEADS + 2 * cls]
        while other != NONE:
            if m[other + im.V_HELD_VISIT] != NONE and m[other + im.V_SEATED] == 0:
                m[other + im.V_SEATED] = 1
                m[s + im.A_TRANSFERS] += 1
                wake(m, m[other + im.V_WHO])
                return
            other = m[other + im.V_NEXT]


@compiled
def from_list(w: Ints, f: Floats, m: Ints, s: int, v: int) -> None:
    """Start someone from the waiting list."""
    off_list(m, s, v)
    start(w, f, m, s, v)
    wake(m, m[v + im.V_WHO])
    free_seat(w, m, s, v)


@compiled
def offer(w: Ints, f: Floats, m: Ints, s: int) -> None:
    """Start everyone who may, best first."""
    if m[s + im.A_ADMITTING] == 0 or m[s + im.A_WAITING] == 0 or m[s + tb.S_VISITS] == 1:
        return
    for cls in range(w[tb.N_CLASSES]):
        v = m[s + im.A_HEADS + 2 * cls]
        while v != NONE:
            after = m[v + im.V_NEXT]
            free = free_spaces(m, s)
            if not is_passed_over(free, m[v + im.V_TAKES], m[v + im.V_WITHHELD]):
                if m[v + im.V_TAKES] > free:
                    return
                from_list(w, f, m, s, v)
            v = after


@compiled
def free_up(w: Ints, f: Floats, m: Ints, s: int, takes: int) -> None:
    """Give spaces back and offer them."""
    m[s + im.A_IN_USE] -= takes
    watch(w, f, m, s)
    offer(w, f, m, s)


@compiled
def vacate(w: Ints, f: Floats, m: Ints, v: int, to: int) -> None:
    """Give a space back, after a turnaround where there is one; the visit is over."""
    s, now, takes = m[v + im.V_STATION], m[im.NOW], m[v + im.V_TAKES]
    m[v + im.V_LEFT], m[v + im.V_OUTCOME], m[v + im.V_DESTINATION] = now, im.SERVED, to
    visit = m[v + im.V_ROW]
    write_visit(m, v)
    if m[s + tb.S_VISITS] == 1:
        go_out(m, s, v)
        free_visit(m, v)
        return
    table = m[s + tb.S_TURNAROUND]
    if table != NONE:
        q = m[v + im.V_WHO]
        d = row(w, m, table, q, m[v + im.V_ORIGIN], to)
        rest = ticks_of(w, draw_for(w, f, m, q, v, d, m[s + tb.S_TURNAROUND_PURPOSE]))
        if rest > 0:
            schedule(w, m, now + rest, FINISH, m[im.N_PATIENTS] + visit, v)
            return
    free_visit(m, v)
    free_up(w, f, m, s, takes)


@compiled
def can_start(m: Ints, s: int, v: int) -> bool:
    """Whether a visit may start now and nobody stands ahead."""
    if m[s + im.A_ADMITTING] == 0 or m[s + tb.S_VISITS] == 1:
        return False
    free = free_spaces(m, s)
    if not may_start(free, m[v + im.V_TAKES], m[v + im.V_WITHHELD]):
        return False
    if m[s + im.A_WAITING] == 0:
        return True
    for cls in range(m[v + im.V_CLASS] + 1):
        other = m[s + im.A_HEADS + 2 * cls]
        while other != NONE:
            if not is_passed_over(free, m[other + im.V_TAKES], m[other + im.V_WITHHELD]):
                return False
            other = m[other + im.V_NEXT]
    return True


@compiled
def worst(m: Ints, s: int) -> int:
    """Who is interrupted first: the worst class, latest start, highest row."""
    found = NONE
    v = m[s + im.A_INSIDE]
    while v != NONE:
        if found == NONE or is_worse(m, v, found):
            found = v
        v = m[v + im.V_NEXT]
    return found


@compiled
def is_worse(m: Ints, v: int, other: int) -> bool:
    """Whether one visit is interrupted before another."""
    if m[v + im.V_CLASS] != m[other + im.V_CLASS]:
        return m[v + im.V_CLASS] > m[other + im.V_CLASS]
    if m[v + im.V_STINT] != m[other + im.V_STINT]:
        return m[v + im.V_STINT] > m[other + im.V_STINT]
    return m[v + im.V_PATIENT] > m[other + im.V_PATIENT]


@compiled
def interrupt(m: Ints, s: int, v: int) -> None:
    """Stop a visit; it goes to the head of its class."""
    now = m[im.NOW]
    m[v + im.V_INTERRUPTED_AT] = now
    if m[m[v + im.V_WHO] + im.Q_STATE] == im.IN_STINT:
        # Otherwise the stint has not begun, and what remains is known already or not yet.
        m[v + im.V_REMAINING] = m[v + im.V_FINISH] - now
    m[v + im.V_FINISH] = NEVER
    go_out(m, s, v)
    m[s + im.A_IN_USE] -= m[v + im.V_TAKES]
    join_queue(m, s, v, True)
    wake(m, m[v + im.V_WHO])


@compiled
def makes_room(m: Ints, s: int, v: int) -> bool:
    """Interrupt one of a worse class, where the service says so."""
    if m[s + tb.S_PREEMPTS] == 0 or m[s + im.A_ADMITTING] == 0:
        return False
    victim = worst(m, s)
    if victim == NONE:
        return False
    if m[victim + im.V_CLASS] <= m[v + im.V_CLASS] or free_spaces(m, s) + m[victim + im.V_TAKES] < m[v + im.V_TAKES]:
        return False
    interrupt(m, s, victim)
    return True


@compiled
def send(m: Ints, v: int, outcome: int, to: int) -> None:
    """End a visit before it started."""
    m[v + im.V_OUTCOME], m[v + im.V_LEFT], m[v + im.V_DESTINATION] = outcome, m[im.NOW], to


@compiled
def joins_with(f: Floats, m: Ints, s: int, waiting: int) -> float:
    """Return the probability of joining, as ``rules.admission.joining_probability`` does."""
    plus = real_of(f, m, s, tb.R_BALK_PLUS)
    if plus > 0:
        return min(1.0, 1.0 / (waiting + plus))
    first, past = m[s + tb.S_JOIN_FROM], m[s + tb.S_JOIN_TO]
    return f[first + min(waiting, past - first - 1)]


@inlined
def ask(w: Ints, f: Floats, m: Ints, v: int) -> bool:
    """Ask for a space; whether the patient must wait."""
    s = m[v + im.V_STATION]
    closed_to = m[s + tb.S_WHEN_CLOSED]
    if m[s + im.A_ADMITTING] == 0 and closed_to != NONE:
        send(m, v, im.REFUSED, closed_to)
        return False
    if can_start(m, s, v):
        start(w, f, m, s, v)
        return False
    if makes_room(m, s, v):
        start(w, f, m, s, v)
        # More may have been freed than was needed.
        offer(w, f, m, s)
        return False
    if m[v + im.V_IS_ARRIVAL] == 1:
        if m[s + im.A_ARRIVALS] >= m[s + tb.S_QUEUE_PLACES]:
            send(m, v, im.REFUSED, m[s + tb.S_WHEN_FULL])
            return False
        if m[s + tb.S_BALKS] == 1:
            q = m[v + im.V_WHO]
            u = luck(w, m, q, m[s + tb.S_BALK_PURPOSE], m[v + im.V_ORDINAL])
            if u >= joins_with(f, m, s, m[s + im.A_WAITING]):
                send(m, v, im.BAULKED, m[s + tb.S_WHEN_FULL])
                return False
        m[s + im.A_ARRIVALS] += 1
    elif m[s + im.A_TRANSFERS] < m[s + tb.S_TRANSFER_PLACES]:
        m[v + im.V_SEATED] = 1
        m[s + im.A_TRANSFERS] += 1
    join_queue(m, s, v, False)
    watch(w, f, m, s)
    return True


@compiled
def give_up(w: Ints, f: Floats, m: Ints, v: int, to: int) -> None:
    """Take someone who gives up off the list."""
    s = m[v + im.V_STATION]
    send(m, v, im.RENEGED, to)
    off_list(m, s, v)
    wake(m, m[v + im.V_WHO])
    free_seat(w, m, s, v)
    watch(w, f, m, s)
    offer(w, f, m, s)


@compiled
def rise(w: Ints, f: Floats, m: Ints, v: int) -> None:
    """Move someone waiting to the end of the better class."""
    s = m[v + im.V_STATION]
    better = m[s + tb.S_RISES_TO]
    if m[v + im.V_STARTED] != NEVER or m[v + im.V_OUTCOME] != im.IN_PROGRESS or better >= m[v + im.V_CLASS]:
        return
    leave_queue(m, s, v)
    m[v + im.V_CLASS] = better
    join_queue(m, s, v, False)
    offer(w, f, m, s)


@compiled
def first_day(m: Ints, v: int) -> int:
    """Return the visits of a package's first day."""
    return m[v + im.V_TAKES] * visits_on_day(m[v + im.V_FIRST] / 1000, m[v + im.V_LAST] / 1000, 1, 0)


@compiled
def fill_day(w: Ints, f: Floats, m: Ints, s: int, day: int) -> None:
    """Add up the visits promised on a day, and start packages that fit."""
    promised = 0
    v = m[s + im.A_INSIDE]
    while v != NONE:
        since = day - m[v + im.V_START_DAY]
        visits = visits_on_day(m[v + im.V_FIRST] / 1000, m[v + im.V_LAST] / 1000, m[v + im.V_DAYS], since)
        promised += m[v + im.V_TAKES] * visits
        v = m[v + im.V_NEXT]
    promise(m, s, promised)
    weekday = w[w[tb.WEEKDAYS_AT] + day]
    if m[s + im.A_ADMITTING] == 1 and w[m[s + tb.S_WEEKDAYS] + weekday] == 1:
        fill_list(w, f, m, s, day, promised)
    watch(w, f, m, s)


@compiled
def promise(m: Ints, s: int, visits: int) -> None:
    """Say how many visits are promised on the present day."""
    m[s + im.A_PROMISED], m[s + im.A_IN_USE] = visits, visits


@compiled
def fill_list(w: Ints, f: Floats, m: Ints, s: int, day: int, promised: int) -> None:
    """Start packages in order while their own visits fit."""
    for cls in range(w[tb.N_CLASSES]):
        v = m[s + im.A_HEADS + 2 * cls]
        while v != NONE:
            after = m[v + im.V_NEXT]
            wanted = first_day(m, v)
            if promised + wanted > m[s + im.A_SPACES] + m[s + im.A_SURGE]:
                if m[s + tb.S_OVERTAKING] == 0:
                    return
            else:
                promised += wanted
                promise(m, s, promised)
                m[v + im.V_START_DAY] = day
                from_list(w, f, m, s, v)
            v = after
