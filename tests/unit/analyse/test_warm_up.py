import numpy as np
import pytest

from flowsim.analyse.warm_up import mser

STEP = np.arange(500)
DECAYING = 5 + 8.0 * np.exp(-STEP / 20.0) + (((STEP + 1) * 7919 % 101) / 101 - 0.5)


def by_definition(series: np.ndarray, batch: int) -> tuple[int, float]:
    """The rule written out, one d at a time."""
    k = len(series) // batch
    z = [float(np.mean(series[j * batch : (j + 1) * batch])) for j in range(k)]
    found = []
    for d in range(k // 2 + 1):
        kept = np.array(z[d:])
        found.append((float(((kept - kept.mean()) ** 2).sum()) / (k - d) ** 2, d))
    statistic, d = min(found)
    return d * batch, statistic


@pytest.mark.parametrize(("batch", "observations", "mean"), [(5, 100, 4.997911634587604), (1, 66, 5.0082369154711115)])
def test_truncation_of_a_fixed_series(batch: int, observations: int, mean: float) -> None:
    # Reference case F02a.
    found = mser(DECAYING, batch)
    assert found.observations == observations
    assert found.mean == pytest.approx(mean, abs=1e-9)
    assert found.is_settled


def test_statistic_is_the_definition() -> None:
    found = mser(DECAYING)
    assert found.statistic == pytest.approx(4.076525698285486e-05, abs=1e-9)
    assert (found.observations, pytest.approx(found.statistic, rel=1e-9)) == by_definition(DECAYING, 5)


def test_a_level_series_loses_nothing() -> None:
    assert mser(np.ones(40)).observations == 0


def test_a_series_that_only_climbs_has_not_settled() -> None:
    assert not mser(np.arange(100.0)).is_settled


def test_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted at least 5"):
        mser([1.0, 2.0])
