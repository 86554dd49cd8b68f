"""The files of a notice's version: what was frozen, byte for byte, and the same as JSON or PDF."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Scope

from ..browser.edition import Edition
from ..notice.addresses import FORMATS
from ..notice.lifecycle import HELD, state
from ..notice.package import Package
from ..notice.pdf import as_pdf
from ..notice.shell import pdf_context
from ..notice.structured_data import version_json
from ..texts import texts
from .assets import YEAR
from .runtime import Runtime

_MEDIA = {
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
}


def asked(runtime: Runtime, name: str, lang: str) -> tuple[Package, str] | None:
    """The version and the kind of file that the last part of a path names, 2026.1.md."""
    from .notice import known

    number, _, kind = name.rpartition(".")
    package = known(runtime, number, lang) if kind in FORMATS else None
    return (package, kind) if package else None


def answer(
    runtime: Runtime, edition: Edition, scope: Scope, lang: str, package: Package, kind: str
) -> Response:
    """Serve a file, which never changes and may be kept for good."""
    from .history import history
    from .notice import addresses, cached, memento

    body: bytes | None
    if kind == "json":
        body = version_json(package, lang, addresses(runtime, absolute=True))
    elif kind == "pdf":
        body = _pdf(runtime, lang, package)
    else:
        body = package.files[f"{lang}.{kind}"]
    if body is None:
        return history(runtime, edition, scope, lang, texts(lang, "history")["pdf"]["missing"])
    response = cached(scope, body, _MEDIA[kind], YEAR)
    where = addresses(runtime)
    response.headers["x-content-type-options"] = "nosniff"
    # The page is what people are to find; it is canonical for its files.
    response.headers["x-robots-tag"] = "noindex"
    response.headers["link"] = f'<{where(package, lang)}>; rel="canonical"'
    if state(package, runtime.shelf.packages, runtime.now()) in HELD:
        response.headers["memento-datetime"] = memento(package)
    return response


def _pdf(runtime: Runtime, lang: str, package: Package) -> bytes | None:
    from .notice import addresses

    html = runtime.interface.render(
        "notice_pdf.html",
        **pdf_context(
            package,
            lang,
            address=addresses(runtime, absolute=True),
            site_name=runtime.settings.site.name,
        ),
    )
    css = runtime.interface.assets["notice.css"][1].decode()
    return as_pdf(html, css, package.announced_at, runtime.settings.site.origins[0])
