import pytest

from flowsim.config.overrides import check_key, parse_value, put, remove, sourced

RAW = {
    "service": {"ward": {"capacity": {"beds": 4}, "leaving": {"assess": {"duration": "1 h"}}}},
    "pathway": {"ward": {"rest": {"to": {"home": "rest"}}}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30", 30),
        ("0.5", 0.5),
        ("true", True),
        ("3 h", "3 h"),
        ("85 %", "85 %"),
        ("£ 395 /day", "£ 395 /day"),
        ("£ 490,570 /year", "£ 490,570 /year"),
        ("490,570", "490,570"),
        ("20:30", "20:30"),
        ("NO", "NO"),
        ("'4'", "4"),
        ("[a, b]", ["a", "b"]),
        ('["08:00", "20:30"]', ["08:00", "20:30"]),
        ("{a: 1, b: [c]}", {"a": 1, "b": ["c"]}),
        ('{every_day: {"08:00": 2}}', {"every_day": {"08:00": 2}}),
        ("", ""),
    ],
)
def test_values_are_read_as_meant(text, value):
    assert parse_value(text) == value


@pytest.mark.parametrize(
    ("key", "may_add", "wrong"),
    [
        ("service.ward.capacity.beds", False, None),
        ("service.ward.label", False, None),  # a field, written or not
        ("service.ward.surge.spaces", False, None),
        ("service.ward.leaving.asess.duration", True, "service.ward.leaving.asess"),
        ("service.ward.leaving.choice", True, None),
        ("service.ward.leaving.choice", False, "service.ward.leaving.choice"),
        ("service.ward.capacity.bed", True, "service.ward.capacity.bed"),
        ("service.ward.changes.winter.add", True, None),  # the first of its kind
        ("pathway.ward.rest.to.died", True, None),
        ("service.clinic.capacity.beds", True, "service.clinic"),
        ("sevrice.ward", True, "sevrice"),
        ("service.ward.capacity.beds.depth", True, "service.ward.capacity.beds.depth.x"),
    ],
)
def test_keys_that_may_be_set(key, may_add, wrong):
    if wrong is not None and wrong.endswith(".x"):
        # a day of a week may be named below a level; nothing may below that day's time
        key, wrong = f"{key}.08:00.more", f"{key}.08:00.more"
    problem = check_key(RAW, key.split("."), may_add=may_add)
    assert (problem.key if problem else None) == wrong


def test_a_bare_number_gets_a_source_wherever_a_quantity_is_wanted():
    assert sourced(["service", "ward", "capacity", "beds"], 3, "me") == {"value": 3, "source": "me"}
    assert sourced(["service", "ward", "label"], "A", "me") == "A"
    assert sourced(["pathway", "ward", "rest", "to"], {"home": "rest", "died": "2 %"}, "me") == {
        "home": "rest",
        "died": {"value": "2 %", "source": "me"},
    }


def test_a_number_with_a_source_keeps_it():
    assert sourced(["service", "w", "capacity", "beds"], {"value": 3, "source": "x"}, "me") == {
        "value": 3,
        "source": "x",
    }
    assert sourced(["service", "w", "capacity", "beds"], {"value": 3, "low": 2}, "me") == {
        "value": 3,
        "low": 2,
        "source": "me",
    }


def test_put_and_remove():
    raw = {"a": {"b": 1}}
    put(raw, ["a", "c", "d"], 2)
    put(raw, ["a", "b", "e"], 3)
    assert raw == {"a": {"b": {"e": 3}, "c": {"d": 2}}}
    remove(raw, ["a", "c"])
    assert raw == {"a": {"b": {"e": 3}}}
