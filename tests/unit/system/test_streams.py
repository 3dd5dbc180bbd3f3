import math

import numpy as np
import pytest

from flowsim.errors import ConfigError
from flowsim.system.curves import mean_between
from flowsim.system.spec import NONE
from tests.build import spec_of, staged_spec_of

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
HOURS = {f"{h:02d}:00": 1 + h % 5 for h in range(24)}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ATTRIBUTES = {"age": {"levels": ["young", "old"]}, "frailty": {"levels": ["none", "mild", "severe"]}}


def network(stream, profile=None, place=None):
    return {
        "place": place or {},
        "attribute": ATTRIBUTES,
        "profile": {"shape": profile or {}},
        "stream": {"front": {"to": "desk", **stream}},
        "service": {"desk": {"capacity": {"desks": 1}}},
        "pathway": {"desk": {"all": "home"}},
    }


def stream_of(stream, profile=None, place=None, **run):
    spec = spec_of(network(stream, profile, place), **{"duration": "7 d", **run})
    return spec.streams[0]


def shaped(profile, place=None, **run):
    return stream_of({"volume": "144 /day", "profile": "shape"}, profile, place, **run).rate


def problems_of(*args, **kwargs):
    with pytest.raises(ConfigError) as error:
        stream_of(*args, **kwargs)
    return {p.key for p in error.value.problems}


def test_a_volume_is_a_rate_a_minute_times_its_factor():
    assert stream_of({"volume": "144 /day", "factor": 1.5}).rate.values == (pytest.approx(0.15, rel=1e-15),)


@pytest.mark.parametrize(
    "profile",
    [
        {"hour_of_day": HOURS},
        {"day_of_week": dict(zip(WEEKDAYS, range(1, 8), strict=True))},
        {"hour_of_day": HOURS, "day_of_week": dict(zip(WEEKDAYS, (5, 1, 1, 1, 3, 1, 2), strict=True))},
        {"hour_of_week": {"mon-fri": {"08:00": 6, "18:00": 0.5}, "sat": {"10:00": 2}}},
        {"hour_of_week": {"every_day": HOURS}, "day_of_week": dict(zip(WEEKDAYS, range(1, 8), strict=True))},
    ],
)
def test_a_weekly_shape_keeps_the_mean_of_a_week(profile):
    assert mean_between(shaped(profile), 0, WEEK) == pytest.approx(0.1, rel=1e-14)


def test_hours_and_days_multiply():
    days = dict(zip(WEEKDAYS, (2, 1, 1, 1, 1, 1, 1), strict=True))
    rate = shaped({"hour_of_day": {"00:00": 1, "12:00": 3}, "day_of_week": days})
    base = rate.at(DAY)
    assert rate.at(DAY + 12 * HOUR) == pytest.approx(3 * base, rel=1e-14)
    assert rate.at(0) == pytest.approx(2 * base, rel=1e-14)
    assert rate.at(12 * HOUR) == pytest.approx(6 * base, rel=1e-14)


def test_a_bank_holiday_has_its_weight_on_top():
    england = {"calendar": {"timezone": "Europe/London", "holidays": "england"}}
    days = dict(zip(WEEKDAYS, (1, 1, 1, 1, 2, 1, 1), strict=True))
    rate = shaped({"day_of_week": days, "holidays": 0.8}, england, starts="2026-03-30", duration="14 d")
    good_friday, friday = rate.at(4 * DAY), rate.at(11 * DAY)
    assert good_friday == pytest.approx(0.8 * friday, rel=1e-14)


def test_months_have_mean_one_over_a_year_weighted_by_their_days():
    weights = dict(zip(MONTHS, range(1, 13), strict=True))
    rate = shaped({"month": weights}, starts="2026-01-01", duration="1461 d")
    # Four years: one leap day, so that February has 28.25 days on average.
    assert mean_between(rate, 0, 1461 * DAY) == pytest.approx(0.1, rel=1e-14)
    assert len(rate.ticks) == 48


def test_growth_compounds_day_by_day_from_its_base():
    stream = {"volume": "144 /day", "growth": "5 % /year", "growth_from": "2025-01-05"}
    rate = stream_of(stream).rate
    assert rate.at(0) == pytest.approx(0.1 * 1.05 ** (365 / 365.25), rel=1e-14)
    assert rate.at(DAY - 1) == rate.at(0)
    assert rate.at(3 * DAY) == pytest.approx(0.1 * 1.05 ** (368 / 365.25), rel=1e-14)


def test_growth_stops_where_it_is_said_to():
    stream = {"volume": "144 /day", "growth": "5 % /year", "growth_from": "2025-01-05", "growth_to": "2026-01-08"}
    rate = stream_of(stream).rate
    assert rate.at(2 * DAY) == pytest.approx(0.1 * 1.05 ** (367 / 365.25), rel=1e-14)
    assert rate.at(3 * DAY) == rate.at(5 * DAY) == pytest.approx(0.1 * 1.05 ** (368 / 365.25), rel=1e-14)


def test_surges_multiply_between_their_dates():
    surges = {
        "flu": {"from": "2026-01-06", "to": "2026-01-08", "times": 2},
        "snow": {"from": "2026-01-07", "to": "2026-01-09", "times": 3},
    }
    rate = stream_of({"volume": "1440 /day", "surges": surges}).rate
    assert (rate.ticks, rate.values) == ((0, DAY, 2 * DAY, 3 * DAY, 4 * DAY), (1, 2, 6, 3, 1))


def test_a_sinusoid_has_the_exact_mean_of_each_minute():
    rate = shaped({"sine": {"amplitude": "60 %", "period": "1 d", "shift": "6 h"}}, duration="2 d")
    speed = 2 * math.pi / 1440

    def integral(t):
        return 0.1 * (t - 0.6 / speed * math.cos(speed * (t - 360)))

    assert len(rate.ticks) == 2880
    for minute in (0, 359, 720, 1500):
        assert rate.at(minute * MINUTE) == pytest.approx(integral(minute + 1) - integral(minute), rel=1e-9)
    assert mean_between(rate, 0, DAY) == pytest.approx(0.1, rel=1e-13)


def test_rates_and_rates_by_date_are_absolute():
    rates = {"mon-fri": {"00:00": "1 /h", "08:00": "6 /h"}, "sat-sun": {"00:00": "2 /h"}}
    rate = stream_of({"rates": rates, "factor": 2}).rate
    assert [rate.at(t) * 60 for t in (0, 8 * HOUR, 5 * DAY)] == [2, 12, 4]
    rate = stream_of({"rates_by_date": {"2026-01-06": "1 /h", "2026-01-08": "3 /h"}}).rate
    assert [rate.at(day * DAY) * 60 for day in range(4)] == [0, 1, 1, 3]
    assert stream_of({"rates_by_date": {"2020-01-01": "6 /h"}}).rate.values == (0.1,)


def test_gaps_make_a_renewal_stream_and_a_factor_shortens_them():
    stream = stream_of({"gaps": {"kind": "exponential", "mean": "30 min"}, "factor": 1.5})
    assert (stream.kind, stream.gaps.kind, stream.gaps.a) == ("renewal", "exponential", 20)


def test_arrivals_written_out_are_in_order_and_leave_the_mix_to_be_drawn():
    listed = {"late": {"at": "2 h", "attributes": {"age": "old"}}, "early": {"at": "1 h"}}
    stream = stream_of({"at": listed, "mix": {"age": {"old": "rest"}}})
    assert [(a.tick, a.attributes) for a in stream.listed] == [(HOUR, (NONE, 0)), (2 * HOUR, (1, 0))]


def test_batches_are_sizes_with_shares():
    batch = stream_of({"volume": "1 /h", "batch": {"3": "25 %", "1": "rest"}}).batch
    assert (batch.values, batch.cumulative) == ((1, 3), (0.75, 1.0))


def test_a_mix_is_cumulative_over_levels_in_their_order():
    stream = stream_of({"volume": "1 /h", "mix": {"frailty": {"severe": "10 %", "mild": "20 %", "none": "rest"}}})
    assert stream.mix[0].cumulative.rows == (pytest.approx((0.7, 0.9, 1.0)),)


def test_a_mix_may_depend_on_what_was_drawn_before():
    frailty = {"by": "age", "values": {"old": {"severe": "40 %", "mild": "rest"}, "rest": {"none": "rest"}}}
    stream = stream_of({"volume": "1 /h", "mix": {"age": {"young": "30 %", "old": "rest"}, "frailty": frailty}})
    table = stream.mix[1].cumulative
    assert (table.by, table.sizes) == ((0,), (2,))
    assert table.rows == (pytest.approx((1, 1, 1)), pytest.approx((0, 0.6, 1)))


def test_thinned_shares_may_differ_between_patients_and_periods():
    share = {"by": "age", "values": {"old": "20 %"}, "rest": "0 %"}
    plain, thinned = network({"volume": "1 /h"}), network({"volume": "1 /h", "thinned": {"falls": {"share": share}}})
    thin = staged_spec_of((None, plain), ("2026-01-07", thinned), duration="7 d").streams[0].thins[0]
    assert (thin.id, thin.share.rows, thin.share.periods) == ("falls", (0, 0, 0, 0.2), 2)


def test_rates_follow_periods_and_a_stream_may_be_switched_off():
    off, on = network({"volume": "1440 /day", "enabled": False}), network({"volume": "1440 /day", "factor": 3})
    rate = (
        staged_spec_of(
            (None, network({"volume": "1440 /day"})), ("2026-01-06", off), ("2026-01-07", on), duration="7 d"
        )
        .streams[0]
        .rate
    )
    assert (rate.ticks, rate.values) == ((0, DAY, 2 * DAY), (1, 0, 3))


def test_a_stream_that_is_never_enabled_is_left_out():
    assert spec_of(network({"volume": "1 /h", "enabled": False})).streams == ()


def test_the_run_s_breakpoints_do_not_pass_its_end():
    rate = shaped({"hour_of_day": HOURS}, duration="36 h")
    assert max(rate.ticks) < 36 * HOUR
    assert np.all(np.diff(rate.values) != 0)


@pytest.mark.parametrize(
    ("stream", "key"),
    [
        ({}, "stream.front"),
        ({"volume": "1 /h", "gaps": "1 h"}, "stream.front"),
        ({"volume": "1 /h", "profile": "shpae"}, "stream.front.profile"),
        ({"gaps": "1 h", "profile": "shape"}, "stream.front.profile"),
        ({"volume": "1 /h", "factor": -1}, "stream.front"),
        ({"volume": "1 /h", "mix": {"aeg": {"old": "rest"}}}, "stream.front.mix.aeg"),
        ({"volume": "1 /h", "mix": {"age": {"odl": "rest"}}}, "stream.front.mix.age"),
        ({"volume": "1 /h", "mix": {"age": {"old": "50 %"}}}, "stream.front.mix.age"),
        (
            {"volume": "1 /h", "mix": {"age": {"by": "frailty", "values": {"rest": {"old": "rest"}}}}},
            "stream.front.mix.age",
        ),
        ({"volume": "1 /h", "batch": {"0": "rest"}}, "stream.front.batch"),
        ({"volume": "1 /h", "batch": {"2": "50 %"}}, "stream.front.batch"),
        (
            {"volume": "1 /h", "surges": {"s": {"from": "2026-01-08", "to": "2026-01-06", "times": 2}}},
            "stream.front.surges.s.to",
        ),
        ({"volume": "1 /h", "between_days": -0.1}, "stream.front.between_days"),
    ],
)
def test_streams_that_cannot_be_are_refused_by_key(stream, key):
    assert key in problems_of(stream)


@pytest.mark.parametrize(
    ("profile", "key"),
    [
        ({"day_of_week": {"mon": 1}}, "profile.shape.day_of_week"),
        ({"month": {"jan": 1}}, "profile.shape.month"),
        ({"hour_of_day": {"00:00": 0}}, "profile.shape"),
        ({"hour_of_day": HOURS, "hour_of_week": {"every_day": HOURS}}, "profile.shape"),
    ],
)
def test_profiles_that_cannot_be_are_refused_by_key(profile, key):
    assert key in problems_of({"volume": "1 /h", "profile": "shape"}, profile)


def test_a_rest_beside_the_values_of_a_mix_is_not_silently_dropped():
    from pydantic import ValidationError

    frailty = {"by": "age", "values": {"old": {"mild": "rest"}}, "rest": {"none": "rest"}}
    with pytest.raises(ValidationError, match="goes among the values"):
        spec_of(network({"volume": "1 /h", "mix": {"frailty": frailty}}))
