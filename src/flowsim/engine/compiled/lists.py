"""Lists of visits: queues by class, and those inside a station."""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import NONE
from flowsim.engine.compiled.jit import compiled
from flowsim.engine.compiled.memory import station_at, visit_at
from flowsim.system.tables import Ints


@compiled
def link(m: Ints, head: int, tail: int, v: int, at_head: bool) -> None:
    """Put a visit at the end (or head) of a list whose ends stand at the two places."""
    va = visit_at(m, v)
    if at_head:
        m[va + im.V_BEFORE] = NONE
        m[va + im.V_NEXT] = m[head]
        if m[head] != NONE:
            m[visit_at(m, m[head]) + im.V_BEFORE] = v
        else:
            m[tail] = v
        m[head] = v
        return
    m[va + im.V_NEXT] = NONE
    m[va + im.V_BEFORE] = m[tail]
    if m[tail] != NONE:
        m[visit_at(m, m[tail]) + im.V_NEXT] = v
    else:
        m[head] = v
    m[tail] = v


@compiled
def unlink(m: Ints, head: int, tail: int, v: int) -> None:
    """Take a visit out of a list."""
    va = visit_at(m, v)
    before, after = m[va + im.V_BEFORE], m[va + im.V_NEXT]
    if before != NONE:
        m[visit_at(m, before) + im.V_NEXT] = after
    else:
        m[head] = after
    if after != NONE:
        m[visit_at(m, after) + im.V_BEFORE] = before
    else:
        m[tail] = before


@compiled
def join_queue(w: Ints, m: Ints, s: int, v: int, at_head: bool) -> None:
    """Put a visit at the end (or head) of its class."""
    sa = station_at(m, s)
    head = sa + im.A_HEADS + 2 * m[visit_at(m, v) + im.V_CLASS]
    link(m, head, head + 1, v, at_head)
    m[sa + im.A_WAITING] += 1


@compiled
def leave_queue(w: Ints, m: Ints, s: int, v: int) -> None:
    """Take a visit out of its class."""
    sa = station_at(m, s)
    head = sa + im.A_HEADS + 2 * m[visit_at(m, v) + im.V_CLASS]
    unlink(m, head, head + 1, v)
    m[sa + im.A_WAITING] -= 1


@compiled
def go_in(m: Ints, s: int, v: int) -> None:
    """Put a visit among those inside a station, in no order."""
    sa, va = station_at(m, s), visit_at(m, v)
    first = m[sa + im.A_INSIDE]
    m[va + im.V_BEFORE] = NONE
    m[va + im.V_NEXT] = first
    if first != NONE:
        m[visit_at(m, first) + im.V_BEFORE] = v
    m[sa + im.A_INSIDE] = v


@compiled
def go_out(m: Ints, s: int, v: int) -> None:
    """Take a visit out of those inside a station."""
    sa, va = station_at(m, s), visit_at(m, v)
    before, after = m[va + im.V_BEFORE], m[va + im.V_NEXT]
    if before != NONE:
        m[visit_at(m, before) + im.V_NEXT] = after
    else:
        m[sa + im.A_INSIDE] = after
    if after != NONE:
        m[visit_at(m, after) + im.V_BEFORE] = before
