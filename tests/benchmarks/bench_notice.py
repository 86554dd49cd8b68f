"""What the notice's own work costs, as a ratio to a reference in the same run.

A redline ÷ difflib at two levels: blocks, then the words inside those that were replaced.

    python tests/benchmarks/bench_notice.py [--quick] [--rounds 21]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path
from random import Random
from time import thread_time

from measure import Verdicts, interleaved, ratio, rounds_wanted

from consent.notice.redline import accept, compare, reject

ROOT = Path(__file__).parents[2]
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


def main() -> int:
    """Print the ratios."""
    rounds = rounds_wanted(__doc__, 21, 7)
    verdicts = Verdicts("Notice")
    redlines(verdicts, rounds)
    return verdicts.exit_status()


if __name__ == "__main__":
    sys.exit(main())
