"""Keyed random numbers: every draw is a pure function of what it is for, never of the order of asking.

``philox`` turns a key into a uniform number, ``quantiles`` and ``residuals`` turn a uniform number into
minutes, and ``sampler`` binds a distribution for use from Python. Engines call the same compiled functions,
so that they agree to the last bit.
"""

from __future__ import annotations

from flowsim.draws.cache import use_own_folder

use_own_folder()
