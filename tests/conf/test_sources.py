"""Every number of every place has a source that exists, and every source of a place is used."""

import functools
import re

import pytest

from flowsim.config.compose import conf_dir
from flowsim.config.load import load
from flowsim.config.sourcing import BOOKS, GROUPS, numbers
from flowsim.report.docs_parameters import parameters

PLACES = ("halton", "halton year=2017_18", "oldham", "toy")
AT_LEAST = {"halton": 3000, "oldham": 800, "toy": 130}
NUMBER = re.compile(r"£?\s*[+-]?\d[\d,_]*(\.\d+)?(\s*(%|/|min|h|d|weeks?|months?|years?).*)?")
HELD = {"halton year=2017_18": "halton.md", "oldham": "oldham.md"}
"""Prose that may cite a source for what no YAML holds."""


@functools.cache
def loaded(place):
    return load(f"place={place}".split())


def bare(said, key, above):
    """Yield the keys of numbers in a part of the YAML that neither name a source nor stand in a block that does."""
    if isinstance(said, dict):
        above = above or "source" in said
        for name, below in said.items():
            if name not in ("source", "note", "by", "label", "why", "claim", "evidence"):
                yield from bare(below, f"{key}.{name}", above)
    elif not above and not isinstance(said, bool | list) and NUMBER.fullmatch(str(said)):
        yield key


def sources(said):
    """Yield every source and document named in a part of the raw configuration."""
    if isinstance(said, dict):
        for name in ("source", "document"):
            cited = said.get(name)
            yield from [cited] if isinstance(cited, str) else cited if isinstance(cited, list) else []
        yield from (source for below in said.values() for source in sources(below))


@pytest.mark.parametrize("place", PLACES)
def test_every_number_has_a_source_that_exists(place):
    config = loaded(place).config
    found = list(numbers(config, (*GROUPS, *BOOKS)))
    assert len(found) >= AT_LEAST[place.split()[0]]
    assert [key for key, source in found if source is None] == []
    assert {source for _, source in found} <= set(config.source)


@pytest.mark.parametrize("place", PLACES)
def test_the_page_of_parameters_counts_none_without_a_source(place):
    assert [p.key for p in parameters(loaded(place).config) if p.status == "no source"] == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("book", ["intervention", "scenario_book"])
def test_options_name_the_source_of_what_they_set_and_cost(place, book):
    """The same read from the YAML as it stands, without the grammar: hours, rotas and prevention tables too."""
    found = loaded(place).raw.get(book, {})
    opening = ".opens."  # hours are a practice of the service, told in words by the intervention
    keys = [key for name, said in found.items() for key in bare(said, name, above=False)]
    assert [key for key in keys if opening not in key] == []


@pytest.mark.parametrize("place", PLACES)
def test_steps_between_years_name_their_source(place):
    years = loaded(place).config.year_book
    assert [name for year in years.values() for name, step in year.steps.items() if step.source is None] == []


@pytest.mark.parametrize("place", PLACES)
def test_what_effects_rest_on_exists(place):
    config = loaded(place).config
    effects = [e for i in config.intervention.values() for e in (i.claim, i.evidence) if e is not None]
    assert [e.what for e in effects if e.source not in config.source] == []


@pytest.mark.parametrize("place", HELD)
def test_every_entry_of_the_bibliography_is_cited(place):
    """By a number, effect, record, target or item of the documents of the place, or in its prose."""
    cited = {source for group, said in loaded(place).raw.items() if group != "source" for source in sources(said)}
    prose = (conf_dir().parent / "docs" / HELD[place]).read_text(encoding="utf-8")
    own = set(loaded(place).config.source) - {"illustrative"}
    if place == "oldham":  # its own entries: the others are Halton's or everybody's
        own = {name for name in own if name not in loaded("toy").config.source}
    assert [source for source in sorted(own - cited) if f"`{source}`" not in prose] == []
