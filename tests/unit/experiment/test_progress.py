import io

import pytest

from flowsim.experiment.progress import Progress, spoken_time


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (150, "2 min 30 s"), (1500, "25 min"), (7000, "1 h 56 min")],
)
def test_times_as_people_say_them(seconds: float, said: str) -> None:
    assert spoken_time(seconds) == said


def test_the_last_task_is_always_told() -> None:
    stream = io.StringIO()
    with Progress(2, 2.0, stream) as progress:
        progress.advance(1.0)
        progress.advance(1.0)
    assert stream.getvalue().splitlines()[-1].startswith("  2 of 2 replications done")


def test_tasks_found_finished_are_told_and_do_not_set_the_pace() -> None:
    stream = io.StringIO()
    with Progress(4, 4.0, stream) as progress:
        progress.found(3, 3.0)
        assert progress.seconds_left() is None
        progress.advance(1.0)
        assert progress.seconds_left() == 0.0
    assert "3 of 4 replications were finished before" in stream.getvalue()


def test_what_came_before_the_first_task_does_not_set_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("flowsim.experiment.progress.time.monotonic", lambda: clock[0])
    progress = Progress(3, 3.0, None)
    clock[0] = 100.0
    progress.found(0, 0.0)
    clock[0] = 102.0
    progress.advance(1.0)
    assert progress.seconds_left() == 4.0


def test_quiet_says_nothing() -> None:
    with Progress(1, 1.0, None) as progress:
        progress.found(0, 0.0)
        progress.advance(1.0)
    assert progress.done == 1


def test_a_terminal_gets_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with Progress(1, 1.0, stream) as progress:
        progress.advance(1.0)
    assert "1 of 1 replications" in stream.getvalue()
