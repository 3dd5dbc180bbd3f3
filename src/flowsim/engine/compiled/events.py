"""Taking events in order, to the end of the run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import drop_first, wake
from flowsim.engine.compiled.codes import (
    ARRIVAL,
    DONE,
    FINISH,
    NEVER,
    NONE,
    PATIENCE,
    READY,
    RISE,
    START,
    VERSION_BITS,
    WHO,
)
from flowsim.engine.compiled.jit import bare, called_from_python, compiled
from flowsim.engine.compiled.journey import go
from flowsim.engine.compiled.memory import patient_at, pool_at, service_int, station_at, visit_at
from flowsim.engine.compiled.spaces import (
    fill_day,
    free_spaces,
    free_up,
    give_up,
    interrupt,
    note,
    note_capacity,
    occupy,
    offer,
    open_surge,
    rise,
    watch,
    worst,
)
from flowsim.engine.compiled.staff import offer_staff
from flowsim.engine.compiled.steps import stint_of
from flowsim.engine.compiled.ways import draw_way, open_patient, open_visit, resolve
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints

Codes = npt.NDArray[np.int16]


@compiled
def empty_worklist(w: Ints, f: Floats, m: Ints) -> None:
    """Let everyone on the worklist go on, first in, first out."""
    while m[im.RING_SIZE] > 0 and m[im.FAULT] == im.NO_FAULT:
        q = m[m[im.RING_AT] + m[im.RING_FIRST]]
        m[im.RING_FIRST] += 1
        if m[im.RING_FIRST] > m[im.N_PATIENTS]:
            m[im.RING_FIRST] = 0
        m[im.RING_SIZE] -= 1
        qa = patient_at(m, q)
        m[qa + im.Q_PENDING] = 0
        go(w, f, m, q)


@compiled
def change(w: Ints, f: Floats, m: Ints, row: int) -> None:
    """Take a foreseen change of capacity or duty."""
    c = m[im.CHANGES_AT] + row * im.CHANGE_WIDTH
    who = m[c + 1]
    m[im.EVENTS] += 1
    if who >= w[im.N_SERVICES]:
        pool = who - w[im.N_SERVICES]
        m[pool_at(m, pool) + im.U_ON_DUTY] = m[c + 2]
        note(m, 1, pool, m[c + 2], 0, 0)
        offer_staff(w, m, pool)
        return
    sa = station_at(m, who)
    m[sa + im.A_SPACES], m[sa + im.A_ADMITTING] = m[c + 2], m[c + 3]
    note_capacity(m, who)
    if service_int(w, who, tb.S_INTERRUPTS) == 1:
        while free_spaces(m, who) < 0:
            victim = worst(m, who)
            if victim == NONE:
                break
            interrupt(w, m, who, victim)
    watch(w, f, m, who)
    offer(w, f, m, who)


@compiled
def finish(w: Ints, f: Floats, m: Ints, who: int, payload: int) -> None:
    """End a turnaround, a step, a stint or a package."""
    if who >= m[im.N_PATIENTS]:
        va = visit_at(m, who - m[im.N_PATIENTS])
        free_up(w, f, m, m[va + im.V_SERVICE], m[va + im.V_TAKES])
        return
    # A stale finish may find the patient on another visit, or gone and the slot another's.
    v = payload >> VERSION_BITS
    qa, va = patient_at(m, who), visit_at(m, v)
    if m[qa + im.Q_VISIT] != v or stint_of(m, v) != payload:
        return
    if m[qa + im.Q_STATE] == im.IN_STINT:
        m[va + im.V_REMAINING] = DONE
        wake(m, who)
    elif m[qa + im.Q_STATE] == im.IN_PACKAGE or m[qa + im.Q_STATE] == im.IN_STEP:
        go(w, f, m, who)


@compiled
def handle(w: Ints, f: Floats, m: Ints, sub: int, payload: int) -> None:
    """Take an event of the calendar."""
    rank, who = sub - (sub & WHO), sub & WHO
    if rank == FINISH:
        finish(w, f, m, who, payload)
    elif rank == READY:
        go(w, f, m, who)
    elif rank == PATIENCE:
        va = visit_at(m, payload)
        if m[va + im.V_STARTED] == NEVER and m[va + im.V_OUTCOME] == im.IN_PROGRESS:
            give_up(w, f, m, payload, service_int(w, m[va + im.V_SERVICE], tb.S_PATIENCE_TO))
    elif rank == RISE:
        rise(w, f, m, payload)
    else:
        open_surge(w, f, m, who - w[im.N_SERVICES] - m[im.N_POOLS])


@compiled
def arrive(w: Ints, f: Floats, m: Ints, q: int, stream: int, number: int, codes: Codes, first: int) -> None:
    """Let a patient in."""
    r = w[im.R_INT_AT] + stream * 3
    qa = open_patient(w, m, q, stream, w[r + 2], number)
    for a in range(w[im.N_ATTRIBUTES]):
        m[qa + im.Q_ATTRIBUTES + a] = codes[first + a]
    m[im.EVENTS] += 1
    origin = w[im.N_SERVICES]
    m[qa + im.Q_PLACE] = resolve(w, f, m, q, origin, draw_way(w, f, m, q, w[r], w[r + 1], origin, 0))
    go(w, f, m, q)


@compiled
def set_now(w: Ints, m: Ints, tick: int) -> None:
    """Move the clock on, and the period with it."""
    m[im.NOW] = tick
    while m[im.PERIOD] + 1 < w[im.N_PERIODS] and w[w[im.PERIOD_TICKS_AT] + m[im.PERIOD] + 1] <= tick:
        m[im.PERIOD] += 1


@compiled
def place_present(w: Ints, f: Floats, m: Ints) -> None:
    """Put everyone there at the start where they are, then let them go on in order."""
    for q in range(m[im.N_PRESENT]):
        t = m[im.PRESENT_AT] + q * m[im.PRESENT_WIDTH]
        qa = open_patient(w, m, q, NEVER, m[t + im.T_KEY], m[t + im.T_NUMBER])
        for a in range(w[im.N_ATTRIBUTES]):
            m[qa + im.Q_ATTRIBUTES + a] = m[t + im.T_ATTRIBUTES + a]
        m[qa + im.Q_PLACE], m[qa + im.Q_WAITED] = m[t + im.T_SERVICE], m[t + im.T_ELAPSED]
        if m[t + im.T_WAITING] == 0:
            place_in_service(w, f, m, q, t)
    for q in range(m[im.N_PRESENT]):
        go(w, f, m, q)
    empty_worklist(w, f, m)


@compiled
def place_in_service(w: Ints, f: Floats, m: Ints, q: int, t: int) -> None:
    """Give someone there at the start the space they have been in."""
    qa, s, elapsed = patient_at(m, q), m[t + im.T_SERVICE], m[t + im.T_ELAPSED]
    v = open_visit(w, f, m, q, s, w[im.N_SERVICES], NONE, elapsed)
    va = visit_at(m, v)
    m[qa + im.Q_STATE], m[qa + im.Q_VISIT], m[qa + im.Q_WAITED] = im.PRESENT, v, NEVER
    m[qa + im.Q_REMAINING], m[qa + im.Q_REMAINING_DAYS] = m[t + im.T_REMAINING], m[t + im.T_DAYS]
    m[va + im.V_STARTED] = -elapsed
    m[va + im.V_SEEN] = -elapsed
    m[va + im.V_STINT] = 0
    if service_int(w, s, tb.S_VISITS) == 1:
        m[va + im.V_START_DAY] = -int(round(elapsed / (1440 * w[im.TICKS_PER_MINUTE])))
    occupy(w, m, s, v)


@called_from_python
def simulate(
    whole: Ints, real: Floats, image: Ints, ticks: Ints, streams: Ints, numbers: Ints, attributes: Codes
) -> None:
    """Run to the end, or to a fault.

    Args:
        whole: the packed specification's whole numbers.
        real: its fractions.
        image: the image.
        ticks: when patients arrive, in order.
        streams: the stream of each.
        numbers: the number of each within its stream.
        attributes: level codes, one row a patient.
    """
    w, f, m, codes = bare(whole), bare(real), bare(image), bare(attributes)
    place_present(w, f, m)
    end = w[im.END]
    next_change, next_start, next_arrival = 0, 0, 0
    while m[im.FAULT] == im.NO_FAULT:
        tick, sub, source = end, 0, 0
        if m[im.HEAP_SIZE] > 0:
            h = m[im.HEAP_AT]
            tick, sub, source = m[h], m[h + 1], 1
        if next_arrival < ticks.size:
            t, x = ticks[next_arrival], ARRIVAL | (m[im.N_PRESENT] + next_arrival)
            if t < tick or (t == tick and source != 0 and x < sub):
                tick, sub, source = t, x, 2
        if next_change < m[im.N_CHANGES]:
            c = m[im.CHANGES_AT] + next_change * im.CHANGE_WIDTH
            if m[c] < tick or (m[c] == tick and source != 0 and m[c + 1] < sub):
                tick, sub, source = m[c], m[c + 1], 3
        if next_start < m[im.N_STARTS]:
            c = m[im.STARTS_AT] + next_start * im.START_WIDTH
            if m[c] < tick or (m[c] == tick and source != 0 and (START | m[c + 1]) < sub):
                tick, sub, source = m[c], START | m[c + 1], 4
        if source == 0 or tick >= end:
            return
        set_now(w, m, tick)
        if source == 1:
            payload = m[m[im.HEAP_AT] + 2]
            drop_first(m)
            handle(w, f, m, sub, payload)
        elif source == 2:
            n = next_arrival
            arrive(w, f, m, m[im.N_PRESENT] + n, streams[n], numbers[n], codes, n * w[im.N_ATTRIBUTES])
            next_arrival += 1
        elif source == 3:
            change(w, f, m, next_change)
            next_change += 1
        else:
            c = m[im.STARTS_AT] + next_start * im.START_WIDTH
            m[im.EVENTS] += 1
            fill_day(w, f, m, m[c + 1], m[c + 2])
            next_start += 1
        if m[im.RING_SIZE] > 0:
            empty_worklist(w, f, m)
