"""`consent scope diff`: who is asked again, and why, before anything is deployed (R24, R25)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consent.log.sqlite import SqliteLog
from tests.unit.small_site import TEXTS, TOML, Make, decide
from tests.unit.terminal import enter, terminal
from tests.unit.test_restart import MORE, NOT_WIDER, WIDER, asked, carry

SETS = TOML.replace('"Laskuri Oy"', '"Toinen Oy"').replace('"1 year"', '"2 years"')


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    enter(monkeypatch, tmp_path)
    monkeypatch.delenv("CONSENT_SECRET_KEYS")  # it signs nothing
    return terminal(capsys)


@pytest.fixture
def logged(tmp_path: Path, make_site: Make) -> Path:
    """A folder whose log holds the declaration of TOML."""
    make_site().close()
    return tmp_path


def declare(folder: Path, toml: str, name: str = "consent.toml") -> None:
    (folder / "notices/privacy").mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(toml, "utf-8")


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


REASONS = {
    "a service more": "Lämpökartta is new",
    "a purpose more": "Laskuri has a new purpose: profiling",
    "a longer lifetime": "Laskuri keeps cookie _count for 730 days, before for 365 days",
    "another recipient": "Laskuri is provided by Toinen Oy, before by Laskuri Oy",
    "a transfer": "Laskuri sends data to a new country: US",
    "an item more": "Laskuri stores something new: cookie _c",
}


@pytest.mark.parametrize("change", WIDER)
@pytest.mark.parametrize("against", ["log", "file"])
def test_what_is_wider_is_asked_again_and_says_why(run, logged, change, against):
    declare(logged, TOML, "old.toml")
    declare(logged, WIDER[change])
    code, out, err = run("scope", "diff", *(("--against", "old.toml") * (against == "file")))
    first, rest = out.split("\n", 1)
    assert (code, err) == (1, "")
    assert first == (
        "Compared with old.toml:"
        if against == "file"
        else "Compared with the declaration logged 2026-11-18T12:00:00Z:"
    )
    assert rest == (
        "preferences: not asked again\n  it is as before\n"
        f"statistics: asked again\n  {REASONS[change]}\n"
        "marketing: not asked again\n  it is as before\n"
    )


def test_access_of_others_and_an_end_that_is_gone_are_told_too(run, logged):
    item = f'{{ name = "s", kind = "local-storage", lifetime = "1 day", purpose = {TEXTS} }}'
    old = TOML.replace(
        'provider = "Video Oy"', f'provider = "Video Oy"\nthird_party = false\nitems = [{item}]'
    )
    declare(logged, old, "old.toml")
    new = old.replace("third_party = false\n", "").replace('"1 day"', '"until-removed"')
    declare(logged, new)
    code, out, _ = run("scope", "diff", "--against", "old.toml")
    assert code == 1
    assert (
        "  Video lets others have the data too\n"
        "  Video keeps local-storage s until it is removed, before for 1 day\n"
    ) in out


@pytest.mark.parametrize("change", NOT_WIDER)
@pytest.mark.parametrize("against", ["log", "file"])
def test_what_is_narrower_or_reworded_asks_nobody(run, logged, change, against):
    declare(logged, TOML, "old.toml")
    declare(logged, NOT_WIDER[change])
    code, out, err = run("scope", "diff", *(("--against", "old.toml") * (against == "file")))
    assert (code, err) == (0, "")
    assert out.count("not asked again") == 3


def test_the_verdict_is_what_then_happens(run, logged, make_site: Make):
    """For every change above: the command says of a category what the site does."""
    site = make_site()
    client = site.client()
    decide(client, "accept")
    site.close()
    for toml in (*WIDER.values(), *NOT_WIDER.values()):
        declare(logged, toml)
        _, out, _ = run("scope", "diff", "--json")
        said = [v["category"] for v in json.loads(out)["now"] if v["asked"]]
        after = make_site(toml=toml)
        assert asked(after, carry(client)) == said
        after.close()
        make_site().close()  # back to where it was, for the next


def test_a_category_comes_and_another_goes(run, logged):
    new = TOML.replace(
        "[services.counter]",
        f"[categories.videos]\nname = {TEXTS}\ntext = {TEXTS}\n[services.counter]",
    ).replace('category = "preferences"', 'category = "videos"')
    declare(logged, new)
    code, out, _ = run("scope", "diff")
    assert code == 1
    assert "videos: asked again\n  it is new\n" in out
    declare(logged, new, "old.toml")
    declare(logged, TOML)
    code, out, _ = run("scope", "diff", "--against", "old.toml")
    assert "videos: not asked again\n  it asks for nothing any more\n" in out
    assert "preferences: asked again\n  it is new\n" in out


def test_who_answered_to_a_wider_declaration_before_is_not_asked(run, logged, make_site: Make):
    make_site(toml=TOML + MORE).close()
    make_site().close()
    declare(logged, TOML + MORE)
    code, out, _ = run("scope", "diff")
    assert code == 1
    assert "  (not of those whose answer is to an earlier, wider declaration)\n" in out


def test_a_service_that_waits_for_its_notice_is_asked_then(run, logged):
    """R81: and one that waited already in the other file is no news."""
    later = TOML + MORE + 'from = "2027.1"\n'
    declare(logged, later)
    code, out, _ = run("scope", "diff")
    assert code == 1
    assert "statistics: not asked again\n  it is as before\n" in out
    assert (
        "statistics: asked again once its notice version is in force\n  Lämpökartta is new\n" in out
    )
    declare(logged, later, "old.toml")
    assert run("scope", "diff", "--against", "old.toml")[0] == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (TOML + '\n[cookie]\nname = "valinnat"\n', "the choice cookie has another name"),
        (
            TOML.replace('"https://www.example.fi", ', ""),
            "the site moves from www.example.fi to example.fi",
        ),
    ],
)
def test_another_cookie_or_site_asks_everybody(run, logged, change, reason):
    declare(logged, TOML, "old.toml")
    declare(logged, change)
    code, out, _ = run("scope", "diff", "--against", "old.toml")
    assert code == 1
    assert out.count(f": asked again\n  {reason}\n") == 3


def test_json_says_the_same(run, logged):
    declare(logged, SETS)
    code, out, _ = run("scope", "diff", "--json")
    content = json.loads(out)
    assert code == 1
    assert content["asked"] is True
    assert content["against"].startswith("the declaration logged 2026-")
    assert content["later"] == []
    assert content["now"][1] == {
        "category": "statistics",
        "asked": True,
        "reasons": [
            "Laskuri is provided by Toinen Oy, before by Laskuri Oy",
            "Laskuri keeps cookie _count for 730 days, before for 365 days",
        ],
        "wider": [
            {
                "kind": "provider",
                "service": "counter",
                "what": "",
                "before": "Laskuri Oy",
                "now": "Toinen Oy",
            },
            {
                "kind": "lifetime",
                "service": "counter",
                "what": "cookie _count",
                "before": "365",
                "now": "730",
            },
        ],
    }


def test_an_empty_log_and_a_backup_of_one(run, tmp_path):
    declare(tmp_path, TOML)
    assert run("log", "create")[0] == 0
    code, out, _ = run("scope", "diff")
    assert (code, out.startswith("The log holds no declaration yet")) == (0, True)
    (tmp_path / "log.sqlite3").rename(tmp_path / "copy.sqlite3")
    assert run("scope", "diff", "--log", "copy.sqlite3")[0] == 0
    code, out, _ = run("scope", "diff", "--log", "copy.sqlite3", "--json")
    assert json.loads(out) == {"against": None, "asked": False, "now": [], "later": []}


def test_a_scope_that_the_log_lost_is_asked_again(run, logged, monkeypatch):
    """As the site itself does: what nobody knows covers nothing."""
    monkeypatch.setattr(SqliteLog, "artifact", lambda *_: None)
    declare(logged, TOML)
    code, out, _ = run("scope", "diff")
    assert code == 1
    assert out.count("asked again\n  the log does not hold what was answered to\n") == 3


def test_nothing_is_written(run, logged):
    declare(logged, WIDER["a service more"])
    declare(logged, TOML, "old.toml")
    before = everything(logged)
    run("scope", "diff")
    run("scope", "diff", "--against", "old.toml", "--json")
    assert everything(logged) == before


@pytest.mark.parametrize(
    "words",
    [
        ("--log", "none.sqlite3"),
        ("--against", "none.toml"),
        ("--config", "none.toml"),
        ("--against", "broken.toml"),
        ("--against", "old.toml", "--log", "log.sqlite3"),
    ],
)
def test_what_cannot_be_read_is_told_in_words(run, logged, words):
    declare(logged, TOML, "old.toml")
    declare(logged, "[site", "broken.toml")
    code, out, err = run("scope", "diff", *words)
    assert (code, out) == (2, "")
    assert err


def test_an_old_file_may_lie_anywhere(run, logged, tmp_path_factory):
    """As one that is taken out of version control: what it names lies beside the new one."""
    elsewhere = tmp_path_factory.mktemp("old")
    (elsewhere / "old.toml").write_text(TOML, "utf-8")
    assert run("scope", "diff", "--against", elsewhere / "old.toml")[0] == 0
