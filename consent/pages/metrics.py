"""`{prefix}/metrics`: how writing of decisions does, in the text format of Prometheus.

Numbers of the site and none of a visitor. The route is there when the settings say so, and answers
who shows the token of the environment. With several processes, set `PROMETHEUS_MULTIPROC_DIR` as
the client library describes it: each answer is then of all of them.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from anyio import to_thread
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from ..choice import Event
from ..errors import LogError
from .forms import fields_of

if TYPE_CHECKING:
    from .runtime import Runtime

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ENTRIES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_COVERED = 60
"""Seconds after which it is looked again how much the newest checkpoint covers."""


class Metrics:
    """What one process measures; a `Meter` of its log."""

    def __init__(self, runtime: Runtime) -> None:
        self._registry = registry = CollectorRegistry()
        self._state = LogState(runtime)
        registry.register(self._state)
        self._appends = Counter(
            "consent_log_appends", "Entries that became durable in the log.", registry=registry
        )
        self._failures = Counter(
            "consent_log_failures", "Entries that could not be appended.", registry=registry
        )
        self._seconds = Histogram(
            "consent_log_append_seconds",
            "Time that a decision waited for its record to be durable.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._commits = Histogram(
            "consent_log_commit_seconds",
            "Time that a transaction of the log took.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._groups = Histogram(
            "consent_log_group_entries",
            "Entries that shared one transaction.",
            buckets=_ENTRIES,
            registry=registry,
        )
        decisions = Counter(
            "consent_decisions", "Decisions in effect.", ["event"], registry=registry
        )
        self._decisions = {event: decisions.labels(event.value) for event in Event}
        self._reports = Counter(
            "consent_policy_reports",
            "Reports of browsers that a host is not declared.",
            registry=registry,
        )

    @property
    def registry(self) -> CollectorRegistry:
        """What is measured, in all processes where these write it into a folder."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self._registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(self._state)
        return registry

    def committed(self, entries: int, seconds: float) -> None:
        """As `Meter.committed`."""
        self._appends.inc(entries)
        self._commits.observe(seconds)
        self._groups.observe(entries)

    def failed(self, entries: int) -> None:
        """As `Meter.failed`."""
        self._failures.inc(entries)

    def appended(self, seconds: float) -> None:
        """A decision has waited so long for its record."""
        self._seconds.observe(seconds)

    def decided(self, event: Event) -> None:
        """A decision has taken effect."""
        self._decisions[event].inc()

    def reported(self) -> None:
        """A browser has met a host that is not declared."""
        self._reports.inc()


class LogState(Collector):
    """What is so when it is asked: how the log stands, the same for all processes that share it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._covered, self._since, self._looked = 0, 0.0, 0.0

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the gauges; where the log cannot be read, that it is down and what is known."""
        queued, spooled, works = 0, 0, False
        size: int | None = None
        try:
            log = self._runtime.log
            queued, spooled, works = log.health()
            size = log.head().size
            self._look()
        except LogError:
            works = False
        yield _gauge("consent_log_up", "Whether the log works: 1, or 0 while it is down.", works)
        yield _gauge("consent_log_queue_entries", "Entries that wait in this process.", queued)
        yield _gauge("consent_log_spool_entries", "Entries that wait in the spool.", spooled)
        if size is not None:
            yield _gauge("consent_log_entries", "Entries in the log.", size)
        if self._covered:
            yield _gauge(
                "consent_log_checkpoint_entries",
                "Entries that the newest checkpoint in the log covers.",
                self._covered,
            )
            yield _gauge(
                "consent_log_checkpoint_timestamp_seconds",
                "When this process first saw that checkpoint, in seconds since 1970.",
                self._since,
            )

    def _look(self) -> None:
        if time.monotonic() - self._looked < _COVERED and self._looked:
            return
        self._looked = time.monotonic()
        with self._runtime.log.snapshot() as view:
            covered = max((size for size, _ in view.checkpoints()), default=0)
        if covered != self._covered:
            self._covered, self._since = covered, self._runtime.clock()


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))


async def answer(runtime: Runtime, metrics: Metrics, scope: Scope) -> Response:
    """Answer who shows the token (RFC 6750); 401 to anybody else."""
    headers = fields_of(scope)
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    known = runtime.settings.metrics_token.encode()
    if scheme.lower() != b"bearer" or not hmac.compare_digest(token.strip(), known):
        asks = {"www-authenticate": 'Bearer realm="metrics"', "cache-control": "no-store"}
        return PlainTextResponse("Unauthorized", 401, asks)
    encode, kind = choose_encoder(headers.get(b"accept", b"").decode("latin-1"))
    text = await to_thread.run_sync(encode, metrics.registry)
    return Response(text, headers={"content-type": kind, "cache-control": "no-store"})
