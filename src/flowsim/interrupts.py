"""Ctrl-C that is not lost: it stops what is going on at once, or else before the next piece of work begins.

Python raises ``KeyboardInterrupt`` wherever it happens to be, and compiled code that cannot pass an exception on
drops it. So it is also remembered here, and long work asks between its pieces.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_pressed = threading.Event()


def heed() -> None:
    """Stop here if Ctrl-C was pressed and nothing has acted on it.

    Raises:
        KeyboardInterrupt: it was.
    """
    if _pressed.is_set():
        raise KeyboardInterrupt


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Remember Ctrl-C for ``heed`` until this ends; do nothing outside the main thread, where none arrives."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _pressed.clear()
    before, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
    # Who has it ignored, or handled otherwise, means that.
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _remember)

    def say(dropped: UnraisableHookArgs) -> None:
        if not isinstance(dropped.exc_value, KeyboardInterrupt):
            hook(dropped)

    sys.unraisablehook = say
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = hook
        _pressed.clear()


def _remember(_signal: int, _frame: FrameType | None) -> None:
    _pressed.set()
    raise KeyboardInterrupt
