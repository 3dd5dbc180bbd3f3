"""Prices of one year at another's, worked by hand; a year that cannot be reached is told by its key."""

import pytest

from flowsim.config.models import Prices
from flowsim.config.prices import PriceYearError, at_prices_of, factor, middle
from flowsim.config.quantities import Money
from flowsim.errors import ConfigError
from tests.build import spec_of

YEARLY = Prices.model_validate({"yearly": "2 % /year"})
INDEX = Prices.model_validate({"index": {"2013/14": 90, "2018/19": 99}})
BOTH = Prices.model_validate({"yearly": "10 % /year", "index": {"2013/14": 90, "2018/19": 99}})

TOWN = {
    "service": {"ward": {"role": "ward", "capacity": {"beds": 2}}},
    "staff": {"team": {"rota": 1}},
    "pathway": {"ward": {"all": "home"}},
}


def town(cost, price_year="2018/19", prices=None):
    place = {"payers": {"icb": "ICB"}, "price_year": price_year}
    if prices is not None:
        place["prices"] = prices
    return {**TOWN, "place": place, "cost": cost}


@pytest.mark.parametrize(("year", "at"), [("2013/14", 2013.75), ("2013", 2013.5), ("1999/00", 1999.75)])
def test_a_year_has_a_middle(year, at):
    assert middle(year) == at


@pytest.mark.parametrize("year", ["13/14", "2013/15", "2013-14", "April 2013", ""])
def test_what_is_no_year_is_refused(year):
    with pytest.raises(PriceYearError):
        middle(year)


def test_five_years_at_two_per_cent():
    assert factor("2013/14", "2018/19", YEARLY) == pytest.approx(1.02**5)
    assert factor("2022/23", "2018/19", YEARLY) == pytest.approx(1.02**-4)


def test_a_calendar_year_lies_a_quarter_before_the_financial_year_that_begins_in_it():
    assert factor("2018", "2018/19", YEARLY) == pytest.approx(1.02**0.25)


def test_an_index_goes_before_the_yearly_change():
    assert factor("2013/14", "2018/19", INDEX) == pytest.approx(99 / 90)
    assert factor("2013/14", "2018/19", BOTH) == pytest.approx(99 / 90)


def test_years_beyond_the_index_are_reached_from_the_nearest_it_has():
    # 2020/21 is two years after 2018/19, whose level is 99.
    assert factor("2020/21", "2013/14", BOTH) == pytest.approx(90 / (99 * 1.1**2))


def test_there_and_back_is_one():
    assert factor("2013/14", "2021", BOTH) * factor("2021", "2013/14", BOTH) == pytest.approx(1)


def test_a_price_without_a_year_is_at_the_places_prices():
    assert at_prices_of(Money.model_validate("£ 100"), None, "2018/19", None) == 100


def test_a_numbers_own_year_goes_before_its_blocks():
    own = Money.model_validate({"value": "£ 100", "price_year": "2013/14"})
    assert at_prices_of(own, "2017/18", "2018/19", YEARLY) == pytest.approx(100 * 1.02**5)


def test_the_cost_book_is_built_at_the_places_prices():
    cost = {
        "ward": {
            "price_year": "2016/17",
            "admission": "£ 100",
            "space": {"value": "£ 1440 /day", "price_year": "2013/14"},
            "payer": "icb",
        },
        "team": {"staffed": {"value": "£ 60 /h", "price_year": "2020/21"}, "payer": "icb"},
    }
    book = spec_of(town(cost, prices={"yearly": "2 % /year"})).costs
    assert book.services["ward"].admission == pytest.approx(100 * 1.02**2)
    assert book.services["ward"].space_time == pytest.approx(1.02**5)
    assert book.staff["team"].staffed_time == pytest.approx(1.02**-2)


@pytest.mark.parametrize(
    ("amount", "year", "prices", "key"),
    [
        (
            {"value": "£ 1", "price_year": "long ago"},
            "2018/19",
            {"yearly": "2 % /year"},
            "cost.ward.admission.price_year",
        ),
        ({"value": "£ 1", "price_year": "2013/14"}, "2018/19", None, "cost.ward.admission.price_year"),
        (
            {"value": "£ 1", "price_year": "2013/14"},
            "2018/19",
            {"index": {"2018/19": 99}},
            "cost.ward.admission.price_year",
        ),
        ({"value": "£ 1", "price_year": "2013/14"}, "", {"yearly": "2 % /year"}, "cost.ward.admission.price_year"),
    ],
)
def test_a_year_that_cannot_be_reached_is_one_problem_that_names_the_key(amount, year, prices, key):
    with pytest.raises(ConfigError) as caught:
        spec_of(town({"ward": {"admission": amount, "payer": "icb"}}, year, prices))
    assert [p.key for p in caught.value.problems] == [key]


def test_a_blocks_year_is_told_once():
    cost = {"ward": {"price_year": "never", "admission": "£ 1", "attendance": "£ 2", "payer": "icb"}}
    with pytest.raises(ConfigError) as caught:
        spec_of(town(cost, prices={"yearly": "2 % /year"}))
    assert [p.key for p in caught.value.problems] == ["cost.ward.price_year"]
