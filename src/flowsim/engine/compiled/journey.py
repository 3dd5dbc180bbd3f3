"""A patient from door to door: ``engine.reference`` as a machine that stops where the patient waits."""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import schedule
from flowsim.engine.compiled.codes import DONE, MOST_MOVES_AN_INSTANT, NEVER, NONE, PATIENCE, RISE
from flowsim.engine.compiled.jit import compiled, inlined
from flowsim.engine.compiled.lists import go_out
from flowsim.engine.compiled.memory import draw, draw_residual, luck_of_visit, row, ticks_of
from flowsim.engine.compiled.records import close_delay, free_visit, open_delay, write_visit
from flowsim.engine.compiled.spaces import ask, vacate
from flowsim.engine.compiled.steps import (
    begin_package,
    begin_step,
    begin_stint,
    decondition,
    finish_step,
    next_step,
    take_time,
)
from flowsim.engine.compiled.ways import choose, encode, is_drawn, open_visit, pick_place, resolve
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints

(TO_ASK, TO_WAIT, ASKED, TO_BEGIN, TO_STEP, TO_TIME, TO_FINISH, TO_RESUME) = range(8)
"""Where a patient goes on from."""


@compiled
def is_placed(m: Ints, v: int) -> bool:
    """Whether nothing keeps the patient in the space they hold."""
    return m[v + im.V_STARTED] != NEVER or m[v + im.V_SEATED] == 1 or m[v + im.V_OUTCOME] == im.RENEGED


@compiled
def let_go_if_placed(w: Ints, f: Floats, m: Ints, v: int) -> None:
    """Give up the space held once the next place has taken the patient."""
    held = m[v + im.V_HELD_VISIT]
    if held != NONE and is_placed(m, v):
        m[v + im.V_HELD_VISIT] = NONE
        m[v + im.V_MOVED] = m[im.NOW]
        to = m[v + im.V_SERVICE]
        if m[v + im.V_OUTCOME] == im.RENEGED:
            to = m[v + im.V_DESTINATION]
        vacate(w, f, m, held, to)


@compiled
def set_clocks(w: Ints, f: Floats, m: Ints, q: int, v: int) -> None:
    """Start the clocks of patience and of rising class."""
    now = m[im.NOW]
    s, origin = m[v + im.V_STATION], m[v + im.V_ORIGIN]
    table = m[s + tb.S_PATIENCE]
    holds = m[v + im.V_HELD_VISIT] != NONE and m[v + im.V_SEATED] == 0
    if table != NONE and (m[s + tb.S_PATIENCE_HOLDERS] == 1 or not holds):
        d = row(w, m, table, q, origin, 0)
        u = luck_of_visit(w, m, q, v, m[s + tb.S_PATIENCE_PURPOSE])
        waited = now - m[v + im.V_QUEUED]
        if waited > 0:
            left = ticks_of(w, draw_residual(f, d, waited / w[tb.TICKS_PER_MINUTE], u))
        else:
            left = ticks_of(w, draw(f, d, u))
        m[v + im.V_DEADLINE] = now + left
        schedule(w, m, now + left, PATIENCE, m[q + im.Q_ROW], q)
    after = m[s + tb.S_RISES_AFTER]
    if after != NEVER:
        m[v + im.V_RISES_AT] = max(now, m[v + im.V_QUEUED] + after)
        schedule(w, m, m[v + im.V_RISES_AT], RISE, m[q + im.Q_ROW], q)


@inlined
def begin_care(w: Ints, f: Floats, m: Ints, q: int, v: int) -> None:
    """Let earlier delay tell, and draw the way out."""
    s = m[v + im.V_STATION]
    if m[s + tb.S_DECONDITIONS] == 1:
        decondition(w, f, m, s, q, m[v + im.V_ORDINAL])
    branch = row(w, m, m[s + tb.S_BRANCHES], q, m[v + im.V_ORIGIN], 0)
    m[v + im.V_BRANCH] = branch
    if is_drawn(w, branch):
        m[v + im.V_TOWARD] = pick_place(w, f, branch, luck_of_visit(w, m, q, v, m[s + tb.S_BRANCH_PURPOSE]))
    else:
        m[v + im.V_TOWARD] = w[branch + tb.B_PLACES]
    m[q + im.Q_LEAVING] = 0
    m[q + im.Q_STEP] = m[s + tb.S_STEP_FROM] - tb.STEP_WIDTH
    if m[q + im.Q_REMAINING] != NEVER:
        # Someone there at the start has only the rest of the last step of care.
        last = m[s + tb.S_STEP_TO]
        for step in range(m[s + tb.S_STEP_FROM], m[s + tb.S_STEP_TO], tb.STEP_WIDTH):
            if w[step + tb.P_LEAVING] == 0:
                last = step
        m[q + im.Q_STEP] = last - tb.STEP_WIDTH


@inlined
def way_out(w: Ints, f: Floats, m: Ints, q: int, v: int) -> int:
    """Where the patient goes now, junctions included; and what leaving sets."""
    s, branch, place = m[v + im.V_STATION], m[v + im.V_BRANCH], m[v + im.V_TOWARD]
    service = m[v + im.V_SERVICE]
    if w[branch + tb.B_RULE] != tb.RULE_SHARE:
        place = choose(w, f, m, q, service, branch)
    if m[s + tb.S_SETS_FROM] != m[s + tb.S_SETS_TO]:
        for k in range(m[s + tb.S_SETS_FROM], m[s + tb.S_SETS_TO], 2):
            m[q + im.Q_ATTRIBUTES + w[k]] = w[k + 1]
        encode(w, m, q)
    return resolve(w, f, m, q, service, place)


@inlined
def depart(m: Ints, q: int, place: int) -> None:
    """Let a patient out, and their row be taken again."""
    at = m[q + im.Q_ROW]
    m[m[im.EXITS_AT] + at], m[m[im.GONE_AT] + at] = place, m[im.NOW]
    m[q + im.Q_ROW], m[q + im.Q_STATE] = NEVER, im.GONE
    m[q + im.Q_NEXT_FREE] = m[im.FREE_PATIENT]
    m[im.FREE_PATIENT] = q


@inlined
def ask_next(w: Ints, f: Floats, m: Ints, q: int) -> bool:
    """Ask for the next place; whether the patient must wait or is gone."""
    place, held = m[q + im.Q_PLACE], m[q + im.Q_HELD]
    if place >= w[tb.N_SERVICES]:
        if held != NONE:
            vacate(w, f, m, held, place)
        depart(m, q, place)
        return True
    if m[q + im.Q_LAST_MOVE] == m[im.NOW]:
        m[q + im.Q_MOVES] += 1
        if m[q + im.Q_MOVES] > MOST_MOVES_AN_INSTANT:
            m[im.FAULT] = im.GOES_ROUND
            m[im.CULPRIT] = place
            m[q + im.Q_STATE] = im.GONE
            return True
    else:
        m[q + im.Q_MOVES] = 0
    m[q + im.Q_LAST_MOVE] = m[im.NOW]
    if held != NONE and m[held + im.V_SERVICE] == place:
        vacate(w, f, m, held, place)
        held = NONE
    v = open_visit(w, f, m, q, place, m[q + im.Q_ORIGIN], held, m[q + im.Q_WAITED])
    m[q + im.Q_WAITED] = NEVER
    m[q + im.Q_VISIT] = v
    if not ask(w, f, m, v):
        let_go_if_placed(w, f, m, v)
        return False
    m[q + im.Q_STATE] = im.WAITING
    set_clocks(w, f, m, q, v)
    let_go_if_placed(w, f, m, v)
    if m[v + im.V_HELD_VISIT] != NONE:
        open_delay(m, q, m[v + im.V_HELD_VISIT], m[m[v + im.V_STATION] + tb.S_REASON], place)
    return True


@inlined
def still_waits(w: Ints, f: Floats, m: Ints, q: int) -> bool:
    """Look after a patient woken while waiting; whether the wait goes on."""
    v = m[q + im.Q_VISIT]
    if is_placed(m, v):
        close_delay(m, q)
    let_go_if_placed(w, f, m, v)
    return m[v + im.V_STARTED] == NEVER and m[v + im.V_OUTCOME] == im.IN_PROGRESS


@inlined
def end_phase(w: Ints, f: Floats, m: Ints, q: int, v: int) -> bool:
    """Go from care to leaving, or from leaving to the next place; whether care has only now ended."""
    s = m[v + im.V_STATION]
    if m[q + im.Q_LEAVING] == 0:
        if m[v + im.V_SEEN] == NEVER:
            m[v + im.V_SEEN] = m[v + im.V_STARTED]
        m[v + im.V_READY] = m[im.NOW]
        # Whoever is ready keeps the space, but there is no care left to interrupt.
        if m[s + tb.S_VISITS] == 0 and m[s + tb.S_KEEPS_INSIDE] == 1:
            go_out(m, s, v)
        m[q + im.Q_LEAVING] = 1
        m[q + im.Q_REMAINING] = NEVER
        m[q + im.Q_STEP] = m[s + tb.S_STEP_FROM] - tb.STEP_WIDTH
        return True
    m[q + im.Q_PLACE] = way_out(w, f, m, q, v)
    m[q + im.Q_ORIGIN] = m[v + im.V_SERVICE]
    m[q + im.Q_HELD] = v
    return False


@compiled
def resume_stint(w: Ints, m: Ints, q: int, v: int) -> bool:
    """Look after a patient woken in a service that may interrupt; whether the step is done."""
    if m[v + im.V_REMAINING] == DONE:
        return True
    if m[v + im.V_INTERRUPTED_AT] != NEVER:
        m[q + im.Q_STATE] = im.STOPPED
    else:
        begin_stint(w, m, q, v, m[v + im.V_REMAINING])
    return False


@inlined
def entry_of(state: int) -> int:
    """Where a patient goes on, by what they waited for."""
    if state == im.ASKING:
        return TO_ASK
    if state == im.WAITING:
        return TO_WAIT
    if state == im.CALLING:
        return TO_TIME
    if state == im.IN_STEP:
        return TO_FINISH
    if state == im.IN_PACKAGE:
        return TO_STEP
    if state == im.PRESENT:
        return TO_BEGIN
    return TO_RESUME


@compiled
def go(w: Ints, f: Floats, m: Ints, q: int) -> None:
    """Let a patient go on until they must wait: ``_Run.journey`` from where it stopped."""
    todo = entry_of(m[q + im.Q_STATE])
    while m[im.FAULT] == im.NO_FAULT:
        v = m[q + im.Q_VISIT]
        if todo == TO_ASK:
            if ask_next(w, f, m, q):
                return
            todo = ASKED
        elif todo == TO_WAIT:
            if still_waits(w, f, m, q):
                return
            todo = ASKED
        elif todo == ASKED:
            if m[v + im.V_OUTCOME] == im.IN_PROGRESS:
                todo = TO_BEGIN
            else:
                m[q + im.Q_PLACE] = resolve(w, f, m, q, m[q + im.Q_ORIGIN], m[v + im.V_DESTINATION])
                m[q + im.Q_HELD] = m[v + im.V_HELD_VISIT]
                write_visit(m, v)
                free_visit(m, v)
                todo = TO_ASK
        elif todo == TO_BEGIN:
            begin_care(w, f, m, q, v)
            todo = TO_STEP
        elif todo == TO_STEP:
            step = next_step(w, f, m, q, v)
            if step == NONE:
                todo = TO_STEP if end_phase(w, f, m, q, v) else TO_ASK
            elif m[q + im.Q_LEAVING] == 0 and m[m[v + im.V_STATION] + tb.S_VISITS] == 1:
                begin_package(w, f, m, q, v, step)
                return
            elif begin_step(w, f, m, q, v, step):
                todo = TO_TIME
            else:
                m[q + im.Q_STATE] = im.CALLING
                return
        elif todo == TO_TIME:
            if take_time(w, f, m, q, v, m[q + im.Q_STEP]):
                return
            todo = TO_FINISH
        elif todo == TO_FINISH:
            finish_step(w, m, q)
            todo = TO_STEP
        else:
            if not resume_stint(w, m, q, v):
                return
            todo = TO_FINISH
