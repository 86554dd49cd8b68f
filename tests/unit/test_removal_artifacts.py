"""What was shown lives as long as the newest record that names it, and no longer (R129)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

import pytest

from consent.log import Entry, Log
from consent.log.expiry import expiry_entry
from consent.log.removal import carry_out
from consent.record import canonical
from tests.unit import aged_log
from tests.unit.aged_log import artifacts, expired, kept, left, planned, record, telling
from tests.unit.log_engines import LogEngine, append, check
from tests.unit.small_site import TOML, Make, decide

DAY = timedelta(days=1)
MADE, NEXT = date(2021, 5, 28), date(2021, 7, 1)
# The last day on which a cookie can name it, 31 July 2022, and 36 months.
UNTIL = date(2025, 7, 31)
LATER = date(2090, 1, 1)


@pytest.fixture
def address(engine: LogEngine, tmp_path: Path) -> str:
    return aged_log.made(engine, tmp_path)


@pytest.fixture
def log(open_again: Callable[..., Log]) -> Log:
    """A log that was made in 2020, as maintenance opens it."""
    return open_again()


class Shown:
    """What is shown in one state of a site: texts, and an interface of two files."""

    def __init__(self, name: str, sheet: str = "sheet") -> None:
        files = dict([kept(sheet), kept(f"script {name}")])
        interface, body = kept(f"interface {name}", sorted(files))
        self.hash, text = kept(f"text {name}", [interface])
        self.swedish, other = kept(f"swedish {name}", [interface])
        self.all = {**files, interface: body, self.hash: text, self.swedish: other}

    def declare(self, log: Log, day: date, kind: str = "declaration") -> None:
        log.put_artifacts(self.all)
        # An entry may name what it needs directly or through another artifact.
        directly = [self.hash, self.swedish]
        append(log, telling(kind, day, self.hash, directly, sv=self.swedish))


OLD, NEW = Shown("old"), Shown("new")


@pytest.fixture
def shown(log: Log) -> Log:
    """What was shown first, a record of it, and what took its place."""
    OLD.declare(log, MADE)
    append(log, record("grant", MADE, 1, shown=OLD.hash))
    NEW.declare(log, NEXT)
    return log


def test_what_nobody_can_have_been_shown_any_more_goes_with_its_last_record(shown):
    """R129: what both states share stays."""
    expired(shown, UNTIL)
    assert left(shown) >= {0, 2}
    assert artifacts(shown) == {*OLD.all, *NEW.all}
    tallies = expired(shown, UNTIL + DAY).tallies
    assert (tallies["declaration"].count, tallies["declaration"].first) == (1, UNTIL)
    assert tallies["artifact"].count == 4
    assert 0 not in left(shown)
    assert artifacts(shown) == set(NEW.all)
    check(shown)


def test_what_a_remaining_record_names_stays_with_all_that_belongs_to_it(shown):
    """R37, R129: the declaration, its texts in other languages, and the files of the interface."""
    append(shown, record("refusal", date(2089, 1, 1), shown=OLD.hash))
    expired(shown, LATER)
    assert 0 in left(shown)
    assert artifacts(shown) == {*OLD.all, *NEW.all}


def test_a_consent_that_goes_on_keeps_what_its_first_record_was_shown(shown):
    append(shown, record("change", date(2089, 12, 1), 1, shown=NEW.hash))
    expired(shown, LATER)
    assert {0, 1} <= left(shown)
    assert artifacts(shown) == {*OLD.all, *NEW.all}


def test_what_a_declaration_that_stays_shares_with_one_that_goes_stays(shown):
    """Of three states the first has a record still, and the second shared a text with it."""
    middle = Shown("middle")
    shown.put_artifacts(middle.all)
    append(shown, telling("declaration", NEXT, middle.hash, [*middle.all, OLD.swedish]))
    NEW.declare(shown, NEXT + DAY)
    append(shown, record("refusal", LATER, shown=OLD.hash))
    assert expired(shown, LATER).tallies["declaration"].count == 1
    assert artifacts(shown) == {*OLD.all, *NEW.all}
    check(shown)


def test_what_two_that_go_share_goes_with_the_last_of_them(shown, monkeypatch):
    """At no time an entry names what is not there."""
    middle = Shown("middle")
    shown.put_artifacts(middle.all)
    append(shown, telling("declaration", NEXT, middle.hash, [*middle.all, OLD.swedish]))
    NEW.declare(shown, NEXT + DAY)
    expire = shown.expire

    def looked_at(*given):
        answer = expire(*given)
        check(shown)
        return answer

    monkeypatch.setattr(shown, "expire", looked_at)
    assert expired(shown, LATER).tallies["declaration"].count == 2
    assert artifacts(shown) == set(NEW.all)


def test_what_is_shown_now_stays_for_ever(log):
    OLD.declare(log, MADE)
    expired(log, LATER)
    assert left(log) == {0}
    assert artifacts(log) == set(OLD.all)


def test_a_release_goes_as_a_declaration_does(shown):
    """R37: pictures of what is shown now stay, though newer ones are of something else."""
    now, before = Shown("pictures of now"), Shown("pictures of before")
    for state, pictures in ((NEW, now), (OLD, before)):
        shown.put_artifacts(pictures.all)
        names = [*pictures.all, state.hash, state.swedish]
        append(shown, telling("release", NEXT, state.hash, names, sv=state.swedish))
    expired(shown, LATER)
    # The newest release stays, with what it is of.
    assert left(shown) >= {2, 3, 4}
    assert artifacts(shown) == {*OLD.all, *NEW.all, *now.all, *before.all}
    append(shown, telling("release", LATER, NEW.hash, [NEW.hash], sv=NEW.swedish))
    append(shown, record("refusal", date(2095, 1, 1)))
    assert expired(shown, date(2095, 1, 1)).tallies["release"].count == 1
    assert artifacts(shown) == {*NEW.all, *now.all}
    check(shown)


def test_the_files_of_a_published_notice_stay_for_ever(shown):
    """R83: a version can be read, and shown to have been in force, whatever else goes."""
    body, file = kept("notice")
    manifest, text = kept("manifest", [body])
    shown.put_artifacts({body: file, manifest: text})
    append(shown, record("grant", MADE, 2, artifacts=[OLD.hash, manifest]))
    publication = {"artifacts": [manifest], "kind": "publication", "time": f"{MADE}T08:00:00Z"}
    append(shown, Entry("publication", canonical(publication)))
    expired(shown, LATER)
    assert artifacts(shown) == {*NEW.all, body, manifest}


def test_what_no_entry_names_yet_is_left_alone(shown):
    """A site puts what it shows into the log before an entry names it."""
    coming = Shown("coming")
    shown.put_artifacts(coming.all)
    expired(shown, LATER)
    assert artifacts(shown) == {*NEW.all, *coming.all}
    coming.declare(shown, LATER)
    check(shown)


def test_what_a_record_alone_names_goes_with_it(log):
    """As in a log whose declarations were never written."""
    log.put_artifacts(OLD.all)
    append(log, *(record("grant", MADE, number, shown=OLD.hash) for number in range(40)))
    append(log, record("grant", LATER, 41, shown=OLD.hash))
    assert expired(log, LATER).tallies["consent"].count == 40
    assert artifacts(log) == set(OLD.all)
    expired(log, date(2095, 1, 1))
    assert artifacts(log) == {OLD.swedish}
    check(log)


def test_a_site_that_goes_back_before_the_job_removes_keeps_what_it_shows(shown):
    decided = planned(shown, LATER)
    OLD.declare(shown, LATER)
    carry_out(shown, decided)
    assert artifacts(shown) == {*OLD.all, *NEW.all}
    assert not any(b"removed" in body for _, body in shown.bodies("expiry"))
    check(shown)


def test_a_record_of_an_old_form_keeps_what_it_was_shown(shown):
    """Its interface is named through the text alone."""
    decided = planned(shown, LATER)
    append(shown, record("refusal", LATER, shown=OLD.hash))
    carry_out(shown, decided)
    assert set(OLD.all) - {OLD.swedish} <= artifacts(shown)
    check(shown)


def test_what_is_named_in_the_moment_of_removing_is_put_back(shown, open_again, monkeypatch):
    """A site finds all of it there, then it is removed, then an entry names it."""
    site = open_again()
    expire = shown.expire

    def late(entry, seqs, artifacts):
        answer = expire(entry, seqs, artifacts)
        if artifacts:
            append(site, record("refusal", LATER, shown=OLD.hash))
        return answer

    monkeypatch.setattr(shown, "expire", late)
    expired(shown, LATER)
    assert set(OLD.all) - {OLD.swedish} <= artifacts(shown)
    check(shown)


def test_broken_off_before_the_artifacts_go_the_next_run_finds_them(shown, monkeypatch):
    """R129: the declaration is there for as long as they are."""
    expire = shown.expire

    def broken(entry, seqs, artifacts):
        if artifacts:
            raise KeyboardInterrupt
        return expire(entry, seqs, artifacts)

    with monkeypatch.context() as patch:
        patch.setattr(shown, "expire", broken)
        with pytest.raises(KeyboardInterrupt):
            expired(shown, LATER)
    assert 1 not in left(shown)
    check(shown)
    expired(shown, LATER)
    assert artifacts(shown) == set(NEW.all)
    check(shown)


def test_a_running_site_shows_what_it_did_and_goes_on(make_site: Make):
    """Of three states of a site the first two go with their records; the third is untouched."""
    before = make_site()
    decide(before.client(), "accept")
    before.close()
    for number in range(2):
        toml = TOML.replace('name = "Esimerkki"', f'name = "Esimerkki {number}"')
        toml = toml.replace('name = "Esimerkki Oy"', f'name = "Esimerkki {number} Oy"')
        site = make_site(toml=toml)
        decide(site.client(), "accept")
    visitor = site.client()
    decide(visitor, "save", "statistics")
    site.clock.pass_days(365 * 30)
    log = site.consent.runtime.log
    today = date.fromtimestamp(site.clock())
    tallies = expired(log, today).tallies
    assert {kind: tally.count for kind, tally in tallies.items() if kind != "artifact"} == {
        "consent": 4,
        "declaration": 2,
    }
    assert tallies["artifact"].count >= 6
    check(log)
    assert decide(visitor, "accept").status_code == 303
    assert [entry["time"][:10] for entry in site.log()] == [f"{today}"]
    check(log)


def test_a_site_that_goes_back_puts_again_what_has_expired_under_its_hands(site):
    """The job removes what is there from long ago in the moment before it is named again."""
    log, runtime = site.consent.runtime.log, site.consent.runtime
    append_soon, names = log.append_soon, sorted(runtime.edition.artifacts())

    def late(entry):
        if entry.kind == "declaration":
            log.expire(expiry_entry([], "retention", "2090-01-01T00:00:00Z", names), [], names)
            assert not artifacts(log)
        return append_soon(entry)

    runtime.recorded = False
    with mock.patch.object(log, "append_soon", late):
        runtime.record()
    assert artifacts(log) == set(names)
    check(log)
