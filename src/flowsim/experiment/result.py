"""ExperimentResult: all that is known when an experiment has run; what reports read, what a folder holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsim.errors import RunError

if TYPE_CHECKING:
    import pandas as pd


TABLES = (
    "measures",
    "weekly",
    "stations",
    "audit",
    "costs",
    "readings",
    "comparison",
    "nodes",
    "edges",
    "offered",
    "assumptions",
    "changes",
)
"""Fields of ExperimentResult that are tables, each a Parquet file of the same name in the folder."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One option of an experiment.

    Attributes:
        id: as the experiment names it.
        label: for people.
        why: what it is for, from its scenario or interventions; may be empty.
        stack: interventions and scenarios in force, in order.
    """

    id: str
    label: str
    why: str
    stack: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A demand level of an experiment."""

    id: str
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """What an experiment asked, ran and found.

    Every table has one row an item, and begins with ``arm, demand, replication`` where it differs by them.

    Attributes:
        name: id of the experiment, or of the place for a single run.
        title: the experiment's label, or the place's.
        question: what was asked.
        config: the effective configuration, composed and plain (before any arm's changes).
        manifest: how it was run: digest, versions, seeds, hardware, timings, command.
        arms, levels: in the experiment's order.
        against: id of the arm the others are compared with; the only arm of a single run.
        watches: measure ids shown first.
        decide_by: measure id by which arms are ordered; None where none was named.
        measures: arm, demand, replication, measure, service, split, value, unit.
        weekly: arm, demand, replication, week_start, measure, service, split, value.
        stations: arm, demand, replication, then one row a service with queueing statistics.
        audit: arm, demand, replication, check, item, asked, realised, tolerance, ok, note.
        costs: arm, demand, replication, item, kind, payer, pounds, units.
        readings: arm, demand, replication, record, key, value: what the model says for each recorded series (see
            ``flowsim.measure.recorded``); no rows where nothing was recorded of the months it ran over.
        comparison: demand, arm, measure, service, split, unit, mean, low, high, difference, difference_low,
            difference_high, p_better, replications, left_out (see ``flowsim.analyse.compare``).
        nodes, edges: the flow map of the baseline: id, label, role, hub; source, target, per_day.
        offered: arm, demand, then one row a service or staff pool with its offered load (see
            ``flowsim.experiment.loads``).
        assumptions: key, value, low, high (text, as written), number, number_low, number_high (in base units:
            minutes, events per minute, fractions, pounds), source, status, title, url, note: every input
            with a source or a range, and every one set by hand.
        changes: arm, since, key, baseline, here, who: what each arm changes, as written.
    """

    name: str
    title: str
    question: str
    config: Mapping[str, Any]
    manifest: Mapping[str, Any]
    arms: tuple[Arm, ...]
    levels: tuple[Level, ...]
    against: str
    watches: tuple[str, ...]
    decide_by: str | None
    measures: pd.DataFrame
    weekly: pd.DataFrame
    stations: pd.DataFrame
    audit: pd.DataFrame
    costs: pd.DataFrame
    readings: pd.DataFrame
    comparison: pd.DataFrame
    nodes: pd.DataFrame
    edges: pd.DataFrame
    offered: pd.DataFrame
    assumptions: pd.DataFrame
    changes: pd.DataFrame

    @property
    def is_single(self) -> bool:
        """Whether it is one configuration's run rather than a comparison."""
        return len(self.arms) == 1

    def arm(self, name: str) -> Arm:
        """Return the arm of that id."""
        return next(arm for arm in self.arms if arm.id == name)

    def level(self, name: str) -> Level:
        """Return the demand level of that id."""
        return next(level for level in self.levels if level.id == name)

    def definition(self, measure: str) -> Mapping[str, Any]:
        """Return a measure as configured: label, kind, better, unit ..., with its id as label where it has none."""
        said = (self.config.get("measure") or {}).get(measure) or {}
        return {"label": measure, "kind": measure, "better": "neither", "unit": "", "note": ""} | dict(said)

    def label(self, thing: str) -> str:
        """Return the name people use for a service, exit, provider, payer, body or reason."""
        place = self.config.get("place") or {}
        for group in ("service", "exit", "reason", "staff", "stream"):
            said = (self.config.get(group) or {}).get(thing)
            if isinstance(said, Mapping) and said.get("label"):
                return str(said["label"])
        for group in ("providers", "payers", "bodies", "hubs"):
            said = (place.get(group) or {}).get(thing)
            if said:
                return str(said)
        return thing.replace("_", " ").capitalize()

    def save(self, folder: Path) -> None:
        """Write tables as Parquet, the rest as ``result.json``, ``manifest.json`` and ``config.yaml``."""
        import yaml

        folder.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            getattr(self, name).to_parquet(folder / f"{name}.parquet", index=False)
        words = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {*TABLES, "config", "manifest"}}
        words["arms"] = [_as_dict(arm) for arm in self.arms]
        words["levels"] = [_as_dict(level) for level in self.levels]
        _write_json(folder / "result.json", words)
        _write_json(folder / "manifest.json", dict(self.manifest))
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text = yaml.dump(dict(self.config), Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
        (folder / "config.yaml").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ExperimentResult:
        """Read a folder that ``save`` wrote.

        Raises:
            RunError: the folder is not one of flowsim's results.
        """
        import pandas as pd
        import yaml

        if not (folder / "result.json").is_file():
            raise RunError(f"{folder}: said a results folder; wanted one with result.json, as flowsim compare writes")
        words: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        words["arms"] = tuple(Arm(**{**arm, "stack": tuple(arm["stack"])}) for arm in words["arms"])
        words["levels"] = tuple(Level(**level) for level in words["levels"])
        words["watches"] = tuple(words["watches"])
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        words["config"] = yaml.load((folder / "config.yaml").read_text(encoding="utf-8"), Loader=loader)
        words["manifest"] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        words |= {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
        return cls(**words)


def _as_dict(thing: Arm | Level) -> dict[str, Any]:
    return {f.name: getattr(thing, f.name) for f in fields(thing)}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
