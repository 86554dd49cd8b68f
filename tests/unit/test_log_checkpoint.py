"""A checkpoint is a signed note that any tool for such can read, and nobody else can make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import CheckpointError
from consent.log import Snapshot, create_log, open_log
from consent.log.checkpoint import Checkpoint, checkpoint, origin, read, written_in
from consent.log.proofs import consistency, continues, stored
from consent.signed_note import new_key, opened, signed, verifier_of
from tests.unit.log_engines import refusal
from tests.unit.proportion import in_proportion

# The example that everybody's implementation of signed notes is tested with.
KEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqd"
    "ngotpRZb6KE6RyyBwJnAM=\n"
)
OTHER = new_key("www.example.fi")


def public(key: str) -> str:
    return str(verifier_of(key))


def test_a_note_is_signed_as_everybody_signs_it() -> None:
    assert public(KEY) == PUBLIC
    assert public(PUBLIC) == PUBLIC
    assert signed(TEXT, [KEY]) == NOTE
    assert opened(NOTE, [PUBLIC]) == TEXT


def test_a_note_may_be_signed_with_several_keys_and_one_of_them_is_enough() -> None:
    """So a new key takes over from an old one, and what the old one signed still verifies."""
    both = signed(TEXT, [KEY, OTHER])
    assert both.count("\n— ") == 2
    for known in ([PUBLIC], [public(OTHER)], [public(new_key("x")), public(OTHER)]):
        assert opened(both, known) == TEXT


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        NOTE.rstrip("\n"),
        NOTE + "\n",
        NOTE.replace("your", "our", 1),
        NOTE.replace("\n\n", "\n", 1),
        NOTE.replace("—", "-"),
        NOTE.replace("x08go", "x08gp"),
        NOTE.replace("AM=", "AN="),
        NOTE.replace("AM=", ""),
        NOTE.replace("PeterNeumann", "Peter Neumann"),
        NOTE.replace("PeterNeumann", "EnochRoot"),
        NOTE + "garbage\n",
        NOTE + NOTE.rpartition("\n\n")[2] * 100,
    ],
)
def test_what_is_not_just_so_is_refused(note: str) -> None:
    with pytest.raises(CheckpointError):
        opened(note, [PUBLIC])


@given(st.integers(0, len(NOTE) - 1), st.characters())
def test_one_other_character_is_found_wherever_it_is(at: int, character: str) -> None:
    changed = NOTE[:at] + character + NOTE[at + 1 :]
    if changed != NOTE:
        with pytest.raises(CheckpointError):
            assert opened(changed, [PUBLIC]) != TEXT


def test_a_note_by_somebody_else_is_refused() -> None:
    """And one with the name of a known key under which its signature does not stand."""
    for note in (signed(TEXT, [new_key("PeterNeumann")]), signed(TEXT, [OTHER])):
        with pytest.raises(CheckpointError, match="none of the keys"):
            opened(note, [PUBLIC])
    false = signed("Other\n", [KEY]).rpartition("\n\n")[2]
    with pytest.raises(CheckpointError, match="PeterNeumann is not under this text"):
        opened(signed(TEXT, [OTHER]) + false, [PUBLIC, public(OTHER)])


@pytest.mark.parametrize(
    "key",
    [
        "",
        "PeterNeumann",
        PUBLIC.replace("c74f20a3", "c74f20a4"),
        PUBLIC.replace("Peter", "Otto"),
        PUBLIC[:-4],
        PUBLIC.replace("+ARpc", "+BRpc"),
        KEY.replace("c74f20a3", "c74f20a4"),
        "PRIVATE+KEY+" + PUBLIC,
    ],
)
def test_a_key_with_something_missing_or_changed_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        verifier_of(key)


@pytest.mark.parametrize("text", ["", "no line end", "a\tb\n", "a\x00\n"])
def test_only_whole_lines_are_signed(text: str) -> None:
    with pytest.raises(ValueError, match="whole lines"):
        signed(text, [KEY])


# -- of a log --


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    path = str(tmp_path / "log.sqlite3")
    create_log(path, "www.example.fi")
    log = open_log(path, writable=True)
    for future in [log.append_soon(refusal(number)) for number in range(300)]:
        future.result(60)
    with log.snapshot() as found:
        yield found
    log.close()


def test_a_checkpoint_says_which_log_it_is_of_and_what_is_in_it(snapshot: Snapshot) -> None:
    note = checkpoint(snapshot, [OTHER])
    found = read(note, [public(OTHER)])
    assert found == Checkpoint(origin(snapshot), *snapshot.head())
    assert note.split("\n")[:2] == [f"www.example.fi/{snapshot.meta['id']}", "300"]


def test_a_checkpoint_and_a_proof_show_that_the_log_went_on(snapshot: Snapshot) -> None:
    leaves = snapshot.leaves(0, 300)
    assert len(leaves) == 300
    found = read(checkpoint(snapshot, [OTHER]), [public(OTHER)])
    for old in (1, 256, 299):
        root = stored(snapshot)(0, old)
        assert continues(old, root, *found[1:], consistency(old, found.size, stored(snapshot)))


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def test_lines_that_others_add_to_a_checkpoint_are_left_to_them() -> None:
    note = signed(f"example.com/log\n20852163\n{ROOT}\nmore\n", [KEY])
    assert read(note, [PUBLIC])[:2] == ("example.com/log", 20_852_163)


@pytest.mark.parametrize(
    "text",
    [
        "x\n",
        f"\n1\n{ROOT}\n",
        f"x\n01\n{ROOT}\n",
        f"x\n-1\n{ROOT}\n",
        f"x\n1\n{ROOT[:-2]}\n",
        f"x\n1 \n{ROOT}\n",
        f"x\n{ROOT}\n1\n",
    ],
)
def test_what_is_signed_but_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        read(signed(text, [KEY]), [PUBLIC])


def test_checkpoints_are_found_in_a_text_in_their_order() -> None:
    """One after the other as well, and with what a witness has added."""
    notes = [signed(f"example.com/log\n{size}\n{ROOT}\nmore\n", [KEY, OTHER]) for size in range(3)]
    text = f"Hello,\n\n{notes[0]}{notes[1]}-- \nDear\n\n\n{notes[2]}\n{notes[1]}\n{ROOT}\n"
    assert written_in(text.encode()) == notes


def test_a_hostile_file_is_read_in_time_in_proportion_to_its_size() -> None:
    begin = f"x\n1\n{ROOT}\n".encode()
    assert in_proportion(lambda count: begin * count, written_in, 200)


def test_a_mail_in_a_mail_without_end_is_read_as_a_text() -> None:
    note = signed(f"example.com/log\n1\n{ROOT}\n", [KEY])
    assert written_in(b"Content-Type: message/rfc822\n\n" * 5000 + note.encode()) == [note]
