"""A refused host is refused in every spelling that a browser reads as it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.browser.hosts import Hosts, target
from consent.declaration import Service
from tests.unit.proportion import in_proportion
from tests.unit.small_site import PAGE, TOML, Make, decide


def service(name: str, *hosts: str, inline: tuple[str, ...] = ()) -> Service:
    category = "statistics" if name.startswith("s") else "marketing"
    return Service(name, name, "P", category, ("advertising",), {}, hosts=hosts, inline=inline)


SERVICES = (
    service("ads", "ads.test", "*.ads.test"),
    service("maps", "big.test/maps/", "big.test/js?id=M-"),
    service("stats", "big.test/collect", "ads.test/stats/"),
    service("port", "port.test:8443"),
    service("chat", "Chat.test".lower(), inline=(r"startChat\(",)),
)


def hosts(*granted: str, strict: bool = False) -> Hosts:
    return Hosts(SERVICES, lambda name: name in granted, ("www.site.fi",), strict=strict)


@pytest.mark.parametrize(
    ("address", "host", "port", "path"),
    [
        ("//ads.test/x", "ads.test", "", "/x"),
        ("https://ads.test", "ads.test", "", "/"),
        ("https://ads.test?q", "ads.test", "", "/?q"),
        ("HTTPS:\\\\ADS.test\\x", "ads.test", "", "/x"),
        ("http:ads.test/x", "ads.test", "", "/x"),
        ("http:////ads.test/x", "ads.test", "", "/x"),
        ("wss://ads.test/x", "ads.test", "", "/x"),
        (" \x01\t//ads.test/x ", "ads.test", "", "/x"),
        ("/\n/a\tds.test/x", "ads.test", "", "/x"),
        ("//user:word@ads.test/x", "ads.test", "", "/x"),
        ("//good.test@ads.test/x", "ads.test", "", "/x"),
        ("//ads.test:443/x", "ads.test", "443", "/x"),
        ("https://ads.test:443/x", "ads.test", "", "/x"),
        ("https://ads.test:008443/x", "ads.test", "8443", "/x"),
        ("//ads.test./x", "ads.test", "", "/x"),
        ("//%61ds.test/x", "ads.test", "", "/x"),
        ("//ａds.test/x", "ads.test", "", "/x"),
        ("//ads。test/x", "ads.test", "", "/x"),
        ("//a\u00adds.te\u200bst/x", "ads.test", "", "/x"),
        ("//a\U000e0100ds.t\u180fe\u2061s\U0001bca0t/x", "ads.test", "", "/x"),
        ("//a%F3%A0%84%80ds.test/x", "ads.test", "", "/x"),
        ("//a\ufffdds.test/x", "ads.test", "", "/x"),
        ("//a\u200eds.test/x", "ads.test", "", "/x"),
        ("//münchen.test/x", "xn--mnchen-3ya.test", "", "/x"),
        ("//0x7f.1/x", "127.0.0.1", "", "/x"),
        ("//2130706433/x", "127.0.0.1", "", "/x"),
        ("//ads.test/x?a#b", "ads.test", "", "/x?a"),
        ("//ads.test/a/../b", "ads.test", "", "/b"),
        ("//ads.test/a/b/.%2E/./c/%2e", "ads.test", "", "/a/c/"),
        ("//ads.test/a\\%2e%2e\\b/..", "ads.test", "", "/"),
        ("//ads.test/../../a?x/../y", "ads.test", "", "/a?x/../y"),
        ("//ads.test/a/.b/..c/%2f", "ads.test", "", "/a/.b/..c/%2f"),
    ],
)
def test_an_address_is_read_as_a_browser_reads_it(
    address: str, host: str, port: str, path: str
) -> None:
    assert target(address) == (host, port, path)


@pytest.mark.parametrize(
    "address",
    ["", "/x", "x", "x//ads.test", "?//ads.test", "#a", "mailto:a@ads.test", "tel:1", "/"],
)
def test_an_address_without_a_host_leads_to_none(address: str) -> None:
    assert target(address) is None
    assert hosts(strict=True).refuses(address) is None


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("//ads.test/", "ads"),
        ("//a.b.ads.test/", "ads"),
        ("//bads.test/", None),
        ("//ads.test.good.test/", None),
        ("//big.test/maps/x", "maps"),
        ("//big.test/a/../maps/x", "maps"),
        ("//big.test/%6Daps/x", "maps"),
        ("//big.test/mapsx", None),
        ("//big.test/js?id=M-1", "maps"),
        ("//big.test/js?id=X-1", None),
        ("//port.test:8443/", "port"),
        ("//port.test/", None),
        ("https://www.site.fi/", None),
        ("data:text/html,<img src=//ads.test>", "ads"),
        ("data:text/html,%3Cimg src=//%61ds.test%3E", "ads"),
        ("data:text/html;base64,PGltZyBzcmM9Ly9hZHMudGVzdD4=", "ads"),
        ("data:text/html;base64,PGltZyBzcmM9Ly8mIzk3O2RzLnRlc3Q+", "ads"),
        ("data:text/html,<img src=//%26%2397;ds.test>", "ads"),
        ("data:text/html,<img src=//&#97;ds.test>", "ads"),
        ("data:text/html,<iframe srcdoc='<img src=//&amp;#97;ds.test>'>", "ads"),
        ("data:text/html,<img src=//\uff41ds.test>", "ads"),
        ("data:text/html,<img src=//ads\u3002test>", "ads"),
        ("data:text/html,<img src=//a&shy;ds.test>", "ads"),
        ("data:text/html,<img src=//a%C2%ADds.test>", "ads"),
        ("data:text/css,p{background:url(//\\61 ds.test)}", "ads"),
        ("data:text/css,p{background:url(//a\\000064s.test)}", "ads"),
        ("data:text/javascript,import '//\\x61ds.te\\u0073\\u{0000074}'", "ads"),
        ("data:text/html,<img src=//a" + "\u00ad" * 300 + "ds.test>", "ads"),
        ("//" + "a." * 300 + "ads.test", "ads"),
        ("data:text/html,<img src=//sub.ads.test.>", "ads"),
        ("data:text/html,<img src=//user@ads.test:80>", "ads"),
        ("data:text/html,<img src=//bads.test>", None),
        ("data:text/html,<img src=//ads.test.good.test>", None),
        ("javascript:'<img src=//ads.test>'", "ads"),
        ("data:image/png;base64,iVBORw0KGgo=", None),
    ],
)
def test_an_address_is_refused_for_the_service_whose_host_it_is(
    address: str, refused: str | None
) -> None:
    assert hosts().refuses(address) == refused


def test_what_two_services_load_is_refused_only_while_both_are() -> None:
    assert hosts().refuses("//ads.test/stats/x") in ("ads", "stats")
    assert hosts("ads").refuses("//ads.test/stats/x") is None
    assert hosts("stats").refuses("//ads.test/stats/x") is None
    assert hosts("stats").refuses("//ads.test/x") == "ads"


@pytest.mark.parametrize(
    "path",
    [
        "/maps/x",
        "/collect/../maps/x",
        "/collect/%2e%2E/maps/x",
        "/collect/..%2fmaps/x",
        "/collect/%2e%2e%2fmaps/x",
        "/collect\\..\\maps/x",
        "/collect/.\t./maps/x",
        "//maps/x",
    ],
)
def test_what_is_allowed_opens_nothing_refused_beside_it(path: str) -> None:
    assert hosts("stats").refuses(f"//big.test{path}") == "maps"


def test_what_is_allowed_may_be_spelt_in_percent() -> None:
    for path in ("/collect/%61", "/collect/x?a=%2e%2e/maps/", "/collect//x", "/x/../collect"):
        assert hosts("stats").refuses(f"//big.test{path}") is None


@pytest.mark.parametrize(
    ("page", "concerned"),
    [
        (b"<p>Teksti</p>", False),
        (b'<script src="https://www.vendor.test/tag.js"></script>', True),
        (b"<img src=//a.b.pixel.test/p>", True),
        (b"<script>startVendor(1)</script>", True),
        (b"<img src=//other.test/>", False),
    ],
)
def test_where_all_is_allowed_only_what_is_told_of_it_concerns_a_page(
    page: bytes, concerned: bool
) -> None:
    told = Service(
        *("told", "T", "T", "marketing", ("advertising",), {}),
        hosts=("www.vendor.test/tag", "*.pixel.test"),
        inline=(r"startVendor\(",),
        signal="meta",
    )
    assert Hosts([told], lambda name: True).concerns(page) is concerned
    assert Hosts([told], lambda name: False).concerns(page)
    assert Hosts([told], lambda name: True, strict=True).concerns(page)


def test_a_third_party_that_nobody_declared_is_refused_in_strict_mode_only() -> None:
    for address in ("//other.test/", "https://other.test:8/x"):
        assert hosts().refuses(address) is None
        assert hosts(strict=True).refuses(address) == ""
    assert hosts(strict=True).refuses("//www.site.fi/") is None


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("<img src=//other.test/x>", "other.test"),
        ("<img src='https:other.test'>", "other.test"),
        ("<img src=\\\\other.test>", "other.test"),
        ("%3Cimg src=%2F%2Fother.test%3E", "other.test"),
        ("p{background:url(//www.site.fi/),url(//other.test)}", "other.test"),
        ("<svg xmlns='http://www.w3.org/2000/svg'>", None),
        ("<svg xmlns:ink = 'http://www.inkscape.org/namespaces/inkscape'>", None),
        ("%3Csvg%20xmlns:x=%22http://ns.adobe.com/x%22%3E", None),
        ("<img xmlns='' src=//other.test>", "other.test"),
        ("<img src=//www.site.fi/x>", None),
        ("a() // ads and others", None),
        ("<p>other.test", None),
    ],
)
def test_an_undeclared_host_within_an_address_is_found(text: str, host: str | None) -> None:
    for address in (f"data:text/html,{text}", f"javascript:{text}"):
        assert hosts().refuses(address) is None
        assert hosts(strict=True).refuses(address) == (None if host is None else "")
        seen: list[str] = []
        Hosts(SERVICES, lambda name: True, ("www.site.fi",), report=seen.append).refuses(address)
        assert seen == ([] if host is None else [host])


@pytest.mark.parametrize(
    "piece", ["a.", "a.test/", "//a.test ", "ads.tes.", "\\", "&#", "%", "ä.", "xmlns:", "xmlns= "]
)
def test_a_text_is_searched_in_time_of_its_length(piece: str) -> None:
    def work(text: str) -> None:
        hosts(strict=True).mentions(text)
        hosts(strict=True).refuses(text[10:])

    assert in_proportion(lambda count: "<img src='//" + piece * count, work, 15_000 // len(piece))


def test_a_third_party_that_nobody_declared_is_reported_by_its_host_alone() -> None:
    seen: list[str] = []
    found = Hosts(SERVICES, lambda name: False, ("www.site.fi",), report=seen.append)
    for address in ("//ads.test/", "https://www.site.fi/x", "/x", "data:,x"):
        found.refuses(address)
    assert seen == []
    found.refuses("https://user@Other.test:8/secret?of=a#visitor")
    assert seen == ["other.test"]


def test_an_undeclared_host_is_logged_once_with_what_would_declare_it(
    make_site: Make, caplog: pytest.LogCaptureFixture
) -> None:
    toml = TOML.replace('provider = "Mainos Oy"', 'provider = "Mainos Oy"\nhosts = ["ads.test"]')
    site = make_site(toml=toml)
    site.page = PAGE.replace("<h1>", '<img src="//pics.test/a?b">' * 2 + "<h1>")
    for _ in range(2):
        site.client().get("/")
    told = [r.getMessage() for r in caplog.records if "pics.test" in r.getMessage()]
    assert len(told) == 1
    assert 'hosts = ["pics.test"]' in told[0]
    assert "a?b" not in told[0]


@pytest.mark.parametrize(("mode", "passes"), [("declared", True), ("strict", False)])
def test_the_settings_say_whether_an_undeclared_host_passes(
    make_site: Make, mode: str, passes: bool
) -> None:
    """Blocked is also what nobody can be asked about: it stays so for who accepts all."""
    site = make_site(toml=f'{TOML}\n[enforcement]\nhosts = "{mode}"\n')
    site.page = PAGE.replace("<h1>", '<img src="//pics.test/a"><img src="/own"><h1>')
    client = site.client()
    for _ in range(2):
        html = client.get("/").text
        assert ('<img src="//pics.test/a">' in html) is passes
        assert '<img src="/own">' in html
        decide(client, "accept")


def test_nothing_can_be_refused_when_everything_is_granted() -> None:
    assert hosts()
    assert not hosts(*(s.id for s in SERVICES))
    assert hosts(*(s.id for s in SERVICES), strict=True)


def test_a_script_in_the_page_belongs_to_the_service_whose_pattern_it_has() -> None:
    assert hosts().refuses_script(b"a(); startChat(1)") == "chat"
    assert hosts("chat").refuses_script(b"a(); startChat(1)") is None
    assert hosts().refuses_script(b"other()") is None


def test_a_gate_guards_what_its_service_or_category_loads() -> None:
    assert hosts().guards("ads", "ads")
    assert hosts().guards("marketing", "ads")
    assert not hosts().guards("statistics", "ads")
    assert not hosts().guards("", "ads")
    assert not hosts().guards("marketing", "")


@given(st.text(max_size=60))
def test_no_address_raises(address: str) -> None:
    for text in (address, f"//{address}", f"https://{address}", f"data:{address}"):
        hosts(strict=True).refuses(text)


@pytest.mark.parametrize(
    "address",
    [
        "//1\0" + "1/",
        "//1\ud800%ff/",
        "//ads.test/\ud800%ff",
        "data:text/html;base64,\ud800%ff",
        "data:text/html,&#" + "9" * 5000 + ";",
    ],
)
def test_no_odd_address_raises(address: str) -> None:
    hosts(strict=True).refuses(address)


@given(st.lists(st.sampled_from([*"aAdDsS.tTeE", "\t", "\n", "%61", "\u00ad"]), max_size=30))
def test_two_spellings_of_one_host_are_judged_alike(pieces: list[str]) -> None:
    text = "".join(pieces)
    plain = text
    for cut, put in (("\t", ""), ("\n", ""), ("%61", "a"), ("\u00ad", "")):
        plain = plain.replace(cut, put)
    assert hosts().refuses(f"//{text}/") == hosts().refuses(f"//{plain.lower()}/")
