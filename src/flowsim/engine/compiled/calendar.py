"""The calendar of events, and the worklist of the present instant."""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.jit import compiled
from flowsim.engine.compiled.memory import patient_at
from flowsim.system.tables import Ints


@compiled
def is_before(m: Ints, a: int, b: int) -> bool:
    """Whether one event of the calendar comes before another."""
    return m[a] < m[b] or (m[a] == m[b] and m[a + 1] < m[b + 1])


@compiled
def schedule(w: Ints, m: Ints, tick: int, sub: int, payload: int) -> None:
    """Put an event into the calendar; events past the end would never be taken out."""
    if tick >= w[im.END]:
        return
    m[im.EVENTS] += 1
    size = m[im.HEAP_SIZE]
    if size >= m[im.HEAP_ROOM]:
        m[im.FAULT] = im.NO_ROOM
        return
    base = m[im.HEAP_AT]
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        p = base + parent * im.HEAP_WIDTH
        if m[p] < tick or (m[p] == tick and m[p + 1] < sub):
            break
        c = base + child * im.HEAP_WIDTH
        m[c], m[c + 1], m[c + 2] = m[p], m[p + 1], m[p + 2]
        child = parent
    c = base + child * im.HEAP_WIDTH
    m[c], m[c + 1], m[c + 2] = tick, sub, payload
    m[im.HEAP_SIZE] = size + 1


@compiled
def drop_first(m: Ints) -> None:
    """Take the first event out of the calendar: move the hole to a leaf, then the last event up from there."""
    base = m[im.HEAP_AT]
    size = m[im.HEAP_SIZE] - 1
    m[im.HEAP_SIZE] = size
    hole = 0
    child = 1
    while child < size:
        c = base + child * im.HEAP_WIDTH
        if child + 1 < size and is_before(m, c + im.HEAP_WIDTH, c):
            child += 1
            c += im.HEAP_WIDTH
        h = base + hole * im.HEAP_WIDTH
        m[h], m[h + 1], m[h + 2] = m[c], m[c + 1], m[c + 2]
        hole = child
        child = 2 * hole + 1
    last = base + size * im.HEAP_WIDTH
    tick, sub, payload = m[last], m[last + 1], m[last + 2]
    while hole > 0:
        parent = (hole - 1) >> 1
        p = base + parent * im.HEAP_WIDTH
        if m[p] < tick or (m[p] == tick and m[p + 1] < sub):
            break
        h = base + hole * im.HEAP_WIDTH
        m[h], m[h + 1], m[h + 2] = m[p], m[p + 1], m[p + 2]
        hole = parent
    h = base + hole * im.HEAP_WIDTH
    m[h], m[h + 1], m[h + 2] = tick, sub, payload


@compiled
def push(m: Ints, q: int) -> None:
    """Put a patient on the worklist."""
    room = m[im.N_PATIENTS] + 1
    at = m[im.RING_FIRST] + m[im.RING_SIZE]
    if at >= room:
        at -= room
    m[m[im.RING_AT] + at] = q
    m[im.RING_SIZE] += 1
    m[patient_at(m, q) + im.Q_PENDING] = 1


@compiled
def wake(m: Ints, q: int) -> None:
    """Put a patient who waits for a space on the worklist, once."""
    qa = patient_at(m, q)
    state = m[qa + im.Q_STATE]
    if m[qa + im.Q_PENDING] == 0 and (state == im.WAITING or state == im.IN_STINT or state == im.STOPPED):
        push(m, q)
