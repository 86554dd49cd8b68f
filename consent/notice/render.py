"""From Markdown to the HTML of a notice, and nothing in it that an editor did not mean.

Raw HTML in the Markdown becomes visible text; what is left goes through nh3 with an allow-list of
our own (`allow`). What an editor must mend is listed, not raised, so that a draft can be seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from ..declaration import Declaration
from ..errors import Problem
from .allow import clean, safe_link
from .cookies import cookie_table
from .html import Heading, read
from .version import Text, VersionSource

_TOKEN = re.compile(r"\[\[([^\[\]\n]*)\]\]")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """One language of a notice, rendered.

    `body` is safe HTML without the page round it, `toc` its headings, `text` its words for search;
    `problems` is empty if it may be published.
    """

    body: str
    toc: tuple[Heading, ...]
    text: str
    problems: tuple[Problem, ...]


def render(
    markdown: str,
    lang: str,
    *,
    declaration: Declaration,
    settings_address: str,
    version: str | None = None,
    file: str = "",
) -> Page:
    """Render the Markdown of one language.

    `[[cookies]]` alone on a line becomes the cookie table of `declaration` as of notice `version`
    (None: every service), `[[settings]]` as a link's target the address of the settings page.
    `file` names the file in the problems. Raises nothing for what the Markdown holds: whatever
    it is, `body` is safe, and its faults are in `problems`.
    """
    problems: list[Problem] = []

    def fault(key: str, message: str, remedy: str) -> None:
        problems.append(Problem(file or f"{lang}.md", key, message, remedy))

    body, notes = _convert(_COMMENT.sub("", markdown))
    for key, message, remedy in notes:
        fault(key, message, remedy)
    body = body.replace('href="[[settings]]', f'href="{escape(settings_address)}')
    # The table is spliced in after the tokens are looked for: its texts are not Markdown.
    parts = body.split("<p>[[cookies]]</p>")
    for token in sorted({match[1] for part in parts for match in _TOKEN.finditer(part)}):
        remedy = "use [[cookies]] alone on a line, or [[settings]] as the target of a link"
        fault(f"[[{token}]]", "unknown token, or not where it can stand (R72)", remedy)
    if len(parts) > 2:
        fault("[[cookies]]", "stands more than once", "keep one")
        parts[1:] = ["".join(parts[1:])]
    body = clean(cookie_table(declaration, lang, version).join(parts)).strip() + "\n"
    reading = read(body)
    _check_ids(body, reading.ids, fault)
    return Page(body, reading.headings, reading.text, tuple(problems))


def render_version(
    source: VersionSource,
    *,
    declaration: Declaration,
    settings_addresses: Mapping[str, str],
    version: str | None = None,
) -> dict[str, Page]:
    """Render every language of a version.

    `settings_addresses` gives the settings page's address per language. A difference of sections
    between the languages is among the problems of the later one (R48).
    """
    pages: dict[str, Page] = {}
    first: Text | None = None
    for lang, text in source.texts.items():
        page = render(
            text.markdown,
            lang,
            declaration=declaration,
            settings_address=settings_addresses[lang],
            version=version,
            file=text.file,
        )
        if first is None:
            first = text
        elif problem := _parity(first, pages[first.lang], text, page):
            page = Page(page.body, page.toc, page.text, (*page.problems, problem))
        pages[lang] = page
    return pages


def _parity(first: Text, one: Page, text: Text, other: Page) -> Problem | None:
    ours, theirs = ([(h.id, h.level) for h in page.toc] for page in (one, other))
    if ours == theirs:
        return None
    pairs = zip([*ours, None], [*theirs, None], strict=False)
    mine, other_one = next(pair for pair in pairs if pair[0] != pair[1])
    key = f"#{(other_one or mine or ('', 0))[0]}"
    wanted = f"#{mine[0]} at level {mine[1]}" if mine else "no further section"
    message = f"the sections differ from {first.file}, which here has {wanted} (R48)"
    return Problem(text.file, key, message, "give both the same sections, ids and order")


def _convert(markdown: str) -> tuple[str, list[tuple[str, str, str]]]:
    from markdown import Markdown
    from markdown.extensions.tables import TableExtension
    from markdown.extensions.toc import TocExtension

    from ._markdown import Meaning

    notes: list[tuple[str, str, str]] = []
    converter = Markdown(
        extensions=[
            "attr_list",
            "def_list",
            TableExtension(use_align_attribute=True),
            TocExtension(marker=""),
            Meaning(notes),
        ],
        tab_length=2,
    )
    # Without these two, raw HTML is text like any other and is escaped.
    converter.preprocessors.deregister("html_block")
    converter.inlinePatterns.deregister("html")
    try:
        body = converter.convert(markdown)
        remedy = "name the address of a link, or write the bracket that is text as \\["
        notes += [
            (f"[{name}]: {target}", "it is read as the address of a link, and left out", remedy)
            for name, (target, _) in converter.references.items()
            if not safe_link(target.replace("[[settings]]", "/", 1))
        ]
        return body, notes
    except RecursionError:
        remedy = "a notice needs no more than a few levels of lists and quotes"
        return "", [("", "the text is nested too deeply", remedy)]


def _check_ids(body: str, ids: Sequence[str], fault: Callable[[str, str, str], None]) -> None:
    seen = set()
    for key in ids:
        if key in seen:
            fault(f"#{key}", "the id stands twice", "give each section an id of its own")
        seen.add(key)
    for target in re.findall(r'href="#([^"]*)"', body):
        if target not in seen:
            fault(f"#{target}", "a link leads to a section that is not there", "mend the link")
