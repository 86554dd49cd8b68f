"""The lint on notices of many companies, trades and styles: what is found is what is wrong.

`notices/<lang>/*.md` are whole notices, good and faulty; the last line of each says what the lint
finds in it. `notices/sentences.toml` are single sentences, faults and what only looks like one.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from consent.notice.lint import Finding, lint
from consent.settings import load
from tests.unit.notice_reader import JACKBOT, ROOT
from tests.unit.notice_samples import LANGUAGES, declaration, draft_files

NOTICES = Path(__file__).parent / "notices"
CORPUS = sorted(path for lang in LANGUAGES for path in (NOTICES / lang).glob("*.md"))
SENTENCES = tomllib.loads((NOTICES / "sentences.toml").read_text("utf-8"))["sentence"]
BEFORE = {
    "fi": "Profilointia ei ole.",
    "sv": "Ingen profilering sker.",
    "en": "There is no profiling.",
}


def named(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def told(findings: list[Finding]) -> list[str]:
    return sorted({one.rule.id for one in findings})


@pytest.mark.parametrize("path", CORPUS, ids=named)
def test_in_a_notice_is_found_what_is_wrong_and_nothing_else(path):
    lang, raw = path.parent.name, path.read_bytes()
    expected = re.search(r"<!-- finds:(.*?)-->", raw.decode())
    assert expected
    findings = lint({f"{lang}.md": raw}, [lang], facts_wanted=False)
    assert told(findings) == sorted(expected[1].split())


def test_there_are_notices_of_every_sort_in_every_language():
    counts = Counter(path.parent.name for path in CORPUS)
    assert all(counts[lang] >= 15 for lang in LANGUAGES)
    sound = Counter(
        path.parent.name for path in CORPUS if "<!-- finds: -->" in path.read_text("utf-8")
    )
    assert all(4 <= sound[lang] < counts[lang] for lang in LANGUAGES)


@pytest.mark.parametrize("sentence", SENTENCES, ids=range(len(SENTENCES)))
def test_a_sentence_is_found_for_what_it_says(sentence):
    """Words that deny, tell of the past or belong to somebody else are no fault."""
    lang, files = sentence["lang"], draft_files()
    name, before = f"{sentence['lang']}.md", BEFORE[sentence["lang"]]
    text = files[name].decode().replace(before, f"{before} {sentence['text']}")
    files = {name: text.encode(), "facts.toml": files["facts.toml"]}
    findings = lint(files, [lang], declaration=declaration(), effective=date(2027, 1, 1))
    alone = [one for one in findings if not one.rule.id.startswith("N6")]
    assert told(alone) == sorted(sentence["finds"].split())


# What was wrong with the company's first notice, as a reader would list it.
OLD = {
    "transfers": "N301 N310",
    "cookies": "N233 N237 N243 N244 N305 N307 N409 N501",
    "retention": "N220 N320",
    "rights": "N223 N224 N226 N227 N229 N231 N238 N239 N240 N310 N320 N322 N323",
    "purposes": "N209 N210 N212 N232 N245 N310 N311",
    "recipients": "N247 N310 N320",
    "sources": "N236",
    "data": "N241",
    "controller": "N207",
    "changes": "N242 N308 N309 N317 N319 N324",
    "": "N004 N319",
}
OLD_FACTS = "N101 N108 N109 N111 N114 N116 N122 N123 N125 N129 N132 N134"


def test_in_the_companys_first_notice_is_found_what_was_wrong_with_it():
    """Its faults stand in the text or in what an importer finds no fact for."""
    files = {path.name: path.read_bytes() for path in (NOTICES / "old").iterdir()}
    site = load(ROOT / "examples/jackbot/consent.toml", signing=False)
    findings = lint(files, LANGUAGES, declaration=site.declaration)
    text = [one for one in findings if one.place.file == "fi.md"]
    sections = {one.place.section for one in text}
    by_section = {key: told([o for o in text if o.place.section == key]) for key in sections}
    assert by_section == {key: rules.split() for key, rules in OLD.items()}
    assert told([o for o in findings if o.place.file == "facts.toml"]) == OLD_FACTS.split()
    assert told([o for o in findings if o.place.file in ("sv.md", "en.md")]) == ["N601"]
    typos = [one.values["what"] for one in findings if one.rule.id == "N320"]
    assert typos == ["säilömiselle", "tain", "henkilötieton"]


def test_the_companys_notice_passes_but_for_what_it_has_to_confirm():
    files = {path.name: path.read_bytes() for path in JACKBOT.iterdir()}
    site = load(ROOT / "examples/jackbot/consent.toml", signing=False)
    assert told(lint(files, LANGUAGES, declaration=site.declaration)) == ["N101"]


@pytest.mark.parametrize("number", ["2026.1", "2026.2", "2027.1"])
def test_the_fictitious_companys_notice_passes(number):
    """What is left is free: when identity is checked, and what the server logs, is not said."""
    folder = ROOT / "examples/fictitious/notices/privacy" / number
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    site = load(ROOT / "examples/fictitious/consent.toml", signing=False)
    assert told(lint(files, LANGUAGES, declaration=site.declaration)) == ["N240", "N246"]


def test_the_smallest_examples_notice_passes():
    folder = ROOT / "examples/fastapi/notices/privacy/draft"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    site = load(ROOT / "examples/fastapi/consent.toml", signing=False)
    assert lint(files, ["en"], declaration=site.declaration) == []
