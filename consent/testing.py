"""The audit in a site's own tests:

    from consent.testing import audit
    from mysite import app

    def test_consent():
        assert audit(app).clean

A test that fails shows every finding, with the page and the remedy.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import ASGIApp

from .audit import Report as Report
from .audit import audit as _audit
from .settings import Settings


def audit(
    app: ASGIApp,
    *paths: str,
    pages: int = 50,
    ignore: Collection[str] = (),
    settings: Settings | None = None,
) -> Report:
    """As `consent.audit.audit`, which is `consent audit`; prints what it finds for pytest to show.

    A plain function, not a coroutine: a test that calls it is not `async`.
    """
    report = _audit(app, *paths, pages=pages, ignore=ignore, settings=settings)
    if not report.clean:
        print(report)
    return report
