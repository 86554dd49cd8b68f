"""What the pages of one site share while it runs: settings, edition, cookie, log and clock.

Made once at start. What changes by itself, the edition when a notice takes effect, is replaced as a
whole; a request works with the one that it began with.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from ..browser.edition import Edition
from ..browser.firewall import Names
from ..browser.interface import Interface
from ..browser.request import READ
from ..browser.undeclared import Undeclared
from ..choice import Choice, Stored
from ..cookie import ChoiceCookie, Header, find, find_in
from ..declaration import Kind, Scope
from ..errors import LogCorrupt, LogError, LogUnavailable
from ..log import Entry, Log, open_log
from ..log.publishing import Publisher
from ..log.spool import Spool
from ..notice.addresses import addressed
from ..notice.package import Package, artifacts
from ..notice.shelf import Shelf
from ..record import Shown, canonical, day_of
from ..settings import Settings, address
from ..signal import BY_FIELD, added, given
from ..structured import event
from .chain import revived, unless_same
from .embeds import Embeds
from .inforce import in_force
from .limits import Bucket
from .plans import Judged, Plans, remember
from .published import publications, whole
from .reports import Tally

if TYPE_CHECKING:
    from .kept import Kept
    from .metrics import Metrics

logger = logging.getLogger("consent")

Clock = Callable[[], float]
GPC_SUPPORT = "/.well-known/gpc.json"


class State(NamedTuple):
    """What holds for one request."""

    edition: Edition
    choice: Choice
    plans: Plans


class Runtime:
    """Everything behind the pages of one site.

    `clock` gives seconds since 1970-01-01 UTC. Raises `LogMissing` when there is no log at the
    address of the settings, `NoticeError` when a published notice has been changed.
    """

    def __init__(self, settings: Settings, clock: Clock = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self.interface = Interface(settings.templates, settings.theme.css())
        self.cookie = ChoiceCookie(
            settings.cookie,
            settings.keys,
            settings.site.host,
            settings.memory,
            secure=settings.site.secure,
        )
        # All that is declared, what waits for its notice too: that is not undeclared but refused.
        self.hosts = tuple(urlsplit(origin).hostname or "" for origin in settings.site.origins)
        self.names = {kind: Names(settings.declaration, kind, self.hosts) for kind in Kind}
        nobody = self.names[Kind.COOKIE].passing(lambda service: False, self.cookie.name)
        self._plain = nobody.fullmatch
        self.undeclared = Undeclared(settings.declaration, settings.site.languages)
        notices = settings.notices
        self.shelf = Shelf.load(notices.folder, notices.document) if notices else Shelf("none", ())
        # How every path of ours begins; of some others too.
        self.own: tuple[str, ...] = (settings.prefix, GPC_SUPPORT)
        if notices:
            self.own += (*notices.paths.values(), *notices.kept.values(), *notices.former)
        # One visitor may allow often; one address may not fill the log (R118).
        self.grants = Bucket(rate=0.5, burst=30)
        self.refusals = Bucket(rate=50, burst=200)
        # A log that was down is tried again so often; each try may take seconds.
        self.retries = Bucket(rate=1, burst=4)
        self.tally = Tally(settings)
        self.embeds = Embeds(settings.keys, settings.site.host, settings.prefix)
        self._log: Log | None = None
        self.metrics: Metrics | None = None
        if settings.metrics_token:  # nobody else needs the library
            from .metrics import Metrics

            self.metrics = Metrics(self)
        keys, due = settings.checkpoint_keys, settings.checkpoints
        self.publisher = Publisher(lambda: self.log, keys, 60 * due.every, due.file, due.hook)
        self._scopes: dict[str, Scope] = {}
        self.recorded = False
        self._lock, self._opening, self._recording = Lock(), Lock(), Lock()
        self._address(self.shelf)
        # What is said of GPC, once the log has told since when; the last checkpoint and its time.
        self.gpc, self.checkpoint = b"", (0.0, "")
        self._judged = self._judge_anew()
        self._start()
        address.watch(settings.site, partial(logger.warning, extra=event("address-elsewhere")))

    def _address(self, shelf: Shelf) -> None:
        """Find out where the notice is read, or was, in the languages of its versions."""
        notices = self.settings.notices
        self.paths = addressed(shelf.packages, self.settings)
        former = notices.former if notices else {}
        self.former = {path: la for path, la in former.items() if la in self.paths}

    # -- time --

    def now(self) -> datetime:
        """The server's time, the only one that counts (R46)."""
        return datetime.fromtimestamp(self.clock(), UTC)

    @property
    def edition(self) -> Edition:
        """What is shown now."""
        return self._judged.edition

    @property
    def pages(self) -> dict[tuple[bytes, object], Kept]:
        """The pages of the notice as they are now, by state and address."""
        return self._judged.pages

    def _turn(self) -> Judged:
        """A new day, or a notice that takes effect: what was remembered is judged anew."""
        with self._lock:
            now, before = self.clock(), self._judged
            if not before.since <= now < before.until:  # clocks are set back, too
                # What takes effect is logged before anybody consents to it.
                self._judged, self.recorded = self._judge_anew(), False
            elif not before.begin <= now < before.end:
                self._judged = Judged(
                    before.edition, before.since, before.until, int(now // 86_400)
                )
            if self._judged is not before:
                before.count_sent(self._log)
            return self._judged

    def _judge_anew(self) -> Judged:
        now = self.clock()
        return Judged(*self._edition(datetime.fromtimestamp(now, UTC)), int(now // 86_400))

    def _edition(self, now: datetime) -> tuple[Edition, float, float]:
        edition, _ = in_force(self.settings, self.interface, self.shelf, now, self._scopes.values())
        return edition, *self.shelf.unchanged(now)

    # -- the choice of a request --

    def plans(self, headers: list[Header]) -> tuple[Plans, bool, bool]:
        """What a request means for pages; whether it is to be prepared, and has cookies to hide."""
        cookie = None
        signal, special = "", False
        for name, value in headers:
            if name in READ:
                if name == b"cookie":  # one field may come in several (RFC 9113, 8.2.3)
                    cookie = value if cookie is None else b"; ".join((cookie, value))
                elif name in BY_FIELD:
                    signal = added(signal, name, value)
                else:
                    special = True
        judged = self._judged
        if not judged.begin <= self.clock() < judged.end:
            judged = self._turn()
        everything = hash((signal, cookie)) if signal else hash(cookie)
        plans = judged.by_field.get(everything)
        if plans is not None:
            return plans, special, False
        # Most often there are none but ours and such as every visitor may have.
        plain = self._plain(cookie) if cookie is not None else None
        raw = plain[1] if plain else find_in(cookie, self.cookie.mark) if cookie else None
        plans = judged.by_cookie[signal].get(raw)
        again = plans is not None
        plans = plans or self._judge(judged, raw, signal)
        hides = plain is None and cookie is not None and plans.firewall.hides(cookie)
        if again and not hides:  # who comes again, comes with the same
            remember(judged.by_field, everything, plans)
        return plans, special, hides

    def _judge(self, judged: Judged, raw: bytes | None, signal: str) -> Plans:
        said = self.cookie.said(raw) if raw is not None else None
        plans = judged.by_answers[signal].get(said)
        if plans is None:
            stored = self.cookie.reading(said, judged.day) if said else Stored()
            choice = judged.edition.rules.choice(stored, judged.day, signal=signal)
            told = self.announcement(choice)
            # Visitors with the same answers share one plan, whatever their cookies say besides.
            shared: tuple[object, ...] = (
                *choice.states.values(),
                choice.asked,
                choice.signalled,
                choice.signal,
                choice.again,
                str(told.number) if told else "",
            )
            plans = judged.shared.get(shared)
            if plans is None:
                everybody = judged.everybody(self)
                plans = Plans(
                    self, judged.edition, choice, told, everybody=everybody, sent=judged.sent
                )
                remember(judged.shared, shared, plans)
            remember(judged.by_answers[signal], said, plans)
        # Only what was signed here is worth remembering: others could fill the memory.
        if raw is None or said is not None:
            remember(judged.by_cookie[signal], raw, plans)
        return plans

    def state(self, headers: list[Header]) -> State:
        """The choice of a request with all that its cookie says, the id too."""
        plans, _, _ = self.plans(headers)
        raw, today = find(headers, self.cookie.field), self.today
        rules = plans.edition.rules
        choice = rules.choice(self.cookie.read(raw, today), today, signal=given(headers))
        return State(plans.edition, choice, plans)

    @property
    def today(self) -> int:
        """Days since 1970-01-01 UTC."""
        return int(self.clock() // 86_400)

    def announcement(self, choice: Choice) -> Package | None:
        """The notice change that this visitor is to be told of (R80, R83)."""
        stored = choice.stored
        # Who has answered before has been here, whether or not there was a version to see.
        if not stored.answers or not self.shelf.packages:
            return None
        return self.shelf.announcement(self.now(), stored.seen)

    @property
    def seen(self) -> str:
        """The newest version that a visitor who answers now can have read."""
        now = self.now()
        known = [p.number for p in self.shelf.packages if p.announced_at <= now]
        return str(max(known)) if known else ""

    # -- the log --

    @property
    def log(self) -> Log:
        """The log of the site."""
        if self._log is None:
            with self._opening:
                if self._log is None:
                    self._log = self._opened()
        return self._log

    def _opened(self) -> Log:
        address, spool = self.settings.log, self.settings.spool
        log = open_log(address, writable=True, revive=revived, spool=spool)
        if self.metrics is not None:
            log.measure(self.metrics)
        return log

    def spool(self, entry: Entry) -> None:
        """Keep a refusal or a withdrawal until the log works again (R34).

        Raises `LogUnavailable` when it cannot be kept either.
        """
        if self._log is not None:
            self._log.spool(entry)
        else:
            Spool(self.settings.spool).add(entry)

    def count(self, *names: str) -> None:
        """Add one to counters of today; while there is no log to count in, nothing is counted."""
        log, day = self._log, day_of(self.now())
        if log is not None:
            for name in names:
                log.count(day, name)
            self._judged.count_sent(log)

    def note_shown(self, lang: str) -> None:
        """Note that a banner was sent otherwise than in a page of the host's."""
        self._judged.sent[lang].n += 1

    def _start(self) -> None:
        try:
            self.record()
        except (LogUnavailable, LogCorrupt) as error:
            # The site can be read and everything refused; a grant waits for the log (R34).
            words = "the consent log cannot be used now, so nobody can allow anything: %s"
            logger.error(words, error, extra=event("log-unusable"))
        except Exception:
            self.close()  # the site does not start: nobody else will
            raise

    def record(self) -> None:
        """Log what is shown now, unless it is what was logged last; safe to call again.

        Raises `LogUnavailable`, and `NoticeError` when a version was logged with other content.
        """
        with self._recording:
            if not self.recorded:
                self._record()

    def _record(self) -> None:
        log, shelf = self.log, whole(self.log, self.shelf)
        if shelf is not self.shelf:
            self._address(shelf)
            self.shelf = shelf
            self._renew()
        edition, now = self.edition, self.now()
        entries = list(publications(log, self.shelf, now))
        kept = edition.artifacts()
        for package in self.shelf.packages:
            kept |= artifacts(package)
        log.put_artifacts(kept)
        for entry in entries:
            _wait(log, entry)
        content: dict[str, object] = {
            "kind": "declaration",
            "declaration": edition.declaration.hash,
            "scopes": {c: scope.hash for c, scope in edition.declaration.scopes.items()},
            "shown": {lang: shown.hash for lang, (shown, _) in edition.presentations.items()},
            "interface": edition.interface.hash,
            "artifacts": sorted(edition.artifacts()),
        }
        body = canonical({**content, "time": f"{now:%Y-%m-%dT%H:%M:%SZ}"})
        _wait(log, Entry("declaration", body, revise=unless_same(content, body)))
        # What was there from long ago may have expired before this entry named it again (R129).
        log.put_artifacts(kept)
        self._learn(log)
        self.publisher.appended()
        # Unless the clock has brought another notice into force meanwhile.
        self.recorded = self.edition.shown.keys() == edition.shown.keys()

    def _learn(self, log: Log) -> None:
        """Read every scope that was ever in use: an answer to a wider one still counts (R24)."""
        known = set(self._scopes)
        for _, body in log.bodies("declaration"):
            for digest in json.loads(body)["scopes"].values():
                if digest in self._scopes:
                    continue
                if (artifact := log.artifact(digest)) is not None:
                    content = json.loads(artifact[1])
                    self._scopes[digest] = Scope(content["category"], content["services"])
        if set(self._scopes) != known:
            self._renew()

    def _renew(self) -> None:
        with self._lock:
            self._judged.count_sent(self._log)
            self._judged = self._judge_anew()

    def shown(self, digest: str) -> Shown | None:
        """What a form showed, by the hash it carries: an edition's now, or one from the log."""
        found = self.edition.shown.get(digest)
        if found is not None or not (len(digest) == 64 and digest.isalnum()):
            return found
        try:
            artifact = self.log.artifact(digest)
            content = json.loads(artifact[1]) if artifact else {}
        except (LogError, ValueError):
            return None
        if not isinstance(content, dict) or content.get("type") != "presentation":
            return None
        return Shown(
            hash=digest,
            language=content["language"],
            declaration=content["declaration"],
            interface=content["interface"],
            notice_version=content["notice"]["version"],
            notice_hash=content["notice"]["hash"],
            scopes=content["scopes"],
        )

    def close(self) -> None:
        """Write what waits and let go of the log; what comes later opens it again."""
        self.publisher.close()
        self._judged.count_sent(self._log)
        log, self._log = self._log, None
        if log is not None:
            log.close()


def _wait(log: Log, entry: Entry) -> None:
    try:
        log.append_soon(entry).result(timeout=30)
    except TimeoutError as error:
        raise LogUnavailable("the log did not answer within 30 seconds") from error
