"""The receipt of a record, as a page and as a file (R36, R45).

    GET  {prefix}/fi/receipt, {prefix}/receipt.json   of the consent id in the visitor's cookie
    POST the same                                     of a record that a reply handed out, sealed

Whoever has allowed nothing has no identifier, so that what they answered cannot be found again for
them (R43). The reply to their answer is therefore the receipt, or holds the record itself under our
signature: with that, and with nothing that we kept, the same pages give it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote

from anyio import to_thread
from itsdangerous import BadData, URLSafeSerializer
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope

from ..browser.edition import Edition
from ..choice import Choice
from ..errors import LogError
from ..notice.words import words as notice_words
from ..receipt import Evidence, receipt
from ..signal import titles
from ..texts import texts
from ..texts.countries import country_name
from ..texts.dates import date_in_words
from . import withdrawal
from .decide import Outcome
from .forms import BadForm, fields_of, home, read_form, same_origin, way
from .runtime import Runtime
from .settings import PRIVATE
from .tokens import random_token

FILE = "receipt.json"


class Sealed(NamedTuple):
    """A record that a reply hands out: its body, and its place in the log if it has one."""

    record: bytes
    place: int | None

    @classmethod
    def of(cls, outcome: Outcome) -> Sealed:
        """What came of a form."""
        return cls(outcome.record, outcome.place)

    def seal(self, runtime: Runtime) -> str:
        """As a text that only this site can have made."""
        text = _sealer(runtime).dumps([self.record.decode(), self.place])
        return text.decode("ascii") if isinstance(text, bytes) else text


def _sealer(runtime: Runtime) -> URLSafeSerializer:
    return URLSafeSerializer(
        list(runtime.settings.keys),
        salt=f"consent.receipt.1:{runtime.settings.site.host}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
    )


def address(edition: Edition, lang: str) -> str:
    """Where the receipt is read."""
    return f"{edition.settings.prefix}/{lang}/receipt"


def first(edition: Edition, lang: str, back: str) -> str:
    """Where the receipt is read before going back to a page."""
    return f"{address(edition, lang)}?saved=1&return={quote(back, safe='/')}"


def is_page(edition: Edition, name: str) -> bool:
    """Whether a path below the prefix is that of a receipt."""
    return name == FILE or name in {f"{lang}/receipt" for lang in edition.languages}


def told(runtime: Runtime, edition: Edition, outcome: Outcome, lang: str) -> dict[str, str]:
    """Where the script gets the receipt of what came of a form, and with what; empty for none."""
    if outcome.error or not outcome.record:
        return {}
    page = {"page": address(edition, lang)}
    return page if outcome.held else page | {"sealed": Sealed.of(outcome).seal(runtime)}


async def respond(
    runtime: Runtime, edition: Edition, choice: Choice, scope: Scope, receive: Receive
) -> Response:
    """Answer a request for a receipt: that of the cookie, or of the sealed record in a form."""
    name = scope["path"].removeprefix(f"{runtime.settings.prefix}/")
    lang = name.partition("/")[0] if name != FILE else edition.languages[0]
    sealed: Sealed | None = None
    saved = False
    if scope["method"] == "POST":
        form = await _form(runtime, scope, receive)
        sealed = _opened(runtime, form.get("sealed", ""))
        if sealed is None:
            return _none(runtime, edition, scope, lang, "none_help", 404)
        back = way(form.get("return", ""), scope)
        found: Evidence | None = await sealed_evidence(runtime, edition, sealed, lang)
    else:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        back, saved = way(query.get("return", [""])[0], scope), "saved" in query
        try:
            found = await to_thread.run_sync(_held, runtime, edition, choice.stored.consent_id)
        except LogError:
            return _none(runtime, edition, scope, lang, "down", 503)
    if found is None:
        return _none(runtime, edition, scope, lang, "none_help", 404)
    if name == FILE:
        return _file(found)
    return render(runtime, edition, found, lang, back=back, sealed=sealed, saved=saved)


async def _form(runtime: Runtime, scope: Scope, receive: Receive) -> Mapping[str, str]:
    headers = fields_of(scope)
    if not same_origin(headers, runtime.settings.site.origins):
        return {}
    try:
        return await read_form(receive, headers)
    except BadForm:
        return {}


def _opened(runtime: Runtime, text: str) -> Sealed | None:
    try:
        record, place = _sealer(runtime).loads(text)
    except BadData:
        return None
    return Sealed(record.encode(), place)


def _held(runtime: Runtime, edition: Edition, consent_id: str) -> Evidence | None:
    """The newest record of a consent id, with what shows it; None where there is none."""
    from ..log.receipt import evidence, newest

    if not consent_id:
        return None
    with runtime.log.snapshot() as view:
        row = newest(view, consent_id)
        if row is None or row.body is None:
            return None
        shown = _shown(runtime, edition, row.body, edition.languages[0])
        return evidence(view, row, shown, runtime.settings.checkpoint_keys) if shown else None


async def sealed_evidence(
    runtime: Runtime, edition: Edition, sealed: Sealed, lang: str
) -> Evidence | None:
    """What shows a record that was handed out; None where nothing is left of what was shown.

    What is not in the log, and while the log is down, has no proof.
    """
    if sealed.place is None and (shown := _shown_now(edition, sealed.record, lang)):
        return Evidence(sealed.record.decode(), shown.decode())
    return await to_thread.run_sync(_handed_out, runtime, edition, sealed, lang)


def _handed_out(runtime: Runtime, edition: Edition, sealed: Sealed, lang: str) -> Evidence | None:
    from ..log.receipt import entry, evidence

    record, place = sealed
    try:
        shown = _shown(runtime, edition, record, lang)
        if shown is None:
            return None
        if place is not None:
            with runtime.log.snapshot() as view:
                row = entry(view, place, record)
                if row is not None:
                    return evidence(view, row, shown, runtime.settings.checkpoint_keys)
    except LogError:
        shown = _shown_now(edition, record, lang)
    return Evidence(record.decode(), shown.decode()) if shown else None


def _shown(runtime: Runtime, edition: Edition, record: bytes, lang: str) -> bytes | None:
    """What a record names as shown; None where that is not kept, or is from before receipts."""
    now = _shown_now(edition, record, lang)
    if now is not None:
        return now
    kept = runtime.log.artifact(json.loads(record)["shown"])
    return kept[1] if kept and "pii_processing" in json.loads(kept[1]) else None


def _shown_now(edition: Edition, record: bytes, lang: str) -> bytes | None:
    # A record that names no text (a withdrawal by a form that nobody has a copy of) gets that of
    # now: it proves nothing of it, and a check says so.
    digest = json.loads(record).get("shown", edition.presentations[lang][0].hash)
    bodies = {shown.hash: body for shown, body in edition.presentations.values()}
    return bodies.get(digest)


# -- how it looks --


def _none(
    runtime: Runtime, edition: Edition, scope: Scope, lang: str, why: str, status: int
) -> Response:
    """Says that there is no receipt, and why nobody can be found without an id (GDPR 11, R130)."""
    words = texts(lang)["receipt"]
    html = runtime.interface.render(
        "message.html",
        **edition.context(lang),
        title=words["none"] if status == 404 else words["title"],
        message=words[why],
        back=home(scope),
        linked=False,
    )
    return HTMLResponse(html, status, PRIVATE)


def _file(found: Evidence) -> Response:
    content = json.dumps(receipt(found), ensure_ascii=False, indent=2)
    time = json.loads(found.record)["time"][:10]
    headers = {
        **PRIVATE,
        "content-disposition": f'attachment; filename="receipt-{time}.json"',
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type="application/json", headers=headers)


async def reply(
    runtime: Runtime, edition: Edition, outcome: Outcome, lang: str, *, back: str
) -> Response | None:
    """The receipt as the reply to a form, for whom none can be found later (R43)."""
    sealed = Sealed.of(outcome)
    found = await sealed_evidence(runtime, edition, sealed, lang)
    if found is None:
        return None
    foreign = withdrawal.staying(runtime, outcome.withdrawn, scripted=False)
    return render(
        runtime, edition, found, lang, back=back, sealed=sealed, saved=True, foreign=foreign
    )


def render(
    runtime: Runtime,
    edition: Edition,
    found: Evidence,
    lang: str,
    *,
    back: str,
    sealed: Sealed | None,
    saved: bool = False,
    foreign: str = "",
) -> Response:
    """Render a receipt in a language; what was shown stays in the one that it was shown in.

    `saved` tells that it is the reply to a decision, `foreign` names what that could not remove.
    """
    record, shown = json.loads(found.record), json.loads(found.shown)
    controller = shown["party_identification"][0]
    words, prefix = texts(lang)["receipt"], edition.settings.prefix
    query = f"?return={quote(back, safe='/')}"
    html = runtime.interface.render(
        "receipt.html",
        **edition.context(lang),
        sheet=edition.address("notice.css"),
        title=words["title"],
        back=back,
        saved=saved,
        foreign=foreign,
        languages=notice_words(lang)["languages"],
        others=[
            (other, texts(other)["general"]["language"], f"{address(edition, other)}{query}")
            for other in edition.languages
            if other != lang and sealed is None
        ],
        event=words[record["event"]].format(when=_moment(runtime, record["time"], lang)),
        rows=_rows(record, shown, lang),
        spoken=shown["language"],
        asked_then={"heading": shown["texts"]["banner"]["heading"], **shown},
        record=record,
        method=words[record["method"]],
        signal=titles(record.get("signal", "")),
        controller=controller,
        address=country_name(controller["party_address"], lang),
        notice_then=shown["pii_processing"]["privacy_notice"],
        version=record.get("notice", {}).get("version", ""),
        consent_id=record.get("consent_id", ""),
        proof=_proof(runtime, found),
        in_log=bool(found.salt),
        file=f"{prefix}/{FILE}",
        sealed=sealed.seal(runtime) if sealed else "",
        settings=f"{prefix}/{lang}{query}",
        withdraws=sealed is None and "granted" in record["states"].values(),
        token=random_token().decode("ascii"),
        return_path=back,
        asked=" ".join(edition.rules.optional),
        form_method="settings",
    )
    return HTMLResponse(html, headers=PRIVATE)


def _moment(runtime: Runtime, time: str, lang: str) -> str:
    """The time of a record in words; a refusal's is a day."""
    if len(time) == len("2026-11-18"):
        return date_in_words(date.fromisoformat(time), lang)
    local = datetime.fromisoformat(time).astimezone(runtime.settings.site.timezone)
    words = texts(lang)["receipt"]["moment"]
    return words.format(date=date_in_words(local.date(), lang), time=local)


def _rows(record: Mapping[str, Any], shown: Mapping[str, Any], lang: str) -> list[dict[str, str]]:
    """One row a category that is asked: what was answered, and the last day on which it counts."""
    words = texts(lang)["receipt"]
    rows = []
    for purpose in shown["pii_processing"]["purposes"]:
        category = purpose["purpose_id"]
        end = record["expires"].get(category)
        last = date.fromisoformat(end) - timedelta(days=1) if end else None
        rows.append(
            {
                "name": purpose["purpose_name"],
                "answer": words[record["states"].get(category, "unset")],
                "until": words["last"].format(date=date_in_words(last, lang)) if last else "–",
                "services": ", ".join(purpose["services"]),
            }
        )
    return rows


def _proof(runtime: Runtime, found: Evidence) -> dict[str, object] | None:
    from ..log.receipt import claimed
    from ..signed_note import verifier_of

    if not found.proof:
        return None
    place, (log, size, _) = claimed(found)
    keys = [str(verifier_of(key)) for key in runtime.settings.checkpoint_keys]
    # As the file, its verifier and the proof bundle number it: from 0.
    return {"number": place, "size": size, "log": log, "keys": keys}
