"""Coming to a service, and where to go from there."""

from __future__ import annotations

from flowsim.draws.quantiles import pick_between
from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import FAR, NEVER, NONE
from flowsim.engine.compiled.jit import compiled
from flowsim.engine.compiled.memory import luck, patient_at, real_row, service_int, station_at, visit_at, whole_row
from flowsim.engine.compiled.spaces import can_start, first_day
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints


@compiled
def classify(w: Ints, f: Floats, m: Ints, v: int) -> None:
    """Settle what the patient needs of a service, and in which class."""
    va = visit_at(m, v)
    s, origin = m[va + im.V_SERVICE], m[va + im.V_ORIGIN]
    qa = patient_at(m, m[va + im.V_PATIENT])
    cls = whole_row(w, m, service_int(w, s, tb.S_PRIORITY), qa, origin, 0)
    m[va + im.V_CLASS] = cls
    m[va + im.V_PRIORITY] = w[w[im.CLASSES_AT] + cls]
    m[va + im.V_WITHHELD] = whole_row(w, m, service_int(w, s, tb.S_WITHHELD), qa, origin, 0)
    if service_int(w, s, tb.S_VISITS) == 1:
        m[va + im.V_TAKES] = whole_row(w, m, service_int(w, s, tb.S_CARERS), qa, origin, 0)
        first = real_row(w, f, m, service_int(w, s, tb.S_FIRST), qa, origin, 0)
        last = real_row(w, f, m, service_int(w, s, tb.S_LAST), qa, origin, 0)
        m[va + im.V_FIRST] = int(round(1000 * first))
        m[va + im.V_LAST] = int(round(1000 * last))
    else:
        m[va + im.V_TAKES] = whole_row(w, m, service_int(w, s, tb.S_TAKES), qa, origin, 0)


@compiled
def clear_visit(w: Ints, m: Ints, v: int, q: int, s: int, origin: int, queued: int) -> None:
    """Lay out a new visit."""
    va, qa = visit_at(m, v), patient_at(m, q)
    for column in range(im.VISIT_WIDTH):
        m[va + column] = NEVER
    for column in (
        im.V_INTERRUPTED,
        im.V_FIRST,
        im.V_LAST,
        im.V_DAYS,
        im.V_INITIAL,
        im.V_SEATED,
        im.V_VERSION,
        im.V_REMAINING,
    ):
        m[va + column] = 0
    m[va + im.V_PATIENT], m[va + im.V_SERVICE], m[va + im.V_ORIGIN], m[va + im.V_QUEUED] = q, s, origin, queued
    m[va + im.V_OUTCOME] = im.IN_PROGRESS
    m[va + im.V_IS_ARRIVAL] = 1
    code = 0
    for a in range(w[im.N_ATTRIBUTES]):
        code = code * w[w[im.A_LEVELS_AT] + a] + m[qa + im.Q_ATTRIBUTES + a]
    m[va + im.V_CODE] = code


@compiled
def open_visit(w: Ints, f: Floats, m: Ints, q: int, s: int, origin: int, held: int, waited: int) -> int:
    """Write down that a patient comes to a service."""
    v = m[im.N_VISITS]
    if v >= m[im.VISIT_ROOM] - 1:
        m[im.FAULT] = im.NO_ROOM
        v -= 1
    m[im.N_VISITS] = v + 1
    queued = m[im.NOW]
    if waited != NEVER:
        queued -= waited
    clear_visit(w, m, v, q, s, origin, queued)
    va, qa = visit_at(m, v), patient_at(m, q)
    been = qa + m[im.BEEN] + s
    m[va + im.V_ORDINAL] = m[been]
    m[been] += 1
    if waited != NEVER:
        m[va + im.V_INITIAL] = 1
    if held != NONE:
        m[va + im.V_HELD_VISIT] = held
        m[va + im.V_HELD] = m[visit_at(m, held) + im.V_SERVICE]
        m[va + im.V_IS_ARRIVAL] = 0
    classify(w, f, m, v)
    return v


@compiled
def has_space(w: Ints, f: Floats, m: Ints, q: int, origin: int, place: int) -> bool:
    """Whether a place would take the patient at once; exits and junctions always would."""
    if place >= w[im.N_SERVICES]:
        return True
    # The visit is only imagined: the row past the last is used and left free.
    v = m[im.N_VISITS]
    if v >= m[im.VISIT_ROOM] - 1:
        m[im.FAULT] = im.NO_ROOM
        return False
    clear_visit(w, m, v, q, place, origin, m[im.NOW])
    classify(w, f, m, v)
    if service_int(w, place, tb.S_VISITS) == 0:
        return can_start(w, m, place, v)
    sa = station_at(m, place)
    wanted = first_day(m, v)
    for cls in range(w[im.N_CLASSES]):
        other = m[sa + im.A_HEADS + 2 * cls]
        while other != NONE:
            wanted += first_day(m, other)
            other = m[visit_at(m, other) + im.V_NEXT]
    return m[sa + im.A_ADMITTING] == 1 and m[sa + im.A_PROMISED] + wanted <= m[sa + im.A_SPACES] + m[sa + im.A_SURGE]


@compiled
def choose(w: Ints, f: Floats, m: Ints, q: int, origin: int, branch: int) -> int:
    """Apply a rule that looks at the state of the system."""
    rule, first, past = w[w[im.B_RULE_AT] + branch], w[w[im.B_FROM_AT] + branch], w[w[im.B_TO_AT] + branch]
    best, best_length = NONE, FAR
    for k in range(first, past):
        place = w[w[im.B_PLACE_AT] + k]
        is_service = place < w[im.N_SERVICES]
        is_open = (not is_service) or m[station_at(m, place) + im.A_ADMITTING] == 1
        if rule == tb.RULE_SHORTEST:
            if is_open:
                length = 0
                if is_service:
                    length = m[station_at(m, place) + im.A_IN_USE] + m[station_at(m, place) + im.A_WAITING]
                if best == NONE or length < best_length:
                    best, best_length = place, length
        elif rule == tb.RULE_IF_OPEN:
            if is_open:
                return place
        elif has_space(w, f, m, q, origin, place):
            return place
    if best != NONE:
        return best
    return w[w[im.B_OTHERWISE_AT] + branch]


@compiled
def pick_place(w: Ints, f: Floats, m: Ints, qa: int, branch: int, purpose: int, ordinal: int) -> int:
    """Return the place that a share falls on."""
    first, past = w[w[im.B_FROM_AT] + branch], w[w[im.B_TO_AT] + branch]
    if past - first == 1:
        return w[w[im.B_PLACE_AT] + first]
    base = w[im.B_CUMULATIVE_AT]
    u = luck(w, m, qa, purpose, ordinal)
    return w[w[im.B_PLACE_AT] + pick_between(f, base + first, base + past, u) - base]


@compiled
def draw_way(w: Ints, f: Floats, m: Ints, q: int, table: int, purpose: int, origin: int, ordinal: int) -> int:
    """Return where a routing point sends a patient now."""
    qa = patient_at(m, q)
    branch = whole_row(w, m, table, qa, origin, 0)
    if w[w[im.B_RULE_AT] + branch] != tb.RULE_SHARE:
        return choose(w, f, m, q, origin, branch)
    return pick_place(w, f, m, qa, branch, purpose, ordinal)


@compiled
def resolve(w: Ints, f: Floats, m: Ints, q: int, origin: int, place: int) -> int:
    """Go through junctions until a service or an exit."""
    first_junction = w[im.N_SERVICES] + w[im.N_EXITS]
    while place >= first_junction:
        been = patient_at(m, q) + m[im.BEEN] + place
        ordinal = m[been]
        m[been] += 1
        j = w[im.J_INT_AT] + (place - first_junction) * 2
        place = draw_way(w, f, m, q, w[j], w[j + 1], origin, ordinal)
    return place


@compiled
def open_patient(w: Ints, m: Ints, q: int, stream: int, key: int, number: int) -> int:
    """Lay out a new patient in a free slot, and return where they begin."""
    if m[im.N_FREE] > 0:
        m[im.N_FREE] -= 1
        slot = m[m[im.FREE_AT] + m[im.N_FREE]]
    else:
        slot = m[im.NEXT_SLOT]
        m[im.NEXT_SLOT] += 1
    m[m[im.SLOTS_AT] + q] = slot
    qa = patient_at(m, q)
    for column in range(m[im.PATIENT_WIDTH]):
        m[qa + column] = 0
    for column in im.NEVER_AT_FIRST:
        m[qa + column] = NEVER
    m[qa + im.Q_STREAM], m[qa + im.Q_KEY], m[qa + im.Q_NUMBER] = stream, key, number
    m[qa + im.Q_ORIGIN], m[qa + im.Q_STATE] = w[im.N_SERVICES], im.ASKING
    return qa
