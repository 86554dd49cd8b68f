"""A log that is exported and imported, or moved, is the same log and goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consent.log import Entry, Log, copying, open_log
from consent.log.expiry import expiry_entry
from consent.log.export import bytes_of, value_of
from consent.log.exported import Exported
from consent.record import canonical
from tests.unit.copy_samples import (
    TIME,
    copied,
    elsewhere,
    fill,
    imported,
    keep_checkpoint,
    same,
    viewed,
    written,
)
from tests.unit.log_engines import ENGINES, append, artifact, check, consent_id, grant

TEXT = b'"\xc3\xa4\xe2\x80\xa8\\n"'
BODIES = [b"no JSON", b"null", b'{"b":1,"a":2}', b"1.5", b"NaN", TEXT, b"\xff"]


@pytest.fixture
def filled(address: str) -> Iterator[Log]:
    """A log as somebody opens it who may let entries expire."""
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


def test_a_log_that_was_exported_and_imported_is_the_same_log(filled, lines, target):
    """R42: with the same root, name and checkpoints, and nothing of it is missing."""
    found = imported(lines, target)
    assert found.added == filled.head().size == found.report.size
    same(filled, target)


def test_a_log_that_was_moved_is_the_same_log_and_goes_on(filled, target):
    assert copied(filled, target).added == filled.head().size
    same(filled, target)
    with closing(open_log(target, writable=True)) as moved:
        (answer,) = append(moved, grant(7, again=1))
        assert answer.seq == filled.head().size
        with moved.snapshot() as view:
            assert [row.seq for row in view.rows(consent_id=consent_id(7))] == [7, answer.seq]
        moved.put_artifacts(dict([artifact(b"gone")]))
        check(moved)


def test_an_empty_log_is_copied_too(log, target, tmp_path):
    imported(written(log, tmp_path / "log.jsonl"), target)
    same(log, target)
    assert copied(log, target).added == 0


def test_each_line_is_canonical_json(lines):
    for line in lines.read_bytes().split(b"\n")[:-1]:
        assert canonical(json.loads(line)) == line


def test_bodies_that_are_no_canonical_json_come_back_as_they_are(log, tmp_path):
    """`verify` tells of them; a copy does not mend them."""
    append(log, *[Entry("consent", body) for body in BODIES])
    path = written(log, tmp_path / "log.jsonl")
    with path.open("rb") as file, log.snapshot() as view:
        assert list(Exported(file, str(path)).rows()) == list(view.rows())


@pytest.mark.parametrize("body", [*BODIES, b'{"a":[1,{}],"\xc3\xa4":"\\u0001\\\\"}', b"9" * 5000])
def test_a_body_is_told_as_a_value_only_if_it_can_be_made_of_it_again(body):
    value = value_of(body)
    assert value is None or bytes_of(value) == body == canonical(value)
    assert (value is not None) == (body == TEXT or body.startswith(b'{"a"'))


# -- some at a time --


def test_a_copy_that_was_broken_off_goes_on_where_it_was(filled, target, lines, monkeypatch):
    """Whichever way it goes on."""
    monkeypatch.setattr(copying, "BATCH", 30)

    monkeypatch.setattr("consent.log.copying._sound", lambda rows, _: stopping(rows, 75))
    with pytest.raises(KeyboardInterrupt):
        imported(lines, target)
    with viewed(target) as view:
        assert view.head().size == 60
    monkeypatch.setattr("consent.log.copying._sound", lambda rows, _: stopping(rows, 140))
    with pytest.raises(KeyboardInterrupt):
        copied(filled, target)
    monkeypatch.undo()
    assert imported(lines, target).added == filled.head().size - 120
    same(filled, target)
    assert copied(filled, target).added == 0
    same(filled, target)


def stopping(rows: Iterator[object], after: int) -> Iterator[object]:
    for at, row in enumerate(rows):
        if at == after:
            raise KeyboardInterrupt
        yield row


def test_what_came_while_a_log_was_copied_comes_when_it_is_copied_again(filled, address, target):
    """As for a site in use: entries, artifacts, checkpoints, counters, and what expired."""
    copied(filled, target)
    append(filled, *map(grant, range(200, 230)))
    seqs = [range(0, 10), range(145, 146)]
    filled.expire(expiry_entry(seqs, "erasure", TIME), seqs)
    # One artifact goes, and comes back; another comes.
    name, banner = artifact(b"banner")
    filled.expire(expiry_entry([], "retention", TIME, [name]), [], [name])
    filled.put_artifacts({name: banner, **dict([artifact(b"new")])})
    keep_checkpoint(filled)
    filled.count("2026-11-27", "shown", 5)
    filled.count("2026-11-28", "shown", 1)
    filled.close()  # stores the counters
    with closing(open_log(address, writable=False)) as again:
        assert copied(again, target).added == 32
        same(again, target)


def test_counters_are_those_of_the_log_however_often_it_is_copied(filled, address, target):
    filled.close()
    for n in range(3):
        with closing(open_log(address, writable=True)) as log:
            log.count("2026-11-27", "shown", n)
        with closing(open_log(address, writable=False)) as log:
            for _ in range(2):
                copied(log, target)
                same(log, target)
