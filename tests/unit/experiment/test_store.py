from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowsim.errors import RunError
from flowsim.experiment.store import Parts, put_in_place, results_folder

STAMP = datetime(2026, 10, 1, 8, 30, 5, tzinfo=UTC)


def test_folder_is_named_by_time_and_digest_and_never_taken_twice(tmp_path: Path) -> None:
    first = results_folder(tmp_path, "winter", STAMP, "0123456789abcdef")
    assert first == tmp_path / "winter" / "20261001T083005Z-01234567"
    first.mkdir(parents=True)
    assert results_folder(tmp_path, "winter", STAMP, "0123456789abcdef").name == "20261001T083005Z-01234567-2"


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    final = tmp_path / "winter" / "run"
    with put_in_place(final) as temporary:
        (temporary / "table").write_text("all of it")
        assert not final.exists()
    assert (final / "table").read_text() == "all of it"
    assert [path.name for path in final.parent.iterdir()] == ["run"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> None:
        with put_in_place(tmp_path / "winter" / "run") as temporary:
            (temporary / "table").write_text("half of it")
            raise ValueError("disk")

    with pytest.raises(ValueError, match="disk"):
        fail()
    assert list((tmp_path / "winter").iterdir()) == []


def test_out_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"--out: said .*file; wanted a folder that can be written"):
        Parts(tmp_path / "file", "winter").make()


def test_parts_are_kept_taken_and_forgotten(tmp_path: Path) -> None:
    parts = Parts(tmp_path, "winter")
    parts.make()
    assert not parts.has("a")
    parts.keep("a", {"found": 1})
    parts.keep("b", {"found": 2})
    assert parts.has("a")
    assert parts.take("a") == {"found": 1}
    parts.forget(iter(["a"]))
    assert not parts.has("a")
    assert parts.folder.is_dir()
    parts.forget(iter(["b"]))
    assert not parts.folder.exists()


def test_a_broken_part_counts_as_missing(tmp_path: Path) -> None:
    parts = Parts(tmp_path, "winter")
    parts.make()
    parts.path("a").write_bytes(b"\x80\x05half")
    assert parts.result("a") is None
    assert parts.result("never") is None
