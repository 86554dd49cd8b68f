"""A visitor's answer, from the form to the cookie and the log."""

from __future__ import annotations

import json
from html import unescape
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.errors import LogUnavailable
from consent.log import Entry
from consent.pages.limits import Bucket
from consent.texts import texts
from tests.unit.patience import until
from tests.unit.small_site import Make, Site, decide, fields, open_reader, way_on

OPTIONAL = ("preferences", "statistics", "marketing")


def cookie_of(response: object) -> str:
    return response.cookies.get("__Host-choices", "")  # type: ignore[attr-defined]


def states(site: Site) -> dict[str, object]:
    return site.log()[-1]["states"]  # type: ignore[return-value]


def test_accepting_records_a_grant_and_then_sets_the_cookie(site: Site) -> None:
    """R34, R35: the record is in the log when the answer is given."""
    client = site.client()
    response = decide(client, "accept")
    assert response.status_code == 303
    record = site.log()[-1]
    assert record["event"] == "grant"
    assert record["states"] == dict.fromkeys(OPTIONAL, "granted")
    assert str(record["consent_id"]) in cookie_of(response)
    assert client.get("/api").json() == {"statistics": True}


def test_the_cookie_has_exactly_the_attributes_that_keep_it_ours(site: Site) -> None:
    """R113, R114: set by the server with prefix, Secure, Path, HttpOnly, Lax and no Domain."""
    header = decide(site.client(), "reject").headers["set-cookie"]
    name, *attributes = header.split("; ")
    assert name.startswith("__Host-choices=")
    days_365 = 365 * 86_400
    assert sorted(attributes) == sorted(
        ["Path=/", f"Max-Age={days_365}", "HttpOnly", "SameSite=Lax", "Secure"]
    )


def test_everything_that_a_record_names_is_kept(site: Site) -> None:
    """R37: each hash in a record resolves to an artifact."""
    decide(site.client(), "accept")
    record = site.log()[-1]
    log = site.consent.runtime.log
    for digest in [*record["artifacts"], *record["scopes"].values()]:  # type: ignore[misc]
        assert log.artifact(digest) is not None
    _, body = log.artifact(str(record["shown"])) or ("", b"")
    assert json.loads(body)["texts"]["banner"]["accept"] == "Hyväksy kaikki"


def test_two_visitors_who_refuse_carry_the_same_cookie(site: Site) -> None:
    """R43: and their records hold no id, no token and no time of day."""
    first, second = (decide(site.client(), "reject") for _ in range(2))
    assert cookie_of(first) == cookie_of(second) != ""
    one, other = site.log()
    assert "consent_id" not in one
    assert {**one, "id": ""} == {**other, "id": ""}
    assert len(str(one["time"])) == len("2026-11-23")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.sampled_from(OPTIONAL)))
def test_saving_stores_exactly_what_is_ticked(site: Site, ticked: set[str]) -> None:
    """R6: for every combination."""
    client = site.client()
    decide(client, "save", *ticked)
    page = client.get("/choices/fi").text
    for category in OPTIONAL:
        checked = f'name="{category}" value="granted" checked' in page
        assert checked == (category in ticked)


def test_posting_a_form_twice_makes_one_record_and_one_cookie(site: Site) -> None:
    """R46: for a grant and for a refusal."""
    for decision in ("accept", "reject"):
        form = fields(site.client().get("/choices/fi").text)
        before = len(site.log())
        first, second = (decide(site.client(), decision, form=form) for _ in range(2))
        assert cookie_of(first) == cookie_of(second) != ""
        assert len(site.log()) == before + 1


def test_only_the_servers_clock_counts(site: Site) -> None:
    """R46: whatever time a form and its request claim to be from."""
    client = site.client(date="Fri, 01 Jan 2038 00:00:00 GMT")
    claims = dict.fromkeys(("time", "at", "day", "decided", "expires", "timestamp"), "2038-01-01")
    form = {**fields(client.get("/choices/fi").text), **claims}
    response = decide(client, "accept", form=form)
    record = site.log()[-1]
    assert record["time"] == "2026-11-18T12:00:00Z"
    assert set(record["decided"].values()) == {"2026-11-18"}  # type: ignore[attr-defined]
    assert set(record["expires"].values()) == {"2027-05-20"}  # type: ignore[attr-defined]
    assert f"Max-Age={183 * 86_400};" in response.headers["set-cookie"]


def test_the_same_form_with_other_choices_appends_a_change(site: Site) -> None:
    """R44, R46: under the same consent id, pointing at the record before it."""
    form = fields(site.client().get("/choices/fi").text)
    decide(site.client(), "accept", form=form)
    decide(site.client(), "save", "statistics", form=form)
    grant, change = site.log()
    assert change["event"] == "change"
    assert change["previous"] == grant["id"]
    assert change["consent_id"] == grant["consent_id"]


def test_grant_change_and_withdrawal_form_one_chain(site: Site) -> None:
    """R44."""
    client = site.client()
    decide(client, "accept")
    decide(client, "save", "statistics")
    response = decide(client, "reject")
    grant, change, withdrawal = site.log()
    assert [grant["event"], change["event"], withdrawal["event"]] == [
        "grant",
        "change",
        "withdrawal",
    ]
    assert withdrawal["previous"] == change["id"]
    assert withdrawal["consent_id"] == grant["consent_id"]
    assert str(grant["consent_id"]) not in cookie_of(response)
    assert client.get("/api").json() == {"statistics": False}


def test_answering_again_in_the_same_way_records_nothing_and_extends_nothing(site: Site) -> None:
    """R23."""
    client = site.client()
    decide(client, "accept")
    site.clock.pass_days(10)
    response = decide(client, "accept")
    assert response.status_code == 303
    assert "set-cookie" not in response.headers
    assert len(site.log()) == 1


def test_to_give_again_what_had_run_out_is_recorded_though_it_reads_the_same(site: Site) -> None:
    """R23, R34: the record before says until when the consent counts."""
    client = site.client()
    decide(client, "save", "statistics")
    site.clock.pass_days(100)
    decide(client, "accept")
    site.clock.pass_days(90)
    assert client.get("/api").json() == {"statistics": False}
    decide(client, "accept")
    assert client.get("/api").json() == {"statistics": True}
    *_, before, after = site.log()
    assert (after["states"], after["scopes"]) == (before["states"], before["scopes"])
    assert after["previous"] == before["id"]
    assert after["expires"]["statistics"] > before["expires"]["statistics"]
    assert after["expires"]["marketing"] == before["expires"]["marketing"]


@pytest.mark.parametrize(("decision", "days"), [("accept", 183), ("reject", 365)])
def test_an_answer_is_remembered_for_its_days_and_then_asked_again(
    site: Site, decision: str, days: int
) -> None:
    """R21, R22, R23."""
    client = site.client()
    decide(client, decision)
    cookie = client.cookies.get("__Host-choices")
    for passed, asked in ((days - 1, False), (1, True)):
        site.clock.pass_days(passed)
        page = client.get("/", headers={"cookie": f"__Host-choices={cookie}"}).text
        assert ('id="visitor-choice"' in page) == asked


def broken(site: Site) -> mock._patch[object]:
    failing = mock.Mock(side_effect=LogUnavailable("disk full"))
    return mock.patch.object(site.consent.runtime.log, "append", failing)


def test_trap_20_a_grant_without_a_record_is_not_in_effect(site: Site) -> None:
    """R34: with the log down a grant is answered 503."""
    client = site.client()
    with broken(site):
        response = decide(client, "accept")
    assert response.status_code == 503
    assert "set-cookie" not in response.headers
    assert "mitään ei otettu käyttöön" in response.text
    assert client.get("/api").json() == {"statistics": False}
    assert 'id="visitor-choice"' in client.get("/").text


def test_trap_20_a_refusal_is_in_effect_though_the_log_is_down(site: Site) -> None:
    """R34: its record waits in the spool."""
    client = site.client()
    with broken(site):
        response = decide(client, "reject")
    assert response.status_code == 200
    assert 'id="visitor-choice"' not in client.get("/").text
    decide(site.client(), "accept")
    # The spool is drained by the writer in its own time.
    until(lambda: len(site.log()) == 2)
    assert sorted(str(record["event"]) for record in site.log()) == ["grant", "refusal"]


@pytest.mark.parametrize("token", [True, False])
def test_trap_20_a_refusal_that_the_log_took_without_saying_so_is_recorded_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, token: bool
) -> None:
    """R46: as when the network to a database is cut before its answer comes."""
    log = site.consent.runtime.log
    take = log.append

    async def take_silently(entry: Entry) -> None:
        await take(entry)
        raise LogUnavailable("no answer")

    form = fields(site.client().get("/choices/fi").text)
    if not token:
        del form["token"]
    with monkeypatch.context() as patch:
        patch.setattr(log, "append", take_silently)
        assert decide(site.client(), "reject", form=form).status_code == 200
    decide(site.client(), "accept")
    until(lambda: not (site.folder / "log.sqlite3.spool").read_bytes())
    assert [record["event"] for record in site.log()] == ["refusal", "grant"]


def test_trap_20_a_withdrawal_is_in_effect_though_the_log_is_down(site: Site) -> None:
    """R34."""
    client = site.client()
    decide(client, "accept")
    with broken(site):
        assert decide(client, "reject").status_code == 200
    assert client.get("/api").json() == {"statistics": False}


def test_trap_20_of_a_mixed_answer_the_denials_hold_though_the_log_is_down(site: Site) -> None:
    """R34: the reply is 503 and says so."""
    client = site.client()
    decide(client, "save", "statistics")
    with broken(site):
        response = decide(client, "save", "marketing")
    assert response.status_code == 503
    assert client.get("/api").json() == {"statistics": False}
    assert 'name="marketing" value="granted" checked' not in client.get("/choices/fi").text


def test_a_form_that_showed_something_unknown_grants_nothing(site: Site) -> None:
    """R35: a record must be able to point at the text."""
    client = site.client()
    form = {**fields(client.get("/choices/fi").text), "shown": "0" * 64}
    response = decide(client, "accept", form=form)
    assert response.status_code == 409
    assert "Evästeet ovat muuttuneet" in response.text
    assert client.get("/api").json() == {"statistics": False}
    assert decide(client, "reject", form=form).status_code == 200


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_a_form_that_is_outdated_is_renewed_in_its_language(site: Site, lang: str) -> None:
    """Banner and settings get a new form in their place, with a token of its own."""
    client = site.client(**{"accept-language": "de"})
    current = fields(client.get(f"/choices/{lang}").text)
    outdated = {**current, "shown": "0" * 64, "return": "/p?a=1"}
    for method in ("banner", "settings", "placeholder", "api"):
        reply = decide(client, "accept", form={**outdated, "method": method}, json_reply=True)
        assert reply.status_code == 409
        assert reply.json()["error"] == texts(lang)["error"]["stale"]
        if method not in ("banner", "settings"):
            assert "form" not in reply.json()
            continue
        html = unescape(reply.json()["form"])
        assert ('id="visitor-choice"' in html) == (method == "banner")
        assert f'<p role="alert">{texts(lang)["error"]["stale"]}</p>' in html
        new = fields(html)
        assert new.pop("token") not in ("", current["token"])
        expected = {**current, "method": method, "return": "/p?a=1"}
        del expected["token"]
        assert new == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "https://evil.example.fi"},
        {"sec-fetch-site": "", "origin": "https://evil.example"},
        {"sec-fetch-site": "", "origin": "null"},
    ],
)
def test_a_form_from_elsewhere_is_refused(site: Site, headers: dict[str, str]) -> None:
    """R118."""
    client = site.client()
    form = fields(client.get("/choices/fi").text)
    response = client.post("/choices/decide", data={**form, "decision": "accept"}, headers=headers)
    assert response.status_code == 403
    assert site.log() == []


def test_nothing_is_changed_by_get(site: Site) -> None:
    """R118."""
    for path in ("/choices/decide?decision=accept", "/choices/dismiss?version=2026.1"):
        assert site.client().get(path).status_code == 405
    assert site.log() == []


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/a\nb", "/ä", ""],
)
def test_the_way_back_stays_on_the_site(site: Site, target: str) -> None:
    """R119: anything but a path of ours falls back to the front page."""
    client = site.client()
    form = {**fields(client.get("/choices/fi").text), "return": target}
    for decision in ("reject", "accept"):
        assert way_on(decide(client, decision, form=form)) == "/"


def test_grants_from_one_address_are_limited_and_refusals_never(site: Site) -> None:
    """R118."""
    site.consent.runtime.grants = Bucket(rate=0, burst=30)  # however long the test takes
    answers = [decide(site.client(), "accept").status_code for _ in range(35)]
    assert answers.count(429) == 5
    refusals = [decide(site.client(), "reject").status_code for _ in range(35)]
    assert refusals == [200] * 35


def test_a_flood_of_refusals_is_counted_instead_of_written(site: Site) -> None:
    site.consent.runtime.refusals.take = lambda key="": False  # type: ignore[method-assign]
    client = site.client()
    assert decide(client, "reject").status_code == 200
    assert site.log() == []
    assert 'id="visitor-choice"' not in client.get("/").text
    site.close()
    with open_reader(site.folder / "log.sqlite3") as log, log.snapshot() as snapshot:
        assert {c.name: c.n for c in snapshot.counts()}["refusal not written"] == 1


@pytest.mark.parametrize("body", [b"x", b"\xff\xfe", b"decision=nonsense", b""])
def test_a_body_that_is_no_form_is_answered_400(site: Site, body: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = site.client().post("/choices/decide", content=body, headers=headers)
    assert response.status_code == 400
    assert site.log() == []


@pytest.mark.parametrize(("size", "status"), [(8192, 200), (8193, 400), (10**6, 400)])
def test_a_form_beyond_8_kib_is_not_read(site: Site, size: int, status: int) -> None:
    """DESIGN 6: sound as it is otherwise, in one piece or in many."""
    body = b"decision=reject&more=".ljust(size, b"x")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for content in (body, iter([body[at : at + 1000] for at in range(0, size, 1000)])):
        reply = site.client().post("/choices/decide", content=content, headers=headers)
        assert reply.status_code == status


def test_a_record_takes_no_word_of_a_form_for_its_method(site: Site) -> None:
    """R125: of what a form says itself only the known methods get into the log."""
    for method in ("banner", "settings", "placeholder", "api", "Pekka was here"):
        form = {**fields(site.client().get("/choices/fi").text), "method": method}
        decide(site.client(), "accept", form=form)
    methods = [record["method"] for record in site.log()]
    assert methods == ["banner", "settings", "placeholder", "api", "api"]
    layouts = [record["layout"] for record in site.log()]
    assert layouts == ["left", "page", "page", "page", "page"]


def test_the_api_takes_json(site: Site) -> None:
    client = site.client()
    form = fields(client.get("/choices/fi").text)
    body = {**form, "decision": "save", "statistics": "granted", "method": "api"}
    reply = client.post("/choices/decide", json=body, headers={"accept": "application/json"})
    assert reply.json()["allowed"] == ["consent", "counter", "necessary", "statistics"]
    assert site.log()[-1]["method"] == "api"


def test_a_choice_counts_for_its_own_site_only(make_site: Make, site: Site) -> None:
    """R33."""
    client = site.client()
    decide(client, "accept")
    cookie = client.cookies.get("__Host-choices")
    other = make_site(toml=(site.folder / "consent.toml").read_text().replace("www.", "other."))
    page = other.client("https://other.example.fi").get(
        "/api", headers={"cookie": f"__Host-choices={cookie}"}
    )
    assert page.json() == {"statistics": False}
