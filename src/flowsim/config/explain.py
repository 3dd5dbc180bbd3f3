"""The effective difference between two configurations, key by key, and who made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowsim.config.models import Config
from flowsim.config.scenarios import Staged, in_force

NOTHING = "-"
"""What is shown where a configuration says nothing."""
_QUANTITY = {"value", "low", "high", "source", "note", "said", "price_year"}
_TABLE = {"by", "cases"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One key on which two configurations differ.

    Attributes:
        key: dotted.
        before, after: as written; NOTHING where absent.
        who: intervention, scenario, demand level or command line that said so; empty for the files themselves.
        since: ISO date from which it holds, empty for the whole run.
    """

    key: str
    before: str
    after: str
    who: str
    since: str = ""

    def __iter__(self) -> Iterator[str]:
        """Yield key, before, after and who."""
        return iter((self.key, self.before, self.after, self.who))


class Texts:
    """Configurations by dotted key, each written out once however often it is compared."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Config, dict[str, str]]] = {}

    def of(self, config: Config) -> dict[str, str]:
        """Return every value in force by its dotted key."""
        if id(config) not in self._known:
            # The configuration is kept too, so that its number stays its own.
            self._known[id(config)] = (config, flat(in_force(config)))
        return self._known[id(config)][1]


def explain(a: Staged, b: Staged, texts: Texts | None = None) -> list[Difference]:
    """Return what differs in ``b`` from ``a``, in the order of the keys.

    Periods of ``b`` after the first are compared with its period before.

    Args:
        a: what to compare with.
        b: what may differ.
        texts: of configurations compared before.
    """
    known = texts or Texts()
    out = _differences(known.of(a.config), known.of(b.config), a, b, "")
    for (_, before), (day, after) in zip(b.periods, b.periods[1:], strict=False):
        out += _differences(known.of(before), known.of(after), a, b, str(day))
    return out


def _differences(
    one: Mapping[str, str], other: Mapping[str, str], a: Staged, b: Staged, since: str
) -> list[Difference]:
    if one is other:
        return []
    return [
        Difference(key, one.get(key, NOTHING), other.get(key, NOTHING), _who(key, b) or _who(key, a), since)
        for key in sorted({*one, *other})
        if one.get(key) != other.get(key)
    ]


def _who(key: str, staged: Staged) -> str:
    """Return who set a key, or the nearest key above or below it."""
    candidates = [k for k in staged.who if f"{key}.".startswith(f"{k}.") or f"{k}.".startswith(f"{key}.")]
    return staged.who[max(candidates, key=len)] if candidates else ""


def flat(node: Any, path: str = "") -> dict[str, str]:
    """Return every value by its dotted key, quantities as they were written."""
    if isinstance(node, Mapping):
        if set(node) <= _QUANTITY and "said" in node:
            year = node.get("price_year")
            return {path: (node["said"] or str(node["value"])) + (f" at {year} prices" if year else "")}
        if set(node) == _TABLE:
            cases = ((_case(levels), value) for levels, value in node["cases"])
            return {k: v for case, value in cases for k, v in flat(value, f"{path}{case}").items()}
        inner = node["days"] if set(node) == {"days"} else node
        return {k: v for name, value in inner.items() for k, v in flat(value, f"{path}.{name}".lstrip(".")).items()}
    if isinstance(node, list):
        if any(isinstance(item, Mapping | list) for item in node):
            return {k: v for i, value in enumerate(node) for k, v in flat(value, f"{path}.{i}").items()}
        return {path: f"[{', '.join(str(item) for item in node)}]"}
    return {} if node is None else {path: str(node)}


def _case(levels: Sequence[str | None]) -> str:
    """Return a table's case as YAML has it: ``.values.85+.frail``, or ``.rest`` for all who are left."""
    return ".rest" if set(levels) == {None} else "".join(f".{level or 'rest'}" for level in ("values", *levels))
