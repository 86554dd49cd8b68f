"""How much a version changes follows from the difference of the facts (R78, R79)."""

from __future__ import annotations

import tomllib
from copy import deepcopy

import pytest

from consent.notice.change import differences, lowered, proposed
from consent.notice.number import CLASSES
from tests.unit.notice_reader import FICTITIOUS, facts

BEFORE = tomllib.loads("""
[version]
class = "material"
reason = "First version."
[controller]
name = "Esimerkki Oy"
email = "tietosuoja@example.fi"
[[purposes]]
id = "orders"
basis = "contract"
data = ["contact"]
name = { fi = "Tilaukset", sv = "Beställningar", en = "Orders" }
[[purposes]]
id = "sales"
basis = "legitimate-interest"
interest = { fi = "myydä", sv = "att sälja", en = "to sell" }
[[data]]
id = "contact"
[[recipients]]
id = "host"
role = "processor"
name = { fi = "Ylläpitäjä", sv = "Drift", en = "Host" }
[[transfers]]
id = "host"
countries = ["US"]
mechanism = "dpf"
[[retention]]
id = "orders"
duration = "12 months"
from = "the order"
period = { fi = "vuosi", sv = "ett år", en = "a year" }
[[sources]]
id = "register"
timing = "one month"
[rights]
requests = "tietosuoja@example.fi"
names = ["access", "erasure"]
[automated]
profiling = ["targeting"]
[authority]
phone = "029 566 6700"
[security]
measures = ["passwords"]
[sections]
controller = "controller"
""")
NAME = {"fi": "Uusi", "sv": "Ny", "en": "New"}


def after(path, value):
    """The facts with one value changed, added, or with None removed."""
    now = deepcopy(BEFORE)
    *way, last = path
    place = now
    for step in way:
        place = place[step]
    if isinstance(last, int) and last == len(place):
        place.append(value)
    elif value is None:
        del place[last]
    else:
        place[last] = value
    return now


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("controller", "name"), "Toinen Oy", "controller.name was Esimerkki Oy, is Toinen Oy"),
        (("controller", "email"), "a@example.fi", "controller.email was"),
        (("officer",), {"contact": "x"}, "officer is new"),
        (("purposes", 2), {"id": "ads", "basis": "consent"}, "purposes.ads is new"),
        (("purposes", 0, "basis"), "consent", "purposes.orders.basis was contract, is consent"),
        (("purposes", 0, "data"), ["contact", "x"], "purposes.orders.data is another"),
        (("purposes", 0, "interest"), NAME, "purposes.orders.interest is new"),
        (("purposes", 1, "interest"), None, "purposes.sales.interest is gone"),
        (("data", 1), {"id": "health"}, "data.health is new"),
        (("recipients", 1), {"id": "carrier"}, "recipients.carrier is new"),
        (("recipients", 0, "name"), NAME, "recipients.host.name is another"),
        (("recipients", 0, "role"), "controller", "recipients.host.role was"),
        (("transfers", 1), {"id": "x"}, "transfers.x is new"),
        (("transfers", 0, "countries"), ["US", "IN"], "transfers.host.countries is another"),
        (("transfers", 0, "mechanism"), "scc", "transfers.host.mechanism was dpf, is scc"),
        (("retention", 0, "duration"), "13 months", "retention.orders.duration was"),
        (("retention", 0, "duration"), "2 years", "retention.orders.duration was"),
        (("retention", 0, "duration"), "for good", "retention.orders.duration was"),
        (("retention", 0, "from"), "delivery", "retention.orders.from was"),
        (("retention", 0), None, "retention.orders is gone"),
        (("sources", 1), {"id": "broker"}, "sources.broker is new"),
        (("sources", 0, "timing"), "a year", "sources.register.timing was"),
        (("rights", "requests"), "post", "rights.requests was"),
        (("rights", "names"), ["access"], "rights.names is another"),
        (("automated", "profiling"), [], "automated.profiling is another"),
    ],
)
def test_what_is_new_about_people_is_material(path, value, told):
    """R78: each field that it names."""
    (found,) = differences(BEFORE, after(path, value))
    assert str(found).startswith(told)
    assert proposed([found]) == "material"


def test_a_period_in_words_alone_may_be_longer():
    """R78: nothing else in the facts says how long."""
    before = after(("retention", 0, "duration"), None)
    now = deepcopy(before)
    now["retention"][0]["period"] = {"fi": "10 vuotta", "sv": "10 år", "en": "10 years"}
    (found,) = differences(before, now)
    assert (found.key, found.change_class) == ("retention.orders.period", "material")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("purposes", 1), None),
        (("purposes", 0, "name"), NAME),
        (("purposes", 0, "data"), []),
        (("purposes", 1, "interest"), NAME),
        (("recipients", 0), None),
        (("transfers", 0, "countries"), []),
        (("retention", 0, "duration"), "30 days"),
        (("retention", 0, "duration"), "1 month"),
        (("retention", 0, "period"), NAME),
        (("authority", "phone"), "1"),
        (("security", "measures"), ["passwords", "training"]),
        (("something",), 1),
    ],
)
def test_what_is_less_or_told_otherwise_is_clarifying(path, value):
    (found,) = differences(BEFORE, after(path, value))
    assert proposed([found]) == "clarifying"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version", "class"), "editorial"),
        (("version", "reason"), "Other."),
        (("sections", "controller"), "who"),
        (("purposes", 0, "confirm"), True),
        (("waivers",), [{"rule": "x", "reason": "y"}]),
    ],
)
def test_what_readers_are_not_told_is_editorial(path, value):
    """R79: a change of the text alone too."""
    assert differences(BEFORE, after(path, value)) == []
    assert proposed([]) == "editorial"


def test_the_order_of_rows_is_no_change():
    now = deepcopy(BEFORE)
    now["purposes"].reverse()
    assert differences(BEFORE, now) == []


def test_the_weightiest_difference_decides():
    now = after(("recipients", 1), {"id": "carrier"})
    now["authority"]["phone"] = "1"
    assert [one.change_class for one in differences(BEFORE, now)] == ["material", "clarifying"]
    assert proposed(differences(BEFORE, now)) == "material"


@pytest.mark.parametrize("place", range(3))
def test_a_class_is_lowered_when_it_makes_less_of_the_change(place):
    found = differences(BEFORE, after(("authority", "phone"), "1"))
    assert lowered(CLASSES[place], found) == (place == 2)
    assert not lowered(CLASSES[place], [])


def test_the_classes_of_the_fictitious_versions_are_those_that_their_facts_ask_for():
    versions = ["2026.1", "2026.2", "2027.1"]
    first, second, third = (facts(FICTITIOUS / version) for version in versions)
    assert proposed(differences(first, second)) == "editorial"  # raised to clarifying, freely
    assert list(map(str, differences(second, third))) == ["recipients.carrier is new"]
    assert proposed(differences(second, third)) == third["version"]["class"] == "material"
