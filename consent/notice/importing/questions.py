"""What to ask the company of each fact that an imported notice did not give, in three languages."""

from __future__ import annotations

from collections.abc import Mapping

QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "controller": {
        "fi": "Rekisterinpitäjän tiedoista puuttuu: {what}. Mitkä ne ovat?",
        "sv": "Den personuppgiftsansvarigas uppgifter saknar: {what}. Vilka är de?",
        "en": "The controller's details lack: {what}. What are they?",
    },
    "business_id": {
        "fi": "Tekstissä on Y-tunnus {what}, jonka tarkistusmerkki ei täsmää. Mikä on oikea?",
        "sv": "I texten står FO-numret {what}, vars kontrolltecken är fel. Vilket är rätt?",
        "en": "The text has the business ID {what}, whose check digit is wrong. Which is right?",
    },
    "officer": {
        "fi": "Onko tietosuojavastaava nimitetty? Jos ei, kuka on yhteyshenkilö?",
        "sv": "Har ett dataskyddsombud utnämnts? Om inte, vem är kontaktperson?",
        "en": "Has a data protection officer been appointed? If not, who is the contact person?",
    },
    "officer_read": {
        "fi": "Teksti mainitsee tietosuojavastaavan. Onko hänet nimitetty, ja mikä on osoite?",
        "sv": "Texten nämner ett dataskyddsombud. Har ombudet utnämnts, och vad är adressen?",
        "en": "The text mentions a data protection officer. Is one appointed? At which address?",
    },
    "authority": {
        "fi": "Teksti ei nimeä valvontaviranomaista. Mille viranomaiselle voi valittaa?",
        "sv": "Texten nämner ingen tillsynsmyndighet. Till vilken myndighet kan man klaga?",
        "en": "The text names no supervisory authority. To which one can people complain?",
    },
    "purposes": {
        "fi": "Mihin tarkoituksiin tietoja käsitellään, ja mikä on kunkin peruste?",
        "sv": "För vilka ändamål behandlas uppgifterna, och vilken är grunden för vart och ett?",
        "en": "For which purposes is data processed, and what is the basis of each?",
    },
    "no_basis": {
        "fi": "Tarkoituksella ei ole tekstissä perustetta. Mikä se on?",
        "sv": "Ändamålet har ingen grund i texten. Vilken är den?",
        "en": "The purpose has no basis in the text. What is it?",
    },
    "many_bases": {
        "fi": "Tarkoituksella on tekstissä useita perusteita: {what}. Mikä yksi on oikea?",
        "sv": "Ändamålet har flera grunder i texten: {what}. Vilken är den rätta?",
        "en": "The purpose has several bases in the text: {what}. Which one is right?",
    },
    "interest": {
        "fi": "Mikä oikeutettu etu on? Teksti ei kerro sitä.",
        "sv": "Vilket är det berättigade intresset? Texten säger det inte.",
        "en": "What is the legitimate interest? The text does not say.",
    },
    "data": {
        "fi": "Onko tietoryhmä oikein? Mihin tarkoituksiin sitä käytetään?",
        "sv": "Stämmer uppgiftskategorin? För vilka ändamål används den?",
        "en": "Is this category of data right? For which purposes is it used?",
    },
    "sources": {
        "fi": "Mitä tietoja lähteestä saadaan, ja onko se julkinen?",
        "sv": "Vilka uppgifter fås från källan, och är den offentlig?",
        "en": "What data comes from this source, and is it public?",
    },
    "recipients": {
        "fi": "Kenelle tietoja annetaan? Nimetkää vastaanottajat tai niiden ryhmät.",
        "sv": "Till vem lämnas uppgifter? Nämn mottagarna eller deras kategorier.",
        "en": "Who receives data? Name the recipients or their categories.",
    },
    "transfers": {
        "fi": "Siirretäänkö tietoja EU- ja ETA-maiden ulkopuolelle? Minne ja millä perusteella?",
        "sv": "Överförs uppgifter utanför EU och EES? Vart och på vilken grund?",
        "en": "Is data transferred outside the EU and EEA? Where to, and on which basis?",
    },
    "privacy_shield": {
        "fi": "Teksti nojaa Privacy Shieldiin, joka kumottiin 2020. Mikä siirtoperuste on nyt?",
        "sv": "Texten stöder sig på Privacy Shield, som upphävdes 2020. Vilken är grunden nu?",
        "en": "The text relies on Privacy Shield, annulled in 2020. What is the basis now?",
    },
    "retention": {
        "fi": "Kuinka kauan kutakin tietoa säilytetään? Teksti ei kerro aikaa.",
        "sv": "Hur länge sparas varje uppgift? Texten anger ingen tid.",
        "en": "How long is each kind of data kept? The text gives no period.",
    },
    "retention_read": {
        "fi": "Mitä tietoja aika koskee, ja mistä hetkestä se lasketaan?",
        "sv": "Vilka uppgifter gäller tiden, och från vilken tidpunkt räknas den?",
        "en": "Which data does the period concern, and from when is it counted?",
    },
    "rights": {
        "fi": "Tekstistä puuttuvat oikeudet: {what}. Täydentäkää teksti.",
        "sv": "I texten saknas rättigheterna: {what}. Komplettera texten.",
        "en": "The text lacks the rights: {what}. Complete the text.",
    },
    "must_give": {
        "fi": "Onko tietojen antaminen pakollista, ja mitä seuraa, jos niitä ei anna?",
        "sv": "Måste uppgifterna lämnas, och vad händer om de inte lämnas?",
        "en": "Must the data be given, and what follows if it is not?",
    },
    "automated": {
        "fi": "Tehdäänkö automaattisia päätöksiä tai profilointia?",
        "sv": "Fattas automatiserade beslut, eller förekommer profilering?",
        "en": "Are there automated decisions or profiling?",
    },
    "changes": {
        "fi": "Kuinka monta päivää ennen olennaista muutosta siitä kerrotaan?",
        "sv": "Hur många dagar före en väsentlig ändring berättar ni om den?",
        "en": "How many days ahead is a material change announced?",
    },
}

BASES: Mapping[str, Mapping[str, str]] = {
    "consent": {"fi": "suostumus", "sv": "samtycke", "en": "consent"},
    "contract": {"fi": "sopimus", "sv": "avtal", "en": "contract"},
    "legitimate-interest": {
        "fi": "oikeutettu etu",
        "sv": "berättigat intresse",
        "en": "legitimate interest",
    },
    "legal-obligation": {
        "fi": "lakisääteinen velvoite",
        "sv": "rättslig förpliktelse",
        "en": "legal obligation",
    },
    "vital-interests": {
        "fi": "elintärkeä etu",
        "sv": "grundläggande intresse",
        "en": "vital interests",
    },
    "public-task": {"fi": "yleinen etu", "sv": "allmänt intresse", "en": "public task"},
}
"""The legal bases as the questions name them."""
