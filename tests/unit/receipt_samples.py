"""A shop that signs its log, and the receipts that its visitors get."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from unittest import mock

import html5lib
import httpx
from starlette.testclient import TestClient

from consent.errors import LogUnavailable
from consent.signed_note import new_key, verifier_of
from tests.unit.shop_site import open_shop
from tests.unit.small_site import TEXTS, TOML, Make, Site, decide

SIGNING = new_key("www.example.fi")
PUBLIC = str(verifier_of(SIGNING))
COUNTED = f'{{ name = "_count", lifetime = "1 year", purpose = {TEXTS} }}'
SEEN = f'{{ name = "seen", kind = "local-storage", lifetime = "2 years", purpose = {TEXTS} }}'
FILLED = (
    TOML.replace(
        'email = "tietosuoja@example.fi"',
        'email = "tietosuoja@example.fi"\naddress = "Katu 1, Helsinki"\nbusiness_id = "1234567-1"',
    )
    .replace(
        'provider = "Laskuri Oy"',
        'provider = "Laskuri Oy"\ncountry = "IE"\ntransfers = ["US"]\nmechanism = "dpf"\n'
        'policy = "https://laskuri.example/privacy"',
    )
    .replace(COUNTED, f"{COUNTED}, {SEEN}")
)
"""Settings that leave nothing out of what concerns one service."""
ANSWERS = {
    "grant": [("save", "statistics")],
    "change": [("accept",), ("save", "marketing")],
    "withdrawal": [("accept",), ("reject",)],
    "refusal": [("reject",)],
}


def open_signing(folder: Path, make_site: Make, toml: str = TOML, **options: str) -> Site:
    """The shop with a key for checkpoints."""
    return open_shop(folder, make_site, toml=toml, **{"checkpoint_keys": SIGNING, **options})


def sealed(html: str) -> str:
    """The record that a page or a note hands out under the site's signature."""
    found = re.search(r'name="sealed" value="([^"]*)"', html)
    assert found is not None
    return unescape(found[1])


def file_of(client: TestClient, reply: httpx.Response | None = None) -> bytes:
    """The receipt as a file: of the client's cookie, or of the record that a reply hands out."""
    if reply is None:
        found = client.get("/choices/receipt.json")
    else:
        found = client.post("/choices/receipt.json", data={"sealed": sealed(reply.text)})
    assert found.status_code == 200
    return found.content


def receipt_of(site: Site, event: str) -> bytes:
    """The receipt that a visitor gets whose last answer is such an event."""
    client = site.client()
    for decision, *granted in ANSWERS[event]:
        reply = decide(client, decision, *granted)
    return file_of(client, reply if event in ("withdrawal", "refusal") else None)


def said(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data)
    return found


@contextmanager
def log_down(site: Site) -> Iterator[None]:
    """Neither what is written nor what is read gets through."""
    failing = mock.Mock(side_effect=LogUnavailable("disk full"))
    log = site.consent.runtime.log
    with mock.patch.multiple(log, append=failing, snapshot=failing, artifact=failing):
        yield


def text_of(reply: httpx.Response) -> str:
    """What a valid page says."""
    html5lib.HTMLParser(strict=True).parse(reply.text)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", reply.text)))
