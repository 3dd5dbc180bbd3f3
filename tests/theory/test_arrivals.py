"""Arrivals have the counts and patterns asked for (reference cases A06a, A07a, B01, B02a, B03a).

Poisson counts have variance equal to their mean, so the standard error of a mean count over n cycles is
known: sqrt(mean / n). Variances are judged over 50 groups of cycles.
"""

import math

import numpy as np
import pytest
from scipy import stats

from flowsim.demand import arrivals
from flowsim.system.spec import Distribution, Steps, Table
from tests.draws.streams import (
    DAY,
    HOUR,
    age_mix,
    discrete,
    frailty_mix,
    listed,
    per_hour,
    renewal,
    stream,
    system,
    thin,
)

GROUPS = 50


def hours_of(rate, days, ticks=HOUR // 60, **more):
    """Return the arrivals' times in hours from the start."""
    return arrivals(system(stream(rate=rate, **more), days=days, ticks=ticks), 0).tick / (60 * ticks)


def daily_counts(hours, days, start, end):
    """Return the number of arrivals of each day between two hours of the day."""
    inside = (hours % 24 >= start) & (hours % 24 < end)
    return np.bincount((hours[inside] // 24).astype(int), minlength=days)


def assert_poisson(counts, mean):
    """The mean count and, where there is any, the variance of the count are as of a Poisson number."""
    assert abs(counts.mean() - mean) <= 4 * math.sqrt(mean / counts.size)
    variances = ((counts - mean) ** 2).reshape(GROUPS, -1).mean(axis=1)
    assert abs(variances.mean() - mean) <= 4 * variances.std(ddof=1) / math.sqrt(GROUPS)


def test_b02a_counts_by_step_of_the_rate():
    steps, days = ((0, 1.0), (4, 0.5), (8, 2.0), (12, 4.0), (16, 3.0), (20, 2.5)), 2000
    hours = hours_of(per_hour(*steps, days=days), days)
    for start, rate in steps:
        assert_poisson(daily_counts(hours, days, start, start + 4), 4 * rate)
        # The change of rate is felt at the boundary itself, not after an interval drawn at the old rate.
        assert_poisson(daily_counts(hours, days, start, start + 0.25), rate / 4)
    assert_poisson(daily_counts(hours, days, 0, 24), 52.0)


def test_b03a_silent_windows():
    days = 5000
    hours = hours_of(per_hour((0, 0.0), (9, 8.0), (12, 0.0), (13, 6.0), (17, 0.0), days=days), days)
    for start, end in ((0, 9), (12, 13), (17, 24)):
        assert daily_counts(hours, days, start, end).sum() == 0
    morning, afternoon = daily_counts(hours, days, 9, 12), daily_counts(hours, days, 13, 17)
    assert_poisson(morning, 24.0)
    assert_poisson(afternoon, 24.0)
    assert_poisson(morning + afternoon, 48.0)
    assert abs(np.corrcoef(morning, afternoon)[0, 1]) < 4 / math.sqrt(days)
    of_day = hours % 24
    assert abs(of_day.mean() - 12.75) < 4 * of_day.std() / math.sqrt(of_day.size)


@pytest.mark.parametrize("ticks", [60_000, 1])
def test_silence_is_exact_however_coarse_the_clock(ticks):
    days = 300
    rate = Steps(
        tuple(day * 1440 * ticks + hour * 60 * ticks for day in range(days) for hour in (0, 9, 12)),
        (0.0, 0.2, 0.0) * days,
    )
    hours = hours_of(rate, days, ticks)
    assert set((hours % 24).astype(int)) == {9, 10, 11}
    for hour in (9, 10, 11):
        assert_poisson(daily_counts(hours, days, hour, hour + 1), 12.0)


def test_the_first_tick_has_its_full_share():
    runs = 200
    spec = system(stream(rate=per_hour((0, 1200.0))), days=1, ticks=1)
    first = np.array([(arrivals(spec, replication).tick == 0).sum() for replication in range(runs)])
    assert abs(first.mean() - 20) < 4 * math.sqrt(20 / runs)


def test_b01_sinusoidal_rate_hour_by_hour():
    days, step = 2000, 0.25
    middle = np.arange(0, 24, step) + step / 2
    rate = 3.0 * (1 + 0.6 * np.sin(2 * np.pi * middle / 24))
    hours = hours_of(per_hour(*zip(middle - step / 2, rate, strict=True), days=days), days)
    for hour in range(24):
        turn = math.cos(2 * math.pi * hour / 24) - math.cos(2 * math.pi * (hour + 1) / 24)
        assert_poisson(daily_counts(hours, days, hour, hour + 1), 3.0 + 3.0 * 0.6 * 24 / (2 * math.pi) * turn)


@pytest.mark.parametrize("hourly", [0.02, 1.0, 37.0])
def test_steady_arrivals_have_exponential_gaps_whatever_bands_they_fall_in(hourly):
    days = math.ceil(20_000 / (24 * hourly))
    spec = system(stream(rate=per_hour((0, hourly))), days=days, ticks=60_000_000)
    minutes = arrivals(spec, 0).tick / 60_000_000
    # 4 standard errors two-sided are a probability of 6e-5.
    assert stats.kstest(np.diff(minutes), stats.expon(scale=60 / hourly).cdf).pvalue > 6e-5
    assert stats.kstest(minutes, stats.uniform(0, days * 1440).cdf).pvalue > 6e-5


def test_a06a_booked_arrivals_are_regular():
    drawn = arrivals(system(renewal(Distribution("constant", 60.0)), days=30), 0)
    assert drawn.tick.tolist() == [HOUR * k for k in range(1, 30 * 24)]
    assert drawn.number.tolist() == list(range(30 * 24 - 1))
    assert drawn.expected[0].after == drawn.tick.size
    assert drawn.expected[0].sd == 0


@pytest.mark.parametrize("gap", [0.1, 7.3, 1440.0, 1440.5])
def test_regular_arrivals_drift_nowhere(gap):
    drawn = arrivals(system(renewal(Distribution("constant", gap)), days=7, warm_up=DAY), 0)
    exact = [round(gap * 60_000 * k) for k in range(1, math.ceil(7 * 1440 / gap))]
    assert drawn.tick.tolist() == exact
    assert drawn.expected[0].after == len(exact)
    assert drawn.expected_measured[0].after == sum(tick >= DAY for tick in exact)


def test_renewals_have_the_gaps_asked_for():
    gaps = Distribution("gamma", 4.0, 15.0)
    drawn = arrivals(system(renewal(gaps), days=1000), 0)
    minutes = np.diff(drawn.tick, prepend=0) / 60_000
    assert stats.kstest(minutes, stats.gamma(4, scale=15).cdf).pvalue > 6e-5
    asked = drawn.expected[0]
    assert asked.sd == pytest.approx(0.5 * math.sqrt(24_000))
    assert abs(drawn.tick.size - asked.after) < 4 * asked.sd


def test_a07a_batches_arrive_together():
    days = 4000
    spec = system(stream(rate=per_hour((0, 0.25)), batch=discrete({1: 0.5, 2: 0.25, 4: 0.25})), days=days)
    drawn = arrivals(spec, 0)
    point, member = drawn.number >> 8, drawn.number & 255
    _, first, size = np.unique(point, return_index=True, return_counts=True)
    assert np.all(drawn.tick == np.repeat(drawn.tick[np.sort(first)], size[np.argsort(first)]))
    assert np.all(member == np.concatenate([np.arange(n) for n in size[np.argsort(first)]]))
    assert abs(size.size - 6 * days) < 4 * math.sqrt(6 * days)
    for value, share in ((1, 0.5), (2, 0.25), (4, 0.25)):
        assert abs((size == value).mean() - share) < 4 * math.sqrt(share * (1 - share) / size.size)
    ticks, size = np.sort(drawn.tick[first]), size[np.argsort(first)]
    for gap in (np.diff(ticks, prepend=0), np.diff(ticks, append=ticks[-1])):
        assert abs(np.corrcoef(gap, size)[0, 1]) < 4 / math.sqrt(size.size)
    asked = drawn.expected[0]
    assert asked.after == pytest.approx(2 * 6 * days)
    assert asked.sd == pytest.approx(math.sqrt(5.5 * 6 * days))
    assert abs(drawn.tick.size - asked.after) < 4 * asked.sd


def test_days_differ_as_asked():
    days, spread, daily = 3000, 0.25, 96.0
    drawn = arrivals(system(stream(rate=per_hour((0, daily / 24)), day_spread=spread), days=days), 0)
    counts = np.bincount(drawn.tick // DAY, minlength=days)
    variance = daily + (spread * daily) ** 2
    assert abs(counts.mean() - daily) < 4 * math.sqrt(variance / days)
    groups = ((counts - daily) ** 2).reshape(GROUPS, -1).mean(axis=1)
    assert abs(groups.mean() - variance) < 4 * groups.std(ddof=1) / math.sqrt(GROUPS)
    assert drawn.expected[0].sd == pytest.approx(math.sqrt(variance * days))
    assert abs(np.corrcoef(counts[1:], counts[:-1])[0, 1]) < 4 / math.sqrt(days)


def test_mixes_have_the_shares_asked_for():
    mix = (age_mix(0.3, 0.5, 0.2), frailty_mix(0.1, 0.3, 0.6))
    age, frail = arrivals(system(stream(mix=mix), days=1000), 0).attributes.T
    for level, (share, frail_share) in enumerate(((0.3, 0.1), (0.5, 0.3), (0.2, 0.6))):
        assert abs((age == level).mean() - share) < 4 * math.sqrt(share * (1 - share) / age.size)
        within = frail[age == level]
        assert abs(within.mean() - frail_share) < 4 * math.sqrt(frail_share * (1 - frail_share) / within.size)


def test_expected_counts_with_everything_at_once():
    """Mean and variance over 200 replications of a thinned, batched, dated stream whose days differ."""
    mix = (age_mix(0.3, 0.5, 0.2), frailty_mix(0.1, 0.3, 0.6))
    frail_only = Table((1,), (2,), (0.0, 0.4, 0.0, 0.8), periods=2)
    asked_for = stream(
        rate=per_hour((0, 1.0), (6, 5.0), (20, 0.0), days=12),
        day_spread=0.2,
        batch=discrete({1: 0.6, 3: 0.4}),
        mix=mix,
        thins=(thin(frail_only, "visits"), thin(0.1, "advice")),
    )
    spec = system(asked_for, days=12, warm_up=3 * DAY, periods=(0, 8 * DAY))
    runs = [arrivals(spec, replication) for replication in range(200)]
    frail = 0.3 * 0.1 + 0.5 * 0.3 + 0.2 * 0.6
    daily = (6 * 1.0 + 14 * 5.0) * 1.8
    early, late = 0.9 * (1 - 0.4 * frail), 0.9 * (1 - 0.8 * frail)
    for counts, asked, first in (
        (np.array([run.tick.size for run in runs]), runs[0].expected[0], 8),
        (np.array([(run.tick >= 3 * DAY).sum() for run in runs]), runs[0].expected_measured[0], 5),
    ):
        assert asked.before == pytest.approx(daily * (first + 4))
        assert asked.after == pytest.approx(daily * (first * early + 4 * late))
        assert abs(counts.mean() - asked.after) < 4 * asked.sd / math.sqrt(counts.size)
        square = (counts - asked.after) ** 2
        assert abs(square.mean() - asked.sd**2) < 4 * square.std(ddof=1) / math.sqrt(counts.size)
    for name, share in (("visits", None), ("advice", 0.1)):
        prevented = np.array([run.prevented[0, name] for run in runs])
        assert prevented.min() > 0
        if share is not None:
            total = sum(run.tick.size for run in runs)
            met = prevented.sum() / (prevented.sum() + total)
            assert abs(met - share) < 4 * math.sqrt(share * (1 - share) / total)


def test_a_thinned_poisson_stream_is_a_poisson_stream():
    mix = (age_mix(0.3, 0.5, 0.2),)
    thins = (thin(Table((0,), (3,), (0.1, 0.4, 0.9))),)
    days = 2000
    drawn = arrivals(system(stream(mix=mix, thins=thins), days=days), 0)
    kept = 48 * (0.3 * 0.9 + 0.5 * 0.6 + 0.2 * 0.1)
    assert drawn.expected[0].after == pytest.approx(kept * days)
    assert drawn.expected[0].sd == pytest.approx(math.sqrt(kept * days))
    assert_poisson(np.bincount(drawn.tick // DAY, minlength=days), kept)


def test_expected_count_of_a_list_is_its_length():
    mix = (age_mix(0.3, 0.5, 0.2), frailty_mix(0.0, 0.5, 1.0))
    thins = (thin(Table((1,), (2,), (0.0, 0.4))),)
    spec = system(listed((5, (1, 0)), (DAY, (1, 1)), (DAY + 1, (1, -1)), mix=mix, thins=thins), days=3, warm_up=6)
    run, measured = arrivals(spec, 0).expected[0], arrivals(spec, 0).expected_measured[0]
    assert run.before == 3
    assert run.after == pytest.approx(1 + 0.6 + 0.8)
    assert measured.before == 2
    assert measured.sd == pytest.approx(math.sqrt(0.6 * 0.4 + 0.8 * 0.2))
