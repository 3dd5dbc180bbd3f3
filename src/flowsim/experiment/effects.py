"""The book of coverage tried out: each item's change by itself, against the place as it stands."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import pandas as pd

from flowsim.config.checks.registry import Given
from flowsim.config.grammar import nearest
from flowsim.config.load import Loaded
from flowsim.config.models import Coverage
from flowsim.config.scenarios import stage
from flowsim.config.validate import config_of
from flowsim.errors import ConfigError, Problem
from flowsim.experiment.design import AS_GIVEN, Design, design_experiment
from flowsim.experiment.result import ExperimentResult

BASE = "as_it_stands"
"""The arm that changes nothing."""
QUESTION = "What does each item of the source documents move, tried by itself?"

_OTHER_BOOKS = ("coverage", "target", "record", "calibration")

COLUMNS = ["item", "measure", "service", "split", "unit", "base", "difference", "low", "high", "replications", "days"]
"""Of the table of effects."""


def effects_design(loaded: Loaded, items: Sequence[str] = ()) -> Design:
    """Return the experiment whose arms are the changes of the book of coverage, one at a time.

    Every arm has the same patients with the same luck. Items that try the same change share an arm.

    Args:
        loaded: a place with a book of coverage, as its ``run`` says how long and how often to run it.
        items: ids of the items to try; all of them if none is named.

    Raises:
        ConfigError: there is no such item, or a change cannot be made.
    """
    book = chosen(loaded.config.coverage, items)
    raw = copy.deepcopy(loaded.raw)
    for name, item in book.items():
        if item.change.sets:
            own = {key: value for key, value in raw["coverage"][name]["change"].items() if key != "intervention"}
            raw.setdefault("scenario_book", {})[arm_of(name, item)] = {"label": item.text, "why": item.why, **own}
    arms = {arm_of(name, item): [arm_of(name, item)] for name, item in book.items()}
    measures = list(dict.fromkeys(item.measure for item in book.values()))
    raw["measure"] = {name: raw["measure"][name] for name in measures}
    for other in _OTHER_BOOKS:  # they speak of measures that nobody asks for here
        raw.pop(other, None)
    raw["experiment"] = {
        "label": "One at a time", "question": QUESTION, "arms": {BASE: [], **arms},
        "arm_labels": {BASE: "As it stands"}, "demand": [AS_GIVEN], "against": BASE, "watches": measures,
    }  # fmt: skip
    base = config_of(raw)
    return design_experiment(Loaded(raw, stage(raw, raw.get("scenario") or (), given=Given(base, raw)), base))


def chosen(book: Mapping[str, Coverage], items: Sequence[str]) -> Mapping[str, Coverage]:
    """Return the items named, in the book's order; all of them if none is named.

    Raises:
        ConfigError: an item is not in the book, or the book is empty.
    """
    problems = [
        Problem("--only", repr(name), nearest(name, book, "an item of the book")) for name in items if name not in book
    ]
    if not book:
        problems.append(Problem("coverage", "nothing", "a place with a book of coverage, e.g. place=halton"))
    if problems:
        raise ConfigError(problems)
    return {name: item for name, item in book.items() if not items or name in items}


def arm_of(name: str, item: Coverage) -> str:
    """Return the arm that tries an item: its intervention, or one of its own."""
    return item.change.intervention or f"tried_{name}"


def effects(result: ExperimentResult, book: Mapping[str, Coverage], days: float) -> pd.DataFrame:
    """Return what each item that was tried moved: ``COLUMNS``, one row an item.

    Args:
        result: of the experiment of ``effects_design``.
        book: of coverage.
        days: how long each replication was measured.

    ``base`` is the measure as it stands; ``difference`` the mean over replications of what the change added, with
    its 95 % interval (``analyse.compare``). They are empty where the measure has no such row.
    """
    found = result.comparison.set_index(["arm", "measure", "service", "split"]).sort_index()
    ran = {arm.id for arm in result.arms}
    tried = {name: item for name, item in book.items() if arm_of(name, item) in ran and item.measure in result.watches}
    rows = [_row(name, item, found, days) for name, item in tried.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(name: str, item: Coverage, found: pd.DataFrame, days: float) -> list[object]:
    key = (item.measure, item.service, item.split)
    nothing = {"mean": None, "difference": None, "difference_low": None, "difference_high": None}
    here, base = _at(found, (arm_of(name, item), *key)), _at(found, (BASE, *key))
    tried, stands = here if here is not None else nothing, base if base is not None else nothing
    unit = "" if base is None else base["unit"]
    count = 0 if here is None else int(here["replications"])
    ends = (tried["difference"], tried["difference_low"], tried["difference_high"])
    return [name, *key, unit, stands["mean"], *ends, count, days]


def _at(found: pd.DataFrame, key: tuple[str, str, str, str]) -> pd.Series | None:
    return found.loc[[key]].iloc[0] if key in found.index else None
