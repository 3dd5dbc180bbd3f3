"""What the guide shows runs as it stands: every network in it, every line of Python."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowsim.config.load import load
from flowsim.config.validate import examine
from flowsim.engine.reference import run
from flowsim.errors import Problem
from flowsim.measure.stations import COLUMNS
from tests.build import spec_of
from tests.reference_cases.acceptance import NETWORKS

GUIDE = Path(__file__).parents[2] / "docs" / "declaring-a-network.md"
TEXT = GUIDE.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


@cache
def blank() -> dict[str, Any]:
    """What a place of one's own is merged over."""
    given = load([], [NETWORKS / "A01a.yaml"]).raw
    return {name: part for name, part in given.items() if name not in ("stream", "service", "pathway")}


def problems_of(written: dict[str, Any]) -> list[Problem]:
    """Return what the command line would say of a file."""
    place = blank()["place"] | written.get("place", {})
    return examine(blank() | {"stream": {}} | written | {"place": place})[1]


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: "-".join(yaml.safe_load(block)["service"])[:40])
def test_every_network_of_the_guide_runs(block):
    written = yaml.safe_load(block)
    assert not problems_of(written)
    spec = spec_of(written, warm_up="0 d", duration="10 d", starts="2026-01-05")
    assert len(run(spec, 0).patients.arrival) > 0


def test_every_line_of_python_in_the_guide_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "case.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, str(GUIDE), "exec"), names)
    assert capsys.readouterr().out.count("\n") >= 6
    assert names["lost"].sum() == 0  # type: ignore[attr-defined]


def test_the_guide_names_columns_that_exist():
    table = TEXT.split("### What cases ask for")[1].split("### Everything else")[0]
    named = set(re.findall(r"`([a-z_0-9]+)`", table)) - {"stations", "system", "costs", "pounds", "beyond"}
    assert named <= set(COLUMNS) | {"p_wait_over_"}


def test_the_guide_names_networks_that_exist():
    table = TEXT.split("### Which example is nearest")[1]
    assert set(re.findall(r"`([A-P]\d\d[a-z]?)`", table)) == {file.stem for file in NETWORKS.glob("*.yaml")}


@pytest.mark.parametrize("file", sorted(NETWORKS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_network_file_is_one_a_user_could_give(file):
    assert not problems_of(yaml.safe_load(file.read_text(encoding="utf-8")))
