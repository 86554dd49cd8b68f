"""What is to be done to a page: the bytes that go in, and the gates that open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .gates import Allows
from .holding import Placeholder
from .hosts import Hosts
from .request import Scope
from .signals import Released

if TYPE_CHECKING:
    from .firewall import Firewall

TOKEN = b"vc-" + token_hex(16).encode("ascii")
"""Where it stands the token of the page goes, which differs with every request.

It is drawn anew in each process, so that no page can hold it.
"""


class Insertion(NamedTuple):
    """What goes into a page, as bytes that are pure ASCII; each may be empty.

    `style` is CSS text for a `<style>` before `</head>`; `link` the `<link rel=stylesheet>` that
    takes its place directly before `banner` where inline style may not be used; `banner` stands
    right after `<body …>`; `tail`, settings link and script, before the last `</body>`.
    """

    style: bytes
    link: bytes
    banner: bytes
    tail: bytes


class Reading(Protocol):
    """What an app is given to ask for the choice; `read` tells that its response depends on it.

    `linked` tells that the page has the settings link, `nonce_given` is the nonce that its scripts
    have, empty where none was asked for.
    """

    read: bool
    linked: bool
    nonce_given: str


class Page(Protocol):
    """What goes into one page, given its language; see `Plan`.

    `lang` is set to the page's language before its first placeholder, which is shown in that.
    """

    lang: str

    def insertion(self, lang: str) -> Insertion | None:
        """As `Plan.insertion`."""

    @property
    def place(self) -> bytes:
        """The address of the page, from which its placeholders lead on."""

    def token(self) -> bytes:
        """What goes where TOKEN stands in the insertion and in placeholders."""

    def placeholder(self, name: str, attributes: Mapping[str, str], inner: bytes) -> bytes:
        """As `Plan.placeholder`, with TOKEN in it."""


# Its fields are read several times a request: those of a tuple with names take twice the time.
@dataclass(frozen=True, slots=True)
class Plan:
    """What is done to the responses to all requests of one state, if they are pages.

    - `insertion`: what to put in, or how to make it, given the page's language (`<html lang>`,
      empty if it names none); called at most once a request, and only for a page.
    - `allows`: which gates to open; None where there is none to open and no embed to stand in for.
    - `placeholder`: makes the markup that follows a refused embed; called after `insertion`.
    - `nonce`: gives the nonce of a content security policy that is set outside us.
    - `policy_outside`: there is one, so that no response shows it.
    - `private`: a page's bytes depend on the choice (R120).
    - `tag`: names the state in ETags, of letters, digits, `_` and `-`; without one a private page
      has no ETag.
    - `page`: makes `insertion` and `placeholder` where they depend on the request; called at most
      once a request, and only for a page that needs one of them.
    - `adds`: whether an insertion may be made at all.
    - `firewall`: which cookies of the app's pass; None where all do.
    - `hosts`: what pages may load from, None where nothing is refused.
    - `signals`: what vendors are told before their tags, None where none may run.
    - `rewrites`: whether a page may become another one; follows from the others.
    """

    insertion: Insertion | Callable[[str], Insertion | None] | None = None
    allows: Allows | None = None
    placeholder: Placeholder | None = None
    nonce: Callable[[], str | None] | None = None
    policy_outside: bool = False
    private: bool = False
    tag: bytes = b""
    page: Callable[[Scope, Any], Page] | None = None
    adds: bool = True
    firewall: Firewall | None = None
    hosts: Hosts | None = None
    signals: Released | None = None
    rewrites: bool = field(init=False)

    def __post_init__(self) -> None:
        reasons = (self.insertion, self.allows, self.page, self.hosts)
        object.__setattr__(self, "rewrites", any(reason is not None for reason in reasons))


def with_nonce(html: bytes, tag: bytes, nonce: bytes) -> bytes:
    """Markup of ours with a nonce, if there is one, in every tag that begins like `tag`."""
    return html.replace(tag, b'%b nonce="%b"' % (tag, nonce)) if nonce else html


def nonced(placeholder: Placeholder, nonce: bytes) -> Placeholder:
    """The same placeholders with a nonce in their stylesheet links."""

    def make(name: str, attributes: Mapping[str, str], inner: bytes) -> bytes:
        return with_nonce(placeholder(name, attributes, inner), b"<link", nonce)

    return make
