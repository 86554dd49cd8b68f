"""The component round applications of every make, inside other middleware, on asyncio and trio."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse as FastHTML
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from consent.component import ConsentMiddleware
from consent.errors import LogUnavailable
from tests.unit.asgi_driver import Sent, check
from tests.unit.small_site import ORIGIN, PAGE, Site, decide

BACKENDS = ("asyncio", "trio")
BIG = PAGE.replace("<h1>", "<p>" + "täytettä " * 400 + "</p><h1>")


def visit(app: ASGIApp, backend: str = "asyncio") -> TestClient:
    return TestClient(
        app,
        base_url=ORIGIN,
        headers={"sec-fetch-site": "same-origin"},
        follow_redirects=False,
        backend=backend,  # type: ignore[arg-type]
    )


async def show(request: Request) -> Response:
    return HTMLResponse(PAGE)


def drive(app: ASGIApp, **more: Any) -> Sent:
    """One GET through raw ASGI; checks what any server would insist on."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"www.example.fi")],
        **more,
    }
    sent = Sent()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def collect(message: Any) -> None:
        sent.messages.append(dict(message))

    anyio.run(app, scope, receive, collect)
    check(sent, scope["method"])
    return sent


# -- applications --


def test_a_raw_application_whose_server_gives_no_state_is_served(site: Site) -> None:
    """Traps 5, 17: the server may leave out `state`; field pairs in a tuple, a view as the body."""
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["state"]["consent"].allows("statistics"))
        headers = ((b"Content-Type", b"text/html"),)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": memoryview(PAGE.encode())})

    sent = drive(site.consent.protect(app))
    assert seen == [False]
    assert b'id="visitor-choice"' in sent.body


@pytest.mark.parametrize("way", ["protect", "middleware"])
def test_starlette_takes_it_outside_or_as_middleware(site: Site, way: str) -> None:
    """DESIGN 3: both ways of embedding are the same."""
    routes = [Route("/", show)]
    if way == "protect":
        app: ASGIApp = site.consent.protect(Starlette(routes=routes))
    else:
        middleware = [Middleware(ConsentMiddleware, consent=site.consent)]
        app = Starlette(routes=routes, middleware=middleware)
    client = visit(app)
    assert 'id="visitor-choice"' in client.get("/").text
    assert decide(client, "accept").status_code == 303
    assert '<script src="/count.js">' in client.get("/").text.replace("<template", "")


def test_fastapi_takes_it_too(site: Site) -> None:
    api = FastAPI()

    @api.get("/", response_class=FastHTML)
    def home() -> str:
        return PAGE

    api.add_middleware(ConsentMiddleware, consent=site.consent)
    client = visit(api)
    assert 'id="visitor-choice"' in client.get("/").text
    assert "visitor-choice" not in client.get("/openapi.json").text
    assert client.get("/choices/fi").status_code == 200


def test_round_a_mounted_application_it_works_without_lifespan(site: Site) -> None:
    """Trap 17: a mounted application hears nothing of start and shutdown."""
    protected = site.consent.protect(Starlette(routes=[Route("/", show)]))
    with visit(Starlette(routes=[Mount("/", protected)])) as client:
        assert 'id="visitor-choice"' in client.get("/").text
        assert decide(client, "reject").status_code == 200
        assert 'id="visitor-choice"' not in client.get("/").text


def test_pages_of_a_mounted_application_are_completed(site: Site) -> None:
    app = Starlette(routes=[Mount("/sub", Starlette(routes=[Route("/p", show)]))])
    html = visit(site.consent.protect(app)).get("/sub/p?a=1").text
    assert 'name="return" value="/sub/p?a=1"' in html


def test_an_older_kind_of_middleware_inside_changes_nothing(site: Site) -> None:
    """Trap 1: it turns one body into a chunk and an empty one."""

    async def passing(request: Request, call_next: Callable[..., Awaitable[Response]]) -> Response:
        return await call_next(request)

    plain = Starlette(routes=[Route("/", show)])
    wrapped = BaseHTTPMiddleware(plain, dispatch=passing)
    lengths = set()
    for app in (plain, wrapped):
        response = visit(site.consent.protect(app)).get("/")
        assert int(response.headers["content-length"]) == len(response.content)
        lengths.add(len(response.content))
    assert len(lengths) == 1


# -- compression --


def test_inside_of_compression_the_page_is_completed_and_then_compressed(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.page = BIG
    client = visit(GZipMiddleware(site.app))
    response = client.get("/", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert 'id="visitor-choice"' in response.text
    assert "Cookie" in response.headers["vary"]
    assert "compressed" not in caplog.text


def test_outside_of_compression_the_page_is_read_completed_and_compressed_again(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Trap 7."""
    site.page = BIG
    client = visit(site.consent.protect(GZipMiddleware(site.bare)))
    response = client.get("/", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.text.count('id="visitor-choice"') == 1
    assert response.text.endswith("</html>")
    varies = set(response.headers["vary"].split(", "))
    assert varies == {"Cookie", "Sec-GPC", "Accept-Encoding"}
    assert caplog.text == ""


def test_the_app_is_not_asked_for_an_encoding_that_cannot_be_read(site: Site) -> None:
    """The first pages tell whether an app compresses; one that does stays asked."""
    seen: list[str] = []

    async def show(request: Request) -> Response:
        seen.append(request.headers["accept-encoding"])
        return HTMLResponse(BIG)

    app = GZipMiddleware(Starlette(routes=[Route("/", show)]))
    client = visit(site.consent.protect(app))
    for _ in range(120):
        client.get("/", headers={"accept": "text/html", "accept-encoding": "br, gzip, zstd"})
    assert set(seen) == {"gzip"}


# -- what an application may do --


def test_a_background_task_runs_after_the_page_was_sent_whole(site: Site) -> None:
    """Trap 16."""
    order: list[str] = []

    async def later() -> None:
        await anyio.lowlevel.checkpoint()
        order.append("task")

    async def page(request: Request) -> Response:
        return HTMLResponse(PAGE, background=BackgroundTask(later))

    protected = site.consent.protect(Starlette(routes=[Route("/", page)]))

    async def watching(scope: Scope, receive: Receive, send: Send) -> None:
        async def noting(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                order.append("sent")
            await send(message)

        await protected(scope, receive, noting)

    sent = drive(watching)
    assert order == ["sent", "task"]
    assert b'id="visitor-choice"' in sent.body


def test_an_exception_of_the_application_comes_through(site: Site) -> None:
    async def page(request: Request) -> Response:
        raise ZeroDivisionError("the app's own")

    app = site.consent.protect(Starlette(routes=[Route("/", page)]))
    with pytest.raises(ZeroDivisionError, match="the app's own"):
        visit(app).get("/")
    quiet = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
    assert quiet.get("/").status_code == 500


def test_an_exception_in_the_middle_of_a_page_leaves_it_broken_off(site: Site) -> None:
    """Nothing pretends that the page was whole."""

    async def torn() -> Any:
        yield PAGE[:200].encode() + b" " * 20_000
        raise ZeroDivisionError

    async def page(request: Request) -> Response:
        return StreamingResponse(torn(), media_type="text/html")

    app = site.consent.protect(Starlette(routes=[Route("/", page)]))
    messages: list[Any] = []

    async def collect(message: Any) -> None:
        messages.append(message)

    async def receive() -> dict[str, Any]:
        await anyio.sleep_forever()
        raise AssertionError

    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
    }
    with pytest.raises((ZeroDivisionError, ExceptionGroup)):
        anyio.run(app, scope, receive, collect)
    assert messages[-1].get("more_body") is True


# -- start and shutdown --


def test_shutting_down_writes_what_waits_and_closes_the_log(site: Site) -> None:
    """Trap 17; the application's own lifespan runs inside of ours."""
    steps: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        steps.append("up")
        yield {"from_lifespan": True}
        steps.append("down")

    async def state(request: Request) -> Response:
        return HTMLResponse(str(request.state.from_lifespan))

    app = Starlette(routes=[Route("/", state)], lifespan=lifespan)
    with visit(site.consent.protect(app)) as client:
        assert client.get("/").text == "True"
        decide(client, "accept")
        log = site.consent.runtime.log
    assert steps == ["up", "down"]
    with pytest.raises(LogUnavailable, match="closed"):
        log.append_soon(next_entry())
    assert len(site.log()) == 1


def next_entry() -> Any:
    from consent.log import Entry

    return Entry("consent", b"{}")


def test_an_application_without_lifespan_is_told_of_nothing_new(site: Site) -> None:
    """What it raises on an unknown scope is the server's to see, as without us."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "only http here"

    async def nothing(*_: Any) -> Any:
        raise AssertionError("nobody asks")

    with pytest.raises(AssertionError, match="only http here"):
        anyio.run(site.consent.protect(app), {"type": "lifespan"}, nothing, nothing)


# -- event loops --


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_visitor_chooses_and_withdraws_on_either_event_loop(site: Site, backend: str) -> None:
    """DESIGN 10: banner, decision, record and notice."""
    with visit(site.app, backend) as client:
        assert 'id="visitor-choice"' in client.get("/").text
        assert decide(client, "accept").status_code == 303
        assert client.get("/api").json() == {"statistics": True}
        assert decide(client, "reject", json_reply=True).json()["allowed"] == [
            "consent",
            "necessary",
        ]
        assert client.get("/tietosuojaseloste").status_code == 404
    assert [record["event"] for record in site.log()] == ["grant", "withdrawal"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_log_that_fails_is_answered_on_either_event_loop(
    site: Site, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R34."""

    async def broken(entry: object) -> None:
        raise LogUnavailable("disk full")

    monkeypatch.setattr(site.consent.runtime.log, "append", broken)
    with visit(site.app, backend) as client:
        assert decide(client, "accept").status_code == 503
        assert decide(client, "reject").status_code == 200


@pytest.mark.parametrize("backend", BACKENDS)
def test_decisions_that_arrive_together_all_get_their_record(site: Site, backend: str) -> None:
    """R42, R46: each form once, though each is posted twice."""
    forms = [
        dict(
            re.findall(
                r'<input type="hidden" name="(\w+)" value="([^"]*)">',
                site.client().get("/choices/fi").text,
            )
        )
        for _ in range(8)
    ]
    statuses = []

    async def post(form: dict[str, str]) -> None:
        from urllib.parse import urlencode

        body = urlencode({**form, "decision": "accept"}).encode()
        scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": "/choices/decide",
            "query_string": b"",
            "headers": [
                (b"content-type", b"application/x-www-form-urlencoded"),
                (b"sec-fetch-site", b"same-origin"),
            ],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await site.app(scope, receive, send)

    async def rush() -> None:
        async with anyio.create_task_group() as group:
            for form in (*forms, *forms):
                group.start_soon(post, form)

    anyio.run(rush, backend=backend)
    assert statuses == [303] * 16
    assert len(site.log()) == len({str(record["consent_id"]) for record in site.log()}) == 8
