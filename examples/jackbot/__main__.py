"""Serve the example site and its third parties: `python -m examples.jackbot`.

Makes signing keys and a log in `.demo/` on the first run and uses them again on the next ones.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
from pathlib import Path

import uvicorn

from consent import ConsentError
from consent.log import create_log

from .app import create_app
from .thirdparty import PORT, create_third_party

HOST, SITE = "127.0.0.1", 8000


def main(folder: Path = Path(".demo")) -> int:
    """Prepare what the site needs and serve it until it is stopped."""
    folder.mkdir(mode=0o700, exist_ok=True)
    keys, log = folder / "keys", folder / "consent-log.sqlite3"
    if not keys.exists():
        keys.touch(mode=0o600)
        keys.write_text(secrets.token_urlsafe(48))
        print(f"made signing keys in {keys}")
    if not log.exists():
        create_log(str(log), "jackbot-demo")
        print(f"made a consent log in {log}")
    os.environ["CONSENT_SECRET_KEYS"] = keys.read_text()
    os.environ["CONSENT_LOG_URL"] = str(log.resolve())
    try:
        site = create_app()
    except ConsentError as error:
        print(error, file=sys.stderr)
        return 1
    third = uvicorn.Server(
        uvicorn.Config(create_third_party(), host=HOST, port=PORT, log_level="warning")
    )
    threading.Thread(target=third.run, daemon=True).start()
    print(f"the example site: http://{HOST}:{SITE}  (stop it with Ctrl+C)", flush=True)
    uvicorn.run(site, host=HOST, port=SITE, log_level="warning")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
