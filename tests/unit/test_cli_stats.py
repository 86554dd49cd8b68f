"""`consent stats`: figures in the terminal and as CSV, for people and for programs (R133)."""

from __future__ import annotations

import csv
import io
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from consent.cli import stats_table
from consent.cli.stats_words import Words
from consent.log import create_log, open_log
from consent.log.statistics import Period, statistics
from tests.unit import stats_samples
from tests.unit.small_site import TOML
from tests.unit.terminal import enter, terminal

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with a year's counts."""
    path = tmp_path_factory.mktemp("log") / "log.sqlite3"
    create_log(str(path), "www.example.fi")
    log = open_log(str(path), writable=True)
    stats_samples.write(log)
    log.close()
    return path


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    counted: Path,
) -> Run:
    """Runs commands in a folder with settings and that log."""
    enter(monkeypatch, tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "notices/privacy").mkdir(parents=True)
    (tmp_path / "consent.toml").write_text(TOML, "utf-8")
    shutil.copy(counted, tmp_path)
    return terminal(capsys)


YEAR = ("stats", "--until", "2026-12-31")
AUTUMN = ("stats", "--from", "2026-10-01", "--until", "2026-12-31")


def test_the_terminal_shows_each_period_with_a_bar_and_its_shares(run: Run) -> None:
    code, out, err = run(*AUTUMN, "--language", "fi", "--category", "marketing")
    assert (code, err) == (0, "")
    assert (
        out
        == """\
Cookie choices: www.example.fi
1 Oct 2026 – 31 Dec 2026, by month

                            █ Accepted all  ▒ Rejected all  ░ Own choice
          Asked  Decisions                                      █    ▒    ░  GPC
Oct 2026  4,890      1,280  █████████████▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░  41%  40%  20%   6%
Nov 2026  4,850      1,280  ████████████▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░  38%  41%  21%   7%
Dec 2026  5,300      1,330  ████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░  38%  41%  20%   7%

          Marketing
Oct 2026  ██████████▍                  41%
Nov 2026  █████████▊                   39%
Dec 2026  █████████▉                   40%

Asked: pages that carried the question. Robots count too.
Counts only, rounded to tens, nothing about any single person. Counts below ten
are not shown, nor shares of fewer than 50 decisions. Not to be used to get more
people to consent.
"""
    )


def test_without_options_it_is_all_languages_together_and_each(run: Run) -> None:
    out = run(*YEAR)[1]
    heads = ("All languages", "Suomi", "Svenska", "English")
    assert tuple(line for line in out.splitlines() if line in heads) == heads
    assert len(re.findall("^Jan 2026 ", out, re.M)) == len(re.findall("^Dec 2026 ", out, re.M)) == 8
    assert "Dec 2025" not in out  # the log begins in January


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fi", "Evästevalinnat|kuukausittain|loka 2026|Hylkäsi kaikki|Tilastointi|41\u00a0%"),
        ("sv", "Kakval|per månad|okt 2026|Avvisade alla|Statistik|41\u00a0%"),
        ("en", "Cookie choices|by month|Oct 2026|Rejected all|Statistics|41%"),
    ],
)
def test_it_speaks_the_readers_language(run: Run, lang: str, words: str) -> None:
    out = run(*AUTUMN, "--lang", lang)[1]
    assert [word for word in words.split("|") if word not in out] == []
    assert "{" not in out


def test_the_texts_are_the_same_in_each_language() -> None:
    tables = [Words(lang, "").t for lang in ("fi", "sv", "en")]
    assert tables[0].keys() == tables[1].keys() == tables[2].keys()
    for name in tables[0]:
        places = [set(re.findall(r"\{\w+\}", table[name])) for table in tables]
        if name not in ("date", "short"):
            assert places[0] == places[1] == places[2], name
    assert all(len(table["months"].split()) == 12 for table in tables)


@pytest.mark.parametrize(
    ("by", "rows", "first"), [("day", 92, "1.10.2026"), ("week", 14, "5.10.2026")]
)
def test_days_and_weeks_are_told_by_their_first_day(
    run: Run, by: str, rows: int, first: str
) -> None:
    out = run(*AUTUMN, "--by", by, "--language", "fi", "--category", "marketing", "--lang", "fi")[1]
    assert len(re.findall(r"^\d+\.\d+\.2026 [^–]", out, re.M)) == 2 * rows
    assert re.search(rf"^{re.escape(first)} ", out, re.M)


def test_a_figure_below_ten_is_nowhere(run: Run) -> None:
    """R133: Swedish has five decisions a day; of most days nothing is told."""
    out = run(*AUTUMN, "--by", "day", "--language", "sv")[1]
    counts = re.findall(r"^\d+ \w+ 2026 +(\S+) +(\S+)", out.split("\n\n")[1], re.M)
    assert len(counts) == 92
    told = {count for pair in counts for count in pair}
    assert told <= {"<10", "<30", *(f"{n}0" for n in range(1, 10))}
    assert {"<10", "<30"} <= told


def test_a_language_that_never_has_ten_is_named_and_not_shown(run: Run) -> None:
    week = ("stats", "--from", "2026-10-05", "--until", "2026-10-07", "--by", "day")
    out = run(*week, "--lang", "fi")[1]
    assert re.search("Alle kymmenen vastausta, siksi ei näytetä: (Svenska, )?English", out)
    assert "\nEnglish\n" not in out


def drawn(lang: str = "en", **more: bool) -> list[str]:
    year = stats_samples.year()
    from consent.log import Counter, counters

    counts = counters.read(Counter(day, name, n) for (day, name), n in sorted(year.items()))
    wanted = Period(stats_samples.FIRST, stats_samples.FIRST.replace(month=6))
    options = {"blocks": True, "colour": False, **more}
    return list(stats_table.lines(statistics(counts, wanted), Words(lang, "x"), 80, **options))


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_lines_stay_within_the_terminal_and_columns_stand_under_each_other(lang: str) -> None:
    lines = drawn(lang)
    assert max(map(len, lines)) <= 80
    blocks = "\n".join(lines).split("\n\n")[1:-1]
    rows = [re.findall(r"^\w+ 2026 .*▒.*", block, re.M) for block in blocks]
    answers = [block for block in rows if block]
    assert len(answers) == 4
    for block in answers:
        assert len({(line.index("█"), len(line)) for line in block}) == 1


def test_without_block_characters_the_bars_are_ascii() -> None:
    told = "\n".join(drawn(blocks=False))
    assert not set("█▒░▏▌") & set(told)
    assert re.search(r"#{8,}={8,}-{3,}", told)


def test_colours_change_nothing_but_the_colours() -> None:
    coloured = drawn(colour=True)
    assert any("\x1b[" in line for line in coloured)
    assert [re.sub(r"\x1b\[\d*m", "", line) for line in coloured] == drawn()


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_a_terminal_that_wants_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], coloured: bool
) -> None:
    assert "\x1b" not in run(*AUTUMN)[1]  # which is no terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Terminal(written, encoding="utf-8"))
    run(*AUTUMN)
    assert ("\x1b[" in written.getvalue().decode()) == coloured


def test_a_terminal_of_another_encoding_gets_plain_bars(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    run(*AUTUMN)
    assert b"#####" in written.getvalue()
    assert b"\\u25" not in written.getvalue()


def test_csv_holds_every_figure_once(run: Run) -> None:
    assert run(*YEAR, "-o", "year.csv")[:2] == (0, "Wrote year.csv.\n")
    rows = list(csv.DictReader(Path("year.csv").read_text("utf-8").splitlines()))
    assert {row["language"] for row in rows} == {"all", "fi", "sv", "en"}
    assert len({tuple(row.values())[:5] for row in rows}) == len(rows) == 4 * 12 * 11
    assert all(row["about"] == "<10" or int(row["about"]) % 10 == 0 for row in rows)
    (one,) = (
        row
        for row in rows
        if (row["from"], row["language"], row["name"]) == ("2026-10-01", "fi", "statistics granted")
    )
    assert one == {
        "from": "2026-10-01",
        "until": "2026-10-31",
        "language": "fi",
        "figure": "category",
        "name": "statistics granted",
        "about": "650",
        "percent": "50",
    }


def test_a_file_takes_the_place_of_an_older_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "year.csv").write_text("old")
    before = {path.name for path in tmp_path.iterdir()}
    assert run(*YEAR, "-o", "year.csv")[0] == 0
    assert "old" not in (tmp_path / "year.csv").read_text()
    assert {path.name for path in tmp_path.iterdir()} == before


def test_the_log_is_only_read(run: Run, tmp_path: Path) -> None:
    before = (tmp_path / "log.sqlite3").read_bytes()
    run(*YEAR)
    assert (tmp_path / "log.sqlite3").read_bytes() == before
    assert not list(tmp_path.glob("log.sqlite3-*"))


def test_a_log_elsewhere_needs_no_settings(run: Run, tmp_path: Path) -> None:
    """Categories then have their ids for names."""
    (tmp_path / "consent.toml").unlink()
    (tmp_path / "log.sqlite3").rename("backup.sqlite3")
    code, out, _ = run(*AUTUMN, "--log", "backup.sqlite3")
    assert code == 0
    assert "www.example.fi" in out
    assert re.search(r"^ +marketing +preferences +statistics$", out, re.M)


def test_an_empty_log_says_that_there_is_nothing(run: Run) -> None:
    create_log("empty.sqlite3", "www.example.fi")
    for lang, words in (("en", "no decisions"), ("fi", "ei ole"), ("sv", "inga svar")):
        code, out, _ = run("stats", "--log", "empty.sqlite3", "--lang", lang)
        assert code == 0
        assert words in out


@pytest.mark.parametrize(
    ("words", "message", "remedy"),
    [
        (("-o", "year.pdf"), "year.pdf", "ends in .csv, .svg or .png"),
        (("-o", "year"), "year", "ends in .csv, .svg or .png"),
        (("--category", "adverts"), "adverts", "preferences, statistics, marketing"),
        (("--from", "2027-01-01"), "2027-01-01 is after 2026-12-31", "--from"),
        (("--from", "1.1.2026"), "'1.1.2026' is not a day", "2026-01-01"),
        (("--by", "year"), "year", "month"),
        (("--lang", "de"), "de", "sv"),
        (("--log", "nowhere.sqlite3"), "nowhere.sqlite3", "mend the path"),
        (("-o", "nowhere/year.csv"), "nowhere/year.csv", "path"),
    ],
)
def test_what_cannot_be_given_is_said_with_its_remedy(
    run: Run, words: tuple[str, ...], message: str, remedy: str
) -> None:
    code, out, err = run(*YEAR, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert remedy in err
