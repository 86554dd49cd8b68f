"""The exceptions of the component; each carries what its reader needs to mend the fault.

ConsentError
├── SettingsError      every fault of a settings file at once
├── NoticeError        every fault of a notice version at once
├── Mendable           with a remedy of its own
│   ├── AuditError     a site that cannot be visited
│   ├── ClockError     a clock that nothing is removed by
│   ├── ReleaseError   no screenshots of what visitors are shown
│   └── StatisticsError statistics that cannot be given as asked for
├── ReceiptError       a receipt that does not show what it says
└── LogError
    ├── LogMissing     no log at that address; it is made by command only
    ├── LogUnavailable the log cannot take or give an entry now
    ├── CopyError      a log that cannot be copied from there to here
    └── LogCorrupt     the log does not verify
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a file that a person wrote.

    `file` and `key` name the place, `message` says what is wrong, `remedy` what to write instead.
    """

    file: str
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{place}: {self.message}\n    → {self.remedy}"


class ConsentError(Exception):
    """Base of every error that this package raises on purpose."""


class _Problems(ConsentError):
    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class SettingsError(_Problems):
    """The settings cannot be used; `problems` lists every fault (R10, R13, R22, R123)."""


class NoticeError(_Problems):
    """A notice version cannot be published or served; `problems` lists every fault (R47)."""


class Mendable(ConsentError):
    """Base of errors whose `remedy` says what to do about them."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class ReceiptError(ConsentError):
    """A receipt does not show what it says; the message names the first fault (R45)."""


class AuditError(Mendable):
    """A site cannot be visited for an audit."""


class ClockError(Mendable):
    """The clock is so far ahead of what the log knows that nothing is removed by it (R127)."""


class ReleaseError(Mendable):
    """What visitors are shown cannot be kept in pictures."""


class StatisticsError(Mendable):
    """Statistics cannot be given as they were asked for."""


class LogError(ConsentError):
    """Base of the log's errors."""


class LogMissing(LogError):
    """There is no log at the address; `consent log create` makes one, nothing else does."""


class LogUnavailable(LogError):
    """The log cannot take or give an entry now; a grant must not take effect (R34)."""


class CheckpointError(LogError):
    """A checkpoint is not one, or none of the keys given has signed it."""


class CopyError(Mendable, LogError):
    """A log that cannot be copied from there to here."""


class LogCorrupt(LogError):
    """The log does not verify; `problems` names the first bad place of each kind (R40)."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[LogCorrupt], tuple[tuple[str, ...]]]:
        """Pass whole from the process that found it to the one that tells it."""
        return type(self), (self.problems,)
