"""What the rewriter costs, as overhead over a bare app ÷ that of Starlette's SessionMiddleware.

The page, the request and the reference are those of bench_middleware.py; here nothing but
the rewriter is around the app. The page's bytes are made anew for each request; where it says
"changing" they are never the same, so that nothing can be remembered of them.

    python tests/benchmarks/bench_rewriter.py [--quick] [--rounds 61]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from typing import Any

from bench_middleware import (
    SLICE,
    App,
    make_page,
    page_app,
    request,
    session_cookie,
    timed,
    with_session,
)
from measure import Verdicts, interleaved, ratio, rounds_wanted

from consent.browser.inject import Insertion, Plan, responder

INSERTION = Insertion(b"p{margin:0}" * 200, b"<link>", b"<div>" * 400, b"<a>" * 30)
TAIL = Insertion(b"", b"", b"", b"<a>" * 30)


def rewritten(app: App, plan: Plan) -> App:
    """The app behind nothing but our rewriter."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, responder(plan, send, scope))

    return wrapped


def main() -> int:
    """Print the ratios."""
    rounds = rounds_wanted(__doc__, 61, 15)
    verdicts = Verdicts("Rewriter alone: overhead, × that of SessionMiddleware")
    page, long = make_page(20_000), make_page(200_000)
    plain, changing = page_app(page), page_app(page, changing=True)
    streamed = page_app(long, chunk=16 * 1024)
    nothing = Plan(private=True, tag=b"a1b2c3")
    opening = replace(nothing, allows=lambda name: True)
    first = replace(nothing, insertion=INSERTION)
    both = replace(first, allows=lambda name: False)
    gated = page_app(
        page.replace(b"<a class", b'<template data-consent="x"></template><a class', 3)
    )
    # name -> the app, the bare app that it is compared with, the target
    arms: dict[str, tuple[App, str, float | None]] = {
        "bare": (plain, "", None),
        "bare, changing": (changing, "", None),
        "bare, streamed": (streamed, "", None),
        "bare, gated": (gated, "", None),
        "session": (with_session(plain), "bare", None),
        "nothing to do": (rewritten(plain, Plan()), "bare", None),
        "private, nothing to insert": (rewritten(plain, nothing), "bare", None),
        "gates allowed, no marks": (rewritten(plain, opening), "bare", None),
        "gates allowed, no marks, changing": (
            *(rewritten(changing, opening), "bare, changing", None),
        ),
        "three gates opened": (rewritten(gated, opening), "bare, gated", None),
        "settings link only": (rewritten(plain, replace(nothing, insertion=TAIL)), "bare", None),
        "first visit, 20 KB": (rewritten(plain, first), "bare", 0.35),
        "first visit, 20 KB, embeds looked for": (rewritten(plain, both), "bare", None),
        "streamed first visit, 200 KB": (rewritten(streamed, first), "bare, streamed", 0.60),
        "streamed, embeds looked for": (rewritten(streamed, both), "bare, streamed", None),
    }
    requests = cycle([request(session_cookie())])
    counts = {
        name: max(1, int(SLICE / timed(app, requests, 50))) for name, (app, _, _) in arms.items()
    }

    def arm(name: str) -> Callable[[], float]:
        return lambda: timed(arms[name][0], requests, counts[name])

    took = interleaved({name: arm(name) for name in arms}, rounds)
    sessions = [a - b for a, b in zip(took["session"], took["bare"], strict=True)]
    for name, (_, base, limit) in arms.items():
        if base and name != "session":
            over = [a - b for a, b in zip(took[name], took[base], strict=True)]
            ratios = ratio([a / b for a, b in zip(over, sessions, strict=True)])
            verdicts.judge(name, ratios, limit)
    micro = ratio([seconds * 1e6 for seconds in sessions])
    print(f"  SessionMiddleware itself: {micro.middle:.1f} µs; {rounds} rounds")
    return verdicts.exit_status()


if __name__ == "__main__":
    sys.exit(main())
