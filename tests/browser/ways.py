"""Ways in which a page can load from another host: of the HTML standard, and of lists of evasion.

Each is the body of a page, or a whole one where it begins with a doctype. `@` stands for the
address of what is loaded, without its scheme: `//host:port/number`; `%H` for host and port, `%N`
for the number, `%P` for the port.
"""

# The snippets stand as they are written.
# ruff: noqa: E501

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

TAGS = {
    "script": "<script src='@'></script>",
    "script without quotes": "<script src=@></script>",
    "script, async": '<script async src="@"></script>',
    "script, deferred": '<script src="@" defer></script>',
    "script, module": '<script type="module" src="@"></script>',
    "script, type with spaces": '<script type=" text/javascript " src="@"></script>',
    "script, old type": '<script type="application/x-ecmascript" src="@"></script>',
    "script, empty type": '<script type="" src="@"></script>',
    "script, language": '<script language="JavaScript" src="@"></script>',
    "script with text in it": '<script src="@">var fallback = 1</script>',
    "script behind a slash": '<script/src="@"></script>',
    "script in a table": "<table><script src='@'></script></table>",
    "script in select": "<select><script src='@'></script></select>",
    "script in noscript that is none": "<noscript></noscript><script src='@'></script>",
    "pixel in noscript": '<noscript><img height="1" width="1" src="@"></noscript>',
    "frame in noscript": "<noscript><iframe src='@' height=0 width=0></iframe></noscript>",
    "iframe": '<iframe src="@"></iframe>',
    "iframe, lazy": '<iframe loading="lazy" src="@"></iframe>',
    "iframe, sandboxed": '<iframe sandbox src="@"></iframe>',
    "iframe in a paragraph": "<p>text <iframe src='@'></iframe> text</p>",
    "iframe of no size": '<iframe width="0" height="0" src="@" style="display:none"></iframe>',
    "frame": "<!doctype html><html><head></head><frameset><frame src='@'></frameset></html>",
    "img": '<img src="@">',
    "img, lazy": '<img loading="lazy" src="@">',
    "img called image": '<image src="@">',
    "img, srcset": '<img srcset="@ 2x">',
    "img, srcset of several": '<img srcset="/none 1x,@ 2x, @ 3x" src="data:,">',
    "img, srcset without a space": '<img srcset="data:,x 1x,@ 1.5x,@ 2x">',
    "img, srcset and sizes": '<img srcset="@ 100w" sizes="100vw">',
    "img as a pixel": '<img height="1" width="1" style="display:none" src="@">',
    "picture": '<picture><source srcset="@"><img src="data:,"></picture>',
    "picture by media": '<picture><source media="all" srcset="@ 1x"><img></picture>',
    "video": '<video src="@" preload="auto"></video>',
    "video, autoplay": '<video src="@" autoplay muted></video>',
    "video, poster": '<video poster="@"></video>',
    "video, source": '<video preload="auto"><source src="@"></video>',
    "video, two sources": '<video preload="auto"><source src="data:,"><source src="@"></video>',
    "audio": '<audio src="@" preload="auto"></audio>',
    "audio, source": '<audio preload="auto"><source src="@" type="audio/mpeg"></audio>',
    "track": '<video src="/none" crossorigin><track default kind="subtitles" src="@"></video>',
    "embed": '<embed src="@">',
    "embed, html": '<embed type="text/html" src="@">',
    "embed, picture": '<embed type="image/svg+xml" src="@">',
    "object": '<object data="@"></object>',
    "object, html": '<object type="text/html" data="@"></object>',
    "object, picture": '<object type="image/png" data="@"></object>',
    "object within an object": "<object data='data:,'><object data='@'></object></object>",
    "object, what it falls back on": "<object><img src='@'></object>",
    "input": '<input type="image" src="@">',
    "input, other case": "<INPUT TYPE=IMAGE SRC=@>",
    "stylesheet": '<link rel="stylesheet" href="@">',
    "stylesheet, other case": "<LINK REL=StyleSheet HREF=@>",
    "stylesheet among words": '<link rel="foo stylesheet bar" href="@">',
    "stylesheet for print": '<link rel="stylesheet" media="print" href="@">',
    "icon": '<!doctype html><head><link rel="icon" href="@"></head><body>x',
    "preload of a script": '<link rel="preload" as="script" href="@">',
    "preload of a style": '<link rel="preload" as="style" href="@">',
    "preload of a picture": '<link rel="preload" as="image" href="@">',
    "preload of a font": '<link rel="preload" as="font" crossorigin href="@">',
    "preload of data": '<link rel="preload" as="fetch" crossorigin href="@">',
    "preload by imagesrcset": '<link rel="preload" as="image" imagesrcset="@ 1x">',
    "preconnect": '<link rel="preconnect" href="@">',
    "dns-prefetch": '<link rel="dns-prefetch" href="@">',
    "modulepreload": '<link rel="modulepreload" href="@">',
    "prefetch": '<link rel="prefetch" href="@">',
    "body, background": "<!doctype html><html><body background='@'>x</body></html>",
    "table, background": "<table background='@'><tr><td>x</table>",
    "cell, background": "<table><tr><td background='@'>x</table>",
    "row, background": "<table><tr background='@'><td>x</table>",
    "head cell, background": "<table><thead background='@'><tr><th background='@'>x</table>",
    "refresh": '<meta http-equiv="refresh" content="0;url=@">',
    "refresh in quotes": "<meta http-equiv=refresh content='0; url=\"@\"'>",
    "refresh without url=": '<meta http-equiv="Refresh" content="0;@">',
    "refresh with a comma": '<meta http-equiv="refresh" content="0.5, URL = @">',
    "base": "<!doctype html><head><base href='//%H/'></head><body><img src='%N'>",
    "base of a script": "<!doctype html><head><base href='//%H/x/'><script src='../%N'></script></head>",
    "base with a path": "<base href='@/'><img src=''><img src='./'>",
    "template of a shadow": "<div><template shadowrootmode=open><img src='@'></template></div>",
    "style in a shadow": (
        "<div><template shadowrootmode=open><style>p{background:url(@)}</style><p>x</p>"
        "</template></div>"
    ),
    "speculation rules": (
        '<script type="speculationrules">{"prefetch":[{"source":"list","urls":["@"],'
        '"requires":["anonymous-client-ip-when-cross-origin"]}]}</script>'
    ),
    "import map": (
        '<script type="importmap">{"imports":{"a":"http:@"}}</script>'
        '<script type="module">import "a"</script>'
    ),
    "module's import": '<script type="module">import "http:@"</script>',
    "module's import of names": "<script type=module>import {a} from 'http:@'</script>",
    "module's export": "<script type=module>export * from 'http:@'</script>",
    "module's import behind a line comment": "<script type=module>import//\n'http:@'</script>",
    "module's import, escape": "<script type=module>import 'http:\\x2f/%H/%N'</script>",
    "module's import, behind a text": "<script type=module>let a='\"';import 'http:@'</script>",
    "refresh in quotes with more": "<meta http-equiv=refresh content=\"0;url='@'x\">",
    "speculation rules for links": (
        '<script type="speculationrules">{"prefetch":[{"source":"document","where":'
        '{"not":{"href_matches":"/zz"}},"eagerness":"immediate"}]}</script><a href="@">x</a>'
    ),
    "template of a shadow with a gate": (
        "<div><template data-consent=ads shadowrootmode=open><img src='@'></template></div>"
    ),
    "frame in a gate": (
        "<!doctype html><frameset><template data-consent=ads><frame src='@'></template></frameset>"
    ),
    "frame in a title": "<!doctype html><frameset><title><frame src='@'></title></frameset>",
    "frame in a style": "<!doctype html><frameset><style><frame src='@'></style></frameset>",
    "frame in a script": "<!doctype html><frameset><script><frame src='@'></script></frameset>",
    "module's import within": "<script type=module>import('http:@')</script>",
    "module's import behind a comment": "<script type=module>import/**/'http:@'</script>",
}

STYLES = {
    "attribute": '<p style="background:url(@)">x</p>',
    "attribute in quotes": "<p style='background:url(\"@\")'>x</p>",
    "attribute, other case": "<P STYLE=background-image:URL(@)>x</P>",
    "attribute, entity": '<p style="background:url&#40;@&#41;">x</p>',
    "attribute, escape": '<p style="background:\\75 rl(@)">x</p>',
    "attribute, escaped address": '<p style="background:url(\\2f\\2f %H/%N)">x</p>',
    "attribute, comment": '<p style="color:red;/* { */background:url(@)">x</p>',
    "attribute, list": '<ul style="list-style-image:url(@)"><li>x</ul>',
    "attribute, border": '<p style="border:9px solid;border-image:url(@) 9">x</p>',
    "attribute, content": '<p style="content:url(@)">x</p>',
    "attribute, mask": '<p style="mask-image:url(@)">x</p>',
    "attribute, filter": '<p style="filter:url(@#f)">x</p>',
    "attribute, shape": '<p style="float:left;width:9px;height:9px;shape-outside:url(@)">x</p>',
    "attribute, clip": '<p style="clip-path:url(@#c)">x</p>',
    "attribute, image-set": "<p style='background:image-set(\"@\" 1x)'>x</p>",
    "attribute, -webkit-image-set": '<p style="background:-webkit-image-set(url(@) 1x)">x</p>',
    "attribute, cross-fade": '<p style="background:-webkit-cross-fade(url(@),url(data:,),50%)">x</p>',
    "attribute, variable": '<p style="--a:url(@);background:var(--a)">x</p>',
    "element": "<style>p{background:url(@)}</style><p>x</p>",
    "element, type": "<style type=text/css>p{background:url('@')}</style><p>x</p>",
    "element, other case": "<STYLE>P{BACKGROUND:URL(@)}</STYLE><p>x</p>",
    "element, media": "<style>@media all{p{background:url(@)}}</style><p>x</p>",
    "element, layer": "<style>@layer a{p{background:url(@)}}</style><p>x</p>",
    "element, nested": "<style>body{p{background:url(@)}}</style><p>x</p>",
    "element, import": "<style>@import '@';</style>",
    "element, import in double quotes": '<style>@import "@";</style>',
    "element, import by url": "<style>@import url(@);</style>",
    "element, import, other case": "<style>@IMPORT URL('@') all;</style>",
    "element, import, escape": "<style>@\\69mport '@';</style>",
    "element, import behind a comment": "<style>/*'*/@import/**/'@';</style>",
    "element, escape": "<style>p{background:u\\72l(@)}</style><p>x</p>",
    "element, string that ends at a line": "<style>a{b:'/*\n}p{background:url(@)}</style><p>x</p>",
    "element, comment in a string": "<style>a{content:'/*'}p{background:url(@)}</style><p>x</p>",
    "element, font": "<style>@font-face{font-family:f;src:url(@)}p{font-family:f}</style><p>x</p>",
    "element, before": "<style>p::before{content:url(@)}</style><p>x</p>",
    "element, comment of HTML": "<style><!-- p{background:url(@)} --></style><p>x</p>",
    "element, url in a name": '<style>a{x:xurl(a")")}p{background:url(@)}</style><p>x</p>',
    "element, escaped tab": '<style>p{background:url("/\\9 /%H/%N")}</style><p>x</p>',
    "element with spaces": "<style>p{background:url(  '@'  )}</style><p>x</p>",
    "element of a file": '<link rel=stylesheet href="data:text/css,p{background:url(http:@)}"><p>x</p>',
    "element of a file, coded": "<link rel=stylesheet href='{css64}'><p>x</p>",
}

DRAWINGS = {
    "image": '<svg><image href="@"/></svg>',
    "image, xlink": '<svg><image xlink:href="@"/></svg>',
    "image, other case": '<SVG><IMAGE HREF="@"></SVG>',
    "image without quotes": "<svg><image width=9 height=9 href=@ /></svg>",
    "use": '<svg><use href="@#a"/></svg>',
    "feImage": '<svg><filter id=f><feImage href="@"/></filter><rect filter="url(#f)" width=9 height=9 /></svg>',
    "script": '<svg><script href="@"></script></svg>',
    "script, xlink": '<svg><script xlink:href="@"/></svg>',
    "style": "<svg><style>@import '@';</style></svg>",
    "style, entity": "<svg><style>&#64;import '@';</style></svg>",
    "style, url": "<svg><style>rect{fill:url(@#a)}</style><rect width=9 height=9 /></svg>",
    "style, CDATA": "<svg><style><![CDATA[@import '@';]]></style></svg>",
    "fill": '<svg><rect fill="url(@#a)" width=9 height=9 /></svg>',
    "mask": '<svg><rect mask="url(@#a)" width=9 height=9 /></svg>',
    "filter": '<svg><rect filter="url(@#a)" width=9 height=9 /></svg>',
    "marker": '<svg><path marker-end="url(@#a)" d="M0 0L9 9"/></svg>',
    "style attribute": '<svg><rect style="fill:url(@#a)" width=9 height=9 /></svg>',
    "animate": '<svg><image><animate attributeName="href" values="@" dur="1s"/></image></svg>',
    "set": '<svg><image><set attributeName="href" to="@"/></image></svg>',
    "foreignObject": '<svg><foreignObject><img src="@"></foreignObject></svg>',
    "foreignObject, div": "<svg><foreignObject><div><iframe src='@'></iframe></div></foreignObject></svg>",
    "title": '<svg><title><img src="@"></title></svg>',
    "desc": '<svg><desc><img src="@"></desc></svg>',
    "out of it by img": '<svg><g><img src="@">',
    "out of it by p": "<svg></p><img src='@'>",
    "behind a title of its own": "<svg><title></title><image href='@'/></svg>",
    "behind CDATA": "<svg><![CDATA[<!--]]><image href='@'/><!-- --></svg>",
    "in MathML's text": '<math><mtext><img src="@"></mtext></math>',
    "in an annotation": '<math><annotation-xml encoding="text/html"><img src="@"></annotation-xml></math>',
    "out of MathML": "<math><mi><table></table><img src='@'></math>",
    "in a template": "<div><template shadowrootmode=open><svg><image href='@'/></svg></template></div>",
}

SPELT = {
    "HTTP:@": "scheme in capitals",
    "http:@": "scheme",
    "\\\\%H\\%N": "backslashes",
    "/\\%H/%N": "slash and backslash",
    "http:\\\\%H/%N": "scheme and backslashes",
    "http:////%H/%N": "four slashes",
    "http:/\\/%H/%N": "mixed slashes",
    "////%H/%N": "four slashes without a scheme",
    "http://user@%H/%N": "user",
    "http://a:b@%H/%N": "user and password",
    "//www.good.test@%H/%N": "another host as user",
    "//REFUSED.LOCALHOST:%P/%N": "host in capitals",
    "//refused.localhost.:%P/%N": "host with a full stop",
    "//%72efused.localhost:%P/%N": "host in percent",
    "//refused%2Elocalhost:%P/%N": "full stop in percent",
    "//ｒefused.localhost:%P/%N": "wide letter",
    "//refused。localhost:%P/%N": "ideographic full stop",
    "//re\u00adfused.localhost:%P/%N": "soft hyphen",
    "//re\u200bfused.localhost:%P/%N": "zero-width space",
    "//re\U000e0100fused.localhost:%P/%N": "variation selector",
    "//re%F3%A0%84%80fused.localhost:%P/%N": "variation selector in percent",
    "//re\u180ffused.localhost:%P/%N": "Mongolian variation selector",
    "//re\u2061fused.localhost:%P/%N": "function application",
    "//re\U0001bca0fused.localhost:%P/%N": "shorthand control",
    "//ſ.refused.localhost:%P/%N": "long s below",
    "//sub.refused.localhost:%P/%N": "host below",
    "//refused.localhost:0%P/%N": "port with a zero",
    "//refu&#115;ed.localhost:%P/%N": "decimal reference",
    "//refu&#x73;ed.localhost:%P/%N": "hexadecimal reference",
    "//refu&#115ed.localhost:%P/%N": "reference without a semicolon",
    "&#47;&sol;%H/%N": "slashes as references",
    "//refused&period;localhost&colon;%P/%N": "named references",
    "//refused.localhost&Tab;:%P/%N": "tab by reference",
    "//refu\tsed.localhost:%P/%N": "tab",
    "//refu\nsed.localhost:%P/%N": "line feed",
    "/\n/refused.localhost:%P/%N": "line feed between slashes",
    "  @  ": "spaces around",
    "\x01@": "control character before",
    "&#1;&NewLine;@": "control characters by reference",
    "@?a=&b=c#d": "query",
    "ht\ntp:@": "line feed in the scheme",
}

TOKENS = {
    "attributes behind slashes": '<img/alt=""/src="@"/>',
    "no space between attributes": '<img alt="x"src="@">',
    "spaces around =": '<img src = "@">',
    "lines between": '<img\n\n\tsrc\n=\n"@"\n>',
    "form feed": '<img\x0csrc="@">',
    "quotes as a name": '<img "" src="@">',
    "= as a name": '<img = src="@">',
    "> in a value": '<img alt=">" src="@">',
    "' in a value": """<img alt="'" src='@'>""",
    "twice, the second counts not": '<img src="@" src="/none">',
    "behind a comment": "<!-- --><img src='@'>",
    "behind an empty comment": "<!--><img src='@'>-->",
    "behind a short comment": "<!---><img src='@'>-->",
    "behind a comment with !": "<!-- --!><img src='@'>",
    "behind a comment in a comment": "<!-- <!-- --><img src='@'>-->",
    "behind a bogus comment": "<! <img><img src='@'>",
    "behind a processing instruction": "<?php ><img src='@'>",
    "behind CDATA in HTML": "<![CDATA[><img src='@'>]]>",
    "behind an odd end tag": "</ ><img src='@'>",
    "behind an end tag with attributes": "</p a='>'><img src='@'>",
    "behind a title": "<title><img></title ><img src='@'>",
    "behind a textarea": "<textarea></textarea/><img src='@'>",
    "behind a style": "<style></style\n><img src='@'>",
    "behind a script": "<script></script x><img src='@'>",
    "behind a script with a comment": "<script><!--</script><img src='@'>-->",
    "behind a script in a script": "<script><!--<script></script>--></script><img src='@'>",
    "behind noembed": "<noembed><!--</noembed><img src='@'>",
    "behind xmp": "<xmp><b></xmp><img src='@'>",
    "behind an iframe": "<iframe><!--</iframe><img src='@'>",
    "behind a template": "<template><template></template></template><img src='@'>",
    "behind a closed gate": "<template data-consent=other></template><img src='@'>",
    "behind a broken tag": "<p <img src='@'>",
    "in a broken tag": "<img src='@' <p>",
    "behind noscript with a comment": "<noscript><!--</noscript><img src='@'>-->",
    "behind noscript with an attribute": "<noscript><p title='</noscript><img src=@>'>",
    "behind noscript with a style": "<noscript><style></noscript><img src='@'></style>",
    "behind noscript with a title": "<noscript><title></noscript><img src='@'></title>",
    "behind noscript with a frame": "<noscript><iframe></noscript><img src='@'></iframe>",
    "behind noscript with a gate": (
        "<noscript><template data-consent=ads></noscript><img src='@'></template>"
    ),
    "behind many templates": "<template>" * 130 + "</template>" * 130 + "<img src='@'>",
    "behind an empty style": "<style></style><style>@import '@';</style>",
    "behind an empty video": "<video></video><video preload=auto><source src='@'></video>",
    "in select": "<select><option><img src='@'></select><img src='@'>",
    "in a table": "<table><img src='@'></table>",
    "in details": "<details open><img src='@'></details>",
    "in a dialog": "<dialog open><img src='@'></dialog>",
    "in a button": "<button><img src='@'></button>",
    "in a link": "<a href='//%H/'><img src='@'></a>",
    "with an entity in another": '<img alt="&quot;>" src="@">',
    "NUL in the name of an attribute": '<img a\x00b="" src="@">',
    "NUL in an address": '<img src="/\x00"><img src="@">',
    "a long tag": f'<img alt="{"x" * 20_000}" src="@">',
    "without an end": "<img src='@' ",
    "at the end": "<p><img src='@'>",
}

WITHIN = {
    "srcdoc": "<iframe srcdoc='<img src=@>'></iframe>",
    "srcdoc, references": '<iframe srcdoc="&lt;img src=&quot;@&quot;&gt;"></iframe>',
    "srcdoc, references twice": '<iframe srcdoc="&lt;img src=&amp;#47;&amp;#47;%H/%N&gt;"></iframe>',
    "srcdoc, script": '<iframe srcdoc="<script src=@></script>"></iframe>',
    "data of HTML": '<iframe src="data:text/html,<img src=http:@>"></iframe>',
    "data of HTML in percent": "<iframe src='{html}'></iframe>",
    "data of HTML in base64": "<iframe src='{html64}'></iframe>",
    "data in an object": "<object type=text/html data='{html64}'></object>",
    "data in an embed": "<embed type=text/html src='{html64}'>",
    "data of a script": "<script src=\"data:text/javascript,new Image().src='http:@'\"></script>",
    "data of a module": "<script type=module src=\"data:text/javascript,import 'http:@'\"></script>",
    "srcdoc, wide letter": "<iframe srcdoc='<img src=//ｒefused.localhost:%P/%N>'></iframe>",
    "srcdoc, ideographic full stop": "<iframe srcdoc='<img src=//refused。localhost:%P/%N>'></iframe>",
    "srcdoc, soft hyphen": "<iframe srcdoc='<img src=//re&amp;shy;fused.localhost:%P/%N>'></iframe>",
    "srcdoc in srcdoc": "<iframe srcdoc=\"<iframe srcdoc='<img src=//refu&amp;amp;#115;ed.localhost:%P/%N>'>\"></iframe>",
    "srcdoc, escape of CSS": "<iframe srcdoc='<p style=background:url(//re\\000066used.localhost:%P/%N)>x'></iframe>",
    "data of CSS, escape": '<link rel=stylesheet href="data:text/css,p{background:url(http://re\\66 used.localhost:%P/%N)}"><p>x</p>',
    "data of HTML, reference": '<iframe src="data:text/html,<img src=http://refu%26%23115;ed.localhost:%P/%N>"></iframe>',
    "data of a script, escape": "<script src=\"data:text/javascript,new Image().src='http://\\x72efu\\u0073ed.localhost:%P/%N'\"></script>",
    "javascript": "<iframe src=\"javascript:'<img src=http:@>'\"></iframe>",
    "javascript in capitals": "<iframe src=\" JavaScript:'<img src=http:@>'\"></iframe>",
}


def ways() -> Iterator[tuple[str, str]]:
    """Every way: its name, and the page or the body of one."""
    for group, found in (
        ("tag", TAGS),
        ("style", STYLES),
        ("drawing", DRAWINGS),
        ("token", TOKENS),
        ("within", WITHIN),
    ):
        for name, html in found.items():
            yield f"{group}: {name}", html
    for address, name in SPELT.items():
        yield f"spelt: {name}", f'<img src="{address}">'
    for address, name in SPELT.items():
        if not set(address) & set(" \t\n\x01"):
            yield f"spelt, script without quotes: {name}", f"<script src={address}></script>"


def page(html: str, host: str, port: int, number: int) -> bytes:
    """The page of one way, as a server sends it."""
    at = f"//{host}:{port}/{number}"
    made = {
        "{html}": "data:text/html," + quote(f"<img src=http:{at}>"),
        "{html64}": "data:text/html;base64," + b64encode(f"<img src=http:{at}>".encode()).decode(),
        "{css64}": "data:text/css;base64,"
        + b64encode(f"p{{background:url(http:{at})}}".encode()).decode(),
    }
    for mark, address in made.items():
        html = html.replace(mark, address)
    # `@` stands in rules of CSS too: there a letter follows it.
    html = _addressed(html, at)
    html = html.replace("%H", f"{host}:{port}").replace("%N", str(number)).replace("%P", str(port))
    if not html.lower().startswith("<!doctype"):
        html = (
            f"<!doctype html><html><head><title>{number}</title></head><body>{html}</body></html>"
        )
    return html.encode("utf-8")


def _addressed(html: str, at: str) -> str:
    pieces = html.split("@")
    out = pieces[0]
    for piece in pieces[1:]:
        rule = (
            piece[:1].isalpha()
            or piece.startswith("\\69")
            or out.endswith(("user", "a:b", "good.test"))
        )
        out += ("@" if rule else at) + piece
    return out
