"""What cannot be drawn is said in one line that names the key."""

from dataclasses import replace

import pytest

from flowsim.demand import arrivals
from flowsim.errors import ConfigError
from flowsim.system.spec import BY_DESTINATION, Distribution, Table
from tests.draws.streams import discrete, per_hour, renewal, stream, system, thin


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (system(stream(), seed=2**32), r"run\.seed: said 4294967296; wanted a whole number"),
        (system(stream(), seed=-1), r"run\.seed: said -1; wanted a whole number"),
        (
            system(stream(batch=discrete({1: 0.5, 300: 0.5}))),
            r"stream\.walk_in\.batch: said 1, 300; wanted whole sizes",
        ),
        (system(stream(batch=discrete({0: 0.5, 1: 0.5}))), r"stream\.walk_in\.batch: said 0, 1; wanted whole sizes"),
        (system(stream(batch=discrete({1.5: 1.0}))), r"stream\.walk_in\.batch: said 1\.5; wanted whole sizes"),
        (
            system(stream(rate=per_hour((0, 2000.0)), batch=discrete({2: 1.0})), days=1),
            r"stream\.walk_in: said 48,000 batches a day; wanted at most 32,768",
        ),
        (
            system(renewal(Distribution("constant", 0.0))),
            r"stream\.booked\.gaps: said .*; wanted a mean gap longer than 0",
        ),
    ],
    ids=[
        "seed too large",
        "seed negative",
        "batch too large",
        "batch empty",
        "batch not whole",
        "too many batches",
        "no gap",
    ],
)
def test_refusals(spec, message):
    with pytest.raises(ConfigError, match=message):
        arrivals(spec, 0)


def test_streams_cannot_look_ahead():
    ahead = replace(stream(), thins=(thin(Table((BY_DESTINATION,), (1,), (0.5,))),))
    with pytest.raises(ValueError, match="destination"):
        arrivals(system(ahead), 0)
