"""The compiled engine: the model of ``engine.reference``, event for event, over arrays.

Both obey ``engine.protocol``; the differential tests hold them to one trajectory. The functions below
bear the names of what they do in the reference engine. ``I`` and ``F`` are the packed specification (whole
and real numbers), ``M`` the image; see ``engine.image``. A patient is the row ``q``, a visit ``v``, a station ``s``.

``fastmath`` stays off: the arithmetic must be that of the reference engine, bit for bit.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from flowsim.demand import Arrivals, arrivals
from flowsim.draws.philox import uniform
from flowsim.draws.quantiles import DISCRETE, exponential_from_uniform, pick, quantile, scalar_quantile
from flowsim.draws.residuals import residual_quantile
from flowsim.engine import image as im
from flowsim.engine.protocol import Rank
from flowsim.engine.setup import Present, patients_table, people_present
from flowsim.errors import RunError
from flowsim.rules import admission, discharge, escalation
from flowsim.system import tables as tb
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import Capacity, Delays, Ints, OnDuty, StaffedSteps, Trajectory, Visits

may_start = njit(cache=True, nogil=True)(admission.may_start)
is_passed_over = njit(cache=True, nogil=True)(admission.is_passed_over)
surge_wanted = njit(cache=True, nogil=True)(escalation.surge_wanted)
surge_over = njit(cache=True, nogil=True)(escalation.surge_over)
visits_on_day = njit(cache=True, nogil=True)(discharge.visits_on_day)
whole_days = njit(cache=True, nogil=True)(discharge.whole_days)
stay_factor = njit(cache=True, nogil=True)(discharge.stay_factor)
shift_probability = njit(cache=True, nogil=True)(discharge.shift_probability)

CAPACITY = im.rank_bits(Rank.CAPACITY)
FINISH = im.rank_bits(Rank.FINISH)
READY = im.rank_bits(Rank.READY)
PATIENCE = im.rank_bits(Rank.PATIENCE)
RISE = im.rank_bits(Rank.RISE)
ARRIVAL = im.rank_bits(Rank.ARRIVAL)
START = im.rank_bits(Rank.START)
WHO = (1 << im.RANK_SHIFT) - 1
NEVER = -1
NONE = -1
DONE = -2
"""What remains of a stint that has ended."""
FAR = 2**62
MOST_MOVES_AN_INSTANT = 1000
BY_DESTINATION = -1
FIRST_ROOM = 3


# ---------------------------------------------------------------- where things are


@njit(cache=True, nogil=True)
def visit_at(M, v):
    return M[im.VISITS_AT] + v * im.VISIT_WIDTH


@njit(cache=True, nogil=True)
def patient_at(M, q):
    return M[im.PATIENTS_AT] + q * M[im.PATIENT_WIDTH]


@njit(cache=True, nogil=True)
def station_at(M, s):
    return M[im.STATIONS_AT] + s * M[im.STATION_WIDTH]


@njit(cache=True, nogil=True)
def pool_at(M, pool):
    return M[im.POOLS_AT] + pool * M[im.POOL_WIDTH]


@njit(cache=True, nogil=True)
def service_int(I, s, column):
    return I[I[im.S_INT_AT] + s * 40 + column]


@njit(cache=True, nogil=True)
def service_real(I, F, s, column):
    return F[I[im.S_REAL_AT] + s * 7 + column]


@njit(cache=True, nogil=True)
def step_int(I, step, column):
    return I[I[im.P_INT_AT] + step * 10 + column]


@njit(cache=True, nogil=True)
def row_at(I, M, table, qa, origin, toward):
    """Where a table's row for a patient stands."""
    at = 0
    if I[I[im.T_PERIODS_AT] + table] > 1:
        at = M[im.PERIOD]
    first = table * tb.MOST_BY
    for k in range(I[I[im.T_DEPTH_AT] + table]):
        by = I[I[im.T_BY_AT] + first + k]
        if by >= 0:
            code = M[qa + im.Q_ATTRIBUTES + by]
        elif by == BY_DESTINATION:
            code = toward
        else:
            code = origin
        at = at * I[I[im.T_SIZE_AT] + first + k] + code
    return I[I[im.T_BASE_AT] + table] + at


@njit(cache=True, nogil=True)
def whole_row(I, M, table, qa, origin, toward):
    return I[I[im.ROWS_AT] + row_at(I, M, table, qa, origin, toward)]


@njit(cache=True, nogil=True)
def real_row(I, F, M, table, qa, origin, toward):
    return F[I[im.SHARES_AT] + row_at(I, M, table, qa, origin, toward)]


# ---------------------------------------------------------------- luck and time


@njit(cache=True, nogil=True)
def luck(I, M, qa, purpose, ordinal):
    return uniform(I[im.SEED], M[im.REPLICATION], M[qa + im.Q_KEY], M[qa + im.Q_NUMBER], purpose, ordinal)


@njit(cache=True, nogil=True)
def draw(I, F, d, u):
    kind = I[I[im.D_KIND_AT] + d]
    r = I[im.D_REAL_AT] + d * 5
    if kind == DISCRETE:
        a, b = I[I[im.D_FROM_AT] + d], I[I[im.D_TO_AT] + d]
        values = F[I[im.D_VALUES_AT] + a : I[im.D_VALUES_AT] + b]
        cumulative = F[I[im.D_CUMULATIVE_AT] + a : I[im.D_CUMULATIVE_AT] + b]
        return quantile(kind, F[r], F[r + 1], F[r + 2], F[r + 3], F[r + 4], values, cumulative, u)
    return scalar_quantile(kind, F[r], F[r + 1], F[r + 2], F[r + 3], F[r + 4], u)


@njit(cache=True, nogil=True)
def draw_residual(I, F, d, elapsed, u):
    r = I[im.D_REAL_AT] + d * 5
    a, b = I[I[im.D_FROM_AT] + d], I[I[im.D_TO_AT] + d]
    values = F[I[im.D_VALUES_AT] + a : I[im.D_VALUES_AT] + b]
    cumulative = F[I[im.D_CUMULATIVE_AT] + a : I[im.D_CUMULATIVE_AT] + b]
    kind = I[I[im.D_KIND_AT] + d]
    return residual_quantile(kind, F[r], F[r + 1], F[r + 2], F[r + 3], F[r + 4], values, cumulative, elapsed, u)


@njit(cache=True, nogil=True)
def ticks_of(I, minutes):
    return np.int64(math.floor(minutes * I[im.TICKS_PER_MINUTE] + 0.5))


@njit(cache=True, nogil=True)
def is_before(M, a, b):
    return M[a] < M[b] or (M[a] == M[b] and M[a + 1] < M[b + 1])


@njit(cache=True, nogil=True)
def swap(M, a, b):
    for k in range(im.HEAP_WIDTH):
        M[a + k], M[b + k] = M[b + k], M[a + k]


@njit(cache=True, nogil=True)
def schedule(I, M, tick, sub, payload):
    """Put an event into the calendar; events past the end would never be taken out."""
    if tick >= I[im.END]:
        return
    M[im.EVENTS] += 1
    size = M[im.HEAP_SIZE]
    if size >= M[im.HEAP_ROOM]:
        M[im.FAULT] = im.NO_ROOM
        return
    base = M[im.HEAP_AT]
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        p = base + parent * im.HEAP_WIDTH
        if M[p] < tick or (M[p] == tick and M[p + 1] < sub):
            break
        c = base + child * im.HEAP_WIDTH
        M[c], M[c + 1], M[c + 2] = M[p], M[p + 1], M[p + 2]
        child = parent
    c = base + child * im.HEAP_WIDTH
    M[c], M[c + 1], M[c + 2] = tick, sub, payload
    M[im.HEAP_SIZE] = size + 1


@njit(cache=True, nogil=True)
def drop_first(M):
    """Take the first event out of the calendar: move the hole to a leaf, then the last event up from there."""
    base = M[im.HEAP_AT]
    size = M[im.HEAP_SIZE] - 1
    M[im.HEAP_SIZE] = size
    hole = 0
    child = 1
    while child < size:
        c = base + child * im.HEAP_WIDTH
        if child + 1 < size and is_before(M, c + im.HEAP_WIDTH, c):
            child += 1
            c += im.HEAP_WIDTH
        h = base + hole * im.HEAP_WIDTH
        M[h], M[h + 1], M[h + 2] = M[c], M[c + 1], M[c + 2]
        hole = child
        child = 2 * hole + 1
    last = base + size * im.HEAP_WIDTH
    tick, sub, payload = M[last], M[last + 1], M[last + 2]
    while hole > 0:
        parent = (hole - 1) >> 1
        p = base + parent * im.HEAP_WIDTH
        if M[p] < tick or (M[p] == tick and M[p + 1] < sub):
            break
        h = base + hole * im.HEAP_WIDTH
        M[h], M[h + 1], M[h + 2] = M[p], M[p + 1], M[p + 2]
        hole = parent
    h = base + hole * im.HEAP_WIDTH
    M[h], M[h + 1], M[h + 2] = tick, sub, payload


@njit(cache=True, nogil=True)
def push(M, q):
    """Put a patient on the worklist."""
    room = M[im.N_PATIENTS] + 1
    at = M[im.RING_FIRST] + M[im.RING_SIZE]
    if at >= room:
        at -= room
    M[M[im.RING_AT] + at] = q
    M[im.RING_SIZE] += 1
    M[patient_at(M, q) + im.Q_PENDING] = 1


@njit(cache=True, nogil=True)
def wake(M, q):
    """Put a patient who waits for a space on the worklist, once."""
    qa = patient_at(M, q)
    state = M[qa + im.Q_STATE]
    if M[qa + im.Q_PENDING] == 0 and (state == im.WAITING or state == im.IN_STINT or state == im.STOPPED):
        push(M, q)


# ---------------------------------------------------------------- lists


@njit(cache=True, nogil=True)
def link(M, head, tail, v, at_head):
    """Put a visit at the end (or head) of a list whose ends stand at the two places."""
    va = visit_at(M, v)
    if at_head:
        M[va + im.V_BEFORE] = NONE
        M[va + im.V_NEXT] = M[head]
        if M[head] != NONE:
            M[visit_at(M, M[head]) + im.V_BEFORE] = v
        else:
            M[tail] = v
        M[head] = v
        return
    M[va + im.V_NEXT] = NONE
    M[va + im.V_BEFORE] = M[tail]
    if M[tail] != NONE:
        M[visit_at(M, M[tail]) + im.V_NEXT] = v
    else:
        M[head] = v
    M[tail] = v


@njit(cache=True, nogil=True)
def unlink(M, head, tail, v):
    va = visit_at(M, v)
    before, after = M[va + im.V_BEFORE], M[va + im.V_NEXT]
    if before != NONE:
        M[visit_at(M, before) + im.V_NEXT] = after
    else:
        M[head] = after
    if after != NONE:
        M[visit_at(M, after) + im.V_BEFORE] = before
    else:
        M[tail] = before


@njit(cache=True, nogil=True)
def join_queue(I, M, s, v, at_head):
    sa = station_at(M, s)
    head = sa + im.A_HEADS + 2 * M[visit_at(M, v) + im.V_CLASS]
    link(M, head, head + 1, v, at_head)
    M[sa + im.A_WAITING] += 1


@njit(cache=True, nogil=True)
def leave_queue(I, M, s, v):
    sa = station_at(M, s)
    head = sa + im.A_HEADS + 2 * M[visit_at(M, v) + im.V_CLASS]
    unlink(M, head, head + 1, v)
    M[sa + im.A_WAITING] -= 1


@njit(cache=True, nogil=True)
def go_in(M, s, v):
    """Put a visit among those inside a station, in no order."""
    sa, va = station_at(M, s), visit_at(M, v)
    first = M[sa + im.A_INSIDE]
    M[va + im.V_BEFORE] = NONE
    M[va + im.V_NEXT] = first
    if first != NONE:
        M[visit_at(M, first) + im.V_BEFORE] = v
    M[sa + im.A_INSIDE] = v


@njit(cache=True, nogil=True)
def go_out(M, s, v):
    sa, va = station_at(M, s), visit_at(M, v)
    before, after = M[va + im.V_BEFORE], M[va + im.V_NEXT]
    if before != NONE:
        M[visit_at(M, before) + im.V_NEXT] = after
    else:
        M[sa + im.A_INSIDE] = after
    if after != NONE:
        M[visit_at(M, after) + im.V_BEFORE] = before


# ---------------------------------------------------------------- spaces


@njit(cache=True, nogil=True)
def free_spaces(M, s):
    sa = station_at(M, s)
    return M[sa + im.A_SPACES] + M[sa + im.A_SURGE] - M[sa + im.A_IN_USE]


@njit(cache=True, nogil=True)
def keeps_inside(I, s):
    return service_int(I, s, tb.S_PREEMPTS) == 1 or service_int(I, s, tb.S_INTERRUPTS) == 1


@njit(cache=True, nogil=True)
def note(M, tag, who, spaces, surge, admitting):
    at = M[im.N_NOTES]
    if at >= M[im.NOTE_ROOM]:
        M[im.FAULT] = im.NO_ROOM
        return
    a = M[im.NOTES_AT] + at * im.NOTE_WIDTH
    M[a], M[a + 1], M[a + 2], M[a + 3], M[a + 4], M[a + 5] = tag, who, M[im.NOW], spaces, surge, admitting
    M[im.N_NOTES] = at + 1


@njit(cache=True, nogil=True)
def note_capacity(M, s):
    sa = station_at(M, s)
    note(M, 0, s, M[sa + im.A_SPACES], M[sa + im.A_SURGE], M[sa + im.A_ADMITTING])


@njit(cache=True, nogil=True)
def watch(I, F, M, s):
    """Look at the surge rule."""
    spaces = service_int(I, s, tb.S_SURGE)
    if spaces == NONE:
        return
    sa = station_at(M, s)
    if M[sa + im.A_CALLED] == 1:
        return
    in_use, ordinary, waiting = M[sa + im.A_IN_USE], M[sa + im.A_SPACES], M[sa + im.A_WAITING]
    opens_waiting = service_int(I, s, tb.S_SURGE_WAITING)
    if M[sa + im.A_SURGE] == 0:
        if surge_wanted(in_use, ordinary, waiting, service_real(I, F, s, tb.R_SURGE_OPENS), opens_waiting):
            M[sa + im.A_CALLED] = 1
            who = I[im.N_SERVICES] + M[im.N_POOLS] + s
            schedule(I, M, M[im.NOW] + service_int(I, s, tb.S_SURGE_LEAD), CAPACITY | who, 0)
    elif surge_over(in_use, ordinary, waiting, service_real(I, F, s, tb.R_SURGE_CLOSES), opens_waiting):
        M[sa + im.A_SURGE] = 0
        note_capacity(M, s)


@njit(cache=True, nogil=True)
def open_surge(I, F, M, s):
    sa = station_at(M, s)
    M[sa + im.A_CALLED] = 0
    M[sa + im.A_SURGE] = service_int(I, s, tb.S_SURGE)
    note_capacity(M, s)
    offer(I, F, M, s)
    watch(I, F, M, s)


@njit(cache=True, nogil=True)
def occupy(I, M, s, v):
    sa = station_at(M, s)
    if service_int(I, s, tb.S_VISITS) == 1:
        go_in(M, s, v)
        return
    M[sa + im.A_IN_USE] += M[visit_at(M, v) + im.V_TAKES]
    if keeps_inside(I, s):
        go_in(M, s, v)


@njit(cache=True, nogil=True)
def start(I, F, M, s, v):
    va, now = visit_at(M, v), M[im.NOW]
    if M[va + im.V_STARTED] == NEVER:
        M[va + im.V_STARTED] = now
    else:
        M[va + im.V_INTERRUPTED] += now - M[va + im.V_INTERRUPTED_AT]
        M[va + im.V_INTERRUPTED_AT] = NEVER
    M[va + im.V_STINT] = now
    occupy(I, M, s, v)
    watch(I, F, M, s)


@njit(cache=True, nogil=True)
def off_list(I, M, s, v):
    leave_queue(I, M, s, v)
    va = visit_at(M, v)
    if M[va + im.V_STARTED] == NEVER and M[va + im.V_IS_ARRIVAL] == 1:
        M[station_at(M, s) + im.A_ARRIVALS] -= 1


@njit(cache=True, nogil=True)
def free_seat(I, M, s, v):
    """Give a transfers' waiting place to the first who holds a space elsewhere."""
    va, sa = visit_at(M, v), station_at(M, s)
    if M[va + im.V_SEATED] == 0 or M[va + im.V_IS_ARRIVAL] == 1:
        return
    M[va + im.V_SEATED] = 0
    M[sa + im.A_TRANSFERS] -= 1
    for cls in range(I[im.N_CLASSES]):
        other = M[sa + im.A_HEADS + 2 * cls]
        while other != NONE:
            oa = visit_at(M, other)
            if M[oa + im.V_HELD_VISIT] != NONE and M[oa + im.V_SEATED] == 0:
                M[oa + im.V_SEATED] = 1
                M[sa + im.A_TRANSFERS] += 1
                wake(M, M[oa + im.V_PATIENT])
                return
            other = M[oa + im.V_NEXT]


@njit(cache=True, nogil=True)
def from_list(I, F, M, s, v):
    off_list(I, M, s, v)
    start(I, F, M, s, v)
    wake(M, M[visit_at(M, v) + im.V_PATIENT])
    free_seat(I, M, s, v)


@njit(cache=True, nogil=True)
def offer(I, F, M, s):
    """Start everyone who may, best first."""
    sa = station_at(M, s)
    if M[sa + im.A_ADMITTING] == 0 or M[sa + im.A_WAITING] == 0 or service_int(I, s, tb.S_VISITS) == 1:
        return
    for cls in range(I[im.N_CLASSES]):
        v = M[sa + im.A_HEADS + 2 * cls]
        while v != NONE:
            va = visit_at(M, v)
            after = M[va + im.V_NEXT]
            free = free_spaces(M, s)
            if not is_passed_over(free, M[va + im.V_TAKES], M[va + im.V_WITHHELD]):
                if M[va + im.V_TAKES] > free:
                    return
                from_list(I, F, M, s, v)
            v = after


@njit(cache=True, nogil=True)
def free_up(I, F, M, s, takes):
    M[station_at(M, s) + im.A_IN_USE] -= takes
    watch(I, F, M, s)
    offer(I, F, M, s)


@njit(cache=True, nogil=True)
def vacate(I, F, M, v, to):
    va = visit_at(M, v)
    s, now = M[va + im.V_SERVICE], M[im.NOW]
    M[va + im.V_LEFT], M[va + im.V_OUTCOME], M[va + im.V_DESTINATION] = now, im.SERVED, to
    if service_int(I, s, tb.S_VISITS) == 1:
        go_out(M, s, v)
        return
    if keeps_inside(I, s):
        go_out(M, s, v)
    table = service_int(I, s, tb.S_TURNAROUND)
    if table != NONE:
        qa = patient_at(M, M[va + im.V_PATIENT])
        d = whole_row(I, M, table, qa, M[va + im.V_ORIGIN], to)
        u = luck(I, M, qa, service_int(I, s, tb.S_TURNAROUND_PURPOSE), M[va + im.V_ORDINAL])
        rest = ticks_of(I, draw(I, F, d, u))
        if rest > 0:
            schedule(I, M, now + rest, FINISH | (M[im.N_PATIENTS] + v), 0)
            return
    free_up(I, F, M, s, M[va + im.V_TAKES])


@njit(cache=True, nogil=True)
def can_start(I, M, s, v):
    sa, va = station_at(M, s), visit_at(M, v)
    if M[sa + im.A_ADMITTING] == 0 or service_int(I, s, tb.S_VISITS) == 1:
        return False
    free = free_spaces(M, s)
    if not may_start(free, M[va + im.V_TAKES], M[va + im.V_WITHHELD]):
        return False
    if M[sa + im.A_WAITING] == 0:
        return True
    for cls in range(M[va + im.V_CLASS] + 1):
        other = M[sa + im.A_HEADS + 2 * cls]
        while other != NONE:
            oa = visit_at(M, other)
            if not is_passed_over(free, M[oa + im.V_TAKES], M[oa + im.V_WITHHELD]):
                return False
            other = M[oa + im.V_NEXT]
    return True


@njit(cache=True, nogil=True)
def worst(M, s):
    """Who is interrupted first: the worst class, latest start, highest row."""
    found = NONE
    v = M[station_at(M, s) + im.A_INSIDE]
    while v != NONE:
        va = visit_at(M, v)
        if found == NONE:
            found = v
        else:
            fa = visit_at(M, found)
            if M[va + im.V_CLASS] != M[fa + im.V_CLASS]:
                later = M[va + im.V_CLASS] > M[fa + im.V_CLASS]
            elif M[va + im.V_STINT] != M[fa + im.V_STINT]:
                later = M[va + im.V_STINT] > M[fa + im.V_STINT]
            else:
                later = M[va + im.V_PATIENT] > M[fa + im.V_PATIENT]
            if later:
                found = v
        v = M[va + im.V_NEXT]
    return found


@njit(cache=True, nogil=True)
def interrupt(I, M, s, v):
    va, now = visit_at(M, v), M[im.NOW]
    M[va + im.V_INTERRUPTED_AT] = now
    M[va + im.V_REMAINING] = M[va + im.V_FINISH] - now
    M[va + im.V_VERSION] += 1
    go_out(M, s, v)
    M[station_at(M, s) + im.A_IN_USE] -= M[va + im.V_TAKES]
    join_queue(I, M, s, v, True)
    wake(M, M[va + im.V_PATIENT])


@njit(cache=True, nogil=True)
def makes_room(I, M, s, v):
    sa, va = station_at(M, s), visit_at(M, v)
    if service_int(I, s, tb.S_PREEMPTS) == 0 or M[sa + im.A_ADMITTING] == 0:
        return False
    victim = worst(M, s)
    if victim == NONE:
        return False
    xa = visit_at(M, victim)
    if M[xa + im.V_CLASS] <= M[va + im.V_CLASS] or free_spaces(M, s) + M[xa + im.V_TAKES] < M[va + im.V_TAKES]:
        return False
    interrupt(I, M, s, victim)
    return True


@njit(cache=True, nogil=True)
def send(M, va, outcome, to):
    M[va + im.V_OUTCOME], M[va + im.V_LEFT], M[va + im.V_DESTINATION] = outcome, M[im.NOW], to


@njit(cache=True, nogil=True)
def joins_with(I, F, s, waiting):
    """Return the probability of joining, as ``rules.admission.joining_probability`` does."""
    plus = service_real(I, F, s, tb.R_BALK_PLUS)
    if plus > 0:
        return min(1.0, 1.0 / (waiting + plus))
    first, past = service_int(I, s, tb.S_JOIN_FROM), service_int(I, s, tb.S_JOIN_TO)
    return F[I[im.S_JOIN_AT] + first + min(waiting, past - first - 1)]


@njit(cache=True, nogil=True)
def ask(I, F, M, v):
    """Ask for a space; whether the patient must wait."""
    va = visit_at(M, v)
    s = M[va + im.V_SERVICE]
    sa = station_at(M, s)
    closed_to = service_int(I, s, tb.S_WHEN_CLOSED)
    if M[sa + im.A_ADMITTING] == 0 and closed_to != NONE:
        send(M, va, im.REFUSED, closed_to)
        return False
    if can_start(I, M, s, v) or makes_room(I, M, s, v):
        start(I, F, M, s, v)
        return False
    if M[va + im.V_IS_ARRIVAL] == 1:
        if M[sa + im.A_ARRIVALS] >= service_int(I, s, tb.S_QUEUE_PLACES):
            send(M, va, im.REFUSED, service_int(I, s, tb.S_WHEN_FULL))
            return False
        if service_int(I, s, tb.S_BALKS) == 1:
            qa = patient_at(M, M[va + im.V_PATIENT])
            u = luck(I, M, qa, service_int(I, s, tb.S_BALK_PURPOSE), M[va + im.V_ORDINAL])
            if u >= joins_with(I, F, s, M[sa + im.A_WAITING]):
                send(M, va, im.BAULKED, service_int(I, s, tb.S_WHEN_FULL))
                return False
        M[sa + im.A_ARRIVALS] += 1
    elif M[sa + im.A_TRANSFERS] < service_int(I, s, tb.S_TRANSFER_PLACES):
        M[va + im.V_SEATED] = 1
        M[sa + im.A_TRANSFERS] += 1
    join_queue(I, M, s, v, False)
    watch(I, F, M, s)
    return True


@njit(cache=True, nogil=True)
def give_up(I, F, M, v, to):
    va = visit_at(M, v)
    s = M[va + im.V_SERVICE]
    send(M, va, im.RENEGED, to)
    off_list(I, M, s, v)
    wake(M, M[va + im.V_PATIENT])
    free_seat(I, M, s, v)
    watch(I, F, M, s)
    offer(I, F, M, s)


@njit(cache=True, nogil=True)
def rise(I, F, M, v):
    va = visit_at(M, v)
    s = M[va + im.V_SERVICE]
    better = service_int(I, s, tb.S_RISES_TO)
    if M[va + im.V_STARTED] != NEVER or M[va + im.V_OUTCOME] != im.IN_PROGRESS or better >= M[va + im.V_CLASS]:
        return
    leave_queue(I, M, s, v)
    M[va + im.V_CLASS] = better
    join_queue(I, M, s, v, False)
    offer(I, F, M, s)


@njit(cache=True, nogil=True)
def first_day(M, v):
    va = visit_at(M, v)
    return M[va + im.V_TAKES] * visits_on_day(M[va + im.V_FIRST] / 1000, M[va + im.V_LAST] / 1000, 1, 0)


@njit(cache=True, nogil=True)
def fill_day(I, F, M, s, day):
    """Add up the visits promised on a day, and start packages that fit."""
    sa = station_at(M, s)
    promised = 0
    v = M[sa + im.A_INSIDE]
    while v != NONE:
        va = visit_at(M, v)
        since = day - M[va + im.V_START_DAY]
        visits = visits_on_day(M[va + im.V_FIRST] / 1000, M[va + im.V_LAST] / 1000, M[va + im.V_DAYS], since)
        promised += M[va + im.V_TAKES] * visits
        v = M[va + im.V_NEXT]
    weekday = I[I[im.WEEKDAYS_AT] + day]
    if M[sa + im.A_ADMITTING] == 1 and I[I[im.S_WEEKDAYS_AT] + s * 7 + weekday] == 1:
        promised = fill_list(I, F, M, s, day, promised)
    M[sa + im.A_PROMISED] = promised
    M[sa + im.A_IN_USE] = promised
    watch(I, F, M, s)


@njit(cache=True, nogil=True)
def fill_list(I, F, M, s, day, promised):
    sa = station_at(M, s)
    for cls in range(I[im.N_CLASSES]):
        v = M[sa + im.A_HEADS + 2 * cls]
        while v != NONE:
            after = M[visit_at(M, v) + im.V_NEXT]
            wanted = first_day(M, v)
            if promised + wanted > M[sa + im.A_SPACES] + M[sa + im.A_SURGE]:
                if service_int(I, s, tb.S_OVERTAKING) == 0:
                    return promised
            else:
                promised += wanted
                M[visit_at(M, v) + im.V_START_DAY] = day
                from_list(I, F, M, s, v)
            v = after
    return promised


# ---------------------------------------------------------------- staff


@njit(cache=True, nogil=True)
def call_at(M, q, k):
    return patient_at(M, q) + M[im.CALLS] + k * im.CALL_WIDTH


@njit(cache=True, nogil=True)
def free_staff(M, pool):
    ua = pool_at(M, pool)
    return M[ua + im.U_ON_DUTY] - M[ua + im.U_BUSY]


@njit(cache=True, nogil=True)
def lacks_another(M, q, pool):
    for k in range(M[patient_at(M, q) + im.Q_NEEDS]):
        ca = call_at(M, q, k)
        if M[ca + im.CALL_POOL] != pool and free_staff(M, M[ca + im.CALL_POOL]) < M[ca + im.CALL_NUMBER]:
            return True
    return False


@njit(cache=True, nogil=True)
def can_answer(M, pool, number, cls):
    if free_staff(M, pool) < number:
        return False
    ua = pool_at(M, pool)
    if M[ua + im.U_CALLS] == 0:
        return True
    for better in range(cls + 1):
        node = M[ua + im.U_HEADS + 2 * better]
        while node != NONE:
            q = node // M[im.MOST_NEEDS]
            if not lacks_another(M, q, pool):
                return False
            node = M[call_at(M, q, node % M[im.MOST_NEEDS]) + im.CALL_NEXT]
    return True


@njit(cache=True, nogil=True)
def take_staff(M, q):
    for k in range(M[patient_at(M, q) + im.Q_NEEDS]):
        ca = call_at(M, q, k)
        M[pool_at(M, M[ca + im.CALL_POOL]) + im.U_BUSY] += M[ca + im.CALL_NUMBER]


@njit(cache=True, nogil=True)
def node_at(M, node):
    return call_at(M, node // M[im.MOST_NEEDS], node % M[im.MOST_NEEDS])


@njit(cache=True, nogil=True)
def call_staff(M, q, cls):
    """Ask for what the patient's calls say; whether the staff come at once."""
    qa = patient_at(M, q)
    needs = M[qa + im.Q_NEEDS]
    at_once = True
    for k in range(needs):
        ca = call_at(M, q, k)
        if not can_answer(M, M[ca + im.CALL_POOL], M[ca + im.CALL_NUMBER], cls):
            at_once = False
            break
    if at_once:
        take_staff(M, q)
        return True
    M[qa + im.Q_CALL_CLASS] = cls
    for k in range(needs):
        ca = call_at(M, q, k)
        ua = pool_at(M, M[ca + im.CALL_POOL])
        head = ua + im.U_HEADS + 2 * cls
        node = q * M[im.MOST_NEEDS] + k
        M[ca + im.CALL_NEXT] = NONE
        M[ca + im.CALL_BEFORE] = M[head + 1]
        if M[head + 1] != NONE:
            M[node_at(M, M[head + 1]) + im.CALL_NEXT] = node
        else:
            M[head] = node
        M[head + 1] = node
        M[ua + im.U_CALLS] += 1
    return False


@njit(cache=True, nogil=True)
def drop_calls(M, q):
    qa = patient_at(M, q)
    for k in range(M[qa + im.Q_NEEDS]):
        ca = call_at(M, q, k)
        ua = pool_at(M, M[ca + im.CALL_POOL])
        head = ua + im.U_HEADS + 2 * M[qa + im.Q_CALL_CLASS]
        before, after = M[ca + im.CALL_BEFORE], M[ca + im.CALL_NEXT]
        if before != NONE:
            M[node_at(M, before) + im.CALL_NEXT] = after
        else:
            M[head] = after
        if after != NONE:
            M[node_at(M, after) + im.CALL_BEFORE] = before
        else:
            M[head + 1] = before
        M[ua + im.U_CALLS] -= 1


@njit(cache=True, nogil=True)
def offer_staff(I, M, pool):
    ua = pool_at(M, pool)
    if M[ua + im.U_CALLS] == 0:
        return
    for cls in range(I[im.N_CLASSES]):
        node = M[ua + im.U_HEADS + 2 * cls]
        while node != NONE:
            q = node // M[im.MOST_NEEDS]
            ca = call_at(M, q, node % M[im.MOST_NEEDS])
            after = M[ca + im.CALL_NEXT]
            if free_staff(M, pool) < M[ca + im.CALL_NUMBER]:
                return
            if not lacks_another(M, q, pool):
                take_staff(M, q)
                drop_calls(M, q)
                push(M, q)
            node = after


@njit(cache=True, nogil=True)
def release_staff(I, M, q):
    qa = patient_at(M, q)
    needs = M[qa + im.Q_NEEDS]
    for k in range(needs):
        ca = call_at(M, q, k)
        M[pool_at(M, M[ca + im.CALL_POOL]) + im.U_BUSY] -= M[ca + im.CALL_NUMBER]
    for k in range(needs):
        offer_staff(I, M, M[call_at(M, q, k) + im.CALL_POOL])
    M[qa + im.Q_NEEDS] = 0


# ---------------------------------------------------------------- ways


@njit(cache=True, nogil=True)
def classify(I, F, M, v):
    va = visit_at(M, v)
    s, origin = M[va + im.V_SERVICE], M[va + im.V_ORIGIN]
    qa = patient_at(M, M[va + im.V_PATIENT])
    cls = whole_row(I, M, service_int(I, s, tb.S_PRIORITY), qa, origin, 0)
    M[va + im.V_CLASS] = cls
    M[va + im.V_PRIORITY] = I[I[im.CLASSES_AT] + cls]
    M[va + im.V_WITHHELD] = whole_row(I, M, service_int(I, s, tb.S_WITHHELD), qa, origin, 0)
    if service_int(I, s, tb.S_VISITS) == 1:
        M[va + im.V_TAKES] = whole_row(I, M, service_int(I, s, tb.S_CARERS), qa, origin, 0)
        first = real_row(I, F, M, service_int(I, s, tb.S_FIRST), qa, origin, 0)
        last = real_row(I, F, M, service_int(I, s, tb.S_LAST), qa, origin, 0)
        M[va + im.V_FIRST] = np.int64(round(1000 * first))
        M[va + im.V_LAST] = np.int64(round(1000 * last))
    else:
        M[va + im.V_TAKES] = whole_row(I, M, service_int(I, s, tb.S_TAKES), qa, origin, 0)


@njit(cache=True, nogil=True)
def clear_visit(I, M, v, q, s, origin, queued):
    va, qa = visit_at(M, v), patient_at(M, q)
    for column in range(im.VISIT_WIDTH):
        M[va + column] = NEVER
    for column in (im.V_INTERRUPTED, im.V_FIRST, im.V_LAST, im.V_DAYS, im.V_INITIAL, im.V_SEATED, im.V_VERSION, im.V_REMAINING):
        M[va + column] = 0
    M[va + im.V_PATIENT], M[va + im.V_SERVICE], M[va + im.V_ORIGIN], M[va + im.V_QUEUED] = q, s, origin, queued
    M[va + im.V_OUTCOME] = im.IN_PROGRESS
    M[va + im.V_IS_ARRIVAL] = 1
    code = 0
    for a in range(I[im.N_ATTRIBUTES]):
        code = code * I[I[im.A_LEVELS_AT] + a] + M[qa + im.Q_ATTRIBUTES + a]
    M[va + im.V_CODE] = code


@njit(cache=True, nogil=True)
def open_visit(I, F, M, q, s, origin, held, waited):
    v = M[im.N_VISITS]
    if v >= M[im.VISIT_ROOM] - 1:
        M[im.FAULT] = im.NO_ROOM
        v -= 1
    M[im.N_VISITS] = v + 1
    queued = M[im.NOW]
    if waited != NEVER:
        queued -= waited
    clear_visit(I, M, v, q, s, origin, queued)
    va, qa = visit_at(M, v), patient_at(M, q)
    been = qa + M[im.BEEN] + s
    M[va + im.V_ORDINAL] = M[been]
    M[been] += 1
    if waited != NEVER:
        M[va + im.V_INITIAL] = 1
    if held != NONE:
        M[va + im.V_HELD_VISIT] = held
        M[va + im.V_HELD] = M[visit_at(M, held) + im.V_SERVICE]
        M[va + im.V_IS_ARRIVAL] = 0
    classify(I, F, M, v)
    return v


@njit(cache=True, nogil=True)
def has_space(I, F, M, q, origin, place):
    """Whether a place would take the patient at once; exits and junctions always would."""
    if place >= I[im.N_SERVICES]:
        return True
    # The visit is only imagined: the row past the last is used and left free.
    v = M[im.N_VISITS]
    if v >= M[im.VISIT_ROOM] - 1:
        M[im.FAULT] = im.NO_ROOM
        return False
    clear_visit(I, M, v, q, place, origin, M[im.NOW])
    classify(I, F, M, v)
    if service_int(I, place, tb.S_VISITS) == 0:
        return can_start(I, M, place, v)
    sa = station_at(M, place)
    wanted = first_day(M, v)
    for cls in range(I[im.N_CLASSES]):
        other = M[sa + im.A_HEADS + 2 * cls]
        while other != NONE:
            wanted += first_day(M, other)
            other = M[visit_at(M, other) + im.V_NEXT]
    return M[sa + im.A_ADMITTING] == 1 and M[sa + im.A_PROMISED] + wanted <= M[sa + im.A_SPACES] + M[sa + im.A_SURGE]


@njit(cache=True, nogil=True)
def choose(I, F, M, q, origin, branch):
    """Apply a rule that looks at the state of the system."""
    rule, first, past = I[I[im.B_RULE_AT] + branch], I[I[im.B_FROM_AT] + branch], I[I[im.B_TO_AT] + branch]
    best, best_length = NONE, FAR
    for k in range(first, past):
        place = I[I[im.B_PLACE_AT] + k]
        is_service = place < I[im.N_SERVICES]
        is_open = (not is_service) or M[station_at(M, place) + im.A_ADMITTING] == 1
        if rule == tb.RULE_SHORTEST:
            if is_open:
                length = 0
                if is_service:
                    length = M[station_at(M, place) + im.A_IN_USE] + M[station_at(M, place) + im.A_WAITING]
                if best == NONE or length < best_length:
                    best, best_length = place, length
        elif rule == tb.RULE_IF_OPEN:
            if is_open:
                return place
        elif has_space(I, F, M, q, origin, place):
            return place
    if best != NONE:
        return best
    return I[I[im.B_OTHERWISE_AT] + branch]


@njit(cache=True, nogil=True)
def pick_place(I, F, M, qa, branch, purpose, ordinal):
    first, past = I[I[im.B_FROM_AT] + branch], I[I[im.B_TO_AT] + branch]
    if past - first == 1:
        return I[I[im.B_PLACE_AT] + first]
    base = I[im.B_CUMULATIVE_AT]
    return I[I[im.B_PLACE_AT] + first + pick(F[base + first : base + past], luck(I, M, qa, purpose, ordinal))]


@njit(cache=True, nogil=True)
def draw_way(I, F, M, q, table, purpose, origin, ordinal):
    qa = patient_at(M, q)
    branch = whole_row(I, M, table, qa, origin, 0)
    if I[I[im.B_RULE_AT] + branch] != tb.RULE_SHARE:
        return choose(I, F, M, q, origin, branch)
    return pick_place(I, F, M, qa, branch, purpose, ordinal)


@njit(cache=True, nogil=True)
def resolve(I, F, M, q, origin, place):
    """Go through junctions until a service or an exit."""
    first_junction = I[im.N_SERVICES] + I[im.N_EXITS]
    while place >= first_junction:
        been = patient_at(M, q) + M[im.BEEN] + place
        ordinal = M[been]
        M[been] += 1
        j = I[im.J_INT_AT] + (place - first_junction) * 2
        place = draw_way(I, F, M, q, I[j], I[j + 1], origin, ordinal)
    return place


# ---------------------------------------------------------------- the journey


@njit(cache=True, nogil=True)
def is_placed(M, va):
    return M[va + im.V_STARTED] != NEVER or M[va + im.V_SEATED] == 1 or M[va + im.V_OUTCOME] == im.RENEGED


@njit(cache=True, nogil=True)
def let_go_if_placed(I, F, M, v):
    va = visit_at(M, v)
    held = M[va + im.V_HELD_VISIT]
    if held != NONE and is_placed(M, va):
        M[va + im.V_HELD_VISIT] = NONE
        M[va + im.V_MOVED] = M[im.NOW]
        to = M[va + im.V_SERVICE]
        if M[va + im.V_OUTCOME] == im.RENEGED:
            to = M[va + im.V_DESTINATION]
        vacate(I, F, M, held, to)


@njit(cache=True, nogil=True)
def open_delay(M, q, v, reason, towards):
    row = M[im.N_DELAYS]
    if row >= M[im.DELAY_ROOM]:
        M[im.FAULT] = im.NO_ROOM
        return
    M[im.N_DELAYS] = row + 1
    va, d = visit_at(M, v), M[im.DELAYS_AT] + row * im.DELAY_WIDTH
    M[d], M[d + 1], M[d + 2], M[d + 3] = v, q, M[va + im.V_SERVICE], reason
    M[d + 4], M[d + 5], M[d + 6] = towards, M[im.NOW], NEVER
    M[patient_at(M, q) + im.Q_DELAY] = row


@njit(cache=True, nogil=True)
def close_delay(M, q):
    qa = patient_at(M, q)
    row = M[qa + im.Q_DELAY]
    if row != NONE:
        d = M[im.DELAYS_AT] + row * im.DELAY_WIDTH
        M[d + 6] = M[im.NOW]
        M[qa + im.Q_DELAYED] += M[d + 6] - M[d + 5]
        M[qa + im.Q_DELAY] = NONE


@njit(cache=True, nogil=True)
def set_clocks(I, F, M, q, v):
    """Start the clocks of patience and of rising class."""
    va, qa, now = visit_at(M, v), patient_at(M, q), M[im.NOW]
    s, origin = M[va + im.V_SERVICE], M[va + im.V_ORIGIN]
    table = service_int(I, s, tb.S_PATIENCE)
    holds = M[va + im.V_HELD_VISIT] != NONE and M[va + im.V_SEATED] == 0
    if table != NONE and (service_int(I, s, tb.S_PATIENCE_HOLDERS) == 1 or not holds):
        d = whole_row(I, M, table, qa, origin, 0)
        u = luck(I, M, qa, service_int(I, s, tb.S_PATIENCE_PURPOSE), M[va + im.V_ORDINAL])
        waited = now - M[va + im.V_QUEUED]
        if waited > 0:
            left = ticks_of(I, draw_residual(I, F, d, waited / I[im.TICKS_PER_MINUTE], u))
        else:
            left = ticks_of(I, draw(I, F, d, u))
        schedule(I, M, now + left, PATIENCE | q, v)
    after = service_int(I, s, tb.S_RISES_AFTER)
    if after != NEVER:
        schedule(I, M, max(now, M[va + im.V_QUEUED] + after), RISE | q, v)


@njit(cache=True, nogil=True)
def days_delayed(I, M, qa):
    return M[qa + im.Q_DELAYED] / (1440 * I[im.TICKS_PER_MINUTE])


@njit(cache=True, nogil=True)
def factor_of(I, F, M, s, qa):
    if service_int(I, s, tb.S_DECONDITIONS) == 0:
        return 1.0
    per_day, limit = service_real(I, F, s, tb.R_STAY_PER_DAY), service_real(I, F, s, tb.R_STAY_LIMIT)
    return stay_factor(days_delayed(I, M, qa), per_day, limit)


@njit(cache=True, nogil=True)
def decondition(I, F, M, s, qa, ordinal):
    """Perhaps move an attribute one level on after delay."""
    attribute = service_int(I, s, tb.S_SHIFT_ATTRIBUTE)
    days = days_delayed(I, M, qa)
    if attribute == NONE or days <= 0:
        return
    top = I[I[im.A_LEVELS_AT] + attribute] - 1
    chance = shift_probability(days, service_real(I, F, s, tb.R_SHIFT_PER_DAY), service_real(I, F, s, tb.R_SHIFT_LIMIT))
    at = qa + im.Q_ATTRIBUTES + attribute
    if M[at] < top and luck(I, M, qa, service_int(I, s, tb.S_SHIFT_PURPOSE), ordinal) < chance:
        M[at] += 1


@njit(cache=True, nogil=True)
def begin_care(I, F, M, q, v):
    va, qa = visit_at(M, v), patient_at(M, q)
    s = M[va + im.V_SERVICE]
    if service_int(I, s, tb.S_DECONDITIONS) == 1:
        decondition(I, F, M, s, qa, M[va + im.V_ORDINAL])
    branch = whole_row(I, M, service_int(I, s, tb.S_BRANCHES), qa, M[va + im.V_ORIGIN], 0)
    M[va + im.V_BRANCH] = branch
    if I[I[im.B_RULE_AT] + branch] == tb.RULE_SHARE:
        purpose = service_int(I, s, tb.S_BRANCH_PURPOSE)
        M[va + im.V_TOWARD] = pick_place(I, F, M, qa, branch, purpose, M[va + im.V_ORDINAL])
    else:
        M[va + im.V_TOWARD] = I[I[im.B_PLACE_AT] + I[I[im.B_FROM_AT] + branch]]
    M[qa + im.Q_LEAVING] = 0
    M[qa + im.Q_STEP] = service_int(I, s, tb.S_STEP_FROM) - 1
    if M[qa + im.Q_REMAINING] != NEVER:
        # Someone there at the start has only the rest of the last step of care.
        last = service_int(I, s, tb.S_STEP_TO)
        for step in range(service_int(I, s, tb.S_STEP_FROM), service_int(I, s, tb.S_STEP_TO)):
            if step_int(I, step, tb.P_LEAVING) == 0:
                last = step
        M[qa + im.Q_STEP] = last - 1


@njit(cache=True, nogil=True)
def is_skipped(I, F, M, qa, va, step):
    table = step_int(I, step, tb.P_SHARE)
    if table == NONE:
        return False
    share = real_row(I, F, M, table, qa, M[va + im.V_ORIGIN], M[va + im.V_TOWARD])
    return luck(I, M, qa, step_int(I, step, tb.P_SHARE_PURPOSE), M[va + im.V_ORDINAL]) >= share


@njit(cache=True, nogil=True)
def departure_tick(I, F, hazard, start_tick, wanted):
    """Return what ``rules.discharge.departure_tick`` returns."""
    first, past = I[I[im.H_FROM_AT] + hazard], I[I[im.H_TO_AT] + hazard]
    ticks, rates, sums = I[im.H_TICK_AT], I[im.H_RATE_AT], I[im.H_HAZARD_AT]
    low, high = first, past
    while low < high:
        middle = (low + high) >> 1
        if start_tick < I[ticks + middle]:
            high = middle
        else:
            low = middle + 1
    at = low - 1
    target = F[sums + at] + (start_tick - I[ticks + at]) * F[rates + at] + wanted
    low, high = first, past
    while low < high:
        middle = (low + high) >> 1
        if target < F[sums + middle]:
            high = middle
        else:
            low = middle + 1
    at = low - 1
    if F[rates + at] <= 0.0:
        return np.int64(FAR)
    found = I[ticks + at] + np.int64(math.floor((target - F[sums + at]) / F[rates + at] + 0.5))
    return max(start_tick, found)


@njit(cache=True, nogil=True)
def duration(I, F, M, q, v, step):
    va, qa = visit_at(M, v), patient_at(M, q)
    if M[qa + im.Q_REMAINING] != NEVER and M[qa + im.Q_LEAVING] == 0:
        return M[qa + im.Q_REMAINING]
    u = luck(I, M, qa, step_int(I, step, tb.P_PURPOSE), M[va + im.V_ORDINAL])
    hazard = step_int(I, step, tb.P_HAZARD)
    if hazard != NONE:
        return departure_tick(I, F, hazard, M[im.NOW], exponential_from_uniform(u)) - M[im.NOW]
    table = step_int(I, step, tb.P_DURATION)
    if table == NONE:
        return np.int64(0)
    d = whole_row(I, M, table, qa, M[va + im.V_ORIGIN], M[va + im.V_TOWARD])
    factor = 1.0
    if M[qa + im.Q_LEAVING] == 0:
        factor = factor_of(I, F, M, M[va + im.V_SERVICE], qa)
    return ticks_of(I, factor * draw(I, F, d, u))


@njit(cache=True, nogil=True)
def begin_step(I, F, M, q, v, step):
    """Ask for what a step needs; whether its staff are there."""
    va, qa = visit_at(M, v), patient_at(M, q)
    origin, toward = M[va + im.V_ORIGIN], M[va + im.V_TOWARD]
    reason = step_int(I, step, tb.P_REASON)
    if reason != NONE:
        open_delay(M, q, v, reason, toward)
    needs = 0
    row = M[im.N_STAFFED]
    M[qa + im.Q_STAFFED] = row
    for k in range(step_int(I, step, tb.P_POOL_FROM), step_int(I, step, tb.P_POOL_TO)):
        pool, table = I[I[im.P_POOL_AT] + 2 * k], I[I[im.P_POOL_AT] + 2 * k + 1]
        number = whole_row(I, M, table, qa, origin, toward)
        if number > 0:
            ca = call_at(M, q, needs)
            M[ca + im.CALL_POOL], M[ca + im.CALL_NUMBER] = pool, number
            if row + needs >= M[im.STAFFED_ROOM]:
                M[im.FAULT] = im.NO_ROOM
                return True
            t = M[im.STAFFED_AT] + (row + needs) * im.STAFFED_WIDTH
            position = step - service_int(I, M[va + im.V_SERVICE], tb.S_STEP_FROM)
            M[t], M[t + 1], M[t + 2], M[t + 3] = v, M[va + im.V_SERVICE], position, pool
            M[t + 4], M[t + 5], M[t + 6], M[t + 7] = number, M[im.NOW], NEVER, NEVER
            needs += 1
    M[im.N_STAFFED] = row + needs
    M[qa + im.Q_NEEDS] = needs
    if needs == 0:
        return True
    return call_staff(M, q, M[va + im.V_CLASS])


@njit(cache=True, nogil=True)
def stamp_staffed(M, q, column):
    qa = patient_at(M, q)
    for k in range(M[qa + im.Q_NEEDS]):
        M[M[im.STAFFED_AT] + (M[qa + im.Q_STAFFED] + k) * im.STAFFED_WIDTH + column] = M[im.NOW]


@njit(cache=True, nogil=True)
def take_time(I, F, M, q, v, step):
    """Start a step's time; whether it takes any."""
    va, qa, now = visit_at(M, v), patient_at(M, q), M[im.NOW]
    stamp_staffed(M, q, 6)
    leaving = M[qa + im.Q_LEAVING] == 1
    if not leaving and (M[va + im.V_SEEN] == NEVER or step_int(I, step, tb.P_SEEN) == 1):
        M[va + im.V_SEEN] = now
    ticks = duration(I, F, M, q, v, step)
    if keeps_inside(I, M[va + im.V_SERVICE]):
        begin_stint(I, M, q, v, ticks)
        return True
    if ticks <= 0:
        return False
    M[qa + im.Q_STATE] = im.IN_STEP
    schedule(I, M, now + ticks, (READY if leaving else FINISH) | q, 0)
    return True


@njit(cache=True, nogil=True)
def begin_stint(I, M, q, v, ticks):
    va = visit_at(M, v)
    M[va + im.V_FINISH] = M[im.NOW] + ticks
    M[patient_at(M, q) + im.Q_STATE] = im.IN_STINT
    schedule(I, M, M[im.NOW] + ticks, FINISH | q, M[va + im.V_VERSION])


@njit(cache=True, nogil=True)
def begin_package(I, F, M, q, v, step):
    va, qa = visit_at(M, v), patient_at(M, q)
    s = M[va + im.V_SERVICE]
    if M[qa + im.Q_REMAINING] == NEVER:
        M[va + im.V_DAYS] = whole_days(duration(I, F, M, q, v, step) / I[im.TICKS_PER_MINUTE])
    else:
        M[va + im.V_DAYS] = M[qa + im.Q_REMAINING_DAYS]
    M[va + im.V_SEEN] = M[va + im.V_STARTED]
    last = M[va + im.V_START_DAY] + M[va + im.V_DAYS]
    tick = I[im.END]
    if last < I[im.WEEKDAYS_AT] - I[im.MIDNIGHTS_AT]:
        tick = I[I[im.MIDNIGHTS_AT] + last] + service_int(I, s, tb.S_DAY_START) * I[im.TICKS_PER_MINUTE]
    M[qa + im.Q_STATE] = im.IN_PACKAGE
    schedule(I, M, tick, FINISH | q, 0)


@njit(cache=True, nogil=True)
def finish_step(I, M, q):
    stamp_staffed(M, q, 7)
    close_delay(M, q)
    if M[patient_at(M, q) + im.Q_NEEDS] > 0:
        release_staff(I, M, q)


@njit(cache=True, nogil=True)
def next_step(I, F, M, q, v):
    """Return the next step the patient needs of the present phase; NONE when there is none."""
    va, qa = visit_at(M, v), patient_at(M, q)
    s = M[va + im.V_SERVICE]
    is_package = service_int(I, s, tb.S_VISITS) == 1
    step = M[qa + im.Q_STEP] + 1
    while step < service_int(I, s, tb.S_STEP_TO):
        if step_int(I, step, tb.P_LEAVING) == M[qa + im.Q_LEAVING]:
            if (is_package and M[qa + im.Q_LEAVING] == 0) or not is_skipped(I, F, M, qa, va, step):
                M[qa + im.Q_STEP] = step
                return step
        step += 1
    return NONE


@njit(cache=True, nogil=True)
def way_out(I, F, M, q, v):
    """Where the patient goes now, junctions included; and what leaving sets."""
    va, qa = visit_at(M, v), patient_at(M, q)
    s, branch, place = M[va + im.V_SERVICE], M[va + im.V_BRANCH], M[va + im.V_TOWARD]
    if I[I[im.B_RULE_AT] + branch] != tb.RULE_SHARE:
        place = choose(I, F, M, q, s, branch)
    for k in range(service_int(I, s, tb.S_SETS_FROM), service_int(I, s, tb.S_SETS_TO)):
        M[qa + im.Q_ATTRIBUTES + I[I[im.S_SETS_AT] + 2 * k]] = I[I[im.S_SETS_AT] + 2 * k + 1]
    return resolve(I, F, M, q, s, place)


(TO_ASK, TO_WAIT, ASKED, TO_BEGIN, TO_STEP, TO_TIME, TO_FINISH, TO_RESUME) = range(8)


@njit(cache=True, nogil=True)
def ask_next(I, F, M, q):
    """Ask for the next place; whether the patient must wait or is gone."""
    qa = patient_at(M, q)
    place, held = M[qa + im.Q_PLACE], M[qa + im.Q_HELD]
    if place >= I[im.N_SERVICES]:
        if held != NONE:
            vacate(I, F, M, held, place)
        M[qa + im.Q_EXIT], M[qa + im.Q_LEFT], M[qa + im.Q_STATE] = place, M[im.NOW], im.GONE
        return True
    if M[qa + im.Q_LAST_MOVE] == M[im.NOW]:
        M[qa + im.Q_MOVES] += 1
        if M[qa + im.Q_MOVES] > MOST_MOVES_AN_INSTANT:
            M[im.FAULT] = im.GOES_ROUND
            M[im.CULPRIT] = place
            M[qa + im.Q_STATE] = im.GONE
            return True
    else:
        M[qa + im.Q_MOVES] = 0
    M[qa + im.Q_LAST_MOVE] = M[im.NOW]
    if held != NONE and M[visit_at(M, held) + im.V_SERVICE] == place:
        vacate(I, F, M, held, place)
        held = NONE
    v = open_visit(I, F, M, q, place, M[qa + im.Q_ORIGIN], held, M[qa + im.Q_WAITED])
    M[qa + im.Q_WAITED] = NEVER
    M[qa + im.Q_VISIT] = v
    if not ask(I, F, M, v):
        let_go_if_placed(I, F, M, v)
        return False
    M[qa + im.Q_STATE] = im.WAITING
    set_clocks(I, F, M, q, v)
    let_go_if_placed(I, F, M, v)
    va = visit_at(M, v)
    if M[va + im.V_HELD_VISIT] != NONE:
        open_delay(M, q, M[va + im.V_HELD_VISIT], service_int(I, place, tb.S_REASON), place)
    return True


@njit(cache=True, nogil=True)
def still_waits(I, F, M, q):
    """Look after a patient woken while waiting; whether the wait goes on."""
    v = M[patient_at(M, q) + im.Q_VISIT]
    va = visit_at(M, v)
    if is_placed(M, va):
        close_delay(M, q)
    let_go_if_placed(I, F, M, v)
    return M[va + im.V_STARTED] == NEVER and M[va + im.V_OUTCOME] == im.IN_PROGRESS


@njit(cache=True, nogil=True)
def end_phase(I, F, M, q, v):
    """Go from care to leaving, or from leaving to the next place; whether care has only now ended."""
    va, qa = visit_at(M, v), patient_at(M, q)
    if M[qa + im.Q_LEAVING] == 0:
        if M[va + im.V_SEEN] == NEVER:
            M[va + im.V_SEEN] = M[va + im.V_STARTED]
        M[va + im.V_READY] = M[im.NOW]
        M[qa + im.Q_LEAVING] = 1
        M[qa + im.Q_REMAINING] = NEVER
        M[qa + im.Q_STEP] = service_int(I, M[va + im.V_SERVICE], tb.S_STEP_FROM) - 1
        return True
    M[qa + im.Q_PLACE] = way_out(I, F, M, q, v)
    M[qa + im.Q_ORIGIN] = M[va + im.V_SERVICE]
    M[qa + im.Q_HELD] = v
    return False


@njit(cache=True, nogil=True)
def resume_stint(I, M, q, v):
    """Look after a patient woken in a service that may interrupt; whether the step is done."""
    va, qa = visit_at(M, v), patient_at(M, q)
    if M[va + im.V_REMAINING] == DONE:
        return True
    if M[va + im.V_INTERRUPTED_AT] != NEVER:
        M[qa + im.Q_STATE] = im.STOPPED
    else:
        begin_stint(I, M, q, v, M[va + im.V_REMAINING])
    return False


@njit(cache=True, nogil=True)
def go(I, F, M, q, entry):
    """Let a patient go on until they must wait: ``_Run.journey`` from where it stopped."""
    qa = patient_at(M, q)
    todo = entry
    while M[im.FAULT] == im.NO_FAULT:
        v = M[qa + im.Q_VISIT]
        if todo == TO_ASK:
            if ask_next(I, F, M, q):
                return
            todo = ASKED
        elif todo == TO_WAIT:
            if still_waits(I, F, M, q):
                return
            todo = ASKED
        elif todo == ASKED:
            va = visit_at(M, v)
            if M[va + im.V_OUTCOME] == im.IN_PROGRESS:
                todo = TO_BEGIN
            else:
                M[qa + im.Q_PLACE] = resolve(I, F, M, q, M[qa + im.Q_ORIGIN], M[va + im.V_DESTINATION])
                M[qa + im.Q_HELD] = M[va + im.V_HELD_VISIT]
                todo = TO_ASK
        elif todo == TO_BEGIN:
            begin_care(I, F, M, q, v)
            todo = TO_STEP
        elif todo == TO_STEP:
            step = next_step(I, F, M, q, v)
            if step == NONE:
                todo = TO_STEP if end_phase(I, F, M, q, v) else TO_ASK
            elif M[qa + im.Q_LEAVING] == 0 and service_int(I, M[visit_at(M, v) + im.V_SERVICE], tb.S_VISITS) == 1:
                begin_package(I, F, M, q, v, step)
                return
            elif begin_step(I, F, M, q, v, step):
                todo = TO_TIME
            else:
                M[qa + im.Q_STATE] = im.CALLING
                return
        elif todo == TO_TIME:
            if take_time(I, F, M, q, v, M[qa + im.Q_STEP]):
                return
            todo = TO_FINISH
        elif todo == TO_FINISH:
            finish_step(I, M, q)
            todo = TO_STEP
        else:
            if not resume_stint(I, M, q, v):
                return
            todo = TO_FINISH


# ---------------------------------------------------------------- events


@njit(cache=True, nogil=True)
def empty_worklist(I, F, M):
    while M[im.RING_SIZE] > 0 and M[im.FAULT] == im.NO_FAULT:
        q = M[M[im.RING_AT] + M[im.RING_FIRST]]
        M[im.RING_FIRST] += 1
        if M[im.RING_FIRST] > M[im.N_PATIENTS]:
            M[im.RING_FIRST] = 0
        M[im.RING_SIZE] -= 1
        qa = patient_at(M, q)
        M[qa + im.Q_PENDING] = 0
        state = M[qa + im.Q_STATE]
        if state == im.WAITING:
            go(I, F, M, q, TO_WAIT)
        elif state == im.CALLING:
            go(I, F, M, q, TO_TIME)
        else:
            go(I, F, M, q, TO_RESUME)


@njit(cache=True, nogil=True)
def change(I, F, M, row):
    """Take a foreseen change of capacity or duty."""
    c = M[im.CHANGES_AT] + row * im.CHANGE_WIDTH
    who = M[c + 1]
    M[im.EVENTS] += 1
    if who >= I[im.N_SERVICES]:
        pool = who - I[im.N_SERVICES]
        M[pool_at(M, pool) + im.U_ON_DUTY] = M[c + 2]
        note(M, 1, pool, M[c + 2], 0, 0)
        offer_staff(I, M, pool)
        return
    sa = station_at(M, who)
    M[sa + im.A_SPACES], M[sa + im.A_ADMITTING] = M[c + 2], M[c + 3]
    note_capacity(M, who)
    if service_int(I, who, tb.S_INTERRUPTS) == 1:
        while free_spaces(M, who) < 0:
            victim = worst(M, who)
            if victim == NONE:
                break
            interrupt(I, M, who, victim)
    watch(I, F, M, who)
    offer(I, F, M, who)


@njit(cache=True, nogil=True)
def finish(I, F, M, who, payload):
    if who >= M[im.N_PATIENTS]:
        va = visit_at(M, who - M[im.N_PATIENTS])
        free_up(I, F, M, M[va + im.V_SERVICE], M[va + im.V_TAKES])
        return
    qa = patient_at(M, who)
    if M[qa + im.Q_STATE] == im.IN_STINT:
        va = visit_at(M, M[qa + im.Q_VISIT])
        if M[va + im.V_VERSION] == payload:
            M[va + im.V_REMAINING] = DONE
            wake(M, who)
    elif M[qa + im.Q_STATE] == im.IN_PACKAGE:
        go(I, F, M, who, TO_STEP)
    elif M[qa + im.Q_STATE] == im.IN_STEP:
        go(I, F, M, who, TO_FINISH)


@njit(cache=True, nogil=True)
def handle(I, F, M, sub, payload):
    """Take an event of the calendar."""
    rank, who = sub - (sub & WHO), sub & WHO
    if rank == FINISH:
        finish(I, F, M, who, payload)
    elif rank == READY:
        go(I, F, M, who, TO_FINISH)
    elif rank == PATIENCE:
        va = visit_at(M, payload)
        if M[va + im.V_STARTED] == NEVER and M[va + im.V_OUTCOME] == im.IN_PROGRESS:
            give_up(I, F, M, payload, service_int(I, M[va + im.V_SERVICE], tb.S_PATIENCE_TO))
    elif rank == RISE:
        rise(I, F, M, payload)
    else:
        open_surge(I, F, M, who - I[im.N_SERVICES] - M[im.N_POOLS])


@njit(cache=True, nogil=True)
def arrive(I, F, M, q):
    qa = patient_at(M, q)
    M[im.EVENTS] += 1
    r = I[im.R_INT_AT] + M[qa + im.Q_STREAM] * 3
    origin = I[im.N_SERVICES]
    M[qa + im.Q_PLACE] = resolve(I, F, M, q, origin, draw_way(I, F, M, q, I[r], I[r + 1], origin, 0))
    go(I, F, M, q, TO_ASK)


@njit(cache=True, nogil=True)
def set_now(I, M, tick):
    M[im.NOW] = tick
    while M[im.PERIOD] + 1 < I[im.N_PERIODS] and I[I[im.PERIOD_TICKS_AT] + M[im.PERIOD] + 1] <= tick:
        M[im.PERIOD] += 1


@njit(cache=True, nogil=True)
def place_present(I, F, M):
    """Put everyone there at the start where they are, then let them go on in order."""
    day = 1440 * I[im.TICKS_PER_MINUTE]
    for q in range(M[im.N_PRESENT]):
        qa = patient_at(M, q)
        if M[qa + im.Q_STATE] == im.PRESENT:
            s, elapsed = M[qa + im.Q_PLACE], M[qa + im.Q_WAITED]
            v = open_visit(I, F, M, q, s, I[im.N_SERVICES], NONE, elapsed)
            va = visit_at(M, v)
            M[qa + im.Q_VISIT] = v
            M[qa + im.Q_WAITED] = NEVER
            M[va + im.V_STARTED] = -elapsed
            M[va + im.V_SEEN] = -elapsed
            M[va + im.V_STINT] = 0
            if service_int(I, s, tb.S_VISITS) == 1:
                M[va + im.V_START_DAY] = -np.int64(round(elapsed / day))
            occupy(I, M, s, v)
    for q in range(M[im.N_PRESENT]):
        go(I, F, M, q, TO_BEGIN if M[patient_at(M, q) + im.Q_STATE] == im.PRESENT else TO_ASK)
    empty_worklist(I, F, M)


@njit(cache=True, nogil=True)
def simulate(I, F, M, ticks):
    """Run to the end, or to a fault; ``ticks`` are the arrivals'."""
    place_present(I, F, M)
    end = I[im.END]
    next_change, next_start, next_arrival = 0, 0, 0
    while M[im.FAULT] == im.NO_FAULT:
        tick, sub, source = end, np.int64(0), 0
        if M[im.HEAP_SIZE] > 0:
            h = M[im.HEAP_AT]
            tick, sub, source = M[h], M[h + 1], 1
        if next_arrival < ticks.size:
            t, x = ticks[next_arrival], ARRIVAL | (M[im.N_PRESENT] + next_arrival)
            if t < tick or (t == tick and source != 0 and x < sub):
                tick, sub, source = t, x, 2
        if next_change < M[im.N_CHANGES]:
            c = M[im.CHANGES_AT] + next_change * im.CHANGE_WIDTH
            if M[c] < tick or (M[c] == tick and source != 0 and M[c + 1] < sub):
                tick, sub, source = M[c], M[c + 1], 3
        if next_start < M[im.N_STARTS]:
            c = M[im.STARTS_AT] + next_start * im.START_WIDTH
            if M[c] < tick or (M[c] == tick and source != 0 and (START | M[c + 1]) < sub):
                tick, sub, source = M[c], START | M[c + 1], 4
        if source == 0 or tick >= end:
            return
        set_now(I, M, tick)
        if source == 1:
            payload = M[M[im.HEAP_AT] + 2]
            drop_first(M)
            handle(I, F, M, sub, payload)
        elif source == 2:
            arrive(I, F, M, M[im.N_PRESENT] + next_arrival)
            next_arrival += 1
        elif source == 3:
            change(I, F, M, next_change)
            next_change += 1
        else:
            c = M[im.STARTS_AT] + next_start * im.START_WIDTH
            M[im.EVENTS] += 1
            fill_day(I, F, M, M[c + 1], M[c + 2])
            next_start += 1
        if M[im.RING_SIZE] > 0:
            empty_worklist(I, F, M)


# ---------------------------------------------------------------- from Python


def run(spec: SystemSpec, replication: int) -> Trajectory:
    """Return what happens in one replication: exactly what ``engine.reference.run`` returns.

    Raises:
        RunError: a patient moves for ever without time passing.
    """
    packed = im.pack(spec)
    coming, present = arrivals(spec, replication), people_present(spec, replication)
    room = FIRST_ROOM
    while True:
        image = im.make_image(spec, packed, present, coming, replication, room)
        simulate(packed.whole, packed.real, image, coming.tick)
        if image[im.FAULT] != im.NO_ROOM:
            break
        room *= 2
    if image[im.FAULT] == im.GOES_ROUND:
        name = spec.place_name(int(image[im.CULPRIT]))
        said = "a patient goes round for ever and no time passes"
        raise RunError(f"service.{name}: {said}; wanted a step with a duration")
    return _trajectory(spec, replication, image, present, coming)


def _part(image: Ints, at: int, rows: int, width: int) -> Ints:
    first = int(image[at])
    return image[first : first + rows * width].reshape(rows, width)


def _columns(table: Ints, first: int, past: int) -> list[Ints]:
    return [np.ascontiguousarray(table[:, i]) for i in range(first, past)]


def _trajectory(
    spec: SystemSpec, replication: int, image: Ints, present: tuple[Present, ...], coming: Arrivals
) -> Trajectory:
    n = int(image[im.N_PATIENTS])
    patients = _part(image, im.PATIENTS_AT, n, int(image[im.PATIENT_WIDTH]))
    visits = _part(image, im.VISITS_AT, int(image[im.N_VISITS]), im.VISIT_WIDTH)
    stopped = visits[:, im.V_INTERRUPTED_AT] != NEVER
    visits[stopped, im.V_INTERRUPTED] += spec.end - visits[stopped, im.V_INTERRUPTED_AT]
    delays = _part(image, im.DELAYS_AT, int(image[im.N_DELAYS]), im.DELAY_WIDTH)
    staffed = _part(image, im.STAFFED_AT, int(image[im.N_STAFFED]), im.STAFFED_WIDTH)
    notes = _part(image, im.NOTES_AT, int(image[im.N_NOTES]), im.NOTE_WIDTH)
    capacity, on_duty = notes[notes[:, 0] == 0], notes[notes[:, 0] == 1]
    return Trajectory(
        replication=replication,
        end=spec.end,
        patients=patients_table(spec, present, coming, patients[:, im.Q_EXIT], patients[:, im.Q_LEFT]),
        visits=Visits(*_columns(visits, 0, im.VISIT_COLUMNS)),
        delays=Delays(*_columns(delays, 0, im.DELAY_WIDTH)),
        staffed=StaffedSteps(*_columns(staffed, 0, im.STAFFED_WIDTH)),
        capacity=Capacity(*_columns(capacity, 1, 6)),
        on_duty=OnDuty(*_columns(on_duty, 1, 4)),
        events=int(image[im.EVENTS]),
    )
