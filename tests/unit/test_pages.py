"""The component's own pages: settings, state, one embed, styles and script, and errors."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest

from consent.errors import LogUnavailable
from consent.notice.cookies import cookie_table
from consent.texts import texts
from tests.unit.shop_site import open_shop
from tests.unit.small_site import Make, Site, decide, fields, way_on

LANGUAGES = ("fi", "sv", "en")
ASSETS = ("style.css", "notice.css", "script.js")
OWN = re.compile(
    r'href="(/choices/(?:style|notice)\.css\?v=\w+)"|src="(/choices/script\.js\?v=\w+)"'
)


def broken_log(site: Site) -> mock._patch[object]:
    failing = mock.Mock(side_effect=LogUnavailable("disk full"))
    return mock.patch.object(site.consent.runtime.log, "append", failing)


def parsed(html: str) -> object:
    """Parse a page and insist that it is valid."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)


# -- settings --


@pytest.mark.parametrize("lang", LANGUAGES)
def test_settings_are_a_valid_page_in_each_language(site: Site, lang: str) -> None:
    response = site.client().get(f"/choices/{lang}")
    assert response.status_code == 200
    page = parsed(response.text)
    assert page.get("lang") == lang  # type: ignore[attr-defined]
    assert [h.text for h in page.iter("h1")] == [  # type: ignore[attr-defined]
        texts(lang)["settings"]["title"]
    ]
    ids = re.findall(r'\sid="([^"]+)"', response.text)
    assert len(ids) == len(set(ids))
    assert not re.search(r"<style|\sstyle=|<script|\son\w+=", response.text)
    notice = site.consent.runtime.edition.notice_path(lang)
    assert f'<a href="{notice}">{texts(lang)["banner"]["notice"]}</a>' in unescape(response.text)


def test_a_settings_page_is_nobody_elses(site: Site) -> None:
    """R120: neither a shared cache nor the browser's keeps it."""
    for path in ("/choices/fi", "/choices/fi?part=1", "/choices/state"):
        headers = site.client().get(path).headers
        assert headers["cache-control"] == "private, no-store"
        assert headers["vary"] == "Cookie, Sec-GPC"


@pytest.mark.parametrize("path", ["/choices/fi", "/choices/fi?part=1"])
def test_the_first_control_of_the_settings_refuses_all(site: Site, path: str) -> None:
    """R27."""
    html = site.client().get(path).text
    first = re.search(r"<(?:button|input|select|textarea|summary)\b[^>]*>", html)
    assert first is not None
    assert 'name="decision" value="reject"' in first[0]


def test_nothing_is_ticked_before_a_choice(site: Site) -> None:
    """R5."""
    html = site.client().get("/choices/fi").text
    assert html.count('type="checkbox"') == 3
    assert "checked" not in html
    assert texts("fi")["settings"]["unchosen"] in html


def test_reopened_settings_show_what_was_chosen(site: Site) -> None:
    """R28."""
    client = site.client()
    decide(client, "save", "statistics")
    html = client.get("/choices/fi").text
    assert re.findall(r'name="(\w+)" value="granted" checked', html) == ["statistics"]
    assert texts("fi")["settings"]["chosen"] in html


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_tables_of_the_settings_are_those_of_the_declaration(site: Site, lang: str) -> None:
    """R8, R9: every item with no cell empty, necessary ones with their reason."""
    html = site.client().get(f"/choices/{lang}").text
    declaration = site.consent.runtime.edition.declaration
    assert cookie_table(declaration, lang) in html
    page = parsed(html)
    cells = [c for c in page.iter() if c.tag in ("td", "th")]  # type: ignore[attr-defined]
    assert all("".join(cell.itertext()).strip() for cell in cells)
    for service, item in declaration.items():
        assert f"<code>{item.name}</code>" in html
        assert service.provider in unescape(html)
        for reason in filter(None, [item.reason.get(lang)]):
            assert reason in unescape(html)


def test_the_own_cookie_is_listed_with_its_real_lifetime(site: Site) -> None:
    """R132: the table says what Max-Age says."""
    client = site.client()
    html = client.get("/choices/en").text
    row = re.search(r"<tr><th[^>]*><code>__Host-choices</code>.*?</tr>", html)
    assert row is not None
    assert "1 year" in row[0]
    assert "Max-Age=31536000" in decide(client, "reject").headers["set-cookie"]


def test_a_consent_id_is_shown_to_who_has_allowed_something_and_to_nobody_else(
    site: Site,
) -> None:
    """R43, R130."""
    client = site.client()
    label = texts("fi")["settings"]["id"]
    assert label not in client.get("/choices/fi").text
    decide(client, "reject")
    assert label not in client.get("/choices/fi").text
    decide(client, "save", "statistics")
    consent_id = str(site.log()[-1]["consent_id"])
    assert f"{label}: <code>{consent_id}</code>" in client.get("/choices/fi").text
    decide(client, "reject")
    assert consent_id not in client.get("/choices/fi").text


def test_the_part_for_a_dialog_is_no_page_of_its_own(site: Site) -> None:
    part = site.client().get("/choices/sv?part=1&return=/p").text
    assert "<html" not in part
    assert fields(part)["return"] == "/p"
    assert "data-close" in part


WAYS = ["/", "/p", "/p?a=1&b=2", "/p?part=1", "/p?return=/x&saved=1", "/a%20b?q=%C3%A4%26", "/x'"]


@pytest.mark.parametrize("back", WAYS)
def test_saving_without_script_says_so_and_leads_back_to_the_very_page(
    site: Site, back: str
) -> None:
    """R17: whatever stands in the address of the page."""
    client = site.client()
    html = client.get("/choices/fi", params={"return": back}).text
    assert f'<a href="{back}">' in unescape(html)
    form = {name: unescape(value) for name, value in fields(html).items()}
    response = decide(client, "accept", form=form)
    assert response.status_code == 303
    saved = client.get(response.headers["location"]).text
    assert texts("fi")["settings"]["saved"] in saved
    assert "<!DOCTYPE html>" in saved
    assert f'<a href="{back}">' in unescape(saved)
    refused = decide(client, "reject", form=form)
    assert texts("fi")["settings"]["saved"] in refused.text
    assert way_on(refused) == back


def test_withdrawing_on_the_settings_page_names_what_we_cannot_delete(site: Site) -> None:
    """R29: without script too, on the page that the answer comes back to."""
    client = site.client()
    decide(client, "accept")
    html = client.get("/choices/fi?return=/p").text
    form = {name: unescape(value) for name, value in fields(html).items()}
    told = texts("fi")["settings"]["foreign"].format(services="Mainos (ads.example: ad)")
    saved = client.get(decide(client, "save", "statistics", form=form).headers["location"]).text
    assert told in saved
    assert '<a href="/p">' in saved


def test_a_fault_shown_on_the_settings_page_never_says_that_it_was_saved(site: Site) -> None:
    """R34: nor does the way back from it, nor is the way back lost by trying again."""
    client = site.client()
    html = client.get("/choices/fi?return=/p").text
    form = {name: unescape(value) for name, value in fields(html).items()}
    with broken_log(site):
        failed = decide(client, "accept", form=form)
    assert failed.status_code == 503
    parsed(failed.text)
    assert texts("fi")["error"]["log"] in failed.text
    assert texts("fi")["settings"]["saved"] not in failed.text
    assert '<a href="/p">' in failed.text
    again = {name: unescape(value) for name, value in fields(failed.text).items()}
    response = decide(client, "accept", form=again)
    assert '<a href="/p">' in client.get(response.headers["location"]).text


def test_every_setting_is_at_most_two_steps_from_a_page(site: Site) -> None:
    """R26, R27: the page's link, then the first button."""
    page = unescape(site.client().get("/p?a=1").text)
    link = re.search(r'<a href="(/choices/fi\?return=[^"]*)">Evästeasetukset</a>', page)
    assert link is not None
    assert '<a href="/p?a=1">' in site.client().get(link[1]).text


# -- state --


def test_the_state_tells_the_script_what_is_allowed_and_what_is_asked(site: Site) -> None:
    client = site.client()
    assert client.get("/choices/state").json() == {
        "allowed": ["consent", "necessary"],
        "asked": ["preferences", "statistics", "marketing"],
    }
    decide(client, "save", "statistics")
    assert client.get("/choices/state").json() == {
        "allowed": ["consent", "counter", "necessary", "statistics"],
        "asked": [],
    }


# -- one embed --


def embed_address(site: Site) -> str:
    page = site.client().get("/p?a=1").text
    found = re.search(r'href="(/choices/embed\?e=[^"]+)"', page)
    assert found is not None
    return unescape(found[1])


def test_an_embed_is_shown_once_without_anything_being_stored(site: Site) -> None:
    """R18: a page of ours with that embed alone; no record, no cookie, no consent."""
    client = site.client()
    response = client.get(embed_address(site))
    assert response.status_code == 200
    page = parsed(response.text)
    frames = [f.get("src") for f in page.iter("iframe")]  # type: ignore[attr-defined]
    assert frames == ["https://v.example/1"]
    assert '<a href="/p?a=1">' in response.text
    assert response.headers["cache-control"] == "private, no-store"
    assert "set-cookie" not in response.headers
    assert site.log() == []
    assert "v.example/1" not in re.sub(
        "<template.*?</template>", "", client.get("/").text, flags=re.S
    )


def test_an_embed_of_a_page_in_another_encoding_is_shown_too(site: Site) -> None:
    site.page = site.page.replace('title="V"', 'title="Åbo"').encode("latin-1")  # type: ignore
    response = site.client().get(embed_address(site))
    assert 'src="https://v.example/1"' in response.text


def test_an_embed_that_we_did_not_sign_is_not_shown(site: Site, make_site: Make) -> None:
    address = embed_address(site)
    signed = parse_qs(urlsplit(address).query)["e"][0]
    other = make_site(toml=(site.folder / "consent.toml").read_text().replace("www.", "other."))
    foreign = embed_address(other)
    for bad in (signed[:-1], signed[1:], "x" + signed, signed.partition(".")[0], "", "å", "."):
        assert site.client().get("/choices/embed", params={"e": bad}).status_code == 404
    assert site.client().get(foreign).status_code == 404
    assert site.client().get("/choices/embed").status_code == 404


# -- styles and script --


@pytest.mark.parametrize("name", ASSETS)
def test_an_asset_is_kept_for_good_under_its_present_address_only(site: Site, name: str) -> None:
    client = site.client()
    address = site.consent.runtime.edition.address(name)
    assert address.startswith(f"/choices/{name}?v=")
    kept = client.get(address)
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    for other in (f"/choices/{name}", f"/choices/{name}?v=0", f"{address}&x=1"):
        asked = client.get(other)
        assert asked.content == kept.content
        assert asked.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert kept.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in kept.headers
    assert "vary" not in kept.headers


@pytest.mark.parametrize("name", ASSETS)
def test_an_asset_that_the_browser_has_is_not_sent_again(site: Site, name: str) -> None:
    client = site.client()
    etag = client.get(f"/choices/{name}").headers["etag"]
    for value in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        response = client.get(f"/choices/{name}", headers={"if-none-match": value})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    assert client.get(f"/choices/{name}", headers={"if-none-match": '"x"'}).status_code == 200


def test_every_asset_that_a_page_names_is_there(site: Site) -> None:
    client = site.client()
    for path in ("/", "/choices/fi", embed_address(site), "/choices/nowhere"):
        for style, script in OWN.findall(client.get(path).text):
            response = client.get(style or script)
            assert response.status_code == 200
            assert "immutable" in response.headers["cache-control"]


# -- methods, robots, errors --


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "POST"])
def test_pages_are_only_read(site: Site, method: str) -> None:
    """R118."""
    for path in ("/choices/fi", "/choices/state", "/choices/script.js", "/tietosuojaseloste"):
        response = site.client().request(method, path)
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_answers_are_only_posted(site: Site, method: str) -> None:
    """R118."""
    for path in ("/choices/decide", "/choices/dismiss"):
        response = site.client().request(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_no_page_of_ours_is_indexed(site: Site) -> None:
    client = site.client()
    for path in ("/choices/fi", "/choices/nowhere", embed_address(site)):
        assert '<meta name="robots" content="noindex">' in client.get(path).text


@pytest.mark.parametrize(
    ("accepts", "lang"),
    [("sv-FI,sv;q=0.9,en;q=0.5", "sv"), ("en-GB", "en"), ("de,en;q=0.7", "en"), ("de", "fi")],
)
def test_an_error_is_told_in_the_readers_language(site: Site, accepts: str, lang: str) -> None:
    client = site.client(**{"accept-language": accepts})
    for response in (
        client.get("/choices/nowhere"),
        client.get("/choices/embed?e=x"),
        client.post("/choices/decide", content=b"\xff", headers={"content-type": "text/x"}),
        client.post("/choices/dismiss", data={}, headers={"sec-fetch-site": "cross-site"}),
    ):
        assert response.status_code in (400, 403, 404)
        assert parsed(response.text).get("lang") == lang  # type: ignore[attr-defined]
        assert response.headers["cache-control"] == "private, no-store"


def test_a_language_whose_code_only_begins_like_ours_is_not_taken_for_it(site: Site) -> None:
    client = site.client(**{"accept-language": "fil, sv"})
    assert '<html lang="sv">' in client.get("/choices/nowhere").text


def test_a_message_is_in_the_language_of_the_form_that_was_sent(site: Site) -> None:
    client = site.client(**{"accept-language": "en"})
    form = fields(client.get("/choices/sv").text)
    with broken_log(site):
        reply = decide(client, "accept", form=form, json_reply=True)
    assert reply.json()["error"] == texts("sv")["error"]["log"]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/choices", "/choices/fi"),
        ("/choices/", "/choices/fi"),
        ("/choices?return=/p%3Fa=1&saved=1", "/choices/fi?return=/p%3Fa=1&saved=1"),
        ("/choices/sv/", "/choices/sv"),
        ("/choices/en//?return=/p", "/choices/en?return=/p"),
        ("/tietosuojaseloste/", "/tietosuojaseloste"),
        ("/sv/dataskydd/?a=b", "/sv/dataskydd?a=b"),
        ("/en/privacy/2026.1/", "/en/privacy/2026.1"),
    ],
)
def test_an_address_that_is_almost_right_leads_to_the_page(
    tmp_path: Path, make_site: Make, path: str, target: str
) -> None:
    """On this site and with its query, whatever the query holds."""
    client = open_shop(tmp_path, make_site).client()
    response = client.get(path)
    assert (response.status_code, response.headers["location"]) == (307, target)
    assert client.get(target).status_code == 200
    assert client.head(path).status_code == 307
    assert client.post(path).status_code == 405


@pytest.mark.parametrize(("accepted", "lang"), [("sv-FI,sv;q=0.9", "sv"), ("de", "fi"), ("", "fi")])
def test_settings_without_a_language_are_in_the_readers(
    site: Site, accepted: str, lang: str
) -> None:
    response = site.client(**{"accept-language": accepted}).get("/choices")
    assert response.headers["location"] == f"/choices/{lang}"
    assert "accept-language" in response.headers["vary"].lower()


@pytest.mark.parametrize(
    "path",
    [
        *("/choices/de/", "/choices/state/", "/choices//fi", "/choices/fi/x"),
        *("/tietosuojaseloste/2027.1/", "/tietosuojaseloste/x/", "/tietosuojaseloste/feed.atom/"),
        *("/choices-of-others", "/choicesfi/", "/tietosuojaseloste//evil.example/"),
    ],
)
def test_an_address_of_nothing_leads_nowhere(tmp_path: Path, make_site: Make, path: str) -> None:
    response = open_shop(tmp_path, make_site).client().get(path)
    assert response.status_code == 404
    assert "location" not in response.headers
