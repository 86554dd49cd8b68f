"""Whether the site's metrics can be read over HTTP, and with which token."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from .reader import Reader
from .secrets import metrics_token


def read_metrics(entry: Reader, environ: Mapping[str, str], *, signing: bool) -> str:
    """Read the table `[metrics]`; gives the token to read them with, empty where nobody may.

    Only who serves the site, and so has its keys (`signing`), needs the token and the library.
    """
    enabled = entry.flag("enabled", False) and signing
    if enabled and find_spec("prometheus_client") is None:
        entry.fault(
            "enabled",
            "needs prometheus-client, which is not installed",
            "install it with: pip install 'jackbot-consent[metrics]'",
        )
    entry.close()
    return metrics_token(environ, entry.problems, needed=enabled)
