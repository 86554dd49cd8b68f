"""`consent release` by a real Chromium, and the report with its pictures (R37, R38).

The command runs in a process of its own, as it does for whoever types it.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from consent.log import create_log, open_log
from consent.log.verify import verify
from consent.signed_note import new_key
from tests.browser.conftest import NewPage
from tests.browser.sites import NOTICES
from tests.html_checker import check
from tests.unit.proof_samples import bundle, unpacked
from tests.unit.small_site import KEY, TOML, Site, decide, fields

LAYERS = {"banner", "choices", "settings", "items"}


class Released:
    """A site with its release in the log, and the pictures in a folder."""

    def __init__(self, folder: Path, chromium: str, toml: str = TOML) -> None:
        self.folder = folder
        self.toml = toml.replace('folder = "notices"', f'folder = "{NOTICES}"')
        (folder / "consent.toml").write_text(self.toml, "utf-8")
        create_log(str(folder / "log.sqlite3"), "www.example.fi")
        self._environ = {**os.environ, "CONSENT_SECRET_KEYS": KEY, "CONSENT_CHROMIUM": chromium}
        self._environ["PYTHONPATH"] = str(Path(__file__).parents[2])

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "consent", "release", *words]
        return subprocess.run(
            command, cwd=self.folder, env=self._environ, capture_output=True, text=True
        )

    def bodies(self) -> list[dict[str, object]]:
        log = open_log(str(self.folder / "log.sqlite3"), writable=False)
        try:
            with log.snapshot() as view:
                assert verify(view).ok
            return [json.loads(body) for _, body in log.bodies("release")]
        finally:
            log.close()


@pytest.fixture(scope="module")
def chromium_path(chromium: Browser) -> str:
    return (Path(sys.prefix) / "chromium-path").read_text("utf-8").strip()


@pytest.fixture(scope="module")
def released(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Released:
    made = Released(tmp_path_factory.mktemp("site"), chromium_path)
    done = made.run("-o", "pictures")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Put 42 screenshots by Chromium 1")
    return made


def size(file: Path) -> tuple[int, int]:
    png = file.read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_every_layer_is_there_in_every_guise(released: Released) -> None:
    """R37: each language, desktop and phone, light and dark; the long lists in one of the two."""
    (said,) = released.bodies()
    guises = {
        (p["language"], p["layer"], p["width"], p["scheme"])  # type: ignore[index]
        for p in said["screenshots"]  # type: ignore[attr-defined]
    }
    assert guises == {
        (language, layer, width, scheme)
        for language in ("fi", "sv", "en")
        for layer in LAYERS
        for width in (1280, 390)
        for scheme in ("light", "dark")
        if not (layer == "items" and scheme == "dark")
    }
    for file in (released.folder / "pictures").iterdir():
        _, layer, window, _ = file.stem.split("-")
        width, height = map(int, window.split("x"))
        if layer == "items":
            assert size(file)[0] == width
            assert size(file)[1] > height
        else:
            assert size(file) == (width, height)


def test_it_takes_nothing_twice(released: Released) -> None:
    done = released.run()
    assert done.returncode == 0
    assert "--again takes new ones" in done.stdout
    assert len(released.bodies()) == 1


@pytest.fixture
def picture(new_page: NewPage, released: Released) -> Callable[[str], Page]:
    """A page on which a picture can be looked at, point by point."""

    def shown(name: str) -> Page:
        page = new_page()
        page.goto((released.folder / "pictures" / name).as_uri())
        page.evaluate(
            """() => { const image = document.images[0], canvas = document.createElement("canvas");
            canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
            window.context = canvas.getContext("2d"); context.drawImage(image, 0, 0); }"""
        )
        return page

    return shown


def at(page: Page, x: int, y: int) -> list[int]:
    found: list[int] = page.evaluate(
        "([x, y]) => [...context.getImageData(x, y, 1, 1).data]", [x, y]
    )
    return found


def test_pictures_show_the_page_and_the_banner_on_it(picture: Callable[[str], Page]) -> None:
    """Light or dark as asked for, and no pointer on either of the two answers (R3)."""
    light = picture("fi-banner-1280x800-light.png")
    assert at(light, 1000, 400) == [255, 255, 255, 255]
    dark = picture("fi-banner-1280x800-dark.png")
    assert max(at(dark, 1000, 400)[:3]) < 60
    accept, reject = at(light, 60, 730), at(light, 260, 730)
    assert accept == reject
    assert accept != [255, 255, 255, 255]


def test_sites_of_every_kind_have_their_layers(chromium_path: str, tmp_path: Path) -> None:
    """With a policy, for a shared cache, with a link of their own: what is seen is always there."""
    toml = TOML.replace('languages = ["fi", "sv", "en"]', 'languages = ["sv"]')
    toml += '\n[theme]\nscheme = "light"\n[banner]\nsettings_link = "own"\n'
    for number, more in enumerate(['policy = "enforce"', "cacheable = true"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = Released(folder, chromium_path, f"{toml}\n[enforcement]\n{more}\n")
        done = made.run()
        assert (done.returncode, done.stderr) == (0, "")
        (said,) = made.bodies()
        layers = [p["layer"] for p in said["screenshots"]]  # type: ignore[attr-defined,index]
        assert sorted(layers) == sorted([*LAYERS, *LAYERS])
    assert made.run("--again").returncode == 0
    first, second = made.bodies()
    assert second["screenshots"] == first["screenshots"], "the same is seen as the same"


def test_a_browser_that_is_none_is_told_with_the_remedy(released: Released) -> None:
    done = released.run("--again", "--chromium", "/nowhere/chromium")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("consent: no Chromium starts: ")
    assert "playwright install" in done.stderr
    assert "Traceback" not in done.stderr


# -- the report, with these pictures --


@pytest.fixture(scope="module")
def reported(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of somebody's consent, unpacked."""
    (released.folder / "consent.toml").unlink()
    site = Site(released.folder, toml=released.toml)
    site.clock.now = open_time(released)
    visitor = site.client()
    decide(visitor, "save", "statistics", form=fields(visitor.get("/").text))
    decide(visitor, "accept")
    decide(visitor, "reject")
    consent_id = str(site.log()[0]["consent_id"])
    site.close()
    data = bundle(str(released.folder / "log.sqlite3"), consent_id, [new_key("www.example.fi")])
    return unpacked(data, tmp_path_factory.mktemp("bundle"))


def open_time(released: Released) -> float:
    return datetime.fromisoformat(str(released.bodies()[0]["time"])).timestamp() + 60


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1280])
def test_the_report_fits_every_window_and_shows_every_picture(
    new_page: NewPage, reported: Path, width: int, dark: bool, lang: str
) -> None:
    page = new_page(width, dark=dark)
    page.goto((reported / f"report.{lang}.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    shown = page.evaluate("[...document.images].map((image) => image.naturalWidth)")
    assert len(shown) == 14
    assert all(shown)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_report_and_its_notices_are_accessible(
    new_page: NewPage, axe: Callable[[Page], list[str]], reported: Path, dark: bool
) -> None:
    for name in ("report.fi.html", "report.en.html", "notice-2026.2.sv.html"):
        for width in (320, 1280):
            page = new_page(width, dark=dark)
            page.goto((reported / name).as_uri())
            assert axe(page) == [], name


def test_the_report_is_valid_html(reported: Path) -> None:
    pages = {file.name: file.read_text("utf-8") for file in reported.glob("*.html")}
    assert len(pages) >= 6
    assert {name: faults for name, faults in check(pages).items() if faults} == {}


def test_the_report_is_printed_on_light_paper_with_nothing_cut_off(
    new_page: NewPage, reported: Path
) -> None:
    page = new_page(673, 980, dark=True)
    page.goto((reported / "report.fi.html").as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") == 673
    assert page.locator("nav").is_hidden()
    assert page.pdf(format="A4").startswith(b"%PDF")
