"""The settings file: every fault at once, each with key and remedy, and nothing else escapes."""

import random
import tomllib
from contextlib import suppress
from copy import deepcopy
from datetime import date, datetime, time
from pathlib import Path

import pytest

from consent import catalogue
from consent.declaration import Kind
from consent.errors import SettingsError
from consent.settings import load, parse
from consent.settings.services import RESERVED

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


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notices" / "privacy").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def read(folder):
    def read(table, environ=ENVIRON):
        return parse(table, folder / "consent.toml", environ)

    return read


@pytest.fixture
def faults(read):
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


def test_a_whole_file_is_read(folder):
    (folder / "consent.toml").write_text(FULL, encoding="utf-8")
    settings = load(folder / "consent.toml", ENVIRON)
    assert settings.site.origins == ("https://www.example.fi", "https://example.fi")
    assert settings.site.languages == ("fi", "sv")
    assert settings.site.secure
    assert settings.site.host == "www.example.fi"
    assert str(settings.site.timezone) == "Europe/Stockholm"
    assert settings.controller.business_id == "1234567-1"
    assert (settings.memory.grant, settings.memory.refusal) == (90, 395)
    assert (settings.cookie, settings.prefix) == ("valinnat", "/valinnat")
    assert settings.banner.position == "bar"
    assert settings.theme.light["accent"] == "#0b4fa8"
    assert settings.notices.paths["sv"] == "/sv/dataskydd"
    assert settings.log == str(folder / "log.sqlite3")
    assert settings.keys == (KEY,)
    assert settings.declaration.optional == ("preferences", "statistics", "marketing", "videos")
    services = {service.id: service for service in settings.declaration.services}
    assert services["google-analytics-4"].since == "2027.1"
    assert services["google-analytics-4"].provider == "Google Ireland Limited"
    lifetimes = {item.name: item.days for item in services["google-analytics-4"].items}
    assert lifetimes == {"_ga": 390, "_ga_*": 730}
    assert [(i.kind, i.days) for i in services["shop"].items] == [
        (Kind.COOKIE, 0),
        (Kind.LOCAL_STORAGE, None),
    ]


def test_a_file_marked_as_utf_8_is_read(folder):
    (folder / "consent.toml").write_text(FULL, encoding="utf-8-sig")
    assert load(folder / "consent.toml", ENVIRON).site.name == "Esimerkki"


def test_the_own_cookie_is_declared_with_its_name_and_longest_lifetime(read):
    """R132: whatever the file says, and under its plain name without HTTPS."""
    (own,) = read(full()).declaration.services[0].items
    assert (own.name, own.days, own.kind) == ("__Host-valinnat", 395, Kind.COOKIE)
    table = changed("site/origins", ["http://127.0.0.1:8000", "http://localhost"])
    assert read(table).declaration.services[0].items[0].name == "valinnat"


def test_a_site_of_own_categories_declares_the_own_cookie_in_its_necessary_one(read):
    table = full()
    table["categories"] = {
        "only": True,
        "basics": {"name": TEXT, "text": TEXT, "necessary": True},
        "figures": {"name": TEXT, "text": TEXT},
    }
    table["services"] = {}
    declaration = read(table).declaration
    assert [c.id for c in declaration.categories] == ["basics", "figures"]
    assert declaration.category_of["consent"] == "basics"


def test_keys_never_show_in_a_printed_setting_or_fault(read, faults):
    """R123: nothing that is printed or logged carries a secret."""
    assert KEY not in repr(read(full()))
    short = "short-and-private"
    problems = faults(full(), {"CONSENT_SECRET_KEYS": f"{KEY} {short}"})
    assert not any(secret in str(problems) for secret in (KEY, short))


def test_several_keys_are_taken_oldest_first(read):
    second = KEY[::-1]
    for between in (" ", ",", ", ", "\n"):
        environ = {"CONSENT_SECRET_KEYS": f"{KEY}{between}{second}"}
        assert read(full(), environ).keys == (KEY, second)


def test_the_environment_may_name_the_log(read):
    """A password stands only there, and the line of the file is then a known key still."""
    environ = {**ENVIRON, "CONSENT_LOG_URL": "postgresql://me:pw@db/consent"}
    assert read(full(), environ).log == "postgresql://me:pw@db/consent"
    assert read(changed("log", ...), environ).log == "postgresql://me:pw@db/consent"


@pytest.mark.parametrize("service", set(catalogue.ids()) - {"consent"})
def test_every_service_of_the_catalogue_can_be_used_as_it_is(service, read):
    table = full()
    table["services"] = {service: {"use": service}}
    table["site"]["languages"] = ["fi", "sv", "en"]
    table["notices"]["paths"]["en"] = "/en/privacy"
    table["categories"] = {}
    declared = {s.id: s for s in read(table).declaration.services}[service]
    assert declared.purpose["fi"]
    for item in declared.items:
        assert item.purpose["sv"]
        assert item.reason.get("en") or declared.category != "necessary"


SHOP, ITEM = "services/shop", "services/shop/items/0"
FAULTS = {
    # Site
    "no name": ("site/name", ..., "site.name", "is missing", "write name ="),
    "empty name": ("site/name", " ", "site.name", "is empty", 'write name = "…"'),
    "name of another type": ("site/name", 7, "site.name", "is a whole number", "write a text"),
    "no origin": ("site/origins", ..., "site.origins", "is missing", "https://"),
    "plain http": ("site/origins", ["http://example.fi"], "site.origins", "http:", "use https"),
    "origin with a path": ("site/origins", ["https://a.fi/"], "site.origins", "a.fi/", "https://"),
    "origin in capitals": ("site/origins", ["https://A.fi"], "site.origins", "A.fi", "lower case"),
    "origin not ASCII": ("site/origins", ["https://ä.fi"], "site.origins", "ä.fi", "scheme"),
    "origin with a user": ("site/origins", ["https://u:p@a.fi"], "site.origins", "u:p", "scheme"),
    "usual port": ("site/origins", ["https://a.fi:443"], "site.origins", ":443", "leave out :443"),
    "no such port": ("site/origins", ["https://a.fi:65536"], "site.origins", "65536", "scheme"),
    "both schemes": (
        *("site/origins", ["https://a.fi", "http://localhost"]),
        *("site.origins", "mixes", "a file of its own"),
    ),
    "unknown language": ("site/languages", ["fi", "sv", "de"], "site.languages", "'de'", "choose"),
    "no language": ("site/languages", [], "site.languages", "is empty", "languages ="),
    "unknown zone": ("site/timezone", "Helsinki", "site.timezone", "Helsinki", "Europe/Helsinki"),
    "a folder of zones": ("site/timezone", "Europe", "site.timezone", "'Europe'", "Helsinki"),
    "no proxy": (
        *("site/trusted_proxies", ["proxy.local"]),
        *("site.trusted_proxies", "proxy.local", "127.0.0.1"),
    ),
    "unknown key": ("site/nmae", "x", "site.nmae", "is not a key", 'did you mean "name"'),
    "a text for a table": ("banner", "x", "banner", "is a text, not a table", "[banner]"),
    # Controller
    "no controller": ("controller/name", ..., "controller.name", "is missing", "name ="),
    "no address": ("controller/email", "me", "controller.email", "'me'", "people can reach"),
    # Cookie (R22)
    "short refusal": ("cookie/refusal_days", 182, "cookie.refusal_days", "is 182", "183 to 395"),
    "long refusal": ("cookie/refusal_days", 396, "cookie.refusal_days", "is 396", "183 to 395"),
    "long grant": ("cookie/grant_days", 396, "cookie.grant_days", "is 396", "1 to 395"),
    "no grant": ("cookie/grant_days", 0, "cookie.grant_days", "is 0", "1 to 395"),
    "days as a truth": ("cookie/grant_days", True, "cookie.grant_days", "truth", "whole number"),
    "days as a fraction": ("cookie/grant_days", 1.5, "cookie.grant_days", "decimal", "whole"),
    "cookie with a prefix": ("cookie/name", "__Host-x", "cookie.name", "__Host-x", "no prefix"),
    # Banner, theme, log, paths
    "position": ("banner/position", "middle", "banner.position", "middle", '"left", "right" or'),
    "empty position": ("banner/position", "", "banner.position", "is empty", "position"),
    "unknown colour": (
        "theme/light/button",
        "#000000",
        "theme.light.button",
        "not a key",
        "remove",
    ),
    "no log": ("log", ..., "log", "is missing", "log ="),
    "password": ("log", "postgresql://me:pw@db/x", "log", "holds a password", "CONSENT_LOG_URL"),
    "prefix": ("prefix", "valinnat", "prefix", "valinnat", '"/choices"'),
    "prefix of two slashes": ("prefix", "//evil.example", "prefix", "//evil", '"/choices"'),
    "prefix with dots": ("prefix", "/../x", "prefix", "/../x", '"/choices"'),
    "no templates": ("templates", "nowhere", "templates", "nowhere", "make it"),
    # Notices
    "no notices": ("notices", ..., "notices", "is missing", "[notices]"),
    "no path": ("notices/paths/sv", ..., "notices.paths.sv", "is missing", "sv ="),
    "path": ("notices/paths/sv", "sv", "notices.paths.sv", "'sv'", "/tietosuojaseloste"),
    "root path": ("notices/paths/sv", "/", "notices.paths.sv", "'/'", "/tietosuojaseloste"),
    "same path": (
        *("notices/paths/sv", "/tietosuojaseloste"),
        *("notices.paths", "the same path", "its own"),
    ),
    "path among ours": (
        *("notices/paths/sv", "/valinnat/sv"),
        *("notices.paths.sv", "/valinnat/sv", "outside"),
    ),
    "no folder": ("notices/folder", "nowhere", "notices.folder", "no document", "make the folder"),
    "document outside": ("notices/document", "../x", "notices.document", "../x", "lower-case"),
    # Categories
    "untranslated": ("categories/videos/name", {"fi": "V"}, "categories.videos.name", "sv", "sv ="),
    "no language code": (
        *("categories/videos/text", {**TEXT, "fin": "V"}),
        *("categories.videos.text.fin", "language code", "fi ="),
    ),
    "a switch for legitimate interest": (
        *("categories/videos/basis", "legitimate-interest"),
        *("categories.videos.basis", "is not a key", "remove"),
    ),
    "a field of the form": (
        *("categories/decision", {"name": TEXT, "text": TEXT}),
        *("categories.decision", "is not a name", "lower-case"),
    ),
    "nothing necessary": (
        *("categories/necessary", {"necessary": False}),
        *("categories", "no necessary category", "necessary = true"),
    ),
    "too many": (
        *("categories", {f"own-{n}": {"name": TEXT, "text": TEXT} for n in range(6)}),
        *("categories", "more than eight", "join"),
    ),
    # Services (R8, R10, R13, R98)
    "no provider": (f"{SHOP}/provider", ..., "services.shop.provider", "is missing", "provider ="),
    "no category": (f"{SHOP}/category", ..., "services.shop.category", "is missing", "category ="),
    "unknown category": (
        *(f"{SHOP}/category", "statistic"),
        *("services.shop.category", "'statistic'", 'did you mean "statistics"'),
    ),
    "no purpose": (f"{SHOP}/purposes", [], "services.shop.purposes", "is empty", "choose from"),
    "unknown purpose": (f"{SHOP}/purposes", ["fun"], "services.shop.purposes", "'fun'", "choose"),
    "service with a basis": (
        *(f"{SHOP}/basis", "legitimate-interest"),
        *("services.shop.basis", "is not a key", "remove"),
    ),
    "item with a basis": (
        *(f"{ITEM}/legitimate_interest", True),
        *("services.shop.items[1].legitimate_interest", "is not a key", "remove"),
    ),
    "no mechanism": (f"{SHOP}/transfers", ["US"], "services.shop.mechanism", "outside", "scc"),
    "no country": (f"{SHOP}/country", "Finland", "services.shop.country", "'Finland'", "ISO"),
    "no countries": (
        *("services/google-analytics-4/transfers", ["USA"]),
        *("services.google-analytics-4.transfers", "USA", "ISO"),
    ),
    "script for a policy": (
        *(f"{SHOP}/policy", "javascript:alert(1)"),
        *("services.shop.policy", "javascript", "https://"),
    ),
    "host with a scheme": (
        *(f"{SHOP}/hosts", ["https://x.example"]),
        *("services.shop.hosts", "https://x", "www.example.com"),
    ),
    "unknown service": (
        *("services/google-analytics-4/use", "google-analytics"),
        *("services.google-analytics-4.use", "'google-analytics'", "did you mean"),
    ),
    "AdSense": (
        *("services/google-analytics-4/use", "google-adsense"),
        *("services.google-analytics-4.use", "certified for IAB TCF", "R98"),
    ),
    "AdMob by its name": (f"{SHOP}/name", "Google AdMob", "services.shop.name", "TCF", "R98"),
    "no such version": (f"{SHOP}/from", "2027", "services.shop.from", "'2027'", "2027.1"),
    "service named as a category": (
        *("services/statistics", {"use": "plausible"}),
        *("services.statistics", "is not a name", "no name of a category"),
    ),
    "service named as ours": (
        *("services/consent", {"use": "plausible"}),
        *("services.consent", "is not a name", "lower-case"),
    ),
    "an item declared twice": (
        *("services/session", {"use": "starlette-session", "items": [{"name": "session"}]}),
        *("services.twice.items", "which session declares", "once"),
    ),
    # Items
    "no reason": (
        f"{ITEM}/reason",
        ...,
        "services.shop.items[1].reason",
        "no text in fi, sv",
        "fi",
    ),
    "no lifetime": (f"{ITEM}/lifetime", ..., "services.shop.items[1].lifetime", "missing", "write"),
    "lifetime": (f"{ITEM}/lifetime", "forever", "services.shop.items[1].lifetime", "forever", "30"),
    "decades": (f"{ITEM}/lifetime", "20 years", "services.shop.items[1].lifetime", "ten", "real"),
    "a cookie until removed": (
        *(f"{ITEM}/lifetime", "until-removed"),
        *("services.shop.items[1].lifetime", "until-removed", "for storage"),
    ),
    "kind": (f"{ITEM}/kind", "cokie", "services.shop.items[1].kind", "cokie", 'mean "cookie"'),
    "empty kind": (f"{ITEM}/kind", "", "services.shop.items[1].kind", "is empty", "write"),
    "no cookie name": (f"{ITEM}/name", "a;b", "services.shop.items[1].name", "'a;b'", "exact"),
    "everything": (f"{ITEM}/name", "**", "services.shop.items[1].name", "everything", "a part"),
    "item path": (f"{ITEM}/path", "/a; HttpOnly", "services.shop.items[1].path", "HttpOnly", '"/"'),
    "item domain": (f"{ITEM}/domain", "ä.fi", "services.shop.items[1].domain", "ä.fi", "example"),
}


@pytest.mark.parametrize(
    ("path", "value", "key", "message", "remedy"), FAULTS.values(), ids=list(FAULTS)
)
def test_a_fault_is_told_with_its_key_and_remedy(path, value, key, message, remedy, faults):
    """R8-R10, R13, R22, R98: one fault, one sentence, and what to write instead."""
    table = changed(path, value)
    if key == "services.twice.items":
        table["services"]["twice"] = deepcopy(table["services"]["session"])
    problems = faults(table)
    told = [p for p in problems if p.key == key and message in p.message and remedy in p.remedy]
    assert told, [str(problem) for problem in problems]
    assert len(problems) == 1, [str(problem) for problem in problems]
    assert problems[0].file == "consent.toml"


@pytest.mark.parametrize(
    "purpose", ["audience-measurement", "profiling", "preferences", "advertising", "chat"]
)
def test_what_is_not_necessary_needs_a_written_reason_to_be_called_so(purpose, faults, read):
    """R10: analytics, personalisation, advertising and chat, unless the site says why."""
    table = changed("services/shop/purposes", ["session", purpose])
    (problem,) = faults(table)
    assert problem.key == "services.shop.category"
    assert purpose in problem.message
    table["services"]["shop"]["necessary_because"] = {"fi": "Siksi."}
    (problem,) = faults(table)
    assert problem.key == "services.shop.necessary_because"
    table["services"]["shop"]["necessary_because"] = {"fi": "Siksi.", "sv": "Därför."}
    assert read(table)


@pytest.mark.parametrize(
    ("refusal", "grant", "valid"),
    [
        *((183, 183, True), (395, 395, True), (365, 183, True), (183, 1, True)),
        *((182, 182, False), (183, 184, False), (396, 183, False), (395, 396, False)),
        *((-1, 1, False), (365, -1, False), (10**30, 183, False)),
    ],
)
def test_lifetimes_of_answers_stay_within_their_bounds(refusal, grant, valid, read, faults):
    """R22: a refusal at least 183 days and as long as a grant, nothing beyond 395."""
    table = full()
    table["cookie"] = {"refusal_days": refusal, "grant_days": grant}
    assert read(table) if valid else faults(table)


@pytest.mark.parametrize(
    "keys",
    [
        *("", " ", "short", "a" * 64, "0123456789" * 4, "changeme-changeme-changeme-4Kq9z"),
        *(
            "this-is-the-default-key-of-the-site-7",
            f"{KEY} short",
            "my-secret-key-for-the-site-19x7Q",
        ),
    ],
)
def test_a_key_that_can_be_guessed_stops_the_start(keys, faults):
    """R123: none, an empty, a short or a default key."""
    (problem,) = faults(full(), {"CONSENT_SECRET_KEYS": keys})
    assert (problem.file, problem.key) == ("environment", "CONSENT_SECRET_KEYS")
    assert "consent key" in problem.remedy


def test_all_the_faults_of_a_file_come_at_once(faults):
    table = full()
    for path, value, *_ in FAULTS.values():
        if path.startswith(("site/timezone", "cookie/", ITEM, "banner/", "prefix")):
            set_in(table, path, value)
    keys = [problem.key for problem in faults(table, {})]
    assert {
        *("site.timezone", "cookie.grant_days", "cookie.refusal_days", "cookie.name", "prefix"),
        *("services.shop.items[1].kind", "services.shop.items[1].path", "banner.position"),
        "CONSENT_SECRET_KEYS",
    } <= set(keys)


def test_an_empty_file_lists_all_that_a_site_must_say(faults):
    keys = {problem.key for problem in faults({}, {})}
    assert keys == {
        *("site.name", "site.origins", "controller.name", "controller.email", "notices", "log"),
        "CONSENT_SECRET_KEYS",
    }


def test_a_fault_reads_as_place_message_and_remedy(faults):
    (problem,) = faults(changed("cookie/grant_days", 400))
    assert str(problem) == (
        "consent.toml: cookie.grant_days: is 400\n    → choose a number from 1 to 395"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not there"),
        (b"\xff\xfe", "cannot be read"),
        (b"log = ", "is not TOML"),
        (b"a = 1\na = 2", "is not TOML"),
        (b"a = " + b"9" * 5000, "is not TOML"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
        (b"a = '\x00'", "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_fault(content, message, folder):
    file = folder / "consent.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(file, ENVIRON)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.remedy


def test_a_folder_is_no_settings_file(folder):
    with pytest.raises(SettingsError, match="cannot be read"):
        load(folder, ENVIRON)


def test_no_category_can_take_a_name_of_the_form(faults):
    for name in RESERVED:
        assert faults(changed(f"categories/{name}", {"name": TEXT, "text": TEXT}))


STRANGE = [
    *(0, -1, 10**5000, 2**63, 1.5, float("inf"), float("nan"), True, False, "", " ", "x" * 70_000),
    *("\x00", "\x1b[2J", "\u202e", "ä" * 300, "\ud7ff\U0010ffff", "../" * 2000, "a\nb", "*", "0"),
    *([], {}, [[]], [{}], [1, "a"], {"": ""}, {"a": {"b": {}}}, {"fi": 1}, [None], ["", "é"]),
    *(date(2026, 1, 1), datetime(1, 1, 1), time(0, 0), "1" * 400 + " years", "9999999 minutes"),
    *("postgresql://a:b@c", "javascript:x", "https://[", "http://[::1", "https://a:99999999999"),
    *({"use": "../consent"}, {"use": "consent"}, {"items": [{}]}, {"name": {"fi": "\x00"}}),
]


def nested(depth):
    value = "bottom"
    for n in range(depth):
        value = [value] if n % 2 else {"deeper": value}
    return value


def places(value, found=()):
    """Every container of a table with one of its keys."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def mutate(table, rng):
    for _ in range(rng.randint(1, 5)):
        where = list(places(table))
        if not where:
            return
        inside, key = rng.choice(where)
        other, from_key = rng.choice(where)
        match rng.randrange(6):
            case 0:
                inside[key] = deepcopy(rng.choice(STRANGE))
            case 1:
                inside[key] = deepcopy(other[from_key])
            case 2:
                del inside[key]
            case 3 if isinstance(inside, dict):
                inside[rng.choice(["", "\x00", "fi", "use", "ä" * 500, "only", "items"])] = (
                    deepcopy(rng.choice(STRANGE))
                )
            case 4:
                inside[key] = nested(rng.choice([3, 300]))
            case _ if isinstance(inside[key], str):
                text = list(inside[key])
                for _ in range(rng.randint(1, 3)):
                    text.insert(rng.randint(0, len(text)), chr(rng.choice([0, 10, 59, 228, 8238])))
                inside[key] = "".join(text)


def test_two_thousand_mutated_tables_raise_nothing_but_their_faults(read):
    """Swapped types, huge numbers, deep nesting, strange characters; each fault has a remedy."""
    rng = random.Random(1123)
    refused = 0
    for _ in range(2_000):
        table = full()
        mutate(table, rng)
        try:
            settings = read(table)
        except SettingsError as error:
            refused += 1
            for problem in error.problems:
                assert problem.key.isprintable()
                assert problem.message
                assert problem.remedy
        else:
            assert settings.declaration.hash
            assert settings.declaration.scopes
    assert refused > 1_000


def test_a_thousand_mutated_files_raise_nothing_but_their_faults(folder):
    rng = random.Random(2311)
    file = folder / "consent.toml"
    lines = FULL.splitlines()
    for _ in range(1_000):
        text = list(lines)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(text))
            match rng.randrange(5):
                case 0:
                    del text[at]
                case 1:
                    text.insert(rng.randrange(len(text)), text[at])
                case 2:
                    key, equals, _ = text[at].partition("=")
                    value = rng.choice(
                        ['"\\u0000"', "-0", "[[[]]]", "{}", "1e400", "0x" + "f" * 5000]
                    )
                    text[at] = f"{key}{equals} {value}"
                case 3:
                    cut = rng.randrange(len(text[at]) + 1)
                    text[at] = text[at][:cut] + rng.choice('"[]{}=.\x00é\u202e') + text[at][cut:]
                case _:
                    text[at] = text[at].swapcase()
        file.write_text("\n".join(text), encoding="utf-8")
        with suppress(SettingsError):
            load(file, ENVIRON)


def test_reading_the_catalogue_by_a_site_leaves_it_as_it_is(read):
    """One site's overrides never reach another site in the same process."""
    before = deepcopy(catalogue.entry("google-analytics-4"))
    read(full())
    assert catalogue.entry("google-analytics-4") == before


def test_relative_paths_start_at_the_folder_of_the_file(folder, monkeypatch):
    (folder / "consent.toml").write_text(FULL, encoding="utf-8")
    monkeypatch.chdir(folder.parent)
    settings = load(Path(folder.name) / "consent.toml", ENVIRON)
    assert settings.notices.folder == folder / "notices"
