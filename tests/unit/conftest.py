"""Fixtures of the unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.unit.small_site import Make, Site

# How long an example takes says what else the machine does.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def no_name_server() -> Iterator[None]:
    """No site that a test makes asks the network for its address."""
    from consent.settings import address

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(address, "resolve", lambda host: [])
        yield


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Make]:
    """Makes sites in the test's own folder and closes them."""
    from tests.unit.small_site import Site

    made: list[Site] = []

    def make(**options: str) -> Site:
        site = Site(tmp_path, **options)
        made.append(site)
        return site

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(make_site: Make) -> Site:
    """A site without a notice, with three optional categories."""
    return make_site()


@pytest.fixture
def declared(make_site: Make) -> Site:
    """A site that declares cookies of its own."""
    from tests.unit.cookie_site import DECLARED

    return make_site(toml=DECLARED)
