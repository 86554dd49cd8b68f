"""The job that removes what is kept no longer, on every engine (R127-R129)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from unittest import mock

import pytest

from consent.errors import LogUnavailable
from consent.log import Entry, Log, Row, open_log, removal
from consent.log.proofs import included, inclusion, stored
from consent.log.removal import carry_out
from consent.log.tree import SALT_SIZE, leaf_hash
from consent.log.verify import verify
from consent.record import canonical
from tests.unit import aged_log
from tests.unit.aged_log import expired, left, planned, record
from tests.unit.log_engines import LogEngine, append, check, consent_id, grant
from tests.unit.proportion import in_proportion

DAY = timedelta(days=1)
MADE = date(2021, 5, 28)
SALT = bytes(SALT_SIZE)


@pytest.fixture
def address(engine: LogEngine, tmp_path: Path) -> str:
    return aged_log.made(engine, tmp_path)


@pytest.fixture
def log(open_again: Callable[..., Log]) -> Log:
    """A log that was made in 2020, as maintenance opens it."""
    return open_again()


CHAINS = {
    "a refusal": ([record("refusal", MADE)], date(2024, 5, 28)),
    # 183 days from 28 May 2021 is 27 November.
    "a grant": ([record("grant", MADE, 1)], date(2024, 11, 27)),
    "a withdrawal": (
        [record("grant", MADE, 1), record("withdrawal", date(2021, 6, 30), 1)],
        date(2024, 6, 30),
    ),
    "a change": (
        [record("grant", MADE, 1), record("change", date(2021, 8, 31), 1)],
        date(2025, 3, 2),
    ),
    "a chain of three": (
        [
            record("grant", MADE, 1),
            record("change", date(2021, 8, 31), 1),
            record("withdrawal", date(2021, 10, 31), 1),
        ],
        date(2024, 10, 31),
    ),
}


@pytest.mark.parametrize(("entries", "until"), CHAINS.values(), ids=CHAINS)
def test_a_record_stays_to_the_last_day_of_36_months_and_is_gone_on_the_next(log, entries, until):
    """R127."""
    append(log, *entries)
    assert expired(log, until).tallies == {}
    assert left(log) == set(range(len(entries)))
    assert log.head().size == len(entries)
    (tally,) = expired(log, until + DAY).tallies.values()
    assert (tally.count, tally.first, tally.last) == (len(entries), until, until)
    assert left(log) == {len(entries)}
    check(log)


@pytest.mark.parametrize(("months", "until"), [(1, "2021-12-27"), (24, "2023-11-27")])
def test_a_site_may_keep_records_for_less(log, months, until):
    """R127: configurable downwards."""
    append(log, record("grant", MADE, 1))
    assert expired(log, date.fromisoformat(until), months).tallies == {}
    assert expired(log, date.fromisoformat(until) + DAY, months).tallies["consent"].count == 1


def test_a_consent_that_goes_on_keeps_all_its_records(log):
    """R44: a change or a withdrawal points at what it changes or ends."""
    append(log, record("grant", MADE, 1), record("grant", MADE, 2))
    append(log, *(record("refusal", MADE) for _ in range(100)))
    append(log, record("change", date(2025, 1, 1), 1))
    expired(log, date(2026, 11, 28))
    assert left(log) == {0, 102, *range(103, log.head().size)}
    with log.snapshot() as snapshot:
        assert [row.seq for row in snapshot.rows(consent_id=consent_id(1))] == [0, 102]
        assert list(snapshot.rows(consent_id=consent_id(2))) == []
    check(log)


def test_an_entry_names_leaves_and_reason_and_everything_verifies(log):
    """R128: content, salt and index go; the leaf hash and the proofs stay."""
    append(log, *(record("grant", MADE, number) for number in range(5)))
    append(log, record("refusal", date(2026, 1, 1)))
    before = log.head()
    with log.snapshot() as snapshot:
        leaves = snapshot.leaves(0, 6)
    noon = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
    carry_out(log, planned(log, date(2026, 11, 28)), clock=lambda: noon)
    with log.snapshot() as snapshot:
        *old, entry = snapshot.rows()
        assert snapshot.leaves(0, 6) == leaves
        path = inclusion(2, 6, stored(snapshot))
    assert [row.body is None for row in old] == [True] * 5 + [False]
    assert all((row.salt, row.consent_id) == (None, None) for row in old[:5])
    assert json.loads(entry.body) == {
        "kind": "expiry",
        "leaves": [[0, 4]],
        "reason": "retention",
        "time": "2026-11-28T12:00:00Z",
    }
    assert included(leaves[2], 2, 6, path, before.root)
    check(log)


def test_the_second_run_of_a_day_does_nothing(log):
    append(log, record("grant", MADE, 1), record("grant", date(2026, 1, 1), 2))
    expired(log, date(2026, 11, 28))
    head = log.head()
    again = expired(log, date(2026, 11, 28))
    assert (again.tallies, log.head()) == ({}, head)


def test_what_is_left_is_kept_at_least_until_a_day_that_is_told(log):
    assert planned(log, date(2026, 11, 28)).next is None
    append(log, record("grant", MADE, 1), record("refusal", date(2023, 1, 31)))
    assert planned(log, date(2021, 6, 1)).next == date(2023, 1, 1)
    assert planned(log, date(2024, 11, 27)).next == date(2024, 11, 27)
    assert expired(log, date(2024, 11, 28)).next == date(2026, 1, 31)


def test_records_written_while_the_clock_had_gone_back_stay_as_long_as_others(log):
    """R127: nothing is removed early."""
    append(
        log,
        record("grant", date(2024, 1, 1), 1),
        record("withdrawal", date(1970, 1, 1), 1),
        record("refusal", date(1970, 1, 1)),
        record("refusal", date(2024, 1, 2)),
    )
    for today in (date(2023, 1, 1), date(2026, 11, 28), date(2027, 1, 1)):
        assert expired(log, today).tallies == {}
    expired(log, date(2027, 1, 2))
    assert left(log) == {3, 4}


def test_a_consent_that_went_on_while_the_clock_had_gone_back_stays(log):
    """R127: what changed it stands after entries that are too young for anything to go."""
    append(
        log,
        record("grant", MADE, 1),
        record("refusal", date(2026, 1, 1)),
        record("withdrawal", date(1970, 1, 1), 1),
    )
    expired(log, date(2028, 12, 31))
    assert left(log) == {0, 1, 2}


def test_a_clock_that_has_gone_back_now_removes_nothing(log):
    append(log, record("grant", MADE, 1), record("refusal", date(2026, 1, 1)))
    for today in (date(1970, 1, 1), date(2019, 1, 1), date(2021, 1, 1)):
        assert expired(log, today).tallies == {}


def test_records_of_a_clock_that_was_ahead_keep_no_others(log):
    append(log, record("refusal", date(2099, 1, 1)), record("refusal", MADE))
    expired(log, date(2026, 11, 28))
    assert left(log) == {0, 2}


def test_damaged_records_go_with_those_of_their_time(log):
    odd = [b"[]", b'{"time":"soon"}', canonical({"kind": "consent", "expires": {"a": 1}})]
    append(log, record("refusal", MADE), *(Entry("consent", body) for body in odd))
    append(log, Entry("consent", b"{}", consent_id(5)))
    assert expired(log, date(2024, 5, 28)).tallies == {}
    expired(log, date(2024, 5, 29))
    assert left(log) == {5}


def test_publications_and_expiries_never_go(log):
    """What took effect, and what was removed, can be told for ever."""
    body = canonical({"kind": "publication", "time": f"{MADE}T08:00:00Z"})
    append(log, Entry("publication", body), record("refusal", MADE), record("refusal", MADE + DAY))
    expired(log, date(2024, 5, 29))
    expired(log, date(2099, 1, 1))
    assert left(log) == {0, 3, 4}
    check(log)


def test_sites_go_on_appending_while_the_job_runs(log, open_again):
    append(log, *(record("refusal", MADE) for _ in range(900)))
    append(log, *(record("grant", MADE, number) for number in range(900)))
    site = open_again()
    futures = [site.append_soon(grant(number)) for number in range(5000, 6000)]
    expired(log, date(2026, 11, 28))
    for future in futures:
        assert future.result(60).new
    assert left(log).isdisjoint(range(1800))
    check(log)


def test_the_job_may_run_twice_at_once(log, open_again):
    append(log, *(record("grant", MADE, number) for number in range(900)))
    other = open_again()
    plans = [planned(each, date(2026, 11, 28)) for each in (log, other)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(carry_out, (log, other), plans))
    assert left(log).isdisjoint(range(900))
    check(log)


def test_of_a_chain_that_is_broken_off_the_end_stays_and_goes_with_the_next_run(log):
    """Broken off between any two parts the log verifies, and the next run goes on."""
    append(log, record("grant", MADE, 1), *(record("refusal", MADE) for _ in range(100)))
    append(log, record("withdrawal", MADE + DAY, 1))
    parts = 0
    while left(log) & set(range(102)):
        before = left(log)
        with mock.patch.object(removal, "MOST", removal.LEAST):
            with mock.patch.object(log, "expire", _once(log)), pytest.raises(LogUnavailable):
                carry_out(log, planned(log, date(2026, 11, 28)))
            assert len(before - left(log)) == min(removal.LEAST, len(before & set(range(102))))
        check(log)
        parts += 1
    assert parts == 7


def _once(log: Log):
    expire, calls = log.expire, []

    def once(*given):
        if calls:
            raise LogUnavailable("killed")
        calls.append(given)
        answer = expire(*given)
        if not left(log) & set(range(102)):
            raise LogUnavailable("killed")
        return answer

    return once


def test_no_more_are_removed_together_than_take_some_milliseconds(log, monkeypatch):
    """The lock of a log in use is held for a short time: a slow log is given less at a time."""
    append(log, *(record("refusal", MADE) for _ in range(600)))
    together, now = [], [0.0]
    expire = log.expire

    def timed(entry, seqs, artifacts):
        together.append(sum(map(len, seqs)))
        now[0] += (0.01, 0.01, 0.01, 0.03, 0.05, 0.03)[min(5, len(together) - 1)]
        return expire(entry, seqs, artifacts)

    monkeypatch.setattr(log, "expire", timed)
    monkeypatch.setattr(removal, "monotonic", lambda: now[0])
    carry_out(log, planned(log, date(2026, 11, 28)))
    assert together == [16, 32, 64, 128, 128, *[64] * 3, 40]


def years(count: int) -> Iterator[Entry]:
    """Refusals and grants in turns, from 2020 on; each twentieth consent is changed in 2026."""
    for seq in range(count):
        day = date(2020, 1, 1) + timedelta(days=seq * 1000 // count)
        yield record("grant", day, seq) if seq % 2 else record("refusal", day)
    yield from (record("change", date(2026, 1, 1), seq) for seq in range(1, count, 40))


def row(seq: int, entry: Entry) -> Row:
    leaf = leaf_hash(entry.body, SALT)
    return Row(seq, "consent", leaf, entry.body, SALT, entry.consent_id)


def test_to_decide_and_to_remove_take_time_in_proportion(engine, tmp_path):
    """From ten thousand entries to a hundred thousand."""
    numbers = iter(range(100))

    def work(count):
        folder = tmp_path / f"{next(numbers)}"
        folder.mkdir()
        log = open_log(aged_log.made(engine, folder), writable=True)
        entries = enumerate(years(count))
        while some := list(islice(entries, 1000)):
            log.adopt([row(seq, entry) for seq, entry in some])
        tallies = expired(log, date(2026, 11, 28)).tallies
        assert sum(tally.count for tally in tallies.values()) == count * 39 // 40
        log.close()

    assert in_proportion(int, work, 10_000, factor=10)


def test_content_that_is_missing_without_an_entry_is_told(log):
    """R128: whatever the job removed, more than that is found."""
    append(log, record("refusal", MADE), record("refusal", date(2026, 1, 1)))
    expired(log, date(2026, 11, 28))
    with log.snapshot() as snapshot:

        class Less:
            """The same log, with the content of one more entry gone."""

            def __getattr__(self, name):
                return getattr(snapshot, name)

            def runs(self, start=0, stop=None):
                for run in snapshot.runs(start, stop):
                    gone = None if run.kind == "consent" else run.bodies
                    bare = run._replace(consent_ids=None, salts=None, sizes=None, bodies=None)
                    yield bare if gone is None else run

        (finding,) = verify(Less()).findings
    assert (finding.kind, finding.seq) == ("content", 1)
    assert "no entry says why" in finding.message
