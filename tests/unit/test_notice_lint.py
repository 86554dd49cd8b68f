"""Where a finding stands, how it is told, waived, and what the lint makes of odd files."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.notice.lint import (
    RENDERED,
    Finding,
    as_json,
    as_sarif,
    as_text,
    blocking,
    guess_language,
    lint,
    rules,
)
from consent.notice.lint.text import read_text
from consent.notice.render import render
from tests.unit.notice_samples import LANGUAGES, declaration, draft_files
from tests.unit.proportion import in_proportion

DAY = date(2027, 1, 1)
HEAD = "---\ntitle: T\nshort: s\nchange: c\n---\n"


def found(files: dict[str, bytes], languages: tuple[str, ...] = LANGUAGES) -> list[Finding]:
    return lint(files, languages, declaration=declaration(), effective=DAY)


def alone(markdown: str, lang: str = "en") -> list[Finding]:
    return lint({f"{lang}.md": (HEAD + markdown).encode()}, [lang], facts_wanted=False)


def changed(name: str, old: str, new: str) -> dict[str, bytes]:
    files = draft_files()
    assert old.encode() in files[name]
    files[name] = files[name].replace(old.encode(), new.encode())
    return files


# --- Places ---


@pytest.mark.parametrize(
    ("markdown", "line", "column", "width"),
    [
        ("We rely on the Privacy Shield.", 1, 16, 14),
        ("First.\n\n- one\n- we rely on the **Privacy Shield**", 4, 20, 14),
        ("> We rely on [the\n> Privacy Shield](https://example.fi).", 2, 3, 14),
        ("| a | b |\n| --- | --- |\n| c | Privacy Shield |", 3, 7, 14),
        ("A <!-- note --> rely on Privacy Shield", 1, 25, 14),
        ("A&nbsp;line, `code` and \\* we rely on Privacy Shield", 1, 39, 14),
    ],
)
def test_a_finding_names_the_line_and_column_of_its_words(markdown, line, column, width):
    (one,) = [one for one in alone(f"## A {{#a}}\n\n{markdown}") if one.rule.id == "N301"]
    assert (one.place.line - 7, one.place.column, one.place.width) == (line, column, width)
    assert one.place.section == "a"


def test_lines_that_end_as_windows_writes_them_keep_their_numbers():
    raw = (HEAD + "## A {#a}\n\nWe rely on the Privacy Shield.").replace("\n", "\r\n").encode()
    findings = lint({"en.md": raw}, ["en"], facts_wanted=False)
    (one,) = [one for one in findings if one.rule.id == "N301"]
    assert (one.place.line, one.place.column) == (8, 16)


def test_a_fact_is_named_by_its_own_line():
    files = changed("facts.toml", 'basis = "legal-obligation"', 'basis = "law"')
    (one,) = found(files)
    line = files["facts.toml"].decode().split("\n").index('basis = "law"') + 1
    assert (one.rule.id, one.place.file, one.place.line) == ("N108", "facts.toml", line)


def test_what_is_missing_from_a_section_is_told_at_its_heading():
    (one,) = found(changed("en.md", "restrict the processing, ", ""))
    assert (one.rule.id, one.place.section, one.place.column) == ("N222", "controller", 4)
    assert one.message("fi") == "Oikeutta ei mainita: käsittelyn rajoittaminen."
    assert one.message("sv") == "Rättigheten nämns inte: begränsning av behandlingen."
    assert one.message("en") == one.message("de") == "This right is not mentioned: restriction."


# --- Reports ---


def test_people_are_shown_the_line_with_a_caret_under_the_words():
    files = {"fi.md": (HEAD + "## A {#a}\n\nPerustuu Privacy Shieldiin.").encode()}
    findings = [one for one in lint(files, ["fi"]) if one.rule.id == "N301"]
    text = as_text(findings, files, "fi", path=lambda name: f"notices/{name}")
    assert text == (
        "notices/fi.md:8:10: virhe N301: ”Privacy Shield” ei ole siirtoperuste: se on kumottu.\n"
        "    Perustuu Privacy Shieldiin.\n"
        "             ^^^^^^^^^^^^^^\n"
        "    → Nimeä nykyinen peruste (EU:n ja Yhdysvaltain tietosuojakehys, "
        "vakiosopimuslausekkeet) ja vastaanottajat.\n"
        "    CJEU C-311/18 (Schrems II); R54\n"
        "\n"
        "Virheitä 1, varoituksia 0, huomautuksia 0, poikkeuksia 0.\n"
    )


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 400))
def test_of_a_long_line_the_part_round_the_words_is_shown(length, column, width):
    from consent.notice.lint.report import _caret

    column = min(column, length)
    line = "".join(chr(ord("a") + place % 26) for place in range(length))
    shown, carets = _caret(line, column, width)
    assert len(shown) <= 4 + 88 + 2
    first = carets.index("^")
    assert shown[first] == line[column - 1]
    assert set(carets[first:]) == {"^"}
    assert len(carets) <= len(shown)


def test_nothing_found_is_said():
    assert as_text([], {}, "sv") == "Inget att anmärka.\n"


def test_as_json_every_finding_has_its_rule_place_and_texts():
    body = json.loads(as_json(found(changed("sv.md", " Ingen profilering sker.", ""))))
    (one,) = body["findings"]
    assert body["blocking"] is True
    assert one["rule"] == "N234"
    assert one["requirement"] == ["R61"]
    assert (one["file"], one["severity"], one["waived"]) == ("sv.md", "warning", None)
    assert set(one["message"]) == set(one["remedy"]) == set(LANGUAGES)


def test_as_sarif_a_code_host_can_show_it_on_its_line():
    """SARIF 2.1.0: 3.14 run, 3.19 tool, 3.27 result, 3.30 region, 3.35 suppression."""
    waiver = '[[waivers]]\nrule = "N234"\nreason = "Told elsewhere."'
    files = draft_files(facts=waiver)
    for lang, gone in (("sv", " Ingen profilering sker."), ("en", "restrict the processing, ")):
        files[f"{lang}.md"] = files[f"{lang}.md"].replace(gone.encode(), b"")
    text = as_sarif(found(files), "en", version="1.2.3", path=lambda name: f"notices/ä/{name}")
    body = json.loads(text)
    assert body["version"] == "2.1.0"
    assert body["$schema"].endswith("sarif-2.1.0.json")
    (run,) = body["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    driver = run["tool"]["driver"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", driver["semanticVersion"])
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    assert {result["ruleId"] for result in run["results"]} == {"N222", "N234"} == set(ids)
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        assert all(isinstance(v, str) for v in result["partialFingerprints"].values())
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert re.fullmatch(r"notices/%C3%A4/\w\w\.md", physical["artifactLocation"]["uri"])
        region = physical["region"]
        assert region["startLine"] >= 1
        assert 1 <= region["startColumn"] < region["endColumn"]
    assert physical["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    suppressed = [r["suppressions"] for r in run["results"] if "suppressions" in r]
    wanted = {"kind": "external", "status": "accepted", "justification": "Told elsewhere."}
    assert suppressed == [[wanted]]


def test_the_same_words_twice_are_two_findings_for_a_code_host():
    findings = alone("## A {#a}\n\nSend it by post and/or e-mail.\n\nWe write and/or call.")
    body = json.loads(as_sarif(findings, version="1.2.3"))
    hedges = [r for r in body["runs"][0]["results"] if r["ruleId"] == "N310"]
    assert len(hedges) == 2
    assert len({r["partialFingerprints"]["finding/v1"] for r in hedges}) == 2


# --- Waivers (R47) ---


def test_a_warning_with_a_stored_reason_stops_nothing():
    files = draft_files(facts='[[waivers]]\nrule = "N238"\nreason = "One page says it for all."')
    for name, time in (("fi.md", "kuukaudessa"), ("sv.md", "inom en månad")):
        files[name] = files[name].replace(time.encode(), b"...")
    findings = found(files)
    assert [one.rule.id for one in findings] == ["N238", "N238"]
    assert {one.waived for one in findings} == {"One page says it for all."}
    assert blocking(findings) == []
    assert "(poikkeus: One page says it for all.)" in as_text(findings, files, "fi")


def test_a_waiver_holds_for_its_file_and_section_only():
    waiver = '[[waivers]]\nrule = "N238"\nfile = "fi.md"\nsection = "controller"\nreason = "x"'
    files = draft_files(facts=waiver)
    for name, time in (("fi.md", "kuukaudessa"), ("sv.md", "inom en månad")):
        files[name] = files[name].replace(time.encode(), b"...")
    assert [one.place.file for one in blocking(found(files))] == ["sv.md"]


def test_an_error_cannot_be_waived():
    files = draft_files(facts='[[waivers]]\nrule = "N222"\nreason = "We do not want to."')
    files["en.md"] = files["en.md"].replace(b"restrict the processing, ", b"")
    assert [one.rule.id for one in blocking(found(files))] == ["N702", "N222"]


@pytest.mark.parametrize("reason", ['reason = ""', 'reason = " "', "reason = 1", ""])
def test_a_waiver_without_a_reason_is_an_error_and_waives_nothing(reason):
    files = draft_files(facts=f'[[waivers]]\nrule = "N238"\n{reason}')
    files["fi.md"] = files["fi.md"].replace(b"kuukaudessa", b"...")
    findings = found(files)
    assert [one.rule.id for one in blocking(findings)] == ["N701", "N238"]
    assert [one.waived for one in findings] == [None, None]


def test_a_waiver_that_nothing_needs_any_more_is_an_error():
    findings = found(draft_files(facts='[[waivers]]\nrule = "N238"\nreason = "x"'))
    assert [one.rule.id for one in blocking(findings)] == ["N703"]


def test_a_waiver_is_out_of_date_only_where_all_was_judged():
    """The date of effect, the declaration and the version before are not at hand always."""
    facts = "".join(
        f'[[waivers]]\nrule = "{rule}"\nreason = "x"\n\n' for rule in ("N242", "N243", "N608")
    )
    files = draft_files(facts=facts)
    dated = lint(files, LANGUAGES, effective=DAY)
    assert [one.rule.id for one in dated] == []
    alone = lint({key: files[key] for key in ("fi.md", "facts.toml")}, ["fi"], facts_wanted=False)
    assert {one.rule.id for one in alone} == {"N242"}
    whole = found(files) + lint(files, LANGUAGES, before=draft_files(), effective=DAY)
    assert [one.values["what"] for one in whole] == ["N243", "N608"]


# --- Odd files ---


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["fi.md", "facts.toml"]))
def test_no_bytes_in_a_file_lead_to_an_exception(raw, name):
    assert found(draft_files() | {name: raw})


MARKDOWN = st.lists(
    st.sampled_from(
        ["## A {#a}", "# B", "## ", "### C", "- x", "  - y", "1. z", "| a | b |", "| --- | --- |",
         "| c |", "|", "> q", "```", "    code", "[l](#a)", "[l](#b)", "[l][r]", "[r]: http://x",
         "![i](j)", "[[cookies]]", "[[settings]]", "[s]([[settings]])", "<b>", "<!--", "-->", "---",
         "===", "*a* **b", "_c_", "\\*", "&amp;", "{#d}", "{: #e}", "", "Privacy Shield", "`", "•"]
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(MARKDOWN)
def test_every_place_is_within_its_file(lines):
    text = HEAD + "\n".join(lines)
    for one in lint({"en.md": text.encode()}, ["en"], facts_wanted=False):
        if one.place.line:
            line = text.split("\n")[one.place.line - 1]
            assert 1 <= one.place.column <= max(1, len(line) + 1)
            assert one.place.column + one.place.width <= max(1, len(line)) + 2


@settings(max_examples=150, deadline=None)
@given(MARKDOWN)
def test_every_word_stands_where_its_block_says(lines):
    text = HEAD + "\n".join(lines)
    doc = read_text("en.md", "en", text, {})
    for block in doc.blocks:
        for match in re.finditer(r"[a-zA-Z]+", block.text):
            source = block.plain.source(match.start())
            assert text[source] == match[0][0] or text[source] == "&"


PIECES = st.lists(
    st.sampled_from(
        ["## A {#a}\n\nText.", "## B {#b}\n\nText.", "## C\n\nText.", "# D {#d}\n\nText.",
         "### E\n\nText.", "[x](#a)", "[x](#nowhere)", "[x](https://example.fi)", "[x](http://x.fi)",
         "[x](javascript:alert)", "[x](mailto:a@example.fi)", "![x](https://x.fi/y.png)",
         "[x]([[settings]])", "[[cookies]]", "[[other]]", "## F {#Upper}\n\nText.", "- a\n- b",
         "| a | b |\n| --- | --- |\n| c | d |"]
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(PIECES)
def test_what_render_refuses_the_lint_tells_and_nothing_else_of_that_sort(pieces):
    """One editor is told by the lint, another by `publish`: they are told of the same faults."""
    markdown = "\n\n".join(pieces)
    page = render(markdown, "en", declaration=declaration(), settings_address="/s")
    told = {one.rule.id for one in alone(markdown) if one.rule.id in RENDERED}
    assert bool(told) == bool(page.problems), (told, page.problems)


@pytest.mark.parametrize(
    "piece",
    [
        "## A {{#a{n}}}\n\nWe may keep cookies as long as necessary.\n\n",
        "- based on consent and/or contract\n",
        "The Privacy Shield, which was annulled, and browser settings ",
        "| a | b |\n| --- | --- |\n| c | d |\n\n",
        "word",
        "unless another purpose is necessary and our legitimate interest ",
        "(Article 6 (1",
        "the basis is consent or contract, cookies and browser ",
        "You can block cookies in the settings of your browser. ",
        "We keep data as long as necessary. ",
        "We keep data as long as necessary.\n\n",
        "<!-- ",
    ],
)
def test_the_work_grows_as_the_notice_does(piece):
    def make(size: int) -> dict[str, bytes]:
        text = HEAD + "## Start {#start}\n\n"
        return {"en.md": (text + "".join(piece.format(n=n) for n in range(size))).encode()}

    assert in_proportion(make, lambda files: lint(files, ["en"]), 150)


@pytest.mark.parametrize("lead", ["not", "as long as", "until"])
def test_the_work_grows_as_the_words_do(lead):
    from consent.notice.lint.words import vocabulary

    def make(size: int) -> str:
        return f"{lead} " + f"{size * 'x'} " * 7

    assert in_proportion(make, vocabulary("en")["retention.vague"].search, 4, 2)


def test_of_a_language_that_it_does_not_know_the_lint_judges_structure_only():
    files = draft_files() | {"de.md": (HEAD + "# Wer\n\nWir. Privacy Shield.").encode()}
    findings = lint(files, (*LANGUAGES, "de"), declaration=declaration(), effective=DAY)
    told = {one.rule.id for one in findings if one.place.file == "de.md"}
    assert told == {"N401", "N402", "N409", "N602"}


def test_a_language_is_told_by_its_small_words():
    for lang, raw in draft_files().items():
        if lang.endswith(".md"):
            assert guess_language(raw.decode()) == lang[:2]


def test_the_rules_are_read_once():
    assert rules() is rules()


def test_a_period_is_the_same_in_months_and_in_years():
    from consent.notice.lint.quantities import periods
    from consent.notice.lint.words import vocabulary

    for months, years in (("36 kuukautta", "3 vuotta"), ("24 kuukautta", "2 vuotta")):
        assert periods(months, vocabulary("fi")) == periods(years, vocabulary("fi"))
    assert periods("18 kuukautta", vocabulary("fi")) != periods("1 vuosi", vocabulary("fi"))
