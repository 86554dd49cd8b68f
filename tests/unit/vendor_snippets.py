"""The snippets that vendors give sites to paste, and what must not be taken for one of them."""

from __future__ import annotations

SNIPPETS: dict[str, tuple[str, ...]] = {
    "crisp": (
        'window.$crisp=[];window.CRISP_WEBSITE_ID="x";(function(){d=document;s=d.createEl'
        'ement("script");s.src="https://client.crisp.chat/l.js";s.async=1;d.getElementsBy'
        'TagName("head")[0].appendChild(s);})();',
    ),
    "giosg": (
        "(function(w, t, f) {var s='script',o='_giosg',h='https://service.giosg.com',e,n;"
        "e=t.createElement(s);e.async=1;e.src=h+'/live/'; w[o]=w[o]||function(){(w[o]._e="
        "w[o]._e||[]).push(arguments)};})(window,document,1);",
        "_giosg('showChat');",
    ),
    "google-ads": (
        "window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments);"
        "}gtag('js', new Date());gtag('config', 'AW-123456789');",
        "gtag('event', 'conversion', {'send_to': 'AW-1/x'});",
    ),
    "google-analytics-4": (
        "window.dataLayer = window.dataLayer || [];\nfunction gtag(){dataLayer.push(argume"
        "nts);}\ngtag('js', new Date());\ngtag('config', 'G-ABC123');",
        "window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(argu"
        'ments) } gtag( "config", "UA-1-1" );',
        "(function(i,s,o,g,r,a,m){i['GoogleAnalyticsObject']=r;i[r]=i[r]||function(){(i[r"
        "].q=i[r].q||[]).push(arguments)},i[r].l=1*new Date();a=s.createElement(o),m=s.ge"
        "tElementsByTagName(o)[0];a.async=1;a.src=g;m.parentNode.insertBefore(a,m)})(wind"
        "ow,document,'script','https://www.google-analytics.com/analytics.js','ga');",
    ),
    "google-tag-manager": (
        "(function(w,d,s,l,i){w[l]=w[l]||[];w[l].push({'gtm.start':\nnew Date().getTime(),"
        "event:'gtm.js'});var f=d.getElementsByTagName(s)[0],\nj=d.createElement(s),dl=l!="
        "'dataLayer'?'&l='+l:'';j.async=true;j.src=\n'https://www.googletagmanager.com/gtm"
        ".js?id='+i+dl;f.parentNode.insertBefore(j,f);\n})(window,document,'script','dataL"
        "ayer','GTM-XXXX');",
    ),
    "hotjar": (
        "(function(h,o,t,j,a,r){h.hj=h.hj||function(){(h.hj.q=h.hj.q||[]).push(arguments)"
        "};h._hjSettings={hjid:1,hjsv:6};a=o.getElementsByTagName('head')[0];r=o.createEl"
        "ement('script');r.async=1;r.src=t+h._hjSettings.hjid+j+h._hjSettings.hjsv;a.appe"
        "ndChild(r);})(window,document,'https://static.hotjar.com/c/hotjar-','.js?sv=');",
        "(function (c, s, q, u, a, r, e) {c.hj=c.hj||function(){(c.hj.q=c.hj.q||[]).push("
        "arguments)};c._hjSettings = { hjid: a };r = s.getElementsByTagName('head')[0];e "
        "= s.createElement('script');e.async = true;e.src = q + c._hjSettings.hjid + u;r."
        "appendChild(e);})(window, document, 'https://static.hj.contentsquare.net/c/csq-'"
        ", '.js', 1);",
        "window._uxa = window._uxa || [];window._uxa.push(['setPath','/']);var mt=documen"
        "t.createElement('script');mt.src='//t.contentsquare.net/uxa/x.js';",
        "hj('event', 'tilaus');",
    ),
    "hubspot": (
        "var _hsq = (window._hsq = window._hsq || []);_hsq.push(['identify',{email:'a'}]);",
        "hbspt.forms.create({portalId:'1',formId:'2'});",
        "_hsq.push(['trackPageView']);",
        "var s=document.createElement('script');s.src='//js-eu1.hs-scripts.com/1.js';docu"
        "ment.head.appendChild(s);",
    ),
    "intercom": (
        "window.intercomSettings = {api_base: 'https://api-iam.intercom.io', app_id: 'x'};",
        "(function(){var w=window;var ic=w.Intercom;var l=function(){var s=document.creat"
        "eElement('script');s.src='https://widget.intercom.io/widget/x';};})();",
        "Intercom('boot', {app_id: 'x'});",
    ),
    "leadfeeder": (
        "(function(ss,ex){ window.ldfdr=window.ldfdr||function(){(ldfdr._q=ldfdr._q||[])."
        "push([].slice.call(arguments));}; (function(d,s){ fs=d.getElementsByTagName(s)[0"
        "]; function ce(src){ var cs=d.createElement(s); cs.src=src; cs.async=1; fs.paren"
        "tNode.insertBefore(cs,fs); }; ce('https://sc.lfeeder.com/lftracker_v1_'+ss+(ex?'"
        "_'+ex:'')+'.js'); })(document,'script'); })('x');",
    ),
    "linkedin-insight": (
        '_linkedin_partner_id = "1";window._linkedin_data_partner_ids = window._linkedin_'
        "data_partner_ids || [];window._linkedin_data_partner_ids.push(_linkedin_partner_"
        "id);",
        "(function(l){if (!l){window.lintrk = function(a,b){window.lintrk.q.push([a,b])};"
        'window.lintrk.q=[]}var s = document.getElementsByTagName("script")[0];var b = do'
        'cument.createElement("script");b.type = "text/javascript";b.async = true;b.src ='
        ' "https://snap.licdn.com/li.lms-analytics/insight.min.js";s.parentNode.insertBef'
        "ore(b, s);})(window.lintrk);",
        "window.lintrk('track', { conversion_id: 1 });",
    ),
    "matomo": (
        "var _paq = window._paq = window._paq || [];_paq.push(['trackPageView']);_paq.pus"
        "h(['enableLinkTracking']);(function() {var u=\"//m.example/\";_paq.push(['setTrack"
        "erUrl', u+'matomo.php']);_paq.push(['setSiteId', '1']);var d=document, g=d.creat"
        "eElement('script'), s=d.getElementsByTagName('script')[0];g.async=true; g.src=u+"
        "'matomo.js'; s.parentNode.insertBefore(g,s);})();",
        "_paq.push(['trackEvent', 'a', 'b']);",
        "var _mtm = window._mtm = window._mtm || [];_mtm.push({'mtm.startTime': (new Date"
        "().getTime()), 'event': 'mtm.Start'});(function() {var d=document, g=d.createEle"
        "ment('script'), s=d.getElementsByTagName('script')[0];g.async=true; g.src='https"
        "://m.example/js/container_x.js'; s.parentNode.insertBefore(g,s);})();",
    ),
    "meta-pixel": (
        "!function(f,b,e,v,n,t,s){if(f.fbq)return;n=f.fbq=function(){n.callMethod?n.callM"
        "ethod.apply(n,arguments):n.queue.push(arguments)};if(!f._fbq)f._fbq=n;n.push=n;n"
        ".loaded=!0;n.version='2.0';n.queue=[];t=b.createElement(e);t.async=!0;t.src=v;s="
        "b.getElementsByTagName(e)[0];s.parentNode.insertBefore(t,s)}(window,document,'sc"
        "ript','https://connect.facebook.net/en_US/fbevents.js');fbq('init','1');fbq('tra"
        "ck','PageView');",
        "fbq('track', 'Lead');",
        "fbq('trackCustom', 'Demo');",
    ),
    "microsoft-clarity": (
        "(function(c,l,a,r,i,t,y){c[a]=c[a]||function(){(c[a].q=c[a].q||[]).push(argument"
        's)};t=l.createElement(r);t.async=1;t.src="https://www.clarity.ms/tag/"+i;y=l.get'
        'ElementsByTagName(r)[0];y.parentNode.insertBefore(t,y);})(window, document, "cla'
        'rity", "script", "x");',
        'clarity("set", "plan", "pro");',
    ),
    "microsoft-uet": (
        '(function(w,d,t,r,u){var f,n,i;w[u]=w[u]||[],f=function(){var o={ti:"1", enableA'
        'utoSpaTracking: true};o.q=w[u],w[u]=new UET(o),w[u].push("pageLoad")},n=d.create'
        "Element(t),n.src=r,n.async=1,n.onload=n.onreadystatechange=function(){var s=this"
        '.readyState;s&&s!=="loaded"&&s!=="complete"||(f(),n.onload=n.onreadystatechange='
        "null)},i=d.getElementsByTagName(t)[0],i.parentNode.insertBefore(n,i)})(window,do"
        'cument,"script","//bat.bing.com/bat.js","uetq");',
        "window.uetq = window.uetq || [];window.uetq.push('event', 'signup', {});",
    ),
    "pinterest": (
        "!function(e){if(!window.pintrk){window.pintrk = function () {window.pintrk.queue"
        ".push(Array.prototype.slice.call(arguments))};var n=window.pintrk;n.queue=[],n.v"
        'ersion="3.0";var t=document.createElement("script");t.async=!0,t.src=e;var r=doc'
        'ument.getElementsByTagName("script")[0];r.parentNode.insertBefore(t,r)}}("https:'
        "//s.pinimg.com/ct/core.js\");pintrk('load', '1');pintrk('page');",
        "pintrk('track', 'checkout');",
    ),
    "plausible": (
        "window.plausible = window.plausible || function() { (window.plausible.q = window"
        ".plausible.q || []).push(arguments) }",
        "window.plausible=window.plausible||function(){(plausible.q=plausible.q||[]).push"
        "(arguments)},plausible.init=plausible.init||function(i){plausible.o=i||{}};plaus"
        "ible.init()",
    ),
    "tawk": (
        "var Tawk_API=Tawk_API||{}, Tawk_LoadStart=new Date();(function(){var s1=document"
        ".createElement(\"script\");s1.src='https://embed.tawk.to/x/default';})();",
    ),
    "tiktok-pixel": (
        "!function (w, d, t) {w.TiktokAnalyticsObject=t;var ttq=w[t]=w[t]||[];ttq.load=fu"
        'nction(e,n){var r="https://analytics.tiktok.com/i18n/pixel/events.js"};ttq.load('
        "'C');ttq.page();}(window, document, 'ttq');",
        "ttq.track('CompletePayment', {value: 1});",
    ),
    "x": (
        "!function(e,t,n,s,u,a){e.twq||(s=e.twq=function(){s.exe?s.exe.apply(s,arguments)"
        ":s.queue.push(arguments);},s.version='1.1',s.queue=[],u=t.createElement(n),u.asy"
        "nc=!0,u.src='https://static.ads-twitter.com/uwt.js',a=t.getElementsByTagName(n)["
        "0],a.parentNode.insertBefore(u,a))}(window,document,'script');twq('config','o1')"
        ";",
        "twq('event', 'tw-o1-o2', {});",
    ),
}
"""By service: its loader, and the calls that pages make later."""

OTHERS = (
    "window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments)}"
    "gtag('consent','default',{ad_storage:'denied',analytics_storage:'denied',ad_user"
    "_data:'denied',ad_personalization:'denied'});",
    "gtag('consent','update',{analytics_storage:'granted'});",
    "window.uetq=window.uetq||[];window.uetq.push('consent','default',{ad_storage:'denied'});",
    "window.clarity=window.clarity||function(){(clarity.q=clarity.q||[]).push(argumen"
    "ts)};clarity('consentv2',{ad_Storage:'denied',analytics_Storage:'granted'});",
    "fbq('consent','revoke');",
    "fbq('consent','grant');",
    "_paq.push(['requireConsent']);_paq.push(['setConsentGiven']);",
    "ttq.holdConsent();",
    "pintrk('setconsent', false);",
    "window._hsp=window._hsp||[];_hsp.push(['revokeCookieConsent']);",
    "dataLayer.push({event:'consent_update'});",
    "document.querySelector('.menu').addEventListener('click', e => e.preventDefault());",
    "const clarity = 3; let intercom = {}; var page = 1;",
    "<a href='https://www.linkedin.com/company/x'>",
    "fetch('/api/track')",
    "window._hsp=window._hsp||[];_hsp.push(['setHubSpotConsent',{analytics:true,adver"
    "tisement:true,functionality:true}]);",
    "window._paq=window._paq||[];_paq.push(['requireConsent']);",
    "ttq.grantConsent();",
    "clarity.consent = true;",
    "gtag('set','ads_data_redaction',true);",
)
"""Consent signals, which run before any grant, and ordinary scripts of sites."""
