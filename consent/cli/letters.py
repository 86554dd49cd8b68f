"""Letters to people who ask about their records, in Finnish, Swedish and English (R130).

Plain values go in, Markdown comes out. What the settings and the facts of the notice do not say is
marked as to be filled in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..log.retention import day
from ..notice.cookies import mechanism_name, span
from ..notice.facts import Facts, told_in, words
from ..texts import lowered, texts
from ..texts.countries import country_name
from ..texts.dates import date_in_words

if TYPE_CHECKING:
    from ..settings import Settings

Record = Mapping[str, Any]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Held:
    """What is held under a consent id.

    `records` are the bodies of its entries, oldest first, and `waiting` those that are not in the
    log yet; `shown` maps the hash that a record names to what was shown, `declared` that of a
    declaration to it. It is kept until the end of the day `until` (UTC), unless it goes on.
    """

    consent_id: str
    records: Sequence[Record]
    waiting: Sequence[Record]
    shown: Mapping[str, Record]
    declared: Mapping[str, Record]
    until: date

    def goes_on(self, today: date) -> bool:
        """Whether the consent may still be in effect: its last record grants something."""
        (*_, last) = [*self.records, *self.waiting]
        ends = [last.get("expires", {}).get(c) for c, s in _states(last) if s == "granted"]
        return any(str(end) > f"{today}" for end in ends)

    def plain(self, site: str) -> dict[str, object]:
        """All of it as values, for a file that other programs read (GDPR art. 20)."""
        return {
            "site": site,
            "consent_id": self.consent_id,
            "kept_until": f"{self.until}",
            "records": list(self.records),
            "waiting": list(self.waiting),
            "shown": dict(self.shown),
        }


class Letters:
    """Writes letters of one site in one language on one day."""

    def __init__(self, settings: Settings, facts: Facts, lang: str, now: datetime) -> None:
        """Take the settings, the facts of the notice, a language and the time (UTC)."""
        self.settings, self.facts, self.lang = settings, facts, lang
        self.now = now.astimezone(settings.site.timezone)
        self.texts = texts(lang, "letters")
        self.site = settings.site.host
        self.address = f"{settings.site.origins[0]}{settings.prefix}/{lang}"

    def access(self, held: Held) -> str:
        """The reply with everything that is held under a consent id (GDPR art. 15)."""
        t = self.texts["access"]
        lines = [f"# {t['title']}", t["intro"].format(site=self.site, date=self._today())]
        lines += [t["id"].format(id=held.consent_id), f"## {t['records']}"]
        for record in [*held.records, *held.waiting]:
            lines.append("\n".join(self._record(record, held)))
        lines.append(t["nothing_else"])
        for section, text in self._circumstances(held):
            lines += [f"## {t[section]}", text]
        lines += [f"## {t['copy']}", self._copy(held)]
        return self._signed(lines)

    def unknown(self) -> str:
        """The reply to somebody who does not give a consent id (GDPR art. 11(2))."""
        t = self.texts["unknown"]
        name = texts(self.lang)["settings"]["id"]
        how = t["how"].format(address=self.address, id=name)
        lines = [f"# {t['title']}", t["why"].format(site=self.site), how]
        return self._signed([*lines, t["nothing"], t["no_more"], self._complaint()])

    def erased(self, held: Held) -> str:
        """The reply that everything under a consent id was erased (GDPR art. 17(1))."""
        t = self.texts["erased"]
        text = t["text"].format(date=self._today(), site=self.site, id=held.consent_id)
        backups = t["backups"].format(period=self._missing("backups"))
        return self._signed([f"# {t['title']}", text, backups, *self._browser(held, t["browser"])])

    def kept(self, held: Held) -> str:
        """The reply that nothing is erased, and why (GDPR art. 12(4), 17(3)(b) and (e))."""
        t = self.texts["kept"]
        text = t["text"].format(site=self.site, id=held.consent_id)
        period = t["period"].format(date=date_in_words(held.until, self.lang))
        lines = [f"# {t['title']}", text, period, *self._browser(held, t["browser"])]
        return self._signed([*lines, self._complaint(), t["court"]])

    def _browser(self, held: Held, text: str) -> list[str]:
        """How to end a consent that is in effect still, which erasing its record does not."""
        goes_on = held.goes_on(self.now.date())
        return [text.format(address=self.address)] if goes_on else []

    def _today(self) -> str:
        return date_in_words(self.now.date(), self.lang)

    def _missing(self, what: str) -> str:
        return self.texts["general"]["missing"].format(what=self.texts["what"][what])

    def _fact(self, text: str | None, what: str, *tables: Mapping[str, object]) -> str:
        """A fact; marked where it is missing, or is only a proposal."""
        if text is None:
            return self._missing(what)
        proposed = any(table.get("confirm") is True for table in tables)
        return f"{text} {self.texts['general']['unconfirmed']}" if proposed else text

    def _record(self, record: Record, held: Held) -> Iterator[str]:
        t = self.texts["access"]
        event = str(record.get("event"))
        yield f"**{self._moment(record)}: {t.get(event, t['unknown'])}**"
        yield ""
        names = self._categories(record, held)
        for category, state in _states(record):
            end = day(record.get("expires", {}).get(category))
            until = date_in_words(end - DAY, self.lang) if end else "–"
            name = names.get(category, category)
            yield f"- {t.get(str(state), state).format(category=name, date=until)}"
        if (method := str(record.get("method"))) in t:
            yield f"- {t[method]}"
        if language := record.get("language"):
            yield f"- {t['language'].format(language=self._language(str(language)))}"
        if signal := record.get("signal"):
            yield f"- {t['signal'].format(signal=str(signal).upper())}"
        if sentence := held.shown.get(str(record.get("shown")), {}).get("sentence"):
            yield f"- {t['shown'].format(text=sentence)}"
        if version := dict(record.get("notice", {})).get("version"):
            yield f"- {t['notice'].format(version=version)}"
        if record in held.waiting:
            yield f"- {t['waiting']}"

    def _moment(self, record: Record) -> str:
        text = str(record.get("time"))
        try:
            moment = datetime.fromisoformat(text).astimezone(self.settings.site.timezone)
        except ValueError:
            return "–"
        if len(text) == 10:  # the day alone
            return date_in_words(date.fromisoformat(text), self.lang)
        point = ":" if self.lang == "en" else "."
        return self.texts["access"]["moment"].format(
            date=date_in_words(moment.date(), self.lang), time=f"{moment:%H{point}%M}"
        )

    def _language(self, code: str) -> str:
        return self.texts["languages"].get(code, code)

    def _categories(self, record: Record, held: Held) -> dict[str, str]:
        """What the categories were called when they were shown, or else are called now."""
        now = {c.id: dict(c.name) for c in self.settings.declaration.categories}
        declared = held.declared.get(str(record.get("declaration")), {}).get("categories", [])
        names = now | {each["id"]: each["name"] for each in declared}
        return {
            key: name.get(self.lang) or now.get(key, {}).get(self.lang) or key
            for key, name in names.items()
        }

    def _circumstances(self, held: Held) -> Iterator[tuple[str, str]]:
        """What else GDPR art. 15(1) asks to tell, under the name of its heading."""
        t, facts, lang = self.texts["access"], self.facts, self.lang
        told = facts.table("consent_log")
        basis = facts.log.get("basis") or told.get("basis")
        named = self._fact(facts.basis(basis, lang), "basis", facts.log)
        yield "purpose", t["purpose_text"].format(basis=lowered(named))
        months = span(self.settings.retention_months, "month", lang)
        until = date_in_words(held.until, lang)
        yield "period", t["period_text"].format(months=months, date=until)
        recipients = facts.named("recipients", told.get("recipients")) or facts.about(
            "recipients", words(facts.log.get("data"))
        )
        names = ", ".join(filter(None, (told_in(each.get("name"), lang) for each in recipients)))
        received = self._fact(names or None, "recipients", *recipients)
        yield (
            "recipients",
            "\n".join([t["recipients_text"].format(names=received), *self._transfers()]),
        )
        yield "source", f"{t['source_text']}\n{t['automated']}"
        rights = [t["rights_text"]]
        if basis in ("legitimate-interest", "public-task"):
            rights.append(t["objection"])
        rights += [t["withdraw"].format(address=self.address), t["portable"], self._complaint()]
        yield "rights", "\n".join(rights)

    def _transfers(self) -> Iterator[str]:
        t = self.texts["access"]
        transfers = self.facts.about("transfers", words(self.facts.log.get("data")))
        if not transfers:
            yield self._missing("transfers")
        for each in transfers:
            codes = words(each.get("countries"))
            mechanism = told_in(each.get("mechanism"), self.lang)
            text = t["no_transfer"]
            if codes:
                text = t["transfer"].format(
                    countries=", ".join(country_name(code, self.lang) for code in codes),
                    mechanism=mechanism_name(mechanism, self.lang)
                    if mechanism
                    else self._missing("mechanism"),
                )
            yield self._fact(text, "transfers", each)

    def _complaint(self) -> str:
        authority = self.facts.table("authority")
        told = [told_in(authority.get(key), self.lang) for key in ("name", "website")]
        named = ", ".join(filter(None, told)) or None
        return self.texts["access"]["complaint"].format(
            authority=self._fact(named, "authority", authority)
        )

    def _copy(self, held: Held) -> str:
        records = json.dumps([*held.records, *held.waiting], indent=2, ensure_ascii=False)
        return f"```json\n{records}\n```"

    def _signed(self, lines: list[str]) -> str:
        controller = self.settings.controller
        named = [controller.name, controller.business_id, controller.address, controller.email]
        title = self.texts["access"]["controller"]
        return "\n\n".join([*lines, f"{title}: {', '.join(filter(None, named))}"])


def _states(record: Record) -> list[tuple[str, str]]:
    return list(dict(record.get("states", {})).items())
