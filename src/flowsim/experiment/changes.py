"""What an option changes, key by key: the difference between two configurations as they take effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsim.config.explain import NOTHING, Difference, Texts, explain

if TYPE_CHECKING:
    import pandas as pd

    from flowsim.config.scenarios import Staged
    from flowsim.experiment.design import Design

COLUMNS = ["arm", "since", "key", "baseline", "here", "who"]


@dataclass(frozen=True, slots=True)
class Change:
    """One key that an option sets otherwise.

    Attributes:
        since: first date on which it differs, ISO; empty where it differs from the start.
        key: dotted.
        baseline: what the baseline says.
        here: what the option says in the end (a ramp moves there by steps); where it says so for a time
            only, also until when.
        who: the intervention, scenario or command line that set it.
    """

    since: str
    key: str
    baseline: str
    here: str
    who: str


def differences(baseline: Staged, option: Staged, texts: Texts | None = None) -> list[Change]:
    """Return every key whose value differs at any time, in the order in which they come to differ.

    Args:
        baseline: what to compare with.
        option: what may differ.
        texts: of configurations compared before.
    """
    texts = texts or Texts()
    # What also changes during the baseline's own run is no difference between the two.
    shared = {(d.key, d.since, d.after) for d in explain(baseline, baseline, texts)}
    steps: dict[str, list[Difference]] = {}
    for found in explain(baseline, option, texts):
        if (found.key, found.since, found.after) not in shared:
            steps.setdefault(found.key, []).append(found)
    return [_change(key, found) for key, found in steps.items()]


def _change(key: str, steps: list[Difference]) -> Change:
    first, last = steps[0], steps[-1]
    here = last.after
    if len(steps) > 1 and last.after == first.before:
        here = f"{steps[-2].after} until {last.since}"
    return Change(first.since, key, _spoken(first.before), _spoken(here), first.who or last.who)


def _spoken(said: str) -> str:
    return "nothing" if said == NOTHING else said


def changes(design: Design) -> pd.DataFrame:
    """Return what each arm changes against the baseline arm, at the first demand level; see ``COLUMNS``."""
    import pandas as pd

    level = design.levels[0].id
    baseline = design.cell(design.against, level).staged
    texts = Texts()
    rows = [
        (arm.id, change.since, change.key, change.baseline, change.here, change.who)
        for arm in design.arms
        if arm.id != design.against
        for change in differences(baseline, design.cell(arm.id, level).staged, texts)
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype("str")
