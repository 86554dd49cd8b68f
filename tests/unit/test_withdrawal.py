"""What a withdrawal takes out of the browser, and what it says stays there (R29)."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from consent.pages.withdrawal import _domains
from tests.unit.cookie_site import DECLARED, service
from tests.unit.small_site import TEXTS, TOML, Make, Site, decide

STORED = """
[services.store]
name = "Varasto"
provider = "Varasto Oy"
category = "statistics"
purposes = ["audience-measurement"]
purpose = %(texts)s
items = [
%(items)s
]
"""


def stored(*items: str) -> str:
    tables = ",\n".join(f"{{ {item}, purpose = {TEXTS} }}" for item in items)
    return STORED % {"texts": TEXTS, "items": tables}


def expired(response: Any, name: str) -> list[str]:
    fields = response.headers.get_list("set-cookie")
    return [field for field in fields if field.startswith(f"{name}=;")]


def withdrawing(site: Site, *cookies: str, **more: Any) -> Any:
    """The reply to who accepted all, then refuses all, with these cookies."""
    client = site.client()
    decide(client, "accept")
    return refusing(client, *cookies, **more)


def refusing(client: TestClient, *cookies: str, **more: Any) -> Any:
    for name in cookies:
        client.cookies.set(name, "1")
    return decide(client, "reject", **more)


def test_a_cookie_is_expired_on_host_and_parents_and_partitioned_too(site: Site) -> None:
    places = ["", "; Domain=example.fi", "; Domain=www.example.fi"]
    assert sorted(expired(withdrawing(site), "_count")) == sorted(
        f"_count=; Path=/{place}; Max-Age=0{more}"
        for place in places
        for more in ("", "; Secure; Partitioned")
    )


def test_at_its_declared_path_and_at_the_root(make_site: Make) -> None:
    site = make_site(toml=TOML + stored('name = "_s", lifetime = "1 year", path = "/shop"'))
    paths = {field.split("; ")[1] for field in expired(withdrawing(site), "_s")}
    assert paths == {"Path=/shop", "Path=/"}


def test_a_pattern_is_matched_with_the_names_that_the_browser_sends(declared: Site) -> None:
    reply = withdrawing(declared, "_ga_A1", "_ga_B2", "app_x", "app_count_1", "session")
    for name, there in (
        *(("_ga_A1", True), ("_ga_B2", True), ("app_count_1", True), ("_ga", True)),
        *(("app_x", False), ("session", False), ("csrf", False), ("_ga_*", False)),
    ):
        assert bool(expired(reply, name)) is there, name


def test_what_the_prefix_of_a_name_asks_for_is_given(make_site: Make) -> None:
    items = ("__Host-a", "__Secure-b", "__Host-Http-c", "__Http-d")
    site = make_site(toml=TOML + service("prefixed", "statistics", *items))
    reply = withdrawing(site)
    assert sorted(expired(reply, "__Host-a")) == [
        "__Host-a=; Path=/; Max-Age=0; Secure",
        "__Host-a=; Path=/; Max-Age=0; Secure; Partitioned",
    ]
    assert all("; Secure" in field for field in expired(reply, "__Secure-b"))
    assert all("HttpOnly" in field for field in expired(reply, "__Host-Http-c"))
    assert not any("Domain" in field for field in expired(reply, "__Host-Http-c"))
    assert all("HttpOnly" in field for field in expired(reply, "__Http-d"))


def test_a_stray_of_what_was_never_granted_goes_with_any_answer(declared: Site) -> None:
    reply = refusing(declared.client(), "_ga_X", "other")
    assert expired(reply, "_ga_X")
    assert not expired(reply, "other")
    assert not expired(reply, "_ga")  # not sent, so it is not there


def test_what_stays_granted_is_not_expired(declared: Site) -> None:
    client = declared.client()
    decide(client, "accept")
    for name in ("_ga", "_pixel"):
        client.cookies.set(name, "1")
    reply = decide(client, "save", "statistics", "preferences")
    assert expired(reply, "_pixel")
    assert not expired(reply, "_ga")


def test_what_another_service_that_is_granted_stores_too_is_not_expired(make_site: Make) -> None:
    both = service("one", "marketing", "_id*") + service("two", "statistics", "_id_two")
    site = make_site(toml=TOML + both)
    client = site.client()
    decide(client, "accept")
    for name in ("_id_one", "_id_two"):
        client.cookies.set(name, "1")
    reply = decide(client, "save", "statistics")
    assert expired(reply, "_id_one")
    assert not expired(reply, "_id_two")


def test_the_header_of_a_reply_stays_small_and_what_was_sent_comes_first(make_site: Make) -> None:
    """A proxy would answer 502 to a withdrawal whose reply has too many fields."""
    many = service("many", "statistics", *(f"unseen{n:03}" for n in range(200)), "seen*")
    site = make_site(toml=TOML + many)
    names = [f"seen{n}" for n in range(6)]
    reply = withdrawing(site, *names)
    assert sum(len(value) + 14 for value in reply.headers.get_list("set-cookie")) <= 3500
    assert all(len(expired(reply, name)) == 6 for name in names)
    flooded = withdrawing(site, *(f"seen{n}" for n in range(2000)))
    assert sum(len(value) + 14 for value in flooded.headers.get_list("set-cookie")) <= 3500


@pytest.mark.parametrize("name", [b"_ga_\xe4", b"_ga_\x01", b"_ga_ x", b"_ga_\t"])
def test_names_of_any_bytes_are_answered(declared: Site, name: bytes) -> None:
    client = declared.client()
    reply = client.post(
        "/choices/decide", data={"decision": "reject"}, headers={b"cookie": name + b"=1"}
    )
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("host", "hosts", "domains"),
    [
        ("www.example.fi", ["www.example.fi"], ["", "www.example.fi", "example.fi"]),
        ("example.fi", ["www.example.fi", "example.fi"], ["", "example.fi"]),
        ("inner", ["www.example.fi", "a.fi"], ["", "www.example.fi", "example.fi", "a.fi"]),
        ("a.b.example.co.uk", ["a.b.example.co.uk"],
         ["", "a.b.example.co.uk", "b.example.co.uk", "example.co.uk"]),
        ("co.fi", ["co.fi"], [""]),
        ("localhost", ["localhost"], [""]),
        ("shop.localhost", ["shop.localhost"], ["", "shop.localhost"]),
        ("127.0.0.1", ["127.0.0.1"], [""]),
        ("::1", ["::1"], [""]),
    ],
)  # fmt: skip
def test_parents_are_those_that_a_cookie_can_lie_under(
    host: str, hosts: list[str], domains: list[str]
) -> None:
    assert _domains(host, hosts) == domains


# -- what the script does --


def test_the_script_is_told_what_to_clear_most_exact_first(make_site: Make) -> None:
    storage = stored(
        'name = "vs-*", kind = "local-storage", lifetime = "until-removed"',
        'name = "vs", kind = "indexed-db", lifetime = "until-removed"',
    )
    kept = service("kept", "preferences", "k").replace(
        'name = "k"', 'name = "vs-mine-*", kind = "local-storage"'
    )
    client = make_site(toml=TOML + storage + kept).client()
    decide(client, "accept")
    reply = decide(client, "save", "preferences", json_reply=True).json()
    assert reply["clear"]["local-storage"] == [["vs-mine-*", 0], ["vs-*", 1]]
    assert reply["clear"]["indexed-db"] == [["vs", 1]]
    assert "session-storage" not in reply["clear"]
    script = client.get(reply["clear"]["script"])
    assert script.status_code == 200
    assert "immutable" in script.headers["cache-control"]


def test_pages_and_other_answers_do_not_tell_it(declared: Site) -> None:
    client = declared.client()
    assert "clear" not in decide(client, "reject", json_reply=True).json()
    assert "clear" not in decide(client, "accept", json_reply=True).json()
    assert "enforce.js" not in client.get("/").text


@pytest.mark.parametrize("switched", [False, True])
def test_site_data_is_cleared_on_a_full_withdrawal_only_and_if_asked_for(
    make_site: Make, switched: bool
) -> None:
    """And of it only the storage: the choice is a cookie too."""
    more = "[enforcement]\nclear_site_data = true\n" if switched else ""
    client = make_site(toml=DECLARED + more).client()
    decide(client, "accept")
    assert "clear-site-data" not in decide(client, "save", "statistics").headers
    reply = decide(client, "reject")
    assert reply.headers.get("clear-site-data") == ('"storage"' if switched else None)
    assert "clear-site-data" not in decide(client, "reject").headers


# -- what stays --


def test_what_lies_under_domains_of_others_is_named(site: Site) -> None:
    client = site.client()
    decide(client, "accept")
    reply = decide(client, "reject", json_reply=True).json()
    assert "Mainos (ads.example: ad)" in reply["box"]
    assert reply["allowed"] == ["consent", "necessary"]


def test_without_script_the_storage_that_stays_is_named_too(make_site: Make) -> None:
    items = (
        'name = "vs-*", kind = "local-storage", lifetime = "until-removed"',
        'name = "_c", lifetime = "1 year"',
        'name = "_d", lifetime = "1 year", domain = ".example.fi"',
        'name = "_e", lifetime = "1 year", domain = ".varasto.example"',
    )
    client = make_site(toml=TOML + stored(*items)).client()
    decide(client, "accept")
    box = decide(client, "reject", json_reply=True).json()["box"]
    assert "Varasto (varasto.example: _e)" in box
    page = client.get("/choices/fi?saved=1&gone=statistics").text
    assert "Varasto (www.example.fi: vs-*; varasto.example: _e)" in page
    assert "Laskuri" not in page.partition("<form")[0]
