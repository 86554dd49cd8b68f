"""Notices of companies that do not exist, as people copy them from pages: nine layouts."""

from __future__ import annotations

from pathlib import Path

from consent.notice.importing import Imported, import_notice

NBSP, ZERO = "\u00a0", "\u200b"

# Copied from a site builder: bullets of two levels told by one space, lines of nothing but a
# non-breaking space, the builder's own words at both ends, ” on both sides.
FI_BUILDER = f"""\
top of page
Tietosuojaseloste

Tässä tietosuojaselosteessa kerrotaan miten Leipomo Lumikki Oy (jäljempänä ”Lumikki”) \
käsittelee tietoja.

Rekisterinpitäjä

Leipomo Lumikki Oy

Y-tunnus: 1234567-1

Jauhokuja 4 B 12

20100 Turku

{NBSP}

www.lumikki.example

Sähköposti: {ZERO}leivat@lumikki.example

{NBSP}

Mihin tarkoitukseen tietoja kerätään ja millä perusteella?

Tietoja käytetään seuraaviin tarkoituksiin:

 • Tilausten toimittaminen

  • Tietojen käsittely perustuu sopimukseen

 • Markkinointi, kuten uutuuksista kertominen

  • Tietojen käsittely perustuu oikeutettuun etuun ja/tai suostumukseen

 • Lakisääteisten velvollisuuksien noudattaminen, kuten lakiin perustuvat tietopyynnöt

{NBSP}

Mitä tietoja kerätään?

 • Nimi ja yhteystiedot

 • Tilaushistoria

Kuinka kauan tietoja säilytetään?

Tilauksia säilytetään 6 vuotta. Muita tietoja säilytetään niin kauan kuin on tarpeellista.

Mitkä ovat rekisteröidyn oikeudet?

Rekisteröidyllä on oikeus tarkastaa tietonsa ja pyytää niiden oikaisemista ja poistamista.

Selosteen muuttaminen

Lumikki pidättää oikeuden muuttaa tätä selostetta milloin tahansa ja ilmoittaa siitä sivuillaan.

bottom of page
"""

# An old register description from a mail program: numbered headings, lines broken at 72.
FI_NUMBERED = """\
Etusivu
Yhteystiedot

REKISTERISELOSTE
Laadittu 25.5.2018

1. Rekisterinpitäjä

Kaarnan Puutyö Ky
Sahatie 7, 40100 Jyväskylä
puh. 014 555 1234

2. Yhteyshenkilö rekisteriä koskevissa asioissa

Aino Esimerkki, aino@kaarna.example

3. Henkilötietojen käsittelyn tarkoitus

Henkilötietoja käsitellään asiakassuhteen hoitamiseksi ja tilausten
toimittamiseksi. Käsittely perustuu sopimukseen, ja kirjanpidon osalta
lakisääteiseen velvoitteeseen. Tietoja ei käytetä muihin tarkoituksiin
ilman asiakkaan suostumusta.

4. Rekisterin tietosisältö

- nimi, osoite ja puhelinnumero, jotka asiakas on itse antanut tilauksen
  yhteydessä
- tilaukset

5. Säännönmukaiset tietolähteet

Tiedot saadaan asiakkaalta itseltään.

6. Tietojen luovutukset ja siirto EU:n ulkopuolelle

Tietoja ei luovuteta eikä siirretä EU:n tai ETA:n ulkopuolelle.

7. Rekisterin suojauksen periaatteet

Rekisteri on suojattu salasanoin. Paperit ovat lukitussa kaapissa, johon
on pääsy vain omistajalla.

8. Tarkastusoikeus

Asiakkaalla on oikeus tarkastaa tietonsa. Pyyntö lähetetään osoitteeseen
aino@kaarna.example.
"""

# Dashes for bullets, headings with colons, no blank lines between.
SV_DASHES = f"""\
Dataskyddsbeskrivning
Gäller från den 1 februari 2024
Personuppgiftsansvarig:
Skärgårdens Båtar Ab
FO-nummer 2345678-3
Strandvägen{NBSP}3, 10600 Ekenäs
batar@skargard.example
Varför behandlar vi personuppgifter?
Vi behandlar dina uppgifter för följande ändamål, och varje ändamål har en grund:
- Uthyrning av båtar: avtal
- Bokföring: rättslig förpliktelse
– Nyhetsbrev (grund: samtycke)
Vilka uppgifter sparar vi?
- namn och e-postadress
- båtens nummer
Hur länge sparas uppgifterna?
Bokföringsmaterial sparas i 6 år. Uppgifter om uthyrning raderas efter 24 månader.
Dina rättigheter
Du har rätt att få tillgång till dina uppgifter, att rätta och radera dem, att begränsa \
behandlingen, att invända och att få uppgifterna överförda.
Du kan återkalla ditt samtycke. Du kan klaga hos dataombudsmannens byrå.
"""

# A table that was copied: tabs between its cells.
SV_TABLE = """\
Hoppa till innehåll
Integritetspolicy

Vem är personuppgiftsansvarig?

Fjällbyns Te AB, Kanelgatan 2, 903 22 Umeå, te@fjallbyn.example, ansvarar för behandlingen.

Ändamål och rättslig grund

Ändamål\tRättslig grund\tLagringstid
Leverans av beställningar\tAvtal\t24 månader
Bokföring\tRättslig förpliktelse\t7 år
Utskick\tBerättigat intresse\ttills du säger nej

Cookies

Vi använder nödvändiga kakor för att webbplatsen ska fungera på det sätt som du väntar dig.

Klagomål

Du kan klaga hos Integritetsskyddsmyndigheten om du tycker att vi gör fel med dina uppgifter.
Tillbaka till toppen
"""

# Capitals for headings, round bullets and rings.
EN_CAPITALS = """\
Skip to main content
PRIVACY NOTICE

Effective date: 25 May 2018

CONTROLLER

Northern Tea Ltd, VAT number FI12345671
tea@northern.example
Tel. +358 40 123 4567

PURPOSES AND LEGAL BASES

We use your data for these purposes:

● Delivering your orders
○ The legal basis is contract
● Sending the newsletter
○ The legal basis is consent
● Improving our shop
○ The legal basis is legitimate interests

RECIPIENTS

● Carriers
● Our hosting provider

INTERNATIONAL TRANSFERS

We transfer data to the United States under the EU-US Privacy Shield and to nowhere else.

HOW LONG WE KEEP YOUR DATA

We keep orders for six (6) years and messages for 24 months.

YOUR RIGHTS

You may access, rectify, erase and port your data, restrict and object to its use, withdraw your \
consent at any time, and complain to the Office of the Data Protection Ombudsman.
"""

# Bullets on lines of their own, as some PDFs and browsers copy them; questions for headings.
EN_LONE = f"""\
Privacy policy
Last updated: March 3, 2021

Who we are

Harbour Books (“Harbour”, “we”) is run by Harbour Books Oy. We sell books, and *maps* of [the sea].

What information do we collect?

•
Your name & address
•
What you_have_bought, e.g. C:\\books
{NBSP}
Do you use cookies?

Yes. We use <b>some</b> cookies; see `_ga` and the like # and more.

How can I complain?

Write to hello@harbour.example first. Our data protection officer is dpo@harbour.example.
"""

# Headings and texts in one line, and a day below what it is the day of.
FI_RUN_IN = """\
Asiakasrekisteri

Rekisteriseloste

Viimeksi päivitetty

11.4.2023

1. Rekisterinpitäjä: 2 Veljestä Oy, Kuja 1, 33500 Tampere
2. Asioita hoitava henkilö: Olli Esimerkki, olli@veljekset.example
3. Rekisterin käyttötarkoitus: Tilausten hoito ja laskutus.
4. Tietojen säilytysaika: Tiedot ovat rekisterissä 24 kuukautta tilauksesta.
"""

# Numbered headings; what has no number is none, though it is short and stands apart.
SV_NUMBERED = """\
Registerbeskrivning

1. Allmänt

Vi berättar här hur Hamnens Kaffe Ab behandlar personuppgifter, och det som gäller för dem.

2. Personuppgiftsansvarig

Hamnens Kaffe Ab

Kajen 5, 22100 Mariehamn

3. Dataskyddsombud

Hamnens dataskyddsombud

ombud@hamnen.example

4. Ändamål

4.1 Beställningar

Uppgifterna behövs för att leverera kaffe, och grunden för det är ett avtal med kunden.

4.2 Nyhetsbrev

Vi skickar det till dem som har gett sitt samtycke, och ingen annan får det av oss.
"""

# Nothing that looks like a heading.
FI_PLAIN = """\
Me Kivijalka ry keräämme jäsenistä nimen ja osoitteen, ja tiedot ovat vain hallituksen käytössä.

Tietoja säilytetään jäsenyyden ajan ja 12 kuukautta sen jälkeen, ja ne poistetaan pyynnöstä.

Kysy lisää: kivijalka@example.org tai soita. Seloste on päivitetty 2.1.2023.
"""

PASTED = {
    "fi-builder": FI_BUILDER,
    "fi-numbered": FI_NUMBERED,
    "sv-dashes": SV_DASHES,
    "sv-table": SV_TABLE,
    "en-capitals": EN_CAPITALS,
    "en-lone": EN_LONE,
    "fi-plain": FI_PLAIN,
    "fi-run-in": FI_RUN_IN,
    "sv-numbered": SV_NUMBERED,
}


def imported(folder: Path, name: str, text: str, lang: str = "") -> Imported:
    """Write a file and import it."""
    file = folder / name
    file.write_text(text, "utf-8")
    return import_notice([file], lang)
