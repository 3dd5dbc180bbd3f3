"""How loops of measures are compiled: once a machine, kept in the user's own folder, free of Python's lock."""

from __future__ import annotations

from numba import njit

from flowsim.draws.cache import use_own_folder

use_own_folder()
compiled = njit(cache=True, nogil=True)
