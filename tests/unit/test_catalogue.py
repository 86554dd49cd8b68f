"""The catalogue of known services: every file whole, honest and readable (R8-R10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from consent import catalogue
from consent.declaration import Kind
from consent.settings.services import SIGNALS

LANGUAGES = ("fi", "sv", "en")
LONGEST = 140  # characters of a text; a row of the table on a phone stays a few lines high

KEYS = {
    *("name", "provider", "category", "purposes", "country", "transfers", "mechanism", "policy"),
    *("hosts", "third_party", "checked", "source", "status", "purpose"),
}
ENFORCED = {"inline", "signal"}
ITEM_KEYS = {"name", "kind", "lifetime", "domain", "purpose"}
CATEGORIES = {"necessary", "preferences", "statistics", "marketing"}
MEASURING = {
    *("audience-measurement", "behaviour-recording", "advertising", "ad-measurement", "profiling"),
    *("social-media", "lead-identification", "marketing-automation"),
}
NEVER_NECESSARY = MEASURING | {"chat", "embedded-video", "embedded-map", "tag-management"}
PURPOSES = NEVER_NECESSARY | {
    *("session", "security", "load-balancing", "payment", "consent-record", "language"),
    *("preferences", "bot-detection"),
}
REQUIRED = {
    *("google-analytics-4", "google-ads", "google-tag-manager", "meta-pixel", "linkedin-insight"),
    *("microsoft-clarity", "microsoft-uet", "hotjar", "hubspot", "leadfeeder", "giosg", "intercom"),
    *("tawk", "crisp", "youtube", "vimeo", "google-maps", "google-fonts", "matomo", "plausible"),
    *("stripe", "recaptcha", "turnstile", "x", "tiktok-pixel", "pinterest", "wix"),
    *("starlette-session", "django-session", "php-session", "consent"),
}
FRAMEWORKS = (
    *("starlette-session", "fastapi-users", "litestar-session", "django-session", "flask-session"),
    *("express-session", "rails-session", "laravel-session", "php-session", "wordpress-session"),
    *("aspnet-session", "aspnet-framework-session", "java-session"),
    *("aws-load-balancer", "azure-load-balancer"),
)
EEA = {
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"),
    *("IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
}

LIFETIME = re.compile(r"session|until-removed|[1-9]\d* (minutes|hours|days|months|years)")
HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
PLACE = re.compile(HOST.pattern + r"(/[!-~]+)?")
COUNTRY = re.compile(r"[A-Z]{2}")

every_service = pytest.mark.parametrize("service", catalogue.ids())


def texts(entry: dict[str, Any]) -> Iterator[dict[str, str]]:
    yield entry["purpose"]
    for item in entry.get("items", ()):
        yield item["purpose"]
        if "reason" in item:
            yield item["reason"]


def test_the_services_that_sites_commonly_use_are_there():
    assert set(catalogue.ids()) >= REQUIRED
    assert list(catalogue.ids()) == sorted(catalogue.ids())


def test_an_unknown_service_is_named_together_with_the_known_ones():
    with pytest.raises(KeyError) as raised:
        catalogue.entry("gogle-analytics")
    assert "'gogle-analytics'" in str(raised.value)
    assert "google-analytics-4" in str(raised.value)


@pytest.mark.parametrize("service", ["../settings", "", "google-analytics-4.toml", "__init__"])
def test_an_id_never_leads_to_another_file(service):
    with pytest.raises(catalogue.UnknownService):
        catalogue.entry(service)


@every_service
def test_a_file_is_read_once(service):
    assert catalogue.entry(service) is catalogue.entry(service)


@every_service
def test_a_file_has_exactly_the_known_fields(service):
    entry = catalogue.entry(service)
    assert set(entry) - {"items"} - ENFORCED == KEYS
    for item in entry.get("items", ()):
        assert set(item) - {"reason"} == ITEM_KEYS, item["name"]


@every_service
def test_fields_have_values_of_the_declaration(service):
    entry = catalogue.entry(service)
    assert entry["name"]
    assert entry["category"] in CATEGORIES
    assert entry["purposes"]
    assert set(entry["purposes"]) <= PURPOSES
    assert entry["status"] in {"documented", "measured", "unverified"}
    assert isinstance(entry["third_party"], bool)
    assert date.fromisoformat(entry["checked"]).isoformat() == entry["checked"]
    for country in (entry["country"], *entry["transfers"]):
        assert country == "" or COUNTRY.fullmatch(country)
    for host in entry["hosts"]:
        assert PLACE.fullmatch(host), host
    assert entry.get("signal", "google") in SIGNALS


@every_service
def test_the_source_of_the_items_is_linked(service):
    source = catalogue.entry(service)["source"]
    # Our own cookie is documented by this package itself.
    assert source.startswith("https://") or (service == "consent" and source == "")


@every_service
def test_a_recipient_is_named_with_seat_policy_and_safeguard(service):
    entry = catalogue.entry(service)
    outside = set(entry["transfers"])
    assert not outside & EEA
    if entry["provider"]:
        assert entry["country"]
        assert entry["policy"].startswith("https://")
        # Cloudflare stands before the site: its scripts come from the site's own address.
        assert entry["hosts"] or service == "cloudflare"
        assert entry["third_party"]
        assert entry["country"] in EEA | outside
    else:
        # No provider means the controller: nothing leaves the site.
        assert not entry["third_party"]
        assert not outside
        assert not entry["hosts"]
        assert entry["country"] == entry["policy"] == ""
        assert all(item["domain"] == "" for item in entry.get("items", ()))
    assert entry["mechanism"] in ({"dpf", "scc", "adequacy"} if outside else {""})
    if entry["mechanism"] == "dpf":
        assert outside == {"US"}


@every_service
def test_items_have_name_kind_lifetime_and_domain(service):
    items = catalogue.entry(service).get("items", [])
    for item in items:
        kind = Kind(item["kind"])
        name = item["name"] if kind is Kind.COOKIE else item["name"].replace("/", "")
        assert re.fullmatch(r"[!#$%&'*+.:^_`|~0-9A-Za-z-]+", name), name
        assert name.strip("*"), "a pattern names something"
        assert LIFETIME.fullmatch(item["lifetime"]), item["lifetime"]
        if item["lifetime"] == "until-removed":
            assert kind in {Kind.LOCAL_STORAGE, Kind.INDEXED_DB}, item["name"]
        if kind is Kind.SESSION_STORAGE:
            assert item["lifetime"] == "session", item["name"]
        assert item["domain"] == "" or HOST.fullmatch(item["domain"])
    places = [(item["name"], item["kind"], item["domain"]) for item in items]
    assert len(set(places)) == len(places)
    # A scope knows an item by kind and name: one name, one lifetime.
    assert len({(n, k) for n, k, _ in places}) == len(
        {(item["name"], item["kind"], item["lifetime"]) for item in items}
    )


@every_service
def test_only_what_is_necessary_is_called_so_and_says_why(service):
    """R10: measuring, advertising and chat are never necessary; the rest needs a reason."""
    entry = catalogue.entry(service)
    necessary = entry["category"] == "necessary"
    if necessary:
        assert not NEVER_NECESSARY & set(entry["purposes"])
        assert entry["items"]
    for item in entry.get("items", ()):
        assert ("reason" in item) == necessary, item["name"]


@every_service
def test_every_text_is_one_plain_sentence_in_three_languages(service):
    for text in texts(catalogue.entry(service)):
        assert tuple(text) == LANGUAGES
        assert len(set(text.values())) == len(LANGUAGES)
        for sentence in text.values():
            assert sentence[0].isupper(), sentence
            assert re.search(r"[^.!?]\.$", sentence), sentence
            assert not re.search(r"[.!?] ", sentence), sentence
            assert "!" not in sentence
            assert "  " not in sentence
            assert sentence == sentence.strip()
            assert len(sentence) <= LONGEST, sentence


@every_service
def test_texts_keep_to_the_words_of_their_language(service):
    for text in texts(catalogue.entry(service)):
        assert "cookie" not in text["sv"].lower()
        assert not re.search(r"cookie|trackata|klikata|käyttäjäkokem|parhaan", text["fi"].lower())
        assert not re.search(r"experience|relevant|enhance|improve your", text["en"].lower())


def test_our_own_cookie_lasts_as_long_as_a_refusal():
    (item,) = catalogue.entry("consent")["items"]
    assert item["name"] == "__Host-choices"
    assert item["lifetime"] == "365 days"


def test_common_session_cookies_are_necessary_and_stay_on_the_site():
    for service in FRAMEWORKS:
        entry = catalogue.entry(service)
        assert entry["category"] == "necessary"
        assert entry["provider"] == ""
    django = {item["name"] for item in catalogue.entry("django-session")["items"]}
    assert django == {"sessionid", "csrftoken", "messages"}


def test_services_of_third_parties_can_be_declared_together():
    """Only what lies under the site's own address can be declared by one service alone."""
    hosted_twice = {"matomo-cloud"}
    seen: dict[tuple[str, str], str] = {}
    for service in sorted(set(catalogue.ids()) - set(FRAMEWORKS) - hosted_twice):
        for item in catalogue.entry(service).get("items", ()):
            mark = (item["kind"], item["name"])
            assert item["domain"] or seen.setdefault(mark, service) == service, mark
