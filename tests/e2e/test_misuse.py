"""The command line misused: one readable line on standard error, exit code 2, no traceback, nothing lost."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from flowsim.cli import main
from tests.e2e.commands import refused

TINY = """
place: {id: tiny, calendar: {timezone: UTC, holidays: none}}
stream: {patients: {volume: "2 /h", to: desk}}
service: {desk: {capacity: {clerks: 3}, steps: {care: {duration: "20 min"}}}}
pathway: {desk: {all: home}}
run: {warm_up: "0 d", duration: "1 d", replications: 2, seed: 1}
"""
ALONE = ["--workers", "1", "--no-report"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own to work in, with a network in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (["comapre"], ["'comapre'", "did you mean 'compare'"]),
        (["run=smoke"], ["'run=smoke'", "a command first", "did you mean 'run'"]),
        (["--workers", "2", "run"], ["'--workers'", "a command first"]),
        (["run", "--workres", "2"], ["'--workres'", "did you mean '--workers'"]),
        (["run", "--workers", "-1"], ["--workers", "'-1'", "whole number"]),
        (["run", "--workers", "two"], ["--workers", "'two'", "whole number"]),
        (["run", "--workers", "²"], ["--workers", "'²'", "whole number"]),
        (["run", "--workers", "1000000"], ["--workers", "'1000000'", "1024"]),
        (["run", "--out", ""], ["--out", "said nothing", "a folder"]),
        (["run", "--out"], ["--out", "said nothing"]),
        (["schema", "extra"], ["'extra'"]),
        (["report", "--workers", "2", "x"], ["'--workers'"]),
        (["report", "tiny.yaml"], ["tiny.yaml", "result.json"]),
        (["report", "a", "b"], ["2 folders"]),
        (["run", "folder.yaml"], ["folder.yaml", "Is a directory"]),
        (["run", "place=toy", "--out", "tiny.yaml"], ["--out", "tiny.yaml", "can be written"]),
        (["run", "servce.desk.capacity.clerks=2", "tiny.yaml"], ["servce", "did you mean 'service'"]),
        (["run", "tiny.yaml", "run.starts=2026-02-30"], ["run.starts", "a date that exists"]),
        (["compare", "tiny.yaml"], ["experiment", "flowsim run"]),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_slip_is_told_in_one_line(typed: list[str], named: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder.yaml").mkdir()
    line = refused(typed, capsys)
    for word in named:
        assert word in line


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"place:\n\tid: x\n", ["line 2", "spaces for indentation"]),
        (b"place: {id: [\n", ["line 2"]),
        (b"- a list\n", ["a list", "a mapping"]),
    ],
)
def test_a_file_that_is_no_place_is_told_in_one_line(
    content: bytes, named: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "odd.yaml").write_bytes(content)
    line = refused(["check", "odd.yaml"], capsys)
    assert all(word in line for word in ["odd.yaml", *named])


@pytest.mark.parametrize("name", ["TINY.YAML", "tiny.yml", "tiny.txt", "with space/a b.yaml", "a=b.yaml"])
@pytest.mark.parametrize("written", ["\n", "\r\n", "\ufeff"])
def test_any_file_of_that_kind_is_read(name: str, written: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / name).parent.mkdir(exist_ok=True)
    text = f"{written}{TINY}" if written == "\ufeff" else TINY.replace("\n", written)
    (here / name).write_bytes(text.encode())
    assert main(["check", name]) == 0
    assert "desk" in capsys.readouterr().out


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    (out / "tiny.yaml").write_text(TINY)
    assert main(["run", str(out / "tiny.yaml"), "--out", str(out), *ALONE, "--quiet"]) == 0
    (folder,) = out.glob("tiny/*")
    return folder


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("measures.parquet", b"not one"),
        ("costs.parquet", b""),
        ("weekly.parquet", None),
        ("result.json", b"{"),
        ("result.json", b"{}"),
        ("manifest.json", None),
        ("config.yaml", b"a: ["),
    ],
)
def test_damaged_results_are_told_in_one_line(
    name: str, content: bytes | None, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = results / name
    before = damaged.read_bytes()
    if content is None:
        damaged.unlink()
    else:
        damaged.write_bytes(content)
    try:
        line = refused(["report", str(results)], capsys)
    finally:
        damaged.write_bytes(before)
    assert str(results) in line
    assert "cannot be read" in line


def flowsim(typed: str, folder: Path, settings: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which ``flowsim`` is this flowsim."""
    line = typed.replace("flowsim", f"'{sys.executable}' -m flowsim")
    return subprocess.run(
        ["/bin/bash", "-c", line],
        cwd=folder,
        env=os.environ | (settings or {}),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_any_encoding_can_show_the_answer(encoding: str, here: Path) -> None:
    done = flowsim(f"flowsim run tiny.yaml {' '.join(ALONE)}", here, {"PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr
    assert "Results: results/tiny/" in done.stdout


def test_a_reader_who_leaves_and_ends_that_are_closed_do_no_harm(here: Path) -> None:
    for typed in ("flowsim check tiny.yaml | head -1", "flowsim check tiny.yaml >&-", "flowsim schema 2>&- | head -1"):
        done = flowsim(f"set -o pipefail; {typed}", here)
        assert (done.returncode, done.stderr) == (0, ""), typed


def test_a_full_disk_is_told_in_one_line(here: Path) -> None:
    if not Path("/dev/full").exists():
        return
    done = flowsim("flowsim check tiny.yaml >/dev/full", here)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "No space left" in done.stderr
