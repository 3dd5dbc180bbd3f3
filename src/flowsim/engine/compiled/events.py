"""Taking events in order, to the end of the run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import drop_first, move_horizon, wake
from flowsim.engine.compiled.codes import (
    ARRIVAL,
    DONE,
    FINISH,
    NEVER,
    NONE,
    PATIENCE,
    READY,
    START,
    WHERE,
    WHO,
)
from flowsim.engine.compiled.jit import bare, called_from_python, compiled, inlined, prefetch
from flowsim.engine.compiled.journey import go
from flowsim.engine.compiled.memory import pool_at, station_at
from flowsim.engine.compiled.present import place_everyone
from flowsim.engine.compiled.records import free_visit, write_unfinished
from flowsim.engine.compiled.spaces import (
    fill_day,
    free_spaces,
    free_up,
    give_up,
    interrupt,
    note,
    note_capacity,
    offer,
    open_surge,
    rise,
    watch,
    worst,
)
from flowsim.engine.compiled.staff import offer_staff
from flowsim.engine.compiled.ways import draw_way, encode, open_patient, resolve
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints

Codes = npt.NDArray[np.int16]

(NOTHING, AN_ARRIVAL, A_CHANGE, A_START) = range(4)
"""What is foreseen next outside the calendar."""

AHEAD = 16
"""How many arrivals ahead of the present one are fetched."""


@compiled
def empty_worklist(w: Ints, f: Floats, m: Ints) -> None:
    """Let everyone on the worklist go on, first in, first out."""
    while m[im.RING_SIZE] > 0 and m[im.FAULT] == im.NO_FAULT:
        q = m[m[im.RING_AT] + m[im.RING_FIRST]]
        m[im.RING_FIRST] += 1
        if m[im.RING_FIRST] > m[im.N_PATIENTS]:
            m[im.RING_FIRST] = 0
        m[im.RING_SIZE] -= 1
        m[q + im.Q_PENDING] = 0
        go(w, f, m, q)


@compiled
def change(w: Ints, f: Floats, m: Ints, row: int) -> None:
    """Take a foreseen change of capacity or duty."""
    c = m[im.CHANGES_AT] + row * im.CHANGE_WIDTH
    who = m[c + 1]
    m[im.EVENTS] += 1
    if who >= w[tb.N_SERVICES]:
        pool = pool_at(m, who - w[tb.N_SERVICES])
        m[pool + im.U_ON_DUTY] = m[c + 2]
        note(m, 1, who - w[tb.N_SERVICES], m[c + 2], 0, 0)
        offer_staff(w, m, pool)
        return
    s = station_at(m, who)
    m[s + im.A_SPACES], m[s + im.A_ADMITTING] = m[c + 2], m[c + 3]
    note_capacity(m, s)
    if m[s + tb.S_INTERRUPTS] == 1:
        while free_spaces(m, s) < 0:
            victim = worst(m, s)
            if victim == NONE:
                break
            interrupt(m, s, victim)
    watch(w, f, m, s)
    offer(w, f, m, s)


@inlined
def finish(w: Ints, f: Floats, m: Ints, q: int) -> None:
    """End a step, a stint or a package, unless it was interrupted after this end was foreseen."""
    v = m[q + im.Q_VISIT]
    if v == NEVER or m[v + im.V_FINISH] != m[im.NOW]:
        return
    if m[q + im.Q_STATE] == im.IN_STINT:
        m[v + im.V_REMAINING] = DONE
        wake(m, q)
    elif m[q + im.Q_STATE] == im.IN_PACKAGE or m[q + im.Q_STATE] == im.IN_STEP:
        go(w, f, m, q)


@compiled
def lose_patience(w: Ints, f: Floats, m: Ints, q: int) -> None:
    """Give up, if still waiting: a clock may run out after the start."""
    v = m[q + im.Q_VISIT]
    if v == NEVER or m[v + im.V_DEADLINE] != m[im.NOW]:
        return
    if m[v + im.V_STARTED] == NEVER and m[v + im.V_OUTCOME] == im.IN_PROGRESS:
        give_up(w, f, m, v, m[m[v + im.V_STATION] + tb.S_PATIENCE_TO])


@inlined
def handle(w: Ints, f: Floats, m: Ints, key: int) -> None:
    """Take an event of the calendar.

    Of a patient's, those may be stale whose patient has gone (the row is another's or nobody's) or is on another
    visit, which then has no such clock running out now.
    """
    rank, who, where = (key >> im.RANK_SHIFT) << im.RANK_SHIFT, (key >> im.WHO_SHIFT) & WHO, key & WHERE
    if rank == FINISH and who >= m[im.N_PATIENTS]:
        s, takes = m[where + im.V_STATION], m[where + im.V_TAKES]
        free_visit(m, where)
        free_up(w, f, m, s, takes)
    elif rank < FINISH:
        open_surge(w, f, m, where)
    elif m[where + im.Q_ROW] == who:
        if rank == FINISH:
            finish(w, f, m, where)
        elif rank == READY:
            go(w, f, m, where)
        elif rank == PATIENCE:
            lose_patience(w, f, m, where)
        elif m[where + im.Q_VISIT] != NEVER and m[m[where + im.Q_VISIT] + im.V_RISES_AT] == m[im.NOW]:
            rise(w, f, m, m[where + im.Q_VISIT])


@inlined
def arrive(w: Ints, f: Floats, m: Ints, who: int, stream: int, number: int, codes: Codes, first: int) -> None:
    """Let a patient in."""
    x = w[tb.STREAMS_AT] + stream * tb.STREAM_WIDTH
    q = open_patient(w, m, who, w[x + tb.X_KEY], number)
    for a in range(w[tb.N_ATTRIBUTES]):
        m[q + im.Q_ATTRIBUTES + a] = codes[first + a]
    encode(w, m, q)
    m[im.EVENTS] += 1
    origin = w[tb.N_SERVICES]
    place = draw_way(w, f, m, q, w[x + tb.X_BRANCHES], w[x + tb.X_PURPOSE], origin, 0)
    m[q + im.Q_PLACE] = resolve(w, f, m, q, origin, place)
    go(w, f, m, q)


@inlined
def look_ahead(w: Ints, ticks: Ints, streams: Ints, numbers: Ints, codes: Codes, arrival: int) -> None:
    """Have fetched what is known of an arrival that will come soon."""
    prefetch(ticks, arrival)
    prefetch(streams, arrival)
    prefetch(numbers, arrival)
    prefetch(codes, arrival * w[tb.N_ATTRIBUTES])


@compiled
def set_now(w: Ints, m: Ints, tick: int) -> None:
    """Move the clock on, and the period with it."""
    m[im.NOW] = tick
    while tick >= m[im.NEXT_PERIOD]:
        m[im.PERIOD] += 1
        m[im.NEXT_PERIOD] = w[tb.END]
        if m[im.PERIOD] + 1 < w[tb.N_PERIODS]:
            m[im.NEXT_PERIOD] = w[w[tb.PERIODS_AT] + m[im.PERIOD] + 1]


@compiled
def foreseen(
    w: Ints, m: Ints, ticks: Ints, n_arrivals: int, arrival: int, change_row: int, start_row: int
) -> tuple[int, int, int]:
    """Return what comes next outside the calendar: its tick, its key, and what it is."""
    tick, key, what = w[tb.END], 0, NOTHING
    if arrival < n_arrivals and ticks[arrival] < tick:
        tick, key, what = ticks[arrival], ARRIVAL | (m[im.N_PRESENT] + arrival) << im.WHO_SHIFT, AN_ARRIVAL
    if change_row < m[im.N_CHANGES]:
        c = m[im.CHANGES_AT] + change_row * im.CHANGE_WIDTH
        if m[c] < tick or (m[c] == tick and what != NOTHING):
            tick, key, what = m[c], m[c + 1] << im.WHO_SHIFT, A_CHANGE
    if start_row < m[im.N_STARTS]:
        c = m[im.STARTS_AT] + start_row * im.START_WIDTH
        if m[c] < tick:
            tick, key, what = m[c], START | m[c + 1] << im.WHO_SHIFT, A_START
    return tick, key, what


@called_from_python
def simulate(
    whole: Ints, real: Floats, image: Ints, ticks: Ints, streams: Ints, numbers: Ints, attributes: Codes
) -> None:
    """Run to the end, or to a fault.

    Args:
        whole: the specification's whole numbers.
        real: its fractions.
        image: the image.
        ticks: when patients arrive, in order.
        streams: the stream of each.
        numbers: the number of each within its stream.
        attributes: level codes, one row a patient.
    """
    w, f, m, codes, arrivals = bare(whole), bare(real), bare(image), bare(attributes), bare(ticks)
    stream, number = bare(streams), bare(numbers)
    place_everyone(w, f, m)
    for who in range(m[im.N_PRESENT]):
        go(w, f, m, m[im.PATIENTS_AT] + who * m[im.PATIENT_WIDTH])
    empty_worklist(w, f, m)
    first = m[im.HEAP_AT]
    next_arrival, next_change, next_start = 0, 0, 0
    tick, key, what = foreseen(w, m, arrivals, ticks.size, 0, 0, 0)
    while m[im.FAULT] == im.NO_FAULT:
        move_horizon(m, tick)
        if m[im.HEAP_SIZE] > 0 and (m[first] < tick or (m[first] == tick and m[first + 1] < key)):
            event = m[first + 1]
            set_now(w, m, m[first])
            drop_first(m)
            handle(w, f, m, event)
        elif what == NOTHING:
            break
        else:
            set_now(w, m, tick)
            if what == AN_ARRIVAL:
                n, who = next_arrival, m[im.N_PRESENT] + next_arrival
                next_arrival += 1
                look_ahead(w, arrivals, stream, number, codes, n + AHEAD)
                arrive(w, f, m, who, stream[n], number[n], codes, n * w[tb.N_ATTRIBUTES])
            elif what == A_CHANGE:
                next_change += 1
                change(w, f, m, next_change - 1)
            else:
                c = m[im.STARTS_AT] + next_start * im.START_WIDTH
                next_start += 1
                m[im.EVENTS] += 1
                fill_day(w, f, m, station_at(m, m[c + 1]), m[c + 2])
            tick, key, what = foreseen(w, m, arrivals, ticks.size, next_arrival, next_change, next_start)
        if m[im.RING_SIZE] > 0:
            empty_worklist(w, f, m)
    write_unfinished(m, w[tb.END])
