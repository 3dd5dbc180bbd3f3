import pytest

from flowsim.config.grammar import (
    choices_at,
    is_free,
    keys_are_clock_times,
    names_at,
    nearest,
    quantity_at,
    spot_at,
    tidy,
)
from flowsim.config.quantities import Count, Duration, MoneyRate, Number, Share


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("service.w.capacity.beds", Count),
        ("service.w.capacity.beds.mon-fri.08:00", Count),
        ("service.w.patience.duration", Duration),
        ("service.w.steps.s.duration.mean", Duration),
        ("service.w.steps.s.duration.mean.values.a.b", Duration),
        ("service.w.steps.s.duration.cv", Number),
        ("stream.s.mix.age.old", Share),
        ("pathway.p.rest.to.home", Share),
        ("stream.s.to.rest.to.home", Share),
        ("cost.w.space", MoneyRate),
        ("service.w.label", None),
        ("service.w.nothing_known", None),
    ],
)
def test_quantity_wanted_at_a_key(key, kind):
    assert quantity_at(spot_at(key.split("."))) is kind


def test_names_known_at_a_key():
    assert "capacity" in names_at(spot_at(["service", "w"]))
    assert names_at(spot_at(["service"])) == ()
    assert {"from", "to", "set", "add"} == set(names_at(spot_at(["service", "w", "changes", "c"])))


def test_where_names_are_free():
    assert is_free(spot_at(["service"]))
    assert is_free(spot_at(["staff", "t", "rota"]))
    assert not is_free(spot_at(["service", "w"]))


def test_choices():
    assert choices_at(spot_at(["service", "w", "kind"])) == ("spaces", "visits")


def test_nearest():
    assert nearest("wrad", ["ward", "clinic"], "a service") == "a service; did you mean 'ward'?"
    assert nearest("x", ["ward", "clinic"], "a service") == "a service: one of ward, clinic"
    assert nearest("x", [], "a service") == "a service; there are none"


def test_whole_number_names_become_text_but_for_clock_times():
    assert keys_are_clock_times(spot_at(["staff", "t", "rota", "mon"]))
    said = {"stream": {"s": {"batch": {1: "50 %", 2: "rest"}}}, "staff": {"t": {"rota": {"mon": {1230: 4}}}}}
    assert tidy(said) == {
        "stream": {"s": {"batch": {"1": "50 %", "2": "rest"}}},
        "staff": {"t": {"rota": {"mon": {1230: 4}}}},
    }
