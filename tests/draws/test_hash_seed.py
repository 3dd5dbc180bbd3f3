"""Python's own hashing has no say: the same patients whatever PYTHONHASHSEED is."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import hashlib
from flowsim.demand import arrivals
from tests.draws.streams import age_mix, frailty_mix, stream, system, thin
mix = (age_mix(0.3, 0.5, 0.2), frailty_mix(0.1, 0.3, 0.6))
drawn = arrivals(system(*(stream(name, mix=mix, thins=(thin(0.1),)) for name in "abc")), 3)
digest = hashlib.sha256()
for column in (drawn.stream, drawn.number, drawn.tick, drawn.attributes):
    digest.update(column.tobytes())
print(digest.hexdigest(), drawn.prevented, drawn.expected)
"""


def test_patients_do_not_depend_on_pythons_hash_seed():
    root = Path(__file__).parents[2]
    said = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] != ""
