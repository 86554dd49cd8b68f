"""The texts that were shown, as a report tells them: in their own language, with their pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..texts import listing, lowered, texts
from .evidence import Body, Evidence, Said, pictures_of
from .wording import day, moment, word, words

Places = Mapping[str, str]
"""The files of artifacts in a bundle by hash."""

_WORDED = ("lang", "heading", "sentence", "choose", "always", "rows", "buttons")


class Shown(NamedTuple):
    """A text that was shown, by number: what its artifact says, and the records that name it."""

    number: int
    hash: str
    says: Body
    records: list[Said]


def shown_of(evidence: Evidence) -> list[Shown]:
    """The texts that records name, numbered in the order in which they were answered."""
    by_hash: dict[str, list[Said]] = {}
    for record in evidence.records:
        if shown := record.body.get("shown"):
            by_hash.setdefault(shown, []).append(record)
    return [
        Shown(number, digest, evidence.json(digest), records)
        for number, (digest, records) in enumerate(by_hash.items(), 1)
    ]


def grouped(shown: list[Shown], key: Callable[[Shown], str]) -> list[tuple[str, list[Shown]]]:
    """Bring together the texts that have the same; those that have nothing are left out."""
    groups: dict[str, list[Shown]] = {}
    for text in shown:
        if found := key(text):
            groups.setdefault(found, []).append(text)
    return list(groups.items())


def numbered(shown: list[Shown], lang: str) -> str:
    """Name texts inside a sentence: "text 1 and text 2"."""
    name = words(lang)["shown"]["title"]
    return listing([lowered(name.format(number=text.number)) for text in shown], lang)


def told(
    evidence: Evidence, places: Places, shown: list[Shown], lang: str
) -> list[dict[str, object]]:
    """Tell each text; of one that is worded as an earlier one, `same` is the number of that."""
    found: list[dict[str, object]] = []
    for text in shown:
        made = _worded(text, lang)
        same = [one["number"] for one in found if all(one[n] == made[n] for n in _WORDED)]
        found.append(
            {
                **made,
                **_pictures(evidence, places, text, lang),
                "same": same[0] if same else None,
                "file": places.get(text.hash, ""),
                "interface": places.get(text.says.get("interface", ""), ""),
            }
        )
    return found


def _worded(text: Shown, lang: str) -> dict[str, object]:
    says = text.says
    methods = {record.body.get("method") for record in text.records}

    def say(section: str, name: str) -> str:
        # What an older release of this package did not say yet is left out.
        return str(says.get("texts", {}).get(section, {}).get(name, ""))

    settings = [say("settings", name) for name in ("title", "intro")]
    placeholder = [_open(say("placeholder", name)) for name in ("text", "always_help", "always")]
    used, code = say("banner", "used"), str(says.get("language", ""))
    entries = [words(lang)["entry"].format(seq=record.row.seq) for record in text.records]
    return {
        "number": text.number,
        "hash": text.hash,
        "entries": listing(entries, lang),
        "language": texts(lang, "letters")["languages"].get(code, code),
        "notice": says.get("notice", {}).get("version", ""),
        "lang": says.get("language", lang),
        "heading": say("banner", "heading"),
        "sentence": says.get("sentence", ""),
        "choose": say("banner", "choose"),
        "always": say("banner", "always"),
        "rows": [
            {**row, "used": used.format(services=row["services"]) if row["services"] else ""}
            for row in says.get("rows", ())
        ],
        "buttons": [say("banner", name) for name in ("save", "accept", "reject")],
        "settings": settings if "settings" in methods else [],
        "placeholder": placeholder if "placeholder" in methods else [],
    }


def _open(text: str) -> str:
    """A text whose places were filled in with names that no record has."""
    return re.sub(r"\{\w+\}", "…", text)


def _pictures(evidence: Evidence, places: Places, text: Shown, lang: str) -> dict[str, object]:
    """The pictures of the release that is nearest to the first record; `more` in other colours."""
    releases, first = evidence.releases(text.hash), text.records[0].row.seq
    if not releases:
        return {"taken": "", "pictures": [], "more": [], "others": ""}
    earlier = [release for release in releases if release.row.seq < first]
    chosen = earlier[-1] if earlier else releases[0]
    pictures = [
        picture
        for picture in pictures_of(chosen.body, text.says.get("language", ""))
        if picture["artifact"] in places
    ]
    scheme = pictures[0]["scheme"] if pictures else ""
    others = [day(r.body["time"][:10], lang) for r in releases if r is not chosen]
    return {
        "taken": words(lang)["shown"]["taken"].format(
            time=moment(chosen.body["time"], lang), browser=chosen.body["browser"]
        ),
        "pictures": [_picture(p, places, lang) for p in pictures if p["scheme"] == scheme],
        "more": [_picture(p, places, lang) for p in pictures if p["scheme"] != scheme],
        "others": listing(others, lang),
    }


def _picture(picture: Body, places: Places, lang: str) -> dict[str, object]:
    kind = "phone" if picture["width"] < 640 else "desktop"
    guise = [
        word(lang, "pictures", kind),
        word(lang, "pictures", "window").format(**picture),
        word(lang, "pictures", picture["scheme"]),
    ]
    return {
        "file": places[picture["artifact"]],
        "phone": kind == "phone",
        "layer": word(lang, "layers", picture["layer"]),
        "guise": ", ".join(guise),
    }
