"""The tokeniser on Python 3.11.2, which Debian 12 has, finds what it finds on newer ones."""

from __future__ import annotations

import json
import subprocess
import sys

from consent.browser import html

PROGRAM = """
import importlib, json, sys
from consent.browser import elements, gates, html, places
sys.version_info = (3, 11, 2, "final", 0)
for module in (html, elements, places, gates):
    importlib.reload(module)
assert html.possessive(b"x") == b"(?>(?:x)*)"
Gates, Search, is_document = gates.Gates, places.Search, places.is_document
pages = json.load(sys.stdin)
found = []
for page in pages:
    data = page.encode()
    found.append([is_document(data, True), repr(Search().look(data, True)),
                  Gates(lambda name: name == "a").feed(data, True).decode()])
json.dump(found, sys.stdout)
"""
PAGES = [
    '\n\n<!doctype html>\n<html lang="fi">\n<head>\n<title>x</title></head>\n<body>x</body></html>',
    "\ufeff<!-- a -- b - --><!doctype html><html><head></head><body class='a>b' id=x>y</body>",
    '<html lang=sv><head><script>"</head><body>"</script></head><body a=1 b c = "d">z</body>',
    "<body><template data-consent=a><p>in</p></template><template data-consent=b>no</template>",
    '<body><svg><template data-consent="b"><a/></template></svg><!-- <template data-consent=a> -->',
    "<body><math><annotation-xml><![CDATA[<template data-consent=a>]]></annotation-xml></math>",
    "<p " + "a=b " * 50 + "><template data-consent='a' data-embed>x</template>",
]


def test_an_older_python_reads_pages_alike() -> None:
    """Its possessive repeat of groups is broken, so there atomic groups stand instead."""
    from consent.browser.gates import Gates
    from consent.browser.places import Search, is_document

    assert html.possessive(b"x") == b"(?:x)*+" or sys.version_info < (3, 11, 5)
    reply = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(PAGES),
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = [
        [
            is_document(page.encode(), True),
            repr(Search().look(page.encode(), True)),
            Gates(lambda name: name == "a").feed(page.encode(), True).decode(),
        ]
        for page in PAGES
    ]
    assert json.loads(reply.stdout) == wanted
