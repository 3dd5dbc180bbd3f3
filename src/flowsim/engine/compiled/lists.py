"""Lists of visits: queues by class, and those inside a station."""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import NONE
from flowsim.engine.compiled.jit import compiled, inlined
from flowsim.system.tables import Ints


@inlined
def link(m: Ints, head: int, tail: int, v: int, at_head: bool) -> None:
    """Put a visit at the end (or head) of a list whose ends stand at the two places."""
    if at_head:
        m[v + im.V_BEFORE] = NONE
        m[v + im.V_NEXT] = m[head]
        if m[head] != NONE:
            m[m[head] + im.V_BEFORE] = v
        else:
            m[tail] = v
        m[head] = v
        return
    m[v + im.V_NEXT] = NONE
    m[v + im.V_BEFORE] = m[tail]
    if m[tail] != NONE:
        m[m[tail] + im.V_NEXT] = v
    else:
        m[head] = v
    m[tail] = v


@inlined
def unlink(m: Ints, head: int, tail: int, v: int) -> None:
    """Take a visit out of a list."""
    before, after = m[v + im.V_BEFORE], m[v + im.V_NEXT]
    if before != NONE:
        m[before + im.V_NEXT] = after
    else:
        m[head] = after
    if after != NONE:
        m[after + im.V_BEFORE] = before
    else:
        m[tail] = before


@compiled
def join_queue(m: Ints, s: int, v: int, at_head: bool) -> None:
    """Put a visit at the end (or head) of its class."""
    head = s + im.A_HEADS + 2 * m[v + im.V_CLASS]
    link(m, head, head + 1, v, at_head)
    m[s + im.A_WAITING] += 1


@compiled
def leave_queue(m: Ints, s: int, v: int) -> None:
    """Take a visit out of its class."""
    head = s + im.A_HEADS + 2 * m[v + im.V_CLASS]
    unlink(m, head, head + 1, v)
    m[s + im.A_WAITING] -= 1


@compiled
def go_in(m: Ints, s: int, v: int) -> None:
    """Put a visit among those inside a station, in no order."""
    first = m[s + im.A_INSIDE]
    m[v + im.V_BEFORE] = NONE
    m[v + im.V_NEXT] = first
    if first != NONE:
        m[first + im.V_BEFORE] = v
    m[s + im.A_INSIDE] = v


@compiled
def go_out(m: Ints, s: int, v: int) -> None:
    """Take a visit out of those inside a station."""
    before, after = m[v + im.V_BEFORE], m[v + im.V_NEXT]
    if before != NONE:
        m[before + im.V_NEXT] = after
    else:
        m[s + im.A_INSIDE] = after
    if after != NONE:
        m[after + im.V_BEFORE] = before
