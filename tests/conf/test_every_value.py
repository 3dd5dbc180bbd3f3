"""No value of a configuration goes unread: nonsense put in its place is noticed, at its key."""

import copy

import pytest

from flowsim.config.compose import compose
from flowsim.config.grammar import dotted
from flowsim.config.overrides import put
from flowsim.config.problems import leaves
from flowsim.config.validate import examine

TOY = dict(compose(["place=toy"]))
WORDS = ("label", "why", "question", "what", "price_year", "id", "seen")
"""Fields of free text, and one that may well be true."""
NAMES = ("providers", "payers", "hubs", "arm_labels", "claim")
"""Mappings to free text."""
SHARED = ("measure", "source", "reason", "profile", "scenario")
"""Groups whose files are read for every place, used or not."""
PATHS = [
    path
    for path, _ in leaves({group: said for group, said in TOY.items() if group not in SHARED})
    if path[-1] not in WORDS and not set(path) & set(NAMES)
]


def unnoticed(paths, nonsense):
    """Return the keys at which nonsense is not noticed, or only elsewhere."""
    found = []
    for path in paths:
        raw = copy.deepcopy(TOY)
        put(raw, [str(part) for part in path], nonsense)
        keys = [p.key for p in examine(raw)[1]]
        near = any(dotted(path).startswith(key) or key.startswith(dotted(path)) for key in keys)
        if not near and not (keys and path[0] == "attribute"):  # a level is missed where it is used
            found.append(dotted(path))
    return found


def test_there_are_values_to_try():
    assert len(PATHS) > 200


def test_nonsense_at_every_fifth_value_is_noticed():
    assert unnoticed(PATHS[::5], "no such thing") == []


@pytest.mark.deep
@pytest.mark.parametrize("nonsense", ["no such thing", -7, True, {"no": "such thing"}, ["no such thing"]])
def test_nonsense_at_any_value_is_noticed(nonsense):
    assert unnoticed(PATHS, nonsense) == []
