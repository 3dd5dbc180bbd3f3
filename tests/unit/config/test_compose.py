from concurrent.futures import ThreadPoolExecutor

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from flowsim.config.compose import _compose, compose
from flowsim.config.models import Config
from flowsim.errors import ConfigError

TOWN = """
place: {id: hamlet, label: Hamlet}
stream: {walk_ins: {volume: "4 /day", to: clinic}}
service: {clinic: {capacity: {rooms: 1}, steps: {care: {duration: "20 min"}}}}
pathway: {clinic: {rest: {to: home}}}
run: {replications: 3}
"""


def test_place_names_its_experiment_and_run():
    raw = compose(["place=toy"])
    assert raw["experiment"]["label"] == "Toytown"
    assert raw["run"]["duration"] == "28 d"


def test_choices_on_the_command_line_beat_the_place():
    raw = compose(["place=toy", "run=smoke"])
    assert raw["run"]["duration"] == "14 d"
    assert "experiment" not in compose(["place=toy", "experiment=null"])


def test_default_place_is_halton():
    raw = compose()
    assert raw["place"]["id"] == "halton"
    assert raw["run"]["label"] == compose(["run=standard"])["run"]["label"]


def test_scenario_is_a_plain_list_in_any_spelling():
    expected = ["discharge_weekends", "longer_utc"]
    for text in (
        "[discharge_weekends,longer_utc]",
        "[discharge_weekends, 'longer_utc']",
        "discharge_weekends,longer_utc",
    ):
        assert compose(["place=toy", f"scenario={text}"])["scenario"] == expected


def test_demand_keeps_levels_of_the_experiment():
    assert compose(["place=toy", "demand=busy"])["run"]["demand"] == ["busy"]


def test_bare_override_replaces_a_sourced_number_and_is_its_source():
    raw = compose(["place=toy", "service.ward.capacity.beds=30"])
    assert raw["service"]["ward"]["capacity"]["beds"] == {"value": 30, "source": "command line"}
    assert raw.command_line == ("service.ward.capacity.beds",)
    beds = Config.model_validate(raw).service["ward"].capacity["beds"]
    assert (beds.value, beds.source) == (30, "command line")


def test_override_may_set_a_field_the_yaml_does_not_write():
    raw = compose(["place=toy", "service.utc.patience={duration: {kind: exponential, mean: 3 h}}"])
    assert Config.model_validate(raw).service["utc"].patience.duration.mean.value_for({}).value == 180


def test_override_of_money_and_of_clock_times():
    raw = compose(["place=toy", "cost.ward.space=£ 1,440 /day", "staff.ae_doctors.rota.every_day.08:00=5"])
    config = Config.model_validate(raw)
    assert config.cost["ward"].space.value == 1
    assert config.staff["ae_doctors"].rota.days["every_day"]["08:00"].value == 5


def test_plus_adds_and_tilde_takes_away():
    raw = compose(["place=toy", "+pathway.ward.rest.to.care_home=3 %", "~service.ae.patience"])
    assert raw["pathway"]["ward"]["rest"]["to"]["care_home"] == {"value": "3 %", "source": "command line"}
    assert "patience" not in raw["service"]["ae"]


def test_file_of_ones_own_is_a_whole_place(tmp_path):
    file = tmp_path / "hamlet.yaml"
    file.write_text(TOWN, encoding="utf-8")
    config = Config.model_validate(compose(["run.seed=7"], [file]))
    assert config.place.id == "hamlet"
    assert list(config.service) == ["clinic"]
    assert (config.run.replications, config.run.seed) == (3, 7)
    assert config.experiment is None


def test_later_file_is_merged_over_the_earlier(tmp_path):
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(TOWN, encoding="utf-8")
    other.write_text("service: {clinic: {capacity: {rooms: 5}}}", encoding="utf-8")
    assert Config.model_validate(compose(files=[one, other])).service["clinic"].capacity["rooms"].value == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("service: {a: 1", "expected ',' or '}'"),
        ("- a\n- b", "a list"),
        ("defaults: [a]", "a defaults list"),
        ("a: 1\na: 2", "found duplicate key"),
    ],
)
def test_file_that_is_no_place(tmp_path, text, said):
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        compose(files=[file])
    (problem,) = caught.value.problems
    assert said in problem.said
    assert str(file) in problem.key


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        compose(files=[tmp_path / "nowhere.yaml"])


def test_value_that_must_still_be_given(tmp_path):
    file = tmp_path / "open.yaml"
    file.write_text("place:\n  price_year: ???\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        compose(files=[file])
    assert caught.value.problems[0].key == "place.price_year"


def test_interpolation_in_a_file_is_resolved(tmp_path):
    file = tmp_path / "hamlet.yaml"
    file.write_text(TOWN + "scenario_book: {s: {label: '${place.label}', why: none}}", encoding="utf-8")
    assert compose(files=[file])["scenario_book"]["s"]["label"] == "Hamlet"


def test_composing_twice_gives_equal_and_separate_containers():
    one, other = compose(["place=toy"]), compose(["place=toy"])
    assert one == other
    one["service"].clear()
    assert compose(["place=toy"]) == other


def test_composing_inside_another_hydra_application_leaves_it_as_it_was(tmp_path):
    expected = compose(["place=toy", "run=precise"])
    _compose.cache_clear()
    with initialize_config_dir(str(tmp_path), version_base=None):
        outer = GlobalHydra.instance().hydra
        assert compose(["place=toy", "run=precise"]) == expected
        assert GlobalHydra.instance().hydra is outer


def test_composing_in_threads():
    _compose.cache_clear()
    runs = ["smoke", "standard", "precise", "toy"]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda run: compose(["place=toy", f"run={run}"])["run"]["label"], runs))
    assert found == [compose(["place=toy", f"run={run}"])["run"]["label"] for run in runs]
