"""Waterfalls: each step from where the last ended, and how the steps' ranges carry to the end."""

import pytest

from flowsim.report.view import Effect
from flowsim.report.waterfall import Step, carried, drawn, years_part
from tests.unit.report.fixture import make_result


def effect(mean, difference):
    return Effect(
        arm="a", measure="m", label="Days", unit="days", better="lower", replications=5, mean=mean, low=mean, high=mean,
        difference=difference, difference_low=difference - 1, difference_high=difference + 1, p_better=0.5,
    )  # fmt: skip


def step(before, difference, low, high):
    return Step("a step", before, before + difference, effect(before + difference, difference), low, high)


def test_independent_ranges_add_in_quadrature():
    steps = [step(100, 10, 7, 16), step(110, -20, -24, -12)]
    assert carried(steps) == pytest.approx(((3**2 + 4**2) ** 0.5, (6**2 + 8**2) ** 0.5))


def test_a_step_without_a_range_carries_nothing():
    assert carried([step(100, 10, 10, 10)]) == (0.0, 0.0)


def test_the_drawing_names_every_step_once():
    text = drawn(effect(100, 0), [step(100, 10, 7, 16)], "Days")
    assert text.count(">a step<") == 1
    assert text.count(">With all steps<") == 1


def test_an_experiment_that_takes_no_steps_has_no_such_section():
    assert years_part(make_result()) == {}
