"""What the notice's own work costs, as a ratio to a reference in the same run.

A redline ÷ difflib at two levels: blocks, then the words inside those that were replaced.
A version's page through the whole component, 200 and 304 ÷ a bare Starlette Response of its bytes.

    python tests/benchmarks/bench_notice.py [--quick] [--rounds 21]
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Coroutine, MutableMapping
from difflib import SequenceMatcher
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import thread_time
from typing import Any

from measure import Verdicts, interleaved, ratio, rounds_wanted
from starlette.applications import Starlette
from starlette.responses import Response

from consent.component import Consent
from consent.log import create_log
from consent.notice.redline import accept, compare, reject
from consent.settings import load

ROOT = Path(__file__).parents[2]
KEY = "k8sJ2mdP0qLx7VbTzRw4YhNc6GfEuAi1"
SLICE = 0.02
"""Seconds of one measurement at least."""
_TOKENS = re.compile(r"\w+(?:[-–’'.]\w+)*|\s+|[^\w\s]")


def notice(size: int) -> str:
    """A Finnish notice of about `size` bytes: the one of this project, as often as it takes."""
    text = (ROOT / "notices/privacy/draft/fi.md").read_text("utf-8").split("---\n", 2)[2]
    whole = ""
    for number in range(1 + size // len(text.encode())):
        whole += re.sub(r"\{#([\w-]+)\}", rf"{{#\1-{number}}}", text)
    cut = whole.encode()[:size].decode("utf-8", "ignore")
    return cut[: cut.rindex("\n\n") + 2]


def edited(text: str, share: float, seed: int = 1) -> str:
    """A text in which that share of its blocks is changed: words, whole blocks gone and come."""
    random, words = Random(seed), re.findall(r"\w{4,}", text)
    blocks = []
    for block in text.split("\n\n"):
        what = random.random() if random.random() < share else 1.0
        if what < 0.08:
            continue
        if what < 0.16:
            blocks.append(" ".join(random.choices(words, k=20)) + ".")
        elif what < 1.0:
            parts = re.split(r"(\w+)", block)
            for _ in range(max(1, len(parts) // 20)):
                place = random.randrange(len(parts))
                parts[place] = random.choice(words) if place % 2 else parts[place]
            block = "".join(parts)
        blocks.append(block)
    return "\n\n".join(blocks)


def two_level(old: str, new: str) -> list[tuple[str, str, str]]:
    """The reference: the steps from one text to the other."""
    a, b = old.split("\n\n"), new.split("\n\n")
    steps = []
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        ours, theirs = "\n\n".join(a[i:j]), "\n\n".join(b[k:m])
        if tag != "replace":
            steps.append((tag, ours, theirs))
            continue
        one, other = _TOKENS.findall(ours), _TOKENS.findall(theirs)
        matcher = SequenceMatcher(None, one, other, autojunk=False)
        for inner, p, q, r, s in matcher.get_opcodes():
            steps.append((inner, "".join(one[p:q]), "".join(other[r:s])))
    return steps


def timed(work: Callable[[], object], count: int) -> float:
    """The seconds of this thread that one call takes, over `count` of them."""
    begun = thread_time()
    for _ in range(count):
        work()
    return (thread_time() - begun) / count


def redlines(verdicts: Verdicts, rounds: int) -> None:
    """Judge the redline at 14 KB and 191 KB, a little and much edited."""
    for size in (14_000, 191_000):
        old = notice(size)
        for share in (0.05, 0.6):
            new = edited(old, share)
            found = compare(old, new)
            lost = (accept(found), reject(found)) != (new, old)
            works = {
                "two-level": lambda old=old, new=new: two_level(old, new),
                "redline": lambda old=old, new=new: compare(old, new),
            }
            counts = {n: max(1, int(SLICE / max(timed(w, 1), 1e-6))) for n, w in works.items()}
            took = interleaved(
                {n: lambda n=n, works=works, c=counts: timed(works[n], c[n]) for n in works},
                rounds,
            )
            pairs = zip(took["redline"], took["two-level"], strict=True)
            name = f"redline, {size // 1000} KB, {share:.0%} edited ÷ two-level difflib"
            verdicts.judge(name, ratio([ours / theirs for ours, theirs in pairs]), 1.5)
            verdicts.judge(f"redline, {size // 1000} KB, {share:.0%} edited: text lost", lost, 0)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited for something")


def served(verdicts: Verdicts, rounds: int) -> None:
    """Judge serving a kept version, to a new visitor and to one who has a copy of it."""
    path = "/tietosuojaseloste/2026.1"
    request = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
    request |= {"query_string": b"", "root_path": "", "http_version": "1.1", "scheme": "http"}
    fields = [(b"host", b"shop.localhost:8002"), (b"accept", b"text/html")]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    sent: list[MutableMapping[str, Any]] = []

    async def collect(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def away(message: MutableMapping[str, Any]) -> None:
        pass

    with TemporaryDirectory() as folder:
        site = Path(folder)
        shutil.copytree(ROOT / "examples/fictitious", site, dirs_exist_ok=True)
        create_log(str(site / "consent-log.sqlite3"), "shop.localhost:8002")
        settings = load(site / "consent.toml", {"CONSENT_SECRET_KEYS": KEY})
        consent = Consent(settings)
        app = consent.protect(Starlette())
        run(app({**request, "headers": fields}, receive, collect))
        headers = {k.decode(): v.decode() for k, v in sent[0]["headers"] if k != b"content-length"}
        body = sent[1]["body"]
        copy = [*fields, (b"if-none-match", headers["etag"].encode())]

        async def bare(scope: object, receive: object, send: Any) -> None:
            await Response(body, headers=headers)(request, receive, send)

        def one(app: Any, fields: list[tuple[bytes, bytes]]) -> Callable[[], object]:
            return lambda: run(app({**request, "headers": fields}, receive, away))

        works = {"bare": one(bare, fields), "200": one(app, fields), "304": one(app, copy)}
        took = interleaved({n: lambda w=w: timed(w, 1000) for n, w in works.items()}, rounds)
        for status in ("200", "304"):
            ratios = [a / b for a, b in zip(took[status], took["bare"], strict=True)]
            name = f"a kept version, {status} ÷ a bare Response of the same bytes"
            verdicts.judge(name, ratio(ratios), 1.0)
        consent.close()


def main() -> int:
    """Print the ratios."""
    rounds = rounds_wanted(__doc__, 21, 7)
    verdicts = Verdicts("Notice")
    served(verdicts, rounds)
    redlines(verdicts, rounds)
    return verdicts.exit_status()


if __name__ == "__main__":
    sys.exit(main())
