"""The compiled engine's calendar gives events in their order, however time is cut into spans."""

from __future__ import annotations

import heapq

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.calendar import drop_first, move_horizon, schedule
from flowsim.engine.compiled.codes import FINISH, NONE
from flowsim.engine.compiled.jit import bare
from flowsim.system import tables as tb
from flowsim.system.tables import Ints

END = 1000
ROOM = 64
TAKE = -1


@njit
def go_through(whole: Ints, image: Ints, script: Ints, taken: Ints) -> None:
    """Schedule an event for each number of a script, so long from the last one taken, or take the next."""
    w, m = bare(whole), bare(image)
    first, now, size = m[im.HEAP_AT], 0, 0
    for who in range(script.size):
        if script[who] != TAKE:
            schedule(w, m, now + script[who], FINISH, who, 0)
            continue
        move_horizon(m, w[tb.END])
        if m[im.HEAP_SIZE] > 0:
            now = m[first]
            taken[size, 0], taken[size, 1] = now, (m[first + 1] ^ FINISH) >> im.WHO_SHIFT
            size += 1
            drop_first(m)


def calendar(shift: int) -> Ints:
    """Return an image with nothing but an empty calendar, whose spans are two to the power of ``shift`` ticks."""
    spans = (END >> shift) + 1
    heap, later = im.HEADER, im.HEADER + ROOM * im.HEAP_WIDTH
    at = later + ROOM * im.LATER_WIDTH
    image = np.zeros(at + spans, dtype=np.int64)
    image[[im.HEAP_AT, im.LATER_AT, im.NEXT_LATER, im.SPANS_AT]] = heap, later, later, at
    image[[im.HEAP_ROOM, im.LAST_LATER]] = ROOM, at - im.LATER_WIDTH
    image[[im.FREE_LATER, im.SPAN_SHIFT]] = NONE, shift
    image[at:] = NONE
    return image


@given(
    st.integers(0, 11),
    st.lists(st.one_of(st.just(TAKE), st.integers(0, 9), st.integers(0, END)), max_size=ROOM - 4),
)
@example(3, [8, 7, 8, 0, TAKE, 1, TAKE, TAKE, 0, TAKE, TAKE])
def test_events_are_taken_by_tick_then_by_who(shift: int, script: list[int]) -> None:
    whole = np.zeros(tb.HEADER, dtype=np.int64)
    whole[tb.END] = END
    image, taken = calendar(shift), np.full((len(script), 2), NONE, dtype=np.int64)
    go_through(whole, image, np.array(script, dtype=np.int64), taken)
    waiting: list[tuple[int, int]] = []
    now, wanted = 0, []
    for who, ticks in enumerate(script):
        if ticks != TAKE:
            # Past the end nothing happens.
            if now + ticks < END:
                heapq.heappush(waiting, (now + ticks, who))
        elif waiting:
            wanted.append(heapq.heappop(waiting))
            now = wanted[-1][0]
    assert [tuple(row) for row in taken[: len(wanted)].tolist()] == wanted
    assert (taken[len(wanted) :] == NONE).all()
    assert image[im.FAULT] == im.NO_FAULT
    assert image[im.EVENTS] == len(waiting) + len(wanted)
