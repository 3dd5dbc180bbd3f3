"""The answer in plain words, made from the comparison; nothing is claimed that an interval does not allow.

Every sentence about a difference says its size, its 95 % interval and, for the first one, how probable
it is that the option is better. An interval that holds nought is always put as "cannot be told from luck".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flowsim.experiment.result import ExperimentResult
from flowsim.report.cautions import cautions
from flowsim.report.formats import (
    difference,
    in_sentence,
    interval,
    is_share,
    level_phrase,
    listed,
    money,
    number,
    plural,
    probability,
    quantity,
    sentence,
    span,
    spelled,
)
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
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found at one demand level.

    Attributes:
        level: id of the demand level; ``label`` its name.
        headline: one sentence.
        points: further sentences.
        best: id of the arm shown to be best, None where none is.
        is_clear: whether that option's gain can be told from luck.
    """

    level: str
    label: str
    headline: str
    points: tuple[str, ...]
    best: str | None
    is_clear: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer.

    Attributes:
        summary: a sentence or two over all demand levels.
        findings: one a demand level.
        cautions: what a reader must know before relying on it.
        basis: how many replications it rests on, in a sentence.
    """

    summary: str
    findings: tuple[Finding, ...]
    cautions: tuple[str, ...]
    basis: str


def answer(result: ExperimentResult) -> Answer:
    """Return the answer to an experiment's question in plain words."""
    findings = tuple(_finding(result, level.id) for level in result.levels)
    return Answer(_summary(result, findings), findings, tuple(cautions(result)), basis(result))


def basis(result: ExperimentResult) -> str:
    """Return in a sentence or two how many replications the figures rest on."""
    runs = replications(result)
    period = measured_period(result)
    span_of_days = f" of {number(period[2])} days each" if period else ""
    what = "the option" if result.is_single else "every option at every demand level"
    said = f"Each figure is the mean of {plural(runs, 'replication')}{span_of_days} of {what}."
    if runs == 1:
        return (
            f"Each figure comes from one replication{span_of_days.replace(' each', '')} of {what}, so no interval can be "
            "given and no difference can be told from luck."
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
    if result.is_single or len(order) < 2 or measure is None:
        return Finding(level, label, _single_headline(result, level), (), None, False)
    first = order[0]
    base = next((e for e in order if e.arm == result.against), None)
    if base is None:
        return Finding(level, label, _single_headline(result, level), (), None, False)
    others = [e for e in order if e.arm != result.against]
    contender = others[0]
    points = [
        *_runner_up(result, level, measure, order),
        *_the_others(result, contender, others[1:]),
        *_other_measures(result, level, contender.arm, measure),
        *_price(result, level, contender.arm),
    ]
    is_clear = contender.verdict is Verdict.BETTER
    best = first.arm if is_clear else None
    return Finding(level, label, _headline(result, contender, base), tuple(points), best, is_clear)


def _headline(result: ExperimentResult, contender: Effect, base: Effect) -> str:
    name, against = _name(result, contender.arm), _name(result, base.arm)
    topic = in_sentence(contender.label)
    figures = f"{quantity(contender.mean, contender.unit)} against {quantity(base.mean, base.unit)} with {against}"
    verdict = contender.verdict
    if verdict is Verdict.BETTER:
        return (
            f"{name} does best on {topic}: {figures}, {_change(contender)}. "
            f"The probability that it is better than {against} is {probability(contender.p_better)}."
        )
    if verdict is Verdict.WORSE:
        return f"No option improves on {against} for {topic}. The nearest is {name}: {figures}, {_change(contender)}."
    if verdict is Verdict.SAME:
        return f"No option changes {topic}: it is {quantity(base.mean, base.unit)} with {against} and with the nearest, {name}."
    if verdict is Verdict.UNKNOWN:
        return (
            f"{name} has the most favourable {topic}: {figures}. With one replication there is no interval, so this "
            "cannot be told from luck."
        )
    return (
        f"No option can be told from {against} on {topic}. The most favourable, {name}, has {figures}, "
        f"a difference of {_difference(contender)} (95% interval {_interval(contender)}), which luck alone could produce."
    )


def _change(effect: Effect) -> str:
    """Return ``3,200 days lower (95% interval 1,900 to 4,500 lower)``; only for intervals that exclude nought."""
    side = "higher" if effect.difference > 0 else "lower"
    size = f"{_size(effect)} {side}"
    return f"{size} (95% interval {span(effect.difference_low, effect.difference_high, effect.unit)} {side})"


def _size(effect: Effect) -> str:
    if is_share(effect.unit):
        return f"{number(abs(effect.difference) * 100)} percentage points"
    return quantity(abs(effect.difference), effect.unit)


def _difference(effect: Effect) -> str:
    return difference(effect.difference, effect.unit)


def _interval(effect: Effect) -> str:
    return interval(effect.difference_low, effect.difference_high, effect.unit)


def _runner_up(result: ExperimentResult, level: str, measure: str, order: Sequence[Effect]) -> list[str]:
    """Return whether the best can be told from the next best other option."""
    others = [e for e in order if e.arm != result.against]
    if len(others) < 2 or others[0].verdict is not Verdict.BETTER:
        return []
    best, next_best = others[0], others[1]
    gap = versus(result, level, measure, best.arm, next_best.arm)
    if gap is None:
        return []
    name, rival = _name(result, best.arm), _name(result, next_best.arm)
    if gap.verdict is Verdict.BETTER:
        return [f"It also does better than the next best, {rival}: {_change(gap)}."]
    if gap.verdict in (Verdict.SAME, Verdict.UNKNOWN):
        return []
    return [
        f"{name} and the next best, {rival}, cannot be told apart: the difference is {_difference(gap)} "
        f"(95% interval {_interval(gap)})."
    ]


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
    """Return what else moves with the option, better and worse, and what cannot be told."""
    watched = [m for m in result.watches if m != decided]
    found = effects(result, level, watched)
    rows = [found[arm, m] for m in watched if (arm, m) in found]
    better = [f"{in_sentence(e.label)} ({_change(e)})" for e in rows if e.verdict is Verdict.BETTER]
    worse = [f"{in_sentence(e.label)} ({_change(e)})" for e in rows if e.verdict is Verdict.WORSE]
    moved = [f"{in_sentence(e.label)} is {_change(e)}" for e in rows if e.verdict in (Verdict.HIGHER, Verdict.LOWER)]
    unsure = [in_sentence(e.label) for e in rows if e.verdict is Verdict.UNSURE]
    name = _name(result, arm)
    said = []
    if better:
        said.append(f"With {name}, these also improve: {listed_long(better)}.")
    if worse:
        said.append(f"With {name}, these get worse: {listed_long(worse)}.")
    if moved:
        said.append(f"{sentence(listed_long(moved))}.")
    if unsure:
        said.append(f"No change that can be told from luck in {listed(unsure)}.")
    return said


def listed_long(items: Sequence[str]) -> str:
    """Return items that hold commas themselves, parted by semicolons."""
    return "; ".join(items)


def _price(result: ExperimentResult, level: str, arm: str) -> list[str]:
    """Return what the option costs all payers together, and who pays more or less."""
    table = payer_shifts(result, level)
    rows = {str(r["payer"]): r for r in table[table["arm"] == arm].to_dict("records")}
    if "total" not in rows:
        return []
    total = rows.pop("total")
    name, against = _name(result, arm), _name(result, result.against)
    said = [f"{name} {_costs(total['difference'], total['low'], total['high'])} than {against}, all payers together."]
    more, less, unsure = [], [], []
    for payer, row in rows.items():
        verdict = judge(row["difference"], row["low"], row["high"], "neither")
        if verdict is Verdict.SAME:
            continue
        label = result.label(payer)
        if verdict is Verdict.HIGHER:
            more.append(f"{label} {money(abs(row['difference']))}")
        elif verdict is Verdict.LOWER:
            less.append(f"{label} {money(abs(row['difference']))}")
        else:
            unsure.append(label)
    parts = []
    if more:
        parts.append(f"{listed(more)} more")
    if less:
        parts.append(f"{listed(less)} less")
    if parts:
        said.append(f"Who pays: {'; '.join(parts)}." + (f" No clear change for {listed(unsure)}." if unsure else ""))
    return [" ".join(said)]


def _costs(gap: float, low: float, high: float) -> str:
    verdict = judge(gap, low, high, "neither")
    if verdict is Verdict.HIGHER:
        return f"costs {money(gap)} more (95% interval {span(low, high, '£')} more)"
    if verdict is Verdict.LOWER:
        return f"costs {money(-gap)} less (95% interval {span(low, high, '£')} less)"
    if verdict is Verdict.SAME:
        return "costs no more and no less"
    if verdict is Verdict.UNKNOWN:
        return f"costs {money(abs(gap))} {'more' if gap > 0 else 'less'} (one replication, no interval)"
    return f"does not cost clearly more or less (difference {interval(low, high, '£')}, 95% interval)"


def _single_headline(result: ExperimentResult, level: str) -> str:
    found = effects(result, level, result.watches)
    rows = [found[result.against, m] for m in result.watches if (result.against, m) in found]
    parts = [f"{in_sentence(e.label)} {quantity(e.mean, e.unit)}" for e in rows]
    return f"{sentence(listed_long(parts))}." if parts else "No watched measure was taken."


# --- over all demand levels ------------------------------------------------------------------------


def _summary(result: ExperimentResult, findings: Sequence[Finding]) -> str:
    if result.is_single or deciding_measure(result) is None:
        return "One configuration was run, so there is nothing to compare; its headline figures follow."
    against = _name(result, result.against)
    topic = in_sentence(str(result.definition(deciding_measure(result) or "")["label"]))
    clear = [f for f in findings if f.is_clear]
    if not clear:
        return f"On {topic}, no option can be shown to improve on {against} at any demand level tried."
    best = {f.best for f in clear}
    if len(best) == 1 and len(clear) == len(findings):
        where = "at every demand level tried" if len(findings) > 1 else level_phrase(findings[0].label)
        return f"{_name(result, clear[0].best or '')} does best on {topic} {where}, compared with {against}."
    if len(best) > 1:
        parts = [f"{_name(result, f.best or '')} {level_phrase(f.label)}" for f in clear]
        said = f"The best option on {topic} depends on demand: {listed(parts)}."
    else:
        said = f"{_name(result, clear[0].best or '')} does best on {topic} {listed([level_phrase(f.label) for f in clear])}."
    rest = [level_phrase(f.label) for f in findings if not f.is_clear]
    return said + (f" {sentence(listed(rest))}, no option can be shown to improve on {against}." if rest else "")


def _name(result: ExperimentResult, arm: str) -> str:
    return result.arm(arm).label


# --- for the terminal ------------------------------------------------------------------------------


def comparison_text(result: ExperimentResult) -> str:
    """Return a short table for the terminal: the watched measures of every option, then the answer's headlines.

    An asterisk marks a difference whose 95 % interval excludes nought.
    """
    said = answer(result)
    blocks = [_terminal_table(result, level.id) for level in result.levels]
    blocks += [said.summary, *(f"{f.label}: {f.headline}" for f in said.findings if not result.is_single)]
    blocks += [f"Take care: {caution}" for caution in said.cautions]
    return "\n\n".join([*blocks, said.basis])


def _terminal_table(result: ExperimentResult, level: str) -> str:
    found = effects(result, level, result.watches)
    head = ["", *(_short(str(result.definition(m)["label"])) for m in result.watches)]
    rows = [[_short(arm.label, 34), *(_cell(found.get((arm.id, m))) for m in result.watches)] for arm in result.arms]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = ["  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
             for row in [head, *rows]]
    return "\n".join([result.level(level).label, *(said.rstrip() for said in lines)])


def _cell(effect: Effect | None) -> str:
    if effect is None or not math.isfinite(effect.mean):
        return "not measured"
    value = quantity(effect.mean, effect.unit)
    if effect.verdict in (Verdict.UNSURE, Verdict.SAME, Verdict.UNKNOWN):
        return value + " "
    return value + "*"


def _short(label: str, room: int = 22) -> str:
    return label if len(label) <= room else label[: room - 1].rstrip() + "…"
