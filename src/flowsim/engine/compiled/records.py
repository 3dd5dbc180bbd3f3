"""Writing down what the trajectory wants: a row's ticks go into wide columns, its codes into narrow ones."""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import NEVER, NONE
from flowsim.engine.compiled.jit import compiled, inlined, narrow, prefetch
from flowsim.system.tables import Ints

AHEAD = 32
"""How many rows ahead of the present one room to write is fetched."""


@inlined
def look_ahead(m: Ints, row: int, room: int, ticks: int, n_ticks: int, codes: int, n_codes: int) -> None:
    """Have the lines fetched where rows soon to come will be written, when a line of them begins.

    Args:
        m: the image.
        row: the present one.
        room: rows there are room for.
        ticks: where the row's first tick stands.
        n_ticks: how many it has.
        codes: where the first column of codes begins.
        n_codes: how many there are.
    """
    if row & 7 == 0:
        for k in range(n_ticks):
            prefetch(m, ticks + AHEAD + k * room)
    if row & 15 == 0:
        for k in range(n_codes):
            prefetch(m, codes + ((row + AHEAD + k * room) >> 1))


@inlined
def write_begun(m: Ints, v: int) -> None:
    """Write down what is known of a visit as it begins; what seldom changes later, as if it never did."""
    room, row = m[im.VISIT_ROOM], m[v + im.V_ROW]
    at = m[im.VISIT_TICKS_AT] + row
    look_ahead(m, row, room, at, im.N_VISIT_TICKS, m[im.VISIT_CODES_AT], im.N_VISIT_CODES)
    for k in range(im.N_BEGUN_TICKS):
        m[at + k * room] = m[v + im.V_MOVED + k]
    codes = narrow(m)
    at = 2 * m[im.VISIT_CODES_AT] + row
    for k in range(im.N_BEGUN_CODES):
        codes[at + k * room] = m[v + im.V_ORIGIN + k]


@compiled
def write_visit(m: Ints, v: int) -> None:
    """Write down the rest of a visit that has ended, or that goes on at the end of the run."""
    room, row = m[im.VISIT_ROOM], m[v + im.V_ROW]
    at = m[im.VISIT_TICKS_AT] + row
    if m[v + im.V_MOVED] != NEVER:
        m[at] = m[v + im.V_MOVED]
    if m[v + im.V_INTERRUPTED] != 0:
        m[at + room] = m[v + im.V_INTERRUPTED]
    at += im.N_BEGUN_TICKS * room
    for k in range(im.N_ENDED_TICKS):
        m[at + k * room] = m[v + im.V_STARTED + k]
    codes = narrow(m)
    at = 2 * m[im.VISIT_CODES_AT] + row + im.N_BEGUN_CODES * room
    if m[v + im.V_DAYS] != 0:
        codes[at - room] = m[v + im.V_DAYS]
    for k in range(im.N_ENDED_CODES):
        codes[at + k * room] = m[v + im.V_OUTCOME + k]
    m[v + im.V_ROW] = NEVER


@compiled
def free_visit(m: Ints, v: int) -> None:
    """Let a visit's row be taken again."""
    m[v + im.V_NEXT] = m[im.FREE_VISIT]
    m[im.FREE_VISIT] = v


@compiled
def write_unfinished(m: Ints, end: int) -> None:
    """Write down the visits that go on at the end of the run."""
    v = m[im.VISITS_AT] + im.VISIT_WIDTH
    while v < m[im.NEXT_VISIT]:
        if m[v + im.V_ROW] != NEVER:
            if m[v + im.V_INTERRUPTED_AT] != NEVER:
                m[v + im.V_INTERRUPTED] += end - m[v + im.V_INTERRUPTED_AT]
            write_visit(m, v)
        v += im.VISIT_WIDTH


@compiled
def open_delay(m: Ints, q: int, v: int, reason: int, towards: int) -> None:
    """Start a delay's row."""
    at, room = m[im.N_DELAYS], m[im.DELAY_ROOM]
    if at >= room:
        m[im.FAULT] = im.NO_ROOM
        return
    m[im.N_DELAYS] = at + 1
    m[q + im.Q_DELAY], m[q + im.Q_DELAY_START] = at, m[im.NOW]
    ticks = m[im.DELAY_TICKS_AT] + at
    look_ahead(m, at, room, ticks, len(im.DELAY_TICKS), m[im.DELAY_CODES_AT], len(im.DELAY_CODES))
    m[ticks], m[ticks + room] = m[im.NOW], NEVER
    codes = narrow(m)
    c = 2 * m[im.DELAY_CODES_AT] + at
    codes[c], codes[c + room], codes[c + 2 * room] = m[v + im.V_ROW], m[v + im.V_PATIENT], m[v + im.V_SERVICE]
    codes[c + 3 * room], codes[c + 4 * room] = reason, towards


@compiled
def close_delay(m: Ints, q: int) -> None:
    """End the delay under way, if there is one."""
    at = m[q + im.Q_DELAY]
    if at != NONE:
        m[m[im.DELAY_TICKS_AT] + im.DELAY_UNTIL * m[im.DELAY_ROOM] + at] = m[im.NOW]
        m[q + im.Q_DELAYED] += m[im.NOW] - m[q + im.Q_DELAY_START]
        m[q + im.Q_DELAY] = NONE


@inlined
def open_staffed(m: Ints, v: int, position: int, pool: int, number: int) -> None:
    """Start the row of a pool that a step needs."""
    at, room = m[im.N_STAFFED], m[im.STAFFED_ROOM]
    if at >= room:
        m[im.FAULT] = im.NO_ROOM
        return
    m[im.N_STAFFED] = at + 1
    ticks = m[im.STAFFED_TICKS_AT] + at
    look_ahead(m, at, room, ticks, len(im.STAFFED_TICKS), m[im.STAFFED_CODES_AT], len(im.STAFFED_CODES))
    m[ticks], m[ticks + room], m[ticks + 2 * room] = m[im.NOW], NEVER, NEVER
    codes = narrow(m)
    c = 2 * m[im.STAFFED_CODES_AT] + at
    codes[c], codes[c + room], codes[c + 2 * room] = m[v + im.V_ROW], m[v + im.V_SERVICE], position
    codes[c + 3 * room], codes[c + 4 * room] = pool, number


@compiled
def stamp_staffed(m: Ints, q: int, column: int) -> None:
    """Write the present tick into a column of the step's rows."""
    at = m[im.STAFFED_TICKS_AT] + column * m[im.STAFFED_ROOM] + m[q + im.Q_STAFFED]
    for k in range(m[q + im.Q_NEEDS]):
        m[at + k] = m[im.NOW]
