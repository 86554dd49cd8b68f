"""Takes a visitor's answer: records it, then lets it take effect (R34).

A grant waits for its record. What is refused or withdrawn takes effect whatever happens; if the log
is down, its record waits in the spool.
"""

from __future__ import annotations

import base64
import hmac
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from anyio import to_thread

from ..browser.edition import Edition
from ..choice import Answer, Choice, Decision, Event, Stored
from ..cookie import Header
from ..errors import LogError, LogUnavailable, NoticeError
from ..log import Appended, Entry, counters
from ..record import Shown, canonical, consent_record
from ..structured import event
from .chain import continuing
from .runtime import Runtime

logger = logging.getLogger("consent")

METHODS = ("banner", "settings", "placeholder", "api")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a form.

    `error` is the name of a text under [error], empty when all that was asked is in effect;
    `choice` holds from now on, and `headers` are the cookies that make it so. `record` is the body
    of the record that was made, empty for none, and `place` where it stands in the log, None where
    it does not yet.
    """

    choice: Choice
    status: int = 200
    error: str = ""
    headers: tuple[Header, ...] = ()
    withdrawn: tuple[str, ...] = ()
    record: bytes = b""
    place: int | None = None

    @property
    def held(self) -> bool:
        """Whether the visitor has a consent id from now on, by which the record is found again."""
        stored = self.choice.stored
        return bool(stored.consent_id) and any(answer.granted for answer in stored.answers)


async def decide(
    runtime: Runtime,
    edition: Edition,
    choice: Choice,
    form: dict[str, str],
    *,
    address: str,
) -> Outcome:
    """Apply a form to the choice that came with it.

    `address` is the visitor's network, for the rate of grants only. A form whose content we cannot
    show any more grants nothing.
    """
    wanted = _wanted(form, edition.rules.optional)
    if wanted is None:
        return Outcome(choice, 400, "form")
    asked, granted = wanted
    shown = await to_thread.run_sync(runtime.shown, form.get("shown", ""))
    scopes = shown.scopes if shown else {c: s.hash for c, s in edition.declaration.scopes.items()}
    rules, today = edition.rules, runtime.today
    decision = rules.decide(
        choice.stored,
        today,
        asked=asked,
        granted=granted,
        scopes={category: digest[:12] for category, digest in scopes.items()},
    )
    error, status = "", 200
    if decision.grants():
        error, status = await _obstacle(runtime, shown, address)
        if error:
            asked = asked - granted
            decision = _without_grants(edition, choice, today, asked, scopes)
    if decision.event is None:
        return _outcome(runtime, edition, choice, decision, "", error, status)
    recorded = await _recorded(runtime)
    consent_id = decision.held or (_new_id(runtime, form) if decision.grants() else "")
    entry = _entry(runtime, edition, choice, decision, shown, consent_id, form)
    appended: Appended | None = None
    try:
        if not recorded:
            raise LogUnavailable("what was shown is not in it")
        entry, appended = await _append(runtime, entry, decision)
    except LogError as fault:
        logger.error("the consent log is down: %s", fault, extra=event("decision-not-recorded"))
        if decision.grants():
            error, status = "mixed" if set(asked) - set(granted) else "log", 503
            asked = asked - granted
            decision = _without_grants(edition, choice, today, asked, scopes)
            if decision.event is None:
                return _outcome(runtime, edition, choice, decision, "", "log", 503)
            consent_id = decision.held
            entry = _entry(runtime, edition, choice, decision, shown, consent_id, form)
        await to_thread.run_sync(_spool, runtime, entry)
    if appended is None or appended.new:
        states = decision.states(c for c in edition.rules.optional if c in asked)
        runtime.count(*counters.decided(shown, form["decision"], states, choice.signal))
        if runtime.metrics is not None and decision.event is not None:
            runtime.metrics.decided(decision.event)
    made = (entry.body, appended.seq if appended else None)
    return _outcome(runtime, edition, choice, decision, consent_id, error, status, *made)


def _wanted(form: dict[str, str], optional: tuple[str, ...]) -> tuple[set[str], set[str]] | None:
    """The categories put to the visitor and those granted; None for a form that says neither."""
    named = form.get("asked", " ".join(optional)).split()
    asked = {category for category in optional if category in named}
    match form.get("decision"):
        case "accept":
            granted = asked
        case "reject":
            granted = set()
        case "save":
            granted = {category for category in asked if form.get(category) == "granted"}
        case _:
            return None
    return asked, granted


async def _obstacle(runtime: Runtime, shown: Shown | None, address: str) -> tuple[str, int]:
    """Why a grant may not take effect: (text, status), both empty when it may."""
    if shown is None:
        return "stale", 409
    if not runtime.grants.take(address):
        return "busy", 429
    return ("", 200) if await _recorded(runtime) else ("log", 503)


async def _recorded(runtime: Runtime) -> bool:
    """Whether what a record would name is in the log; if not, it is put there now (R37)."""
    if not runtime.recorded and runtime.retries.take():
        try:
            await to_thread.run_sync(runtime.record)
        except (LogError, NoticeError) as fault:
            logger.error("the consent log cannot be used: %s", fault, extra=event("log-unusable"))
    return runtime.recorded


def _without_grants(
    edition: Edition, choice: Choice, today: int, denied: set[str], scopes: Mapping[str, str]
) -> Decision:
    """The same form without what it grants anew: its denials stand."""
    return edition.rules.decide(
        choice.stored,
        today,
        asked=denied,
        granted=(),
        scopes={category: digest[:12] for category, digest in scopes.items()},
    )


def _new_id(runtime: Runtime, form: dict[str, str]) -> str:
    """The consent id of a first grant; the same form posted again has the same (R46)."""
    return _mac(runtime, b"consent.id.1", _token(form))


def _token(form: dict[str, str]) -> str:
    """The token of a form; of an agent without one, every post is a decision of its own."""
    token = form.get("token", "")
    return token if 16 <= len(token) <= 64 else secrets.token_urlsafe(16)


def _mac(runtime: Runtime, purpose: bytes, text: str) -> str:
    key = runtime.settings.keys[0].encode()
    digest = hmac.digest(key, purpose + b"\0" + text.encode("utf-8", "surrogatepass"), sha256)
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode("ascii")


def _entry(
    runtime: Runtime,
    edition: Edition,
    choice: Choice,
    decision: Decision,
    shown: Shown | None,
    consent_id: str,
    form: dict[str, str],
) -> Entry:
    method = form.get("method", "api")
    position = runtime.settings.banner.position
    record = consent_record(
        decision,
        shown,
        at=runtime.now(),
        optional=edition.rules.optional,
        memory=runtime.settings.memory,
        consent_id=consent_id,
        method=method if method in METHODS else "api",
        layout=position if method == "banner" else "page",
        signal=choice.signal,
    )
    once = None
    if not consent_id:
        # The key tells one form from another for two days and nothing else: the token is nowhere.
        # A refusal that the log took, but could not say so, is known again when it is spooled.
        said = canonical(record["states"]).decode()
        once = _mac(runtime, b"consent.once.1", f"{_token(form)} {said}").encode()
    return Entry(
        "consent",
        canonical(record),
        consent_id=consent_id or None,
        once=once,
        revise=continuing(record) if consent_id else None,
    )


async def _append(
    runtime: Runtime, entry: Entry, decision: Decision
) -> tuple[Entry, Appended | None]:
    """Append, unless it is a refusal beyond the rate at which refusals are written one by one.

    Gives the entry as it stands, and what came of appending it, None where that was not done.
    """
    if decision.event is Event.REFUSAL and not runtime.refusals.take():
        runtime.count(counters.NOT_WRITTEN)
        return entry, None
    begun = time.perf_counter()
    appended = await runtime.log.append(entry)
    if runtime.metrics is not None:
        runtime.metrics.appended(time.perf_counter() - begun)
    runtime.publisher.appended()
    return replace(entry, body=appended.body), appended


def _spool(runtime: Runtime, entry: Entry) -> None:
    try:
        runtime.spool(entry)
    except LogError as fault:
        # The safe side is less processing: the refusal takes effect all the same (R34).
        logger.error(
            "a refusal took effect, but its record could not even be spooled: %s",
            fault,
            extra=event("refusal-lost"),
        )


def _outcome(
    runtime: Runtime,
    edition: Edition,
    choice: Choice,
    decision: Decision,
    consent_id: str,
    error: str,
    status: int,
    record: bytes = b"",
    place: int | None = None,
) -> Outcome:
    answers: tuple[Answer, ...] = tuple(decision.answers.values())
    stored = Stored(
        answers=answers,
        # Answering is not reading: an announcement stands until it is dismissed (R80).
        seen=choice.stored.seen if choice.stored.answers else runtime.seen,
        consent_id=consent_id or choice.stored.consent_id,
    )
    after = edition.rules.choice(stored, runtime.today, signal=choice.signal)
    headers: list[Header] = []
    if decision.event is not None and answers:
        headers.append(runtime.cookie.header(stored, runtime.today))
    gone = tuple(c for c in decision.withdrawn if c not in after.allowed)
    return Outcome(after, status, error, tuple(headers), gone, record, place)
