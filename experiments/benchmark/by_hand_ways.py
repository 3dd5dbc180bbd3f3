"""The services of the network by hand, and which way its patients go."""

from __future__ import annotations

import math
from bisect import bisect
from typing import TYPE_CHECKING

import numpy as np
import simpy
from by_hand_parts import Patient, Service, Way, check_network, lookup, way

if TYPE_CHECKING:
    from flowsim.system.spec import SystemSpec


class Places:
    """Services and junctions of one run, its clock and its random numbers."""

    def __init__(self, spec: SystemSpec, seed: int) -> None:
        check_network(spec)
        self.spec = spec
        self.env = env = simpy.Environment()
        self.rng = rng = np.random.default_rng(seed)
        per_minute = spec.clock.ticks_per_minute
        self.services = [Service(env, i, s, rng, per_minute) for i, s in enumerate(spec.services)]
        self.junctions = [lookup(junction.branches, way) for junction in spec.junctions]
        self.first_junction = len(spec.services) + len(spec.exits)

    def draw_way(self, branch: Way) -> int:
        """Draw where a patient goes; the first place where that is left to what they find."""
        if not branch.shares:
            return branch.places[0]
        return branch.places[bisect(branch.shares, self.rng.random())]

    def choose(self, branch: Way, patient: Patient) -> int:
        """Return where a patient goes now."""
        if branch.rule == "share":
            return self.draw_way(branch)
        if branch.rule == "shortest":
            return self.shortest(branch)
        test = self.is_open if branch.rule == "if_open" else self.has_space
        return next((place for place in branch.places if test(place, patient)), branch.otherwise)

    def resolve(self, patient: Patient, place: int) -> int:
        """Go on from places where one only decides."""
        while place >= self.first_junction:
            place = self.choose(self.junctions[place - self.first_junction](patient, 0), patient)
        return place

    def is_open(self, place: int, _: Patient) -> bool:
        """Whether a place admits."""
        return place >= len(self.services) or self.services[place].is_open

    def has_space(self, place: int, patient: Patient) -> bool:
        """Whether a place would take the patient at once."""
        if place >= len(self.services):
            return True
        service = self.services[place]
        if service.spec.visits is not None:
            return service.is_open and not service.asking and service.promised < service.offer
        if service.spaces is None:
            return service.is_open
        return service.waiting == 0 and service.in_use + service.keep(patient, 0) < service.offer

    def shortest(self, branch: Way) -> int:
        """Return the open place with the fewest inside or waiting."""
        best, fewest = branch.otherwise, math.inf
        for place in branch.places:
            length = 0.0
            if place < len(self.services):
                service = self.services[place]
                length = service.in_use + service.waiting if service.is_open else math.inf
            if length < fewest:
                best, fewest = place, length
        return best
