"""A few words of SVG: elements, linear scales with round ticks, and text that fits.

Figures are drawn by hand so that they are small, sharp in print, take the page's own fonts and
colours, and carry their numbers as text that can be read aloud, searched and copied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

CHARACTER_WIDTH = 0.51
"""Mean width of a character as a share of the font size, for the page's sans-serif fonts."""


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """Return an SVG element; ``_`` in attribute names stands for ``-``, and a trailing one is dropped."""
    said = "".join(f' {_name(key)}="{_text(value)}"' for key, value in attributes.items() if value is not None)
    return f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>"


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-") if key != "viewBox" else key


def _text(value: object) -> str:
    return escape(_round(value) if isinstance(value, float) else str(value))


def _round(value: float) -> str:
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def text(x: float, y: float, words: str, css: str = "", anchor: str | None = None, **more: object) -> str:
    """Return a line of text."""
    return element("text", escape(words), x=x, y=y, class_=css or None, text_anchor=anchor, **more)


def line(x1: float, y1: float, x2: float, y2: float, css: str, **more: object) -> str:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=css, **more)


def path(points: Sequence[tuple[float, float]], css: str, *, closed: bool = False, **more: object) -> str:
    """Return a line through points, or the area within them."""
    said = "M" + "L".join(f"{_round(x)} {_round(y)}" for x, y in points) + ("Z" if closed else "")
    return element("path", d=said, class_=css, **more)


def title(words: str) -> str:
    """Return a tooltip, also read aloud by screen readers."""
    return element("title", escape(words))


def drawing(content: str, width: float, height: float, label: str, css: str = "") -> str:
    """Return a whole drawing that scales down to its column, with a label for those who cannot see it."""
    return element(
        "svg",
        content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_round(width)} {_round(height)}",
        class_=f"drawing {css}".strip(),
        style=f"max-width:{_round(width)}px",
        role="img",
        aria_label=label,
    )


def width_of(words: str, size: float) -> float:
    """Return about how wide a text is, in the units of its font size."""
    return len(words) * size * CHARACTER_WIDTH


def wrapped(words: str, width: float, size: float, lines: int = 3) -> list[str]:
    """Return a text broken at spaces into lines of about ``width``; the last is cut where it must be."""
    room = max(4, int(width / (size * CHARACTER_WIDTH)))
    out: list[str] = [""]
    for word in words.split():
        joined = f"{out[-1]} {word}".strip()
        if len(joined) <= room or not out[-1]:
            out[-1] = joined
        else:
            out.append(word)
    if len(out) > lines:
        out = [*out[: lines - 1], " ".join(out[lines - 1 :])]
    return [said if len(said) <= room + 2 else said[: room - 1].rstrip() + "…" for said in out]


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from values to a span of the drawing."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return where a value lies."""
        if self.high == self.low:
            return (self.start + self.end) / 2
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round values within the scale, about so many."""
        step = _step(self.low, self.high, about)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


def scale(values: Sequence[float], start: float, end: float, *, zero: bool = False, about: int = 5) -> Scale:
    """Return a scale that holds the values, opened out to round ends; with ``zero`` it holds nought too."""
    kept = [v for v in values if math.isfinite(v)] or [0.0, 1.0]
    low, high = min(kept), max(kept)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        room = abs(high) * 0.1 or 1.0
        low, high = (low, high + room) if zero and low == 0 else (low - room, high + room)
    step = _step(low, high, about)
    return Scale(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, start, end)


def _step(low: float, high: float, about: int) -> float:
    raw = (high - low) / max(1, about)
    if raw <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * k for k in (1.0, 2.0, 2.5, 5.0, 10.0) if power * k >= raw * 0.999)
