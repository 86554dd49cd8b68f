"""Whatever is posted as an answer: nothing escapes, and nothing is granted that was not asked."""

from __future__ import annotations

import json
from collections import Counter
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.small_site import Site, fields

OPTIONAL = ("preferences", "statistics", "marketing")


def asked_for(form: dict[str, str], shown: str) -> set[str]:
    """The categories that a form grants, had nobody written it but a visitor."""
    asked = set(form.get("asked", " ".join(OPTIONAL)).split()).intersection(OPTIONAL)
    ticked = {category for category in asked if form.get(category) == "granted"}
    if form.get("shown") != shown:
        return set()
    return {"accept": asked, "save": ticked}.get(form.get("decision", ""), set())


def test_ten_hundred_arbitrary_bodies_grant_nothing_unasked(site: Site) -> None:
    """1,000 arbitrary form bodies: no exception escapes, nothing is granted but what was asked."""
    site.consent.runtime.grants.take = lambda key="": True  # type: ignore[method-assign]
    client = site.client()
    shown = fields(client.get("/choices/fi").text)["shown"]
    text = st.text(max_size=30)
    names = st.lists(st.sampled_from([*OPTIONAL, "necessary", "ads"])).map(" ".join)
    values = {
        "decision": st.sampled_from(["accept", "reject", "save"]) | text,
        "shown": st.sampled_from([shown, shown, shown, "0" * 64]) | text,
        "asked": names | text,
        "token": st.text("abcXYZ019-_", min_size=22, max_size=22) | text,
        "return": text,
        **dict.fromkeys(OPTIONAL, st.sampled_from(["granted", "granted", "on", "", "denied"])),
    }
    pairs = st.lists(
        st.sampled_from([*values, "decision", "shown"]).flatmap(
            lambda name: st.tuples(st.just(name), values[name])
        ),
        max_size=14,
    )
    answers: Counter[int] = Counter()
    granted: Counter[str] = Counter()

    def post(body: bytes, kind: str) -> set[str]:
        client.cookies.clear()
        response = client.post("/choices/decide", content=body, headers={"content-type": kind})
        answers[response.status_code] += 1
        return set(client.get("/choices/state").json()["allowed"]).intersection(OPTIONAL)

    @settings(max_examples=800, suppress_health_check=list(HealthCheck), deadline=None)
    @given(pairs, st.booleans())
    def post_form(pairs: list[tuple[str, str]], as_json: bool) -> None:
        form = dict(reversed(pairs))  # the first of a name counts
        if as_json:
            allowed = post(json.dumps(form).encode(), "application/json")
        else:
            allowed = post(urlencode(pairs).encode(), "application/x-www-form-urlencoded")
        assert allowed == asked_for(form, shown)
        granted.update(allowed)

    @settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
    @given(
        st.binary(max_size=300),
        st.sampled_from(["application/x-www-form-urlencoded", "application/json", "text/plain"]),
    )
    def post_bytes(body: bytes, kind: str) -> None:
        assert post(body, kind) == set()

    post_form()
    post_bytes()
    # Had all of them been turned away, nothing would have been shown.
    assert set(answers) == {200, 303, 400, 409}
    assert min(answers.values()) > 20
    assert set(granted) == set(OPTIONAL)
