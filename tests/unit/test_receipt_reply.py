"""The receipt of who has allowed nothing: in the reply or never, since nothing is kept (R43)."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from unittest import mock

import pytest

from consent.log.receipt import opened
from consent.texts import texts
from tests.unit.receipt_samples import (
    FILLED,
    file_of,
    log_down,
    open_signing,
    said,
    sealed,
    text_of,
)
from tests.unit.small_site import KEY, Make, Site, decide, fields, way_on

LANGUAGES = ("fi", "sv", "en")
COOKIE = "__Host-choices"


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_signing(tmp_path, make_site, toml=FILLED)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_script_the_reply_to_a_refusal_is_its_receipt(shop: Site, lang: str) -> None:
    """R43: it is given then or never; the way on comes first, and nothing asks for more."""
    client = shop.client()
    form = {**fields(client.get(f"/choices/{lang}").text), "return": "/p?a=1&b=2"}
    reply = decide(client, "reject", form=form)
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "private, no-store"
    words, text = texts(lang)["receipt"], text_of(reply)
    assert way_on(reply) == "/p?a=1&b=2"
    first = re.search(r"<(?:a|button|input)[^>]*>", reply.text.partition("<body")[2])
    assert first is not None
    assert "autofocus" in first[0]
    assert texts(lang)["settings"]["saved"] in text
    days = {"fi": "18. marraskuuta 2026", "sv": "18 november 2026", "en": "18 November 2026"}
    assert words["refusal"].format(when=days[lang]) in text
    assert words["nobody"] in text
    assert text.count(f" {words['denied']} ") == 3
    assert words["withdraw"] not in text
    assert 'value="accept"' not in reply.text
    assert said(file_of(client, reply))["record_id"] == shop.log()[-1]["id"]


def test_two_who_refuse_carry_the_same_cookie_though_each_has_a_receipt(shop: Site) -> None:
    """R43: nothing is kept of them; the receipts differ by what the log holds of each record."""
    clients = shop.client(), shop.client()
    first, second = (file_of(client, decide(client, "reject")) for client in clients)
    assert clients[0].cookies[COOKIE] == clients[1].cookies[COOKIE]
    assert said(first)["record_id"] != said(second)["record_id"]
    assert said(first)["event"] == said(second)["event"]


def test_a_refusal_that_is_sent_again_is_recorded_once(shop: Site) -> None:
    """R46: reloading the receipt leads back; without the cookie it gives the same record."""
    client = shop.client()
    form = fields(client.get("/choices/fi").text)
    first = decide(client, "reject", form=form)
    again = decide(client, "reject", form=form)
    assert (again.status_code, way_on(first)) == (303, "/")
    other = decide(shop.client(), "reject", form=form)
    assert len(shop.log()) == 1
    one, two = (said(file_of(client, reply)) for reply in (first, other))
    assert one["record_id"] == two["record_id"]


def test_a_withdrawal_has_its_id_in_the_receipt_and_nowhere_else(shop: Site) -> None:
    client = shop.client()
    decide(client, "accept")
    reply = decide(client, "reject")
    consent_id = str(shop.log()[-1]["consent_id"])
    assert consent_id not in client.cookies[COOKIE]
    assert consent_id in text_of(reply)
    assert texts("fi")["receipt"]["dropped"] in text_of(reply)
    assert texts("fi")["settings"]["foreign"].partition("{")[0].strip() in text_of(reply)
    assert said(file_of(client, reply))["pii_principal_id"] == consent_id
    assert client.get("/choices/fi/receipt").status_code == 404


def test_without_script_a_banner_is_answered_alike_whatever_was_pressed(shop: Site) -> None:
    """R4: to allow takes no fewer presses than to refuse, until the page is back."""
    ways = {}
    for button in ("accept", "reject", "save"):
        client = shop.client()
        form = fields(client.get("/p").text)
        assert form["method"] == "banner"
        reply = decide(client, button, form=form)
        if button == "accept":
            reply = client.get(reply.headers["location"])
        assert reply.status_code == 200
        assert texts("fi")["settings"]["saved"] in text_of(reply)
        ways[button] = way_on(reply)
    assert set(ways.values()) == {"/p"}


def test_a_grant_in_the_settings_leads_back_at_once(shop: Site) -> None:
    """Its receipt is found at any time; the settings say themselves that it was saved."""
    client = shop.client()
    assert decide(client, "accept").status_code == 303
    assert decide(client, "save", "statistics").status_code == 303


def test_with_script_a_reply_offers_the_receipt(shop: Site) -> None:
    """One line for who allows and who refuses alike; who refuses is handed the record itself."""
    client = shop.client()
    form = {**fields(client.get("/choices/sv").text), "return": "/p"}
    given = decide(client, "accept", form=form, json_reply=True).json()
    assert given["receipt"] == {"page": "/choices/sv/receipt"}
    assert '<a class="vc-button" href="/choices/sv/receipt?return=/p">Kvitto</a>' in given["note"]
    refused = decide(shop.client(), "reject", form=form, json_reply=True).json()
    assert refused["receipt"]["page"] == "/choices/sv/receipt"
    assert 'action="/choices/sv/receipt"' in refused["note"]
    assert sealed(refused["note"]) == refused["receipt"]["sealed"]
    for note in (given["note"], refused["note"]):
        assert texts("sv")["settings"]["saved"] in unescape(note)
    data = {"sealed": refused["receipt"]["sealed"], "return": "/p"}
    page = client.post("/choices/sv/receipt", data=data)
    assert texts("sv")["receipt"]["nobody"] in text_of(page)
    assert 'href="/p"' in page.text
    assert texts("sv")["settings"]["saved"] not in page.text


def test_with_script_a_withdrawal_offers_it_where_it_says_what_goes_on(shop: Site) -> None:
    client = shop.client()
    decide(client, "accept")
    partly = decide(client, "save", "statistics", json_reply=True).json()
    assert "note" not in partly
    assert 'href="/choices/fi/receipt?return=' in partly["box"]
    wholly = decide(client, "reject", json_reply=True).json()
    assert "note" not in wholly
    assert sealed(wholly["box"]) == wholly["receipt"]["sealed"]


def test_what_changes_nothing_or_fails_offers_none(shop: Site) -> None:
    client = shop.client()
    decide(client, "accept")
    same = decide(client, "accept", json_reply=True).json()
    assert {"receipt", "note"}.isdisjoint(same)
    with log_down(shop):
        failed = decide(shop.client(), "accept", json_reply=True).json()
    assert {"receipt", "note"}.isdisjoint(failed)


def test_a_record_is_given_out_again_only_under_our_seal(
    shop: Site, tmp_path: Path, make_site: Make
) -> None:
    """Nobody makes this site say of a record what it never said."""
    given = sealed(decide(shop.client(), "reject").text)
    foreign = (tmp_path / "foreign").mkdir() or open_signing(
        tmp_path / "foreign",
        lambda **more: Site(tmp_path / "foreign", **more),
        toml=FILLED.replace("www.example.fi", "other.example.fi"),
    )
    theirs = sealed(decide(foreign.client("https://other.example.fi"), "reject").text)
    foreign.close()
    for path in ("/choices/fi/receipt", "/choices/receipt.json"):
        post = shop.client().post
        assert post(path, data={"sealed": given}).status_code == 200
        for wrong in (given[:-1], given[1:], theirs, "", KEY):
            assert post(path, data={"sealed": wrong}).status_code == 404
        assert post(path).status_code == 404
        assert post(path, content=b"x" * 9000).status_code == 404
        headers = {"sec-fetch-site": "cross-site"}
        assert post(path, data={"sealed": given}, headers=headers).status_code == 404


def test_a_refusal_while_the_log_is_down_has_a_receipt_without_a_proof(shop: Site) -> None:
    """R34: it is in effect, and its record waits."""
    client = shop.client()
    with log_down(shop):
        reply = decide(client, "reject")
    assert reply.status_code == 200
    assert texts("fi")["receipt"]["absent"] in text_of(reply)
    evidence = opened(file_of(client, reply))
    assert (evidence.salt, evidence.proof) == ("", "")


def test_a_refusal_that_is_only_counted_has_a_receipt_without_a_proof(shop: Site) -> None:
    shop.consent.runtime.refusals.take = lambda key="": False  # type: ignore[method-assign]
    client = shop.client()
    evidence = opened(file_of(client, decide(client, "reject")))
    assert (evidence.salt, evidence.proof) == ("", "")
    assert json.loads(evidence.record)["event"] == "refusal"
    assert shop.log() == []


def test_what_stands_elsewhere_in_the_log_is_no_proof_of_a_record(shop: Site) -> None:
    """As after the log was lost, and another one made in its place."""
    client = shop.client()
    reply = decide(client, "reject")
    with mock.patch("consent.log.receipt.entry", return_value=None):
        evidence = opened(file_of(client, reply))
    assert (evidence.salt, evidence.proof) == ("", "")


def test_where_nothing_is_left_of_what_was_shown_the_reply_leads_back(shop: Site) -> None:
    client = shop.client()
    form = {**fields(client.get("/choices/fi").text), "return": "/p"}
    with mock.patch("consent.pages.receipt._shown", return_value=None):
        reply = decide(client, "reject", form=form)
    assert (reply.status_code, way_on(reply)) == (303, "/p")
