"""Signals of the browser: how they enter, and what is said of them (R87-R92)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from consent.errors import LogUnavailable
from consent.log.sqlite import SqliteLog
from consent.signal import SIGNALS, given
from tests.unit.small_site import NOON, TOML, Clock, Make, Site, decide

SUPPORT = "/.well-known/gpc.json"
NONE_DENIED = TOML + "\n[categories.marketing]\ngpc = false\n"
MORE_DENIED = TOML + "\n[categories.statistics]\ngpc = true\n"


# -- what the site says of the signal: R90 --


def test_the_statement_is_as_the_standard_has_it(site: Site) -> None:
    """R90: `gpc` is a boolean, `lastUpdate` an RFC 3339 time."""
    reply = site.client().get(SUPPORT)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    content = reply.json()
    assert content == {"gpc": True, "lastUpdate": "2026-11-18T12:00:00Z"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", content["lastUpdate"])
    datetime.fromisoformat(content["lastUpdate"])


def test_it_says_since_when_the_signal_is_treated_as_it_is(
    make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a restart nor another change moves the time; what the signal denies does."""
    other = TOML.replace("Laskuri Oy", "Toinen Oy")
    said = []
    for day, toml in enumerate((TOML, TOML, other, MORE_DENIED, MORE_DENIED, TOML, NONE_DENIED)):
        clock = partial(Clock, NOON + day * 86_400)
        monkeypatch.setattr("tests.unit.small_site.Clock", clock)
        site = make_site(toml=toml)
        content = site.client().get(SUPPORT).json()
        said.append((content["gpc"], int(content["lastUpdate"][8:10]) - 18))
        site.close()
    first, second, third, last = (True, 0), (True, 3), (True, 5), (False, 6)
    assert said == [first, first, first, second, second, third, last]


def test_it_can_be_kept_for_a_day_and_asked_for_again(site: Site) -> None:
    client = site.client()
    reply = client.get(SUPPORT)
    assert reply.headers["cache-control"] == "public, max-age=86400"
    assert "vary" not in reply.headers
    assert "set-cookie" not in reply.headers
    again = client.get(SUPPORT, headers={"if-none-match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == reply.headers["etag"]
    assert "vary" not in again.headers
    assert client.get(SUPPORT, headers={"if-none-match": '"other"'}).content == reply.content


def test_the_same_is_said_to_everybody(site: Site) -> None:
    client = site.client()
    before = client.get(SUPPORT)
    decide(client, "accept")
    for after in (client.get(SUPPORT), client.get(SUPPORT, headers={"sec-gpc": "1"})):
        assert (after.content, after.headers) == (before.content, before.headers)


def test_it_is_only_read(site: Site) -> None:
    client = site.client()
    head = client.head(SUPPORT)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(client.get(SUPPORT).content))
    post = client.post(SUPPORT)
    assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("https://www.example.fi", True),
        ("https://example.fi", True),
        ("https://other.example.fi", False),
        ("https://example.fi:8443", False),
    ],
)
def test_only_the_hosts_of_the_site_are_spoken_for(site: Site, origin: str, ours: bool) -> None:
    """What else the application serves says for itself what it does."""

    async def own(_: object) -> PlainTextResponse:
        return PlainTextResponse("the application's")

    site.bare.router.routes.append(Route(SUPPORT, own))
    assert (site.client(origin).get(SUPPORT).text != "the application's") is ours
    assert site.client(origin).get(SUPPORT + "x").status_code == 404


def test_while_the_log_is_down_nothing_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than a time that is not true; and it is said once the log works again."""

    def down(*_: object) -> object:
        raise LogUnavailable("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteLog, "bodies", down)
        reply = site.client().get(SUPPORT)
        assert (reply.status_code, reply.headers["cache-control"]) == (503, "no-store")
        assert int(reply.headers["retry-after"]) > 0
    assert site.client().get(SUPPORT).json()["gpc"] is True


# -- what a record says: R88 --


@pytest.mark.parametrize("first", ["accept", "reject"])
def test_every_record_made_under_the_signal_says_so(site: Site, first: str) -> None:
    """R88: also of a visitor whose own choice has answered everything before."""
    client = site.client(**{"sec-gpc": "1"})
    decide(client, first)
    decide(client, "save", "marketing", "statistics")
    decide(client, "reject")
    assert [record["signal"] for record in site.log()] == ["gpc"] * 3
    assert {record["method"] for record in site.log()} == {"settings"}
    client.headers.pop("sec-gpc")
    decide(client, "accept")
    assert "signal" not in site.log()[-1]


# -- the one way in: R92 --


def test_one_field_of_several_is_enough_and_each_signal_counts_once() -> None:
    """R87."""
    one, none, other = (b"sec-gpc", b"1"), (b"sec-gpc", b"0"), (b"dnt", b"1")
    assert given([none, one, other, one]) == "gpc"
    assert given([none, other]) == ""


def test_the_names_of_signals_are_words() -> None:
    """Records and states list them with spaces between."""
    for signal in SIGNALS:
        assert re.fullmatch("[a-z0-9-]+", signal.name)


PLUGGED = """
import importlib.util, json, sys
from pathlib import Path

class Dummy:
    name, title, field = "dummy", "Dummy", "X-Dummy"
    def given(self, value):
        return value == b"deny"
    def denies(self, category):
        return category.id == "statistics"

root, folder = map(Path, sys.argv[1:])
# The module as it is, with one signal more: nothing else is touched.
source = (root / "consent/signal.py").read_text("utf-8")
head, mark, tail = source.partition("SIGNALS: tuple[Signal, ...] = (")
spec = importlib.util.spec_from_loader("consent.signal", loader=None)
module = importlib.util.module_from_spec(spec)
module.Dummy = Dummy
sys.modules["consent.signal"] = module
exec(compile(f"{head}{mark}Dummy(), {tail}", "consent/signal.py", "exec"), module.__dict__)

from tests.unit.small_site import Site, decide
site = Site(folder)
client = site.client(**{"x-dummy": "deny"})
page = client.get("/")
settings = client.get("/choices/fi")
both = site.client(**{"x-dummy": "deny", "sec-gpc": "1"}).get("/choices/fi").text
plain = site.client(**{"x-dummy": "1"}).get("/choices/fi").text
decide(client, "save", "marketing")
print(json.dumps({
    "vary": [page.headers["vary"], settings.headers["vary"]],
    "page": page.text, "settings": settings.text, "both": both, "plain": plain,
    "records": site.log(), "allowed": client.get("/choices/state").json()["allowed"],
}))
site.close()
"""


def test_another_signal_needs_no_change_elsewhere(tmp_path: Path) -> None:
    """R92: named in `SIGNALS`, it is asked, shown, recorded and in `Vary`."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PLUGGED, root, tmp_path],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    said = json.loads(done.stdout)
    assert said["vary"] == ["Cookie, X-Dummy, Sec-GPC"] * 2
    assert "Dummy" in said["page"]
    assert "Dummy" in said["settings"]
    assert "Dummy" not in said["plain"]
    assert "Dummy, GPC" in said["both"]
    assert [record["signal"] for record in said["records"]] == ["dummy"]
    assert said["allowed"] == ["ads", "consent", "marketing", "necessary"]
