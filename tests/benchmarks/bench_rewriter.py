"""What the rewriter costs, as overhead over a bare app ÷ that of Starlette's SessionMiddleware.

Run: python -m tests.benchmarks.bench_rewriter [rounds]

All variants take turns in every round, in an order that changes; each slice is timed by the thread's
own CPU clock; a ratio is taken per round, the median and the quartiles are printed. The session is
signed, present in the request and read. The page has 20 KB; the streamed one 200 KB in 16 KiB chunks,
without a length.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable
from random import Random
from statistics import quantiles
from time import thread_time
from typing import Any

from itsdangerous import TimestampSigner
from starlette.middleware.sessions import SessionMiddleware

from consent.browser.inject import Insertion, Plan, Responder

App = Callable[[Any, Any, Any], Awaitable[None]]
SECRET = "benchmark" * 4
SLICE = 0.01
LIMITS = {"first visit, 20 KB": 0.22, "streamed first visit, 200 KB": 0.45}
HEAD = b"""<!doctype html>
<html lang="fi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Example Oy - etusivu</title>
<meta name="description" content="Verkkosivuja, joilla on v\xc3\xa4li\xc3\xa4: suunnittelu > toteutus.">
<link rel="canonical" href="https://www.example.fi/">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/site.css?v=17">
<!-- Open Graph -->
<meta property="og:title" content="Example Oy">
<meta property="og:image" content="https://www.example.fi/static/og.png">
<script>document.documentElement.className = "js";</script>
<script src="/static/site.js?v=17" defer></script>
<style>body { margin: 0 } .js .only-static { display: none }</style>
</head>
<body class="home" data-page="front">
"""


def make_page(size: int) -> bytes:
    random, rows = Random(7), [HEAD]
    words = "sivusto palvelu yritys tuote asiakas toimitus suunnittelu verkko hinta uutinen".split()
    length = len(HEAD)
    while length < size:
        text = " ".join(random.choices(words, k=30)).encode()
        row = (
            b'<div class="card mt-4" id="c%d"><h2 class="card-title">%b</h2>\n<p>%b</p>'
            b'<a class="more" href="/products/%d">Lue lis\xc3\xa4\xc3\xa4</a></div>\n'
        ) % (random.randrange(9999), text[:40], text, random.randrange(999))
        rows.append(row)
        length += len(row)
    return b"".join([*rows, b"</body>\n</html>\n"])


def page_app(page: bytes, chunk: int = 0) -> App:
    """A bare ASGI app; with `chunk` it streams in so many bytes at a time."""
    headers = [(b"content-type", b"text/html; charset=utf-8")]
    chunks = [page[at : at + chunk] for at in range(0, len(page), chunk)] if chunk else [page]
    if not chunk:
        headers.append((b"content-length", b"%d" % len(page)))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for data in chunks[:-1]:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": chunks[-1], "more_body": False})

    return app


def changing_app(page: bytes) -> App:
    """A page that is never the same twice, so that nothing can be remembered of it."""
    count = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal count
        count += 1
        data = page.replace(b"<title>", b"<title>%08d " % count, 1)
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        headers.append((b"content-length", b"%d" % len(data)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": data, "more_body": False})

    return app


def rewritten(app: App, plan: Plan) -> App:
    """The app behind nothing but our rewriter."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, Responder(plan, send, scope).send)

    return wrapped


def with_session(app: App) -> App:
    """The app behind Starlette's sessions, reading its session."""

    async def reading(scope: Any, receive: Any, send: Any) -> None:
        session = scope["session"]
        session.get("user")
        session.mark_accessed()
        await app(scope, receive, send)

    return SessionMiddleware(reading, SECRET)


def request() -> list[tuple[bytes, bytes]]:
    value = b64encode(json.dumps({"user": 12345, "csrf": "x" * 40}).encode())
    session = TimestampSigner(SECRET).sign(value)
    others = b"theme=dark; lang=fi; seen=1; cart=af31c9; session="
    names = [b"accept-encoding", b"accept-language", b"sec-fetch-dest", b"sec-fetch-mode"]
    names += [b"sec-fetch-site", b"sec-fetch-user", b"upgrade-insecure-requests", b"dnt"]
    names += [b"user-agent", b"referer", b"connection"]
    fields = [(b"host", b"www.example.fi"), (b"accept", b"text/html,application/xhtml+xml")]
    return [*fields, *((name, b"value of a usual length") for name in names), (b"cookie", others + session)]


def timed(app: App, headers: list[tuple[bytes, bytes]], count: int) -> float:
    """The seconds of CPU time that one request takes, over `count` of them."""

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        return None

    async def slice_() -> None:
        for _ in range(count):
            await app({"type": "http", "method": "GET", "path": "/", "headers": headers}, receive, send)

    running = slice_()
    begin = thread_time()
    try:
        running.send(None)
    except StopIteration:
        return (thread_time() - begin) / count
    raise AssertionError("a request waited")


def variants() -> dict[str, tuple[str, App]]:
    """Every variant by name, with the bare app that it is compared with."""
    page, long = make_page(20_000), make_page(200_000)
    plain, streamed, changing = page_app(page), page_app(long, 16 * 1024), changing_app(page)
    one = Insertion(b"p{margin:0}" * 200, b"<link>", b"<div>" * 400, b"<a>" * 30)
    first = Plan(insertion=one, private=True, tag=b"a1b2c3")
    late = Plan(insertion=Insertion(b"", b"", b"", b"<a>" * 30), private=True, tag=b"a1b2c3")
    gates = Plan(allows=lambda name: True, private=True, tag=b"a1b2c3")
    both = Plan(insertion=one, allows=lambda name: False, private=True, tag=b"a1b2c3")
    return {
        "bare": ("bare", plain),
        "bare streamed": ("bare streamed", streamed),
        "bare changing": ("bare changing", changing),
        "session": ("bare", with_session(plain)),
        "nothing to do": ("bare", rewritten(plain, Plan())),
        "private, nothing to insert": ("bare", rewritten(plain, Plan(private=True, tag=b"a1"))),
        "gates allowed, no marks": ("bare", rewritten(plain, gates)),
        "gates allowed, changing page": ("bare changing", rewritten(changing, gates)),
        "settings link only": ("bare", rewritten(plain, late)),
        "first visit, 20 KB": ("bare", rewritten(plain, first)),
        "first visit, changing head": ("bare changing", rewritten(changing, first)),
        "first visit with gates": ("bare", rewritten(plain, both)),
        "streamed first visit, 200 KB": ("bare streamed", rewritten(streamed, first)),
        "streamed with gates": ("bare streamed", rewritten(streamed, both)),
    }


def main(rounds: int = 41) -> None:
    """Print the ratios."""
    all_, headers, random = variants(), request(), Random(1)
    counts = {n: max(1, int(SLICE / max(timed(app, headers, 20), 1e-7))) for n, (_, app) in all_.items()}
    ratios: dict[str, list[float]] = {name: [] for name in all_}
    session = []
    for _ in range(rounds):
        order = list(all_)
        random.shuffle(order)
        took = {name: timed(all_[name][1], headers, counts[name]) for name in order}
        reference = took["session"] - took["bare"]
        session.append(reference)
        for name, (base, _) in all_.items():
            ratios[name].append((took[name] - took[base]) / reference)
    print(f"session's own overhead ≈ {sorted(session)[rounds // 2] * 1e6:.1f} µs; {rounds} rounds")
    for name, values in ratios.items():
        if not name.startswith("bare"):
            low, median, high = quantiles(values, n=4)
            limit = f"   ≤ {LIMITS[name]}" if name in LIMITS else ""
            print(f"{name:32} {median:6.3f} [{low:.3f}..{high:.3f}]{limit}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 41)
