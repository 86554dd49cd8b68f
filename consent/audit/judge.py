"""Holds what visitors see against the declaration, both ways (R20, R26, R73)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import urljoin, urlsplit

from ..browser.hosts import target
from ..browser.policy import whose
from ..browser.undeclared import in_catalogue
from ..declaration import Declaration, Item, Kind, Service
from ..settings import Settings
from .page import Page
from .report import Finding, Report, Seen
from .visit import Reply

_OWN = "consent"
_TOML = """add to consent.toml, where it belongs: items = [{{ name = "{}", lifetime = "…", \
purpose = {{ fi = "…" }} }}]"""

_KNOWN = 'add to consent.toml: [services.{0}] with use = "{0}"'


class Judge:
    """Takes every response that visitors got, and gives a report in the end."""

    def __init__(self, settings: Settings, declaration: Declaration) -> None:
        self._settings = settings
        self._declared = declaration
        self._whose = whose(settings)
        self._services = {service.id: service for service in declaration.services}
        necessary = {c.id for c in declaration.categories if c.necessary}
        self._free = {s.id for s in declaration.services if s.category in necessary}
        self._patterns = [
            (re.compile(re.escape(item.name).replace(r"\*", ".*")), service, item)
            for service, item in declaration.items()
            if item.kind is Kind.COOKIE and not item.domain
        ]
        self._pages: dict[str, int] = {}
        self._cookies: dict[str, Seen] = {}
        self._hosts: dict[str, Seen] = {}
        self._items: set[tuple[str, str]] = set()
        self._used: set[str] = set()
        self._found: dict[tuple[str, str], Finding] = {}

    def see(self, visitor: str, path: str, reply: Reply, sent: Reply | None) -> list[str]:
        """Take what a visitor got for a path, and what the site itself sent if it was asked.

        Gives the paths of the site that the page links to.
        """
        self._pages.setdefault(path, reply.status)
        if reply.error or reply.status >= 500:
            what = reply.error or f"is answered {reply.status}"
            self._tell("broken-page", path, "", what, "mend the page, or leave it out with ignore")
        for passed, one in ((False, sent or reply), (True, reply)):
            for name in one.cookies:
                self._cookie(visitor, path, name, passed=passed)
        address = urljoin(self._settings.site.origins[0], path)
        if sent is not None:
            self._loads(visitor, path, Page(sent.html, address), passed=False)
        page = Page(reply.html, address)
        self._loads(visitor, path, page, passed=True)
        if page.document:
            self._linked(path, page)
        elif to := reply.field("location"):
            page.links.append(urljoin(address, to))
        return [link for one in page.links if (link := self._within(one)) is not None]

    def report(self, ignore: Collection[str], reported: Mapping[str, int]) -> Report:
        """Give the report; what `ignore` names is no finding."""
        for host, n in reported.items():
            if self._whose.refuses(f"https://{host}/") != "":
                continue  # declared since
            often = "once" if n == 1 else f"{n} times"
            self._undeclared(host, "", f"was reported by browsers {often}, and nobody declares it")
        unjudged = tuple(self._unseen())
        kept = [f for f in self._found.values() if not {f.subject, f.where} & set(ignore)]
        return Report(
            pages=self._pages,
            cookies=tuple(self._cookies.values()),
            hosts=tuple(self._hosts.values()),
            findings=tuple(sorted(kept, key=lambda f: (f.kind, f.subject))),
            reported=reported,
            unjudged=unjudged,
        )

    def _tell(self, kind: str, subject: str, where: str, message: str, remedy: str) -> None:
        # Of each the first place is enough.
        self._found.setdefault((kind, subject), Finding(kind, subject, where, message, remedy))

    def _may(self, visitor: str, service: str) -> bool:
        return visitor == "granting" or service in self._free

    # -- what is set and loaded --

    def _cookie(self, visitor: str, path: str, name: str, *, passed: bool) -> None:
        service, item = self._item(name)
        seen = self._cookies.get(name)
        if seen is None:
            whose, category = (service.id, service.category) if service else ("", "")
            seen = self._cookies[name] = Seen(name, whose, category, path)
        seen.note(visitor, passed=passed)
        if service is None or item is None:
            message = "is set, and nobody declares it"
            known = in_catalogue(name)
            remedy = (_KNOWN if known else _TOML).format(known or name)
            self._tell("undeclared-cookie", name, path, message, remedy)
            return
        self._items.add((service.id, item.name))
        self._used.add(service.id)
        if passed and not self._may(visitor, service.id):
            self._tell(
                "cookie-without-consent",
                name,
                path,
                f"is set for a visitor who has not granted {service.category}",
                f'set it only if request.state.consent.allows("{service.id}")',
            )

    def _item(self, name: str) -> tuple[Service, Item] | tuple[None, None]:
        for pattern, service, item in self._patterns:
            if pattern.fullmatch(name):
                return service, item
        return None, None

    def _loads(self, visitor: str, path: str, page: Page, *, passed: bool) -> None:
        self._used |= page.gates
        self._used |= {
            service.id
            for service in self._services.values()
            for pattern in service.inline
            if any(re.search(pattern.encode(), script) for script in page.scripts)
        }
        for load in page.loads:
            service, to = self._whose.refuses(load.address), target(load.address)
            if service is None or to is None or (passed and load.waits):
                continue
            self._used.add(service)
            seen = self._hosts.get(to.host)
            if seen is None:
                declared = self._services.get(service)
                category = declared.category if declared else ""
                seen = self._hosts[to.host] = Seen(to.host, service, category, path)
            seen.note(visitor, passed=passed)
            if not service:
                message = f"is loaded from by <{load.element}>, and nobody declares it"
                self._undeclared(to.host, path, message)
            elif passed and not self._may(visitor, service):
                self._tell(
                    "host-without-consent",
                    to.host,
                    path,
                    f"is loaded from by <{load.element}> for a visitor who has not granted it",
                    f'put it in <template data-consent="{service}">',
                )

    def _undeclared(self, host: str, path: str, message: str) -> None:
        remedy = f'add "{host}" to the hosts of a service in consent.toml, or remove it'
        self._tell("undeclared-host", host, path, message, remedy)

    # -- the ways that a page owes --

    def _linked(self, path: str, page: Page) -> None:
        paths = {urlsplit(link).path for link in page.links if self._here(link)}
        prefix, notices = self._settings.prefix, self._settings.notices
        languages = self._settings.site.languages
        if paths.isdisjoint(f"{prefix}/{language}" for language in languages):
            self._tell(
                "no-settings-link",
                path,
                "",
                "has no link to the settings",
                "write {{ request.state.consent.settings_link() }} into its footer, or leave "
                "banner.settings_link as it was",
            )
        notice = set(notices.paths.values()) if notices else set()
        if notice and paths.isdisjoint(notice) and not path.startswith(tuple(notice)):
            self._tell(
                "no-notice-link",
                path,
                "",
                "has no link to the privacy notice",
                "write {{ request.state.consent.notice_path() }} into its footer",
            )

    def _here(self, address: str) -> bool:
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.netloc}" in self._settings.site.origins

    def _within(self, address: str) -> str | None:
        """The path of a page of the site, with its query; None for others, and for our own."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        path = parts.path or "/"
        if not self._here(address) or path.startswith(f"{self._settings.prefix}/"):
            return None
        return f"{path}?{parts.query}" if parts.query else path

    # -- what was declared and not seen --

    def _unseen(self) -> Iterator[str]:
        """Tell of what is declared and never came; give what only a browser could see."""
        for service in self._services.values():
            if service.id == _OWN:
                continue
            others = service.hosts or service.inline
            if others and service.id not in self._used:
                self._tell(
                    "unused-service",
                    service.id,
                    "",
                    "is declared, and no page that was visited holds anything of it",
                    "remove it from consent.toml, or name a page that has it",
                )
                continue
            for item in service.items:
                if (service.id, item.name) in self._items:
                    continue
                if others or item.domain or item.kind is not Kind.COOKIE:
                    yield item.name
                    continue
                self._tell(
                    "unseen-cookie",
                    item.name,
                    "",
                    f"is declared by {service.id}, and no page that was visited sets it",
                    "remove it from consent.toml, name a page that sets it, or ignore it",
                )
