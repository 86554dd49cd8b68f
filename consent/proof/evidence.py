"""What a record names, brought together from the log (R37): texts, notice, interface, pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from ..errors import LogCorrupt
from ..log import Row, Snapshot

Body = Mapping[str, Any]
"""What an entry or an artifact of ours says."""


class Said(NamedTuple):
    """An entry whose content is still there, and what it says."""

    row: Row
    body: Body


class Named(NamedTuple):
    """Something that a record names: what it is, which one, its hash, and what of it is missing.

    `what` is "text", "declaration", "scope", "notice", "interface" or "release"; `missing` holds
    the hashes that are not in the log. Nothing of it is there when it has no hash.
    """

    what: str
    which: str
    hash: str
    missing: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether all of it is in the log."""
        return bool(self.hash) and not self.missing


@dataclass(frozen=True)
class Evidence:
    """Records with all that stands behind them in a log.

    `behind` are the declarations, publications and releases that they rest on, in their order;
    `artifacts` maps hashes to media types and bytes, those of a declaration's other languages and
    of pictures in them left out.
    """

    records: tuple[Said, ...]
    behind: tuple[Said, ...]
    artifacts: Mapping[str, tuple[str, bytes]]

    def of(self, kind: str) -> list[Said]:
        """The entries of a kind that stand behind."""
        return [entry for entry in self.behind if entry.row.kind == kind]

    def json(self, digest: str) -> Body:
        """What an artifact in JSON says; nothing where there is none."""
        return _in_json(*self.artifacts.get(digest, ("", b"")))

    def releases(self, shown: str) -> list[Said]:
        """The releases that show a text, oldest first."""
        return [r for r in self.of("release") if shown in r.body["shown"].values()]

    def scope(self, given: str) -> str:
        """The full hash of a scope, of which a record may have the beginning alone, or ""."""
        known = [full for d in self.of("declaration") for full in d.body["scopes"].values()]
        return next((full for full in known if given and full.startswith(given)), "")

    def named(self, body: Body) -> Iterator[Named]:
        """All that a record names, whether it is in the log or not."""
        for category, given in body.get("scopes", {}).items():
            full = self.scope(given)
            yield Named("scope", category, full, self._missing([full or given]))
        if not (shown := body.get("shown")):
            return
        yield Named("text", body["language"], shown, self._missing([shown]))
        yield self._whole("declaration", "", body["declaration"])
        yield self._whole("interface", "", body["interface"])
        if body["notice"]["hash"]:
            yield self._whole("notice", body["notice"]["version"], body["notice"]["hash"])
        releases = self.releases(shown)
        for release in releases:
            pictures = [p["artifact"] for p in pictures_of(release.body, body["language"])]
            missing = self._missing(pictures)
            yield Named("release", release.body["time"], release.row.leaf.hex(), missing)
        if not releases:
            yield Named("release", "", "")

    def _whole(self, what: str, which: str, digest: str) -> Named:
        parts = parts_of(self.json(digest)).values()
        return Named(what, which, digest, self._missing([digest, *parts]))

    def _missing(self, digests: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(d for d in digests if d not in self.artifacts))


def gather(snapshot: Snapshot, rows: Iterable[Row]) -> Evidence:
    """Bring together what the consent records among some entries name.

    Those without content are passed over: nobody can show any more what they said. An artifact
    whose bytes are not those of its hash is as good as missing. Raises `LogCorrupt` where an entry
    cannot be read.
    """
    consents = (row for row in rows if row.kind == "consent")
    records = tuple(said for row in consents if (said := _said(row)) is not None)
    kinds = {
        kind: [said for row in snapshot.of_kind(kind) if (said := _said(row)) is not None]
        for kind in ("declaration", "publication", "release")
    }
    behind: dict[int, Said] = {}
    wanted: set[str] = set()
    for record in records:
        for entry in _behind(record, kinds):
            behind[entry.row.seq] = entry
        wanted.update(record.body.get("artifacts", ()), filter(None, [record.body.get("shown")]))
    entries = tuple(behind[seq] for seq in sorted(behind))
    bare = Evidence(records, entries, {})
    for record in records:
        wanted.update(filter(None, map(bare.scope, record.body.get("scopes", {}).values())))
        for release in bare.releases(record.body.get("shown", "")):
            pictures = pictures_of(release.body, record.body["language"])
            wanted.update(picture["artifact"] for picture in pictures)
    return Evidence(records, entries, _artifacts(snapshot, wanted))


def entry_name(entry: Said) -> str:
    """What the file of an entry is called in a bundle, without its ending."""
    row = entry.row
    return f"{'records' if row.kind == 'consent' else 'entries'}/{row.seq:012}-{row.kind}"


def pictures_of(release: Body, language: str) -> list[Body]:
    """The screenshots of a release in a language."""
    return [p for p in release["screenshots"] if p["language"] == language]


def picture_name(picture: Body) -> str:
    """What the file of a screenshot is called: `fi-banner-390x844-light.png`."""
    size = f"{picture['width']}x{picture['height']}"
    return f"{picture['language']}-{picture['layer']}-{size}-{picture['scheme']}.png"


def parts_of(artifact: Body) -> dict[str, str]:
    """What an artifact in JSON names in turn: the files of an interface or a notice by name.

    Of what was shown: its declaration, interface, notice and scopes.
    """
    if artifact.get("type") == "interface":
        return dict(artifact["files"])
    if artifact.get("type") == "presentation":
        named = {name: artifact[name] for name in ("declaration", "interface")}
        named |= {f"scope-{category}": each for category, each in artifact["scopes"].items()}
        return (
            named | {"notice": artifact["notice"]["hash"]} if artifact["notice"]["hash"] else named
        )
    if "facts" in artifact and "order" in artifact:
        files = {
            f"{lang}.{kind}": texts[kind]
            for lang, texts in artifact["languages"].items()
            for kind in ("html", "md")
        }
        return {"facts.toml": artifact["facts"], **files}
    return {}


def _in_json(media_type: str, body: bytes) -> Body:
    found = json.loads(body) if media_type == "application/json" else {}
    return found if isinstance(found, dict) else {}


def _said(row: Row) -> Said | None:
    if row.body is None or row.salt is None:
        return None
    try:
        body = json.loads(row.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise LogCorrupt([f"the content of entry {row.seq} cannot be read"])
    return Said(row, body)


def _behind(record: Said, kinds: Mapping[str, list[Said]]) -> Iterator[Said]:
    """The entries that a record rests on."""

    def latest(fits: Callable[[Body], bool]) -> list[Said]:
        # The one that stood when it was made; the log may have learnt of it later.
        fitting = [entry for entry in kinds["declaration"] if fits(entry.body)]
        before = [entry for entry in fitting if entry.row.seq < record.row.seq]
        return before[-1:] or fitting[:1]

    def scoped(given: str) -> Callable[[Body], bool]:
        return lambda body: any(full.startswith(given) for full in body["scopes"].values())

    for given in record.body.get("scopes", {}).values():
        yield from latest(scoped(given))
    if shown := record.body.get("shown"):
        yield from latest(lambda body: shown in body["shown"].values())
        notice = record.body["notice"]["hash"]
        yield from (entry for entry in kinds["publication"] if entry.body["hash"] == notice)
        yield from (r for r in kinds["release"] if shown in r.body["shown"].values())


def _artifacts(snapshot: Snapshot, wanted: set[str]) -> dict[str, tuple[str, bytes]]:
    """Read artifacts and what they name in turn."""
    found: dict[str, tuple[str, bytes]] = {}
    asked: set[str] = set()
    while left := wanted - asked:
        asked |= left
        for digest, media_type, body in snapshot.artifacts():
            if digest in left and sha256(body).hexdigest() == digest:
                found[digest] = (media_type, body)
                wanted.update(parts_of(_in_json(media_type, body)).values())
    return found
