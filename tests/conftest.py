"""Settings for every test; also makes ``tests.build`` importable."""

from __future__ import annotations

import os

from hypothesis import settings

# No test is timed: machines are noisy, and the first call of a compiled function compiles it.
settings.register_profile("ordinary", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("deep", deadline=None, derandomize=True, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ordinary"))
