"""The settings file: every fault at once, each with key and remedy, and nothing else escapes."""

from copy import deepcopy
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path

import pytest

from consent import catalogue
from consent.declaration import Kind
from consent.errors import SettingsError
from consent.settings import load
from consent.settings.services import RESERVED
from consent.signed_note import new_key, verifier_of
from tests.unit.settings_samples import ENVIRON, FULL, KEY, TEXT, changed, full, reader, refused


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


@pytest.fixture
def faults(read):
    return refused(read)


@pytest.fixture
def folder(tmp_path, read):
    return tmp_path


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
    named = [category.id for category in settings.declaration.categories]
    assert named == ["necessary", "preferences", "statistics", "marketing", "videos"]
    assert settings.declaration.optional == ("statistics",)
    services = {service.id: service for service in settings.declaration.services}
    assert services["google-analytics-4"].since == "2027.1"
    assert services["google-analytics-4"].provider == "Google Ireland Limited"
    lifetimes = {item.name: item.days for item in services["google-analytics-4"].items}
    assert lifetimes == {"_ga": 390, "_ga_*": 730}
    assert [(i.kind, i.days) for i in services["shop"].items] == [
        (Kind.COOKIE, 0),
        (Kind.LOCAL_STORAGE, None),
    ]


def parts(value):
    """A value of the settings, and every value in it."""
    yield value
    inner = ()
    if is_dataclass(value):
        inner = [getattr(value, each.name) for each in fields(value)]
    elif isinstance(value, tuple):
        inner = value
    for one in inner:
        yield from parts(one)


def test_nothing_that_was_read_can_be_assigned_anew(read):
    """Point 2: one immutable `Settings`, down to every item, for all requests to share."""
    found = [part for part in parts(read(full())) if is_dataclass(part)]
    assert {"Settings", "Site", "Declaration", "Category", "Service", "Item"} <= {
        type(part).__name__ for part in found
    }
    for part in found:
        name = fields(part)[0].name
        with pytest.raises(FrozenInstanceError):
            setattr(part, name, getattr(part, name))


def test_a_file_marked_as_utf_8_is_read(folder):
    (folder / "consent.toml").write_text(FULL, encoding="utf-8-sig")
    assert load(folder / "consent.toml", ENVIRON).site.name == "Esimerkki"


def test_a_record_is_kept_for_36_months_or_less(read):
    """R127: configurable downwards only."""
    assert read(full()).retention_months == 36
    assert read(changed("retention_months", 1)).retention_months == 1


def test_the_own_cookie_is_declared_with_its_name_and_longest_lifetime(read):
    """R132: whatever the file says, and under its plain name without HTTPS."""
    (own,) = read(full()).declaration.services[0].items
    assert (own.name, own.days, own.kind) == ("__Host-valinnat", 395, Kind.COOKIE)
    table = changed("site/origins", ["http://127.0.0.1:8000", "http://a.b.localhost"])
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


def test_refusals_wait_beside_the_log_or_beside_the_settings(read, folder):
    """R34: a database has no place at its side."""
    assert read(full()).spool == str(folder / "log.sqlite3.spool")
    for address in ("postgresql://db/consent", "postgresql:///consent?host=%2Frun%2Fpostgresql"):
        assert read(changed("log", address)).spool == str(folder / "consent-log.spool")
    assert read(changed("spool", "kept/refusals")).spool == str(folder / "kept" / "refusals")


@pytest.mark.parametrize("service", sorted({*catalogue.ids()} - {"consent"}))
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


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("", "is not set"),
        ("a" * 64, "key 1 can be guessed"),
        (f"{KEY} short", "key 2 has 5 characters, fewer than 32"),
    ],
)
def test_a_fault_of_the_keys_reads_as_a_sentence(keys, message, faults):
    """R123: with the place of the key, and never the key itself."""
    (problem,) = faults(full(), {"CONSENT_SECRET_KEYS": keys})
    assert str(problem).startswith(f"environment: CONSENT_SECRET_KEYS: {message}\n")


# Everybody's example of one.
SIGNING = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("short", "key 1: it is not an Ed25519 key as signed notes have them"),
        (f"{SIGNING} {SIGNING[:-9]}=", "key 2: it is not an Ed25519 key as signed notes have them"),
        (SIGNING.replace("Peter", "Otto"), "key 1: a part of the key is missing or was changed"),
        (str(verifier_of(SIGNING)), "key 1 is the one to verify with, not the one to sign with"),
    ],
)
def test_a_key_for_checkpoints_is_one_to_sign_with(keys, message, faults):
    (problem,) = faults(full(), {"CONSENT_SECRET_KEYS": KEY, "CONSENT_CHECKPOINT_KEYS": keys})
    assert str(problem).startswith(f"environment: CONSENT_CHECKPOINT_KEYS: {message}\n")
    assert "consent log key" in problem.remedy


def test_keys_for_checkpoints_may_be_several_or_none(read):
    assert read(full(), {"CONSENT_SECRET_KEYS": KEY}).checkpoint_keys == ()
    two = [SIGNING, new_key("www.example.fi")]
    found = read(full(), {"CONSENT_SECRET_KEYS": KEY, "CONSENT_CHECKPOINT_KEYS": " ".join(two)})
    assert found.checkpoint_keys == tuple(two)
    assert not any(key in repr(found) for key in two)


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
