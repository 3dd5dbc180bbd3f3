"""What takes long is shared out; what comes back is the same, in order."""

import os
from pathlib import Path

import pytest

from flowsim.experiment import pool


def double(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is below nothing")
    return 2 * number


def sign(folder: Path) -> None:
    (folder / str(os.getpid())).touch()


def who(_: int) -> str:
    return str(os.getpid())


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("worth", [0.0, 1e9])
def test_results_are_in_the_order_of_the_items(monkeypatch, workers, worth):
    monkeypatch.setattr(pool, "WORTH_SHARING", worth)
    assert pool.each(double, list(range(11)), workers) == [2 * n for n in range(11)]
    assert pool.each(double, [], workers) == []


def test_an_error_in_a_worker_is_the_callers(monkeypatch):
    monkeypatch.setattr(pool, "WORTH_SHARING", 0.0)
    with pytest.raises(ValueError, match="-4 is below nothing"):
        pool.each(double, [1, 2, 3, -4, 5], 2)


def test_threads_stop_at_an_error():
    with pytest.raises(ValueError, match="-4 is below nothing"):
        list(pool.in_threads(double, [1, -4], 2))


def test_workers_woken_do_what_is_asked_next(tmp_path):
    pool.wake(sign, tmp_path, 2)
    asked = set(pool.in_workers(who, range(8), 2))
    woken = {file.name for file in tmp_path.iterdir()}
    assert woken
    assert str(os.getpid()) not in woken | asked
    # One of them may have signed for both, and not be asked.
    assert len(woken | asked) <= 2
