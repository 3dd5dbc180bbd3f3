"""What is found once of a system is kept while the system is, and no longer."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace

from flowsim.engine.compiled.start import make_ready
from flowsim.measure.frames import nothing_happened
from flowsim.measure.registry import measure_all
from flowsim.system.once import once_a_system
from flowsim.system.spec import SystemSpec
from tests.unit.experiment.toytown import single


def asked_of(spec: SystemSpec) -> tuple[Callable[..., int], list[int]]:
    asked: list[int] = []

    @once_a_system
    def find(spec: SystemSpec, more: int = 0) -> int:
        asked.append(more)
        return spec.seed + more

    return find, asked


def test_it_is_found_once_a_system_and_question() -> None:
    spec = single().cells[0].spec
    find, asked = asked_of(spec)
    other = replace(spec, seed=spec.seed + 1)
    assert [find(spec), find(spec), find(spec, 3), find(spec, 3), find(other)] == [
        spec.seed,
        spec.seed,
        spec.seed + 3,
        spec.seed + 3,
        spec.seed + 1,
    ]
    assert asked == [0, 3, 0]


def test_what_kernel_and_measures_keep_of_a_system_does_not_hold_it() -> None:
    spec, definitions = replace(single().cells[0].spec), single().definitions
    ready = make_ready(spec)
    assert make_ready(spec) is ready
    assert len(measure_all(spec, nothing_happened(spec), definitions)) > 0
    gone = weakref.ref(spec)
    del spec
    gc.collect()
    assert gone() is None
