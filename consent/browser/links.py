"""Header fields that make a browser load something: what leads to a refused host is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .hosts import Hosts

Field = tuple[bytes, bytes]

_LOADING = frozenset({b"link", b"refresh", b"speculation-rules"})

# The members of a list: commas in quotes and angle brackets do not end one (RFC 8288, appendix
# B.2). What is opened and not closed goes to the end.
_MEMBER = re.compile(rb"""(?s)(?:[^,"<]++|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|<[^>]*+(?:>|\Z))++""")
_TARGET = re.compile(rb"[ \t]*<([^>]*)>?")
_PARAMETER = re.compile(
    rb"""(?s);[ \t]*([^=;,\s"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]++|\\.)*+)"?|([^;,\s]*))"""
)
_STRING = re.compile(rb"""(?s)[ \t]*"((?:[^"\\]++|\\.)*+)""")
_ESCAPED = re.compile(rb"(?s)\\(.)")
# HTML, "shared declarative refresh steps".
_REFRESH = re.compile(rb"""(?is)\s*[0-9.]*[\s;,]*(?:url\s*=\s*)?(?:"([^"]*)|'([^']*)|(.*))""")
# What these name is not loaded. Firefox fetches what is "next" ahead.
_NAMED = frozenset(
    b"alternate author canonical describedby help license me prev search self shortlink"
    b" terms-of-service privacy-policy".split()
)


def without_refused(fields: list[Field], hosts: Hosts) -> list[Field]:
    """The header fields of a response without what would load from a refused host.

    The same list, if that is nothing.
    """
    out = []
    for field in fields:
        name = field[0].lower()
        if name in _LOADING and (value := _filtered(name, field[1], hosts)) != field[1]:
            if value:
                out.append((field[0], value))
        else:
            out.append(field)
    return fields if out == fields else out


def _filtered(name: bytes, value: bytes, hosts: Hosts) -> bytes:
    if name == b"refresh":
        match = _REFRESH.match(value)
        addresses = [part for part in match.groups() if part] if match else []
        return b"" if any(_refused(address, hosts) for address in addresses) else value
    refuses = _link_refused if name == b"link" else _rules_refused
    members = _MEMBER.findall(value)
    kept = [member for member in members if not refuses(member, hosts)]
    if len(kept) == len(members):
        return value
    return b", ".join(member.strip() for member in kept)


def links_kept(links: Iterable[Any], hosts: Hosts) -> list[bytes]:
    """The links of an early hint, each a `Link` field, without the refused ones (RFC 8297)."""
    filtered = (_filtered(b"link", bytes(link), hosts) for link in links)
    return [link for link in filtered if link]


def _link_refused(link: bytes, hosts: Hosts) -> bool:
    match = _TARGET.match(link)
    if match is None:
        return False
    addresses = [match[1]]
    relations: list[bytes] = []
    for name, quoted, plain in _PARAMETER.findall(link, match.end()):
        content = _ESCAPED.sub(rb"\1", quoted) if quoted else plain
        if name.lower() == b"rel" and not relations:  # a second one is not read
            relations = content.lower().split()
        elif name.lower() == b"imagesrcset":
            addresses += content.replace(b",", b" ").split()
    if relations and _NAMED.issuperset(relations):
        return False
    return any(_refused(address, hosts) for address in addresses)


def _rules_refused(member: bytes, hosts: Hosts) -> bool:
    match = _STRING.match(member)
    return match is not None and _refused(_ESCAPED.sub(rb"\1", match[1]), hosts)


def _refused(address: bytes, hosts: Hosts) -> bool:
    return hosts.refuses(address.decode("utf-8", "replace")) is not None
