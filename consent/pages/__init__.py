"""The component's own routes: decide, settings, receipt, state, embeds, reports, notice, files.

Every route works without script; those that change something take POST alone (R17, R118).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope

# To import the package is not to serve: what answers requests is loaded when a site is started.
if TYPE_CHECKING:
    from ..browser.edition import Edition
    from ..choice import Choice
    from .runtime import Runtime


def load() -> None:
    """Load what answers requests, so that no visitor waits for it."""
    from . import (  # noqa: F401
        answers,
        assets,
        checkpoint,
        embed,
        gpc,
        history,
        kept,
        notice,
        notice_files,
        receipt,
        reports,
        settings,
    )


def is_ours(runtime: Runtime, scope: Scope) -> bool:
    """Whether a request is for the component."""
    from . import gpc, notice

    path, prefix = scope["path"], runtime.settings.prefix
    return (
        path == prefix
        or path.startswith(f"{prefix}/")
        or notice.is_notice(runtime, path)
        or gpc.is_asked(runtime, scope)
    )


async def respond(
    runtime: Runtime, edition: Edition, choice: Choice, scope: Scope, receive: Receive
) -> Response:
    """Answer a request for one of our paths."""
    from . import answers, assets, checkpoint, embed, gpc, notice, receipt, reports, settings

    path, method = scope["path"], scope["method"]
    if (target := _meant(runtime, edition, scope)) and method in ("GET", "HEAD"):
        query = scope.get("query_string", b"").decode("latin-1")
        headers = {"cache-control": "no-store", "vary": "Accept-Language"}
        return RedirectResponse(f"{target}?{query}" if query else target, 307, headers)
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
    if name == "reports" and runtime.settings.enforcement.policy != "off":
        return await reports.take(runtime, scope, receive) if method == "POST" else _only("POST")
    if receipt.is_page(edition, name):
        if method not in ("GET", "HEAD", "POST"):
            return _only("GET, HEAD, POST")
        return await receipt.respond(runtime, edition, choice, scope, receive)
    if method not in ("GET", "HEAD"):
        return _only("GET, HEAD")
    if gpc.is_asked(runtime, scope):
        return await gpc.support(runtime, scope)
    if name in runtime.interface.assets:
        return assets.asset(runtime, name, scope)
    if (script := edition.vendors.files.get(name)) is not None:
        return assets.lasting("text/javascript; charset=utf-8", script)
    if name in edition.languages:
        return settings.page(runtime, edition, choice, name, scope)
    if name == "state":
        return settings.state(runtime, edition, choice, scope)
    if name == "checkpoint" and runtime.settings.checkpoint_keys:
        return await checkpoint.checkpoint(runtime)
    if name == "metrics" and runtime.metrics is not None:
        from . import metrics

        return await metrics.answer(runtime, runtime.metrics, scope)
    if name == "embed":
        return embed.once(runtime, edition, scope)
    return answers.missing(runtime, edition, scope)


def _meant(runtime: Runtime, edition: Edition, scope: Scope) -> str:
    """The page of ours that somebody meant who wrote its address almost right; empty for none.

    Settings and receipt without a language are those in the reader's own; a page has no slash at
    its end.
    """
    from . import forms, notice, receipt

    path, prefix = scope["path"], runtime.settings.prefix
    bare = path.rstrip("/")
    if bare in (prefix, f"{prefix}/receipt"):
        lang = forms.language(forms.fields_of(scope), edition.languages)
        return f"{prefix}/{lang}{bare.removeprefix(prefix)}"
    pages = {f"{prefix}/{lang}" for lang in edition.languages}
    pages |= {receipt.address(edition, lang) for lang in edition.languages}
    known = bare in pages or notice.is_page(runtime, bare)
    return bare if known and bare != path else ""


def _only(methods: str) -> Response:
    return PlainTextResponse("Method Not Allowed", 405, {"allow": methods})
