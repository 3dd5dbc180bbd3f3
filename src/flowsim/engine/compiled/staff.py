"""Pools of staff: calls answered all or nothing, in order. The compiled ``engine.staffing``.

Pools and calls are known by where they begin. A patient's calls stand in the patient's row, one for each pool that
the step needs, and are linked into the pools' lists while they wait.
"""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import push
from flowsim.engine.compiled.codes import NONE
from flowsim.engine.compiled.jit import compiled, inlined
from flowsim.system import tables as tb
from flowsim.system.tables import Ints


@compiled
def call_at(m: Ints, q: int, k: int) -> int:
    """Return where a patient's call for one pool begins."""
    return q + m[im.CALLS] + k * im.CALL_WIDTH


@compiled
def free_staff(m: Ints, pool: int) -> int:
    """Return how many of a pool can be called now."""
    return m[pool + im.U_ON_DUTY] - m[pool + im.U_BUSY]


@compiled
def lacks_another(m: Ints, q: int, pool: int) -> bool:
    """Whether another pool keeps a call waiting."""
    for k in range(m[q + im.Q_NEEDS]):
        call = call_at(m, q, k)
        if m[call + im.CALL_POOL] != pool and free_staff(m, m[call + im.CALL_POOL]) < m[call + im.CALL_NUMBER]:
            return True
    return False


@inlined
def can_answer(m: Ints, pool: int, number: int, cls: int) -> bool:
    """Whether a pool could answer a newcomer now."""
    if free_staff(m, pool) < number:
        return False
    if m[pool + im.U_CALLS] == 0:
        return True
    for better in range(cls + 1):
        call = m[pool + im.U_HEADS + 2 * better]
        while call != NONE:
            if not lacks_another(m, m[call + im.CALL_WHO], pool):
                return False
            call = m[call + im.CALL_NEXT]
    return True


@compiled
def take_staff(m: Ints, q: int) -> None:
    """Count the staff of a call as busy."""
    for k in range(m[q + im.Q_NEEDS]):
        call = call_at(m, q, k)
        m[m[call + im.CALL_POOL] + im.U_BUSY] += m[call + im.CALL_NUMBER]


@inlined
def call_staff(m: Ints, q: int, cls: int) -> bool:
    """Ask for what the patient's calls say; whether the staff come at once."""
    needs = m[q + im.Q_NEEDS]
    at_once = True
    for k in range(needs):
        call = call_at(m, q, k)
        if not can_answer(m, m[call + im.CALL_POOL], m[call + im.CALL_NUMBER], cls):
            at_once = False
            break
    if at_once:
        take_staff(m, q)
        return True
    m[q + im.Q_CALL_CLASS] = cls
    for k in range(needs):
        call = call_at(m, q, k)
        pool = m[call + im.CALL_POOL]
        head = pool + im.U_HEADS + 2 * cls
        last = m[head + 1]
        m[call + im.CALL_NEXT], m[call + im.CALL_BEFORE], m[call + im.CALL_WHO] = NONE, last, q
        if last != NONE:
            m[last + im.CALL_NEXT] = call
        else:
            m[head] = call
        m[head + 1] = call
        m[pool + im.U_CALLS] += 1
    return False


@compiled
def drop_calls(m: Ints, q: int) -> None:
    """Take a patient's calls off every list."""
    for k in range(m[q + im.Q_NEEDS]):
        call = call_at(m, q, k)
        pool = m[call + im.CALL_POOL]
        head = pool + im.U_HEADS + 2 * m[q + im.Q_CALL_CLASS]
        before, after = m[call + im.CALL_BEFORE], m[call + im.CALL_NEXT]
        if before != NONE:
            m[before + im.CALL_NEXT] = after
        else:
            m[head] = after
        if after != NONE:
            m[after + im.CALL_BEFORE] = before
        else:
            m[head + 1] = before
        m[pool + im.U_CALLS] -= 1


@compiled
def offer_staff(w: Ints, m: Ints, pool: int) -> None:
    """Answer calls that a pool can answer, in order."""
    if m[pool + im.U_CALLS] == 0:
        return
    for cls in range(w[tb.N_CLASSES]):
        call = m[pool + im.U_HEADS + 2 * cls]
        while call != NONE:
            q, after = m[call + im.CALL_WHO], m[call + im.CALL_NEXT]
            if free_staff(m, pool) < m[call + im.CALL_NUMBER]:
                return
            if not lacks_another(m, q, pool):
                take_staff(m, q)
                drop_calls(m, q)
                push(m, q)
            call = after


@inlined
def release_staff(w: Ints, m: Ints, q: int) -> None:
    """Give staff back, and offer them to those who wait."""
    needs = m[q + im.Q_NEEDS]
    for k in range(needs):
        call = call_at(m, q, k)
        m[m[call + im.CALL_POOL] + im.U_BUSY] -= m[call + im.CALL_NUMBER]
    for k in range(needs):
        offer_staff(w, m, m[call_at(m, q, k) + im.CALL_POOL])
    m[q + im.Q_NEEDS] = 0
