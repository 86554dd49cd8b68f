"""Compressed pages that are broken, and encodings that cannot be read and are not asked for."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import pytest

from consent.browser import encoded
from consent.browser.encoded import Asking, asking
from consent.browser.inject import Plan
from consent.browser.request import READ
from tests.unit.asgi_driver import HTML, cut, page, respond
from tests.unit.asgi_driver import scope as request
from tests.unit.encoded_samples import GZIP, REFUSING, TAKES, packed, random_page, unpacked
from tests.unit.rewriter_samples import FIRST, HEAD, PAGE, TAIL_BYTES, TOP


@pytest.fixture(autouse=True)
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "_told", set())


@pytest.fixture
def asked() -> Iterator[Asking]:
    """What asks the app, as in a new process."""
    before, asking.left = asking.left, 100
    READ.add(b"accept-encoding")
    yield asking
    asking.left = before
    READ.add(b"accept-encoding")


# -- what is broken or cannot be read --


@pytest.mark.parametrize("plan", [FIRST, REFUSING])
@pytest.mark.parametrize("single", [True, False])
def test_of_a_page_that_is_cut_off_what_there_is_goes_out(
    plan: Plan, single: bool, caplog: pytest.LogCaptureFixture
) -> None:
    data = gzip.compress(PAGE)[:-12]
    got = zlib.decompressobj(31).decompress(data)
    assert got.startswith(HEAD + TOP)
    messages = page(cut(data, 1) if single else data, GZIP)
    for _ in range(2):
        sent = respond(plan, messages, headers=TAKES)
        assert unpacked(sent) == respond(plan, page(got)).body
    assert [r.getMessage() for r in caplog.records] == [
        "a compressed page was cut off: what there is of it was passed on"
    ]


@pytest.mark.parametrize("plan", [FIRST, REFUSING])
def test_a_page_that_is_broken_from_its_beginning_is_answered_502(
    plan: Plan, caplog: pytest.LogCaptureFixture
) -> None:
    for data in ([PAGE], cut(PAGE, 7), [gzip.compress(PAGE)[:10] + b"\xff" * 99, b"more"]):
        sent = respond(plan, page(data, GZIP), headers=TAKES)
        assert sent.start["status"] == 502
        assert sent.headers[b"cache-control"] == b"no-store"
        assert b"cannot be shown" in sent.body
        assert PAGE[:20] not in sent.body
    assert len(caplog.records) == 1


@pytest.mark.parametrize("size", [1000, 20_000, 10**9])
def test_a_page_that_breaks_later_ends_there(size: int, caplog: pytest.LogCaptureFixture) -> None:
    text = random_page(400_000)
    packer = zlib.compressobj(wbits=31)
    data = packer.compress(text[:300_000]) + packer.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 90_000
    trailers = {"type": "http.response.trailers", "headers": [], "more_trailers": False}
    first, *rest = page(cut(data, size), GZIP)
    first["trailers"] = True
    sent = respond(FIRST, [first, *rest, trailers], headers=TAKES)
    got = unpacked(sent)
    assert sent.kinds[-1] == "trailers"
    assert got.startswith(respond(FIRST, page(text)).body[:200_000])
    assert got.endswith(TAIL_BYTES)
    assert "broken" in caplog.text


def test_an_empty_body_is_no_broken_one(caplog: pytest.LogCaptureFixture) -> None:
    sent = respond(FIRST, page(b"", GZIP), headers=TAKES)
    assert unpacked(sent) == b""
    assert caplog.text == ""


UNREADABLE = [[(b"content-encoding", coding)] for coding in (b"br", b"zstd", b"deflate, gzip")]
TWICE = [
    [(b"content-encoding", b"gzip"), (b"content-encoding", b"br")],
    [(b"content-encoding", b"br"), (b"content-encoding", b"identity")],
]


@pytest.mark.parametrize("fields", UNREADABLE)
def test_an_encoding_that_cannot_be_read_passes_where_nothing_is_refused(
    fields: list[tuple[bytes, bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        sent = respond(FIRST, page(b"\x0b\x02", [*HTML, *fields]), headers=TAKES)
        assert (sent.start["status"], sent.body) == (200, b"\x0b\x02")
        coded = [field for field in sent.start["headers"] if field[0] == b"content-encoding"]
        assert coded == fields
    (told,) = [record.getMessage() for record in caplog.records]
    assert "passed on without banner" in told


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("fields", [*UNREADABLE, *TWICE])
def test_an_encoding_that_cannot_be_read_is_answered_502_where_something_is_refused(
    fields: list[tuple[bytes, bytes]], method: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        sent = respond(REFUSING, page([b"\x0b", b"\x02"], [*HTML, *fields]), method, TAKES)
        assert sent.start["status"] == 502
        assert sent.kinds == ["start", "body"]
        assert (sent.body == b"") == (method == "HEAD")
    (told,) = [record.getMessage() for record in caplog.records]
    assert "answered 502" in told


# -- what the app is asked for --


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        (b"gzip, deflate, br, zstd", b"gzip, deflate"),
        (b"br;q=1.0, GZIP;q=0.8, *;q=0.1", b"GZIP;q=0.8"),
        (b"gzip", b"gzip"),
        (b"br", b"identity"),
        (b"identity;q=0, br", b"identity;q=0"),
        (b"", b"identity"),
    ],
)
def test_the_app_is_asked_for_what_can_be_read(
    asked: Asking, accepted: bytes, given: bytes
) -> None:
    came = [(b"accept", b"text/html,*/*"), (b"accept-encoding", accepted), (b"x", b"y")]
    seen = request(headers=came)
    assert asked.readable(seen)["headers"] == [came[0], (b"accept-encoding", given), came[2]]
    assert seen["headers"] == came


def test_what_is_no_request_for_a_page_stays(asked: Asking) -> None:
    for accept in ([], [(b"accept", b"text/css,*/*;q=0.1")]):
        seen = request(headers=[*accept, *TAKES])
        assert asked.readable(seen) is seen


def test_an_app_that_does_not_compress_is_not_asked_any_more(asked: Asking) -> None:
    seen = request(headers=[(b"accept", b"text/html"), *TAKES])
    for _ in range(100):
        assert b"accept-encoding" in READ
        assert asked.readable(seen) is not seen
    assert b"accept-encoding" not in READ
    assert asked.readable(seen) is seen
    assert respond(FIRST, packed(PAGE), headers=TAKES).start["status"] == 200
    for _ in range(200):
        assert asked.readable(seen) is not seen
