"""Tables of replications put together: the same rows whether their text is kept as such or as categories."""

import numpy as np

from flowsim.measure.tidy import Tidy, stacked, words_of

KEYS = {"arm": ["do_nothing", "more_beds"], "replication": [0, 1]}


def tables() -> list[Tidy]:
    first = {"measure": words_of(["waits", "beds", "waits"]), "value": np.array([1.0, 2.0, 3.0])}
    return [Tidy(first), Tidy({"measure": words_of(["beds", "costs"]), "value": np.array([4.0, 5.0])})]


def test_rows_stand_below_each_other_with_what_tells_them_apart() -> None:
    found = stacked(tables(), KEYS)
    assert found.to_dict("list") == {
        "arm": ["do_nothing"] * 3 + ["more_beds"] * 2,
        "replication": [0, 0, 0, 1, 1],
        "measure": ["waits", "beds", "waits", "beds", "costs"],
        "value": [1.0, 2.0, 3.0, 4.0, 5.0],
    }


def test_a_long_table_has_the_same_rows_in_far_less_room() -> None:
    short, long = stacked(tables(), KEYS), stacked(tables(), KEYS, is_long=True)
    assert set(long["measure"].cat.categories) == {"waits", "beds", "costs"}
    assert long.astype(short.dtypes.to_dict()).equals(short)
