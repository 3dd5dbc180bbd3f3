"""Values at places among many, group by group: compiled, and without sorting them all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import index
from flowsim.measure.rank_loops import rising

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

_FINE = 4
"""Bits of a value, after its first, by which values are put in bins: sixteen between a number and twice as much."""
_FRACTION_BITS = 52


@compiled
def at_ranks(packed: Ints, bits: int, groups: Codes, lower: Ints, upper: Ints) -> tuple[Ints, Ints]:
    """Return two values of each group of cells, by their places among the group's values; 0 where there are none.

    Args:
        packed: value x 2^bits + cell, in any order.
        bits: for the cell.
        groups: (ways of grouping, cells): the group of each cell; below 0 for those left out.
        lower: a place by group, from 0.
        upper: another.
    """
    packed, lower, upper = _near(packed, bits, groups, lower, upper)
    values = rising(packed, bits)
    seen, low, high = np.zeros(lower.size, np.int64), np.zeros(lower.size, np.int64), np.zeros(lower.size, np.int64)
    for i in range(values.size):
        cell, value = index(values[i] & ((1 << bits) - 1)), values[i] >> bits
        for way in range(groups.shape[0]):
            if groups[way, cell] >= 0:
                g = index(groups[way, cell])
                if seen[g] == lower[g]:
                    low[g] = value
                if seen[g] == upper[g]:
                    high[g] = value
                seen[g] += 1
    return low, high


@compiled
def _near(packed: Ints, bits: int, groups: Codes, lower: Ints, upper: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the values in the same bins as those asked for, and the places of these among them.

    Bins are of values alike in size: to count what is in each takes less than to sort, and a few in a hundred are left.
    For arguments see ``at_ranks``.
    """
    bins = _bins(packed, bits)
    n_bins, mask = (int(bins.max()) + 1 if bins.size else 0), (1 << bits) - 1
    if packed.size < lower.size * n_bins // 2:
        return packed, lower, upper
    count = np.zeros((groups.shape[1], n_bins), np.int32)
    for i in range(packed.size):
        count[index(packed[i] & mask), index(bins[i])] += 1
    by_group = _grouped(count, groups, lower.size)
    is_asked = np.zeros(by_group.shape, np.bool_)
    for g in range(lower.size):
        so_far = 0
        for b in range(n_bins):
            below, so_far = so_far, so_far + by_group[g, b]
            is_asked[g, b] = below <= lower[g] < so_far or below <= upper[g] < so_far
    is_kept = _asked_of(is_asked, groups)
    left_out = _grouped(np.where(is_kept, np.int32(0), count), groups, lower.size)
    kept, n = np.empty(packed.size + 1, np.int64), 0
    for i in range(packed.size):
        # Written whether kept or not: no branch to guess.
        kept[n] = packed[i]
        n += is_kept[index(packed[i] & mask), index(bins[i])]
    return kept[:n], _among(lower, by_group, left_out), _among(upper, by_group, left_out)


@compiled
def _bins(packed: Ints, bits: int) -> npt.NDArray[np.int16]:
    """Return the bin of each value: by the first bits of how much above the least it is, as a fraction has them."""
    found = np.empty(packed.size, np.int16)
    least = packed.min() >> bits if packed.size else 0
    shift, first = _FRACTION_BITS - _FINE, np.float64(1 << _FINE).view(np.int64)
    for i in range(packed.size):
        above = np.float64((packed[i] >> bits) - least + (1 << _FINE))
        found[i] = (above.view(np.int64) - first) >> shift
    return found


@compiled
def _grouped(count: Codes, groups: Codes, n_groups: int) -> Codes:
    """Return counts by cell and bin as counts by group and bin."""
    found = np.zeros((n_groups, count.shape[1]), np.int32)
    for way in range(groups.shape[0]):
        for cell in range(groups.shape[1]):
            if groups[way, cell] >= 0:
                for b in range(count.shape[1]):
                    found[groups[way, cell], b] += count[cell, b]
    return found


@compiled
def _asked_of(is_asked: Flags, groups: Codes) -> Flags:
    """Return the bins of each cell that any of its groups asks for."""
    found = np.zeros((groups.shape[1], is_asked.shape[1]), np.bool_)
    for way in range(groups.shape[0]):
        for cell in range(groups.shape[1]):
            if groups[way, cell] >= 0:
                for b in range(is_asked.shape[1]):
                    found[cell, b] |= is_asked[groups[way, cell], b]
    return found


@compiled
def _among(ranks: Ints, by_group: Codes, left_out: Codes) -> Ints:
    """Return places among all values as places among those kept: less what is left out of the bins before theirs."""
    found = ranks.copy()
    for g in range(ranks.size):
        so_far = 0
        for b in range(by_group.shape[1]):
            so_far += by_group[g, b]
            if so_far > ranks[g]:
                break
            found[g] -= left_out[g, b]
    return found
