"""Reports of the content security policy: what is kept of them, and what never is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from consent.errors import LogUnavailable
from consent.pages.limits import Bucket
from consent.pages.reports import MOST, findings
from tests.unit.small_site import ORIGIN, TOML, Make, Site, open_reader

PLACE = "/choices/reports"
REPORTING = (
    TOML.replace('name = "Laskuri"', 'hosts = ["count.example/js/"]\nname = "Laskuri"')
    + '\n[enforcement]\npolicy = "report"\n'
)


@pytest.fixture
def reporting(make_site: Make) -> Site:
    site = make_site(toml=REPORTING)
    site.consent.runtime.tally.each = Bucket(rate=0, burst=1000)
    site.consent.runtime.tally.all = Bucket(rate=0, burst=1000)
    return site


def old(blocked: str, directive: str = "img-src", page: str = f"{ORIGIN}/p?who=me") -> object:
    """A report as browsers send it to `report-uri`."""
    said = {
        "document-uri": page,
        "referrer": f"{ORIGIN}/before",
        "blocked-uri": blocked,
        "violated-directive": directive,
        "effective-directive": directive,
        "original-policy": "default-src 'self'",
        "disposition": "report",
    }
    return {"csp-report": said}


def new(blocked: str, directive: str = "img-src", page: str = f"{ORIGIN}/p?who=me") -> object:
    """One of those that browsers send to `report-to`."""
    body = {"documentURL": page, "blockedURL": blocked, "effectiveDirective": directive}
    return {"type": "csp-violation", "age": 9, "url": page, "user_agent": "Secret", "body": body}


def send(client: TestClient, *reports: object) -> int:
    if len(reports) == 1 and "csp-report" in reports[0]:  # type: ignore[operator]
        kind, body = "application/csp-report", json.dumps(reports[0])
    else:
        kind, body = "application/reports+json", json.dumps(reports)
    return client.post(PLACE, content=body, headers={"content-type": kind}).status_code


def kept(site: Site) -> list[tuple[str, str, str, int]]:
    """What stands in the log, once the site is closed."""
    site.close()
    with open_reader(site.folder / "log.sqlite3") as log, log.snapshot() as view:  # type: ignore[attr-defined]
        return [tuple(finding) for finding in findings(view.counts())]


def test_both_formats_are_counted_by_day_host_and_directive(reporting: Site) -> None:
    client = reporting.client()
    assert send(client, old("https://x.test/a?uid=7")) == 204
    assert send(client, new("https://x.test/b"), new("wss://Y.test:81/", "connect-src")) == 204
    assert send(client, old("https://x.test/c.js", "script-src-elem")) == 204
    reporting.clock.pass_days(1)
    assert send(client, old("https://x.test/a")) == 204
    assert kept(reporting) == [
        ("2026-11-18", "y.test", "connect-src", 1),
        ("2026-11-18", "x.test", "img-src", 2),
        ("2026-11-18", "x.test", "script-src", 1),
        ("2026-11-19", "x.test", "img-src", 1),
    ]


def test_nothing_of_the_visitor_or_the_page_is_kept(reporting: Site) -> None:
    """No address, browser, page or query: the log's file holds the host and no more of it."""
    client = reporting.client(**{"user-agent": "Secret"})
    send(client, new("https://x.test/private?uid=7#part"))
    send(client, old("https://z.test/private?uid=7"))
    assert len(kept(reporting)) == 2
    files = b"".join(file.read_bytes() for file in Path(reporting.folder).glob("log*"))
    assert b"x.test" in files
    assert not [word for word in (b"private", b"uid", b"Secret", b"who=me") if word in files]


@pytest.mark.parametrize(
    "report",
    [
        old("https://count.example/js/c.js"),  # declared, and only not allowed
        old(f"{ORIGIN}/own.png"),
        old("https://example.fi/own.png"),
        old("inline"),
        old("eval"),
        old("data"),
        old("blob:https://www.example.fi/1"),
        old("chrome-extension://abc/x.js"),
        old("https://localhost/x"),
        old("https://10.0.0.1/x"),
        old("https://[::1]/x"),
        old("https://under score.test/"),
        old("https://" + "a" * 64 + ".test/"),
        old("https://x.test/", "form-action"),
        old("https://x.test/", "img-src; x"),
        old("https://x.test/", page="https://copy.test/"),
        new("https://x.test/", page="about:srcdoc"),
        {"csp-report": {"blocked-uri": 1, "document-uri": [], "effective-directive": None}},
        {"csp-report": "x"},
        [1, None, [], {"type": "deprecation", "body": {}}],
    ],
)
def test_what_says_nothing_of_an_undeclared_host_is_not_kept(
    reporting: Site, report: object
) -> None:
    client = reporting.client()
    body, kind = json.dumps(report), "application/reports+json"
    assert client.post(PLACE, content=body, headers={"content-type": kind}).status_code == 204
    assert kept(reporting) == []


@pytest.mark.parametrize("blocked", ["http://1\0" + "1/", "http://\ud800%ff/"])
def test_a_report_of_no_possible_host_is_taken_and_not_kept(reporting: Site, blocked: str) -> None:
    for report in (old(blocked), new(blocked), old("//x.example/", page=blocked)):
        assert send(reporting.client(), report) == 204
    assert kept(reporting) == []


def test_another_part_of_a_declared_host_is_undeclared(reporting: Site) -> None:
    send(reporting.client(), old("https://count.example/other/c.js"))
    assert [host for _, host, _, _ in kept(reporting)] == ["count.example"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 8193, "application/csp-report", 413),
        (b"x" * 65_537, "application/reports+json", 413),
        (b"{", "application/csp-report", 400),
        (b"\xff", "application/reports+json; charset=utf-8", 400),
        (b"[" * 5000, "application/reports+json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json", 415),
    ],
)
def test_what_is_no_report_is_refused(reporting: Site, body: bytes, kind: str, status: int) -> None:
    reply = reporting.client().post(PLACE, content=body, headers={"content-type": kind})
    assert reply.status_code == status


def test_a_day_has_a_bounded_number_of_findings_even_over_restarts(
    reporting: Site, make_site: Make
) -> None:
    for at in range(0, MOST + 20, 20):
        send(reporting.client(), *(new(f"https://h{at + n}.test/") for n in range(20)))
    assert len(kept(reporting)) == MOST
    again = make_site(toml=REPORTING)
    assert send(again.client(), old("https://more.test/")) == 204
    assert send(again.client(), old("https://h1.test/")) == 204
    found = {host: n for _, host, _, n in kept(again)}
    assert len(found) == MOST
    assert found["h1.test"] == 2
    assert "more.test" not in found


def test_reports_come_at_a_bounded_rate(make_site: Make) -> None:
    client = make_site(toml=REPORTING).client()
    assert {send(client, old("https://x.test/")) for _ in range(20)} == {204}
    assert send(client, old("https://x.test/")) == 429


def test_without_a_policy_there_is_no_such_route(site: Site) -> None:
    assert site.client().get(PLACE).status_code == 404
    assert send(site.client(), old("https://x.test/")) == 405


def test_only_a_post_is_a_report(reporting: Site) -> None:
    reply = reporting.client().get(PLACE)
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


def test_a_log_that_is_down_takes_no_report(
    reporting: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: object) -> None:
        raise LogUnavailable("the disk is full")

    monkeypatch.setattr(type(reporting.consent.runtime), "log", property(down))
    assert send(reporting.client(), old("https://x.test/")) == 503
