"""The example site with the component around it, in three lines.

uvicorn --factory examples.jackbot.app:create_app
uvicorn examples.jackbot.thirdparty:app --port 8001
"""

from __future__ import annotations

from pathlib import Path

from consent import Consent, ConsentMiddleware

from .site import HERE, create_bare_app
from .thirdparty import PORT


def create_app(
    settings_path: Path | None = None, third_party_port: int = PORT
) -> ConsentMiddleware:
    """Make the site as visitors meet it, by the settings of this folder or of another file."""
    app = create_bare_app(third_party_port)
    consent = Consent.load(settings_path or HERE / "consent.toml")
    return consent.protect(app)
