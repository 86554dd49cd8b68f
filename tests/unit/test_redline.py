"""A redline is both texts, and tells section, block and word of what is changed (R77)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from consent.notice.matching import aligned, alike, increasing, matching
from consent.notice.redline import ADDED, REMOVED, SAME, Redline, accept, compare, reject
from tests.unit.proportion import in_proportion
from tests.unit.redline_samples import NEW, OLD, markdown

SHOP = Path(__file__).parents[2] / "examples/fictitious/notices/privacy"


def changes(redline: Redline) -> list[tuple[str, str, str]]:
    """Section, op and text of every piece that is not the same."""
    return [
        (section.key, op, text)
        for section in redline.sections
        for block in section.blocks
        for op, text in block.pieces
        if op != SAME
    ]


def marked(old: str, new: str) -> list[tuple[str, str]]:
    return [(op, text) for _, op, text in changes(compare(old, new))]


@settings(max_examples=1000)
@given(markdown, markdown)
@example(OLD, NEW)
@example(NEW, OLD)
@example("", "")
@example("\n", "# \n")
def test_accepting_gives_the_new_text_and_rejecting_the_old(old: str, new: str) -> None:
    """Point 4: to the last space, for any two texts."""
    redline = compare(old, new)
    assert accept(redline) == new
    assert reject(redline) == old


@given(markdown)
def test_a_text_is_the_same_as_itself(text: str) -> None:
    redline = compare(text, text)
    assert changes(redline) == []
    assert {section.status for section in redline.sections} <= {SAME}


@given(markdown, markdown)
def test_pieces_alternate_and_none_is_empty(old: str, new: str) -> None:
    """What is the same comes before what is removed, and that before what is added."""
    order = {SAME: 0, REMOVED: 1, ADDED: 2}
    for section in compare(old, new).sections:
        for block in section.blocks:
            assert all(text for _, text in block.pieces)
            for (one, _), (other, _) in pairwise(block.pieces):
                assert one != other
                assert other == SAME or order[one] < order[other]


def test_a_comma_alone_is_added() -> None:
    assert marked("Kerrotaan miten tietoja kerätään.", "Kerrotaan, miten tietoja kerätään.") == [
        (ADDED, ",")
    ]


@pytest.mark.parametrize(
    ("old", "new", "removed", "added"),
    [
        ("Jackbotin tain muiden", "Jackbotin tai muiden", "tain", "tai"),
        ("evästeiden käytön", "evästeiden käyttöön", "käytön", "käyttöön"),
        ("siirto EU:n ulkopuolelle", "siirto ETA:n ulkopuolelle", "EU:n", "ETA:n"),
        ("myynti- ja tukityö", "markkinointi- ja tukityö", "myynti-", "markkinointi-"),
        ("voimaan 1.1.2027 alkaen", "voimaan 1.12.2027 alkaen", "1.1.2027", "1.12.2027"),
        ("kirjoita a@example.fi nyt", "kirjoita b@example.fi nyt", "a@example.fi", "b@example.fi"),
        (
            "[asetukset](/a) tästä sivulta",
            "[asetukset](/b) tästä sivulta",
            "](/a)",
            "](/b)",
        ),
    ],
)
def test_words_are_whole(old: str, new: str, removed: str, added: str) -> None:
    """Point 4: no part of a Finnish word, address or date is marked alone."""
    found = [(op, text.strip("-")) for op, text in marked(old, new)]
    assert found == [(REMOVED, removed.strip("-")), (ADDED, added.strip("-"))]


def test_a_moved_section_is_told_and_only_what_is_changed_in_it_is_marked() -> None:
    redline = compare(OLD, NEW)
    statuses = {section.key: section.status for section in redline.sections if section.key}
    assert statuses == {
        "#controller": "changed",
        "#purposes": "changed",
        "#recipients": "added",
        "#retention": "moved",
        "#rights": "same",
        "#old": "removed",
        "#changes": "same",
    }
    moved = [(op, text) for key, op, text in changes(redline) if key == "#retention"]
    assert moved == [
        (REMOVED, "6"),
        (ADDED, "10"),
        (REMOVED, "| Uutiskirje | tilauksen ajan | suostumus |\n\n"),
        (ADDED, "| Palvelinloki | 30 päivää | tietoturva |\n\n"),
        (REMOVED, "tain"),
        (ADDED, "tai"),
    ]


def test_a_changed_address_of_a_link_is_a_change() -> None:
    found = [(op, text) for key, op, text in changes(compare(OLD, NEW)) if key == "#controller"]
    assert found == [
        (REMOVED, "](mailto:tietosuoja@example.fi)"),
        (ADDED, "](mailto:asiakaspalvelu@example.fi)"),
    ]


def test_a_nested_bullet_is_added_alone() -> None:
    found = [text for key, _, text in changes(compare(OLD, NEW)) if key == "#purposes"]
    assert found == ["  - koskee myös *kuljetusta* ja `tilausnumeroa`\n"]


def test_a_section_is_known_by_its_heading_or_words_where_it_has_no_id() -> None:
    body = "Säilytämme tilaukset kuusi vuotta ja viestit kaksi vuotta.\n\n"
    named = compare(f"## Ajat\n\n{body}", f"## Ajat\n\nAlku.\n\n{body}")
    assert [section.status for section in named.sections] == ["changed"]
    worded = compare(f"## Ajat {{#a}}\n\n{body}", f"## Säilytys {{#b}}\n\n{body}")
    assert [section.status for section in worded.sections] == ["changed"]
    assert body not in [text for _, _, text in changes(worded)]


def test_a_heading_that_went_takes_no_text_with_it() -> None:
    """What stood under it now stands under the one before, and is no change."""
    joined = OLD.replace("## Mihin tietoja käytetään? {#purposes}\n\n", "")
    joined = joined.replace(
        "- **Palvelun toimittaminen**",
        "Tilaukset Viestit Uutiskirje Palvelun toimittaminen.\n\n- **Palvelun toimittaminen**",
    )
    told = [text for _, op, text in changes(compare(OLD, joined)) if op == REMOVED]
    assert told == ["## Mihin tietoja käytetään? {#purposes}\n\n"]


COLUMNS = (
    "| Tieto | Aika |\n|---|---|\n| Tilaukset ja laskut | kuusi vuotta |\n| Viestit | 2 vuotta |\n",
    "| Tieto | Peruste | Aika |\n|---|---|---|\n| Tilaukset ja laskut | sopimus | 10 vuotta |\n"
    "| Viestit | etu | 2 vuotta |\n",
)


def test_a_column_that_came_or_went_leaves_the_others_where_they_are() -> None:
    """Point 4: a table is read by its rows, and only what is new in them is marked."""
    old, new = COLUMNS
    rule = [(REMOVED, "|---|---|\n"), (ADDED, "|---|---|---|\n")]
    assert marked(old, new) == [
        *((ADDED, "| Peruste "), *rule, (ADDED, "| sopimus ")),
        *((REMOVED, "kuusi"), (ADDED, "10"), (ADDED, "| etu ")),
    ]
    assert [text for op, text in marked(new, old) if op == REMOVED and "-" not in text] == [
        *("| Peruste ", "| sopimus ", "10", "| etu "),
    ]


def test_white_space_is_kept_and_is_no_change() -> None:
    redline = compare("## A {#a}\n\nyksi kaksi kolme\n", "## A {#a}\n\n\nyksi\nkaksi  kolme")
    assert [section.status for section in redline.sections] == [SAME]
    assert changes(redline)


def test_little_in_common_is_shown_as_one_change() -> None:
    """A sentence in crumbs is not easier to read than two sentences."""
    old = "Voit kysyä meiltä lisää, ja me vastaamme sinulle pian kysymykseesi."
    new = "Lisää tietoja saat, ja vastaus tulee, kun kirjoitat palveluumme pian."
    assert len(marked(old, new)) <= 2


def test_two_versions_of_a_real_notice_differ_where_they_do() -> None:
    old, new = ((SHOP / number / "fi.md").read_text("utf-8") for number in ("2026.2", "2027.1"))
    redline = compare(old, new)
    assert accept(redline) == new
    changed = [section.key for section in redline.sections if section.status != SAME]
    assert changed == ["", "#recipients"]


def edited(text: str, share: float) -> str:
    """A text in which so much of the blocks is changed, some gone and some new."""
    chance = random.Random(7)
    words = re.findall(r"\w{4,}", text)
    blocks: list[str] = []
    for block in text.split("\n\n"):
        if chance.random() >= share:
            blocks.append(block)
        elif chance.random() < 0.8:
            parts = re.split(r"(\w+)", block)
            place = chance.randrange(len(parts))
            parts[place] = chance.choice(words) if place % 2 else parts[place]
            blocks.append("".join(parts))
        elif chance.random() < 0.5:
            blocks += [" ".join(chance.choices(words, k=12)), block]
    return "\n\n".join(blocks)


@pytest.mark.parametrize("share", [0.05, 0.6])
@pytest.mark.parametrize("size", [14_000, 191_000])
def test_no_text_is_lost_in_long_notices(size: int, share: float) -> None:
    """Point 4's measure: 14 KB and 191 KB, 5 % and 60 % edited."""
    one = (SHOP / "2027.1/fi.md").read_text("utf-8")
    many = [re.sub(r"\{#(.*?)\}", rf"{{#\1-{place}}}", one) for place in range(60)]
    old = "".join(many)[:size]
    new = edited(old, share)
    redline = compare(old, new)
    assert (accept(redline), reject(redline)) == (new, old)
    words = sum(len(text) for _, op, text in changes(redline) if op == ADDED)
    assert 0 < words < share * len(new)


GROWTH: dict[str, Callable[[int], tuple[str, str]]] = {
    "one word again and again": lambda n: ("a " * n, "a " * (n - 2) + "b a"),
    "a word between others": lambda n: (
        "".join(f"x a{i} " for i in range(n)),
        "".join(f"x b{i} " for i in range(n)),
    ),
    "headings": lambda n: ("# a\n" * n, "# b\n" * n),
    # Enough of them that Python's collector has its part in both sizes, as with the rows below.
    "headings turned round": lambda n: (
        "".join(f"# a{i}\n" for i in range(4 * n)),
        "".join(f"# a{i}\n" for i in reversed(range(4 * n))),
    ),
    "items": lambda n: (
        "".join(f"- sana {i}\n" for i in range(n)),
        "".join(f"- sana x{i}\n" for i in range(n)),
    ),
    "rows": lambda n: ("| a | b |\n" * 5 * n, "| a | c |\n" * 5 * n),
    "lines of nothing": lambda n: ("\n" * n, "a" + " \n" * n),
    "brackets": lambda n: ("[" * n, "](" * n),
    "cells": lambda n: ("| sana " * n, "| sana " * (n + n // 9)),
}


@pytest.mark.parametrize("kind", GROWTH)
def test_the_time_grows_with_the_length(kind: str) -> None:
    """Nothing that repeats takes the square of its length."""
    assert in_proportion(GROWTH[kind], lambda texts: compare(*texts), 4_000)


@given(st.lists(st.integers(0, 9), max_size=60), st.lists(st.integers(0, 9), max_size=60))
@example(list(range(200)) * 2, [5, *range(200)] * 2)
def test_runs_in_common_are_equal_and_in_order(a: list[int], b: list[int]) -> None:
    end = end2 = 0
    for i, j, n in matching(a, b):
        assert n > 0
        assert a[i : i + n] == b[j : j + n]
        assert i >= end
        assert j >= end2
        end, end2 = i + n, j + n


def test_runs_are_found_where_there_is_too_much_for_difflib() -> None:
    words = [f"sana{i}" if i % 3 else "ja" for i in range(1500)]
    assert sum(n for _, _, n in matching(words, words[:700] + words[710:])) == 1490


@given(st.lists(st.integers(0, 30), max_size=30, unique=True))
def test_the_longest_increasing_part_is_found(numbers: list[int]) -> None:
    best = [1] * len(numbers)
    for place, number in enumerate(numbers):
        for before in range(place):
            if numbers[before] < number:
                best[place] = max(best[place], best[before] + 1)
    chain = [numbers[place] for place in increasing(numbers)]
    assert chain == sorted(chain)
    assert len(chain) == max(best, default=0)


_sets = st.lists(st.frozensets(st.sampled_from("abcd"), max_size=3), max_size=7)


@given(_sets, _sets)
def test_cells_are_aligned_as_well_as_they_can_be(
    a: list[AbstractSet[str]], b: list[AbstractSet[str]]
) -> None:
    """Against trying every way: each of the shorter has its place, in order."""
    found = aligned(a, b)
    for side, row in ((0, a), (1, b)):
        assert [pair[side] for pair in found if pair[side] is not None] == list(range(len(row)))
    short, long = sorted((a, b), key=len)
    pairs = [(i, j) for i, j in found if i is not None and j is not None]
    assert len(pairs) == len(short)

    def worth(pairs: Iterable[tuple[AbstractSet[str], AbstractSet[str]]]) -> float:
        return sum(2 * len(x & y) / len([*x, *y]) if x or y else 1 for x, y in pairs)

    ways = (zip(short, some, strict=True) for some in combinations(long, len(short)))
    assert worth((a[i], b[j]) for i, j in pairs) == pytest.approx(max(map(worth, ways)))


def test_each_is_paired_with_what_it_is_most_alike() -> None:
    one, two, three = {"a", "b", "c"}, {"d", "e"}, {"x"}
    assert alike([one, two], [{"d", "e", "f"}, three, one], 0.5) == [(0, 2), (1, 0)]
    assert alike([three], [one], 0.1) == []
