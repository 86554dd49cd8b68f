"""Tells a consent to people: a page in Finnish, Swedish and English, to be read and printed (R38).

The pages stand on their own in the folder of a bundle: styles inside, pictures and files beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..declaration import Category, Declaration
from ..log.checkpoint import Checkpoint
from ..notice.cookies import cookie_groups, cookie_table
from ..notice.words import language_name
from ..texts import listing, texts
from .evidence import Body, Evidence, Said, entry_name
from .shown import Places, Shown, grouped, numbered, shown_of, told
from .wording import LANGUAGES, day, last_day, moment, own, word, words

FOLDER = Path(__file__).parent
FOLDERS = (
    "records",
    "entries",
    "shown",
    "declarations",
    "scopes",
    "interface",
    "notices",
    "screenshots",
    "artifacts",
    "checkpoints",
)
"""What may stand in a bundle, in the order in which a report tells it."""


class About(NamedTuple):
    """What a report says besides its evidence.

    `head` and `checkpoint` are the log's, `keys` are to verify with and `verifier` is the hash of
    the program that does; `older` are the sizes of earlier checkpoints, `places` the files of
    artifacts by hash, `until` is the day of the log's newest entry.
    """

    consent_id: str
    site: str
    head: Checkpoint
    checkpoint: str
    keys: tuple[str, ...]
    verifier: str
    older: tuple[int, ...]
    places: Places
    until: str


def pages(evidence: Evidence, about: About) -> dict[str, bytes]:
    """Give the report in each language, and the notices to read, as HTML files by name."""
    made = {f"report.{lang}.html": _report(evidence, about, lang) for lang in LANGUAGES}
    return made | dict(_notice_pages(evidence))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(template: str, **context: object) -> bytes:
    style = Markup((FOLDER / "report.css").read_text("utf-8"))  # noqa: S704 - our own
    return _environment().get_template(template).render(style=style, **context).encode()


def _report(evidence: Evidence, about: About, lang: str) -> bytes:
    shown, names = shown_of(evidence), _categories(evidence, lang)
    numbers = {text.hash: text.number for text in shown}
    records, newest = evidence.records, evidence.records[-1].body.get("states", {})
    allowed = [names.get(c, c) for c, state in newest.items() if state == "granted"]
    used = {*FOLDERS[:2], *(place.partition("/")[0] for place in about.places.values())}
    return _render(
        "report.html",
        lang=lang,
        w=words(lang),
        languages=[(la, language_name(la), f"report.{la}.html") for la in LANGUAGES if la != lang],
        about=about,
        until=day(about.until, lang),
        controller=next((text.says["controller"] for text in shown if text.says), ""),
        events=[
            _event(record, before, numbers, names, lang)
            for before, record in zip((None, *records), records, strict=False)
        ],
        allowed=listing(allowed, lang),
        cut=bool(records[0].body.get("previous")),
        texts=told(evidence, about.places, shown, lang),
        declarations=_declarations(evidence, about.places, shown, lang),
        notices=_notices(evidence, shown, lang),
        missing=_missing(evidence, lang),
        folders=[f for f in FOLDERS if f in used or (f == "checkpoints" and about.older)],
    )


def _event(
    record: Said,
    before: Said | None,
    numbers: Mapping[str, int],
    names: Mapping[str, str],
    lang: str,
) -> dict[str, object]:
    """One record as the timeline tells it."""
    said, earlier = record.body, before.body.get("states", {}) if before else {}
    until = words(lang)["happened"]["until_date"]
    answers = [
        {
            "category": names.get(category, category),
            "granted": state == "granted",
            "answer": word(lang, "states", state),
            "before": word(lang, "states", earlier.get(category, "")),
            "changed": before is not None and earlier.get(category) != state,
            "until": until.format(date=last_day(said.get("expires", {}).get(category, ""), lang))
            if state == "granted"
            else "",
        }
        for category, state in said.get("states", {}).items()
    ]
    layout = word(lang, "layouts", said.get("layout", ""))
    return {
        "seq": record.row.seq,
        "title": word(lang, "events", said.get("event", "")),
        "time": moment(said.get("time", ""), lang),
        "iso": said.get("time", ""),
        "how": word(lang, "methods", said.get("method", "")).format(layout=layout),
        "answers": answers,
        "compared": before is not None,
        "number": numbers.get(said.get("shown", "")),
        "gpc": said.get("signal") == "gpc",
        "files": entry_name(record),
    }


def _categories(evidence: Evidence, lang: str) -> dict[str, str]:
    """What categories are called, as the newest of the declarations says."""
    names: dict[str, str] = {}
    for digest in dict.fromkeys(r.body.get("declaration", "") for r in evidence.records):
        for category in evidence.json(digest).get("categories", ()):
            names[category["id"]] = own(category["name"], lang)
    return names


def _declarations(
    evidence: Evidence, places: Places, shown: list[Shown], lang: str
) -> list[dict[str, object]]:
    """What was declared under the texts, once each."""
    found: list[dict[str, object]] = []
    for digest, under in grouped(shown, lambda text: text.says.get("declaration", "")):
        if digest not in places:
            continue
        declaration = Declaration.read(evidence.artifacts[digest][1])
        found.append(
            {
                "number": len(found) + 1,
                "texts": numbered(under, lang),
                "categories": [
                    _category(declaration, category, lang)
                    for category in declaration.categories
                    if declaration.of(category.id)
                ],
                "file": places[digest],
            }
        )
    return found


def _category(declaration: Declaration, category: Category, lang: str) -> dict[str, object]:
    services = declaration.of(category.id)
    table = cookie_table(Declaration((category,), services), lang)
    return {
        "name": own(category.name, lang),
        "text": own(category.text, lang),
        "services": [
            (row.service, row.provider, own(service.purpose, lang))
            for service in services
            # As the table says them too.
            for row in cookie_groups(Declaration((category,), (service,)), lang)[0].rows[:1]
        ],
        # Of several declarations in one page, each has these ids.
        "table": Markup(re.sub(r' id="[^"]*"', "", table)),  # noqa: S704 - escaped there
    }


def _notices(evidence: Evidence, shown: list[Shown], lang: str) -> list[dict[str, object]]:
    """The versions of the notice under which texts were shown, once each."""
    found = []
    entries = {entry.body["hash"]: entry for entry in evidence.of("publication")}
    for digest, under in grouped(shown, lambda text: text.says.get("notice", {}).get("hash", "")):
        manifest = evidence.json(digest)
        if not manifest:
            continue
        published, w = entries.get(digest), words(lang)
        found.append(
            {
                "version": manifest["number"],
                "effective": day(manifest["effective"], lang),
                "texts": numbered(under, lang),
                "published": w["notice"]["published"].format(
                    time=moment(published.body["time"], lang),
                    entry=w["entry"].format(seq=published.row.seq),
                )
                if published
                else "",
                "hash": digest,
                "pages": [
                    (la, texts(la)["general"]["language"] if la in LANGUAGES else la, name)
                    for la, name in _notice_names(manifest)
                ],
            }
        )
    return found


def _notice_pages(evidence: Evidence) -> Iterator[tuple[str, bytes]]:
    """Each notice as a page to read; the bytes that were published stand beside it."""
    for manifest in map(evidence.json, evidence.artifacts):
        if "order" not in manifest:
            continue
        for lang, name in _notice_names(manifest):
            said, reading = manifest["languages"][lang], lang if lang in LANGUAGES else "en"
            if said["html"] not in evidence.artifacts:
                continue
            html = evidence.artifacts[said["html"]][1].decode("utf-8")
            yield (
                name,
                _render(
                    "notice.html",
                    lang=lang,
                    w=words(reading),
                    title=said["title"],
                    short=said["short"].split("\n\n") if said["short"] else [],
                    version=manifest["number"],
                    effective=day(manifest["effective"], reading),
                    hash=said["html"],
                    report=f"report.{reading}.html",
                    body=Markup(html),  # noqa: S704 - made safe before it was published
                ),
            )


def _notice_names(manifest: Body) -> list[tuple[str, str]]:
    return [(la, f"notice-{manifest['number']}.{la}.html") for la in manifest["order"]]


def _missing(evidence: Evidence, lang: str) -> list[str]:
    """What records name and the log has no more, a line each."""
    lines = {
        f"{word(lang, 'what', named.what)} {named.which} {named.hash}".rstrip(): None
        for record in evidence.records
        for named in evidence.named(record.body)
        if not named.found and (named.what != "release" or named.hash)
    }
    return list(lines)
