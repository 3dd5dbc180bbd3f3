"""The answer in plain words, made from the comparison; nothing is claimed that an interval does not allow.

Every sentence about a difference says its size, its 95 % interval and, for the first one, how probable
it is that the option is better. An interval that holds nought is always put as "cannot be told from luck".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowsim.experiment.result import ExperimentResult
from flowsim.report.cautions import cautions
from flowsim.report.formats import (
    amount,
    gap,
    in_sentence,
    is_money,
    level_phrase,
    listed,
    money,
    number,
    plural,
    probability,
    quantity,
    sentence,
    size_of_gap,
    spelled,
    unit_words,
)
from flowsim.report.kept import once_a_result
from flowsim.report.view import (
    Effect,
    Verdict,
    deciding_measure,
    effects,
    judge,
    measured_period,
    payer_shifts,
    ranked,
    replications,
    versus,
    watched,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found at one demand level.

    Attributes:
        level: id of the demand level; ``label`` its name.
        headline: one sentence.
        points: further sentences.
        best: id of the arm with the best figure, where its gain can be told from luck; else None.
        ties: ids of arms behind it that it cannot be told apart from.
        ahead: ids of arms with a better figure still, which cannot be told from luck.
    """

    level: str
    label: str
    headline: str
    points: tuple[str, ...]
    best: str | None
    ties: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Whether an option is shown to improve on the baseline."""
        return self.best is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer.

    Attributes:
        summary: one sentence over all demand levels.
        doubts: where that cannot be told from other options, or from luck.
        findings: one a demand level.
        cautions: what a reader must know before relying on it.
        basis: how many replications it rests on, in a sentence.
    """

    summary: str
    doubts: tuple[str, ...]
    findings: tuple[Finding, ...]
    cautions: tuple[str, ...]
    basis: str


@once_a_result
def answer(result: ExperimentResult) -> Answer:
    """Return the answer to an experiment's question in plain words."""
    findings = tuple(_finding(result, level.id) for level in result.levels)
    doubts = tuple(_doubts(result, findings)) if any(f.is_clear for f in findings) else ()
    return Answer(_summary(result, findings), doubts, findings, tuple(cautions(result)), basis(result))


def basis(result: ExperimentResult) -> str:
    """Return in a sentence or two how many replications the figures rest on."""
    runs = replications(result)
    period = measured_period(result)
    span_of_days = f" of {number(period[2])} days each" if period else ""
    what = "the option" if result.is_single else "every option at every demand level"
    said = f"Each figure is the mean of {plural(runs, 'replication')}{span_of_days} of {what}."
    if runs == 1:
        return (
            f"Each figure comes from one replication{span_of_days.replace(' each', '')} of {what}, so no interval "
            "can be given and no difference can be told from luck."
        )
    if not result.is_single:
        said += " The same patients, with the same luck, meet every option, so differences are paired."
    if runs < 10:
        said += f" With {spelled(runs)} replications the intervals are wide; run more before a close decision."
    return said


# --- one demand level ------------------------------------------------------------------------------


def _finding(result: ExperimentResult, level: str) -> Finding:
    label = result.level(level).label
    measure = deciding_measure(result)
    order = ranked(result, level, measure) if measure else []
    base = next((e for e in order if e.arm == result.against), None)
    others = [e for e in order if e.arm != result.against]
    if measure is None or base is None or not others:
        return Finding(level, label, _figures(result, level), (), None)
    # An option with the best figure may owe it to luck while another's smaller gain is clear: that one is then named.
    contender = next((e for e in others if e.verdict is Verdict.BETTER), others[0])
    is_clear = contender.verdict is Verdict.BETTER
    ahead, behind = others[: others.index(contender)], others[others.index(contender) + 1 :]
    pairs = _pairs(result, level, measure, contender, behind) if is_clear else []
    ties = tuple(rival for rival, pair in pairs if pair.verdict is not Verdict.BETTER)
    points = [
        *_ahead(result, contender, ahead),
        *_rivals(result, pairs, is_first=not ahead),
        *_the_others(result, contender, behind),
        *_other_measures(result, level, contender.arm, measure),
        *_price(result, level, contender.arm),
    ]
    said = _headline(result, contender, base, _claim(result, ties, ahead))
    best = contender.arm if is_clear else None
    return Finding(level, label, said, tuple(points), best, ties, tuple(e.arm for e in ahead))


def _claim(result: ExperimentResult, ties: Sequence[str], ahead: Sequence[Effect]) -> str:
    """Return how strongly a clear improver may be praised."""
    if ahead:
        return f"is the best of the options that can be told from {_name(result, result.against)} on"
    return "has the best figure for" if ties else "does best on"


def _ahead(result: ExperimentResult, contender: Effect, ahead: Sequence[Effect]) -> list[str]:
    """Return which options have a better figure still, without its being clear that they help."""
    if not ahead:
        return []
    names = [f"{_name(result, e.arm)} ({amount(e.mean, e.unit)})" for e in ahead]
    has = "has a better figure" if len(ahead) == 1 else "have better figures"
    against = _name(result, result.against)
    return [
        f"{listed(names)} {has} for {in_sentence(contender.label)}, but cannot be told from {against}: it may be luck."
    ]


def _pairs(
    result: ExperimentResult, level: str, measure: str, best: Effect, behind: Sequence[Effect]
) -> list[tuple[str, Effect]]:
    """Return (rival, the best option's paired difference from it) for the options behind the best, in their order."""
    found = [(e.arm, versus(result, level, measure, best.arm, e.arm)) for e in behind]
    return [(rival, pair) for rival, pair in found if pair is not None]


def _rivals(result: ExperimentResult, pairs: Sequence[tuple[str, Effect]], *, is_first: bool) -> list[str]:
    """Return whether the best can be told from the options behind it."""
    if not pairs:
        return []
    best = _name(result, pairs[0][1].arm)
    ties = [(rival, pair) for rival, pair in pairs if pair.verdict is not Verdict.BETTER]
    if not ties:
        rival, pair = pairs[0]
        rank = "the next best" if is_first else "the next"
        return [f"{best} also does better than {rank}, {_name(result, rival)}: {_change(pair)}."]
    if len(ties) == 1:
        rival, pair = ties[0]
        return [f"{best} and {_name(result, rival)} cannot be told apart on this: {_uncertain(pair)}."]
    return [f"{best} cannot be told apart on this from {listed([_name(result, rival) for rival, _ in ties])}."]


def _headline(result: ExperimentResult, contender: Effect, base: Effect, claim: str) -> str:
    name, against = _name(result, contender.arm), _name(result, base.arm)
    topic = in_sentence(contender.label)
    figures = f"{amount(contender.mean, contender.unit)} against {quantity(base.mean, base.unit)} with {against}"
    verdict = contender.verdict
    if verdict is Verdict.BETTER:
        return (
            f"{name} {claim} {topic}: {figures}, {_change(contender)}. "
            f"The probability that it is better than {against} is {probability(contender.p_better)}."
        )
    if verdict is Verdict.WORSE:
        return f"No option improves on {against} for {topic}. The nearest is {name}: {figures}, {_change(contender)}."
    if verdict is Verdict.SAME:
        stays = quantity(base.mean, base.unit)
        return f"No option improves on {against} for {topic}. With the nearest, {name}, it stays at {stays}."
    if verdict is Verdict.UNKNOWN:
        return (
            f"{name} has the most favourable figure for {topic}: {figures}. With one replication there is no interval, "
            "so this cannot be told from luck."
        )
    return (
        f"No option can be told from {against} on {topic}. The most favourable, {name}, has {figures}, "
        f"{_uncertain(contender)}, which luck alone could produce."
    )


def _change(effect: Effect) -> str:
    """Return ``3,200 lower (95% interval 1,900 to 4,500)``; only for intervals that exclude nought."""
    size, between = size_of_gap(effect.difference, effect.difference_low, effect.difference_high, effect.unit)
    return f"{size} {_side(effect.difference)} (95% interval {between})"


def _side(difference: float) -> str:
    return "higher" if difference > 0 else "lower"


def _uncertain(effect: Effect) -> str:
    """Return ``a difference of −30 (95% interval −90 to +30)``."""
    said, between = gap(effect.difference, effect.difference_low, effect.difference_high, effect.unit)
    return f"a difference of {said} (95% interval {between})"


def _the_others(result: ExperimentResult, contender: Effect, others: Sequence[Effect]) -> list[str]:
    """Return which further options differ from the baseline, and which cannot be told from it."""
    against = _name(result, result.against)
    groups = {
        verdict: [_name(result, e.arm) for e in others if e.verdict is verdict]
        for verdict in (Verdict.BETTER, Verdict.UNSURE, Verdict.SAME, Verdict.WORSE)
    }
    topic = in_sentence(contender.label)
    said = []
    if groups[Verdict.BETTER]:
        said.append(f"Also better than {against} on {topic}: {listed(groups[Verdict.BETTER])}.")
    if groups[Verdict.UNSURE]:
        said.append(f"Cannot be told from {against} on {topic}: {listed(groups[Verdict.UNSURE])}.")
    if groups[Verdict.SAME]:
        said.append(f"No change in {topic}: {listed(groups[Verdict.SAME])}.")
    if groups[Verdict.WORSE]:
        said.append(f"Worse than {against} on {topic}: {listed(groups[Verdict.WORSE])}.")
    return said


def _other_measures(result: ExperimentResult, level: str, arm: str, decided: str) -> list[str]:
    """Return what else moves with the option, better and worse, and what cannot be told; money has its own sentence."""
    others = [m for m in watched(result) if m != decided]
    found = effects(result, level, others)
    rows = [found[arm, m] for m in others if (arm, m) in found]
    rows = [e for e in rows if result.costs.empty or not is_money(e.unit)]

    def of(*verdicts: Verdict) -> list[str]:
        return [f"{in_sentence(e.label)}, {_change_in_unit(e)}" for e in rows if e.verdict in verdicts]

    unsure = [in_sentence(e.label) for e in rows if e.verdict is Verdict.UNSURE]
    same = [in_sentence(e.label) for e in rows if e.verdict is Verdict.SAME]
    name = _name(result, arm)
    said = []
    for head, parts in (
        ("these also improve", of(Verdict.BETTER)),
        ("these get worse", of(Verdict.WORSE)),
        ("these change, for better or worse", of(Verdict.HIGHER, Verdict.LOWER)),
    ):
        if parts:
            said.append(f"With {name}, {_number_agreed(head, len(parts))}: {'; '.join(parts)}.")
    if unsure:
        said.append(f"With {name}, no change that can be told from luck in {listed(unsure)}.")
    if same:
        said.append(f"With {name}, no change at all in {listed(same)}.")
    return said


def _number_agreed(head: str, parts: int) -> str:
    if parts > 1:
        return head
    singular = {"improve": "improves", "get": "gets", "change,": "changes,"}
    return " ".join(singular.get(word, word) for word in head.replace("these", "this", 1).split())


def _change_in_unit(effect: Effect) -> str:
    """Return a change with its unit said, for measures that no figure with a unit goes before."""
    size, between = size_of_gap(effect.difference, effect.difference_low, effect.difference_high, effect.unit)
    # "In the period" goes without saying here: every figure is.
    words = "" if effect.unit.startswith("in ") else unit_words(effect.unit)
    return f"{size}{' ' + words if words else ''} {_side(effect.difference)} (95% interval {between})"


def _price(result: ExperimentResult, level: str, arm: str) -> list[str]:
    """Return what the option costs all payers together, and who pays more or less."""
    table = payer_shifts(result, level)
    rows = {str(r["payer"]): r for r in table[table["arm"] == arm].to_dict("records")}
    if "total" not in rows:
        return []
    total = rows.pop("total")
    name, against = _name(result, arm), _name(result, result.against)
    said = [f"{name} {_costs(total['difference'], total['low'], total['high'], against)}, all payers together."]
    sides: dict[Verdict, list[str]] = {}
    for payer, row in rows.items():
        verdict = judge(row["difference"], row["low"], row["high"], "neither")
        sides.setdefault(verdict, []).append(_payer(result, payer, row["difference"], verdict))
    parts = [
        f"{listed(sides[v])} {word}" for v, word in ((Verdict.HIGHER, "more"), (Verdict.LOWER, "less")) if v in sides
    ]
    if parts:
        said.append(f"By payer: {'; '.join(parts)}.")
    if Verdict.UNSURE in sides and parts:
        said.append(f"No clear change for {listed(sides[Verdict.UNSURE])}.")
    return [" ".join(said)]


def _payer(result: ExperimentResult, payer: str, difference: float, verdict: Verdict) -> str:
    label = result.label(payer)
    return f"{label} {money(abs(difference))}" if verdict in (Verdict.HIGHER, Verdict.LOWER) else label


def _costs(difference: float, low: float, high: float, against: str) -> str:
    verdict = judge(difference, low, high, "neither")
    size, between = size_of_gap(difference, low, high, "£")
    if verdict is Verdict.HIGHER:
        return f"costs {size} more than {against} (95% interval {between})"
    if verdict is Verdict.LOWER:
        return f"costs {size} less than {against} (95% interval {between})"
    if verdict is Verdict.SAME:
        return f"costs the same as {against}"
    if verdict is Verdict.UNKNOWN:
        return f"costs {size} {'more' if difference > 0 else 'less'} than {against} (one replication, no interval)"
    said, between = gap(difference, low, high, "£")
    return f"does not clearly cost more or less than {against} (difference {said}, 95% interval {between})"


def _figures(result: ExperimentResult, level: str) -> str:
    found = effects(result, level, watched(result))
    rows = [found[result.against, m] for m in watched(result) if (result.against, m) in found]
    parts = [f"{in_sentence(e.label)} {quantity(e.mean, e.unit)}" for e in rows]
    return f"{sentence('; '.join(parts))}." if parts else "No watched measure was taken."


# --- over all demand levels ------------------------------------------------------------------------


def _summary(result: ExperimentResult, findings: Sequence[Finding]) -> str:
    if result.is_single:
        return "One configuration was run, so there is nothing to compare; its headline figures follow."
    measure = deciding_measure(result)
    if measure is None:
        return "The experiment names no measure to decide by, so no option is called best; all are compared below."
    against = _name(result, result.against)
    topic = in_sentence(str(result.definition(measure)["label"]))
    clear = [f for f in findings if f.best is not None]
    if not clear:
        where = "at any demand level tried" if len(findings) > 1 else level_phrase(findings[0].label)
        return f"On {topic}, no option can be shown to improve on {against} {where}."
    return _best(result, clear, topic, len(findings))


def _best(result: ExperimentResult, clear: Sequence[Finding], topic: str, levels: int) -> str:
    """Return which option is best, where."""
    names = dict.fromkeys(_name(result, f.best or "") for f in clear)
    wheres = [level_phrase(f.label) for f in clear]
    if len(names) > 1:
        parts = [f"{_name(result, f.best or '')} {where}" for f, where in zip(clear, wheres, strict=True)]
        return f"Which option has the best figure for {topic} depends on demand: {listed(parts)}."
    where = "at every demand level tried" if len(clear) == levels > 1 else listed(wheres)
    against, name = _name(result, result.against), next(iter(names))
    if any(f.ahead for f in clear):
        return f"Of the options that can be told from {against}, {name} does best on {topic} {where}."
    does = "has the best figure for" if any(f.ties for f in clear) else "does best on"
    return f"{name} {does} {topic} {where}, compared with {against}."


def _doubts(result: ExperimentResult, findings: Sequence[Finding]) -> list[str]:
    """Return where the best cannot be told from others, and where no option can be shown to help."""
    said = []
    for finding in findings:
        # With one demand level there is no need to say where.
        where = f"{sentence(level_phrase(finding.label))}, " if len(findings) > 1 else ""
        if finding.best is None:
            said.append(f"{where}no option can be shown to improve on {_name(result, result.against)}.")
        if finding.ties:
            said.append(
                f"{where}{_name(result, finding.best or '')} cannot be told apart from {_named(result, finding.ties)}."
            )
        if finding.ahead:
            has = "has a better figure" if len(finding.ahead) == 1 else "have better figures"
            said.append(f"{where}{_named(result, finding.ahead)} {has}, but that may be luck.")
    return said


def _named(result: ExperimentResult, arms: Sequence[str]) -> str:
    """Return arms by name, or only their number where they are many."""
    return listed([_name(result, arm) for arm in arms]) if len(arms) <= 3 else f"{spelled(len(arms))} other options"


def _name(result: ExperimentResult, arm: str) -> str:
    return result.arm(arm).label
