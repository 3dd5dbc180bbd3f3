"""Who pays, in pounds and in cash, and costs that only shift."""

import pandas as pd
import pytest

from flowsim.analyse.payers import TOTAL, by_payer, cash_book, cost_shifts, with_cash
from flowsim.config.models import Place, ServiceCosts

COLUMNS = ["arm", "demand", "replication", "item", "kind", "payer", "pounds", "units"]
ROWS = [
    ("nothing", 0, "ward", "space", "trust", 1000.0, 10.0),
    ("nothing", 0, "care", "visit", "council", 100.0, 10.0),
    ("nothing", 1, "ward", "space", "trust", 1100.0, 11.0),
    ("nothing", 1, "care", "visit", "council", 110.0, 11.0),
    ("home", 0, "ward", "space", "trust", 800.0, 8.0),
    ("home", 0, "care", "visit", "council", 150.0, 15.0),
    ("home", 1, "ward", "space", "trust", 890.0, 8.9),
    ("home", 1, "care", "visit", "council", 162.0, 16.2),
]
COSTS = pd.DataFrame([(arm, "usual", *rest) for arm, *rest in ROWS], columns=COLUMNS)


def rows(table):
    return {(r["arm"], r["payer"]): r for r in table.to_dict("records")}


def test_differences_are_paired_and_payers_add_up_to_the_total():
    found = rows(by_payer(COSTS, "nothing"))
    assert found["home", "trust"]["difference"] == pytest.approx(-205)
    assert found["home", "council"]["difference"] == pytest.approx(51)
    assert found["home", TOTAL]["difference"] == pytest.approx(-154)
    for arm in ("nothing", "home"):
        parts = [r["mean"] for (a, payer), r in found.items() if a == arm and payer != TOTAL]
        assert sum(parts) == found[arm, TOTAL]["mean"]
    # Differences of -200 and -210: 12.706 standard errors of 5 either side.
    assert found["home", "trust"]["low"] == pytest.approx(-205 - 12.7062 * 5, rel=1e-5)


def test_a_payer_whom_an_arm_lacks_pays_nothing_there():
    more = pd.concat([COSTS, pd.DataFrame([("home", "usual", 0, "p", "programme", "icb", 40.0, 1.0)], columns=COLUMNS)])
    found = rows(by_payer(more, "nothing"))
    assert found["nothing", "icb"]["mean"] == 0
    assert found["home", "icb"]["difference"] == 40


def test_costs_can_be_divided_otherwise():
    found = rows(by_payer(COSTS, "nothing", by="item"))
    assert found["home", "care"]["difference"] == pytest.approx(51)


def test_a_fall_of_the_total_that_raises_a_payers_costs_is_a_shift():
    table = pd.DataFrame(
        [
            ("usual", "home", TOTAL, 0.0, -100.0, -150.0, -50.0),
            ("usual", "home", "council", 0.0, 30.0, 10.0, 50.0),
            ("usual", "home", "trust", 0.0, -130.0, -160.0, -100.0),
            ("usual", "luck", TOTAL, 0.0, -10.0, -40.0, 20.0),
            ("usual", "luck", "council", 0.0, 5.0, 1.0, 9.0),
            ("usual", "unsure", TOTAL, 0.0, -10.0, -12.0, -8.0),
            ("usual", "unsure", "council", 0.0, 5.0, -1.0, 11.0),
            ("usual", "dearer", TOTAL, 0.0, 10.0, 8.0, 12.0),
            ("usual", "dearer", "council", 0.0, 5.0, 1.0, 9.0),
        ],
        columns=["demand", "arm", "payer", "mean", "difference", "low", "high"],
    )
    found = cost_shifts(table, "nothing")
    assert list(zip(found["arm"], found["payer"], found["is_clear"], strict=True)) == [
        ("home", "council", True),
        ("luck", "council", False),
    ]


def test_cash_is_what_the_book_names_and_all_where_it_says_nothing():
    place = Place.model_validate({"id": "x", "label": "X", "price_year": "2018/19", "prices": {"yearly": "2 % /year"}})
    ward = {"space": "£ 100 /day", "cash": {"space": {"value": "£ 20 /day", "price_year": "2017/18"}}, "payer": "trust"}
    models = {
        "ward": ServiceCosts.model_validate(ward),
        "care": ServiceCosts.model_validate({"visit": "£ 10", "payer": "council"}),
        "ae": ServiceCosts.model_validate({"attendance": "£ 148", "cash": {}, "payer": "trust"}),
    }
    book = cash_book(models, place)
    assert book == {"ward": {"space": pytest.approx(20.4)}, "ae": {}}
    ae = pd.DataFrame([("home", "usual", 0, "ae", "attendance", "trust", 148.0, 1.0)], columns=COLUMNS)
    found = with_cash(pd.concat([COSTS, ae], ignore_index=True), book)
    assert found["cash"].tolist()[:2] == [pytest.approx(204), 100]
    assert found["cash"].iloc[-1] == 0
