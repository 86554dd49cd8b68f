"""The component's own routes: decide, settings, state, embeds, the notice, styles and script.

Every route works without script; those that change something take POST alone (R17, R118).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope

# To import the package is not to serve: what answers requests is loaded when a site is started.
if TYPE_CHECKING:
    from ..browser.edition import Edition
    from ..choice import Choice
    from .runtime import Runtime


def load() -> None:
    """Load what answers requests, so that no visitor waits for it."""
    from . import answers, assets, embed, notice, settings  # noqa: F401


def is_ours(runtime: Runtime, path: str) -> bool:
    """Whether a path belongs to the component."""
    from . import notice

    return path.startswith(runtime.settings.prefix + "/") or notice.is_notice(runtime, path)


async def respond(
    runtime: Runtime, edition: Edition, choice: Choice, scope: Scope, receive: Receive
) -> Response:
    """Answer a request for one of our paths."""
    from . import answers, assets, embed, notice, settings

    path, method = scope["path"], scope["method"]
    if notice.is_notice(runtime, path):
        if method not in ("GET", "HEAD"):
            return _only("GET, HEAD")
        return await notice.notice(runtime, edition, scope)
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
    return answers.missing(runtime, edition, scope)


def _only(methods: str) -> Response:
    return PlainTextResponse("Method Not Allowed", 405, {"allow": methods})
