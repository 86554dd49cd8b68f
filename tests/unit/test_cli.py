"""The command line: what each command prints, leaves behind and exits with."""

import argparse
import os
import re
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from consent.cli import parser, reference
from consent.errors import SettingsError
from consent.log.runs import ID_SIZE
from consent.settings import address, load
from consent.signed_note import new_key, verifier_of
from tests.unit.notice_samples import write_draft
from tests.unit.terminal import KEY, enter, publish, set_up, terminal


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    return terminal(capsys)


@pytest.fixture
def folder(run, tmp_path):
    return set_up(run, tmp_path)


def uncommented(text):
    """Take the examples of the starting file into use: whatever stands behind a # and is TOML."""
    example = re.compile(r'# (\[\[?[a-z].*\]|[a-z_.]+ = ("|\[|\{|true|[0-9]).*)')
    return "\n".join(
        match[1] if (match := example.fullmatch(line)) else line for line in text.splitlines()
    )


def commands(command):
    """Every command with its whole name."""
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield inner
                yield from commands(inner)


# consent init


def test_init_writes_a_file_that_tells_what_is_missing(run, tmp_path):
    code, out, _ = run("init")
    assert code == 0
    assert "consent check --config consent.toml" in out
    code, out, err = run("check")
    assert code == 1
    keys = re.findall(r"^consent.toml: ([a-z._]+):", out, re.M)
    assert sorted(keys) == [
        *("controller.email", "controller.name", "notices.folder", "site.name", "site.origins")
    ]
    assert err == "5 problems\n"


def test_the_last_step_that_init_names_protects_an_application(run, folder):
    (folder / "consent.toml").rename(folder / "kept.toml")
    embedding = run("init")[1].partition("in the application: ")[2]
    (folder / "kept.toml").replace(folder / "consent.toml")
    run("log", "create")
    names = {"app": Starlette(routes=[Route("/", lambda _: HTMLResponse("<body>x</body>"))])}
    exec("\n".join(line.strip() for line in embedding.splitlines()), names)
    with TestClient(names["app"], base_url="https://www.example.fi") as client:
        assert 'class="visitor-choice' in client.get("/").text


def test_the_starting_file_passes_once_it_is_filled_in(run, folder):
    code, out, err = run("check")
    assert (code, err) == (0, "")
    assert "Esimerkki Oy, https://www.example.fi" in out


def test_every_example_of_the_starting_file_is_right(folder, tmp_path):
    """What a reader takes into use by removing a # is read without a fault."""
    file = folder / "consent.toml"
    (folder / "templates").mkdir()
    text = uncommented(file.read_text("utf-8"))
    duplicates = 'origins = ["https://www.example.fi", "https://example.fi"]\n'
    assert duplicates in text
    file.write_text(text.replace(duplicates, ""), "utf-8")
    settings = load(file)
    assert settings.controller.business_id == "1234567-1"
    assert settings.theme.light["accent"] == "#1f5fbf"
    assert settings.notices.drafts
    assert settings.checkpoints.file == tmp_path / "checkpoint.txt"
    assert settings.checkpoints.hook[0] == "mail"
    assert settings.site.trusted_proxies == ("127.0.0.1",)
    services = {service.id: service for service in settings.declaration.services}
    assert {"google-analytics-4", "feedback", "consent"} == set(services)
    (item,) = services["feedback"].items
    assert item.days == 390
    assert "videos" in {category.id for category in settings.declaration.categories}


def test_the_defaults_that_the_starting_file_names_are_the_defaults(folder):
    text = (folder / "consent.toml").read_text("utf-8")
    settings = load(folder / "consent.toml")
    assert f"# refusal_days = {settings.memory.refusal}\n" in text
    assert f"# retention_months = {settings.retention_months}\n" in text
    assert f"# grant_days = {settings.memory.grant}\n" in text
    assert f"# every = {settings.checkpoints.every}\n" in text
    assert f'# name = "{settings.cookie}"\n' in text
    assert f'# prefix = "{settings.prefix}"\n' in text
    for name in ("position", "settings_link", "style"):
        assert re.search(rf'^# {name} = "{getattr(settings.banner, name)}" ', text, re.M)


def test_init_never_overwrites(run, tmp_path):
    (tmp_path / "consent.toml").write_text("mine", "utf-8")
    code, out, err = run("init")
    assert (code, out) == (2, "")
    assert err.startswith("consent: consent.toml is there already")
    assert "→ see what is left to do with: consent check --config consent.toml" in err
    assert (tmp_path / "consent.toml").read_text("utf-8") == "mine"


def test_init_takes_a_file_or_a_folder(run, tmp_path):
    (tmp_path / "site").mkdir()
    assert run("init", "site")[0] == 0
    assert run("init", "other.toml")[0] == 0
    assert (tmp_path / "site" / "consent.toml").read_bytes() == Path("other.toml").read_bytes()
    code, _, err = run("init", "nowhere/consent.toml")
    assert code == 2
    assert "nowhere/consent.toml: No such file" in err


# consent key


def test_each_key_is_new_and_good_enough_to_start_with(run, folder, monkeypatch):
    """R123: at least 43 characters that stand in an environment without quotes."""
    keys = {run("key")[1].strip() for _ in range(20)}
    assert len(keys) == 20
    for key in keys:
        assert re.fullmatch(r"[A-Za-z0-9_-]{43,}", key)
        monkeypatch.setenv("CONSENT_SECRET_KEYS", key)
        assert load(folder / "consent.toml").keys == (key,)


# consent check


def test_check_prints_every_problem_with_its_remedy(run, folder, monkeypatch):
    file = folder / "consent.toml"
    text = file.read_text("utf-8").replace('"Europe/Helsinki"', '"Helsinki"')
    file.write_text(text + '[cookie]\ngrant_days = 500\n[baner]\nposition = "left"\n', "utf-8")
    monkeypatch.delenv("CONSENT_SECRET_KEYS")
    code, out, err = run("check")
    assert (code, err) == (1, "4 problems\n")
    assert out.count("    → ") == 4
    assert "consent.toml: site.timezone: is 'Helsinki'\n" in out
    assert 'did you mean "banner"?' in out
    assert "environment: CONSENT_SECRET_KEYS: is not set\n" in out


def test_check_uses_the_words_that_stop_the_site(run, folder, monkeypatch):
    monkeypatch.setenv("CONSENT_SECRET_KEYS", "short")

    with pytest.raises(SettingsError) as caught:
        load("consent.toml")
    assert run("check")[1] == f"{caught.value}\n"


def test_check_of_a_file_that_is_not_there_names_init(run):
    code, out, _ = run("check", "--config", "nowhere.toml")
    assert code == 1
    assert out == "nowhere.toml: is not there\n    → write one with: consent init\n"


def test_check_sums_up_what_is_set(run, folder):
    code, out, _ = run("check")
    assert code == 0
    assert re.search(r"^languages +fi, sv, en$", out, re.M)
    assert re.search(r"^categories +necessary \(always on\): Consent$", out, re.M)
    assert re.search(r"^ +statistics: no services, so not asked$", out, re.M)
    assert re.search(r"^cookie +__Host-choices: a grant 183 days, a refusal 365 days$", out, re.M)
    assert "not there yet: consent log create" in out
    nothing = "no version in force, so that its address shows nothing: consent notice publish"
    assert re.search(rf"^notices +privacy: {nothing}$", out, re.M)
    assert KEY not in out


def test_check_warns_while_nothing_signs_the_log_and_then_gives_the_key_to_publish(
    run, folder, monkeypatch
):
    """R41: a log that its own site alone vouches for convinces nobody."""
    code, out, _ = run("check")
    assert code == 0
    assert re.search(r"^warning: nothing signs the log, .*: consent log key$", out, re.M)
    keys = [new_key("www.example.fi") for _ in range(2)]
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", " ".join(keys))
    code, out, _ = run("check")
    assert (code, "nothing signs" in out, keys[0] in out) == (0, False, False)
    first, second = (re.escape(str(verifier_of(key))) for key in keys)
    told = rf"^checkpoints +signed; to verify with: {first}\n +and with: {second}$"
    assert re.search(told, out, re.M)


def test_check_warns_of_a_log_that_bears_the_name_of_a_trial(run, folder):
    """R42: a checkpoint and every receipt name the log as it was called when it was made."""
    file, site = folder / "consent.toml", "https://www.example.fi"
    warning = "warning: the log was made for 127.0.0.1:8000"
    text = file.read_text("utf-8")
    file.write_text(text.replace(f'"{site}"', '"http://127.0.0.1:8000"'), "utf-8")
    run("log", "create")
    assert warning not in run("check")[1]
    file.write_text(text, "utf-8")
    assert warning in run("check")[1]
    (folder / "consent-log.sqlite3").unlink()
    run("log", "create")
    assert warning not in run("check")[1]


def test_check_warns_of_an_address_that_leads_elsewhere(run, folder, monkeypatch):
    """R115: it is no fault, for what stands in front of this machine cannot be seen from it."""
    assert "leads to" not in run("check")[1]
    monkeypatch.setattr(address, "resolve", lambda host: [ip_address("203.0.113.7")])
    monkeypatch.setattr(address, "own_addresses", lambda target: [ip_address("10.0.0.4")])
    code, out, _ = run("check")
    assert code == 0
    assert "\nwarning: www.example.fi leads to 203.0.113.7, and this machine" in out


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:private@127.0.0.1:1/consent",
        "postgresql://127.0.0.1:1/consent?user=me&password=private",
    ],
)
def test_check_shows_no_password_of_the_log(run, folder, monkeypatch, address):
    monkeypatch.setenv("CONSENT_LOG_URL", address)
    code, out, _ = run("check")
    assert code == 0
    assert "postgresql://127.0.0.1:1/consent (" in out
    assert "private" not in out


def test_check_lists_what_the_company_has_to_confirm(run, folder):
    facts = '[[retention]]\nid = "invoices"\nyears = 6\nconfirm = true\n'
    write_draft(folder / "notices" / "privacy", facts=facts)
    code, out, _ = run("check")
    assert code == 0
    assert "privacy draft: 1 fact for the company to confirm" in out
    assert "retention.invoices" in out
    assert "years = 6" in out


def test_check_finds_a_draft_that_cannot_be_read(run, folder):
    draft = write_draft(folder / "notices" / "privacy")
    (draft / "sv.md").unlink()
    code, out, _ = run("check")
    assert code == 1
    assert "sv.md" in out


def test_check_finds_a_published_version_that_was_changed(run, folder):
    publish(run, folder)
    with (folder / "notices" / "privacy" / "2026.1" / "fi.html").open(
        "a", encoding="utf-8"
    ) as file:
        file.write("more")
    code, out, _ = run("check")
    assert code == 1
    assert "2026.1" in out


def test_check_finds_a_notice_that_tells_of_other_cookies(run, folder):
    """The table stays as published, so a new service needs a new version."""
    publish(run, folder)
    assert run("check")[0] == 0
    with (folder / "consent.toml").open("a", encoding="utf-8") as file:
        file.write('[services.plausible]\nuse = "plausible"\n')
    code, out, _ = run("check")
    assert code == 1
    assert "privacy/2026.1: cookies: the cookie table of the notice differs" in out


# All commands


def test_every_command_has_a_help_text(run):
    for command in commands(parser()):
        words = command.prog.split()[1:]
        code, _, _ = run(*words, "--help")
        assert code == 0
        assert command.description
        assert command.description.endswith(".")
        for action in command._actions:
            assert action.help or isinstance(action, argparse._SubParsersAction)


def test_whatever_an_option_can_be_is_named_in_its_help():
    for command in commands(parser()):
        for option in command._actions:
            if option.choices and not isinstance(option, argparse._SubParsersAction):
                assert option.metavar, (command.prog, option.dest)
                named = re.findall(r"\w+", option.help)
                assert [each for each in option.choices if each and each not in named] == []


def test_no_option_can_be_taken_for_a_consent_id():
    """Ids are told from options by their length, since some begin with a hyphen."""
    for command in commands(parser()):
        for action in command._actions:
            assert all(len(option) != ID_SIZE for option in action.option_strings)


@pytest.mark.parametrize("dashed", ["-" * 22, "-c" + "A" * 20, "-zzz567890123456789012"])
def test_an_id_that_begins_with_a_hyphen_is_taken_as_any_other_is(dashed, run):
    """One of 64 does."""
    for words in (
        ["show", "--last", "3", "--consent-id"],
        ["show", "--consent-id"],
        ["proof", "-o", "x"],
    ):
        assert run("log", *words, dashed) == run("log", *words, "A" * 22)
        assert "usage" not in run("log", *words, dashed)[2]


def test_the_reference_names_every_command_and_option():
    text = reference()
    for command in commands(parser()):
        options = [a for a in command._actions if a.option_strings and a.dest != "help"]
        if not any(isinstance(a, argparse._SubParsersAction) for a in command._actions):
            assert f"### {command.prog}\n" in text
            assert command.description in text
        for option in options:
            names = [", ".join(option.option_strings), option.metavar]
            assert f"`{' '.join(filter(None, names))}`: {option.help}" in text
    assert "Exit codes:" in text


@pytest.mark.parametrize("words", [[], ["frobnicate"], ["log"], ["notice"], ["key", "--more"]])
def test_wrong_words_are_answered_with_the_usage(words, run):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert "usage: consent" in err


@pytest.mark.parametrize(
    "words", [["log", "verify"], ["log", "show"], ["log", "export"], ["log", "create"]]
)
def test_commands_on_the_log_without_settings_name_init(words, run):
    code, _, err = run(*words)
    assert code == 2
    assert "consent init" in err


def test_the_version_is_that_of_the_package(run):
    code, out, _ = run("--version")
    assert code == 0
    assert re.fullmatch(r"consent \d+\.\d+\.\d+\S*\n", out)


def test_python_m_consent_is_the_same_command(folder):
    file = folder / "consent.toml"  # behind a named proxy no name server is asked
    file.write_text(
        file.read_text("utf-8").replace("# trusted_proxies", "trusted_proxies"), "utf-8"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-m", "consent", "check"], capture_output=True, text=True, env=environ
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Esimerkki Oy" in done.stdout


def test_importing_the_commands_loads_nothing_heavy():
    """What a command needs is loaded when it runs."""
    heavy = "markdown, nh3, yaml, sqlite3"
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import consent.cli; consent.cli.parser(); "
        f"print({{m for m in {heavy.split(', ')!r} if m in sys.modules}})"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
