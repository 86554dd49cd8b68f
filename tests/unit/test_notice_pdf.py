"""A version of the notice as PDF, and what is said where none can be made."""

from __future__ import annotations

import builtins
import json
import re
import shutil
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from consent.errors import NoticeError
from consent.notice import pdf
from tests.unit.shop_site import PATHS, open_shop, set_clock
from tests.unit.small_site import Make, Site
from tests.unit.terminal import enter, publish, set_up, terminal

IMMUTABLE = "public, max-age=31536000, immutable"
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


def test_a_version_is_given_as_a_pdf_that_can_be_heard(shop: Site) -> None:
    """PDF/UA-1: tagged, with its language; links lead to the site, from wherever it is read."""
    response = shop.client().get("/sv/dataskydd/2026.2.pdf")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/pdf"
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


def test_a_pdf_that_is_made_when_it_is_asked_for_is_not_kept_for_good(shop: Site) -> None:
    """Another release, or other fonts, make other bytes; what was frozen stays as it is."""
    for kind, control in (("pdf", "public, max-age=300"), ("md", IMMUTABLE)):
        response = shop.client().get(f"/tietosuojaseloste/2026.1.{kind}")
        assert response.headers["cache-control"] == control


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Path, str]:
    """A site whose first version was published from the command line; what that said."""
    enter(monkeypatch, tmp_path)
    run = terminal(capsys)
    set_up(run, tmp_path)
    code, out, _ = publish(run, tmp_path)
    assert code == 0
    return tmp_path / "notices/privacy/2026.1", out


def test_a_version_is_published_with_its_pdfs_under_its_hash(
    folder: tuple[Path, str], make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point 6: what one prints and hands over is a part of what was frozen, and is never remade."""
    place, told = folder
    assert "PDF: fi, sv, en\n" in told
    languages = json.loads((place / "manifest.json").read_bytes())["languages"]
    monkeypatch.setattr("consent.notice.pdf.as_pdf", None)
    site = make_site()
    set_clock(site, datetime(2090, 1, 1, tzinfo=UTC))
    client = site.client()
    for lang, path in PATHS.items():
        response = client.get(f"{path}/2026.1.pdf")
        assert response.content == (place / f"{lang}.pdf").read_bytes()
        assert response.headers["cache-control"] == IMMUTABLE
        assert sha256(response.content).hexdigest() == languages[lang]["pdf"]
        facts = client.get(f"{path}/2026.1.json").json()
        assert facts["pdf"]["sha256"] == languages[lang]["pdf"]
        assert f'"contentUrl": "https://www.example.fi{path}/2026.1.pdf"' in client.get(path).text


def test_the_pdfs_of_a_version_are_kept_in_the_log(
    folder: tuple[Path, str], make_site: Make
) -> None:
    """DESIGN 9: the server takes the whole package into the artifacts at its start."""
    place, _ = folder
    log = make_site().consent.runtime.log
    for lang in PATHS:
        body = (place / f"{lang}.pdf").read_bytes()
        assert log.artifact(sha256(body).hexdigest()) == ("application/pdf", body)


def test_a_pdf_that_is_not_the_one_that_was_published_stops_the_start(
    folder: tuple[Path, str], make_site: Make
) -> None:
    place, _ = folder
    (place / "sv.pdf").write_bytes(b"%PDF-")
    with pytest.raises(NoticeError, match=r"2026\.1/sv\.pdf: the file is not the one"):
        make_site()
    (place / "sv.pdf").unlink()
    with pytest.raises(NoticeError, match=r"2026\.1/sv\.pdf: the file is missing"):
        make_site()


def test_publishing_again_keeps_the_pdfs_and_without_the_library_there_are_none(
    folder: tuple[Path, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever publishes the same text on a machine without Pango gets the same version."""
    place, _ = folder
    before = {file.name: file.read_bytes() for file in place.iterdir()}
    monkeypatch.setattr("consent.notice.pdf.find_spec", lambda name: None)
    run = terminal(capsys)
    assert publish(run, place.parents[2])[0] == 0
    assert {file.name: file.read_bytes() for file in place.iterdir()} == before
    shutil.rmtree(place)
    code, out, _ = publish(run, place.parents[2])
    assert (
        code,
        "PDF: none is frozen; that needs pip install 'jackbot-consent[pdf]' and Pango" in out,
    ) == (0, True)
    assert not list(place.glob("*.pdf"))


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
    assert "install jackbot-consent[pdf] and Pango" in caplog.text


def test_a_history_offers_pdfs_only_where_they_can_be_made(
    shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = 'href="/tietosuojaseloste/2026.1.pdf"'
    assert address in shop.client().get("/tietosuojaseloste/historia").text
    shop.consent.runtime.pages.clear()
    monkeypatch.setattr("consent.notice.pdf.find_spec", lambda name: None)
    assert address not in shop.client().get("/tietosuojaseloste/historia").text
