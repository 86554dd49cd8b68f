"""The receipt of a consent id: a page and a file that only the visitor gets (R45)."""

from __future__ import annotations

import re
from pathlib import Path
from unittest import mock

import pytest

from consent.log.receipt import claimed, opened
from consent.texts import texts
from tests.unit.receipt_samples import (
    FILLED,
    PUBLIC,
    file_of,
    log_down,
    open_signing,
    said,
    text_of,
)
from tests.unit.small_site import Make, Site, decide, fields, way_on

LANGUAGES = ("fi", "sv", "en")
COOKIE = "__Host-choices"


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_signing(tmp_path, make_site, toml=FILLED)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whoever_has_allowed_something_reads_what_and_till_when(shop: Site, lang: str) -> None:
    """In the language asked for; what was shown stays in the one that it was shown in."""
    client = shop.client()
    decide(client, "save", "statistics")
    reply = client.get(f"/choices/{lang}/receipt?return=/p")
    assert reply.status_code == 200
    words, text = texts(lang)["receipt"], text_of(reply)
    days = {"fi": "19. toukokuuta 2027", "sv": "19 maj 2027", "en": "19 May 2027"}
    row = f"Tilastointi {words['granted']} {words['last'].format(date=days[lang])} Laskuri"
    assert row in text
    assert f"Markkinointi {words['denied']} " in text
    moment = {
        "fi": "18. marraskuuta 2026 klo 14.00",
        "sv": "18 november 2026 kl. 14.00",
        "en": "18 November 2026 at 14:00",
    }
    assert words["grant"].format(when=moment[lang]) in text
    assert texts("fi")["banner"]["heading"] in text
    assert "Luvallasi Esimerkki Oy ja sivuston palvelut käyttävät evästeitä" in text
    assert '<div class="vc-notice-box" lang="fi">' in reply.text
    assert "Esimerkki Oy, 1234567-1 Katu 1, Helsinki https://www.example.fi tietosuoja@" in text
    assert str(shop.log()[-1]["consent_id"]) in text
    assert PUBLIC in text
    address = 'href="https://www.example.fi/tietosuojaseloste/2026.2"'
    assert f"<a {address}>{words['version'].format(number='2026.2')}</a>" in reply.text
    assert f'<html lang="{lang}">' in reply.text
    assert 'href="/p"' in reply.text
    others = re.findall(r'<a href="/choices/(\w\w)/receipt\?return=/p" hreflang="\1"', reply.text)
    assert others == [other for other in LANGUAGES if other != lang]


def test_a_receipt_is_nobodys_but_the_visitors(shop: Site) -> None:
    """R45: reachable only with the own cookie, and kept by no cache."""
    mine, other = shop.client(), shop.client()
    decide(mine, "accept")
    decide(other, "save", "statistics")
    for path in ("/choices/fi/receipt", "/choices/receipt.json"):
        reply = mine.get(path)
        assert reply.headers["cache-control"] == "private, no-store"
        assert reply.headers["vary"] == "Cookie, Sec-GPC"
        assert shop.client().get(path).status_code == 404
        forged = mine.cookies[COOKIE][:-1] + ("A" if mine.cookies[COOKIE][-1] != "A" else "B")
        headers = {"cookie": f"{COOKIE}={forged}"}
        assert shop.client().get(path, headers=headers).status_code == 404
    one, two = (said(file_of(client))["pii_principal_id"] for client in (mine, other))
    assert [one, two] == [record["consent_id"] for record in shop.log()]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_has_no_consent_is_told_why_nobody_is_found(shop: Site, lang: str) -> None:
    """R130: after a refusal there is no id to look by (GDPR article 11)."""
    client = shop.client()
    decide(client, "reject")
    reply = client.get(f"/choices/{lang}/receipt")
    assert reply.status_code == 404
    text = text_of(reply)
    assert texts(lang)["receipt"]["none"] in text
    assert texts(lang)["receipt"]["none_help"] in text
    assert f'href="/choices/{lang}"' in reply.text


def test_the_file_is_offered_for_saving(shop: Site) -> None:
    client = shop.client()
    decide(client, "accept")
    reply = client.get("/choices/receipt.json")
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["content-disposition"] == 'attachment; filename="receipt-2026-11-18.json"'
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert '<a class="vc-button" href="/choices/receipt.json" download>' in (
        client.get("/choices/fi/receipt").text
    )


def test_it_is_that_of_the_newest_record(shop: Site) -> None:
    client = shop.client()
    decide(client, "accept")
    decide(client, "save", "marketing")
    assert said(file_of(client))["record_id"] == shop.log()[-1]["id"]
    text = text_of(client.get("/choices/fi/receipt"))
    assert "Muutit suostumustasi" in text


def test_a_cookie_from_before_the_withdrawal_gives_the_withdrawal(shop: Site) -> None:
    """And offers nothing to withdraw any more."""
    client = shop.client()
    decide(client, "accept")
    cookie = client.cookies[COOKIE]
    assert texts("fi")["receipt"]["withdraw"] in client.get("/choices/fi/receipt").text
    decide(client, "reject")
    page = shop.client().get("/choices/fi/receipt", headers={"cookie": f"{COOKIE}={cookie}"})
    assert "Peruutit suostumuksesi" in text_of(page)
    assert texts("fi")["receipt"]["withdraw"] not in page.text


def test_it_offers_change_and_withdraws_in_one_press(shop: Site) -> None:
    client = shop.client()
    decide(client, "accept")
    page = client.get("/choices/sv/receipt?return=/p").text
    assert '<a class="vc-button" href="/choices/sv?return=/p">' in page
    assert '<button class="vc-button" name="decision" value="reject">' in page
    reply = decide(client, "reject", form=fields(page))
    assert reply.status_code == 200
    assert way_on(reply) == "/p"
    assert shop.log()[-1]["event"] == "withdrawal"
    assert shop.log()[-1]["method"] == "settings"
    assert client.get("/api").json() == {"statistics": False}


def test_the_settings_lead_to_it(shop: Site) -> None:
    client = shop.client()
    link = 'href="/choices/fi/receipt?return=/p"'
    assert link not in client.get("/choices/fi?return=/p").text
    decide(client, "accept")
    for part in ("", "&part=1"):
        assert link in client.get(f"/choices/fi?return=/p{part}").text


@pytest.mark.parametrize("path", ["/choices/receipt", "/choices/receipt/"])
def test_its_address_without_a_language_leads_to_the_readers_own(shop: Site, path: str) -> None:
    reply = shop.client(**{"accept-language": "sv"}).get(f"{path}?return=/p")
    assert (reply.status_code, reply.headers["location"]) == (307, "/choices/sv/receipt?return=/p")
    slash = shop.client().get("/choices/en/receipt/")
    assert (slash.status_code, slash.headers["location"]) == (307, "/choices/en/receipt")


def test_other_methods_are_not_for_it(shop: Site) -> None:
    for path in ("/choices/fi/receipt", "/choices/receipt.json"):
        reply = shop.client().put(path)
        assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD, POST")


def test_while_the_log_is_down_it_is_asked_for_again_later(shop: Site) -> None:
    client = shop.client()
    decide(client, "accept")
    with log_down(shop):
        reply = client.get("/choices/fi/receipt")
    assert reply.status_code == 503
    assert texts("fi")["receipt"]["down"] in text_of(reply)


def test_where_the_log_is_not_signed_it_says_so(tmp_path: Path, make_site: Make) -> None:
    site = open_signing(tmp_path, make_site, checkpoint_keys="")
    client = site.client()
    decide(client, "accept")
    text = text_of(client.get("/choices/fi/receipt"))
    assert texts("fi")["receipt"]["unsigned"] in text
    assert texts("fi")["receipt"]["key"] not in text
    evidence = opened(file_of(client))
    assert (evidence.proof, len(evidence.salt)) == ("", 24)


def test_a_record_from_before_receipts_has_none(shop: Site) -> None:
    """What was shown then has no fields to give, and none are made up."""
    client = shop.client()
    decide(client, "accept")
    edition = shop.consent.runtime.edition
    shown = mock.Mock(hash="0" * 64)
    before = ("application/json", b'{"type":"presentation"}')
    log = shop.consent.runtime.log
    with (
        mock.patch.object(edition, "presentations", {"fi": (shown, b"")}),
        mock.patch.object(log, "artifact", return_value=before),
    ):
        assert client.get("/choices/fi/receipt").status_code == 404


def test_a_text_that_is_shown_no_more_is_still_in_its_receipt(
    tmp_path: Path, make_site: Make
) -> None:
    before = open_signing(tmp_path, make_site, toml=FILLED)
    visitor = before.client()
    decide(visitor, "accept")
    before.close()
    toml = FILLED.replace("Laskuri Oy", "Uusi Oy").replace('name = "Laskuri"', 'name = "Uusi"')
    after = open_signing(tmp_path, make_site, toml=toml)
    client = after.client()
    client.cookies = visitor.cookies
    assert "Tilastointi Sallittu 19. toukokuuta 2027 asti Laskuri" in text_of(
        client.get("/choices/fi/receipt")
    )
    assert opened(file_of(client))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_numbers_the_record_as_the_file_does(shop: Site, lang: str) -> None:
    """So that it is the entry that the verifier and the proof bundle name too."""
    client = shop.client()
    decide(client, "accept")
    place, (_, size, _) = claimed(opened(file_of(client)))
    told = texts(lang)["receipt"]["proven"].format(number=place, size=size)
    assert told in text_of(client.get(f"/choices/{lang}/receipt"))


def test_a_signal_of_the_browsers_is_told(shop: Site) -> None:
    client = shop.client(**{"sec-gpc": "1"})
    decide(client, "accept")
    assert "Selaimesi pyyntö GPC" in text_of(client.get("/choices/fi/receipt"))
