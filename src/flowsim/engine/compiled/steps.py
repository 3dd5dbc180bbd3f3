"""Steps of care and of leaving, and the delays they are."""

from __future__ import annotations

import math

from flowsim.draws.quantiles import exponential_from_uniform
from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import schedule
from flowsim.engine.compiled.codes import FAR, FINISH, NEVER, NONE, READY, VERSION_BITS
from flowsim.engine.compiled.jit import compiled
from flowsim.engine.compiled.memory import (
    draw,
    luck,
    patient_at,
    real_row,
    service_int,
    service_real,
    step_int,
    ticks_of,
    visit_at,
    whole_row,
)
from flowsim.engine.compiled.rules import shift_probability, stay_factor, whole_days
from flowsim.engine.compiled.spaces import keeps_inside
from flowsim.engine.compiled.staff import call_at, call_staff, release_staff
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints


@compiled
def open_delay(m: Ints, q: int, v: int, reason: int, towards: int) -> None:
    """Start a delay's row."""
    row = m[im.N_DELAYS]
    if row >= m[im.DELAY_ROOM]:
        m[im.FAULT] = im.NO_ROOM
        return
    m[im.N_DELAYS] = row + 1
    va, d = visit_at(m, v), m[im.DELAYS_AT] + row * im.DELAY_WIDTH
    m[d], m[d + 1], m[d + 2], m[d + 3] = v, q, m[va + im.V_SERVICE], reason
    m[d + 4], m[d + 5], m[d + 6] = towards, m[im.NOW], NEVER
    m[patient_at(m, q) + im.Q_DELAY] = row


@compiled
def close_delay(m: Ints, q: int) -> None:
    """End the delay under way, if there is one."""
    qa = patient_at(m, q)
    row = m[qa + im.Q_DELAY]
    if row != NONE:
        d = m[im.DELAYS_AT] + row * im.DELAY_WIDTH
        m[d + 6] = m[im.NOW]
        m[qa + im.Q_DELAYED] += m[d + 6] - m[d + 5]
        m[qa + im.Q_DELAY] = NONE


@compiled
def days_delayed(w: Ints, m: Ints, qa: int) -> float:
    """Return the days a patient has been delayed so far."""
    return m[qa + im.Q_DELAYED] / (1440 * w[im.TICKS_PER_MINUTE])


@compiled
def factor_of(w: Ints, f: Floats, m: Ints, s: int, qa: int) -> float:
    """Return what delay multiplies a stay by."""
    if service_int(w, s, tb.S_DECONDITIONS) == 0:
        return 1.0
    per_day, limit = service_real(w, f, s, tb.R_STAY_PER_DAY), service_real(w, f, s, tb.R_STAY_LIMIT)
    return stay_factor(days_delayed(w, m, qa), per_day, limit)


@compiled
def decondition(w: Ints, f: Floats, m: Ints, s: int, qa: int, ordinal: int) -> None:
    """Perhaps move an attribute one level on after delay."""
    attribute = service_int(w, s, tb.S_SHIFT_ATTRIBUTE)
    days = days_delayed(w, m, qa)
    if attribute == NONE or days <= 0:
        return
    top = w[w[im.A_LEVELS_AT] + attribute] - 1
    chance = shift_probability(days, service_real(w, f, s, tb.R_SHIFT_PER_DAY), service_real(w, f, s, tb.R_SHIFT_LIMIT))
    at = qa + im.Q_ATTRIBUTES + attribute
    if m[at] < top and luck(w, m, qa, service_int(w, s, tb.S_SHIFT_PURPOSE), ordinal) < chance:
        m[at] += 1


@compiled
def is_skipped(w: Ints, f: Floats, m: Ints, qa: int, va: int, step: int) -> bool:
    """Whether the patient does not need a step."""
    table = step_int(w, step, tb.P_SHARE)
    if table == NONE:
        return False
    share = real_row(w, f, m, table, qa, m[va + im.V_ORIGIN], m[va + im.V_TOWARD])
    return luck(w, m, qa, step_int(w, step, tb.P_SHARE_PURPOSE), m[va + im.V_ORDINAL]) >= share


@compiled
def departure_tick(w: Ints, f: Floats, hazard: int, start_tick: int, wanted: float) -> int:
    """Return what ``rules.discharge.departure_tick`` returns."""
    first, past = w[w[im.H_FROM_AT] + hazard], w[w[im.H_TO_AT] + hazard]
    ticks, rates, sums = w[im.H_TICK_AT], w[im.H_RATE_AT], w[im.H_HAZARD_AT]
    low, high = first, past
    while low < high:
        middle = (low + high) >> 1
        if start_tick < w[ticks + middle]:
            high = middle
        else:
            low = middle + 1
    at = low - 1
    target = f[sums + at] + (start_tick - w[ticks + at]) * f[rates + at] + wanted
    low, high = first, past
    while low < high:
        middle = (low + high) >> 1
        if target < f[sums + middle]:
            high = middle
        else:
            low = middle + 1
    at = low - 1
    if f[rates + at] <= 0.0:
        return int(FAR)
    found = w[ticks + at] + int(math.floor((target - f[sums + at]) / f[rates + at] + 0.5))
    return max(start_tick, found)


@compiled
def duration(w: Ints, f: Floats, m: Ints, q: int, v: int, step: int) -> int:
    """Return how long a step takes [ticks]."""
    va, qa = visit_at(m, v), patient_at(m, q)
    if m[qa + im.Q_REMAINING] != NEVER and m[qa + im.Q_LEAVING] == 0:
        return m[qa + im.Q_REMAINING]
    u = luck(w, m, qa, step_int(w, step, tb.P_PURPOSE), m[va + im.V_ORDINAL])
    hazard = step_int(w, step, tb.P_HAZARD)
    if hazard != NONE:
        return departure_tick(w, f, hazard, m[im.NOW], exponential_from_uniform(u)) - m[im.NOW]
    table = step_int(w, step, tb.P_DURATION)
    if table == NONE:
        return 0
    d = whole_row(w, m, table, qa, m[va + im.V_ORIGIN], m[va + im.V_TOWARD])
    factor = 1.0
    if m[qa + im.Q_LEAVING] == 0:
        factor = factor_of(w, f, m, m[va + im.V_SERVICE], qa)
    return ticks_of(w, factor * draw(w, f, d, u))


@compiled
def begin_step(w: Ints, f: Floats, m: Ints, q: int, v: int, step: int) -> bool:
    """Ask for what a step needs; whether its staff are there."""
    va, qa = visit_at(m, v), patient_at(m, q)
    origin, toward = m[va + im.V_ORIGIN], m[va + im.V_TOWARD]
    reason = step_int(w, step, tb.P_REASON)
    if reason != NONE:
        open_delay(m, q, v, reason, toward)
    needs = 0
    row = m[im.N_STAFFED]
    m[qa + im.Q_STAFFED] = row
    for k in range(step_int(w, step, tb.P_POOL_FROM), step_int(w, step, tb.P_POOL_TO)):
        pool, table = w[w[im.P_POOL_AT] + 2 * k], w[w[im.P_POOL_AT] + 2 * k + 1]
        number = whole_row(w, m, table, qa, origin, toward)
        if number > 0:
            ca = call_at(m, q, needs)
            m[ca + im.CALL_POOL], m[ca + im.CALL_NUMBER] = pool, number
            if row + needs >= m[im.STAFFED_ROOM]:
                m[im.FAULT] = im.NO_ROOM
                return True
            t = m[im.STAFFED_AT] + (row + needs) * im.STAFFED_WIDTH
            position = step - service_int(w, m[va + im.V_SERVICE], tb.S_STEP_FROM)
            m[t], m[t + 1], m[t + 2], m[t + 3] = v, m[va + im.V_SERVICE], position, pool
            m[t + 4], m[t + 5], m[t + 6], m[t + 7] = number, m[im.NOW], NEVER, NEVER
            needs += 1
    m[im.N_STAFFED] = row + needs
    m[qa + im.Q_NEEDS] = needs
    if needs == 0:
        return True
    return call_staff(m, q, m[va + im.V_CLASS])


@compiled
def stamp_staffed(m: Ints, q: int, column: int) -> None:
    """Write the present tick into a column of the step's rows."""
    qa = patient_at(m, q)
    for k in range(m[qa + im.Q_NEEDS]):
        m[m[im.STAFFED_AT] + (m[qa + im.Q_STAFFED] + k) * im.STAFFED_WIDTH + column] = m[im.NOW]


@compiled
def take_time(w: Ints, f: Floats, m: Ints, q: int, v: int, step: int) -> bool:
    """Start a step's time; whether it takes any."""
    va, qa, now = visit_at(m, v), patient_at(m, q), m[im.NOW]
    stamp_staffed(m, q, 6)
    leaving = m[qa + im.Q_LEAVING] == 1
    if not leaving and (m[va + im.V_SEEN] == NEVER or step_int(w, step, tb.P_SEEN) == 1):
        m[va + im.V_SEEN] = now
    ticks = duration(w, f, m, q, v, step)
    if keeps_inside(w, m[va + im.V_SERVICE]):
        begin_stint(w, m, q, v, ticks)
        return True
    if ticks <= 0:
        return False
    m[qa + im.Q_STATE] = im.IN_STEP
    schedule(w, m, now + ticks, (READY if leaving else FINISH) | q, stint_of(m, v))
    return True


@compiled
def stint_of(m: Ints, v: int) -> int:
    """Name the present stretch of a visit, so that a finish foreseen before an interruption is known to be stale."""
    return (v << VERSION_BITS) | m[visit_at(m, v) + im.V_VERSION]


@compiled
def begin_stint(w: Ints, m: Ints, q: int, v: int, ticks: int) -> None:
    """Start a stretch of a step that may be interrupted; or wait for it, if stopped before it began."""
    va = visit_at(m, v)
    if m[va + im.V_INTERRUPTED_AT] != NEVER:
        m[va + im.V_REMAINING] = ticks
        m[patient_at(m, q) + im.Q_STATE] = im.STOPPED
        return
    m[va + im.V_FINISH] = m[im.NOW] + ticks
    m[patient_at(m, q) + im.Q_STATE] = im.IN_STINT
    schedule(w, m, m[im.NOW] + ticks, FINISH | q, stint_of(m, v))


@compiled
def begin_package(w: Ints, f: Floats, m: Ints, q: int, v: int, step: int) -> None:
    """Start a package of home visits, in whole days."""
    va, qa = visit_at(m, v), patient_at(m, q)
    s = m[va + im.V_SERVICE]
    if m[qa + im.Q_REMAINING] == NEVER:
        m[va + im.V_DAYS] = whole_days(duration(w, f, m, q, v, step) / w[im.TICKS_PER_MINUTE])
    else:
        m[va + im.V_DAYS] = m[qa + im.Q_REMAINING_DAYS]
    m[va + im.V_SEEN] = m[va + im.V_STARTED]
    last = m[va + im.V_START_DAY] + m[va + im.V_DAYS]
    tick = w[im.END]
    if last < w[im.WEEKDAYS_AT] - w[im.MIDNIGHTS_AT]:
        tick = w[w[im.MIDNIGHTS_AT] + last] + service_int(w, s, tb.S_DAY_START) * w[im.TICKS_PER_MINUTE]
    m[qa + im.Q_STATE] = im.IN_PACKAGE
    schedule(w, m, tick, FINISH | q, stint_of(m, v))


@compiled
def finish_step(w: Ints, m: Ints, q: int) -> None:
    """End a step: its delay, and its hold on staff."""
    stamp_staffed(m, q, 7)
    close_delay(m, q)
    if m[patient_at(m, q) + im.Q_NEEDS] > 0:
        release_staff(w, m, q)


@compiled
def next_step(w: Ints, f: Floats, m: Ints, q: int, v: int) -> int:
    """Return the next step the patient needs of the present phase; NONE when there is none."""
    va, qa = visit_at(m, v), patient_at(m, q)
    s = m[va + im.V_SERVICE]
    is_package = service_int(w, s, tb.S_VISITS) == 1
    step = m[qa + im.Q_STEP] + 1
    while step < service_int(w, s, tb.S_STEP_TO):
        is_next = step_int(w, step, tb.P_LEAVING) == m[qa + im.Q_LEAVING]
        if is_next and ((is_package and m[qa + im.Q_LEAVING] == 0) or not is_skipped(w, f, m, qa, va, step)):
            m[qa + im.Q_STEP] = step
            return step
        step += 1
    return NONE
