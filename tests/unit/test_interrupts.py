"""Ctrl-C is acted on, even where compiled code drops it."""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from flowsim.interrupts import heed, remembered


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    """A shell that runs the tests in the background has them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1)  # the signal is there long before


def test_it_stops_what_is_going_on() -> None:
    with pytest.raises(KeyboardInterrupt), remembered():
        press()


def test_one_that_was_dropped_stops_the_next_piece_of_work(capsys: pytest.CaptureFixture[str]) -> None:
    class Dropping:
        def __del__(self) -> None:
            press()  # what is raised here, Python drops

    with remembered():
        heed()
        dropping = Dropping()
        del dropping
        gc.collect()
        with pytest.raises(KeyboardInterrupt):
            heed()
    assert capsys.readouterr().err == ""
    heed()


def test_other_dropped_errors_are_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: said.append(dropped.exc_type))

    class Failing:
        def __del__(self) -> None:
            raise ValueError

    with remembered():
        failing = Failing()
        del failing
        gc.collect()
    assert said == [ValueError]


def test_what_handled_it_before_handles_it_again() -> None:
    before = signal.getsignal(signal.SIGINT)
    with remembered():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_who_has_it_ignored_has_it_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with remembered():
            press()
            heed()
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_are_left_alone() -> None:
    ended = []

    def work() -> None:
        with remembered():
            heed()
            ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [True]
