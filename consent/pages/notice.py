"""The notice: in force at its path, or a draft where drafts may be shown, and all that is about it.

`consent.notice.addresses` tells what lies where. Every version is at a permanent address (R77).
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from ..browser.edition import Edition
from ..errors import NoticeError
from ..notice.addresses import CALENDAR, FEED, JSON, Addresses, word
from ..notice.comparison import redline_between
from ..notice.export import calendar
from ..notice.feed import atom, feed_updated, news, versions_json
from ..notice.lifecycle import HELD, state
from ..notice.package import Package
from ..notice.preview import preview
from ..notice.shell import draft_context, notice_context, redline_context, version_side
from ..notice.structured_data import linked_data
from ..texts import texts
from .assets import not_modified
from .forms import home
from .runtime import Runtime

SHORT = "public, max-age=300"
"""How long a copy may be kept of what grows with each version."""
LASTING = "public, max-age=86400"
"""And of where something has gone to."""


def is_notice(runtime: Runtime, path: str) -> bool:
    """Whether a path is that of a notice, or was."""
    return _place(runtime, path) != ""


def is_page(runtime: Runtime, path: str) -> bool:
    """Whether a path is that of the notice in force, its history or a version that is announced."""
    own, _, number = path.rpartition("/")
    paths = set(runtime.paths.values())
    if path in {addresses(runtime).history(lang) for lang in runtime.paths}:
        return True
    package = runtime.shelf.version(number) if own in paths else None
    return path in paths or (package is not None and package.announced_at <= runtime.now())


def addresses(runtime: Runtime, *, absolute: bool = False) -> Addresses:
    """Where everything about the notice is, from the root of the site or with its origin."""
    origin = runtime.settings.site.origins[0] if absolute else ""
    return Addresses(runtime.paths, origin)


def address(runtime: Runtime, package: Package | None, lang: str) -> str:
    """The permanent address of a version; of None, that of the version in force."""
    return addresses(runtime)(package, lang)


def known(runtime: Runtime, number: str, lang: str) -> Package | None:
    """The version of a number in a language, once it is announced."""
    package = runtime.shelf.version(number)
    if package is None or package.announced_at > runtime.now() or lang not in package.renditions:
        return None
    return package


def _readable(runtime: Runtime, number: str, lang: str) -> Package | None:
    """The same, also where another language stands in for this one."""
    package = runtime.shelf.version(number)
    return package and known(runtime, number, shown(runtime, package, lang) or lang)


def shown(runtime: Runtime, package: Package, lang: str) -> str | None:
    """The language in which a reader of `lang` is shown a version, None if in none.

    Who comes by an address in a language that the site has given up is shown another one.
    """
    given_up = lang not in runtime.settings.site.languages
    return package.shown(lang) or (next(iter(package.renditions)) if given_up else None)


async def notice(runtime: Runtime, edition: Edition, scope: Scope) -> Response:
    """Answer a request for the notice, or for anything about it."""
    from . import history, notice_files

    path = scope["path"]
    if (own := _place(runtime, path)) in runtime.former:
        return _led_on(runtime, scope, own)
    lang = next(la for la, place in runtime.paths.items() if place == own)
    rest = path.removeprefix(own).removeprefix("/")
    first, _, more = rest.partition("/")
    if not rest:
        package = runtime.shelf.in_force(runtime.now())
        if package is None or shown(runtime, package, lang) is None:
            return await run_in_threadpool(_draft, runtime, edition, scope, lang)
        return version_page(runtime, edition, scope, lang, package)
    if rest == FEED:
        return _feed(runtime, edition, lang, scope)
    if rest == CALENDAR and (coming := news(runtime.shelf.packages, runtime.now())):
        return _calendar(runtime, coming, lang, scope)
    if rest == JSON:
        body = versions_json(
            runtime.shelf.packages, runtime.now(), address=addresses(runtime, absolute=True)
        )
        return cached(scope, body, "application/json", SHORT)
    if first == word("history", lang) and not more:
        return await run_in_threadpool(history.history, runtime, edition, scope, lang)
    if first == word("day", lang):
        return await run_in_threadpool(history.day, runtime, edition, scope, lang, more)
    if first == word("changes", lang):
        if not more:
            return history.pair(runtime, scope, lang)
        return await _comparison(runtime, edition, scope, lang, more.split(".."))
    if package := _readable(runtime, rest, lang):
        return version_page(runtime, edition, scope, lang, package)
    if file := notice_files.asked(runtime, rest, lang):
        return await run_in_threadpool(notice_files.answer, runtime, edition, scope, lang, *file)
    return missing(runtime, edition, scope, lang)


def _place(runtime: Runtime, path: str) -> str:
    """The path that the notice has or had and another one is or lies under, "" for none.

    Of two the longer: the notice may have moved to below where it was, or up from there. Our other
    pages may lie under it, too, and are none of it.
    """
    if f"{path}/".startswith(f"{runtime.settings.prefix}/"):
        return ""
    paths = (*runtime.paths.values(), *runtime.former)
    under = (own for own in paths if path == own or path.startswith(f"{own}/"))
    return max(under, key=len, default="")


def _led_on(runtime: Runtime, scope: Scope, old: str) -> Response:
    """From where the notice was before to where the same is now (R77)."""
    new = runtime.paths[runtime.former[old]]
    target = quote(new + scope["path"].removeprefix(old), safe="/~.")
    query = scope.get("query_string", b"").decode("latin-1")
    headers = {"cache-control": LASTING}
    return RedirectResponse(f"{target}?{query}" if query else target, 308, headers)


def version_page(
    runtime: Runtime,
    edition: Edition,
    scope: Scope,
    lang: str,
    package: Package,
    said: Mapping[str, object] | None = None,
) -> Response:
    """A version in one language; `said` goes into the context in place of what is said by itself.

    A copy is asked for anew each time: the banner in it is the visitor's, and what follows a
    version is told in it too. What never changes are its files.
    """
    where, absolute = addresses(runtime), addresses(runtime, absolute=True)
    settings, packages, now = runtime.settings, runtime.shelf.packages, runtime.now()
    own = shown(runtime, package, lang) or lang
    context = notice_context(
        package,
        own,
        packages,
        now,
        asked=lang,
        address=where,
        site_name=settings.site.name,
        back=home(scope),
        stylesheet=edition.address("notice.css"),
        feed=where.feed(own),
        history=where.history(own),
        redline=since(runtime, package, own),
        data=linked_data(
            package,
            own,
            packages,
            now,
            address=absolute,
            site_name=settings.site.name,
            publisher={"name": settings.controller.name, "email": settings.controller.email},
        ),
    )
    body = runtime.interface.render("notice.html", **(context | dict(said or {}))).encode()
    response = cached(scope, body, "text/html; charset=utf-8", "private, no-cache")
    links = context["links"]
    assert isinstance(links, list)
    response.headers["link"] = ", ".join(_link(link) for link in links)
    permanent = where(package, lang)
    if scope["path"] != permanent:
        response.headers["content-location"] = permanent
    elif state(package, packages, now) in HELD:
        response.headers["memento-datetime"] = memento(package)
    return response


def memento(package: Package) -> str:
    """Since when a version has been the state of the notice (RFC 7089), as headers say it."""
    return format_datetime(package.starts, usegmt=True)


def since(runtime: Runtime, package: Package, lang: str) -> str:
    """The address where a version is compared with the one before, "" where there is nothing."""
    before = runtime.shelf.version(str(package.predecessor))
    frozen = before is not None and lang in package.renditions and package.renditions[lang].redline
    return addresses(runtime).changes(lang, before, package) if before and frozen else ""


async def _comparison(
    runtime: Runtime, edition: Edition, scope: Scope, lang: str, pair: list[str]
) -> Response:
    """Two announced versions compared; in a thread, since long ones take a while at first."""
    found = [package for number in pair if (package := known(runtime, number, lang))]
    if len(pair) != 2 or len(found) != 2:
        return missing(runtime, edition, scope, lang)
    before, after = found
    body = await run_in_threadpool(redline_between, before, after, lang)
    told = after.renditions[lang].change if after.predecessor == before.number else ""
    where = addresses(runtime)
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
    return cached(scope, page, "text/html; charset=utf-8", "private, no-cache")


def _draft(runtime: Runtime, edition: Edition, scope: Scope, lang: str) -> Response:
    """The draft under its visible line, where drafts may be shown; else there is no notice."""
    notices, draft = runtime.settings.notices, runtime.shelf.draft
    assert notices is not None
    if draft is None or not notices.drafts or lang not in edition.languages:
        return missing(runtime, edition, scope, lang)
    try:
        found = preview(
            draft,
            languages=edition.languages,
            declaration=edition.declaration,
            settings_addresses={la: f"{edition.settings.prefix}/{la}" for la in edition.languages},
        )
    except NoticeError as error:
        return Response(str(error), 500, media_type="text/plain; charset=utf-8")
    context = draft_context(
        found,
        found.shown(lang),
        asked=lang,
        address=addresses(runtime),
        site_name=runtime.settings.site.name,
        back=home(scope),
        stylesheet=edition.address("notice.css"),
    )
    body = runtime.interface.render("notice.html", **context)
    headers = {"cache-control": "private, no-store", "x-robots-tag": "noindex"}
    return Response(body, media_type="text/html; charset=utf-8", headers=headers)


def _feed(runtime: Runtime, edition: Edition, lang: str, scope: Scope) -> Response:
    now = runtime.now()
    where = addresses(runtime, absolute=True)
    body = atom(
        runtime.shelf.packages,
        now,
        lang=lang,
        title=f"{texts(lang)['banner']['notice']} – {runtime.settings.site.name}",
        author=runtime.settings.controller.name,
        feed_address=where.feed(lang),
        notice_address=where(None, lang),
        address=where,
        domain=runtime.settings.site.domain,
    )
    response = cached(scope, body, "application/atom+xml; charset=utf-8", SHORT)
    if updated := feed_updated(runtime.shelf.packages, now):
        response.headers["last-modified"] = format_datetime(updated, usegmt=True)
    return response


def _calendar(runtime: Runtime, packages: list[Package], lang: str, scope: Scope) -> Response:
    site = runtime.settings.site
    body = calendar(
        packages,
        lang,
        domain=site.domain,
        site_name=site.name,
        address=addresses(runtime, absolute=True),
    )
    return cached(scope, body, "text/calendar; charset=utf-8", SHORT)


def cached(scope: Scope, body: bytes, media_type: str, control: str) -> Response:
    """Answer with bytes named by their hash, or that the client has them (RFC 9110, 13.1.2)."""
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": control}
    if not_modified(scope, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _link(link: dict[str, str]) -> str:
    extra = "".join(f'; {key}="{link[key]}"' for key in ("rel", "hreflang", "type") if key in link)
    return f"<{link['href']}>{extra}"


def missing(runtime: Runtime, edition: Edition, scope: Scope, lang: str) -> Response:
    """Say in the language of the path that there is no such page."""
    from .answers import message

    lang = lang if lang in edition.languages else edition.languages[0]
    return message(runtime, edition, scope, lang, "missing", 404, linked=True)
