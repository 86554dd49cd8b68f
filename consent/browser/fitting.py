"""How an insertion becomes bytes that fit one page: its policies, its places and its token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from .headers import rule
from .holding import Placeholder
from .late import LateGates, Seen
from .places import Top, safe, tailed
from .plan import TOKEN, Insertion, Page, Plan, nonced, with_nonce
from .signals import Before


class Fitted(NamedTuple):
    """What goes before `</head>`, after `<body …>` and to the end of one page."""

    style: bytes = b""
    banner: bytes = b""
    tail: bytes = b""


Filled = tuple[bytes, bytes, bytes]
"""A page with an insertion in it, or its first bytes; what is held of them, and the tail to come.

Of a whole page nothing is held and nothing to come.
"""


class Made(NamedTuple):
    """What was made of a page that is remembered, cut where the token goes, and from what."""

    plan: Plan
    insertion: Insertion | None
    whole: bool
    place: bytes
    pieces: list[bytes]
    held: bytes
    tail: bytes


def insertion_for(plan: Plan, page: Page | None, top: Top) -> Insertion | None:
    """What goes into a page that begins so; a frameset can show nothing."""
    wanted = page.insertion(top.lang) if page is not None else plan.insertion
    if wanted is None or top.framed:
        return None
    return wanted if isinstance(wanted, Insertion) else wanted(top.lang)


def fitted(
    insertion: Insertion,
    plan: Plan,
    policies: Sequence[bytes],
    top: Top,
    page: Page | None = None,
) -> Fitted:
    """Fit an insertion to what the page's content security policies allow and where it has room.

    `page` puts its token in.
    """
    policy = rule(policies, plan.policy_outside, plan.nonce and plan.nonce())
    style, link, banner, tail = insertion
    if style and policy.inline and top.head >= 0 and not top.policy:
        style = _style(style, policy.style)
    else:
        style, banner = b"", link + banner
    banner = with_nonce(banner, b"<link", policy.style)
    tail = with_nonce(tail, b"<link", policy.style)
    # The script gives its nonce to the styles that it adds, so it needs one for them at least.
    tail = with_nonce(tail, b"<script", policy.script or policy.style)
    if page is not None and TOKEN in banner:
        banner = banner.replace(TOKEN, page.token())
    return Fitted(style, banner, tail) if top.body >= 0 else Fitted(style, b"", banner + tail)


def filled(data: bytes, whole: bool, fit: Fitted, top: Top) -> Filled:
    """Put what fits into a page without gates, or into the first bytes of one."""
    style, banner, tail = fit
    head = top.head if style else 0
    at = top.body if banner else head
    end = safe(data, at, top.close, whole) if tail else len(data)
    start = (data[:head], style, data[head:at], banner, memoryview(data)[at:end])
    if whole:
        return b"".join((*start, tail, data[end:])), b"", b""
    return b"".join(start), data[end:], tail


def refilled(
    seen: Seen,
    whole: bool,
    insertion: Insertion | None,
    plan: Plan,
    page: Page | None,
    policies: Sequence[bytes],
    top: Top,
) -> Filled:
    """As `filled`, for what is remembered, through its gates if it has any.

    What is made of it is kept with it, unless it has a nonce.
    """
    place = page.place if page is not None and insertion is None else b""
    free = plan.nonce is None and not policies
    made: Made | None = None
    for known in seen.made if free else ():
        if known[0] is plan and known[1] is insertion and known[2] is whole and known[3] == place:
            made = known
            break
    if made is None:
        fit = fitted(insertion, plan, policies, top) if insertion else Fitted()
        if whole and plan.allows is not None and (seen.marked or plan.hosts):
            gates = gates_for(plan, page, policies, top, awake=True, kept=True)
            filling = (*through(gates, seen.data, True, fit, top), b"")
        else:
            filling = filled(seen.data, whole, fit, top)
        body, held, tail = filling
        if body == seen.data:
            body = seen.data  # so that nobody takes it for changed
        made = Made(plan, insertion, whole, place, body.split(TOKEN), held, tail)
        if free:
            seen.keep(made)
    _, _, _, _, pieces, held, tail = made
    if page is None:
        return pieces[0], held, tail
    if tail and TOKEN in tail:
        tail = tail.replace(TOKEN, page.token())
    return page.token().join(pieces) if len(pieces) > 1 else pieces[0], held, tail


def gates_for(
    plan: Plan,
    page: Page | None,
    policies: Sequence[bytes],
    top: Top,
    *,
    awake: bool = False,
    kept: bool = False,
) -> LateGates:
    """The gates of one page; what is `kept` of it has no token in it yet."""
    assert plan.allows is not None
    placeholder = placeholder_for(plan, page, policies, top)
    if placeholder is not None and page is not None and not kept:
        placeholder = tokened(placeholder, page)
    before = before_for(plan, policies, top)
    return LateGates(plan.allows, placeholder, plan.hosts, before, awake=awake, framed=top.framed)


def tokened(placeholder: Placeholder, page: Page) -> Placeholder:
    """Placeholders with the token of one page in them."""

    def make(name: str, attributes: Mapping[str, str], inner: bytes) -> bytes:
        return placeholder(name, attributes, inner).replace(TOKEN, page.token())

    return make


def placeholder_for(
    plan: Plan, page: Page | None, policies: Sequence[bytes], top: Top
) -> Placeholder | None:
    """What stands for a refused embed, with the nonce that the page's policies ask of styles."""
    placeholder = plan.placeholder
    if page is not None:
        page.lang, placeholder = top.lang, page.placeholder
    nonce = rule(policies, plan.policy_outside, plan.nonce and plan.nonce()).style
    return nonced(placeholder, nonce) if placeholder is not None and nonce else placeholder


def before_for(plan: Plan, policies: Sequence[bytes], top: Top) -> Before | None:
    """What vendors are told in a page, as its policies let it stand there (R93-R96)."""
    if plan.signals is None:
        return None
    policy = rule(policies, plan.policy_outside, plan.nonce and plan.nonce())
    return plan.signals.page(inline=policy.runs and not top.policy, nonce=policy.script)


def through(
    gates: LateGates, data: bytes, ended: bool, fit: Fitted, top: Top
) -> tuple[bytes, bytes]:
    """Send the first bytes of a page through its gates, with what goes in between them.

    Gives what comes of them, and what is held since it may be the page's end.
    """
    at = 0
    out: list[bytes] = []
    for place, piece in ((top.head, fit.style), (top.body, fit.banner)):
        if piece:
            out += (gates.feed(data[at:place], settled=True), piece)
            at = place
    # The end of the page is behind all that.
    rest, held = tailed(gates.feed(data[at:], ended), fit.tail, top.close, ended)
    return b"".join((*out, rest)), held


@lru_cache(maxsize=8)
def _style(css: bytes, nonce: bytes) -> bytes:
    return b'<style nonce="%b">%b</style>' % (nonce, css) if nonce else b"<style>%b</style>" % css
