"""The compiled engine's memory: one array of whole numbers, the *image*, for all that changes.

Compiled functions are called millions of times, so they are handed no more than where three arrays begin: the
specification's whole numbers (``w``) and fractions (``f``), and the image (``m``). A patient, a visit or a station
is the *position* in the image where its row begins: ``m[v + V_STARTED]`` is when a visit started. Rows of patients
and visits are taken again by later ones, so that those of the moment stay in the processor's cache; what the
trajectory wants of a visit is written into its columns once, when the visit ends.

Names ending in ``_AT`` are header entries that say where a part begins; others are columns of a row.
"""

from __future__ import annotations

from flowsim.engine.protocol import Rank
from flowsim.system.tables import SERVICE_WIDTH
from flowsim.system.together import LANES
from flowsim.trajectory import Outcome

# An event's second key: rank, then who, then where the patient's or visit's row begins.
RANK_SHIFT = 60
WHO_SHIFT = 32
WHO_BITS = RANK_SHIFT - WHO_SHIFT

# ---------------------------------------------------------------- header
(
    VISITS_AT, PATIENTS_AT, STATIONS_AT, POOLS_AT, HEAP_AT, LATER_AT, SPANS_AT, NOTES_AT, RING_AT, CHANGES_AT,
    STARTS_AT, PRESENT_AT, VISIT_TICKS_AT, VISIT_CODES_AT, DELAY_TICKS_AT, DELAY_CODES_AT, STAFFED_TICKS_AT,
    STAFFED_CODES_AT, EXITS_AT, GONE_AT,
    PATIENT_WIDTH, STATION_WIDTH, POOL_WIDTH, PRESENT_WIDTH, BEEN, CALLS, MOST_NEEDS, NOW, PERIOD, NEXT_PERIOD,
    HEAP_SIZE, HEAP_ROOM, RING_FIRST, RING_SIZE, N_PATIENTS, N_PRESENT, N_POOLS, N_VISITS, VISIT_ROOM, N_DELAYS,
    DELAY_ROOM, N_STAFFED, STAFFED_ROOM, N_NOTES, NOTE_ROOM, N_CHANGES, N_STARTS, EVENTS, FAULT, REPLICATION,
    CULPRIT, FREE_PATIENT, NEXT_PATIENT, FREE_VISIT, NEXT_VISIT, LAST_VISIT, FREE_LATER, NEXT_LATER, LAST_LATER,
    SPAN_SHIFT, HORIZON,
) = range(61)  # fmt: skip
HEADER = 64
NO_FAULT, NO_ROOM, GOES_ROUND = range(3)

# ---------------------------------------------------------------- what the trajectory wants
# Each table has columns of ticks and other large numbers, then columns of codes and row numbers, which are half
# as wide. The names are the trajectory's. Of a visit, what is known as it begins is written down then, row after row;
# what is known only when it ends, wherever its row is by then, is little. A row in the making has each of the four
# kinds together, in this order.
BEGUN_TICKS = ("moved", "interrupted", "queued", "attributes", "priority")
BEGUN_CODES = ("origin", "service", "patient", "takes", "held", "initial", "first", "last", "days")
ENDED_TICKS = ("started", "seen", "ready", "left")
ENDED_CODES = ("outcome", "destination")
VISIT_TICKS, VISIT_CODES = BEGUN_TICKS + ENDED_TICKS, BEGUN_CODES + ENDED_CODES
DELAY_TICKS, DELAY_CODES = ("start", "until"), ("visit", "patient", "service", "reason", "towards")
STAFFED_TICKS, STAFFED_CODES = ("asked", "started", "ended"), ("visit", "service", "step", "pool", "number")
N_BEGUN_TICKS, N_BEGUN_CODES = len(BEGUN_TICKS), len(BEGUN_CODES)
N_ENDED_TICKS, N_ENDED_CODES = len(ENDED_TICKS), len(ENDED_CODES)
N_VISIT_TICKS, N_VISIT_CODES = len(VISIT_TICKS), len(VISIT_CODES)
DELAY_UNTIL = 1
STAFFED_STARTED, STAFFED_ENDED = 1, 2

# Columns of a visit: those above and those it needs while it lasts, what is wanted together close together; then the
# draws made as it begins, which are fractions.
(
    V_STARTED, V_SEEN, V_READY, V_LEFT, V_OUTCOME, V_DESTINATION, V_ROW, V_STATION,
    V_FINISH, V_TOWARD, V_ORDINAL, V_CLASS, V_WHO, V_HELD_VISIT, V_BRANCH, V_INTERRUPTED_AT,
    V_ORIGIN, V_SERVICE, V_PATIENT, V_TAKES, V_HELD, V_INITIAL, V_FIRST, V_LAST,
    V_DAYS, V_MOVED, V_INTERRUPTED, V_QUEUED, V_CODE, V_PRIORITY, V_NEXT, V_BEFORE,
    V_DEADLINE, V_IS_ARRIVAL, V_SEATED, V_WITHHELD, V_RISES_AT, V_START_DAY, V_STINT, V_REMAINING,
    V_LUCK,
) = range(41)  # fmt: skip
VISIT_WIDTH = V_LUCK + LANES

# Columns of a patient; then attributes, how often at each place (two counts to a number), and calls for staff.
(
    Q_ROW, Q_KEY, Q_NUMBER, Q_STATE, Q_VISIT, Q_PLACE, Q_ORIGIN, Q_HELD, Q_MOVES, Q_LAST_MOVE, Q_STEP, Q_LEAVING,
    Q_DELAY, Q_STAFFED, Q_NEEDS, Q_CALL_CLASS, Q_PENDING, Q_DELAYED, Q_DELAY_START, Q_WAITED, Q_REMAINING,
    Q_REMAINING_DAYS, Q_CODE, Q_NEXT_FREE,
) = range(24)  # fmt: skip
Q_ATTRIBUTES = 24
CALL_POOL, CALL_NUMBER, CALL_NEXT, CALL_BEFORE, CALL_WHO = range(5)
CALL_WIDTH = 5

# Columns of someone there at the start; then attributes.
T_NUMBER = 0
T_ATTRIBUTES = 1

# What a patient waits for.
(GONE, ASKING, WAITING, CALLING, IN_STEP, IN_STINT, STOPPED, IN_PACKAGE, PRESENT) = range(9)

# Columns of a station: its service's, then its own, then heads and tails of its classes.
(
    A_SPACES, A_ADMITTING, A_SURGE, A_CALLED, A_IN_USE, A_PROMISED, A_WAITING, A_ARRIVALS, A_TRANSFERS, A_INSIDE,
) = range(SERVICE_WIDTH, SERVICE_WIDTH + 10)  # fmt: skip
A_HEADS = SERVICE_WIDTH + 10
# Columns of a pool; then heads and tails.
U_ON_DUTY, U_BUSY, U_CALLS = range(3)
U_HEADS = 3

NOTE_WIDTH = 6
"""Changes of capacity (tag 0) and of duty (tag 1), in the order they happen."""
CHANGE_WIDTH = 4
START_WIDTH = 3
HEAP_WIDTH = 2
LATER_TICK, LATER_KEY, LATER_NEXT = range(3)
LATER_WIDTH = 4
"""Columns of an event beyond the horizon; the last is empty, so that a row lies in one line of the cache."""


def rank_bits(rank: Rank) -> int:
    """Return a rank in its place above who it happens to."""
    return int(rank) << RANK_SHIFT


IN_PROGRESS = int(Outcome.IN_PROGRESS)
SERVED = int(Outcome.SERVED)
RENEGED = int(Outcome.RENEGED)
BAULKED = int(Outcome.BAULKED)
REFUSED = int(Outcome.REFUSED)
