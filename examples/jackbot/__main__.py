"""Serve the examples: `python -m examples.jackbot [DAY]`.

The company site with its third parties, and beside it the fictitious shop, on whose clock it is
DAY: its notice has a version in force, one to come and one that was. Makes signing keys and two
logs in `.demo/` on the first run and uses them again on the next ones.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from socket import create_server, socket
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from consent import ConsentError
from consent.log import create_log

from ..fictitious.app import create_app as create_shop
from .app import create_app
from .thirdparty import PORT, create_third_party

HOST, SITE, SHOP = "127.0.0.1", 8000, 8002
DAY = date(2026, 12, 1)


def main(day: date = DAY, folder: Path = Path(".demo")) -> int:
    """Prepare what the sites need and serve them until they are stopped."""
    listeners = []
    for port in (SITE, PORT, SHOP):
        try:
            listeners.append(create_server((HOST, port)))
        except OSError as error:
            print(
                f"port {port} of {HOST}: {os.strerror(error.errno or 0)}; stop the program that "
                "uses it, perhaps another demo, and try again",
                file=sys.stderr,
            )
            return 1
    folder.mkdir(mode=0o700, exist_ok=True)
    keys = folder / "keys"
    if not keys.exists():
        keys.touch(mode=0o600)
        keys.write_text(secrets.token_urlsafe(48))
        print(f"made signing keys in {keys}")
    os.environ["CONSENT_SECRET_KEYS"] = keys.read_text()
    # The shop's time begins at noon of its day, and goes on from there.
    ahead = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() - time.time()
    try:
        _use_log(folder / "consent-log.sqlite3")
        site = create_app()
        _use_log(folder / "shop-log.sqlite3")
        shop = create_shop(clock=lambda: time.time() + ahead)
    except ConsentError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"the example site: http://{HOST}:{SITE}  (stop it with Ctrl+C)")
    print(f"a shop on {day}, for its notice's versions: http://shop.localhost:{SHOP}", flush=True)
    _serve([site, create_third_party(), shop], listeners)
    return 0


def _use_log(log: Path) -> None:
    if not log.exists():
        create_log(str(log), f"{log.stem}-demo")
        print(f"made a consent log in {log}")
    os.environ["CONSENT_LOG_URL"] = str(log.resolve())


def _serve(apps: list[ASGIApp], listeners: list[socket]) -> None:
    """Serve each app on its listener; a signal stops the first server, and that all the others."""
    first, *others = [uvicorn.Server(uvicorn.Config(app, log_level="warning")) for app in apps]
    threads = [
        Thread(target=server.run, args=([listener],), daemon=True)
        for server, listener in zip(others, listeners[1:], strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        first.run([listeners[0]])
    except KeyboardInterrupt:
        pass
    finally:
        for server in others:
            server.should_exit = True
        for thread in threads:
            thread.join(5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("make demo")
    parser.add_argument("day", nargs="?", type=date.fromisoformat, default=DAY, metavar="DAY")
    raise SystemExit(main(parser.parse_args().day))
