"""What is done to the host's pages for one state of choice: made once a state, used for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from starlette.types import Scope

from ..browser.edition import Edition
from ..browser.embeds import frame, in_frame, is_dot, size
from ..browser.firewall import Firewall
from ..browser.hosts import Hosts
from ..browser.plan import TOKEN, Insertion, Plan
from ..browser.policy import HostPolicy
from ..browser.ready import Ready, way_back
from ..choice import Choice
from ..cookie import Said
from ..declaration import Kind
from ..notice.package import Package
from ..texts import texts
from ..texts.dates import date_in_words
from .sent import Sent, count
from .tokens import random_token

if TYPE_CHECKING:
    from ..log import Log
    from .kept import Kept
    from .runtime import Runtime
    from .visitor import Visitor


K = TypeVar("K")
V = TypeVar("V")

_UNCOUNTED = Sent()


def remember(memory: dict[K, V], key: K, value: V, most: int = 4096) -> None:
    """Keep a value in a memory that is emptied when it holds `most`."""
    if len(memory) >= most:
        memory.clear()
    memory[key] = value


class Judged:
    """What was judged of cookies on one day under one edition; replaced as a whole.

    It holds from `begin` to `end`, the edition from `since` to `until`, in seconds since 1970-01-01
    UTC; `day` counts from there. The memories are by the signals that came with the cookie;
    `by_field` is by the hash of these and all the cookies of a request, where none is to be hidden
    from the app: what others keep in theirs is not kept here. `sent` counts
    the banners in each language; `pages` holds those of the notice, by state and address.
    """

    __slots__ = (
        "begin",
        "by_answers",
        "by_cookie",
        "by_field",
        "day",
        "edition",
        "end",
        "pages",
        "sent",
        "shared",
        "since",
        "until",
    )

    def __init__(self, edition: Edition, since: float, until: float, day: int) -> None:
        self.edition = edition
        self.since = since
        self.until = until
        self.day = day
        self.begin = max(since, day * 86_400.0)
        self.end = min(until, (day + 1) * 86_400.0)
        self.by_field: dict[int, Plans] = {}
        self.by_cookie: dict[str, dict[bytes | None, Plans]] = defaultdict(dict)
        self.by_answers: dict[str, dict[Said | None, Plans]] = defaultdict(dict)
        self.shared: dict[tuple[object, ...], Plans] = {}
        self.pages: dict[tuple[bytes, object], Kept] = {}
        self.sent = {lang: Sent(text) for lang, (text, _) in edition.presentations.items()}

    def everybody(self, runtime: Runtime) -> Plans | None:
        """What is done to pages that a shared cache may keep, if it may keep any (R120)."""
        if not runtime.settings.enforcement.cacheable:
            return None
        if () not in self.shared:
            nobody = self.edition.rules.choice_of_nobody()
            self.shared[()] = Plans(runtime, self.edition, nobody, shared=True)
        return self.shared[()]

    def count_sent(self, log: Log | None) -> None:
        """Let the log, if there is one, count the banners that were sent."""
        count(log, self.day, self.sent.values())


class Plans:
    """What one state of choice means for pages, whoever asks for them.

    `choice` is that of all who share these plans: of the cookie it holds the answers of one of
    them. `told` is the notice change that the visitor is told of. `plan` is for the host's pages,
    `flowing` for our own, which have the banner in their flow (R19). `policy` is the content
    security policy of the host's, if the site wants one.

    `sent` counts the banners in each language, where pages have one.

    With `shared` they are for pages that are the same for everybody; `everybody` are those plans,
    whose `plan` is then everybody's, but for the cookies that pass.
    """

    __slots__ = (
        "_made",
        "choice",
        "edition",
        "firewall",
        "flowing",
        "hosts",
        "own",
        "plan",
        "policy",
        "runtime",
        "sent",
        "shared",
        "style",
        "tag",
        "told",
    )

    def __init__(
        self,
        runtime: Runtime,
        edition: Edition,
        choice: Choice,
        told: Package | None = None,
        *,
        shared: bool = False,
        everybody: Plans | None = None,
        sent: Mapping[str, Sent] | None = None,
    ) -> None:
        self.runtime = runtime
        self.sent = sent if choice.asked and sent else {}
        self.shared = shared
        self.edition = edition
        self.choice = choice
        self.told = told
        self.own = edition.settings.banner.settings_link == "own"
        self.style = edition.interface.critical.encode("ascii")
        self.tag = _tag(edition, choice, told, shared=shared)
        self.hosts = self._hosts()
        self.firewall = Firewall(
            runtime.names[Kind.COOKIE],
            choice.allows,
            runtime.cookie.name,
            runtime.undeclared,
            drop=edition.settings.enforcement.undeclared == "drop",
        )
        self.plan: Plan = (
            replace(everybody.plan, firewall=self.firewall) if everybody else self._plan(flow=False)
        )
        self.flowing = self._plan(flow=True)
        self.policy = _policy(edition, choice)
        self._made: dict[tuple[object, ...], tuple[Insertion | None, Sent]] = {}

    def _hosts(self) -> Hosts | None:
        settings = self.edition.settings
        # All that is declared: what waits for its notice is refused until then (R81).
        hosts = Hosts(
            settings.declaration.services,
            self.choice.allows,
            (urlsplit(origin).netloc for origin in settings.site.origins),
            strict=settings.enforcement.hosts == "strict",
            report=self.runtime.undeclared.note_host,
        )
        return hosts if hosts else None

    def _plan(self, flow: bool) -> Plan:
        return Plan(
            allows=self.choice.allows,
            policy_outside=self.edition.settings.banner.style == "linked",
            private=not self.shared,
            tag=self.tag,
            page=partial(Page, self, flow),
            hosts=self.hosts,
            signals=self.edition.vendors.state(self.choice.allows),
            adds=flow
            or not self.own
            or self.shared
            or bool(self.choice.asked)
            or self.told is not None,
            firewall=None if flow else self.firewall,
        )

    def inserted(
        self, lang: str, scope: Scope, linked: bool, flow: bool
    ) -> tuple[Insertion | None, Sent]:
        """What goes into the page at an address, whoever asks for it, and what counts it.

        `lang` is the page's own language (R15), `linked` tells that it has the settings link.
        """
        key = (lang, scope.get("raw_path") or scope["path"], scope["query_string"], linked, flow)
        try:
            return self._made[key]
        except KeyError:
            lang = self.spoken(lang)
            made = self._make(lang, self.back(scope), linked, flow), self.sent.get(lang, _UNCOUNTED)
            remember(self._made, key, made, 64)
            return made

    def spoken(self, lang: str) -> str:
        """The language that a page in the given one is shown ours in."""
        languages = self.edition.languages
        lang = lang.partition("-")[0].lower()
        return lang if lang in languages else languages[0]

    def _make(self, lang: str, back: bytes, linked: bool, flow: bool) -> Insertion | None:
        edition, choice, own = self.edition, self.choice, self.own and not flow
        banner: Ready | None = None
        if self.shared:
            if linked:
                return None
            tail = edition.tail(lang, choice, styled=False, own=own, shared=True)
            return Insertion(b"", b"", b"", tail.fill(b"", back))
        if choice.asked:
            banner = edition.banner(lang, choice, flow=flow)
        elif self.told is not None:
            banner = strip(self.runtime, edition, lang, self.told)
        if banner is None and (linked or own):
            return None
        tail = edition.tail(lang, choice, styled=banner is not None, linked=linked, own=own)
        return Insertion(
            style=self.style if banner else b"",
            link=edition.link if banner else b"",
            banner=banner.fill(TOKEN, back) if banner else b"",
            tail=tail.fill(b"", back),
        )

    def back(self, scope: Scope) -> bytes:
        """The address of a page; without its query where others are given the same bytes."""
        query = b"" if self.shared else scope["query_string"]
        return way_back(scope.get("raw_path") or scope["path"], query)


class Page:
    """What goes into one page: made only when a response turns out to be one."""

    __slots__ = ("_flow", "_frames", "_plans", "_scope", "_token", "_visitor", "lang")

    def __init__(self, plans: Plans, flow: bool, scope: Scope, visitor: Visitor) -> None:
        self._plans = plans
        self._scope = scope
        self._visitor = visitor
        self._flow = flow
        self._token = b""
        self._frames = 0
        self.lang = ""

    def insertion(self, lang: str) -> Insertion | None:
        """Banner or announcement, settings link and script, in the page's own language (R15)."""
        made, sent = self._plans.inserted(lang, self._scope, self._visitor.linked, self._flow)
        sent.n += 1
        return made

    def placeholder(self, name: str, attributes: Mapping[str, str], inner: bytes) -> bytes:
        """What stands for an embed that may not load (R18)."""
        plans = self._plans
        back = self.place
        lang = plans.spoken(self.lang)
        once = plans.runtime.embeds.address(name, lang, inner, back.decode("ascii"))
        looks = frame(inner, plans.hosts)
        sides = size(inner) if looks is None else None
        made = plans.edition.placeholder(lang, name, once=bool(once), size=sides)
        html = made.fill(TOKEN, back, once.encode("ascii"))
        if looks is None:
            return html
        if is_dot(looks):
            html = b""  # its links would be reached with the Tab key, and not be seen
        self._frames += 1
        framed = in_frame(html, name, plans.edition.named(lang, name), looks, self._frames)
        if "data-embed" in attributes or not inner.lower().startswith((b"<video", b"<object")):
            return framed
        # What it stands for is behind it: a site's own style could show it, though it is hidden.
        return plans.edition.link + framed

    @property
    def place(self) -> bytes:
        """The address of the page, from which its placeholders lead on."""
        return self._plans.back(self._scope)

    def token(self) -> bytes:
        """One token for all the forms of a page (R46): 18 random bytes, as base64url.

        Where all are given the same bytes, the script makes it.
        """
        if not self._token and not self._plans.shared:
            self._token = random_token()
        return self._token


def _tag(edition: Edition, choice: Choice, told: Package | None, *, shared: bool) -> bytes:
    """Names a state in ETags: two states whose pages differ never have the same (R120)."""
    settings = edition.settings
    notices = settings.notices
    parts = (
        # All that a form shows, in every language: texts, controller, look, services, notice.
        *(shown.hash for shown, _ in edition.presentations.values()),
        # A shared cache would otherwise keep what was made before the settings changed.
        settings.declaration.hash,
        settings.enforcement.hosts,
        settings.enforcement.policy,
        repr(settings.banner),
        settings.prefix,
        *(notices.paths[lang] for lang in edition.languages if notices),
        str(shared),
        *sorted(choice.allowed),
        "|",
        *choice.asked,
        "|",
        *choice.signalled,
        choice.signal,
        *(f"{category} {scope}" for category, scope in choice.again),
        str(told.number) if told else "",
    )
    return sha256("\n".join(parts).encode()).hexdigest()[:12].encode()


def _policy(edition: Edition, choice: Choice) -> HostPolicy | None:
    settings = edition.settings
    mode = settings.enforcement.policy
    if mode == "off":
        return None
    # Where everybody gets the same bytes, only what nobody declared can be kept out.
    same = settings.enforcement.cacheable
    services = edition.declaration.services
    return HostPolicy(
        (host for s in services if same or choice.allows(s.id) for host in s.hosts),
        settings.site.origins,
        f"{settings.prefix}/reports",
        enforce=mode == "enforce",
        private=not same,
    )


def strip(runtime: Runtime, edition: Edition, lang: str, told: Package) -> Ready:
    """The message that the notice changes, or has changed."""
    text = texts(lang)["announcement"]
    day = date_in_words(told.effective, lang)
    past, summary = told.starts <= runtime.now(), told.text(lang)
    return edition.announcement(
        lang,
        str(told.number),
        text["past" if past else "text"].format(date=day),
        (summary.lang, summary.change),
        edition.notice_path(lang, str(told.number)),
    )
