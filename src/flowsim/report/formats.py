"""Numbers as people write them: thousands, sensible digits, pounds in k and m, percentages, dates.

A value that was not measured is said to be so; no figure is ever shown as NaN.
"""

from __future__ import annotations

import math
from datetime import date, datetime

NOT_MEASURED = "not measured"
MINUS = "\u2212"
_SHARE_UNITS = frozenset({"%", "share"})
_DURATION_UNITS = {"min": "min", "minutes": "min", "h": "h", "hours": "h", "d": "days", "days": "days"}


def is_share(unit: str) -> bool:
    """Whether values of the unit are fractions of one, shown as percentages."""
    return unit in _SHARE_UNITS


def is_money(unit: str) -> bool:
    """Whether values of the unit are pounds."""
    return unit.startswith("£")


def is_missing(value: float | None) -> bool:
    """Whether there is no number to show."""
    return value is None or not math.isfinite(value)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with thousands separators and about ``digits`` significant digits.

    Example:
        >>> number(12345.6), number(45.25), number(0.0312), number(-1234)
        ('12,300', '45.3', '0.031', '−1,230')
    """
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    size = abs(value)
    if size >= 1000:
        step = 10 ** max(0, math.floor(math.log10(size)) + 1 - digits)
        text = f"{round(size / step) * step:,.0f}"
    elif size >= 100 or size == round(size):
        text = f"{size:,.0f}"
    elif size >= 1:
        text = f"{size:.1f}"
    else:
        text = f"{size:.2g}" if size >= 0.001 else ("0" if size == 0 else "under 0.001")
        text = f"{size:.3f}".rstrip("0").rstrip(".") if 0.001 <= size < 1 else text
        if text == "0.000":
            text = "0"
    if text.endswith(".0"):
        text = text[:-2]
    return f"{MINUS}{text}" if value < 0 and text != "0" else text


def count(value: float | None) -> str:
    """Return a whole number in full, with thousands separators."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    text = f"{abs(value):,.0f}"
    return f"{MINUS}{text}" if value < 0 and text != "0" else text


def money(value: float | None) -> str:
    """Return pounds: in full below £10,000, then in k and m.

    Example:
        >>> money(850), money(45_600), money(-1_234_567)
        ('£850', '£45.6k', '−£1.23m')
    """
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    size = abs(value)
    if size >= 999_500:
        text = f"£{_three(size / 1e6)}m"
    elif size >= 9_999.5:
        text = f"£{_three(size / 1e3)}k"
    else:
        text = f"£{size:,.0f}"
    return f"{MINUS}{text}" if value < 0 and text != "£0" else text


def _three(size: float) -> str:
    """Return three significant digits, no exponent."""
    if size >= 1000:
        return f"{size:,.0f}"
    decimals = 2 - min(2, math.floor(math.log10(size)))
    return f"{size:.{decimals}f}"


def percent(value: float | None, decimals: int = 1) -> str:
    """Return a fraction as a percentage."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    text = f"{abs(value) * 100:.{decimals}f}"
    if text.strip("0.") == "":
        return "0%"
    return f"{MINUS if value < 0 else ''}{text}%"


def quantity(value: float | None, unit: str) -> str:
    """Return a value with its unit, as in a table cell or sentence."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    if is_money(unit):
        return money(value) + _per(unit)
    if is_share(unit):
        return percent(value)
    text = number(value)
    if unit in _DURATION_UNITS:
        name = _DURATION_UNITS[unit]
        return f"{text} day" if name == "days" and text == "1" else f"{text} {name}"
    if not unit or unit in ("patients", "people", "number", "count"):
        return text
    return f"{text}{unit}" if unit.startswith("/") else f"{text} {unit}"


def _per(unit: str) -> str:
    rest = unit[1:].strip()
    return f" {rest}" if rest else ""


def difference(value: float | None, unit: str) -> str:
    """Return a difference with an explicit sign; differences of shares are in percentage points."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    text = f"{number(value * 100)} points" if is_share(unit) else quantity(value, unit)
    if text.startswith(MINUS) or text.lstrip("£").split(" ", maxsplit=1)[0].rstrip("km") == "0":
        return text
    return f"+{text}"


def interval(low: float | None, high: float | None, unit: str) -> str:
    """Return an interval of a difference, ``+1.2 to +3.4``; the unit is said once."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return NOT_MEASURED
    if is_share(unit):
        return f"{_signed(number(low * 100))} to {_signed(number(high * 100))}"
    if is_money(unit):
        return f"{_signed(money(low))} to {_signed(money(high))}"
    return f"{_signed(number(low))} to {_signed(number(high))}"


def _signed(text: str) -> str:
    return text if text.startswith(MINUS) or text in ("0", "£0") else f"+{text}"


def span(low: float | None, high: float | None, unit: str) -> str:
    """Return an interval of sizes, no signs: ``1,200 to 3,400``; both ends are taken as magnitudes, smaller first."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return NOT_MEASURED
    small, large = sorted((abs(low), abs(high)))
    if is_share(unit):
        return f"{number(small * 100)} to {number(large * 100)}"
    if is_money(unit):
        return f"{money(small)} to {money(large)}"
    return f"{number(small)} to {number(large)}"


def probability(value: float | None) -> str:
    """Return a probability as a percentage that never claims certainty."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    if value > 0.99:
        return "over 99%"
    if value < 0.01:
        return "under 1%"
    return f"{value * 100:.0f}%"


def day(said: date | datetime | str) -> str:
    """Return a date as ``1 October 2026``."""
    when = date.fromisoformat(said[:10]) if isinstance(said, str) else said
    return f"{when.day} {when:%B %Y}"


def short_day(said: date | datetime | str) -> str:
    """Return a date as ``1 Oct``."""
    when = date.fromisoformat(said[:10]) if isinstance(said, str) else said
    return f"{when.day} {when:%b}"


def listed(items: list[str]) -> str:
    """Return items joined as in a sentence: ``a, b and c``."""
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def plural(number_of: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: ``1 option``, ``3 options``; small counts of things in figures."""
    return f"{number_of:,} {one if number_of == 1 else many or one + 's'}"


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def spelled(number_of: int) -> str:
    """Return a count in words up to ten."""
    return _WORDS[number_of] if 0 <= number_of < len(_WORDS) else f"{number_of:,}"


def sentence(text: str) -> str:
    """Return text with its first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def in_sentence(label: str) -> str:
    """Return a label fit for the middle of a sentence: lower case, unless it opens with an initialism."""
    head = label.split(" ", maxsplit=1)[0]
    if sum(c.isupper() for c in head) > 1 or not head[1:].islower():
        return label
    return label[:1].lower() + label[1:]


def level_phrase(label: str) -> str:
    """Return a demand level's name as where something holds: ``at moderate demand``, ``at extreme winter demand``."""
    said = in_sentence(label)
    return f"at {said}" if "demand" in said.lower() or "winter" in said.lower() else f"at {said} demand"
