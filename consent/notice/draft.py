"""A new draft, begun from a version that was published."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from ..errors import NoticeError, Problem
from .files import write_new
from .package import FACTS, Package
from .shelf import DRAFT
from .version import split_front_matter

_CHANGE = re.compile(r"^change:[^\n]*\n(?:[ \t][^\n]*\n|\n)*", re.MULTILINE)
_VERSION = re.compile(r"^\[version\][^\n]*\n(?:(?!\[)[^\n]*\n)*", re.MULTILINE)


def new_draft(package: Package, document: Path) -> Path:
    """Write the texts and the facts of a version as the draft of a document's folder.

    What tells of the old change is left out: the summaries, the effective date, the class and its
    reason; the class begins as `editorial`, and publishing says when the facts ask for more.
    Returns the draft's folder. Raises `NoticeError` when there is a draft already.
    """
    draft = document / DRAFT
    names = [f"{lang}.md" for lang in package.renditions]
    there = [name for name in [*names, FACTS] if (draft / name).exists()]
    if there:
        remedy = f"go on with it, or move {' '.join(there)} away"
        raise NoticeError([Problem(str(draft), "", "there is a draft already", remedy)])
    draft.mkdir(parents=True, exist_ok=True)
    for name in names:
        write_new(draft / name, _unsummarised(package.files[name]))
    # A draft is one by its facts, which therefore come last.
    write_new(draft / FACTS, _undated(package.files[FACTS]))
    return draft


def _unsummarised(raw: bytes) -> bytes:
    text = raw.decode("utf-8").replace("\r\n", "\n")
    front, _ = split_front_matter(text)
    if front is None:
        return raw
    return text.replace(front, _CHANGE.sub('change: ""\n', front, count=1), 1).encode()


def _undated(raw: bytes) -> bytes:
    text = raw.decode("utf-8").replace("\r\n", "\n")
    match = _VERSION.search(text)
    lines = [
        line
        for line in (match[0] if match else "").splitlines()
        if not re.match(r"(class|effective|reason)\s*=", line)
    ]
    if not lines:
        return raw
    lines.insert(1, 'class = "editorial"')
    changed = _VERSION.sub(lambda _: "\n".join(lines) + "\n", text, count=1)
    # Written in another way, it stays: publishing refuses an old date and an old reason.
    return changed.encode() if _is_undated(changed, text) else raw


def _is_undated(changed: str, text: str) -> bool:
    before = tomllib.loads(text)
    before["version"] = {
        key: value
        for key, value in before["version"].items()
        if key not in ("class", "effective", "reason")
    } | {"class": "editorial"}
    try:
        return tomllib.loads(changed) == before
    except tomllib.TOMLDecodeError:
        return False
