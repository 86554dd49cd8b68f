"""What every engine does besides appending: expiry, checkpoints, and entries from another log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from consent.errors import LogError
from consent.log import Entry, Head, Log, create_log, open_log
from consent.log.expiry import expiry_entry
from consent.log.proofs import included, inclusion, stored
from consent.log.verify import verify
from tests.unit.log_engines import (
    LogEngine,
    append,
    artifact,
    check,
    consent_id,
    grant,
    refusal,
)

TIME = "2026-11-28T05:00:00Z"


def expire(log: Log, *seqs: range) -> None:
    log.expire(expiry_entry(seqs, "retention", TIME), seqs)


@pytest.fixture
def filled(log: Log) -> Log:
    """A log of two hundred entries, in runs of up to 64."""
    append(log, *map(grant, range(150)), *map(refusal, range(50)))
    return log


def test_what_an_expiry_names_is_gone_and_everything_still_verifies(filled):
    """R128: the hash of a leaf stays, its content and its salt go."""
    before = filled.head()
    with filled.snapshot() as snapshot:
        leaves = snapshot.leaves(0, 200)
    expire(filled, range(10, 12), range(60, 140), range(199, 200))
    gone = {10, 11, 199, *range(60, 140)}
    with filled.snapshot() as snapshot:
        rows = list(snapshot.rows())
        assert {row.seq for row in rows if row.body is None} == gone
        assert all(row.salt is None and row.consent_id is None for row in rows if row.seq in gone)
        assert [row.leaf for row in rows[:200]] == leaves
        path = inclusion(10, 200, stored(snapshot))
    assert included(leaves[10], 10, 200, path, before.root)
    assert rows[200].kind == "expiry"
    check(filled)


def test_a_check_tells_how_many_entries_were_emptied_and_for_which_reason(filled):
    """R128: what is missing by the rules is not silent to whoever does not trust the site."""
    with filled.snapshot() as snapshot:
        assert verify(snapshot).expired == {}
    expire(filled, range(10, 12), range(60, 140))
    expire(filled, range(100, 150))  # some of them anew
    erased = [range(3, 4)]
    filled.expire(expiry_entry(erased, "erasure", TIME), erased)
    with filled.snapshot() as snapshot:
        assert verify(snapshot).expired == {"erasure": 1, "retention": 92}
    filled.expire(expiry_entry(erased, "retention", TIME), erased)  # two jobs at once
    with filled.snapshot() as snapshot:
        assert verify(snapshot).expired == {"erasure": 1, "retention": 93}


def test_nobody_is_found_any_more_by_an_id_that_was_removed(filled, open_again):
    """R128, R130: the index goes with the content, in every process."""
    other = open_again()
    append(other, grant(7, again=1))
    expire(filled, range(0, 100))
    for each in (filled, other, open_again(writable=False)):
        assert each.last("consent", consent_id(99)) is None
        with each.snapshot() as snapshot:
            assert list(snapshot.rows(consent_id=consent_id(99))) == []
            assert [row.seq for row in snapshot.rows(consent_id=consent_id(7))] == [200]
            assert [row.seq for row in snapshot.rows(consent_id=consent_id(101))] == [101]
    # A decision that comes under an id of which nothing is left begins anew.
    seen: list[bytes] = []
    (answer,) = append(other, replace(grant(99), revise=lambda before: seen.append(before)))
    assert (answer.new, seen) == (True, [])
    for start in range(300, 4800, 1500):
        append(other, *map(grant, range(start, start + 1500)))
    check(other)
    with other.snapshot() as snapshot:
        assert [row.seq for row in snapshot.rows(consent_id=consent_id(99))] == [answer.seq]


def test_a_form_whose_record_was_removed_is_new_again(filled):
    """R46: a key lives no longer than its entry."""
    expire(filled, range(150, 200))
    assert append(filled, refusal(3))[0].new


def test_to_expire_what_is_gone_already_does_no_harm(filled):
    expire(filled, range(20, 90))
    expire(filled, range(20, 90), range(5, 6))
    expire(filled, range(0, 200))
    with filled.snapshot() as snapshot:
        assert {row.seq for row in snapshot.rows() if row.body is None} == set(range(200))
    append(filled, grant(1))


@pytest.mark.parametrize("seqs", [range(0, 201), range(-1, 3), range(5, 5), range(0, 9, 2)])
def test_what_is_not_in_the_log_cannot_expire(filled, seqs):
    with pytest.raises(ValueError, match="no part of a log of 200 entries"):
        expire(filled, seqs)
    assert filled.head().size == 200
    check(filled)


def test_sites_go_on_appending_while_entries_expire(filled, open_again):
    other = open_again()
    futures = [other.append_soon(grant(number)) for number in range(1000, 1300)]
    for start in range(0, 200, 10):
        expire(filled, range(start, start + 10))
    for future in futures:
        assert future.result(60).new
    assert filled.head().size == 520
    check(other)


def test_an_artifact_that_an_expiry_names_goes_and_can_come_back(log):
    """R129."""
    name, value = artifact(b"banner")
    kept, other = artifact(b"other")
    log.put_artifacts({name: value, kept: other})
    append(log, grant(0))
    log.expire(expiry_entry([], "retention", TIME, [name]), [], [name])
    assert log.artifact(name) is None
    assert log.artifact(kept) == other
    log.put_artifacts({name: value})
    assert log.artifact(name) == value
    check(log)


def test_a_log_opened_for_reading_expires_nothing(filled, open_again):
    for change in (
        lambda log: expire(log, range(3)),
        lambda log: log.adopt([]),
        lambda log: log.put_checkpoint(1, "note"),
    ):
        with pytest.raises(LogError, match="open for reading only"):
            change(open_again(writable=False))


def test_checkpoints_are_kept_by_size_and_the_first_of_a_size_stays(log):
    log.put_checkpoint(7, "seven")
    log.put_checkpoint(3, "three")
    log.put_checkpoint(7, "another")
    with log.snapshot() as snapshot:
        assert list(snapshot.checkpoints()) == [(3, "three"), (7, "seven")]


def test_entries_of_a_kind_are_given_in_order(filled):
    expire(filled, range(5))
    append(filled, Entry("publication", b'{"kind":"publication"}'))
    expire(filled, range(8, 9))
    with filled.snapshot() as snapshot:
        assert [row.seq for row in snapshot.of_kind("expiry")] == [200, 202]
        consents = [row.seq for row in snapshot.of_kind("consent")]
        assert consents == list(range(200))


def test_a_log_that_is_moved_has_the_same_root_name_and_content(filled, engine, tmp_path):
    """The entries of one log appended to another, some at a time, are the same log."""
    append(filled, *map(grant, range(1000, 1400)))
    expire(filled, range(40, 170), range(3, 4))
    with filled.snapshot() as snapshot:
        rows, meta = list(snapshot.rows()), dict(snapshot.meta)
    moved = _elsewhere(engine, tmp_path, meta)
    for start in range(0, len(rows), 77):
        moved.adopt(rows[start : start + 77])
    with moved.snapshot() as snapshot:
        assert dict(snapshot.meta) == meta
        assert list(snapshot.rows()) == rows
        assert [row.seq for row in snapshot.rows(consent_id=consent_id(1033))] == [233]
    assert moved.head() == filled.head()
    # Both go on as one would have.
    append(moved, grant(1), grant(1, again=1))
    check(moved)
    moved.close()


def test_what_expires_while_a_log_is_moved_is_removed_from_what_was_moved_before(
    filled, engine, tmp_path
):
    """R128: nobody's content outlives its time in a copy that is not finished yet."""
    name, value = artifact(b"banner")
    filled.put_artifacts({name: value})
    with filled.snapshot() as snapshot:
        rows, meta = list(snapshot.rows()), dict(snapshot.meta)
    moved = _elsewhere(engine, tmp_path, meta)
    moved.adopt(rows[:130])
    moved.put_artifacts({name: value})
    seqs = [range(20, 90), range(120, 140)]
    filled.expire(expiry_entry(seqs, "erasure", TIME, [name]), seqs, [name])
    with filled.snapshot() as snapshot:
        rows = list(snapshot.rows())
    moved.adopt(rows[130:])
    with moved.snapshot() as snapshot:
        assert list(snapshot.rows()) == rows
        assert list(snapshot.rows(consent_id=consent_id(33))) == []
    assert moved.artifact(name) is None
    check(moved)
    moved.close()


def test_entries_of_another_log_may_follow_what_was_appended(filled, engine, tmp_path):
    """They are found by their ids, whichever way they came."""
    with filled.snapshot() as snapshot:
        rows, meta = list(snapshot.rows()), dict(snapshot.meta)
    moved = _elsewhere(engine, tmp_path, meta)
    append(moved, grant(999))
    moved.adopt([row._replace(seq=row.seq + 1) for row in rows])
    with moved.snapshot() as snapshot:
        for number in (999, 0, 149):
            assert len(list(snapshot.rows(consent_id=consent_id(number)))) == 1
    check(moved)
    moved.close()


def test_entries_that_do_not_continue_a_log_are_not_taken(filled, engine, tmp_path):
    with filled.snapshot() as snapshot:
        rows, meta = list(snapshot.rows()), dict(snapshot.meta)
    moved = _elsewhere(engine, tmp_path, meta)
    moved.adopt(rows[:10])
    for wrong in (rows[11:20], rows[9:20], [*rows[10:15], *rows[16:20]]):
        with pytest.raises(LogError, match="do not continue a log of 10 entries"):
            moved.adopt(wrong)
    assert moved.adopt([]) == moved.head()
    assert isinstance(moved.head(), Head)
    assert moved.head().size == 10
    check(moved)
    moved.close()


def _elsewhere(engine: LogEngine, folder: Path, meta: dict[str, str]) -> Log:
    other = folder / "elsewhere"
    other.mkdir()
    address = engine.address(other)
    create_log(address, meta["site"], like=meta)
    return open_log(address, writable=True)
