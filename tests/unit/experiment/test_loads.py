import math

import pandas as pd
import pytest

from flowsim.experiment.loads import OFFERED, flow_map, offered, warning
from flowsim.experiment.verify import erlang_c
from flowsim.system.loads import Load
from flowsim.system.network import network
from tests.unit.experiment.toytown import experiment


def load(**said: object) -> Load:
    usual = {"id": "ward", "kind": "service", "patients_per_day": 2.0, "mean_minutes": 720.0, "offered": 1.0}
    usual |= {"capacity": 2.0, "utilisation": 0.5, "verdict": "settles", "growth_per_day": 0.0}
    return Load(**(usual | said))


def test_a_queue_that_settles_has_no_warning() -> None:
    assert warning(load()) == ""
    assert warning(load(kind="staff", verdict="overflows", passes_on_per_day=2.5)) == ""


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"verdict": "near", "utilisation": 0.97}, "near its limit"),
        ({"verdict": "cannot settle", "utilisation": 1.5, "growth_per_day": 2.0}, "grows by about 14 patients a week"),
        ({"verdict": "near", "utilisation": 1.02}, "settles only with surge spaces open"),
        ({"verdict": "overflows", "passes_on_per_day": 2.5}, "full: passes on 2.5 patients a day, so no queue grows"),
        ({"verdict": "overflows", "passes_on_per_day": 2.5, "limited_by": "nurses"}, "a day for want of nurses"),
    ],
)
def test_warnings_say_what_to_expect(said: dict[str, object], words: str) -> None:
    assert words in warning(load(**said))


def test_every_cell_and_service_has_a_row() -> None:
    design = experiment()
    table = offered(design.cells)
    assert list(table.columns) == OFFERED
    services = {service.id for service in design.cells[0].spec.services}
    for cell in design.cells:
        mine = table[(table["arm"] == cell.arm) & (table["demand"] == cell.demand)]
        assert services <= set(mine["service"])


def test_the_map_joins_what_it_shows() -> None:
    nodes, edges = flow_map(network(experiment().cells[0].spec))
    assert set(pd.concat([edges["source"], edges["target"]])) <= set(nodes["id"])
    assert (edges["per_day"] > 0).all()


def test_erlang_c_by_hand() -> None:
    # M/M/2 with a = 1: (1/2 * 2) / (1 + 1 + 1/2 * 2) = 1/3.
    assert math.isclose(erlang_c(2, 1.0), 1 / 3)
