"""History matching on models whose answer is known: the truth stays, what is far from it goes."""

import numpy as np
import pytest
from scipy.stats import norm, uniform

from flowsim.calibrate.history import best, choose, everything, latin, learn, limit_for, narrow
from flowsim.calibrate.targets import Target

INPUTS = 5


def target(name, observed):
    return Target(name, name, "whole", ("whole",), observed, 0.0, 0.01 * observed, False)


def model(points, seed):
    """Two queues' worth of outputs: one rises with the first input, one with the second over the first; 2 % luck."""
    one = 100 * np.exp(0.8 * points[:, 0])
    two = 10 * np.exp(1.5 * points[:, 1] - points[:, 0])
    return np.column_stack([one, two]) * np.exp(0.02 * norm.rvs(size=(len(points), 2), random_state=seed))


def matched(truth, seed, waves=2, runs=40):
    observed = model(truth[None, :], 10_000 + seed)[0]
    targets = [target(name, value) for name, value in zip("ab", observed, strict=True)]
    kept, learnt, shares = everything(INPUTS, seed), [], []
    points = latin(runs, INPUTS, seed)
    for wave in range(waves):
        found = model(points, 100 * seed + wave)
        learnt.append(
            learn(points, np.column_stack([t.scaled(f) for t, f in zip(targets, found.T, strict=True)]), targets)
        )
        kept = narrow(kept, learnt, seed + wave)
        shares.append(kept.share)
        points = choose(kept, runs, seed + wave)
    return kept, learnt, shares


@pytest.mark.parametrize("seed", range(6))
def test_the_true_inputs_are_never_ruled_out_and_the_kept_set_shrinks(seed):
    truth = uniform.rvs(size=INPUTS, random_state=seed)
    kept, learnt, shares = matched(truth, seed)
    assert all(wave.worst(truth[None, :])[0] <= 1 for wave in learnt)
    assert kept.raised == 1
    assert shares[0] < 0.25
    assert shares[1] <= shares[0]
    spread = kept.points.max(axis=0) - kept.points.min(axis=0)
    assert (kept.points.min(axis=0)[:2] - 0.02 <= truth[:2]).all()
    assert (truth[:2] <= kept.points.max(axis=0)[:2] + 0.02).all()
    # The outputs depend on the first two inputs alone: of the others nothing is known.
    assert spread[:2].max() < 0.6
    assert spread[2:].min() > 0.95


def test_what_is_kept_is_what_a_fine_grid_keeps():
    _, learnt, shares = matched(np.full(INPUTS, 0.5), 3)
    grid = latin(40_000, INPUTS, 77)
    inside = np.max([wave.worst(grid) for wave in learnt], axis=0) <= 1
    assert shares[-1] == pytest.approx(inside.mean(), rel=0.25)


def test_where_nothing_meets_the_record_the_nearest_is_kept_and_it_is_said():
    targets = [target("a", 50.0), target("b", 10.0)]  # the model gives 100 or more
    points = latin(40, INPUTS, 1)
    found = model(points, 1)
    wave = learn(points, np.column_stack([t.scaled(f) for t, f in zip(targets, found.T, strict=True)]), targets)
    kept = narrow(everything(INPUTS, 1), [wave], 1)
    assert kept.raised > 1
    assert kept.points[:, 0].max() < 0.2


def test_the_best_point_is_near_the_truth_where_the_data_speak_and_near_the_base_where_they_do_not():
    truth = np.array([0.3, 0.7, 0.5, 0.5, 0.5])
    kept, learnt, _ = matched(truth, 5)
    found = best(kept, learnt, np.full(INPUTS, 0.8))
    assert found[:2] == pytest.approx(truth[:2], abs=0.12)
    assert found[2:] == pytest.approx(np.full(3, 0.8), abs=0.25)


def test_without_anything_to_judge_by_the_base_is_best():
    base = np.full(INPUTS, 0.4)
    assert best(everything(INPUTS, 1), [], base).tolist() == base.tolist()


def test_the_limit_is_three_standard_deviations_for_one_target_and_more_for_many():
    assert limit_for(1) == pytest.approx(3.0, abs=0.001)
    # Of thirty normal errors none exceeds the limit in all but 27 of 10,000 waves.
    assert 30 * 2 * norm.sf(limit_for(30)) == pytest.approx(0.0027)


def test_chosen_points_are_of_the_kept_set():
    kept = everything(INPUTS, 1)
    chosen = choose(kept, 20, 1)
    assert chosen.shape == (20, INPUTS)
    assert {tuple(p) for p in chosen} <= {tuple(p) for p in kept.points}
