"""What is not whole, or belongs to another log, is not copied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consent.errors import CopyError, LogCorrupt, LogError
from consent.log import Log, copying, create_log, open_log
from consent.log.export import Selection
from tests.unit.copy_samples import (
    copied,
    elsewhere,
    fill,
    imported,
    missing,
    viewed,
    written,
)
from tests.unit.log_engines import ENGINES, append, artifact, grant


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Log]:
    """A log in SQLite: what is read of others, and their lines, are the same."""
    address = str(tmp_path / "log.sqlite3")
    create_log(address, "example.fi")
    with closing(open_log(address, writable=True)) as log:
        fill(log)
    with closing(open_log(address, writable=True)) as log:
        yield log


@pytest.fixture(params=ENGINES, ids=lambda engine: f"to-{engine.name}")
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address that a log is copied to, of each engine; there is none yet."""
    return elsewhere(request.param, tmp_path)


@pytest.fixture
def lines(filled: Log, tmp_path: Path) -> Path:
    """A whole export."""
    return written(filled, tmp_path / "log.jsonl")


def test_the_entries_of_another_log_are_not_taken(filled, target):
    create_log(target, "example.fi")
    with pytest.raises(CopyError, match="the log there is another one"):
        copied(filled, target)
    with viewed(target) as view:
        assert view.head().size == 0


def test_a_log_that_went_on_by_itself_takes_nothing_more(filled, target):
    """A site writes to it already: what the old one got meanwhile would be a fork."""
    copied(filled, target)
    with closing(open_log(target, writable=True)) as moved:
        append(moved, grant(500))
    with pytest.raises(CopyError, match="has 144 entries, and 143 are to be brought"):
        copied(filled, target)
    append(filled, grant(600), grant(601))
    with pytest.raises(CopyError, match="are not the first ones of this log"):
        copied(filled, target)
    with viewed(target) as view:
        assert view.head().size == filled.head().size - 1


@pytest.mark.parametrize("end", [b"5", b"{}", b'{"end":5}', b'{"end":{"root":"00","size":1}}'])
def test_a_file_with_another_last_line_was_cut_off(lines, target, end):
    lines.write_bytes(lines.read_bytes() + end + b"\n")
    with pytest.raises(CopyError, match="it was cut off"):
        imported(lines, target)
    assert missing(target)


@pytest.mark.parametrize("cut", ["a line", "half a line", "a byte", "all but two lines", "all"])
def test_a_file_that_was_cut_off_is_told_before_anything_is_made(lines, target, cut):
    data = lines.read_bytes()
    last = data.rindex(b"\n", 0, -1) + 1
    keep = {"a line": last, "half a line": len(data) - 20, "a byte": len(data) - 1}
    lines.write_bytes(data[: keep.get(cut, data.index(b"\n") + 40 if cut != "all" else 0)])
    with pytest.raises(CopyError, match=r"cut off|line 1"):
        imported(lines, target)
    assert missing(target)


def test_a_part_of_a_log_and_lines_of_another_version_are_not_taken(filled, target, tmp_path):
    part = written(filled, tmp_path / "part.jsonl", Selection(kind="publication"))
    with pytest.raises(CopyError, match="holds a part of a log only"):
        imported(part, target)
    whole = written(filled, tmp_path / "log.jsonl")
    whole.write_bytes(whole.read_bytes().replace(b'"export":1', b'"export":2', 1))
    with pytest.raises(CopyError, match="version 2, this program reads 1"):
        imported(whole, target)
    assert missing(target)


CHANGES = {
    "another leaf": ({"leaf": "00" * 32}, "not the one that its leaf was made of"),
    "another body": ({"body": {"kind": "consent"}}, "not the one that its leaf was made of"),
    "another salt": ({"salt": "00" * 16}, "not the one that its leaf was made of"),
    "no salt": ({"salt": None}, "its salt is not text"),
    "a short salt": ({"salt": "00"}, "its salt has 1 bytes, not 16"),
    "a leaf of no hex": ({"leaf": "xyz"}, "non-hexadecimal"),
    "a wrong place": ({"seq": 7}, "it is entry 7, and 5 follows"),
    "no place": ({"seq": None}, "its seq is not a number"),
    "a short id": ({"consent_id": "short"}, "a consent id has 22"),
    "a kind that is a number": ({"kind": 1}, "its kind is not text"),
    "a floating-point number": ({"body": {"n": 1.5}}, "not the one that its leaf was made of"),
    "raw bytes of no base64": ({"raw": "?"}, "base64"),
    "half a character": ({"kind": "\ud800"}, "surrogates not allowed"),
    "half a character in the body": ({"body": {"a": "\ud800"}}, "surrogates not allowed"),
    "no kind": ("kind", "it has no 'kind'"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_of_a_changed_line_the_number_is_told_and_its_batch_is_not_taken(
    lines, target, name, monkeypatch
):
    monkeypatch.setattr(copying, "BATCH", 2)
    change, message = CHANGES[name]
    found = lines.read_bytes().split(b"\n")
    value = json.loads(found[6])  # of entry 5, which is the second one of a batch
    if isinstance(change, str):
        del value[change]
    else:
        value |= change
    found[6] = json.dumps(value).encode()
    lines.write_bytes(b"\n".join(found))
    with pytest.raises(CopyError, match=f"log.jsonl, line 7: .*{message}"):
        imported(lines, target)
    with viewed(target) as view:
        assert view.head().size == 4


@pytest.mark.parametrize("name", ["id", "site", "created"])
def test_a_log_without_a_name_is_not_taken(lines, target, name):
    first, rest = lines.read_bytes().split(b"\n", 1)
    value = json.loads(first)
    del value["log"][name]
    lines.write_bytes(json.dumps(value).encode() + b"\n" + rest)
    with pytest.raises(CopyError, match=f"line 1: it has no '{name}'"):
        imported(lines, target)
    assert missing(target)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 100_000])
def test_a_line_that_is_no_object_is_told_by_its_number(lines, target, text):
    found = lines.read_bytes().split(b"\n")
    for number in (1, 7, len(found) - 2):
        lines.write_bytes(b"\n".join([*found[: number - 1], text, *found[number:]]))
        with pytest.raises(CopyError, match=f"line {number}: "):
            imported(lines, target)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"day":"2026-11-27"', b'"day":5', "its day is not text"),
        (b'"n":1}', b'"n":-1}', "its n is not a number"),
        (b'"n":1}', b'"n":9223372036854775808}', "its n is not a number"),
        (b'"note":"', b'"no":"', "it has no 'note'"),
        (b'"media_type":"text', b'"media":"text', "it has no 'media_type'"),
        (b'"content":"', b'"content":"?', "base64"),
    ],
)
def test_what_is_no_entry_is_looked_at_as_well(lines, target, old, new, message):
    data = lines.read_bytes()
    assert old in data
    lines.write_bytes(data.replace(old, new))
    with pytest.raises(CopyError, match=f"line 1[0-9][0-9]: .*{message}"):
        imported(lines, target)


def test_bytes_that_are_not_those_of_an_artifact_are_not_taken(lines, target):
    data = lines.read_bytes()
    name = artifact(b"banner")[0].encode()
    other = artifact(b"other")[0].encode()
    lines.write_bytes(data.replace(b'"artifact":"' + name, b'"artifact":"' + other))
    with pytest.raises(LogCorrupt, match="is not the SHA-256 of its 6 bytes"):
        imported(lines, target)


def test_a_line_that_is_missing_or_stands_there_twice_is_found(lines, target):
    """Whatever it holds; entries keep their order, too."""
    found = lines.read_bytes().splitlines(keepends=True)
    last = len(found) - 1
    for at in (*range(0, last, 23), last - 5, last - 3, last - 1):
        others = [[*found[:at], *found[at + 1 :]], [*found[: at + 1], *found[at:]]]
        if at < 140:
            others.append([*found[:at], found[at + 1], found[at], *found[at + 2 :]])
        for other in others:
            lines.write_bytes(b"".join(other))
            with pytest.raises((CopyError, LogCorrupt)):
                imported(lines, target)


def test_whatever_byte_is_changed_the_entries_are_those_of_the_log_or_none(filled, lines, target):
    """Nothing else than an error of the log's own comes of it, either."""
    data = lines.read_bytes()
    root = filled.head().root
    for at in range(7, len(data), len(data) // 40):
        lines.write_bytes(data[:at] + bytes([data[at] ^ 3]) + data[at + 1 :])
        try:
            assert imported(lines, target).report.root == root
        except LogError:
            continue
