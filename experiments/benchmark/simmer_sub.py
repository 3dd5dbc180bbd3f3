"""The sub-network in simmer, which is R's: run by Rscript, where that and the package are there."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from idiomatic import Network

SCRIPT = Path(__file__).resolve().parent / "simmer_sub.R"


@dataclass(frozen=True)
class Told:
    """What a run in simmer tells.

    Attributes:
        seconds: CPU seconds of building and running, R's own start left out.
        patients: who arrived.
        left_ae: who left A&E.
        left_ward: who left the ward.
        idle_ae: mean time waiting for a cubicle or keeping one [min].
        idle_ward: mean time waiting for a bed or keeping one [min].
    """

    seconds: float
    patients: float
    left_ae: float
    left_ward: float
    idle_ae: float
    idle_ward: float

    def means(self) -> dict[str, float]:
        """Return the means by which it is compared with other versions, as far as they have the same."""
        return {
            "arrivals": self.patients,
            "leave A&E": self.left_ae,
            "leave the ward": self.left_ward,
            "cubicle waited for or kept [min]": self.idle_ae,
        }


@cache
def missing() -> str | None:
    """Return what is not installed, in words; None where simmer can be run."""
    if shutil.which("Rscript") is None:
        return "R is not installed (Debian: r-base-core)"
    tried = subprocess.run(["Rscript", "-e", "library(simmer)"], check=False, capture_output=True)
    return None if tried.returncode == 0 else 'R has no package simmer (in R: install.packages("simmer"))'


def run(network: Network, days: float, seed: int) -> Told:
    """Run the sub-network from empty for some days."""
    numbers = [days, seed, network.per_day, *network.acuity, network.admitted, *network.onward, *network.capacity]
    for service in range(len(network.stays)):
        numbers += network.logs(service)
    words = [f"{number:.12g}" for number in numbers]
    done = subprocess.run(["Rscript", str(SCRIPT), *words], check=True, capture_output=True, text=True)
    return Told(*map(float, done.stdout.split()))
