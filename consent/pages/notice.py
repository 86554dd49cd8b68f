"""The notice: in force at its path, every version at a permanent address, and the feed.

    /tietosuojaseloste              the version in force, or a draft where drafts may be shown
    /tietosuojaseloste/2026.1       a version, for good (R77)
    /tietosuojaseloste/feed.atom    the versions as an Atom feed
    /tietosuojaseloste/versions.json
    /tietosuojaseloste/muutokset/2026.1..2026.2    two versions compared, word for word

A page is rendered when its version, state or edition is first asked for and then served from
memory with a strong ETag.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Scope

from ..browser.edition import Edition
from ..errors import NoticeError
from ..notice.comparison import redline_between
from ..notice.feed import atom, feed_updated, versions_json
from ..notice.package import Package
from ..notice.preview import preview
from ..notice.shell import draft_context, notice_context, redline_context, version_side
from ..texts import texts
from .assets import not_modified
from .forms import home
from .runtime import Runtime

_FEED, _JSON = "/feed.atom", "/versions.json"
_CHANGES = {"fi": "/muutokset", "sv": "/andringar", "en": "/changes"}


def is_notice(runtime: Runtime, path: str) -> bool:
    """Whether a path is that of a notice."""
    notices = runtime.settings.notices
    return notices is not None and any(
        path == own or path.startswith(own + "/") for own in notices.paths.values()
    )


def is_page(runtime: Runtime, path: str) -> bool:
    """Whether a path is that of the notice in force or of a version that is announced."""
    own, _, number = path.rpartition("/")
    notices = runtime.settings.notices
    paths = set(notices.paths.values()) if notices else set()
    package = runtime.shelf.version(number) if own in paths else None
    return path in paths or (package is not None and package.announced_at <= runtime.now())


def address(runtime: Runtime, package: Package | None, lang: str) -> str:
    """The permanent address of a version; of None, that of the version in force."""
    assert runtime.settings.notices is not None
    path = runtime.settings.notices.paths.get(lang, "")
    return f"{path}/{package.number}" if package else path


async def notice(runtime: Runtime, edition: Edition, scope: Scope) -> Response:
    """Answer a request for the notice."""
    notices = runtime.settings.notices
    assert notices is not None
    path = scope["path"]
    lang = next(la for la, p in notices.paths.items() if path == p or path.startswith(p + "/"))
    rest = path.removeprefix(notices.paths[lang])
    now = runtime.now()
    if rest == _FEED:
        return _feed(runtime, edition, lang, scope)
    if rest == _JSON:
        body = versions_json(
            runtime.shelf.packages, now, address=lambda p, la: _absolute(runtime, p, la)
        )
        return _cached(scope, body, "application/json", "public, max-age=300")
    if rest.startswith(changes := _changes(lang)):
        pair = rest.removeprefix(changes + "/").split("..")
        return await _comparison(runtime, edition, scope, lang, pair)
    package = runtime.shelf.version(rest[1:]) if rest else runtime.shelf.in_force(now)
    shown = package.shown(lang) if package and package.announced_at <= now else None
    if rest and shown is None:
        return _missing(runtime, edition, scope, lang)
    if package is None or shown is None:
        return await run_in_threadpool(_draft, runtime, edition, scope, lang)
    context = notice_context(
        package,
        shown,
        runtime.shelf.packages,
        now,
        asked=lang,
        address=partial(address, runtime),
        site_name=runtime.settings.site.name,
        back=home(scope),
        stylesheet=edition.address("notice.css"),
        feed=notices.paths[shown] + _FEED,
        redline=_since(runtime, package, shown),
    )
    body = runtime.interface.render("notice.html", **context).encode()
    response = _cached(scope, body, "text/html; charset=utf-8", "private, no-cache")
    links = context["links"]
    assert isinstance(links, list)
    response.headers["link"] = ", ".join(_link(link) for link in links)
    return response


def comparison_address(runtime: Runtime, before: Package, after: Package, lang: str) -> str:
    """The address at which two versions are compared."""
    changes = address(runtime, None, lang) + _changes(lang)
    return f"{changes}/{before.number}..{after.number}"


def _since(runtime: Runtime, package: Package, lang: str) -> str:
    before = runtime.shelf.version(str(package.predecessor))
    frozen = before is not None and package.renditions[lang].redline
    return comparison_address(runtime, before, package, lang) if before and frozen else ""


def _changes(lang: str) -> str:
    return _CHANGES.get(lang, _CHANGES["en"])


async def _comparison(
    runtime: Runtime, edition: Edition, scope: Scope, lang: str, pair: list[str]
) -> Response:
    """Two announced versions compared; in a thread, since long ones take a while at first."""
    found = [runtime.shelf.version(number) for number in pair]
    known = [p for p in found if p and p.announced_at <= runtime.now() and lang in p.renditions]
    if len(pair) != 2 or len(known) != 2:
        return _missing(runtime, edition, scope, lang)
    before, after = known
    body = await run_in_threadpool(redline_between, before, after, lang)
    told = after.renditions[lang].change if after.predecessor == before.number else ""
    where = partial(address, runtime)
    context = redline_context(
        body,
        lang,
        (version_side(before, lang, where), version_side(after, lang, where)),
        change=told,
        site_name=runtime.settings.site.name,
        back=where(None, lang),
        stylesheets=[edition.address("notice.css"), edition.address("redline.css")],
    )
    page = runtime.interface.render("redline.html", **context).encode()
    return _cached(scope, page, "text/html; charset=utf-8", "private, no-cache")


def _draft(runtime: Runtime, edition: Edition, scope: Scope, lang: str) -> Response:
    """The draft under its visible line, where drafts may be shown; else there is no notice."""
    notices, draft = runtime.settings.notices, runtime.shelf.draft
    assert notices is not None
    if draft is None or not notices.drafts:
        return _missing(runtime, edition, scope, lang)
    try:
        shown = preview(
            draft,
            languages=edition.languages,
            declaration=edition.declaration,
            settings_addresses={la: f"{edition.settings.prefix}/{la}" for la in edition.languages},
        )
    except NoticeError as error:
        return Response(str(error), 500, media_type="text/plain; charset=utf-8")
    context = draft_context(
        shown,
        shown.shown(lang),
        asked=lang,
        address=partial(address, runtime),
        site_name=runtime.settings.site.name,
        back=home(scope),
        stylesheet=edition.address("notice.css"),
    )
    body = runtime.interface.render("notice.html", **context)
    headers = {"cache-control": "private, no-store", "x-robots-tag": "noindex"}
    return Response(body, media_type="text/html; charset=utf-8", headers=headers)


def _feed(runtime: Runtime, edition: Edition, lang: str, scope: Scope) -> Response:
    origin, now = runtime.settings.site.origins[0], runtime.now()
    path = address(runtime, None, lang)
    body = atom(
        runtime.shelf.packages,
        now,
        lang=lang,
        title=f"{texts(lang)['banner']['notice']} – {runtime.settings.site.name}",
        author=runtime.settings.controller.name,
        feed_address=origin + path + _FEED,
        notice_address=origin + path,
        address=lambda p, la: _absolute(runtime, p, la),
        domain=runtime.settings.site.host.partition(":")[0],
    )
    response = _cached(scope, body, "application/atom+xml; charset=utf-8", "public, max-age=300")
    if updated := feed_updated(runtime.shelf.packages, now):
        response.headers["last-modified"] = f"{updated:%a, %d %b %Y %H:%M:%S GMT}"
    return response


def _absolute(runtime: Runtime, package: Package | None, lang: str) -> str:
    return runtime.settings.site.origins[0] + address(runtime, package, lang)


def _cached(scope: Scope, body: bytes, media_type: str, control: str) -> Response:
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": control}
    if not_modified(scope, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _link(link: dict[str, str]) -> str:
    extra = "".join(f'; {key}="{link[key]}"' for key in ("rel", "hreflang", "type") if key in link)
    return f"<{link['href']}>{extra}"


def _missing(runtime: Runtime, edition: Edition, scope: Scope, lang: str) -> Response:
    from .answers import message

    return message(runtime, edition, scope, lang, "missing", 404, linked=True)
