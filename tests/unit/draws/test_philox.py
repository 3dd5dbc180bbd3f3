"""Philox against Random123's known answers and against a plain Python implementation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsim.draws.philox import NUMBER_BITS, ORDINAL_BITS, philox, uniform, uniforms

WORD = 0xFFFFFFFF
words = st.integers(0, WORD)
numbers = st.integers(0, 2**NUMBER_BITS - 1)
ordinals = st.integers(0, 2**ORDINAL_BITS - 1)


def plain_philox(counter, key):
    """Philox4x32-10 as the paper words it, on Python's whole numbers."""
    (a, b, c, d), (k, m) = counter, key
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * a, 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * c, 2**32)
        a, b, c, d = high_1 ^ b ^ k, low_1, high_0 ^ d ^ m, low_0
        k, m = (k + 0x9E3779B9) & WORD, (m + 0xBB67AE85) & WORD
    return a, b, c, d


def plain_uniform(seed, replication, key, number, purpose, ordinal):
    counter = (number & WORD, (ordinal << 12) | (number >> 32), purpose, key)
    first, second, _, _ = plain_philox(counter, (seed, replication))
    return (((first << 32 | second) >> 12) + 0.5) / 2**52


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_known_answers_of_random123(counter, key, answer):
    def numbers_in(text):
        return [int(word, 16) for word in text.split()]

    assert [int(w) for w in philox(*numbers_in(counter), *numbers_in(key))] == numbers_in(answer)


@given(words, words, words, words, words, words)
def test_philox_is_that_of_plain_python(a, b, c, d, k, m):
    assert tuple(int(w) for w in philox(a, b, c, d, k, m)) == plain_philox((a, b, c, d), (k, m))


@given(words, words, words, numbers, words, ordinals)
def test_uniform_is_that_of_plain_python(seed, replication, key, number, purpose, ordinal):
    asked = (seed, replication, key, number, purpose, ordinal)
    assert uniform(*asked) == plain_uniform(*asked)


@given(words, words, words, numbers, words, ordinals)
def test_types_of_whole_numbers_do_not_matter(seed, replication, key, number, purpose, ordinal):
    asked = (seed, replication, key, number, purpose, ordinal)
    assert uniform(*(np.int64(a) for a in asked)) == uniform(*asked)
    assert uniform(*(np.uint64(a) for a in asked)) == uniform(*asked)


@given(words, words, st.lists(st.tuples(words, numbers, ordinals), max_size=20), words)
def test_many_at_once_are_each_one_alone(seed, replication, named, purpose):
    keys, which, times = (
        np.array(column, dtype=np.int64) for column in (zip(*named, strict=True) if named else ((),) * 3)
    )
    together = uniforms(seed, replication, keys, which, purpose, times)
    alone = [uniform(seed, replication, key, number, purpose, ordinal) for key, number, ordinal in named]
    assert together.tolist() == alone


def test_one_key_serves_for_many_numbers():
    which = np.arange(5)
    spread = uniforms(1, 2, np.full(5, 3), which, 4, np.full(5, 6))
    assert uniforms(1, 2, 3, which, 4, 6).tolist() == spread.tolist()
    assert uniforms(1, 2, 3, np.empty(0, np.int64), 4).size == 0


def test_uniforms_stay_inside_the_open_interval():
    assert 0 < (0 + 0.5) * 2.0**-52
    assert (2**52 - 1 + 0.5) * 2.0**-52 < 1


@given(
    st.tuples(words, words, words, numbers, words, ordinals), st.tuples(words, words, words, numbers, words, ordinals)
)
def test_draws_of_different_names_differ(one, other):
    assert (uniform(*one) == uniform(*other)) == (one == other)


@given(st.tuples(words, words, words, numbers, words, ordinals), st.integers(0, 5), st.integers(0, 43))
def test_every_bit_of_a_name_counts(name, part, bit):
    width = (32, 32, 32, NUMBER_BITS, 32, ORDINAL_BITS)[part]
    other = list(name)
    other[part] ^= 1 << bit % width
    assert uniform(*name) != uniform(*other)


@pytest.mark.parametrize(("number", "ordinal"), [(-1, 0), (2**NUMBER_BITS, 0), (0, -1), (0, 2**ORDINAL_BITS)])
def test_names_too_long_for_the_counter_are_refused(number, ordinal):
    with pytest.raises(ValueError, match="out of range"):
        uniform(1, 0, 1, number, 1, ordinal)
    with pytest.raises(ValueError, match="out of range"):
        uniforms(1, 0, 1, [number], 1, [ordinal])
