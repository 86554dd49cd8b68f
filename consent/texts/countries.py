"""Names of countries in Finnish, Swedish and English: the EEA and where services often sit."""

from __future__ import annotations

_NAMES = """
AR Argentiina|Argentina|Argentina
AT Itävalta|Österrike|Austria
AU Australia|Australien|Australia
BE Belgia|Belgien|Belgium
BG Bulgaria|Bulgarien|Bulgaria
BR Brasilia|Brasilien|Brazil
CA Kanada|Kanada|Canada
CH Sveitsi|Schweiz|Switzerland
CN Kiina|Kina|China
CY Kypros|Cypern|Cyprus
CZ Tšekki|Tjeckien|Czechia
DE Saksa|Tyskland|Germany
DK Tanska|Danmark|Denmark
EE Viro|Estland|Estonia
ES Espanja|Spanien|Spain
FI Suomi|Finland|Finland
FR Ranska|Frankrike|France
GB Yhdistynyt kuningaskunta|Storbritannien|United Kingdom
GR Kreikka|Grekland|Greece
HK Hongkong|Hongkong|Hong Kong
HR Kroatia|Kroatien|Croatia
HU Unkari|Ungern|Hungary
IE Irlanti|Irland|Ireland
IL Israel|Israel|Israel
IN Intia|Indien|India
IS Islanti|Island|Iceland
IT Italia|Italien|Italy
JP Japani|Japan|Japan
KR Etelä-Korea|Sydkorea|South Korea
LI Liechtenstein|Liechtenstein|Liechtenstein
LT Liettua|Litauen|Lithuania
LU Luxemburg|Luxemburg|Luxembourg
LV Latvia|Lettland|Latvia
MT Malta|Malta|Malta
MX Meksiko|Mexiko|Mexico
MY Malesia|Malaysia|Malaysia
NL Alankomaat|Nederländerna|Netherlands
NO Norja|Norge|Norway
NZ Uusi-Seelanti|Nya Zeeland|New Zealand
PH Filippiinit|Filippinerna|Philippines
PL Puola|Polen|Poland
PT Portugali|Portugal|Portugal
RO Romania|Rumänien|Romania
RS Serbia|Serbien|Serbia
RU Venäjä|Ryssland|Russia
SE Ruotsi|Sverige|Sweden
SG Singapore|Singapore|Singapore
SI Slovenia|Slovenien|Slovenia
SK Slovakia|Slovakien|Slovakia
TR Turkki|Turkiet|Türkiye
TW Taiwan|Taiwan|Taiwan
UA Ukraina|Ukraina|Ukraine
US Yhdysvallat|USA|United States
UY Uruguay|Uruguay|Uruguay
ZA Etelä-Afrikka|Sydafrika|South Africa
"""

_LANGUAGES = ("fi", "sv", "en")
_COUNTRIES = {
    line[:2]: dict(zip(_LANGUAGES, line[3:].split("|"), strict=True))
    for line in _NAMES.strip().splitlines()
}


_EEA = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
EEA = frozenset(_EEA.split())
"""The codes of the countries of the European Economic Area."""


def countries() -> tuple[str, ...]:
    """The codes of all countries that have a name here."""
    return tuple(_COUNTRIES)


def country_name(code: str, lang: str) -> str:
    """Name the country of an ISO 3166-1 code; an unknown code, or language, gives the code back."""
    return _COUNTRIES.get(code, {}).get(lang, code)
