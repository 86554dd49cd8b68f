"""A new draft, begun from a version that was published, or from nothing."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..declaration import Declaration
from ..errors import NoticeError, Problem
from ..texts import listing, lowered
from .files import write_new
from .package import FACTS, Package
from .shelf import DRAFT
from .version import split_front_matter

_CHANGE = re.compile(r"^change:[^\n]*\n(?:[ \t][^\n]*\n|\n)*", re.MULTILINE)
_VERSION = re.compile(r"^\[version\][^\n]*\n(?:(?!\[)[^\n]*\n)*", re.MULTILINE)


_FIRST = Path(__file__).parent / "first"


def first_draft(
    document: Path,
    languages: Sequence[str],
    *,
    controller: str,
    email: str,
    months: int,
    declaration: Declaration,
) -> Path:
    """Write the draft of a document's first version: what every notice tells, with places to fill.

    `months` is how long the log keeps a record after its consent has ended (R127); of the
    `declaration` it tells what Global Privacy Control denies (R91). Nothing of it can be published
    as it is: the facts wait for the company, and what is left in brackets the lint finds. Returns
    the draft's folder. Raises `NoticeError` when there is a draft already.
    """
    values = {"name": controller, "email": email, "months": str(months)}
    denied = [c for c in declaration.categories if c.gpc and declaration.of(c.id)]
    files = {}
    for name, lang in [*((f"{lang}.md", lang) for lang in languages), (FACTS, "")]:
        text = (_FIRST / name).read_text("utf-8")
        if lang and denied:
            text = text.replace("{gpc}", listing([lowered(c.name[lang]) for c in denied], lang))
        else:
            text = re.sub(r".*\{gpc\}.*\n\n", "", text)
        for place, value in values.items():
            quoted = json.dumps(value, ensure_ascii=False)[1:-1] if name == FACTS else value
            text = text.replace(f"{{{place}}}", quoted)
        files[name] = text.encode()
    return _begun(document, files)


def new_draft(package: Package, document: Path) -> Path:
    """Write the texts and the facts of a version as the draft of a document's folder.

    What tells of the old change is left out: the summaries, the effective date, the class and its
    reason; the class begins as `editorial`, and publishing says when the facts ask for more.
    Returns the draft's folder. Raises `NoticeError` when there is a draft already.
    """
    names = [f"{lang}.md" for lang in package.renditions]
    files = {name: _unsummarised(package.files[name]) for name in names}
    return _begun(document, files | {FACTS: _undated(package.files[FACTS])})


def _begun(document: Path, files: Mapping[str, bytes]) -> Path:
    draft = document / DRAFT
    there = [name for name in files if (draft / name).exists()]
    if there:
        remedy = f"go on with it, or move {' '.join(there)} away"
        raise NoticeError([Problem(str(draft), "", "there is a draft already", remedy)])
    draft.mkdir(parents=True, exist_ok=True)
    # A draft is one by its facts, which therefore come last.
    for name, body in files.items():
        write_new(draft / name, body)
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
