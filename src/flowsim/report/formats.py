"""Numbers as people write them: thousands, sensible digits, pounds in k and m, percentages, dates.

A value that was not measured is said to be so; no figure is ever shown as NaN.
"""

from __future__ import annotations

import math
from datetime import date, datetime

NOT_MEASURED = "not measured"
MINUS = "\u2212"
_SHARE_UNITS = frozenset({"%", "share"})


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
        ('12,300', '45.2', '0.031', '−1,230')
    """
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.001:
        return "under 0.001" if value > 0 else f"above {MINUS}0.001"
    decimals = digits - 1 - math.floor(math.log10(size))
    return fixed(value, min(decimals, 1) if size >= 1 else min(decimals, 3))


def _padded(value: float, decimals: int) -> str:
    """Return a number to so many decimals, trailing noughts kept so that figures beside each other match."""
    text = f"{abs(round(value, decimals)):,.{max(0, decimals)}f}"
    return f"{MINUS}{text}" if value < 0 and text.strip("0.,") else text


def fixed(value: float, decimals: int) -> str:
    """Return a number to so many decimals (negative: to tens, hundreds ...), trailing noughts dropped."""
    text = _padded(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals_for(value: float, low: float, high: float) -> int:
    """Return to how many decimals a difference and its interval are worth writing.

    Two digits of the interval's half width, no more than three of the difference; but always enough that an end
    of an interval that excludes nought is not written as nought.
    """
    half = abs(high - low) / 2
    size = max(abs(value), half)
    if size == 0:
        return 0
    decimals = 2 - math.floor(math.log10(size))
    if half > 0:
        decimals = min(decimals, 1 - math.floor(math.log10(half)))
    nearest = min(abs(low), abs(high))
    if low * high > 0 and round(nearest, decimals) == 0:
        decimals = -math.floor(math.log10(nearest))
    return max(-6, min(6, decimals))


def count(value: float | None) -> str:
    """Return a whole number in full, with thousands separators."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    text = f"{abs(value):,.0f}"
    return f"{MINUS}{text}" if value < 0 and text != "0" else text


def money(value: float | None) -> str:
    """Return pounds, to three digits: in full below £10,000, then in k and m.

    Example:
        >>> money(850), money(45_600), money(-1_234_567)
        ('£850', '£45.6k', '−£1.23m')
    """
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    size = abs(value)
    if size >= 999_500:
        text = f"£{_three(size / 1e6)}m"
    elif size >= 9_995:
        text = f"£{_three(size / 1e3)}k"
    elif size >= 1000:
        text = f"£{round(size, -1):,.0f}"
    else:
        text = f"£{size:,.0f}"
    return f"{MINUS}{text}" if value < 0 and text != "£0" else text


def _three(size: float) -> str:
    """Return three significant digits, no exponent."""
    return f"{size:,.0f}" if size >= 99.95 else f"{size:.{2 - math.floor(math.log10(size * 1.0005))}f}"


def percent(value: float | None, decimals: int = 1) -> str:
    """Return a fraction as a percentage."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    text = f"{abs(value) * 100:.{decimals}f}"
    if text.strip("0.") == "":
        return "0%"
    return f"{MINUS if value < 0 else ''}{text}%"


_UNIT_WORDS = {"/day": "a day", "h": "hours", "min": "minutes", "d": "days"}
_BARE_UNITS = frozenset({"", "patients", "people", "number", "count"})


def unit_words(unit: str) -> str:
    """Return a unit as it follows a number in a sentence or stands under a heading; shares and pounds have none.

    Example:
        >>> unit_words("/day per 100,000"), unit_words("h"), unit_words("share")
        ('a day per 100,000', 'hours', '')
    """
    if is_share(unit) or is_money(unit) or unit in _BARE_UNITS:
        return ""
    if unit.startswith("/"):
        return f"a {unit[1:]}"
    return _UNIT_WORDS.get(unit, unit)


def amount(value: float | None, unit: str) -> str:
    """Return a value without its unit, but with the sign of pounds or per cent: for cells under a heading."""
    if is_missing(value):
        return NOT_MEASURED
    if is_money(unit):
        return money(value)
    return percent(value) if is_share(unit) else number(value)


def quantity(value: float | None, unit: str) -> str:
    """Return a value with its unit."""
    text, words = amount(value, unit), unit_words(unit)
    if is_missing(value) or not words:
        return text
    if text == "1" and words in ("days", "hours", "minutes"):
        words = words[:-1]
    return f"{text} {words}"


def gap(value: float | None, low: float | None, high: float | None, unit: str) -> tuple[str, str]:
    """Return a difference with its sign, and its interval, to decimals that the interval's width is worth.

    Differences of shares are in percentage points. The interval is empty where there is none.

    Example:
        >>> gap(-0.02974, -0.03412, -0.02536, "share")
        ('−3.0 points', '−3.4 to −2.5')
    """
    if value is None or not math.isfinite(value):
        return NOT_MEASURED, ""
    has_interval = low is not None and high is not None and math.isfinite(low) and math.isfinite(high)
    lowest, highest = (low or 0.0, high or 0.0) if has_interval else (value, value)
    if is_money(unit):
        texts = [_signed(money(v)) for v in (value, lowest, highest)]
    else:
        scale = 100 if is_share(unit) else 1
        decimals = decimals_for(value * scale, lowest * scale, highest * scale)
        if is_share(unit) and (abs(value * scale) >= 1 or not has_interval):
            decimals = min(1, decimals)
        texts = [_signed(_padded(v * scale, decimals)) for v in (value, lowest, highest)]
    said = texts[0] + (" points" if is_share(unit) else "")
    return said, f"{texts[1]} to {texts[2]}" if has_interval else ""


def difference(value: float | None, unit: str) -> str:
    """Return a difference with its sign and no interval."""
    return gap(value, None, None, unit)[0]


def size_of_gap(value: float, low: float, high: float, unit: str) -> tuple[str, str]:
    """Return a difference and its interval as sizes without signs, for sentences that say which side they are on.

    Example:
        >>> size_of_gap(-2590.0, -2780.0, -2410.0, "days")
        ('2,590', '2,410 to 2,780')
    """
    small, large = sorted((abs(low), abs(high)))
    said, between = gap(abs(value), small, large, unit)
    return said.removeprefix("+").replace(" points", " percentage points"), between.replace("+", "")


def _signed(text: str) -> str:
    return text if text.startswith(MINUS) or not text.strip("£0.,") else f"+{text}"


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
    """Return a label fit for the middle of a sentence: lower case, unless it opens with an initialism.

    Example:
        >>> in_sentence("Days delayed"), in_sentence("A&E patients"), in_sentence("A hard winter")
        ('days delayed', 'A&E patients', 'a hard winter')
    """
    head = label.split(" ", maxsplit=1)[0]
    if head == "A" or (head[1:].islower() and head.isalpha()) or (head[:1].isupper() and head[1:].islower()):
        return label[:1].lower() + label[1:]
    return label


def level_phrase(label: str) -> str:
    """Return a demand level's name as where something holds.

    Example:
        >>> level_phrase("Moderate"), level_phrase("A hard winter"), level_phrase("As now")
        ('at moderate demand', 'in a hard winter', 'with demand as now')
    """
    said = in_sentence(label)
    if said.startswith(("a ", "an ", "the ")):
        return f"in {said}"
    if said.startswith("as "):
        return f"with demand {said}"
    return f"at {said}" if "demand" in said.lower() else f"at {said} demand"
