"""What the middleware costs: its overhead over a bare app ÷ that of Starlette's SessionMiddleware.

    python tests/benchmarks/bench_middleware.py [--quick | --rounds N]

All in one process, without a framework inside: an ASGI app with a page of 20 KB (or of 200 KB in
chunks of 16 KiB), a request with 14 header fields and four other cookies. The session is in the
request, signed and with content, and is read. (component - bare) / (session - bare) is taken within
each round, by the thread's own CPU clock; the header fields that are added are part of it.

A page that is the same bytes each time is what most company sites send. A page with something of
its own in its middle cannot be remembered: it is measured beside it, against its own bare app.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from itsdangerous import TimestampSigner
from measure import Verdicts, cpu_time, interleaved, ratio, rounds_wanted
from starlette.middleware.sessions import SessionMiddleware

from consent.choice import Answer, Stored
from consent.component import Consent
from consent.log import create_log
from consent.settings import load

App = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

SECRET = "k8sJ2mdP0qLx7VbTzRw4YhNc6GfEuAi1"
SLICE = 0.02
"""Seconds of CPU in one arm's part of a round."""
VISITORS = 10_000
"""More than the component remembers, so that each of them is new to it again and again."""
TEXTS = '{ fi = "Teksti.", sv = "Text.", en = "Text." }'
TOML = """
log = "log.sqlite3"
[site]
name = "Esimerkki"
origins = ["https://www.example.fi"]
languages = ["fi", "sv", "en"]
[controller]
name = "Esimerkki Oy"
email = "tietosuoja@example.fi"
[notices]
folder = "notices"
paths = { fi = "/tietosuojaseloste", sv = "/sv/dataskydd", en = "/en/privacy" }
[banner]
settings_link = "%s"
"""
SERVICE = """
[services.service-{name}]
name = "Palvelu {name}"
provider = "Esimerkki Oy"
category = "{name}"
purposes = ["audience-measurement"]
purpose = {texts}
items = [{{ name = "{name}_id", lifetime = "1 year", purpose = {texts} }}]
hosts = {hosts}
{signal}
"""
# The cookies of the host app, of which none is hidden from it.
NECESSARY = """
[services.site]
name = "Esimerkki"
provider = "Esimerkki Oy"
category = "necessary"
purposes = ["session"]
purpose = {texts}
items = [
{items}
]
"""
ITEM = '{{ name = "{name}", lifetime = "session", purpose = {texts}, reason = {texts} }}'
COOKIES = ("theme", "lang", "seen", "cart", "session", "csrf_*")
OPTIONAL = ("preferences", "statistics", "marketing")
OPTIONAL_ID = b"statistics_id"
SIGNALS = {"statistics": "google", "marketing": "meta"}
TOLD = {
    "statistics": ["www.googletagmanager.com", "*.google-analytics.com"],
    "marketing": ["connect.facebook.net"],
}
HEAD = """<!doctype html>
<html lang="fi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Esimerkki Oy – etusivu</title>
<meta name="description" content="Verkkosivuja, joilla on väliä: suunnittelu ja toteutus.">
<link rel="canonical" href="https://www.example.fi/">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/site.css?v=17">
<meta property="og:title" content="Esimerkki Oy">
<meta property="og:image" content="https://www.example.fi/static/og.png">
<script src="/static/site.js?v=17" defer></script>
</head>
<body class="home" data-page="front">
"""


def make_page(size: int) -> bytes:
    """A company's page of so many bytes: cards with headings, texts and links."""
    random, rows = Random(7), [HEAD.encode()]
    words = ("sivusto", "palvelu", "yritys", "tuote", "asiakas", "toimitus", "verkko", "hinta")
    length = len(rows[0])
    while length < size:
        text = " ".join(random.choices(words, k=30))
        row = (
            f'<div class="card mt-4"><h2 class="card-title">{text[:40]}</h2>\n<p>{text}</p>'
            f'<a class="more" href="/tuotteet/{random.randrange(999)}">Lue lisää</a></div>\n'
        ).encode()
        rows.append(row)
        length += len(row)
    return b"".join([*rows, b"</body>\n</html>\n"])


def page_app(page: bytes, *, chunk: int = 0, changing: bool = False, cookie: bytes = b"") -> App:
    """A bare app; with `chunk` it streams so many bytes at a time, without telling the length.

    The bytes are made anew for each request, as a template makes them; `changing` puts a number
    into them that is never the same. With `cookie` it sets that one too, each time to another
    value.
    """
    at = len(page) // 2
    first, second, count = page[:at], page[at:], 0
    html = (b"content-type", b"text/html; charset=utf-8")

    async def whole(scope: Any, receive: Any, send: Any) -> None:
        nonlocal count
        count += 1
        body = b"".join((first, b"%08d" % (count if changing else 0), second))
        headers = [html, (b"content-length", b"%d" % len(body))]
        if cookie:
            value = b"%b=%08d.%b; Path=/; HttpOnly; SameSite=Lax" % (cookie, count, b"x" * 80)
            headers.append((b"set-cookie", value))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def streamed(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [html]})
        for start in range(0, len(page), chunk):
            data = page[start : start + chunk]
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return streamed if chunk else whole


def with_session(app: App) -> App:
    """The app behind Starlette's sessions, reading its session as `request.session` does."""

    async def reading(scope: Any, receive: Any, send: Any) -> None:
        session = scope["session"]
        session.mark_accessed()
        assert session["user"]
        await app(scope, receive, send)

    return SessionMiddleware(reading, SECRET)


def request(*cookies: bytes) -> Headers:
    """The 14 header fields that a browser sends for a page, with four cookies and those given."""
    every = b"; ".join((b"theme=dark", b"lang=fi", b"seen=1", b"cart=af31c9", *cookies))
    return [
        (b"host", b"www.example.fi"),
        (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
        (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        (b"accept-language", b"fi,sv;q=0.8,en-US;q=0.5,en;q=0.3"),
        (b"accept-encoding", b"gzip, deflate, br, zstd"),
        (b"referer", b"https://www.example.fi/tuotteet"),
        (b"connection", b"keep-alive"),
        (b"cookie", every),
        (b"upgrade-insecure-requests", b"1"),
        (b"sec-fetch-dest", b"document"),
        (b"sec-fetch-mode", b"navigate"),
        (b"sec-fetch-site", b"same-origin"),
        (b"sec-fetch-user", b"?1"),
        (b"priority", b"u=0, i"),
    ]


def session_cookie() -> bytes:
    """A session with content, as SessionMiddleware signs it."""
    content = b64encode(json.dumps({"user": 12345, "csrf": "x" * 40}).encode())
    return b"session=" + TimestampSigner(SECRET).sign(content)


@contextmanager
def component(
    settings_link: str,
    policy: str = "off",
    hosts: Mapping[str, Sequence[str]] | None = None,
    *,
    told: bool = False,
) -> Iterator[Consent]:
    """The component of a site with one service in each optional category.

    `hosts` are what the services load from, by category; without them nothing in a page is refused.
    With `told` two of them are vendors' that are told of the choice before their tags.
    """
    given = hosts or {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "notices" / "privacy").mkdir(parents=True)
        items = ",\n".join(ITEM.format(name=name, texts=TEXTS) for name in COOKIES)
        services = NECESSARY.format(items=items, texts=TEXTS)
        services += "".join(
            SERVICE.format(
                name=c,
                texts=TEXTS,
                hosts=json.dumps(list(given.get(c, ()))),
                signal=f'signal = "{SIGNALS[c]}"' if told and c in SIGNALS else "",
            )
            for c in OPTIONAL
        )
        (folder / "consent.toml").write_text(
            f'{TOML % settings_link}{services}[enforcement]\npolicy = "{policy}"\n'
        )
        create_log(str(folder / "log.sqlite3"), "benchmark")
        consent = Consent(load(folder / "consent.toml", {"CONSENT_SECRET_KEYS": SECRET}))
        yield consent
        consent.close()


def choice_cookie(consent: Consent, visitor: int, *granted: str) -> bytes:
    """The cookie of a visitor who answered yesterday."""
    runtime = consent.runtime
    scopes = runtime.edition.declaration.scopes
    answers = tuple(Answer(c in granted, runtime.today - 1, scopes[c].short) for c in OPTIONAL)
    value = runtime.cookie.value(Stored(answers, "", f"{visitor:022d}"))
    return f"{runtime.cookie.name}={value}".encode()


def timed(app: App, requests: Iterator[Headers], count: int) -> float:
    """The seconds of CPU that one request takes, over `count` of them."""

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        return None

    scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b""}

    async def work() -> None:
        for _ in range(count):
            await app({**scope, "headers": next(requests), "state": {}}, receive, send)

    return cpu_time(work()) / count


def main() -> int:
    rounds = rounds_wanted(__doc__, 61, 15)
    verdicts = Verdicts("Middleware: overhead, × that of SessionMiddleware")
    page, long = make_page(20_000), make_page(200_000)
    plain, changing = page_app(page), page_app(page, changing=True)
    setting, setting_refused = page_app(page, cookie=b"session"), page_app(page, cookie=OPTIONAL_ID)
    streamed = page_app(long, chunk=16 * 1024)
    nobody, session = cycle([request()]), cycle([request(session_cookie())])
    with (
        component("own") as own,
        component("inserted") as end,
        component("own", "enforce") as strict,
        component("own", hosts=TOLD, told=True) as telling,
    ):
        known = cycle([request(choice_cookie(own, 1, "statistics"))])
        refused = cycle([request(choice_cookie(own, 1))])
        linked = cycle([request(choice_cookie(end, 1, "statistics"))])
        granted = cycle([request(choice_cookie(own, 1, *OPTIONAL))])
        told = cycle([request(choice_cookie(telling, 1, *OPTIONAL))])
        sent = cycle([request(OPTIONAL_ID + b"=1", choice_cookie(own, 1))])
        strangers = [
            request(choice_cookie(own, visitor, "statistics")) for visitor in range(VISITORS)
        ]
        Random(3).shuffle(strangers)
        cold = cycle(strangers)
        # name -> the app, its requests, the bare app that it is compared with, the target
        arms: dict[str, tuple[App, Iterator[Headers], str, float | None]] = {
            "bare": (plain, nobody, "", None),
            "bare, changing": (changing, nobody, "", None),
            "bare, streamed": (streamed, nobody, "", None),
            "session": (with_session(plain), session, "bare", None),
            "returning, nothing to insert, warm": (own.protect(plain), known, "bare", 0.20),
            "returning, all refused, warm": (own.protect(plain), refused, "bare", 0.20),
            "returning, nothing to insert, cold": (own.protect(plain), cold, "bare", 0.45),
            "returning, nothing to insert, policy": (strict.protect(plain), known, "bare", 0.35),
            "returning, our link inserted": (end.protect(plain), linked, "bare", 0.35),
            "all granted, nothing to insert": (own.protect(plain), granted, "bare", 0.20),
            "all granted, vendors to be told": (telling.protect(plain), told, "bare", 0.20),
            "bare, sets a cookie": (setting, nobody, "", None),
            "all granted, host sets a session cookie": (
                *(own.protect(setting), granted, "bare, sets a cookie", 0.25),
            ),
            "bare, sets another": (setting_refused, nobody, "", None),
            "all refused, host sets a refused cookie": (
                *(own.protect(setting_refused), refused, "bare, sets another", None),
            ),
            "all refused, a refused cookie is hidden": (own.protect(plain), sent, "bare", None),
            "first visit": (end.protect(plain), nobody, "bare", 0.35),
            "streamed first visit, 200 KB": (end.protect(streamed), nobody, "bare, streamed", 0.60),
            "changing page, returning, warm": (
                *(own.protect(changing), known, "bare, changing", None),
            ),
            "changing page, our link inserted": (
                *(end.protect(changing), linked, "bare, changing", None),
            ),
            "changing page, all granted, vendors to be told": (
                *(telling.protect(changing), told, "bare, changing", None),
            ),
            "changing page, first visit": (
                *(end.protect(changing), nobody, "bare, changing", None),
            ),
        }
        counts = {
            name: max(1, int(SLICE / timed(app, requests, 300)))
            for name, (app, requests, *_) in arms.items()
        }

        def arm(name: str) -> Callable[[], float]:
            app, requests, *_ = arms[name]
            return lambda: timed(app, requests, counts[name])

        took = interleaved({name: arm(name) for name in arms}, rounds)
    sessions = [a - b for a, b in zip(took["session"], took["bare"], strict=True)]
    for name, (*_, base, limit) in arms.items():
        if base and name != "session":
            over = [a - b for a, b in zip(took[name], took[base], strict=True)]
            ratios = ratio([a / b for a, b in zip(over, sessions, strict=True)])
            verdicts.judge(name, ratios, limit)
    micro = ratio([seconds * 1e6 for seconds in sessions])
    print(f"  SessionMiddleware itself: {micro.middle:.1f} µs; {rounds} rounds")
    return verdicts.exit_status()


if __name__ == "__main__":
    sys.exit(main())
