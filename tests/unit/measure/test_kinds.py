"""Every kind of measure on a few patients, worked by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from flowsim.config.models import MeasureDef
from flowsim.errors import ConfigError
from flowsim.measure.registry import check, known_kinds, measure_all
from flowsim.trajectory import OnDuty, Outcome
from tests.build import spec_of
from tests.trajectories import at, came, run_of

H, DAY = 60, 1440
NETWORK = {
    "place": {"population": {"adults": 50_000}},
    "attribute": {"arrival_mode": {"levels": ["ambulance", "walk_in"]}, "acuity": {"levels": ["major", "planned"]}},
    "reason": {
        "package": {"label": "Package", "body": "council"},
        "process": {"label": "Process", "body": "nhs", "recorded": False},
    },
    "service": {
        "ae": {"role": "ae", "provider": "trust", "capacity": {"bays": 4}},
        "ward": {"role": "ward", "capacity": {"beds": 2}},
        "annexe": {"role": "ward", "capacity": {"beds": 2}},
        "rapid": {"role": "rapid_response", "capacity": {"slots": 4}},
        "resting": {"role": "home", "capacity": {"people": "unlimited"}},
    },
    "pathway": {
        "ae": {"all": {"to": {"ward": "50 %", "rest": "home"}}},
        "ward": {"all": {"to": {"annexe": "20 %", "resting": "50 %", "rest": "home"}}},
        "annexe": {"all": "home"},
        "rapid": {"all": {"to": {"ae": "50 %", "rest": "home"}}},
        "resting": {"all": {"to": {"ae": "50 %", "rest": "home"}}},
    },
}


def network(days=4, **run):
    run = {"duration": f"{days} d", **run}
    place = {"id": "test", "label": "Test", "calendar": {"timezone": "UTC", "holidays": "none"}, **NETWORK["place"]}
    return spec_of({**NETWORK, "place": place}, **run)


def measured(spec, run, **definition):
    """Return the values of one measure by (service, split)."""
    definition = {"label": "x", **definition}
    options = {k: str(v) for k, v in definition.pop("options", {}).items()}
    table = measure_all(spec, run, {"x": MeasureDef(options=options, **definition)})
    return {(r["service"], r["split"]): r["value"] for r in table.to_dict("records")}


def attendances(spec):
    """Three leave after 1, 5 and 13 hours; one is still there."""
    return run_of(
        spec,
        came(0, at("ae", 0, 0, H, H), arrival_mode="walk_in"),
        came(0, at("ae", 0, 20, 5 * H, 5 * H), arrival_mode="ambulance"),
        came(0, at("ae", 0, 50, H, 13 * H), at("ward", H, 13 * H, 3 * DAY, 3 * DAY), arrival_mode="ambulance"),
        came(10 * H, at("ae", 10 * H), exit=None, arrival_mode="walk_in"),
    )


def test_every_kind_is_exercised_here_and_documented():
    source = Path(__file__).read_text(encoding="utf-8")
    for name, kind in known_kinds().items():
        assert f'kind="{name}"' in source, name
        assert kind.__doc__


def test_four_hour_share_counts_those_still_there_as_over():
    spec = network()
    found = measured(
        spec,
        attendances(spec),
        kind="interval",
        role=["ae"],
        limit="4 h",
        options={"of": "attendances", "statistic": "share_within"},
    )
    assert found == {("ae", ""): 0.25, ("all", ""): 0.25}


def test_what_began_too_late_to_be_known_is_left_out():
    spec = network(duration="12 h")
    found = measured(
        spec, attendances(spec), kind="interval", role=["ae"], limit="4 h", options={"statistic": "share_over"}
    )
    # Whoever came at 10 h could not have been there 4 h by the end at 12 h.
    assert found["all", ""] == pytest.approx(2 / 3)


def test_waits_from_decision_to_bed_are_of_those_bound_for_a_ward():
    spec = network()
    options = {"from": "ready", "to": "left", "towards": "ward"}
    found = measured(spec, attendances(spec), kind="interval", role=["ae"], unit="h", options=options)
    assert found["ae", ""] == 12
    over = measured(
        spec,
        attendances(spec),
        kind="interval",
        role=["ae"],
        limit="11 h",
        options={**options, "statistic": "number_over", "per": "period"},
    )
    assert over["ae", ""] == 1


def test_handover_is_of_those_brought_by_ambulance():
    spec = network()
    options = {"from": "queued", "to": "started"}
    found = measured(
        spec,
        attendances(spec),
        kind="interval",
        role=["ae"],
        unit="min",
        when={"arrival_mode": ["ambulance"]},
        options=options,
    )
    assert found["ae", ""] == 35


@pytest.mark.parametrize(("statistic", "value"), [("mean", 19 / 3), ("median", 5), ("p90", 11.4), ("p95", 12.2)])
def test_times_are_summed_up_as_asked(statistic, value):
    spec = network()
    found = measured(
        spec, attendances(spec), kind="interval", role=["ae"], unit="h", options={"by": "to", "statistic": statistic}
    )
    assert found["ae", ""] == pytest.approx(value)


def test_moves_between_wards_are_one_spell():
    spec = network()
    run = run_of(
        spec,
        came(0, at("ward", 0, 0, DAY, DAY), at("annexe", DAY, DAY, 3 * DAY, 3 * DAY)),
        came(0, at("ward", 0, 0, 12 * H, 12 * H)),
    )
    options = {"of": "spells", "from": "started", "by": "to"}
    assert measured(spec, run, kind="interval", role=["ward"], unit="days", options=options)["all", ""] == 1.75
    nights = measured(spec, run, kind="interval", role=["ward"], unit="days", options={**options, "nights": "over"})
    assert nights["all", ""] == 3


def test_admissions_are_starts_on_a_ward_not_moves_between_them():
    spec = network()
    run = run_of(
        spec,
        came(0, at("ward", 0, 0, DAY, DAY), at("annexe", DAY, DAY, 3 * DAY, 3 * DAY), acuity="major"),
        came(0, at("ward", 0, 0, DAY, DAY), acuity="planned"),
    )
    options = {"at": "started", "not_from": "ward", "per": "period"}
    assert measured(spec, run, kind="rate", role=["ward"], options=options)["all", ""] == 2
    unplanned = measured(spec, run, kind="rate", role=["ward"], when={"acuity": ["not planned"]}, options=options)
    assert unplanned["all", ""] == 1
    per_head = measured(spec, run, kind="rate", role=["ward"], options={**options, "per_head": "adults"})
    assert per_head["all", ""] == 4


def test_rates_can_be_of_those_from_outside_alone():
    spec = network()
    run = run_of(spec, came(0, at("rapid", 0, 0, 10, 10), at("ae", 10, 10, 20, 20)), came(0, at("ae", 0, 0, 20, 20)))
    assert measured(spec, run, kind="rate", role=["ae"])["ae", ""] == 0.5
    assert measured(spec, run, kind="rate", role=["ae"], options={"from": "arrival"})["ae", ""] == 0.25
    assert measured(spec, run, kind="rate", role=["ae"], options={"from": "rapid_response"})["ae", ""] == 0.25


def test_giving_up_is_a_share_of_those_whose_end_is_known():
    spec = network()
    run = run_of(
        spec,
        came(0, at("ae", 0, 0, H, H)),
        came(0, at("ae", 0, left=30, outcome=Outcome.RENEGED), exit="left"),
        came(0, at("ae", 0), exit=None),
    )
    assert measured(spec, run, kind="outcome_share", role=["ae"])["ae", ""] == 0.5


def full_ward(spec):
    """Two beds: one for all four days, one for the first twelve hours; both held at midnight once."""
    return run_of(
        spec,
        came(0, at("ward", 0, 0, 2 * DAY, None), exit=None),
        came(12 * H, at("ward", 12 * H, 12 * H, 36 * H, 36 * H)),
    )


def test_occupancy_is_a_share_of_space_time():
    spec = network()
    found = measured(spec, full_ward(spec), kind="occupied_share", role=["ward"])
    assert found == {("ward", ""): 5 / 8, ("annexe", ""): 0, ("all", ""): 5 / 16}


def test_days_over_are_counted_at_midnight():
    spec = network()
    found = measured(spec, full_ward(spec), kind="midnights_over", role=["ward"], threshold=0.92)
    assert found == {("ward", ""): 0.25, ("annexe", ""): 0, ("all", ""): 0.125}


def test_long_stays_count_from_the_start_of_the_spell():
    spec = network()
    found = measured(spec, full_ward(spec), kind="at_midnight", role=["ward"], limit="2 d", options={"who": "stay"})
    # At the midnights of days 0 to 3 the stay is 0, 1, 2 and 3 days old.
    assert found["ward", ""] == 0.5
    share = measured(
        spec,
        full_ward(spec),
        kind="at_midnight",
        role=["ward"],
        limit="2 d",
        options={"who": "stay", "statistic": "share"},
    )
    assert share["all", ""] == pytest.approx(2 / 5)


def test_no_criteria_to_reside_is_ready_and_still_there():
    spec = network()
    found = measured(spec, full_ward(spec), kind="at_midnight", role=["ward"], options={"who": "ready"})
    assert found["all", ""] == 0.5


def test_boarding_is_ready_in_ae_and_bound_for_a_ward():
    spec = network()
    options = {"state": "ready", "towards": "ward"}
    found = measured(spec, attendances(spec), kind="number", role=["ae"], options=options)
    assert found["ae", ""] == pytest.approx(12 / 96)
    p95 = measured(spec, attendances(spec), kind="number", role=["ae"], options={**options, "statistic": "p95"})
    assert p95["ae", ""] == 1


def test_surge_days_are_nought_where_none_opens():
    spec = network()
    assert measured(spec, full_ward(spec), kind="surge_days", role=["ward"])["all", ""] == 0


def test_discharges_are_counted_by_weekday():
    spec = network(days=7)  # from a Monday
    run = run_of(
        spec,
        came(0, at("ward", 0, 0, 30, DAY + 30)),
        came(0, at("ward", 0, 0, 30, DAY + 60), exit="died"),
        came(0, at("ward", 0, 0, 30, 6 * DAY + 5)),
    )
    found = measured(spec, run, kind="left_by_weekday", role=["ward"])
    assert (found["all", "tue"], found["all", "sun"], found["all", "mon"]) == (1, 1, 0)
    assert found["all", ""] == pytest.approx(2 / 7)


def test_deaths_are_counted_by_exit():
    spec = network()
    run = run_of(spec, came(0, at("ward", 0, 0, 30, 30), exit="died"), came(0, at("ward", 0, 0, 30, 30)))
    assert measured(spec, run, kind="exits", options={"to": "died", "per": "period"}) == {("all", ""): 1}
    of_planned = measured(spec, run, kind="exits", when={"acuity": ["planned"]}, options={"to": "died"})
    assert of_planned == {("all", ""): 0}


def test_usual_residence_is_a_share_of_those_who_leave_alive():
    spec = network()
    run = run_of(
        spec,
        came(0, at("ward", 0, 0, 30, 30), exit="died"),
        came(0, at("ward", 0, 0, 30, 30), exit="elsewhere"),
        came(0, at("ward", 0, 0, 30, 30)),
    )
    assert measured(spec, run, kind="went_to_share", role=["ward"], options={"to": "home"})["all", ""] == 0.5


def coming_back(spec):
    return run_of(
        spec,
        came(
            0,
            at("ward", 0, 0, H, H),
            at("resting", H, H, DAY, DAY),
            at("ae", DAY, DAY, DAY + H, DAY + H),
            at("ward", DAY + H, DAY + H, 2 * DAY, 2 * DAY),
        ),
        came(0, at("ward", 0, 0, H, H)),
    )


def test_readmissions_follow_a_patient_home_and_back():
    spec = network(days=8)
    found = measured(spec, coming_back(spec), kind="return_share", role=["ward"], limit="3 d", options={"to": "ward"})
    assert found["all", ""] == pytest.approx(1 / 3)
    soon = measured(spec, coming_back(spec), kind="return_share", role=["ward"], limit="23 h", options={"to": "ward"})
    assert soon["all", ""] == 0
    spared = measured(
        spec,
        coming_back(spec),
        kind="return_share",
        role=["ward"],
        limit="3 d",
        options={"to": "ward", "share": "spared"},
    )
    assert spared["all", ""] == pytest.approx(2 / 3)


def test_admissions_avoided_end_at_home_without_a_bed():
    spec = network()
    run = run_of(
        spec,
        came(0, at("rapid", 0, 0, H, H)),
        came(0, at("rapid", 0, 0, H, H), at("ae", H, H, 2 * H, 2 * H), at("ward", 2 * H, 2 * H, 3 * H, 3 * H)),
        came(0, at("rapid", 0, 0, H, H), exit="died"),
        came(0, at("ae", 0, 0, H, H)),
    )
    assert measured(spec, run, kind="avoided", role=["rapid_response"], options={"per": "period"})["rapid", ""] == 1


def test_a_patient_who_comes_back_has_an_episode_each_time():
    spec = network()
    run = run_of(
        spec,
        came(0, at("ward", 0, 0, H, H), at("resting", H, H, DAY, DAY), at("rapid", DAY, DAY, DAY + H, DAY + H)),
    )
    # The first episode, with a bed, ends in resting at home; the second has none.
    assert measured(spec, run, kind="avoided", role=["rapid_response"], options={"per": "period"})["all", ""] == 1


def delayed(spec):
    return run_of(
        spec,
        came(
            0, at("ward", 0, 0, H, 2 * DAY, delays=(("package", "resting", DAY, 2 * DAY), ("process", "home", H, DAY)))
        ),
        came(0, at("ward", 0, 0, H, None, delays=(("package", "home", 3 * DAY, None),)), exit=None),
    )


def test_recorded_days_leave_out_what_the_count_does_not_show():
    spec = network()
    found = measured(spec, delayed(spec), kind="delayed_days", role=["ward"], options={"per": "period"})
    assert found["all", ""] == 2
    everything = measured(
        spec, delayed(spec), kind="delayed_days", role=["ward"], options={"per": "period", "recorded": "any"}
    )
    assert everything["all", ""] == pytest.approx(2 + 23 / 24)


@pytest.mark.parametrize(
    ("by", "part", "days"),
    [("reason", "package", 2), ("body", "council", 2), ("towards", "resting", 1), ("towards", "home", 1)],
)
def test_parts_of_delay_by_reason_body_and_destination(by, part, days):
    spec = network()
    found = measured(spec, delayed(spec), kind="delayed_days", role=["ward"], options={"per": "period", "by": by})
    assert found["all", part] == days
    assert sum(v for (service, _), v in found.items() if service == "all") == 2


def test_delay_per_head_of_population():
    spec = network()
    options = {"per": "day", "per_head": "18+, adults"}
    found = measured(spec, delayed(spec), kind="delayed_days", role=["ward"], options=options)
    assert found["all", ""] == 2 / 4 * 2


def test_a_rate_per_head_of_an_unknown_group_is_not_measured():
    spec = network()
    found = measured(spec, delayed(spec), kind="delayed_days", role=["ward"], options={"per_head": "martians"})
    assert math.isnan(found["all", ""])


def test_extra_deaths_are_one_in_eighty_two_of_those_delayed():
    spec = network()

    def admitted_after(hours):
        return came(0, at("ae", 0, 0, H, hours * H), at("ward", H, hours * H, 2 * DAY, 2 * DAY))

    run = run_of(spec, *(admitted_after(h) for h in (5, 6, 7, 8, 9)))
    found = measured(spec, run, kind="extra_deaths", role=["ae"], options={"per": "period"})
    assert found["all", "delayed_6_to_8_h"] == pytest.approx(2 / 82)
    assert found["all", "delayed_over_8_h"] == pytest.approx(1 / 82)
    assert found["all", ""] == pytest.approx(3 / 82)


def test_a_run_without_a_cost_book_costs_nothing():
    spec = network()
    assert measured(spec, run_of(spec), kind="cost") == {("all", ""): 0}


def test_a_place_without_the_service_does_without_the_measure():
    spec = network()
    assert measured(spec, run_of(spec), kind="rate", role=["care_home"]) == {}


@pytest.mark.parametrize(
    ("definition", "key"),
    [
        ({"kind": "intervall"}, "measure.x.kind"),
        ({"kind": "rate", "services": ["wrad"]}, "measure.x.services"),
        ({"kind": "rate", "role": ["ae"], "when": {"acuity": ["major", "planed"]}}, "measure.x.when.acuity"),
        ({"kind": "rate", "role": ["ae"], "options": {"at": "strated"}}, "measure.x.options.at"),
        ({"kind": "interval", "role": ["ae"], "options": {"statistic": "share_over"}}, "measure.x.limit"),
        ({"kind": "interval", "role": ["ae"], "unit": "fortnights"}, "measure.x.unit"),
        ({"kind": "midnights_over", "role": ["ae"]}, "measure.x.threshold"),
    ],
)
def test_a_faulty_definition_is_refused_with_its_key(definition, key):
    spec = network()
    bad = {"x": MeasureDef(label="x", **definition)}
    assert [p.key for p in check(spec, bad)] == [key]
    with pytest.raises(ConfigError):
        measure_all(spec, run_of(spec), bad)


# --- people: per head, by group, and the gap -----------------------------------------------------------

TOWN = {
    **NETWORK,
    "place": {"population": {"all": 1500, "old": 500, "poor": 1000, "rich": 500, "north": 1500}},
    "attribute": {
        "arrival_mode": {"levels": ["ambulance", "walk_in"]},
        "acuity": {"levels": ["major", "planned"]},
        "fifth": {"levels": ["poor", "rich", "unknown"]},
        "hub": {"levels": ["north", "outside"]},
    },
    "staff": {"nurses": {"rota": 2}, "doctors": {"rota": {"every_day": {"00:00": 0, "12:00": 4}}}},
}
YEAR = 365.25


def town(days=4):
    place = {"id": "test", "label": "Test", "calendar": {"timezone": "UTC", "holidays": "none"}, **TOWN["place"]}
    return spec_of({**TOWN, "place": place}, duration=f"{days} d")


def townspeople(spec):
    """Two poor residents and a rich one are admitted for 1, 2 and 3 days, and so is an outsider for 4; one dies."""
    return run_of(
        spec,
        came(0, at("ward", 0, 0, DAY, DAY), fifth="poor"),
        came(0, at("ward", 0, 0, DAY, 2 * DAY, delays=(("package", "home", DAY, 2 * DAY),)), fifth="poor"),
        came(0, at("ward", 0, 0, 3 * DAY, 3 * DAY), fifth="rich", exit="died"),
        came(0, at("annexe", 0, 0), fifth="rich", hub="outside", exit=None),
    )


def people(spec, **options):
    role = [] if options.get("what") == "exits" else ["ward"]
    return measured(spec, townspeople(spec), kind="people", role=role, unit="a year", options=options)


def test_admissions_per_thousand_people_a_year_by_level_each_over_its_own_people():
    found = people(town(), at="started", by="fifth", residents="hub")
    assert found["all", "poor"] == pytest.approx(2 / 1000 * 1000 * YEAR / 4)
    assert found["all", "rich"] == pytest.approx(1 / 500 * 1000 * YEAR / 4)
    assert found["all", ""] == pytest.approx(3 / 1500 * 1000 * YEAR / 4)
    assert ("all", "unknown") not in found


def test_without_residents_everyone_counts_over_the_group_named():
    found = people(town(), at="started", group="none_such, old", heads=100_000)
    assert found == {("all", ""): pytest.approx(4 / 500 * 100_000 * YEAR / 4)}


def test_days_there_and_days_elsewhere_add_up_to_the_year():
    there = people(town(), what="days", residents="hub", heads=1)["all", ""]
    assert there == pytest.approx((1 + 2 + 3) / 1500 * YEAR / 4)
    elsewhere = people(town(), what="days_elsewhere", residents="hub", heads=1)["all", ""]
    assert there + elsewhere == pytest.approx(YEAR)


def test_recorded_delay_and_deaths_are_told_by_level_too():
    delayed = people(town(), what="delayed", by="fifth", residents="hub")
    assert delayed["all", "poor"] == pytest.approx(1 / 1000 * 1000 * YEAR / 4)
    assert delayed["all", "rich"] == 0
    died = people(town(), what="exits", to="died", by="fifth", residents="hub")
    assert died["all", "rich"] == pytest.approx(1 / 500 * 1000 * YEAR / 4)


def test_a_gap_is_one_figure():
    found = people(town(), at="started", by="fifth", residents="hub", statistic="ratio")
    assert found == {("all", ""): 1}
    days = people(town(), what="days", by="fifth", residents="hub", statistic="difference")
    assert days == {("all", ""): pytest.approx((3 / 1000 - 3 / 500) * 1000 * YEAR / 4)}


def test_a_place_without_the_attribute_or_its_people_does_without():
    assert people(town(), by="shoe_size") == {}
    assert people(town(), by="acuity") == {}
    assert people(town(), group="children") == {}
    # Nobody's level of acuity has a population, so nobody is known to live here.
    assert people(town(), residents="acuity") == {}


def test_heads_are_a_number_of_people():
    with pytest.raises(ConfigError, match="heads"):
        people(town(), heads="many")


# --- contacts that repeat, staff who are there ---------------------------------------------------------


def test_contacts_after_the_first_of_an_episode_repeat_it():
    spec = network()
    run = run_of(
        spec,
        came(
            0,
            at("rapid", 0, 0, 10, 10),
            at("ae", 10, 10, 20, 20),
            at("resting", 20, 20, 30, 30),
            at("ae", 30, 30, 40, 40),
        ),
        came(0, at("ae", 0, 0, 10, 10)),
    )
    said = {"role": ["ae", "rapid_response"], "unit": "share"}
    share = measured(spec, run, kind="repeated_contacts", **said)
    # Four contacts; resting at home begins a new episode, so only the first visit to A&E repeats one.
    assert share["all", ""] == 0.25
    assert share["ae", ""] == pytest.approx(1 / 3)
    number = measured(spec, run, kind="repeated_contacts", **said, options={"statistic": "number", "per": "period"})
    assert number["all", ""] == 1
    each = measured(spec, run, kind="repeated_contacts", **said, options={"statistic": "per_episode"})
    assert each["all", ""] == pytest.approx(4 / 3)


def test_workforce_is_time_on_duty_over_time_rostered():
    spec = town(days=1)
    noon = 12 * H * spec.clock.ticks_per_minute
    duty = OnDuty(*(np.array(column, dtype=np.int64) for column in ([0, 1, 1], [0, 0, noon], [1, 0, 3])))
    found = measured(spec, run_of(spec, on_duty=duty), kind="workforce", unit="share")
    assert found["nurses", ""] == 0.5
    assert found["doctors", ""] == 0.75
    assert found["all", ""] == pytest.approx((24 + 36) / (48 + 48))
