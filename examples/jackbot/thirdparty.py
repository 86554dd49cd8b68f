"""Plays the five third parties of the example site, so that everything can be seen offline.

One app answers under `stats.`, `ads.`, `video.`, `map.` and `chat.third-party.localhost`. Browsers
resolve every name under `.localhost` to this machine and see another site than the page's own.
`GET /seen` tells how often each path was fetched, `POST /reset` starts the count again.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from secrets import token_urlsafe

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

HOST = "third-party.localhost"
PORT = 8001
PARTIES = ("stats", "ads", "video", "map", "chat")
DAY = 86_400

STUB = Path(__file__).parent / "stub"
PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
"""A transparent GIF of 1 × 1."""


def addresses(port: int = PORT) -> dict[str, str]:
    """The origin of each third party, by its short name."""
    return {party: f"http://{party}.{HOST}:{port}" for party in PARTIES}


def create_third_party() -> Starlette:
    """Make the stub with a count of its own."""
    seen: Counter[str] = Counter()

    def answer(request: Request, response: Response) -> Response:
        seen[request.url.path] += 1
        response.headers["cache-control"] = "no-store"
        return response

    def remember(request: Request, response: Response, name: str, seconds: int | None) -> Response:
        # Browsers take a cookie from another site only when it is Secure (loopback counts as such)
        # and, ever more of them, only into a jar per visited site: Partitioned.
        if name not in request.cookies:
            age = "" if seconds is None else f"Max-Age={seconds}; "
            response.headers.append(
                "set-cookie",
                f"{name}={token_urlsafe(9)}; {age}Path=/; Secure; HttpOnly; SameSite=None; "
                "Partitioned",
            )
        return response

    async def script(request: Request) -> Response:
        return answer(request, FileResponse(STUB / request.url.path[1:]))

    async def collect(request: Request) -> Response:
        return answer(request, Response(status_code=204))

    async def pixel(request: Request) -> Response:
        image = Response(PIXEL, media_type="image/gif")
        return answer(request, remember(request, image, "ex_ads", 90 * DAY))

    async def video(request: Request) -> Response:
        page = FileResponse(STUB / "video.html")
        return answer(request, remember(request, page, "ex_video", 180 * DAY))

    async def map_(request: Request) -> Response:
        return answer(request, remember(request, FileResponse(STUB / "map.html"), "ex_map", None))

    async def show(_: Request) -> Response:
        return JSONResponse(dict(seen), headers={"cache-control": "no-store"})

    async def reset(_: Request) -> Response:
        seen.clear()
        return Response(status_code=204)

    return Starlette(
        routes=[
            *(Route(f"/{name}.js", script) for name in ("stats", "pixel", "chat")),
            Route("/collect", collect, methods=["POST"]),
            Route("/pixel.gif", pixel),
            Route("/video", video),
            Route("/map", map_),
            Route("/seen", show),
            Route("/reset", reset, methods=["POST"]),
        ]
    )


app = create_third_party()
