"""What becomes of patients for whom a service has no room."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from flowsim.system.classes import Classes
from flowsim.system.curves import Floats
from flowsim.system.distributions import mean
from flowsim.system.spec import UNLIMITED, PatienceSpec, SystemSpec


class Kind(IntEnum):
    """How patients come to a service, and so what becomes of them while it is full."""

    BOUND = 0
    """They wait as long as it takes."""
    QUEUE = 1
    """They are refused, balk or give up once the queue is long."""
    SPACE = 2
    """They come only where a space is free: ``first_with_space`` chose it, or nobody may wait there."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Who may be lost to a service: 1 or 0 by class (None for everyone), how, and the place they go to instead."""

    kind: Kind
    who: Floats | None
    to: int


class Room:
    """The shares of patients for whom services have room.

    A fluid approximation: a service takes every patient until its capacity is used up, and none beyond.

    Attributes:
        queue: by service, the share taken on of those who may be lost from its queue.
        space: by service, the share of those who find a free space, of those who come only then.
    """

    def __init__(self, spec: SystemSpec, classes: Classes, period: int) -> None:
        self.spec = spec
        self.classes = classes
        self.period = period
        self.queue: Floats = np.ones(len(spec.services))
        self.space: Floats = np.ones(len(spec.services))
        self._losses: dict[tuple[int, int], Loss | None] = {}

    def share(self, kind: Kind) -> Floats:
        """Return the shares taken on of those who come one way or the other."""
        return self.space if kind is Kind.SPACE else self.queue

    def loss(self, place: int, source: int) -> Loss | None:
        """Return who may be lost of those who come from a source without knowing of a space; None for nobody.

        Those who keep a space elsewhere while they wait are neither refused nor balk.
        """
        origin = source if source >= 0 else len(self.spec.services)
        if (place, origin) not in self._losses:
            self._losses[place, origin] = self._find_loss(place, origin)
        return self._losses[place, origin]

    def _find_loss(self, place: int, origin: int) -> Loss | None:
        service = self.spec.services[place]
        is_arrival = origin == len(self.spec.services)
        if is_arrival and service.queue_places == 0:
            return Loss(Kind.SPACE, None, service.when_full)
        if is_arrival and (service.queue_places < UNLIMITED or service.balks is not None):
            return Loss(Kind.QUEUE, None, service.when_full)
        if service.patience is None or not (is_arrival or service.patience.holders):
            return None
        return self._of_patience(service.patience, origin)

    def _of_patience(self, patience: PatienceSpec, origin: int) -> Loss | None:
        """Return the loss of those who give up; patience that outlasts the measured window is endless."""
        window = self.spec.clock.minutes(self.spec.end - self.spec.warm_up)
        lasts = self.classes.values(patience.duration, mean, self.period, origin)
        who = (lasts < window).astype(np.float64)
        return Loss(Kind.QUEUE, None if who.all() else who, patience.to) if who.any() else None
