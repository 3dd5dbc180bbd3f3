import pytest

from flowsim.config.grammar import spot_at
from flowsim.config.ramps import between, written
from flowsim.units import Dimension, parse_quantity


@pytest.mark.parametrize("dimension", list(Dimension))
@pytest.mark.parametrize("value", [0.0, 0.125, 1.0, 1234.5678])
def test_written_and_read_again(dimension, value):
    read = parse_quantity(written(value, dimension), dimension)
    if dimension is Dimension.COUNT:
        assert abs(read - value) <= 0.5
    else:
        assert read == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize(
    ("key", "old", "new", "expected"),
    [
        ("service.w.capacity.beds", 10, 20, 13),  # 12.5, halves up
        (
            "service.w.capacity.beds",
            {"value": 10, "source": "a"},
            {"value": 18, "source": "b", "low": 9},
            {"value": 12, "source": "b"},
        ),
        ("service.w.capacity.beds", "unlimited", 20, 20),
        (
            "service.w.capacity.beds",
            {"mon": {"08:00": 4}},
            {"mon": {"08:00": 8, "20:00": 2}},
            {"mon": {"08:00": 5, "20:00": 2}},
        ),
        ("service.w.patience.duration", "4 h", "8 h", "300 min"),
        ("cost.w.space", "£ 1,440 /day", "£ 2,880 /day", "£ 1.25 /min"),
        ("service.w.label", "a", "b", "b"),
        ("service.w.opens.mon", ["08:00", "20:00"], ["08:00", "22:00"], ["08:00", "22:00"]),
        ("stream.s.factor", None, 2, 2),
    ],
)
def test_a_quarter_of_the_way(key, old, new, expected):
    assert between(old, new, 0.25, spot_at(key.split("."))) == expected


def test_both_ends():
    spot = spot_at(["service", "w", "capacity", "beds"])
    assert between(10, 20, 0.0, spot) == 10
    assert between(10, 20, 1.0, spot) == 20
