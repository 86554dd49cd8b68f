"""The component's own routes: decide, settings, state, embeds, the notice, styles and script.

Every route works without script; those that change something take POST alone (R17, R118).
"""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope

from ..browser.edition import Edition
from ..choice import Choice
from . import answers, assets, embed, notice, settings
from .runtime import Runtime

__all__ = ["Runtime", "is_ours", "respond"]


def is_ours(runtime: Runtime, path: str) -> bool:
    """Whether a path belongs to the component."""
    return path.startswith(runtime.settings.prefix + "/") or notice.is_notice(runtime, path)


async def respond(
    runtime: Runtime, edition: Edition, choice: Choice, scope: Scope, receive: Receive
) -> Response:
    """Answer a request for one of our paths."""
    path, method = scope["path"], scope["method"]
    if notice.is_notice(runtime, path):
        page = await notice.notice(runtime, edition, scope)
        return page if method in ("GET", "HEAD") else _only("GET, HEAD")
    name = path.removeprefix(runtime.settings.prefix + "/")
    if name in ("decide", "dismiss"):
        if method != "POST":
            return _only("POST")
        answer = answers.decided if name == "decide" else answers.dismissed
        return await answer(runtime, edition, choice, scope, receive)
    if method not in ("GET", "HEAD"):
        return _only("GET, HEAD")
    if name in runtime.interface.assets:
        return assets.asset(runtime, name, scope)
    if name in edition.languages:
        return settings.page(runtime, edition, choice, name, scope)
    if name == "state":
        return settings.state(choice)
    if name == "embed":
        return embed.once(runtime, edition, scope)
    return answers.message(runtime, edition, edition.languages[0], "missing", 404)


def _only(methods: str) -> Response:
    return PlainTextResponse("Method Not Allowed", 405, {"allow": methods})
