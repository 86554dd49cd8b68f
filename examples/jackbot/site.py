"""The company site itself: five pages in three languages, knowing nothing of how consent works."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from .thirdparty import PORT, addresses

HERE = Path(__file__).parent
LANGUAGES = ("fi", "sv", "en")
PATHS = {
    "home": {"fi": "/", "sv": "/sv/", "en": "/en/"},
    "services": {"fi": "/palvelut", "sv": "/sv/tjanster", "en": "/en/services"},
    "intro": {"fi": "/esittely", "sv": "/sv/presentation", "en": "/en/introduction"},
    "news": {"fi": "/ajankohtaista", "sv": "/sv/aktuellt", "en": "/en/news"},
    "contact": {"fi": "/yhteystiedot", "sv": "/sv/kontakt", "en": "/en/contact"},
}
"""Page id → language → path, in the order of the menu."""


@cache
def texts(language: str) -> dict[str, Any]:
    """All texts of the site in one language, as `texts/{language}.toml` has them."""
    return tomllib.loads((HERE / "texts" / f"{language}.toml").read_text(encoding="utf-8"))


def create_bare_app(third_party_port: int = PORT) -> Starlette:
    """Make the site without the component; its gated tags point at the stub on that port."""
    templates = Jinja2Templates(HERE / "templates")
    third_party = addresses(third_party_port)

    def render(request: Request, page: str, language: str, status: int = 200) -> Response:
        return templates.TemplateResponse(
            request,
            f"{page}.html",
            {
                "page": page,
                "lang": language,
                "languages": {code: texts(code)["language"] for code in LANGUAGES},
                "paths": PATHS,
                "t": texts(language),
                "third_party": third_party,
                "sent": "sent" in request.query_params,
            },
            status_code=status,
        )

    def route(page: str, language: str, path: str) -> Route:
        async def show(request: Request) -> Response:
            if request.method == "POST":
                # The newsletter form is an example: what was written in it is not even read.
                return RedirectResponse(f"{path}?sent#newsletter", status_code=303)
            return render(request, page, language)

        methods = ["GET", "POST"] if page == "news" else ["GET"]
        return Route(path, show, methods=methods, name=f"{page}-{language}")

    async def missing(request: Request, _: Exception) -> Response:
        first = request.url.path.split("/")[1]
        return render(request, "missing", first if first in LANGUAGES else "fi", 404)

    return Starlette(
        routes=[
            *(
                route(page, language, path)
                for page, of_page in PATHS.items()
                for language, path in of_page.items()
            ),
            Mount("/assets", StaticFiles(directory=HERE / "assets")),
        ],
        exception_handlers={404: missing},
    )
