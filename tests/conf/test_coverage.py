"""The book of coverage: a row for everything the documents name, keys that exist, and a page made of it."""

import functools
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from flowsim.config.compose import conf_dir
from flowsim.config.load import load
from flowsim.config.problems import find
from flowsim.config.scenarios import stage
from flowsim.errors import ConfigError
from flowsim.experiment.conduct import conduct
from flowsim.experiment.effects import BASE, COLUMNS, effects, effects_design
from flowsim.experiment.store import Parts
from flowsim.report.docs_coverage import keep_effects, known_effects, markdown, where_held, write_coverage

ROOT = conf_dir().parent
PAGE = ROOT / "docs" / "coverage.md"
TOY_BOOK = """
coverage:
  weekends:
    section: "4"
    text: Discharge team at weekends
    document: [illustrative]
    holds: [intervention.discharge_weekends]
    change: {intervention: discharge_weekends}
    measure: delayed_days
    expect: lower
    why: fewer wait for Monday
  beds:
    section: "2"
    text: Ward beds
    document: [illustrative]
    holds: [service.ward.capacity.beds]
    change: {sets: {service.ward.capacity.beds: 70}}
    measure: bed_occupancy
    expect: lower
    why: as many patients in more beds
  nowhere:
    section: "7"
    text: Nobody there
    document: [illustrative]
    holds: [measure.cost_by_payer]
    change: {intervention: more_reablement}
    measure: cost_by_payer
    split: nobody
    expect: either
    why: there is no such payer
"""


@functools.cache
def halton():
    return load(["place=halton"])


def book():
    return halton().config.coverage


def toy(folder: Path):
    file = folder / "book.yaml"
    file.write_text(TOY_BOOK, encoding="utf-8")
    return load(["place=toy", "run.duration=7 d", "run.warm_up=7 d"], [file])


def test_every_section_of_the_documents_has_its_rows():
    rows = Counter(item.section for item in book().values())
    assert set(rows) == {"2", "3", "4", "5", "6", "7"}
    assert sum(rows.values()) >= 100
    levers = {name.partition("_")[0] for name, item in book().items() if item.section == "4"}
    assert levers == {f"L{number}" for number in range(1, 21)}


def test_every_key_that_holds_an_item_stands_in_a_file():
    for name, item in book().items():
        for key in item.holds:
            assert find(halton().raw, key.split(".")) is not None, (name, key)
            assert (ROOT / where_held(key, "halton")).is_file(), (name, key)


def test_every_service_but_the_waiting_rooms_is_held_by_some_item():
    held = {part for item in book().values() for key in item.holds for part in key.split(".")}
    tried = {part for item in book().values() for key in item.change.sets for part in key.split(".")}
    shown = {item.service for item in book().values()}
    known = held | tried | shown
    towns = ("runcorn_east", "runcorn_west", "widnes_north", "widnes_south")
    of_each_hub = {name for name in halton().config.service if name.endswith(towns)}
    missing = set(halton().config.service) - known - of_each_hub
    assert missing == {"waiting_room_warrington", "waiting_room_whiston"}
    for kind in ("community_nursing", "treatment_room", "hub_team"):
        assert known & {f"{kind}_{town}" for town in towns}


def test_every_reason_is_given():
    assert [name for name, item in book().items() if len(item.why) < 10 or not item.text] == []


def test_the_page_has_a_row_for_every_item_and_is_made_of_the_book():
    page = PAGE.read_text(encoding="utf-8")
    assert page == markdown(halton(), known_effects(PAGE.parent)), "write it again: flowsim docs place=halton"
    rows = [line for line in page.splitlines() if line.startswith('| <a id="')]
    assert len(rows) == len(book())
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    assert [row[0] for row in cells if len(row) != 8 or not all(row)] == []


def test_the_book_changes_no_results(tmp_path):
    plain = load(["place=toy", "run.duration=7 d", "run.warm_up=7 d"]).staged.digest
    assert toy(tmp_path).staged.digest == plain


def test_each_item_is_an_arm_and_items_that_try_the_same_share_one():
    two = [name for name, item in book().items() if item.change.intervention == "family_choice_policy"][:2]
    design = effects_design(load(["place=halton", "run=smoke"]), two)
    assert [arm.id for arm in design.arms] == [BASE, "family_choice_policy"]
    with pytest.raises(ConfigError, match="an item of the book"):
        effects_design(halton(), ["no_such_item"])


def test_effects_are_those_of_the_comparison_and_are_kept_beside_the_page(tmp_path):
    loaded = toy(tmp_path)
    design = effects_design(loaded)
    result = conduct(design, Parts(tmp_path, "effects"), ["test"], 1)
    found = effects(result, loaded.config.coverage, 7.0)
    assert list(found["item"]) == ["weekends", "beds", "nowhere"]
    beds = found.set_index("item").loc["beds"]
    measured = result.measures.query("measure == 'bed_occupancy' and service == 'all'").set_index(
        ["arm", "replication"]
    )
    assert beds["base"] == pytest.approx(measured.loc[BASE, "value"].mean())
    assert beds["difference"] == pytest.approx(
        (measured.loc["tried_beds", "value"] - measured.loc[BASE, "value"]).mean()
    )
    assert beds["difference"] < 0
    assert found["difference"].isna().tolist() == [False, False, True]
    keep_effects(found, tmp_path, loaded.config.coverage)
    keep_effects(found[found["item"] == "beds"], tmp_path, loaded.config.coverage)
    assert list(known_effects(tmp_path).index) == ["weekends", "beds", "nowhere"]
    page = write_coverage(loaded, tmp_path).read_text(encoding="utf-8")
    assert "(2 × 7 days)" in page
    assert "no such row (0 × 7 days)" in page


def test_figures_of_another_measure_are_not_shown(tmp_path):
    loaded = toy(tmp_path)
    old = pd.DataFrame([["beds", "cost", "all", "", "£", 1.0, 2.0, 1.0, 3.0, 2, 7]], columns=COLUMNS)
    keep_effects(old, tmp_path, loaded.config.coverage)
    assert "not run yet" in markdown(loaded, known_effects(tmp_path))


def test_a_change_of_one_item_can_be_staged():
    name = next(name for name, item in book().items() if item.change.sets)
    assert effects_design(load(["place=halton", "run=smoke"]), [name]).cell(f"tried_{name}", "baseline").spec
    assert stage(halton().raw, [], None).stack == ()
