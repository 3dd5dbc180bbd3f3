from flowsim.config.models import Config
from flowsim.config.quantities import Duration
from flowsim.experiment.assumptions import assumptions, said_like

DAY = 1440.0


def config() -> Config:
    stay = {"value": "26 d", "low": "21 d", "high": "33 d", "source": "audit", "note": "one year"}
    mix = {"by": "age", "values": {"old": {"value": "9 d", "source": "guess"}}, "rest": "5 d"}
    return Config.model_validate(
        {
            "place": {"id": "toy", "label": "Toy"},
            "attribute": {"age": {"levels": ["young", "old"]}},
            "stream": {"people": {"volume": "3 /day", "to": "ward"}},
            "service": {
                "ward": {
                    "capacity": {"beds": {"value": "12", "source": "scenario:more_beds"}},
                    "steps": {"stay": {"duration": {"kind": "exponential", "mean": stay}}},
                    "turnaround": {"kind": "exponential", "mean": mix},
                }
            },
            "source": {
                "audit": {"title": "The audit", "status": "measured", "url": "https://example.org"},
                "guess": {"title": "A guess", "status": "assumed"},
            },
        }
    )


def test_only_inputs_with_a_source_or_a_range_are_listed() -> None:
    found = assumptions(config()).set_index("key")
    assert list(found.index) == [
        "service.ward.capacity.beds",
        "service.ward.steps.stay.duration.mean",
        "service.ward.turnaround.mean[old]",
    ]


def test_a_sourced_input_carries_its_range_in_its_own_unit() -> None:
    row = assumptions(config()).iloc[1]
    assert (row["value"], row["low"], row["high"]) == ("26 d", "21 d", "33 d")
    assert (row["number"], row["number_low"], row["number_high"]) == (26 * DAY, 21 * DAY, 33 * DAY)
    assert (row["source"], row["status"], row["title"], row["note"]) == ("audit", "measured", "The audit", "one year")


def test_a_value_set_by_hand_is_assumed_and_names_who() -> None:
    row = assumptions(config()).iloc[0]
    assert (row["key"], row["source"], row["status"]) == ("service.ward.capacity.beds", "scenario:more_beds", "assumed")
    assert row["title"] == "set by scenario:more_beds"


def test_numbers_are_written_in_the_unit_of_the_value() -> None:
    assert said_like(Duration.model_validate("26 d"), 36 * 60.0) == "1.5 d"
    assert said_like(Duration.model_validate("26 d"), None) == ""
    assert said_like(Duration.model_validate("0 d"), 30.0) == "30"
