"""Uniform random numbers as a function of a key: Philox4x32-10.

The generator is that of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
(SC11, 2011): a bijection of 128-bit counters under a 64-bit key. One counter gives one uniform.

Layout, all words of 32 bits
    ====== =========================================================================
    key 0  the seed
    key 1  the replication
    ctr 0  low 32 bits of the number
    ctr 1  ordinal (20 bits) and high 12 bits of the number: ``ordinal << 12 | number >> 32``
    ctr 2  the purpose
    ctr 3  the stream's key
    ====== =========================================================================

So two draws share a counter only where seed, replication, stream key, number (below 2^44), purpose and
ordinal (below 2^20) are all the same. Numbers and ordinals out of range are refused, since cutting them
would give two patients one fate; seeds, replications, keys and purposes are taken modulo 2^32.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Word = np.uint64
"""A word of 32 bits in a wider integer."""
NUMBER_BITS = 44
ORDINAL_BITS = 20

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_WORD = np.uint64(0xFFFFFFFF)
_BITS_32 = np.uint64(32)
_BITS_20 = np.uint64(20)
_BITS_12 = np.uint64(12)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Word, Word, Word, Word]:
    """Return the four output words of one counter under one key.

    Every value is uint64 throughout: Numba turns a mix of int64 and uint64 into float64.
    """
    x0, x1, x2, x3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    y0, y1 = np.uint64(k0), np.uint64(k1)
    for _ in range(10):
        product_0 = _MULTIPLIER_0 * x0
        product_1 = _MULTIPLIER_1 * x2
        x0 = (product_1 >> _BITS_32) ^ x1 ^ y0
        x1 = product_1 & _WORD
        x2 = (product_0 >> _BITS_32) ^ x3 ^ y1
        x3 = product_0 & _WORD
        y0 = (y0 + _WEYL_0) & _WORD
        y1 = (y1 + _WEYL_1) & _WORD
    return x0, x1, x2, x3


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def refuse(number: int, ordinal: int) -> None:
    """Raise ``ValueError`` where a patient's number or a draw's ordinal has no room in a counter."""
    if number < 0 or number >> 44 != 0:
        raise ValueError("number of a draw out of range: wanted 0 to 2^44 - 1")
    if ordinal < 0 or ordinal >> 20 != 0:
        raise ValueError("ordinal of a draw out of range: wanted 0 to 2^20 - 1")


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def uniform(seed: int, replication: int, key: int, number: int, purpose: int, ordinal: int) -> float:
    """Return the uniform number of a draw, strictly between 0 and 1.

    It is (x + 1/2) / 2^52 for the top 52 bits x of the first two output words: with 53 bits the largest
    would round to 1. The numbers are symmetric, u and 1 - u being equally likely, and 1 - u is exact.

    Args:
        seed: of the experiment.
        replication: number of the replication.
        key: of the stream; with ``number`` it names the patient.
        number: of the patient within the stream, from 0 to 2^44 - 1.
        purpose: stable hash of what the draw is for.
        ordinal: which draw for that purpose, from 0 to 2^20 - 1 (the how-manieth visit, say).

    Raises:
        ValueError: the number or the ordinal is out of range.
    """
    refuse(number, ordinal)
    low = np.uint64(number)
    w0, w1, _, _ = philox(
        low & _WORD,
        (np.uint64(ordinal) << _BITS_12) | (low >> _BITS_32),
        np.uint64(purpose) & _WORD,
        np.uint64(key) & _WORD,
        np.uint64(seed) & _WORD,
        np.uint64(replication) & _WORD,
    )
    bits = np.int64((w0 << _BITS_20) | (w1 >> _BITS_12))
    return (bits + 0.5) * 2.0**-52


@njit(cache=True, nogil=True)
def _fill(
    seed: int,
    replication: int,
    keys: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.int64],
    purpose: int,
    ordinals: npt.NDArray[np.int64],
    out: npt.NDArray[np.float64],
) -> None:
    for i in range(out.size):
        out[i] = uniform(seed, replication, keys[i], numbers[i], purpose, ordinals[i])


def uniforms(
    seed: int,
    replication: int,
    keys: npt.ArrayLike,
    numbers: npt.ArrayLike,
    purpose: int,
    ordinals: npt.ArrayLike = 0,
) -> npt.NDArray[np.float64]:
    """Return many draws at once, each exactly what ``uniform`` gives.

    Args:
        seed: of the experiment.
        replication: number of the replication.
        keys: of the stream, one a draw; a single value holds for all, as of the next two.
        numbers: of the patients.
        purpose: stable hash of what the draws are for.
        ordinals: which draw for that purpose.

    Returns:
        One-dimensional array of the common length.
    """
    arrays = [np.asarray(a, dtype=np.int64).reshape(-1) for a in (keys, numbers, ordinals)]
    (size,) = np.broadcast_shapes(*(a.shape for a in arrays))
    key, number, ordinal = (a if a.size == size else np.full(size, a[0]) for a in arrays)
    out = np.empty(size)
    _fill(seed, replication, key, number, purpose, ordinal, out)
    return out
