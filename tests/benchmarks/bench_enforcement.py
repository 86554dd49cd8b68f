"""What auto-blocking costs: time per page, × a scan of the same bytes by one regular expression.

    python tests/benchmarks/bench_enforcement.py [--quick | --rounds N]

The reference reads the page tag by tag and attribute by attribute, with one call for each tag, and
does nothing: what a rewriter costs at least that looks at every tag. "Ungated" pages load nothing
from refused hosts, "gated" ones ten times in 20 KB. The last figure is that of a whole request
to the component, where the same bytes have come before, against the same reference. What a server
takes over sockets is in bench_server.py.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import cycle
from time import thread_time

from bench_middleware import component, make_page, page_app, request, timed
from measure import Verdicts, interleaved, ratio, rounds_wanted

from consent.browser.gates import Gates
from consent.browser.hosts import Hosts
from consent.declaration import Service

SIZES = (20_000, 200_000, 2_000_000)
HOSTS = tuple(f"{name}.vendor{number}.example" for number in range(6) for name in ("cdn", "*"))
_SCAN = re.compile(
    rb"""<!--(?:[^-]++|-(?!->))*+(?:-->|\Z)|<(/?)([a-zA-Z][^\t\n\f\r />]*+)"""
    rb"""((?:[\t\n\f\r /]++|[^\t\n\f\r />=]++(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+"""
    rb"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >"']?[^\t\n\f\r >]*+))?)*+)(?:>|\Z)|<"""
)


def hosts() -> Hosts:
    services = [
        Service(
            f"v{n}", "V", "V", "marketing", ("advertising",), {}, hosts=HOSTS[2 * n : 2 * n + 2]
        )
        for n in range(6)
    ]
    return Hosts(services, lambda name: False, ("www.example.fi",))


def gated(page: bytes) -> bytes:
    """The page with ten refused tags in each 20 KB."""
    rows = page.split(b'<div class="card')
    tags = (
        b'<script src="https://cdn.vendor1.example/tag.js" async></script>',
        b'<img src="https://a.vendor2.example/pixel.gif" width="1" height="1" alt="">',
    )
    every = max(1, len(rows) * 2000 // len(page))
    for at in range(every, len(rows), every):
        rows[at] = tags[at % 2] + b'<div class="card' + rows[at]
    return b"".join(
        row if at == 0 or row.startswith(tags) else b'<div class="card' + row
        for at, row in enumerate(rows)
    )


def scan(page: bytes) -> None:
    """The reference."""
    names: list[bytes] = []
    _SCAN.sub(lambda match: names.append(match[2]) or b"", page)


def seconds(work: Callable[[bytes], object], page: bytes, least: float = 0.02) -> float:
    count, begin = 0, thread_time()
    while (took := thread_time() - begin) < least:
        work(page)
        count += 1
    return took / count


def main() -> int:
    rounds = rounds_wanted(__doc__, 31, 9)
    verdicts = Verdicts("Auto-blocking: time, × a tokenising scan of the same page")
    refused = hosts()

    def hold(page: bytes) -> bytes:
        return Gates(lambda name: False, None, refused).feed(page, True)

    for size in SIZES:
        plain = make_page(size)
        marked = gated(plain)
        assert hold(plain) == plain
        assert hold(marked).count(b"data-consent=") >= size // 3000
        arms = {
            "scan": lambda page=plain: seconds(scan, page),
            "scan, gated": lambda page=marked: seconds(scan, page),
            "ungated": lambda page=plain: seconds(hold, page),
            "gated": lambda page=marked: seconds(hold, page),
        }
        took = interleaved(arms, rounds)
        for name, base, limit in (("ungated", "scan", 1.2), ("gated", "scan, gated", 0.8)):
            ratios = [a / b for a, b in zip(took[name], took[base], strict=True)]
            verdicts.judge(f"{name}, {size // 1000} KB", ratio(ratios), limit)
    with ExitStack() as running:
        site = running.enter_context(component("own", hosts={"marketing": HOSTS}))
        page = gated(make_page(20_000))
        bare, behind = page_app(page), site.protect(page_app(page))
        requests = cycle([request()])
        timed(behind, requests, 50)
        arms = {
            "scan": lambda: seconds(scan, page),
            "bare": lambda: timed(bare, requests, 2000),
            "behind": lambda: timed(behind, requests, 1000),
        }
        took = interleaved(arms, rounds)
        over = [
            (a - b) / c for a, b, c in zip(took["behind"], took["bare"], took["scan"], strict=True)
        ]
        verdicts.judge("the same bytes again, a whole request, 20 KB", ratio(over), 0.15)
    return verdicts.exit_status()


if __name__ == "__main__":
    sys.exit(main())
