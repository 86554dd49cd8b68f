"""What is in force, to come and announced follows from the packages and the time alone."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from consent.errors import NoticeError
from consent.notice.lifecycle import (
    State,
    announcement,
    in_force,
    standing,
    state,
    unchanged,
)
from consent.notice.shelf import Shelf
from tests.unit.notice_samples import line_of_three, write_draft

SECOND = timedelta(seconds=1)
NEW_YEAR = datetime(2026, 12, 31, 22, tzinfo=UTC)  # 2027 begins in Helsinki


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    return line_of_three(tmp_path_factory.mktemp("notices") / "privacy")


def numbers(packages):
    return [str(package.number) for package in packages]


def test_a_version_is_in_force_from_midnight_on_the_site(line):
    assert str(in_force(line, NEW_YEAR - SECOND).number) == "2026.2"
    assert str(in_force(line, NEW_YEAR).number) == "2027.1"


def test_nothing_is_in_force_before_the_first_version(line):
    stand = standing(line, datetime(2025, 12, 15, tzinfo=UTC))
    assert stand.in_force is None
    assert numbers(stand.scheduled) == ["2026.1"]


def test_a_version_that_is_not_announced_does_not_exist(line):
    stand = standing(line, datetime(2025, 11, 30, tzinfo=UTC))
    assert (stand.in_force, stand.scheduled, stand.superseded) == (None, (), ())


def test_the_line_is_sorted(line):
    stand = standing(line, datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert str(stand.in_force.number) == "2026.2"
    assert numbers(stand.scheduled) == ["2027.1"]
    assert numbers(stand.superseded) == ["2026.1"]
    assert numbers(standing(line, NEW_YEAR).superseded) == ["2026.2", "2026.1"]


def test_it_is_told_from_when_until_when_nothing_changes(line):
    """Also for a clock that is set back."""
    moments = []
    since, until = unchanged(line, datetime(2000, 1, 1, tzinfo=UTC))
    assert since == -inf
    while until < inf:
        moments.append(datetime.fromtimestamp(until, UTC))
        assert unchanged(line, moments[-1] - SECOND) == (since, until)
        since, until = unchanged(line, moments[-1])
        assert since == moments[-1].timestamp()
    assert {datetime(2025, 12, 1, tzinfo=UTC), NEW_YEAR} < set(moments)
    assert moments[-1] == NEW_YEAR + timedelta(days=14)


def test_each_version_has_its_state(line):
    moment = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert [state(package, line, moment) for package in line] == [
        State.SUPERSEDED,
        State.IN_FORCE,
        State.SCHEDULED,
    ]
    assert state(line[2], line, moment - SECOND) is State.DRAFT


def test_a_returning_visitor_is_told_from_announcement_until_14_days_after_effect(line):
    """R80."""
    announced = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert announcement(line, announced - SECOND, "2026.2") is None
    for now in (announced, NEW_YEAR, NEW_YEAR + timedelta(days=14) - SECOND):
        assert str(announcement(line, now, "2026.2").number) == "2027.1"
    assert announcement(line, NEW_YEAR + timedelta(days=14), "2026.2") is None


def test_who_has_seen_it_is_not_told_again(line):
    assert announcement(line, NEW_YEAR, "2027.1") is None
    assert announcement(line, NEW_YEAR, "2027.2") is None


def test_a_new_visitor_is_told_nothing(line):
    """R83."""
    assert announcement(line, NEW_YEAR, None) is None


@pytest.mark.parametrize("seen", ["", "yes", "2026", "2026.01"])
def test_who_has_been_here_and_has_seen_no_version_is_told(line, seen):
    """R80: the newest change; the first version of a document is none."""
    assert str(announcement(line, NEW_YEAR, seen).number) == "2027.1"
    assert announcement(line[:1], line[0].starts, seen) is None


def test_an_editorial_change_and_the_first_version_are_not_announced(line):
    assert announcement(line, datetime(2026, 6, 3, tzinfo=UTC), "2026.1") is None
    assert announcement(line, datetime(2025, 12, 3, tzinfo=UTC), "2025.1") is None


def test_a_shelf_finds_versions_and_the_draft(tmp_path):
    line_of_three(tmp_path / "privacy")
    shelf = Shelf.load(tmp_path, "privacy")
    assert shelf.draft is None
    write_draft(tmp_path / "privacy")
    (tmp_path / "privacy/.2027.2.abc").mkdir()
    (tmp_path / "privacy/old").mkdir()
    shelf = Shelf.load(tmp_path, "privacy")
    assert numbers(shelf.packages) == ["2026.1", "2026.2", "2027.1"]
    assert shelf.draft == tmp_path / "privacy/draft"
    assert shelf.version("2026.2") is shelf.packages[1]
    for number in ("2026.3", "2026.02", "draft", ""):
        assert shelf.version(number) is None
    assert shelf.in_force(NEW_YEAR) is shelf.packages[2]
    assert shelf.announcement(NEW_YEAR, "2026.2") is shelf.packages[2]
    assert shelf.standing(NEW_YEAR).in_force is shelf.packages[2]


def test_a_document_that_does_not_exist_is_an_empty_shelf(tmp_path):
    shelf = Shelf.load(tmp_path / "nowhere", "privacy")
    assert (shelf.packages, shelf.draft) == ((), None)
    assert shelf.in_force(NEW_YEAR) is None


def test_a_shelf_tells_the_faults_of_all_versions_at_once(tmp_path):
    line_of_three(tmp_path / "privacy")
    for number in ("2026.1", "2027.1"):
        (tmp_path / "privacy" / number / "fi.html").write_text("other")
    (tmp_path / "terms").mkdir()
    (tmp_path / "privacy/2026.2").rename(tmp_path / "terms/2026.2")
    with pytest.raises(NoticeError) as caught:
        Shelf.load(tmp_path, "privacy")
    assert [problem.file for problem in caught.value.problems] == [
        "2026.1/fi.html",
        "2027.1/fi.html",
    ]
    with pytest.raises(NoticeError, match="it is a version of privacy"):
        Shelf.load(tmp_path, "terms")


def test_serving_loads_neither_markdown_nor_yaml_nor_nh3():
    """A server that serves packages does not pay for making them."""
    code = (
        "import sys\n"
        "from consent.notice import cookies, feed, lifecycle, package, preview, shelf, shell\n"
        "print(sorted({'markdown', 'yaml', 'nh3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
