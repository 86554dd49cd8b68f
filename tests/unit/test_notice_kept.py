"""Pages of the notice that are kept ready: each is its visitor's own all the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.unit.shop_site import ANNOUNCED, EFFECTIVE, open_shop, set_clock
from tests.unit.small_site import ORIGIN, Make, Site, decide

NOTICE = "/tietosuojaseloste"


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_shop(tmp_path, make_site)


def token(html: str) -> str:
    match = re.search(r'name="token" value="([^"]+)"', html)
    assert match is not None
    return match[1]


@pytest.mark.parametrize("rest", ["", "/2026.1", "/voimassa/2026-11-01", "/historia"])
def test_a_kept_page_is_the_page_but_for_the_token_of_its_forms(shop: Site, rest: str) -> None:
    """R46: no two visitors have the same token, and the length is what was sent."""
    pages = [shop.client().get(NOTICE + rest) for _ in range(3)]
    tokens = [token(page.text) for page in pages]
    assert len(set(tokens)) == len(pages)
    assert len({p.text.replace(t, "T") for p, t in zip(pages, tokens, strict=True)}) == 1
    assert {int(p.headers["content-length"]) for p in pages} == {len(pages[0].content)}
    assert len({p.headers["etag"] for p in pages}) == 1


def test_a_kept_page_is_given_to_nobody_who_chose_otherwise(shop: Site) -> None:
    """R120: its ETag is of one state of choice."""
    new, old = shop.client(), shop.client()
    first = new.get(NOTICE)
    assert "vc-banner" in first.text
    decide(old, "reject")
    page = old.get(NOTICE, headers={"if-none-match": first.headers["etag"]})
    assert page.status_code == 200
    assert "vc-banner" not in page.text
    again = old.get(NOTICE, headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == page.headers["etag"]
    assert again.headers["vary"] == page.headers["vary"]
    assert "vc-banner" in shop.client().get(NOTICE).text


def test_who_has_a_page_that_is_not_ready_yet_is_told_so(shop: Site) -> None:
    """As after a restart of the server."""
    etag = shop.client().get(NOTICE).headers["etag"]
    shop.consent.runtime.pages.clear()
    for _ in range(2):
        response = shop.client().get(NOTICE, headers={"if-none-match": f'"x", {etag}'})
        assert (response.status_code, response.content) == (304, b"")


def test_a_kept_page_goes_when_a_version_is_announced_and_when_it_takes_effect(shop: Site) -> None:
    client, seen = shop.client(), []
    for moment, seconds in ((ANNOUNCED, -1), (ANNOUNCED, 0), (EFFECTIVE, -1), (EFFECTIVE, 0)):
        set_clock(shop, moment, seconds)
        client.get(NOTICE)
        page = client.get(NOTICE).text
        seen.append(("2027.1" in page, "Versio 2027.1, " in page))
    assert seen == [(False, False), (True, False), (True, False), (True, True)]


def test_pages_with_a_query_are_not_kept_and_their_banner_leads_back_to_them(shop: Site) -> None:
    client = shop.client()
    for number in range(3):
        page = client.get(f"{NOTICE}?from=mail{number}")
        assert f'name="return" value="{NOTICE}?from=mail{number}"' in page.text
    assert shop.consent.runtime.pages == {}


def test_every_banner_of_a_kept_page_is_counted(shop: Site) -> None:
    """R133: the first one as all that follow, and none with a 304."""
    client = shop.client()
    *_, last = (client.get(NOTICE) for _ in range(3))
    etag = last.headers["etag"]
    client.get(NOTICE, headers={"if-none-match": etag})
    sent = shop.consent.runtime._judged.sent
    assert {lang: one.n for lang, one in sent.items() if one.n} == {"fi": 3}


def test_what_is_outside_cannot_change_a_kept_page(shop: Site) -> None:
    """A middleware around ours may write into the list of fields that it is given."""
    inner = shop.app

    async def outer(scope, receive, send):
        async def adding(message):
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-once", b"1"))
            await send(message)

        await inner(scope, receive, adding)

    client = TestClient(outer, base_url=ORIGIN)
    for _ in range(3):
        assert client.get(NOTICE).headers.get_list("x-once") == ["1"]


def test_the_memory_for_kept_pages_has_an_end(shop: Site) -> None:
    client = shop.client()
    for day in range(1, 29):
        for month in (6, 7, 8):
            client.get(f"{NOTICE}/voimassa/2026-{month:02}-{day:02}")
    assert 0 < len(shop.consent.runtime.pages) <= 64
