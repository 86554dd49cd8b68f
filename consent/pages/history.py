"""The history of the notice and of what is declared, and what was in force on a day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs

from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from ..browser.edition import Edition
from ..declaration import Declaration
from ..errors import LogError, NoticeError
from ..log import Log
from ..notice.declared import Change, Deployment, declared_changes
from ..notice.history import day_lines, history_context, on_day, read_day
from ..texts import texts
from ..texts.dates import date_in_words
from .notice import addresses, cached, known, shown, since, version_page
from .notice_files import kinds
from .runtime import Runtime


def history(
    runtime: Runtime, edition: Edition, scope: Scope, lang: str, note: str = ""
) -> Response:
    """The page of the history; with a note, of what was asked for and is not there, as a 404."""
    where = addresses(runtime)
    context = history_context(
        runtime.shelf.packages,
        lang,
        runtime.now(),
        zone=runtime.settings.site.timezone,
        address=where,
        declared=_declared(runtime, lang),
        files=kinds,
        redline=lambda package, la: since(runtime, package, la),
        site_name=runtime.settings.site.name,
        back=where(None, lang),
        stylesheet=edition.address("notice.css"),
        note=note,
    )
    body = runtime.interface.render("history.html", **context).encode()
    if note or context["unreadable"]:
        headers = {"cache-control": "private, no-store"}
        status = 404 if note else 200
        return Response(body, status, headers, media_type="text/html; charset=utf-8")
    return cached(scope, body, "text/html; charset=utf-8", "private, no-cache")


def day(runtime: Runtime, edition: Edition, scope: Scope, lang: str, rest: str) -> Response:
    """What was in force on a day: that version, which says so; `rest` is the end of the path."""
    where, say = addresses(runtime), texts(lang, "history")["day"]
    if not rest:
        given = _query(scope).get("day")
        # A page that is not there says what is wrong with the day.
        if given and (asked := read_day(given)):
            return _to(where.day(lang, asked))
        if given is None:
            return _to(where.history(lang))
    found = read_day(rest)
    if found is None:
        return history(runtime, edition, scope, lang, say["bad"])
    zone, now = runtime.settings.site.timezone, runtime.now()
    then = on_day(runtime.shelf.packages, found, zone, now)
    own = shown(runtime, then.package, lang) if then.package else None
    if then.package is None or own is None:
        note = say["none"].format(date=date_in_words(found, lang))
        return history(runtime, edition, scope, lang, note)
    said = day_lines(then, found, now.astimezone(zone).date(), own, where)
    return version_page(runtime, edition, scope, lang, then.package, said)


def pair(runtime: Runtime, scope: Scope, lang: str) -> Response:
    """Lead from the form that asks for two versions to where they are compared."""
    where, query = addresses(runtime), _query(scope)
    chosen = [known(runtime, query.get(name, ""), lang) for name in ("from", "to")]
    found = sorted((p for p in chosen if p), key=lambda p: p.number)
    return _to(where.changes(lang, *found) if len(found) == 2 else where.history(lang))


def _query(scope: Scope) -> dict[str, str]:
    fields = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
    return {name: values[0] for name, values in fields.items()}


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


def _declared(runtime: Runtime, lang: str) -> list[Change] | None:
    """What each deployment changed; None while the log cannot be read, or does not agree."""
    try:
        runtime.record()  # what is shown now is a part of it
        return declared_changes(_deployments(runtime.log), lang)
    except (LogError, NoticeError):
        return None


def _deployments(log: Log) -> Iterator[Deployment]:
    """The declarations of a log, oldest first; one that has expired is left out (R129)."""
    last = ""
    for _, body in log.bodies("declaration"):
        entry = json.loads(body)
        if entry["declaration"] == last:
            continue
        last = entry["declaration"]
        if (kept := log.artifact(last)) is not None:
            moment = datetime.strptime(entry["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            yield Deployment(moment, Declaration.read(kept[1]))
