"""A release keeps in the log how the interface looks that is in force (R37); without a browser."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Barrier

import pytest

import consent.release
from consent.declaration import Declaration
from consent.errors import ReleaseError
from consent.log import Log, open_log
from consent.log.verify import verify
from consent.proof.evidence import picture_name
from consent.release import pictures, release, released, shown_now
from consent.settings import load
from tests.unit.patience import LONG
from tests.unit.proof_samples import no_browser, release_of
from tests.unit.shop_site import EFFECTIVE, open_shop, set_clock
from tests.unit.small_site import TOML, Make, Site, decide
from tests.unit.terminal import enter, set_up, terminal


def bodies(log: Log, kind: str = "release") -> list[dict[str, object]]:
    return [json.loads(body) for _, body in log.bodies(kind)]


def test_its_entry_names_what_is_shown_and_every_picture(site: Site) -> None:
    """R37: markup, style, script, texts and inventory, and screenshots with their day."""
    said, new = release_of(site)
    assert new
    log, edition = site.consent.runtime.log, site.consent.runtime.edition
    assert bodies(log) == [said]
    assert said["kind"] == "release"
    assert said["time"] == f"{site.consent.runtime.now():%Y-%m-%dT%H:%M:%SZ}"
    assert said["declaration"] == edition.declaration.hash
    assert said["interface"] == edition.interface.hash
    assert said["shown"] == bodies(log, "declaration")[-1]["shown"]
    assert said["browser"] == "Chromium 1.2.3"
    guises = {
        (p["language"], p["layer"], p["width"], p["height"], p["scheme"])
        for p in said["screenshots"]
    }
    assert len(guises) == len(said["screenshots"]) == 3 * 4 * 2 * 2
    assert {guise[2:4] for guise in guises} == {(1280, 800), (390, 844)}
    assert {guise[4] for guise in guises} == {"light", "dark"}
    for picture in said["screenshots"]:
        assert picture["artifact"] in said["artifacts"]
        media_type, body = log.artifact(picture["artifact"]) or ("", b"")
        assert media_type == "image/png"
        assert sha256(body).hexdigest() == picture["artifact"]
    assert set(edition.artifacts()) < set(said["artifacts"])
    assert all(log.artifact(digest) for digest in said["artifacts"])
    with log.snapshot() as view:
        assert verify(view).ok


def test_a_record_is_found_by_a_release_through_what_it_showed(site: Site) -> None:
    said, _ = release_of(site)
    decide(site.client(), "accept")
    assert site.log()[-1]["shown"] in said["shown"].values()


def test_what_the_log_has_is_not_taken_again_unless_asked_for(site: Site) -> None:
    first = release_of(site)
    site.clock.pass_days(5)
    again = release_of(site)
    assert (again.body, again.new) == (first.body, False)
    assert len(bodies(site.consent.runtime.log)) == 1
    third = release_of(site, again=True)
    assert third.new
    assert third.body["time"] > first.body["time"]
    assert len(bodies(site.consent.runtime.log)) == 2


def test_another_text_or_notice_is_another_release(tmp_path: Path, make_site: Make) -> None:
    shop = open_shop(tmp_path, make_site)
    before = release_of(shop)
    set_clock(shop, EFFECTIVE, 3600)
    after = release_of(shop)
    assert after.new
    assert after.body["shown"] != before.body["shown"]
    files = json.loads((tmp_path / "notices/privacy/2027.1/manifest.json").read_bytes())
    assert files["languages"]["fi"]["html"] in after.body["artifacts"]


def test_a_release_ahead_of_a_deployment_declares_nothing(site: Site) -> None:
    """What no site uses yet is not logged as in use; its pictures are there from its first day."""
    toml = TOML.replace('name = "Laskuri"', 'name = "Laskuri 2"')
    (site.folder / "consent.toml").write_text(toml, "utf-8")
    before = bodies(site.consent.runtime.log, "declaration")
    said, _ = release_of(site)
    log = site.consent.runtime.log
    assert bodies(log, "declaration") == before
    assert said["declaration"] != before[-1]["declaration"]
    with log.snapshot() as view:
        assert verify(view).ok
    site.close()
    later = Site(site.folder, toml=toml)
    assert said["shown"] == bodies(later.consent.runtime.log, "declaration")[-1]["shown"]
    assert not release_of(later).new
    later.close()


def test_a_theme_of_one_scheme_is_seen_in_that_one(make_site: Make) -> None:
    site = make_site(toml=f'{TOML}\n[theme]\nscheme = "dark"\n')
    said, _ = release_of(site)
    assert {picture["scheme"] for picture in said["screenshots"]} == {"dark"}


def test_a_notice_that_takes_effect_meanwhile_is_told(
    tmp_path: Path, make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pictures would be of the one, and the entry of the other."""
    shop = open_shop(tmp_path, make_site)
    set_clock(shop, EFFECTIVE, -1)

    async def slow(seen: pictures.Site, chromium: str = "") -> tuple[str, list[pictures.Picture]]:
        shop.clock.now += 2
        # As a request of the browser would.
        plans, *_ = seen.app.consent.runtime.plans([])  # type: ignore[attr-defined]
        assert plans
        return await no_browser(seen, chromium)

    monkeypatch.setattr(consent.release, "take", slow)
    with pytest.raises(ReleaseError, match="took effect meanwhile"):
        release(load(tmp_path / "consent.toml", shop.environ), clock=shop.clock)
    assert bodies(shop.consent.runtime.log) == []


def test_two_at_once_on_a_live_log_make_one_release(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with a log of its own, as two processes have, and both before the other's entry."""
    both = Barrier(2)

    async def together(
        seen: pictures.Site, chromium: str = ""
    ) -> tuple[str, list[pictures.Picture]]:
        both.wait(LONG)
        decide(site.client(), "accept")
        return await no_browser(seen, chromium)

    monkeypatch.setattr(consent.release, "take", together)
    settings = load(site.folder / "consent.toml", site.environ)
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: release(settings, clock=site.clock), range(2)))
    assert sorted(each.new for each in made) == [False, True]
    assert made[0].body == made[1].body
    log = site.consent.runtime.log
    assert bodies(log) == [made[0].body]
    with log.snapshot() as view:
        assert verify(view).ok


# -- what is shown now --


def test_what_is_shown_now_is_what_the_site_shows(tmp_path: Path, make_site: Make) -> None:
    shop = open_shop(tmp_path, make_site)
    settings = load(tmp_path / "consent.toml", shop.environ)
    for moment in (EFFECTIVE.timestamp() - 1, EFFECTIVE.timestamp() + 1):
        shop.clock.now = moment
        shop.client().get("/")
        edition = shop.consent.runtime.edition
        expected = {lang: shown.hash for lang, (shown, _) in edition.presentations.items()}
        assert shown_now(settings, moment) == expected


def test_the_newest_release_of_all_languages_counts() -> None:
    shown = {"fi": "1", "sv": "2"}
    made = [{"shown": {"fi": "1"}, "n": 1}, {"shown": shown, "n": 2}, {"shown": shown, "n": 3}]
    encoded = [json.dumps(each).encode() for each in made]
    assert released(encoded, shown) == made[2]
    assert released(encoded[:1], shown) is None


def test_a_declaration_is_read_back_as_it_was(site: Site) -> None:
    declaration = site.consent.runtime.edition.declaration
    found = Declaration.read(declaration.body)
    assert found.body == declaration.body
    assert found.scopes.keys() == declaration.scopes.keys()
    assert {s.hash for s in found.scopes.values()} == {s.hash for s in declaration.scopes.values()}
    older = json.loads(declaration.body)
    for service in older["services"]:
        del service["signal"]
        service["new"] = "of a later release"
    read = Declaration.read(json.dumps(older).encode())
    assert [s.signal for s in read.services] == [""] * len(read.services)


# -- on the command line --


def test_check_warns_when_what_is_in_force_has_no_release(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: object
) -> None:
    """A warning and no error: the site works without."""
    enter(monkeypatch, tmp_path)
    run = terminal(capsys)
    set_up(run, tmp_path)
    warning = "warning: the log has no screenshots of what visitors are shown now"
    code, out, _ = run("check")
    assert (code, warning in out) == (0, False)  # without a log there is something else to do
    assert run("log", "create")[0] == 0
    code, out, _ = run("check")
    assert (code, warning in out) == (0, True)
    monkeypatch.setattr(consent.release, "take", no_browser)
    code, out, err = run("release")
    assert (code, err) == (0, "")
    assert out == "Put 48 screenshots by Chromium 1.2.3 into the log.\n"
    code, out, _ = run("check")
    assert (code, warning in out) == (0, False)


def test_a_template_that_cannot_be_rendered_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: object
) -> None:
    """The site would not start with it either."""
    enter(monkeypatch, tmp_path)
    run = terminal(capsys)
    file = set_up(run, tmp_path) / "consent.toml"
    assert run("log", "create")[0] == 0
    (tmp_path / "own").mkdir()
    (tmp_path / "own/banner.html").write_text("{{ nothing.like.it }}")
    file.write_text(f'templates = "own"\n{file.read_text("utf-8")}', "utf-8")
    for command in ("check", "release"):
        code, _, err = run(command)
        assert code == 2
        assert err.startswith("consent: a template cannot be rendered: ")
        assert "/own" in err


def test_the_pictures_are_written_to_a_folder_now_and_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: object
) -> None:
    enter(monkeypatch, tmp_path)
    run = terminal(capsys)
    set_up(run, tmp_path)
    assert run("log", "create")[0] == 0
    monkeypatch.setattr(consent.release, "take", no_browser)
    assert run("release", "-o", "now")[0] == 0
    code, out, _ = run("release", "-o", "later")
    assert code == 0
    assert "--again takes new ones" in out
    now, later = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("now", "later")
    )
    assert now == later
    log = open_log(str(tmp_path / "consent-log.sqlite3"), writable=False)
    (said,) = bodies(log)
    log.close()
    assert {picture_name(picture) for picture in said["screenshots"]} == now.keys()  # type: ignore[attr-defined]
    assert "fi-banner-390x844-light.png" in now


def test_without_playwright_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: object
) -> None:
    enter(monkeypatch, tmp_path)
    run = terminal(capsys)
    set_up(run, tmp_path)
    assert run("log", "create")[0] == 0
    monkeypatch.setitem(sys.modules, "playwright", None)
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    code, out, err = run("release")
    assert (code, out) == (2, "")
    assert err == (
        "consent: Playwright is not installed\n"
        '    → install it beside this package: pip install "jackbot-consent[release]"\n'
    )


def test_a_browser_is_looked_for_where_one_says_and_then_where_one_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own, other = tmp_path / "own", tmp_path / "chromium"
    monkeypatch.delenv("CONSENT_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pictures.browser_path(str(own)) is None
    other.touch(mode=0o755)
    assert pictures.browser_path(str(own)) == str(other)
    own.touch()
    assert pictures.browser_path(str(own)) == str(own)
    monkeypatch.setenv("CONSENT_CHROMIUM", "/named")
    assert pictures.browser_path(str(own)) == "/named"
