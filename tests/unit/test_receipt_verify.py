"""Whoever gets a receipt finds out offline what it proves, and whether one byte was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from consent.errors import ReceiptError
from consent.log.receipt import claimed, opened, proven
from consent.receipt import Evidence, receipt
from consent.signed_note import new_key, verifier_of
from tests.unit.receipt_samples import (
    ANSWERS,
    PUBLIC,
    SIGNING,
    file_of,
    open_signing,
    receipt_of,
    said,
)
from tests.unit.small_site import Make, Site, decide, fields
from tests.unit.terminal import terminal

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_signing(tmp_path, make_site)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("CONSENT_CHECKPOINT_KEYS", raising=False)
    found: Run = terminal(capsys)
    return found


@pytest.fixture
def verify(run: Run, tmp_path: Path) -> Callable[[bytes], str]:
    """Give what the command says of a receipt that is not proven."""

    def tried(data: bytes) -> str:
        file = tmp_path / "receipt.json"
        file.write_bytes(data)
        code, out, err = run("receipt", "verify", str(file), "--key", PUBLIC)
        assert (code, out) == (1, "")
        assert err.startswith(f"consent: NOT PROVEN: {file}: ")
        assert err.count("\n") == 1
        return err

    return tried


def forged(data: bytes, **changes: str) -> bytes:
    """A receipt whose fields follow from evidence that was changed, as a forger would make it."""
    found = Evidence(**said(data)["evidence"])
    return json.dumps(receipt(found._replace(**changes))).encode()


@pytest.mark.parametrize("event", ANSWERS)
def test_what_holds_is_told_in_plain_words(
    shop: Site, run: Run, tmp_path: Path, event: str
) -> None:
    """The record, its log, the checkpoint, each category; and what a receipt cannot show."""
    file = tmp_path / "receipt.json"
    file.write_bytes(receipt_of(shop, event))
    record = shop.log()[-1]
    place = shop.consent.runtime.log.head().size - 1
    code, out, err = run("receipt", "verify", str(file), "--key", PUBLIC)
    assert (code, err) == (0, "")
    assert f"Proven: record {record['id']}, a {event} of {record['time']}," in out
    assert f"is entry {place} of the log test/" in out
    assert f"a signed checkpoint of {place + 1} entries" in out
    who = record.get("consent_id")
    said_who = f"under the consent id {who}," if who else "no identifier is kept,"
    assert said_who in out
    last = {"granted": "2027-05-19", "denied": "2027-11-17"}
    for category, state in record["states"].items():  # type: ignore[attr-defined]
        assert f"{category}: {state}, until the end of {last[state]}\n" in out
    assert "Not proven: who has this id" in out
    assert "later record" in out


def test_the_key_is_that_of_the_environment_or_the_one_given(
    shop: Site, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "receipt.json"
    file.write_bytes(receipt_of(shop, "grant"))
    code, _, err = run("receipt", "verify", str(file))
    assert code == 2
    assert "→ give it with --key NAME+ID+KEY" in err
    code, _, err = run("receipt", "verify", str(file), "--key", "garbage")
    assert code == 2
    assert "--key: it is not an Ed25519 key" in err
    other = str(verifier_of(new_key("www.example.fi")))
    code, _, err = run("receipt", "verify", str(file), "--key", other)
    assert code == 1
    assert "its checkpoint is not to be believed: none of the keys given has signed it" in err
    assert run("receipt", "verify", str(file), "--key", other, "--key", PUBLIC)[0] == 0
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", SIGNING)
    assert run("receipt", "verify", str(file))[0] == 0
    code, _, err = run("receipt", "verify", str(tmp_path / "nowhere.json"))
    assert code == 2
    assert "nowhere.json cannot be read: No such file" in err


def test_an_older_key_goes_on_verifying_what_it_signed(tmp_path: Path, make_site: Make) -> None:
    newer = new_key("www.example.fi")
    site = open_signing(tmp_path, make_site, checkpoint_keys=f"{SIGNING} {newer}")
    found = opened(receipt_of(site, "grant"))
    for key in (PUBLIC, str(verifier_of(newer))):
        assert proven(found, [key]) == claimed(found)


@pytest.mark.parametrize("event", ["change", "refusal"])
def test_one_other_byte_anywhere_is_found(shop: Site, event: str) -> None:
    whole = receipt_of(shop, event)
    assert proven(opened(whole), [PUBLIC])
    places = {*range(0, len(whole), 11)}
    places |= {at for at, byte in enumerate(whole) if byte in b'\n+=/:,"' and not at % 3}
    passed = []
    for at in sorted(places):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with suppress(ReceiptError):
            proven(opened(changed), [PUBLIC])
            passed.append(at)
    assert [whole[at - 20 : at + 20] for at in passed] == []


def values(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, str):
        return [place]
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [found for key, inner in pairs for found in values(inner, (*place, key))]


def test_every_field_that_is_changed_or_missing_is_named(shop: Site) -> None:
    whole = receipt_of(shop, "change")
    places = [place for place in values(said(whole)) if place[0] != "evidence"]
    assert len(places) > 80
    for *outer, last in places:
        for change in ("x", None, 1, ...):
            document = said(whole)
            inner = document
            for key in outer:
                inner = inner[key]
            if change is ...:
                del inner[last]
            else:
                inner[last] = change
            with pytest.raises(ReceiptError) as caught:
                opened(json.dumps(document).encode())
            assert str(outer[0] if outer else last) in str(caught.value)


def test_a_field_too_much_is_named(shop: Site) -> None:
    document = said(receipt_of(shop, "grant"))
    document["party_identification"][0]["party_phone"] = "1"
    with pytest.raises(ReceiptError, match=r"party_identification\[0\].party_phone is not what"):
        opened(json.dumps(document).encode())


def test_a_record_in_which_the_answer_was_turned_is_found(
    shop: Site, verify: Callable[[bytes], str]
) -> None:
    whole = receipt_of(shop, "grant")
    record = said(whole)["evidence"]["record"]
    turned = record.replace('"marketing":"denied"', '"marketing":"granted"')
    assert turned != record
    assert "the record is not in the log of its checkpoint so" in verify(
        forged(whole, record=turned)
    )


def test_another_text_than_was_shown_is_found(shop: Site, verify: Callable[[bytes], str]) -> None:
    """Also that of another language, which the site did show to others."""
    whole = receipt_of(shop, "grant")
    shown = said(whole)["evidence"]["shown"]
    other = shop.consent.runtime.edition.presentations["sv"][1].decode()
    for text in (other, shown.replace("Laskuri Oy", "Parempi Oy")):
        assert "the text in it is not the one that the record names" in verify(
            forged(whole, shown=text)
        )


def test_the_proof_of_another_record_is_found(shop: Site, verify: Callable[[bytes], str]) -> None:
    mine, other = receipt_of(shop, "grant"), receipt_of(shop, "change")
    stolen = said(other)["evidence"]
    assert "its salt is not that of its proof" in verify(forged(mine, proof=stolen["proof"]))
    both = forged(mine, proof=stolen["proof"], salt=stolen["salt"])
    assert "the record is not in the log of its checkpoint so" in verify(both)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("index ", "index 0"),
        ("\nindex ", "\nindex 1"),
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("extra ", "more "),
        ("\n\n", "\n"),
        ("— www", "- www"),
    ],
)
def test_a_proof_that_is_written_otherwise_is_refused(
    shop: Site, verify: Callable[[bytes], str], old: str, new: str
) -> None:
    whole = receipt_of(shop, "grant")
    proof = said(whole)["evidence"]["proof"]
    assert old in proof
    verify(forged(whole, proof=proof.replace(old, new)))


def test_a_receipt_of_another_log_says_of_which_it_is(
    shop: Site, run: Run, tmp_path: Path, make_site: Make
) -> None:
    """Another site's key does not verify it; by its own key it is proven, of its own log."""
    key = new_key("other.example.fi")
    folder = tmp_path / "other"
    folder.mkdir()
    other = open_signing(folder, lambda **options: Site(folder, **options), checkpoint_keys=key)
    file = tmp_path / "other.json"
    file.write_bytes(receipt_of(other, "grant"))
    with other.consent.runtime.log.snapshot() as view:
        name = view.meta["id"]
    other.close()
    assert run("receipt", "verify", str(file), "--key", PUBLIC)[0] == 1
    code, out, _ = run("receipt", "verify", str(file), "--key", str(verifier_of(key)))
    assert code == 0
    assert f"of the log test/{name}, covered" in out


def test_a_receipt_that_is_replayed_shows_its_own_record_and_no_more(
    shop: Site, run: Run, tmp_path: Path
) -> None:
    """Of before the withdrawal: it is still true of its day, and says that more may have come."""
    client = shop.client()
    decide(client, "accept")
    before = file_of(client)
    withdrawn = file_of(client, decide(client, "reject"))
    for data, event in ((before, "grant"), (withdrawn, "withdrawal")):
        file = tmp_path / "receipt.json"
        file.write_bytes(data)
        code, out, _ = run("receipt", "verify", str(file), "--key", PUBLIC)
        assert code == 0
        assert f"a {event} of" in out
        assert "that no later record\n  changes or withdraws this one" in out


def test_a_receipt_without_a_proof_proves_nothing(
    tmp_path: Path, make_site: Make, run: Run, verify: Callable[[bytes], str]
) -> None:
    """And is told so without any key."""
    site = open_signing(tmp_path, make_site, checkpoint_keys="")
    data = receipt_of(site, "grant")
    assert "it has no proof: the site signs no checkpoints" in verify(data)
    assert run("receipt", "verify", str(tmp_path / "receipt.json"))[0] == 1


def test_a_record_that_names_no_text_does_not_prove_the_one_beside_it(
    shop: Site, run: Run, tmp_path: Path
) -> None:
    """As a withdrawal by a form that nobody has a copy of."""
    client = shop.client()
    decide(client, "accept")
    form = {**fields(client.get("/choices/fi").text), "shown": "0" * 64}
    file = tmp_path / "receipt.json"
    file.write_bytes(file_of(client, decide(client, "reject", form=form)))
    code, out, _ = run("receipt", "verify", str(file), "--key", PUBLIC)
    assert code == 0
    assert "The record names no text: what the receipt gives as shown is not proven." in out


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"evidence": []}',
        b'{"evidence": {"record": "{}", "shown": "{}"}}',
        b'{"evidence": {"record": "[]", "shown": "[]"}}',
        b'{"evidence": {"record": 1, "shown": 2}}',
        b'{"evidence": {"record": "{}", "shown": "{}", "more": ""}}',
        b'{"a": 1, "a": 1}',
        b"[" * 100_000,
    ],
    ids=range(11),
)
def test_what_is_no_receipt_is_told_without_a_traceback(
    verify: Callable[[bytes], str], data: bytes
) -> None:
    assert "it is no receipt: " in verify(data)


def test_a_name_that_stands_twice_is_refused(shop: Site, verify: Callable[[bytes], str]) -> None:
    """Two readers could take two different values for it."""
    whole = receipt_of(shop, "grant")
    twice = whole.replace(b'"record_id"', b'"record_id": "x", "record_id"', 1)
    assert "stands twice" in verify(twice)


def test_evidence_of_anything_but_texts_is_refused(
    shop: Site, verify: Callable[[bytes], str]
) -> None:
    document = said(receipt_of(shop, "grant"))
    document["evidence"]["salt"] = None
    assert "is not of texts" in verify(json.dumps(document).encode())


def test_an_entry_of_another_kind_is_no_consent(shop: Site, verify: Callable[[bytes], str]) -> None:
    whole = receipt_of(shop, "grant")
    record = said(whole)["evidence"]["record"].replace('"kind":"consent"', '"kind":"expiry"')
    assert "is none of a consent" in verify(forged(whole, record=record))


def test_anybody_can_check_a_receipt_with_what_the_standards_say(shop: Site) -> None:
    """RFC 9162 and C2SP: the leaf from salt and record, then up the path to the signed root."""
    from base64 import b64decode

    for _ in range(9):
        decide(shop.client(), "reject")
    given = said(receipt_of(shop, "grant"))["evidence"]
    proof, text, _ = given["proof"].split("\n\n")
    _, _, index, *path = proof.split("\n")
    _, size, root = text.split("\n")
    found = sha256(b"\0" + b64decode(given["salt"]) + given["record"].encode()).digest()
    place, last = int(index.removeprefix("index ")), int(size) - 1
    for other in map(b64decode, path):
        if place & 1 or place == last:
            found = sha256(b"\1" + other + found).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = sha256(b"\1" + found + other).digest()
        place, last = place >> 1, last >> 1
    assert found == b64decode(root)
