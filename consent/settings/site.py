"""The site itself: its name, addresses, languages, clock and proxies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from .reader import Reader, show

LANGUAGES = ("fi", "sv", "en")
"""The languages that the interface speaks."""

_LOOPBACK = re.compile(r"127(\.\d{1,3}){3}|\[::1\]|([a-z0-9-]+\.)*localhost")
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>([a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
)


def on_loopback(host: str) -> bool:
    """Whether a host, with its port if it has one, is this machine alone."""
    return _LOOPBACK.fullmatch(re.sub(r":\d+$", "", host)) is not None


@dataclass(frozen=True)
class Site:
    """`origins` are the scheme, host and port of every address of the site, the main one first."""

    name: str
    origins: tuple[str, ...]
    languages: tuple[str, ...]
    timezone: ZoneInfo
    trusted_proxies: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether visitors come over HTTPS."""
        return self.origins[0].startswith("https:")

    @property
    def host(self) -> str:
        """The host of the main origin, which a cookie's signature is bound to (R33)."""
        return urlsplit(self.origins[0]).netloc

    @property
    def domain(self) -> str:
        """The name of the main host without its port, for ids of feed and calendar (RFC 4151)."""
        return urlsplit(self.origins[0]).hostname or ""


def read_site(entry: Reader) -> Site:
    """Read and check the table `[site]`."""
    name = entry.text("name", longest=80)
    origins = entry.words("origins")
    for origin in origins:
        _origin(entry, origin)
    if entry.table.get("origins", []) == []:
        entry.fault("origins", "is missing", 'write origins = ["https://www.example.fi"]')
    elif len({origin.split(":")[0] for origin in origins}) > 1:
        entry.fault("origins", "mixes http and https", "keep a file of its own for development")
    languages = entry.words("languages") if entry.has("languages") else LANGUAGES
    for language in languages:
        if language not in LANGUAGES:
            entry.fault("languages", f"holds {show(language)}", 'choose from "fi", "sv" and "en"')
    if entry.table.get("languages") == [] or len(set(languages)) < len(languages):
        entry.fault("languages", "is empty or names one twice", 'write languages = ["fi", "sv"]')
    zone = _zone(entry)
    proxies = _proxies(entry)
    entry.close()
    return Site(
        name=name,
        origins=origins or ("https://invalid",),
        languages=tuple(language for language in languages if language in LANGUAGES),
        timezone=zone,
        trusted_proxies=proxies,
    )


def _zone(entry: Reader) -> ZoneInfo:
    name = entry.text("timezone", "Europe/Helsinki")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of names
        entry.fault("timezone", f"is {show(name)}", 'write it as "Europe/Helsinki"')
        return ZoneInfo("UTC")


def _proxies(entry: Reader) -> tuple[str, ...]:
    proxies = entry.words("trusted_proxies")
    for proxy in proxies:
        try:
            ip_network(proxy)
        except ValueError:
            remedy = 'write addresses or networks: "127.0.0.1", "10.0.0.0/8"'
            entry.fault("trusted_proxies", f"holds {show(proxy)}", remedy)
    return proxies


def _origin(entry: Reader, origin: str) -> None:
    # Exactly as browsers write it in the Origin field: that is what it is compared with.
    match = _ORIGIN.fullmatch(origin)
    if match is None or (match["port"] and not 0 < int(match["port"]) < 65536):
        remedy = 'write scheme and host in lower case: "https://www.example.fi"'
        entry.fault("origins", f"holds {show(origin)}", remedy)
    elif (match["scheme"], match["port"]) in (("https", "443"), ("http", "80")):
        entry.fault("origins", f"holds {show(origin)}", f"leave out :{match['port']}")
    elif match["scheme"] == "http" and not on_loopback(match["host"]):
        entry.fault("origins", f"holds {show(origin)}", "use https; http is for the loopback only")
