"""Coming to a service, and where to go from there."""

from __future__ import annotations

from flowsim.draws.quantiles import pick_between
from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import FAR, NEVER, NONE
from flowsim.engine.compiled.jit import compiled, inlined, narrow
from flowsim.engine.compiled.memory import draw_together, luck, row, station_at
from flowsim.engine.compiled.records import write_begun
from flowsim.engine.compiled.spaces import can_start, first_day
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints


@inlined
def classify(w: Ints, f: Floats, m: Ints, q: int, s: int, v: int) -> None:
    """Settle what the patient needs of a service, and in which class."""
    origin = m[v + im.V_ORIGIN]
    cls = row(w, m, m[s + tb.S_PRIORITY], q, origin, 0)
    m[v + im.V_CLASS] = cls
    m[v + im.V_PRIORITY] = w[w[tb.CLASSES_AT] + cls]
    m[v + im.V_WITHHELD] = row(w, m, m[s + tb.S_WITHHELD], q, origin, 0)
    if m[s + tb.S_VISITS] == 1:
        m[v + im.V_TAKES] = row(w, m, m[s + tb.S_CARERS], q, origin, 0)
        first = f[row(w, m, m[s + tb.S_FIRST], q, origin, 0)]
        last = f[row(w, m, m[s + tb.S_LAST], q, origin, 0)]
        m[v + im.V_FIRST] = int(round(1000 * first))
        m[v + im.V_LAST] = int(round(1000 * last))
    else:
        m[v + im.V_TAKES] = row(w, m, m[s + tb.S_TAKES], q, origin, 0)


@inlined
def take_row(m: Ints) -> int:
    """Return where a new visit begins."""
    v = m[im.FREE_VISIT]
    if v != NONE:
        m[im.FREE_VISIT] = m[v + im.V_NEXT]
        return v
    v = m[im.NEXT_VISIT]
    if v == m[im.LAST_VISIT]:
        m[im.FAULT] = im.NO_ROOM
    else:
        m[im.NEXT_VISIT] = v + im.VISIT_WIDTH
    return v


@inlined
def clear_visit(m: Ints, v: int) -> None:
    """Lay out a new visit: nothing has happened."""
    for column in range(im.V_LUCK):
        m[v + column] = NEVER
    m[v + im.V_INTERRUPTED] = 0
    m[v + im.V_FIRST] = 0
    m[v + im.V_LAST] = 0
    m[v + im.V_DAYS] = 0
    m[v + im.V_INITIAL] = 0
    m[v + im.V_SEATED] = 0
    m[v + im.V_REMAINING] = 0
    m[v + im.V_OUTCOME] = im.IN_PROGRESS
    m[v + im.V_IS_ARRIVAL] = 1


@inlined
def count_visit(m: Ints, q: int, place: int) -> int:
    """Return how often a patient has been at a place before, and count this time."""
    been, at = narrow(m), 2 * (q + m[im.BEEN]) + place
    before = been[at]
    been[at] = before + 1
    return before


@inlined
def open_visit(w: Ints, f: Floats, m: Ints, q: int, service: int, origin: int, held: int, waited: int) -> int:
    """Write down that a patient comes to a service."""
    v, s = take_row(m), station_at(m, service)
    if m[im.N_VISITS] >= m[im.VISIT_ROOM]:
        m[im.FAULT] = im.NO_ROOM
        m[im.N_VISITS] -= 1
    clear_visit(m, v)
    m[v + im.V_ROW], m[v + im.V_PATIENT], m[v + im.V_WHO] = m[im.N_VISITS], m[q + im.Q_ROW], q
    m[im.N_VISITS] += 1
    m[v + im.V_SERVICE], m[v + im.V_STATION], m[v + im.V_ORIGIN] = service, s, origin
    m[v + im.V_CODE], m[v + im.V_QUEUED] = m[q + im.Q_CODE], m[im.NOW]
    if waited != NEVER:
        m[v + im.V_QUEUED] -= waited
        m[v + im.V_INITIAL] = 1
    m[v + im.V_ORDINAL] = count_visit(m, q, service)
    if held != NONE:
        m[v + im.V_HELD_VISIT] = held
        m[v + im.V_HELD] = m[held + im.V_SERVICE]
        m[v + im.V_IS_ARRIVAL] = 0
    classify(w, f, m, q, s, v)
    draw_together(w, m, q, v)
    write_begun(m, v)
    return v


@compiled
def has_space(w: Ints, f: Floats, m: Ints, q: int, origin: int, place: int) -> bool:
    """Whether a place would take the patient at once; exits and junctions always would."""
    if place >= w[tb.N_SERVICES]:
        return True
    # The visit is only imagined: the first row of all is kept for that.
    v, s = m[im.VISITS_AT], station_at(m, place)
    clear_visit(m, v)
    m[v + im.V_ORIGIN] = origin
    classify(w, f, m, q, s, v)
    if m[s + tb.S_VISITS] == 0:
        return can_start(m, s, v)
    wanted = first_day(m, v)
    for cls in range(w[tb.N_CLASSES]):
        other = m[s + im.A_HEADS + 2 * cls]
        while other != NONE:
            wanted += first_day(m, other)
            other = m[other + im.V_NEXT]
    return m[s + im.A_ADMITTING] == 1 and m[s + im.A_PROMISED] + wanted <= m[s + im.A_SPACES] + m[s + im.A_SURGE]


@compiled
def choose(w: Ints, f: Floats, m: Ints, q: int, origin: int, branch: int) -> int:
    """Apply a rule that looks at the state of the system."""
    rule = w[branch + tb.B_RULE]
    best, best_length = NONE, FAR
    for k in range(w[branch + tb.B_SIZE]):
        place = w[branch + tb.B_PLACES + k]
        is_service = place < w[tb.N_SERVICES]
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
    return w[branch + tb.B_OTHERWISE]


@compiled
def is_drawn(w: Ints, branch: int) -> bool:
    """Whether it takes a draw to know which way a branch leads."""
    return w[branch + tb.B_RULE] == tb.RULE_SHARE and w[branch + tb.B_SIZE] > 1


@compiled
def pick_place(w: Ints, f: Floats, branch: int, u: float) -> int:
    """Return the place that a share falls on."""
    shares = w[branch + tb.B_SHARES]
    return w[branch + tb.B_PLACES + pick_between(f, shares, shares + w[branch + tb.B_SIZE], u) - shares]


@compiled
def draw_way(w: Ints, f: Floats, m: Ints, q: int, table: int, purpose: int, origin: int, ordinal: int) -> int:
    """Return where a routing point sends a patient now."""
    branch = row(w, m, table, q, origin, 0)
    if w[branch + tb.B_RULE] != tb.RULE_SHARE:
        return choose(w, f, m, q, origin, branch)
    if is_drawn(w, branch):
        return pick_place(w, f, branch, luck(w, m, q, purpose, ordinal))
    return w[branch + tb.B_PLACES]


@compiled
def resolve(w: Ints, f: Floats, m: Ints, q: int, origin: int, place: int) -> int:
    """Go through junctions until a service or an exit."""
    first_junction = w[tb.N_SERVICES] + w[tb.N_EXITS]
    while place >= first_junction:
        ordinal = count_visit(m, q, place)
        j = w[tb.JUNCTIONS_AT] + (place - first_junction) * tb.JUNCTION_WIDTH
        place = draw_way(w, f, m, q, w[j + tb.J_BRANCHES], w[j + tb.J_PURPOSE], origin, ordinal)
    return place


@compiled
def open_patient(w: Ints, m: Ints, number_in_order: int, key: int, number: int) -> int:
    """Lay out a new patient, and return where they begin."""
    q = m[im.FREE_PATIENT]
    if q != NONE:
        m[im.FREE_PATIENT] = m[q + im.Q_NEXT_FREE]
    else:
        q = m[im.NEXT_PATIENT]
        m[im.NEXT_PATIENT] = q + m[im.PATIENT_WIDTH]
    for column in range(m[im.CALLS]):
        m[q + column] = 0
    m[q + im.Q_VISIT], m[q + im.Q_HELD], m[q + im.Q_LAST_MOVE] = NEVER, NEVER, NEVER
    m[q + im.Q_DELAY], m[q + im.Q_WAITED], m[q + im.Q_REMAINING] = NEVER, NEVER, NEVER
    m[q + im.Q_ROW], m[q + im.Q_KEY], m[q + im.Q_NUMBER] = number_in_order, key, number
    m[q + im.Q_ORIGIN], m[q + im.Q_STATE] = w[tb.N_SERVICES], im.ASKING
    return q


@compiled
def encode(w: Ints, m: Ints, q: int) -> None:
    """Put a patient's attributes into one number, as visits have it; the first varies slowest."""
    code = 0
    for a in range(w[tb.N_ATTRIBUTES]):
        code += w[w[tb.STRIDES_AT] + a] * m[q + im.Q_ATTRIBUTES + a]
    m[q + im.Q_CODE] = code
