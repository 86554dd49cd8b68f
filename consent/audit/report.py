"""What an audit found, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between the site and its declaration.

    `kind` is a short name that stays the same; `subject` the cookie, host, service or path that it
    is about; `where` the path of the first page, empty for the whole site; `remedy` how to mend it.
    """

    kind: str
    subject: str
    where: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.subject} {self.message}\n    → {self.remedy}"


@dataclass(slots=True)
class Seen:
    """A cookie or a host: whose it is, where it was first seen, and for which visitors.

    `sent` are the visitors that the site itself gave it to, `passed` those that still got it after
    what was refused had been held back. `service` is empty where nobody declares it.
    """

    name: str
    service: str
    category: str
    where: str
    sent: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)

    def note(self, visitor: str, *, passed: bool) -> None:
        """Note one more visitor."""
        visitors = self.passed if passed else self.sent
        if visitor not in visitors:
            visitors.append(visitor)


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found: `findings` is what to mend, all else is told for information.

    `pages` maps a path to its status; `reported` a host that browsers reported to how often;
    `unjudged` are declared items of services in use that only a browser could see.
    """

    pages: Mapping[str, int]
    cookies: tuple[Seen, ...]
    hosts: tuple[Seen, ...]
    findings: tuple[Finding, ...]
    reported: Mapping[str, int]
    unjudged: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.findings

    def as_json(self) -> str:
        """All of it as JSON."""
        return json.dumps({"clean": self.clean, **asdict(self)}, indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        pages = (
            path if status == 200 else f"{path} ({status})" for path, status in self.pages.items()
        )
        lines = [f"{_many(len(self.pages), 'page')} visited: {' '.join(pages)}"]
        for title, rows in (("Cookies", self.cookies), ("Third-party hosts", self.hosts)):
            lines += ["", f"{title}: {len(rows) or 'none'}"]
            lines += [_row(row) for row in rows]
        if self.unjudged:
            lines += ["", "Declared, and set by scripts, which only a browser sees:"]
            lines.append(f"  {', '.join(self.unjudged)}")
        lines += ["", _many(len(self.findings), "finding")]
        return "\n".join([*lines, *map(str, self.findings)])


def _row(seen: Seen) -> str:
    whose = f"{seen.service} ({seen.category})" if seen.service else "undeclared"
    sent, passed = ", ".join(seen.sent) or "nobody", ", ".join(seen.passed) or "nobody"
    held = "" if sent == passed else f"; reached: {passed}"
    return f"  {seen.name}  {whose}, at {seen.where}; sent to: {sent}{held}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
