"""What a person may ask by their consent id, and what nobody is told without one (R130)."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from consent.cli import rights
from consent.log import open_log
from consent.log.spool import Spool
from consent.log.verify import verify
from consent.settings import load
from consent.texts import texts
from tests.unit.log_engines import append, grant
from tests.unit.small_site import KEY, NOON, decide, open_reader
from tests.unit.terminal import terminal

ROOT = Path(__file__).parents[2]
NOW = datetime.fromtimestamp(NOON, UTC)
LANGUAGES = ("fi", "sv", "en")
FACTS = """
[authority]
name = { fi = "Valvoja", sv = "Tillsyn", en = "Watch" }
website = "https://valvoja.example"

[[purposes]]
id = "consent-log"
basis = "legal-obligation"
data = ["consent"]
name = { fi = "Osoittaminen", sv = "Visa", en = "Showing" }

[[recipients]]
id = "host"
data = ["consent"]
name = { fi = "Konesali", sv = "Driften", en = "The host" }
confirm = true

[[transfers]]
data = ["consent"]
countries = []
"""


@pytest.fixture
def run(site, capsys, monkeypatch):
    """Runs commands in the folder of a site, on the site's day."""
    monkeypatch.chdir(site.folder)
    monkeypatch.setenv("CONSENT_SECRET_KEYS", KEY)
    monkeypatch.delenv("CONSENT_LOG_URL", raising=False)
    monkeypatch.setattr(rights, "now", lambda: NOW)
    return terminal(capsys)


@pytest.fixture
def held(site):
    """The id of a visitor who allowed statistics, then everything; others came too."""
    decide(site.client(), "reject")
    decide(site.client(), "accept")
    visitor = site.client()
    decide(visitor, "save", "statistics")
    decide(visitor, "accept")
    site.consent.runtime.log.close()
    site.consent.runtime._log = None
    return site.log()[-1]["consent_id"]


def facts(site, text=FACTS):
    draft = site.folder / "notices" / "privacy" / "draft"
    draft.mkdir(parents=True)
    (draft / "facts.toml").write_text(text, "utf-8")


def find(site, consent_id):
    with open_reader(site.folder / "log.sqlite3") as log, log.snapshot() as snapshot:
        assert verify(snapshot).findings == []
        return [row.seq for row in snapshot.rows(consent_id=consent_id)]


def test_access_writes_all_that_is_held_in_words(run, site, held):
    """Art. 15: what, why, how long, to whom, whence, and the rights."""
    facts(site)
    code, out, err = run("log", "access", held)
    assert (code, err) == (0, "")
    assert "**18. marraskuuta 2026 klo 14.00: annoit suostumuksen**" in out
    assert "**18. marraskuuta 2026 klo 14.00: muutit suostumustasi**" in out
    assert out.count("- Tilastointi: sallittu, voimassa 19. toukokuuta 2027 asti") == 2
    assert out.count("- Markkinointi: hylätty") == 1
    assert out.count("- Vastasit evästeasetuksissa.") == 2
    assert out.count("- Kieli: suomi\n") == 2
    assert "Sinulle näytettiin: ”Luvallasi Esimerkki Oy" in out
    assert "Käsittelyperuste: lakisääteinen velvoite (6 artiklan 1 kohdan c alakohta)." in out
    assert "säilytämme 20. toukokuuta 2030 asti" in out
    assert "tiedot saa: Konesali [vahvistettava]." in out
    assert "Tietoja ei siirretä" in out
    assert "https://www.example.fi/choices/fi" in out
    assert "Valvoja, https://valvoja.example." in out
    assert "Esimerkki Oy, tietosuoja@example.fi" in out
    assert "täydennettävä" not in out
    (copy,) = re.findall(r"```json\n(.*?)\n```", out, re.S)
    assert json.loads(copy) == [r for r in site.log() if r.get("consent_id") == held]


@pytest.mark.parametrize(
    ("lang", "mark"), [("fi", "täydennettävä"), ("sv", "fyll i"), ("en", "fill in")]
)
def test_what_nobody_has_said_is_left_to_be_filled_in(run, held, lang, mark):
    """Nothing is made up: basis, recipients, transfers and authority are the controller's."""
    code, out, _ = run("log", "access", held, "--lang", lang)
    assert code == 0
    assert out.count(f"[{mark}: ") == 4
    assert texts(lang, "letters")["access"]["title"] in out


def test_access_as_json_holds_records_and_what_was_shown(run, site, held):
    """Art. 20: structured, commonly used, machine-readable."""
    code, out, _ = run("log", "access", held, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["site"], found["consent_id"]) == ("www.example.fi", held)
    assert found["kept_until"] == "2030-05-20"
    assert found["records"] == [r for r in site.log() if r.get("consent_id") == held]
    (shown,) = found["shown"].values()
    assert shown["language"] == "fi"
    assert found["waiting"] == []


def test_records_that_wait_for_the_log_are_held_too(run, site, held):
    waits = {"consent_id": held, "event": "withdrawal", "time": "2026-11-20T08:00:00Z"}
    entry = grant(1)
    body = json.dumps(waits, separators=(",", ":")).encode()
    Spool(str(site.folder / "log.sqlite3.spool")).add(type(entry)("consent", body, consent_id=held))
    _, out, _ = run("log", "access", held)
    assert "**20. marraskuuta 2026 klo 10.00: peruutit suostumuksesi**" in out
    assert "- Tämä kirjaus odottaa vielä siirtoa lokiin." in out
    assert json.loads(run("log", "access", held, "--json")[1])["waiting"] == [waits]


@pytest.mark.parametrize("name", ["access", "erase"])
@pytest.mark.parametrize("given", ["", "abc", "*", "0" * 21, "0" * 23, "ä" * 22, "%" * 22])
def test_only_a_whole_id_is_taken(run, held, name, given):
    """R130: found by id only; a part of one finds nobody."""
    code, out, err = run("log", name, given)
    assert (code, out) == (2, "")
    assert "is not a whole consent id: 22 letters, digits, - and _" in err
    assert held not in err


@pytest.mark.parametrize("name", ["access", "erase"])
def test_an_id_of_nobody_is_told_and_no_other_is(run, held, name):
    for given in ("0" * 22, "-" * 22, *(f"-{letter}{held[:20]}" for letter in "chozA-")):
        code, out, err = run("log", name, given, "--lang", "fi")
        assert (code, out) == (1, "")
        assert err == "consent: nothing is held under this consent id\n"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_an_id_there_is_a_reply_that_says_why_nobody_is_found(run, held, lang):
    """Art. 11(2): and how the person finds their id."""
    code, out, _ = run("log", "access", "--lang", lang)
    assert code == 0
    assert "11" in out
    assert f"https://www.example.fi/choices/{lang}" in out
    assert texts(lang)["settings"]["id"] in out
    assert held not in out


def test_erase_shows_what_would_go_and_does_nothing_without_a_word(run, site, held):
    before = find(site, held)
    code, out, _ = run("log", "erase", held)
    assert code == 1
    assert "2 records are held under this consent id:" in out
    assert "article 17(3)(b) and (e)" in out
    assert "They are kept until 2030-05-20." in out
    assert "may still be in effect" in out
    assert "To erase them, give --yes." in out
    assert "Emme poista kirjauksia" in out
    assert find(site, held) == before


@pytest.mark.parametrize(("typed", "code"), [("{id}", 0), ("yes", 1), ("", 1), (None, 1)])
def test_at_a_terminal_the_id_has_to_be_typed(run, site, held, monkeypatch, typed, code):
    def answer(prompt):
        if typed is None:
            raise EOFError
        return typed.format(id=held)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    assert run("log", "erase", held)[0] == code
    assert bool(find(site, held)) == bool(code)


def test_what_is_erased_is_in_no_file_and_the_log_verifies(run, site, held):
    """Art. 17, R128: an entry with the reason says so, and the hashes stay."""
    others = [r for r in site.log() if r.get("consent_id") != held]
    code, out, _ = run("log", "erase", held, "--yes", "--lang", "en")
    assert code == 0
    assert "Erased 2 of the log, and 0 that waited for it." in out
    assert "we erased all records" in out
    assert "[fill in: how long backups are kept]" in out
    assert find(site, held) == []
    assert site.log() == others
    with open_reader(site.folder / "log.sqlite3") as log:
        ((_, body),) = log.bodies("expiry")
    said = json.loads(body)
    assert (said["reason"], said["time"]) == ("erasure", f"{NOW:%Y-%m-%dT%H:%M:%SZ}")
    assert sum(last - first + 1 for first, last in said["leaves"]) == 2
    for file in site.folder.glob("log.sqlite3*"):
        assert held.encode() not in file.read_bytes(), file.name
    assert run("log", "access", held)[0] == 1
    assert "Content of entries was removed: 2 by erasure.\n" in run("log", "verify")[1]


def test_what_waits_for_the_log_is_erased_too(run, site, held):
    """And what could not be read there; what others wait for stays."""
    path = str(site.folder / "log.sqlite3.spool")
    kind = type(grant(1))
    body = json.dumps({"consent_id": held, "event": "withdrawal"}).encode()
    spool = Spool(path)
    for entry in (grant(1), kind("consent", body, held), grant(2)):
        spool.add(entry)
    Path(f"{path}.damaged").write_bytes(b'torn {"consent_id":"%s"\nother\n' % held.encode())
    assert spool.held(held)
    lines = spool.held(grant(1).consent_id) + spool.held(grant(2).consent_id)
    assert spool.erase(held) == 2
    assert Path(f"{path}.damaged").read_bytes().strip() == b"other"
    assert spool.held(held) == []
    assert spool.held(grant(1).consent_id) + spool.held(grant(2).consent_id) == lines
    drained = []
    assert spool.drain(lambda entries: drained.extend(entries) or [])
    assert drained == lines
    spool.add(kind("consent", body, held))
    code, out, _ = run("log", "erase", held, "--yes")
    assert code == 0
    assert "Erased 2 of the log, and 1 that waited for it." in out
    assert find(site, held) == []


def test_a_long_history_is_erased_in_parts(run, site, held):
    log = open_log(str(site.folder / "log.sqlite3"), writable=True)
    entry = grant(7)
    append(log, *[entry] * 600)
    log.close()
    assert "Erased 600 of the log" in run("log", "erase", entry.consent_id, "--yes")[1]
    with open_reader(site.folder / "log.sqlite3") as log:
        assert len(list(log.bodies("expiry"))) == 3
    assert find(site, entry.consent_id) == []
    assert find(site, held)


def test_access_only_reads(run, site, held):
    before = {f.name: f.read_bytes() for f in site.folder.iterdir() if f.is_file()}
    run("log", "access", held)
    run("log", "erase", held)
    assert {f.name: f.read_bytes() for f in site.folder.iterdir() if f.is_file()} == before


def test_a_damaged_record_is_shown_as_far_as_it_can_be(run, site, held):
    log = open_log(str(site.folder / "log.sqlite3"), writable=True)
    kind, number = type(grant(1)), grant(1).consent_id
    append(log, kind("consent", b"damaged", number), kind("consent", b'{"time":"soon"}', number))
    log.close()
    code, out, _ = run("log", "access", number)
    assert code == 0
    assert "**–: valinta**" in out
    assert '"time": "soon"' in out


def test_an_objection_is_offered_where_the_basis_allows_one(run, site, held):
    """Art. 21(1): for a legitimate interest, not for a legal obligation."""
    facts(site, FACTS.replace("legal-obligation", "legitimate-interest"))
    assert "Voit myös vastustaa käsittelyä." in run("log", "access", held)[1]


def test_the_letters_have_the_same_texts_with_the_same_words_to_fill_in():
    def shape(lang):
        table = tomllib.loads((ROOT / f"consent/texts/letters/{lang}.toml").read_text("utf-8"))
        flat = {}
        for section, inner in table.items():
            for key, text in inner.items() if isinstance(inner, dict) else [("", inner)]:
                fields = {name for _, name, _, _ in Formatter().parse(text) if name}
                flat[section, key] = fields
        return flat

    assert shape("fi") == shape("sv") == shape("en")
    assert len(shape("fi")) > 100


def test_every_letter_names_the_controller_of_the_settings(run, site, held):
    controller = load(site.folder / "consent.toml", site.environ).controller
    for words in (["access", held], ["access"], ["erase", held], ["erase", held, "--yes"]):
        assert f"{controller.name}, {controller.email}" in run("log", *words)[1]


def test_what_waits_is_looked_for_where_the_site_keeps_it(run, site, held):
    """R130: the settings may name another place for the spool."""
    elsewhere = site.folder / "elsewhere.spool"
    toml = site.folder / "consent.toml"
    toml.write_text(f'spool = "elsewhere.spool"\n{toml.read_text("utf-8")}', "utf-8")
    body = json.dumps({"consent_id": held, "event": "withdrawal"}).encode()
    Spool(str(elsewhere)).add(type(grant(1))("consent", body, consent_id=held))
    assert len(json.loads(run("log", "access", held, "--json")[1])["waiting"]) == 1
    code, out, _ = run("log", "erase", held, "--yes")
    assert (code, "and 1 that waited for it" in out) == (0, True)
    assert held.encode() not in elsewhere.read_bytes()
