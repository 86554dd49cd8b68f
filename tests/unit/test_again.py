"""What the banner says of why it asks again (R24): short, in words, and only what is so."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from itertools import combinations

import pytest

from consent.browser.again import additions, reason
from consent.choice import Answer, Stored
from consent.declaration import Category, Declaration, Item, Kind, Service
from consent.settings.services import default_categories
from consent.texts import texts
from tests.unit.small_site import TOML, Make, Site, decide
from tests.unit.test_restart import MORE, WIDER, carry

LANGUAGES = ("fi", "sv", "en")
TEXT = dict.fromkeys(LANGUAGES, "T")
ITEM = Item("_m", Kind.COOKIE, 30, TEXT)
METER = Service(
    id="meter",
    name="Meter",
    provider="Meter Oy",
    category="statistics",
    purposes=("audience-measurement",),
    purpose=TEXT,
    items=(ITEM,),
    third_party=False,
)
HOTJAR = replace(METER, id="hotjar", name="Hotjar")
CLARITY = replace(METER, id="clarity", name="Clarity")
LONGER = replace(METER, items=(replace(ITEM, days=60),))
STATISTICS = {lang: default_categories()["statistics"]["name"][lang] for lang in LANGUAGES}  # type: ignore[index]


def sentence(lang: str, *services: Service, name: dict[str, str] | None = None) -> str:
    """What is said of statistics to who answered when there was the meter alone."""

    def declared(*those: Service) -> Declaration:
        return Declaration((Category("statistics", name or STATISTICS, TEXT),), those)

    given = declared(METER).scope("statistics")
    again = [("statistics", given.short)]
    found = additions(declared(*services), {given.short: given}, again, lang)
    return found.get("statistics", "")


@pytest.mark.parametrize(
    ("services", "fi", "sv", "en"),
    [
        (
            (METER, HOTJAR),
            "Tilastointiin on lisätty: Hotjar.",
            "Nytt i statistiken: Hotjar.",
            "Added to statistics: Hotjar.",
        ),
        (
            (METER, HOTJAR, CLARITY),
            "Tilastointiin on lisätty: Hotjar ja Clarity.",
            "Nytt i statistiken: Hotjar och Clarity.",
            "Added to statistics: Hotjar and Clarity.",
        ),
        (
            (LONGER, HOTJAR),
            "Tilastointiin on lisätty: Hotjar; Meter säilyttää tietoja pidempään.",
            "Nytt i statistiken: Hotjar; Meter sparar uppgifter längre.",
            "Added to statistics: Hotjar; Meter keeps data longer.",
        ),
        (
            (replace(METER, purposes=("profiling", "chat")),),
            "Tilastointi: Meter käyttää tietoja uuteen tarkoitukseen.",
            "Statistik: Meter använder uppgifter för ett nytt ändamål.",
            "Statistics: Meter uses data for a new purpose.",
        ),
        (
            (replace(METER, transfers=("US",)),),
            "Tilastointi: Meter siirtää tietoja uuteen maahan (Yhdysvallat).",
            "Statistik: Meter överför uppgifter till ett nytt land (USA).",
            "Statistics: Meter sends data to a new country (United States).",
        ),
        (
            (replace(METER, transfers=("US", "IN")),),
            "Tilastointi: Meter siirtää tietoja uusiin maihin (Intia ja Yhdysvallat).",
            "Statistik: Meter överför uppgifter till nya länder (Indien och USA).",
            "Statistics: Meter sends data to new countries (India and United States).",
        ),
        (
            (LONGER,),
            "Tilastointi: Meter säilyttää tietoja pidempään.",
            "Statistik: Meter sparar uppgifter längre.",
            "Statistics: Meter keeps data longer.",
        ),
        (
            (replace(METER, items=(ITEM, replace(ITEM, name="_n"))),),
            "Tilastointi: Meter tallentaa laitteellesi uutta tietoa.",
            "Statistik: Meter sparar nya uppgifter på din enhet.",
            "Statistics: Meter stores something new on your device.",
        ),
        (
            (replace(METER, third_party=True),),
            "Tilastointi: Meter jakaa tietoja myös muille.",
            "Statistik: Meter delar uppgifter även med andra.",
            "Statistics: Meter shares data with others too.",
        ),
        (
            (replace(METER, provider="Uusi Oy"),),
            "Tilastointi: Meter on siirtynyt uudelle tarjoajalle (Uusi Oy).",
            "Statistik: Meter tillhandahålls nu av Uusi Oy.",
            "Statistics: Meter is now provided by Uusi Oy.",
        ),
        (
            (replace(LONGER, third_party=True),),
            "Tilastointi: Meter jakaa tietoja myös muille ja säilyttää tietoja pidempään.",
            "Statistik: Meter delar uppgifter även med andra och sparar uppgifter längre.",
            "Statistics: Meter shares data with others too and keeps data longer.",
        ),
        ((METER,), "", "", ""),
    ],
)
def test_each_way_of_being_wider_has_its_words(services, fi, sv, en):
    assert {lang: sentence(lang, *services) for lang in LANGUAGES} == {"fi": fi, "sv": sv, "en": en}


def test_a_category_with_a_name_of_its_own_is_quoted():
    """Finnish bends names, which can be done beforehand for those that we know alone."""
    own = {"fi": "Mittaus", "sv": "Mätning", "en": "Metering"}
    assert sentence("fi", METER, HOTJAR, name=own) == "Ryhmään ”Mittaus” on lisätty: Hotjar."
    assert sentence("sv", METER, HOTJAR, name=own) == "Nytt i gruppen ”Mätning”: Hotjar."
    assert sentence("en", METER, HOTJAR, name=own) == "Added to “Metering”: Hotjar."


def test_the_bent_name_of_each_default_category_is_that_of_its_present_name():
    for category, table in default_categories().items():
        if not table.get("necessary"):
            for lang in LANGUAGES:
                said = texts(lang)["again"][f"added-{category}"].lower().split()
                for word in str(table["name"][lang]).lower().split():  # type: ignore[index]
                    assert any(bent.startswith(word[:2]) for bent in said)


ONE = ("statistics", "0" * 12)
TWO = ("marketing", "1" * 12)


def test_the_reason_is_what_was_added_as_long_as_that_is_short():
    t = texts("fi")["again"]
    assert reason([ONE], {"statistics": "Uutta."}, "fi") == ("Uutta.", True)
    both = {"statistics": "Uutta.", "marketing": "Lisää."}
    assert reason([ONE, TWO], both, "fi") == ("Uutta. Lisää.", True)
    assert reason([ONE], {"statistics": "x" * 76}, "fi") == (t["changed"], False)


def test_what_ran_out_and_what_nobody_knows_is_said_as_such():
    t = texts("fi")["again"]
    assert reason([ONE], {}, "fi") == (t["expired"], True)
    assert reason([ONE, TWO], {"statistics": "Uutta."}, "fi") == (t["unknown"], False)
    assert reason([("", "")], {}, "fi")[0] == t["unknown"]
    assert reason([("", ""), ONE], {"statistics": "Uutta."}, "fi") == (t["unknown"], False)


# -- on the site --

# Both sentences together are too long for the banner.
BOTH = WIDER["a longer lifetime"].replace('"Mainos Oy"', '"Suurmainonta Oy"') + MORE


def banner(site: Site, headers: dict[str, str], path: str = "/") -> str:
    html = unescape(site.client(**headers).get(path).text)
    return html[html.index('id="visitor-choice"') : html.index("</section>")]


def paragraph(html: str) -> str:
    found = re.search(r"</h2>\s*<p>(.*?)</p>", html, re.S)
    assert found
    return re.sub("<[^>]*>", "", found[1])


def widened(make_site: Make, site: Site, toml: str) -> tuple[Site, dict[str, str]]:
    client = site.client()
    decide(client, "save", "statistics", "preferences")
    site.close()
    return make_site(toml=toml), carry(client)


def test_what_is_too_long_for_the_banner_stands_beside_its_switch(
    make_site: Make, site: Site
) -> None:
    after, kept = widened(make_site, site, BOTH)
    html = banner(after, kept)
    assert paragraph(html).startswith(texts("fi")["again"]["changed"])
    rows = re.findall(r"<span><b>(.*?)</b> ", html)
    assert rows == [
        "Tilastointiin on lisätty: Lämpökartta; Laskuri säilyttää tietoja pidempään.",
        "Markkinointi: Mainos on siirtynyt uudelle tarjoajalle (Suurmainonta Oy).",
    ]


def test_under_a_signal_it_stands_beside_its_switch_too(make_site: Make, site: Site) -> None:
    """R88: the banner then has to say what is switched off."""
    after, kept = widened(make_site, site, BOTH)
    html = banner(after, {**kept, "sec-gpc": "1"})
    assert "(GPC) pois päältä" in paragraph(html)
    assert "<b>Tilastointiin on lisätty: Lämpökartta;" in html


def test_what_the_banner_says_it_says_once(make_site: Make, site: Site) -> None:
    after, kept = widened(make_site, site, WIDER["a service more"])
    assert banner(after, kept).count("Tilastointiin on lisätty: Lämpökartta.") == 1


def test_the_settings_say_it_as_well(make_site: Make, site: Site) -> None:
    after, kept = widened(make_site, site, WIDER["a service more"])
    html = unescape(after.client(**kept).get("/choices/fi").text)
    assert "<span><b>Tilastointiin on lisätty: Lämpökartta.</b> " in html
    assert html.count("<span><b>") == 1


def test_who_answered_at_other_times_hears_what_is_new_to_them(make_site: Make, site: Site) -> None:
    """The scope in the cookie tells what was answered to, however long ago that was."""
    third = WIDER["a longer lifetime"] + MORE
    first = site.client()
    decide(first, "accept")
    site.close()
    between = make_site(toml=TOML + MORE)
    second = between.client()
    decide(second, "accept")
    between.close()
    after = make_site(toml=third)
    assert paragraph(banner(after, carry(first))).startswith(
        "Tilastointiin on lisätty: Lämpökartta; Laskuri säilyttää tietoja pidempään. Luvallasi"
    )
    assert paragraph(banner(after, carry(second))).startswith(
        "Tilastointi: Laskuri säilyttää tietoja pidempään. Luvallasi"
    )
    assert paragraph(banner(after, {})).startswith("Luvallasi")


def test_a_scope_that_no_log_knows_gets_the_general_reason(site: Site) -> None:
    runtime = site.consent.runtime
    value = runtime.cookie.value(Stored((Answer(True, runtime.today, "f" * 12),), "", "i" * 22))
    html = banner(site, {"cookie": f"__Host-choices={value}"})
    assert paragraph(html).startswith(texts("fi")["again"]["unknown"])
    assert "<span><b>" not in html


def test_what_ran_out_is_asked_as_such(site: Site) -> None:
    client = site.client()
    decide(client, "save", "statistics")
    site.clock.pass_days(183)
    assert paragraph(banner(site, carry(client))).startswith(texts("fi")["again"]["expired"])


def test_it_is_made_once_a_state_of_choice(
    make_site: Make, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pages and visitors there are, and whatever their ids."""
    from consent.browser import edition

    after, kept = widened(make_site, site, WIDER["a service more"])
    made: list[str] = []

    def noted(*given):  # type: ignore[no-untyped-def]
        if given[2]:
            made.append(given[3])
        return additions(*given)

    monkeypatch.setattr(edition, "additions", noted)
    for path in ("/", "/p", "/?a=1", "/?a=2"):
        banner(after, kept, path)
    other = after.client()
    decide(other, "accept")
    banner(after, kept)
    assert made == ["fi"]


def test_two_visitors_who_hear_different_things_have_different_etags(
    make_site: Make, site: Site
) -> None:
    """R120: a 304 never brings back another's reason."""
    first = site.client()
    decide(first, "accept")
    site.close()
    between = make_site(toml=TOML + MORE)
    second = between.client()
    decide(second, "accept")
    between.close()
    after = make_site(toml=TOML.replace('"Laskuri Oy"', '"Toinen Oy"') + MORE)
    tags = {
        after.consent.runtime.plans([(k.encode(), v.encode()) for k, v in headers.items()])[0].tag
        for headers in (carry(first), carry(second), {})
    }
    assert len(tags) == 3


def test_every_combination_of_changes_is_one_sentence():
    changes = (
        {"purposes": ("profiling",)},
        {"transfers": ("US",)},
        {"third_party": True},
        {"provider": "Uusi Oy"},
        {"items": (replace(ITEM, days=None),)},
    )
    for size in range(1, len(changes) + 1):
        for chosen in combinations(changes, size):
            changed = replace(METER, **{k: v for one in chosen for k, v in one.items()})  # type: ignore[arg-type]
            for lang in LANGUAGES:
                said = sentence(lang, changed)
                assert re.fullmatch(r"[^.;{}]*\.", said)
                assert said.count("Meter") == 1


def test_texts_of_a_site_are_escaped(make_site: Make, site: Site) -> None:
    evil = MORE.replace('"Lämpökartta"', '"<i>L</i>"')
    after, kept = widened(make_site, site, TOML + evil)
    html = after.client(**kept).get("/").text
    assert "<i>L</i>" not in html
    assert "Tilastointiin on lis&#228;tty: &lt;i&gt;L&lt;/i&gt;." in html
