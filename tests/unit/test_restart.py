"""How long an answer stands: over restarts, changed declarations, new keys, several processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from html import unescape
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from consent.component import Consent
from consent.settings import load
from tests.unit.patience import LONG, until
from tests.unit.small_site import KEY, ORIGIN, TEXTS, TOML, Make, Site, decide, fields


def carry(client: TestClient) -> dict[str, str]:
    """The choice of a visitor, as a Cookie field for another site object."""
    return {"cookie": f"__Host-choices={client.cookies['__Host-choices']}"}


def declarations(site: Site) -> list[dict[str, object]]:
    return [json.loads(body) for _, body in site.consent.runtime.log.bodies("declaration")]


def asked(site: Site, headers: dict[str, str]) -> list[str]:
    return list(site.client(**headers).get("/choices/state").json()["asked"])


def allowed(site: Site, headers: dict[str, str]) -> list[str]:
    return list(site.client(**headers).get("/choices/state").json()["allowed"])


# -- what asks again, and what does not --

MORE = f"""
[services.heat]
name = "Lämpökartta"
provider = "Kartta Oy"
category = "statistics"
purposes = ["behaviour-recording"]
purpose = {TEXTS}
"""
WIDER = {
    "a service more": TOML + MORE,
    "a purpose more": TOML.replace(
        '["audience-measurement"]', '["audience-measurement", "profiling"]'
    ),
    "a longer lifetime": TOML.replace('lifetime = "1 year"', 'lifetime = "2 years"'),
    "another recipient": TOML.replace('"Laskuri Oy"', '"Toinen Oy"'),
    "a transfer": TOML.replace(
        'provider = "Laskuri Oy"',
        'provider = "Laskuri Oy"\ntransfers = ["US"]\nmechanism = "scc"',
    ),
    "an item more": TOML.replace(
        'items = [{ name = "_count"',
        f'items = [{{ name = "_c", lifetime = "1 day", purpose = {TEXTS} }}, {{ name = "_count"',
    ),
}

SAID = {
    "a service more": "Tilastointiin on lisätty: Lämpökartta.",
    "a purpose more": "Tilastointi: Laskuri käyttää tietoja uuteen tarkoitukseen.",
    "a longer lifetime": "Tilastointi: Laskuri säilyttää tietoja pidempään.",
    "another recipient": "Tilastointi: Laskuri on siirtynyt uudelle tarjoajalle (Toinen Oy).",
    "a transfer": "Tilastointi: Laskuri siirtää tietoja uuteen maahan (Yhdysvallat).",
    "an item more": "Tilastointi: Laskuri tallentaa laitteellesi uutta tietoa.",
}


@pytest.mark.parametrize("change", WIDER)
def test_a_wider_scope_asks_again_for_its_category_only(
    make_site: Make, site: Site, change: str
) -> None:
    """R24: the others keep their answers, and the banner says why it asks."""
    client = site.client()
    decide(client, "save", "statistics", "preferences")
    site.close()
    widened = make_site(toml=WIDER[change])
    kept = carry(client)
    assert asked(widened, kept) == ["statistics"]
    assert allowed(widened, kept) == ["consent", "necessary", "preferences", "video"]
    html = unescape(widened.client(**kept).get("/").text)
    banner = html[html.index('id="visitor-choice"') : html.index("</section>")]
    assert f"<p>{SAID[change]} Luvallasi Esimerkki Oy " in banner
    assert re.findall(r'type="checkbox" name="(\w+)"', banner) == ["statistics"]


NOT_WIDER = {
    "less": TOML.replace(TOML[TOML.index("[services.ads]") : TOML.index("[services.video]")], ""),
    "a shorter lifetime": TOML.replace('lifetime = "1 year"', 'lifetime = "1 month"'),
    "other words": TOML.replace("Teksti.", "Toinen teksti.").replace('"Laskuri"', '"Mittari"'),
    "another policy": TOML.replace(
        'provider = "Laskuri Oy"', 'provider = "Laskuri Oy"\npolicy = "https://l.example/"'
    ),
    "no third party": TOML.replace(
        'provider = "Laskuri Oy"', 'provider = "Laskuri Oy"\nthird_party = false'
    ),
    "another look": TOML + '\n[banner]\nposition = "bar"\n[theme]\nradius = "4px"\n',
}


@pytest.mark.parametrize("change", NOT_WIDER)
def test_a_narrower_scope_and_other_words_ask_nothing(
    make_site: Make, site: Site, change: str
) -> None:
    """R25: and nothing that was allowed is closed."""
    client = site.client()
    decide(client, "save", "statistics", "preferences")
    site.close()
    again = make_site(toml=NOT_WIDER[change])
    assert asked(again, carry(client)) == []
    assert "counter" in allowed(again, carry(client))


def test_answering_the_wider_scope_keeps_the_days_of_the_other_answers(
    make_site: Make, site: Site
) -> None:
    """R23, R24, R44: one chain, one change, and the old days."""
    client = site.client()
    decide(client, "save", "statistics", "preferences")
    site.close()
    widened = make_site(toml=WIDER["a service more"])
    widened.clock.pass_days(40)
    later = widened.client(**carry(client))
    assert decide(later, "accept", form={**form(widened), "asked": "statistics"}).is_redirect
    grant, change = widened.log()
    assert change["event"] == "change"
    assert change["previous"] == grant["id"]
    assert change["decided"]["preferences"] == grant["decided"]["preferences"]  # type: ignore[index]
    assert change["decided"]["statistics"] > grant["decided"]["statistics"]  # type: ignore[index]


def form(site: Site) -> dict[str, str]:
    html = site.client().get("/choices/fi").text
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))


def test_going_back_to_the_narrower_declaration_revives_the_answers(
    make_site: Make, site: Site
) -> None:
    """R24: the answer was to that scope; the return is an entry of its own (DESIGN 5)."""
    client = site.client()
    decide(client, "accept")
    site.close()
    make_site(toml=WIDER["a service more"]).close()
    back = make_site()
    assert asked(back, carry(client)) == []
    entries = declarations(back)
    assert len(entries) == 3
    assert entries[0]["declaration"] == entries[2]["declaration"] != entries[1]["declaration"]


# -- restarts and keys --


def test_a_restart_keeps_choices_and_logs_nothing_new(make_site: Make, site: Site) -> None:
    client = site.client()
    decide(client, "accept")
    site.close()
    again = make_site()
    again.clock.pass_days(1)
    assert asked(again, carry(client)) == []
    assert len(declarations(again)) == 1


def test_a_new_key_keeps_choices_as_long_as_the_old_one_stays(site: Site) -> None:
    """R116: the newest signs, all verify."""
    client = site.client()
    decide(client, "accept")
    old = carry(client)
    newest = "Zq8WnV2xKd5RbT9yJm4HcL7sGf3PaE6u"
    file = site.folder / "consent.toml"
    states = {}
    for keys in (f"{KEY} {newest}", newest):
        consent = Consent(load(file, {"CONSENT_SECRET_KEYS": keys}), site.clock)
        there = visit_of(consent)
        states[keys] = there.get("/choices/state", headers=old).json()["asked"]
        decide(there, "accept")
        signed = carry(there)
        consent.close()
    assert states == {
        f"{KEY} {newest}": [],
        newest: ["preferences", "statistics", "marketing"],
    }
    assert asked(site, signed) == ["preferences", "statistics", "marketing"]


def test_a_form_sent_again_after_a_new_key_makes_no_second_record(site: Site) -> None:
    """R46: as when a deployment with a new key falls between two presses."""
    form = fields(site.client().get("/choices/fi").text)
    for decision in ("accept", "reject"):
        decide(site.client(), decision, form=form)
    before = site.log()
    keys = f"{KEY} Zq8WnV2xKd5RbT9yJm4HcL7sGf3PaE6u"
    consent = Consent(load(site.folder / "consent.toml", {"CONSENT_SECRET_KEYS": keys}), site.clock)
    for decision in ("accept", "reject"):
        decide(visit_of(consent), decision, form=form)
    consent.close()
    assert site.log() == before


def visit_of(consent: Consent) -> TestClient:
    return TestClient(
        consent.protect(Starlette()),
        base_url=ORIGIN,
        headers={"sec-fetch-site": "same-origin"},
        follow_redirects=False,
    )


def test_threads_that_start_at_once_log_one_declaration(site: Site) -> None:
    """DESIGN 5: under a lock, of whoever starts."""
    site.close()
    changed = TOML.replace("Laskuri Oy", "Toinen Oy")
    (site.folder / "consent.toml").write_text(changed, "utf-8")
    barrier, made, faults = threading.Barrier(4, timeout=LONG), [], []

    def begin() -> None:
        try:
            settings = load(site.folder / "consent.toml", site.environ)
            barrier.wait()
            made.append(Consent(settings, site.clock))
        except Exception as error:
            faults.append(error)
            barrier.abort()  # the others would wait for this one

    threads = [threading.Thread(target=begin, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: not any(thread.is_alive() for thread in threads))
    assert faults == []
    entries = list(made[0].runtime.log.bodies("declaration"))
    for consent in made:
        consent.close()
    assert len(entries) == 2


def test_processes_that_start_at_once_log_one_declaration(site: Site) -> None:
    site.close()
    changed = TOML.replace("Laskuri Oy", "Kolmas Oy")
    (site.folder / "consent.toml").write_text(changed, "utf-8")
    program = (
        "import sys; from consent import Consent; from consent.settings import load;"
        f"s = load(sys.argv[1], {{'CONSENT_SECRET_KEYS': '{KEY}'}});"
        f"print('ready', flush=True); input(); Consent(s, lambda: {site.clock.now}).close()"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(site.folder / "consent.toml")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in started:
        process.communicate(timeout=60)
        assert process.returncode == 0
    again = Site(site.folder, toml=changed)
    assert len(declarations(again)) == 2
    again.close()
