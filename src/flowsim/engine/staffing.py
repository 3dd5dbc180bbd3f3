"""Pools of staff: calls answered all or nothing, in order."""

from __future__ import annotations

from collections.abc import Generator

from simpy.events import Event

from flowsim.engine.context import Context
from flowsim.engine.protocol import Rank
from flowsim.engine.setup import duty
from flowsim.engine.state import Pool, StaffCall

Needs = tuple[tuple[int, int], ...]
"""(pool, number) pairs, in order of pool."""


class Staffing:
    """All pools of one replication."""

    def __init__(self, context: Context) -> None:
        self.context = context
        spec = context.spec
        self.pools = [Pool(i, duty(spec, pool, context.replication)) for i, pool in enumerate(spec.staff)]

    def open(self) -> None:
        """Start the rotas."""
        for pool in self.pools:
            self.context.log.on_duty.append((pool.index, 0, pool.on_duty))
            if len(pool.duty.ticks) > 1:
                self.context.env.process(self._rota(pool))

    def call(self, needs: Needs, cls: int) -> Event | None:
        """Ask for staff; return None if they come at once, else the event that they have come.

        Whoever is already on a pool's list stands ahead of a newcomer of the same class, unless another
        pool keeps them waiting.
        """
        if all(self._can_answer(pool, number, cls) for pool, number in needs):
            self._take(needs)
            return None
        call = StaffCall(needs, cls, self.context.env.event())
        for pool, _ in needs:
            self.pools[pool].calls.join(call, cls)
        return call.event

    def release(self, needs: Needs) -> None:
        """Give staff back, and offer them to those who wait."""
        for pool, number in needs:
            self.pools[pool].busy -= number
        for pool, _ in needs:
            self._offer(self.pools[pool])

    def _can_answer(self, index: int, number: int, cls: int) -> bool:
        pool = self.pools[index]
        if pool.free < number:
            return False
        return all(self._lacks_another(call, index) for call in pool.calls.ahead_of(cls))

    def _lacks_another(self, call: StaffCall, index: int) -> bool:
        return any(self.pools[p].free < n for p, n in call.needs if p != index)

    def _take(self, needs: Needs) -> None:
        for pool, number in needs:
            self.pools[pool].busy += number

    def _offer(self, pool: Pool) -> None:
        if not len(pool.calls):
            return
        for call in pool.calls:
            number = next(n for p, n in call.needs if p == pool.index)
            if pool.free < number:
                return
            if self._lacks_another(call, pool.index):
                continue
            self._take(call.needs)
            for p, _ in call.needs:
                self.pools[p].calls.leave(call, call.cls)
            call.event.succeed()

    def _rota(self, pool: Pool) -> Generator[Event, None, None]:
        """Change the number on duty by the rota; work under way is finished."""
        who = len(self.context.spec.services) + pool.index
        for tick, number in zip(pool.duty.ticks[1:], pool.duty.values[1:], strict=True):
            if tick >= self.context.spec.end:
                return
            yield self.context.at(tick, Rank.CAPACITY, who)
            pool.on_duty = int(number)
            self.context.log.on_duty.append((pool.index, tick, pool.on_duty))
            self._offer(pool)
