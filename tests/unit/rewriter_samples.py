"""A page, what goes into it, and middleware with nothing but the rewriter."""

from __future__ import annotations

from typing import Any

from consent.browser.inject import Insertion, Plan, responder
from consent.browser.request import prepared

INSERTION = Insertion(b"p{}", b"<link rel=x>", b"<aside>B</aside>", b"<script src=s></script>")
STYLE, BANNER, TAIL_BYTES = b"<style>p{}</style>", INSERTION.banner, INSERTION.tail
FIRST = Plan(insertion=INSERTION, private=True, tag=b"s1")
HEAD, TOP, END = (
    b"<!doctype html><html><head><title>t</title>",
    b"</head><body class=x>",
    b"</body></html>",
)
PAGE = HEAD + TOP + b"<p>text</p>" + END
REWRITTEN = HEAD + STYLE + TOP + BANNER + b"<p>text</p>" + TAIL_BYTES + END


def filled(size: int) -> bytes:
    return HEAD + TOP + b"<p>text</p>" * (size // 11) + END


def rewritten(plan: Plan) -> Any:
    """Middleware with nothing but our rewriter."""

    class Rewriting:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await self.app(scope, receive, send)
                return
            send = responder(plan, send, scope)
            await self.app(prepared(scope, plan.tag), receive, send)

    return Rewriting
