"""Waiting lists: best class first, then first come, with quick removal of anyone."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from typing import Generic, TypeVar

Waiter = TypeVar("Waiter")


class WaitingList(Generic[Waiter]):
    """Those waiting, by class; within one, those sent back come before those who joined."""

    __slots__ = ("_classes", "_joined", "_length", "_returned")

    def __init__(self) -> None:
        # Dictionaries keep the order of insertion and forget anyone in constant time.
        self._joined: dict[int, dict[Waiter, None]] = {}
        self._returned: dict[int, dict[Waiter, None]] = {}
        self._classes: list[int] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Waiter]:
        """Yield everyone in the order they are to be looked at; the list may change meanwhile."""
        for cls in tuple(self._classes):
            if self._returned[cls]:
                yield from tuple(reversed(self._returned[cls]))
            if self._joined[cls]:
                yield from tuple(self._joined[cls])

    def ahead_of(self, cls: int) -> Iterator[Waiter]:
        """Yield everyone whom a newcomer to a class would stand behind."""
        for better in self._classes:
            if better > cls:
                return
            yield from reversed(self._returned[better])
            yield from self._joined[better]

    def join(self, waiter: Waiter, cls: int) -> None:
        """Add at the end of a class."""
        self._open(cls)
        self._joined[cls][waiter] = None
        self._length += 1

    def put_back(self, waiter: Waiter, cls: int) -> None:
        """Add at the head of a class."""
        self._open(cls)
        self._returned[cls][waiter] = None
        self._length += 1

    def leave(self, waiter: Waiter, cls: int) -> None:
        """Remove someone of a class.

        Raises:
            KeyError: not waiting there.
        """
        if waiter in self._returned[cls]:
            del self._returned[cls][waiter]
        else:
            del self._joined[cls][waiter]
        self._length -= 1

    def _open(self, cls: int) -> None:
        if cls not in self._joined:
            self._joined[cls] = {}
            self._returned[cls] = {}
            insort(self._classes, cls)
