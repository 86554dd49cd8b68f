"""A whole settings file, and how the tests change and read it."""

import tomllib

import pytest

from consent.errors import SettingsError
from consent.settings import parse

KEY = "x9Q2vR7_kLm4TzB8-wYc1NfGh6JpDs3UaEo5"
ENVIRON = {"CONSENT_SECRET_KEYS": KEY}
TEXT = {"fi": "Teksti", "sv": "Text", "en": "Text"}
FULL = """
log = "log.sqlite3"
prefix = "/valinnat"

[site]
name = "Esimerkki"
origins = ["https://www.example.fi", "https://example.fi"]
languages = ["fi", "sv"]
timezone = "Europe/Stockholm"
trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]

[controller]
name = "Esimerkki Oy"
business_id = "1234567-1"
address = "Katu 1, 00100 Helsinki"
email = "tietosuoja@example.fi"

[notices]
folder = "notices"
document = "privacy"
paths = { fi = "/tietosuojaseloste", sv = "/sv/dataskydd" }

[cookie]
name = "valinnat"
refusal_days = 395
grant_days = 90

[banner]
position = "bar"
settings_link = "own"
style = "linked"

[metrics]
enabled = false

[theme]
scheme = "light"
light.accent = "#0b4fa8"

[categories.videos]
name = { fi = "Videot", sv = "Videor" }
text = { fi = "Näyttävät videoita.", sv = "Visar videor." }

[services.google-analytics-4]
use = "google-analytics-4"
from = "2027.1"

[[services.google-analytics-4.items]]
name = "_ga"
lifetime = "13 months"

[services.shop]
name = "Verkkokauppa"
provider = "Esimerkki Oy"
category = "necessary"
purposes = ["session"]
purpose = { fi = "Muistaa ostoskorin.", sv = "Minns varukorgen." }
country = "FI"
transfers = []
third_party = false

[[services.shop.items]]
name = "cart"
lifetime = "session"
purpose = { fi = "Ostoskori.", sv = "Varukorg." }
reason = { fi = "Ilman sitä ei voi ostaa.", sv = "Utan den kan man inte köpa." }

[[services.shop.items]]
name = "cart"
kind = "local-storage"
lifetime = "until-removed"
purpose = { fi = "Ostoskori.", sv = "Varukorg." }
reason = { fi = "Ilman sitä ei voi ostaa.", sv = "Utan den kan man inte köpa." }
"""


def reader(folder):
    """Give a function that reads a table as if it stood in a folder with a notice."""
    (folder / "notices" / "privacy").mkdir(parents=True, exist_ok=True)

    def read(table, environ=ENVIRON):
        return parse(table, folder / "consent.toml", environ)

    return read


def refused(read):
    """Give a function that expects a table to be refused, and returns its faults."""

    def faults(table, environ=ENVIRON):
        with pytest.raises(SettingsError) as caught:
            read(table, environ)
        return caught.value.problems

    return faults


def full():
    return tomllib.loads(FULL)


def set_in(table, path, value):
    """Set a dotted key; a number is a place in a list, and `...` removes the key."""
    *outer, last = path.split("/")
    for part in outer:
        table = table[int(part)] if isinstance(table, list) else table.setdefault(part, {})
    key = int(last) if isinstance(table, list) else last
    if value is ...:
        del table[key]
    else:
        table[key] = value


def changed(path, value):
    table = full()
    set_in(table, path, value)
    return table
