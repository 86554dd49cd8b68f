"""Compressed pages, and what a client reads of them."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from random import Random
from typing import Any

from consent.browser.hosts import Hosts
from consent.declaration import Service
from tests.unit.asgi_driver import HTML, Sent, page
from tests.unit.rewriter_samples import END, FIRST, HEAD, TOP

GZIP = [*HTML, (b"content-encoding", b"gzip")]
TAKES = [(b"accept-encoding", b"gzip, deflate, br, zstd")]
ADS = Service("ads", "Ads", "Ads Ltd", "marketing", ("advertising",), {}, hosts=("ads.test",))
REFUSING = replace(
    FIRST, allows=lambda name: False, hosts=Hosts([ADS], lambda name: False, [], strict=False)
)
REFUSED = b'<script src="https://ads.test/a.js"></script>'


def packed(data: bytes, *fields: tuple[bytes, bytes]) -> list[dict[str, Any]]:
    return page(gzip.compress(data), [*GZIP, *fields])


def unpacked(sent: Sent) -> bytes:
    """What a client reads, which takes one whole stream and nothing behind it."""
    assert sent.headers[b"content-encoding"] == b"gzip"
    reader = zlib.decompressobj(31)
    data = reader.decompress(sent.body)
    assert reader.eof
    assert reader.unused_data == b""
    return data


def random_page(size: int) -> bytes:
    """A page that can be compressed to about half."""
    return HEAD + TOP + Random(1).randbytes(size // 2).hex().encode() + END
