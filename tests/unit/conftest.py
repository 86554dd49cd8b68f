"""Fixtures of the unit tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.unit.log_engines import ENGINES, MAINTENANCE, fill, opened

if TYPE_CHECKING:
    from consent.log import Log
    from tests.unit.log_engines import LogEngine
    from tests.unit.partition import Network
    from tests.unit.postgres_server import Server
    from tests.unit.proof_samples import Story
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


def _server() -> Server | None:
    """The database server of the tests, once one was started."""
    module = sys.modules.get("tests.unit.postgres_server")
    started = module is not None and module.shared.cache_info().currsize
    return module.shared() if started else None


@pytest.fixture(scope="session", autouse=True)
def no_server_left() -> Iterator[None]:
    """The database server ends with the tests."""
    yield
    if (server := _server()) is not None:
        server.close()


@pytest.fixture(autouse=True)
def databases_used_again() -> Iterator[None]:
    """Databases are dear to make: those of a test are the next one's."""
    yield
    if (server := _server()) is not None:
        server.give_back()


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


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> LogEngine:
    """Each kind of log in turn."""
    return request.param


@pytest.fixture
def address(engine: LogEngine, tmp_path: Path) -> str:
    """The address of an empty log."""
    from consent.log import create_log

    found = engine.address(tmp_path)
    create_log(found, "example.fi")
    return found


@pytest.fixture
def role() -> str:
    """The role in which a test opens its log, where there are roles: the one that may expire."""
    return MAINTENANCE


@pytest.fixture
def open_again(address: str, role: str) -> Iterator[Callable[..., Log]]:
    """Opens the test's log, any number of times, and closes it afterwards."""
    logs: list[Log] = []

    def again(**options: object) -> Log:
        logs.append(opened(address, role=role, **options))
        return logs[-1]

    yield again
    for log in logs:
        log.close()


@pytest.fixture
def log(open_again: Callable[..., Log]) -> Log:
    """A log to append to."""
    return open_again()


@pytest.fixture
def filled(log: Log) -> Log:
    """That log with some entries."""
    fill(log)
    return log


@pytest.fixture(scope="session")
def server() -> Server:
    """A running PostgreSQL server."""
    from tests.unit.postgres_server import shared

    return shared()


@pytest.fixture
def database(server: Server) -> str:
    """A database in it, with an empty log."""
    from consent.log import create_log

    found = server.database()
    create_log(server.address(found), "example.fi")
    return found


@pytest.fixture
def network(server: Server) -> Iterator[Network]:
    """A network between a log and that server, which can be cut."""
    from tests.unit.partition import Network

    found = Network(server.socket)
    yield found
    found.close()


@pytest.fixture(scope="session")
def story(no_name_server: None, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A log with one consent that was given, changed and withdrawn; to be read only."""
    from tests.unit.proof_samples import told
    from tests.unit.small_site import Site

    folder = tmp_path_factory.mktemp("story")
    return told(folder, lambda **options: Site(folder, **options))


@pytest.fixture(scope="session")
def zipped(story: Story) -> bytes:
    """The bundle of that consent."""
    from tests.unit.proof_samples import bundle

    return bundle(story.log, story.consent_id)
