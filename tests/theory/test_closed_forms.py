"""The closed forms and solved chains against each other, and against published tables."""

from __future__ import annotations

from math import exp, factorial

import numpy as np
import pytest

from tests.theory import chains, transient
from tests.theory import closed_forms as forms


@pytest.mark.parametrize(
    ("servers", "load", "lost"),
    # Erlang B tables, e.g. in Kleinrock, Queueing Systems I.
    [(1, 1.0, 0.5), (2, 1.0, 0.2), (10, 10.0, 0.21458), (20, 12.0, 0.00980)],
)
def test_erlang_b_agrees_with_the_tables(servers, load, lost):
    terms = [load**n / factorial(n) for n in range(servers + 1)]
    assert forms.erlang_b(servers, load) == pytest.approx(terms[-1] / sum(terms), rel=1e-12)
    assert forms.erlang_b(servers, load) == pytest.approx(lost, abs=5e-6)


@pytest.mark.parametrize(("rate", "mean", "servers"), [(0.8, 1, 1), (2.5, 1, 3), (7, 10, 78)])
def test_mmc_is_its_birth_death_chain(rate, mean, servers):
    queue = forms.Queue(rate, mean, servers)
    station = forms.Station(forms.birth_death(lambda n: rate, lambda n: min(n, servers) / mean, 4000), servers)
    assert queue.waits == pytest.approx(station.busy, rel=1e-9)
    assert queue.waiting == pytest.approx(station.waiting, rel=1e-9)
    # The tail integrates to the mean, and the percentiles invert the tail.
    times = np.linspace(0, 60 / queue.drain, 200_001)
    assert np.trapezoid([queue.longer(t) for t in times], times) == pytest.approx(queue.wait, rel=1e-6)
    assert queue.longer(queue.percentile(0.95)) == pytest.approx(0.05)


def test_patience_without_end_is_no_patience():
    queue = forms.Queue(4, 2, 9)
    for theory in (forms.erlang_a(4, 2, 9, 1e9), forms.fixed_patience(4, 2, 9, 1e4)):
        assert theory.reneged == pytest.approx(0, abs=1e-7)
        assert theory.busy == pytest.approx(queue.waits, rel=1e-6)
        assert theory.served_wait == pytest.approx(queue.wait, rel=1e-5)


def test_patience_of_nothing_is_a_loss_system():
    assert forms.fixed_patience(4, 2, 7, 1e-12).reneged == pytest.approx(forms.erlang_b(7, 8), rel=1e-9)
    assert forms.erlang_a(4, 2, 7, 1e-9, top=40).reneged == pytest.approx(forms.erlang_b(7, 8), rel=1e-6)


@pytest.mark.parametrize("theory", [forms.erlang_a(10, 1, 9, 2), forms.fixed_patience(10, 1, 9, 2)])
def test_impatient_arrivals_are_conserved(theory):
    assert 10 * (1 - theory.reneged) == pytest.approx(9 * theory.utilisation)
    every_wait = theory.reneged * theory.reneged_wait + (1 - theory.reneged) * theory.served_wait
    assert 10 * every_wait == pytest.approx(theory.waiting)


def test_general_service_with_exponential_moments_is_mm1():
    assert forms.mg1_wait(0.8, 1, 1) == pytest.approx(forms.Queue(0.8, 1, 1).wait)
    assert forms.batch_inside(0.8, {1: 1.0}, 1) == pytest.approx(forms.Queue(0.8, 1, 1).inside)


def test_regular_arrivals_wait_less_than_poisson_ones():
    waits, mean = forms.dm1(1, 0.8)
    assert waits == pytest.approx(exp(-(1 - waits) / 0.8))
    assert mean < forms.Queue(1, 0.8, 1).wait


def test_priorities_keep_the_work_in_the_queue():
    rates = (1.0, 1.5, 2.0)
    waits = forms.cobham_many(rates, 1, 5)
    assert np.dot(rates, waits) == pytest.approx(forms.Queue(4.5, 1, 5).waiting)
    # The conservation law: sum of load * wait does not depend on the order (Kleinrock 1965).
    order = forms.cobham((0.2, 0.3), (0.5, 1.0), (0.5, 2.0))
    reverse = forms.cobham((0.3, 0.2), (1.0, 0.5), (2.0, 0.5))
    assert 0.1 * order[0] + 0.3 * order[1] == pytest.approx(0.3 * reverse[0] + 0.1 * reverse[1])


def test_two_chains_of_equal_classes_are_one_queue():
    queue = forms.Queue(1.3, 1, 2)
    fifo = chains.two_classes_fifo((0.8, 0.5), (1, 1), 2, top=300)
    assert fifo.mean(lambda s: s[2]) == pytest.approx(queue.waiting, rel=1e-9)
    waits = forms.cobham_many((0.6, 0.4), 1, 2)
    priority = chains.two_classes_priority((0.6, 0.4), (1, 1), 2, (40, 60))
    assert priority.mean(lambda s: s[2]) / 0.6 == pytest.approx(waits[0], rel=1e-8)
    assert priority.mean(lambda s: s[3]) / 0.4 == pytest.approx(waits[1], rel=1e-8)


def test_kaufman_roberts_with_one_unit_each_is_erlang_b():
    lost, used = forms.kaufman_roberts(12, (5, 3), (1, 1))
    assert lost == pytest.approx([forms.erlang_b(12, 8)] * 2)
    assert used == pytest.approx(8 * (1 - lost[0]))


def test_a_caseload_is_conserved():
    clinic = forms.machine_repair(30, 30, 2, 3)
    at_home = 30 - clinic.waiting - clinic.serving
    assert at_home / 30 == pytest.approx(clinic.serving / 2)


def test_tandem_that_never_blocks_is_two_queues():
    line = chains.Tandem(1.0, (2.0, 4), 1.0, (4.0, 60), top=200)
    chain = line.solve()
    assert chain.mean(line.waiting) == pytest.approx(forms.Queue(1, 2, 4).waiting, rel=1e-7)
    assert chain.mean(line.serving) == pytest.approx(4, rel=1e-9)
    assert chain.mean(line.blocked) == pytest.approx(0, abs=1e-9)


def test_every_blocking_network_conserves_flow():
    line = chains.Tandem(3.0, (1.0, 4), 1.0, (2.5, 5), lost=True)
    chain = line.solve()
    assert chain.mean(line.treated) == pytest.approx(chain.mean(line.serving) / 2.5)
    cascade = chains.Cascade(1.2, (2.0, 2.5, 4.0), (4, 4, 5)).solve()
    flows = [cascade.mean(lambda s, i=i: s[i]) / mean for i, mean in ((0, 2.0), (2, 2.5), (4, 4.0))]
    assert flows == pytest.approx([flows[0]] * 3)
    units = chains.TwoFeeders((1.0, 0.7), (2.0, 4.0), (3, 4), 10 / 3, 5)
    feeders = units.solve()
    out = feeders.mean(lambda s: s[0]) / 2 + feeders.mean(lambda s: s[1]) / 4
    assert out == pytest.approx(feeders.mean(lambda s: s[2]) / units.next_mean)


def test_day_list_serves_what_comes():
    shares = chains.DayList(2.0, 12, 0.2).shares()
    visited = shares @ np.minimum(np.arange(len(shares)), 12)
    assert visited * 0.2 == pytest.approx(2.0)


def test_limited_means_are_integrals_of_the_survival():
    for stay in (transient.exponential(6), transient.gamma(5, 2), transient.lognormal(8, 10), transient.constant(6)):
        grid = np.linspace(0, 12, 120_001)
        assert stay.limited(12) == pytest.approx(np.trapezoid([stay.longer(x) for x in grid], grid), rel=1e-4)
        assert stay.limited(1e4) == pytest.approx(stay.mean, rel=1e-6)


def test_steps_of_a_sinusoid_are_the_sinusoid():
    hours = np.arange(0, 24, 0.1)
    steps = [(float(h), 3 * (1 + 0.6 * np.sin(2 * np.pi * (h + 0.05) / 24))) for h in hours]
    for stay, name in ((transient.exponential(6), "exponential"), (transient.constant(6), "constant")):
        assert transient.stepped(steps, 24, stay, 10) == pytest.approx(
            transient.sinusoid(3, 0.6, 24, name, 6, 10), rel=1e-4
        )


def test_a_snapshot_of_nobody_fills_from_empty():
    stay = transient.lognormal(10, 9)
    still, shares = transient.snapshot([], 2, stay, 5)
    assert still == 0
    assert shares @ np.arange(len(shares)) == pytest.approx(transient.filling(2, stay, 5))
    assert transient.percentile(shares, 0.95) >= transient.percentile(shares, 0.05)


def test_a_forecast_settles_to_mmc():
    queue = forms.Queue(1.5, 5, 9)
    shares, spent = transient.Forecast(1.5, 5, 9, 12, 3, top=200).at(2000)
    assert shares.sum() == pytest.approx(1)
    assert spent.sum() == pytest.approx(2000)
    assert shares.sum(axis=0) @ np.arange(200) == pytest.approx(queue.waiting, rel=1e-6)


@pytest.mark.parametrize("interrupts", [False, True])
def test_a_clock_that_stands_still_is_mmc(interrupts):
    queue = forms.Queue(2.5, 1, 3)
    steady = transient.Clockwork((transient.Shift(0, 2.5, 3), transient.Shift(12, 2.5, 3)), 24, 1, 200, interrupts)
    assert steady.mean_waiting == pytest.approx(queue.waiting, rel=1e-7)
    assert steady.share_waiting == pytest.approx(queue.waits, rel=1e-7)
    assert steady.overrun == pytest.approx(0, abs=1e-9)
    assert steady.mean_serving == pytest.approx(queue.load, rel=1e-9)
