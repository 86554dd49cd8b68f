"""The tools of the browser tests do what those rely on: a judge that finds nothing could have."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.html_checker import check, errors

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,"></head>
<body><main><h1>A page</h1><p>{}</p></main></body>
</html>
"""
POLICY = {"Content-Security-Policy": "script-src 'self'; style-src 'self'"}


async def page(request: Request) -> Response:
    return HTMLResponse(PAGE.format(request.query_params.get("p", "Good.")))


async def strict(request: Request) -> Response:
    return HTMLResponse(
        PAGE.format('<img src="data:," alt>Bad: <img src="data:,">'), headers=POLICY
    )


async def headers(request: Request) -> Response:
    return PlainTextResponse("\n".join(f"{k}: {v}" for k, v in request.headers.items()))


app = Starlette(routes=[Route("/", page), Route("/strict", strict), Route("/headers", headers)])


def test_a_page_renders(serve, new_page, axe):
    """A served page is shown, and a good one has nothing for axe to find."""
    window = new_page(320, 640)
    window.goto(serve(app).url)
    assert window.get_by_role("heading").inner_text() == "A page"
    assert window.viewport_size == {"width": 320, "height": 640}
    assert axe(window) == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_axe_finds_a_planted_violation(serve, new_page, axe, script):
    """An image without text is found, under a strict policy too and with scripts off."""
    window = new_page(script=script)
    window.goto(serve(app).url + "/strict")
    (found,) = axe(window)
    assert found.startswith("image-alt at ")


@pytest.mark.parametrize(
    ("rule", "planted"),
    [
        ("color-contrast", "<span style='color:#999;background:#fff'>Pale words.</span>"),
        ("target-size", "<button style='width:12px;height:12px;padding:0'>a</button>" * 2),
    ],
    ids=["contrast", "target size"],
)
def test_axe_judges_by_level_aa_of_wcag_2_2(serve, new_page, axe, rule, planted):
    """Contrast (1.4.3) and the size of targets (2.5.8) are looked at."""
    window = new_page()
    window.goto(serve(app).url)
    window.locator("p").evaluate("(p, planted) => { p.innerHTML = planted }", planted)
    assert {line.split()[0] for line in axe(window)} == {rule}


def test_the_html_checker_finds_a_planted_error():
    """A good page passes; an unclosed element, a bare ampersand and a doubled id do not."""
    found = check({"good": PAGE, "bad": PAGE.format("<b id='x'>Bad<i id='x'></i>")})
    assert found["good"] == []
    assert any("no-dup-id" in line for line in found["bad"])
    assert any("close-order" in line for line in found["bad"])
    assert errors(PAGE.replace(' lang="en"', "")) != []


def test_a_visitor_comes_in_the_asked_guise(serve, new_page):
    """Language, theme, scripts and the privacy signal reach the server and the page."""
    site = serve(app)
    plain = new_page(lang="sv")
    plain.goto(site.url + "/headers")
    assert "accept-language: sv-SE" in plain.content()
    assert "sec-gpc" not in plain.content()
    guised = new_page(dark=True, gpc=True)
    guised.goto(site.url + "/headers")
    assert "sec-gpc: 1" in guised.content()
    assert guised.evaluate("navigator.globalPrivacyControl") is True
    assert guised.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is True
    mute = new_page(script=False)
    mute.goto(site.url + "/?p=<noscript><b>No scripts.</b></noscript>")
    assert mute.locator("noscript b").is_visible()


def test_one_server_is_two_sites(serve, new_page):
    """Under another loopback name the same server is another origin and another site."""
    site = serve(app)
    window = new_page()
    window.goto(site.url)
    window.context.add_cookies([{"name": "mine", "value": "1", "url": site.url}])
    for host in ("localhost", "media.localhost"):
        window.goto(site.at(host) + "/headers")
        assert f"host: {host}:{site.port}" in window.content()
        assert "mine=1" not in window.content()
