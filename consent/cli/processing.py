"""`consent record-of-processing`: what GDPR art. 30(1) asks for, as Markdown or JSON (R74)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from .common import Commands, command, settings

# The fields of an activity, in the order of the article.
_FIELDS = ("purpose", "basis", "data_subjects", "data", "recipients", "transfers", "period")


def add(commands: Commands) -> None:
    """Add the command."""
    record = command(
        commands,
        "record-of-processing",
        "Print the record of processing activities (GDPR article 30(1)) of the site and of this "
        "component, as Markdown: controller, purposes, data subjects and data, recipients, "
        "transfers, periods, security. It is put together from the settings, the declaration and "
        "the facts of the notice in force, or else of its draft; what they do not say is marked "
        "as to be filled in.",
    )
    record.add_argument(
        "--lang",
        metavar="LANG",
        choices=("fi", "sv", "en"),
        help="its language: fi, sv or en (default: the site's first)",
    )
    record.add_argument("--json", action="store_true", help="print it as JSON")
    record.set_defaults(run=_record)


def _record(arguments: argparse.Namespace) -> int:
    from ..notice.facts import load_facts
    from ..notice.processing import record_of_processing

    found = settings(arguments)
    lang = arguments.lang or found.site.languages[0]
    now = datetime.now(UTC)
    facts = load_facts(found.notices, now)
    today = now.astimezone(found.site.timezone).date()
    record = record_of_processing(found, facts, lang, today)
    if arguments.json:
        print(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        print("\n".join(_Markdown(lang).lines(record)))
    return 0


class _Markdown:
    """Writes the record in the words of one language."""

    def __init__(self, lang: str) -> None:
        from ..texts import texts

        self.lang = lang
        self.texts = texts(lang, "letters")
        self.t = self.texts["processing"]

    def missing(self, what: str) -> str:
        return self.texts["general"]["missing"].format(what=self.texts["what"][what])

    def lines(self, record: Mapping[str, Any]) -> Iterator[str]:
        from ..texts.dates import date_in_words

        t, source = self.t, record["source"]
        made = date_in_words(date.fromisoformat(record["made"]), self.lang)
        yield from (f"# {t['title']}", "", t["article"].format(site=record["site"], date=made), "")
        version = source["version"]
        if version and source["draft"]:
            version = f"{version}: {t['draft']}"
        yield t["source"].format(version=version) if version else t["source_none"]
        mark, unconfirmed = self.texts["general"]["missing"].format(what="…"), self.unconfirmed()
        yield from (t["marks"].format(missing=mark, unconfirmed=unconfirmed), "")
        yield from self._controller(record["controller"])
        yield from (f"## {t['activities']}", "")
        for activity in record["activities"]:
            yield from self._activity(activity)
        yield from (f"## {t['security']}", "")
        security = record["security"]
        yield self._marked("measures", security, self._value("security", security["measures"]))
        yield ""
        yield from self._services(record["services"])

    def unconfirmed(self) -> str:
        return self.texts["general"]["unconfirmed"]

    def _controller(self, found: Mapping[str, Any]) -> Iterator[str]:
        t, officer = self.t, found["officer"]
        named = self.missing("officer")
        if officer is not None:
            named = officer["contact"]
            if not officer["appointed"]:
                named = t["officer_none"].format(contact=named)
        rows = {
            "name": found["name"],
            "business_id": found["business_id"],
            "address": found["address"] or self.missing("address"),
            "email": found["email"],
            "officer": named,
            "joint": found["joint"] or t["joint_none"],
        }
        yield from (f"## {t['controller']}", "")
        for key, text in rows.items():
            if text:
                yield f"- {t[key]}: {self._marked(key, found, text)}"
        yield ""

    def _marked(self, key: str, found: Mapping[str, Any], text: str) -> str:
        """A text, marked where the fact behind it is only a proposal."""
        return f"{text} {self.unconfirmed()}" if key in found["unconfirmed"] else text

    def _activity(self, found: Mapping[str, Any]) -> Iterator[str]:
        t = self.t
        name = t["component"] if found["id"] == "consent" else found["purpose"] or found["id"]
        yield from (f"### {name}", "")
        for field in _FIELDS:
            label = t["subjects"] if field == "data_subjects" else t[field]
            text = self._value(field, found[field])
            yield f"- {label}: {self._marked(field, found, text)}"
        if "security" in found:
            yield f"- {t['security']}: {self._value('security', found['security'])}"
        yield ""

    def _value(self, field: str, value: Any) -> str:
        if value is None:
            return self.missing(
                {"data_subjects": "subjects", "purpose": "purposes"}.get(field, field)
            )
        if isinstance(value, str):
            return value
        if field == "transfers":
            value = [self._transfer(each) for each in value]
            return "; ".join(value) or self.t["no_transfer"]
        return "; ".join(value) or "–"

    def _transfer(self, found: Mapping[str, Any]) -> str:
        mechanism = found["mechanism"] or self.missing("mechanism")
        return self.t["transfer"].format(
            countries=", ".join(found["countries"]), mechanism=mechanism
        )

    def _services(self, services: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        t = self.t
        heads = ("service", "provider", "category", "used_for", "country", "transfers", "longest")
        yield from (f"## {t['services']}", "")
        yield self._row(t[head] for head in heads)
        yield self._row("---" for _ in heads)
        for each in services:
            yield self._row(
                [
                    each["name"],
                    each["provider"] or t["own"],
                    each["category"],
                    each["purpose"] or "–",
                    each["country"] or "–",
                    self._value("transfers", each["transfers"]),
                    each["lifetime"] or "–",
                ]
            )

    def _row(self, cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
