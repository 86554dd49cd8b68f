"""One consent that was given, changed and withdrawn among others, and a bundle of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.testclient import TestClient

import consent.release
from consent.log import open_log
from consent.log.publishing import publish
from consent.proof.bundle import write
from consent.release import release
from consent.release.pictures import WINDOWS, Picture
from consent.release.pictures import Site as Seen
from consent.settings import load
from consent.signed_note import new_key, verifier_of
from tests.unit.shop_site import EFFECTIVE, open_shop, set_clock
from tests.unit.small_site import TOML, Make, Site, decide, fields

OLD_KEY, KEY = new_key("www.example.fi"), new_key("www.example.fi")
PUBLIC = str(verifier_of(KEY))
KEYS = (OLD_KEY, KEY)


class Story(NamedTuple):
    """A log with the consent of somebody; `others` is the id of somebody else."""

    log: str
    consent_id: str
    others: str


async def no_browser(seen: Seen, chromium: str = "") -> tuple[str, list[Picture]]:
    """Stands in for the browser: pictures that say what they would be of."""
    guises = [
        (language, layer, window, scheme)
        for language in seen.languages
        for window in WINDOWS
        for scheme in seen.schemes
        for layer in ("banner", "choices", "settings", "items")
    ]
    return "Chromium 1.2.3", [Picture(*g, b"\x89PNG " + " ".join(g).encode()) for g in guises]


def release_of(site: Site, *, again: bool = False) -> consent.release.Release:
    """What `consent release` does for a site, without a browser."""
    settings = load(site.folder / "consent.toml", site.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consent.release, "take", no_browser)
        return release(settings, again=again, clock=site.clock)


def told(folder: Path, make_site: Make) -> Story:
    """Somebody grants by the banner, adds in the settings and withdraws, under two notices."""
    site = open_shop(folder, make_site, toml=TOML)
    for number in range(6):
        decide(site.client(), "accept" if number == 3 else "reject")
    release_of(site)
    visitor: TestClient = site.client()
    decide(visitor, "save", "statistics", form=fields(visitor.get("/").text))
    publish(site.consent.runtime.log, [OLD_KEY])
    for _ in range(20):
        decide(site.client(), "reject")
    set_clock(site, EFFECTIVE, 3600)
    swedish = fields(visitor.get("/choices/sv").text)
    decide(visitor, "save", "statistics", "marketing", form=swedish)
    publish(site.consent.runtime.log, KEYS)
    site.clock.pass_days(3)
    decide(visitor, "reject")
    decide(site.client(), "reject")
    ids = [str(record["consent_id"]) for record in site.log() if "consent_id" in record]
    site.close()
    return Story(str(folder / "log.sqlite3"), ids[-1], ids[0])


def bundle(log: str, consent_id: str, keys: Sequence[str] = KEYS, **more: Sequence[str]) -> bytes:
    """The ZIP of a consent."""
    file = io.BytesIO()
    with open_log(log, writable=False).snapshot() as view:
        write(file, view, consent_id, keys, **more)
    return file.getvalue()


def unpacked(data: bytes, folder: Path) -> Path:
    """Unpack a bundle into a folder."""
    zipfile.ZipFile(io.BytesIO(data)).extractall(folder)
    return folder


def names(folder: Path) -> set[str]:
    """The files in a folder."""
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
