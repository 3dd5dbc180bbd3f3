"""Which draws of a service are made together: those that most visits make, where they are several."""

from flowsim.system.together import LANES, drawn_together
from tests.build import spec_of

VARIES = {"kind": "exponential", "mean": "1 h"}


def ward(pathway="home", **service):
    network = {
        "attribute": {"age": {"levels": ["young", "old"]}},
        "stream": {"front": {"volume": "1 /d", "to": "ward"}},
        "service": {"ward": {"capacity": {"beds": 1}, **service}},
        "pathway": {"ward": {"all": pathway}},
    }
    return spec_of(network).services[0]


def test_every_visits_own_draws_come_first():
    service = ward(
        {"to": {"home": "50 %", "died": "rest"}},
        steps={"test": {"duration": VARIES, "share": "30 %"}, "care": {"duration": VARIES}},
        patience={"duration": VARIES, "to": "left"},
    )
    test, care = service.steps
    assert service.patience is not None
    sure, likely, seldom = (
        {service.routing.purpose, care.purpose, test.share_purpose},
        service.patience.purpose,
        test.purpose,
    )
    together = drawn_together(service)
    assert (set(together[:3]), together[3:]) == (sure, (likely, seldom))


def test_what_is_sure_is_not_drawn():
    steps = {"care": {"duration": VARIES}, "rest": {"duration": "1 h"}, "test": {"duration": VARIES, "share": "100 %"}}
    service = ward(steps=steps)
    care, _, test = service.steps
    assert set(drawn_together(service)) == {care.purpose, test.purpose}


def test_one_draw_is_made_alone():
    assert drawn_together(ward(steps={"care": {"duration": VARIES}})) == ()
    assert drawn_together(ward(steps={"care": {"duration": "1 h"}})) == ()


def test_no_more_than_there_are_lanes():
    service = ward(steps={f"step_{i}": {"duration": VARIES} for i in range(LANES + 2)})
    assert set(drawn_together(service)) == {step.purpose for step in service.steps[:LANES]}
