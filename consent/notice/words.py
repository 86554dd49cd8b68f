"""The words of the page round a notice, in Finnish, Swedish and English.

`{number}` is a version, `{date}` a day in words.
"""

from __future__ import annotations

from collections.abc import Mapping

_WORDS: Mapping[str, Mapping[str, str]] = {
    "fi": {
        "version": "Versio {number}",
        "draft": "Luonnos",
        "draft_line": "Luonnos. Tätä tekstiä ei ole julkaistu, eikä se ole voimassa.",
        "scheduled_line": "Tämä versio tulee voimaan {date}.",
        "superseded_line": "Tämä versio ei ole enää voimassa. Se tuli voimaan {date}.",
        "effect": "tulee voimaan {date}",
        "effective": "voimassa {date} alkaen",
        "latest": "Lue voimassa oleva versio",
        "former": "korvattu, tuli voimaan {date}",
        "contents": "Sisällys",
        "short": "Lyhyesti",
        "change": "Mitä muuttui",
        "change_ahead": "Mitä muuttuu",
        "versions": "Versiot",
        "feed": "Seuraa muutoksia (Atom-syöte)",
        "languages": "Muut kielet",
        "hash": "Sisällön tarkiste (SHA-256)",
        "back": "Takaisin sivustolle",
        "open_facts": "Vahvistettavat tiedot",
        "first": "Ensimmäinen versio.",
    },
    "sv": {
        "version": "Version {number}",
        "draft": "Utkast",
        "draft_line": "Utkast. Den här texten är inte publicerad och gäller inte.",
        "scheduled_line": "Den här versionen börjar gälla {date}.",
        "superseded_line": "Den här versionen gäller inte längre. Den började gälla {date}.",
        "effect": "börjar gälla {date}",
        "effective": "gäller från {date}",
        "latest": "Läs den version som gäller nu",
        "former": "ersatt, började gälla {date}",
        "contents": "Innehåll",
        "short": "I korthet",
        "change": "Vad som ändrades",
        "change_ahead": "Vad som ändras",
        "versions": "Versioner",
        "feed": "Följ ändringarna (Atom-flöde)",
        "languages": "Andra språk",
        "hash": "Innehållets kontrollsumma (SHA-256)",
        "back": "Tillbaka till webbplatsen",
        "open_facts": "Uppgifter att bekräfta",
        "first": "Första versionen.",
    },
    "en": {
        "version": "Version {number}",
        "draft": "Draft",
        "draft_line": "Draft. This text has not been published and is not in force.",
        "scheduled_line": "This version takes effect on {date}.",
        "superseded_line": "This version is no longer in force. It took effect on {date}.",
        "effect": "takes effect on {date}",
        "effective": "in force since {date}",
        "latest": "Read the version in force",
        "former": "superseded, took effect on {date}",
        "contents": "Contents",
        "short": "In short",
        "change": "What changed",
        "change_ahead": "What will change",
        "versions": "Versions",
        "feed": "Follow changes (Atom feed)",
        "languages": "Other languages",
        "hash": "Hash of the content (SHA-256)",
        "back": "Back to the site",
        "open_facts": "Facts to confirm",
        "first": "First version.",
    },
}
_LANGUAGES = {"fi": "Suomeksi", "sv": "På svenska", "en": "In English"}


def words(lang: str) -> Mapping[str, str]:
    """The words of a language by key; English for a language without words here."""
    return _WORDS.get(lang, _WORDS["en"])


def language_name(lang: str) -> str:
    """A language as a link to it is named, in the language itself."""
    return _LANGUAGES.get(lang, lang)
