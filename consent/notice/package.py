"""A frozen notice version: what `publish` wrote, read back and verified (R75).

    notices/<document>/2026.1/    fi.md … facts.toml manifest.json fi.html fi.redline.html fi.pdf …

The manifest is canonical JSON and names the SHA-256 of every other file; its own SHA-256 is the
version's hash. Nothing here loads markdown, yaml or nh3: a server only reads.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from ..errors import NoticeError, Problem
from ..record import canonical
from .html import Heading, read
from .number import CLASSES, VersionNumber
from .withdrawal import WITHDRAWN, Withdrawal, withdrawal_of

MANIFEST = "manifest.json"
FACTS = "facts.toml"
SCHEMA = 1

_LANG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".toml": "application/toml",
    ".json": "application/json",
    ".pdf": "application/pdf",
}


@dataclass(frozen=True)
class Rendition:
    """One language of a version: its front matter and its HTML without the page round it.

    `hash` is the SHA-256 of the HTML, 64 hexadecimal digits. `redline` is what changed since the
    version before, as HTML; "" in the first version and in a language that is new.
    """

    lang: str
    title: str
    short: str
    change: str
    body: str = field(repr=False)
    redline: str = field(default="", repr=False)

    @cached_property
    def hash(self) -> str:
        """The SHA-256 of the HTML in UTF-8 (R75)."""
        return _digest(self.body)

    @cached_property
    def toc(self) -> tuple[Heading, ...]:
        """The headings, in their order."""
        return read(self.body).headings


@dataclass(frozen=True)
class Package:
    """A published version; equal to another when their manifests are.

    `announced_at` and `effective_at` are UTC; `effective` is the day at whose 00:00 in the site's
    time zone the version takes effect. `declaration` is the hash of the declaration that its
    cookie table was made from, `cookies` of what the table tells of it (`cookies.cookie_hash`);
    `predecessor` is the version that its redlines compare with; `approver` who approved what
    `author` published, "" for nobody; `domain` the site's host name then, "" in older versions;
    `files` holds the bytes of every file by name; `withdrawal` tells why it will not take effect,
    if so.
    """

    number: VersionNumber
    document: str
    change_class: str
    reason: str
    author: str
    announced_at: datetime
    effective_at: datetime
    effective: date
    timezone: str
    cookies: str
    declaration: str
    renditions: Mapping[str, Rendition] = field(compare=False)
    files: Mapping[str, bytes] = field(repr=False)
    predecessor: VersionNumber | None = None
    approver: str = ""
    domain: str = ""
    withdrawal: Withdrawal | None = None

    @cached_property
    def hash(self) -> str:
        """The version's hash: the SHA-256 of its manifest, 64 hexadecimal digits."""
        return sha256(self.files[MANIFEST]).hexdigest()

    @property
    def starts(self) -> datetime:
        """When it really takes effect: never before it could be read."""
        return max(self.effective_at, self.announced_at)

    def shown(self, lang: str) -> str | None:
        """The language in which a reader of `lang` is shown it: that, or its fallback (R48)."""
        if lang in self.renditions:
            return lang
        stated = self.facts.get("fallback")
        other = stated.get(lang) if isinstance(stated, Mapping) else None
        return other if other in self.renditions else None

    @cached_property
    def facts(self) -> Mapping[str, object]:
        """The facts of the version."""
        return tomllib.loads(self.files[FACTS].decode("utf-8"))

    def text(self, lang: str) -> Rendition:
        """What a reader of `lang` is given: in that language, in its fallback, or in the first."""
        return self.renditions[self.shown(lang) or next(iter(self.renditions))]

    def withdrawn(self, now: datetime) -> bool:
        """Whether it is withdrawn at `now` (UTC)."""
        return self.withdrawal is not None and self.withdrawal.at <= now

    @property
    def withdrawn_on(self) -> date | None:
        """The day of its withdrawal in the site's time zone."""
        gone = self.withdrawal
        return gone.at.astimezone(ZoneInfo(self.timezone)).date() if gone else None

    @property
    def material(self) -> bool:
        """Whether the change is announced on the site (R80)."""
        return self.change_class == "material"


def artifacts(package: Package) -> dict[str, tuple[str, bytes]]:
    """Map the SHA-256 of each file of a package to its media type and bytes, for the log."""
    return {
        sha256(body).hexdigest(): (_MEDIA_TYPES[Path(name).suffix], body)
        for name, body in package.files.items()
    }


def manifest_bytes(
    *,
    number: VersionNumber,
    document: str,
    change_class: str,
    reason: str,
    author: str,
    announced_at: datetime,
    effective_at: datetime,
    effective: date,
    timezone: str,
    cookies: str,
    declaration: str,
    renditions: Mapping[str, Rendition],
    sources: Mapping[str, bytes],
    facts: bytes,
    predecessor: VersionNumber | None = None,
    approver: str = "",
    domain: str = "",
    pdfs: Mapping[str, bytes] | None = None,
) -> bytes:
    """Write a manifest as canonical JSON; `sources` are the Markdown files by language.

    `pdfs` are the PDF files by language, where there are any.
    """
    printed = {lang: sha256(body).hexdigest() for lang, body in (pdfs or {}).items()}
    return canonical(
        {
            "schema": SCHEMA,
            "number": str(number),
            "document": document,
            "class": change_class,
            "reason": reason,
            "author": author,
            "announced_at": iso(announced_at),
            "effective_at": iso(effective_at),
            "effective": effective.isoformat(),
            "timezone": timezone,
            "cookies": cookies,
            "declaration": declaration,
            "facts": sha256(facts).hexdigest(),
            "languages": {
                lang: {
                    "title": text.title,
                    "short": text.short,
                    "change": text.change,
                    "html": text.hash,
                    "md": sha256(sources[lang]).hexdigest(),
                    **({"redline": _digest(text.redline)} if text.redline else {}),
                    **({"pdf": printed[lang]} if lang in printed else {}),
                }
                for lang, text in renditions.items()
            },
            # The order of `languages` is the alphabet's; this one is the site's.
            "order": list(renditions),
            **({"predecessor": str(predecessor)} if predecessor else {}),
            **({"approver": approver} if approver else {}),
            **({"domain": domain} if domain else {}),
        }
    )


def package_of(files: Mapping[str, bytes]) -> Package:
    """Make a package of the files that `manifest_bytes` was made for."""
    return _package(json.loads(files[MANIFEST]), files)


def verify_package(folder: Path) -> Package:
    """Read a published version and check every hash in it.

    Raises `NoticeError` if a file is missing, changed or damaged, or if the folder's name is not
    the version's number (R75). A manifest that was rewritten with all its hashes is whole in
    itself; compare `Package.hash` with the one that was logged for the number.
    """

    def body_of(file: str, _: str) -> bytes | None:
        try:
            return (folder / file).read_bytes()
        except OSError as error:
            # A withdrawal that cannot be read is not taken for none: it is damaged.
            there = file == WITHDRAWN and not isinstance(error, FileNotFoundError)
            return b"" if there else None

    name = f"{folder.name}/{MANIFEST}"
    raw = body_of(MANIFEST, "")
    if raw is None:
        how = f"publish it with: consent notice publish {folder.name}"
        raise NoticeError([Problem(name, "", "the version is not published", how)])
    if raw.startswith(b"<<<<<<<") or b"\n>>>>>>> " in raw:
        message = "two versions were published under one number, and their merge is not decided"
        how = (
            "take one folder whole, as it was published (git checkout --ours or --theirs), and "
            "publish the other text under the next number"
        )
        raise NoticeError([Problem(name, "", message, how)])
    return package_from(folder.name, raw, body_of)


def package_from(place: str, raw: bytes, body_of: Callable[[str, str], bytes | None]) -> Package:
    """Read a published version from wherever it is kept, and check every hash in it.

    `place` is its number, `raw` the bytes of its manifest; `body_of` gives those of a file by name
    and hash ("" for a withdrawal, which the manifest does not name), None where there are none.
    Raises `NoticeError` as `verify_package` does.
    """
    name = f"{place}/{MANIFEST}"
    remedy = "restore the folder as it was published, from version control"

    def refuse(file: str, key: str, message: str) -> NoticeError:
        return NoticeError([Problem(file, key, message, remedy)])

    damaged = (KeyError, TypeError, ValueError, RecursionError)
    try:
        manifest = json.loads(raw)
        if not isinstance(manifest, dict):
            raise TypeError("it is not an object")
        if canonical(manifest) != raw:
            raise ValueError("it is not in canonical form")
        wanted = _hashes(manifest)
    except damaged as error:
        raise refuse(name, "", f"the manifest is damaged: {error}") from error

    files, problems = {MANIFEST: raw}, []
    for file, digest in wanted.items():
        body = body_of(file, digest)
        if body is None:
            problems.append(Problem(f"{place}/{file}", "", "the file is missing", remedy))
            continue
        if sha256(body).hexdigest() != digest:
            message = "the file is not the one that was published"
            problems.append(Problem(f"{place}/{file}", "", message, remedy))
        files[file] = body
    if problems:
        raise NoticeError(problems)

    try:
        package = _package(manifest, files)
    except damaged as error:
        raise refuse(name, "", f"the manifest is damaged: {error}") from error
    if str(package.number) != place:
        raise refuse(name, "number", f"it is of version {package.number}")
    if (gone := body_of(WITHDRAWN, "")) is None:
        return package
    return replace(
        package, withdrawal=withdrawal_of(gone, package), files=files | {WITHDRAWN: gone}
    )


def redline_file(lang: str) -> str:
    """The name of the file that holds the redline of a language."""
    return f"{lang}.redline.html"


def pdf_file(lang: str) -> str:
    """The name of the file that holds a language as PDF."""
    return f"{lang}.pdf"


def iso(moment: datetime) -> str:
    """Write an instant as ISO 8601 in UTC with whole seconds: 2026-12-31T22:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hashes(manifest: Mapping[str, object]) -> dict[str, str]:
    # The hash that each file must have; names are made here, none is taken from the manifest.
    if manifest["schema"] != SCHEMA:
        raise ValueError(f"schema {manifest['schema']} is not known here")
    languages, order = _languages(manifest)
    wanted = {FACTS: _text(manifest, "facts")}
    for lang in order:
        wanted[f"{lang}.html"] = _text(languages[lang], "html")
        wanted[f"{lang}.md"] = _text(languages[lang], "md")
        # Versions that were published before there were redlines have none.
        if "redline" in languages[lang]:
            wanted[redline_file(lang)] = _text(languages[lang], "redline")
        # And where nothing could make PDFs when they were published.
        if "pdf" in languages[lang]:
            wanted[pdf_file(lang)] = _text(languages[lang], "pdf")
    return wanted


def _package(manifest: Mapping[str, object], files: Mapping[str, bytes]) -> Package:
    if manifest["class"] not in CLASSES:
        raise ValueError(f"class {manifest['class']} is not known")
    languages, order = _languages(manifest)
    return Package(
        number=VersionNumber.parse(_text(manifest, "number")),
        document=_text(manifest, "document"),
        change_class=_text(manifest, "class"),
        reason=_text(manifest, "reason"),
        author=_text(manifest, "author"),
        announced_at=_instant(manifest, "announced_at"),
        effective_at=_instant(manifest, "effective_at"),
        effective=date.fromisoformat(_text(manifest, "effective")),
        timezone=_text(manifest, "timezone"),
        cookies=_text(manifest, "cookies"),
        declaration=_text(manifest, "declaration"),
        renditions={
            lang: Rendition(
                lang=lang,
                title=_text(languages[lang], "title"),
                short=_text(languages[lang], "short"),
                change=_text(languages[lang], "change"),
                body=files[f"{lang}.html"].decode("utf-8"),
                redline=files.get(redline_file(lang), b"").decode("utf-8"),
            )
            for lang in order
        },
        files=files,
        predecessor=(
            VersionNumber.parse(_text(manifest, "predecessor"))
            if "predecessor" in manifest
            else None
        ),
        approver=_text(manifest, "approver") if "approver" in manifest else "",
        domain=_text(manifest, "domain") if "domain" in manifest else "",
    )


def _languages(
    manifest: Mapping[str, object],
) -> tuple[Mapping[str, Mapping[str, object]], list[str]]:
    languages, order = manifest["languages"], manifest["order"]
    if not (isinstance(languages, dict) and isinstance(order, list) and order):
        raise TypeError("it has no languages")
    if sorted(languages) != sorted(order) or not all(map(_LANG.fullmatch, order)):
        raise ValueError("its languages are not what their order says")
    if not all(isinstance(values, dict) for values in languages.values()):
        raise TypeError("a language is not an object")
    return languages, order


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _text(values: Mapping[str, object], key: str) -> str:
    value = values[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is not text")
    return value


def _instant(values: Mapping[str, object], key: str) -> datetime:
    text = _text(values, key)
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
