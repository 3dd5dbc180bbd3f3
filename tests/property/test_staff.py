"""What must hold of every staff pool."""

from __future__ import annotations

import numpy as np

from flowsim.trajectory import NEVER
from tests.property.runs import Level, World, holds_in, level_of


def duty(world: World, pool: int) -> Level:
    """Return the number on duty over time."""
    mine = np.flatnonzero(world.got.on_duty.pool == pool)
    return Level(world.got.on_duty.tick[mine].tolist(), world.got.on_duty.number[mine].tolist())


def busy(world: World, pool: int) -> Level:
    """Return the number at work over time."""
    s = world.got.staffed
    mine = (s.pool == pool) & (s.started != NEVER)
    ended = np.where(s.ended[mine] == NEVER, world.got.end, s.ended[mine])
    return level_of(s.started[mine], ended, s.number[mine])


@holds_in()
def test_steps_are_asked_for_started_and_ended_in_order(world):
    s, v = world.got.staffed, world.visits
    assert np.array_equal(s.service, v.service[s.visit])
    assert np.all(s.asked >= v.started[s.visit])
    started, ended = s.started != NEVER, s.ended != NEVER
    assert np.all(s.started[started] >= s.asked[started])
    assert np.all(s.ended[ended] >= s.started[ended])
    assert not np.any(ended & ~started)
    left = v.left[s.visit]
    assert np.all((s.ended <= left)[ended & (left != NEVER)])
    assert np.all(s.number > 0)


@holds_in()
def test_no_more_are_at_work_than_on_duty_except_after_a_fall(world):
    for pool, spec in enumerate(world.spec.staff):
        on, at_work = duty(world, pool), busy(world, pool)
        before = 0
        for tick in sorted({*at_work.ticks, *on.ticks}):
            now = at_work.at(tick)
            assert now <= on.most(tick) or now <= before, (spec.id, tick)
            before = now


@holds_in()
def test_a_step_starts_with_all_its_pools_or_not_at_all(world):
    s = world.got.staffed
    asked = list(zip(s.visit.tolist(), s.step.tolist(), strict=True))
    when: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for key, started, ended in zip(asked, s.started.tolist(), s.ended.tolist(), strict=True):
        when.setdefault(key, set()).add((started, ended))
    assert all(len(stamps) == 1 for stamps in when.values())


@holds_in()
def test_nobody_waits_for_one_who_is_free(world):
    s = world.got.staffed
    for pool, spec in enumerate(world.spec.staff):
        mine = np.flatnonzero(s.pool == pool)
        steps = set(zip(s.visit[mine].tolist(), s.step[mine].tolist(), strict=True))
        others = set(zip(s.visit[s.pool != pool].tolist(), s.step[s.pool != pool].tolist(), strict=True))
        if steps & others or np.any(s.number[mine] != 1):
            continue
        on, at_work = duty(world, pool), busy(world, pool)
        until = np.where(s.started[mine] == NEVER, world.got.end, s.started[mine])
        waiting = level_of(s.asked[mine], until, np.ones(mine.size, np.int64))
        for tick in sorted({t for t in (*waiting.ticks, *at_work.ticks, *on.ticks) if t < world.got.end}):
            assert waiting.at(tick) == 0 or at_work.at(tick) >= on.at(tick), (spec.id, tick)
