"""The page and workbook of a real run: they open from disk, and ask nothing of any network."""

import re
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from flowsim.cli import main

SHORT = ["place=toy", "run.warm_up=1 d", "run.duration=3 d", "run.replications=2", "run.demand=[baseline]"]
LOADING = {"src", "srcset", "poster", "data", "action", "formaction", "background", "xlink:href", "ping", "manifest"}
"""Attributes that make a browser fetch something."""


class Fetches(HTMLParser):
    """What a browser would ask for when it opens the page, and what it would only on a click."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.inside: list[str] = []
        self.code: dict[str, str] = {"script": "", "style": ""}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        for name, value in attrs:
            said = value or ""
            if name in LOADING or (name == "href" and tag != "a" and not said.startswith("data:")):
                self.asked.append(f"{tag} {name}={said}")
            if name == "style":
                self.code["style"] += said

    def handle_data(self, data: str) -> None:
        if self.inside and self.inside[-1] in self.code:
            self.code[self.inside[-1]] += data

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reported")
    assert main(["compare", *SHORT, "--out", str(out), "--workers", "1", "--quiet"]) == 0
    (found,) = [path for path in out.glob("*/*") if path.name != ".parts"]
    return found


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_opening_the_page_fetches_nothing(html: str) -> None:
    read = Fetches(html)
    assert read.asked == []
    assert not re.search(r"@import|url\s*\(", read.code["style"])
    assert not re.search(r"fetch|XMLHttpRequest|import\s*\(|WebSocket|sendBeacon|Worker|location", read.code["script"])


def test_the_page_forbids_itself_to_fetch(html: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none';")
    assert "http" not in policy.group(1)


def test_the_page_is_one_file_of_a_size_to_send(html: str) -> None:
    assert html.startswith("<!DOCTYPE html>")
    assert len(html.encode()) < 3_000_000


def test_the_page_says_what_was_asked_and_how_to_run_it_again(html: str) -> None:
    text = re.sub(r"<[^>]+>", " ", html)
    assert "Should Toytown staff its discharge team at weekends" in text
    assert "flowsim compare place=toy" in text
    assert "Only 3 days were measured" in text
    assert not re.search(r"\bnan\b|\bNone\b", re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.S))


def test_the_workbook_opens(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "workbook.xlsx")
    assert book.sheetnames[:3] == ["README", "Answer", "Options"]
    assert book["Options"].max_row > 10


def test_the_report_can_be_written_again_from_the_folder(folder: Path, html: str) -> None:
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").read_text(encoding="utf-8") == html
