"""What a record names is in the log, and where it is not, that is told (R37)."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consent.errors import LogCorrupt
from consent.log import Snapshot, open_log
from consent.log.expiry import expiry_entry
from consent.proof.bundle import files
from consent.proof.evidence import Evidence, gather, parts_of
from tests.unit.log_outsider import change
from tests.unit.proof_samples import KEYS, Story, release_of
from tests.unit.small_site import Make, decide
from tests.unit.terminal import terminal

HASH = re.compile(r'"([0-9a-f]{64})"')


@pytest.fixture
def view(story: Story) -> Iterator[Snapshot]:
    log = open_log(story.log, writable=False)
    with log.snapshot() as found:
        yield found
    log.close()


def test_every_hash_in_the_log_resolves(view: Snapshot) -> None:
    """R37: of every entry, and of what that names in turn; a hash is of nothing but an artifact."""
    artifacts = {name: (kind, body) for name, kind, body in view.artifacts()}
    kinds = set()
    for row in view.rows():
        assert row.body is not None
        kinds.add(row.kind)
        named = set(HASH.findall(row.body.decode()))
        while named:
            digest = named.pop()
            assert digest in artifacts, f"entry {row.seq} ({row.kind}) names {digest}"
            media_type, body = artifacts[digest]
            if media_type == "application/json":
                named.update(parts_of(json.loads(body)).values())
    assert kinds == {"consent", "declaration", "publication", "release"}


def test_every_record_resolves_to_all_that_it_names(view: Snapshot) -> None:
    """R35, R37: refusals too, which have no consent id; only later notices have no pictures yet."""
    evidence = gather(view, view.rows())
    assert len(evidence.records) == 30
    for record in evidence.records:
        named = list(evidence.named(record.body))
        missing = [each.what for each in named if not each.found]
        version = record.body["notice"]["version"]
        assert missing == ([] if version == "2026.2" else ["release"])
        assert {each.what for each in named} == {
            *("text", "declaration", "scope", "interface", "notice", "release"),
        }


def of(view: Snapshot, consent_id: str) -> Evidence:
    return gather(view, view.rows(consent_id=consent_id))


def test_behind_a_record_stand_the_entries_of_its_own_time(view: Snapshot, story: Story) -> None:
    evidence = of(view, story.consent_id)
    versions = [p.body["version"] for p in evidence.of("publication")]
    assert versions == ["2026.2", "2027.1"]
    (release,) = evidence.of("release")
    granted, changed, _ = evidence.records
    assert evidence.releases(granted.body["shown"]) == [release]
    assert evidence.releases(changed.body["shown"]) == []
    first, second = evidence.of("declaration")
    assert first.row.seq < granted.row.seq < second.row.seq < changed.row.seq


def test_pictures_are_those_of_the_language_that_was_shown(view: Snapshot, story: Story) -> None:
    evidence = of(view, story.consent_id)
    pictures = [body for kind, body in evidence.artifacts.values() if kind == "image/png"]
    assert len(pictures) == 16
    assert all(picture.startswith(b"\x89PNG fi ") for picture in pictures)


def test_a_scope_that_a_cookie_shortened_is_found_by_its_beginning(
    view: Snapshot, story: Story
) -> None:
    evidence = of(view, story.consent_id)
    full = evidence.records[0].body["scopes"]["statistics"]
    body = {**evidence.records[0].body, "scopes": {"statistics": full[:12], "x": "0" * 12}}
    scopes = [each for each in evidence.named(body) if each.what == "scope"]
    assert [(each.which, each.hash, each.found) for each in scopes] == [
        ("statistics", full, True),
        ("x", "", False),
    ]


def test_what_is_missing_is_named(tmp_path: Path, make_site: Make, capsys: object) -> None:
    """`consent log show` tells what a record names, with what of it is gone."""
    site = make_site()
    release_of(site)
    visitor = site.client()
    decide(visitor, "accept")
    consent_id = str(site.log()[-1]["consent_id"])
    log = site.consent.runtime.log
    body = json.loads(log.last("release") or b"{}")
    (picture, *_) = (p["artifact"] for p in body["screenshots"] if p["language"] == "fi")
    interface = json.loads((log.artifact(body["interface"]) or ("", b""))[1])
    template = interface["files"]["templates/banner.html"]
    entry = expiry_entry([], "retention", "2026-11-18T12:00:00Z", [picture, template])
    log.expire(entry, [], [picture, template])
    site.close()
    run = terminal(capsys)
    code, out, err = run("log", "show", "--consent-id", consent_id, "--log", log.path)  # type: ignore[attr-defined]
    assert (code, err) == (0, "")
    named = {f"{n['what']} {n['which']}".strip(): n for n in json.loads(out)["names"]}
    assert named["interface"]["missing"] == [template]
    (release,) = (n for name, n in named.items() if name.startswith("release"))
    assert release["missing"] == [picture]
    gone = [name for name, n in named.items() if not n["found"]]
    assert len(gone) == 2
    assert {"text fi", "declaration", "scope statistics"} <= named.keys()


def test_an_artifact_with_other_bytes_is_as_good_as_missing(tmp_path: Path, story: Story) -> None:
    path = str(tmp_path / "log.sqlite3")
    shutil.copy(story.log, path)
    with open_log(path, writable=False).snapshot() as view:
        shown = of(view, story.consent_id).records[0].body["shown"]
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE tbl_name = 'artifacts'")
        for (name,) in rows.fetchall():
            if "artifacts_" in name:
                connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        connection.execute("UPDATE artifacts SET body = ? WHERE hash = ?", (b"{}", shown))
        connection.commit()
    with open_log(path, writable=False).snapshot() as view:
        evidence = of(view, story.consent_id)
        named = {each.what: each for each in evidence.named(evidence.records[0].body)}
        assert named["text"].missing == (shown,)
        with pytest.raises(LogCorrupt, match=f"{shown}, which is not in the log"):
            files(view, story.consent_id, KEYS)


def test_an_entry_that_cannot_be_read_is_told(tmp_path: Path, story: Story, capsys: object) -> None:
    path = tmp_path / "log.sqlite3"
    shutil.copy(story.log, path)
    with open_log(str(path), writable=False).snapshot() as view:
        seq = of(view, story.consent_id).records[1].row.seq
    change(str(path), seq, body=b"not JSON")
    message = f"the content of entry {seq} cannot be read"
    view = open_log(str(path), writable=False).snapshot()
    with view as found, pytest.raises(LogCorrupt, match=message):
        files(found, story.consent_id, KEYS)
    code, out, err = terminal(capsys)(
        "log", "show", "--consent-id", story.consent_id, "--log", path
    )
    assert code == 0
    assert '"raw"' in out
    assert f"entry {seq} cannot be read" in err
