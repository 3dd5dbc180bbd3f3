"""The STRESS-DES checklist (Monks et al., 2019), filled from the configuration and the manifest.

What the run knows is written down; what only people can vouch for is said to need a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowsim.experiment.result import ExperimentResult
from flowsim.report.formats import day, listed, plural
from flowsim.report.tables import statuses
from flowsim.report.view import measured_period, replications, watched

FILLED = "from the run"
PARTLY = "in part"
PERSON = "needs a person"


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the checklist.

    Attributes:
        number: as in the paper, e.g. ``2.5.1``.
        name: of the item.
        said: what can be said of it.
        status: from the run | in part | needs a person.
    """

    number: str
    name: str
    said: str
    status: str


def checklist(result: ExperimentResult) -> list[Item]:
    """Return every item of STRESS-DES with what the run can say of it."""
    return [*_objectives(result), *_logic(result), *_data(result), *_experiment(result), *_implementation(result)]


def _objectives(result: ExperimentResult) -> list[Item]:
    measures = [str(result.definition(m)["label"]) for m in watched(result)]
    aims = (
        f"{plural(len(result.arms), 'option')} compared with {result.arm(result.against).label} at "
        f"{plural(len(result.levels), 'demand level')}: {listed([level.label for level in result.levels])}."
    )
    return [
        Item(
            "1.1",
            "Purpose of the model",
            f"{result.question or result.title} Who decides, and by when, is for its users to add.",
            PARTLY,
        ),
        Item(
            "1.2",
            "Model outputs",
            f"Watched: {listed(measures)}. {plural(_count(result, 'measure'), 'measure')} defined in all.",
            FILLED,
        ),
        Item(
            "1.3", "Aims of experimentation", "One configuration, no comparison." if result.is_single else aims, FILLED
        ),
    ]


def _logic(result: ExperimentResult) -> list[Item]:
    resources = (
        f"{plural(_count(result, 'service'), 'service')} with spaces and "
        f"{plural(_count(result, 'staff'), 'staff pool')}; capacities, rotas and opening hours are in config.yaml."
    )
    levels = result.config.get("attribute") or {}
    return [
        Item("2.1", "Base model overview diagram", "The flow map on this page, drawn from the inputs.", FILLED),
        Item(
            "2.2",
            "Base model logic",
            "Routes, priorities and rules are in config.yaml beside the results; the engine's order of "
            "events is set out in the program's ordering contract. A narrative for a general reader needs writing.",
            PARTLY,
        ),
        Item("2.3", "Scenario logic", "Every change of every option is listed on this page with who made it.", FILLED),
        Item(
            "2.4",
            "Algorithms",
            "Discrete events in integer time; non-homogeneous Poisson arrivals by time change; inverse "
            "distribution functions; keyed draws. See the program's documentation.",
            FILLED,
        ),
        Item(
            "2.5.1", "Entities", f"Patients, with {listed(list(levels)).replace('_', ' ') or 'no attributes'}.", FILLED
        ),
        Item(
            "2.5.2",
            "Activities",
            "Steps of care and of leaving in each service, with durations by patient and staff needed.",
            FILLED,
        ),
        Item("2.5.3", "Resources", resources, FILLED),
        Item(
            "2.5.4",
            "Queues",
            "One queue a service, by priority and then first come; limits, patience and rises in priority as "
            "configured.",
            FILLED,
        ),
        Item(
            "2.5.5",
            "Entry and exit points",
            f"{plural(_count(result, 'stream'), 'stream')} of demand; exits home, died, left before "
            "being seen, turned away, elsewhere"
            + (f", {listed(list(result.config.get('exit') or {}))}" if result.config.get("exit") else "")
            + ".",
            FILLED,
        ),
    ]


def _data(result: ExperimentResult) -> list[Item]:
    found = [f"{number} {status}" for status, number in statuses(result)]
    return [
        Item(
            "3.1",
            "Data sources",
            f"{plural(_count(result, 'source'), 'source')}; titles and addresses are in the list of inputs.",
            FILLED,
        ),
        Item(
            "3.2",
            "Pre-processing of data",
            "How values were derived from their sources is in the notes of the inputs where it was "
            "written down; somebody who knows the data should check it is complete.",
            PARTLY,
        ),
        Item(
            "3.3",
            "Input parameters",
            f"{plural(len(result.assumptions), 'input')} with value, range and source"
            + (f": {listed(found)}." if found else "."),
            FILLED,
        ),
        Item(
            "3.4",
            "Assumptions",
            "Inputs marked assumed or expert are listed. Structural assumptions (what the model leaves out) "
            "need stating by its owner.",
            PARTLY,
        ),
    ]


def _experiment(result: ExperimentResult) -> list[Item]:
    said = result.manifest
    starts = [s for s in (result.config.get("service") or {}).values() if isinstance(s, Mapping) and s.get("initial")]
    start = f"{plural(len(starts), 'service')} started with people in place" if starts else "The system starts empty"
    period = measured_period(result)
    days = (
        f"{period[2]} days measured, {day(period[0])} to {day(period[1])}."
        if period
        else str(said.get("duration", "not recorded"))
    )
    return [
        Item(
            "4.1",
            "Initialisation",
            f"{start}, then {said.get('warm_up', 'no stated time')} of warm-up before measuring. Whether "
            "that is long enough should be judged from the weekly charts.",
            PARTLY,
        ),
        Item("4.2", "Run length", days, FILLED),
        Item(
            "4.3",
            "Estimation approach",
            f"{plural(replications(result), 'replication')} of every option at every demand level; "
            "common random numbers by patient; means with 95% Student t intervals; differences paired by replication.",
            FILLED,
        ),
    ]


def _implementation(result: ExperimentResult) -> list[Item]:
    said = result.manifest
    versions: Mapping[str, Any] = said.get("versions") or {}
    machine: Mapping[str, Any] = said.get("hardware") or {}
    seconds = said.get("wall_seconds")
    system = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in machine.items() if value)
    return [
        Item(
            "5.1",
            "Software",
            f"flowsim {said.get('flowsim', '')}, " + ", ".join(f"{k} {v}" for k, v in versions.items()) + ".",
            FILLED,
        ),
        Item(
            "5.2",
            "Random sampling",
            "Philox4x32-10 keyed by seed and replication, counted by purpose, patient and ordinal; seed "
            f"{said.get('seed', 'not recorded')}.",
            FILLED,
        ),
        Item(
            "5.3",
            "Model execution",
            f"{str(said.get('engine', '')).capitalize()} engine, events in a total order of time, rank and patient; "
            f"{plural(int(said.get('workers') or 0) or 1, 'process', 'processes')}. The command is given above.",
            FILLED,
        ),
        Item(
            "5.4",
            "System specification",
            f"{system or 'not recorded'}. Run time "
            + (f"{seconds:,.0f} seconds." if isinstance(seconds, int | float) else "not recorded."),
            FILLED,
        ),
        Item(
            "6.1",
            "Computer model sharing statement",
            "flowsim is under the MIT licence. Where this study's configuration and results "
            "are kept, and how to cite them, is for its authors to say.",
            PERSON,
        ),
    ]


def _count(result: ExperimentResult, group: str) -> int:
    return len(result.config.get(group) or {})
