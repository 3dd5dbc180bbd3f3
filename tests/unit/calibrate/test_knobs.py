"""Knobs: positions made into configurations."""

import pytest

from flowsim.calibrate.knobs import dials, settings, spoken, turn_all
from flowsim.config.models import Knob
from flowsim.config.problems import find
from flowsim.errors import ConfigError
from flowsim.units import Dimension

RAW = {
    "stream": {"walk_ins": {"volume": {"value": "30 /day", "low": "20 /day", "source": "x"}}},
    "service": {
        "ward": {
            "capacity": {"beds": 20},
            "leaving": {"choice": {"share": {"by": "to", "values": {"home": "10 %"}, "rest": "40 %"}}},
            "steps": {"stay": {"duration": {"kind": "gamma", "mean": "4 d", "cv": 1}}},
        }
    },
    "pathway": {"ward": {"all": {"to": {"reablement": "50 %", "home": "rest"}}}},
}


def turned(position, **said):
    knob = Knob.model_validate({"label": "x", **said})
    return turn_all(RAW, dials({"k": knob}, RAW), [position])


def value_at(raw, key):
    return find(raw, tuple(key.split(".")))["value"]


def test_a_value_goes_evenly_from_low_to_high():
    key = "service.ward.steps.stay.duration.mean"
    said = {"keys": [key], "low": "2 d", "high": "6 d"}
    assert [value_at(turned(p, **said), key) for p in (0, 0.25, 1)] == ["2880 min", "4320 min", "8640 min"]


def test_its_base_is_what_the_configuration_says():
    said = {"label": "x", "keys": ["stream.walk_ins.volume"], "low": "20 /day", "high": "60 /day"}
    (dial,) = dials({"k": Knob.model_validate(said)}, RAW)
    assert dial.base == pytest.approx(0.25)
    assert dial.said(dial.base) == "30 /day"


def test_one_knob_gives_several_keys_one_value():
    keys = ["service.ward.capacity.beds", "service.annex.capacity.beds"]
    raw = turned(0.5, keys=keys, low=10, high=21)
    assert [value_at(raw, key) for key in keys] == [16, 16]  # counts are rounded, halves up


def test_a_factor_goes_evenly_in_logarithms_and_multiplies_a_whole_table():
    key = "service.ward.leaving.choice.share"
    raw = turned(0.5, keys=[key], moves="factor", low=0.5, high=2)
    assert value_at(raw, f"{key}.values.home") == "10 %"  # the middle of a half and two is one
    raw = turned(1, keys=[key], moves="factor", low=0.5, high=2)
    assert (value_at(raw, f"{key}.values.home"), value_at(raw, f"{key}.rest")) == ("20 %", "80 %")
    assert find(raw, ("service", "ward", "leaving", "choice", "share", "by")) == "to"


def test_odds_keep_shares_between_nought_and_one():
    key = "pathway.ward.all.to.reablement"
    assert value_at(turned(1, keys=[key], moves="odds", low=0.5, high=3), key) == "75 %"
    assert (
        find(turned(1, keys=[key], moves="odds", low=0.5, high=3), ("pathway", "ward", "all", "to", "home")) == "rest"
    )


def test_knobs_on_one_key_are_applied_one_after_the_other():
    key = "service.ward.capacity.beds"
    both = {
        name: Knob.model_validate({"label": "x", "keys": [key], "moves": "factor", "low": 1, "high": high})
        for name, high in (("twice", 2), ("thrice", 3))
    }
    assert settings(RAW, dials(both, RAW), [1, 1]) == [(tuple(key.split(".")), pytest.approx(120), Dimension.COUNT)]


def test_the_configuration_given_is_left_alone():
    before = repr(RAW)
    turned(1, keys=["service.ward.capacity.beds"], low=10, high=30)
    assert repr(RAW) == before


def test_a_factor_of_nothing_is_refused():
    with pytest.raises(ConfigError) as caught:
        turned(1, keys=["service.ward.surge.spaces"], moves="factor", low=0.5, high=2)
    assert [p.key for p in caught.value.problems] == ["calibration.knobs.k.keys"]


@pytest.mark.parametrize(
    ("value", "dimension", "like", "said"),
    [
        (2880, Dimension.DURATION, "5 d", "2 d"),
        (90, Dimension.DURATION, "30 min", "90 min"),
        (0.5, Dimension.RATE, "12 /day", "720 /day"),
        (0.035, Dimension.GROWTH, "2 % /year", "3.5 % /year"),
        (0.125, Dimension.SHARE, "5 %", "12.5 %"),
        (12.4, Dimension.COUNT, "9", "12"),
    ],
)
def test_values_are_told_in_the_unit_they_are_written_in(value, dimension, like, said):
    assert spoken(value, dimension, like) == said
