"""A version of the notice as PDF, by WeasyPrint, which the extra `[pdf]` brings.

The same input gives the same bytes. Made at publication, to be a part of the version; or for one
that has none when somebody asks first, and kept in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache, lru_cache
from hashlib import sha256
from importlib.util import find_spec
from threading import Lock
from typing import Any

from ..structured import event
from .addresses import Addresses
from .package import Package, pdf_file
from .shell import pdf_context

logger = logging.getLogger("consent")

Printing = Callable[[Package, str], bytes | None]
"""Makes the PDF of one language of a version; None where it cannot."""

_LOCK = Lock()
_MOST = 64
_PAPER = """
@page { size: A4; margin: 20mm 18mm; font: 8pt "Noto Sans", "DejaVu Sans", sans-serif; color: #444;
  @bottom-left { content: string(title) ", " string(version) }
  @bottom-right { content: counter(page) " / " counter(pages) } }
h1 { string-set: title content() }
.vc-notice-version { string-set: version content() }
.vc-notice-page { font-family: "Noto Sans", "DejaVu Sans", sans-serif }
.vc-notice, .vc-notice-top { --vc-line: #ccc; --vc-tint: #f4f4f4; --vc-measure: 100% }
.vc-notice-text caption { font-weight: bold }
.vc-notice-text table { table-layout: fixed; overflow-wrap: break-word }
.vc-notice-text .vc-wide thead th:nth-child(4) { width: 14% }
.vc-notice-text .vc-wide thead th:last-child { width: 17% }
"""


def offered() -> bool:
    """Whether there is a library to make PDFs with."""
    return find_spec("weasyprint") is not None


def version_pdf(
    package: Package,
    lang: str,
    *,
    render: Callable[..., str],
    css: str,
    address: Addresses,
    site_name: str,
) -> bytes | None:
    """Make the PDF of one language of a version; None without the library.

    `render` fills a template, `css` is the stylesheet of notices, `address` gives absolute ones.
    """
    context = pdf_context(package, lang, address=address, site_name=site_name)
    html = render("notice_pdf.html", **context)
    return as_pdf(html, css, package.announced_at, address.origin)


def printed(package: Package, printing: Printing) -> dict[str, bytes]:
    """Make the PDFs of a version by language, as far as that can be done."""
    made = {lang: printing(package, lang) for lang in package.renditions}
    return {lang: body for lang, body in made.items() if body is not None}


def frozen_pdfs(package: Package) -> dict[str, bytes]:
    """The PDFs that are a part of a version, by language."""
    names = {lang: pdf_file(lang) for lang in package.renditions}
    return {lang: package.files[name] for lang, name in names.items() if name in package.files}


def as_pdf(html: str, css: str, made: datetime, origin: str) -> bytes | None:
    """Give a whole page as PDF/UA-1, to be read by a screen reader too; None without the library.

    `css` is all its styles: nothing is fetched from anywhere. `made` is the moment (UTC) that the
    document says it is of, `origin` where its links begin. It takes a second of computing for ten
    pages, so call it in a thread.
    """
    with _LOCK:  # who asks for the same meanwhile gets what is made now
        return _made(html, css, made, origin)


@lru_cache(maxsize=_MOST)
def _made(html: str, css: str, made: datetime, origin: str) -> bytes | None:
    library = _library()
    if library is None:
        return None
    with _quiet():
        return _written(library, html, css, made, origin)


def _written(library: Any, html: str, css: str, made: datetime, origin: str) -> bytes:
    # Names the document by what it is made of, where there would be a random number.
    identifier = sha256(f"{html}{css}".encode()).digest()[:16]
    nothing = library.urls.URLFetcher(allowed_protocols=())
    page = library.HTML(string=html, base_url=origin, url_fetcher=nothing)
    sheets = [library.CSS(string=part, url_fetcher=nothing) for part in (css, _PAPER)]
    moment = f"{made:%Y-%m-%dT%H:%M:%SZ}"
    document = page.render(stylesheets=sheets, pdf_variant="pdf/ua-1", pdf_tags=True)
    document.metadata.created = document.metadata.modified = moment
    written = document.write_pdf(pdf_identifier=identifier, pdf_variant="pdf/ua-1", pdf_tags=True)
    return bytes(written)


@contextmanager
def _quiet() -> Iterator[None]:
    # That it does not know what only a browser draws is no news to whoever runs the site.
    teller = logging.getLogger("weasyprint")
    level = teller.level
    teller.setLevel(logging.ERROR)
    try:
        yield
    finally:
        teller.setLevel(level)


@cache
def _library() -> Any:
    try:
        import weasyprint
    except (ImportError, OSError) as error:  # without Pango, the library that it draws with
        words = "no PDF of the notice can be made: %s; install jackbot-consent[pdf] and Pango"
        logger.warning(words, error, extra=event("pdf-unavailable"))
        return None
    return weasyprint
