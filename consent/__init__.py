"""Cookie consent and versioned privacy notices, enforced by the server.

from consent import Consent
consent = Consent.load("consent.toml")
app = consent.protect(app)
"""

from .component import Consent as Consent
from .component import ConsentMiddleware as ConsentMiddleware
from .errors import ConsentError as ConsentError
from .errors import LogError as LogError
from .errors import NoticeError as NoticeError
from .errors import SettingsError as SettingsError
from .pages.visitor import Visitor as Visitor
