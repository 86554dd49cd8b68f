"""On pages as sites have them, what is taken for a tag is what html5lib takes for one."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import django
import html5lib
import pytest
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.applications import Starlette
from starlette.middleware.errors import ServerErrorMiddleware

from tests.unit.asgi_driver import cut
from tests.unit.test_holding import held

ROOT = Path(__file__).parents[2]
# Not marked is what another element stands for when it is held, what a `noscript` has no use for,
# and what a parser leaves out where it may not stand.
_OTHERS = rb"script|style|iframe|embed|object|template|noscript|html|head|body|thead|tbody|tr|t[hd]"
_START = re.compile(rb"<(?!(?i:%b)\b)([a-zA-Z][^\s/>]*)" % _OTHERS)
_MARK = re.compile(rb" background=//ads\.test/([0-9]+) ")


def pages() -> Iterator[tuple[str, bytes]]:
    """Notices, what frameworks show by themselves, and templates, in which tags are odd indeed."""
    for file in sorted((ROOT / "examples").rglob("*.html")):
        yield file.relative_to(ROOT).as_posix(), file.read_bytes()
    templates = Path(django.__file__).parent
    for file in sorted(templates.rglob("*.html")):
        yield file.relative_to(templates).as_posix(), file.read_bytes()
    try:
        raise ValueError("<script>'</p>")
    except ValueError as error:
        report = ServerErrorMiddleware(Starlette()).generate_html(error)
    yield "an error page", report.encode()
    for make in (get_swagger_ui_html, get_redoc_html):
        yield make.__name__, bytes(make(openapi_url="/openapi.json", title="API").body)


def marked(page: bytes) -> bytes:
    """The page with an address that loads in all that looks like a start tag, each its own."""
    count = iter(range(1_000_000))
    return _START.sub(lambda at: b"<%b background=//ads.test/%d " % (at[1], next(count)), page)


def seen(page: bytes) -> set[int]:
    """The numbers that html5lib finds in tags."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = html5lib.parse(page, transport_encoding="utf-8")
    values = (element.get("background", "") for element in document.iter())
    return {int(value.rpartition("/")[2]) for value in values if value.startswith("//ads.test/")}


@pytest.mark.parametrize(("name", "page"), list(pages()))
def test_a_tag_is_one_exactly_where_html5lib_sees_one(name: str, page: bytes) -> None:
    page = marked(page)
    every = {int(number) for number in _MARK.findall(page)}
    whole = held(page)
    assert every - {int(number) for number in _MARK.findall(whole)} == seen(page)
    for size in (1, 1000):
        assert held(page, cut(page, size)) == whole
