"""What is counted of decisions, day by day: numbers, and never a row for somebody (R133)."""

from __future__ import annotations

from unittest import mock

import pytest

from consent.errors import LogCorrupt, LogUnavailable
from consent.log import Counter, counters
from consent.log.counters import Count
from tests.unit.small_site import TOML, Make, Site, decide, fields, open_reader

DAY = "2026-11-18"
CATEGORIES = ("preferences", "statistics", "marketing")


def counted(site: Site) -> dict[str, int]:
    """The counters of a site by their names, without the hash of the text; it is closed."""
    site.close()
    with open_reader(site.folder / "log.sqlite3") as log, log.snapshot() as view:
        found = list(view.counts())
    assert {counter.day for counter in found} <= {DAY}
    texts = {shown.hash[:16] for shown, _ in site.consent.runtime.edition.presentations.values()}
    names = [" ".join(w for w in counter.name.split(" ") if w not in texts) for counter in found]
    return dict(zip(names, [counter.n for counter in found], strict=True))


def answered(lang: str, **states: str) -> set[str]:
    return {f"category {lang} {category} {state}" for category, state in states.items()}


def test_a_decision_counts_its_button_and_each_category_once(site: Site) -> None:
    decide(site.client(), "accept")
    decide(site.client(), "save", "statistics")
    decide(site.client(), "reject")
    decide(site.client(), "reject")
    assert counted(site) == {
        "decision fi accept": 1,
        "decision fi save": 1,
        "decision fi reject": 2,
        "category fi preferences granted": 1,
        "category fi preferences denied": 3,
        "category fi statistics granted": 2,
        "category fi statistics denied": 2,
        "category fi marketing granted": 1,
        "category fi marketing denied": 3,
    }


def test_a_decision_is_counted_in_the_language_that_it_was_asked_in(site: Site) -> None:
    form = fields(site.client().get("/choices/sv").text)
    decide(site.client(), "reject", form={**form, "lang": "fi"})
    assert "decision sv reject" in counted(site)


def test_a_decision_under_a_signal_is_counted_as_such(site: Site) -> None:
    decide(site.client(**{"sec-gpc": "1"}), "reject")
    decide(site.client(), "reject")
    assert counted(site)["signal fi gpc"] == 1


def test_only_what_was_asked_is_counted(site: Site) -> None:
    """A placeholder asks for one category, and nothing is answered of the others."""
    form = fields(site.client().get("/choices/fi?only=preferences").text)
    decide(site.client(), "accept", form=form)
    assert counted(site).keys() == {"decision fi accept", *answered("fi", preferences="granted")}


def test_a_form_that_is_posted_twice_is_counted_once(site: Site) -> None:
    """R46."""
    for decision in ("accept", "reject"):
        form = fields(site.client().get("/choices/fi").text)
        for _ in range(2):
            decide(site.client(), decision, form=form)
    found = counted(site)
    assert (found["decision fi accept"], found["decision fi reject"]) == (1, 1)


def test_an_answer_that_changes_nothing_is_not_counted(site: Site) -> None:
    client = site.client()
    decide(client, "accept")
    decide(client, "accept")
    assert counted(site)["decision fi accept"] == 1


def test_a_grant_that_is_not_in_effect_is_not_counted(site: Site) -> None:
    """R34: with the log down nothing was granted; what was refused was."""
    down = mock.Mock(side_effect=LogUnavailable("disk full"))
    with mock.patch.object(site.consent.runtime.log, "append", down):
        decide(site.client(), "accept")
        decide(site.client(), "save", "statistics")
        decide(site.client(), "reject")
    found = counted(site)
    assert {name for name in found if name.startswith("decision")} == {
        "decision fi save",
        "decision fi reject",
    }
    assert not [name for name in found if name.endswith("granted")]
    assert (found["category fi marketing denied"], found["category fi statistics denied"]) == (2, 1)


def test_a_refusal_beyond_the_rate_is_counted_like_any_other(site: Site) -> None:
    site.consent.runtime.refusals.take = lambda key="": False  # type: ignore[method-assign]
    decide(site.client(), "reject")
    assert site.log() == []
    refused = answered("fi", **dict.fromkeys(CATEGORIES, "denied"))
    assert counted(site).keys() == {"refusal not written", "decision fi reject", *refused}


def test_a_day_that_is_none_is_told_and_not_counted() -> None:
    """Somebody has written to the file: what is counted is under no hash."""
    with pytest.raises(LogCorrupt, match="counts something of 'someday', which is no day"):
        list(counters.read([Counter("someday", "shown fi 0123456789abcdef", 1)]))


def test_nobody_writes_into_the_counters_by_what_a_form_says(site: Site) -> None:
    """R133: all texts that we have no copy of share one name, and nothing else is taken over."""
    form = fields(site.client().get("/choices/fi").text)
    unknown = ["hello, log", "f" * 64, *(f"{n:064x}" for n in range(9))]
    forms = [{"shown": shown} for shown in unknown]
    forms += [{"lang": "xx"}, {"asked": "marketing hello"}, {"method": "hello"}, {"hello": "log"}]
    for number, changed in enumerate(forms):
        token = {"token": f"one of its own {number:02}"}
        decide(site.client(), "reject", form={**form, **token, **changed})
    refused = [answered(lang, **dict.fromkeys(CATEGORIES, "denied")) for lang in ("fi", "unknown")]
    found = counted(site)
    assert found["decision unknown unknown reject"] == 11
    names = {name.replace("unknown unknown", "unknown") for name in found}
    assert names == {"decision fi reject", "decision unknown reject", *refused[0], *refused[1]}


def test_banners_are_counted_by_their_language_without_a_row_for_anybody(site: Site) -> None:
    """Who does nothing leaves a number: it is with the log as soon as somebody decides."""
    client = site.client()
    for lang in ("fi", "fi", "sv-FI", "de", ""):
        site.page = f'<!DOCTYPE html><html lang="{lang}"><title>x</title><body>x</body></html>'
        client.get("/")
    client.get("/api")
    decide(client, "reject")
    client.get("/")  # which is not asked any more
    found = counted(site)
    assert (found["shown fi"], found["shown sv"]) == (4, 1)


def test_banners_are_counted_on_their_day(make_site: Make) -> None:
    site = make_site()
    site.client().get("/")
    site.clock.pass_days(1)
    site.client().get("/")
    site.client().get("/")
    site.close()
    with open_reader(site.folder / "log.sqlite3") as log, log.snapshot() as view:
        found = [(day, kind, n) for day, kind, _, _, _, n in counters.read(view.counts())]
    assert found == [("2026-11-18", "shown", 1), ("2026-11-19", "shown", 2)]


def test_a_banner_that_the_script_fetches_is_counted_as_one_in_a_page(make_site: Make) -> None:
    """The pages themselves are then the same for everybody, and have none."""
    site = make_site(toml=f"{TOML}\n[enforcement]\ncacheable = true\n")
    client = site.client()
    client.get("/")
    etag = client.get("/choices/state?lang=sv").headers["etag"]
    client.get("/choices/state?lang=sv", headers={"if-none-match": etag})
    client.get("/choices/state")
    assert counted(site) == {"shown sv": 1}


@pytest.mark.parametrize(
    "name",
    ["refusal not written", "policy img-src x.test", "accept 0123456789abcdef", "shown", "", " "],
)
def test_other_counters_are_not_taken_for_those_of_decisions(name: str) -> None:
    assert list(counters.read([Counter(DAY, name, 1)])) == []


def test_what_is_named_is_read_back(site: Site) -> None:
    shown, _ = site.consent.runtime.edition.presentations["sv"]
    states = {"statistics": "granted", "marketing": "denied", "preferences": "unset"}
    names = [counters.shown(shown), *counters.decided(shown, "save", states, "gpc other")]
    found = list(counters.read(Counter(DAY, name, 2) for name in names))
    assert found == [
        Count(DAY, kind, "sv", shown.hash[:16], what, 2)
        for kind, what in [
            ("shown", ()),
            ("decision", ("save",)),
            ("signal", ("gpc",)),
            ("signal", ("other",)),
            ("category", ("statistics", "granted")),
            ("category", ("marketing", "denied")),
        ]
    ]
