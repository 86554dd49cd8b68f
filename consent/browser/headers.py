"""What the header fields of a response say about rewriting it, and what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..signal import VARY
from .hosts import Hosts
from .links import without_refused

if TYPE_CHECKING:
    from .late import Seen

Headers = list[tuple[bytes, bytes]]
Fields = Sequence[tuple[bytes, bytes]]

_BODILESS = frozenset({204, 205, 304})
# What says no more of a response than that it has to be looked at (MIME Sniffing, section 5.1).
_UNKNOWN = frozenset({b"", b"*/*", b"unknown/unknown", b"application/unknown"})
_SNIFFED = re.compile(
    rb"(?i)[\t\n\f\r ]*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b"
    rb"|body|br|p)[ >]|[\t\n\f\r ]*<!--"
)
_POLICIES = frozenset({b"content-security-policy", b"content-security-policy-report-only"})
_RARE = _POLICIES | {b"content-encoding", b"content-disposition"}

# Encodings in which `<` is not the one byte 0x3C, or not always (the replacement encodings too).
_STRANGE = tuple(
    b"utf-16 utf16 utf-32 utf32 ucs- unicode csunicode iso-10646 iso-2022 csiso2022 utf-7"
    b" hz-gb".split()
)
_CHARSET = re.compile(rb"""(?i);[\t ]*charset[\t ]*=[\t ]*["']?([^"';\t ]*)""")
_ETAG = re.compile(rb'(W/)?"([^"]*)"')
# `-` follows a strong tag of the app's, `~` a weak one, so that it gets back just what it gave.
_TAGGED = re.compile(rb'(?:W/)?"([^"]*)([-~])vc\.([A-Za-z0-9_-]+)"')
_ETAGS = re.compile(rb'(?:W/)?"[^"]*"|\*')
_NONCE = re.compile(rb"'nonce-([A-Za-z0-9+/_=-]+)'", re.IGNORECASE)
_SHARED = frozenset({b"last-modified", b"cdn-cache-control", b"surrogate-control"})
_BYTES = frozenset({b"accept-ranges", b"content-md5", b"digest", b"content-digest", b"repr-digest"})
_HANDLED = _SHARED | _BYTES | {b"etag", b"vary", b"cache-control", b"content-length"}
_VARY = tuple(name.encode("ascii") for name in VARY)
_VARY_FIELD = (b"vary", b", ".join(_VARY))
_PRIVATE = (b"cache-control", b"private")
KEEP = -1


class Policy(NamedTuple):
    """What a response's content security policies mean for us.

    `inline` says whether a `<style>` may stand in the page, with `style` as its nonce if not empty;
    `script` is the nonce for our script, or empty; `runs` whether a script with it may stand in
    the page.
    """

    inline: bool
    style: bytes
    script: bytes
    runs: bool = True


FREE = Policy(True, b"", b"")


@lru_cache(maxsize=64)
def is_html(content_type: bytes) -> bool:
    """Whether a content type is HTML, or none at all, in an encoding that keeps ASCII bytes."""
    kinds = [part.split(b";", 1)[0].strip().lower() for part in content_type.split(b",")]
    # Of several the last one counts that says something.
    kind = next((kind for kind in reversed(kinds) if kind not in _UNKNOWN), b"")
    if kind not in (b"", b"text/html"):
        return False
    charset = _CHARSET.search(content_type)
    return not (charset and charset[1].lower().startswith(_STRANGE))


def sniffed(data: bytes) -> bool:
    """Whether a browser takes what begins so for HTML where no content type says what it is."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    return _SNIFFED.match(data) is not None


def policy(values: Iterable[bytes]) -> Policy:
    """Read `Content-Security-Policy` fields, of which every one must be kept (CSP 3, 6.7 and 8.2).

    Policies that only report are given as well: ours must not be what fills the host's reports.
    """
    inline, script, runs = True, b"", True
    nonces: set[bytes] | None = None
    for one in b",".join(values).split(b","):
        directives: dict[bytes, list[bytes]] = {}
        for directive in one.split(b";"):
            if words := directive.split():
                directives.setdefault(words[0].lower(), words[1:])
        default = directives.get(b"default-src")
        scripts = directives.get(b"script-src-elem", directives.get(b"script-src", default))
        if scripts is not None:
            found = _nonces(scripts)
            script = script or next(iter(found), b"")
            runs = runs and (script in found if found else _all_run(scripts))
        styles = directives.get(b"style-src-elem", directives.get(b"style-src", default))
        if styles is None:
            continue
        found = _nonces(styles)
        if found:
            nonces = set(found) if nonces is None else nonces & set(found)
        else:
            words = [word.lower() for word in styles]
            hashed = any(word.startswith((b"'sha", b"'nonce-")) for word in words)
            inline = inline and b"'unsafe-inline'" in words and not hashed
    if nonces is None:
        return Policy(inline, b"", script, runs)
    return Policy(inline and bool(nonces), min(nonces, default=b""), script, runs)


def rule(policies: Sequence[bytes], outside: bool, nonce: str | None) -> Policy:
    """What holds for a page with these policies, one set `outside` of us, or its maker's nonce."""
    if nonce:
        return Policy(True, nonce.encode("ascii"), nonce.encode("ascii"))
    if not policies:
        return FREE._replace(inline=False, runs=False) if outside else FREE
    found = policy(policies)
    return found._replace(inline=False, runs=False) if outside else found


def _all_run(sources: list[bytes]) -> bool:
    """Whether any script in the page may run, by the rules of CSP 3, 6.7.3.2."""
    words = [word.lower() for word in sources]
    narrowed = any(word.startswith((b"'sha", b"'nonce-", b"'strict-dynamic")) for word in words)
    return b"'unsafe-inline'" in words and not narrowed


def _nonces(sources: list[bytes]) -> list[bytes]:
    return [match[1] for source in sources if (match := _NONCE.fullmatch(source))]


class Head:
    """What the start of a response says, for the visitors of one state of choice.

    - `fields`: its header fields but for cookies, and for what would load from a refused host.
    - `filtered`: whether that left something out.
    - `page`: whether it is a page that can be rewritten.
    - `typed`: whether it says so; else a browser goes by how the page begins.
    - `status`: of one that says that the visitor's own copy still holds, 304; else 0.
    - `encoded`: in what a page is compressed that could be rewritten if it were not; else empty.
    - `declared`: how many bytes it announces, -1 for none.
    - `policies`: its content security policies.
    - `seen`: the page that came with it last, if that is remembered.
    """

    __slots__ = (
        "_made",
        "_private",
        "came",
        "declared",
        "encoded",
        "fields",
        "filtered",
        "given",
        "hosts",
        "page",
        "policies",
        "seen",
        "status",
        "tag",
        "typed",
    )

    def __init__(self, status: int, tag: bytes, fields: Fields, hosts: Hosts | None = None) -> None:
        self.given = status
        self.came = list(fields)
        self.tag = tag
        self.hosts = hosts
        self.fields = without_refused(self.came, hosts) if hosts is not None else self.came
        self.filtered = self.fields is not self.came
        self._made: dict[tuple[bool, bool, bool], tuple[Headers, list[int]]] = {}
        self.policies: Sequence[bytes] = ()
        self.seen: Seen | None = None
        self._private: Headers | None = None
        self.declared, self.page, self.encoded, self.status = -1, False, b"", 0
        self.typed = True
        found = {name.lower(): value for name, value in fields}
        if status != 200 and (
            status in _BODILESS
            or status < 200
            or (status == 206 and b"content-range" in found)
            or (300 < status < 400 and b"location" in found)
        ):
            self.status = status if status == 304 else 0
            return
        kind = found.get(b"content-type", b"")
        if not is_html(kind):
            return
        self.typed = b"text/html" in kind.lower()
        if not _RARE.isdisjoint(found):
            self.policies = [v for n, v in fields if n.lower() in _POLICIES]
            if found.get(b"content-disposition", b"").strip()[:10].lower() == b"attachment":
                return
            coded = [v.strip().lower() for n, v in fields if n.lower() == b"content-encoding"]
            self.encoded = b", ".join(v for v in coded if v not in (b"", b"identity"))
        length = found.get(b"content-length", b"")
        self.declared = int(length) if length.isdigit() else -1
        self.page = not self.encoded

    def revised(self, changed: bool, private: bool, length: int | None) -> Headers:
        """As the function `revised`; the list is the caller's, to change at will."""
        if private and not changed and length == KEEP:
            if self._private is None:
                self._private = revised(self.fields, changed, private, self.tag)
            return [*self._private]
        kind = (changed, private, length is None)
        made = self._made.get(kind)
        if made is None:
            keep = None if length is None else KEEP
            out = revised(self.fields, changed, private, self.tag, keep)
            places = [at for at, field in enumerate(out) if field[0].lower() == b"content-length"]
            made = self._made[kind] = (out, places)
        headers = made[0].copy()
        if length is not None and length != KEEP:
            for at in made[1]:
                headers[at] = (headers[at][0], b"%d" % length)
        return headers


def listed(message: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A message whose header fields are a list: ASGI allows what can be read once only."""
    fields = message.get("headers", ())
    return message if type(fields) is list else {**message, "headers": list(fields)}


_heads: dict[tuple[object, ...], Head] = {}
latest = [Head(0, b"", ())]
"""The head that was read last, by whichever response."""


def head(
    status: int, fields: Fields, tag: bytes, hosts: Hosts | None = None
) -> tuple[Head, Fields]:
    """Read the start of a response, and take its cookies out; a few that come again are remembered.

    A cookie is the visitor's and comes once only: without it, what comes with it comes again.
    """
    found = latest[0]
    # Most often one cookie comes, and last.
    if (
        (found.tag is tag and found.given == status and found.hosts is hosts and fields)
        and (last := fields[-1])[0] == b"set-cookie"
        and found.came == fields[:-1]
    ):
        return found, (last,)
    cookies = [field for field in fields if field[0].lower() == b"set-cookie"]
    if cookies:
        fields = [field for field in fields if field not in cookies]
    try:
        key = (status, tag, hosts, *fields)
        known = _heads.get(key)
    except TypeError:  # a field is a list: then nothing is remembered
        return Head(status, tag, fields, hosts), cookies
    if known is None:
        known = Head(status, tag, fields, hosts)
        # What has a nonce comes once only.
        if len(key) > 35 or any(b"'nonce-" in value for value in known.policies):
            return known, cookies
        if len(_heads) >= 64:
            _heads.clear()
        _heads[key] = known
    latest[0] = known
    return known, cookies


def revised(
    headers: Iterable[Any], changed: bool, private: bool, tag: bytes, length: int | None = KEEP
) -> Headers:
    """The header fields for a page whose bytes depend on the visitor; the given ones stay as they
    are.

    `changed` says that its bytes are not the app's, `length` how many there are: None for unknown.
    A private page varies by cookie and signal, leaves shared caches and is told from other states
    by `tag` in its ETag (R120), as a changed one is from what came of other settings; a date cannot
    tell them apart, so `Last-Modified` goes. `max-age` stays: with `Vary` a browser's own cache
    asks again once the cookie differs.
    """
    out: Headers = []
    vary: list[bytes] = []
    control: list[bytes] = []
    for field in headers:
        name, value = field
        key = name.lower()
        if key == b"content-length":
            if length is not None:
                out.append(field if length == KEEP else (name, b"%d" % length))
        elif key not in _HANDLED:
            out.append(field)
        elif key == b"etag":
            if not (private or changed):
                out.append(field)
            elif (tag or not private) and (etag := _tagged(value, tag)):
                out.append((name, etag))
        elif private and key == b"vary":
            vary.append(value)
        elif private and key == b"cache-control":
            control.append(value)
        elif key == b"last-modified" and changed and tag:
            pass
        elif not (changed and key in _BYTES) and not (private and key in _SHARED):
            out.append(field)
    if private:
        out.append((b"vary", _varied(b", ".join(vary))) if vary else _VARY_FIELD)
        out.append((b"cache-control", _controlled(b", ".join(control))) if control else _PRIVATE)
    return out


@lru_cache(maxsize=64)
def _varied(value: bytes) -> bytes:
    names = [name.strip() for name in value.split(b",") if name.strip()]
    if b"*" in names:
        return b"*"
    present = {name.lower() for name in names}
    return b", ".join([*names, *(name for name in _VARY if name.lower() not in present)])


@lru_cache(maxsize=64)
def _controlled(value: bytes) -> bytes:
    words = [word.strip() for word in value.split(b",") if word.strip()]
    names = {word.lower().split(b"=", 1)[0] for word in words}
    if b"no-store" in names:
        return value
    shared = (b"public", b"s-maxage", b"proxy-revalidate", b"private")
    kept = [word for word in words if word.lower().split(b"=", 1)[0] not in shared]
    return b", ".join([b"private", *kept])


def _tagged(etag: bytes, tag: bytes) -> bytes | None:
    match = _ETAG.fullmatch(etag.strip())
    if not match:
        return None
    if not tag:
        return b'W/"%b"' % match[2]
    return b'W/"%b%bvc.%b"' % (match[2], b"~" if match[1] else b"-", tag)


def untagged(value: bytes, tag: bytes, keep: bool) -> bytes:
    """An `If-None-Match` as the app knows it: our tag taken off, ETags of other states left out.

    ETags without any tag of ours are left in only if `keep`; what is left may be empty.
    """
    kept = []
    for etag in _ETAGS.findall(value):
        match = _TAGGED.fullmatch(etag)
        if match is None:
            if keep:
                kept.append(etag)
        elif match[3] == tag:
            kept.append((b'W/"%b"' if match[2] == b"~" else b'"%b"') % match[1])
    return b", ".join(kept)
