"""The first draft of a company that has no notice: what every notice tells, with places to fill."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import date

import pytest

from consent.notice.draft import first_draft
from consent.notice.lint import lint
from consent.notice.version import load_source, unconfirmed
from tests.unit.notice_samples import LANGUAGES, declaration, publish_as
from tests.unit.terminal import enter, filled, set_up, terminal

# What a small company would write into the places of the texts, in their order.
GIVEN = {
    "fi": """\
Laituri Oy käsittelee tietoja tilauksia varten.
1234567-1, Katu 1, 00100 Helsinki
Tietosuojavastaavaa ei ole nimitetty.
Tilaukset
Sopimus
Yhteystiedot
Yhteystiedot: nimi. Saamme tiedot sinulta.
Jos et anna tietoja, emme voi toimittaa tilausta.
Palvelimen ylläpitäjä käsittelee tietoja puolestamme.
Sallimasi palvelut siirtävät tietoja Yhdysvaltoihin riittävyyspäätöksen nojalla.
Yhteystiedot
3 vuotta tilauksesta
Emme tee automaattisia päätöksiä emmekä profiloi.
""".splitlines(),
    "sv": """\
Laituri Oy behandlar uppgifter för beställningar.
1234567-1, Katu 1, 00100 Helsingfors
Inget dataskyddsombud har utnämnts.
Beställningar
Avtal
Kontaktuppgifter
Kontaktuppgifter: namn. Vi får uppgifterna av dig.
Om du inte lämnar uppgifter kan vi inte leverera beställningen.
Serverns driftsleverantör behandlar uppgifter för vår räkning.
De tjänster du tillåter överför uppgifter till USA med stöd av beslutet om adekvat skyddsnivå.
Kontaktuppgifter
3 år från beställningen
Vi fattar inga automatiska beslut och gör ingen profilering.
""".splitlines(),
    "en": """\
Laituri Oy processes data for orders.
1234567-1, Katu 1, 00100 Helsinki
No data protection officer has been appointed.
Orders
Contract
Contact details
Contact details: name. We get the data from you.
If you do not give data, we cannot deliver the order.
The hosting provider processes data for us.
The services that you allow transfer data to the United States under the adequacy decision.
Contact details
3 years from the order
We make no automated decisions and do no profiling.
""".splitlines(),
}
PLACE = re.compile(r"(?<!\[)\[([^\[\]]+)\](?!\()(?!\])")


@pytest.fixture
def draft(tmp_path):
    document, email = tmp_path / "privacy", "tieto@laituri.example"
    return first_draft(
        document,
        LANGUAGES,
        controller='Laituri "Oy"',
        email=email,
        months=24,
        declaration=declaration(),
    )


def files(draft):
    return {path.name: path.read_bytes() for path in draft.iterdir()}


def test_nothing_of_it_can_be_published_before_it_is_filled_in(draft):
    """R47: each place in the texts is found, and each fact waits for the company."""
    found = lint(files(draft), LANGUAGES, declaration=declaration())
    for lang in LANGUAGES:
        text = (draft / f"{lang}.md").read_text("utf-8")
        assert len(PLACE.findall(text)) == len(GIVEN[lang])
        left = [one for one in found if one.rule.id == "N319" and one.place.file == f"{lang}.md"]
        assert len(left) == len(GIVEN[lang])
        assert "{" not in re.sub(r"\{#[a-z-]+\}", "", text)
    facts = tomllib.loads((draft / "facts.toml").read_text("utf-8"))
    assert facts["controller"]["name"] == 'Laituri "Oy"'
    assert len(unconfirmed(load_source(draft, LANGUAGES))) == 11


def test_it_tells_what_global_privacy_control_denies(draft, tmp_path):
    """R91: so that the lint has nothing to ask for; nothing where the signal denies nothing."""
    assert not any(b"Global Privacy Control" in content for content in files(draft).values())
    plain = declaration()
    signalled = replace(
        plain, categories=[replace(c, gpc=not c.necessary) for c in plain.categories]
    )
    given = {"controller": "Oy", "email": "a@b.example", "months": 24, "declaration": signalled}
    told = files(first_draft(tmp_path / "other", LANGUAGES, **given))
    assert b"Kielto koskee seuraavaa: statistics (fi).\n" in told["fi.md"]
    missing = {one.rule.id for one in lint(files(draft), LANGUAGES, declaration=signalled)}
    left = {one.rule.id for one in lint(told, LANGUAGES, declaration=signalled)}
    assert "N243" in missing - left


def test_filled_in_it_is_published(draft, tmp_path):
    """Whatever it says by itself passes every rule of the lint, in each language."""
    for lang in LANGUAGES:
        file, given = draft / f"{lang}.md", iter(GIVEN[lang])
        text = PLACE.sub(lambda _, given=given: next(given), file.read_text("utf-8"))
        file.write_text(text.replace('Laituri "Oy"', "Laituri Oy"), "utf-8")
    facts = draft / "facts.toml"
    text = re.sub(r"(?m)^(?:confirm|question).*\n", "", facts.read_text("utf-8"))
    # What stands as an example is what this company says, but for two things it does not do.
    text = re.sub(r"(?m)^# (?=[a-z_]+ = )(?!interest|city)", "", text)
    text = re.sub(r"\[\[sources\]\]\n(?:[^\[\n].*\n)+", "", text).replace(
        r"Laituri \"Oy\"", "Laituri Oy"
    )
    text = text.replace("Tilausten toimittaminen", "Tilaukset")
    text = text.replace("Leverans av beställningar", "Beställningar")
    facts.write_text(text.replace("Delivery of orders", "Orders"), "utf-8")
    package = publish_as(draft, None, date(2027, 1, 1))
    assert str(package.number) == "2027.1"
    assert list(package.renditions) == list(LANGUAGES)


def test_what_init_says_to_do_begins_the_notice(capsys, monkeypatch, tmp_path):
    """In whatever folder the settings are."""
    enter(monkeypatch, tmp_path)
    run = terminal(capsys)
    (tmp_path / "site").mkdir()
    _, out, _ = run("init", "site")
    making = re.search(r"mkdir -p (\S+) && consent (notice new --config \S+)", out)
    file = tmp_path / "site/consent.toml"
    file.write_text(filled(file.read_text("utf-8")), "utf-8")
    (tmp_path / making[1]).mkdir(parents=True)
    assert run(*making[2].split())[0] == 0
    assert (tmp_path / "site/notices/privacy/draft/facts.toml").is_file()


def test_new_begins_it_where_there_is_no_version(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    run = terminal(capsys)
    set_up(run, tmp_path)
    code, out, err = run("notice", "new")
    assert (code, err) == (0, "")
    assert out.startswith(f"Wrote {tmp_path / 'notices/privacy/draft'}. Fill in")
    assert "draft    11 to confirm" in run("notice", "status")[1]
    assert "there is a draft already" in run("notice", "new")[2]
    assert "N319" in run("notice", "lint")[1]
    assert run("notice", "preview", "-o", "pages")[0] == 0
    assert run("notice", "publish", "--effective", "2099-01-01", "--yes")[0] == 1
