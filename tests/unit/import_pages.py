"""Notices of companies that do not exist, as site builders and word processors write HTML."""

from __future__ import annotations

BUILDER = """\
<!DOCTYPE html><html lang="fi"><head><title>Tietosuoja | Lumikki</title><style>p{}</style>
<script>window.viewerModel = {"x": "Tietosuojaseloste"}</script></head><body>
<div id="SITE_CONTAINER"><header id="SITE_HEADER"><nav><ul><li><a href="/">Etusivu</a></li>
<li><a href="/kauppa">Kauppa</a></li></ul></nav></header>
<main id="PAGES_CONTAINER"><div class="wixui-rich-text" data-testid="richTextElement">
<h1 class="font_0"><span style="color:#000">Tieto\u00adsuoja\u00adseloste</span></h1></div>
<div><p class="font_8"><span>\u200b</span></p>
<h2 class="font_2" id="rekpit"><span>Rekisterinpitäjä</span></h2>
<p class="font_8">Leipomo Lumikki Oy<br>Y-tunnus: 1234567-1<br>Jauhokuja 4, 20100 Turku</p>
<p class="font_8">&nbsp;</p>
<h2 class="font_2"><span>Mihin tietoja käytetään ja millä perusteella?</span></h2>
<ul class="font_8"><li><p class="font_8">Tilausten toimittaminen</p>
<ul><li><p>Käsittely perustuu <strong>sopimukseen</strong></p></li></ul></li>
<li><p class="font_8">Uutiskirje</p><ul><li><p>Käsittely perustuu suostumukseen</p></li></ul></li>
</ul>
<p class="font_8">Katso myös <a href="#rekpit">rekisterinpitäjä</a>, <a href="#muualla">muu</a> ja
<a href="https://tietosuoja.fi" target="_blank">tietosuojavaltuutettu</a>.</p>
<h2>Evästeet</h2><p>Sivusto käyttää ”evästeitä” &amp; muuta.<img src="https://x.example/p.gif"
alt="kuva"></p></div></main>
<footer id="SITE_FOOTER"><p>© 2026 Lumikki</p></footer></div></body></html>
"""

BLOG = """\
<html lang="sv-FI"><body class="page"><a class="skip-link screen-reader-text" href="#content">Hoppa
till innehåll</a><div id="cookie-notice" role="dialog">Vi använder kakor. <button>OK</button></div>
<header class="site-header"><p class="site-title">Båtar</p><nav>Hem Kontakt</nav></header>
<div id="content"><article class="post"><header class="entry-header">
<h1 class="entry-title">Dataskyddsbeskrivning</h1></header><div class="entry-content">
<h3>Personuppgiftsansvarig</h3>
<p>Skärgårdens Båtar Ab, Strandvägen 3, 10600 Ekenäs, <a href="/cdn-cgi/l/email-protection"
class="__cf_email__" data-cfemail="0b696a7f6a794b78606a796c6a796f256e736a667b676e">[e-post
skyddad]</a></p>
<h3>Ändamål och rättslig grund</h3>
<figure class="wp-block-table"><table><thead><tr><th>Ändamål</th><th>Grund</th></tr></thead><tbody>
<tr><td>Uthyrning av <em>båtar</em></td><td>Avtal</td></tr>
<tr><td>Bokföring | arkiv</td><td>Rättslig förpliktelse</td></tr></tbody></table></figure>
<h4>Hur frågar man?</h4><p>Du kan fråga oss om allt som gäller dina uppgifter, och vi svarar.</p>
<h3>Dina rättigheter</h3><ol><li>Du har rätt att få tillgång till dina uppgifter</li>
<li>och att radera dem</li></ol></div></article></div>
<footer class="site-footer">Copyright</footer></body></html>
"""

PLAIN = """\
<HTML><BODY BGCOLOR=white><FORM ID=aspnetForm><TABLE width=800><TR><TD>
<B>PRIVACY POLICY</B><BR><BR>
<B>Who we are</B><BR>
Harbour Books Ltd, hello@harbour.example<BR><BR>
<B>What information do we collect?</B><BR>
&#8226; your name<BR>
&#8226; your <I>address</I> &lt;at home&gt;<BR><BR>
We keep it for 24 months and we do not share it with anybody, as is told by us here.<BR><BR>
<B>How long do we keep it?</B><BR>
See above. Write [to us] & ask for _all_ of it, 100 * 2 times, or
<A HREF="javascript:x()">click</A>.
</TD></TR></TABLE></FORM></BODY></HTML>
"""

DOCS = """\
<html><head><meta charset="utf-8"></head><body class="c5"><p class="c1"><span class="c0">Privacy
notice</span></p><h2 class="c2"><span>Purposes of processing</span></h2>
<ul class="c3 lst-kix_abc1-0 start"><li class="c1"><span>Delivering your orders</span></li></ul>
<ul class="c3 lst-kix_abc1-1 start"><li class="c1"><span>The legal basis is a
contract</span></li></ul>
<ul class="c3 lst-kix_abc1-0"><li class="c1"><span>Bookkeeping</span></li></ul>
<ul class="c3 lst-kix_abc1-1 start"><li class="c1"><span>The legal basis is a legal
obligation</span></li></ul>
<h2 class="c2"><span>Your rights</span></h2><p class="c1"><span>You have the right to access the
data that we have of you and to have it erased.</span></p></body></html>
"""

PROCESSOR = """\
<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>@page{}</style></head><body>
<p class=MsoTitle>Tietosuojaseloste<o:p></o:p></p>
<p class=MsoNormal><b>Rekisterinpitäjä</b></p><p class=MsoNormal>Kaarnan Puutyö Ky on kaiken
tämän tiedon rekisterinpitäjä, ja sen osoite on Sahatie 7, 40100 Jyväskylä.</p>
<p class=MsoNormal><b>Mitä tietoja keräämme?</b></p>
<p class=MsoListParagraphCxSpFirst><![if !supportLists]><span style='font-family:Symbol'>·<span>
&nbsp;&nbsp;&nbsp; </span></span><![endif]>nimi ja osoite</p>
<p class=MsoListParagraphCxSpLast><![if !supportLists]><span>o<span>&nbsp;&nbsp; </span></span>
<![endif]>postinumero</p>
<p class=MsoNormal><b>Kuinka kauan säilytämme tietoja?</b></p><p class=MsoNormal>Kuusi vuotta.</p>
</body></html>
"""

SAVED = """\
<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><!--[if gte mso 9]><xml>
<o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]--><style>
<!-- /* Font Definitions */ p.MsoNormal{margin:0} --></style></head><body lang=SV>
<div class=WordSection1><p class=MsoTitle>Dataskyddsbeskrivning<o:p></o:p></p>
<h1>Personuppgiftsansvarig<o:p></o:p></h1>
<p class=MsoNormal>Hamnens Glass Ab, Strandgatan 1, 10900 Hangö<o:p></o:p></p>
<h1>Ändamål och rättslig grund<o:p></o:p></h1>
<p class=MsoListParagraph><!--[if !supportLists]--><span style='mso-list:Ignore'>·<span>&nbsp;
</span></span><!--[endif]-->Beställningar: avtal<o:p></o:p></p>
<p class=MsoListParagraph><![if !supportLists]><span>·<span>&nbsp; </span></span><![endif]>
Nyhetsbrev: samtycke<o:p></o:p></p>
<p class=MsoNormal>Vi gör så som det är sagt.</p></div></body></html>
"""

WIDGETS = """\
<!DOCTYPE html><html lang="en"><body><div id="SITE_CONTAINER"><header id="SITE_HEADER"><p>Ocean</p>
</header><main><div class="wixui-rich-text"><h1 class="font_2">Privacy Policy</h1>
<p class="font_8"><span style="font-weight:bold"><span class="color_15">Who we are</span></span></p>
<p class="font_8"><span class="wixGuard">\u200b</span></p><p class="font_8">Ocean Books Ltd is the
controller of the <span style="color:#000">data</span> that you give to us.</p><p><br></p>
<p class="font_8"><span style="font-weight:700;">What do we collect?</span></p>
<ul class="font_8"><li aria-level="1"><p class="font_8">your name</p></li></ul></div>
<div class="accordion"><div role="heading" aria-level="2"><button aria-expanded="false"><span>Your
rights</span></button></div><div role="region"><p>You have the right of access to it.</p></div>
</div></main></div></body></html>
"""

PAGES = {
    "builder": BUILDER,
    "blog": BLOG,
    "plain": PLAIN,
    "docs": DOCS,
    "processor": PROCESSOR,
    "saved": SAVED,
    "widgets": WIDGETS,
}
