"""Our extension of Python-Markdown: ids of sections, labels of cells, and what to tell the editor.

Imported by `render` on first use only, since it imports markdown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.tables import TableProcessor
from markdown.treeprocessors import Treeprocessor

from .allow import ALIGNED, safe_id, safe_link

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from markdown.blockparser import BlockParser

Note = tuple[str, str, str]
"""What is wrong: where, what, and how to mend it."""

_TOP_LEVEL = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_MEANT = {"id", "lang", "href", "title", "src", "alt", "start", "align"}
_ITEM = re.compile(r"\n[ \t]*[-*+][ \t]+(\S[^\n]{0,40})")


class Meaning(Extension):
    """Adds to `notes` what an editor must mend; see `Rows`, `Strays`, `Sections` and `Contents`."""

    def __init__(self, notes: list[Note]) -> None:
        super().__init__()
        self.notes = notes

    def extendMarkdown(self, md: Markdown) -> None:
        """Register all: ids after attr_list has read them (8) and before toc makes its own (5)."""
        md.parser.blockprocessors.register(Rows(md.parser, self.notes), "table", 75)
        # Before the escapes are resolved (0), so that what is meant as text is none of these.
        md.treeprocessors.register(Strays(self.notes), "strays", 7)
        md.treeprocessors.register(Sections(self.notes), "sections", 6)
        contents = Contents(self.notes)
        # After the escapes are resolved (0), so that labels and links are read as they will stand.
        md.treeprocessors.register(contents, "contents", -10)


class Rows(TableProcessor):
    """Tells of cells that their table has no column for: they would be left out without a word."""

    def __init__(self, parser: BlockParser, notes: list[Note]) -> None:
        super().__init__(parser, {"use_align_attribute": True})
        self.notes = notes

    def _build_row(self, row: str, parent: Element, align: Sequence[str | None]) -> None:
        lost = [cell.strip() for cell in self._split_row(row)[len(align) :]]  # type: ignore[attr-defined]
        if any(lost):
            remedy = "give the head of the table as many cells, or write a bar that is text as \\|"
            key, message = " | ".join(filter(None, lost)), "the table has no column for it"
            self.notes.append((key, message, remedy))
        super()._build_row(row, parent, align)  # type: ignore[misc]


class Strays(Treeprocessor):
    """Tells of what is left out or read as text though it was meant otherwise."""

    def __init__(self, notes: list[Note]) -> None:
        super().__init__()
        self.notes = notes

    def run(self, root: Element) -> None:
        """Look through the tree under `root`."""
        for element in root.iter():
            if not isinstance(element.tag, str):
                continue
            if extra := " ".join(sorted(set(element.attrib) - _MEANT)):
                remedy = "in braces write #id alone, and a brace that is text as \\{"
                self.notes.append((f"{{{extra}}}", "what stands in braces is not kept", remedy))
            own = "" if element.tag in ("pre", "code") else element.text
            for text in (own, *(inner.tail for inner in element)):
                if item := _ITEM.search(text or ""):
                    remedy = (
                        "leave an empty line before a list, and indent each level by two spaces"
                    )
                    self.notes.append((item[1], "it is no item of a list, but text", remedy))


class Sections(Treeprocessor):
    """Gives each heading an id that is the same in all languages.

    A section (`##`) must carry one; what stands below it is counted within it.
    """

    def __init__(self, notes: list[Note]) -> None:
        super().__init__()
        self.notes = notes

    def run(self, root: Element) -> None:
        """Number the headings under `root`."""
        section, count, below = "section", 0, 0
        for heading in root.iter():
            level = _TOP_LEVEL.get(heading.tag if isinstance(heading.tag, str) else "")
            if level is None:
                continue
            words = " ".join("".join(heading.itertext()).split())
            if level == 1:
                heading.tag, level = "h2", 2
                remedy = "the title stands in the front matter; begin sections with ##"
                self.notes.append((words, "a heading of the first level", remedy))
            if level > 2:
                below += 1
                if not heading.get("id"):
                    heading.set("id", f"{section}-{below}")
                continue
            count, below = count + 1, 0
            if not heading.get("id"):
                heading.set("id", f"section-{count}")
                remedy = "write ## Heading {#an-english-id}, the same in every language"
                self.notes.append((words, "a section without an id (R48)", remedy))
            section = heading.get("id", "")


class Contents(Treeprocessor):
    """Labels the cells of tables, keeps their alignment as a class, and judges links and images."""

    def __init__(self, notes: list[Note]) -> None:
        super().__init__()
        self.notes = notes

    def run(self, root: Element) -> None:
        """Change the tree under `root` in place."""
        for element in root.iter():
            key = element.get("id")
            if key is not None and not safe_id(key):
                remedy = "write lower-case English words with hyphens, not beginning with vc-"
                remedy += ", and no name that scripts look for, such as clarity"
                self.notes.append((f"#{key}", "the id is not kept", remedy))
            if element.tag == "table":
                self._table(element)
            elif element.tag == "a":
                self._link(element)
            elif element.tag == "img":
                self._image(element)

    def _table(self, table: Element) -> None:
        labels = []
        for head in table.iter("th"):
            head.set("scope", "col")
            labels.append(" ".join("".join(head.itertext()).split()))
        for row in table.iter("tr"):
            for label, cell in zip(labels, row.findall("td"), strict=False):
                cell.set("data-label", label)
            for cell in row:
                # `align` is obsolete and an inline style would break a strict policy.
                if name := ALIGNED.get(cell.attrib.pop("align", "")):
                    cell.set("class", name)

    def _link(self, link: Element) -> None:
        target = link.get("href", "").replace("[[settings]]", "/", 1)
        # Python-Markdown writes the letters of an e-mail autolink as placeholders for entities.
        if "\x02" in target:
            return
        if not safe_link(target):
            remedy = "link to https://, mailto:, tel:, a path of this site or #section"
            self.notes.append((target, "the link is not kept", remedy))

    def _image(self, image: Element) -> None:
        remedy = "say in words what it shows; an image tells its host who reads the notice"
        self.notes.append((image.get("src", ""), "the image is not kept", remedy))
        words, tail = image.get("alt", ""), image.tail
        image.clear()
        image.tag, image.text, image.tail = "em", words, tail
