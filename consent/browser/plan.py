"""What is to be done to a page: the bytes that go in, and the gates that open."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .gates import Allows, Placeholder


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


class Plan(NamedTuple):
    """What is done to the response to one request, if it is a page.

    - `insertion`: what to put in, or how to make it, given the page's language (`<html lang>`,
      empty if it names none); called at most once, and only for a page.
    - `allows`: which gates to open; None where there is none to open and no embed to stand in for.
    - `placeholder`: makes the markup that follows a refused embed; called after `insertion`.
    - `nonce`: gives the nonce of a content security policy that is set outside us.
    - `policy_outside`: there is one, so that no response shows it.
    - `private`: a page's bytes depend on the choice (R120).
    - `tag`: names the state in ETags, of letters, digits, `_` and `-`; without one a private page
      has no ETag.
    - `read`: whether the app itself has read the choice; then any response of it is private.
    """

    insertion: Insertion | Callable[[str], Insertion | None] | None = None
    allows: Allows | None = None
    placeholder: Placeholder | None = None
    nonce: Callable[[], str | None] | None = None
    policy_outside: bool = False
    private: bool = False
    tag: bytes = b""
    read: Callable[[], bool] | None = None
