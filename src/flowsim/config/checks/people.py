"""Patients: attributes and levels that exist, tables that cover everyone, streams with a volume."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from flowsim.config.checks.registry import Given, check, unknown
from flowsim.config.models import Mix, Reserve
from flowsim.config.quantities import Tabled
from flowsim.errors import Problem
from flowsim.units import Dimension, QuantityError, parse_quantity

PSEUDO = ("from", "to")


def _named(given: Given) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield (key, attribute, levels) wherever attributes are named with levels."""
    for key, _, branch in given.pathways():
        yield from ((f"{key}.when", name, levels) for name, levels in branch.when.items())
    for path, node in given.of(Reserve):
        yield from ((f"{path}.for", name, levels) for name, levels in node.for_.items())
    for name, service in given.services.items():
        yield from ((f"service.{name}.sets", attribute, [level]) for attribute, level in service.sets.items())
        for start, people in service.initial.items():
            yield from ((f"service.{name}.initial.{start}.attributes", a, [v]) for a, v in people.attributes.items())
        if service.deconditioning is not None and service.deconditioning.shift is not None:
            yield f"service.{name}.deconditioning.shift", service.deconditioning.shift, ()
    for name, stream in given.config.stream.items():
        yield from ((f"stream.{name}.mix", attribute, list(mix.shares or ())) for attribute, mix in stream.mix.items())
        for at, listed in (stream.at or {}).items():
            yield from ((f"stream.{name}.at.{at}.attributes", a, [v]) for a, v in listed.attributes.items())


def _tables(given: Given) -> Iterator[tuple[str, Tabled[object]]]:
    return ((path, node) for path, node in given.of(Tabled) if node.by)


@check("attribute")
def attribute(given: Given) -> Iterator[Problem]:
    """Attributes that rules and tables look at exist."""
    known = (*given.config.attribute, *PSEUDO)
    for key, name, _ in _named(given):
        if name not in known:
            yield unknown(key, name, known, "an attribute")
    for key, table in _tables(given):
        for name in table.by:
            if name not in known:
                yield unknown(f"{key}.by", name, known, "an attribute")
    for name, stream in given.config.stream.items():
        for attribute_name, mix in stream.mix.items():
            for other in mix.by:
                if other not in given.config.attribute:
                    yield unknown(
                        f"stream.{name}.mix.{attribute_name}.by", other, given.config.attribute, "an attribute"
                    )


@check("level")
def level(given: Given) -> Iterator[Problem]:
    """Levels that rules and tables look at are levels of their attribute."""
    for key, name, levels in _named(given):
        known = given.levels(name)
        for said in levels:
            if known is not None and said not in known:
                yield unknown(f"{key}.{name}", said, known, f"a level of {name}")
    for key, table in _tables(given):
        for position, name in enumerate(table.by):
            known = given.levels(name)
            for written in dict.fromkeys(case[position] for case, _ in table.cases):
                if known is not None and written is not None and written not in known:
                    yield unknown(f"{key}.values.{written}", written, known, f"a level of {name}")


@check("levels_differ")
def levels_differ(given: Given) -> Iterator[Problem]:
    """An attribute has levels, all different, and a name that is not from or to."""
    for name, item in given.config.attribute.items():
        if not item.levels or len(set(item.levels)) < len(item.levels):
            yield Problem(f"attribute.{name}.levels", f"[{', '.join(item.levels)}]", "one level or more, all different")
        if name in PSEUDO:
            yield Problem(f"attribute.{name}", repr(name), "another name: from and to are kept for places")


@check("table_covers")
def table_covers(given: Given) -> Iterator[Problem]:
    """A table has a value for every patient: each level, or rest."""
    for key, table in _tables(given):
        levels = [given.levels(name) for name in table.by]
        if any(known is None for known in levels):
            continue
        missing = not_covered(tuple(case for case, _ in table.cases), tuple(known or () for known in levels))
        if missing is not None:
            yield Problem(key, f"nothing for {', '.join(missing)}", "a value for every level, or rest")


@lru_cache(maxsize=4096)
def not_covered(
    cases: tuple[tuple[str | None, ...], ...], levels: tuple[tuple[str, ...], ...]
) -> tuple[str, ...] | None:
    """Return the first combination of levels that no case holds for; None where each has one.

    Args:
        cases: levels of each case of a table; None stands for all of them.
        levels: of each attribute the table is by.
    """
    # A case with a name for each attribute is that combination; only the others have to be looked through.
    exact = {case for case in cases if None not in case}
    wide = [case for case in cases if None in case]
    for combination in itertools.product(*levels):
        if combination not in exact and not any(
            all(want in (None, level) for want, level in zip(case, combination, strict=True)) for case in wide
        ):
            return combination
    return None


@check("mix_order")
def mix_order(given: Given) -> Iterator[Problem]:
    """A mix depends on attributes drawn before it."""
    for name, stream in given.config.stream.items():
        drawn: list[str] = []
        for attribute_name, mix in stream.mix.items():
            for other in mix.by:
                if other in given.config.attribute and other not in drawn:
                    key = f"stream.{name}.mix.{attribute_name}.by"
                    yield Problem(key, repr(other), f"an attribute that stands before {attribute_name} in the mix")
            drawn.append(attribute_name)


@check("mix_form")
def mix_form(given: Given) -> Iterator[Problem]:
    """A mix has shares, or shares for each level of what it is by."""
    for name, stream in given.config.stream.items():
        for attribute_name, mix in stream.mix.items():
            key = f"stream.{name}.mix.{attribute_name}"
            if mix.by and mix.cases is None:
                yield Problem(key, "by without values", "values: a level of what it is by -> shares")
            elif mix.cases is not None:
                yield from _mix_cases(given, key, attribute_name, mix)


def _mix_cases(given: Given, key: str, attribute_name: str, mix: Mix) -> Iterator[Problem]:
    found = list(_cases(mix.cases or {}, len(mix.by), ()))
    for path, shares in found:
        for said, name in zip(path, mix.by, strict=True):
            known = given.levels(name)
            if known is not None and said not in (*known, "rest"):
                yield unknown(f"{key}.values.{'.'.join(path)}", said, known, f"a level of {name}")
        yield from _mix_shares(given, f"{key}.values.{'.'.join(path)}", attribute_name, shares)
    cases = tuple(tuple(None if said == "rest" else said for said in path) for path, _ in found)
    missing = not_covered(cases, tuple(given.levels(name) or () for name in mix.by))
    if missing is not None:
        yield Problem(key, f"nothing for {', '.join(missing)}", "shares for every level, or rest")


def _cases(node: object, depth: int, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    if depth == 0:
        yield path, node
    elif isinstance(node, Mapping):
        for name, below in node.items():
            yield from _cases(below, depth - 1, (*path, str(name)))


def _mix_shares(given: Given, key: str, attribute_name: str, shares: object) -> Iterator[Problem]:
    known = given.levels(attribute_name) or ()
    if isinstance(shares, str):
        shares = {shares: "rest"}
    if not isinstance(shares, Mapping):
        yield Problem(key, str(shares), "level -> share")
        return
    total, rests = 0.0, 0
    for name, share in shares.items():
        if name not in known:
            yield unknown(key, str(name), known, f"a level of {attribute_name}")
        if share == "rest":
            rests += 1
            continue
        try:
            total += parse_quantity(share["value"] if isinstance(share, Mapping) else share, Dimension.SHARE)
        except (QuantityError, KeyError) as error:
            yield Problem(f"{key}.{name}", repr(share), getattr(error, "wanted", "a share"))
            return
    if total > 1 + 1e-9 or rests > 1 or (not rests and total < 1 - 1e-9):
        yield Problem(key, f"{total * 100:.6g} % and {rests} rest", "shares of 100 % in all, or one of them rest")


@check("stream_volume")
def stream_volume(given: Given) -> Iterator[Problem]:
    """A stream says once how many come."""
    ways = ("volume", "rates", "rates_by_date", "gaps", "at")
    for name, stream in given.config.stream.items():
        said = [way for way in ways if getattr(stream, way) is not None]
        if len(said) != 1:
            yield Problem(f"stream.{name}", " and ".join(said) or "nothing", f"one of {', '.join(ways)}")


@check("batch_size")
def batch_size(given: Given) -> Iterator[Problem]:
    """Groups that arrive together have whole numbers of patients."""
    for name, stream in given.config.stream.items():
        for size in stream.batch or ():
            if not size.isdigit() or int(size) < 1:
                yield Problem(f"stream.{name}.batch.{size}", repr(size), "a whole number of patients, 1 or more")


@check("mix_of")
def mix_of(given: Given) -> Iterator[Problem]:
    """People there at the start take their attributes from a stream that exists."""
    for name, service in given.config.service.items():
        for start, people in service.initial.items():
            if people.mix_of is not None and people.mix_of not in given.config.stream:
                yield unknown(f"service.{name}.initial.{start}.mix_of", people.mix_of, given.config.stream, "a stream")


@check("some_service")
def some_service(given: Given) -> Iterator[Problem]:
    """A place has services."""
    if not given.services:
        yield Problem("service", _names(given.config.service), "a service that is enabled")


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
