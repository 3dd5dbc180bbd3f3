"""Emulators know what a quadratic is, and how little they know of anything else."""

import numpy as np
import pytest
from scipy.stats import norm, qmc

from flowsim.calibrate.emulator import fit_all, predict_all


def points(number, inputs, seed):
    return qmc.LatinHypercube(d=inputs, rng=seed).random(number)


def noise(number, seed):
    return norm.rvs(size=number, random_state=seed)


def bowl(x):
    return 3 + x[:, 0] - 2 * x[:, 1] ** 2 + x[:, 0] * x[:, 2]


def test_a_quadratic_without_noise_is_found_as_it_is():
    x, new = points(60, 3, 1), points(50, 3, 2)
    (emulator,) = fit_all(x, bowl(x)[:, None])
    mean, variance = emulator.predict(new)
    # The priors pull coefficients a little towards nought; the error is as small as it says.
    assert np.abs(mean - bowl(new)).max() < 0.05
    assert emulator.explained > 0.99
    assert (np.abs(mean - bowl(new)) < 5 * np.sqrt(variance)).all()


@pytest.mark.parametrize("number", [40, 90])
def test_predicted_errors_are_as_large_as_errors_are(number):
    scores = []
    for seed in range(8):
        x, new = points(number, 6, seed), points(200, 6, 100 + seed)
        (emulator,) = fit_all(x, (bowl(x) + 0.3 * noise(number, seed))[:, None])
        mean, variance = emulator.predict(new)
        scores.append(((bowl(new) + 0.3 * noise(200, 1000 + seed) - mean) ** 2 / variance).mean())
    # The mean of a squared standard score is 1; eight fits differ by a fifth or so.
    assert 0.75 < np.mean(scores) < 1.3


def test_more_terms_than_runs_are_no_trouble():
    x = points(30, 12, 1)  # a quadratic of twelve inputs has 91 terms
    (emulator,) = fit_all(x, bowl(x)[:, None])
    mean, _ = emulator.predict(points(40, 12, 2))
    assert np.isfinite(mean).all()
    assert emulator.explained > 0.5


def test_what_depends_on_nothing_is_said_to():
    x = points(50, 4, 1)
    (emulator,) = fit_all(x, noise(50, 1)[:, None])
    assert emulator.explained < 0.1
    assert emulator.noise == pytest.approx(1, rel=0.35)


def test_an_output_that_some_runs_lack_is_learnt_from_the_others():
    x = points(60, 3, 1)
    outputs = np.column_stack([bowl(x), bowl(x)])
    outputs[::4, 1] = np.nan
    both = fit_all(x, outputs)
    means, _ = predict_all(both, x)
    assert [len(e.points) for e in both] == [60, 45]
    assert means[:, 1] == pytest.approx(bowl(x), abs=0.1)
