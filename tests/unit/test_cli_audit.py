"""`consent audit` on the command line; what it finds is tested in test_audit.py."""

import json
import sys

import pytest

from tests.unit.terminal import enter, set_up, terminal

APP = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from consent import Consent

async def index(request):
    response = HTMLResponse("<!doctype html><body>x <a href='/tietosuojaseloste'>n</a></body>")
    response.set_cookie({cookie!r}, "1")
    return response

bare = Starlette(routes=[Route("/", index)])
def make():
    return Consent.load({config!r}).protect(bare)
"""


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    set_up(terminal(capsys), tmp_path)
    return terminal(capsys)


@pytest.fixture
def auditing(run, tmp_path, monkeypatch):
    """A module in the folder that the command runs in, with a cookie of the given name."""
    assert run("log", "create")[0] == 0
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])

    def write(cookie, more=""):
        config = str(tmp_path / "consent.toml")
        (tmp_path / "audited.py").write_text(APP.format(cookie=cookie, config=config) + more)
        monkeypatch.delitem(sys.modules, "audited", raising=False)

    return write


def test_audit_is_clean_or_tells_what_to_mend(run, auditing):
    """Exit code 0, 1, and JSON."""
    auditing("stray", "app = make()")
    code, out, _ = run("audit", "audited")
    assert code == 1
    assert "/: stray is set, and nobody declares it" in out
    assert "2 pages visited" in out
    code, out, _ = run("audit", "audited:app", "--ignore", "stray", "--pages", "3")
    assert (code, out.splitlines()[-1]) == (0, "0 findings")
    _, out, _ = run("audit", "audited:app", "/", "--json")
    assert json.loads(out)["findings"][0]["subject"] == "stray"
    assert run("audit", "audited:make", "--factory")[0] == 1
    assert run("audit", "audited:bare", "--config", "consent.toml")[0] == 1


def test_audit_says_why_it_cannot_run(run, auditing):
    """Exit code 2, one line and a remedy."""
    auditing("x")
    for name, why in (
        ("nowhere", "No module named 'nowhere'"),
        ("audited:missing", "has no attribute 'missing'"),
        ("audited:__name__", "is no application"),
        ("audited:bare", "has no consent component around it"),
    ):
        code, _, err = run("audit", name)
        assert code == 2
        assert why in err
        assert err.count("\n") == 2
        assert "see the documentation" not in err
