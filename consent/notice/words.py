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
        "redline": "Muutokset sanasta sanaan",
        "redline_title": "{old} ja {new} vertailussa",
        "redline_help": (
            "Lisätty teksti on alleviivattu ja poistettu yliviivattu. "
            "Ennallaan oleva teksti on piilossa otsikoiden alla."
        ),
        "compared": "Vertailussa {old} ja {new}",
        "changes": "Muuttuneet kohdat",
        "count_changed": "Muuttuneita kohtia",
        "count_added": "Uusia kohtia",
        "count_removed": "Poistettuja kohtia",
        "count_moved": "Siirrettyjä kohtia",
        "count_words_added": "Lisättyjä sanoja",
        "count_words_removed": "Poistettuja sanoja",
        "section_changed": "muuttunut",
        "section_added": "uusi kohta",
        "section_removed": "poistettu kohta",
        "section_moved": "siirretty",
        "moved_from": "Siirretty. Ennen tämä oli kohdan ”{title}” jälkeen.",
        "moved_first": "Siirretty. Ennen tämä oli ensimmäisenä.",
        "beginning": "Alku",
        "unchanged": "ennallaan",
        "unchanged_words": "Ennallaan ({count} sanaa)",
        "unchanged_all": "Teksteissä ei ole eroja.",
        "level": "(otsikon tai luettelon taso muuttui)",
        "ins": "lisätty",
        "del": "poistettu",
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
        "redline": "Ändringarna ord för ord",
        "redline_title": "{old} jämförd med {new}",
        "redline_help": (
            "Tillagd text är understruken och borttagen överstruken. "
            "Oförändrad text är dold under rubrikerna."
        ),
        "compared": "{old} jämförd med {new}",
        "changes": "Ändrade avsnitt",
        "count_changed": "Ändrade avsnitt",
        "count_added": "Nya avsnitt",
        "count_removed": "Borttagna avsnitt",
        "count_moved": "Flyttade avsnitt",
        "count_words_added": "Tillagda ord",
        "count_words_removed": "Borttagna ord",
        "section_changed": "ändrat",
        "section_added": "nytt avsnitt",
        "section_removed": "borttaget avsnitt",
        "section_moved": "flyttat",
        "moved_from": "Flyttat. Tidigare stod detta efter avsnittet ”{title}”.",
        "moved_first": "Flyttat. Tidigare stod detta först.",
        "beginning": "Början",
        "unchanged": "oförändrat",
        "unchanged_words": "Oförändrat ({count} ord)",
        "unchanged_all": "Texterna skiljer sig inte från varandra.",
        "level": "(rubrikens eller listans nivå har ändrats)",
        "ins": "tillagt",
        "del": "borttaget",
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
        "redline": "The changes word for word",
        "redline_title": "{old} compared with {new}",
        "redline_help": (
            "Added text is underlined and removed text struck through. "
            "Unchanged text is folded under its headings."
        ),
        "compared": "{old} compared with {new}",
        "changes": "Changed sections",
        "count_changed": "Sections changed",
        "count_added": "New sections",
        "count_removed": "Sections removed",
        "count_moved": "Sections moved",
        "count_words_added": "Words added",
        "count_words_removed": "Words removed",
        "section_changed": "changed",
        "section_added": "new section",
        "section_removed": "removed section",
        "section_moved": "moved",
        "moved_from": "Moved. Before, this stood behind “{title}”.",
        "moved_first": "Moved. Before, this stood first.",
        "beginning": "Beginning",
        "unchanged": "unchanged",
        "unchanged_words": "Unchanged ({count} words)",
        "unchanged_all": "There are no differences.",
        "level": "(level of the heading or list changed)",
        "ins": "added",
        "del": "removed",
    },
}
_LANGUAGES = {"fi": "Suomeksi", "sv": "På svenska", "en": "In English"}


def words(lang: str) -> Mapping[str, str]:
    """The words of a language by key; English for a language without words here."""
    return _WORDS.get(lang, _WORDS["en"])


def language_name(lang: str) -> str:
    """A language as a link to it is named, in the language itself."""
    return _LANGUAGES.get(lang, lang)
