"""Every fault of a settings file, with its key and its remedy (R8-R10, R13, R22, R98)."""

from copy import deepcopy

import pytest

from tests.unit.settings_samples import TEXT, changed, full, reader, refused, set_in


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


@pytest.fixture
def faults(read):
    return refused(read)


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
    # R127: downwards only
    "long keeping": ("retention_months", 37, "retention_months", "is 37", "from 1 to 36"),
    "no keeping": ("retention_months", 0, "retention_months", "is 0", "from 1 to 36"),
    "password at the end": (
        "log",
        "postgresql://db/x?user=me&password=pw",
        "log",
        "holds a password",
        "CONSENT_LOG_URL",
    ),
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
    "former path": (
        *("notices/former", {"fi": ["tietosuoja"]}),
        *("notices.former.fi", "'tietosuoja'", '"/tietosuoja"'),
    ),
    "former path of today": (
        *("notices/former", {"fi": ["/sv/dataskydd"]}),
        *("notices.former.fi", "/sv/dataskydd, which leads elsewhere", "once"),
    ),
    "former path twice": (
        *("notices/former", {"fi": ["/a"], "sv": ["/a"]}),
        *("notices.former.sv", "/a, which leads elsewhere", "once"),
    ),
    "former path among ours": (
        *("notices/former", {"fi": ["/valinnat/vanha"]}),
        *("notices.former.fi", "/valinnat/vanha", "outside"),
    ),
    "former path of no language": (
        *("notices/former", {"de": ["/a"]}),
        *("notices.former.de", "not a key", "remove"),
    ),
    "no folder": ("notices/folder", "nowhere", "notices.folder", "no document", "notice new"),
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
