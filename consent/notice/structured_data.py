"""A notice as JSON: what a program reads of a version, and schema.org's words in the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import pairwise

from markupsafe import Markup

from .addresses import Addresses
from .lifecycle import standing
from .package import Package, iso, pdf_file


def version_json(package: Package, lang: str, address: Addresses) -> bytes:
    """Write one language of a version as JSON in UTF-8: what it says and when it holds.

    All in it was fixed at publication, so that the bytes never change; where the version stands now
    is told by the list of versions. Who published it is a person's name, and not given out.
    """
    text = package.renditions[lang]
    content: dict[str, object] = {
        "document": package.document,
        "number": str(package.number),
        "language": lang,
        "title": text.title,
        "short": text.short,
        "change": text.change,
        "class": package.change_class,
        "announced_at": iso(package.announced_at),
        "effective_at": iso(package.starts),
        "effective": package.effective.isoformat(),
        "timezone": package.timezone,
        "predecessor": str(package.predecessor or "") or None,
        "hash": package.hash,
        "address": address(package, lang),
        "sections": [
            {"id": heading.id, "level": heading.level, "title": heading.text}
            for heading in text.toc
        ],
        "html": {"sha256": text.hash, "text": text.body},
        "markdown": {
            "sha256": sha256(package.files[f"{lang}.md"]).hexdigest(),
            "text": package.files[f"{lang}.md"].decode("utf-8"),
        },
    }
    if pdf := package.files.get(pdf_file(lang)):
        content["pdf"] = {"sha256": sha256(pdf).hexdigest()}
    return json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8")


def linked_data(
    package: Package,
    lang: str,
    packages: Sequence[Package],
    now: datetime,
    *,
    address: Addresses,
    site_name: str,
    publisher: Mapping[str, str],
) -> Markup:
    """Describe a version in the words of schema.org, as JSON-LD for a `<script>` element.

    `address` must give absolute addresses; `publisher` has `name`, and may have `email`, of the
    controller. A block of data is never run, and so asks no content security policy.
    """
    text, where = package.renditions[lang], standing(packages, now)
    others = [{"@id": f"{address(package, la)}#notice"} for la in package.renditions if la != lang]
    ends = ".."
    row = (*reversed(where.superseded), *filter(None, (where.in_force,)), *where.scheduled)
    for one, following in pairwise(row):
        if one.number == package.number:
            ends = following.effective.isoformat()
    here = address(package, lang)
    work: dict[str, object] = {
        "@type": "CreativeWork",
        "@id": f"{here}#notice",
        "name": text.title,
        "abstract": " ".join(text.short.split()),
        "version": str(package.number),
        "inLanguage": lang,
        "datePublished": iso(package.announced_at),
        "publisher": {"@type": "Organization", **publisher},
        "encoding": [
            {
                "@type": "MediaObject",
                "encodingFormat": media,
                "contentUrl": address.file(package, lang, kind),
            }
            for kind, media in _kinds(package, lang)
        ],
    }
    if package in row:  # what was withdrawn never held
        work["temporalCoverage"] = f"{package.effective.isoformat()}/{ends}"
    if text.change:
        work["description"] = text.change
    if others:
        work["workTranslation"] = others
    page = {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "@id": here,
        "url": here,
        "name": text.title,
        "inLanguage": lang,
        "isPartOf": {"@type": "WebSite", "name": site_name, "url": f"{address.origin}/"},
        "mainEntity": work,
    }
    written = json.dumps(page, ensure_ascii=False)
    # Nothing in it may look like the end of the element, nor like markup to anybody.
    for mark, code in (("<", r"\u003c"), (">", r"\u003e"), ("&", r"\u0026")):
        written = written.replace(mark, code)
    return Markup(written)  # noqa: S704 - escaped as JSON is


def _kinds(package: Package, lang: str) -> list[tuple[str, str]]:
    # A PDF that is no part of the version may not be there tomorrow.
    pdf = [("pdf", "application/pdf")] if pdf_file(lang) in package.files else []
    return [("md", "text/markdown"), ("json", "application/json"), *pdf]
