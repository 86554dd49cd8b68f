"""What work on a notice of fifty pages costs, as ratios to rendering it or to plain tools.

python tests/benchmarks/bench_lint.py [--quick] [--rounds 21]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from time import thread_time

from measure import Verdicts, interleaved, ratio, rounds_wanted

from consent.declaration import Declaration
from consent.notice.lint import lint
from consent.notice.render import render
from consent.notice.version import split_front_matter

NOTICE = Path(__file__).parents[2] / "notices/privacy/draft"
NOTHING = Declaration((), ())
PAGES = 190_000
"""The bytes of fifty pages."""


def long_notice(lang: str = "fi", size: int = PAGES) -> str:
    """The company's notice, over and over, each time with ids of its own."""
    front, markdown = split_front_matter((NOTICE / f"{lang}.md").read_text("utf-8"))
    markdown = markdown.replace("[[cookies]]", "")
    parts = [f"---\n{front}---\n"]
    while sum(map(len, parts)) < size:
        number = len(parts)
        parts.append(re.sub(r"#([a-z][a-z-]*)([})])", rf"#\1-{number}\2", markdown))
    return "\n".join(parts)


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Give a function that does the work and tells how long it took."""

    def arm() -> float:
        begin = thread_time()
        work()
        return thread_time() - begin

    return arm


def lint_ratio(rounds: int, verdicts: Verdicts) -> None:
    """Lint a notice of fifty pages, with its facts, against rendering it."""
    text, facts = long_notice(), (NOTICE / "facts.toml").read_bytes()
    files = {"fi.md": text.encode(), "facts.toml": facts}
    _, markdown = split_front_matter(text)
    arms = {
        "lint": timed(lambda: lint(files, ["fi"])),
        "render": timed(lambda: render(markdown, "fi", declaration=NOTHING, settings_address="/s")),
    }
    took = interleaved(arms, rounds)
    ratios = ratio([a / b for a, b in zip(took["lint"], took["render"], strict=True)])
    verdicts.judge("lint of fifty pages, × rendering them", ratios, 5.0)


def parity_ratio(rounds: int, verdicts: Verdicts) -> None:
    """Lint three languages beside each other, against rendering all three."""
    texts = {lang: long_notice(lang) for lang in ("fi", "sv", "en")}
    files = {f"{lang}.md": text.encode() for lang, text in texts.items()}
    files["facts.toml"] = (NOTICE / "facts.toml").read_bytes()
    pages = {lang: split_front_matter(text)[1] for lang, text in texts.items()}

    def render_all() -> None:
        for lang, markdown in pages.items():
            render(markdown, lang, declaration=NOTHING, settings_address="/s")

    arms = {"lint": timed(lambda: lint(files, list(texts))), "render": timed(render_all)}
    took = interleaved(arms, rounds)
    ratios = ratio([a / b for a, b in zip(took["lint"], took["render"], strict=True)])
    verdicts.judge("lint of them in three languages, × rendering all", ratios, 5.0)


def main() -> int:
    """Print the ratios."""
    rounds = rounds_wanted(__doc__, 21, 5)
    verdicts = Verdicts("Notice")
    lint_ratio(rounds, verdicts)
    parity_ratio(rounds, verdicts)
    return verdicts.exit_status()


if __name__ == "__main__":
    sys.exit(main())
