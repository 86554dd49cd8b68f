"""Addresses that were given out stay, whatever becomes of languages and paths (R77)."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from consent.errors import LogUnavailable, NoticeError
from tests.unit.notice_samples import publish_as, write_draft
from tests.unit.shop_site import PATHS, open_shop
from tests.unit.small_site import ORIGIN, TOML, Make, Site
from tests.unit.terminal import terminal

TWO = TOML.replace('["fi", "sv", "en"]', '["fi", "en"]')
MOVED = TOML.replace(
    "[services.counter]",
    "[notices.former]\n"
    'fi = ["/tietosuoja", "/rekisteriseloste/vanha"]\nsv = ["/sv"]\n\n[services.counter]',
    1,
)
SWEDISH = (
    *("", "/2026.1", "/2026.1.md", "/2026.1.html", "/2026.1.json", "/2026.1.pdf", "/historik"),
    *(
        "/gallande/2026-11-01",
        "/andringar/2026.1..2026.2",
        "/feed.atom",
        "/calendar.ics",
        "/versions.json",
    ),
)


def answers(site: Site, path: str) -> dict[str, int]:
    client = site.client()
    return {rest: client.get(path + rest).status_code for rest in SWEDISH}


def test_a_language_that_is_given_up_keeps_all_its_addresses(
    tmp_path: Path, make_site: Make
) -> None:
    """What was published in it was once what its readers were told."""
    before = open_shop(tmp_path, make_site)
    text = before.client().get("/sv/dataskydd/2026.1.md").content
    assert answers(before, PATHS["sv"]) == dict.fromkeys(SWEDISH, 200)
    before.close()
    after = make_site(toml=TWO)
    assert answers(after, PATHS["sv"]) == dict.fromkeys(SWEDISH, 200)
    assert after.client().get("/sv/dataskydd/2026.1.md").content == text
    missing = after.client().get("/sv/dataskydd/2026.9")
    assert (missing.status_code, missing.headers["content-type"][:9]) == (404, "text/html")
    old = after.client().get("/tietosuojaseloste/2026.1").text
    assert f'<a href="{PATHS["sv"]}/2026.1" hreflang="sv" lang="sv">' in old


def test_a_language_that_only_versions_from_the_log_are_in_has_its_addresses(
    tmp_path: Path, make_site: Make
) -> None:
    """Their folders are gone, and the path of the language stands ready."""
    open_shop(tmp_path, make_site).close()
    for number in ("2026.1", "2026.2", "2027.1"):
        shutil.rmtree(tmp_path / "notices/privacy" / number)
    after = make_site(toml=TWO)
    assert answers(after, PATHS["sv"]) == dict.fromkeys(SWEDISH, 200)


def test_who_comes_for_a_language_that_is_given_up_is_shown_another_one(
    tmp_path: Path, make_site: Make
) -> None:
    """The version that came after has no text in it, and says so in that language."""
    document = tmp_path / "notices/privacy"
    write_draft(document, change="")
    publish_as(document / "draft", "2026.1", date(2026, 1, 1), datetime(2025, 12, 1, tzinfo=UTC))
    draft = write_draft(document, change_class="editorial", more=" ab")
    (draft / "sv.md").unlink()
    publish_as(
        draft, "2026.2", date(2026, 6, 2), datetime(2026, 6, 1, 9, tzinfo=UTC),
        languages=("fi", "en"),
    )  # fmt: skip
    client = make_site(toml=TWO).client()
    for rest in ("", "/2026.2", "/gallande/2026-11-01"):
        page = client.get(f"/sv/dataskydd{rest}")
        assert page.status_code == 200
        assert '<html lang="fi">' in page.text
        assert '<p class="vc-notice-status" lang="sv">' in page.text
    assert client.get("/sv/dataskydd/2026.1").text.count('<html lang="sv">') == 1
    assert client.get("/sv/dataskydd/2026.2.md").status_code == 404


def test_a_site_without_the_path_of_a_language_that_it_had_does_not_start(
    tmp_path: Path, make_site: Make, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    open_shop(tmp_path, make_site).close()
    gone = TWO.replace(' sv = "/sv/dataskydd",', "")
    with pytest.raises(NoticeError) as caught:
        make_site(toml=gone)
    assert {problem.key for problem in caught.value.problems} == {"notices.paths.sv"}
    assert "name the path that it had" in str(caught.value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSENT_SECRET_KEYS", "k8sJ2mdP0qLx7VbTzRw4YhNc6GfEuAi1")
    code, out, err = terminal(capsys)("check")
    assert code == 1
    assert "notices.paths.sv: is missing, and privacy 2026.1 was published in it" in out + err


def test_a_path_that_stands_ready_for_a_language_of_no_version_is_the_site_s(
    make_site: Make,
) -> None:
    site = make_site(toml=TWO)
    assert site.client().get("/sv/dataskydd").text == "Not Found"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/tietosuoja", "/tietosuojaseloste"),
        ("/tietosuoja/2026.1.md", "/tietosuojaseloste/2026.1.md"),
        ("/tietosuoja/voimassa/2026-11-01?a=b&c", "/tietosuojaseloste/voimassa/2026-11-01?a=b&c"),
        ("/rekisteriseloste/vanha/2026.1..2", "/tietosuojaseloste/2026.1..2"),
        ("/tietosuoja//evil.example", "/tietosuojaseloste//evil.example"),
        ("/tietosuoja/%0d%0ax:y/ä", "/tietosuojaseloste/%0D%0Ax%3Ay/%C3%A4"),
        ("/sv/2026.2", "/sv/dataskydd/2026.2"),
    ],
)
def test_a_path_that_the_notice_had_before_leads_to_the_same_where_it_is_now(
    tmp_path: Path, make_site: Make, old: str, new: str
) -> None:
    client = open_shop(tmp_path, make_site, toml=MOVED).client()
    response = client.get(old)
    assert (response.status_code, response.headers["location"]) == (308, new)
    assert response.headers["cache-control"] == "public, max-age=86400"
    assert client.post(old).status_code == 405


def test_the_path_of_today_comes_before_one_of_before(tmp_path: Path, make_site: Make) -> None:
    """The notice may have moved to below where it was."""
    client = open_shop(tmp_path, make_site, toml=MOVED).client()
    assert client.get("/sv/dataskydd/2026.2").status_code == 200
    assert client.get(f"{ORIGIN}/svx").text == "Not Found"


def test_a_path_of_before_leads_on_from_below_the_path_of_today(
    tmp_path: Path, make_site: Make
) -> None:
    """The notice may have moved up."""
    toml = MOVED.replace('"/tietosuoja",', '"/tietosuojaseloste/nyt",')
    client = open_shop(tmp_path, make_site, toml=toml).client()
    for rest in ("", "/2026.2", "/historia"):
        response = client.get(f"/tietosuojaseloste/nyt{rest}")
        assert response.headers["location"] == f"/tietosuojaseloste{rest}"
    assert client.get("/tietosuojaseloste/nyt2").status_code == 404


@pytest.mark.parametrize("above", ["/tietosuojaseloste", "/tietosuoja"])
def test_all_else_works_below_a_path_of_the_notice(
    tmp_path: Path, make_site: Make, above: str
) -> None:
    """Of today or of before: nobody could choose otherwise."""
    prefix = f"{above}/valinnat"
    toml = f'prefix = "{prefix}"\n{MOVED}'
    client = open_shop(tmp_path, make_site, toml=toml).client()
    assert client.get(f"{prefix}/fi").status_code == 200
    form = {"decision": "reject", "return": "/"}
    assert client.post(f"{prefix}/decide", data=form).status_code == 200
    assert client.get("/tietosuojaseloste/2026.2").status_code == 200


def test_a_language_of_the_log_alone_has_its_addresses_once_the_log_is_there(
    tmp_path: Path, make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a site is started before its database, with no folder of the language any more."""
    after = begun_before_its_log(tmp_path, make_site, monkeypatch, TWO)
    assert after.client().get(PATHS["sv"]).text == "Not Found"
    after.consent.runtime.record()
    assert answers(after, PATHS["sv"]) == dict.fromkeys(SWEDISH, 200)


def test_without_its_path_a_language_of_the_log_alone_stops_all_that_needs_the_log(
    tmp_path: Path, make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is tried: no version is shown without the addresses of its languages."""
    toml = TWO.replace(' sv = "/sv/dataskydd",', "")
    after = begun_before_its_log(tmp_path, make_site, monkeypatch, toml)
    for _ in range(2):
        with pytest.raises(NoticeError, match=r"notices\.paths\.sv: is missing"):
            after.consent.runtime.record()
        assert after.client().get("/tietosuojaseloste/2026.1").status_code == 404


def begun_before_its_log(
    tmp_path: Path, make_site: Make, monkeypatch: pytest.MonkeyPatch, toml: str
) -> Site:
    """A site without the folders of the versions that its log has."""
    open_shop(tmp_path, make_site).close()
    for number in ("2026.1", "2026.2", "2027.1"):
        shutil.rmtree(tmp_path / "notices/privacy" / number)

    def down(*_: object, **__: object) -> None:
        raise LogUnavailable("not yet")

    with monkeypatch.context() as patched:
        patched.setattr("consent.pages.runtime.open_log", down)
        return make_site(toml=toml)


def test_a_day_is_answered_in_a_language_that_another_stands_in_for(
    tmp_path: Path, make_site: Make
) -> None:
    """R48: that version was in force for its readers too."""
    document = tmp_path / "notices/privacy"
    draft = write_draft(document, change="", facts='[fallback]\nsv = "fi"\n')
    (draft / "sv.md").unlink()
    publish_as(draft, "2026.1", date(2026, 1, 1), datetime(2025, 12, 1, tzinfo=UTC))
    client = make_site().client()
    page = client.get("/sv/dataskydd/gallande/2026-11-01")
    assert page.status_code == 200
    assert "Tämä versio oli voimassa 1. marraskuuta 2026." in page.text
    assert '<p class="vc-notice-status" lang="sv">' in page.text
    assert client.get("/sv/dataskydd/gallande/2025-01-01").status_code == 404
