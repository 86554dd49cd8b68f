"""What the heading of a section says it is about, and the id that it is given.

Roles are the names that `[sections]` of facts.toml knows. The order matters: the first that fits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from ..allow import safe_id

_ROLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "fi": (
        ("cookies", r"eväste|cookie"),
        ("officer", r"tietosuojavastaav"),
        ("transfers", r"\b(?:eu|eta)(?::n|-alue| )|ulkopuolelle|kolmansiin maihin|kansainväli"),
        ("automated", r"automaatti|profiloin"),
        ("complaint", r"valit(?:us|taa)|valvontaviranomai"),
        ("withdrawal", r"suostumuksen peru|peru\w* suostumu"),
        ("objection", r"oikeus vastustaa|vastustamisoikeu"),
        ("retention", r"kuinka kauan|säilytysa(?:ika|jat|jan)|säilytyksen kesto|säilyttäminen|"
                      r"säilytämme|miten kauan"),
        ("security", r"suojata|suojaami|suojaus|suojaamme|suojauksen|tietoturva|turvaami"),
        ("sources", r"mistä (?:\w+ ){0,2}(?:tie|kerää|saa)|lähte|tietoläh"),
        ("direct_marketing", r"suoramarkkinoin|uutiskirje"),
        ("recipients", r"luovut|vastaanottaj|kenelle|ketkä käsittele|käsittelijät|jaamme|"
                       r"jakaminen"),
        ("purposes", r"tarkoitu|mihin (?:\w+ ){0,3}käyt|miksi|peruste"),
        ("data", r"mitä (?:\w+ ){0,2}\w*tietoja|mitkä \w*tiedot|tietosisältö|kerättävät|tietoryhm|"
                 r"käsiteltävät|tietotyy|henkilötietojen ryhmät|keräämämme"),
        ("rights", r"oikeu(?:s|det|te|ksi)|oikeuksi"),
        ("changes", r"muutta|muutok|päivit"),
        ("controller", r"rekisterinpitäj|yhteystie|yhteyshenkilö|kuka (?:on|vastaa)|ota yhteyttä"),
        ("about", r"^[\d. ]*(?:johdanto|yleist|tästä|mikä tämä)"),
    ),
    "sv": (
        ("cookies", r"kakor|cookie"),
        ("officer", r"dataskyddsombud"),
        ("transfers", r"utanför (?:eu|ees)|tredje ?l[aä]nd|överför"),
        ("automated", r"automati|profiler"),
        ("complaint", r"klag|besvär|tillsynsmyndig"),
        ("withdrawal", r"återkall"),
        ("objection", r"(?:rätt att|göra) (?:göra )?invänd|invändning"),
        ("retention", r"hur länge|lagringstid|bevar|gallr|förvaringstid|^lagring"),
        ("security", r"säkerhet|skydda"),
        ("sources", r"varifrån|käll"),
        ("direct_marketing", r"direktmarknadsför|nyhetsbrev"),
        ("recipients", r"mottagar|utlämn|lämnas ut|delar|delning|biträde|vem (?:\w+ ){0,3}till"),
        ("purposes", r"ändamål|syfte|varför|grund|hur (?:\w+ ){0,2}använd"),
        ("data", r"vilka (?:\w+ ){0,2}uppgifter|kategorier|innehåll|uppgifter (?:som )?vi|"
                 r"uppgifter som"),
        ("rights", r"rättighet|dina rätt|registrerades rätt"),
        ("changes", r"ändring|uppdater|ändra"),
        ("controller", r"ansvarig|registerföra|kontakt|vem vi är|vem är vi|(?:vilka )?vi är|är vi"),
        ("about", r"^[\d. ]*(?:inledning|allmänt|om (?:den|denna))"),
    ),
    "en": (
        ("cookies", r"cookie"),
        ("officer", r"data protection officer|\bdpo\b"),
        ("transfers", r"transfer|outside (?:the )?(?:eu|eea|europe)|international"),
        ("automated", r"automated|profiling"),
        ("complaint", r"complain|supervisory"),
        ("withdrawal", r"withdraw"),
        ("objection", r"right to object"),
        ("retention", r"how long|retention|retain|storage period|(?:keep|store) (?:your|the|data)"),
        ("security", r"secur|protect (?:your|the)|safeguard"),
        ("sources", r"where (?:\w+ ){0,3}(?:get|obtain|collect|come|from)|sources?\b"),
        ("direct_marketing", r"direct marketing|newsletter|marketing (?:com|mes|e-?mail)"),
        ("recipients", r"shar(?:e|ing)|disclos|recipient|third part|processors|"
                       r"who (?:\w+ ){0,3}with"),
        ("purposes", r"why|purpose|how (?:\w+ ){0,2}us(?:e|ing)|(?:legal|lawful) bas|legal ground"),
        ("data", r"what (?:\w+ ){0,3}(?:data|information|collect)|categories|"
                 r"(?:data|information) (?:\w+ ){0,2}collect|types of|collection of"),
        ("rights", r"rights?\b"),
        ("changes", r"change|updat|amend|revis"),
        ("controller", r"controller|who we are|contact|about us|responsible"),
        ("about", r"^[\d. ]*(?:introduction|general|about this)"),
    ),
}  # fmt: skip
_PATTERNS = {
    lang: tuple((role, re.compile(pattern)) for role, pattern in roles)
    for lang, roles in _ROLES.items()
}
_TITLE = re.compile(
    r"tietosuojaselost|rekisteriselost|tietosuojakäytän|tietosuojalauseke|tietosuojailmoitus|"
    r"tietosuojapolitiik|rekisteri- ja tietosuoja|evästekäytän|"
    r"integritetspolicy|dataskydds(?:beskrivning|policy|information|meddelande)|"
    r"personuppgiftspolicy|registerbeskrivning|integritetsmeddelande|sekretesspolicy|"
    r"privacy (?:policy|notice|statement)|data protection (?:policy|notice|statement)|"
    r"(?:cookie|kak)policy|cookie policy"
)
TITLES = {"fi": "Tietosuojaseloste", "sv": "Dataskyddsbeskrivning", "en": "Privacy notice"}
SLUG_LENGTH = 40


def role(heading: str, lang: str) -> str:
    """Tell what a section is about by its heading, or "" where that is unsure."""
    text = heading.casefold()
    return next((name for name, pattern in _PATTERNS[lang] if pattern.search(text)), "")


def names_a_notice(line: str) -> bool:
    """Whether a line is what notices are called."""
    return len(line) <= 80 and _TITLE.search(line.casefold()) is not None


def slug(text: str) -> str:
    """Write a heading as an id: lower-case ASCII words with hyphens, at most 40 characters."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    text = re.sub(r"[^a-z0-9]+", "-", folded.encode("ascii", "ignore").decode()).strip("-")
    text = re.sub(r"^[\d-]+", "", text).removeprefix("vc-")
    while len(text) > SLUG_LENGTH and "-" in text:
        text = text.rpartition("-")[0]
    text = text[:SLUG_LENGTH].strip("-")
    return text if safe_id(text) or not text else f"about-{text}"
