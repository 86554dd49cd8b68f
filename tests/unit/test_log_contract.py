"""What every engine of the log keeps to."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import wait
from dataclasses import replace

import anyio
import pytest

from consent.errors import LogError, LogMissing, LogUnavailable
from consent.log import Entry, create_log, open_log
from consent.log.tree import root_of
from consent.log.verify import verify
from consent.record import canonical
from tests.unit.log_engines import (
    APPLICATION,
    append,
    artifact,
    check,
    consent_id,
    grant,
    opened,
    refusal,
)


@pytest.fixture
def role() -> str:
    """A site has no other rights than to append and to read (R39)."""
    return APPLICATION


def test_a_new_log_is_empty_and_knows_its_site(log):
    assert log.head() == (0, root_of([]))
    with log.snapshot() as snapshot:
        assert snapshot.meta["site"] == "example.fi"
        assert len(bytes.fromhex(snapshot.meta["id"])) == 16
        assert snapshot.meta["created"].endswith("+00:00")
        assert list(snapshot.rows()) == []
    check(log)


def test_a_log_is_never_made_over_what_is_there(address):
    with opened(address, writable=False).snapshot() as snapshot:
        before = dict(snapshot.meta)
    with pytest.raises(LogError, match="exists"):
        create_log(address, "other")
    with opened(address, writable=False).snapshot() as snapshot:
        assert snapshot.meta == before


@pytest.mark.parametrize("writable", [True, False])
def test_a_wrong_path_never_makes_a_log(engine, tmp_path, writable):
    with pytest.raises(LogMissing, match="consent log create"):
        opened(engine.address(tmp_path), writable=writable)
    assert list(tmp_path.iterdir()) == []


def test_an_address_of_an_unknown_kind_is_refused():
    with pytest.raises(LogError, match="carrier-pigeon://"):
        open_log("carrier-pigeon://coop", writable=True)


def test_entries_get_consecutive_places_and_are_kept_as_written(log):
    entries = [grant(number) for number in range(300)]
    appended = append(log, *entries)
    assert [found.seq for found in appended] == list(range(300))
    assert all(found.new for found in appended)
    assert [body for _, body in log.bodies("consent")] == [entry.body for entry in entries]
    assert log.head() == (300, root_of(found.leaf for found in appended))
    check(log)


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
def test_append_waits_on_asyncio_and_on_trio(log, anyio_backend):
    async def main() -> None:
        async def one(number: int) -> None:
            found.append(await log.append(grant(number)))

        found: list = []
        async with anyio.create_task_group() as group:
            for number in range(60):
                group.start_soon(one, number)
        assert sorted(each.seq for each in found) == list(range(60))

    anyio.run(main, backend=anyio_backend)
    check(log)


def test_several_event_loops_append_to_one_log(log):
    async def main(first: int) -> list[int]:
        found = await asyncio.gather(*[log.append(grant(first + each)) for each in range(50)])
        return [each.seq for each in found]

    async def both() -> list[list[int]]:
        other = asyncio.to_thread(asyncio.run, main(1000))
        return await asyncio.gather(main(0), other)

    first, second = asyncio.run(both())
    assert sorted(first + second) == list(range(100))
    check(log)


def test_a_caller_that_gave_up_leaves_the_others_their_answers(log):
    async def main() -> None:
        tasks = [asyncio.create_task(log.append(grant(number))) for number in range(20)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[3], asyncio.CancelledError)
        assert sum(isinstance(each, tuple) for each in found) == 19

    asyncio.run(main())
    check(log)


def test_what_was_appended_is_there_after_opening_again(log, open_again):
    appended = append(log, *[grant(number) for number in range(5)])
    head = log.head()
    log.close()
    again = open_again()
    assert again.head() == head
    assert [seq for seq, _ in again.bodies("consent")] == [found.seq for found in appended]
    assert append(again, grant(9))[0].seq == 5
    check(again)


def test_a_key_used_again_gives_the_first_entry_back(log, open_again):
    first = append(log, refusal(1))[0]
    other = replace(refusal(1), body=canonical({"event": "another"}))
    assert append(log, other, other) == [first._replace(new=False)] * 2
    log.close()
    assert append(open_again(), other) == [first._replace(new=False)]
    assert open_again().head().size == 1


def test_a_key_used_twice_in_one_group_makes_one_entry(log):
    found = append(log, *[refusal(number % 7) for number in range(70)])
    assert sum(each.new for each in found) == 7
    assert len({(each.seq, each.leaf, each.body) for each in found}) == 7
    assert log.head().size == 7


def test_keys_and_ids_are_found_however_long_the_log_is(log, open_again):
    """The newest are found in memory and the others through indexes: neither loses any."""
    firsts = []
    for start in range(0, 10_000, 500):
        firsts += append(log, *map(refusal, range(start, start + 500)))
    time.sleep(0.3)  # quiet, in which an engine may put things in order
    for n in range(3):
        append(log, *[grant(number, n=n) for number in range(4000)])
    assert append(log, *map(refusal, range(0, 10_000, 7))) == [
        first._replace(new=False) for first in firsts[::7]
    ]
    log.close()
    again = open_again()
    assert append(again, *map(refusal, range(0, 10_000, 11))) == [
        first._replace(new=False) for first in firsts[::11]
    ]
    for number in (0, 1, 1234, 3999):
        assert again.last("consent", consent_id(number)) == grant(number, n=2).body
        with again.snapshot() as snapshot:
            bodies = [row.body for row in snapshot.rows(consent_id=consent_id(number))]
        assert bodies == [grant(number, n=n).body for n in range(3)]
    check(again)


def test_a_revised_entry_is_made_from_the_newest_under_its_id(log):
    append(log, grant(1, n=1), grant(2, n=1), grant(1, n=2))
    seen = []

    def revise(last: bytes) -> bytes:
        seen.append(last)
        return last.replace(b'"n":2', b'"n":3')

    found = append(log, replace(grant(1), revise=revise))[0]
    assert seen == [grant(1, n=2).body]
    assert found.body == grant(1, n=3).body == log.last("consent", consent_id(1))
    assert append(log, replace(grant(3), revise=revise))[0].body == grant(3).body
    check(log)


def test_a_revision_with_nothing_new_gives_the_newest_entry_back(log):
    first = append(log, grant(1))[0]
    same = replace(grant(1), revise=lambda last: None)
    assert append(log, same, same) == [first._replace(new=False)] * 2
    assert log.head().size == 1


def test_revisions_in_one_group_see_each_other(log):
    def more(last: bytes) -> bytes:
        return b"%d" % (int(last) + 1)

    counting = Entry("consent", b"0", consent_id(1), revise=more)
    found = append(log, *[counting] * 40)
    assert [int(each.body) for each in found] == list(range(40))


def test_without_an_id_the_newest_of_the_kind_is_revised(log):
    def unless_same(last: bytes) -> bytes | None:
        return None if last == b"2" else b"2"

    append(log, Entry("declaration", b"1"), grant(1))
    found = append(log, *[Entry("declaration", b"2", revise=unless_same)] * 3)
    assert [each.new for each in found] == [True, False, False]
    assert log.last("declaration") == b"2"


def test_a_refusal_never_sees_another_visitors_record(log):
    """A consent without an id continues nothing (R43)."""
    append(log, grant(1), refusal(1))
    seen: list[bytes] = []
    append(log, replace(refusal(2), revise=seen.append))
    assert seen == []
    assert log.head().size == 3


def test_a_revision_that_fails_fails_alone(log):
    def fail(last: bytes) -> bytes:
        raise ZeroDivisionError("in revise")

    append(log, grant(1))
    entries = [grant(number) for number in range(2, 40)]
    entries[7] = replace(grant(1), revise=fail)
    entries[20] = Entry("consent", b"{}", "short")
    futures = [log.append_soon(entry) for entry in entries]
    wait(futures, 30)
    errors = {at: type(future.exception()) for at, future in enumerate(futures)}
    assert {at: error for at, error in errors.items() if error is not type(None)} == {
        7: ZeroDivisionError,
        20: ValueError,
    }
    assert log.head().size == 37
    check(log)


def test_the_last_body_is_by_kind_or_by_id(log):
    assert log.last("declaration") is None
    assert log.last("consent", consent_id(1)) is None
    append(log, Entry("declaration", b"1"), grant(1), Entry("publication", b"2"), grant(2))
    assert log.last("declaration") == b"1"
    assert log.last("consent") == grant(2).body
    assert log.last("consent", consent_id(1)) == grant(1).body
    assert log.last("declaration", consent_id(1)) is None
    assert list(log.bodies("publication")) == [(2, b"2")]


def test_artifacts_are_kept_under_the_hash_of_their_bytes(log, open_again):
    texts = dict([artifact(b"banner"), artifact(b"notice" * 5000), artifact(b"")])
    log.put_artifacts(texts)
    log.put_artifacts(texts)
    name, (media_type, body) = artifact(b"banner")
    assert log.artifact(name) == (media_type, body)
    log.close()
    again = open_again(writable=False)
    assert {each: again.artifact(each) for each in texts} == texts
    assert again.artifact("0" * 64) is None
    with again.snapshot() as snapshot:
        assert {each: (kind, body) for each, kind, body in snapshot.artifacts()} == texts


def test_an_artifact_under_a_wrong_hash_is_refused(log):
    name, _ = artifact(b"one")
    with pytest.raises(ValueError, match=name):
        log.put_artifacts({name: ("text/plain", b"other")})
    assert log.artifact(name) is None


def test_counters_add_up_and_are_stored_on_closing(log, open_again):
    for _ in range(5):
        log.count("2026-11-23", "shown")
    log.count("2026-11-23", "accepted", 2)
    append(log, grant(1))
    log.count("2026-11-24", "shown")
    log.count("2026-11-23", "shown", 3)
    log.close()
    with open_again(writable=False).snapshot() as snapshot:
        assert list(snapshot.counts()) == [
            ("2026-11-23", "accepted", 2),
            ("2026-11-23", "shown", 8),
            ("2026-11-24", "shown", 1),
        ]


def test_closing_writes_what_waits(open_again):
    log = open_again()
    futures = [log.append_soon(grant(number)) for number in range(700)]
    log.close()
    log.close()
    assert [future.result(0).seq for future in futures] == list(range(700))
    with pytest.raises(LogUnavailable, match="closed"):
        log.append_soon(grant(701))


def test_a_log_opened_for_reading_takes_nothing(open_again):
    log = open_again(writable=False)
    for write in (log.append_soon, log.spool):
        with pytest.raises(LogError, match="reading only"):
            write(grant(1))
    with pytest.raises(LogError, match="reading only"):
        log.put_artifacts({})
    assert log.head().size == 0


def test_a_snapshot_does_not_change_while_others_append(log):
    append(log, grant(1), grant(2))
    with log.snapshot() as snapshot:
        assert snapshot.head().size == 2
        append(log, grant(3))
        assert [row.seq for row in snapshot.rows()] == [0, 1]
        assert verify(snapshot).findings == []
    assert log.head().size == 3


def test_rows_can_be_a_part(log):
    append(log, *map(grant, range(10)))
    with log.snapshot() as snapshot:
        assert [row.seq for row in snapshot.rows(3, 7)] == [3, 4, 5, 6]
        assert [row.seq for row in snapshot.rows(8)] == [8, 9]
        assert [row.seq for row in snapshot.rows(consent_id=consent_id(4))] == [4]
