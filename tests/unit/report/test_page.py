"""The page: one file that stands alone, says everything once, and is well-formed."""

import re
from html.parser import HTMLParser

import pytest

from flowsim.report.page import SECTIONS, page
from tests.unit.report.fixture import ARMS, LEVELS, make_result

VOID = {"meta", "link", "br", "input", "img", "hr", "circle", "rect", "line", "path"}


class Reading(HTMLParser):
    """Tags as they open and close, attributes, and the text that a person sees."""

    def __init__(self, html):
        super().__init__()
        self.open, self.faults, self.attributes, self.seen = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *attr) for attr in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, *attr) for attr in attrs]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append((tag, self.getpos()))

    def handle_data(self, data):
        if not set(self.open) & {"script", "style"}:
            self.seen.append(data)

    def of(self, name):
        return [value for _, attribute, value in self.attributes if attribute == name]

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.seen))


@pytest.fixture(scope="module")
def html():
    return page(make_result())


@pytest.fixture(scope="module")
def read(html):
    return Reading(html)


def test_every_tag_closes_in_its_turn(read):
    assert read.faults == []
    assert read.open == []


def test_ids_are_unique_and_every_link_within_the_page_leads_somewhere(read):
    ids = read.of("id")
    assert len(ids) == len(set(ids))
    within = [href[1:] for href in read.of("href") if href.startswith("#")]
    assert set(within) <= set(ids)
    assert {name for name, _, _ in SECTIONS} - {"years", "fit"} <= set(within)


def test_every_section_is_there(read):
    for _, name, _ in SECTIONS[:2]:
        assert name in read.text
    for heading in (
        "Flow map",
        "Week by week",
        "Delays by reason",
        "Costs by payer",
        "Audit",
        "Assumptions that matter",
        "STRESS-DES",
    ):
        assert heading in read.text


def test_question_answer_and_command_are_said(read):
    assert "Which configuration keeps Halton's winter safe, and who pays?" in read.text
    assert "All together does best on days delayed at every demand level tried" in read.text
    assert "flowsim compare experiment=winter_2026" in read.text


def test_no_reader_meets_nan_none_or_a_template(read):
    assert not re.search(r"\b(nan|NaN|None|inf|undefined)\b", read.text)
    assert "{{" not in read.text
    assert "not measured" in read.text


def test_every_option_and_level_is_named(read):
    for thing in (*ARMS, *LEVELS):
        assert thing.label in read.text


def test_the_answer_shows_every_level_whatever_is_chosen(html):
    section = html[html.index('<section id="answer">') : html.index('<section id="options"')]
    assert "data-level" not in section
    assert section.count('class="finding') == len(LEVELS)


def test_without_scripts_every_level_is_shown(html):
    # Only the script hides parts, so nothing may be written hidden.
    body = html[html.index("<body>") : html.index("<script>")]
    assert not re.search(r"<[^>]*\shidden[\s>]", body)


def test_it_is_small(html):
    assert len(html.encode()) < 3_000_000


def test_a_single_run_has_a_page_of_its_own():
    single = Reading(page(make_result(arms=ARMS[:1], levels=LEVELS[:1])))
    assert single.faults == []
    assert "nothing to compare" in single.text
    assert "What each option changes" not in single.text


def test_one_replication_has_a_page_and_claims_nothing():
    text = Reading(page(make_result(1, ARMS[:3], LEVELS[:1]))).text
    assert "does best" not in text
    assert not re.search(r"\bnan\b", text)


def test_names_from_the_configuration_cannot_break_the_page():
    from dataclasses import replace

    result = make_result(arms=ARMS[:2], levels=LEVELS[:1])
    hostile = replace(result, title="<script>alert(1)</script>", question='"><img src=x>')
    html = page(hostile)
    assert "<script>alert" not in html
    assert "<img" not in html
