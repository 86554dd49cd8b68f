"""Texts that the tests of redlines share: what a notice holds, and what hypothesis makes of it."""

from __future__ import annotations

from hypothesis import strategies as st

OLD = """\
Tässä tietosuojaselosteessa kerrotaan miten Esimerkki Oy kerää henkilötietoja.

## Rekisterinpitäjä {#controller}

- Sähköposti: [tietosuoja@example.fi](mailto:tietosuoja@example.fi)
- Verkkosivusto: [www.example.fi](https://www.example.fi)

## Kuinka kauan tietoja säilytetään? {#retention}

| Tieto | Aika | Peruste |
| :--- | ---: | --- |
| Tilaukset | 6 vuotta | kirjanpitolaki |
| Viestit | 2 vuotta | samaan asiaan palataan |
| Uutiskirje | tilauksen ajan | suostumus |

Tietoja ei luovuteta Esimerkin tain sen kumppanien ulkopuolelle.

## Mihin tietoja käytetään? {#purposes}

- **Palvelun toimittaminen**
  - peruste: sopimus
- Markkinointi
  - peruste: oikeutettu etu

## Oikeudet {#rights}

Sinulla on oikeus nähdä tietosi.

## Vanha kohta {#old}

Tämä kohta poistuu kokonaan.

## Muutokset {#changes}

Kerromme muutoksista sivustolla.
"""

NEW = """\
Tässä tietosuojaselosteessa kerrotaan, miten Esimerkki Oy kerää henkilötietoja.

## Rekisterinpitäjä {#controller}

- Sähköposti: [tietosuoja@example.fi](mailto:asiakaspalvelu@example.fi)
- Verkkosivusto: [www.example.fi](https://www.example.fi)

## Mihin tietoja käytetään? {#purposes}

- **Palvelun toimittaminen**
  - peruste: sopimus
  - koskee myös *kuljetusta* ja `tilausnumeroa`
- Markkinointi
  - peruste: oikeutettu etu

## Kenelle tietoja annetaan? {#recipients}

Kuljetusyritys saa nimesi, ks. [kuljetusehdot](https://kuljetus.example/ehdot).

## Kuinka kauan tietoja säilytetään? {#retention}

| Tieto | Aika | Peruste |
| :--- | ---: | --- |
| Tilaukset | 10 vuotta | kirjanpitolaki |
| Viestit | 2 vuotta | samaan asiaan palataan |
| Palvelinloki | 30 päivää | tietoturva |

Tietoja ei luovuteta Esimerkin tai sen kumppanien ulkopuolelle.

## Oikeudet {#rights}

Sinulla on oikeus nähdä tietosi.

## Muutokset {#changes}

Kerromme muutoksista sivustolla.
"""

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '[x](javascript:alert("1"))',
    '" onclick="x',
    "</ins></section>",
    "<!-- x -->",
    "&amp;",
    "\x1b[31m",
    "\x00",
    "\u202e",
    "{#x onclick=y}",
)
_PIECES = st.sampled_from(
    (
        *HOSTILE,
        *("## Kohta {#a}\n", "## Kohta {#b}\n", "# Otsikko\n", "### Ali\n", "#\n", "##"),
        *("\n", "\n\n", " ", "  \n", "\r\n", "\t", "\x0b", "\u2028", "\u00a0"),
        *("- yksi\n", "  - kaksi\n", "* kolme", "1. neljä\n", "> lainaus\n"),
        *("| a | b |\n", "| a |\n", "|---|---|\n", "a | b\n", "|", "\\|", "\\"),
        *("sana ", "tain ", "tai ", "EU:n", "sisä- ja ", "käyttö", "a\u0308iti", "käyt\u00adtö"),
        *("**", "*", "`", "**vahva**", "*kursiivi*", "`koodi`", "[l](u)", "[", "](", ")", "[["),
        *("{#x}", "{", "https://a.fi/b?c=d", "x@y.fi", "[[settings]]", "[a]([[settings]])"),
    )
)
markdown = st.one_of(
    st.text(max_size=60),
    st.lists(_PIECES, max_size=30).map("".join),
    st.tuples(st.sampled_from((OLD, NEW)), st.integers(0, 900), st.lists(_PIECES, max_size=4)).map(
        lambda cut: cut[0][: cut[1]] + "".join(cut[2]) + cut[0][cut[1] + 40 :]
    ),
)
