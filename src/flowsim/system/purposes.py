"""Purposes: stable numbers for the things a random draw decides.

A draw is named by what it is for. The name is the path of the thing in the model
(``service.ward.steps.stay``), so that adding a service, a step or a stream leaves the draws of all
others as they were.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


def purpose(path: str) -> int:
    """Return the purpose of a path: an unsigned 32-bit hash (BLAKE2s), the same on every machine.

    Args:
        path: dotted path of the thing the draw decides, e.g. ``service.ward.steps.stay``.
    """
    return int.from_bytes(hashlib.blake2s(path.encode("utf-8"), digest_size=4).digest(), "big")


@dataclass(slots=True)
class Purposes:
    """Hands out purposes and remembers them, so that two paths with one number are noticed.

    Attributes:
        paths: path by purpose.
        clashes: pairs of paths that share a purpose; their draws would be the same.
        asked: every path for which a purpose was asked, in order.
    """

    paths: dict[int, str] = field(default_factory=dict)
    clashes: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def of(self, path: str) -> int:
        """Return the purpose of a path, noting a clash with a path met before."""
        self.asked.append(path)
        number = purpose(path)
        before = self.paths.setdefault(number, path)
        if before != path and (before, path) not in self.clashes:
            self.clashes.append((before, path))
        return number
