"""Parts of a specification that configurations have in common, built once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from flowsim.system.tabling import Context

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class _Piece:
    """What was made of what, and the paths of the draws it asked a purpose for."""

    inputs: tuple[Any, ...]
    made: Any
    paths: tuple[str, ...]


@dataclass(slots=True)
class Pieces:
    """Parts already built, for the many configurations of one experiment, which differ in few of them.

    A part is taken from here only where all that it is made of is equal; a part with a problem is not kept.
    """

    _known: dict[str, list[_Piece]] = field(default_factory=dict)
    _told: dict[int, tuple[Any, str]] = field(default_factory=dict)
    _frames: list[tuple[Any, ...]] = field(default_factory=list)

    def frame(self, ctx: Context) -> int:
        """Return the number of all that every part may look at: calendar, periods, names of things."""
        place = ctx.configs[0].place
        frame = (ctx.starts, ctx.calendar, ctx.names, place.providers, place.hubs, ctx.configs[0].run.starts)
        if frame not in self._frames:
            self._frames.append(frame)
        return self._frames.index(frame)

    def take(self, ctx: Context, key: str, inputs: tuple[Any, ...], make: Callable[[], Part]) -> Part:
        """Return a part, made anew where none of equal inputs is known.

        Args:
            ctx: the builder's context.
            key: dotted path of the part.
            inputs: all that it is made of.
            make: makes it.
        """
        for piece in self._known.get(key, ()):
            if piece.inputs == inputs:
                for path in piece.paths:
                    ctx.purposes.of(path)
                found: Part = piece.made
                return found
        problems, asked = len(ctx.problems.found), len(ctx.purposes.asked)
        made = make()
        if len(ctx.problems.found) == problems:
            self._known.setdefault(key, []).append(_Piece(inputs, made, tuple(ctx.purposes.asked[asked:])))
        return made

    def told(self, part: object) -> str:
        """Return a hash of all that a part says, found once for a part that configurations share."""
        if id(part) not in self._told:
            # The part is kept too, so that its number stays its own.
            self._told[id(part)] = (part, hashlib.sha256(repr(part).encode()).hexdigest())
        return self._told[id(part)][1]
