"""What metrics cost a decision, as a ratio to the same decision without them.

    python tests/benchmarks/bench_metrics.py [--quick | --rounds N]

Two sites in one process take the same answers, 32 at a time, each into a log of its own; what is
compared is the CPU time of the process, the log's thread with it.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the tests' small site

from measure import Verdicts, interleaved, ratio, rounds_wanted

from consent.pages.limits import Bucket
from tests.unit.small_site import TOML, Site

TARGET = 1.05
AT_ONCE, EACH = 32, 8
TOKEN = "mT4xQ8vR-2kLw9zBc_Yh7NfGdJ6pUs3a"


def site(folder: str, *, measured: bool) -> Site:
    more = "\n[metrics]\nenabled = true\n" if measured else ""
    made = Site(Path(folder), toml=TOML + more, metrics_token=TOKEN)
    # How often one address may answer is not what is measured.
    made.consent.runtime.grants = made.consent.runtime.refusals = Bucket(rate=1e9, burst=10**9)
    return made


async def answer(app: Any, shown: str, number: int) -> None:
    """Post one answer; of three, one refuses."""
    form = {
        "shown": shown,
        "token": f"token of its own {number:08}",
        "decision": "reject" if number % 3 == 0 else "accept",
        "method": "banner",
    }
    body = urlencode(form).encode()
    headers = [
        (b"host", b"www.example.fi"),
        (b"sec-fetch-site", b"same-origin"),
        (b"content-type", b"application/x-www-form-urlencoded"),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/choices/decide",
        "raw_path": b"/choices/decide",
        "query_string": b"",
        "client": ("203.0.113.1", 1),
        "headers": headers,
        "state": {},
    }
    replies: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        replies.append(message)

    await app(scope, receive, send)
    assert replies[0]["status"] == 303, replies[0]


def main() -> int:
    rounds = rounds_wanted(__doc__, 41, 9)
    verdicts = Verdicts("Metrics: CPU of a decision, × that without them")
    numbers = count(1)
    with ExitStack() as stack, asyncio.Runner() as runner:
        sites = {
            name: site(stack.enter_context(TemporaryDirectory()), measured=name == "on")
            for name in ("off", "on")
        }

        def arm(name: str) -> float:
            app, runtime = sites[name].app, sites[name].consent.runtime
            shown = runtime.edition.presentations["fi"][0].hash

            async def visitor() -> None:
                for _ in range(EACH):
                    await answer(app, shown, next(numbers))

            async def visitors() -> None:
                await asyncio.gather(*(visitor() for _ in range(AT_ONCE)))

            gc.collect()
            begin = time.process_time()
            runner.run(visitors())
            return (time.process_time() - begin) / (AT_ONCE * EACH)

        took = interleaved({name: lambda name=name: arm(name) for name in sites}, rounds)
        for each in sites.values():
            each.close()
    over = [on / off for on, off in zip(took["on"], took["off"], strict=True)]
    verdicts.judge("a decision with metrics, 32 at a time", ratio(over), TARGET)
    print(f"  a decision without them: {ratio([s * 1e6 for s in took['off']]).middle:.0f} µs")
    return verdicts.exit_status()


if __name__ == "__main__":
    sys.exit(main())
