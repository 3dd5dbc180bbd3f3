"""Streams of demand turned into specifications."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from flowsim.config.grammar import nearest
from flowsim.config.models import Mix, Profile, Stream
from flowsim.config.quantities import Share, Tabled
from flowsim.system.build_levels import by_period, finish
from flowsim.system.curves import Curve, flat
from flowsim.system.distributions import CannotBe, Part, cumulative_of, discrete_of, scaled
from flowsim.system.durations import check_ways, read_row
from flowsim.system.profiles import rate_curve
from flowsim.system.routing import TOLERANCE, make_routing
from flowsim.system.spec import NONE, Distribution, ListedArrival, MixSpec, Steps, StreamSpec, Table, ThinSpec
from flowsim.system.tabling import Context, Levels, make_table, value_table
from flowsim.units import Dimension

Kind = Literal["poisson", "renewal", "listed"]
SOURCES: dict[str, Kind] = {
    "volume": "poisson",
    "rates": "poisson",
    "rates_by_date": "poisson",
    "gaps": "renewal",
    "at": "listed",
}
"""Ways of saying when patients come, of which a stream has one."""


def make_stream(ctx: Context, name: str) -> StreamSpec:
    """Return the specification of one stream; in a period in which it is not enabled nobody comes."""
    key = f"stream.{name}"
    models: list[Stream] = ctx.each("stream", name)
    enabled = ctx.enabled("stream", name)
    first = models[0]
    kind = ctx.same(key, [_kind(ctx, key, model) for model in models])
    spread = ctx.same(f"{key}.between_days", [0.0 if m.between_days is None else m.between_days.value for m in models])
    if spread < 0:
        ctx.problems.add(f"{key}.between_days", spread, "a coefficient of variation of 0 or more")
    mix = _mixes(ctx, key, models)
    return StreamSpec(
        id=name,
        label=first.label or name,
        key=ctx.purposes.of(key),
        kind=kind,
        rate=_rate(ctx, key, models, enabled) if kind == "poisson" else Steps((0,), (0.0,)),
        day_spread=spread,
        gaps=_gaps(ctx, f"{key}.gaps", first) if kind == "renewal" else None,
        batch=_batch(ctx, f"{key}.batch", ctx.same(f"{key}.batch", [m.batch for m in models])),
        listed=_listed(ctx, f"{key}.at", first, {m.attribute for m in mix}) if kind == "listed" else (),
        mix=mix,
        thins=_thins(ctx, key, models),
        routing=make_routing(ctx, f"{key}.to", name, [model.to for model in models], None),
    )


def _kind(ctx: Context, key: str, model: Stream) -> Kind:
    given = [field for field in SOURCES if getattr(model, field) is not None]
    if len(given) != 1:
        ctx.problems.add(key, " and ".join(given) or "nothing of when patients come", f"one of {', '.join(SOURCES)}")
        return "poisson"
    if model.profile is not None and given[0] != "volume":
        ctx.problems.add(f"{key}.profile", repr(model.profile), f"no profile beside {given[0]}: it shapes a volume")
    return SOURCES[given[0]]


def _rate(ctx: Context, key: str, models: Sequence[Stream], enabled: Sequence[bool]) -> Steps:
    """Return arrivals per minute over the run; batches per minute where patients come in groups."""
    inputs: list[tuple[bool, Profile | None, Stream]] = []
    for config, model, on in zip(ctx.configs, models, enabled, strict=True):
        profile = None if model.profile is None else config.profile.get(model.profile)
        if model.profile is not None and profile is None:
            ctx.problems.unknown(f"{key}.profile", model.profile, "a profile", config.profile)
        inputs.append((on, profile, model))

    def curve_of(given: tuple[bool, Profile | None, Stream]) -> Curve:
        on, profile, model = given
        return rate_curve(ctx, key, model, profile) if on else flat(0.0)

    return finish(ctx, by_period(ctx, inputs, curve_of))


def _gaps(ctx: Context, key: str, model: Stream) -> Distribution | None:
    """Return the time between arrivals; a factor on the volume divides it."""
    if model.gaps is None or not check_ways(ctx, key, model.gaps):
        return None
    if any(
        getattr(model.gaps, field).by
        for field in type(model.gaps).model_fields
        if isinstance(getattr(model.gaps, field), Tabled)
    ):
        ctx.problems.add(key, "a table", "one distribution: gaps are drawn before there is a patient")
        return None
    try:
        if model.factor.value <= 0:
            raise CannotBe("a factor above 0 beside it")
        row = read_row(model.gaps, {})
        return None if row is None else scaled(row, 1 / model.factor.value)
    except CannotBe as error:
        ctx.problems.add(key, model.gaps.kind, str(error))
        return None


def _batch(ctx: Context, key: str, sizes: Mapping[str, Part | str] | None) -> Distribution | None:
    if sizes is None:
        return None
    try:
        batch = discrete_of(sizes, Dimension.COUNT)
    except CannotBe as error:
        ctx.problems.add(key, sorted(sizes), str(error))
        return None
    if not batch.values or batch.values[0] < 1:
        ctx.problems.add(key, sorted(sizes), "sizes of 1 or more")
    return replace(batch, at_least=0.0)


def _listed(ctx: Context, key: str, model: Stream, mixed: set[int]) -> tuple[ListedArrival, ...]:
    """Return arrivals written out, in order of time then of writing.

    An attribute not given is NONE where the stream's mix draws it, else its first level.
    """
    out = []
    for name, arrival in (model.at or {}).items():
        codes = [NONE if index in mixed else 0 for index in range(len(ctx.names.attributes))]
        for attribute, level in arrival.attributes.items():
            index, code = ctx.names.level(f"{key}.{name}.attributes.{attribute}", attribute, level, ctx.problems)
            if index != NONE:
                codes[index] = code
        out.append(ListedArrival(ctx.calendar.ticks(arrival.at.value), tuple(codes)))
    return tuple(sorted(out, key=lambda arrival: arrival.tick))


def _thins(ctx: Context, key: str, models: Sequence[Stream]) -> tuple[ThinSpec, ...]:
    """Return the prevented shares; 0 in periods that lack them."""
    out = []
    for name in dict.fromkeys(name for model in models for name in model.thinned):
        at = f"{key}.thinned.{name}"
        shares: list[Tabled[Share] | None] = [m.thinned[name].share if name in m.thinned else None for m in models]
        out.append(ThinSpec(name, ctx.purposes.of(at), value_table(ctx, f"{at}.share", shares, float, 0.0)))
    return tuple(out)


def _mixes(ctx: Context, key: str, models: Sequence[Stream]) -> tuple[MixSpec, ...]:
    """Return how attributes are drawn, in the order written."""
    out: list[MixSpec] = []
    drawn: list[str] = []
    for name in dict.fromkeys(name for model in models for name in model.mix):
        at = f"{key}.mix.{name}"
        index = ctx.names.attribute(at, name, ctx.problems)
        if index == NONE:
            continue
        found = [model.mix.get(name) for model in models]
        known = next(mix for mix in found if mix is not None)
        mixes = [known if mix is None else mix for mix in found]
        out.append(MixSpec(index, ctx.purposes.of(at), _mix_table(ctx, at, name, mixes, drawn)))
        drawn.append(name)
    return tuple(out)


def _mix_table(
    ctx: Context, key: str, attribute: str, mixes: Sequence[Mix], drawn: Sequence[str]
) -> Table[tuple[float, ...]]:
    by = tuple(dict.fromkeys(name for mix in mixes for name in mix.by))
    for name in by:
        if name not in drawn:
            wanted = nearest(name, drawn, "an attribute drawn before this one in the same mix")
            ctx.problems.add(key, f"by {name!r}", wanted)
            return Table((), (), ())
    rows = [_mix_rows(ctx, key, attribute, mix) for mix in mixes]
    return make_table(ctx, key, by, rows, wanted="shares for every combination, or a rest", sources=mixes)


def _mix_rows(ctx: Context, key: str, attribute: str, mix: Mix) -> Callable[[Levels], tuple[float, ...] | None]:
    """Return the function from levels drawn before to the cumulative shares of an attribute's levels."""
    leaves: list[tuple[tuple[str | None, ...], tuple[float, ...]]] = []
    for case, shares in _cases(mix.shares if not mix.by else mix.cases, len(mix.by)):
        where = ".".join([key, *(level or "rest" for level in case)])
        for name, level in zip(mix.by, case, strict=True):
            if level is not None and level not in ctx.names.attributes[name]:
                ctx.problems.unknown(where, level, f"a level of {name}", ctx.names.attributes[name])
        leaves.append((case, _shares_of_levels(ctx, where, attribute, shares)))
    return Tabled(tuple(mix.by), tuple(leaves)).value_for


def _cases(given: object, depth: int) -> list[tuple[tuple[str | None, ...], object]]:
    if depth == 0:
        return [((), given)]
    if not isinstance(given, Mapping):
        return []
    out = []
    for level, below in given.items():
        out += [((None if level == "rest" else str(level), *case), leaf) for case, leaf in _cases(below, depth - 1)]
    return out


def _shares_of_levels(ctx: Context, key: str, attribute: str, given: object) -> tuple[float, ...]:
    """Return cumulative shares of an attribute's levels, in the order of its levels."""
    levels = ctx.names.attributes[attribute]
    try:
        shares = given if isinstance(given, Mapping) and not _is_raw(given) else Mix.model_validate(given).shares or {}
    except ValueError as error:
        ctx.problems.add(key, given, f"shares of the levels of {attribute} ({str(error).splitlines()[-1].strip()})")
        return cumulative_of([1.0] * len(levels))
    for level in shares:
        if level not in levels:
            ctx.problems.unknown(key, str(level), f"a level of {attribute}", levels)
    total = sum(share.value for share in shares.values() if not isinstance(share, str))
    rests = sum(isinstance(share, str) for share in shares.values())
    if rests > 1 or total > 1 + TOLERANCE or (not rests and total < 1 - TOLERANCE):
        said = f"shares of {100 * total:.6g} % in all" + (f" and {rests} rests" if rests > 1 else "")
        ctx.problems.add(key, said, "shares that add up to 100 %, or less with one rest")
    rest = max(0.0, 1 - total)
    return cumulative_of([0.0 if level not in shares else _share(shares[level], rest) for level in levels])


def _share(share: Any, rest: float) -> float:
    return rest if isinstance(share, str) else float(share.value)


def _is_raw(given: Mapping[str, object]) -> bool:
    """Whether shares are still text: those of a mix by other attributes are read here."""
    return any(not isinstance(value, Share) and value != "rest" for value in given.values())
