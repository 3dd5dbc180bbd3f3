"""The calendar of events, and the worklist of the present instant.

Only events before the *horizon* stand in a heap, which so stays small. Time beyond it is cut into *spans* of a few
minutes; the events of a span are a list in no order, and go into the heap when the horizon moves past them.
"""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import NONE, WHERE
from flowsim.engine.compiled.jit import compiled, inlined, prefetch
from flowsim.system import tables as tb
from flowsim.system.tables import Ints


@compiled
def schedule(w: Ints, m: Ints, tick: int, rank: int, who: int, where: int) -> None:
    """Put an event into the calendar; events past the end would never be taken out.

    Args:
        w: the specification.
        m: the image.
        tick: when.
        rank: of the event, in its place.
        who: the number that orders events of one tick and rank.
        where: the row it happens to.
    """
    if tick >= w[tb.END]:
        return
    m[im.EVENTS] += 1
    key = rank | (who << im.WHO_SHIFT) | where
    if tick < m[im.HORIZON]:
        put(m, tick, key)
    else:
        put_off(m, tick, key)


@compiled
def put(m: Ints, tick: int, key: int) -> None:
    """Put an event before the horizon into the heap."""
    size = m[im.HEAP_SIZE]
    if size >= m[im.HEAP_ROOM]:
        m[im.FAULT] = im.NO_ROOM
        return
    m[im.HEAP_SIZE] = size + 1
    lift(m, m[im.HEAP_AT], size, tick, key)


@inlined
def put_off(m: Ints, tick: int, key: int) -> None:
    """Put an event beyond the horizon onto the list of its span."""
    e = m[im.FREE_LATER]
    if e != NONE:
        m[im.FREE_LATER] = m[e + im.LATER_NEXT]
    else:
        e = m[im.NEXT_LATER]
        if e == m[im.LAST_LATER]:
            m[im.FAULT] = im.NO_ROOM
            return
        m[im.NEXT_LATER] = e + im.LATER_WIDTH
    span = m[im.SPANS_AT] + (tick >> m[im.SPAN_SHIFT])
    m[e + im.LATER_TICK], m[e + im.LATER_KEY], m[e + im.LATER_NEXT] = tick, key, m[span]
    m[span] = e


@inlined
def move_horizon(m: Ints, tick: int) -> None:
    """Move the horizon until there is something in the heap, or a tick lies before it."""
    while m[im.HEAP_SIZE] == 0 and m[im.HORIZON] <= tick:
        span = m[im.SPANS_AT] + (m[im.HORIZON] >> m[im.SPAN_SHIFT])
        m[im.HORIZON] += 1 << m[im.SPAN_SHIFT]
        if m[span] != NONE:
            fill_heap(m, m[span])


@inlined
def fill_heap(m: Ints, first: int) -> None:
    """Put a list of events into the heap, and have the rows fetched that they will need."""
    e = first
    while e != NONE:
        q = m[e + im.LATER_KEY] & WHERE
        for line in range(0, im.Q_ATTRIBUTES, 8):
            prefetch(m, q + line)
        put(m, m[e + im.LATER_TICK], m[e + im.LATER_KEY])
        last = e
        e = m[e + im.LATER_NEXT]
    m[last + im.LATER_NEXT] = m[im.FREE_LATER]
    m[im.FREE_LATER] = first
    e = m[im.HEAP_AT] + 1
    for k in range(m[im.HEAP_SIZE]):
        v = m[(m[e + 2 * k] & WHERE) + im.Q_VISIT]
        for line in range(0, im.VISIT_WIDTH, 8):
            prefetch(m, v + line)


@compiled
def lift(m: Ints, base: int, hole: int, tick: int, key: int) -> None:
    """Move a hole up to where an event belongs, and put it there."""
    while hole > 0:
        parent = (hole - 1) >> 1
        p, h = base + 2 * parent, base + 2 * hole
        if m[p] < tick or (m[p] == tick and m[p + 1] < key):
            break
        m[h], m[h + 1] = m[p], m[p + 1]
        hole = parent
    h = base + 2 * hole
    m[h], m[h + 1] = tick, key


@inlined
def drop_first(m: Ints) -> None:
    """Take the first event out of the calendar: move the hole to a leaf, then the last event up from there."""
    base = m[im.HEAP_AT]
    size = m[im.HEAP_SIZE] - 1
    m[im.HEAP_SIZE] = size
    hole = 0
    child = 1
    while child < size:
        c = base + 2 * child
        # The last event still stands behind the others, so that there is always a second child.
        later = m[c + 2] < m[c] or (m[c + 2] == m[c] and m[c + 3] < m[c + 1])
        child += later
        c += 2 * later
        h = base + 2 * hole
        m[h], m[h + 1] = m[c], m[c + 1]
        hole = child
        child = 2 * hole + 1
    last = base + 2 * size
    lift(m, base, hole, m[last], m[last + 1])


@compiled
def push(m: Ints, q: int) -> None:
    """Put a patient on the worklist."""
    room = m[im.N_PATIENTS] + 1
    at = m[im.RING_FIRST] + m[im.RING_SIZE]
    if at >= room:
        at -= room
    m[m[im.RING_AT] + at] = q
    m[im.RING_SIZE] += 1
    m[q + im.Q_PENDING] = 1


@compiled
def wake(m: Ints, q: int) -> None:
    """Put a patient who waits for a space on the worklist, once."""
    state = m[q + im.Q_STATE]
    if m[q + im.Q_PENDING] == 0 and (state == im.WAITING or state == im.IN_STINT or state == im.STOPPED):
        push(m, q)
