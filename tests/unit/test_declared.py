"""What changed in the services of a site, in the history that visitors read (R8, R77)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from consent.declaration import Declaration, Item, Kind, Service
from consent.errors import LogUnavailable
from consent.notice.declared import Deployment, declared_changes, differences
from consent.settings import load
from tests.unit.notice_samples import declaration
from tests.unit.shop_site import open_shop
from tests.unit.small_site import KEY, TOML, Make, Site

LANGUAGES = ("fi", "sv", "en")
HISTORY = {
    "fi": "/tietosuojaseloste/historia",
    "sv": "/sv/dataskydd/historik",
    "en": "/en/privacy/history",
}
HOTJAR = """
[services.hotjar]
use = "hotjar"
"""
DAY = 86_400


def counter(**changes: object) -> list[str]:
    return list(differences(declaration(), declaration(**changes), "fi"))


def told(site: Site, lang: str = "fi") -> list[str]:
    html = site.client().get(HISTORY[lang]).text
    items = re.findall(r'<li class="vc-history-declared">(.*?)</li>', html, re.DOTALL)
    lines = [line for item in items for line in re.findall(r"<p>(.*?)</p>", item)]
    return [unescape(re.sub(r"<[^>]+>", "", line)) for line in lines]


# -- in words --


def test_the_same_declaration_has_no_difference_and_better_wording_is_none() -> None:
    assert counter() == []
    assert counter(purpose={"fi": "Laskee käynnit", "sv": "x", "en": "x"}) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"name": "Laskuri"}, "Laskuri: nimi oli ennen Counter"),
        ({"provider": "Uusi Oy"}, "Counter: tarjoaja on nyt Uusi Oy, ennen Counter Ltd"),
        ({"third_party": False}, "Counter: muut eivät enää saa tietoja"),
        ({"purposes": ("ads",)}, "Counter: käyttötarkoitus muuttui. Counts (fi)"),
        (
            {"transfers": ("US", "GB", "IN")},
            "Counter: tiedonsiirron kohdemaihin lisätty Yhdistynyt kuningaskunta ja Intia",
        ),
        ({"transfers": ()}, "Counter: tiedonsiirron kohdemaista poistettu Yhdysvallat"),
        (
            {"mechanism": "scc"},
            "Counter: siirron peruste on nyt komission vakiosopimuslausekkeet, "
            "ennen EU:n ja Yhdysvaltain tietosuojakehys",
        ),
        (
            {"category": "marketing"},
            "Counter: ryhmä on nyt ”Marketing (fi)”, ennen ”Statistics (fi)”",
        ),
    ],
)
def test_what_changes_in_a_service_is_told_in_a_sentence(
    changes: dict[str, object], line: str
) -> None:
    assert counter(**changes) == [line]


def test_a_lifetime_of_minutes_that_was_stored_is_no_other_one() -> None:
    """R8: a minute is 0.000694… days, which no file holds in full."""
    item = Item("tried", Kind.COOKIE, 1 / 1440, {})
    now = declaration(items=(item,))
    assert list(differences(Declaration.read(now.body), now, "en")) == []


def test_items_and_lifetimes_that_change_are_told_by_name() -> None:
    items = (
        Item("_count", Kind.COOKIE, 395, {}),
        Item("_new", Kind.COOKIE, 0, {}),
        Item("shop", Kind.INDEXED_DB, None, {}),
    )
    assert counter(items=items) == [
        "Counter: eväste _count säilyy nyt 13 kuukautta, ennen 2 vuotta",
        "Counter: uutena eväste _new, säilyy istunnon ajan",
        "Counter: uutena IndexedDB shop, säilyy poistamiseen asti",
        "Counter: poistettu paikallinen tallennus _seen",
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("category", ["necessary", "preferences", "statistics", "marketing"])
def test_our_own_categories_bend_as_the_language_wants(
    tmp_path: Path, lang: str, category: str
) -> None:
    """No name of a category is set in quotes, unless the site has named it."""
    (tmp_path / "notices/privacy").mkdir(parents=True)
    (tmp_path / "consent.toml").write_text(TOML, "utf-8")
    plain = load(tmp_path / "consent.toml", {"CONSENT_SECRET_KEYS": KEY}).declaration
    more = Service("x", "Xyz", "Xyz Oy", category, (), {})
    both = Declaration(plain.categories, (*plain.services, more))
    lines = [*differences(plain, both, lang), *differences(both, plain, lang)]
    assert len(lines) == 2
    assert all("Xyz" in line and "”" not in line and "“" not in line for line in lines)
    renamed = tuple(replace(c, name=dict.fromkeys(LANGUAGES, "Omat")) for c in plain.categories)
    (named,) = differences(
        replace(plain, categories=renamed), replace(both, categories=renamed), lang
    )
    assert "Omat" in named


def test_each_deployment_is_told_once_and_the_first_is_where_it_begins() -> None:
    one, other = declaration(), declaration(provider="Uusi Oy")
    days = [datetime(2026, 12, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
    row = [Deployment(day, d) for day, d in zip(days, (one, one, other, one), strict=True)]
    changes = declared_changes(row, "en")
    assert [(c.when.day, len(c.lines)) for c in changes] == [(3, 1), (4, 1)]
    assert declared_changes(row[:1], "en") == declared_changes([], "en") == []


# -- on the site --


def test_a_service_that_is_added_and_removed_stands_in_the_history(
    tmp_path: Path, make_site: Make
) -> None:
    """As "1.12.2026: Hotjar lisätty tilastointiin", in every language, from the log alone."""
    open_shop(tmp_path, make_site)
    added = make_site(toml=TOML + HOTJAR)
    assert told(added) == ["18.11.2026: Hotjar lisätty tilastointiin"]
    assert told(added, "sv") == ["18.11.2026: Hotjar har lagts till i statistiken"]
    assert told(added, "en") == ["18 November 2026: Hotjar added to statistics"]
    removed = make_site()
    assert told(removed) == [
        "18.11.2026: Hotjar poistettu tilastoinnista",
        "18.11.2026: Hotjar lisätty tilastointiin",
    ]


def test_a_lifetime_that_changes_stands_in_the_history(tmp_path: Path, make_site: Make) -> None:
    open_shop(tmp_path, make_site)
    site = make_site(toml=TOML.replace('"90 days"', '"6 months"'))
    assert told(site) == ["18.11.2026: Mainos: eväste ad säilyy nyt 6 kuukautta, ennen 3 kuukautta"]


def test_a_restart_without_a_change_adds_nothing(tmp_path: Path, make_site: Make) -> None:
    open_shop(tmp_path, make_site)
    assert told(make_site()) == []
    assert told(make_site(toml=TOML.replace('"Esimerkki Oy"', '"Toinen Oy"'))) == []


def test_a_service_that_waits_for_its_notice_comes_with_it(tmp_path: Path, make_site: Make) -> None:
    """R81: it is told on the day from which it runs, whoever asks first that day."""
    open_shop(tmp_path, make_site)
    site = make_site(toml=TOML + HOTJAR + 'from = "2027.1"\n')
    assert told(site) == []
    site.clock.now = 1_798_754_400.0 + 3600  # 1 January 2027, 00.00 in Helsinki, and an hour
    assert told(site) == ["1.1.2027: Hotjar lisätty tilastointiin"]


def test_a_history_without_a_log_shows_the_versions_and_says_what_is_missing(
    tmp_path: Path, make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R34: nothing of it is kept, so that the next reader gets it all."""
    site = open_shop(tmp_path, make_site)

    def fail() -> None:
        raise LogUnavailable("the disk is away")

    monkeypatch.setattr(site.consent.runtime, "record", fail)
    response = site.client().get(HISTORY["fi"])
    assert response.status_code == 200
    assert response.headers["cache-control"] == "private, no-store"
    assert "Palvelujen ja evästeiden muutoksia ei voi juuri nyt näyttää" in response.text
    assert "Versio 2026.2 tuli voimaan" in response.text
    monkeypatch.undo()
    assert "ei voi nyt näyttää" not in site.client().get(HISTORY["fi"]).text


def test_newest_comes_first_and_versions_stand_among_the_deployments(
    tmp_path: Path, make_site: Make
) -> None:
    open_shop(tmp_path, make_site)
    html = make_site(toml=TOML + HOTJAR).client().get(HISTORY["en"]).text
    days = re.findall(r'<time datetime="([\d-]+)">', html[html.index("vc-history-list") :])
    assert days == ["2026-11-18", "2026-06-01", "2026-01-01"]
