"""The cookies of the host app, in both directions: what is refused or undeclared does not pass.

What is found out about a name is remembered, per state of choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum

from ..declaration import Declaration, Item, Kind, Service
from .plan import Reading
from .request import Scope
from .set_cookie import BLANK, cookie_name, deletion
from .undeclared import Undeclared

Field = tuple[bytes, bytes]

_REMEMBERED = 1024
_LONGEST = 128


class Verdict(Enum):
    """What becomes of a cookie of one name."""

    NECESSARY = "necessary"
    GRANTED = "granted"
    REFUSED = "refused"
    UNDECLARED = "undeclared"
    OURS = "ours"


# Looked up in the class, a member costs more than all else that is done to a cookie.
_NECESSARY, _GRANTED = Verdict.NECESSARY, Verdict.GRANTED
_REFUSED, _UNDECLARED, _OURS = Verdict.REFUSED, Verdict.UNDECLARED, Verdict.OURS


class Rule:
    """One item of the site's own, and what it says about a name."""

    __slots__ = ("exactness", "item", "necessary", "pattern", "service")

    def __init__(self, item: Item, service: Service, necessary: bool) -> None:
        self.item = item
        self.service = service
        self.necessary = necessary
        self.exactness = len(item.name.replace("*", ""))
        # Without going back in it: the names in a request are anybody's, and may be long.
        first, *others = map(re.escape, item.name.split("*"))
        last = others.pop() if others else ""
        inner = "".join(f"(?>.*?{part})" for part in others)
        self.pattern = f"{first}{inner}.*{last}" if "*" in item.name else first

    def allowed(self, allows: Callable[[str], bool]) -> bool:
        """Whether what it declares may be stored."""
        return self.necessary or allows(self.service.id)


class Names:
    """The declared names of one kind of item, as far as they are the site's own.

    `hosts` are the site's. Of several declarations that a name fits, the most exact one counts: the
    name itself, then the pattern with the most characters besides `*`. Case tells names apart
    (RFC 6265bis, section 5.7).
    """

    def __init__(self, declaration: Declaration, kind: Kind, hosts: Sequence[str]) -> None:
        necessary = {category.id for category in declaration.categories if category.necessary}
        rules = [
            Rule(item, service, service.category in necessary)
            for service, item in declaration.items()
            if item.kind is kind and is_own(item, hosts)
        ]
        self.rules = sorted(rules, key=lambda rule: rule.exactness, reverse=True)
        self._exact: dict[str, list[Rule]] = {}
        self._patterns = [rule for rule in self.rules if "*" in rule.item.name]
        for rule in self.rules:
            if "*" not in rule.item.name:
                self._exact.setdefault(rule.item.name, []).append(rule)
        every = "|".join(rule.pattern for rule in self._patterns) or "(?!)"
        self._any = re.compile(every, re.DOTALL)

    def of(self, name: str) -> list[Rule]:
        """What declares a name, most exactly; several where it is declared under several paths."""
        if exact := self._exact.get(name):
            return exact
        if not self._any.fullmatch(name):
            return []
        fitting = [r for r in self._patterns if re.fullmatch(r.pattern, name, re.DOTALL)]
        return [rule for rule in fitting if rule.exactness == fitting[0].exactness]

    def judge(self, name: str, allows: Callable[[str], bool]) -> Verdict:
        """What becomes of a name where `allows` tells which services may run."""
        rules = self.of(name)
        if not rules:
            return Verdict.UNDECLARED
        if any(rule.necessary for rule in rules):
            return Verdict.NECESSARY
        granted = any(rule.allowed(allows) for rule in rules)
        return Verdict.GRANTED if granted else Verdict.REFUSED

    def passing(self, allows: Callable[[str], bool], ours: str) -> re.Pattern[bytes]:
        """Matches a whole `Cookie` field if it holds names that pass and nothing else.

        Its group is the value of the cookie `ours`, which stands in it once at most. It may miss
        some, and never matches one that holds another name.
        """
        passes: list[str] = []
        stopped = [ours]
        for rule in self.rules:
            if (name := rule.item.name) != ours:
                (passes if rule.allowed(allows) else stopped).append(name)
        starts = [name.partition("*")[0] for name in stopped]
        sure = (name for name in passes if "*" not in name or not _meets(name, starts))
        names = b"|".join(re.escape(name).replace(r"\*", "[^=;]*+").encode() for name in sure)
        others = rb"(?:(?:%b)=[^;]*+(?:; |\Z))*+" % (names or rb"(?!)")
        own = rb"(?:%b=([A-Za-z0-9._-]*+)(?:; |\Z))?+" % re.escape(ours).encode()
        return re.compile(others + own + others)


def _meets(name: str, starts: Iterable[str]) -> bool:
    # Whether a name could fit a pattern and one that begins so.
    own = name.partition("*")[0]
    return any(own.startswith(start) or start.startswith(own) for start in starts)


def is_own(item: Item, hosts: Iterable[str]) -> bool:
    """Whether an item lies under a domain of the site's, not under one of somebody else's."""
    domain = item.domain.lstrip(".")
    return not domain or any(host == domain or host.endswith(f".{domain}") for host in hosts)


class Firewall:
    """What passes in one state of choice.

    `allows` tells which services may run, `ours` is the name of the choice cookie, `undeclared`
    where names are told that nobody declared; with `drop` these do not pass either.
    """

    def __init__(
        self,
        names: Names,
        allows: Callable[[str], bool],
        ours: str,
        undeclared: Undeclared,
        *,
        drop: bool = True,
    ) -> None:
        self._names = names
        self._allows = allows
        self._ours = ours
        self._undeclared = undeclared
        self._drop = drop
        self._known: dict[bytes, Verdict] = {}
        self._passing = names.passing(allows, ours).fullmatch

    def verdict(self, name: bytes) -> Verdict:
        """What becomes of a cookie of a name; an empty name is that of a cookie without one."""
        if not name:
            return _UNDECLARED
        found = self._known.get(name)
        if found is None:
            text = name.decode("latin-1")
            ours = text == self._ours
            found = _OURS if ours else self._names.judge(text, self._allows)
            # The names in a request are anybody's.
            if len(name) <= _LONGEST:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[name] = found
        return found

    def kept(
        self, cookies: Sequence[Field], scope: Scope, visitor: Reading | None = None
    ) -> Sequence[Field]:
        """The `Set-Cookie` fields of the host app that pass.

        `scope` is the one that the app was given: a router has left its route there. A response
        depends on the choice where another choice would let it set another cookie.
        """
        known = self._known
        for field in cookies:
            if known.get(field[1].partition(b"=")[0]) is not _NECESSARY:
                return self._judged(cookies, scope, visitor)
        return cookies

    def _judged(
        self, cookies: Sequence[Field], scope: Scope, visitor: Reading | None
    ) -> list[Field]:
        out = []
        for field in cookies:
            value = field[1]
            name = cookie_name(value)
            verdict = self.verdict(name)
            if verdict is _NECESSARY:
                out.append(field)
                continue
            if verdict is _OURS:
                continue
            if visitor is not None and verdict is not _UNDECLARED:
                visitor.read = True
            if verdict is _GRANTED:
                out.append(field)
            elif (removing := deletion(value)) is not None:
                out.append((field[0], removing))
            elif verdict is _UNDECLARED:
                self._undeclared.note(name.decode("latin-1"), value, scope, dropped=self._drop)
                if not self._drop:
                    out.append(field)
        return out

    def hides(self, field: bytes) -> bool:
        """Whether a `Cookie` field holds something that the app is not to see."""
        return not self._passing(field) and any(map(self._hidden, field.split(b";")))

    def _hidden(self, pair: bytes) -> bool:
        pair = pair.strip(BLANK)
        verdict = self.verdict(pair.partition(b"=")[0].rstrip(BLANK) if b"=" in pair else b"")
        return bool(pair) and (verdict is _REFUSED or (self._drop and verdict is _UNDECLARED))

    def hiding(self, scope: Scope) -> Scope:
        """A copy of the scope in which no field holds a cookie that the app is not to see."""
        headers = []
        for field in scope["headers"]:
            if field[0] == b"cookie":
                pairs = field[1].split(b";")
                shown = [pair for pair in pairs if not self._hidden(pair)]
                if len(shown) < len(pairs):
                    field = (field[0], b";".join(shown).lstrip(BLANK))
                    if not field[1]:
                        continue
            headers.append(field)
        return {**scope, "headers": headers}
