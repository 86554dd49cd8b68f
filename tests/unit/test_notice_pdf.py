"""A version of the notice as PDF, and what is said where none can be made."""

from __future__ import annotations

import builtins
import re
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from consent.notice import pdf
from tests.unit.shop_site import PATHS, open_shop
from tests.unit.small_site import Make, Site

MADE = datetime(2026, 6, 1, tzinfo=UTC)
PAGE = '<html lang="fi"><head><title>Seloste</title></head><body><h1>Seloste</h1>{}</body></html>'
MISSING = {
    "fi": "Tällä sivustolla ei tehdä PDF-tiedostoja.",
    "sv": "Den här webbplatsen gör inga PDF-filer.",
    "en": "This site makes no PDF files.",
}


def inside(body: bytes) -> bytes:
    """What the compressed streams of a PDF hold."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", body, re.DOTALL)
    found = []
    for stream in streams:
        with suppress(zlib.error):
            found.append(zlib.decompress(stream))
    return b"\n".join(found)


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_shop(tmp_path, make_site)


def test_a_version_is_given_as_a_pdf_that_can_be_heard_and_kept_for_good(shop: Site) -> None:
    """PDF/UA-1: tagged, with its language; links lead to the site, from wherever it is read."""
    response = shop.client().get("/sv/dataskydd/2026.2.pdf")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    body = response.content
    assert body.startswith(b"%PDF-")
    held = body + inside(body)
    assert b"/StructTreeRoot" in held
    assert b"/Lang (sv)" in held
    assert b"https://www.example.fi/choices/sv" in held
    again = shop.client().get(
        "/sv/dataskydd/2026.2.pdf", headers={"if-none-match": response.headers["etag"]}
    )
    assert again.status_code == 304


def test_the_same_version_makes_the_same_bytes_in_every_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = pdf.as_pdf(PAGE.format("<p>Teksti</p>"), "", MADE, "https://www.example.fi")
    pdf._made.cache_clear()
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    assert pdf.as_pdf(PAGE.format("<p>Teksti</p>"), "", MADE, "https://www.example.fi") == first
    assert pdf.as_pdf(PAGE.format("<p>Muu</p>"), "", MADE, "https://www.example.fi") != first


def test_a_pdf_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    """Whatever an editor finds a way to write in: no file of the server's, and no host."""
    dot = tmp_path / "dot.svg"
    dot.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>LEAK</text></svg>', "utf-8")
    sheet = tmp_path / "sheet.css"
    sheet.write_text('p::after { content: "LEAK" }', "utf-8")
    plain = pdf.as_pdf(PAGE.format("<p>a</p>"), "", MADE, "https://a.example")
    for more in (
        f'<img src="{dot.as_uri()}" alt="">',
        f'<link rel="stylesheet" href="{sheet.as_uri()}">',
    ):
        made = pdf.as_pdf(PAGE.format(f"<p>a</p>{more}"), "", MADE, "https://a.example")
        assert made is not None
        assert plain is not None
        assert abs(len(made) - len(plain)) < 100


@pytest.mark.parametrize("error", [ImportError("none"), OSError("cannot load pango")])
@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_without_the_library_a_reader_is_told_what_to_do(
    shop: Site,
    lang: str,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In the language of the path; who runs the site reads in its log what is missing."""

    def fail(name: str, *rest: object, **more: object) -> object:
        if name == "weasyprint":
            raise error
        return real(name, *rest, **more)

    real = builtins.__import__
    pdf._made.cache_clear()
    pdf._library.cache_clear()
    monkeypatch.setattr(builtins, "__import__", fail)
    try:
        response = shop.client().get(f"{PATHS[lang]}/2026.2.pdf")
    finally:
        monkeypatch.undo()
        pdf._made.cache_clear()
        pdf._library.cache_clear()
    assert response.status_code == 404
    assert MISSING[lang] in response.text
    assert "install consent[pdf] and Pango" in caplog.text


def test_a_history_offers_pdfs_only_where_they_can_be_made(
    shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = 'href="/tietosuojaseloste/2026.1.pdf"'
    assert address in shop.client().get("/tietosuojaseloste/historia").text
    shop.consent.runtime.pages.clear()
    monkeypatch.setattr("consent.notice.pdf.find_spec", lambda name: None)
    assert address not in shop.client().get("/tietosuojaseloste/historia").text
