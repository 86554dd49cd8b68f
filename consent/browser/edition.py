"""What the component shows while one declaration and one notice are in force.

All markup is rendered when the edition is made; a request only picks and fills it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from markupsafe import Markup, escape

from ..choice import Choice, Rules
from ..declaration import Declaration, Scope
from ..receipt import terms
from ..record import Shown, canonical
from ..settings import Settings
from ..signal import SIGNALS, titles
from ..texts import listing, lowered, texts
from .again import additions, reason
from .embeds import view_box
from .interface import Interface
from .ready import EXTRA, QUERY, TOKEN, Ready, ready
from .signals import Signals


class Edition:
    """The rules and the ready-made markup of one state of the site.

    `declaration` holds the services that count now; `notice` is (version, hash) of the notice in
    force, both empty without one; `scopes` are all the scopes that were ever logged, of which those
    that cover the present one keep their answers (R24). `section` is the id of the section of the
    notice that tells of cookies, "" for none.
    """

    def __init__(
        self,
        settings: Settings,
        interface: Interface,
        declaration: Declaration,
        notice: tuple[str, str],
        scopes: Iterable[Scope] = (),
        section: str = "",
    ) -> None:
        self.settings = settings
        self.interface = interface
        self.declaration = declaration
        self.notice = notice
        self.section = section
        known = [*scopes, *declaration.scopes.values()]
        self.known = {scope.short: scope for scope in known}
        self.rules = self._rules(known)
        self.vendors = Signals(declaration.services, settings.prefix)
        self.languages = settings.site.languages
        self.presentations = {lang: self._presentation(lang) for lang in self.languages}
        self.shown = {shown.hash: shown for shown, _ in self.presentations.values()}
        self.link = b'<link rel="stylesheet" href="%s">' % self.address("style.css").encode()
        self._ready: dict[object, Ready] = {}
        for lang in self.languages:
            self.banner(lang, self.rules.choice_of_nobody(), flow=False)
            self.tail(lang, self.rules.choice_of_nobody(), styled=True)

    def _rules(self, known: Sequence[Scope]) -> Rules:
        now = self.declaration.scopes
        necessary = {c.id for c in self.declaration.categories if c.necessary}
        return Rules(
            optional=self.declaration.optional,
            known={scope.short: scope.category for scope in known},
            accepted={
                scope.short: scope.category
                for scope in known
                if scope.category in now and scope.covers(now[scope.category])
            },
            services={s.id: s.category for s in self.declaration.services},
            always=frozenset(
                necessary | {s.id for s in self.declaration.services if s.category in necessary}
            ),
            denied_by={
                signal.name: frozenset(
                    c.id for c in self.declaration.categories if signal.denies(c)
                )
                for signal in SIGNALS
            },
            memory=self.settings.memory,
        )

    # -- what is shown, and kept by its hash --

    def _presentation(self, lang: str) -> tuple[Shown, bytes]:
        scopes = {category: scope.hash for category, scope in self.declaration.scopes.items()}
        version, notice_hash = self.notice
        body = canonical(
            {
                "type": "presentation",
                "language": lang,
                "controller": self.settings.controller.name,
                "texts": {name: dict(section) for name, section in texts(lang).items()},
                "sentence": str(self.sentence(lang, self.rules.choice_of_nobody()).striptags()),
                "rows": self.rows(lang, self.rules.always),
                "position": self.settings.banner.position,
                "declaration": self.declaration.hash,
                "interface": self.interface.hash,
                "notice": {"version": version, "hash": notice_hash},
                "scopes": scopes,
                # So that a receipt says of what was shown nothing but what was kept then (R36).
                **terms(self.settings, self.declaration, lang, version),
            }
        )
        shown = Shown(
            hash=sha256(body).hexdigest(),
            language=lang,
            declaration=self.declaration.hash,
            interface=self.interface.hash,
            notice_version=version,
            notice_hash=notice_hash,
            scopes=scopes,
        )
        return shown, body

    def artifacts(self) -> dict[str, tuple[str, bytes]]:
        """Everything that a record made now may name, apart from the notice's own files."""
        own = {
            self.declaration.hash: self.declaration.body,
            **{scope.hash: scope.body for scope in self.declaration.scopes.values()},
            **{shown.hash: body for shown, body in self.presentations.values()},
        }
        kept = {digest: ("application/json", body) for digest, body in own.items()}
        return kept | self.interface.artifacts()

    # -- addresses --

    def address(self, asset: str) -> str:
        """The address of a style or script; it changes with its content."""
        return f"{self.settings.prefix}/{asset}?v={self.interface.versions[asset]}"

    def told(self, choice: Choice, *, withdrawn: bool = False) -> dict[str, object]:
        """What script needs, in JSON, to tell vendors of a choice; empty where none is told.

        `withdrawn` tells whether something was allowed before that is not any more.
        """
        vendors = self.vendors.reply(choice.allows, withdrawn=withdrawn)
        signals = {"script": self.address("signals.js"), "vendors": vendors}
        return {"signals": signals} if vendors else {}

    def notice_path(self, lang: str, version: str = "") -> str:
        """Where the notice in force, or a version of it, is read; empty without a notice."""
        notices = self.settings.notices
        path = notices.paths[lang] if notices else ""
        return f"{path}/{version}" if version else path

    # -- markup --

    def names(self, categories: Iterable[str], lang: str) -> str:
        """The names of categories as a sentence lists them."""
        wanted = set(categories)
        named = [lowered(c.name[lang]) for c in self.declaration.categories if c.id in wanted]
        return listing(named, lang)

    def sentence(self, lang: str, choice: Choice, why: str = "") -> Markup:
        """What the banner says: who asks, for what, who takes part, where to change it (R7).

        Where a signal has switched something off it says so (R88), else `why` it asks again.
        """
        t = texts(lang)
        page = f"{self.settings.prefix}/{lang}?return={QUERY}"
        kind = "signal" if choice.signalled else "again" if why else "text"
        return escape(t["banner"][kind]).format(
            why=why,
            controller=self.settings.controller.name,
            services=Markup('<a href="{}#vc-services">{}</a>').format(
                page, t["banner"]["services"]
            ),
            purposes=self.names(set(choice.asked).difference(choice.signalled), lang),
            signalled=self.names(choice.signalled, lang),
            signal=titles(choice.signal),
            settings=Markup('<a href="{}">{}</a>').format(page, t["settings"]["link"]),
        )

    def added(self, lang: str, choice: Choice) -> dict[str, str]:
        """What categories have more than this visitor answered to, a sentence each (R24)."""
        return additions(self.declaration, self.known, choice.again, lang)

    def rows(
        self,
        lang: str,
        granted: Iterable[str],
        asked: Iterable[str] | None = None,
        added: Mapping[str, str] | None = None,
    ) -> list[dict[str, object]]:
        """One row a category: its name, text, services and whether it is on (R6, R8).

        `added` is what categories have more than was answered to.
        """
        on, wanted = set(granted), set(self.rules.optional if asked is None else asked)
        return [
            {
                "id": c.id,
                "name": c.name[lang],
                "text": c.text[lang],
                "added": added.get(c.id, "") if added else "",
                "necessary": c.necessary,
                "granted": c.id in on,
                "services": ", ".join(
                    s.name for s in self.declaration.of(c.id) if s.id != "consent"
                ),
            }
            for c in self.declaration.categories
            if c.necessary or c.id in wanted
        ]

    def context(self, lang: str) -> dict[str, object]:
        """What every template may use."""
        enforcement = self.settings.enforcement
        return {
            "lang": lang,
            "t": texts(lang),
            "prefix": self.settings.prefix,
            "site": self.settings.site.name,
            # Who reads on from a question about cookies wants to read of them (R69).
            "notice": self.notice_path(lang) + (f"#{self.section}" if self.section else ""),
            "shown": self.presentations[lang][0].hash,
            "style": self.address("style.css"),
            "script": self.address("script.js"),
            "gates": self.interface.versions["gates.js"],
            # A page keeps the policy that it came with: what is allowed then needs a new one,
            # unless all are given the same.
            "renews": enforcement.policy == "enforce" and not enforcement.cacheable,
        }

    def banner(self, lang: str, choice: Choice, *, flow: bool, message: str = "") -> Ready:
        """The banner that asks what is open for this choice; `message` tells why it does so now."""
        shown = (choice.asked, choice.signalled, choice.signal, choice.again)
        key = ("banner", lang, *shown, flow, message)
        if (made := self._ready.get(key)) is None:
            added = self.added(lang, choice)
            why, all_said = reason(choice.again, added, lang) if choice.again else ("", True)
            if message or choice.signalled:
                why, all_said = "", False
            made = ready(
                self.interface,
                "banner.html",
                **self.context(lang),
                flow=flow,
                message=message,
                position=self.settings.banner.position,
                sentence=self.sentence(lang, choice, why),
                rows=self.rows(lang, (), choice.asked, {} if all_said else added),
                asked=" ".join(choice.asked),
                method="banner",
            )
            self._keep(key, made)
        return made

    def _keep(self, key: object, made: Ready) -> None:
        if len(self._ready) >= 1000:
            self._ready.clear()
        self._ready[key] = made

    def tail(
        self,
        lang: str,
        choice: Choice,
        *,
        styled: bool,
        linked: bool = False,
        own: bool = False,
        shared: bool = False,
    ) -> Ready:
        """The settings link, unless the page has its own, and the script.

        `styled` tells whether the page has our styles already, `linked` whether it has both a link
        and the script, `own` whether the site has a link of its own, `shared` whether the page is
        the same for everybody, so that the script asks for the choice.
        """
        where = self.settings.banner.settings_link
        key = ("tail", lang, choice.allowed, styled, linked, own, shared)
        if (made := self._ready.get(key)) is None:
            made = self._ready[key] = ready(
                self.interface,
                "tail.html",
                **self.context(lang),
                link=not own and not linked,
                scripted=linked,
                fixed=where == "fixed",
                stylesheet="" if styled else self.address("style.css"),
                **self._told(choice, shared=shared),
            )
        return made

    def script_tag(self, lang: str, choice: Choice, *, shared: bool) -> str:
        """The script alone, for a page that has its settings link where the site wants it."""
        return self.interface.render(
            "script.html", **self.context(lang), **self._told(choice, shared=shared)
        )

    def _told(self, choice: Choice, *, shared: bool) -> dict[str, str]:
        """What the script is told of the choice, or where it learns to ask for it."""
        return {
            "allowed": " ".join(sorted(choice.allowed)),
            "shared": self.address("cacheable.js") if shared else "",
        }

    def placeholder(
        self, lang: str, name: str, *, once: bool, size: Mapping[str, str] | None
    ) -> Ready:
        """What stands for an embed of the service or category `name` (R18).

        `once` tells whether it can be shown once; `size` holds its width and height, as its tag
        gives them. Without a size it is a document, to be shown in a frame.
        """
        framed, size = size is None, size or {}
        key = ("placeholder", lang, name, once, framed, *size.values())
        if (made := self._ready.get(key)) is None:
            service = next((s for s in self.declaration.services if s.id == name), None)
            category = service.category if service else name
            made = ready(
                self.interface,
                "placeholder.html",
                **self.context(lang),
                id=name,
                service=self.named(lang, name),
                provider=(service.provider if service else "") or self.settings.controller.name,
                category=self.named(lang, category),
                sign=_sign(service.purposes if service else ()),
                category_id=category,
                asked=category,
                stylesheet=self.address("style.css"),
                once=EXTRA if once else "",
                framed=framed,
                size=size,
                box=view_box(size),
                method="placeholder",
            )
            self._keep(key, made)
        return made

    def note(self, lang: str, receipt: str, *, sealed: bool) -> Ready:
        """What says that an answer was saved, with the way to its receipt at an address (R45).

        `sealed` tells that it takes the record itself, which is then filled in as the token.
        """
        key = ("note", lang, sealed)
        if (made := self._ready.get(key)) is None:
            made = self._ready[key] = ready(
                self.interface,
                "note.html",
                **self.context(lang),
                position=self.settings.banner.position,
                receipt=receipt,
                sealed=TOKEN if sealed else "",
            )
        return made

    def named(self, lang: str, name: str) -> str:
        """What a service or a category is called; empty where there is none of that id."""
        services = {s.id: s.name for s in self.declaration.services}
        categories = {c.id: c.name[lang] for c in self.declaration.categories}
        return services.get(name) or categories.get(name, "")

    def announcement(
        self, lang: str, version: str, sentence: str, summary: tuple[str, str], address: str
    ) -> Ready:
        """The message that the notice changes (R80); `summary` is a language and the text in it."""
        key = ("announcement", lang, version, sentence)
        if (made := self._ready.get(key)) is None:
            made = self._ready[key] = ready(
                self.interface,
                "announcement.html",
                **self.context(lang),
                version=version,
                sentence=sentence,
                summary_lang=summary[0],
                summary=summary[1],
                address=address,
            )
        return made


# Drawn in a placeholder, in a box of 24 by 24: a play button and a pin.
_SIGNS = {
    "embedded-video": "M8 5v14l11-7z",
    "embedded-map": "M12 21c4-4 6-7.5 6-11a6 6 0 0 0-12 0c0 3.5 2 7 6 11z"
    "M12 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
}


def _sign(purposes: Iterable[str]) -> str:
    return next((_SIGNS[purpose] for purpose in purposes if purpose in _SIGNS), "")
