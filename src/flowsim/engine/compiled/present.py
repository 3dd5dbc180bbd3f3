"""People there at the start: who they are, where, and how long they stay. The compiled ``engine.setup``."""

from __future__ import annotations

from flowsim.draws.quantiles import pick_between
from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import NEVER, NONE
from flowsim.engine.compiled.jit import compiled
from flowsim.engine.compiled.memory import draw, draw_residual, luck, row, station_at, ticks_of
from flowsim.engine.compiled.rules import whole_days
from flowsim.engine.compiled.spaces import occupy
from flowsim.engine.compiled.ways import encode, is_drawn, open_patient, open_visit, pick_place
from flowsim.system import tables as tb
from flowsim.system.tables import Floats, Ints


@compiled
def place_everyone(w: Ints, f: Floats, m: Ints) -> None:
    """Put everyone there at the start where they are: those in service, then those waiting."""
    who = 0
    for k in range(w[tb.N_GROUPS]):
        group = w[tb.GROUPS_AT] + k * tb.GROUP_WIDTH
        for number in range(w[group + tb.G_NUMBER]):
            place(w, f, m, group, who, number)
            who += 1


@compiled
def place(w: Ints, f: Floats, m: Ints, group: int, who: int, number: int) -> None:
    """Put someone of a group where they are."""
    q = open_patient(w, m, who, w[group + tb.G_KEY], number)
    draw_attributes(w, f, m, group, q)
    encode(w, m, q)
    t = m[im.PRESENT_AT] + who * m[im.PRESENT_WIDTH]
    m[t + im.T_NUMBER] = number
    for a in range(w[tb.N_ATTRIBUTES]):
        m[t + im.T_ATTRIBUTES + a] = m[q + im.Q_ATTRIBUTES + a]
    elapsed = 0.0
    if w[group + tb.G_N_ELAPSED] > 0:
        elapsed = f[w[group + tb.G_ELAPSED] + number % w[group + tb.G_N_ELAPSED]]
    ticks = int(round(elapsed * w[tb.TICKS_PER_MINUTE]))
    if ticks == 1:
        # One tick before the start would read as never.
        ticks = 0
    m[q + im.Q_PLACE], m[q + im.Q_WAITED] = w[group + tb.G_SERVICE], ticks
    if w[group + tb.G_WAITING] == 0:
        left = remaining(w, f, m, group, q, number, elapsed)
        place_in_service(w, f, m, q, ticks, left)


@compiled
def draw_attributes(w: Ints, f: Floats, m: Ints, group: int, q: int) -> None:
    """Draw the attributes of someone there at the start, but for those given."""
    for mix in range(w[group + tb.G_MIX_FROM], w[group + tb.G_MIX_TO], tb.MIX_WIDTH):
        shares = row(w, m, w[mix + tb.M_SHARES], q, 0, 0)
        u = luck(w, m, q, w[mix + tb.M_PURPOSE], 0)
        level = pick_between(f, shares, shares + w[mix + tb.M_LEVELS], u) - shares
        if w[mix + tb.M_GIVEN] != NONE:
            level = w[mix + tb.M_GIVEN]
        m[q + im.Q_ATTRIBUTES + w[mix + tb.M_ATTRIBUTE]] = level
    for given in range(w[group + tb.G_GIVEN_FROM], w[group + tb.G_GIVEN_TO], 2):
        m[q + im.Q_ATTRIBUTES + w[given]] = w[given + 1]


@compiled
def remaining(w: Ints, f: Floats, m: Ints, group: int, q: int, number: int, elapsed: float) -> float:
    """Return what is left of a stay [min]: of the last care step, given what has elapsed."""
    if w[group + tb.G_N_REMAINING] > 0:
        return f[w[group + tb.G_REMAINING] + number % w[group + tb.G_N_REMAINING]]
    if w[group + tb.G_DURATION] == NONE:
        return 0.0
    s, origin = station_at(m, w[group + tb.G_SERVICE]), w[tb.N_SERVICES]
    branch = row(w, m, m[s + tb.S_BRANCHES], q, origin, 0)
    # Where they will be drawn to go, by the draw that is made when care begins.
    toward = w[branch + tb.B_PLACES]
    if is_drawn(w, branch):
        toward = pick_place(w, f, branch, luck(w, m, q, m[s + tb.S_BRANCH_PURPOSE], 0))
    stay = row(w, m, w[group + tb.G_DURATION], q, origin, toward)
    u = luck(w, m, q, w[group + tb.G_PURPOSE], 0)
    if w[group + tb.G_UNIFORM] == 0:
        return draw_residual(f, stay, elapsed, u)
    return luck(w, m, q, w[group + tb.G_SHARE_PURPOSE], 0) * draw(f, stay, u)


@compiled
def place_in_service(w: Ints, f: Floats, m: Ints, q: int, elapsed: int, left: float) -> None:
    """Give someone there at the start the space they have been in."""
    day = 1440 * w[tb.TICKS_PER_MINUTE]
    days_in = int(round(elapsed / day))
    v = open_visit(w, f, m, q, m[q + im.Q_PLACE], w[tb.N_SERVICES], NONE, elapsed)
    m[q + im.Q_STATE], m[q + im.Q_VISIT], m[q + im.Q_WAITED] = im.PRESENT, v, NEVER
    m[q + im.Q_REMAINING], m[q + im.Q_REMAINING_DAYS] = ticks_of(w, left), whole_days(left) + days_in
    m[v + im.V_STARTED] = -elapsed
    m[v + im.V_SEEN] = -elapsed
    m[v + im.V_STINT] = 0
    s = m[v + im.V_STATION]
    if m[s + tb.S_VISITS] == 1:
        m[v + im.V_START_DAY] = -days_in
    occupy(m, s, v)
