"""Checkpoints: the size and root of a log at one time, signed (C2SP tlog-checkpoint).

Kept where whoever runs the site cannot change it, one shows later that the log was neither
rewritten nor cut off since (R40): a mail to the data protection officer will do.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from consent.errors import CheckpointError
from consent.log import Snapshot
from consent.log.tree import HASH_SIZE
from consent.signed_note import opened, signed

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*")
_BEGIN = re.compile(r"^[^\n]+\n(?:0|[1-9][0-9]{0,18})\n[A-Za-z0-9+/]{43}=$", re.MULTILINE)
_SIGNATURES = re.compile(r"(?:— [^\n]+\n)+")


class Checkpoint(NamedTuple):
    """The log's own name, the number of its entries and the root (32 bytes) over them."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def origin(snapshot: Snapshot) -> str:
    """What a log is called: its site, and the random id that it was made with.

    Another log of the same site, made in its place, has another name.
    """
    meta = snapshot.meta
    return f"{meta['site']}/{meta['id']}"


def checkpoint(snapshot: Snapshot, keys: Iterable[str]) -> str:
    """A checkpoint of all that is in the log, signed with each of the keys."""
    size, root = snapshot.head()
    return signed(str(Checkpoint(origin(snapshot), size, root)), keys)


def proof(seq: int, salt: bytes, path: Iterable[bytes], note: str) -> str:
    """A proof that an entry is in the log of a checkpoint (C2SP tlog-proof).

    Its extra data is the salt, without which the leaf cannot be made of the entry's body.
    """
    hashes = "".join(f"{b64encode(each).decode()}\n" for each in path)
    extra = b64encode(salt).decode()
    return f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex {seq}\n{hashes}\n{note}"


def read(note: str, keys: Iterable[str]) -> Checkpoint:
    """What a checkpoint says, once one of the keys is seen to have signed it.

    Raises `CheckpointError` where none has, or where it is none. Lines after the third are left
    to whoever wrote them.
    """
    return _parsed(opened(note, keys))


def written_in(data: bytes) -> list[str]:
    """The checkpoints in a file as it was kept: one by itself, pasted into a text, or in a mail."""
    from email import message_from_bytes  # only here: no site reads mail

    try:
        parts = [part.get_payload(decode=True) for part in message_from_bytes(data).walk()]
    except RecursionError:  # no mail is that deep
        parts = []
    texts = [data, *(part for part in parts if isinstance(part, bytes))]
    lines = [text.decode("utf-8", "replace").replace("\r\n", "\n") + "\n" for text in texts]
    return list(dict.fromkeys(note for text in lines for note in _notes(text)))


def _notes(text: str) -> Iterator[str]:
    """Find a checkpoint before each blank line that signatures follow, in time linear in length."""
    for block, after in pairwise(text.split("\n\n")):
        begin, signatures = _BEGIN.search(block), _SIGNATURES.match(f"{after}\n")
        if begin and signatures:
            yield f"{block[begin.start() :]}\n\n{signatures[0]}"


def unsigned(note: str) -> Checkpoint:
    """What a checkpoint says, whoever signed it; raises `CheckpointError` where it is none."""
    return _parsed(note.partition("\n\n")[0] + "\n")


def _parsed(text: str) -> Checkpoint:
    match = _TEXT.fullmatch(text)
    root = b64decode(match[3]) if match else b""
    if match is None or len(root) != HASH_SIZE or b64encode(root).decode() != match[3]:
        raise CheckpointError("what is signed is not a checkpoint")
    return Checkpoint(match[1], int(match[2]), root)
