"""Pathways turned into routing points: for each kind of patient, the branch that applies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flowsim.config.models import Branch, Pathway
from flowsim.config.quantities import Tabled
from flowsim.system.distributions import cumulative_of
from flowsim.system.names import ARRIVAL, Names
from flowsim.system.spec import NONE, BranchSpec, RoutingSpec, Table
from flowsim.system.tabling import Context, Levels, Scope, check_tabled, make_table

TOLERANCE = 1e-9
"""How far shares may be from adding up to one."""


def make_routing(
    ctx: Context, key: str, name: str, pathways: Sequence[Pathway | str], origins: Iterable[str] | None
) -> RoutingSpec:
    """Return a routing point.

    Args:
        ctx: the builder's context.
        key: dotted path of the pathway, the purpose of its draw.
        name: id of the stream, service or junction patients come from.
        pathways: in each period, a pathway or the one place everyone goes.
        origins: levels of ``from`` that can occur here; None where it cannot be asked.
    """
    full = [_as_pathway(pathway) for pathway in pathways]
    scope = Scope(origins=None if origins is None else frozenset(origins))
    checked = [_check(ctx, key, branches, scope) for branches in full]
    by = tuple(dict.fromkeys(name for branches in full for name in _names_used(branches)))
    fallback = BranchSpec((0,))
    branches: Table[BranchSpec] = Table((), (), (fallback,))
    if all(checked):
        rows = [_row_of(ctx, key, pathway) for pathway in full]
        wanted = "a branch for everyone: one without when, last, catches the others"
        branches = make_table(ctx, key, by, rows, scope, wanted, full)
    return RoutingSpec(name, ctx.purposes.of(key), branches)


def _as_pathway(pathway: Pathway | str) -> Pathway:
    return {"all": Branch(to={pathway: "rest"})} if isinstance(pathway, str) else pathway


def _names_used(pathway: Pathway) -> Iterator[str]:
    """Yield the attributes (and ``from``) that decide, in order of first use."""
    for branch in pathway.values():
        yield from branch.when
        for share in (branch.to or {}).values():
            if isinstance(share, Tabled):
                yield from share.by


def places_of(pathway: Pathway | str) -> list[str]:
    """Return the places a pathway names, in order."""
    found: list[str] = []
    for branch in _as_pathway(pathway).values():
        found += [*(branch.to or {}), *(branch.among or [])]
        if branch.otherwise is not None:
            found.append(branch.otherwise)
    return list(dict.fromkeys(found))


def _check(ctx: Context, key: str, pathway: Pathway, scope: Scope) -> bool:
    """Whether a pathway's names exist and each branch says where to go; notes problems."""
    before = len(ctx.problems.found)
    if not pathway:
        ctx.problems.add(key, "no branches", "one branch or more")
    for name, branch in pathway.items():
        at = f"{key}.{name}"
        for attribute, levels in branch.when.items():
            condition = Tabled((attribute,), tuple(((level,), None) for level in levels))
            check_tabled(ctx, f"{at}.when.{attribute}", condition, scope)
        if (branch.to is None) is (branch.choose is None) or (branch.choose is not None and not branch.among):
            said = (
                "both to and choose"
                if branch.to is not None and branch.choose is not None
                else "neither to nor choose among"
            )
            ctx.problems.add(at, said, 'to with shares, e.g. {ward: "30 %", home: rest}, or choose with among')
        for place, share in (branch.to or {}).items():
            ctx.names.place(f"{at}.to", place, ctx.problems)
            if isinstance(share, Tabled):
                check_tabled(ctx, f"{at}.to.{place}", share, scope)
        for place in branch.among or []:
            if place not in ctx.names.absent:
                ctx.names.place(f"{at}.among", place, ctx.problems)
        if branch.otherwise is not None:
            ctx.names.place(f"{at}.otherwise", branch.otherwise, ctx.problems)
    return len(ctx.problems.found) == before


def _row_of(ctx: Context, key: str, pathway: Pathway) -> Callable[[Levels], BranchSpec | None]:
    """Return the function from levels to the first branch whose conditions all hold."""
    tests = [
        ([(a, frozenset(levels)) for a, levels in b.when.items()], name, b, tuple(_names_used({name: b})))
        for name, b in pathway.items()
    ]
    known: dict[tuple[str, ...], BranchSpec] = {}

    def row(levels: Levels) -> BranchSpec | None:
        for conditions, name, branch, names in tests:
            if all(levels[attribute] in allowed for attribute, allowed in conditions):
                who = {attribute: levels[attribute] for attribute in names}
                case = (name, *who.values())
                if case not in known:
                    at = f"{key}.{name}"
                    known[case] = _by_rule(ctx, at, branch) if branch.to is None else _by_shares(ctx, at, branch, who)
                return known[case]
        return None

    return row


def _by_shares(ctx: Context, key: str, branch: Branch, levels: Levels) -> BranchSpec:
    shares: list[float | None] = []
    for place, share in (branch.to or {}).items():
        if not isinstance(share, Tabled):
            shares.append(None)
            continue
        quantity = share.value_for(levels)
        if quantity is None:
            who = ", ".join(f"{name} {levels[name]!r}" for name in share.by)
            ctx.problems.add(f"{key}.to.{place}", f"nothing for {who}", "a share for every combination, or a rest")
        shares.append(0.0 if quantity is None else quantity.value)
    total = sum(share for share in shares if share is not None)
    rests = shares.count(None)
    if rests > 1 or total > 1 + TOLERANCE or (not rests and total < 1 - TOLERANCE):
        who = ", ".join(f"{name} {level!r}" for name, level in levels.items())
        said = (
            f"shares of {100 * total:.6g} % in all"
            + (f" and {rests} rests" if rests > 1 else "")
            + (f" for {who}" if who else "")
        )
        ctx.problems.add(f"{key}.to", said, "shares that add up to 100 %, or less with one rest")
    rest = max(0.0, 1 - total)
    codes = [ctx.names.place(f"{key}.to", place, ctx.problems) for place in branch.to or {}]
    return BranchSpec(tuple(codes), cumulative_of([rest if share is None else share for share in shares]))


def _by_rule(ctx: Context, key: str, branch: Branch) -> BranchSpec:
    names = [place for place in branch.among or [] if place not in ctx.names.absent]
    otherwise = branch.otherwise or (branch.among or [""])[-1]
    codes = tuple(ctx.names.place(f"{key}.among", place, ctx.problems) for place in names)
    last = ctx.names.place(f"{key}.otherwise", otherwise, ctx.problems)
    if not codes:
        return BranchSpec((last,))
    return BranchSpec(codes, (), branch.choose or "share", last)


@dataclass(frozen=True)
class Reach:
    """Who can come from where, by name, over all periods.

    Attributes:
        origins: for each service and junction, the services (or ``arrival``) a patient can come from.
        destinations: for each service, the places its pathway can send a patient to.
    """

    origins: Mapping[str, frozenset[str]]
    destinations: Mapping[str, frozenset[str]]


def reach(ctx: Context) -> Reach:
    """Return which origins and destinations can occur, following junctions and redirections."""
    names = ctx.names
    onward = {place: _onward(ctx, place) for place in (*names.services, *names.junctions)}
    origins: dict[str, set[str]] = {place: set() for place in onward}
    for config in ctx.configs:
        for stream in config.stream.values():
            _spread(origins, _present(names, places_of(stream.to)), {ARRIVAL})
        for name, service in config.service.items():
            if service.initial and name in origins:
                origins[name].add(ARRIVAL)
    for service_name in names.services:
        _spread(origins, onward[service_name], {service_name})
    redirected = [(name, _redirections(ctx, name)) for name in names.services]
    changed = True
    while changed:
        size = sum(len(found) for found in origins.values())
        for junction in names.junctions:
            _spread(origins, onward[junction], origins[junction])
        for service_name, places in redirected:
            _spread(origins, places, origins[service_name] | {service_name})
        changed = sum(len(found) for found in origins.values()) != size
    return Reach({k: frozenset(v) for k, v in origins.items()}, {k: onward[k] for k in names.services})


def _spread(origins: dict[str, set[str]], places: Iterable[str], more: set[str]) -> None:
    for place in places:
        if place in origins:
            origins[place] |= more


def _present(names: Names, places: Iterable[str]) -> frozenset[str]:
    return frozenset(p for p in (names.present(place) for place in places) if p is not None)


def _onward(ctx: Context, place: str) -> frozenset[str]:
    """Return the places that the pathway of a service or junction names in any period."""
    found = [p for config in ctx.configs if place in config.pathway for p in places_of(config.pathway[place])]
    return _present(ctx.names, found)


def _redirections(ctx: Context, name: str) -> frozenset[str]:
    """Return where a service sends people it does not serve."""
    found = []
    for service in ctx.each("service", name):
        found += [service.queue.when_full, service.when_closed, service.patience.to if service.patience else None]
    return _present(ctx.names, [place for place in found if place is not None])


def code_or_none(ctx: Context, key: str, name: str | None) -> int:
    """Return the place code of a name; NONE where there is none."""
    return NONE if name is None else ctx.names.place(key, name, ctx.problems)
