"""What the component logs: events by name, as JSON for who wants it, and nothing of a visitor."""

from __future__ import annotations

import ast
import io
import json
import logging
import logging.config
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from consent.errors import LogUnavailable
from consent.pages.limits import Bucket
from consent.structured import JsonFormatter, event
from tests.unit.patience import until
from tests.unit.small_site import ORIGIN, PAGE, TOML, Make, Site, decide, fields

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")


def formatted(record: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(record)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def record(message: str, *arguments: object, **more: Any) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"msg": message, "args": arguments, "levelname": "WARNING", **more}
    )
    made.name, made.created = "consent", 1_795_000_000.25
    return made


def test_a_line_is_one_object_with_the_event_and_its_values() -> None:
    given = record("%d lines\nmoved", 3, **event("spool-damaged", lines=3, file="päivä"))
    assert formatted(given) == {
        "time": "2026-11-18T11:06:40.250Z",
        "level": "warning",
        "logger": "consent",
        "event": "spool-damaged",
        "message": "3 lines\nmoved",
        "lines": 3,
        "file": "päivä",
    }


def test_a_value_never_takes_the_place_of_what_every_line_has() -> None:
    told = formatted(record("words", **event("name", message="other", level="none")))
    assert (told["message"], told["level"]) == ("words", "warning")


def test_an_exception_is_told_by_type_and_place_and_not_by_its_words() -> None:
    """They may hold what somebody sent."""
    try:
        json.loads("SECRET")
        raise AssertionError("that was JSON")
    except ValueError as error:
        told = formatted(record("it failed", exc_info=(type(error), error, error.__traceback__)))
    assert told["exception"] == "JSONDecodeError"
    assert re.fullmatch(r"decoder\.py:\d+", told["at"])
    assert "SECRET" not in json.dumps(told)


def test_a_line_of_another_library_is_formatted_too() -> None:
    assert formatted(record("words"))["event"] == ""
    assert formatted(record("words", fields="of another's"))["message"] == "words"


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call in the package that writes a line of the log, with its place."""
    for path in sorted((ROOT / "consent").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                named = [node.func, *node.args]  # partial(logger.warning, …) as well
                for each in named:
                    if (
                        isinstance(each, ast.Attribute)
                        and each.attr in LEVELS
                        and isinstance(each.value, ast.Name)
                        and each.value.id.strip("_") == "logger"
                    ):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def events(tree: ast.AST) -> list[str]:
    """The names of events that an expression makes."""
    return [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "event"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]


def test_every_line_carries_an_event() -> None:
    """A name that is written out, or a constant of the module's."""
    found = list(calls())
    assert len(found) >= 20
    for place, call in found:
        (extra,) = (keyword.value for keyword in call.keywords if keyword.arg == "extra")
        assert isinstance(extra, ast.Name) or len(events(extra)) == 1, place


def test_the_readme_names_every_event() -> None:
    paths = (ROOT / "consent").rglob("*.py")
    made = {name for path in paths for name in events(ast.parse(path.read_text("utf-8")))}
    assert all(re.fullmatch("[a-z]+(-[a-z]+)+", name) for name in made)
    section = README.partition("**Log lines.**")[2].partition("\n**")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.M)) == made


def test_the_configuration_in_the_readme_writes_lines_of_json() -> None:
    section = README.partition("**Log lines.**")[2].partition("\n**")[0]
    (block,) = re.findall(r"^```py\n(.*?)^```", section, re.M | re.S)
    loggers = [logging.getLogger(name) for name in ("consent", "consent.log")]
    before = [(each.handlers[:], each.level, each.propagate) for each in loggers]
    written = io.StringIO()
    try:
        with mock.patch("sys.stderr", written):
            exec(compile(block, "README.md", "exec"), {})
            loggers[1].error("the log does not work: %s", "down", extra=event("log-down"))
            loggers[0].info("nothing much")
    finally:
        for each, (handlers, level, propagate) in zip(loggers, before, strict=True):
            each.handlers, each.level, each.propagate = handlers, level, propagate
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["event"], line["logger"]) for line in lines] == [
        ("log-down", "consent.log"),
        ("", "consent"),
    ]


# What a visitor brings along, each in a form that is found again.
ADDRESS, AGENT = "203.0.113.77", "SECRET-BROWSER/1"
PLACE, QUERY, REFERRER = "/SECRET-PLACE", "SECRET-QUERY", "https://SECRET-REFERRER.example/x"
WORDS = ("203.0.113", "SECRET", "SECRET-ID")


@pytest.fixture
def busy(make_site: Make) -> Site:
    """A site that sets cookies, loads from others, and is reported about."""
    hosts = TOML.replace('name = "Laskuri"', 'name = "Laskuri"\nhosts = ["count.example"]')
    site = make_site(toml=f'{hosts}\n[enforcement]\npolicy = "report"\n')

    async def page(request: Request) -> Response:
        request.state.consent.allows("nothing-of-the-kind")
        third = '<script src="https://undeclared.example/x.js?u=SECRET-PART"></script>'
        response = HTMLResponse(PAGE.replace("</body>", f"{third}</body>"))
        response.set_cookie("mystery", "SECRET-VALUE")
        return response

    async def broken(request: Request) -> Response:
        return Response(b"SECRET", media_type="text/html", headers={"content-encoding": "gzip"})

    routes = [Route("/{name}", page), Route("/broken/{name}", broken)]
    site.app = site.consent.protect(Starlette(routes=routes))
    return site


def plain(site: Site) -> None:
    """An application whose framework tells no routes: all that is known is the address."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/html"), (b"set-cookie", b"other=SECRET-VALUE")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE.encode()})

    site.app = site.consent.protect(app)


def test_no_line_has_anything_of_a_visitor_in_it(
    busy: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R125: decisions, failures, reports and pages, as lines for people and as JSON."""
    caplog.set_level(logging.DEBUG, "consent")
    monkeypatch.setattr("consent.log.writer.IDLE", 0.01)
    carried = {"user-agent": AGENT, "referer": REFERRER, "x-forwarded-for": ADDRESS}
    engine = busy.consent.runtime.log._writes._engine  # type: ignore[attr-defined]
    ids: list[str] = []

    def work() -> None:
        client = busy.client(**carried)
        for path in (PLACE, f"/broken{PLACE}"):
            client.get(f"{path}?q={QUERY}")
        form = fields(client.get(f"/choices/fi?return={PLACE}").text)
        for decision in ("accept", "save", "reject"):
            decide(client, decision, form={**form, "return": f"{PLACE}?{QUERY}"})
        client.post("/choices/decide", content=b"SECRET", headers={"content-type": "text/plain"})
        report = {
            "csp-report": {
                "document-uri": f"{ORIGIN}{PLACE}?{QUERY}",
                "blocked-uri": "https://x.test/SECRET-PART",
                "effective-directive": "img-src",
            }
        }
        kind = {"content-type": "application/csp-report"}
        client.post("/choices/reports", content=json.dumps(report), headers=kind)
        client.post("/choices/reports", content=b"{SECRET", headers=kind)

    work()
    ids += [str(entry["consent_id"]) for entry in busy.log() if "consent_id" in entry]
    with mock.patch.object(engine, "commit", mock.Mock(side_effect=LogUnavailable("disk full"))):
        work()
        with mock.patch("consent.log.spool.append_durably", side_effect=OSError(28, "full")):
            work()
    revive = mock.Mock(side_effect=ValueError("SECRET-ID"))
    with mock.patch.object(busy.consent.runtime.log._writes, "_revive", revive):  # type: ignore[attr-defined]
        until(lambda: "spool-entry-refused" in told_events(caplog))
    busy.consent.runtime.grants = Bucket(rate=0, burst=0)
    work()
    plain(busy)
    client = busy.client(**carried)
    client.get(f"{PLACE}?q={QUERY}")
    seen = told_events(caplog)
    assert {
        "cookie-undeclared",
        "decision-not-recorded",
        "host-undeclared",
        "log-down",
        "log-up",
        "name-undeclared",
        "page-unreadable",
        "refusal-lost",
        "spool-entry-refused",
    } <= seen
    assert ids
    for line in caplog.records:
        # What people read has the words of exceptions too: those are our own engine's here.
        told = line.getMessage() + json.dumps(formatted(line))
        assert [word for word in (*WORDS, *ids) if word in told] == [], told


def told_events(caplog: pytest.LogCaptureFixture) -> set[str]:
    return {getattr(line, "event", "") for line in caplog.records}
