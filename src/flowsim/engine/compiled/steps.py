"""Steps of care and of leaving, and the delays they are."""

from __future__ import annotations

import math

from flowsim.draws.quantiles import exponential_from_uniform
from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import schedule
from flowsim.engine.compiled.codes import FAR, FINISH, NEVER, NONE, READY
from flowsim.engine.compiled.jit import compiled, inlined
from flowsim.engine.compiled.memory import draw_for, luck, luck_of_visit, pool_at, real_of, row, ticks_of
from flowsim.engine.compiled.records import close_delay, open_delay, open_staffed, stamp_staffed
from flowsim.engine.compiled.rules import shift_probability, stay_factor, whole_days
from flowsim.engine.compiled.staff import call_at, call_staff, release_staff
from flowsim.engine.compiled.ways import encode
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints


@compiled
def days_delayed(w: Ints, m: Ints, q: int) -> float:
    """Return the days a patient has been delayed so far."""
    return m[q + im.Q_DELAYED] / (1440 * w[tb.TICKS_PER_MINUTE])


@inlined
def factor_of(w: Ints, f: Floats, m: Ints, s: int, q: int) -> float:
    """Return what delay multiplies a stay by."""
    if m[s + tb.S_DECONDITIONS] == 0:
        return 1.0
    per_day, limit = real_of(f, m, s, tb.R_STAY_PER_DAY), real_of(f, m, s, tb.R_STAY_LIMIT)
    return stay_factor(days_delayed(w, m, q), per_day, limit)


@compiled
def decondition(w: Ints, f: Floats, m: Ints, s: int, q: int, ordinal: int) -> None:
    """Perhaps move an attribute one level on after delay."""
    attribute = m[s + tb.S_SHIFT_ATTRIBUTE]
    days = days_delayed(w, m, q)
    if attribute == NONE or days <= 0:
        return
    top = w[w[tb.LEVELS_AT] + attribute] - 1
    chance = shift_probability(days, real_of(f, m, s, tb.R_SHIFT_PER_DAY), real_of(f, m, s, tb.R_SHIFT_LIMIT))
    at = q + im.Q_ATTRIBUTES + attribute
    if m[at] < top and luck(w, m, q, m[s + tb.S_SHIFT_PURPOSE], ordinal) < chance:
        m[at] += 1
        encode(w, m, q)


@inlined
def is_skipped(w: Ints, f: Floats, m: Ints, q: int, v: int, step: int) -> bool:
    """Whether the patient does not need a step."""
    table = w[step + tb.P_SHARE]
    if table == NONE:
        return False
    share = f[row(w, m, table, q, m[v + im.V_ORIGIN], m[v + im.V_TOWARD])]
    if share <= 0.0 or share >= 1.0:
        return share <= 0.0
    return luck_of_visit(w, m, q, v, w[step + tb.P_SHARE_PURPOSE]) >= share


@compiled
def departure_tick(w: Ints, f: Floats, hazard: int, start_tick: int, wanted: float) -> int:
    """Return what ``rules.discharge.departure_tick`` returns."""
    ticks, rates, sums = hazard + tb.H_TICKS, w[hazard + tb.H_RATES], w[hazard + tb.H_SUMS]
    low, high = 0, w[hazard + tb.H_SIZE]
    while low < high:
        middle = (low + high) >> 1
        if start_tick < w[ticks + middle]:
            high = middle
        else:
            low = middle + 1
    at = low - 1
    target = f[sums + at] + (start_tick - w[ticks + at]) * f[rates + at] + wanted
    low, high = 0, w[hazard + tb.H_SIZE]
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


@inlined
def duration(w: Ints, f: Floats, m: Ints, q: int, v: int, step: int) -> int:
    """Return how long a step takes [ticks]."""
    if m[q + im.Q_REMAINING] != NEVER and m[q + im.Q_LEAVING] == 0:
        return m[q + im.Q_REMAINING]
    hazard = w[step + tb.P_HAZARD]
    if hazard != NONE:
        u = luck_of_visit(w, m, q, v, w[step + tb.P_PURPOSE])
        return departure_tick(w, f, hazard, m[im.NOW], exponential_from_uniform(u)) - m[im.NOW]
    table = w[step + tb.P_DURATION]
    if table == NONE:
        return 0
    d = row(w, m, table, q, m[v + im.V_ORIGIN], m[v + im.V_TOWARD])
    factor = 1.0
    if m[q + im.Q_LEAVING] == 0:
        factor = factor_of(w, f, m, m[v + im.V_STATION], q)
    return ticks_of(w, factor * draw_for(w, f, m, q, v, d, w[step + tb.P_PURPOSE]))


@inlined
def begin_step(w: Ints, f: Floats, m: Ints, q: int, v: int, step: int) -> bool:
    """Ask for what a step needs; whether its staff are there."""
    origin, toward = m[v + im.V_ORIGIN], m[v + im.V_TOWARD]
    reason = w[step + tb.P_REASON]
    if reason != NONE:
        open_delay(m, q, v, reason, toward)
    needs = 0
    m[q + im.Q_STAFFED] = m[im.N_STAFFED]
    for need in range(w[step + tb.P_POOL_FROM], w[step + tb.P_POOL_TO], 2):
        number = row(w, m, w[need + 1], q, origin, toward)
        if number > 0:
            call = call_at(m, q, needs)
            m[call + im.CALL_POOL], m[call + im.CALL_NUMBER] = pool_at(m, w[need]), number
            open_staffed(m, v, w[step + tb.P_POSITION], w[need], number)
            needs += 1
    m[q + im.Q_NEEDS] = needs
    if needs == 0 or m[im.FAULT] != im.NO_FAULT:
        return True
    return call_staff(m, q, m[v + im.V_CLASS])


@inlined
def take_time(w: Ints, f: Floats, m: Ints, q: int, v: int, step: int) -> bool:
    """Start a step's time; whether it takes any."""
    now = m[im.NOW]
    stamp_staffed(m, q, im.STAFFED_STARTED)
    leaving = m[q + im.Q_LEAVING] == 1
    if not leaving and (m[v + im.V_SEEN] == NEVER or w[step + tb.P_SEEN] == 1):
        m[v + im.V_SEEN] = now
    ticks = duration(w, f, m, q, v, step)
    if m[m[v + im.V_STATION] + tb.S_KEEPS_INSIDE] == 1:
        begin_stint(w, m, q, v, ticks)
        return True
    if ticks <= 0:
        return False
    m[q + im.Q_STATE] = im.IN_STEP
    if leaving:
        m[v + im.V_FINISH] = NEVER
        schedule(w, m, now + ticks, READY, m[q + im.Q_ROW], q)
    else:
        foresee(w, m, q, v, now + ticks)
    return True


@inlined
def foresee(w: Ints, m: Ints, q: int, v: int, tick: int) -> None:
    """Put the end of a stretch into the calendar; the visit knows when, so that a stale one is known as such."""
    m[v + im.V_FINISH] = tick
    schedule(w, m, tick, FINISH, m[q + im.Q_ROW], q)


@compiled
def begin_stint(w: Ints, m: Ints, q: int, v: int, ticks: int) -> None:
    """Start a stretch of a step that may be interrupted; or wait for it, if stopped before it began."""
    if m[v + im.V_INTERRUPTED_AT] != NEVER:
        m[v + im.V_REMAINING] = ticks
        m[q + im.Q_STATE] = im.STOPPED
        return
    m[q + im.Q_STATE] = im.IN_STINT
    foresee(w, m, q, v, m[im.NOW] + ticks)


@compiled
def begin_package(w: Ints, f: Floats, m: Ints, q: int, v: int, step: int) -> None:
    """Start a package of home visits, in whole days."""
    s = m[v + im.V_STATION]
    if m[q + im.Q_REMAINING] == NEVER:
        m[v + im.V_DAYS] = whole_days(duration(w, f, m, q, v, step) / w[tb.TICKS_PER_MINUTE])
    else:
        m[v + im.V_DAYS] = m[q + im.Q_REMAINING_DAYS]
    m[v + im.V_SEEN] = m[v + im.V_STARTED]
    last = m[v + im.V_START_DAY] + m[v + im.V_DAYS]
    tick = w[tb.END]
    if last < w[tb.N_MIDNIGHTS]:
        tick = w[w[tb.MIDNIGHTS_AT] + last] + m[s + tb.S_DAY_START] * w[tb.TICKS_PER_MINUTE]
    m[q + im.Q_STATE] = im.IN_PACKAGE
    foresee(w, m, q, v, tick)


@inlined
def finish_step(w: Ints, m: Ints, q: int) -> None:
    """End a step: its delay, and its hold on staff."""
    stamp_staffed(m, q, im.STAFFED_ENDED)
    close_delay(m, q)
    if m[q + im.Q_NEEDS] > 0:
        release_staff(w, m, q)


@inlined
def next_step(w: Ints, f: Floats, m: Ints, q: int, v: int) -> int:
    """Return the next step the patient needs of the present phase; NONE when there is none."""
    s, leaving = m[v + im.V_STATION], m[q + im.Q_LEAVING]
    is_package = m[s + tb.S_VISITS] == 1 and leaving == 0
    step, past = m[q + im.Q_STEP] + tb.STEP_WIDTH, m[s + tb.S_STEP_TO]
    while step < past:
        if w[step + tb.P_LEAVING] == leaving and (is_package or not is_skipped(w, f, m, q, v, step)):
            m[q + im.Q_STEP] = step
            return step
        step += tb.STEP_WIDTH
    return NONE
