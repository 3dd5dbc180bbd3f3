"""A patient from door to door: ``engine.reference`` as a machine that stops where the patient waits."""

from __future__ import annotations

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import schedule
from flowsim.engine.compiled.codes import DONE, MOST_MOVES_AN_INSTANT, NEVER, NONE, PATIENCE, RISE
from flowsim.engine.compiled.jit import compiled
from flowsim.engine.compiled.lists import go_out
from flowsim.engine.compiled.memory import (
    draw,
    draw_residual,
    luck,
    patient_at,
    service_int,
    step_int,
    ticks_of,
    visit_at,
    whole_row,
)
from flowsim.engine.compiled.spaces import ask, keeps_inside, vacate
from flowsim.engine.compiled.steps import (
    begin_package,
    begin_step,
    begin_stint,
    close_delay,
    decondition,
    finish_step,
    next_step,
    open_delay,
    take_time,
)
from flowsim.engine.compiled.ways import choose, open_visit, pick_place, resolve
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints

(TO_ASK, TO_WAIT, ASKED, TO_BEGIN, TO_STEP, TO_TIME, TO_FINISH, TO_RESUME) = range(8)
"""Where a patient goes on from."""


@compiled
def is_placed(m: Ints, va: int) -> bool:
    """Whether nothing keeps the patient in the space they hold."""
    return m[va + im.V_STARTED] != NEVER or m[va + im.V_SEATED] == 1 or m[va + im.V_OUTCOME] == im.RENEGED


@compiled
def let_go_if_placed(w: Ints, f: Floats, m: Ints, v: int) -> None:
    """Give up the space held once the next place has taken the patient."""
    va = visit_at(m, v)
    held = m[va + im.V_HELD_VISIT]
    if held != NONE and is_placed(m, va):
        m[va + im.V_HELD_VISIT] = NONE
        m[va + im.V_MOVED] = m[im.NOW]
        to = m[va + im.V_SERVICE]
        if m[va + im.V_OUTCOME] == im.RENEGED:
            to = m[va + im.V_DESTINATION]
        vacate(w, f, m, held, to)


@compiled
def set_clocks(w: Ints, f: Floats, m: Ints, q: int, v: int) -> None:
    """Start the clocks of patience and of rising class."""
    va, qa, now = visit_at(m, v), patient_at(m, q), m[im.NOW]
    s, origin = m[va + im.V_SERVICE], m[va + im.V_ORIGIN]
    table = service_int(w, s, tb.S_PATIENCE)
    holds = m[va + im.V_HELD_VISIT] != NONE and m[va + im.V_SEATED] == 0
    if table != NONE and (service_int(w, s, tb.S_PATIENCE_HOLDERS) == 1 or not holds):
        d = whole_row(w, m, table, qa, origin, 0)
        u = luck(w, m, qa, service_int(w, s, tb.S_PATIENCE_PURPOSE), m[va + im.V_ORDINAL])
        waited = now - m[va + im.V_QUEUED]
        if waited > 0:
            left = ticks_of(w, draw_residual(w, f, d, waited / w[im.TICKS_PER_MINUTE], u))
        else:
            left = ticks_of(w, draw(w, f, d, u))
        schedule(w, m, now + left, PATIENCE | q, v)
    after = service_int(w, s, tb.S_RISES_AFTER)
    if after != NEVER:
        schedule(w, m, max(now, m[va + im.V_QUEUED] + after), RISE | q, v)


@compiled
def begin_care(w: Ints, f: Floats, m: Ints, q: int, v: int) -> None:
    """Let earlier delay tell, and draw the way out."""
    va, qa = visit_at(m, v), patient_at(m, q)
    s = m[va + im.V_SERVICE]
    if service_int(w, s, tb.S_DECONDITIONS) == 1:
        decondition(w, f, m, s, qa, m[va + im.V_ORDINAL])
    branch = whole_row(w, m, service_int(w, s, tb.S_BRANCHES), qa, m[va + im.V_ORIGIN], 0)
    m[va + im.V_BRANCH] = branch
    if w[w[im.B_RULE_AT] + branch] == tb.RULE_SHARE:
        purpose = service_int(w, s, tb.S_BRANCH_PURPOSE)
        m[va + im.V_TOWARD] = pick_place(w, f, m, qa, branch, purpose, m[va + im.V_ORDINAL])
    else:
        m[va + im.V_TOWARD] = w[w[im.B_PLACE_AT] + w[w[im.B_FROM_AT] + branch]]
    m[qa + im.Q_LEAVING] = 0
    m[qa + im.Q_STEP] = service_int(w, s, tb.S_STEP_FROM) - 1
    if m[qa + im.Q_REMAINING] != NEVER:
        # Someone there at the start has only the rest of the last step of care.
        last = service_int(w, s, tb.S_STEP_TO)
        for step in range(service_int(w, s, tb.S_STEP_FROM), service_int(w, s, tb.S_STEP_TO)):
            if step_int(w, step, tb.P_LEAVING) == 0:
                last = step
        m[qa + im.Q_STEP] = last - 1


@compiled
def way_out(w: Ints, f: Floats, m: Ints, q: int, v: int) -> int:
    """Where the patient goes now, junctions included; and what leaving sets."""
    va, qa = visit_at(m, v), patient_at(m, q)
    s, branch, place = m[va + im.V_SERVICE], m[va + im.V_BRANCH], m[va + im.V_TOWARD]
    if w[w[im.B_RULE_AT] + branch] != tb.RULE_SHARE:
        place = choose(w, f, m, q, s, branch)
    for k in range(service_int(w, s, tb.S_SETS_FROM), service_int(w, s, tb.S_SETS_TO)):
        m[qa + im.Q_ATTRIBUTES + w[w[im.S_SETS_AT] + 2 * k]] = w[w[im.S_SETS_AT] + 2 * k + 1]
    return resolve(w, f, m, q, s, place)


(TO_ASK, TO_WAIT, ASKED, TO_BEGIN, TO_STEP, TO_TIME, TO_FINISH, TO_RESUME) = range(8)


@compiled
def depart(m: Ints, q: int, place: int) -> None:
    """Let a patient out, and their slot be taken again."""
    m[m[im.EXITS_AT] + q], m[m[im.GONE_AT] + q] = place, m[im.NOW]
    m[patient_at(m, q) + im.Q_STATE] = im.GONE
    m[m[im.FREE_AT] + m[im.N_FREE]] = m[m[im.SLOTS_AT] + q]
    m[im.N_FREE] += 1


@compiled
def ask_next(w: Ints, f: Floats, m: Ints, q: int) -> bool:
    """Ask for the next place; whether the patient must wait or is gone."""
    qa = patient_at(m, q)
    place, held = m[qa + im.Q_PLACE], m[qa + im.Q_HELD]
    if place >= w[im.N_SERVICES]:
        if held != NONE:
            vacate(w, f, m, held, place)
        depart(m, q, place)
        return True
    if m[qa + im.Q_LAST_MOVE] == m[im.NOW]:
        m[qa + im.Q_MOVES] += 1
        if m[qa + im.Q_MOVES] > MOST_MOVES_AN_INSTANT:
            m[im.FAULT] = im.GOES_ROUND
            m[im.CULPRIT] = place
            m[qa + im.Q_STATE] = im.GONE
            return True
    else:
        m[qa + im.Q_MOVES] = 0
    m[qa + im.Q_LAST_MOVE] = m[im.NOW]
    if held != NONE and m[visit_at(m, held) + im.V_SERVICE] == place:
        vacate(w, f, m, held, place)
        held = NONE
    v = open_visit(w, f, m, q, place, m[qa + im.Q_ORIGIN], held, m[qa + im.Q_WAITED])
    m[qa + im.Q_WAITED] = NEVER
    m[qa + im.Q_VISIT] = v
    if not ask(w, f, m, v):
        let_go_if_placed(w, f, m, v)
        return False
    m[qa + im.Q_STATE] = im.WAITING
    set_clocks(w, f, m, q, v)
    let_go_if_placed(w, f, m, v)
    va = visit_at(m, v)
    if m[va + im.V_HELD_VISIT] != NONE:
        open_delay(m, q, m[va + im.V_HELD_VISIT], service_int(w, place, tb.S_REASON), place)
    return True


@compiled
def still_waits(w: Ints, f: Floats, m: Ints, q: int) -> bool:
    """Look after a patient woken while waiting; whether the wait goes on."""
    v = m[patient_at(m, q) + im.Q_VISIT]
    va = visit_at(m, v)
    if is_placed(m, va):
        close_delay(m, q)
    let_go_if_placed(w, f, m, v)
    return m[va + im.V_STARTED] == NEVER and m[va + im.V_OUTCOME] == im.IN_PROGRESS


@compiled
def end_phase(w: Ints, f: Floats, m: Ints, q: int, v: int) -> bool:
    """Go from care to leaving, or from leaving to the next place; whether care has only now ended."""
    va, qa = visit_at(m, v), patient_at(m, q)
    if m[qa + im.Q_LEAVING] == 0:
        if m[va + im.V_SEEN] == NEVER:
            m[va + im.V_SEEN] = m[va + im.V_STARTED]
        m[va + im.V_READY] = m[im.NOW]
        # Whoever is ready keeps the space, but there is no care left to interrupt.
        if service_int(w, m[va + im.V_SERVICE], tb.S_VISITS) == 0 and keeps_inside(w, m[va + im.V_SERVICE]):
            go_out(m, m[va + im.V_SERVICE], v)
        m[qa + im.Q_LEAVING] = 1
        m[qa + im.Q_REMAINING] = NEVER
        m[qa + im.Q_STEP] = service_int(w, m[va + im.V_SERVICE], tb.S_STEP_FROM) - 1
        return True
    m[qa + im.Q_PLACE] = way_out(w, f, m, q, v)
    m[qa + im.Q_ORIGIN] = m[va + im.V_SERVICE]
    m[qa + im.Q_HELD] = v
    return False


@compiled
def resume_stint(w: Ints, m: Ints, q: int, v: int) -> bool:
    """Look after a patient woken in a service that may interrupt; whether the step is done."""
    va, qa = visit_at(m, v), patient_at(m, q)
    if m[va + im.V_REMAINING] == DONE:
        return True
    if m[va + im.V_INTERRUPTED_AT] != NEVER:
        m[qa + im.Q_STATE] = im.STOPPED
    else:
        begin_stint(w, m, q, v, m[va + im.V_REMAINING])
    return False


@compiled
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
    qa = patient_at(m, q)
    todo = entry_of(m[qa + im.Q_STATE])
    while m[im.FAULT] == im.NO_FAULT:
        v = m[qa + im.Q_VISIT]
        if todo == TO_ASK:
            if ask_next(w, f, m, q):
                return
            todo = ASKED
        elif todo == TO_WAIT:
            if still_waits(w, f, m, q):
                return
            todo = ASKED
        elif todo == ASKED:
            va = visit_at(m, v)
            if m[va + im.V_OUTCOME] == im.IN_PROGRESS:
                todo = TO_BEGIN
            else:
                m[qa + im.Q_PLACE] = resolve(w, f, m, q, m[qa + im.Q_ORIGIN], m[va + im.V_DESTINATION])
                m[qa + im.Q_HELD] = m[va + im.V_HELD_VISIT]
                todo = TO_ASK
        elif todo == TO_BEGIN:
            begin_care(w, f, m, q, v)
            todo = TO_STEP
        elif todo == TO_STEP:
            step = next_step(w, f, m, q, v)
            if step == NONE:
                todo = TO_STEP if end_phase(w, f, m, q, v) else TO_ASK
            elif m[qa + im.Q_LEAVING] == 0 and service_int(w, m[visit_at(m, v) + im.V_SERVICE], tb.S_VISITS) == 1:
                begin_package(w, f, m, q, v, step)
                return
            elif begin_step(w, f, m, q, v, step):
                todo = TO_TIME
            else:
                m[qa + im.Q_STATE] = im.CALLING
                return
        elif todo == TO_TIME:
            if take_time(w, f, m, q, v, m[qa + im.Q_STEP]):
                return
            todo = TO_FINISH
        elif todo == TO_FINISH:
            finish_step(w, m, q)
            todo = TO_STEP
        else:
            if not resume_stint(w, m, q, v):
                return
            todo = TO_FINISH
