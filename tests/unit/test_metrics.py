"""Metrics for Prometheus: on request, behind a token, and of the site alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from consent.errors import LogUnavailable, SettingsError
from consent.settings import load
from consent.settings import metrics as reading
from consent.signed_note import new_key
from tests.unit.patience import until
from tests.unit.small_site import KEY, TOML, Make, Site, decide

ROOT = Path(__file__).parents[2]
TOKEN = "mT4xQ8vR-2kLw9zBc_Yh7NfGdJ6pUs3a"
ENABLED = f"{TOML}\n[metrics]\nenabled = true\n"
REPORTING = f'{ENABLED}\n[enforcement]\npolicy = "report"\n'
PATH = "/choices/metrics"


@pytest.fixture
def measured(make_site: Make) -> Site:
    return make_site(toml=ENABLED, metrics_token=TOKEN)


def families(site: Site, **headers: str) -> dict[str, Metric]:
    """The metrics of a site by name, as Prometheus reads them."""
    client = site.client(authorization=f"Bearer {TOKEN}", **headers)
    reply = client.get(PATH)
    assert reply.status_code == 200
    return {metric.name: metric for metric in text_string_to_metric_families(reply.text)}


def value(site: Site, sample: str, **labels: str) -> float | None:
    """One sample by its whole name; None where there is none."""
    for metric in families(site).values():
        for each in metric.samples:
            if each.name == sample and each.labels == labels:
                return each.value
    return None


def test_without_a_setting_there_is_no_such_route(make_site: Make) -> None:
    """A token alone opens nothing either."""
    site = make_site(metrics_token=TOKEN)
    assert site.client(authorization=f"Bearer {TOKEN}").get(PATH).status_code == 404
    assert site.consent.runtime.metrics is None


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer x"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"x-forwarded-for": "127.0.0.1"},
    ],
)
def test_nobody_reads_them_without_the_token(measured: Site, given: dict[str, str]) -> None:
    """RFC 6750: whatever address asks; behind a proxy every visitor comes from the loopback."""
    reply = measured.client(**given).get(PATH)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert reply.headers["cache-control"] == "no-store"
    assert "consent_" not in reply.text


def test_the_token_may_not_stand_in_the_address(measured: Site) -> None:
    """Addresses are logged."""
    assert measured.client().get(f"{PATH}?access_token={TOKEN}").status_code == 401


def test_whoever_has_the_token_reads_them(measured: Site) -> None:
    for scheme in ("Bearer", "bearer"):
        reply = measured.client(authorization=f"{scheme} {TOKEN}").get(PATH)
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/plain; version=")
        assert reply.headers["cache-control"] == "no-store"
    assert measured.client(authorization=f"Bearer {TOKEN}").post(PATH).status_code == 405


def faults(folder: Path, token: str) -> list[str]:
    (folder / "notices/privacy").mkdir(parents=True, exist_ok=True)
    (folder / "consent.toml").write_text(ENABLED, "utf-8")
    environ = {"CONSENT_SECRET_KEYS": KEY, "CONSENT_METRICS_TOKEN": token}
    with pytest.raises(SettingsError) as caught:
        load(folder / "consent.toml", environ)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        ("", "is not set"),
        ("short", "has 5 characters, fewer than 32"),
        ("password" * 5, "can be guessed"),
        ("a" * 40, "can be guessed"),
        (f"{TOKEN} and more", "no bearer token has"),
        (f"{TOKEN}ä", "no bearer token has"),
    ],
)
def test_a_site_does_not_start_with_metrics_that_anybody_could_read(
    tmp_path: Path, token: str, fault: str
) -> None:
    (problem,) = faults(tmp_path, token)
    assert problem.startswith("environment: CONSENT_METRICS_TOKEN:")
    assert fault in problem
    assert "consent key" in problem
    assert token not in problem or not token


def test_the_missing_library_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "find_spec", lambda name: None)
    (problem,) = faults(tmp_path, TOKEN)
    assert "metrics.enabled" in problem
    assert "pip install 'jackbot-consent[metrics]'" in problem


def test_commands_that_only_read_the_settings_need_no_token(tmp_path: Path) -> None:
    (tmp_path / "notices/privacy").mkdir(parents=True)
    (tmp_path / "consent.toml").write_text(ENABLED, "utf-8")
    assert load(tmp_path / "consent.toml", {}, signing=False).metrics_token == ""


def test_decisions_are_counted_by_event_and_appends_by_entry(measured: Site) -> None:
    before = value(measured, "consent_log_appends_total")
    client = measured.client()
    decide(client, "accept")
    decide(client, "save", "statistics")
    decide(client, "reject")
    decide(measured.client(), "reject")
    decide(client, "reject")  # which says nothing new
    events = dict.fromkeys(("grant", "change", "withdrawal", "refusal"), 1.0)
    for event, n in events.items():
        assert value(measured, "consent_decisions_total", event=event) == n
    assert before is not None
    assert value(measured, "consent_log_appends_total") == before + 4
    assert value(measured, "consent_log_append_seconds_count") == 4
    assert value(measured, "consent_log_entries") == measured.consent.runtime.log.head().size
    assert value(measured, "consent_log_up") == 1
    assert value(measured, "consent_log_queue_entries") == 0


def test_before_anything_is_decided_every_event_is_nought(measured: Site) -> None:
    """So that the first one is seen as an increase."""
    samples = families(measured)["consent_decisions"].samples
    found = {s.labels["event"]: s.value for s in samples if s.name.endswith("_total")}
    assert found == dict.fromkeys(("grant", "change", "withdrawal", "refusal"), 0.0)


def test_a_log_that_is_down_is_told_and_metrics_are_given_all_the_same(measured: Site) -> None:
    runtime = measured.consent.runtime
    engine = runtime.log._writes._engine  # type: ignore[attr-defined]
    down = mock.Mock(side_effect=LogUnavailable("disk full"))
    with mock.patch.object(engine, "commit", down):
        assert decide(measured.client(), "accept").status_code == 503
        assert decide(measured.client(), "reject").status_code == 200
        assert value(measured, "consent_log_up") == 0
        assert value(measured, "consent_log_failures_total") == 2
        assert value(measured, "consent_log_spool_entries") == 1
    decide(measured.client(), "accept")
    until(lambda: value(measured, "consent_log_spool_entries") == 0)
    assert value(measured, "consent_log_up") == 1


def test_a_log_that_cannot_be_read_is_down(measured: Site) -> None:
    head = mock.Mock(side_effect=LogUnavailable("gone"))
    with mock.patch.object(measured.consent.runtime.log, "head", head):
        found = families(measured)
    assert found["consent_log_up"].samples[0].value == 0
    assert "consent_log_entries" not in found


def test_reports_of_undeclared_hosts_are_counted(make_site: Make) -> None:
    site = make_site(toml=REPORTING, metrics_token=TOKEN)
    report = {
        "csp-report": {
            "document-uri": "https://www.example.fi/",
            "blocked-uri": "https://x.test/",
            "effective-directive": "img-src",
        }
    }
    kind = {"content-type": "application/csp-report"}
    for _ in range(3):
        site.client().post("/choices/reports", content=json.dumps(report), headers=kind)
    assert value(site, "consent_policy_reports_total") == 3


def test_what_the_newest_checkpoint_covers_is_told(make_site: Make) -> None:
    key = new_key("www.example.fi")
    site = make_site(toml=ENABLED, metrics_token=TOKEN, checkpoint_keys=key)
    assert value(site, "consent_log_checkpoint_entries") is None
    site.consent.runtime.publisher.close()  # makes the one that is due
    with mock.patch("consent.pages.metrics._COVERED", 0):
        covered = value(site, "consent_log_checkpoint_entries")
        seen = value(site, "consent_log_checkpoint_timestamp_seconds")
    assert covered == site.consent.runtime.log.head().size
    assert seen == site.clock.now


def test_nothing_of_a_visitor_is_in_them(make_site: Make) -> None:
    site = make_site(toml=REPORTING, metrics_token=TOKEN)
    client = site.client(
        **{"user-agent": "SECRETBROWSER", "x-forwarded-for": "203.0.113.9", "sec-gpc": "1"}
    )
    client.get("/p?SECRETQUERY", headers={"referer": "https://SECRETREFERRER.example/"})
    decide(client, "accept")
    (record,) = site.log()
    text = client.get(PATH, headers={"authorization": f"Bearer {TOKEN}"}).text
    told = (
        "SECRET",
        "203.0.113",
        "testclient",
        str(record["consent_id"]),
        str(record["id"]),
        TOKEN,
    )
    assert [word for word in told if word in text] == []


def test_names_and_labels_are_few_and_as_prometheus_wants_them(measured: Site) -> None:
    """Its naming conventions: a prefix, base units, `_total`; no label that grows."""
    decide(measured.client(), "accept")
    found = families(measured)
    for name, metric in found.items():
        assert re.fullmatch(r"consent_[a-z_]+", name)
        assert metric.documentation.endswith(".")
        if metric.type == "counter":
            assert all(re.search("_(total|created)$", s.name) for s in metric.samples)
        labels = {label for sample in metric.samples for label in sample.labels}
        assert labels <= {"event", "le"}
    assert sum(len(metric.samples) for metric in found.values()) < 100


def test_the_readme_names_every_metric(make_site: Make) -> None:
    site = make_site(toml=ENABLED, metrics_token=TOKEN, checkpoint_keys=new_key("x.fi"))
    site.consent.runtime.publisher.close()
    given = {
        f"{name}_total" if metric.type == "counter" else name
        for name, metric in families(site).items()
        if not name.endswith("_created")  # which the client library adds to each
    }
    text = (ROOT / "README.md").read_text("utf-8")
    assert set(re.findall(r"`(consent_[a-z]+_[a-z_]+)`", text)) == given


def test_openmetrics_is_given_to_who_asks_for_it(measured: Site) -> None:
    decide(measured.client(), "accept")
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    client = measured.client(authorization=f"Bearer {TOKEN}", accept=accept)
    reply = client.get(PATH)
    assert reply.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    names = {metric.name for metric in openmetrics.text_string_to_metric_families(reply.text)}
    assert "consent_log_appends" in names


SHARED = """
import os, sys
from pathlib import Path
from tests.unit.small_site import Site, decide
from tests.unit.test_metrics import ENABLED, TOKEN, value
folder = Path(sys.argv[1])
site = Site(folder, toml=ENABLED, metrics_token=TOKEN)
child = os.fork()
if child == 0:
    decide(site.client(), "accept")
    decide(site.client(), "reject")
    site.close()
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
decide(site.client(), "accept")
for name, labels in (
    ("consent_decisions_total", {"event": "grant"}),
    ("consent_decisions_total", {"event": "refusal"}),
    ("consent_log_append_seconds_count", {}),
    ("consent_log_up", {}),
):
    print(value(site, name, **labels))
site.close()
"""


def test_several_processes_are_told_of_together(tmp_path: Path) -> None:
    """By the client library's own way, a folder in `PROMETHEUS_MULTIPROC_DIR`."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "site").mkdir()
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "shared")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SHARED, str(tmp_path / "site")],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["2.0", "1.0", "3.0", "1.0"], done.stderr
