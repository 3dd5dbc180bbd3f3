import hashlib

from flowsim.system.purposes import Purposes, purpose


def test_a_purpose_is_the_blake2s_hash_of_its_path():
    path = "service.ward.steps.stay"
    assert purpose(path) == int(hashlib.blake2s(path.encode(), digest_size=4).hexdigest(), 16)
    assert 0 <= purpose(path) < 2**32


def test_the_same_path_twice_is_no_clash():
    purposes = Purposes()
    assert purposes.of("a") == purposes.of("a")
    assert purposes.clashes == []


def test_two_paths_with_one_number_are_noticed():
    # By the birthday bound some two of 300,000 paths share a 32-bit number with probability 1 - 3e-5.
    purposes = Purposes()
    for index in range(300_000):
        purposes.of(f"path.{index}")
    assert purposes.clashes
    first, second = purposes.clashes[0]
    assert first != second
    assert purpose(first) == purpose(second)


def test_every_purpose_of_a_specification_is_its_own():
    from tests.build import spec_of

    spec = spec_of(
        {
            "stream": {"calls": {"volume": "1 /h", "to": "desk"}},
            "service": {
                "desk": {
                    "capacity": {"desks": 1},
                    "steps": {"talk": {"duration": "5 min"}},
                    "leaving": {"note": {"duration": "1 min"}},
                    "patience": {"duration": "1 h"},
                    "balks": {"plus": 1},
                }
            },
            "pathway": {"desk": {"all": "home"}},
        }
    )
    desk = spec.services[0]
    assert desk.patience is not None
    assert desk.balks is not None
    named = {
        "service.desk": desk.purpose,
        "service.desk.steps.talk": desk.steps[0].purpose,
        "service.desk.leaving.note": desk.steps[1].purpose,
        "service.desk.patience": desk.patience.purpose,
        "service.desk.balks": desk.balks.purpose,
        "service.desk.turnaround": desk.turnaround_purpose,
        "pathway.desk": desk.routing.purpose,
        "stream.calls": spec.streams[0].key,
        "stream.calls.to": spec.streams[0].routing.purpose,
    }
    assert named == {path: purpose(path) for path in named}
