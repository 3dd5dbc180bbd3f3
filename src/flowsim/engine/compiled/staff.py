"""Pools of staff: calls answered all or nothing, in order. The compiled ``engine.staffing``."""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import push
from flowsim.engine.compiled.codes import NONE
from flowsim.engine.compiled.jit import compiled
from flowsim.engine.compiled.memory import patient_at, pool_at
from flowsim.system.tables import Ints


@compiled
def call_at(m: Ints, q: int, k: int) -> int:
    """Return where a patient's call for one pool begins."""
    return patient_at(m, q) + m[im.CALLS] + k * im.CALL_WIDTH


@compiled
def free_staff(m: Ints, pool: int) -> int:
    """Return how many of a pool can be called now."""
    ua = pool_at(m, pool)
    return m[ua + im.U_ON_DUTY] - m[ua + im.U_BUSY]


@compiled
def lacks_another(m: Ints, q: int, pool: int) -> bool:
    """Whether another pool keeps a call waiting."""
    for k in range(m[patient_at(m, q) + im.Q_NEEDS]):
        ca = call_at(m, q, k)
        if m[ca + im.CALL_POOL] != pool and free_staff(m, m[ca + im.CALL_POOL]) < m[ca + im.CALL_NUMBER]:
            return True
    return False


@compiled
def can_answer(m: Ints, pool: int, number: int, cls: int) -> bool:
    """Whether a pool could answer a newcomer now."""
    if free_staff(m, pool) < number:
        return False
    ua = pool_at(m, pool)
    if m[ua + im.U_CALLS] == 0:
        return True
    for better in range(cls + 1):
        node = m[ua + im.U_HEADS + 2 * better]
        while node != NONE:
            q = node // m[im.MOST_NEEDS]
            if not lacks_another(m, q, pool):
                return False
            node = m[call_at(m, q, node % m[im.MOST_NEEDS]) + im.CALL_NEXT]
    return True


@compiled
def take_staff(m: Ints, q: int) -> None:
    """Count the staff of a call as busy."""
    for k in range(m[patient_at(m, q) + im.Q_NEEDS]):
        ca = call_at(m, q, k)
        m[pool_at(m, m[ca + im.CALL_POOL]) + im.U_BUSY] += m[ca + im.CALL_NUMBER]


@compiled
def node_at(m: Ints, node: int) -> int:
    """Return where a call in a pool's list begins."""
    return call_at(m, node // m[im.MOST_NEEDS], node % m[im.MOST_NEEDS])


@compiled
def call_staff(m: Ints, q: int, cls: int) -> bool:
    """Ask for what the patient's calls say; whether the staff come at once."""
    qa = patient_at(m, q)
    needs = m[qa + im.Q_NEEDS]
    at_once = True
    for k in range(needs):
        ca = call_at(m, q, k)
        if not can_answer(m, m[ca + im.CALL_POOL], m[ca + im.CALL_NUMBER], cls):
            at_once = False
            break
    if at_once:
        take_staff(m, q)
        return True
    m[qa + im.Q_CALL_CLASS] = cls
    for k in range(needs):
        ca = call_at(m, q, k)
        ua = pool_at(m, m[ca + im.CALL_POOL])
        head = ua + im.U_HEADS + 2 * cls
        node = q * m[im.MOST_NEEDS] + k
        m[ca + im.CALL_NEXT] = NONE
        m[ca + im.CALL_BEFORE] = m[head + 1]
        if m[head + 1] != NONE:
            m[node_at(m, m[head + 1]) + im.CALL_NEXT] = node
        else:
            m[head] = node
        m[head + 1] = node
        m[ua + im.U_CALLS] += 1
    return False


@compiled
def drop_calls(m: Ints, q: int) -> None:
    """Take a patient's calls off every list."""
    qa = patient_at(m, q)
    for k in range(m[qa + im.Q_NEEDS]):
        ca = call_at(m, q, k)
        ua = pool_at(m, m[ca + im.CALL_POOL])
        head = ua + im.U_HEADS + 2 * m[qa + im.Q_CALL_CLASS]
        before, after = m[ca + im.CALL_BEFORE], m[ca + im.CALL_NEXT]
        if before != NONE:
            m[node_at(m, before) + im.CALL_NEXT] = after
        else:
            m[head] = after
        if after != NONE:
            m[node_at(m, after) + im.CALL_BEFORE] = before
        else:
            m[head + 1] = before
        m[ua + im.U_CALLS] -= 1


@compiled
def offer_staff(w: Ints, m: Ints, pool: int) -> None:
    """Answer calls that a pool can answer, in order."""
    ua = pool_at(m, pool)
    if m[ua + im.U_CALLS] == 0:
        return
    for cls in range(w[im.N_CLASSES]):
        node = m[ua + im.U_HEADS + 2 * cls]
        while node != NONE:
            q = node // m[im.MOST_NEEDS]
            ca = call_at(m, q, node % m[im.MOST_NEEDS])
            after = m[ca + im.CALL_NEXT]
            if free_staff(m, pool) < m[ca + im.CALL_NUMBER]:
                return
            if not lacks_another(m, q, pool):
                take_staff(m, q)
                drop_calls(m, q)
                push(m, q)
            node = after


@compiled
def release_staff(w: Ints, m: Ints, q: int) -> None:
    """Give staff back, and offer them to those who wait."""
    qa = patient_at(m, q)
    needs = m[qa + im.Q_NEEDS]
    for k in range(needs):
        ca = call_at(m, q, k)
        m[pool_at(m, m[ca + im.CALL_POOL]) + im.U_BUSY] -= m[ca + im.CALL_NUMBER]
    for k in range(needs):
        offer_staff(w, m, m[call_at(m, q, k) + im.CALL_POOL])
    m[qa + im.Q_NEEDS] = 0
