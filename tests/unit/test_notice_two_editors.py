"""Two editors publish under one number: one version, and one clear error (R75)."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest

from consent.errors import NoticeError
from consent.notice import publish as publishing
from consent.notice.files import write_folder
from consent.notice.package import MANIFEST
from consent.notice.shelf import Shelf
from consent.record import canonical
from tests.unit.notice_samples import publish_as, write_draft
from tests.unit.shop_site import open_shop

DAY = date(2027, 1, 1)


def git(folder, *words, check=True):
    who = ["-c", "user.name=Editor", "-c", "user.email=editor@example.fi"]
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, check=check, capture_output=True, text=True)


@pytest.fixture
def two(tmp_path):
    """Two branches with a version of the same number and other content."""
    git(tmp_path, "init", "-b", "one")
    document = tmp_path / "privacy"
    publish_as(write_draft(document, change=""), "2026.1", date(2026, 1, 1))
    git(tmp_path, "add", "."), git(tmp_path, "commit", "-m", "Publish 2026.1")
    git(tmp_path, "branch", "two")
    for branch, more in (("one", " oy"), ("two", " ab")):
        git(tmp_path, "checkout", branch)
        publish_as(write_draft(document, more=more), "2026.2", DAY)
        git(tmp_path, "add", "."), git(tmp_path, "commit", "-m", f"Publish 2026.2 of {branch}")
    git(tmp_path, "checkout", "one")
    return tmp_path


def test_the_merge_stops_and_the_notice_says_what_to_do(two):
    merge = git(two, "merge", "two", check=False)
    assert merge.returncode == 1
    assert f"privacy/2026.2/{MANIFEST}" in merge.stdout
    with pytest.raises(NoticeError) as caught:
        Shelf.load(two, "privacy")
    (problem,) = caught.value.problems
    assert problem.file == f"2026.2/{MANIFEST}"
    assert problem.message.startswith("two versions were published under one number")
    assert "--ours" in problem.remedy


def test_one_version_is_left_when_the_merge_is_decided(two):
    git(two, "merge", "two", check=False)
    git(two, "checkout", "--ours", "privacy/2026.2")
    packages = Shelf.load(two, "privacy").packages
    assert [str(package.number) for package in packages] == ["2026.1", "2026.2"]
    assert "Esimerkki Oy oy, " in packages[1].renditions["fi"].body


def test_a_merge_of_half_each_is_refused(two):
    git(two, "merge", "two", check=False)
    git(two, "checkout", "--ours", "privacy/2026.2")
    git(two, "checkout", "--theirs", "privacy/2026.2/fi.html")
    with pytest.raises(NoticeError, match=r"2026\.2/fi\.html: the file is not the one"):
        Shelf.load(two, "privacy")


def test_of_two_at_once_in_one_folder_one_is_published_and_the_other_told(tmp_path, monkeypatch):
    document = tmp_path / "privacy"
    drafts = [write_draft(document, name=name, more=f" {name}") for name in ("one", "two")]
    together = Barrier(2)

    def write(target, files):
        together.wait()  # both have found the number free
        write_folder(target, files)

    monkeypatch.setattr(publishing, "write_folder", write)

    def attempt(draft):
        try:
            return publish_as(draft, "2026.1", DAY)
        except NoticeError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(attempt, drafts))
    (error,) = [result for result in results if isinstance(result, NoticeError)]
    (package,) = [result for result in results if not isinstance(result, NoticeError)]
    assert "publish as 2026.2" in str(error)
    assert Shelf.load(tmp_path, "privacy").packages == (package,)
    assert {path.name for path in document.iterdir()} == {"2026.1", "one", "two"}
    loser = next(draft for draft, result in zip(drafts, results, strict=True) if result is error)
    assert (loser / "fi.md").is_file()


def test_the_same_published_again_after_a_checkout_is_the_same_version(two):
    """The draft may come back from version control; nothing is lost or made twice."""
    package = Shelf.load(two, "privacy").packages[1]
    shutil.copytree(two / "privacy/2026.2", two / "privacy/draft")
    (two / "privacy/draft" / MANIFEST).unlink()
    assert publish_as(two / "privacy/draft", "2026.2", DAY) == package


def test_the_intake_refuses_the_other_version_of_a_number_and_keeps_the_first(tmp_path, make_site):
    """Whole in itself, as another editor published it: the log knows which one was shown."""
    site = open_shop(tmp_path, make_site)
    before = list(site.consent.runtime.log.bodies("publication"))
    site.close()
    file = tmp_path / "notices/privacy/2027.1" / MANIFEST
    first = file.read_bytes()
    file.write_bytes(canonical(json.loads(first) | {"author": "The other editor"}))
    with pytest.raises(NoticeError) as caught:
        open_shop(tmp_path, make_site)
    (problem,) = caught.value.problems
    assert problem.file == "privacy/2027.1"
    assert problem.message == "was published with other content, as the log shows"
    assert "publish the text as a new version" in problem.remedy
    file.write_bytes(first)
    again = open_shop(tmp_path, make_site)
    assert list(again.consent.runtime.log.bodies("publication")) == before
