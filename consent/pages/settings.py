"""The settings: the same template as a page and inside a dialog, and the state for the script."""

from __future__ import annotations

import json
import secrets
from hashlib import sha256
from urllib.parse import parse_qs, quote, urlsplit

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from ..browser.edition import Edition
from ..choice import Choice
from ..notice.cookies import cookie_table
from ..signal import VARY, titles
from ..texts import texts
from . import withdrawal
from .assets import not_modified
from .forms import way
from .plans import strip
from .runtime import Runtime

PRIVATE = {"cache-control": "private, no-store", "vary": ", ".join(VARY)}


def page(runtime: Runtime, edition: Edition, choice: Choice, lang: str, scope: Scope) -> Response:
    """The settings of one visitor, as they stand (R26-R28); `part=1` is what a dialog shows.

    `only` names a category that alone is asked about, as a placeholder does (R18).
    """
    query = parse_qs(scope["query_string"].decode("latin-1"))
    back = way(query.get("return", [""])[0], scope)
    return render(
        runtime,
        edition,
        choice,
        lang,
        back=back,
        only=query.get("only", [""])[0],
        part="part" in query,
        saved="saved" in query,
        gone=tuple(query.get("gone", [""])[0].split()),
    )


def render(
    runtime: Runtime,
    edition: Edition,
    choice: Choice,
    lang: str,
    *,
    back: str,
    only: str = "",
    part: bool = False,
    saved: bool = False,
    message: str = "",
    status: int = 200,
    gone: tuple[str, ...] = (),
) -> Response:
    """Render the settings; `message` tells what could not be done, `gone` what was withdrawn."""
    optional = edition.rules.optional
    granted = [c for c in optional if choice.allows(c)]
    asked = (only,) if only in optional else optional
    html = runtime.interface.render(
        "_settings.html" if part else "settings.html",
        **edition.context(lang),
        title=texts(lang)["settings"]["title"],
        h="h2" if part else "h1",
        token=secrets.token_urlsafe(16),
        # Without script the answer comes back to this page, and says that it was saved.
        return_path=back
        if part or asked != optional
        else f"{edition.settings.prefix}/{lang}?saved=1&return={quote(back, safe='/')}",
        back=back,
        asked=" ".join(asked),
        method="settings" if asked == optional else "placeholder",
        rows=edition.rows(lang, granted, asked, edition.added(lang, choice)),
        chosen=any(state != "unset" for state in choice.states.values()),
        signalled=edition.names(choice.signalled, lang),
        signal=titles(choice.signal),
        consent_id=choice.stored.consent_id if granted else "",
        items=Markup(cookie_table(edition.declaration, lang)),  # noqa: S704 - escaped there
        saved=saved,
        message=message,
        foreign=withdrawal.staying(runtime, gone, scripted=False),
        part=part,
    )
    return HTMLResponse(html, status, PRIVATE)


def way_from(edition: Edition, back: str, scope: Scope) -> str:
    """The page behind a way back: that of the settings page leads to itself, saying "saved"."""
    place = urlsplit(back)
    if place.path not in {f"{edition.settings.prefix}/{lang}" for lang in edition.languages}:
        return back
    return way(parse_qs(place.query).get("return", [""])[0], scope)


def state(runtime: Runtime, edition: Edition, choice: Choice, scope: Scope) -> Response:
    """What the script needs to know of this visitor, for a page that was not made for them now.

    With `lang`, for pages that are the same for everybody, it holds what the visitor is asked or
    told in that language, without token and way back, and the browser keeps it.
    """
    content: dict[str, object] = {"allowed": sorted(choice.allowed), "asked": list(choice.asked)}
    content |= edition.told(choice)
    query = parse_qs(scope["query_string"].decode("latin-1"))
    lang = query.get("lang", [""])[0]
    if lang not in edition.languages:
        return Response(json.dumps(content), media_type="application/json", headers=PRIVATE)
    if choice.asked:
        content["banner"] = edition.banner(lang, choice, flow=False).fill(b"", b"/").decode()
    elif (told := runtime.announcement(choice)) is not None:
        content["banner"] = strip(runtime, edition, lang, told).fill(b"", b"/").decode()
    body = json.dumps(content).encode()
    etag = f'"{sha256(body).hexdigest()[:16]}"'
    headers = {**PRIVATE, "cache-control": "private, no-cache", "etag": etag}
    if not_modified(scope, etag):
        return Response(status_code=304, headers=headers)
    if choice.asked:
        runtime.note_shown(lang)
    return Response(body, media_type="application/json", headers=headers)
