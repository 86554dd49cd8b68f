"""Cookies that the host app sets: what is refused or undeclared does not reach the browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from consent.browser.set_cookie import cookie_name, lifetime
from tests.unit.asgi_driver import HTML, body, run, start
from tests.unit.cookie_site import (
    DECLARED,
    choice,
    cookies,
    http,
    service,
    setting,
)
from tests.unit.small_site import PAGE, TEXTS, TOML, Make, Site


def test_a_refused_cookie_is_dropped_and_a_granted_or_necessary_one_passes(declared: Site) -> None:
    app = setting(b"session=1", b"_ga=2; Path=/", b"_pixel=3")
    assert cookies(http(declared, app)) == [b"session=1"]
    some = http(declared, app, choice(declared, "statistics"))
    assert cookies(some) == [b"session=1", b"_ga=2; Path=/"]
    all_of_them = http(declared, app, choice(declared, "statistics", "marketing"))
    assert cookies(all_of_them) == [b"session=1", b"_ga=2; Path=/", b"_pixel=3"]


@pytest.mark.parametrize("status", [200, 204, 302, 304, 404, 500])
@pytest.mark.parametrize("kind", [HTML, [(b"content-type", b"application/json")], []])
def test_whatever_the_response_is(declared: Site, status: int, kind: Any) -> None:
    headers = [*kind, (b"location", b"/")] if status == 302 else kind
    app = setting(b"_ga=1", b"session=2", headers=headers, status=status)
    assert cookies(http(declared, app)) == [b"session=2"]


def test_the_page_is_completed_all_the_same(declared: Site) -> None:
    sent = http(declared, setting(b"_ga=1", b"session=2"))
    assert b'id="visitor-choice"' in sent.body
    assert cookies(sent) == [b"session=2"]


def test_a_streamed_page_whose_start_is_held_is_filtered_too(declared: Site) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start([*HTML, (b"set-cookie", b"_ga=1"), (b"set-cookie", b"csrf=2")]))
        for at in range(len(PAGE)):
            await send(body(PAGE.encode()[at : at + 1], more=True))
        await send(body(b""))

    sent = http(declared, app)
    assert cookies(sent) == [b"csrf=2"]
    assert b'id="visitor-choice"' in sent.body


def test_an_undeclared_cookie_is_dropped_unless_it_is_only_reported(
    declared: Site, make_site: Make
) -> None:
    app = setting(b"other=1", b"_ga=2", b"session=3")
    assert cookies(http(declared, app)) == [b"session=3"]
    lenient = make_site(toml=DECLARED + '[enforcement]\nundeclared = "report"\n')
    assert cookies(http(lenient, app)) == [b"other=1", b"session=3"]


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        (b"_ga_ABC123", False),
        (b"_ga_", False),
        (b"app_theme", True),
        (b"app_count_2", False),  # the more exact pattern counts
        (b"__Secure-count", False),
        (b"__Host-login", True),
        (b"session", True),
    ],
)
def test_patterns_and_prefixes_are_read_as_declared(
    declared: Site, name: bytes, passes: bool
) -> None:
    app = setting(name + b"=1; Secure; Path=/")
    assert bool(cookies(http(declared, app))) is passes
    assert cookies(http(declared, app, choice(declared, "statistics")))


@pytest.mark.parametrize("name", [b"Session", b"_GA", b"__host-login", b"session-2", b"xsession"])
def test_a_name_of_another_case_or_length_is_another_name(declared: Site, name: bytes) -> None:
    app = setting(name + b"=1; Path=/")
    assert cookies(http(declared, app, choice(declared, "statistics"))) == []


def test_what_is_declared_of_a_third_party_is_not_the_hosts(declared: Site) -> None:
    """`ad` lies under ads.example: set by the site itself it is nobody's."""
    app = setting(b"ad=1")
    assert cookies(http(declared, app, choice(declared, "marketing"))) == []
    assert declared.consent.runtime.undeclared.counts == {"ad": 1}


def test_what_is_declared_under_the_sites_own_domain_is_the_hosts(make_site: Make) -> None:
    item = f'{{ name = "wide", lifetime = "1 year", domain = ".example.fi", purpose = {TEXTS} }}'
    site = make_site(
        toml=TOML.replace("[services.ads]", "[services.mine]").replace(
            'items = [{ name = "ad"', f'items = [{item}, {{ name = "ad"'
        )
    )
    assert cookies(http(site, setting(b"wide=1"))) == []
    assert cookies(http(site, setting(b"wide=1"), choice(site, "marketing"))) == [b"wide=1"]


@pytest.mark.parametrize(
    ("value", "passes"),
    [
        (b"_ga=; Max-Age=0", b"_ga=; Max-Age=0"),
        (
            b"_ga=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/",
            b"_ga=; path=/; Max-Age=0",
        ),
        (
            b'_ga=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; Secure',
            b"_ga=; Path=/; Secure; Max-Age=0",
        ),
        (b"_ga=; max-age=-1;;Domain = .x.fi", b"_ga=; Domain = .x.fi; Max-Age=0"),
        (b"_ga=x; Max-Age=5; Max-Age=0", b"_ga=; Max-Age=0"),
        (b"_ga=x; Expires=00:00:01 Thu Jan 01 1970", b"_ga=; Max-Age=0"),
        (b"=_ga=x; Expires=Thu, 01-Jan-70 00:00:01 GMT", b"_ga=; Max-Age=0"),
        (b"_ga=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=+1000", b"_ga=; Max-Age=0"),
        (b"other=; Max-Age=0", b"other=; Max-Age=0"),
    ],
)
def test_a_deletion_always_passes_and_stores_nothing(
    declared: Site, value: bytes, passes: bytes
) -> None:
    assert cookies(http(declared, setting(value))) == [passes]
    assert declared.consent.runtime.undeclared.counts == {}
    assert cookies(http(declared, setting(passes))) == [passes]


@pytest.mark.parametrize(
    "value",
    [
        b"_ga=",
        b"_ga=; Path=/",
        b"_ga=1; Max-Age=0; Max-Age=5",
        b"_ga=1; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"_ga=1; Max-Age=x; Expires=nonsense",
        b"_ga=1; Expires=Fri, 31 Dec 2500 23:59:59 GMT",
        b"_ga=Max-Age=0",
        b"_ga=1; Expires=Wed, 01-Jan-69 00:00:00 GMT",
        b"_ga=1; Max-Age=" + b"0" * 1100,
        b"_ga=1; Max-Age=" + b"0" * 900 + b"5",
        b"_ga=1; Expires=Thu, 01 Jan 1970",
        b"_ga=1; Expires=Thu, 31 Feb 1970 00:00:00 GMT",
        b"_ga=1; Expires=Thu, 01 Jan 1970 24:00:00 GMT",
    ],
)
def test_what_still_stores_something_is_no_deletion(declared: Site, value: bytes) -> None:
    assert cookies(http(declared, setting(value))) == []


@pytest.mark.parametrize(
    "value", [b"__Host-choices=1.x; Secure; Path=/", b"__Host-choices=; Max-Age=0; Path=/; Secure"]
)
def test_our_own_cookie_is_never_the_apps_to_set_or_remove(declared: Site, value: bytes) -> None:
    granted = choice(declared, "statistics")
    assert cookies(http(declared, setting(value), granted)) == []


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b" _ga =1", b"_ga"),
        (b"\t_ga\t= 1 ; Path=/", b"_ga"),
        (b"=_ga=1", b"_ga"),
        (b"= _ga=1", b"_ga"),
        (b"session", b""),
        (b"session; Path=/; x=1", b""),
        (b"=session", b""),
        (b"", b""),
        (b";session=1", b""),
    ],
)
def test_a_name_is_read_as_a_browser_reads_it(declared: Site, value: bytes, name: bytes) -> None:
    assert cookie_name(value) == name
    assert cookies(http(declared, setting(value))) == []


def test_a_value_without_a_name_is_told_nowhere(
    declared: Site, caplog: pytest.LogCaptureFixture
) -> None:
    http(declared, setting(b"SECRET", b"=SECRET", b"SECRET; Path=/"))
    assert "SECRET" not in caplog.text
    assert declared.consent.runtime.undeclared.counts == {"(without a name)": 3}


def test_field_names_of_any_case_and_fields_of_any_make(declared: Site) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = ([b"Set-Cookie", b"_ga=1"], (b"SET-COOKIE", b"csrf=1"), *HTML)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send(body(PAGE.encode()))

    assert cookies(http(declared, app)) == [b"csrf=1"]


def test_the_apps_own_list_of_fields_stays_as_it_is(declared: Site) -> None:
    headers = [*HTML, (b"set-cookie", b"_ga=1"), (b"set-cookie", b"csrf=2")]
    before = list(headers)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send(body(PAGE.encode()))

    for _ in range(3):
        assert cookies(http(declared, app)) == [b"csrf=2"]
    assert headers == before


def test_what_is_remembered_of_a_response_holds_no_cookie_of_anybody(declared: Site) -> None:
    first = http(declared, setting(b"session=anna"))
    second = http(declared, setting(b"session=bertta"))
    third = http(declared, setting())
    assert [cookies(sent) for sent in (first, second, third)] == [
        [b"session=anna"],
        [b"session=bertta"],
        [],
    ]
    assert first.headers.keys() == second.headers.keys()


def test_a_response_that_may_set_an_optional_cookie_is_in_no_shared_cache(declared: Site) -> None:
    """R120: a stored response would set it for those who refused."""
    data = [(b"content-type", b"application/json"), (b"cache-control", b"public, max-age=60")]
    for headers in ((), (choice(declared, "statistics"),)):
        sent = http(declared, setting(b"_ga=1", headers=data), *headers)
        assert sent.headers[b"cache-control"] == b"private, max-age=60"
        assert sent.headers[b"vary"] == b"Cookie, Sec-GPC"
    untouched = http(declared, setting(b"session=1", headers=data))
    assert untouched.headers[b"cache-control"] == b"public, max-age=60"


def test_a_service_that_waits_for_its_notice_is_refused_and_not_undeclared(
    make_site: Make,
) -> None:
    """R81."""
    late = service("late", "statistics", "_late", **{"from": '"2099.1"'})
    site = make_site(toml=DECLARED + late + '[enforcement]\nundeclared = "report"\n')
    app = setting(b"_late=1")
    assert cookies(http(site, app, choice(site, "statistics"))) == []
    assert site.consent.runtime.undeclared.counts == {}


def websocket(site: Site, message: dict[str, Any], *headers: tuple[bytes, bytes]) -> Any:
    seen: list[Any] = []
    out: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(scope["headers"])
        await send(message)

    async def send(message: Any) -> None:
        out.append(message)

    scope = {"type": "websocket", "path": "/ws", "headers": list(headers), "query_string": b""}
    run(site.consent.protect(app)(scope, None, send))  # type: ignore[arg-type]
    return seen, out[0]


@pytest.mark.parametrize("kind", ["websocket.accept", "websocket.http.response.start"])
def test_the_answer_to_a_websocket_is_filtered_and_its_request_too(
    declared: Site, kind: str
) -> None:
    fields = [(b"x", b"1"), (b"set-cookie", b"_ga=1"), (b"set-cookie", b"session=2")]
    asked = (b"cookie", b"_ga=1; session=2")
    for sent in (fields, iter(fields)):
        seen, answer = websocket(declared, {"type": kind, "headers": sent}, asked)
        assert seen == [(b"cookie", b"session=2")]
        assert answer["headers"] == [(b"x", b"1"), (b"set-cookie", b"session=2")]
    _, bare = websocket(declared, {"type": kind})
    assert bare == {"type": kind}


def test_a_redirect_of_a_framework_keeps_its_session(declared: Site) -> None:
    async def go(request: Request) -> Response:
        response = RedirectResponse("/p", 303)
        response.set_cookie("session", "1")
        response.set_cookie("_ga", "1")
        response.delete_cookie("_pixel")
        return response

    declared.app = declared.consent.protect(Starlette(routes=[Route("/go", go)]))
    found = declared.client().get("/go").headers.get_list("set-cookie")
    assert [re.split("[=;]", value)[0] for value in found] == ["session", "_pixel"]


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (b"a=1", None),
        (b"a=1; Max-Age=60", 60),
        (b"a=1; MAX-AGE = 60 ", 60),
        (b"a=1; Max-Age=+60", None),
        (b"a=1; Max-Age=", None),
        (b"a=1; Expires=", None),
        (b"a=1; Max-Age=" + b"9" * 400, 1e20),
        (b"a=1; Max-Age=-" + b"9" * 400, -1e20),
        (b"a=1; Max-Age=" + b"0" * 1025, None),
    ],
)
def test_lifetimes_are_read_as_a_browser_reads_them(field: bytes, seconds: float | None) -> None:
    found = lifetime(field)
    assert found == (None if seconds is None else pytest.approx(seconds))


@given(st.binary(max_size=60))
def test_arbitrary_fields_are_read_without_an_exception(field: bytes) -> None:
    cookie_name(field)
    lifetime(field)
    lifetime(b"a=; Expires=" + field)
