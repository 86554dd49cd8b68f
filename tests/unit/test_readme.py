"""README says what is so: its keys, commands, hooks and examples are checked against the code.

`python -m tests.unit.test_readme` writes the commands anew.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from consent import catalogue, cli
from consent.browser.signals import VENDORS
from consent.settings import load
from consent.settings import services as service_reader
from consent.settings.reader import Reader
from tests.unit.small_site import KEY, ORIGIN, TOML, Make, Site, decide

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
MARKS = "<!-- commands -->\n", "<!-- end of commands -->"
REFRESH = "README's commands are not those of the program: run python -m tests.unit.test_readme"
TEXTS = '{ fi = "T.", sv = "T.", en = "T." }'
# One of everything, so that every key is asked for.
EVERYTHING = f"""
{TOML}
[services.video.necessary_because]
fi = "T."
sv = "T."
en = "T."

[[services.video.items]]
name = "v"
lifetime = "1 day"
purpose = {TEXTS}

[services.matomo]
use = "matomo"
provider = "Esimerkki Oy"

[categories.own]
name = {TEXTS}
text = {TEXTS}
"""


def text() -> str:
    return README.read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(), re.M | re.S)


def documented_keys() -> set[str]:
    """The keys in the first column; a row that tells of "tables of" names stands for those."""
    section = text().partition("## Configuration")[2].partition("\n## ")[0]
    found: set[str] = set()
    for row in re.findall(r"^\| (`.*)\|$", section, re.M):
        first, meaning, *_ = row.split("|")
        keys = re.findall(r"`([^`]+)`", first)
        inside = re.search(r"tables? of ((?:`\w+`(?:, | and )?)+)", meaning)
        names = re.findall(r"`(\w+)`", inside[1]) if inside else []
        found |= {f"{key}.{name}" for key in keys for name in names} or set(keys)
    return found


def asked_keys(
    folder: Path, monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str]
) -> set[str]:
    """Every key that the readers of the settings ask for."""
    asked: set[str] = set()
    own = False

    def noting(method: Any) -> Any:
        def note(self: Reader, name: str, *more: Any, **named: Any) -> Any:
            if not own:
                asked.add(self.key(name))
            return method(self, name, *more, **named)

        return note

    def reading_own(*arguments: Any) -> Any:
        # The component's own service is no part of the file, though it is read like one.
        nonlocal own
        own = True
        try:
            return read_own(*arguments)
        finally:
            own = False

    read_own = service_reader._own
    with monkeypatch.context() as patch:
        patch.setattr(Reader, "has", noting(Reader.has))
        patch.setattr(Reader, "_get", noting(Reader._get))
        patch.setattr(service_reader, "_own", reading_own)
        (folder / "notices/privacy").mkdir(parents=True)
        (folder / "consent.toml").write_text(EVERYTHING, "utf-8")
        load(folder / "consent.toml", environ)
    keys = {key for key in asked if key.rpartition(".")[2] not in ("fi", "sv", "en")}
    keys = {re.sub(r"\.items(\[\d+\]|\..+)\.(\w+)$", r".items.\2", key) for key in keys}
    keys = {re.sub(r"^(services|categories)\.(?!only$)[\w-]+", r"\1.<id>", k) for k in keys}
    # A table is documented by what stands in it; texts per language are one key.
    return {key for key in keys if not any(other.startswith(f"{key}.") for other in keys)}


class Noting(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def test_the_configuration_table_has_every_key_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point 10: what the readers ask for is what is documented."""
    environ = Noting({"CONSENT_SECRET_KEYS": KEY})
    asked = asked_keys(tmp_path, monkeypatch, environ)
    documented = documented_keys()
    assert sorted(asked - documented) == []
    assert sorted(documented - asked) == []
    tools = {"CONSENT_PYTHON", "CONSENT_CHROMIUM"}  # what make reads
    tools |= {"CONSENT_POSTGRESQL"}  # what tests read
    assert set(re.findall(r"CONSENT_[A-Z_]+", text())) == environ.asked | tools


def test_every_default_in_the_table_is_the_readers(tmp_path: Path) -> None:
    """A row without a default is required; these are the ones that are values."""
    (tmp_path / "notices/privacy").mkdir(parents=True)
    (tmp_path / "consent.toml").write_text(TOML, "utf-8")
    settings = load(tmp_path / "consent.toml", {"CONSENT_SECRET_KEYS": KEY})
    rows = dict(re.findall(r"^\| `([\w.]+)`[^|]*\|[^|]*\| (.*?) \|$", text(), re.M))
    said = {key: re.findall(r"`([^`]*)`", value) for key, value in rows.items()}
    assert said["prefix"] == [settings.prefix]
    assert said["retention_months"] == [str(settings.retention_months)]
    assert said["site.timezone"] == [settings.site.timezone.key]
    assert said["banner.position"] == [settings.banner.position]
    assert said["banner.settings_link"] == [settings.banner.settings_link]
    assert said["banner.style"] == [settings.banner.style]
    assert said["cookie.name"] == [settings.cookie]
    assert rows["cookie.refusal_days"] == f"{settings.memory.refusal}, {settings.memory.grant}"
    assert said["notices.folder"] == ["notices", "privacy"]
    assert said["notices.drafts"] == ["false"]


def test_the_commands_are_those_of_the_program() -> None:
    """Point 10."""
    begin, end = MARKS
    shown = text().partition(begin)[2].partition(end)[0]
    assert shown.strip() == cli.reference().strip(), REFRESH


def test_every_command_that_is_shown_exists() -> None:
    lines = "\n".join(blocks("sh")).splitlines()
    words = [line.partition("#")[0].strip() for line in lines]
    commands = [re.search(r"(?:^|\$\()(consent [^)\"]+)", line) for line in words]
    found = [shlex.split(match[1])[1:] for match in commands if match]
    assert len(found) >= 4
    for arguments in found:
        assert cli.parser().parse_args(arguments).run
    inline = re.findall(r"`consent ((?:log|notice|scope|check|init|key)[\w ]*)`", text())
    headings = re.findall(r"^### consent (.*)$", cli.reference(), re.M)
    assert set(inline) <= set(headings)


def test_the_two_commands_are_named_and_exist() -> None:
    """Point 1."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"make (demo|test|bench|lint)\b", text()))
    assert {"demo", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.M)


def test_the_table_of_signals_is_the_catalogues() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \| (`[a-z0-9-]+`(?:, `[a-z0-9-]+`)*) \|", text(), re.M)
    found = {signal: set(re.findall(r"[a-z0-9-]+", services)) for signal, services in rows}
    signals = {name: catalogue.entry(name).get("signal") for name in catalogue.ids()}
    expected = {v: {name for name, signal in signals.items() if signal == v} for v in VENDORS}
    assert found == expected


def test_every_link_within_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", text(), re.M)
    places = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
    links = set(re.findall(r"\]\(#([^)]+)\)", text()))
    assert len(links) > 20
    assert sorted(links - places) == []


def test_every_section_is_in_the_table_of_contents() -> None:
    contents = text().partition("## Try it")[0]
    listed = re.findall(r"\[([^]]+)\]\(#", contents)
    sections = re.findall(r"^## (.+)$", text(), re.M)
    assert [each for each in listed if each != "Before visitors come"] == sections


def test_the_table_of_extras_is_that_of_the_package() -> None:
    section = text().partition("## Install")[2].partition("\n## ")[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = re.findall(r"^\| `([a-z]+)` \|", section, re.M)
    assert extras == sorted(project["optional-dependencies"])


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text())
    assert len(pictures) >= 2
    for picture in pictures:
        assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")


def test_every_file_and_property_that_is_named_exists() -> None:
    sheet = (ROOT / "static/style.css").read_text("utf-8")
    for name in set(re.findall(r"`(--consent-[a-z]+)`", text())):
        assert f"{name}:" in sheet or f"var({name}" in sheet
    for name in set(re.findall(r"`((?:tests|consent|examples|static)/[\w/.-]+)`", text())):
        assert (ROOT / name).exists()


def test_the_embedding_is_three_lines_that_work(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point 10: as it stands there, in the folder of a settings file."""
    code, _ = blocks("python")
    assert len([line for line in code.splitlines() if line.strip()]) == 3
    site.close()
    monkeypatch.chdir(site.folder)
    monkeypatch.setenv("CONSENT_SECRET_KEYS", KEY)
    monkeypatch.delenv("CONSENT_LOG_URL", raising=False)
    names: dict[str, Any] = {"app": site.bare}
    exec(compile(code, "README.md", "exec"), names)
    client = TestClient(names["app"], base_url=ORIGIN)
    assert 'id="visitor-choice"' in client.get("/").text
    names["consent"].close()


def test_the_question_in_a_handler_works(site: Site) -> None:
    _, code = blocks("python")
    asked: list[str] = []
    consent = SimpleNamespace(allows=lambda name: asked.append(name) or True)
    request = SimpleNamespace(state=SimpleNamespace(consent=consent))
    exec(compile(code, "README.md", "exec"), {"request": request})
    assert asked == ["statistics"]


def test_the_gates_of_the_example_are_closed_and_then_open(make_site: Make) -> None:
    (html,) = blocks("html")
    site = make_site(toml=f'{TOML}\n[services.youtube]\nuse = "youtube"\n')
    site.page = f'<!DOCTYPE html><html lang="en"><title>x</title><body>{html}</body></html>'
    client = site.client()

    def live() -> str:
        return re.sub(r"<template.*?</template>", "", client.get("/").text, flags=re.S)

    assert "stats.example" not in live()
    assert "youtube-nocookie" not in live()
    assert "Show this once" in live()
    decide(client, "accept")
    assert '<script src="https://stats.example/stats.js">' in live()
    assert '<iframe src="https://www.youtube-nocookie.com/' in live()
    assert "Show this once" not in live()


def test_the_jinja_examples_work(site: Site) -> None:
    condition, link, *_ = re.findall(r"`(\{[%{] .*? [%}]\})`", text())
    (notice,) = re.findall(r"`(<a href=.*?>)`", text())
    template = jinja2.Environment(autoescape=True).from_string(
        f"{condition}yes{{% endif %}}{link}{notice}"
    )

    async def page(request: Request) -> Response:
        return PlainTextResponse(template.render(request=request, lang="en"))

    app = site.consent.protect(Starlette(routes=[Route("/", page)]))
    client = TestClient(app, base_url=ORIGIN, headers={"sec-fetch-site": "same-origin"})
    shown = client.get("/").text
    assert shown.startswith('<a href="/choices/en" lang="en">Cookie settings</a>')
    assert shown.endswith('<a href="/en/privacy">')
    decide(client, "accept")
    assert client.get("/").text.startswith("yes<a")


def test_every_toml_example_is_toml() -> None:
    for block in blocks("toml"):
        tomllib.loads(block)


def refresh() -> None:
    """Write the commands anew."""
    begin, end = MARKS
    before, _, rest = text().partition(begin)
    after = rest.partition(end)[2]
    README.write_text(f"{before}{begin}\n{cli.reference().strip()}\n\n{end}{after}", "utf-8")


if __name__ == "__main__":
    refresh()
