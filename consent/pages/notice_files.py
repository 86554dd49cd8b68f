"""The files of a notice's version: what was frozen, byte for byte, and the same for programs."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Scope

from ..browser.edition import Edition
from ..notice.addresses import FORMATS
from ..notice.lifecycle import HELD, state
from ..notice.package import Package, pdf_file
from ..notice.pdf import offered, version_pdf
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
_OFFERED = (("md", "Markdown"), ("json", "JSON"))
_PDF = (("pdf", "PDF"),)


def asked(runtime: Runtime, name: str, lang: str) -> tuple[Package, str] | None:
    """The version and the kind of file that the last part of a path names, 2026.1.md."""
    from .notice import known

    number, _, kind = name.rpartition(".")
    package = known(runtime, number, lang) if kind in FORMATS else None
    return (package, kind) if package else None


def answer(
    runtime: Runtime, edition: Edition, scope: Scope, lang: str, package: Package, kind: str
) -> Response:
    """Serve a file, which never changes and may be kept for good.

    But for a PDF that is made here and now, which may look otherwise where something else makes it.
    """
    from .history import history
    from .notice import SHORT, addresses, cached, memento

    body, control = package.files.get(f"{lang}.{kind}"), YEAR
    if kind == "json":
        body = version_json(package, lang, addresses(runtime, absolute=True))
    elif body is None:
        body, control = _pdf(runtime, lang, package), SHORT
    if body is None:
        return history(runtime, edition, scope, lang, texts(lang, "history")["pdf"]["missing"])
    response = cached(scope, body, _MEDIA[kind], control)
    where = addresses(runtime)
    response.headers["x-content-type-options"] = "nosniff"
    # The page is what people are to find; it is canonical for its files.
    response.headers["x-robots-tag"] = "noindex"
    response.headers["link"] = f'<{where(package, lang)}>; rel="canonical"'
    if state(package, runtime.shelf.packages, runtime.now()) in HELD:
        response.headers["memento-datetime"] = memento(package)
    return response


def kinds(package: Package, lang: str) -> tuple[tuple[str, str], ...]:
    """The kinds of files that readers are offered of a version, as (kind, name)."""
    pdf = pdf_file(lang) in package.files or offered()
    return (*_PDF, *_OFFERED) if pdf else _OFFERED


def _pdf(runtime: Runtime, lang: str, package: Package) -> bytes | None:
    from .notice import addresses

    return version_pdf(
        package,
        lang,
        render=runtime.interface.render,
        css=runtime.interface.assets["notice.css"][1].decode(),
        address=addresses(runtime, absolute=True),
        site_name=runtime.settings.site.name,
    )
