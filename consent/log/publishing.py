"""Checkpoints that are made by themselves, a while after something was appended (R41)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from logging import getLogger
from pathlib import Path
from threading import Lock, Timer
from time import sleep

from consent.errors import CheckpointError, LogCorrupt, LogError, LogUnavailable
from consent.log import Log, Snapshot
from consent.log.checkpoint import Checkpoint, checkpoint, origin, unsigned
from consent.log.proofs import consistency, continues, stored
from consent.log.spool import locked
from consent.structured import event

logger = getLogger("consent.log")

PATIENCE = 60
"""Seconds that the hook may take."""

PAUSE = 0.1
"""Seconds between two looks whether another process publishes still."""

SECRETS = (
    "CONSENT_SECRET_KEYS",
    "CONSENT_CHECKPOINT_KEYS",
    "CONSENT_LOG_URL",
    "CONSENT_METRICS_TOKEN",
    "PGPASSWORD",
)
"""What the hook has no need of."""


def publish(
    log: Log,
    keys: Sequence[str],
    file: Path | None = None,
    hook: Sequence[str] = (),
    *,
    news: bool = False,
) -> str:
    """Make a checkpoint of all that is in the log, hand it on, and keep it there.

    It takes the place of the one in `file`, and is given to the command `hook` as its standard
    input. With `news` that is done, and other than "" given, only if no checkpoint covers all yet.
    Raises as `vouched`; a file that cannot be written or a hook that fails is logged.
    """
    with _alone(file.parent) if file else nullcontext():
        if news and not _news(log):
            return ""
        size, note = vouched(log, keys, file)
        if file is not None:
            _write(file, note)
        if hook:
            _run(hook, note)
        log.put_checkpoint(size, note)  # last, so that one that was broken off is made again
    return note


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait while another process publishes there, but no longer than its hook may take."""
    with ExitStack() as held:
        for _ in range(int(PATIENCE / PAUSE)):
            try:
                held.enter_context(locked(str(folder), os.O_RDONLY, wait=False))
            except BlockingIOError:
                sleep(PAUSE)
            except OSError:  # not every network disk can
                break
            else:
                break
        yield


def _news(log: Log) -> bool:
    with log.snapshot() as view:
        return view.head().size > max((size for size, _ in view.checkpoints()), default=0)


def vouched(log: Log, keys: Sequence[str], file: Path | None) -> tuple[int, str]:
    """Give the size of a log, and a checkpoint of it if it continues the one put into `file` last.

    Raises `LogCorrupt` if it does not, and `LogError` when log or file cannot be read.
    """
    before = _newest(file)  # before the log is looked at, which others append to
    with log.snapshot() as view:
        _require_continued(view, before, file)
        return view.head().size, checkpoint(view, keys)


def _newest(file: Path | None) -> Checkpoint | None:
    """What was put into the file last; None where there is nothing of ours."""
    try:
        return unsigned(file.read_text("utf-8", "replace")) if file else None
    except (FileNotFoundError, CheckpointError):
        return None
    except OSError as error:
        raise LogUnavailable(f"{file} cannot be read: {error.strerror}") from None


def _require_continued(view: Snapshot, before: Checkpoint | None, file: Path | None) -> None:
    """A log that was rewritten, or is an older copy, is not to be vouched for."""
    if before is None or before.origin != origin(view) or not before.size:
        return
    size, root = view.head()
    if before.size <= size:
        path = consistency(before.size, size, stored(view))
        if continues(before.size, before.root, size, root, path):
            return
    raise LogCorrupt(
        [
            f"the log does not continue the {before.size} entries signed in {file}; put back the"
            " one that does, or move that file away if this one is to go on"
        ]
    )


def _write(file: Path, note: str) -> None:
    try:
        put(file, note.encode())
    except OSError as error:
        logger.error(
            "the checkpoint cannot be written to %s: %s",
            file,
            error.strerror,
            extra=event("checkpoint-file-failed", file=str(file)),
        )


def put(file: Path, data: bytes) -> None:
    """Write a file in place of an older one; whoever copies it never sees a half of one."""
    new = file.with_name(f"{file.name}.{os.getpid()}.new")  # another process may be at it too
    try:
        new.write_bytes(data)
        new.replace(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _run(hook: Sequence[str], note: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    try:
        done = subprocess.run(  # noqa: S603 - the site's own settings name it
            hook, input=note.encode(), env=environment, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.error(
            "the hook for checkpoints failed: %s", error, extra=event("checkpoint-hook-failed")
        )
    else:
        if done.returncode:
            logger.error(
                "the hook for checkpoints ended with code %s",
                done.returncode,
                extra=event("checkpoint-hook-failed", code=done.returncode),
            )


class Publisher:
    """Publishes a checkpoint every so many seconds, from the first entry on, when there is news.

    News is what any process has appended, and no checkpoint of any covers yet. After a fork the
    child begins anew.
    """

    def __init__(
        self,
        log: Callable[[], Log],
        keys: Sequence[str],
        every: float,
        file: Path | None = None,
        hook: Sequence[str] = (),
    ) -> None:
        self._log, self._keys, self._every = log, keys, every
        self._file, self._hook = file, hook
        self._pid = -1
        self._begin()

    def _begin(self) -> None:
        self._lock, self._publishing = Lock(), Lock()
        self._timer: Timer | None = None
        self._pid = os.getpid()

    def appended(self) -> None:
        """Note that an entry was appended; returns at once."""
        if self._every and self._keys and (self._timer is None or self._pid != os.getpid()):
            self._start()

    def close(self) -> None:
        """Publish what has not been yet, once; calling it again does nothing."""
        if self._pid != os.getpid():
            return
        with self._publishing:  # what was due just now is done before the log is closed
            with self._lock:
                timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
                self._publish()

    def _start(self) -> None:
        if self._pid != os.getpid():  # the locks may have been held when the process was forked
            self._begin()
        with self._lock:
            if self._timer is None:
                self._timer = Timer(self._every, self._due)
                self._timer.daemon = True
                self._timer.start()

    def _due(self) -> None:
        with self._publishing:
            with self._lock:
                if self._timer is None:
                    return  # closed meanwhile
                self._timer = None
            self._publish()
            self._start()  # others may append, such as the job that removes what is old

    def _publish(self) -> None:
        try:
            publish(self._log(), self._keys, self._file, self._hook, news=True)
        except LogError as error:
            logger.error("no checkpoint could be made: %s", error, extra=event("checkpoint-failed"))
