"""Codes that the compiled functions share."""

from __future__ import annotations

from flowsim.engine.compiled.image import WHO_BITS, WHO_SHIFT, rank_bits
from flowsim.engine.protocol import Rank

CAPACITY = rank_bits(Rank.CAPACITY)
FINISH = rank_bits(Rank.FINISH)
READY = rank_bits(Rank.READY)
PATIENCE = rank_bits(Rank.PATIENCE)
RISE = rank_bits(Rank.RISE)
ARRIVAL = rank_bits(Rank.ARRIVAL)
START = rank_bits(Rank.START)
WHO = (1 << WHO_BITS) - 1
WHERE = (1 << WHO_SHIFT) - 1
NEVER = -1
NONE = -1
DONE = -2
"""What remains of a stint that has ended."""
FAR = 2**62
MOST_MOVES_AN_INSTANT = 1000
BY_DESTINATION = -1
