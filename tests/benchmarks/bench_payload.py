"""How many bytes the component adds to the example site's Finnish front page, by brotli 11.

    python tests/benchmarks/bench_payload.py [--quick]

What stands in the page is the difference between the compressed pages with and without us, as that
is what goes over the line; the script is a file of its own. The page without us has neither banner
nor styles nor script nor a link to the settings. These are sizes, so that there is nothing to
repeat: `--quick` changes nothing.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import brotli
from measure import Verdicts, rounds_wanted
from starlette.types import ASGIApp, Receive, Scope, Send

from consent import Consent, Visitor
from consent.choice import Answer, Stored
from consent.log import create_log
from examples.jackbot.site import HERE, create_bare_app

KEY = "k8sJ2mdP0qLx7VbTzRw4YhNc6GfEuAi1"
FIRST, RETURNING, SCRIPTLESS = 5 * 1024, 400, 0


class Linkless:
    """What a template knows of the visitor, on a site whose footer has no link of ours."""

    def __init__(self, visitor: Visitor | None) -> None:
        self._visitor = visitor

    def settings_link(self, lang: str = "") -> str:
        return ""

    def settings_path(self, lang: str = "") -> str:
        return f"/choices/{lang}"

    def notice_path(self, lang: str = "") -> str:
        return self._visitor.notice_path(lang) if self._visitor else "/tietosuojaseloste"


def linkless(app: ASGIApp) -> ASGIApp:
    """The site without the settings link in its footer, whether the component is around or not."""

    async def without(scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.setdefault("state", {})
        state["consent"] = Linkless(state.get("consent"))
        await app(scope, receive, send)

    return without


@contextmanager
def component(settings_link: str) -> Iterator[Consent]:
    """The component of the example site, with a log of its own."""
    with TemporaryDirectory() as name:
        log = Path(name) / "log.sqlite3"
        create_log(str(log), "benchmark")
        environ = {"CONSENT_SECRET_KEYS": KEY, "CONSENT_LOG_URL": str(log)}
        text = (HERE / "consent.toml").read_text(encoding="utf-8")
        assert 'settings_link = "own"' in text
        text = text.replace('"own"', f'"{settings_link}"')
        text = text.replace('"../../notices"', f'"{HERE.parent.parent / "notices"}"')
        file = Path(name) / "consent.toml"
        file.write_text(text, encoding="utf-8")
        consent = Consent.load(file, environ)
        yield consent
        consent.close()


def cookie(consent: Consent, granted: bool) -> bytes:
    """The cookie of a visitor who allowed everything yesterday, or refused it."""
    runtime = consent.runtime
    scopes = runtime.edition.declaration.scopes.values()
    answers = tuple(Answer(granted, runtime.today - 1, scope.short) for scope in scopes)
    value = runtime.cookie.value(Stored(answers, runtime.seen, "a" * 22))
    return f"{runtime.cookie.name}={value}".encode()


def fetch(app: ASGIApp, path: str, *cookies: bytes) -> bytes:
    """The body of a page."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": query.encode(),
        "server": ("127.0.0.1", 8000),
        "headers": [(b"host", b"127.0.0.1:8000"), *((b"cookie", c) for c in cookies)],
    }
    body: list[bytes] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        assert message.get("status", 200) == 200
        body.append(bytes(message.get("body", b"")))

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    return b"".join(body)


def size(data: bytes) -> int:
    return len(brotli.compress(data, quality=11))


def opened(page: bytes) -> bytes:
    """The page with all its gates open, as it is for somebody who allows everything."""
    return re.sub(rb"<template data-consent[^>]*>|</template>", b"", page)


def requested_without_script(page: bytes) -> int:
    """How often a page makes a browser fetch our script though it will not run it.

    `<script src>` is not fetched where script is off; a link that preloads one is.
    """
    named = [tag for tag in re.findall(rb"<[^>]*>", page) if b"/script.js" in tag]
    return sum(not tag.startswith(b"<script ") for tag in named)


def main() -> int:
    rounds_wanted(__doc__, 2, 2)
    verdicts = Verdicts("Payload: bytes that we add to the Finnish front page, brotli 11")
    bare = create_bare_app()
    base = fetch(linkless(bare), "/")
    plain = size(base)
    with component("own") as own, component("inserted") as inserted:
        site, linked = own.protect(bare), inserted.protect(linkless(bare))
        script, style, gates = (
            size(own.runtime.interface.assets[name][1])
            for name in ("script.js", "style.css", "gates.js")
        )
        pages = {"own link": fetch(site, "/"), "inserted link": fetch(linked, "/")}
        for name, page in pages.items():
            assert b'id="visitor-choice"' in page
            html = size(page) - plain
            verdicts.judge(f"first visit, {name}: banner, styles, link", html, None, " B")
            verdicts.judge(f"first visit, {name}: with the script", html + script, FIRST, " B")
        for granted, without in ((False, plain), (True, size(opened(base)))):
            said = "all allowed" if granted else "all refused"
            for name, app, consent in (("own", site, own), ("inserted", linked, inserted)):
                page = fetch(app, "/", cookie(consent, granted))
                assert b'id="visitor-choice"' not in page
                assert b"/script.js" in page
                added = size(page) - without
                verdicts.judge(f"returning, {said}, {name} link and script", added, RETURNING, " B")
        extra = max(map(requested_without_script, pages.values())) * script
        verdicts.judge("script fetched by a browser without script", extra, SCRIPTLESS, " B")
    print(f"  the page itself: {plain} B; script.js {script} B, fetched deferred and then cached;")
    print(f"  style.css {style} B and gates.js {gates} B are not in these sums: the script fetches")
    print("  them when the browser is idle, for the pages after this one, or when they are needed")
    return verdicts.exit_status()


if __name__ == "__main__":
    sys.exit(main())
