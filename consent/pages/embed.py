"""One embed, shown once without script: a page of our own at an address that we signed.

It is not a consent: nothing is stored and nothing is recorded.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from ..browser.edition import Edition
from ..browser.embeds import size as size_of
from ..browser.embeds import view_box
from ..texts import texts
from .answers import missing
from .forms import way
from .runtime import Runtime
from .settings import PRIVATE


def once(runtime: Runtime, edition: Edition, scope: Scope) -> Response:
    """The page of one embed; 404 for an address that we did not sign."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    found = runtime.embeds.read(query.get("e", [""])[0])
    if found is None:
        return missing(runtime, edition, scope)
    name, lang, inner, back = found
    body = Markup(inner.decode("utf-8", "replace"))  # noqa: S704 - signed by us
    t = texts(lang)
    service = next((s for s in edition.declaration.services if s.id == name), None)
    size = size_of(inner)
    html = runtime.interface.render(
        "embed.html",
        **edition.context(lang),
        title=service.name if service else t["settings"]["title"],
        embed=body,
        size=size,
        box=view_box(size),
        back=way(back, scope),
    )
    return HTMLResponse(html, headers=PRIVATE)
