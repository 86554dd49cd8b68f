"""The replies to a visitor's form: a way back for a browser, JSON for the script."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import replace
from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope

from ..browser.edition import Edition
from ..choice import Choice
from ..notice.number import VersionNumber
from ..texts import texts
from . import receipt, settings, withdrawal
from .decide import Outcome, decide
from .forms import BadForm, fields_of, home, language, read_form, same_origin, way
from .limits import client
from .notice import is_notice
from .runtime import Runtime

NO_STORE = {"cache-control": "no-store"}

_NAME = re.compile(rb"[!-:<-~]+")


def missing(runtime: Runtime, edition: Edition, scope: Scope) -> Response:
    """The page for an address of ours at which there is nothing, in the reader's language."""
    lang = language(fields_of(scope), edition.languages)
    return message(runtime, edition, scope, lang, "missing", 404)


def message(
    runtime: Runtime,
    edition: Edition,
    scope: Scope,
    lang: str,
    error: str,
    status: int,
    *,
    linked: bool = False,
) -> Response:
    """A page that says what could not be done, and leads back.

    `linked` tells that it gets its settings link as the pages of the site do.
    """
    t = texts(lang)
    title = t["error"]["missing"] if error == "missing" else t["error"]["heading"]
    html = runtime.interface.render(
        "message.html",
        **edition.context(lang),
        title=title,
        message="" if error == "missing" else t["error"][error],
        back=home(scope),
        linked=linked,
    )
    return HTMLResponse(html, status, settings.PRIVATE)


async def decided(
    runtime: Runtime, edition: Edition, choice: Choice, scope: Scope, receive: Receive
) -> Response:
    """Answer a decision: without script by going back, with it by what is allowed from now on."""
    headers = fields_of(scope)
    scripted = b"application/json" in headers.get(b"accept", b"")
    lang = language(headers, edition.languages)
    form = await _form(runtime, receive, headers)
    if isinstance(form, str):
        status = 403 if form == "origin" else 400
        return _failed(runtime, edition, scope, lang, form, status, scripted=scripted)
    if form.get("lang") in edition.languages:
        lang = form["lang"]
    outcome = await decide(
        runtime,
        edition,
        choice,
        form,
        address=client(scope.get("client"), headers, runtime.settings.site.trusted_proxies),
    )
    if outcome.error == "form":
        return _failed(runtime, edition, scope, lang, "form", 400, scripted=scripted)
    if not outcome.error and _asks_anew(edition, form, outcome.choice):
        outcome = replace(outcome, error="stale", status=409)
    back = way(form.get("return", ""), scope)
    if scripted:
        content = _content(runtime, edition, outcome, lang, back)
        if outcome.error == "stale":
            content |= _renewed(runtime, edition, outcome.choice, lang, form, back)
        response = _json(content, outcome.status)
    elif outcome.error:
        response = settings.render(
            runtime,
            edition,
            outcome.choice,
            lang,
            back=settings.way_from(edition, back, scope),
            message=texts(lang)["error"][outcome.error],
            status=outcome.status,
        )
    else:
        response = await _way_on(runtime, edition, outcome, lang, form, back, scope)
    response.raw_headers.extend(outcome.headers)
    host = headers.get(b"host", b"").decode("latin-1").rpartition("@")[2].partition(":")[0].lower()
    after, gone = outcome.choice, outcome.withdrawn
    response.raw_headers += withdrawal.expired(runtime, after, gone, host, _cookie_names(scope))
    if runtime.settings.enforcement.clear_site_data and withdrawal.is_full(after, gone):
        response.raw_headers.append(withdrawal.CLEAR_SITE_DATA)
    return response


async def _way_on(
    runtime: Runtime,
    edition: Edition,
    outcome: Outcome,
    lang: str,
    form: dict[str, str],
    back: str,
    scope: Scope,
) -> Response:
    """Back to where the visitor was; first the receipt, where none can be given later (R43)."""
    if outcome.record and not outcome.held:
        place = settings.way_from(edition, back, scope)
        if (page := await receipt.reply(runtime, edition, outcome, lang, back=place)) is not None:
            return page
    elif outcome.record and form.get("method") == "banner":
        # To allow takes no fewer presses than to refuse, until the page is back (R4).
        return RedirectResponse(receipt.first(edition, lang, back), 303, NO_STORE)
    if outcome.withdrawn and form.get("method") == "settings":
        back += ("&" if "?" in back else "?") + urlencode({"gone": " ".join(outcome.withdrawn)})
    return RedirectResponse(back, 303, NO_STORE)


async def dismissed(
    runtime: Runtime, edition: Edition, choice: Choice, scope: Scope, receive: Receive
) -> Response:
    """Note in the choice cookie that a change was seen; every answer keeps its day (R82, R83)."""
    headers = fields_of(scope)
    scripted = b"application/json" in headers.get(b"accept", b"")
    lang = language(headers, edition.languages)
    form = await _form(runtime, receive, headers)
    if isinstance(form, str):
        status = 403 if form == "origin" else 400
        return _failed(runtime, edition, scope, lang, form, status, scripted=scripted)
    package = runtime.shelf.version(form.get("version", ""))
    response: Response
    if scripted:
        response = Response('{"dismissed":true}', media_type="application/json")
    else:
        response = RedirectResponse(way(form.get("return", ""), scope), 303)
    response.headers["cache-control"] = "no-store"
    stored = choice.stored
    if package and stored.answers and package.announced_at <= runtime.now():
        # An old page may still show the strip of an older version.
        before = VersionNumber.read(stored.seen)
        number = max(before, package.number) if before else package.number
        stored = replace(stored, seen=str(number))
        response.raw_headers.append(runtime.cookie.header(stored, runtime.today))
    return response


async def _form(
    runtime: Runtime, receive: Receive, headers: dict[bytes, bytes]
) -> dict[str, str] | str:
    """The form of a request from this site (R118), or the name of the text that says why not."""
    if not same_origin(headers, runtime.settings.site.origins):
        return "origin"
    try:
        return await read_form(receive, headers)
    except BadForm:
        return "form"


def _asks_anew(edition: Edition, form: dict[str, str], choice: Choice) -> bool:
    """Whether a form showed something else than now, of which a part is therefore still open."""
    open_still = set(form.get("asked", "").split()).intersection(choice.asked)
    return form.get("shown", "") not in edition.shown and bool(open_still)


def _renewed(
    runtime: Runtime,
    edition: Edition,
    choice: Choice,
    lang: str,
    form: dict[str, str],
    back: str,
) -> dict[str, str]:
    """What takes the place of an outdated form in the page; a placeholder's place stays."""
    text = texts(lang)["error"]["stale"]
    match form.get("method"):
        case "banner" if choice.asked:
            flow = is_notice(runtime, back.partition("?")[0])
            banner = edition.banner(lang, choice, flow=flow, message=text)
            token = secrets.token_urlsafe(16).encode()
            return {"form": banner.fill(token, back.encode()).decode()}
        case "settings":
            part = settings.render(
                runtime, edition, choice, lang, back=back, part=True, message=text
            )
            return {"form": bytes(part.body).decode()}
    return {}


def _failed(
    runtime: Runtime,
    edition: Edition,
    scope: Scope,
    lang: str,
    error: str,
    status: int,
    *,
    scripted: bool,
) -> Response:
    if not scripted:
        return message(runtime, edition, scope, lang, error, status)
    return _json({"error": texts(lang)["error"][error]}, status)


def _content(
    runtime: Runtime, edition: Edition, outcome: Outcome, lang: str, back: str
) -> dict[str, object]:
    t = texts(lang)
    content: dict[str, object] = {
        "allowed": sorted(outcome.choice.allowed),
        "asked": list(outcome.choice.asked),
        "status": t["settings"]["saved"],
        **edition.told(outcome.choice, withdrawn=bool(outcome.withdrawn)),
    }
    if outcome.error:
        content["error"] = t["error"][outcome.error]
    told = receipt.told(runtime, edition, outcome, lang)
    page, sealed = told.get("page", ""), told.get("sealed", "")
    if told:
        content["receipt"] = told
    if outcome.withdrawn:
        content["box"] = runtime.interface.render(
            "saved.html",
            **edition.context(lang),
            foreign=withdrawal.staying(runtime, outcome.withdrawn, scripted=True),
            position=edition.settings.banner.position,
            receipt=page,
            sealed=sealed,
            return_path=back,
            return_query=quote(back, safe="/"),
        )
        if clear := withdrawal.clearing(runtime, edition, outcome.choice):
            content["clear"] = clear
    elif told:
        note = edition.note(lang, page, sealed=bool(sealed))
        content["note"] = note.fill(sealed.encode(), back.encode()).decode()
    return content


def _json(content: dict[str, object], status: int) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(json.dumps(content), status, headers, "application/json")


def _cookie_names(scope: Scope) -> set[str]:
    fields = [value for key, value in scope["headers"] if key == b"cookie"]
    pairs = (pair.partition(b"=") for pair in b";".join(fields).split(b";"))
    names = (name.strip(b" \t") for name, equals, _ in pairs if equals)
    return {name.decode("ascii") for name in names if _NAME.fullmatch(name)}
