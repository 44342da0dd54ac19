"""What the chassis counts; every metric of it is declared here, with the sentence that explains it.

A service declares its own in `services/<service>/metrics.py` by `Metrics.counter`, `.gauge` and `.histogram`, which
put `chorus_` in front. Labels take few values only: never ids, names of people or addresses.
"""

from collections.abc import Sequence
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

PREFIX: Final = "chorus_"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets for durations: half a millisecond (a unary call here) up to the longest deadline."""

ITEMS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
"""Buckets for the sizes of batches."""


class Metrics:
    """One process's metrics in a registry of their own, so that tests may hold several side by side."""

    def __init__(self, service: str, instance: str = "", release: str = "") -> None:
        """Declare what the chassis counts; `chorus_build_info` carries the three names as labels."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        info = self.gauge(
            "build_info", "Always 1; its labels say which process this is.", ("service", "instance", "release")
        )
        info.labels(service, instance, release).set(1)

        self.rpc_server_handled = self.counter(
            "rpc_server_handled_total",
            "Calls that this process answered, by method and gRPC status.",
            ("method", "code"),
        )
        self.rpc_server_seconds = self.histogram(
            "rpc_server_seconds", "From a call's arrival to its answer, in seconds.", ("method",)
        )
        self.rpc_server_item_errors = self.counter(
            "rpc_server_item_errors_total",
            "Items that failed inside of batch calls that succeeded, by reason.",
            ("method", "reason"),
        )
        self.rpc_client_handled = self.counter(
            "rpc_client_handled_total",
            "Calls that this process made, by method and the gRPC status that came back.",
            ("method", "code"),
        )
        self.rpc_client_seconds = self.histogram(
            "rpc_client_seconds",
            "From sending a call to its answer, Envoy's retries included, in seconds.",
            ("method",),
        )

        self.batch_items = self.histogram(
            "batch_items", "Items that travelled together, by batch (a call or a transaction).", ("batch",), ITEMS
        )
        self.batch_wait_seconds = self.histogram(
            "batch_wait_seconds", "How long an item waited for its batch to leave, in seconds.", ("batch",)
        )

        self.database_transactions = self.counter(
            "database_transactions_total",
            "Transactions by end: commit, rollback, or unknown (lost in COMMIT, or of a server in doubt).",
            ("database", "outcome"),
        )
        self.database_doubts = self.counter(
            "database_doubts_total",
            "Transactions refused because the server may not be the primary: recovery, timeline, alone, blind.",
            ("database", "why"),
        )
        self.database_seconds = self.histogram(
            "database_transaction_seconds", "From BEGIN to the end of a transaction, in seconds.", ("database",)
        )
        self.database_retries = self.counter(
            "database_retries_total", "Transactions run again, by what broke the attempt.", ("database", "reason")
        )
        self.database_deadlocks = self.counter(
            "database_deadlocks_total", "Deadlocks; with one lock order everywhere there should be none.", ("database",)
        )

        self.bus_published = self.counter(
            "bus_published_total", "Events handed to the bus, by kind: durable or ephemeral.", ("kind",)
        )
        self.bus_publish_failures = self.counter(
            "bus_publish_failures_total",
            "Events that the bus did not take; durable ones are repaired by the log.",
            ("kind",),
        )
        self.bus_received = self.counter("bus_received_total", "Events read from the bus, by kind.", ("kind",))
        self.bus_lag_seconds = self.histogram(
            "bus_lag_seconds", "An event's age when it is read from the bus, in seconds, by two machines' clocks."
        )
        self.bus_reconnects = self.counter("bus_reconnects_total", "Connections to the bus lost and made again.")

    def counter(self, name: str, explanation: str, labels: Sequence[str] = ()) -> Counter:
        """Declare a counter; `name` without the prefix, ending in `_total`."""
        return Counter(PREFIX + name, explanation, labels, registry=self.registry)

    def gauge(self, name: str, explanation: str, labels: Sequence[str] = ()) -> Gauge:
        """Declare a gauge; `name` without the prefix."""
        return Gauge(PREFIX + name, explanation, labels, registry=self.registry)

    def histogram(
        self, name: str, explanation: str, labels: Sequence[str] = (), buckets: Sequence[float] = SECONDS
    ) -> Histogram:
        """Declare a histogram; `name` without the prefix and with its unit, seconds unless `buckets` say otherwise."""
        return Histogram(PREFIX + name, explanation, labels, registry=self.registry, buckets=buckets)

    def render(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self.registry)
