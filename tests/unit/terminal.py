"""What the tests of the command line share: a terminal, and a folder with settings."""

import os

from consent.cli import main
from tests.unit.notice_samples import write_draft

KEY = "k8sJ2mdP0qLx7VbTzRw4YhNc6GfEuAi1"


def enter(monkeypatch, folder):
    """Go to a folder of its own, with a key in the environment and no name in Git."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CONSENT_SECRET_KEYS", KEY)
    for name in ("CONSENT_LOG_URL", "CONSENT_CHECKPOINT_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


def terminal(capsys):
    """Give a function that runs a command and returns its exit code, output and errors."""

    def run(*words):
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run


def filled(text):
    """Fill in the placeholders of the starting file, the two names with the same word."""
    for empty, value in (
        ('name = ""', 'name = "Esimerkki Oy"'),
        ("origins = []", 'origins = ["https://www.example.fi"]'),
        ('email = ""', 'email = "tietosuoja@example.fi"'),
    ):
        assert f"\n{empty}\n" in text
        text = text.replace(f"\n{empty}\n", f"\n{value}\n")
    return text


def set_up(run, folder):
    """Make filled settings and an empty notice."""
    assert run("init")[0] == 0
    file = folder / "consent.toml"
    file.write_text(filled(file.read_text("utf-8")), "utf-8")
    (folder / "notices" / "privacy").mkdir(parents=True)
    return folder


def publish(run, folder, *more):
    write_draft(folder / "notices" / "privacy", change="")
    return run(
        *("notice", "publish", "notices/privacy/draft", "--number", "2026.1"),
        *("--effective", "2026-01-01", "--yes", *more),
    )
